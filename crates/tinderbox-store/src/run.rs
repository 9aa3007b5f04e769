mod batch;
mod change;
mod find;
mod list;
mod prune;
mod save;

pub(crate) use change::locked;
pub(crate) use find::exists;
pub(crate) use save::save;

pub use batch::RunRecord;
pub use change::{ApplicationRecord, CancelAnswer, Created, Retried, RunChange};
pub use list::{Page, RunFilter, RunKey, RunPlace, RunSort, RunSortBy, SortOrder};
pub use prune::Prunable;

use crate::error::Error;
use crate::row::{UNKNOWN, big, known, time, unreadable, unsigned};
use crate::spec::SpecHash;
use crate::tables::run as table;
use tinderbox_model::{
    ApplicationId, Bytes, Millis, Origin, RunId, RunState, RunTotals, SparkVersion, TimestampMs,
    WorkspaceId,
};

/// One execution of anything on Spark: a row of the list of runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its id, unique in the database, at most 190 characters.
    pub id: RunId,
    /// Who owns it.
    pub workspace: WorkspaceId,
    /// What people call it. Any length; lists sort by the first 190 characters in lower case.
    pub name: String,
    /// `batch`, `streaming` or `application`; at most 64 characters.
    pub job_type: String,
    /// Launched here or only observed.
    pub origin: Origin,
    /// What executes it, for example `local`; empty when that is not known. At most 64 characters.
    pub engine: String,
    /// Where it stands.
    pub state: RunState,
    /// The version of the spec that it executes.
    pub spec_hash: Option<SpecHash>,
    /// The spec's path or name as the user gave it.
    pub spec_label: Option<String>,
    /// Parameters as a JSON object; never searched.
    pub parameters: String,
    /// When the row was made.
    pub created: TimestampMs,
    /// When the engine was asked.
    pub submitted: Option<TimestampMs>,
    /// When Spark started the application.
    pub started: Option<TimestampMs>,
    /// When it ended, however it did.
    pub ended: Option<TimestampMs>,
    /// From start to end; the application's own figure once its record was read.
    pub duration: Option<Millis>,
    /// Spark's id. Not unique: local Spark makes it from the clock.
    pub application_id: Option<ApplicationId>,
    /// Spark's version.
    pub spark_version: Option<SparkVersion>,
    /// Who ran it.
    pub user: String,
    /// The figures of the list.
    pub totals: RunTotals,
    /// Findings of its report.
    pub num_findings: u32,
    /// The worst severity among them, in the advisor's word.
    pub worst_severity: Option<String>,
    /// Exit code of the driver.
    pub exit_code: Option<i32>,
    /// Why it failed, in one or a few lines.
    pub error: Option<String>,
    /// Whether its figures may be too low: something of its record is missing.
    pub partial: bool,
    /// Whether its event log has been read to the end.
    pub collected: bool,
    /// The run whose advice it applies.
    pub advice_run: Option<RunId>,
    /// Its time limit.
    pub timeout: Option<Millis>,
    /// When somebody asked to cancel it.
    pub cancel_requested: Option<TimestampMs>,
    /// Makes a repeated creation harmless; unique in its workspace, at most 190 characters.
    pub idempotency_key: Option<String>,
    /// When the row last changed.
    pub updated: TimestampMs,
}

impl Run {
    /// A queued batch run in the default workspace, launched here, about which nothing else is known.
    pub fn new(id: RunId, name: impl Into<String>, created: TimestampMs) -> Self {
        Self {
            id,
            workspace: WorkspaceId::default(),
            name: name.into(),
            job_type: String::from("batch"),
            origin: Origin::Launched,
            engine: String::new(),
            state: RunState::Queued,
            spec_hash: None,
            spec_label: None,
            parameters: String::from("{}"),
            created,
            submitted: None,
            started: None,
            ended: None,
            duration: None,
            application_id: None,
            spark_version: None,
            user: String::new(),
            totals: RunTotals::default(),
            num_findings: 0,
            worst_severity: None,
            exit_code: None,
            error: None,
            partial: false,
            collected: false,
            advice_run: None,
            timeout: None,
            cancel_requested: None,
            idempotency_key: None,
            updated: created,
        }
    }
}

