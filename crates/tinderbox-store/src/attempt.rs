use crate::Store;
use crate::error::{Error, Failure};
use crate::row::{time, unreadable};
use crate::run::Run;
use crate::tables::attempt as table;
use futures::FutureExt;
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, DbErr, IntoActiveModel, QueryOrder, Set};
use std::collections::HashSet;
use tinderbox_model::{AttemptNumber, RunId, RunState, TimestampMs};

/// One try of a run. The newest one always has the state of its run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The run.
    pub run: RunId,
    /// Which try.
    pub number: AttemptNumber,
    /// Where it stands.
    pub state: RunState,
    /// By what the engine's backend knows it (a pid, a pod's name, a YARN tag), as the engine's own JSON.
    pub identity: String,
    /// The attempt's folder, relative to the data directory.
    pub directory: String,
    /// Path or address of its event log, once it is known.
    pub event_log: Option<String>,
    /// When the intent was recorded.
    pub created: TimestampMs,
    /// When it ended.
    pub ended: Option<TimestampMs>,
    /// Exit code of the driver.
    pub exit_code: Option<i32>,
}

/// What the engine learns about an attempt after the intent. `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AttemptChange {
    /// The identity with what only the submission told, for example the process id.
    pub identity: Option<String>,
    /// Path or address of the event log.
    pub event_log: Option<String>,
}

impl Store {
    /// All attempts of a run, the first one first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn attempt_list(&self, run: &RunId) -> Result<Vec<Attempt>, Error> {
        let query = of_run(run).order_by_asc(table::Column::Attempt);
        self.connections
            .read("list the attempts of a run", |t| {
                async move {
                    let rows = query.all(t).await?;
                    Ok(rows.into_iter().map(Attempt::try_from).collect::<Result<_, _>>()?)
                }
                .boxed()
            })
            .await
    }

    /// The newest attempt of a run; `None` before its intent.
    ///
    /// # Errors
    /// What the database says.
    pub async fn attempt_latest(&self, run: &RunId) -> Result<Option<Attempt>, Error> {
        let query = of_run(run).order_by_desc(table::Column::Attempt);
        self.connections
            .read("read an attempt", |t| {
                async move { Ok(query.one(t).await?.map(Attempt::try_from).transpose()?) }.boxed()
            })
            .await
    }

    /// Adds what was learned about an attempt. Its state moves with the run only. Answers whether there is such
    /// an attempt.
    ///
    /// # Errors
    /// What the database says.
    pub async fn attempt_update(
        &self,
        run: &RunId,
        number: AttemptNumber,
        change: &AttemptChange,
    ) -> Result<bool, Error> {
        let (run, change) = (run.clone(), change.clone());
        self.connections
            .write("update an attempt", move |t| {
                async move {
                    let key = (run.as_str().to_owned(), i64::from(number.0));
                    if table::Entity::find_by_id(key).one(t).await?.is_none() {
                        return Ok(false);
                    }
                    let mut row = <table::ActiveModel as ActiveModelTrait>::default();
                    if let Some(identity) = change.identity {
                        row.identity = Set(identity);
                    }
                    if let Some(event_log) = change.event_log {
                        row.event_log = Set(Some(event_log));
                    }
                    update(t, &run, i64::from(number.0), row).await?;
                    Ok(true)
                }
                .boxed()
            })
            .await
    }
}

pub(crate) async fn insert(t: &DatabaseTransaction, attempt: Attempt) -> Result<(), DbErr> {
    let row = row(attempt).into_active_model().reset_all();
    table::Entity::insert(row).exec_without_returning(t).await.map(|_| ())
}

fn row(attempt: Attempt) -> table::Model {
    table::Model {
        run_id: attempt.run.as_str().to_owned(),
        attempt: i64::from(attempt.number.0),
        state: attempt.state.as_str().to_owned(),
        identity: attempt.identity,
        directory: attempt.directory,
        event_log: attempt.event_log,
        created_us: attempt.created.as_micros(),
        ended_us: attempt.ended.map(TimestampMs::as_micros),
        exit_code: attempt.exit_code.map(i64::from),
    }
}

/// Inserts those that are not there.
pub(crate) async fn insert_missing(
    t: &DatabaseTransaction,
    attempts: Vec<Attempt>,
) -> Result<(), DbErr> {
    for attempts in attempts.chunks(IDS) {
        let runs = attempts.iter().map(|attempt| attempt.run.as_str());
        let rows = table::Entity::find().filter(table::Column::RunId.is_in(runs)).all(t).await?;
        let mut known: HashSet<(String, i64)> =
            rows.into_iter().map(|row| (row.run_id, row.attempt)).collect();
        let new: Vec<table::ActiveModel> = attempts
            .iter()
            .map(|attempt| row(attempt.clone()))
            .filter(|row| known.insert((row.run_id.clone(), row.attempt)))
            .map(|row| row.into_active_model().reset_all())
            .collect();
        if !new.is_empty() {
            table::Entity::insert_many(new).exec_without_returning(t).await?;
        }
    }
    Ok(())
}

/// Ids of one statement.
const IDS: usize = 500;

/// Gives the newest attempt the state, end and exit code of its run, which has just moved.
pub(crate) async fn follow(t: &DatabaseTransaction, run: &Run) -> Result<(), DbErr> {
    let newest = of_run(&run.id).order_by_desc(table::Column::Attempt).one(t).await?;
    let Some(newest) = newest else { return Ok(()) };
    let row = table::ActiveModel {
        state: Set(run.state.as_str().to_owned()),
        ended_us: Set(run.ended.map(TimestampMs::as_micros)),
        exit_code: Set(run.exit_code.map(i64::from)),
        ..<table::ActiveModel as ActiveModelTrait>::default()
    };
    update(t, &run.id, newest.attempt, row).await
}

/// The newest attempt of a run.
pub(crate) async fn newest(
    t: &DatabaseTransaction,
    run: &RunId,
) -> Result<Option<AttemptNumber>, Failure> {
    let newest = of_run(run).order_by_desc(table::Column::Attempt).one(t).await?;
    Ok(newest.map(Attempt::try_from).transpose()?.map(|attempt| attempt.number))
}

async fn update(
    t: &DatabaseTransaction,
    run: &RunId,
    attempt: i64,
    row: table::ActiveModel,
) -> Result<(), DbErr> {
    if !row.is_changed() {
        return Ok(());
    }
    table::Entity::update_many()
        .set(row)
        .filter(table::Column::RunId.eq(run.as_str()))
        .filter(table::Column::Attempt.eq(attempt))
        .exec(t)
        .await
        .map(|_| ())
}

fn of_run(run: &RunId) -> Select<table::Entity> {
    table::Entity::find().filter(table::Column::RunId.eq(run.as_str()))
}

impl TryFrom<table::Model> for Attempt {
    type Error = Error;

    fn try_from(row: table::Model) -> Result<Self, Error> {
        let Some(state) = RunState::parse(&row.state) else {
            return Err(unreadable("attempts", row.run_id, "state", row.state));
        };
        let Ok(number) = u32::try_from(row.attempt) else {
            return Err(unreadable("attempts", row.run_id, "attempt", row.attempt.to_string()));
        };
        Ok(Self {
            run: RunId::new(row.run_id),
            number: AttemptNumber(number),
            state,
            identity: row.identity,
            directory: row.directory,
            event_log: row.event_log,
            created: time(row.created_us),
            ended: row.ended_us.map(time),
            exit_code: row.exit_code.and_then(|code| i32::try_from(code).ok()),
        })
    }
}
