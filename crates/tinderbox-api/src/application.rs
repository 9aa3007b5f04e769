//! What happened inside a run: Spark's jobs, stages, tasks, executors and operators.

use crate::rfc3339;
use serde::{Deserialize, Serialize};
use tinderbox_model as model;
use utoipa::ToSchema;

/// The stages of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StageList {
    /// The run.
    pub job_id: String,
    /// Stage attempts by id.
    pub stages: Vec<Stage>,
}

/// One stage attempt. Sums are over all its ended tasks, as in Spark's History Server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stage {
    /// Spark's stage id.
    pub stage_id: i64,
    /// Attempt from 0.
    pub attempt: u32,
    /// The call site in short form.
    pub name: String,
    /// `PENDING`, `ACTIVE`, `COMPLETE`, `FAILED` or `SKIPPED`.
    pub status: String,
    /// Its parents.
    pub parent_ids: Vec<i64>,
    /// The Spark jobs that need it.
    pub spark_job_ids: Vec<i64>,
    /// The SQL execution behind it.
    pub sql_execution_id: Option<i64>,
    /// Tasks planned.
    pub num_tasks: u32,
    /// Tasks running.
    pub num_active_tasks: u32,
    /// Tasks that succeeded.
    pub num_complete_tasks: u32,
    /// Tasks that failed.
    pub num_failed_tasks: u32,
    /// Tasks that were killed.
    pub num_killed_tasks: u32,
    /// When it was submitted.
    pub submission_time: Option<String>,
    /// When it ended.
    pub completion_time: Option<String>,
    /// Wall time between the two.
    pub duration_ms: Option<u64>,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// Sum of executor run time.
    pub executor_run_time_ms: u64,
    /// Sum of executor CPU time.
    pub executor_cpu_time_ns: u64,
    /// Sum of garbage-collection time.
    pub gc_time_ms: u64,
    /// Read from storage.
    pub input_bytes: u64,
    /// Records read from storage.
    pub input_records: u64,
    /// Written to storage.
    pub output_bytes: u64,
    /// Records written to storage.
    pub output_records: u64,
    /// Shuffle bytes read, remote and local.
    pub shuffle_read_bytes: u64,
    /// Shuffle records read.
    pub shuffle_read_records: u64,
    /// Shuffle bytes written.
    pub shuffle_write_bytes: u64,
    /// Shuffle records written.
    pub shuffle_write_records: u64,
    /// Time blocked on shuffle data.
    pub shuffle_fetch_wait_ms: u64,
    /// In-memory size of spilled data.
    pub memory_spill_bytes: u64,
    /// Spilled to disk.
    pub disk_spill_bytes: u64,
    /// Sum of the tasks' peaks of execution memory.
    pub peak_execution_memory_bytes: u64,
    /// Task durations of successful tasks, in milliseconds.
    pub task_duration_ms: Quantiles,
    /// Shuffle bytes read per successful task.
    pub task_shuffle_read_bytes: Quantiles,
    /// Input bytes per successful task.
    pub task_input_bytes: Quantiles,
}

/// How a metric spreads over tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Quantiles {
    /// Smallest.
    pub min: u64,
    /// First quartile.
    pub p25: u64,
    /// Median.
    pub median: u64,
    /// Third quartile.
    pub p75: u64,
    /// 95th percentile.
    pub p95: u64,
    /// Largest.
    pub max: u64,
    /// Whether the inner values are exact; otherwise they lie within 2 %.
    pub exact: bool,
}

impl From<&model::Distribution> for Quantiles {
    fn from(d: &model::Distribution) -> Self {
        Self {
            min: d.min(),
            p25: d.quantile(0.25),
            median: d.median(),
            p75: d.quantile(0.75),
            p95: d.quantile(0.95),
            max: d.max(),
            exact: d.is_exact(),
        }
    }
}

/// Spark's word for a state, as in its REST.
pub(crate) fn spark_word<T: Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

