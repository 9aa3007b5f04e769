use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A run in lists and at the head of its page. The API calls runs jobs, because that is its users' word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Unique in this server.
    pub job_id: String,
    /// The spec's name, or the application's for an observed run.
    pub job_name: String,
    /// `batch`, `streaming` or `application`.
    pub job_type: String,
    /// `QUEUED`, `RUNNING`, `COMPLETED`, `FAILED`, `CANCELLED`, `TIMED_OUT` or `LOST`.
    pub status: String,
    /// The state in full: `queued`, `submitting`, `starting`, `running`, `succeeded`, `failed`, `cancelled`, `timed_out`, `lost`.
    pub state: String,
    /// `launched` here, or `observed` in a record.
    pub origin: String,
    /// What executed it, for example `local`.
    pub engine: String,
    /// Who ran it, as Spark says.
    pub user: String,
    /// When it was recorded.
    pub created_time: String,
    /// When Spark started it.
    pub start_time: Option<String>,
    /// When it ended.
    pub end_time: Option<String>,
    /// From start to end, or to now while it runs.
    pub duration_ms: Option<u64>,
    /// Spark's application id.
    pub application_id: Option<String>,
    /// Spark's version.
    pub spark_version: Option<String>,
    /// Stages that ran.
    pub num_stages: u64,
    /// Tasks that ended.
    pub num_tasks: u64,
    /// Tasks that failed.
    pub num_failed_tasks: u64,
    /// Executors that ran tasks.
    pub num_executors: u64,
    /// Sum of executor run time over all tasks.
    pub task_time_ms: u64,
    /// Sum of the tasks' garbage-collection time.
    pub gc_time_ms: u64,
    /// Read from storage.
    pub input_bytes: u64,
    /// Written to storage.
    pub output_bytes: u64,
    /// Shuffle data read.
    pub shuffle_read_bytes: u64,
    /// Shuffle data written.
    pub shuffle_write_bytes: u64,
    /// Spilled to disk.
    pub disk_spill_bytes: u64,
    /// In-memory size of spilled data.
    pub memory_spill_bytes: u64,
    /// Findings of its report; `null` until it was analyzed.
    pub num_findings: Option<u64>,
    /// `critical`, `warning`, `info`, or `null` when there is no finding.
    pub worst_severity: Option<String>,
    /// Exit code of the driver.
    pub exit_code: Option<i64>,
    /// One line that says why it failed.
    pub error: Option<String>,
    /// Whether figures may be too low because events were lost or the record is cut.
    pub partial: bool,
    /// The run whose advice this one carries.
    pub advice_from: Option<String>,
    /// Whole seconds from start to end.
    pub duration_seconds: Option<u64>,
    /// The same in words: `1h 2m 3s`.
    pub duration_formatted: Option<String>,
    /// Read from storage, in units of 1,048,576 bytes.
    pub input_size_mb: f64,
    /// Written to storage, in the same unit.
    pub output_size_mb: f64,
    /// Shuffle data read, in the same unit.
    pub shuffle_read_mb: f64,
    /// Shuffle data written, in the same unit.
    pub shuffle_write_mb: f64,
    /// Memory of one executor, in the same unit; `null` for runs.
    pub memory_per_executor_mb: Option<i64>,
    /// Memory of all executors, in the same unit; `null` for runs.
    pub total_memory_mb: Option<i64>,
    /// Cores of one executor; `null` for runs.
    pub cpu_cores_per_executor: Option<i64>,
    /// From 1, more for a retry; `null` for runs.
    pub attempt: Option<i64>,
    /// The job that it repeats, of a data set.
    pub retry_of: Option<String>,
    /// What a generated data set plays with it.
    pub scenario: Option<String>,
}

/// A page of runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobList {
    /// The rows.
    pub jobs: Vec<Job>,
    /// Where this page lies.
    pub pagination: Pagination,
    /// For `cursor` of the next page; `null` on the last one.
    pub next_cursor: Option<String>,
}

/// Where a page lies in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pagination {
    /// Rows that match, over all pages.
    pub total: u64,
    /// Rows asked for.
    pub limit: u64,
    /// Rows skipped.
    pub offset: u64,
    /// Whether rows follow.
    pub has_more: bool,
}

/// Everything about a run but its tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobDetail {
    /// The row of the list.
    pub job: Job,
    /// Its tries, first one first.
    pub attempts: Vec<Attempt>,
    /// The spec's file name as it was given; `null` for observed runs.
    pub spec_name: Option<String>,
    /// Parameters that were set for this run.
    pub parameters: BTreeMap<String, String>,
    /// The environment of the spec that was chosen.
    pub environment: Option<String>,
    /// Advice that was applied to its spec.
    pub applied_advice: Vec<AppliedPatch>,
    /// What was capped or chosen for the user at launch, in sentences.
    pub notes: Vec<String>,
    /// Why it has no stages, tasks and findings: a sentence, `null` of a run on Spark. What it has executed instead is at
    /// `/api/jobs/{job_id}/executed`.
    pub nothing_inside: Option<String>,
    /// Why the figures are partial, in sentences; empty when they are whole.
    pub partial_reasons: Vec<String>,
    /// Spark properties that were set, redacted.
    pub spark_properties: BTreeMap<String, String>,
    /// When time runs out, counted from submission; `null` when it never does.
    pub timeout_ms: Option<u64>,
}

/// One try of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// From 1.
    pub attempt: u32,
    /// Its state, as the run's.
    pub state: String,
    /// When its intent was recorded.
    pub created_time: String,
    /// When it ended.
    pub end_time: Option<String>,
    /// Exit code of the driver.
    pub exit_code: Option<i64>,
    /// Where its event log lies.
    pub event_log: Option<String>,
}

