//! The columns, by name. Units are in the names. Numbers are signed 64-bit, because Spark reads unsigned ones as
//! decimals; what does not fit becomes the largest value.

use arrow_schema::{DataType, Field, Schema};
use tinderbox_model::TaskMetrics;

pub(super) const RUN_ID: &str = "run_id";
pub(super) const RUN_ATTEMPT: &str = "run_attempt";
pub(super) const STAGE_ID: &str = "stage_id";
pub(super) const STAGE_ATTEMPT: &str = "stage_attempt";
pub(super) const TASK_ID: &str = "task_id";
pub(super) const TASK_INDEX: &str = "task_index";
pub(super) const TASK_ATTEMPT: &str = "task_attempt";
pub(super) const PARTITION: &str = "partition";
pub(super) const LAUNCH_TIME: &str = "launch_time_ms";
pub(super) const FINISH_TIME: &str = "finish_time_ms";
pub(super) const GETTING_RESULT_TIME: &str = "getting_result_time_ms";
pub(super) const EXECUTOR_ID: &str = "executor_id";
pub(super) const HOST: &str = "host";
pub(super) const LOCALITY: &str = "locality";
pub(super) const SPECULATIVE: &str = "speculative";
pub(super) const STATUS: &str = "status";
pub(super) const ERROR_MESSAGE: &str = "error_message";

/// All columns in the order of the file.
pub(super) fn schema() -> Schema {
    let number = |name: &str| Field::new(name, DataType::Int64, false);
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let mut fields = vec![
        text(RUN_ID),
        number(RUN_ATTEMPT),
        number(STAGE_ID),
        number(STAGE_ATTEMPT),
        number(TASK_ID),
        number(TASK_INDEX),
        number(TASK_ATTEMPT),
        number(PARTITION),
        number(LAUNCH_TIME),
        number(FINISH_TIME).with_nullable(true),
        number(GETTING_RESULT_TIME).with_nullable(true),
        text(EXECUTOR_ID),
        text(HOST),
        text(LOCALITY),
        Field::new(SPECULATIVE, DataType::Boolean, false),
        text(STATUS),
        text(ERROR_MESSAGE).with_nullable(true),
    ];
    // Null in all of them is a task without metrics.
    fields.extend(METRICS.iter().map(|metric| number(metric.name).with_nullable(true)));
    Schema::new(fields)
}

/// A column of [`TaskMetrics`].
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) get: fn(&TaskMetrics) -> u64,
    pub(super) set: fn(&mut TaskMetrics, u64),
}

macro_rules! quantity {
    ($name:literal, $field:ident) => {
        Metric { name: $name, get: |m| m.$field.0, set: |m, value| m.$field.0 = value }
    };
}

macro_rules! number {
    ($name:literal, $field:ident) => {
        Metric { name: $name, get: |m| m.$field, set: |m, value| m.$field = value }
    };
}

/// Every field of [`TaskMetrics`].
pub(super) const METRICS: [Metric; 36] = [
    quantity!("executor_deserialize_time_ms", executor_deserialize_time),
    quantity!("executor_deserialize_cpu_time_ns", executor_deserialize_cpu_time),
    quantity!("executor_run_time_ms", executor_run_time),
    quantity!("executor_cpu_time_ns", executor_cpu_time),
    quantity!("result_size_bytes", result_size),
    quantity!("jvm_gc_time_ms", jvm_gc_time),
    quantity!("result_serialization_time_ms", result_serialization_time),
    quantity!("memory_bytes_spilled", memory_bytes_spilled),
    quantity!("disk_bytes_spilled", disk_bytes_spilled),
    quantity!("peak_execution_memory_bytes", peak_execution_memory),
    quantity!("input_bytes", input_bytes),
    number!("input_records", input_records),
    quantity!("output_bytes", output_bytes),
    number!("output_records", output_records),
    number!("shuffle_remote_blocks_fetched", shuffle_remote_blocks_fetched),
    number!("shuffle_local_blocks_fetched", shuffle_local_blocks_fetched),
    quantity!("shuffle_fetch_wait_time_ms", shuffle_fetch_wait_time),
    quantity!("shuffle_remote_bytes_read", shuffle_remote_bytes_read),
    quantity!("shuffle_remote_bytes_read_to_disk", shuffle_remote_bytes_read_to_disk),
    quantity!("shuffle_local_bytes_read", shuffle_local_bytes_read),
    number!("shuffle_read_records", shuffle_read_records),
    quantity!("shuffle_remote_requests_duration_ms", shuffle_remote_requests_duration),
    quantity!("shuffle_write_bytes", shuffle_write_bytes),
    quantity!("shuffle_write_time_ns", shuffle_write_time),
    number!("shuffle_write_records", shuffle_write_records),
    number!("shuffle_corrupt_merged_block_chunks", shuffle_corrupt_merged_block_chunks),
    number!("shuffle_merged_fetch_fallback_count", shuffle_merged_fetch_fallback_count),
    number!("shuffle_merged_remote_blocks_fetched", shuffle_merged_remote_blocks_fetched),
    number!("shuffle_merged_local_blocks_fetched", shuffle_merged_local_blocks_fetched),
    number!("shuffle_merged_remote_chunks_fetched", shuffle_merged_remote_chunks_fetched),
    number!("shuffle_merged_local_chunks_fetched", shuffle_merged_local_chunks_fetched),
    quantity!("shuffle_merged_remote_bytes_read", shuffle_merged_remote_bytes_read),
    quantity!("shuffle_merged_local_bytes_read", shuffle_merged_local_bytes_read),
    quantity!(
        "shuffle_merged_remote_requests_duration_ms",
        shuffle_merged_remote_requests_duration
    ),
    quantity!("peak_on_heap_execution_memory_bytes", peak_on_heap_execution_memory),
    quantity!("peak_off_heap_execution_memory_bytes", peak_off_heap_execution_memory),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_a_column_of_its_own() {
        let mut metrics = TaskMetrics::default();
        for (metric, value) in METRICS.iter().zip(1..) {
            (metric.set)(&mut metrics, value);
        }
        for (metric, value) in METRICS.iter().zip(1..) {
            assert_eq!((metric.get)(&metrics), value, "{}", metric.name);
        }
        let fields = serde_json::to_value(metrics).expect("is JSON");
        for (field, value) in fields.as_object().expect("is an object") {
            assert_ne!(value.as_u64(), Some(0), "{field} has no column");
        }
    }
}
