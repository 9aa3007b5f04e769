use crate::Store;
use crate::error::Error;
use crate::row::{time, unreadable};
use crate::tables::scale_job as table;
use futures::FutureExt;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, Set};
use tinderbox_model::{TimestampMs, WorkspaceId};

/// A job that is run on several numbers of executors, one run each; the runs are found by their idempotency keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScaleJob {
    /// Unique in the database: a hash of what makes two requests the same job. At most 64 characters.
    pub id: String,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// A hash of what the request says; at most 64 characters.
    pub body_hash: String,
    /// The request and what was chosen for it, as JSON.
    pub plan: String,
    /// Where it stands.
    pub state: ScaleJobState,
    /// What it came to, as JSON: set with the state that is final.
    pub answer: Option<String>,
    /// When somebody asked to cancel it.
    pub cancel_requested: Option<TimestampMs>,
    /// When it was asked for.
    pub created: TimestampMs,
    /// When it ended, however it did.
    pub ended: Option<TimestampMs>,
}

/// Where a job over several numbers of executors stands. What is between is told by its runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScaleJobState {
    /// Not all of its runs have ended, or its results are not written yet.
    Open,
    /// Everything is measured and written.
    Succeeded,
    /// A run failed, or the results could not be written.
    Failed,
    /// Somebody ended it.
    Cancelled,
}

impl ScaleJobState {
    /// The word of rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Open, Self::Succeeded, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

impl Store {
    /// Records a job, or answers with the one that has its id already; the flag says which.
    ///
    /// # Errors
    /// What the database says.
    pub async fn scale_job_create(&self, job: &ScaleJob) -> Result<(ScaleJob, bool), Error> {
        let row = table::Model::from(job);
        self.connections
            .write("record a job over several numbers of executors", move |t| {
                async move {
                    if let Some(found) = table::Entity::find_by_id(&row.id).one(t).await? {
                        return Ok((ScaleJob::try_from(found)?, true));
                    }
                    let new = row.clone().into_active_model().reset_all();
                    table::Entity::insert(new).exec_without_returning(t).await?;
                    Ok((ScaleJob::try_from(row)?, false))
                }
                .boxed()
            })
            .await
    }

    /// One job.
    ///
    /// # Errors
    /// What the database says.
    pub async fn scale_job_get(&self, id: &str) -> Result<Option<ScaleJob>, Error> {
        let query = table::Entity::find_by_id(id);
        self.connections
            .read("read a job over several numbers of executors", |t| {
                async move { Ok(query.one(t).await?.map(ScaleJob::try_from).transpose()?) }.boxed()
            })
            .await
    }

    /// Jobs that have not ended, of all workspaces, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn scale_job_open(&self) -> Result<Vec<ScaleJob>, Error> {
        let query = table::Entity::find()
            .filter(table::Column::State.eq(ScaleJobState::Open.as_str()))
            .order_by_asc(table::Column::CreatedUs)
            .order_by_asc(table::Column::Id);
        self.connections
            .read("list open jobs over several numbers of executors", |t| {
                async move {
                    let rows = query.all(t).await?;
                    Ok(rows.into_iter().map(ScaleJob::try_from).collect::<Result<_, _>>()?)
                }
                .boxed()
            })
            .await
    }

    /// Notes that somebody wants a job to end; the first time counts. False when it has ended already.
    ///
    /// # Errors
    /// What the database says.
    pub async fn scale_job_request_cancel(
        &self,
        id: &str,
        now: TimestampMs,
    ) -> Result<bool, Error> {
        let id = id.to_owned();
        self.connections
            .write("cancel a job over several numbers of executors", move |t| {
                async move {
                    let found = table::Entity::find_by_id(&id).one(t).await?;
                    let Some(row) = found.filter(|row| row.state == ScaleJobState::Open.as_str())
                    else {
                        return Ok(false);
                    };
                    if row.cancel_requested_us.is_none() {
                        let change = table::ActiveModel {
                            cancel_requested_us: Set(Some(now.as_micros())),
                            ..<table::ActiveModel as ActiveModelTrait>::default()
                        };
                        open(&id).set(change).exec(t).await?;
                    }
                    Ok(true)
                }
                .boxed()
            })
            .await
    }

    /// Gives a job its end; one that has an end keeps it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn scale_job_end(
        &self,
        id: &str,
        (state, answer): (ScaleJobState, String),
        now: TimestampMs,
    ) -> Result<(), Error> {
        let id = id.to_owned();
        self.connections
            .write("end a job over several numbers of executors", move |t| {
                async move {
                    let change = table::ActiveModel {
                        state: Set(state.as_str().to_owned()),
                        answer: Set(Some(answer)),
                        ended_us: Set(Some(now.as_micros())),
                        ..<table::ActiveModel as ActiveModelTrait>::default()
                    };
                    open(&id).set(change).exec(t).await?;
                    Ok(())
                }
                .boxed()
            })
            .await
    }
}

fn open(id: &str) -> sea_orm::UpdateMany<table::Entity> {
    table::Entity::update_many()
        .filter(table::Column::Id.eq(id))
        .filter(table::Column::State.eq(ScaleJobState::Open.as_str()))
}

impl From<&ScaleJob> for table::Model {
    fn from(job: &ScaleJob) -> Self {
        Self {
            id: job.id.clone(),
            workspace: job.workspace.as_str().to_owned(),
            body_hash: job.body_hash.clone(),
            plan: job.plan.clone(),
            state: job.state.as_str().to_owned(),
            answer: job.answer.clone(),
            cancel_requested_us: job.cancel_requested.map(TimestampMs::as_micros),
            created_us: job.created.as_micros(),
            ended_us: job.ended.map(TimestampMs::as_micros),
        }
    }
}

impl TryFrom<table::Model> for ScaleJob {
    type Error = Error;

    fn try_from(row: table::Model) -> Result<Self, Error> {
        let Some(state) = ScaleJobState::parse(&row.state) else {
            return Err(unreadable("scale_jobs", row.id, "state", row.state));
        };
        Ok(Self {
            id: row.id,
            workspace: WorkspaceId::new(row.workspace),
            body_hash: row.body_hash,
            plan: row.plan,
            state,
            answer: row.answer,
            cancel_requested: row.cancel_requested_us.map(time),
            created: time(row.created_us),
            ended: row.ended_us.map(time),
        })
    }
}
