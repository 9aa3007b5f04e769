//! Parquet tables that runs share. A set holds a file of every table for the same runs, so that a thousand small runs
//! are five files and not five thousand.

use crate::Store;
use crate::error::{Error, Failure};
use crate::row::{UNKNOWN, big, sha256, time, unsigned};
use crate::table_file::{self, CURRENT, NewTableFile, TableFileKind};
use crate::tables::{run, table_file as file, table_member as table};
use futures::FutureExt;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Alias, ExprTrait, IntoColumnRef, JoinType, Query, SelectStatement};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbErr, IntoActiveModel, QueryOrder, QuerySelect,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use tinderbox_model::{AttemptNumber, Bytes, Origin, RunId, RunState, TimestampMs, WorkspaceId};

/// A run whose rows a set holds; none when its record cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableMember {
    /// The run.
    pub run: RunId,
    /// Which attempt.
    pub attempt: AttemptNumber,
    /// Path of the detail file from which the rows were made. When it is no longer current, they are out of date.
    pub detail: String,
    /// Its part of the size of the set's files, for retention.
    pub num_bytes: Bytes,
}

/// Files that are complete and on disk, to be made current together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTableSet {
    /// Its name, which no run has. The `run` of its files.
    pub id: RunId,
    /// One of every table.
    pub files: Vec<NewTableFile>,
    /// Whose rows they hold.
    pub members: Vec<TableMember>,
}

/// A set that is current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSet {
    /// Its name.
    pub id: RunId,
    /// Its files by kind.
    pub files: Vec<(TableFileKind, String, Bytes)>,
}

/// A run that needs rows in the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnwrittenRun {
    /// The run.
    pub run: RunId,
    /// Which attempt.
    pub attempt: AttemptNumber,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// When it was recorded.
    pub created: TimestampMs,
    /// Whether its end is known: such a record hardly ever changes.
    pub has_ended: bool,
    /// Its current detail file.
    pub detail: String,
    /// Size of it.
    pub detail_bytes: Bytes,
    /// Its current task pack.
    pub pack: String,
    /// Size of it.
    pub pack_bytes: Bytes,
}

/// What is to be written next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnwrittenTables {
    /// Sets that hold rows of runs that are gone or were read again: to be retired together with the publication of
    /// `runs`, which are all others of theirs.
    pub stale: Vec<RunId>,
    /// Runs that need rows.
    pub runs: Vec<UnwrittenRun>,
}

impl Store {
    /// What the tables lack: first a few sets that are out of date, then runs without rows, at most `limit`. Empty when
    /// the tables are up to date. An observed run that still runs has no rows: its record changes all the time.
    ///
    /// # Errors
    /// What the database says.
    pub async fn tables_unwritten(&self, limit: u64) -> Result<UnwrittenTables, Error> {
        self.connections
            .read("list runs without tables", move |t| unwritten(t, limit).boxed())
            .await
    }

    /// Makes sets current and retires others, and what earlier versions wrote for single runs, in one transaction: a
    /// reader sees every row once. Answers false, and changes nothing, when a member was read again or removed
    /// meanwhile.
    ///
    /// # Errors
    /// What the database says.
    pub async fn tables_publish(
        &self,
        sets: Vec<NewTableSet>,
        retire: Vec<RunId>,
        now: TimestampMs,
    ) -> Result<bool, Error> {
        self.connections
            .write("publish tables", move |t| {
                async move { publish(t, sets, retire, now).await }.boxed()
            })
            .await
    }

    /// All current sets.
    ///
    /// # Errors
    /// What the database says.
    pub async fn table_sets(&self) -> Result<Vec<TableSet>, Error> {
        self.connections.read("list tables", |t| sets(t).boxed()).await
    }

    /// Whose rows a set holds.
    ///
    /// # Errors
    /// What the database says.
    pub async fn table_members(&self, set: &RunId) -> Result<Vec<TableMember>, Error> {
        let query = table::Entity::find()
            .filter(table::Column::SetId.eq(set.as_str()))
            .order_by_asc(table::Column::RunId);
        let rows = self
            .connections
            .read("list runs of tables", |t| async move { Ok(query.all(t).await?) }.boxed())
            .await?;
        Ok(rows.into_iter().map(TableMember::from).collect())
    }
}

