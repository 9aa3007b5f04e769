//! The columns of [`TaskMetrics`], in every table that has them. Units are in the names.

use tinderbox_model::TaskMetrics;

/// A column of [`TaskMetrics`].
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) get: fn(&TaskMetrics) -> u64,
}

macro_rules! quantity {
    ($name:literal, $field:ident) => {
        Metric { name: $name, get: |m| m.$field.0 }
    };
}

macro_rules! number {
    ($name:literal, $field:ident) => {
        Metric { name: $name, get: |m| m.$field }
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
        let zeros = serde_json::to_value(TaskMetrics::default()).expect("is JSON");
        let names: Vec<&String> = zeros.as_object().expect("is an object").keys().collect();
        assert_eq!(names.len(), METRICS.len());
        for name in names {
            let mut one = zeros.clone();
            one[name] = 7.into();
            let metrics: TaskMetrics = serde_json::from_value(one).expect("is one");
            let of_it: Vec<&Metric> = METRICS.iter().filter(|m| (m.get)(&metrics) == 7).collect();
            assert_eq!(of_it.len(), 1, "{name}");
            assert!(of_it[0].name.starts_with(name.as_str()), "{name} is {}", of_it[0].name);
        }
    }
}
