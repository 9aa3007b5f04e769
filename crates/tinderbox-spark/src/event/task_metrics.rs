use serde::{Deserialize, Serialize};
use tinderbox_model::{Bytes, Millis, Nanos, TaskMetrics};

/// Names and units: `JsonProtocol.taskMetricsToJson`.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Metrics {
    #[serde(rename = "Executor Deserialize Time")]
    executor_deserialize_time: i64,
    #[serde(rename = "Executor Deserialize CPU Time")]
    executor_deserialize_cpu_time: i64,
    #[serde(rename = "Executor Run Time")]
    executor_run_time: i64,
    #[serde(rename = "Executor CPU Time")]
    executor_cpu_time: i64,
    #[serde(rename = "Peak Execution Memory")]
    peak_execution_memory: i64,
    /// From Spark 4.0 on, as the next one.
    #[serde(rename = "Peak On Heap Execution Memory")]
    peak_on_heap_execution_memory: i64,
    #[serde(rename = "Peak Off Heap Execution Memory")]
    peak_off_heap_execution_memory: i64,
    #[serde(rename = "Result Size")]
    result_size: i64,
    #[serde(rename = "JVM GC Time")]
    jvm_gc_time: i64,
    #[serde(rename = "Result Serialization Time")]
    result_serialization_time: i64,
    #[serde(rename = "Memory Bytes Spilled")]
    memory_bytes_spilled: i64,
    #[serde(rename = "Disk Bytes Spilled")]
    disk_bytes_spilled: i64,
    #[serde(rename = "Shuffle Read Metrics")]
    #[serde(skip_serializing_if = "Option::is_none")]
    shuffle_read: Option<ShuffleRead>,
    #[serde(rename = "Shuffle Write Metrics")]
    #[serde(skip_serializing_if = "Option::is_none")]
    shuffle_write: Option<ShuffleWrite>,
    #[serde(rename = "Input Metrics")]
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Input>,
    #[serde(rename = "Output Metrics")]
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Output>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct ShuffleRead {
    #[serde(rename = "Remote Blocks Fetched")]
    remote_blocks_fetched: i64,
    #[serde(rename = "Local Blocks Fetched")]
    local_blocks_fetched: i64,
    #[serde(rename = "Fetch Wait Time")]
    fetch_wait_time: i64,
    #[serde(rename = "Remote Bytes Read")]
    remote_bytes_read: i64,
    #[serde(rename = "Remote Bytes Read To Disk")]
    remote_bytes_read_to_disk: i64,
    #[serde(rename = "Local Bytes Read")]
    local_bytes_read: i64,
    #[serde(rename = "Total Records Read")]
    total_records_read: i64,
    #[serde(rename = "Remote Requests Duration")]
    remote_requests_duration: i64,
    /// Written as the first name, read by Spark 3.5 as the second one.
    #[serde(rename = "Push Based Shuffle", alias = "Shuffle Push Read Metrics")]
    push: PushRead,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct PushRead {
    #[serde(rename = "Corrupt Merged Block Chunks")]
    corrupt_merged_block_chunks: i64,
    #[serde(rename = "Merged Fetch Fallback Count", alias = "Merged Fallback Count")]
    merged_fetch_fallback_count: i64,
    #[serde(rename = "Merged Remote Blocks Fetched")]
    remote_blocks_fetched: i64,
    #[serde(rename = "Merged Local Blocks Fetched")]
    local_blocks_fetched: i64,
    #[serde(rename = "Merged Remote Chunks Fetched")]
    remote_chunks_fetched: i64,
    #[serde(rename = "Merged Local Chunks Fetched")]
    local_chunks_fetched: i64,
    #[serde(rename = "Merged Remote Bytes Read")]
    remote_bytes_read: i64,
    #[serde(rename = "Merged Local Bytes Read")]
    local_bytes_read: i64,
    #[serde(rename = "Merged Remote Requests Duration")]
    remote_requests_duration: i64,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct ShuffleWrite {
    #[serde(rename = "Shuffle Bytes Written")]
    bytes_written: i64,
    #[serde(rename = "Shuffle Write Time")]
    write_time: i64,
    #[serde(rename = "Shuffle Records Written")]
    records_written: i64,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Input {
    #[serde(rename = "Bytes Read")]
    bytes_read: i64,
    #[serde(rename = "Records Read")]
    records_read: i64,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Output {
    #[serde(rename = "Bytes Written")]
    bytes_written: i64,
    #[serde(rename = "Records Written")]
    records_written: i64,
}

impl From<Metrics> for TaskMetrics {
    fn from(metrics: Metrics) -> Self {
        let read = metrics.shuffle_read.unwrap_or_default();
        let write = metrics.shuffle_write.unwrap_or_default();
        let input = metrics.input.unwrap_or_default();
        let output = metrics.output.unwrap_or_default();
        Self {
            executor_deserialize_time: Millis::from_signed(metrics.executor_deserialize_time),
            executor_deserialize_cpu_time: Nanos::from_signed(
                metrics.executor_deserialize_cpu_time,
            ),
            executor_run_time: Millis::from_signed(metrics.executor_run_time),
            executor_cpu_time: Nanos::from_signed(metrics.executor_cpu_time),
            result_size: Bytes::from_signed(metrics.result_size),
            jvm_gc_time: Millis::from_signed(metrics.jvm_gc_time),
            result_serialization_time: Millis::from_signed(metrics.result_serialization_time),
            memory_bytes_spilled: Bytes::from_signed(metrics.memory_bytes_spilled),
            disk_bytes_spilled: Bytes::from_signed(metrics.disk_bytes_spilled),
            peak_execution_memory: Bytes::from_signed(metrics.peak_execution_memory),
            input_bytes: Bytes::from_signed(input.bytes_read),
            input_records: unsigned(input.records_read),
            output_bytes: Bytes::from_signed(output.bytes_written),
            output_records: unsigned(output.records_written),
            shuffle_remote_blocks_fetched: unsigned(read.remote_blocks_fetched),
            shuffle_local_blocks_fetched: unsigned(read.local_blocks_fetched),
            shuffle_fetch_wait_time: Millis::from_signed(read.fetch_wait_time),
            shuffle_remote_bytes_read: Bytes::from_signed(read.remote_bytes_read),
            shuffle_remote_bytes_read_to_disk: Bytes::from_signed(read.remote_bytes_read_to_disk),
            shuffle_local_bytes_read: Bytes::from_signed(read.local_bytes_read),
            shuffle_read_records: unsigned(read.total_records_read),
            shuffle_remote_requests_duration: Millis::from_signed(read.remote_requests_duration),
            shuffle_write_bytes: Bytes::from_signed(write.bytes_written),
            shuffle_write_time: Nanos::from_signed(write.write_time),
            shuffle_write_records: unsigned(write.records_written),
            shuffle_corrupt_merged_block_chunks: unsigned(read.push.corrupt_merged_block_chunks),
            shuffle_merged_fetch_fallback_count: unsigned(read.push.merged_fetch_fallback_count),
            shuffle_merged_remote_blocks_fetched: unsigned(read.push.remote_blocks_fetched),
            shuffle_merged_local_blocks_fetched: unsigned(read.push.local_blocks_fetched),
            shuffle_merged_remote_chunks_fetched: unsigned(read.push.remote_chunks_fetched),
            shuffle_merged_local_chunks_fetched: unsigned(read.push.local_chunks_fetched),
            shuffle_merged_remote_bytes_read: Bytes::from_signed(read.push.remote_bytes_read),
            shuffle_merged_local_bytes_read: Bytes::from_signed(read.push.local_bytes_read),
            shuffle_merged_remote_requests_duration: Millis::from_signed(
                read.push.remote_requests_duration,
            ),
            peak_on_heap_execution_memory: Bytes::from_signed(
                metrics.peak_on_heap_execution_memory,
            ),
            peak_off_heap_execution_memory: Bytes::from_signed(
                metrics.peak_off_heap_execution_memory,
            ),
        }
    }
}

impl From<&TaskMetrics> for Metrics {
    fn from(metrics: &TaskMetrics) -> Self {
        let read = ShuffleRead {
            remote_blocks_fetched: signed(metrics.shuffle_remote_blocks_fetched),
            local_blocks_fetched: signed(metrics.shuffle_local_blocks_fetched),
            fetch_wait_time: signed(metrics.shuffle_fetch_wait_time.0),
            remote_bytes_read: signed(metrics.shuffle_remote_bytes_read.0),
            remote_bytes_read_to_disk: signed(metrics.shuffle_remote_bytes_read_to_disk.0),
            local_bytes_read: signed(metrics.shuffle_local_bytes_read.0),
            total_records_read: signed(metrics.shuffle_read_records),
            remote_requests_duration: signed(metrics.shuffle_remote_requests_duration.0),
            push: PushRead {
                corrupt_merged_block_chunks: signed(metrics.shuffle_corrupt_merged_block_chunks),
                merged_fetch_fallback_count: signed(metrics.shuffle_merged_fetch_fallback_count),
                remote_blocks_fetched: signed(metrics.shuffle_merged_remote_blocks_fetched),
                local_blocks_fetched: signed(metrics.shuffle_merged_local_blocks_fetched),
                remote_chunks_fetched: signed(metrics.shuffle_merged_remote_chunks_fetched),
                local_chunks_fetched: signed(metrics.shuffle_merged_local_chunks_fetched),
                remote_bytes_read: signed(metrics.shuffle_merged_remote_bytes_read.0),
                local_bytes_read: signed(metrics.shuffle_merged_local_bytes_read.0),
                remote_requests_duration: signed(metrics.shuffle_merged_remote_requests_duration.0),
            },
        };
        let write = ShuffleWrite {
            bytes_written: signed(metrics.shuffle_write_bytes.0),
            write_time: signed(metrics.shuffle_write_time.0),
            records_written: signed(metrics.shuffle_write_records),
        };
        let input = Input {
            bytes_read: signed(metrics.input_bytes.0),
            records_read: signed(metrics.input_records),
        };
        let output = Output {
            bytes_written: signed(metrics.output_bytes.0),
            records_written: signed(metrics.output_records),
        };
        Self {
            executor_deserialize_time: signed(metrics.executor_deserialize_time.0),
            executor_deserialize_cpu_time: signed(metrics.executor_deserialize_cpu_time.0),
            executor_run_time: signed(metrics.executor_run_time.0),
            executor_cpu_time: signed(metrics.executor_cpu_time.0),
            peak_execution_memory: signed(metrics.peak_execution_memory.0),
            peak_on_heap_execution_memory: signed(metrics.peak_on_heap_execution_memory.0),
            peak_off_heap_execution_memory: signed(metrics.peak_off_heap_execution_memory.0),
            result_size: signed(metrics.result_size.0),
            jvm_gc_time: signed(metrics.jvm_gc_time.0),
            result_serialization_time: signed(metrics.result_serialization_time.0),
            memory_bytes_spilled: signed(metrics.memory_bytes_spilled.0),
            disk_bytes_spilled: signed(metrics.disk_bytes_spilled.0),
            shuffle_read: Some(read),
            shuffle_write: Some(write),
            input: Some(input),
            output: Some(output),
        }
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
