//! What the use cases answer with: plain values that know neither HTTP nor SQL.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tinderbox_collect::{Depth, Location};
use tinderbox_model::{
    AttemptNumber, Bytes, FindingId, Millis, Origin, Patch, RunId, RunState, RunTotals,
    StageAttemptId, Task, TaskStatus, TimestampMs,
};
use tinderbox_table::{Direction, PackMetric, PackQuery, PackSort};

/// Asks for a run of a spec.
#[derive(Debug, Clone, Default)]
pub struct Submission {
    /// The spec's text.
    pub spec: String,
    /// Its file name, for messages.
    pub spec_name: String,
    /// Where relative paths of the spec start.
    pub base_directory: PathBuf,
    /// Values for the spec's parameters.
    pub parameters: BTreeMap<String, String>,
    /// One of the spec's environments.
    pub environment: Option<String>,
    /// Texts of the files that the spec names, by path as it writes them.
    pub files: BTreeMap<String, String>,
    /// Engine or profile; the spec's own, then local Spark, when `None`.
    pub engine: Option<String>,
    /// Apply the advice of the newest analyzed run of a spec of this name.
    pub apply_advice: bool,
    /// Ends the run when it lasts longer, counted from submission.
    pub timeout: Option<Millis>,
    /// Attempts beside the first one, for failures that are the cluster's.
    pub retries: u32,
    /// Repeating it answers with the first one's run.
    pub idempotency_key: Option<String>,
}

/// The answer to a [`Submission`].
#[derive(Debug, Clone)]
pub struct Submitted {
    /// The run.
    pub run: RunView,
    /// Whether the idempotency key had been seen.
    pub existed: bool,
    /// Advice that was applied.
    pub applied: Vec<AppliedAdvice>,
    /// Remarks of the spec's check, rendered for a terminal.
    pub warnings: Vec<String>,
}

/// A patch and the findings behind it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AppliedAdvice {
    /// The change.
    pub patch: Patch,
    /// Why.
    pub findings: Vec<FindingId>,
}

/// A run as lists show it. While it lasts, the figures are those of the live stream.
#[derive(Debug, Clone, PartialEq)]
pub struct RunView {
    /// Unique in the data directory.
    pub id: RunId,
    /// The spec's or the application's name.
    pub name: String,
    /// `batch`, `streaming` or `application`.
    pub job_type: String,
    /// Launched here or observed.
    pub origin: Origin,
    /// What executed it.
    pub engine: String,
    /// Where it stands.
    pub state: RunState,
    /// Who ran it, as Spark says; empty until Spark has said.
    pub user: String,
    /// When it was recorded.
    pub created: TimestampMs,
    /// When Spark started it.
    pub started: Option<TimestampMs>,
    /// When it ended.
    pub ended: Option<TimestampMs>,
    /// From start to end, or to now while it runs.
    pub duration: Option<Millis>,
    /// Spark's application id.
    pub application_id: Option<String>,
    /// Spark's version.
    pub spark_version: Option<String>,
    /// Sums over its tasks.
    pub totals: RunTotals,
    /// Findings of its report; `None` until it was analyzed.
    pub num_findings: Option<u64>,
    /// The worst severity of its findings.
    pub worst_severity: Option<String>,
    /// Exit code of the driver.
    pub exit_code: Option<i64>,
    /// Why it failed, in one line.
    pub error: Option<String>,
    /// Whether figures may be too low.
    pub partial: bool,
    /// The run whose advice it carries.
    pub advice_run: Option<RunId>,
}

/// Everything about a run but its tables.
#[derive(Debug, Clone)]
pub struct RunDetail {
    /// The row of the list.
    pub run: RunView,
    /// Its tries.
    pub attempts: Vec<AttemptView>,
    /// The spec's file name; `None` for observed runs.
    pub spec_name: Option<String>,
    /// Parameters that were set.
    pub parameters: BTreeMap<String, String>,
    /// The environment of the spec that was chosen.
    pub environment: Option<String>,
    /// Advice that was applied to its spec.
    pub applied: Vec<AppliedAdvice>,
    /// What was capped or chosen at launch, in sentences.
    pub notes: Vec<String>,
    /// Why it has no stages, tasks and findings, in a sentence; `None` of a run on Spark.
    pub nothing_inside: Option<String>,
    /// Why figures are partial, in sentences.
    pub partial_reasons: Vec<String>,
    /// Spark properties that were set, redacted.
    pub spark_properties: BTreeMap<String, String>,
    /// When time runs out, counted from submission.
    pub timeout: Option<Millis>,
}

