//! Tasks as no application would make them.

use proptest::prelude::*;
use tinderbox_model::{
    Bytes, ExecutorId, Millis, Nanos, StageAttemptId, StageId, Task, TaskId, TaskMetrics,
    TaskStatus, TimestampMs,
};

/// A task of one of few stages, so that tables have stages of many tasks.
pub fn task() -> impl Strategy<Value = Task> {
    let place = (0..4_i64, 0..2_u32, 0..20_i64, 0..3_i64, any::<i64>());
    let times = (any::<i64>(), any::<Option<i64>>(), any::<Option<i64>>());
    let words = (text(), text(), text(), any::<bool>(), prop::option::of(text()));
    (place, times, words, status(), prop::option::weighted(0.8, metrics())).prop_map(
        |(place, times, words, status, metrics)| Task {
            id: TaskId(place.4),
            stage: StageAttemptId { stage: StageId(place.0), attempt: place.1 },
            index: place.2,
            attempt: place.3,
            partition: place.2 - 1,
            launch_time: TimestampMs(times.0),
            finish_time: times.1.map(TimestampMs),
            getting_result_time: times.2.map(TimestampMs),
            executor: ExecutorId::new(words.0),
            host: words.1.as_str().into(),
            locality: words.2.as_str().into(),
            speculative: words.3,
            status,
            error_message: words.4,
            metrics,
            accumulables: Vec::new(),
        },
    )
}

pub fn status() -> impl Strategy<Value = TaskStatus> {
    use TaskStatus::{Failed, Killed, Running, Success};
    prop::sample::select(vec![Running, Success, Failed, Killed])
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), Just(String::from("driver")), any::<String>()]
}

/// Few different values, so that sorts meet equal ones, and the largest that a file holds.
fn metrics() -> impl Strategy<Value = TaskMetrics> {
    let value = prop_oneof![4 => 0..5_u64, 1 => Just(i64::MAX as u64), 1 => 0..1_u64 << 40];
    prop::collection::vec(value, 36).prop_map(|v| TaskMetrics {
        executor_deserialize_time: Millis(v[0]),
        executor_deserialize_cpu_time: Nanos(v[1]),
        executor_run_time: Millis(v[2]),
        executor_cpu_time: Nanos(v[3]),
        result_size: Bytes(v[4]),
        jvm_gc_time: Millis(v[5]),
        result_serialization_time: Millis(v[6]),
        memory_bytes_spilled: Bytes(v[7]),
        disk_bytes_spilled: Bytes(v[8]),
        peak_execution_memory: Bytes(v[9]),
        input_bytes: Bytes(v[10]),
        input_records: v[11],
        output_bytes: Bytes(v[12]),
        output_records: v[13],
        shuffle_remote_blocks_fetched: v[14],
        shuffle_local_blocks_fetched: v[15],
        shuffle_fetch_wait_time: Millis(v[16]),
        shuffle_remote_bytes_read: Bytes(v[17]),
        shuffle_remote_bytes_read_to_disk: Bytes(v[18]),
        shuffle_local_bytes_read: Bytes(v[19]),
        shuffle_read_records: v[20],
        shuffle_remote_requests_duration: Millis(v[21]),
        shuffle_write_bytes: Bytes(v[22]),
        shuffle_write_time: Nanos(v[23]),
        shuffle_write_records: v[24],
        shuffle_corrupt_merged_block_chunks: v[25],
        shuffle_merged_fetch_fallback_count: v[26],
        shuffle_merged_remote_blocks_fetched: v[27],
        shuffle_merged_local_blocks_fetched: v[28],
        shuffle_merged_remote_chunks_fetched: v[29],
        shuffle_merged_local_chunks_fetched: v[30],
        shuffle_merged_remote_bytes_read: Bytes(v[31]),
        shuffle_merged_local_bytes_read: Bytes(v[32]),
        shuffle_merged_remote_requests_duration: Millis(v[33]),
        peak_on_heap_execution_memory: Bytes(v[34]),
        peak_off_heap_execution_memory: Bytes(v[35]),
    })
}

/// Task `n` of a plausible stage of 1,000 tasks each.
pub fn plausible(n: u64) -> Task {
    let small = |value: u64| i64::try_from(value).expect("small");
    let launch = 1_760_000_000_000 + small(n * 3);
    let noise = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    Task {
        id: TaskId(small(n)),
        stage: StageAttemptId { stage: StageId(small(n / 1_000)), attempt: 0 },
        index: small(n % 1_000),
        attempt: 0,
        partition: small(n % 1_000),
        launch_time: TimestampMs(launch),
        finish_time: Some(TimestampMs(launch + 200 + small(noise % 5_000))),
        getting_result_time: None,
        executor: ExecutorId::new((n % 50).to_string()),
        host: format!("worker-{}.cluster.internal", n % 50).as_str().into(),
        locality: "PROCESS_LOCAL".into(),
        speculative: false,
        status: TaskStatus::Success,
        error_message: None,
        accumulables: Vec::new(),
        metrics: Some(TaskMetrics {
            executor_run_time: Millis(180 + noise % 5_000),
            executor_cpu_time: Nanos((150 + noise % 4_800) * 1_000_000 + noise % 999_983),
            result_size: Bytes(4_000 + noise % 500),
            input_bytes: Bytes((1 << 27) + noise),
            input_records: 1_000_000 + noise,
            shuffle_write_bytes: Bytes(noise * 13),
            shuffle_write_time: Nanos(noise * 977),
            shuffle_write_records: noise / 2,
            ..TaskMetrics::default()
        }),
    }
}
