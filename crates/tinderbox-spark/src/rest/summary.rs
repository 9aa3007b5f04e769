//! Distributions over the tasks of a stage (`TaskMetricDistributions`).

use super::java_double::Double;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeStruct, Serializer};
use tinderbox_model::{Task, TaskMetrics, TaskStatus, TimestampMs};

macro_rules! metrics {
    ($($(#[$doc:meta])* $name:ident = $metrics:ident => $value:expr,)+) => {
        /// What the tasks of a stage are summarized by.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum TaskMetric {
            /// Wall time, over all tasks, also failed and killed ones.
            Duration,
            /// Time to fetch the result, over all tasks with metrics.
            GettingResultTime,
            /// Time around the work, over all tasks with metrics.
            SchedulerDelay,
            $($(#[$doc])* $name,)+
        }

        impl TaskMetric {
            /// All of them.
            pub const ALL: [Self; 3 + [$(stringify!($name)),+].len()] = [
                Self::Duration, Self::GettingResultTime, Self::SchedulerDelay, $(Self::$name),+
            ];

            fn of(self, metrics: &TaskMetrics) -> u64 {
                match self {
                    Self::Duration | Self::GettingResultTime | Self::SchedulerDelay => 0,
                    $(Self::$name => { let $metrics = metrics; $value },)+
                }
            }
        }
    };
}

metrics! {
    /// Milliseconds to deserialize the task.
    ExecutorDeserializeTime = m => m.executor_deserialize_time.0,
    /// CPU nanoseconds of the same.
    ExecutorDeserializeCpuTime = m => m.executor_deserialize_cpu_time.0,
    /// Milliseconds that its code ran.
    ExecutorRunTime = m => m.executor_run_time.0,
    /// CPU nanoseconds of the same.
    ExecutorCpuTime = m => m.executor_cpu_time.0,
    /// Bytes of the result.
    ResultSize = m => m.result_size.0,
    /// Milliseconds of garbage collection.
    JvmGcTime = m => m.jvm_gc_time.0,
    /// Milliseconds to serialize the result.
    ResultSerializationTime = m => m.result_serialization_time.0,
    /// Bytes of execution memory at the peak.
    PeakExecutionMemory = m => m.peak_execution_memory.0,
    /// Bytes in memory of what was spilled.
    MemoryBytesSpilled = m => m.memory_bytes_spilled.0,
    /// Bytes on disk of what was spilled.
    DiskBytesSpilled = m => m.disk_bytes_spilled.0,
    /// Bytes read from storage.
    InputBytes = m => m.input_bytes.0,
    /// Records read from storage.
    InputRecords = m => m.input_records,
    /// Bytes written to storage.
    OutputBytes = m => m.output_bytes.0,
    /// Records written to storage.
    OutputRecords = m => m.output_records,
    /// Shuffle bytes read, remote and local.
    ShuffleReadBytes = m => m.shuffle_read_bytes().0,
    /// Shuffle records read.
    ShuffleReadRecords = m => m.shuffle_read_records,
    /// Shuffle blocks from other executors.
    ShuffleRemoteBlocks = m => m.shuffle_remote_blocks_fetched,
    /// Shuffle blocks of the same executor.
    ShuffleLocalBlocks = m => m.shuffle_local_blocks_fetched,
    /// Milliseconds blocked on shuffle data.
    ShuffleFetchWaitTime = m => m.shuffle_fetch_wait_time.0,
    /// Shuffle bytes from other executors.
    ShuffleRemoteBytes = m => m.shuffle_remote_bytes_read.0,
    /// Part of them that went to disk first.
    ShuffleRemoteBytesToDisk = m => m.shuffle_remote_bytes_read_to_disk.0,
    /// Shuffle blocks, remote and local.
    ShuffleTotalBlocks = m => {
        m.shuffle_remote_blocks_fetched.saturating_add(m.shuffle_local_blocks_fetched)
    },
    /// Milliseconds of remote shuffle requests.
    ShuffleRemoteRequestsDuration = m => m.shuffle_remote_requests_duration.0,
    /// Push-based shuffle: corrupt merged chunks.
    ShuffleCorruptMergedBlockChunks = m => m.shuffle_corrupt_merged_block_chunks,
    /// Push-based shuffle: fall-backs to the original blocks.
    ShuffleMergedFetchFallbacks = m => m.shuffle_merged_fetch_fallback_count,
    /// Push-based shuffle: merged blocks from other hosts.
    ShuffleMergedRemoteBlocks = m => m.shuffle_merged_remote_blocks_fetched,
    /// Push-based shuffle: merged blocks read locally.
    ShuffleMergedLocalBlocks = m => m.shuffle_merged_local_blocks_fetched,
    /// Push-based shuffle: merged chunks from other hosts.
    ShuffleMergedRemoteChunks = m => m.shuffle_merged_remote_chunks_fetched,
    /// Push-based shuffle: merged chunks read locally.
    ShuffleMergedLocalChunks = m => m.shuffle_merged_local_chunks_fetched,
    /// Push-based shuffle: merged bytes from other hosts.
    ShuffleMergedRemoteBytes = m => m.shuffle_merged_remote_bytes_read.0,
    /// Push-based shuffle: merged bytes read locally.
    ShuffleMergedLocalBytes = m => m.shuffle_merged_local_bytes_read.0,
    /// Push-based shuffle: milliseconds of remote merged requests.
    ShuffleMergedRemoteRequestsDuration = m => m.shuffle_merged_remote_requests_duration.0,
    /// Shuffle bytes written.
    ShuffleWriteBytes = m => m.shuffle_write_bytes.0,
    /// Shuffle records written.
    ShuffleWriteRecords = m => m.shuffle_write_records,
    /// Nanoseconds to write them.
    ShuffleWriteTime = m => m.shuffle_write_time.0,
}

impl TaskMetric {
    /// The task's value when it takes part in this distribution: Spark leaves failed and killed tasks out of all but
    /// three of them (its `TaskDataWrapper` keeps their metrics as negative numbers).
    pub fn value(self, task: &Task, now: TimestampMs) -> Option<u64> {
        match (self, super::tasks::measured(task)) {
            (Self::Duration, _) => Some(task.finish_time.unwrap_or(now).since(task.launch_time).0),
            (_, None) => None,
            (Self::GettingResultTime, Some(_)) => Some(super::tasks::getting_result_ms(task, now)),
            (Self::SchedulerDelay, Some(_)) => Some(super::tasks::scheduler_delay(task).0),
            (_, Some(metrics)) => (task.status == TaskStatus::Success).then(|| self.of(&metrics)),
        }
    }
}

/// Which element of the sorted values stands for each quantile (`AppStatusStore.taskSummary`): the one at
/// `min(floor(q * count), count - 1)`, where `count` is the number of successful tasks with metrics and `available`
/// that of the values. `None` where Spark writes NaN.
///
/// `quantiles` must be sorted. Spark walks an iterator forward, so that a negative quantile takes the first value
/// from the others; that is repeated here.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
pub fn ranks(quantiles: &[f64], count: u64, available: u64) -> Vec<Option<u64>> {
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let (mut last, mut current, mut next) = (None, -1_i64, 0_u64);
    let rank = |q: &f64| {
        let index = ((q * count as f64) as i64).min(signed(count) - 1);
        if index == current {
            return last;
        }
        let skip = index.saturating_sub(current).saturating_sub(1);
        current = index;
        next = next.saturating_add(u64::try_from(skip).unwrap_or(0)).min(available);
        if next == available {
            return None;
        }
        last = Some(next);
        next += 1;
        last
    };
    quantiles.iter().map(rank).collect()
}

/// The distributions of all metrics. Serializes as Spark's `TaskMetricDistributions`.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskQuantiles {
    quantiles: Vec<Double>,
    /// By [`TaskMetric`].
    values: Vec<Vec<Double>>,
}

impl TaskQuantiles {
    /// Asks for the values of each metric: one for every quantile, which must be sorted.
    ///
    /// # Errors
    /// What `values` says.
    pub fn new<E>(
        quantiles: &[f64],
        mut values: impl FnMut(TaskMetric) -> Result<Vec<f64>, E>,
    ) -> Result<Self, E> {
        let doubles = |values: Vec<f64>| values.into_iter().map(Double).collect();
        Ok(Self {
            quantiles: doubles(quantiles.to_vec()),
            values: TaskMetric::ALL
                .into_iter()
                .map(|metric| values(metric).map(doubles))
                .collect::<Result<_, _>>()?,
        })
    }

    fn of(&self, metric: TaskMetric) -> &[Double] {
        self.values.get(metric as usize).map_or(&[], Vec::as_slice)
    }
}

impl Serialize for TaskQuantiles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use TaskMetric as M;
        let mut all = serializer.serialize_struct("TaskMetricDistributions", 18)?;
        all.serialize_field("quantiles", &self.quantiles)?;
        all.serialize_field("duration", self.of(M::Duration))?;
        all.serialize_field("executorDeserializeTime", self.of(M::ExecutorDeserializeTime))?;
        all.serialize_field("executorDeserializeCpuTime", self.of(M::ExecutorDeserializeCpuTime))?;
        all.serialize_field("executorRunTime", self.of(M::ExecutorRunTime))?;
        all.serialize_field("executorCpuTime", self.of(M::ExecutorCpuTime))?;
        all.serialize_field("resultSize", self.of(M::ResultSize))?;
        all.serialize_field("jvmGcTime", self.of(M::JvmGcTime))?;
        all.serialize_field("resultSerializationTime", self.of(M::ResultSerializationTime))?;
        all.serialize_field("gettingResultTime", self.of(M::GettingResultTime))?;
        all.serialize_field("schedulerDelay", self.of(M::SchedulerDelay))?;
        all.serialize_field("peakExecutionMemory", self.of(M::PeakExecutionMemory))?;
        all.serialize_field("memoryBytesSpilled", self.of(M::MemoryBytesSpilled))?;
        all.serialize_field("diskBytesSpilled", self.of(M::DiskBytesSpilled))?;
        let group = |fields| Group { all: self, fields, nested: None };
        all.serialize_field(
            "inputMetrics",
            &group(&[("bytesRead", M::InputBytes), ("recordsRead", M::InputRecords)]),
        )?;
        all.serialize_field(
            "outputMetrics",
            &group(&[("bytesWritten", M::OutputBytes), ("recordsWritten", M::OutputRecords)]),
        )?;
        let push = group(&PUSH_READ);
        let read = Group { nested: Some(("shufflePushReadMetricsDist", &push)), ..group(&READ) };
        all.serialize_field("shuffleReadMetrics", &read)?;
        all.serialize_field("shuffleWriteMetrics", &group(&WRITE))?;
        all.end()
    }
}

