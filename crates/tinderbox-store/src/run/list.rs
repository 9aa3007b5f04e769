mod keys;

use super::Run;
use super::find::{all, of_workspace};
use crate::error::Error;
use crate::tables::{finding, run as table};
use crate::{Store, counts};
use futures::FutureExt;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::LikeExpr;
use sea_orm::{
    DatabaseTransaction, DbErr, Order, PaginatorTrait, QueryOrder, QuerySelect, QueryTrait,
};
use tinderbox_model::{Origin, RunState, TimestampMs, WorkspaceId};

/// Which runs. Every field that is set must fit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunFilter {
    /// Of this workspace.
    pub workspace: WorkspaceId,
    /// In one of these states; empty means any.
    pub states: Vec<RunState>,
    /// Of this type.
    pub job_type: Option<String>,
    /// On this engine.
    pub engine: Option<String>,
    /// Of this origin.
    pub origin: Option<Origin>,
    /// With this text anywhere in the first 190 characters of the name, upper and lower case alike.
    pub name_contains: Option<String>,
    /// With a finding of this rule.
    pub rule: Option<String>,
    /// Made at this time or later.
    pub since: Option<TimestampMs>,
    /// Made before this time.
    pub until: Option<TimestampMs>,
}

/// The order of a list. Equal values, and values that are not known, come in order of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunSort {
    /// By what.
    pub by: RunSortBy,
    /// Which way.
    pub order: SortOrder,
}

impl Default for RunSort {
    /// The newest first.
    fn default() -> Self {
        Self { by: RunSortBy::Created, order: SortOrder::Descending }
    }
}

/// What lists can be sorted by. Those up to the findings are indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunSortBy {
    /// When the row was made.
    Created,
    /// When Spark started.
    Started,
    /// When it ended.
    Ended,
    /// Wall time.
    Duration,
    /// Name in lower case.
    Name,
    /// The state's name.
    State,
    /// Sum of executor run time.
    TaskTime,
    /// Bytes read.
    Input,
    /// Bytes written.
    Output,
    /// Shuffle bytes read.
    ShuffleRead,
    /// Shuffle bytes written.
    ShuffleWrite,
    /// Bytes spilled to disk.
    DiskSpill,
    /// Number of tasks.
    Tasks,
    /// Number of failed tasks.
    FailedTasks,
    /// Number of findings.
    Findings,
    /// Id.
    Id,
    /// Type.
    JobType,
    /// The seven words that stand for states: `CANCELLED`, `COMPLETED`, `FAILED`, `LOST`, `QUEUED`, `RUNNING`,
    /// `TIMED_OUT`.
    Status,
    /// Number of stages.
    Stages,
    /// Number of executors.
    Executors,
    /// Sum of garbage-collection time.
    GcTime,
    /// In-memory size of spilled data.
    MemorySpill,
    /// Who ran it.
    User,
    /// Spark's version.
    SparkVersion,
}

/// What a run is sorted by in one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunKey {
    /// It is not known.
    Unknown,
    /// A number, or a time in microseconds.
    Number(i64),
    /// A text; of names in lower case.
    Text(String),
}

/// A place in a list: where a run stands, or would stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPlace {
    /// One for each column of the order.
    pub keys: Vec<RunKey>,
    /// When it was made, in microseconds since 1970.
    pub created_us: i64,
    /// Its id.
    pub id: String,
}

/// Which way to sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SortOrder {
    /// Smallest, earliest, A first. What is not known comes before everything.
    Ascending,
    /// Largest, latest, Z first. What is not known comes last.
    Descending,
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Runs to skip.
    pub offset: u64,
    /// Most runs to answer.
    pub limit: u64,
}

impl Store {
    /// A page of the runs that fit, and how many fit altogether. Both are of the same moment.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_list(
        &self,
        filter: &RunFilter,
        sort: RunSort,
        page: Page,
    ) -> Result<(Vec<Run>, u64), Error> {
        let query = ordered(matching(filter), sort).offset(page.offset).limit(page.limit);
        let filter = filter.clone();
        self.connections
            .read("list runs", |t| {
                async move {
                    let total = total(t, &filter).await?;
                    Ok((all(t, query).await?, total))
                }
                .boxed()
            })
            .await
    }

    /// Runs that fit, in an order of several columns, behind a place of it; and how many fit altogether. Runs that are
    /// equal in all of it come by creation and id, in the direction of `last`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_list_after(
        &self,
        filter: &RunFilter,
        (sort, last): (&[RunSort], SortOrder),
        after: Option<&RunPlace>,
        page: Page,
    ) -> Result<(Vec<Run>, u64), Error> {
        if self.has_no_runs() {
            return Ok((Vec::new(), 0));
        }
        let query = keys::behind(keys::ordered(matching(filter), sort, last), sort, last, after);
        let query = query.offset(page.offset).limit(page.limit);
        let filter = filter.clone();
        self.connections
            .read("list runs", |t| {
                async move {
                    let total = total(t, &filter).await?;
                    let runs = if page.limit == 0 || total == 0 {
                        Vec::new()
                    } else {
                        all(t, query).await?
                    };
                    Ok((runs, total))
                }
                .boxed()
            })
            .await
    }

    /// How many runs fit. From the counters when the filter has no name, rule or time, so without touching the runs.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_count(&self, filter: &RunFilter) -> Result<u64, Error> {
        if self.has_no_runs() {
            return Ok(0);
        }
        let filter = filter.clone();
        self.connections
            .read("count runs", |t| async move { Ok(total(t, &filter).await?) }.boxed())
            .await
    }
}