/// Stale sets of one answer.
const STALE: u64 = 10;
/// Ids of one statement.
const IDS: usize = 500;

async fn unwritten(t: &DatabaseTransaction, limit: u64) -> Result<UnwrittenTables, Failure> {
    let rows = t.query_all(&stale()).await?;
    let stale: Result<Vec<String>, DbErr> = rows.iter().map(|r| r.try_get("", "set_id")).collect();
    let stale = stale?;
    let members = if stale.is_empty() {
        let rows = t.query_all(&without_rows(limit)).await?;
        rows.iter().map(|row| row.try_get("", "run_id")).collect::<Result<Vec<String>, _>>()?
    } else {
        let query = table::Entity::find()
            .select_only()
            .column(table::Column::RunId)
            .filter(table::Column::SetId.is_in(&stale))
            .into_tuple();
        query.all(t).await?
    };
    let mut runs = Vec::new();
    for ids in members.chunks(IDS) {
        runs.extend(described(t, ids).await?);
    }
    Ok(UnwrittenTables { stale: stale.into_iter().map(RunId::new).collect(), runs })
}

fn of(table: &'static str, name: &'static str) -> Expr {
    Expr::col((Alias::new(table), Alias::new(name)).into_column_ref())
}

/// Sets with a member whose detail file is no longer current.
fn stale() -> SelectStatement {
    let same = of("f", "id").eq(of("m", "detail_id")).and(of("f", "state").eq(CURRENT));
    Query::select()
        .distinct()
        .column((Alias::new("m"), Alias::new("set_id")))
        .from_as(Alias::new("table_members"), Alias::new("m"))
        .join_as(JoinType::LeftJoin, Alias::new("table_files"), Alias::new("f"), same)
        .and_where(of("f", "id").is_null())
        .limit(STALE)
        .take()
}

/// Runs with a current detail file and no rows, but for those that [`still_runs`].
fn without_rows(limit: u64) -> SelectStatement {
    let same = of("m", "run_id").eq(of("f", "run_id"));
    // Records of early versions have no pack.
    let has_pack = of("p", "run_id")
        .eq(of("f", "run_id"))
        .and(of("p", "kind").eq(TableFileKind::Pack.as_str()))
        .and(of("p", "state").eq(CURRENT));
    let over = of("r", "id").eq(of("f", "run_id")).and(
        of("r", "origin")
            .ne(Origin::Observed.as_str())
            .or(of("r", "state").ne(RunState::Running.as_str())),
    );
    Query::select()
        .column((Alias::new("f"), Alias::new("run_id")))
        .distinct()
        .from_as(Alias::new("table_files"), Alias::new("f"))
        .join_as(JoinType::InnerJoin, Alias::new("runs"), Alias::new("r"), over)
        .join_as(JoinType::InnerJoin, Alias::new("table_files"), Alias::new("p"), has_pack)
        .join_as(JoinType::LeftJoin, Alias::new("table_members"), Alias::new("m"), same)
        .and_where(of("f", "kind").eq(TableFileKind::Detail.as_str()))
        .and_where(of("f", "state").eq(CURRENT))
        .and_where(of("m", "run_id").is_null())
        .limit(limit)
        .take()
}

/// Whether the record of a run changes all the time. One that was launched here is read when it has ended.
fn still_runs(run: &run::Model) -> bool {
    run.origin == Origin::Observed.as_str() && run.state == RunState::Running.as_str()
}

/// Those of the runs that have a record, but for those that [`still_runs`].
async fn described(t: &DatabaseTransaction, ids: &[String]) -> Result<Vec<UnwrittenRun>, DbErr> {
    let runs = run::Entity::find().filter(run::Column::Id.is_in(ids)).all(t).await?;
    let files = file::Entity::find()
        .filter(file::Column::RunId.is_in(ids))
        .filter(file::Column::State.eq(CURRENT))
        .all(t)
        .await?;
    let mut of_runs: HashMap<(String, String), file::Model> = HashMap::new();
    for row in files {
        of_runs.insert((row.run_id.clone(), row.kind.clone()), row);
    }
    let mut take = |run: &str, kind: TableFileKind| {
        of_runs.remove(&(run.to_owned(), kind.as_str().to_owned()))
    };
    let mut found = Vec::new();
    for run in runs.into_iter().filter(|run| !still_runs(run)) {
        let detail = take(&run.id, TableFileKind::Detail);
        let Some((detail, pack)) = detail.zip(take(&run.id, TableFileKind::Pack)) else { continue };
        found.push(UnwrittenRun {
            attempt: AttemptNumber(u32::try_from(detail.attempt).unwrap_or(1)),
            workspace: WorkspaceId::new(run.workspace),
            created: time(run.created_us),
            has_ended: run.ended_us != UNKNOWN,
            run: RunId::new(run.id),
            detail: detail.path,
            detail_bytes: Bytes(unsigned(detail.num_bytes)),
            pack: pack.path,
            pack_bytes: Bytes(unsigned(pack.num_bytes)),
        });
    }
    found.sort_by(|a, b| a.run.cmp(&b.run));
    Ok(found)
}

