use crate::Store;
use crate::error::Error;
use crate::row::{big, sha256, time, unsigned};
use crate::tables::event_log as table;
use futures::FutureExt;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use std::collections::HashMap;
use tinderbox_model::{Bytes, RunId, TimestampMs};

/// An event log that was looked at, so that it is not opened again while it stays the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLog {
    /// Path or address; the folder of a rolling log.
    pub url: String,
    /// Its size then; of a rolling log, of all its files.
    pub size: Bytes,
    /// Its time of change then, the latest of a rolling log's files.
    pub modified: TimestampMs,
    /// The run made of it; `None` when it could not be read.
    pub run: Option<RunId>,
    /// When it was looked at.
    pub collected: TimestampMs,
}

impl Store {
    /// Remembers an event log; replaces what was remembered under the same address.
    ///
    /// # Errors
    /// What the database says.
    pub async fn event_log_put(&self, log: &EventLog) -> Result<(), Error> {
        let row = table::Model {
            url_hash: sha256(&log.url),
            url: log.url.clone(),
            num_bytes: big(log.size.0),
            modified_us: log.modified.as_micros(),
            run_id: log.run.as_ref().map(|run| run.as_str().to_owned()),
            collected_us: log.collected.as_micros(),
        };
        self.connections
            .write("remember an event log", move |t| {
                async move {
                    table::Entity::delete_by_id(row.url_hash.as_str()).exec(t).await?;
                    let row = row.into_active_model().reset_all();
                    table::Entity::insert(row).exec_without_returning(t).await?;
                    Ok(())
                }
                .boxed()
            })
            .await
    }

    /// All event logs that are remembered, by address.
    ///
    /// # Errors
    /// What the database says.
    pub async fn event_log_all(&self) -> Result<HashMap<String, EventLog>, Error> {
        let rows = self
            .connections
            .read("list event logs", |t| {
                async move { Ok(table::Entity::find().all(t).await?) }.boxed()
            })
            .await?;
        Ok(rows.into_iter().map(|row| (row.url.clone(), EventLog::from(row))).collect())
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
