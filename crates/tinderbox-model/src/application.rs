use crate::{
    ApplicationId, Bytes, ConnectOperation, ConnectSession, ExecutorId, JobId, Millis, PeakMemory,
    RddStorage, SparkVersion, SqlExecution, SqlExecutionId, Stage, StageId, StreamingQuery,
    TaskCounts, TaskMetrics, TimestampMs, conf_key,
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
    /// Cached RDDs by id.
    #[serde(default)]
    pub rdds: Vec<RddStorage>,
    /// Resource profiles by id.
    #[serde(default)]
    pub resource_profiles: Vec<ResourceProfile>,
    /// Processes beside executors, such as YARN's application master.
    #[serde(default)]
    pub processes: Vec<Process>,
    /// Queries of Structured Streaming in order of their start.
    #[serde(default)]
    pub streaming: Vec<StreamingQuery>,
    /// Sessions of Spark Connect in order of their start.
    #[serde(default)]
    pub connect_sessions: Vec<ConnectSession>,
    /// Operations of Spark Connect in order of their start.
    #[serde(default)]
    pub connect_operations: Vec<ConnectOperation>,
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
    /// Hadoop's configuration, by key.
    #[serde(default)]
    pub hadoop_properties: BTreeMap<String, String>,
    /// Java's system properties, by key.
    #[serde(default)]
    pub system_properties: BTreeMap<String, String>,
    /// Configuration of Spark's metrics system, by key.
    #[serde(default)]
    pub metrics_properties: BTreeMap<String, String>,
    /// Entries of the classpath with where they came from, by entry.
    #[serde(default)]
    pub classpath: BTreeMap<String, String>,
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
    /// Tags of the job, sorted (`SparkContext.addJobTag`, Spark Connect).
    #[serde(default)]
    pub tags: Vec<String>,
    /// Different task indices that succeeded, over its stages.
    #[serde(default)]
    pub num_completed_indices: u32,
    /// Killed tasks by reason.
    #[serde(default)]
    pub killed_tasks: Vec<(String, u32)>,
    /// Its stages by state.
    #[serde(default)]
    pub stage_counts: StageCounts,
}

impl Job {
    /// A running job that is known by its number only.
    pub fn new(id: JobId) -> Self {
        Self {
            id,
            name: String::new(),
            description: None,
            group: None,
            sql_execution: None,
            submission_time: None,
            completion_time: None,
            status: JobStatus::Running,
            failure_reason: None,
            stages: Vec::new(),
            num_tasks: 0,
            tasks: TaskCounts::default(),
            num_skipped_tasks: 0,
            tags: Vec::new(),
            num_completed_indices: 0,
            killed_tasks: Vec::new(),
            stage_counts: StageCounts::default(),
        }
    }
}

/// Stages of a job by state, as Spark counts them: a stage that ran twice and failed once counts in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StageCounts {
    /// Submitted less ended; negative when starts were lost.
    pub active: i64,
    /// Different stages that are complete.
    pub complete: u32,
    /// Different stages that were skipped.
    pub skipped: u32,
    /// Attempts that failed.
    pub failed: u32,
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
    /// Its host, from the event that added it.
    #[serde(default)]
    pub host: String,
    /// Cores; 0 for a driver that runs no tasks.
    pub total_cores: u32,
    /// Tasks that it can run at a time.
    #[serde(default)]
    pub max_tasks: u32,
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
    /// Sum of the durations of its ended tasks, each counted once (Spark's `totalDuration`, from 4.3 on).
    pub total_duration: Millis,
    /// Of that, tasks that ended a second time, as resubmitted, while the executor was still known.
    #[serde(default)]
    pub resubmitted_time: Millis,
    /// Sums over its ended tasks.
    pub metrics: TaskMetrics,
    /// Peaks of its memory.
    pub peak_memory: PeakMemory,
    /// Tasks that started on it.
    #[serde(default)]
    pub num_started_tasks: u32,
    /// Where its logs are: name and URL, in Spark's order.
    #[serde(default)]
    pub logs: Vec<(String, String)>,
    /// Attributes that the cluster manager gave, in Spark's order.
    #[serde(default)]
    pub attributes: Vec<(String, String)>,
    /// Resources such as GPUs, with their addresses, in Spark's order.
    #[serde(default)]
    pub resources: Vec<ExecutorResource>,
    /// Resource profile, 0 is the default one.
    #[serde(default)]
    pub resource_profile: i64,
    /// Storage memory in use and in all; `None` in logs before Spark 2.3.
    #[serde(default)]
    pub storage_memory: Option<StorageMemory>,
    /// Cached blocks, as block updates tell.
    #[serde(default)]
    pub rdd_blocks: i64,
    /// Memory of stored blocks.
    #[serde(default)]
    pub memory_used: Bytes,
    /// Disk of stored blocks.
    #[serde(default)]
    pub disk_used: Bytes,
    /// Whether Spark schedules nothing on it because of failures.
    #[serde(default)]
    pub is_excluded: bool,
    /// Stages for which Spark schedules nothing on it, sorted.
    #[serde(default)]
    pub excluded_in_stages: Vec<StageId>,
}