/// One try of a run.
#[derive(Debug, Clone)]
pub struct AttemptView {
    /// From 1.
    pub attempt: AttemptNumber,
    /// Its state.
    pub state: RunState,
    /// When its intent was recorded.
    pub created: TimestampMs,
    /// When it ended.
    pub ended: Option<TimestampMs>,
    /// Exit code of the driver.
    pub exit_code: Option<i64>,
    /// Where its event log lies.
    pub event_log: Option<String>,
}

/// Which runs, in which order.
#[derive(Debug, Clone, Default)]
pub struct RunQuery {
    /// Any of these; all when empty.
    pub states: Vec<RunState>,
    /// Only this type.
    pub job_type: Option<String>,
    /// Only this engine.
    pub engine: Option<String>,
    /// Part of the name, case ignored.
    pub search: Option<String>,
    /// Order.
    pub sort: RunSortKey,
    /// Largest first.
    pub descending: bool,
    /// Rows wanted.
    pub limit: u64,
    /// Rows to skip.
    pub offset: u64,
}

/// A page of runs.
#[derive(Debug, Clone)]
pub struct RunPage {
    /// The rows.
    pub runs: Vec<RunView>,
    /// Rows that match, over all pages.
    pub total: u64,
}

macro_rules! sort_keys {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every key.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$variant),+];

            /// The name on the wire.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// Reads the name on the wire.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|key| key.as_str() == text)
            }
        }
    };
}

sort_keys! {
    /// What runs can be sorted by.
    RunSortKey {
        /// When it was recorded.
        #[default]
        Created = "created_time",
        /// When Spark started it.
        Started = "start_time",
        /// From start to end.
        Duration = "duration_ms",
        /// Name.
        Name = "job_name",
        /// State.
        State = "state",
        /// Sum of executor run time.
        TaskTime = "task_time_ms",
        /// Bytes read from storage.
        Input = "input_bytes",
        /// Shuffle bytes read.
        ShuffleRead = "shuffle_read_bytes",
        /// Shuffle bytes written.
        ShuffleWrite = "shuffle_write_bytes",
        /// Bytes spilled to disk.
        DiskSpill = "disk_spill_bytes",
        /// Findings.
        Findings = "num_findings",
    }
}

sort_keys! {
    /// What tasks can be sorted by.
    TaskSortKey {
        /// Stage, stage attempt, index, attempt.
        #[default]
        Position = "position",
        /// Launch to finish.
        Duration = "duration_ms",
        /// Executor run time.
        RunTime = "executor_run_time_ms",
        /// Garbage collection.
        GcTime = "gc_time_ms",
        /// Shuffle bytes read.
        ShuffleRead = "shuffle_read_bytes",
        /// Input bytes.
        Input = "input_bytes",
        /// Bytes spilled to disk.
        DiskSpill = "disk_spill_bytes",
    }
}

/// Which tasks, in which order.
#[derive(Debug, Clone, Default)]
pub struct TaskQuery {
    /// Only this stage attempt.
    pub stage: Option<StageAttemptId>,
    /// Only this status.
    pub status: Option<TaskStatus>,
    /// Order.
    pub sort: TaskSortKey,
    /// Largest first.
    pub descending: bool,
    /// Rows wanted.
    pub limit: u64,
    /// Rows to skip.
    pub offset: u64,
}

impl TaskQuery {
    /// The same for a task pack.
    pub(crate) fn to_pack(&self) -> PackQuery {
        let sort = match self.sort {
            TaskSortKey::Position => PackSort::Position,
            TaskSortKey::Duration => PackSort::Metric(PackMetric::Duration),
            TaskSortKey::RunTime => PackSort::Metric(PackMetric::ExecutorRunTime),
            TaskSortKey::GcTime => PackSort::Metric(PackMetric::JvmGcTime),
            TaskSortKey::ShuffleRead => PackSort::Metric(PackMetric::ShuffleReadBytes),
            TaskSortKey::Input => PackSort::Metric(PackMetric::InputBytes),
            TaskSortKey::DiskSpill => PackSort::Metric(PackMetric::DiskBytesSpilled),
        };
        PackQuery {
            stage: self.stage,
            statuses: self.status.into_iter().collect(),
            newest: None,
            sort,
            direction: if self.descending { Direction::Descending } else { Direction::Ascending },
            offset: self.offset,
            limit: self.limit,
        }
    }

