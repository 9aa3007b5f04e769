//! The orders of tasks (`TaskSorting`, and the columns of `taskTable`).

use super::tasks::{getting_result_ms, measured, scheduler_delay, status_text};
use tinderbox_model::{Task, TaskMetrics, TaskStatus, TimestampMs};

/// By what tasks are sorted; equal ones by their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskOrder {
    /// Task id.
    Id,
    /// Position in the stage.
    Index,
    /// Attempt of the position.
    Attempt,
    /// Status in words.
    Status,
    /// Locality in words.
    Locality,
    /// Executor id as text.
    Executor,
    /// Host.
    Host,
    /// Launch.
    LaunchTime,
    /// Run time of its code.
    RunTime,
    /// Time around the work.
    SchedulerDelay,
    /// Time to deserialize it.
    DeserializeTime,
    /// Garbage collection.
    GcTime,
    /// Time to serialize the result.
    ResultSerializationTime,
    /// Time to fetch the result.
    GettingResultTime,
    /// Peak of execution memory.
    PeakMemory,
    /// The first accumulator as text.
    Accumulators,
    /// Bytes read.
    InputBytes,
    /// Bytes written.
    OutputBytes,
    /// Time blocked on shuffle data.
    ShuffleFetchWait,
    /// Shuffle bytes read.
    ShuffleReadBytes,
    /// Shuffle bytes read from other executors.
    ShuffleRemoteBytes,
    /// Time to write shuffle data.
    ShuffleWriteTime,
    /// Shuffle bytes written.
    ShuffleWriteBytes,
    /// Bytes in memory of what was spilled.
    MemorySpilled,
    /// Bytes on disk of what was spilled.
    DiskSpilled,
    /// Error text.
    Error,
}

/// What tasks are compared by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskKey {
    /// A number.
    Number(i64),
    /// A text, byte by byte.
    Text(String),
}

impl TaskOrder {
    /// The order behind a column of `taskTable`; `None` for a column that Spark does not know.
    pub fn of_column(name: &str) -> Option<Self> {
        Some(match name {
            "ID" => Self::Id,
            "Index" => Self::Index,
            "Attempt" => Self::Attempt,
            "Status" => Self::Status,
            "Locality Level" => Self::Locality,
            "Executor ID" => Self::Executor,
            "Host" => Self::Host,
            "Launch Time" => Self::LaunchTime,
            "Duration" => Self::RunTime,
            "Scheduler Delay" => Self::SchedulerDelay,
            "Task Deserialization Time" => Self::DeserializeTime,
            "GC Time" => Self::GcTime,
            "Result Serialization Time" => Self::ResultSerializationTime,
            "Getting Result Time" => Self::GettingResultTime,
            "Peak Execution Memory" => Self::PeakMemory,
            "Accumulators" => Self::Accumulators,
            "Input Size / Records" => Self::InputBytes,
            "Output Size / Records" => Self::OutputBytes,
            "Shuffle Read Fetch Wait Time" | "Shuffle Read Blocked Time" => Self::ShuffleFetchWait,
            "Shuffle Read Size / Records" => Self::ShuffleReadBytes,
            "Shuffle Remote Reads" => Self::ShuffleRemoteBytes,
            "Shuffle Write Time" | "Write Time" => Self::ShuffleWriteTime,
            "Shuffle Write Size / Records" => Self::ShuffleWriteBytes,
            "Spill (Memory)" | "Shuffle Spill (Memory)" => Self::MemorySpilled,
            "Spill (Disk)" | "Shuffle Spill (Disk)" => Self::DiskSpilled,
            "Errors" => Self::Error,
            _ => return None,
        })
    }

    /// The key of a task. Spark keeps metrics of tasks that did not succeed as negative numbers, and sorts by those:
    /// the largest of them comes first, then those without metrics, then the others from the smallest on.
    pub fn key(self, task: &Task, now: TimestampMs) -> TaskKey {
        let text = |text: &str| TaskKey::Text(text.to_owned());
        let metric = |value: fn(&TaskMetrics) -> u64| match measured(task) {
            None => TaskKey::Number(-1),
            Some(metrics) => {
                let value = i64::try_from(value(&metrics)).unwrap_or(i64::MAX);
                let is_good = task.status == TaskStatus::Success;
                TaskKey::Number(if is_good { value } else { -1 - value })
            }
        };
        let with_metrics = |value: u64| match measured(task) {
            None => TaskKey::Number(-1),
            Some(_) => TaskKey::Number(i64::try_from(value).unwrap_or(i64::MAX)),
        };
        match self {
            Self::Id => TaskKey::Number(task.id.0),
            Self::Index => TaskKey::Number(task.index),
            Self::Attempt => TaskKey::Number(task.attempt),
            Self::Status => text(status_text(task.status)),
            Self::Locality => text(task.locality.as_str()),
            Self::Executor => text(task.executor.as_str()),
            Self::Host => text(task.host.as_str()),
            Self::LaunchTime => TaskKey::Number(task.launch_time.0),
            Self::RunTime => metric(|m| m.executor_run_time.0),
            Self::SchedulerDelay => with_metrics(scheduler_delay(task).0),
            Self::DeserializeTime => metric(|m| m.executor_deserialize_time.0),
            Self::GcTime => metric(|m| m.jvm_gc_time.0),
            Self::ResultSerializationTime => metric(|m| m.result_serialization_time.0),
            Self::GettingResultTime => with_metrics(getting_result_ms(task, now)),
            Self::PeakMemory => metric(|m| m.peak_execution_memory.0),
            Self::Accumulators => {
                TaskKey::Text(task.accumulables.first().map_or_else(String::new, |first| {
                    let name = first.name.as_deref().unwrap_or("null");
                    format!("{name}:{}", first.value.as_deref().unwrap_or("null"))
                }))
            }
            Self::InputBytes => metric(|m| m.input_bytes.0),
            Self::OutputBytes => metric(|m| m.output_bytes.0),
            Self::ShuffleFetchWait => metric(|m| m.shuffle_fetch_wait_time.0),
            // The sum of two negated numbers there.
            Self::ShuffleReadBytes => match metric(|m| m.shuffle_read_bytes().0) {
                TaskKey::Number(sum) if sum < 0 && measured(task).is_some() => {
                    TaskKey::Number(sum - 1)
                }
                key => key,
            },
            Self::ShuffleRemoteBytes => metric(|m| m.shuffle_remote_bytes_read.0),
            Self::ShuffleWriteTime => metric(|m| m.shuffle_write_time.0),
            Self::ShuffleWriteBytes => metric(|m| m.shuffle_write_bytes.0),
            Self::MemorySpilled => metric(|m| m.memory_bytes_spilled.0),
            Self::DiskSpilled => metric(|m| m.disk_bytes_spilled.0),
            Self::Error => text(task.error_message.as_deref().unwrap_or("")),
        }
    }
}
