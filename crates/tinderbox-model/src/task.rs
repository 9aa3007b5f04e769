use crate::units::add;
use crate::{
    AccumulatorId, Bytes, ExecutorId, Millis, Nanos, SharedText, StageAttemptId, TaskId,
    TimestampMs,
};
use serde::{Deserialize, Serialize};
use std::ops::{AddAssign, SubAssign};

/// One finished or running task: a row of the task table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Spark's id, unique in the application.
    pub id: TaskId,
    /// The stage attempt it belongs to.
    pub stage: StageAttemptId,
    /// Position in the stage (Spark: `Index`).
    pub index: i64,
    /// Attempt of this index from 0.
    pub attempt: i64,
    /// The partition it computes; -1 before Spark 3.3, which did not write it.
    pub partition: i64,
    /// When the driver launched it.
    pub launch_time: TimestampMs,
    /// When it finished; `None` while it runs.
    pub finish_time: Option<TimestampMs>,
    /// When the driver began to fetch its result remotely; `None` when the result came inline.
    pub getting_result_time: Option<TimestampMs>,
    /// Where it ran.
    pub executor: ExecutorId,
    /// The host of that executor.
    pub host: SharedText,
    /// `PROCESS_LOCAL`, `NODE_LOCAL`, `NO_PREF`, `RACK_LOCAL`, `ANY`.
    pub locality: SharedText,
    /// Whether this is a speculative copy.
    pub speculative: bool,
    /// How it ended.
    pub status: TaskStatus,
    /// First line and stack trace of a failure, or the reason of a kill.
    pub error_message: Option<String>,
    /// What it measured; `None` when Spark wrote none (some failures).
    pub metrics: Option<TaskMetrics>,
    /// Updates of users' accumulators; Spark's internal ones and SQL metrics are not among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accumulables: Vec<Accumulable>,
}

/// The state of a user's accumulator as an event shows it (Spark: `AccumulableInfo`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accumulable {
    /// Its id, unique in the application.
    pub id: AccumulatorId,
    /// Its name; many have none.
    pub name: Option<String>,
    /// What a task added, as text; `None` for stages.
    pub update: Option<String>,
    /// Its value after that, as text; `None` where Spark wrote null.
    pub value: Option<String>,
}

impl Task {
    /// Wall time from launch to finish; zero while it runs.
    pub fn duration(&self) -> Millis {
        self.finish_time.map_or(Millis::ZERO, |finish| finish.since(self.launch_time))
    }

    /// Time the task waited around its work: duration less run, deserialisation, serialisation and
    /// result-fetch time, not below zero. Source: Spark's `AppStatusUtils.schedulerDelay`.
    pub fn scheduler_delay(&self) -> Millis {
        let (Some(finish), Some(metrics)) = (self.finish_time, self.metrics.as_ref()) else {
            return Millis::ZERO;
        };
        let getting_result =
            self.getting_result_time.map_or(Millis::ZERO, |start| finish.since(start));
        self.duration()
            - metrics.executor_run_time
            - metrics.executor_deserialize_time
            - metrics.result_serialization_time
            - getting_result
    }
}

/// How a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaskStatus {
    /// Launched, no end seen.
    Running,
    /// Spark's end reason `Success`.
    Success,
    /// Its result is being fetched (Spark: `GET RESULT`), no end seen.
    GettingResult,
    /// Spark marked it failed. A task whose commit was denied is among these, though Spark's counters
    /// count it as killed.
    Failed,
    /// Spark marked it killed: a speculative twin won, or the job was cancelled.
    Killed,
}

