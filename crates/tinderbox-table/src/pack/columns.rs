//! What a row of a pack holds: one signed 64-bit number per column.

use tinderbox_model::{Task, TaskMetrics, TaskStatus};

pub(super) const ID: usize = 0;
/// Task id less index: constant in a stage without retries.
pub(super) const ID_LESS_INDEX: usize = 1;
pub(super) const ATTEMPT: usize = 2;
/// Index less partition: constant almost always.
pub(super) const INDEX_LESS_PARTITION: usize = 3;
pub(super) const LAUNCH: usize = 4;
/// Finish less launch; zero without [`FLAG_FINISHED`].
pub(super) const DURATION: usize = 5;
/// Start of fetching the result less launch; zero without [`FLAG_GETTING_RESULT`].
pub(super) const GETTING_RESULT: usize = 6;
/// Symbols.
pub(super) const EXECUTOR: usize = 7;
pub(super) const HOST: usize = 8;
pub(super) const LOCALITY: usize = 9;
/// Status in the lowest three bits, then the flags.
pub(super) const FLAGS: usize = 10;
/// References into the text heap; zero for none.
pub(super) const ERROR: usize = 11;
pub(super) const ACCUMULABLES: usize = 12;
/// The first of the metrics.
pub(super) const METRICS: usize = 13;

pub(super) const NUM_METRICS: usize = 36;
pub(super) const NUM_COLUMNS: usize = METRICS + NUM_METRICS;

pub(super) const STATUS_MASK: i64 = 7;
pub(super) const FLAG_SPECULATIVE: i64 = 8;
pub(super) const FLAG_METRICS: i64 = 16;
pub(super) const FLAG_FINISHED: i64 = 32;
pub(super) const FLAG_GETTING_RESULT: i64 = 64;

pub(super) type Row = [i64; NUM_COLUMNS];

/// Flags of a task that counts in quantiles: a success with metrics.
pub(super) fn is_measured_success(flags: i64) -> bool {
    flags & (STATUS_MASK | FLAG_METRICS) == status_code(TaskStatus::Success) | FLAG_METRICS
}

pub(super) const STATUSES: [TaskStatus; 5] = [
    TaskStatus::Running,
    TaskStatus::GettingResult,
    TaskStatus::Success,
    TaskStatus::Failed,
    TaskStatus::Killed,
];

pub(super) const fn status_code(status: TaskStatus) -> i64 {
    match status {
        TaskStatus::Running => 0,
        TaskStatus::GettingResult => 1,
        TaskStatus::Success => 2,
        TaskStatus::Failed => 3,
        TaskStatus::Killed => 4,
    }
}

/// `None` for a code that no status has.
pub(super) fn status_of(flags: i64) -> Option<TaskStatus> {
    let code = usize::try_from(flags & STATUS_MASK).unwrap_or(usize::MAX);
    STATUSES.get(code).copied()
}

pub(super) fn flags_of(task: &Task) -> i64 {
    let flag = |set: bool, bit: i64| if set { bit } else { 0 };
    status_code(task.status)
        | flag(task.speculative, FLAG_SPECULATIVE)
        | flag(task.metrics.is_some(), FLAG_METRICS)
        | flag(task.finish_time.is_some(), FLAG_FINISHED)
        | flag(task.getting_result_time.is_some(), FLAG_GETTING_RESULT)
}

