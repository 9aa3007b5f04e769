//! What is known of a job.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobColumnKind {
    /// Text.
    Text,
    /// A signed number.
    Int,
    /// A double.
    Float,
    /// Microseconds since 1970, UTC.
    Time,
}

macro_rules! columns {
    ($($(#[$doc:meta])* $variant:ident $name:literal $kind:ident,)+) => {
        /// A column of the jobs of a data set. Each can be sorted by; only the id is always known.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum JobColumn {
            $($(#[$doc])* $variant,)+
        }

        impl JobColumn {
            /// Every column, in the order of records.
            pub const ALL: [Self; [$(stringify!($variant)),+].len()] = [$(Self::$variant),+];

            /// The name in tables and on the wire.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// What it holds.
            pub fn kind(self) -> JobColumnKind {
                match self {
                    $(Self::$variant => JobColumnKind::$kind,)+
                }
            }
        }
    };
}

columns! {
    /// Unique in its data set.
    Id "job_id" Text,
    /// What people call it; sorted without regard to case.
    Name "job_name" Text,
    /// What kind of work it is.
    JobType "job_type" Text,
    /// How it stands.
    Status "status" Text,
    /// When it started.
    Start "start_time" Time,
    /// When it ended.
    End "end_time" Time,
    /// Whole seconds from start to end.
    DurationSeconds "duration_seconds" Int,
    /// Stages.
    NumStages "num_stages" Int,
    /// Tasks.
    NumTasks "num_tasks" Int,
    /// Executors.
    NumExecutors "num_executors" Int,
    /// Read from storage, in units of 1,048,576 bytes.
    InputMb "input_size_mb" Float,
    /// Written to storage, in the same unit.
    OutputMb "output_size_mb" Float,
    /// Memory of one executor, in the same unit.
    ExecutorMemoryMb "memory_per_executor_mb" Int,
    /// Memory of all executors, in the same unit.
    TotalMemoryMb "total_memory_mb" Int,
    /// Cores of one executor.
    ExecutorCores "cpu_cores_per_executor" Int,
    /// Shuffle data read, in units of 1,048,576 bytes.
    ShuffleReadMb "shuffle_read_mb" Float,
    /// Shuffle data written, in the same unit.
    ShuffleWriteMb "shuffle_write_mb" Float,
    /// Time in garbage collection.
    GcTimeMs "gc_time_ms" Int,
    /// Milliseconds from start to end.
    DurationMs "duration_ms" Int,
    /// Read from storage.
    InputBytes "input_bytes" Int,
    /// Written to storage.
    OutputBytes "output_bytes" Int,
    /// Shuffle data read.
    ShuffleReadBytes "shuffle_read_bytes" Int,
    /// Shuffle data written.
    ShuffleWriteBytes "shuffle_write_bytes" Int,
    /// In-memory size of spilled data.
    MemorySpillBytes "memory_spill_bytes" Int,
    /// Spilled to disk.
    DiskSpillBytes "disk_spill_bytes" Int,
    /// Sum of executor run time over all tasks.
    TaskTimeMs "task_time_ms" Int,
    /// Tasks that failed.
    NumFailedTasks "num_failed_tasks" Int,
    /// Tasks that were killed.
    NumKilledTasks "num_killed_tasks" Int,
    /// Who ran it.
    User "user" Text,
    /// From 1; more for a retry.
    Attempt "attempt" Int,
    /// The job that it repeats.
    RetryOf "retry_of" Text,
    /// Spark's version.
    SparkVersion "spark_version" Text,
    /// What a generated data set plays with it.
    Scenario "scenario" Text,
    /// Why it failed.
    ErrorMessage "error_message" Text,
}

/// How many columns there are.
pub(super) const COLUMNS: usize = JobColumn::ALL.len();

impl JobColumn {
    /// The column of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.as_str() == name)
    }

    /// Its place in [`JobColumn::ALL`].
    pub(crate) fn at(self) -> usize {
        self as usize
    }

    /// Whether its texts are words: each is kept once, and cells name them. Of the id they are not.
    pub(super) fn has_words(self) -> bool {
        self.kind() == JobColumnKind::Text && self != Self::Id
    }

    /// Whether upper and lower case are the same in its order.
    pub(super) fn is_folded(self) -> bool {
        self == Self::Name
    }
}
