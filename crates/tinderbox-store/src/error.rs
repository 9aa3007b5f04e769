use sea_orm::{DbErr, RuntimeErr, SqlxError};
use std::fmt;
use std::path::{Path, PathBuf};
use tinderbox_model::{ErrorClass, IllegalMove, RunId, RunState};

/// What can go wrong in the store. [`Error::hint`] says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file or its folder cannot be opened.
    #[error("cannot open the database {path}")]
    Open {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: SqlError,
    },
    /// Another program holds the write lock for longer than we wait.
    #[error("the database {path} is locked by another program")]
    Locked {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: SqlError,
    },
    /// No space left.
    #[error("no space left to write the database {path}")]
    Full {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: SqlError,
    },
    /// The file or the file system does not let us write.
    #[error("the database {path} cannot be written to")]
    ReadOnly {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: SqlError,
    },
    /// The file is damaged, or is no SQLite database.
    #[error("the database {path} is damaged, or is no SQLite file")]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: SqlError,
    },
    /// A newer program has migrated the database.
    #[error(
        "the database {path} was made by a newer Tinderbox: its schema is number {found}, this program knows up to {supported}"
    )]
    NewerSchema {
        /// The database.
        path: PathBuf,
        /// Number of the newest migration in the file.
        found: i64,
        /// Number of the newest migration of this program.
        supported: i64,
    },
    /// Any other failure of a statement.
    #[error("cannot {doing} in the database {path}")]
    Query {
        /// The database.
        path: PathBuf,
        /// What was to be done, for example `create a run`.
        doing: &'static str,
        /// What SQLite said.
        source: SqlError,
    },
    /// A mistake of ours while something was written. Nothing of it was, and the database goes on.
    #[error(
        "cannot {doing} in the database {path}: the program made a mistake, which it has printed"
    )]
    Panic {
        /// The database.
        path: PathBuf,
        /// What was to be done.
        doing: &'static str,
    },
    /// A row holds what this version cannot read.
    #[error("row {row} of table {table} has {value:?} in column {column}")]
    Row {
        /// The table.
        table: &'static str,
        /// Its key.
        row: String,
        /// The column.
        column: &'static str,
        /// What it holds.
        value: String,
    },
    /// No such run.
    #[error("there is no run {text:?}")]
    RunNotFound {
        /// What was looked for.
        text: String,
    },
    /// A shortened id that fits several runs.
    #[error("{text:?} fits several runs: {}", Ids(.candidates))]
    RunAmbiguous {
        /// What was looked for.
        text: String,
        /// The first few runs that it fits.
        candidates: Vec<RunId>,
    },
    /// A second run under the id of another.
    #[error("there is already a run {id}")]
    RunExists {
        /// The id.
        id: RunId,
    },
    /// A launched run begins its life queued.
    #[error("the new run {id} is {state}, but a launched run begins queued")]
    NotQueued {
        /// The run.
        id: RunId,
        /// The state it was given.
        state: RunState,
    },
    /// A move that no run may make.
    #[error("cannot move run {id}")]
    IllegalMove {
        /// The run.
        id: RunId,
        /// The move.
        source: IllegalMove,
    },
    /// Rollups are kept by one dimension at a time.
    #[error(
        "runs cannot be grouped by {group} and picked by {only} at once: rollups are kept by one dimension at a time"
    )]
    TwoDimensions {
        /// By what was to be grouped.
        group: &'static str,
        /// By what was to be picked.
        only: &'static str,
    },
    /// The store was closed.
    #[error("the database {path} is closed")]
    Closed {
        /// The database.
        path: PathBuf,
    },
}

impl Error {
    /// Whose fault it is and whether trying again can help.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Locked { .. } | Self::Full { .. } => ErrorClass::EXTERNAL,
            Self::Open { .. }
            | Self::ReadOnly { .. }
            | Self::Damaged { .. }
            | Self::NewerSchema { .. }
            | Self::RunNotFound { .. }
            | Self::RunAmbiguous { .. }
            | Self::TwoDimensions { .. } => ErrorClass::USER,
            Self::Query { .. }
            | Self::Panic { .. }
            | Self::Row { .. }
            | Self::RunExists { .. }
            | Self::NotQueued { .. }
            | Self::IllegalMove { .. }
            | Self::Closed { .. } => ErrorClass::INTERNAL,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Open { .. } => Some("check that the data directory exists and can be entered"),
            Self::Locked { .. } => Some(
                "end the other program that has the file open (a second server, a database browser), or use another --data-dir",
            ),
            Self::Full { .. } => Some("free some space on that disk and try again"),
            Self::ReadOnly { .. } => Some("give this user the right to write the data directory"),
            Self::Damaged { .. } => Some(
                "restore the file and its -wal file from a backup; task tables and detail files lie beside it untouched",
            ),
            Self::NewerSchema { .. } => Some("use the newer program, or another --data-dir"),
            Self::RunNotFound { .. } => Some("list the runs with `tinderbox jobs`"),
            Self::RunAmbiguous { .. } => Some("give more characters of the id"),
            Self::TwoDimensions { .. } => {
                Some("pick by what you group by, or group by hour, day or workspace")
            }
            Self::Query { .. }
            | Self::Panic { .. }
            | Self::Row { .. }
            | Self::RunExists { .. }
            | Self::NotQueued { .. }
            | Self::IllegalMove { .. }
            | Self::Closed { .. } => None,
        }
    }

    pub(crate) fn from_database(path: &Path, doing: &'static str, error: DbErr) -> Self {
        let path = path.to_owned();
        let code = primary_code(&error);
        let source = SqlError(error);
        // Primary result codes: https://www.sqlite.org/rescode.html
        match code {
            Some(5 | 6) => Self::Locked { path, source },
            Some(13) => Self::Full { path, source },
            Some(8) => Self::ReadOnly { path, source },
            Some(11 | 26) => Self::Damaged { path, source },
            Some(14) => Self::Open { path, source },
            _ => Self::Query { path, doing, source },
        }
    }
}

/// The database's own words. The library that speaks to it stays out of sight.
#[derive(Debug)]
pub struct SqlError(DbErr);

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            DbErr::Conn(RuntimeErr::SqlxError(e))
            | DbErr::Exec(RuntimeErr::SqlxError(e))
            | DbErr::Query(RuntimeErr::SqlxError(e)) => match &**e {
                SqlxError::Database(e) => f.write_str(e.message()),
                e => e.fmt(f),
            },
            e => e.fmt(f),
        }
    }
}

impl std::error::Error for SqlError {}

/// How the inside of a transaction fails: by the database, whose error still lacks its path, by a rule of ours, or by
/// a mistake of ours.
#[derive(Debug)]
pub(crate) enum Failure {
    Database(DbErr),
    Rule(Error),
    Panic,
}

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Rule(error)
    }
}

/// SQLite's primary result code: the low byte of the extended one.
fn primary_code(error: &DbErr) -> Option<u32> {
    let (DbErr::Conn(RuntimeErr::SqlxError(e))
    | DbErr::Exec(RuntimeErr::SqlxError(e))
    | DbErr::Query(RuntimeErr::SqlxError(e))) = error
    else {
        return None;
    };
    let SqlxError::Database(e) = &**e else { return None };
    e.code()?.parse::<u32>().ok().map(|code| code & 0xff)
}

struct Ids<'a>(&'a [RunId]);

impl fmt::Display for Ids<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, id) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{id}")?;
        }
        Ok(())
    }
}
