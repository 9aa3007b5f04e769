//! Runs, attempts, specs, reports and the manifest of table files, in SQL.
//!
//! Invariants: SQL and nothing else. No Spark format, no HTTP, no file but the database, no clock (times are
//! arguments). A function that has answered `Ok` to a write has it on disk: a killed process loses no acknowledged
//! write. Every function is one transaction; a failed one leaves nothing behind. No network call and no caller's
//! code runs inside a transaction.
//!
//! Functions are methods of [`Store`], named noun first, so that the list of functions is the list of tables.
//! What is written here keeps to SQL that SQLite, PostgreSQL, MySQL and MariaDB share (see `migration`).

mod attempt;
mod connection;
mod counts;
mod error;
mod event_log;
mod history_attempt;
mod migration;
mod report;
mod rollup;
mod row;
mod run;
mod spec;
mod table_file;
mod table_set;
mod tables;
mod token;

pub use attempt::{Attempt, AttemptChange};
pub use counts::{CountDifference, RunCount};
pub use error::{Error, SqlError};
pub use event_log::{EventLog, KnownLog};
pub use history_attempt::HistoryAttempt;
pub use report::{FindingRow, Report};
pub use rollup::{
    Dimension, DurationHistogram, OTHER, RollupDifference, RunFigures, Stats, StatsGroup, StatsKey,
    StatsQuery, VALUE_LIMIT,
};
pub use run::{
    ApplicationRecord, CancelAnswer, Created, Page, Prunable, Run, RunChange, RunFilter, RunRecord,
    RunSort, RunSortBy, SortOrder,
};
pub use spec::{SpecHash, SpecVersion};
pub use table_file::{NewTableFile, TableFile, TableFileKind};
pub use table_set::{NewTableSet, TableMember, TableSet, UnwrittenRun, UnwrittenTables};
pub use token::Found;

use connection::Connections;
use std::path::Path;
use std::sync::Arc;

/// An open database. Cheap to clone; all clones share one queue of writes and one pool of readers.
#[derive(Clone)]
pub struct Store {
    connections: Arc<Connections>,
}

impl Store {
    /// Opens the SQLite file at `path`, makes it when it is not there, and brings its schema up to date.
    ///
    /// Must run inside a tokio runtime with time enabled; the writer is a task of it.
    ///
    /// # Errors
    /// [`Error::NewerSchema`] when a newer program made the file, which is then left as it was;
    /// [`Error::Damaged`] when it is no SQLite file; [`Error::Open`], [`Error::Locked`], [`Error::ReadOnly`] and
    /// [`Error::Full`] as their names say.
    pub async fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { connections: Arc::new(Connections::open(path).await?) })
    }

    /// Writes what is queued, folds the write-ahead log into the file and closes all connections. Later calls on
    /// clones answer [`Error::Closed`]. Dropping every clone does the same in the background.
    pub async fn close(&self) {
        self.connections.close().await;
    }
}
