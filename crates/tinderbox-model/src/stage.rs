use crate::{
    Accumulable, Distribution, ExecutorId, JobId, Millis, PeakMemory, SqlExecutionId,
    StageAttemptId, StageId, TaskId, TaskMetrics, TimestampMs,
};
use serde::{Deserialize, Serialize};

/// One attempt of a stage with the sums and distributions of its tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Stage and attempt.
    pub id: StageAttemptId,
    /// Spark's stage name: the call site in short form.
    pub name: String,
    /// The call site in long form, as Spark writes it.
    pub details: String,
    /// Where it stands.
    pub status: StageStatus,
    /// Stages whose output it reads.
    pub parents: Vec<StageId>,
    /// The jobs that need it.
    pub jobs: Vec<JobId>,
    /// The SQL execution that caused it, when there is one.
    pub sql_execution: Option<SqlExecutionId>,
    /// Tasks planned (Spark: `Number of Tasks`).
    pub num_tasks: u32,
    /// Tasks seen so far by state.
    pub tasks: TaskCounts,
    /// When the stage was submitted.
    pub submission_time: Option<TimestampMs>,
    /// Launch of its first task.
    pub first_task_launched_time: Option<TimestampMs>,
    /// When it ended.
    pub completion_time: Option<TimestampMs>,
    /// Spark's text when it failed.
    pub failure_reason: Option<String>,
    /// Sums over all ended tasks, failed and killed ones included, as in Spark's REST.
    pub metrics: TaskMetrics,
    /// Distributions over its successful tasks.
    pub distributions: StageDistributions,
    /// The longest successful tasks by duration, longest first, at most [`Stage::SLOWEST_LIMIT`].
    pub slowest_tasks: Vec<TaskBrief>,
    /// Failures grouped by their first line, most frequent first, at most [`Stage::FAILURE_LIMIT`] groups.
    pub failures: Vec<FailureGroup>,
    /// Scheduling pool, `default` unless fair scheduling is on.
    pub scheduling_pool: String,
    /// Resource profile, 0 is the default one.
    pub resource_profile: i64,
    /// The user's `spark.job.description`.
    #[serde(default)]
    pub description: Option<String>,
    /// Ids of its RDDs, in Spark's order.
    #[serde(default)]
    pub rdds: Vec<i64>,
    /// Users' accumulators, in Spark's order.
    #[serde(default)]
    pub accumulables: Vec<Accumulable>,
    /// Different task indices that succeeded.
    #[serde(default)]
    pub num_completed_indices: u32,
    /// Killed tasks by reason, in order of appearance.
    #[serde(default)]
    pub killed_tasks: Vec<(String, u32)>,
    /// What each executor did for it, in order of appearance.
    #[serde(default)]
    pub executors: Vec<ExecutorStage>,
    /// Peaks over its executors while it ran.
    #[serde(default)]
    pub peak_memory: PeakMemory,
    /// Its speculative tasks; `None` when there was none.
    #[serde(default)]
    pub speculation: Option<TaskCounts>,
    /// Whether its shuffle output was pushed to mergers.
    #[serde(default)]
    pub is_shuffle_push_enabled: bool,
    /// How many mergers its shuffle output has.
    #[serde(default)]
    pub shuffle_mergers: u32,
}

/// What one executor did for a stage attempt (Spark: `ExecutorStageSummary`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExecutorStage {
    /// The executor.
    pub executor: ExecutorId,
    /// Sum of the durations of its ended tasks, each counted once.
    pub task_time: Millis,
    /// Of that, tasks whose result was lost with the executor: they ended a second time, as resubmitted.
    #[serde(default)]
    pub resubmitted_time: Millis,
    /// Its tasks by state; `active` is not followed.
    pub tasks: TaskCounts,
    /// Sums over its ended tasks.
    pub metrics: TaskMetrics,
    /// Peaks of its memory while it worked for the stage.
    pub peak_memory: PeakMemory,
    /// Whether Spark scheduled nothing more of the stage on it.
    pub is_excluded: bool,
}

impl Stage {
    /// How many slowest tasks are kept.
    pub const SLOWEST_LIMIT: usize = 10;
    /// How many groups of failures are kept.
    pub const FAILURE_LIMIT: usize = 20;

