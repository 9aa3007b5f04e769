use super::Run;
use super::save::{save, save_all};
use crate::Store;
use crate::attempt::{self, Attempt};
use crate::error::{Error, Failure};
use crate::tables::run as table;
use futures::FutureExt;
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, QuerySelect};
use tinderbox_model::{
    ApplicationId, AttemptNumber, IllegalMove, Millis, Origin, RunId, RunState, RunTotals,
    SparkVersion, TimestampMs,
};

/// What [`Store::run_create`] answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    /// The run as it is stored.
    pub run: Run,
    /// Whether it was there already, under the same idempotency key.
    pub existed: bool,
}

/// What changes with a move. `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct RunChange {
    /// The time of the move.
    pub at: TimestampMs,
    /// When Spark started; a move to `running` takes `at` when neither this nor the row has a time.
    pub started: Option<TimestampMs>,
    /// When the run ended; a move to a final state takes `at` when neither this nor the row has a time.
    pub ended: Option<TimestampMs>,
    /// Exit code of the driver.
    pub exit_code: Option<i32>,
    /// Why it failed, in one or a few lines.
    pub error: Option<String>,
    /// Spark's id.
    pub application_id: Option<ApplicationId>,
}

impl RunChange {
    /// A move at `at` that changes nothing else.
    pub fn at(at: TimestampMs) -> Self {
        Self { at, started: None, ended: None, exit_code: None, error: None, application_id: None }
    }
}

/// What became of a wish for another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retried {
    /// The run waits for its next attempt.
    Queued,
    /// The run has ended meanwhile, or has another attempt already.
    NotWanted,
}

/// What became of a request to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelAnswer {
    /// Nothing had been sent to the engine; the run is cancelled now.
    Cancelled,
    /// The request is recorded for whoever follows the run.
    Requested,
    /// The run had ended before.
    AlreadyOver(RunState),
}

/// What an event log or the live stream says about a run. `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ApplicationRecord {
    /// Spark's id.
    pub application_id: Option<ApplicationId>,
    /// Spark's version.
    pub spark_version: Option<SparkVersion>,
    /// Who ran it.
    pub user: Option<String>,
    /// Start of the application.
    pub started: Option<TimestampMs>,
    /// Its end.
    pub ended: Option<TimestampMs>,
    /// Its wall time.
    pub duration: Option<Millis>,
    /// The figures of the list.
    pub totals: RunTotals,
    /// Why it failed, where the record alone tells; what the run knows already is kept.
    pub error: Option<String>,
    /// Whether they may be too low.
    pub partial: bool,
    /// Whether the record is complete: the event log was read to its end.
    pub collected: bool,
}

impl Store {
    /// Records a new run. With an idempotency key that its workspace has already seen, the run of that key is
    /// answered and nothing is written.
    ///
    /// A launched run begins `queued`; an observed one may begin in any state. To collect an application once only,
    /// give its run a key made of the source and the application's id.
    ///
    /// # Errors
    /// [`Error::NotQueued`], [`Error::RunExists`] for an id that is taken, and what the database says.
    pub async fn run_create(&self, run: &Run) -> Result<Created, Error> {
        if run.origin == Origin::Launched && run.state != RunState::Queued {
            return Err(Error::NotQueued { id: run.id.clone(), state: run.state });
        }
        let run = run.clone();
        self.runs_come();
        self.connections.write("create a run", move |t| create(t, run).boxed()).await
    }