impl Executor {
    /// An executor that is known by its id only.
    pub fn new(id: ExecutorId) -> Self {
        Self {
            id,
            host_port: String::new(),
            status: ExecutorStatus::Active,
            host: String::new(),
            total_cores: 0,
            max_tasks: 0,
            max_memory: Bytes::ZERO,
            add_time: None,
            remove_time: None,
            remove_reason: None,
            tasks: TaskCounts::default(),
            total_duration: Millis::ZERO,
            resubmitted_time: Millis::ZERO,
            metrics: TaskMetrics::default(),
            peak_memory: PeakMemory::default(),
            num_started_tasks: 0,
            logs: Vec::new(),
            attributes: Vec::new(),
            resources: Vec::new(),
            resource_profile: 0,
            storage_memory: None,
            rdd_blocks: 0,
            memory_used: Bytes::ZERO,
            disk_used: Bytes::ZERO,
            is_excluded: false,
            excluded_in_stages: Vec::new(),
        }
    }
}

/// A resource of an executor (Spark: `ResourceInformation`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutorResource {
    /// Its name, for example `gpu`.
    pub name: String,
    /// Addresses, sorted.
    pub addresses: Vec<String>,
}

/// Storage memory of an executor in bytes (Spark: `MemoryMetrics`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StorageMemory {
    /// In use on the heap.
    pub used_on_heap: Bytes,
    /// In use off the heap.
    pub used_off_heap: Bytes,
    /// In all on the heap.
    pub total_on_heap: Bytes,
    /// In all off the heap.
    pub total_off_heap: Bytes,
}

/// A resource profile (Spark: `ResourceProfile`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ResourceProfile {
    /// Its id; 0 is the default one.
    pub id: i64,
    /// What an executor asks for, in Spark's order.
    pub executor: Vec<ExecutorResourceRequest>,
    /// What a task takes: resource and amount, in Spark's order.
    pub task: Vec<(String, f64)>,
}

/// One resource that an executor asks for (Spark: `ExecutorResourceRequest`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutorResourceRequest {
    /// `cores`, `memory`, `gpu`, …
    pub name: String,
    /// How much: cores, MiB or pieces.
    pub amount: i64,
    /// Script that finds the addresses; often empty.
    pub discovery_script: String,
    /// Vendor; often empty.
    pub vendor: String,
}

/// A process beside executors (Spark: `MiscellaneousProcessDetails`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its id.
    pub id: String,
    /// Host and port.
    pub host_port: String,
    /// Cores.
    pub total_cores: i64,
    /// When it was added.
    pub add_time: TimestampMs,
    /// Where its logs are, in Spark's order.
    pub logs: Vec<(String, String)>,
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
    /// Jobs whose end was never seen though that of the application was.
    pub lost_job_ends: u64,
    /// Events that contradict earlier ones: an end without its beginning, or more than a second before it.
    pub contradictions: u64,
    /// The first few of them: line number (from 1) and what contradicts.
    pub contradiction_samples: Vec<(u64, String)>,
    /// Which figures are not exact though all events were seen, and why; `None` when all are.
    pub approximate: Option<String>,
}

impl Completeness {
    /// Whether rates and sums may be too low.
    pub fn is_partial(&self) -> bool {
        !self.ended
            || self.truncated.is_some()
            || self.bad_lines > 0
            || self.lost_task_ends > 0
            || self.lost_job_ends > 0
            || self.contradictions > 0
            || self.approximate.is_some()
            || self.shed_events.contains_key("SparkListenerTaskEnd")
    }
}