    /// An attempt that is known by its number only; its submission fills it in.
    pub fn new(id: StageAttemptId) -> Self {
        Self {
            id,
            name: String::new(),
            details: String::new(),
            status: StageStatus::Pending,
            parents: Vec::new(),
            jobs: Vec::new(),
            sql_execution: None,
            num_tasks: 0,
            tasks: TaskCounts::default(),
            submission_time: None,
            first_task_launched_time: None,
            completion_time: None,
            failure_reason: None,
            metrics: TaskMetrics::default(),
            distributions: StageDistributions::default(),
            slowest_tasks: Vec::new(),
            failures: Vec::new(),
            scheduling_pool: String::from("default"),
            resource_profile: 0,
            description: None,
            rdds: Vec::new(),
            accumulables: Vec::new(),
            num_completed_indices: 0,
            killed_tasks: Vec::new(),
            executors: Vec::new(),
            peak_memory: PeakMemory::default(),
            speculation: None,
            is_shuffle_push_enabled: false,
            shuffle_mergers: 0,
        }
    }

    /// Wall time from submission to completion; `None` unless both are known.
    pub fn duration(&self) -> Option<Millis> {
        Some(self.completion_time?.since(self.submission_time?))
    }
}

/// Spark's stage states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StageStatus {
    /// Known from a job, not submitted yet.
    Pending,
    /// Submitted, not ended.
    Active,
    /// Ended well.
    Complete,
    /// Ended with a failure reason.
    Failed,
    /// Its job ended without needing it (its output was there already).
    Skipped,
}

/// Tasks of a stage or executor by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TaskCounts {
    /// Launched and not ended.
    pub active: u32,
    /// Ended with success.
    pub complete: u32,
    /// Ended with a failure.
    pub failed: u32,
    /// Killed.
    pub killed: u32,
}

impl TaskCounts {
    /// All tasks that ended, however they did.
    pub fn ended(&self) -> u32 {
        self.complete.saturating_add(self.failed).saturating_add(self.killed)
    }
}

/// Distributions over the successful tasks of a stage. Units: milliseconds, bytes, records.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StageDistributions {
    /// Launch to finish, ms.
    pub duration: Distribution,
    /// `Executor Run Time`, ms.
    pub executor_run_time: Distribution,
    /// `JVM GC Time`, ms.
    pub jvm_gc_time: Distribution,
    /// Scheduler delay, ms (see [`crate::Task::scheduler_delay`]).
    pub scheduler_delay: Distribution,
    /// Input bytes.
    pub input_bytes: Distribution,
    /// Input records.
    pub input_records: Distribution,
    /// Output bytes.
    pub output_bytes: Distribution,
    /// Shuffle bytes read, remote and local.
    pub shuffle_read_bytes: Distribution,
    /// Shuffle records read.
    pub shuffle_read_records: Distribution,
    /// Shuffle bytes written.
    pub shuffle_write_bytes: Distribution,
    /// Bytes spilled to disk.
    pub disk_bytes_spilled: Distribution,
    /// In-memory size of spilled data, bytes.
    pub memory_bytes_spilled: Distribution,
    /// Peak execution memory, bytes.
    pub peak_execution_memory: Distribution,
}

/// A task as evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskBrief {
    /// The task.
    pub id: TaskId,
    /// Position in its stage.
    pub index: i64,
    /// Where it ran.
    pub executor: ExecutorId,
    /// Launch to finish.
    pub duration: Millis,
    /// What it measured.
    pub metrics: TaskMetrics,
}

/// Task failures of a stage that share their first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureGroup {
    /// Spark's end reason: `ExceptionFailure`, `FetchFailed`, `ExecutorLostFailure`, …
    pub reason: String,
    /// First line of the message; of an error in Python code the class and the line that was raised.
    pub message: String,
    /// The whole text of the first such failure, cut at 16 KiB.
    pub sample: String,
    /// How many tasks failed so.
    pub count: u32,
    /// When the first of them ended.
    pub first_time: TimestampMs,
    /// The first few of those tasks.
    pub tasks: Vec<TaskId>,
}