impl From<&model::Stage> for Stage {
    fn from(stage: &model::Stage) -> Self {
        let m = &stage.metrics;
        Self {
            stage_id: stage.id.stage.0,
            attempt: stage.id.attempt,
            name: stage.name.clone(),
            status: spark_word(stage.status),
            parent_ids: stage.parents.iter().map(|id| id.0).collect(),
            spark_job_ids: stage.jobs.iter().map(|id| id.0).collect(),
            sql_execution_id: stage.sql_execution.map(|id| id.0),
            num_tasks: stage.num_tasks,
            num_active_tasks: stage.tasks.active,
            num_complete_tasks: stage.tasks.complete,
            num_failed_tasks: stage.tasks.failed,
            num_killed_tasks: stage.tasks.killed,
            submission_time: stage.submission_time.map(rfc3339),
            completion_time: stage.completion_time.map(rfc3339),
            duration_ms: stage.duration().map(|d| d.0),
            failure_reason: stage.failure_reason.clone(),
            executor_run_time_ms: m.executor_run_time.0,
            executor_cpu_time_ns: m.executor_cpu_time.0,
            gc_time_ms: m.jvm_gc_time.0,
            input_bytes: m.input_bytes.0,
            input_records: m.input_records,
            output_bytes: m.output_bytes.0,
            output_records: m.output_records,
            shuffle_read_bytes: m.shuffle_read_bytes().0,
            shuffle_read_records: m.shuffle_read_records,
            shuffle_write_bytes: m.shuffle_write_bytes.0,
            shuffle_write_records: m.shuffle_write_records,
            shuffle_fetch_wait_ms: m.shuffle_fetch_wait_time.0,
            memory_spill_bytes: m.memory_bytes_spilled.0,
            disk_spill_bytes: m.disk_bytes_spilled.0,
            peak_execution_memory_bytes: m.peak_execution_memory.0,
            task_duration_ms: (&stage.distributions.duration).into(),
            task_shuffle_read_bytes: (&stage.distributions.shuffle_read_bytes).into(),
            task_input_bytes: (&stage.distributions.input_bytes).into(),
        }
    }
}

/// The Spark jobs of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SparkJobList {
    /// The run.
    pub job_id: String,
    /// Spark's jobs by id.
    pub spark_jobs: Vec<SparkJob>,
}

/// A job in Spark's sense: one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SparkJob {
    /// Spark's id.
    pub spark_job_id: i64,
    /// The call site.
    pub name: String,
    /// The user's description.
    pub description: Option<String>,
    /// `RUNNING`, `SUCCEEDED`, `FAILED` or `UNKNOWN`.
    pub status: String,
    /// When it was submitted.
    pub submission_time: Option<String>,
    /// When it ended.
    pub completion_time: Option<String>,
    /// Its stages.
    pub stage_ids: Vec<i64>,
    /// Tasks planned for the stages it had to run.
    pub num_tasks: u32,
    /// Tasks that succeeded.
    pub num_complete_tasks: u32,
    /// Tasks that failed.
    pub num_failed_tasks: u32,
    /// Tasks of stages that it skipped.
    pub num_skipped_tasks: u32,
    /// The SQL execution behind it.
    pub sql_execution_id: Option<i64>,
}

impl From<&model::Job> for SparkJob {
    fn from(job: &model::Job) -> Self {
        Self {
            spark_job_id: job.id.0,
            name: job.name.clone(),
            description: job.description.clone(),
            status: spark_word(job.status),
            submission_time: job.submission_time.map(rfc3339),
            completion_time: job.completion_time.map(rfc3339),
            stage_ids: job.stages.iter().map(|id| id.0).collect(),
            num_tasks: job.num_tasks,
            num_complete_tasks: job.tasks.complete,
            num_failed_tasks: job.tasks.failed,
            num_skipped_tasks: job.num_skipped_tasks,
            sql_execution_id: job.sql_execution.map(|id| id.0),
        }
    }
}

/// The executors of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExecutorList {
    /// The run.
    pub job_id: String,
    /// Executors in order of appearance.
    pub executors: Vec<Executor>,
}