    /// Moves a run from `from` to `to` together with its newest attempt. Answers `false`, and changes nothing, when
    /// the run is not (or no longer) in `from`: somebody else was faster, look again.
    ///
    /// # Errors
    /// [`Error::IllegalMove`] when the table of moves does not have it, [`Error::RunNotFound`].
    pub async fn run_move(
        &self,
        id: &RunId,
        from: RunState,
        to: RunState,
        change: &RunChange,
    ) -> Result<bool, Error> {
        from.move_to(to).map_err(|source| illegal(id, source))?;
        let (id, change) = (id.clone(), change.clone());
        self.connections
            .write("move a run", move |t| {
                async move {
                    let old = locked(t, &id).await?;
                    if old.state != from {
                        return Ok(false);
                    }
                    let new = moved(&old, to, &change);
                    save(t, &old, &new).await?;
                    attempt::follow(t, &new).await?;
                    Ok(true)
                }
                .boxed()
            })
            .await
    }

    /// Records the intent to submit: moves the run from `queued` to `submitting` and stores the attempt with the
    /// identity by which the engine's backend can be asked about it, in one transaction. Answers `false`, and
    /// changes nothing, when the run is no longer `queued`.
    ///
    /// After this has answered `true`, and not before, the engine may be asked.
    ///
    /// # Errors
    /// [`Error::RunNotFound`], and what the database says.
    pub async fn run_intent(&self, attempt: &Attempt) -> Result<bool, Error> {
        let attempt = attempt.clone();
        self.connections
            .write("record the intent to submit a run", move |t| {
                async move {
                    let old = locked(t, &attempt.run).await?;
                    if old.state != RunState::Queued {
                        return Ok(false);
                    }
                    let at = attempt.created;
                    let new = moved(&old, RunState::Submitting, &RunChange::at(at));
                    save(t, &old, &Run { submitted: Some(at), ..new }).await?;
                    attempt::insert(t, Attempt { state: RunState::Submitting, ..attempt }).await?;
                    Ok(true)
                }
                .boxed()
            })
            .await
    }

    /// Ends an attempt as failed and puts its run back into the queue for another one, as if it had not been started: what
    /// was recorded of the failed attempt stays with that attempt. Changes nothing when the run has ended, or this is not
    /// its newest attempt.
    ///
    /// # Errors
    /// [`Error::RunNotFound`], and what the database says.
    pub async fn run_retry(
        &self,
        id: &RunId,
        failed: AttemptNumber,
        now: TimestampMs,
    ) -> Result<Retried, Error> {
        let id = id.clone();
        self.connections
            .write("put a run back into the queue", move |t| {
                async move {
                    let old = locked(t, &id).await?;
                    let newest = attempt::newest(t, &id).await?;
                    if newest.is_none_or(|newest| newest != failed) || !old.state.can_try_again() {
                        return Ok(Retried::NotWanted);
                    }
                    let ended = Run { state: RunState::Failed, ended: Some(now), ..old.clone() };
                    attempt::follow(t, &ended).await?;
                    let fresh = Run::new(id.clone(), old.name.clone(), old.created);
                    let new = Run {
                        state: RunState::Queued,
                        submitted: None,
                        started: None,
                        ended: None,
                        duration: None,
                        exit_code: None,
                        error: None,
                        application_id: None,
                        totals: fresh.totals,
                        partial: false,
                        collected: false,
                        updated: now,
                        ..old.clone()
                    };
                    save(t, &old, &new).await?;
                    Ok(Retried::Queued)
                }
                .boxed()
            })
            .await
    }

    /// Asks for a run to be cancelled. A queued run is cancelled at once; asking again keeps the first time.
    ///
    /// # Errors
    /// [`Error::RunNotFound`], and what the database says.
    pub async fn run_request_cancel(
        &self,
        id: &RunId,
        now: TimestampMs,
    ) -> Result<CancelAnswer, Error> {
        let id = id.clone();
        self.connections
            .write("ask for a run to be cancelled", move |t| {
                async move {
                    let old = locked(t, &id).await?;
                    if old.state.is_final() {
                        return Ok(CancelAnswer::AlreadyOver(old.state));
                    }
                    let mut new = old.clone();
                    let mut answer = CancelAnswer::Requested;
                    if old.state == RunState::Queued {
                        new = moved(&old, RunState::Cancelled, &RunChange::at(now));
                        answer = CancelAnswer::Cancelled;
                    }
                    if old.cancel_requested.is_none() {
                        new.cancel_requested = Some(now);
                        new.updated = now;
                    }
                    save(t, &old, &new).await?;
                    Ok(answer)
                }
                .boxed()
            })
            .await
    }