/// What tasks measure. The same struct holds one task's values and a stage's sums.
///
/// Field names are Spark's (`org.apache.spark.executor.TaskMetrics`); the types carry the units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskMetrics {
    /// Time to deserialise the task on the executor.
    pub executor_deserialize_time: Millis,
    /// CPU time of the same.
    pub executor_deserialize_cpu_time: Nanos,
    /// Time the task's code ran, waits for shuffle data included.
    pub executor_run_time: Millis,
    /// CPU time of the same.
    pub executor_cpu_time: Nanos,
    /// Size of the serialised result.
    pub result_size: Bytes,
    /// JVM garbage collection during the task; tasks that share a JVM all count the same pause.
    pub jvm_gc_time: Millis,
    /// Time to serialise the result.
    pub result_serialization_time: Millis,
    /// In-memory size of what was spilled.
    pub memory_bytes_spilled: Bytes,
    /// On-disk size of what was spilled.
    pub disk_bytes_spilled: Bytes,
    /// Peak of execution memory. A stage's value is the sum over its tasks, as in Spark's REST.
    pub peak_execution_memory: Bytes,
    /// Bytes read from storage.
    pub input_bytes: Bytes,
    /// Records read from storage.
    pub input_records: u64,
    /// Bytes written to storage.
    pub output_bytes: Bytes,
    /// Records written to storage.
    pub output_records: u64,
    /// Shuffle blocks fetched from other executors.
    pub shuffle_remote_blocks_fetched: u64,
    /// Shuffle blocks read on the same executor.
    pub shuffle_local_blocks_fetched: u64,
    /// Time blocked on shuffle data.
    pub shuffle_fetch_wait_time: Millis,
    /// Shuffle bytes from other executors.
    pub shuffle_remote_bytes_read: Bytes,
    /// Part of the remote bytes that went to disk first.
    pub shuffle_remote_bytes_read_to_disk: Bytes,
    /// Shuffle bytes read locally.
    pub shuffle_local_bytes_read: Bytes,
    /// Shuffle records read.
    pub shuffle_read_records: u64,
    /// Total duration of remote shuffle requests.
    pub shuffle_remote_requests_duration: Millis,
    /// Shuffle bytes written.
    pub shuffle_write_bytes: Bytes,
    /// Time to write them.
    pub shuffle_write_time: Nanos,
    /// Shuffle records written.
    pub shuffle_write_records: u64,
    /// Push-based shuffle: merged chunks that were corrupt.
    pub shuffle_corrupt_merged_block_chunks: u64,
    /// Push-based shuffle: times a task fell back to the original blocks.
    pub shuffle_merged_fetch_fallback_count: u64,
    /// Push-based shuffle: merged blocks fetched from other hosts.
    pub shuffle_merged_remote_blocks_fetched: u64,
    /// Push-based shuffle: merged blocks read locally.
    pub shuffle_merged_local_blocks_fetched: u64,
    /// Push-based shuffle: merged chunks fetched from other hosts.
    pub shuffle_merged_remote_chunks_fetched: u64,
    /// Push-based shuffle: merged chunks read locally.
    pub shuffle_merged_local_chunks_fetched: u64,
    /// Push-based shuffle: merged bytes from other hosts.
    pub shuffle_merged_remote_bytes_read: Bytes,
    /// Push-based shuffle: merged bytes read locally.
    pub shuffle_merged_local_bytes_read: Bytes,
    /// Push-based shuffle: total duration of remote merged requests.
    pub shuffle_merged_remote_requests_duration: Millis,
    /// Peak of execution memory on the heap; written from Spark 4.0 on.
    pub peak_on_heap_execution_memory: Bytes,
    /// Peak of execution memory off the heap; written from Spark 4.0 on.
    pub peak_off_heap_execution_memory: Bytes,
}

impl TaskMetrics {
    /// Remote and local shuffle bytes, Spark's `shuffleReadBytes`.
    pub fn shuffle_read_bytes(&self) -> Bytes {
        self.shuffle_remote_bytes_read + self.shuffle_local_bytes_read
    }
}