/// An executor; the driver of a local run is one as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Executor {
    /// Spark's id.
    pub executor_id: String,
    /// Host and port.
    pub host_port: String,
    /// Whether it is there.
    pub active: bool,
    /// Cores.
    pub total_cores: u32,
    /// When it was added.
    pub add_time: Option<String>,
    /// When it was removed.
    pub remove_time: Option<String>,
    /// Why it was removed.
    pub remove_reason: Option<String>,
    /// Tasks running.
    pub num_active_tasks: u32,
    /// Tasks that succeeded.
    pub num_complete_tasks: u32,
    /// Tasks that failed.
    pub num_failed_tasks: u32,
    /// Sum of its tasks' durations.
    pub task_time_ms: u64,
    /// Sum of its tasks' garbage-collection time.
    pub gc_time_ms: u64,
    /// Read from storage.
    pub input_bytes: u64,
    /// Shuffle data read.
    pub shuffle_read_bytes: u64,
    /// Shuffle data written.
    pub shuffle_write_bytes: u64,
    /// Memory for storage.
    pub max_memory_bytes: u64,
    /// Peak of the JVM heap; 0 when Spark reported none.
    pub peak_jvm_heap_bytes: u64,
}

impl From<&model::Executor> for Executor {
    fn from(executor: &model::Executor) -> Self {
        Self {
            executor_id: executor.id.to_string(),
            host_port: executor.host_port.clone(),
            active: executor.status == model::ExecutorStatus::Active,
            total_cores: executor.total_cores,
            add_time: executor.add_time.map(rfc3339),
            remove_time: executor.remove_time.map(rfc3339),
            remove_reason: executor.remove_reason.clone(),
            num_active_tasks: executor.tasks.active,
            num_complete_tasks: executor.tasks.complete,
            num_failed_tasks: executor.tasks.failed,
            task_time_ms: executor.total_duration.0,
            gc_time_ms: executor.metrics.jvm_gc_time.0,
            input_bytes: executor.metrics.input_bytes.0,
            shuffle_read_bytes: executor.metrics.shuffle_read_bytes().0,
            shuffle_write_bytes: executor.metrics.shuffle_write_bytes.0,
            max_memory_bytes: executor.max_memory.0,
            peak_jvm_heap_bytes: executor.peak_memory.bytes(model::ExecutorMetric::JvmHeap).0,
        }
    }
}

/// What went wrong in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorList {
    /// The run.
    pub job_id: String,
    /// Errors, the one that ended the run first.
    pub errors: Vec<JobError>,
}

/// One error, or a group of equal task failures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobError {
    /// `run`, `sql`, `spark_job`, `stage` or `task`; of jobs of data sets `run` or `operator`.
    pub scope: String,
    /// The class: Spark's end reason, or our classification of the exit.
    pub class: String,
    /// First line.
    pub message: String,
    /// The whole text.
    pub text: String,
    /// How often it was seen.
    pub count: u64,
    /// The stage it belongs to.
    pub stage_id: Option<i64>,
    /// When it was first seen.
    pub first_time: Option<String>,
    /// The errors that its text tells of, outermost first; empty when the text names none.
    pub causes: Vec<ErrorCause>,
    /// `JOB_FAILURE` of a run or job, `OPERATOR_FAILURE` of a part of it; of jobs of data sets what they say, also
    /// `WARNING`.
    pub error_type: String,
    /// What happened: the first line, of jobs of data sets their message.
    pub error_message: String,
    /// When it was first seen.
    pub error_timestamp: Option<String>,
    /// The operator, where it is one's. Only data sets tell it.
    pub operator_id: Option<String>,
    /// Where in the program it came from, as far as it was told.
    pub stack_trace: Option<String>,
    /// How often it was tried again. Only data sets tell it.
    pub retry_count: Option<i64>,
    /// Whether trying again may help. Only data sets tell it.
    pub is_recoverable: Option<bool>,
}

/// An error of a chain, from a stack trace of Java or Python.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorCause {
    /// `top`; `caused_by` and `suppressed` as Java says, the first also Python's direct cause; `inside`: named in the
    /// message of the one before; `while`: Python's exception during the handling of another.
    pub relation: String,
    /// Its class.
    pub class: String,
    /// First line of its message.
    pub message: String,
    /// Where it was thrown: `Class.method(File.scala:12)` or `file.py:12 in function`.
    pub at: Option<String>,
}