/// A patch that was applied to a spec before it was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppliedPatch {
    /// The change as `key=value`.
    pub patch: String,
    /// The findings that asked for it.
    pub findings: Vec<String>,
}

/// Asks for a run of a spec.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct SubmitJob {
    /// The spec's text, YAML or JSON.
    pub spec: String,
    /// Its file name, for messages.
    pub spec_name: String,
    /// The folder that relative paths of the spec start from, on the server's machine.
    pub base_directory: String,
    /// Values for the spec's parameters.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// One of the spec's environments, whose values lie over its own.
    #[serde(default)]
    pub environment: Option<String>,
    /// Texts of the files of custom components that the spec names, by path as it writes them.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Engine or profile; the spec's own when left out.
    #[serde(default)]
    pub engine: Option<String>,
    /// Apply the advice of the newest analyzed run of a spec of this name.
    #[serde(default)]
    pub apply_advice: bool,
    /// Ends the run when it lasts longer, in milliseconds from submission.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// Attempts beside the first one, for failures that are the cluster's: preempted, unreachable, lost.
    #[serde(default)]
    pub retries: u32,
    /// Repeating a request with the same key answers with the first one's run.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// The answer to [`SubmitJob`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SubmittedJob {
    /// The run.
    pub job: Job,
    /// Whether the idempotency key had been seen, so that nothing new was started.
    pub existed: bool,
    /// Advice that was applied.
    pub applied_advice: Vec<AppliedPatch>,
    /// What the check of the spec remarked, rendered.
    pub warnings: Vec<String>,
}

/// The spec of a run and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpecSource {
    /// The spec's text as it was run, applied advice included.
    pub text: String,
    /// The PySpark that was submitted, byte for byte.
    pub pyspark: String,
}

/// What a run has executed on a Spark Connect server; of runs on Sail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExecutedJob {
    /// Who computed it, with its version.
    pub engine: String,
    /// The commands in their order; none before the run has begun to execute.
    pub commands: Vec<ExecutedCommand>,
}

/// A command of Spark Connect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExecutedCommand {
    /// The node of the document.
    pub node: String,
    /// What is written where, and below it the relation, inputs below what reads them.
    pub text: String,
    /// Where its message is, byte for byte as it was sent: a `spark.connect.Plan` of protocol buffers.
    pub plan_url: String,
    /// Size of that message.
    pub plan_bytes: u64,
}

/// A part of the log of a driver or an executor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogPage {
    /// The text; bytes that are no UTF-8 are replaced.
    pub text: String,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// Where to go on reading, in bytes.
    pub next_offset: u64,
    /// Size of the log now, in bytes.
    pub size: u64,
    /// Whether nothing will be added any more.
    pub complete: bool,
}

/// Lines of a log with a text in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogMatches {
    /// In the order of the log.
    pub lines: Vec<LogLine>,
    /// Where the next search goes on, in bytes.
    pub next_offset: u64,
    /// Size of the log now, in bytes.
    pub size: u64,
    /// Whether nothing will be added any more.
    pub complete: bool,
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// Where it begins, in bytes.
    pub offset: u64,
    /// Without its end; at most 64 KiB of it.
    pub text: String,
}

/// The executors that have a log of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExecutorLogList {
    /// By number; none where executors print into the driver's log.
    pub executors: Vec<ExecutorLog>,
}

/// The log of an executor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExecutorLog {
    /// Spark's id.
    pub executor_id: String,
    /// Size of what is here of it now, in bytes.
    pub size: u64,
}

/// What came of the expectations of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExpectationList {
    /// In the order in which they were checked; while the run lasts, those that are known.
    pub expectations: Vec<ExpectationResult>,
}

/// What came of one expectation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExpectationResult {
    /// The node of the document.
    pub node: String,
    /// Name of the expectation, unique in its node.
    pub name: String,
    /// What is expected: not_null, unique, range, set, pattern, references, freshness, row_count, sql or query.
    pub kind: String,
    /// What happens when it is not met: warn, drop, quarantine or fail.
    pub on_fail: String,
    /// Rows that were looked at.
    pub rows: u64,
    /// Those that were wrong; of freshness and row_count 1 when it is not met, of a query its rows.
    pub failed: u64,
    /// Those that were right; nothing of freshness, row_count and query.
    pub passed: Option<u64>,
    /// passed, warned, dropped, quarantined or failed.
    pub status: String,
}

/// Asks for the collection of event logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CollectRequest {
    /// A log directory or a single log: a path on the server's machine, or the URL of an object store, which is read
    /// with the server's credentials.
    pub path: String,
    /// Whether directories below are looked at, too.
    #[serde(default)]
    pub recursive: bool,
}

/// What a collection did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct CollectResult {
    /// Runs that are new or newer.
    pub collected: u64,
    /// Logs that had not changed.
    pub unchanged: u64,
    /// Logs that could not be read.
    pub failed: Vec<CollectFailure>,
    /// Logs that were read now, of which something is wrong.
    #[serde(default)]
    pub warnings: Vec<CollectWarning>,
}

/// A log that was read, though not as a whole, or that is there twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CollectWarning {
    /// Its path or URL.
    pub log: String,
    /// What is wrong, one sentence each, with the file and the byte where there is one.
    pub reasons: Vec<String>,
}

/// A log or directory that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CollectFailure {
    /// What happened, with the path or URL.
    pub reason: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Who answers here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Server {
    /// The program's version.
    pub version: String,
    /// Sparks that runs can be sent to, as `name version`.
    pub engines: Vec<String>,
    /// Runs by state.
    pub jobs_by_state: BTreeMap<String, u64>,
}