impl AddAssign<&TaskMetrics> for TaskMetrics {
    /// Saturates, as [`Bytes`] does: a damaged log may hold any number.
    fn add_assign(&mut self, other: &TaskMetrics) {
        self.executor_deserialize_time += other.executor_deserialize_time;
        self.executor_deserialize_cpu_time += other.executor_deserialize_cpu_time;
        self.executor_run_time += other.executor_run_time;
        self.executor_cpu_time += other.executor_cpu_time;
        self.result_size += other.result_size;
        self.jvm_gc_time += other.jvm_gc_time;
        self.result_serialization_time += other.result_serialization_time;
        self.memory_bytes_spilled += other.memory_bytes_spilled;
        self.disk_bytes_spilled += other.disk_bytes_spilled;
        self.peak_execution_memory += other.peak_execution_memory;
        self.input_bytes += other.input_bytes;
        self.input_records = add(self.input_records, other.input_records);
        self.output_bytes += other.output_bytes;
        self.output_records = add(self.output_records, other.output_records);
        self.shuffle_remote_blocks_fetched =
            add(self.shuffle_remote_blocks_fetched, other.shuffle_remote_blocks_fetched);
        self.shuffle_local_blocks_fetched =
            add(self.shuffle_local_blocks_fetched, other.shuffle_local_blocks_fetched);
        self.shuffle_fetch_wait_time += other.shuffle_fetch_wait_time;
        self.shuffle_remote_bytes_read += other.shuffle_remote_bytes_read;
        self.shuffle_remote_bytes_read_to_disk += other.shuffle_remote_bytes_read_to_disk;
        self.shuffle_local_bytes_read += other.shuffle_local_bytes_read;
        self.shuffle_read_records = add(self.shuffle_read_records, other.shuffle_read_records);
        self.shuffle_remote_requests_duration += other.shuffle_remote_requests_duration;
        self.shuffle_write_bytes += other.shuffle_write_bytes;
        self.shuffle_write_time += other.shuffle_write_time;
        self.shuffle_write_records = add(self.shuffle_write_records, other.shuffle_write_records);
        self.shuffle_corrupt_merged_block_chunks = add(
            self.shuffle_corrupt_merged_block_chunks,
            other.shuffle_corrupt_merged_block_chunks,
        );
        self.shuffle_merged_fetch_fallback_count = add(
            self.shuffle_merged_fetch_fallback_count,
            other.shuffle_merged_fetch_fallback_count,
        );
        self.shuffle_merged_remote_blocks_fetched = add(
            self.shuffle_merged_remote_blocks_fetched,
            other.shuffle_merged_remote_blocks_fetched,
        );
        self.shuffle_merged_local_blocks_fetched = add(
            self.shuffle_merged_local_blocks_fetched,
            other.shuffle_merged_local_blocks_fetched,
        );
        self.shuffle_merged_remote_chunks_fetched = add(
            self.shuffle_merged_remote_chunks_fetched,
            other.shuffle_merged_remote_chunks_fetched,
        );
        self.shuffle_merged_local_chunks_fetched = add(
            self.shuffle_merged_local_chunks_fetched,
            other.shuffle_merged_local_chunks_fetched,
        );
        self.shuffle_merged_remote_bytes_read += other.shuffle_merged_remote_bytes_read;
        self.shuffle_merged_local_bytes_read += other.shuffle_merged_local_bytes_read;
        self.shuffle_merged_remote_requests_duration +=
            other.shuffle_merged_remote_requests_duration;
        self.peak_on_heap_execution_memory += other.peak_on_heap_execution_memory;
        self.peak_off_heap_execution_memory += other.peak_off_heap_execution_memory;
    }
}