/// When the stages and tasks of a run ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Timeline {
    /// The run.
    pub job_id: String,
    /// Start of the application, milliseconds since 1970 UTC: times below count from here.
    pub origin_ms: i64,
    /// End, or the latest event, relative to the origin.
    pub length_ms: u64,
    /// Stage bars.
    pub stages: Vec<TimelineStage>,
    /// Task bars.
    pub tasks: TimelineTasks,
    /// When the job began.
    pub job_start: Option<String>,
    /// When it ended.
    pub job_end: Option<String>,
    /// Whole seconds between the two.
    pub total_duration: u64,
    /// Operators of a job of a data set, by their begin; none of runs.
    #[serde(default)]
    pub operators: Vec<crate::DataSetOperator>,
}

/// A stage on the timeline; times are relative to the origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimelineStage {
    /// Spark's stage id.
    pub stage_id: i64,
    /// Attempt from 0.
    pub attempt: u32,
    /// The call site.
    pub name: String,
    /// Spark's stage status.
    pub status: String,
    /// Begin.
    pub start_ms: u64,
    /// End; `null` while it runs.
    pub end_ms: Option<u64>,
}

/// Task bars as columns of equal length; times are relative to the origin.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct TimelineTasks {
    /// Lanes: one for each core slot of each executor, as `executor/slot`.
    pub lanes: Vec<String>,
    /// Index into the lanes.
    pub lane: Vec<u32>,
    /// Spark's task id.
    pub task_id: Vec<i64>,
    /// Stage.
    pub stage_id: Vec<i64>,
    /// Begin.
    pub start_ms: Vec<u64>,
    /// End.
    pub end_ms: Vec<u64>,
    /// Whether it failed or was killed.
    pub failed: Vec<bool>,
    /// Tasks that are not in the columns because there are too many; the longest are kept.
    pub omitted: u64,
}

/// A page of tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskList {
    /// The run.
    pub job_id: String,
    /// The rows.
    pub tasks: Vec<TaskRow>,
    /// Where this page lies.
    pub pagination: crate::Pagination,
}

/// One task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskRow {
    /// Spark's id.
    pub task_id: i64,
    /// Stage.
    pub stage_id: i64,
    /// Stage attempt.
    pub stage_attempt: u32,
    /// Position in the stage.
    pub index: i64,
    /// Attempt of that position.
    pub attempt: i64,
    /// `RUNNING`, `SUCCESS`, `FAILED` or `KILLED`.
    pub status: String,
    /// Where it ran.
    pub executor_id: String,
    /// Locality.
    pub locality: String,
    /// When it was launched.
    pub launch_time: String,
    /// Launch to finish.
    pub duration_ms: u64,
    /// Executor run time.
    pub executor_run_time_ms: u64,
    /// Garbage collection.
    pub gc_time_ms: u64,
    /// Scheduler delay.
    pub scheduler_delay_ms: u64,
    /// Read from storage.
    pub input_bytes: u64,
    /// Shuffle data read.
    pub shuffle_read_bytes: u64,
    /// Shuffle records read.
    pub shuffle_read_records: u64,
    /// Shuffle data written.
    pub shuffle_write_bytes: u64,
    /// Spilled to disk.
    pub disk_spill_bytes: u64,
    /// In-memory size of spilled data.
    pub memory_spill_bytes: u64,
    /// What it failed with.
    pub error_message: Option<String>,
}

impl From<&model::Task> for TaskRow {
    fn from(task: &model::Task) -> Self {
        let m = task.metrics.unwrap_or_default();
        Self {
            task_id: task.id.0,
            stage_id: task.stage.stage.0,
            stage_attempt: task.stage.attempt,
            index: task.index,
            attempt: task.attempt,
            status: spark_word(task.status),
            executor_id: task.executor.to_string(),
            locality: task.locality.to_string(),
            launch_time: rfc3339(task.launch_time),
            duration_ms: task.duration().0,
            executor_run_time_ms: m.executor_run_time.0,
            gc_time_ms: m.jvm_gc_time.0,
            scheduler_delay_ms: task.scheduler_delay().0,
            input_bytes: m.input_bytes.0,
            shuffle_read_bytes: m.shuffle_read_bytes().0,
            shuffle_read_records: m.shuffle_read_records,
            shuffle_write_bytes: m.shuffle_write_bytes.0,
            disk_spill_bytes: m.disk_bytes_spilled.0,
            memory_spill_bytes: m.memory_bytes_spilled.0,
            error_message: task.error_message.clone(),
        }
    }
}
