use crate::Store;
use crate::error::Error;
use crate::row::{unreadable, unsigned};
use crate::run::{Run, RunFilter};
use crate::tables::{run, run_count as table};
use futures::FutureExt;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{ExprTrait, OnConflict};
use sea_orm::{DatabaseTransaction, DbErr, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};
use std::collections::BTreeMap;
use tinderbox_model::{Origin, RunState, WorkspaceId};

/// How many runs share these properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunCount {
    /// Their state.
    pub state: RunState,
    /// Their type.
    pub job_type: String,
    /// Their engine.
    pub engine: String,
    /// Their origin.
    pub origin: Origin,
    /// How many.
    pub num_runs: u64,
}

/// A counter that does not equal what it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountDifference {
    /// The counter: workspace, state, type, engine, origin.
    pub counter: [String; 5],
    /// What it says.
    pub stored: i64,
    /// How many runs there are.
    pub counted: i64,
}

impl Store {
    /// The counters of a workspace, zeros left out, without touching the runs.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_counts(&self, workspace: &WorkspaceId) -> Result<Vec<RunCount>, Error> {
        let query = table::Entity::find()
            .filter(table::Column::Workspace.eq(workspace.as_str()))
            .filter(table::Column::NumRuns.gt(0))
            .order_by_asc(table::Column::State)
            .order_by_asc(table::Column::JobType)
            .order_by_asc(table::Column::Engine)
            .order_by_asc(table::Column::Origin);
        self.connections
            .read("read the counters", |t| {
                async move {
                    let rows = query.all(t).await?;
                    Ok(rows.into_iter().map(RunCount::try_from).collect::<Result<_, _>>()?)
                }
                .boxed()
            })
            .await
    }

    /// Counts all runs again and compares. An empty answer means that every counter is right. Reads every run.
    ///
    /// # Errors
    /// What the database says.
    pub async fn counts_check(&self) -> Result<Vec<CountDifference>, Error> {
        self.connections
            .read("check the counters", |t| async move { Ok(differences(t).await?) }.boxed())
            .await
    }

    /// Counts all runs again and corrects the counters that differ, which it answers.
    ///
    /// # Errors
    /// What the database says.
    pub async fn counts_repair(&self) -> Result<Vec<CountDifference>, Error> {
        self.connections
            .write("repair the counters", |t| {
                async move {
                    let wrong = differences(t).await?;
                    for difference in &wrong {
                        add(t, &difference.counter, difference.counted - difference.stored).await?;
                    }
                    Ok(wrong)
                }
                .boxed()
            })
            .await
    }
}

/// Takes what runs were out of the counters and puts in what they are, in the transaction that writes the runs.
pub(crate) async fn replace(
    t: &DatabaseTransaction,
    changes: &[(Option<&Run>, &Run)],
) -> Result<(), DbErr> {
    let mut sums: BTreeMap<Counter, i64> = BTreeMap::new();
    for (old, new) in changes {
        if let Some(old) = old {
            *sums.entry(counter(old)).or_default() -= 1;
        }
        *sums.entry(counter(new)).or_default() += 1;
    }
    add_all(t, sums).await
}

/// Takes runs out that are deleted.
pub(crate) async fn remove(t: &DatabaseTransaction, runs: &[Run]) -> Result<(), DbErr> {
    let mut sums: BTreeMap<Counter, i64> = BTreeMap::new();
    for run in runs {
        *sums.entry(counter(run)).or_default() -= 1;
    }
    add_all(t, sums).await
}

async fn add_all(t: &DatabaseTransaction, sums: BTreeMap<Counter, i64>) -> Result<(), DbErr> {
    for (counter, sum) in sums.into_iter().filter(|(_, sum)| *sum != 0) {
        add(t, &counter, sum).await?;
    }
    Ok(())
}

/// Sum of the counters that fit. The filter's other fields are not looked at.
pub(crate) async fn total(t: &DatabaseTransaction, filter: &RunFilter) -> Result<u64, DbErr> {
    use table::Column;
    let states = filter.states.iter().map(|state| state.as_str());
    let counters = table::Entity::find()
        .filter(Column::Workspace.eq(filter.workspace.as_str()))
        .apply_if((!filter.states.is_empty()).then_some(states), |q, states| {
            q.filter(Column::State.is_in(states))
        })
        .apply_if(filter.job_type.as_deref(), |q, v| q.filter(Column::JobType.eq(v)))
        .apply_if(filter.engine.as_deref(), |q, v| q.filter(Column::Engine.eq(v)))
        .apply_if(filter.origin, |q, v| q.filter(Column::Origin.eq(v.as_str())))
        .all(t)
        .await?;
    Ok(counters.iter().map(|counter| unsigned(counter.num_runs)).sum())
}

type Counter = [String; 5];

fn counter(run: &Run) -> Counter {
    [
        run.workspace.as_str().to_owned(),
        run.state.as_str().to_owned(),
        run.job_type.clone(),
        run.engine.clone(),
        run.origin.as_str().to_owned(),
    ]
}

async fn add(t: &DatabaseTransaction, counter: &Counter, num_runs: i64) -> Result<(), DbErr> {
    use table::Column;
    let [workspace, state, job_type, engine, origin] = counter.clone();
    let row = table::Model { workspace, state, job_type, engine, origin, num_runs };
    let key = [Column::Workspace, Column::State, Column::JobType, Column::Engine, Column::Origin];
    let sum = Expr::col((table::Entity, Column::NumRuns)).add(num_runs);
    table::Entity::insert(row.into_active_model().reset_all())
        .on_conflict(OnConflict::columns(key).value(Column::NumRuns, sum).to_owned())
        .exec_without_returning(t)
        .await?;
    Ok(())
}

async fn differences(t: &DatabaseTransaction) -> Result<Vec<CountDifference>, DbErr> {
    use run::Column;
    let counted: Vec<(String, String, String, String, String, i64)> = run::Entity::find()
        .select_only()
        .columns([
            Column::Workspace,
            Column::State,
            Column::JobType,
            Column::Engine,
            Column::Origin,
        ])
        .column_as(Column::Id.count(), "num_runs")
        .group_by(Column::Workspace)
        .group_by(Column::State)
        .group_by(Column::JobType)
        .group_by(Column::Engine)
        .group_by(Column::Origin)
        .into_tuple()
        .all(t)
        .await?;
    let mut counters: BTreeMap<Counter, (i64, i64)> = BTreeMap::new();
    for (workspace, state, job_type, engine, origin, num_runs) in counted {
        counters.entry([workspace, state, job_type, engine, origin]).or_default().1 = num_runs;
    }
    for row in table::Entity::find().all(t).await? {
        let counter = [row.workspace, row.state, row.job_type, row.engine, row.origin];
        counters.entry(counter).or_default().0 = row.num_runs;
    }
    Ok(counters
        .into_iter()
        .filter(|(_, (stored, counted))| stored != counted)
        .map(|(counter, (stored, counted))| CountDifference { counter, stored, counted })
        .collect())
}

impl TryFrom<table::Model> for RunCount {
    type Error = Error;

    fn try_from(row: table::Model) -> Result<Self, Error> {
        let Some(state) = RunState::parse(&row.state) else {
            return Err(unreadable("run_counts", row.workspace, "state", row.state));
        };
        let Some(origin) = Origin::parse(&row.origin) else {
            return Err(unreadable("run_counts", row.workspace, "origin", row.origin));
        };
        let num_runs = unsigned(row.num_runs);
        Ok(Self { state, job_type: row.job_type, engine: row.engine, origin, num_runs })
    }
}
