use crate::{
    ApplicationId, Bytes, ExecutorId, JobId, Millis, SparkVersion, SqlExecution, SqlExecutionId,
    Stage, StageId, TaskCounts, TaskMetrics, TimestampMs, conf_key,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A Spark application as the fold of its events leaves it: complete, running, or cut short.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Application {
    /// Spark's id; `None` before the start event.
    pub id: Option<ApplicationId>,
    /// Spark's attempt id (YARN cluster mode).
    pub attempt_id: Option<String>,
    /// The application's name.
    pub name: String,
    /// The user who ran it.
    pub user: String,
    /// Spark's version.
    pub spark_version: Option<SparkVersion>,
    /// Start.
    pub start_time: Option<TimestampMs>,
    /// End; `None` while it runs or when the log ends early.
    pub end_time: Option<TimestampMs>,
    /// Time of the latest event that carried one.
    pub last_event_time: Option<TimestampMs>,
    /// Exit code, written from Spark 4.0 on.
    pub exit_code: Option<i64>,
    /// Configuration and versions.
    pub environment: Environment,
    /// Jobs by id.
    pub jobs: Vec<Job>,
    /// Stage attempts by id.
    pub stages: Vec<Stage>,
    /// Executors in order of appearance, the driver included when Spark reports it.
    pub executors: Vec<Executor>,
    /// SQL executions by id.
    pub sql: Vec<SqlExecution>,
    /// How much of the truth this holds.
    pub completeness: Completeness,
}

impl Application {
    /// Sums over all stage attempts.
    pub fn totals(&self) -> TaskMetrics {
        let mut totals = TaskMetrics::default();
        for stage in &self.stages {
            totals += &stage.metrics;
        }
        totals
    }

    /// Task counts over all stage attempts.
    pub fn task_counts(&self) -> TaskCounts {
        let mut counts = TaskCounts::default();
        for stage in &self.stages {
            counts.active = counts.active.saturating_add(stage.tasks.active);
            counts.complete = counts.complete.saturating_add(stage.tasks.complete);
            counts.failed = counts.failed.saturating_add(stage.tasks.failed);
            counts.killed = counts.killed.saturating_add(stage.tasks.killed);
        }
        counts
    }

    /// Wall time from start to end, or to the latest event while there is no end.
    pub fn duration(&self) -> Option<Millis> {
        Some(self.end_time.or(self.last_event_time)?.since(self.start_time?))
    }
}

/// Versions and configuration of an application. Values are redacted by Spark or the listener.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Environment {
    /// `Java Version`, `Java Home`, `Scala Version`.
    pub runtime: BTreeMap<String, String>,
    /// Spark properties that were set; Spark's defaults are not among them.
    pub spark_properties: BTreeMap<String, String>,
}

impl Environment {
    /// The value in force: what was set, else Spark's default for `version` when the key is known here.
    pub fn conf(&self, key: &str, version: Option<&SparkVersion>) -> Option<&str> {
        self.spark_properties
            .get(key)
            .map(String::as_str)
            .or_else(|| conf_key(key)?.default_in(version))
    }
}

/// A Spark job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Spark's id.
    pub id: JobId,
    /// Name of its last stage: the call site of the action.
    pub name: String,
    /// The user's `spark.job.description`.
    pub description: Option<String>,
    /// `spark.jobGroup.id`.
    pub group: Option<String>,
    /// The SQL execution it belongs to.
    pub sql_execution: Option<SqlExecutionId>,
    /// When it was submitted.
    pub submission_time: Option<TimestampMs>,
    /// When it ended.
    pub completion_time: Option<TimestampMs>,
    /// Where it stands.
    pub status: JobStatus,
    /// Spark's text when it failed.
    pub failure_reason: Option<String>,
    /// Its stages.
    pub stages: Vec<StageId>,
    /// Tasks of the stages that were not complete when it began (Spark's `numTasks`).
    pub num_tasks: u32,
    /// Tasks by state, over its stages.
    pub tasks: TaskCounts,
    /// Tasks of stages that it skipped.
    pub num_skipped_tasks: u32,
}