impl From<&Run> for table::Model {
    fn from(run: &Run) -> Self {
        let totals = &run.totals;
        Self {
            id: run.id.as_str().to_owned(),
            id_reversed: run.id.as_str().chars().rev().collect(),
            workspace: run.workspace.as_str().to_owned(),
            name: run.name.clone(),
            name_folded: fold(&run.name),
            job_type: run.job_type.clone(),
            origin: run.origin.as_str().to_owned(),
            engine: run.engine.clone(),
            state: run.state.as_str().to_owned(),
            spec_hash: run.spec_hash.as_ref().map(|hash| hash.as_str().to_owned()),
            spec_label: run.spec_label.clone(),
            parameters: run.parameters.clone(),
            created_us: run.created.as_micros(),
            submitted_us: run.submitted.map(TimestampMs::as_micros),
            started_us: run.started.map_or(UNKNOWN, TimestampMs::as_micros),
            ended_us: run.ended.map_or(UNKNOWN, TimestampMs::as_micros),
            duration_ms: run.duration.map_or(UNKNOWN, |d| big(d.0)),
            application_id: run.application_id.as_ref().map(|id| id.as_str().to_owned()),
            spark_version: run.spark_version.as_ref().map(|v| v.text.clone()),
            user_name: run.user.clone(),
            num_stages: big(totals.num_stages),
            num_tasks: big(totals.num_tasks),
            num_failed_tasks: big(totals.num_failed_tasks),
            num_executors: big(totals.num_executors),
            task_time_ms: big(totals.task_time.0),
            gc_time_ms: big(totals.gc_time.0),
            input_bytes: big(totals.input.0),
            output_bytes: big(totals.output.0),
            shuffle_read_bytes: big(totals.shuffle_read.0),
            shuffle_write_bytes: big(totals.shuffle_write.0),
            disk_spill_bytes: big(totals.disk_spill.0),
            memory_spill_bytes: big(totals.memory_spill.0),
            core_time_ms: totals.core_time.map_or(UNKNOWN, |time| big(time.0)),
            num_findings: i64::from(run.num_findings),
            worst_severity: run.worst_severity.clone(),
            exit_code: run.exit_code.map(i64::from),
            error: run.error.clone(),
            partial: i64::from(run.partial),
            collected: i64::from(run.collected),
            advice_run: run.advice_run.as_ref().map(|id| id.as_str().to_owned()),
            timeout_ms: run.timeout.map(|t| big(t.0)),
            cancel_requested_us: run.cancel_requested.map(TimestampMs::as_micros),
            idempotency_key: run.idempotency_key.clone(),
            updated_us: run.updated.as_micros(),
        }
    }
}

impl TryFrom<table::Model> for Run {
    type Error = Error;

    fn try_from(row: table::Model) -> Result<Self, Error> {
        let Some(state) = RunState::parse(&row.state) else {
            return Err(unreadable("runs", row.id, "state", row.state));
        };
        let Some(origin) = Origin::parse(&row.origin) else {
            return Err(unreadable("runs", row.id, "origin", row.origin));
        };
        Ok(Self {
            id: RunId::new(row.id),
            workspace: WorkspaceId::new(row.workspace),
            name: row.name,
            job_type: row.job_type,
            origin,
            engine: row.engine,
            state,
            spec_hash: row.spec_hash.map(SpecHash::from_row),
            spec_label: row.spec_label,
            parameters: row.parameters,
            created: time(row.created_us),
            submitted: row.submitted_us.map(time),
            started: known(row.started_us).map(time),
            ended: known(row.ended_us).map(time),
            duration: known(row.duration_ms).map(|ms| Millis(unsigned(ms))),
            application_id: row.application_id.map(ApplicationId::new),
            spark_version: row.spark_version.as_deref().and_then(SparkVersion::parse),
            user: row.user_name,
            totals: RunTotals {
                num_stages: unsigned(row.num_stages),
                num_tasks: unsigned(row.num_tasks),
                num_failed_tasks: unsigned(row.num_failed_tasks),
                num_executors: unsigned(row.num_executors),
                task_time: Millis(unsigned(row.task_time_ms)),
                gc_time: Millis(unsigned(row.gc_time_ms)),
                input: Bytes(unsigned(row.input_bytes)),
                output: Bytes(unsigned(row.output_bytes)),
                shuffle_read: Bytes(unsigned(row.shuffle_read_bytes)),
                shuffle_write: Bytes(unsigned(row.shuffle_write_bytes)),
                disk_spill: Bytes(unsigned(row.disk_spill_bytes)),
                memory_spill: Bytes(unsigned(row.memory_spill_bytes)),
                core_time: known(row.core_time_ms).map(|ms| Millis(unsigned(ms))),
            },
            num_findings: u32::try_from(row.num_findings).unwrap_or(0),
            worst_severity: row.worst_severity,
            exit_code: row.exit_code.and_then(|code| i32::try_from(code).ok()),
            error: row.error,
            partial: row.partial != 0,
            collected: row.collected != 0,
            advice_run: row.advice_run.map(RunId::new),
            timeout: row.timeout_ms.map(|ms| Millis(unsigned(ms))),
            cancel_requested: row.cancel_requested_us.map(time),
            idempotency_key: row.idempotency_key,
            updated: time(row.updated_us),
        })
    }
}

/// The form of a name that is sorted and searched: lower case, at most 190 characters.
fn fold(name: &str) -> String {
    name.to_lowercase().chars().take(190).collect()
}