async fn publish(
    t: &DatabaseTransaction,
    sets: Vec<NewTableSet>,
    retire: Vec<RunId>,
    now: TimestampMs,
) -> Result<bool, Failure> {
    let mut files = Vec::new();
    let mut members = Vec::new();
    for set in sets {
        files.extend(set.files);
        members.extend(set.members.into_iter().map(|member| row(&set.id, member)));
    }
    for part in members.chunks(IDS) {
        let wanted: HashSet<&str> = part.iter().map(|member| member.detail_id.as_str()).collect();
        let current: Vec<String> = file::Entity::find()
            .select_only()
            .column(file::Column::Id)
            .filter(file::Column::Id.is_in(wanted.iter().copied()))
            .filter(file::Column::State.eq(CURRENT))
            .into_tuple()
            .all(t)
            .await?;
        if current.len() != wanted.len() {
            return Ok(false);
        }
    }
    let retire: Vec<String> = retire.iter().map(|id| id.as_str().to_owned()).collect();
    for ids in retire.chunks(IDS) {
        table_file::retire_runs(t, ids, now).await?;
        table::Entity::delete_many().filter(table::Column::SetId.is_in(ids)).exec(t).await?;
    }
    for part in members.chunks(IDS) {
        let runs: Vec<String> = part.iter().map(|member| member.run_id.clone()).collect();
        table_file::retire_tables(t, &runs, now).await?;
        table::Entity::delete_many().filter(table::Column::RunId.is_in(runs)).exec(t).await?;
        let rows = part.iter().cloned().map(|row| row.into_active_model().reset_all());
        table::Entity::insert_many(rows).exec_without_returning(t).await?;
    }
    table_file::publish_all(t, files, now).await?;
    Ok(true)
}

async fn sets(t: &DatabaseTransaction) -> Result<Vec<TableSet>, Failure> {
    let ids = table::Entity::find().select_only().column(table::Column::SetId).distinct();
    let ids: Vec<String> = ids.into_tuple().all(t).await?;
    let mut sets: BTreeMap<String, Vec<(TableFileKind, String, Bytes)>> = BTreeMap::new();
    for ids in ids.chunks(IDS) {
        let files = file::Entity::find()
            .filter(file::Column::RunId.is_in(ids))
            .filter(file::Column::State.eq(CURRENT))
            .order_by_asc(file::Column::Kind);
        for row in files.all(t).await? {
            if let Some(kind) = TableFileKind::parse(&row.kind) {
                let file = (kind, row.path, Bytes(unsigned(row.num_bytes)));
                sets.entry(row.run_id).or_default().push(file);
            }
        }
    }
    Ok(sets.into_iter().map(|(id, files)| TableSet { id: RunId::new(id), files }).collect())
}

fn row(set: &RunId, member: TableMember) -> table::Model {
    table::Model {
        run_id: member.run.as_str().to_owned(),
        set_id: set.as_str().to_owned(),
        attempt: i64::from(member.attempt.0),
        detail_id: sha256(&member.detail),
        detail: member.detail,
        num_bytes: big(member.num_bytes.0),
    }
}

impl From<table::Model> for TableMember {
    fn from(row: table::Model) -> Self {
        Self {
            run: RunId::new(row.run_id),
            attempt: AttemptNumber(u32::try_from(row.attempt).unwrap_or(1)),
            detail: row.detail,
            num_bytes: Bytes(unsigned(row.num_bytes)),
        }
    }
}