/// Spark's job states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum JobStatus {
    /// No end seen.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended with an exception.
    Failed,
    /// An end that this version does not know.
    Unknown,
}

/// An executor, or the driver under the id `driver`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Executor {
    /// Spark's id.
    pub id: ExecutorId,
    /// Host and port of its block manager, else its host.
    pub host_port: String,
    /// Whether it is there.
    pub status: ExecutorStatus,
    /// Cores; 0 for a driver that runs no tasks.
    pub total_cores: u32,
    /// Memory for storage (Spark: `Maximum Memory`).
    pub max_memory: Bytes,
    /// When it was added.
    pub add_time: Option<TimestampMs>,
    /// When it was removed.
    pub remove_time: Option<TimestampMs>,
    /// Spark's text of the removal.
    pub remove_reason: Option<String>,
    /// Its tasks by state.
    pub tasks: TaskCounts,
    /// Sum of the durations of its ended tasks (Spark's `totalDuration`).
    pub total_duration: Millis,
    /// Sums over its ended tasks.
    pub metrics: TaskMetrics,
    /// Peaks of its memory; zeros where Spark reported none.
    pub peak_memory: PeakMemory,
}

/// Whether an executor is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutorStatus {
    /// Added and not removed.
    Active,
    /// Removed.
    Removed,
}

/// Peaks of an executor's memory (`ExecutorMetrics` of Spark), in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PeakMemory {
    /// `JVMHeapMemory`.
    pub jvm_heap: Bytes,
    /// `JVMOffHeapMemory`.
    pub jvm_off_heap: Bytes,
    /// `OnHeapExecutionMemory`.
    pub on_heap_execution: Bytes,
    /// `OnHeapStorageMemory`.
    pub on_heap_storage: Bytes,
    /// `ProcessTreeJVMRSSMemory`; 0 unless process-tree metrics are on.
    pub process_tree_jvm_rss: Bytes,
    /// `ProcessTreePythonRSSMemory`; 0 unless process-tree metrics are on.
    pub process_tree_python_rss: Bytes,
}

impl PeakMemory {
    /// Takes the larger of each value.
    pub fn raise_to(&mut self, other: &Self) {
        self.jvm_heap = self.jvm_heap.max(other.jvm_heap);
        self.jvm_off_heap = self.jvm_off_heap.max(other.jvm_off_heap);
        self.on_heap_execution = self.on_heap_execution.max(other.on_heap_execution);
        self.on_heap_storage = self.on_heap_storage.max(other.on_heap_storage);
        self.process_tree_jvm_rss = self.process_tree_jvm_rss.max(other.process_tree_jvm_rss);
        self.process_tree_python_rss =
            self.process_tree_python_rss.max(other.process_tree_python_rss);
    }
}

/// How much of the truth an [`Application`] holds. Reports mark themselves partial by it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Completeness {
    /// Whether the application's end was seen.
    pub ended: bool,
    /// What cut the log short, in words; `None` when nothing did.
    pub truncated: Option<String>,
    /// Lines that were no JSON object or lacked required fields.
    pub bad_lines: u64,
    /// The first few of them: line number (from 1) and what was wrong.
    pub bad_line_samples: Vec<(u64, String)>,
    /// Events of kinds that this version does not know, by name.
    pub unknown_events: BTreeMap<String, u64>,
    /// Events that the listener shed, by kind.
    pub shed_events: BTreeMap<String, u64>,
    /// Tasks that completed stages planned but whose end was never seen.
    pub lost_task_ends: u64,
}

impl Completeness {
    /// Whether rates and sums may be too low.
    pub fn is_partial(&self) -> bool {
        !self.ended
            || self.truncated.is_some()
            || self.bad_lines > 0
            || self.lost_task_ends > 0
            || self.shed_events.contains_key("SparkListenerTaskEnd")
    }
}
