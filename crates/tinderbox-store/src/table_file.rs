use crate::Store;
use crate::connection::read_once;
use crate::error::{Error, Failure};
use crate::row::{big, sha256, time, unreadable, unsigned};
use crate::tables::table_file as table;
use futures::FutureExt;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{DatabaseTransaction, DbErr, IntoActiveModel, QueryOrder, QuerySelect, Set};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use tinderbox_model::{AttemptNumber, Bytes, RunId, TimestampMs};

/// What a file of the manifest holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TableFileKind {
    /// The task table (Parquet), for other programs.
    Tasks,
    /// The table of applications.
    Applications,
    /// The table of stages.
    Stages,
    /// The table of executors.
    Executors,
    /// The table of operators.
    Operators,
    /// The task pack, from which tasks are answered.
    Pack,
    /// The detail file.
    Detail,
}

impl TableFileKind {
    /// The kinds that are Parquet tables, which SQL may read under their names.
    pub const TABLES: &'static [Self] =
        &[Self::Tasks, Self::Applications, Self::Stages, Self::Executors, Self::Operators];

    /// The name in the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tasks => "tasks",
            Self::Applications => "applications",
            Self::Stages => "stages",
            Self::Executors => "executors",
            Self::Operators => "operators",
            Self::Pack => "pack",
            Self::Detail => "detail",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let all = Self::TABLES.iter().chain(&[Self::Pack, Self::Detail]);
        all.copied().find(|kind| kind.as_str() == text)
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
    /// Whose it is; of a table that runs share, its set ([`crate::NewTableSet`]).
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
        self.connections
            .write("publish a file", move |t| publish_all(t, vec![file], now).boxed())
            .await
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

    /// Forgets retired files, after they were deleted. Current ones stay. Answers how many there were to forget.
    ///
    /// # Errors
    /// What the database says.
    pub async fn files_forget(&self, paths: &[String]) -> Result<u64, Error> {
        let ids: Vec<String> = paths.iter().map(|path| sha256(path)).collect();
        self.connections
            .write("forget files", move |t| {
                async move {
                    let mut forgotten = 0;
                    for ids in ids.chunks(IDS) {
                        let query = table::Entity::delete_many()
                            .filter(table::Column::Id.is_in(ids))
                            .filter(table::Column::State.eq(RETIRED));
                        forgotten += query.exec(t).await?.rows_affected;
                    }
                    Ok(forgotten)
                }
                .boxed()
            })
            .await
    }

    /// Those of the paths that the manifest does not know, neither as current nor as retired. Such a file in the data
    /// directory is left over from a process that died before it published.
    ///
    /// # Errors
    /// What the database says.
    pub async fn files_unknown(&self, paths: &[String]) -> Result<Vec<String>, Error> {
        let ids: Vec<String> = paths.iter().map(|path| sha256(path)).collect();
        let known = self
            .connections
            .read("look files up", |t| {
                async move {
                    let mut known: HashSet<String> = HashSet::new();
                    for ids in ids.chunks(IDS) {
                        let query = table::Entity::find()
                            .select_only()
                            .column(table::Column::Id)
                            .filter(table::Column::Id.is_in(ids))
                            .into_tuple::<String>();
                        known.extend(query.all(t).await?);
                    }
                    Ok(known)
                }
                .boxed()
            })
            .await?;
        Ok(paths.iter().filter(|path| !known.contains(&sha256(path))).cloned().collect())
    }
}

pub(crate) const CURRENT: &str = "current";
const RETIRED: &str = "retired";
/// Rows of one statement.
const ROWS: usize = 250;
/// Ids of one statement.
const IDS: usize = 500;

/// Makes files current and retires those before them. Of two of one kind, run and attempt the last one stays current.
pub(crate) async fn publish_all(
    t: &DatabaseTransaction,
    files: Vec<NewTableFile>,
    now: TimestampMs,
) -> Result<(), Failure> {
    for files in files.chunks(ROWS) {
        publish(t, files, now).await?;
    }
    Ok(())
}

async fn publish(
    t: &DatabaseTransaction,
    files: &[NewTableFile],
    now: TimestampMs,
) -> Result<(), Failure> {
    let mut new: Vec<table::Model> = files.iter().map(|file| row(file, now)).collect();
    let ids: Vec<String> = new.iter().map(|row| row.id.clone()).collect();
    let known = table::Entity::find().filter(table::Column::Id.is_in(ids)).all(t).await?;
    let mut known: HashSet<String> = known.into_iter().map(|row| row.id).collect();
    new.retain(|row| known.insert(row.id.clone()));
    if new.is_empty() {
        return Ok(());
    }
    let runs: BTreeSet<&str> = new.iter().map(|row| row.run_id.as_str()).collect();
    let current = table::Entity::find()
        .filter(table::Column::RunId.is_in(runs))
        .filter(table::Column::State.eq(CURRENT))
        .all(t)
        .await?;
    let mut latest: HashMap<(String, i64, String), usize> = HashMap::new();
    for at in 0..new.len() {
        let key = (new[at].run_id.clone(), new[at].attempt, new[at].kind.clone());
        if let Some(before) = latest.insert(key, at) {
            new[before].state = RETIRED.to_owned();
            new[before].retired_us = Some(now.as_micros());
        }
    }
    let replaced: Vec<String> = current
        .into_iter()
        .filter(|row| latest.contains_key(&(row.run_id.clone(), row.attempt, row.kind.clone())))
        .map(|row| row.id)
        .collect();
    if !replaced.is_empty() {
        retire(t, table::Column::Id.is_in(replaced), now).await?;
    }
    let new = new.into_iter().map(|row| row.into_active_model().reset_all());
    table::Entity::insert_many(new).exec_without_returning(t).await?;
    Ok(())
}

/// Retires the current files of runs that are removed.
pub(crate) async fn retire_runs(
    t: &DatabaseTransaction,
    runs: &[String],
    now: TimestampMs,
) -> Result<(), DbErr> {
    retire(t, table::Column::RunId.is_in(runs), now).await
}

/// Retires the Parquet tables that runs have for themselves.
pub(crate) async fn retire_tables(
    t: &DatabaseTransaction,
    runs: &[String],
    now: TimestampMs,
) -> Result<(), DbErr> {
    let kinds = TableFileKind::TABLES.iter().map(|kind| kind.as_str());
    let which = table::Column::RunId.is_in(runs).and(table::Column::Kind.is_in(kinds));
    retire(t, which, now).await
}

async fn retire(
    t: &DatabaseTransaction,
    which: sea_orm::sea_query::SimpleExpr,
    now: TimestampMs,
) -> Result<(), DbErr> {
    let change = table::ActiveModel {
        state: Set(RETIRED.to_owned()),
        retired_us: Set(Some(now.as_micros())),
        ..<table::ActiveModel as ActiveModelTrait>::default()
    };
    table::Entity::update_many()
        .set(change)
        .filter(which)
        .filter(table::Column::State.eq(CURRENT))
        .exec(t)
        .await
        .map(|_| ())
}

fn row(file: &NewTableFile, now: TimestampMs) -> table::Model {
    table::Model {
        // SHA-256 of the path, which may be too long for an index.
        id: sha256(&file.path),
        kind: file.kind.as_str().to_owned(),
        path: file.path.clone(),
        run_id: file.run.as_str().to_owned(),
        attempt: i64::from(file.attempt.0),
        num_rows: big(file.num_rows),
        num_bytes: big(file.num_bytes.0),
        state: CURRENT.to_owned(),
        created_us: now.as_micros(),
        retired_us: None,
    }
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