const READ: [(&str, TaskMetric); 9] = [
    ("readBytes", TaskMetric::ShuffleReadBytes),
    ("readRecords", TaskMetric::ShuffleReadRecords),
    ("remoteBlocksFetched", TaskMetric::ShuffleRemoteBlocks),
    ("localBlocksFetched", TaskMetric::ShuffleLocalBlocks),
    ("fetchWaitTime", TaskMetric::ShuffleFetchWaitTime),
    ("remoteBytesRead", TaskMetric::ShuffleRemoteBytes),
    ("remoteBytesReadToDisk", TaskMetric::ShuffleRemoteBytesToDisk),
    ("totalBlocksFetched", TaskMetric::ShuffleTotalBlocks),
    ("remoteReqsDuration", TaskMetric::ShuffleRemoteRequestsDuration),
];

const PUSH_READ: [(&str, TaskMetric); 9] = [
    ("corruptMergedBlockChunks", TaskMetric::ShuffleCorruptMergedBlockChunks),
    ("mergedFetchFallbackCount", TaskMetric::ShuffleMergedFetchFallbacks),
    ("remoteMergedBlocksFetched", TaskMetric::ShuffleMergedRemoteBlocks),
    ("localMergedBlocksFetched", TaskMetric::ShuffleMergedLocalBlocks),
    ("remoteMergedChunksFetched", TaskMetric::ShuffleMergedRemoteChunks),
    ("localMergedChunksFetched", TaskMetric::ShuffleMergedLocalChunks),
    ("remoteMergedBytesRead", TaskMetric::ShuffleMergedRemoteBytes),
    ("localMergedBytesRead", TaskMetric::ShuffleMergedLocalBytes),
    ("remoteMergedReqsDuration", TaskMetric::ShuffleMergedRemoteRequestsDuration),
];

