use crate::Store;
use crate::error::Error;
use crate::row::{sha256, time};
use crate::tables::history_attempt as table;
use futures::FutureExt;
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, DbErr, IntoActiveModel, QuerySelect};
use std::collections::{BTreeMap, BTreeSet};
use tinderbox_model::{ApplicationId, RunId, TimestampMs};

/// An attempt of a Spark application as the list of Spark's History Server shows it: what was read from one event log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryAttempt {
    /// The run made of the log.
    pub run: RunId,
    /// Spark's id.
    pub application: ApplicationId,
    /// Spark's attempt id (YARN cluster mode).
    pub attempt: Option<String>,
    /// The application's name.
    pub name: String,
    /// The user.
    pub user: String,
    /// Spark's version as the log has it; empty when it does not tell.
    pub spark_version: String,
    /// Start; -1 when its event is missing.
    pub started: TimestampMs,
    /// End; `None` while it runs and when the log ends early.
    pub ended: Option<TimestampMs>,
    /// Time of change of the log; of one that has no end the time at which it was read.
    pub updated: TimestampMs,
    /// Exit code, written from Spark 4.0 on.
    pub exit_code: Option<i64>,
    /// Path or address of the log, without `.inprogress`.
    pub event_log: String,
}

impl Store {
    /// Writes an attempt; replaces what was known of the same run.
    ///
    /// # Errors
    /// What the database says.
    pub async fn history_put(&self, attempt: &HistoryAttempt) -> Result<(), Error> {
        let attempts = vec![attempt.clone()];
        self.connections
            .write("record an attempt of an application", move |t| {
                async move { Ok(put_all(t, attempts).await?) }.boxed()
            })
            .await
    }

    /// All attempts, in no order.
    ///
    /// # Errors
    /// What the database says.
    pub async fn history_list(&self) -> Result<Vec<HistoryAttempt>, Error> {
        let query = table::Entity::find();
        self.connections
            .read("list attempts of applications", |t| {
                async move {
                    Ok(query.all(t).await?.into_iter().map(HistoryAttempt::from).collect())
                }
                .boxed()
            })
            .await
    }

    /// All attempts of the applications that these runs are attempts of, in no order; one with many logs counts each.
    ///
    /// # Errors
    /// What the database says.
    pub async fn history_list_of(&self, runs: &[RunId]) -> Result<Vec<HistoryAttempt>, Error> {
        let runs: Vec<String> = runs.iter().map(|run| run.as_str().to_owned()).collect();
        self.connections
            .read("list attempts of some applications", |t| {
                async move { Ok(of_applications(t, &runs).await?) }.boxed()
            })
            .await
    }
}

async fn of_applications(
    t: &DatabaseTransaction,
    runs: &[String],
) -> Result<Vec<HistoryAttempt>, DbErr> {
    let mut applications: BTreeSet<String> = BTreeSet::new();
    for runs in runs.chunks(IDS) {
        let query = table::Entity::find()
            .select_only()
            .column(table::Column::ApplicationHash)
            .filter(table::Column::RunId.is_in(runs))
            .into_tuple::<String>();
        applications.extend(query.all(t).await?);
    }
    let applications: Vec<String> = applications.into_iter().collect();
    let mut attempts = Vec::new();
    for applications in applications.chunks(IDS) {
        let of_these = table::Column::ApplicationHash.is_in(applications);
        let rows = table::Entity::find().filter(of_these).all(t).await?;
        attempts.extend(rows.into_iter().map(HistoryAttempt::from));
    }
    Ok(attempts)
}

/// Rows of one statement.
const ROWS: usize = 250;
/// Ids of one statement.
const IDS: usize = 500;

/// Replaces what was known of the same runs; of two of one run the last one stays.
pub(crate) async fn put_all(
    t: &DatabaseTransaction,
    attempts: Vec<HistoryAttempt>,
) -> Result<(), DbErr> {
    let rows: BTreeMap<String, table::Model> = attempts
        .iter()
        .map(|attempt| (attempt.run.as_str().to_owned(), table::Model::from(attempt)))
        .collect();
    let (runs, rows): (Vec<String>, Vec<table::Model>) = rows.into_iter().unzip();
    for (runs, rows) in runs.chunks(ROWS).zip(rows.chunks(ROWS)) {
        remove(t, runs).await?;
        let rows = rows.iter().cloned().map(|row| row.into_active_model().reset_all());
        table::Entity::insert_many(rows).exec_without_returning(t).await?;
    }
    Ok(())
}

/// Forgets the attempts of runs.
pub(crate) async fn remove(t: &DatabaseTransaction, runs: &[String]) -> Result<(), DbErr> {
    table::Entity::delete_many().filter(table::Column::RunId.is_in(runs)).exec(t).await.map(|_| ())
}

impl From<&HistoryAttempt> for table::Model {
    fn from(attempt: &HistoryAttempt) -> Self {
        Self {
            run_id: attempt.run.as_str().to_owned(),
            application_hash: sha256(attempt.application.as_str()),
            application_id: attempt.application.as_str().to_owned(),
            attempt_id: attempt.attempt.clone(),
            name: attempt.name.clone(),
            user_name: attempt.user.clone(),
            spark_version: attempt.spark_version.clone(),
            started_us: attempt.started.as_micros(),
            ended_us: attempt.ended.map(TimestampMs::as_micros),
            updated_us: attempt.updated.as_micros(),
            exit_code: attempt.exit_code,
            event_log: attempt.event_log.clone(),
        }
    }
}

impl From<table::Model> for HistoryAttempt {
    fn from(row: table::Model) -> Self {
        Self {
            run: RunId::new(row.run_id),
            application: ApplicationId::new(row.application_id),
            attempt: row.attempt_id,
            name: row.name,
            user: row.user_name,
            spark_version: row.spark_version,
            started: time(row.started_us),
            ended: row.ended_us.map(time),
            updated: time(row.updated_us),
            exit_code: row.exit_code,
            event_log: row.event_log,
        }
    }
}
