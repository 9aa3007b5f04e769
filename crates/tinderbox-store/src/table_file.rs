use crate::Store;
use crate::connection::read_once;
use crate::error::{Error, Failure};
use crate::row::{big, sha256, time, unreadable, unsigned};
use crate::tables::table_file as table;
use futures::FutureExt;
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, IntoActiveModel, QueryOrder, QuerySelect, Set};
use std::collections::HashSet;
use std::path::Path;
use tinderbox_model::{AttemptNumber, Bytes, RunId, TimestampMs};

/// What a file of the manifest holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TableFileKind {
    /// The task table (Parquet), for other programs.
    Tasks,
    /// The task pack, from which tasks are answered.
    Pack,
    /// The detail file.
    Detail,
}

impl TableFileKind {
    /// The kinds that are Parquet tables, which SQL may read under their names.
    pub const TABLES: &'static [Self] = &[Self::Tasks];

    /// The name in the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tasks => "tasks",
            Self::Pack => "pack",
            Self::Detail => "detail",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Tasks, Self::Pack, Self::Detail].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A file that is complete and on disk, to be made current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTableFile {
    /// What it holds.
    pub kind: TableFileKind,
    /// Where it is, relative to the data directory, `/` between folders. Names the file for ever: a path is not
    /// used twice.
    pub path: String,
    /// Whose it is.
    pub run: RunId,
    /// Of which attempt.
    pub attempt: AttemptNumber,
    /// Rows in it.
    pub num_rows: u64,
    /// Its size.
    pub num_bytes: Bytes,
}

/// A file of the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFile {
    /// What was published.
    pub file: NewTableFile,
    /// When it was made current.
    pub created: TimestampMs,
    /// When a newer one took its place; `None` while it is current.
    pub retired: Option<TimestampMs>,
}

impl Store {
    /// Makes a file the current one of its kind, run and attempt and retires the one before, in one transaction:
    /// a reader sees either. Publishing the same path again changes nothing.
    ///
    /// # Errors
    /// What the database says.
    pub async fn file_publish(&self, file: &NewTableFile, now: TimestampMs) -> Result<(), Error> {
        let file = file.clone();
        self.connections.write("publish a file", move |t| publish(t, file, now).boxed()).await
    }

    /// The current files of a run, by attempt.
    ///
    /// # Errors
    /// What the database says.
    pub async fn file_list(&self, run: &RunId) -> Result<Vec<TableFile>, Error> {
        let query = table::Entity::find()
            .filter(table::Column::RunId.eq(run.as_str()))
            .filter(table::Column::State.eq(CURRENT))
            .order_by_asc(table::Column::Attempt)
            .order_by_asc(table::Column::Kind);
        self.connections.read("list files", |t| all(t, query).boxed()).await
    }

    /// Runs that have a current file of a kind.
    ///
    /// # Errors
    /// What the database says.
    pub async fn file_runs(&self, kind: TableFileKind) -> Result<HashSet<RunId>, Error> {
        let query = table::Entity::find()
            .select_only()
            .column(table::Column::RunId)
            .filter(table::Column::Kind.eq(kind.as_str()))
            .filter(table::Column::State.eq(CURRENT))
            .into_tuple::<String>();
        let runs = self
            .connections
            .read("list runs with files", |t| async move { Ok(query.all(t).await?) }.boxed())
            .await?;
        Ok(runs.into_iter().map(RunId::new).collect())
    }

    /// All current files of a kind in the SQLite file at `path`, the newest first. For programs that do not own the
    /// database: nothing is written, and the owner is not held up.
    ///
    /// # Errors
    /// What the database says.
    pub async fn file_list_current(
        path: &Path,
        kind: TableFileKind,
    ) -> Result<Vec<TableFile>, Error> {
        let query = table::Entity::find()
            .filter(table::Column::State.eq(CURRENT))
            .filter(table::Column::Kind.eq(kind.as_str()))
            .order_by_desc(table::Column::CreatedUs);
        read_once(path, "list the files of a table", |t| all(t, query).boxed()).await
    }