    /// The page of `tasks`, and how many fit over all pages.
    pub(crate) fn select<'a>(&self, tasks: impl Iterator<Item = &'a Task>) -> (Vec<Task>, u64) {
        let mut fitting: Vec<&Task> = tasks
            .filter(|task| self.stage.is_none_or(|stage| task.stage == stage))
            .filter(|task| self.status.is_none_or(|status| task.status == status))
            .collect();
        fitting.sort_by_key(|task| (self.value(task), task.stage, task.index, task.attempt));
        if self.descending {
            fitting.reverse();
        }
        let total = fitting.len() as u64;
        let skip = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let take = usize::try_from(self.limit).unwrap_or(usize::MAX);
        (fitting.into_iter().skip(skip).take(take).cloned().collect(), total)
    }

    fn value(&self, task: &Task) -> u64 {
        let metrics = task.metrics.unwrap_or_default();
        match self.sort {
            TaskSortKey::Position => 0,
            TaskSortKey::Duration => task.duration().0,
            TaskSortKey::RunTime => metrics.executor_run_time.0,
            TaskSortKey::GcTime => metrics.jvm_gc_time.0,
            TaskSortKey::ShuffleRead => metrics.shuffle_read_bytes().0,
            TaskSortKey::Input => metrics.input_bytes.0,
            TaskSortKey::DiskSpill => metrics.disk_bytes_spilled.0,
        }
    }
}

/// A page of tasks.
#[derive(Debug, Clone)]
pub struct TaskPage {
    /// The run.
    pub run: RunId,
    /// The rows.
    pub tasks: Vec<Task>,
    /// Rows that match, over all pages.
    pub total: u64,
}

/// One error, or a group of equal task failures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunError {
    /// `run`, `sql`, `spark_job`, `stage` or `task`.
    pub scope: &'static str,
    /// Spark's end reason, or our classification of the exit.
    pub class: String,
    /// First line.
    pub message: String,
    /// The whole text.
    pub text: String,
    /// How often.
    pub count: u64,
    /// The stage.
    pub stage: Option<StageAttemptId>,
    /// When it was first seen.
    pub first: Option<TimestampMs>,
    /// The chain of causes that the text tells, outermost first.
    pub causes: Vec<tinderbox_spark::Cause>,
}

/// A part of a driver's log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPart {
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

/// A spec as it was run and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecText {
    /// The spec, applied advice included.
    pub text: String,
    /// The PySpark that was submitted, byte for byte.
    pub pyspark: String,
}

/// Where event logs are collected from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSource {
    /// As whoever named it wrote it.
    pub name: String,
    /// A log directory or a single log.
    pub location: Location,
    /// How far below.
    pub depth: Depth,
}

/// A log directory as Spark's own History Server reads it, or a single log.
impl From<&Path> for LogSource {
    fn from(path: &Path) -> Self {
        Self { name: path.display().to_string(), location: path.into(), depth: Depth::OneLevel }
    }
}

/// What a collection did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collected {
    /// Runs that are new or newer.
    pub collected: u64,
    /// Logs that had not changed.
    pub unchanged: u64,
    /// Logs that could not be read.
    pub failed: Vec<CollectFailure>,
    /// Logs that were read now, of which something is wrong.
    pub warnings: Vec<CollectWarning>,
}

/// A log that was read, though not as a whole, or that is there twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectWarning {
    /// Its path or URL.
    pub log: String,
    /// What is wrong, one sentence each, with the file and the byte where there is one.
    pub reasons: Vec<String>,
}

/// A log or directory that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectFailure {
    /// What happened, with the path or URL.
    pub reason: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl CollectFailure {
    pub(crate) fn of(error: &crate::Error) -> Self {
        Self { reason: crate::chain(error), hint: error.hint() }
    }

    /// As [`Self::of`], with the place where the error does not name it.
    pub(crate) fn at(place: &str, error: &crate::Error) -> Self {
        let Self { reason, hint } = Self::of(error);
        let reason = if reason.contains(place) { reason } else { format!("{place}: {reason}") };
        Self { reason, hint }
    }
}

/// What a collection does, for whoever shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CollectStep {
    /// What there is to look at is known.
    Listed {
        /// How many logs.
        num_logs: usize,
        /// As they are stored; zero where it is not known before.
        num_bytes: Bytes,
    },
    /// A log is looked at.
    Begun {
        /// Its path or URL.
        log: String,
    },
    /// Bytes have come over the network.
    Received {
        /// How many since the last time.
        num_bytes: Bytes,
    },
    /// A log is done, in one way or the other.
    Ended {
        /// Its size as it is stored.
        num_bytes: Bytes,
    },
}
