use super::Text;
use serde::Deserialize;
use tinderbox_model::{Bytes, PeakMemory};

#[derive(Deserialize)]
pub(crate) struct ExecutorAdded<'a> {
    #[serde(rename = "Timestamp", default)]
    pub(crate) time: i64,
    #[serde(rename = "Executor ID", borrow)]
    pub(crate) id: Text<'a>,
    #[serde(rename = "Executor Info", borrow)]
    pub(crate) info: ExecutorInfo<'a>,
}

#[derive(Deserialize)]
pub(crate) struct ExecutorInfo<'a> {
    #[serde(rename = "Host", borrow, default)]
    pub(crate) host: Text<'a>,
    #[serde(rename = "Total Cores", default)]
    pub(crate) total_cores: i64,
}

#[derive(Deserialize)]
pub(crate) struct ExecutorRemoved<'a> {
    #[serde(rename = "Timestamp", default)]
    pub(crate) time: i64,
    #[serde(rename = "Executor ID", borrow)]
    pub(crate) id: Text<'a>,
    #[serde(rename = "Removed Reason", borrow, default)]
    pub(crate) reason: Text<'a>,
}

#[derive(Deserialize)]
pub(crate) struct BlockManagerAdded<'a> {
    #[serde(rename = "Block Manager ID", borrow)]
    pub(crate) id: BlockManagerId<'a>,
    #[serde(rename = "Maximum Memory", default)]
    pub(crate) max_memory: i64,
    #[serde(rename = "Timestamp", default)]
    pub(crate) time: i64,
}

#[derive(Deserialize)]
pub(crate) struct BlockManagerId<'a> {
    #[serde(rename = "Executor ID", borrow)]
    pub(crate) executor: Text<'a>,
    #[serde(rename = "Host", borrow, default)]
    pub(crate) host: Text<'a>,
    #[serde(rename = "Port", default)]
    pub(crate) port: i64,
}

#[derive(Deserialize)]
pub(crate) struct StageExecutorMetrics<'a> {
    #[serde(rename = "Executor ID", borrow)]
    pub(crate) executor: Text<'a>,
    #[serde(rename = "Executor Metrics", default)]
    pub(crate) metrics: ExecutorMetrics,
}

/// Peaks since the last such event, per stage; the driver reports under stage -1.
#[derive(Deserialize)]
pub(crate) struct ExecutorMetricsUpdate<'a> {
    #[serde(rename = "Executor ID", borrow)]
    pub(crate) executor: Text<'a>,
    #[serde(rename = "Executor Metrics Updated", default)]
    pub(crate) updates: Vec<StagePeaks>,
}

#[derive(Deserialize)]
pub(crate) struct StagePeaks {
    #[serde(rename = "Executor Metrics", default)]
    pub(crate) metrics: ExecutorMetrics,
}

/// Names: `org.apache.spark.metrics.ExecutorMetricType`. Bytes; 0 when not measured.
#[derive(Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(crate) struct ExecutorMetrics {
    #[serde(rename = "JVMHeapMemory")]
    jvm_heap: i64,
    #[serde(rename = "JVMOffHeapMemory")]
    jvm_off_heap: i64,
    #[serde(rename = "OnHeapExecutionMemory")]
    on_heap_execution: i64,
    #[serde(rename = "OnHeapStorageMemory")]
    on_heap_storage: i64,
    #[serde(rename = "ProcessTreeJVMRSSMemory")]
    process_tree_jvm_rss: i64,
    #[serde(rename = "ProcessTreePythonRSSMemory")]
    process_tree_python_rss: i64,
}

impl From<ExecutorMetrics> for PeakMemory {
    fn from(metrics: ExecutorMetrics) -> Self {
        Self {
            jvm_heap: Bytes::from_signed(metrics.jvm_heap),
            jvm_off_heap: Bytes::from_signed(metrics.jvm_off_heap),
            on_heap_execution: Bytes::from_signed(metrics.on_heap_execution),
            on_heap_storage: Bytes::from_signed(metrics.on_heap_storage),
            process_tree_jvm_rss: Bytes::from_signed(metrics.process_tree_jvm_rss),
            process_tree_python_rss: Bytes::from_signed(metrics.process_tree_python_rss),
        }
    }
}
