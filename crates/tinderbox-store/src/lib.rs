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
mod cluster_profile;
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
mod scale_job;
mod spec;
mod table_file;
mod table_set;
mod tables;
mod token;

pub use attempt::{Attempt, AttemptChange};
pub use cluster_profile::StoredProfile;
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
    ApplicationRecord, CancelAnswer, Created, Page, Prunable, Retried, Run, RunChange, RunFilter,
    RunKey, RunPlace, RunRecord, RunSort, RunSortBy, SortOrder,
};
pub use scale_job::{ScaleJob, ScaleJobState};
pub use spec::{SpecHash, SpecVersion};
pub use table_file::{NewTableFile, TableFile, TableFileKind};
pub use table_set::{NewTableSet, TableMember, TableSet, UnwrittenRun, UnwrittenTables};
pub use token::Found;

use connection::Connections;
use futures::FutureExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// An open database. Cheap to clone; all clones share one queue of writes and one pool of readers.
#[derive(Clone)]
pub struct Store {
    connections: Arc<Connections>,
    /// False while no run was ever made: then lists and sums of runs are empty, and the database is not asked.
    may_have_runs: Arc<AtomicBool>,
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
        let connections = Connections::open(path).await?;
        let has_runs = connections.read("look for runs", |t| run::exists(t).boxed()).await?;
        let may_have_runs = Arc::new(AtomicBool::new(has_runs));
        Ok(Self { connections: Arc::new(connections), may_have_runs })
    }

    /// Whether no run was ever made.
    fn has_no_runs(&self) -> bool {
        !self.may_have_runs.load(Ordering::Acquire)
    }

    /// To be called before runs are made, so that nobody misses them. Only the program that owns the file makes runs.
    fn runs_come(&self) {
        self.may_have_runs.store(true, Ordering::Release);
    }

    /// Writes what is queued, folds the write-ahead log into the file and closes all connections. Later calls on
    /// clones answer [`Error::Closed`]. Dropping every clone does the same in the background.
    pub async fn close(&self) {
        self.connections.close().await;
    }
}