    /// Writes what an event log or the live stream says about a run, without moving it. The same record twice
    /// changes nothing but the time of the last change. A record that is not collected never overwrites one that is.
    ///
    /// # Errors
    /// [`Error::RunNotFound`], and what the database says.
    pub async fn run_record_application(
        &self,
        id: &RunId,
        record: &ApplicationRecord,
        now: TimestampMs,
    ) -> Result<(), Error> {
        let (id, record) = (id.clone(), record.clone());
        self.connections
            .write("record a run's application", move |t| {
                async move {
                    let old = locked(t, &id).await?;
                    match recorded(&old, record, now) {
                        Some(new) => save(t, &old, &new).await,
                        None => Ok(()),
                    }
                }
                .boxed()
            })
            .await
    }
}

/// The run, held against other writers until the transaction ends (on SQLite there are none).
pub(crate) async fn locked(t: &DatabaseTransaction, id: &RunId) -> Result<Run, Failure> {
    match table::Entity::find_by_id(id.as_str()).lock_exclusive().one(t).await? {
        Some(row) => Ok(Run::try_from(row)?),
        None => Err(Error::RunNotFound { text: id.to_string() }.into()),
    }
}

async fn create(t: &DatabaseTransaction, run: Run) -> Result<Created, Failure> {
    if let Some(key) = &run.idempotency_key {
        let same_key = table::Entity::find()
            .filter(table::Column::Workspace.eq(run.workspace.as_str()))
            .filter(table::Column::IdempotencyKey.eq(key.as_str()));
        if let Some(row) = same_key.one(t).await? {
            return Ok(Created { run: Run::try_from(row)?, existed: true });
        }
    }
    if table::Entity::find_by_id(run.id.as_str()).one(t).await?.is_some() {
        return Err(Error::RunExists { id: run.id }.into());
    }
    save_all(t, &[(None, &run)]).await?;
    Ok(Created { run, existed: false })
}

/// The run after a record; `None` when the record is not to overwrite what is known.
pub(super) fn recorded(old: &Run, record: ApplicationRecord, now: TimestampMs) -> Option<Run> {
    if old.collected && !record.collected {
        return None;
    }
    Some(Run {
        application_id: record.application_id.or_else(|| old.application_id.clone()),
        spark_version: record.spark_version.or_else(|| old.spark_version.clone()),
        user: record.user.unwrap_or_else(|| old.user.clone()),
        started: record.started.or(old.started),
        ended: record.ended.or(old.ended),
        duration: record.duration.or(old.duration),
        totals: record.totals,
        error: old.error.clone().or(record.error),
        partial: record.partial,
        collected: record.collected,
        updated: now,
        ..old.clone()
    })
}

pub(super) fn moved(old: &Run, to: RunState, change: &RunChange) -> Run {
    let mut new = old.clone();
    new.state = to;
    new.updated = change.at;
    new.started = change.started.or(old.started);
    new.ended = change.ended.or(old.ended);
    new.exit_code = change.exit_code.or(old.exit_code);
    new.error = change.error.clone().or_else(|| old.error.clone());
    new.application_id = change.application_id.clone().or_else(|| old.application_id.clone());
    if to == RunState::Running {
        new.started = new.started.or(Some(change.at));
    }
    if to.is_final() {
        new.ended = new.ended.or(Some(change.at));
    }
    if new.duration.is_none() {
        new.duration = new.started.zip(new.ended).map(|(started, ended)| ended.since(started));
    }
    new
}

fn illegal(id: &RunId, source: IllegalMove) -> Error {
    Error::IllegalMove { id: id.clone(), source }
}