macro_rules! metrics {
    ($($(#[$doc:meta])* $variant:ident $field:ident $(. $unit:tt)?;)*) => {
        /// A figure of a task. The first 36 are the fields of [`TaskMetrics`] in their order, the others are derived as
        /// Spark derives them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum PackMetric {
            $(
                #[doc = concat!("[`TaskMetrics::", stringify!($field), "`].")]
                $variant,
            )*
            /// Launch to finish, ms.
            Duration,
            /// [`Task::scheduler_delay`], ms.
            SchedulerDelay,
            /// Time to fetch the result, ms.
            GettingResultTime,
            /// Shuffle bytes read, remote and local.
            ShuffleReadBytes,
            /// Shuffle blocks fetched, remote and local.
            ShuffleTotalBlocksFetched,
        }

        impl PackMetric {
            /// All of them, in order.
            pub const ALL: [Self; 41] = [
                $(Self::$variant,)*
                Self::Duration,
                Self::SchedulerDelay,
                Self::GettingResultTime,
                Self::ShuffleReadBytes,
                Self::ShuffleTotalBlocksFetched,
            ];
        }

        pub(super) fn put_metrics(metrics: &TaskMetrics, row: &mut Row) {
            let values = [$(metrics.$field $(.$unit)?,)*];
            for (slot, value) in row[METRICS..].iter_mut().zip(values) {
                *slot = value.cast_signed();
            }
        }

        pub(super) fn metrics_of(row: &Row) -> TaskMetrics {
            let mut metrics = TaskMetrics::default();
            let mut values = row[METRICS..].iter().map(|value| value.cast_unsigned());
            $(metrics.$field $(.$unit)? = values.next().unwrap_or(0);)*
            metrics
        }
    };
}

metrics! {
    ExecutorDeserializeTime executor_deserialize_time.0;
    ExecutorDeserializeCpuTime executor_deserialize_cpu_time.0;
    ExecutorRunTime executor_run_time.0;
    ExecutorCpuTime executor_cpu_time.0;
    ResultSize result_size.0;
    JvmGcTime jvm_gc_time.0;
    ResultSerializationTime result_serialization_time.0;
    MemoryBytesSpilled memory_bytes_spilled.0;
    DiskBytesSpilled disk_bytes_spilled.0;
    PeakExecutionMemory peak_execution_memory.0;
    InputBytes input_bytes.0;
    InputRecords input_records;
    OutputBytes output_bytes.0;
    OutputRecords output_records;
    ShuffleRemoteBlocksFetched shuffle_remote_blocks_fetched;
    ShuffleLocalBlocksFetched shuffle_local_blocks_fetched;
    ShuffleFetchWaitTime shuffle_fetch_wait_time.0;
    ShuffleRemoteBytesRead shuffle_remote_bytes_read.0;
    ShuffleRemoteBytesReadToDisk shuffle_remote_bytes_read_to_disk.0;
    ShuffleLocalBytesRead shuffle_local_bytes_read.0;
    ShuffleReadRecords shuffle_read_records;
    ShuffleRemoteRequestsDuration shuffle_remote_requests_duration.0;
    ShuffleWriteBytes shuffle_write_bytes.0;
    ShuffleWriteTime shuffle_write_time.0;
    ShuffleWriteRecords shuffle_write_records;
    ShuffleCorruptMergedBlockChunks shuffle_corrupt_merged_block_chunks;
    ShuffleMergedFetchFallbackCount shuffle_merged_fetch_fallback_count;
    ShuffleMergedRemoteBlocksFetched shuffle_merged_remote_blocks_fetched;
    ShuffleMergedLocalBlocksFetched shuffle_merged_local_blocks_fetched;
    ShuffleMergedRemoteChunksFetched shuffle_merged_remote_chunks_fetched;
    ShuffleMergedLocalChunksFetched shuffle_merged_local_chunks_fetched;
    ShuffleMergedRemoteBytesRead shuffle_merged_remote_bytes_read.0;
    ShuffleMergedLocalBytesRead shuffle_merged_local_bytes_read.0;
    ShuffleMergedRemoteRequestsDuration shuffle_merged_remote_requests_duration.0;
    PeakOnHeapExecutionMemory peak_on_heap_execution_memory.0;
    PeakOffHeapExecutionMemory peak_off_heap_execution_memory.0;
}

impl PackMetric {
    /// Where it stands in [`Self::ALL`].
    pub(super) const fn index(self) -> usize {
        self as usize
    }

    /// The column, when it is a field of [`TaskMetrics`].
    pub(super) const fn column(self) -> Option<usize> {
        let index = self.index();
        if index < NUM_METRICS { Some(METRICS + index) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_a_column_of_its_own() {
        let mut row = [0; NUM_COLUMNS];
        for (slot, value) in row[METRICS..].iter_mut().zip(1..) {
            *slot = value;
        }
        let metrics = metrics_of(&row);
        let fields = serde_json::to_value(metrics).expect("is JSON");
        for (field, value) in fields.as_object().expect("is an object") {
            assert_ne!(value.as_u64(), Some(0), "{field} has no column");
        }
        let mut back = [0; NUM_COLUMNS];
        put_metrics(&metrics, &mut back);
        assert_eq!(back[METRICS..], row[METRICS..]);
        assert_eq!(PackMetric::Duration.column(), None);
        assert_eq!(PackMetric::PeakOffHeapExecutionMemory.column(), Some(NUM_COLUMNS - 1));
    }
}
