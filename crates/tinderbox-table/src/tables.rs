//! Parquet tables: what Spark, DuckDB, pandas and `history sql` read. Tinderbox answers nothing from them.
//!
//! One file may hold many attempts. Rows are sorted by run and attempt, and within an attempt as each table says. The
//! columns `run_id` and `run_attempt` are in all of them, and `application_id` in all but the tasks. Units are in the
//! names of columns. Numbers are signed 64-bit, because Spark reads unsigned ones as decimals; what does not fit becomes
//! the largest value.

mod applications;
mod columns;
mod compact;
mod executors;
mod file;
mod metrics;
mod operators;
mod stages;
mod tasks;

use crate::error::Error;
use crate::pack::Pack;
use arrow_schema::Schema;
pub use compact::compact;
use file::{File, Of};
use std::path::Path;
use tinderbox_model::{Application, ApplicationId, AttemptNumber, Bytes, RunId};

/// The version of the format that is written, and the newest that is read. It lies in the Parquet file's key-value
/// metadata under `tinderbox.table_version`, the table's name under `tinderbox.table`. A version only adds columns; what
/// a column means never changes.
pub const TABLE_VERSION: u64 = 2;

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    /// One row per task, by stage attempt and task id.
    Tasks,
    /// One row per attempt of a run: its application.
    Applications,
    /// One row per stage attempt, by id, with sums over its tasks.
    Stages,
    /// One row per executor, in order of appearance.
    Executors,
    /// One row per operator and metric of each SQL execution; an operator without metrics has one row.
    Operators,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Tasks, Self::Applications, Self::Stages, Self::Executors, Self::Operators];

    /// Its name, which is also its folder's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tasks => "tasks",
            Self::Applications => "applications",
            Self::Stages => "stages",
            Self::Executors => "executors",
            Self::Operators => "operators",
        }
    }

    fn schema(self) -> Schema {
        match self {
            Self::Tasks => tasks::columns(&[]).schema(),
            Self::Applications => applications::columns(&[]).schema(),
            Self::Stages => stages::columns(&[]).schema(),
            Self::Executors => executors::columns(&[]).schema(),
            Self::Operators => operators::columns(&[]).schema(),
        }
    }
}

/// Whose rows they are: columns of every table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowOwner {
    /// The run.
    pub run: RunId,
    /// Which attempt of it.
    pub attempt: AttemptNumber,
    /// Spark's id of the application.
    pub application: Option<ApplicationId>,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Rows in the table.
    pub num_rows: u64,
    /// Size of the file.
    pub num_bytes: Bytes,
}

/// Writes a task table from the packs of one or several attempts. `path` is used by nothing else (see
/// [`crate::Place`]); missing folders are made. Holds a row group of 65,536 compressed rows.
///
/// # Errors
/// [`Error::Write`], or what the pack says; nothing is left of the table then.
pub fn write_tasks(path: &Path, packs: &[(RowOwner, &Pack)]) -> Result<Written, Error> {
    let mut file = File::create(path, Table::Tasks)?;
    for (owner, pack) in in_order(packs) {
        let mut batch = Vec::with_capacity(file::BATCH_ROWS);
        let mut failed = None;
        pack.for_each(|task| {
            batch.push(Of { owner, what: task });
            if batch.len() == file::BATCH_ROWS && failed.is_none() {
                failed = file.write(tasks::columns(&batch)).err();
                batch.clear();
            }
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        file.write(tasks::columns(&batch))?;
    }
    file.finish()
}

/// Writes any other table from the applications of one or several attempts, as [`write_tasks`] does. The table of
/// tasks has no rows then: an application does not have its tasks.
///
/// # Errors
/// [`Error::Write`]; nothing is left of the table then.
pub fn write_table(
    path: &Path,
    table: Table,
    applications: &[(RowOwner, &Application)],
) -> Result<Written, Error> {
    let mut file = File::create(path, table)?;
    for (owner, application) in in_order(applications) {
        match table {
            Table::Tasks => {}
            Table::Applications => {
                file.write(applications::columns(&[Of { owner, what: application }]))?;
            }
            Table::Stages => {
                let rows: Vec<_> =
                    application.stages.iter().map(|what| Of { owner, what }).collect();
                for rows in rows.chunks(file::BATCH_ROWS) {
                    file.write(stages::columns(rows))?;
                }
            }
            Table::Executors => {
                let rows: Vec<_> =
                    application.executors.iter().map(|what| Of { owner, what }).collect();
                for rows in rows.chunks(file::BATCH_ROWS) {
                    file.write(executors::columns(rows))?;
                }
            }
            Table::Operators => {
                for execution in &application.sql {
                    let rows = operators::rows(owner, execution);
                    for rows in rows.chunks(file::BATCH_ROWS) {
                        file.write(operators::columns(rows))?;
                    }
                }
            }
        }
    }
    file.finish()
}

fn in_order<T>(of: &[(RowOwner, T)]) -> Vec<(&RowOwner, &T)> {
    let mut order: Vec<_> = of.iter().map(|(owner, what)| (owner, what)).collect();
    order.sort_by(|(a, _), (b, _)| (&a.run, a.attempt).cmp(&(&b.run, b.attempt)));
    order
}
