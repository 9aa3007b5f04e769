use super::Run;
use crate::Store;
use crate::error::{Error, Failure};
use crate::tables::run as table;
use futures::FutureExt;
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, QueryOrder, QuerySelect};
use tinderbox_model::{ApplicationId, Origin, RunId, RunState, WorkspaceId};

/// How many runs an ambiguous id is answered with.
const CANDIDATES: u64 = 5;

impl Store {
    /// The run with this id, whatever its workspace.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_get(&self, id: &RunId) -> Result<Option<Run>, Error> {
        self.connections
            .read("read a run", |t| one(t, table::Entity::find_by_id(id.as_str())).boxed())
            .await
    }

    /// The run that a person means by `text`: its id, the beginning or the end of it, or `latest` for the newest
    /// run of the workspace. A whole id wins over the beginning of another.
    ///
    /// # Errors
    /// [`Error::RunNotFound`]; [`Error::RunAmbiguous`] with the first few that fit.
    pub async fn run_find(&self, workspace: &WorkspaceId, text: &str) -> Result<Run, Error> {
        let (workspace, text) = (workspace.clone(), text.trim().to_owned());
        self.connections
            .read("find a run", move |t| async move { find(t, &workspace, &text).await }.boxed())
            .await
    }

    /// The run that was recorded under an idempotency key.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_by_key(
        &self,
        workspace: &WorkspaceId,
        idempotency_key: &str,
    ) -> Result<Option<Run>, Error> {
        let query = of_workspace(workspace)
            .filter(table::Column::IdempotencyKey.eq(idempotency_key.to_owned()));
        self.connections.read("find the run of a key", |t| one(t, query).boxed()).await
    }

    /// The newest run of a Spark application.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_by_application(
        &self,
        workspace: &WorkspaceId,
        application: &ApplicationId,
    ) -> Result<Option<Run>, Error> {
        let query = of_workspace(workspace)
            .filter(table::Column::ApplicationId.eq(application.as_str()))
            .order_by_desc(table::Column::CreatedUs)
            .order_by_desc(table::Column::Id);
        self.connections.read("find the run of an application", |t| one(t, query).boxed()).await
    }

    /// The runs that were launched here and have not ended, of all workspaces, oldest first: what a driver looks
    /// after. `lost` ones are among them.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_unfinished(&self) -> Result<Vec<Run>, Error> {
        let unfinished = RunState::ALL.into_iter().filter(|state| !state.is_final());
        let query = table::Entity::find()
            .filter(table::Column::State.is_in(unfinished.map(RunState::as_str)))
            .filter(table::Column::Origin.eq(Origin::Launched.as_str()))
            .order_by_asc(table::Column::CreatedUs)
            .order_by_asc(table::Column::Id);
        self.connections.read("list unfinished runs", |t| all(t, query).boxed()).await
    }
}

async fn find(
    t: &DatabaseTransaction,
    workspace: &WorkspaceId,
    text: &str,
) -> Result<Run, Failure> {
    let not_found = || Error::RunNotFound { text: text.to_owned() };
    let newest = of_workspace(workspace)
        .order_by_desc(table::Column::CreatedUs)
        .order_by_desc(table::Column::Id);
    if text == "latest" {
        return Ok(one(t, newest).await?.ok_or_else(not_found)?);
    }
    if text.is_empty() {
        return Err(not_found().into());
    }
    let exact = of_workspace(workspace).filter(table::Column::Id.eq(text));
    if let Some(run) = one(t, exact).await? {
        return Ok(run);
    }
    let reversed: String = text.chars().rev().collect();
    let mut fitting = Vec::new();
    for (column, start) in
        [(table::Column::Id, text), (table::Column::IdReversed, reversed.as_str())]
    {
        let query = of_workspace(workspace)
            .filter(column.gte(start))
            .filter(column.lt(format!("{start}{}", char::MAX)))
            .order_by_asc(column)
            .limit(CANDIDATES);
        for run in all(t, query).await? {
            if !fitting.contains(&run) {
                fitting.push(run);
            }
        }
    }
    match fitting.len() {
        0 => Err(not_found().into()),
        1 => Ok(fitting.swap_remove(0)),
        _ => {
            let candidates = fitting.into_iter().map(|run| run.id).take(5).collect();
            Err(Error::RunAmbiguous { text: text.to_owned(), candidates }.into())
        }
    }
}

pub(super) fn of_workspace(workspace: &WorkspaceId) -> Select<table::Entity> {
    table::Entity::find().filter(table::Column::Workspace.eq(workspace.as_str()))
}

pub(super) async fn one(
    t: &DatabaseTransaction,
    query: Select<table::Entity>,
) -> Result<Option<Run>, Failure> {
    Ok(query.one(t).await?.map(Run::try_from).transpose()?)
}

pub(super) async fn all(
    t: &DatabaseTransaction,
    query: Select<table::Entity>,
) -> Result<Vec<Run>, Failure> {
    let rows = query.all(t).await?;
    Ok(rows.into_iter().map(Run::try_from).collect::<Result<_, _>>()?)
}
