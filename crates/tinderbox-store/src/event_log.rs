use crate::Store;
use crate::error::Error;
use crate::row::{big, sha256, time, unsigned};
use crate::table_file::{CURRENT, TableFileKind};
use crate::tables::{event_log as table, run, table_file};
use futures::FutureExt;
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, DbErr, IntoActiveModel, QuerySelect, Set};
use std::collections::{BTreeMap, HashMap, HashSet};
use tinderbox_model::{Bytes, Origin, RunId, RunState, TimestampMs};

/// An event log that was looked at, so that it is not opened again while it stays the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLog {
    /// Path or address; the folder of a rolling log.
    pub url: String,
    /// Its size then; of a rolling log, of all its files.
    pub size: Bytes,
    /// Its time of change then, the latest of a rolling log's files.
    pub modified: TimestampMs,
    /// The run made of it; `None` when that run was pruned: the log is then not read again.
    pub run: Option<RunId>,
    /// When it was looked at.
    pub collected: TimestampMs,
}

/// An event log that was looked at, with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownLog {
    /// The log.
    pub log: EventLog,
    /// Whether its run has a task pack.
    pub has_pack: bool,
    /// Whether its run is observed, and running as far as is known.
    pub is_running: bool,
}

impl Store {
    /// Remembers an event log; replaces what was remembered under the same address.
    ///
    /// # Errors
    /// What the database says.
    pub async fn event_log_put(&self, log: &EventLog) -> Result<(), Error> {
        let logs = vec![log.clone()];
        self.connections
            .write("remember an event log", move |t| {
                async move { Ok(put_all(t, logs).await?) }.boxed()
            })
            .await
    }

    /// What is remembered about the event logs at these addresses, by address. Costs by how many are asked for, however
    /// many are remembered.
    ///
    /// # Errors
    /// What the database says.
    pub async fn event_log_of(&self, urls: &[String]) -> Result<HashMap<String, KnownLog>, Error> {
        let hashes: Vec<String> = urls.iter().map(|url| sha256(url)).collect();
        self.connections
            .read("look event logs up", |t| {
                async move {
                    let mut known = HashMap::with_capacity(hashes.len());
                    for hashes in hashes.chunks(IDS) {
                        known.extend(described(t, hashes).await?);
                    }
                    Ok(known)
                }
                .boxed()
            })
            .await
    }

    /// What is remembered about the event log at this address.
    ///
    /// # Errors
    /// What the database says.
    pub async fn event_log_get(&self, url: &str) -> Result<Option<EventLog>, Error> {
        let query = table::Entity::find_by_id(sha256(url));
        self.connections
            .read("look an event log up", |t| {
                async move { Ok(query.one(t).await?.map(EventLog::from)) }.boxed()
            })
            .await
    }
}

/// Rows of one statement.
const ROWS: usize = 250;
/// Ids of one statement.
const IDS: usize = 500;

async fn described(
    t: &DatabaseTransaction,
    hashes: &[String],
) -> Result<Vec<(String, KnownLog)>, DbErr> {
    let logs = table::Entity::find().filter(table::Column::UrlHash.is_in(hashes)).all(t).await?;
    let runs: Vec<&str> = logs.iter().filter_map(|log| log.run_id.as_deref()).collect();
    let packs: Vec<String> = table_file::Entity::find()
        .select_only()
        .column(table_file::Column::RunId)
        .filter(table_file::Column::RunId.is_in(runs.iter().copied()))
        .filter(table_file::Column::State.eq(CURRENT))
        .filter(table_file::Column::Kind.eq(TableFileKind::Pack.as_str()))
        .into_tuple()
        .all(t)
        .await?;
    let running: Vec<String> = run::Entity::find()
        .select_only()
        .column(run::Column::Id)
        .filter(run::Column::Id.is_in(runs))
        .filter(run::Column::State.eq(RunState::Running.as_str()))
        .filter(run::Column::Origin.eq(Origin::Observed.as_str()))
        .into_tuple()
        .all(t)
        .await?;
    let (packs, running): (HashSet<String>, HashSet<String>) =
        (packs.into_iter().collect(), running.into_iter().collect());
    let known = logs.into_iter().map(|log| {
        let is_in =
            |runs: &HashSet<String>| log.run_id.as_ref().is_some_and(|id| runs.contains(id));
        let (has_pack, is_running) = (is_in(&packs), is_in(&running));
        (log.url.clone(), KnownLog { log: EventLog::from(log), has_pack, is_running })
    });
    Ok(known.collect())
}

/// Replaces what was remembered under the same addresses; of two of one address the last one stays.
pub(crate) async fn put_all(t: &DatabaseTransaction, logs: Vec<EventLog>) -> Result<(), DbErr> {
    let rows: BTreeMap<String, table::Model> = logs
        .into_iter()
        .map(|log| {
            let url_hash = sha256(&log.url);
            let row = table::Model {
                url_hash: url_hash.clone(),
                num_bytes: big(log.size.0),
                modified_us: log.modified.as_micros(),
                run_id: log.run.as_ref().map(|run| run.as_str().to_owned()),
                collected_us: log.collected.as_micros(),
                url: log.url,
            };
            (url_hash, row)
        })
        .collect();
    let (keys, rows): (Vec<String>, Vec<table::Model>) = rows.into_iter().unzip();
    for (keys, rows) in keys.chunks(ROWS).zip(rows.chunks(ROWS)) {
        table::Entity::delete_many().filter(table::Column::UrlHash.is_in(keys)).exec(t).await?;
        let rows = rows.iter().cloned().map(|row| row.into_active_model().reset_all());
        table::Entity::insert_many(rows).exec_without_returning(t).await?;
    }
    Ok(())
}

/// The logs of runs that are pruned: they stay known, and have no run any more.
pub(crate) async fn release(t: &DatabaseTransaction, runs: &[String]) -> Result<(), DbErr> {
    let change = table::ActiveModel {
        run_id: Set(None),
        ..<table::ActiveModel as ActiveModelTrait>::default()
    };
    let of_runs = table::Column::RunId.is_in(runs);
    table::Entity::update_many().set(change).filter(of_runs).exec(t).await.map(|_| ())
}

impl From<table::Model> for EventLog {
    fn from(row: table::Model) -> Self {
        Self {
            url: row.url,
            size: Bytes(unsigned(row.num_bytes)),
            modified: time(row.modified_us),
            run: row.run_id.map(RunId::new),
            collected: time(row.collected_us),
        }
    }
}