const WRITE: [(&str, TaskMetric); 3] = [
    ("writeBytes", TaskMetric::ShuffleWriteBytes),
    ("writeRecords", TaskMetric::ShuffleWriteRecords),
    ("writeTime", TaskMetric::ShuffleWriteTime),
];

struct Group<'a> {
    all: &'a TaskQuantiles,
    fields: &'a [(&'static str, TaskMetric)],
    nested: Option<(&'static str, &'a Group<'a>)>,
}

impl Serialize for Group<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, metric) in self.fields {
            map.serialize_entry(name, self.all.of(*metric))?;
        }
        if let Some((name, group)) = self.nested {
            map.serialize_entry(name, group)?;
        }
        map.end()
    }
}

/// The values at `quantiles` (sorted) of unsorted values (`AppStatusUtils.getQuantilesValue`), zeros when there is
/// none.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
pub(super) fn quantiles_of(mut values: Vec<i64>, quantiles: &[f64]) -> Vec<Double> {
    values.sort_unstable();
    let Some(last) = values.len().checked_sub(1) else {
        return vec![Double(0.0); quantiles.len()];
    };
    let value = |q: &f64| {
        // Spark fails on a negative one; the smallest value is closer to what was meant.
        let index = usize::try_from((q * values.len() as f64) as i64).unwrap_or(0).min(last);
        Double(values[index] as f64)
    };
    quantiles.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_follow_sparks_iterator() {
        let all = |ranks: &[u64]| ranks.iter().map(|rank| Some(*rank)).collect::<Vec<_>>();
        assert_eq!(ranks(&[0.0, 0.25, 0.5, 0.75, 1.0], 2, 2), all(&[0, 0, 1, 1, 1]));
        assert_eq!(ranks(&[0.05, 0.5, 0.95], 100, 100), all(&[5, 50, 95]));
        // As a real server answers for two tasks: a negative one takes an element away.
        assert_eq!(ranks(&[-1.0, 0.5, 2.0], 2, 2), [Some(0), None, Some(0)]);
        assert_eq!(ranks(&[1.0], 3, 5), [Some(2)]);
    }
}
