//! The orders of tasks (`TaskSorting`, and the columns of `taskTable`).

use super::Shape;

/// By what tasks are sorted; equal ones by their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskOrder {
    /// Task id.
    Id,
    /// Position in the stage.
    Index,
    /// Partition of its data.
    Partition,
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

impl TaskOrder {
    /// The order behind a column of `taskTable`; `None` for a column that Spark does not know.
    pub fn of_column(name: &str, shape: Shape) -> Option<Self> {
        Some(match name {
            "ID" => Self::Id,
            // From 4.x on the page's column of that name is sorted by partition.
            "Index" if shape == Shape::V4 => Self::Partition,
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
}
