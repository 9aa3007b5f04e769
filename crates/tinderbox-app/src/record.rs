//! What was read of an event log goes into the store: one transaction for all of it.

use crate::history::{LogFacts, row_of};
use crate::live::totals;
use crate::{App, Error, advice, blocking, now};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tinderbox_model::{
    Application, AttemptNumber, Bytes, JobStatus, Millis, Origin, RunState, RunTotals,
};
use tinderbox_store::{ApplicationRecord, EventLog, NewTableFile, Run, RunRecord, TableFileKind};

pub(crate) const FIRST: AttemptNumber = AttemptNumber(1);

/// The files that were made of a log, none of them current yet.
pub(crate) struct Files {
    pub pack: PathBuf,
    pub pack_bytes: Bytes,
    pub num_tasks: u64,
    pub detail: PathBuf,
    pub detail_bytes: Bytes,
}

/// What was read of a log.
pub(crate) struct Recorded<'a> {
    pub run: &'a Run,
    pub application: &'a Arc<Application>,
    /// `None` as long as the log is followed.
    pub files: Option<Files>,
    pub log: LogFacts,
    /// Remembered so that the log is not read again.
    pub event_log: Option<EventLog>,
}

impl App {
    /// Makes the files current and writes the row with all that belongs to it, in one transaction that others, recorded
    /// at the same time, share.
    pub(crate) async fn record(&self, read: Recorded<'_>) -> Result<(), Error> {
        let Recorded { run, application, files, log, event_log } = read;
        let new = |kind, path: &Path, num_rows, num_bytes: Bytes| NewTableFile {
            kind,
            path: path.display().to_string(),
            run: run.id.clone(),
            attempt: FIRST,
            num_rows,
            num_bytes,
        };
        let executors = application.executors.iter().filter(|e| e.tasks.ended() > 0).count();
        let history = row_of(run, application, log);
        let (id, advised) = (run.id.clone(), Arc::clone(application));
        let report = blocking(move || Ok(advice::report_of(&id, &advised))).await?;
        // What came of a run that was launched here, its driver has told.
        let is_observed = run.origin == Origin::Observed;
        let record = RunRecord {
            run: run.clone(),
            attempt: None,
            application: ApplicationRecord {
                application_id: application.id.clone(),
                spark_version: application.spark_version.clone(),
                user: Some(application.user.clone()),
                started: application.start_time,
                ended: application.end_time,
                duration: application.duration(),
                totals: RunTotals {
                    core_time: core_time(application),
                    ..totals(application.stages.iter(), executors)
                },
                error: if is_observed { observed_error(application) } else { None },
                partial: application.completeness.is_partial(),
                collected: true,
            },
            event_log,
            history: history.clone(),
            files: files.as_ref().map_or_else(Vec::new, |files| {
                vec![
                    new(TableFileKind::Pack, &files.pack, files.num_tasks, files.pack_bytes),
                    new(TableFileKind::Detail, &files.detail, 1, files.detail_bytes),
                ]
            }),
            report: Some(report),
        };
        if let Err(error) = self.inner.store.run_record_batch(vec![record], now()).await {
            let new = files.iter().flat_map(|files| [&files.pack, &files.detail]);
            self.discard(new.map(|path| path.display().to_string()).collect()).await;
            return Err(error.into());
        }
        self.history_add(history);
        self.tables_changed();
        Ok(())
    }
}

/// The run that an observed application makes: a new one gets its name, of one that is stored only the state counts.
/// `is_running` tells of one without an end whether it goes on.
pub(crate) fn observed(run: Run, application: &Application, is_running: bool) -> Run {
    Run {
        name: application.name.clone(),
        job_type: "application".to_owned(),
        origin: Origin::Observed,
        state: match observed_state(application) {
            RunState::Lost if is_running => RunState::Running,
            state => state,
        },
        ..run
    }
}

/// What an event log alone says of the end: Spark writes an exit code from 4.0 on; before that a failed job or SQL
/// execution that nothing followed tells of a failure.
fn observed_state(application: &Application) -> RunState {
    if application.end_time.is_none() {
        return RunState::Lost;
    }
    match application.exit_code {
        Some(0) => RunState::Succeeded,
        Some(_) => RunState::Failed,
        None if application.jobs.last().is_some_and(|job| job.status == JobStatus::Failed) => {
            RunState::Failed
        }
        None => RunState::Succeeded,
    }
}

/// The first line of what made an observed application fail, as far as its log tells.
fn observed_error(application: &Application) -> Option<String> {
    if observed_state(application) != RunState::Failed {
        return None;
    }
    let job = application.jobs.iter().rev().find_map(|job| job.failure_reason.as_deref());
    let sql = application.sql.iter().rev().find_map(|sql| sql.error_message.as_deref());
    job.or(sql)?.lines().find(|line| !line.trim().is_empty()).map(str::to_owned)
}

/// Cores times their time, over executors that ran tasks. `None` when one of them has no known beginning, end or cores.
fn core_time(application: &Application) -> Option<Millis> {
    let end = application.end_time.or(application.last_event_time);
    let mut sum = Millis::ZERO;
    for executor in application.executors.iter().filter(|one| one.tasks.ended() > 0) {
        let from = executor.add_time?;
        let time = executor.remove_time.or(end)?.since(from);
        if executor.total_cores == 0 {
            return None;
        }
        sum += Millis(time.0.saturating_mul(executor.total_cores.into()));
    }
    Some(sum)
}