    /// Files that were retired before `before`, the oldest first, at most `limit`: to be deleted after a grace
    /// period in which a reader may still hold them.
    ///
    /// # Errors
    /// What the database says.
    pub async fn file_retired(
        &self,
        before: TimestampMs,
        limit: u64,
    ) -> Result<Vec<TableFile>, Error> {
        let query = table::Entity::find()
            .filter(table::Column::State.eq(RETIRED))
            .filter(table::Column::RetiredUs.lt(before.as_micros()))
            .order_by_asc(table::Column::RetiredUs)
            .limit(limit);
        self.connections.read("list retired files", |t| all(t, query).boxed()).await
    }

    /// Forgets a retired file, after it was deleted. A current one stays. Answers whether there was one to forget.
    ///
    /// # Errors
    /// What the database says.
    pub async fn file_forget(&self, path: &str) -> Result<bool, Error> {
        let query = table::Entity::delete_many()
            .filter(table::Column::Id.eq(sha256(path)))
            .filter(table::Column::State.eq(RETIRED));
        self.connections
            .write("forget a file", |t| {
                async move { Ok(query.exec(t).await?.rows_affected > 0) }.boxed()
            })
            .await
    }

    /// Whether the manifest knows this path, current or retired. A file in the data directory that it does not know
    /// is left over from a process that died before it published.
    ///
    /// # Errors
    /// What the database says.
    pub async fn file_known(&self, path: &str) -> Result<bool, Error> {
        let query = table::Entity::find_by_id(sha256(path));
        self.connections
            .read("look a file up", |t| async move { Ok(query.one(t).await?.is_some()) }.boxed())
            .await
    }
}

const CURRENT: &str = "current";
const RETIRED: &str = "retired";

async fn publish(
    t: &DatabaseTransaction,
    file: NewTableFile,
    now: TimestampMs,
) -> Result<(), Failure> {
    let id = sha256(&file.path);
    if table::Entity::find_by_id(id.as_str()).one(t).await?.is_some() {
        return Ok(());
    }
    let retire = table::ActiveModel {
        state: Set(RETIRED.to_owned()),
        retired_us: Set(Some(now.as_micros())),
        ..<table::ActiveModel as ActiveModelTrait>::default()
    };
    table::Entity::update_many()
        .set(retire)
        .filter(table::Column::RunId.eq(file.run.as_str()))
        .filter(table::Column::State.eq(CURRENT))
        .filter(table::Column::Attempt.eq(i64::from(file.attempt.0)))
        .filter(table::Column::Kind.eq(file.kind.as_str()))
        .exec(t)
        .await?;
    let row = table::Model {
        id,
        kind: file.kind.as_str().to_owned(),
        path: file.path,
        run_id: file.run.as_str().to_owned(),
        attempt: i64::from(file.attempt.0),
        num_rows: big(file.num_rows),
        num_bytes: big(file.num_bytes.0),
        state: CURRENT.to_owned(),
        created_us: now.as_micros(),
        retired_us: None,
    };
    let row = row.into_active_model().reset_all();
    table::Entity::insert(row).exec_without_returning(t).await?;
    Ok(())
}

async fn all(
    t: &DatabaseTransaction,
    query: Select<table::Entity>,
) -> Result<Vec<TableFile>, Failure> {
    let rows = query.all(t).await?;
    Ok(rows.into_iter().map(TableFile::try_from).collect::<Result<_, _>>()?)
}

impl TryFrom<table::Model> for TableFile {
    type Error = Error;

    fn try_from(row: table::Model) -> Result<Self, Error> {
        let Some(kind) = TableFileKind::parse(&row.kind) else {
            return Err(unreadable("table_files", row.path, "kind", row.kind));
        };
        let Ok(attempt) = u32::try_from(row.attempt) else {
            return Err(unreadable("table_files", row.path, "attempt", row.attempt.to_string()));
        };
        Ok(Self {
            file: NewTableFile {
                kind,
                path: row.path,
                run: RunId::new(row.run_id),
                attempt: AttemptNumber(attempt),
                num_rows: unsigned(row.num_rows),
                num_bytes: Bytes(unsigned(row.num_bytes)),
            },
            created: time(row.created_us),
            retired: row.retired_us.map(time),
        })
    }
}