async fn total(t: &DatabaseTransaction, filter: &RunFilter) -> Result<u64, DbErr> {
    let RunFilter { name_contains, rule, since, until, .. } = filter;
    if name_contains.is_none() && rule.is_none() && since.is_none() && until.is_none() {
        counts::total(t, filter).await
    } else {
        matching(filter).count(t).await
    }
}

fn matching(filter: &RunFilter) -> Select<table::Entity> {
    use table::Column;
    let states = filter.states.iter().map(|state| state.as_str());
    of_workspace(&filter.workspace)
        .apply_if((!filter.states.is_empty()).then_some(states), |q, states| {
            q.filter(Column::State.is_in(states))
        })
        .apply_if(filter.job_type.as_deref(), |q, v| q.filter(Column::JobType.eq(v)))
        .apply_if(filter.engine.as_deref(), |q, v| q.filter(Column::Engine.eq(v)))
        .apply_if(filter.origin, |q, v| q.filter(Column::Origin.eq(v.as_str())))
        .apply_if(filter.name_contains.as_deref(), |q, v| {
            q.filter(Column::NameFolded.like(containing(v)))
        })
        .apply_if(filter.rule.as_deref(), |q, v| {
            let with_rule = finding::Entity::find()
                .select_only()
                .column(finding::Column::RunId)
                .filter(finding::Column::Rule.eq(v))
                .into_query();
            q.filter(Column::Id.in_subquery(with_rule))
        })
        .apply_if(filter.since, |q, v| q.filter(Column::CreatedUs.gte(v.as_micros())))
        .apply_if(filter.until, |q, v| q.filter(Column::CreatedUs.lt(v.as_micros())))
}

/// `!` escapes, because databases read a backslash in a literal differently.
fn containing(text: &str) -> LikeExpr {
    let mut pattern = String::from("%");
    for c in text.to_lowercase().chars() {
        if matches!(c, '!' | '%' | '_') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    LikeExpr::new(pattern).escape('!')
}

fn ordered(query: Select<table::Entity>, sort: RunSort) -> Select<table::Entity> {
    let order = match sort.order {
        SortOrder::Ascending => Order::Asc,
        SortOrder::Descending => Order::Desc,
    };
    // One direction for all three, so that one index serves both directions.
    query
        .order_by(column(sort.by), order.clone())
        .order_by(table::Column::CreatedUs, order.clone())
        .order_by(table::Column::Id, order)
}

fn column(by: RunSortBy) -> table::Column {
    use table::Column;
    match by {
        RunSortBy::Created => Column::CreatedUs,
        RunSortBy::Started => Column::StartedUs,
        RunSortBy::Ended => Column::EndedUs,
        RunSortBy::Duration => Column::DurationMs,
        RunSortBy::Name => Column::NameFolded,
        RunSortBy::State => Column::State,
        RunSortBy::TaskTime => Column::TaskTimeMs,
        RunSortBy::Input => Column::InputBytes,
        RunSortBy::Output => Column::OutputBytes,
        RunSortBy::ShuffleRead => Column::ShuffleReadBytes,
        RunSortBy::ShuffleWrite => Column::ShuffleWriteBytes,
        RunSortBy::DiskSpill => Column::DiskSpillBytes,
        RunSortBy::Tasks => Column::NumTasks,
        RunSortBy::FailedTasks => Column::NumFailedTasks,
        RunSortBy::Findings => Column::NumFindings,
        RunSortBy::Id => Column::Id,
        RunSortBy::JobType => Column::JobType,
        RunSortBy::Status => Column::State,
        RunSortBy::Stages => Column::NumStages,
        RunSortBy::Executors => Column::NumExecutors,
        RunSortBy::GcTime => Column::GcTimeMs,
        RunSortBy::MemorySpill => Column::MemorySpillBytes,
        RunSortBy::User => Column::UserName,
        RunSortBy::SparkVersion => Column::SparkVersion,
    }
}
