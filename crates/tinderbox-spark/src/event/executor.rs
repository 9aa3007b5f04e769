use super::job::Accumulable;
use super::{Pairs, Text};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use tinderbox_model::{ExecutorMetric, PeakMemory};

#[derive(Deserialize, Serialize)]
pub(crate) struct ExecutorAdded<'a> {
    #[serde(rename = "Timestamp", default)]
    pub(crate) time: i64,
    #[serde(rename = "Executor ID", borrow)]
    pub(crate) id: Text<'a>,
    #[serde(rename = "Executor Info", borrow)]
    pub(crate) info: ExecutorInfo<'a>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct ExecutorInfo<'a> {
    #[serde(rename = "Host", borrow, default)]
    pub(crate) host: Text<'a>,
    #[serde(rename = "Total Cores", default)]
    pub(crate) total_cores: i64,
    #[serde(rename = "Log Urls", default)]
    pub(crate) logs: Pairs,
    /// From Spark 3.0 on, as the next one.
    #[serde(rename = "Attributes", default)]
    pub(crate) attributes: Pairs,
    #[serde(rename = "Resources", default)]
    pub(crate) resources: Pairs<Resource>,
    #[serde(rename = "Resource Profile Id", default)]
    pub(crate) resource_profile: i64,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Resource {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) addresses: Vec<String>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct ExecutorRemoved<'a> {
    #[serde(rename = "Timestamp", default)]
    pub(crate) time: i64,
    #[serde(rename = "Executor ID", borrow)]
    pub(crate) id: Text<'a>,
    #[serde(rename = "Removed Reason", borrow, default)]
    pub(crate) reason: Text<'a>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct BlockManagerAdded<'a> {
    #[serde(rename = "Block Manager ID", borrow)]
    pub(crate) id: BlockManagerId<'a>,
    #[serde(rename = "Maximum Memory", default)]
    pub(crate) max_memory: i64,
    /// From Spark 2.3 on, as the next one.
    #[serde(rename = "Maximum Onheap Memory")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_on_heap: Option<i64>,
    #[serde(rename = "Maximum Offheap Memory")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_off_heap: Option<i64>,
    #[serde(rename = "Timestamp", default)]
    pub(crate) time: i64,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct BlockManagerId<'a> {
    #[serde(rename = "Executor ID", borrow)]
    pub(crate) executor: Text<'a>,
    #[serde(rename = "Host", borrow, default)]
    pub(crate) host: Text<'a>,
    #[serde(rename = "Port", default)]
    pub(crate) port: i64,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct StageExecutorMetrics<'a> {
    #[serde(rename = "Executor ID", borrow)]
    pub(crate) executor: Text<'a>,
    #[serde(rename = "Stage ID", default)]
    pub(crate) stage: i64,
    #[serde(rename = "Stage Attempt ID", default)]
    pub(crate) attempt: i64,
    #[serde(rename = "Executor Metrics", default)]
    pub(crate) metrics: ExecutorMetrics,
}

/// Peaks since the last such event, per stage; the driver reports under stage -1. In local mode, where the driver runs
/// the tasks, also how far they are.
#[derive(Deserialize, Serialize)]
pub(crate) struct ExecutorMetricsUpdate<'a> {
    #[serde(rename = "Executor ID", borrow)]
    pub(crate) executor: Text<'a>,
    #[serde(rename = "Metrics Updated", borrow, default)]
    pub(crate) tasks: Vec<TaskUpdate<'a>>,
    #[serde(rename = "Executor Metrics Updated", default)]
    pub(crate) updates: Vec<StagePeaks>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct TaskUpdate<'a> {
    #[serde(rename = "Task ID")]
    pub(crate) task: i64,
    #[serde(rename = "Stage ID", default)]
    pub(crate) stage: i64,
    #[serde(rename = "Stage Attempt ID", default)]
    pub(crate) attempt: i64,
    #[serde(rename = "Accumulator Updates", borrow, default)]
    pub(crate) updates: Vec<Accumulable<'a>>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct StagePeaks {
    #[serde(rename = "Stage ID", default)]
    pub(crate) stage: i64,
    #[serde(rename = "Stage Attempt ID", default)]
    pub(crate) attempt: i64,
    #[serde(rename = "Executor Metrics", default)]
    pub(crate) metrics: ExecutorMetrics,
}

/// The metrics of an event by Spark's names; those of later versions are skipped.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct ExecutorMetrics(pub(crate) PeakMemory);

impl<'de> Deserialize<'de> for ExecutorMetrics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = ExecutorMetrics;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("executor metrics by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ExecutorMetrics, A::Error> {
                let mut metrics = PeakMemory::of(|_| 0);
                while let Some(name) = map.next_key::<Text<'_>>()? {
                    match ExecutorMetric::ALL.into_iter().find(|metric| metric.name() == &*name) {
                        Some(metric) => metrics.set(metric, map.next_value()?),
                        None => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(ExecutorMetrics(metrics))
            }
        }

        deserializer.deserialize_map(Names)
    }
}

impl Serialize for ExecutorMetrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = |metric| self.0.get(metric).unwrap_or(0);
        serializer.collect_map(ExecutorMetric::ALL.map(|metric| (metric.name(), value(metric))))
    }
}

impl From<ExecutorMetrics> for PeakMemory {
    fn from(metrics: ExecutorMetrics) -> Self {
        metrics.0
    }
}

/// The exclusion of an executor or node, for one stage or for all. Jackson writes these with Spark's full class names;
/// before Spark 3.1 they were called blacklisting.
#[derive(Deserialize, Serialize)]
pub(crate) struct Exclusion<'a> {
    #[serde(rename = "executorId", borrow)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) executor: Option<Text<'a>>,
    #[serde(rename = "hostId", borrow)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<Text<'a>>,
    #[serde(rename = "stageId", default)]
    pub(crate) stage: i64,
    #[serde(rename = "stageAttemptId", default)]
    pub(crate) attempt: i64,
}

/// What an exclusion event is about, by its name without `SparkListener`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExclusionKind {
    Excluded,
    ForStage,
    Included,
}

impl ExclusionKind {
    /// Spark writes each under its new and its old name; both count, as the second changes nothing.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let what = name.strip_prefix("Executor").or_else(|| name.strip_prefix("Node"))?;
        Some(match what {
            "Blacklisted" | "Excluded" => Self::Excluded,
            "BlacklistedForStage" | "ExcludedForStage" => Self::ForStage,
            "Unblacklisted" | "Unexcluded" => Self::Included,
            _ => return None,
        })
    }
}