impl SubAssign<&TaskMetrics> for TaskMetrics {
    /// Saturates at zero.
    fn sub_assign(&mut self, other: &TaskMetrics) {
        *self = Self {
            executor_deserialize_time: self.executor_deserialize_time
                - other.executor_deserialize_time,
            executor_deserialize_cpu_time: self.executor_deserialize_cpu_time
                - other.executor_deserialize_cpu_time,
            executor_run_time: self.executor_run_time - other.executor_run_time,
            executor_cpu_time: self.executor_cpu_time - other.executor_cpu_time,
            result_size: self.result_size - other.result_size,
            jvm_gc_time: self.jvm_gc_time - other.jvm_gc_time,
            result_serialization_time: self.result_serialization_time
                - other.result_serialization_time,
            memory_bytes_spilled: self.memory_bytes_spilled - other.memory_bytes_spilled,
            disk_bytes_spilled: self.disk_bytes_spilled - other.disk_bytes_spilled,
            peak_execution_memory: self.peak_execution_memory - other.peak_execution_memory,
            input_bytes: self.input_bytes - other.input_bytes,
            input_records: self.input_records.saturating_sub(other.input_records),
            output_bytes: self.output_bytes - other.output_bytes,
            output_records: self.output_records.saturating_sub(other.output_records),
            shuffle_remote_blocks_fetched: self
                .shuffle_remote_blocks_fetched
                .saturating_sub(other.shuffle_remote_blocks_fetched),
            shuffle_local_blocks_fetched: self
                .shuffle_local_blocks_fetched
                .saturating_sub(other.shuffle_local_blocks_fetched),
            shuffle_fetch_wait_time: self.shuffle_fetch_wait_time - other.shuffle_fetch_wait_time,
            shuffle_remote_bytes_read: self.shuffle_remote_bytes_read
                - other.shuffle_remote_bytes_read,
            shuffle_remote_bytes_read_to_disk: self.shuffle_remote_bytes_read_to_disk
                - other.shuffle_remote_bytes_read_to_disk,
            shuffle_local_bytes_read: self.shuffle_local_bytes_read
                - other.shuffle_local_bytes_read,
            shuffle_read_records: self
                .shuffle_read_records
                .saturating_sub(other.shuffle_read_records),
            shuffle_remote_requests_duration: self.shuffle_remote_requests_duration
                - other.shuffle_remote_requests_duration,
            shuffle_write_bytes: self.shuffle_write_bytes - other.shuffle_write_bytes,
            shuffle_write_time: self.shuffle_write_time - other.shuffle_write_time,
            shuffle_write_records: self
                .shuffle_write_records
                .saturating_sub(other.shuffle_write_records),
            shuffle_corrupt_merged_block_chunks: self
                .shuffle_corrupt_merged_block_chunks
                .saturating_sub(other.shuffle_corrupt_merged_block_chunks),
            shuffle_merged_fetch_fallback_count: self
                .shuffle_merged_fetch_fallback_count
                .saturating_sub(other.shuffle_merged_fetch_fallback_count),
            shuffle_merged_remote_blocks_fetched: self
                .shuffle_merged_remote_blocks_fetched
                .saturating_sub(other.shuffle_merged_remote_blocks_fetched),
            shuffle_merged_local_blocks_fetched: self
                .shuffle_merged_local_blocks_fetched
                .saturating_sub(other.shuffle_merged_local_blocks_fetched),
            shuffle_merged_remote_chunks_fetched: self
                .shuffle_merged_remote_chunks_fetched
                .saturating_sub(other.shuffle_merged_remote_chunks_fetched),
            shuffle_merged_local_chunks_fetched: self
                .shuffle_merged_local_chunks_fetched
                .saturating_sub(other.shuffle_merged_local_chunks_fetched),
            shuffle_merged_remote_bytes_read: self.shuffle_merged_remote_bytes_read
                - other.shuffle_merged_remote_bytes_read,
            shuffle_merged_local_bytes_read: self.shuffle_merged_local_bytes_read
                - other.shuffle_merged_local_bytes_read,
            shuffle_merged_remote_requests_duration: self.shuffle_merged_remote_requests_duration
                - other.shuffle_merged_remote_requests_duration,
            peak_on_heap_execution_memory: self.peak_on_heap_execution_memory
                - other.peak_on_heap_execution_memory,
            peak_off_heap_execution_memory: self.peak_off_heap_execution_memory
                - other.peak_off_heap_execution_memory,
        };
    }
}
