use crate::Store;
use crate::error::Error;
use crate::row::time;
use crate::tables::cluster_profile as table;
use futures::FutureExt;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, Set};
use tinderbox_model::{TimestampMs, WorkspaceId};

/// A version of a cluster profile. Versions are never changed: a run says on which one it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredProfile {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The name in its document; at most 190 characters.
    pub name: String,
    /// Counts from 1 for each name, also over a removal.
    pub version: u32,
    /// Whether it is what the name stands for now.
    pub is_current: bool,
    /// What executes its jobs; at most 64 characters.
    pub engine: String,
    /// The document, byte for byte.
    pub text: String,
    /// When it was stored.
    pub created: TimestampMs,
}

impl Store {
    /// Makes a document the current version of its profile. The same text again is the version that there is.
    ///
    /// # Errors
    /// What the database says.
    pub async fn profile_put(
        &self,
        workspace: &WorkspaceId,
        (name, engine): (&str, &str),
        text: &str,
        now: TimestampMs,
    ) -> Result<StoredProfile, Error> {
        let (workspace, name) = (workspace.as_str().to_owned(), name.to_owned());
        let (engine, text) = (engine.to_owned(), text.to_owned());
        self.connections
            .write("store a cluster profile", move |t| {
                async move {
                    let newest =
                        of(&workspace, &name).order_by_desc(table::Column::Version).one(t).await?;
                    if let Some(row) = &newest
                        && row.is_current == 1
                        && row.document == text
                    {
                        return Ok(StoredProfile::from(row.clone()));
                    }
                    forget(t, &workspace, &name).await?;
                    let row = table::Model {
                        workspace,
                        name,
                        version: newest.map_or(1, |row| row.version + 1),
                        is_current: 1,
                        engine,
                        document: text,
                        created_us: now.as_micros(),
                    };
                    let new = row.clone().into_active_model().reset_all();
                    table::Entity::insert(new).exec_without_returning(t).await?;
                    Ok(StoredProfile::from(row))
                }
                .boxed()
            })
            .await
    }

    /// What a name stands for now.
    ///
    /// # Errors
    /// What the database says.
    pub async fn profile_get(
        &self,
        workspace: &WorkspaceId,
        name: &str,
    ) -> Result<Option<StoredProfile>, Error> {
        let query = of(workspace.as_str(), name).filter(table::Column::IsCurrent.eq(1));
        self.connections
            .read("read a cluster profile", |t| {
                async move { Ok(query.one(t).await?.map(StoredProfile::from)) }.boxed()
            })
            .await
    }

    /// A version, which may have been replaced or removed since.
    ///
    /// # Errors
    /// What the database says.
    pub async fn profile_version(
        &self,
        workspace: &WorkspaceId,
        name: &str,
        version: u32,
    ) -> Result<Option<StoredProfile>, Error> {
        let query =
            of(workspace.as_str(), name).filter(table::Column::Version.eq(i64::from(version)));
        self.connections
            .read("read a version of a cluster profile", |t| {
                async move { Ok(query.one(t).await?.map(StoredProfile::from)) }.boxed()
            })
            .await
    }

    /// All current profiles of a workspace by name.
    ///
    /// # Errors
    /// What the database says.
    pub async fn profile_list(&self, workspace: &WorkspaceId) -> Result<Vec<StoredProfile>, Error> {
        let query = table::Entity::find()
            .filter(table::Column::Workspace.eq(workspace.as_str()))
            .filter(table::Column::IsCurrent.eq(1))
            .order_by_asc(table::Column::Name);
        self.connections
            .read("list cluster profiles", |t| {
                async move {
                    Ok(query.all(t).await?.into_iter().map(StoredProfile::from).collect())
                }
                .boxed()
            })
            .await
    }

    /// Takes a name away; its versions stay for the runs that were on them. False when there was none.
    ///
    /// # Errors
    /// What the database says.
    pub async fn profile_remove(&self, workspace: &WorkspaceId, name: &str) -> Result<bool, Error> {
        let (workspace, name) = (workspace.as_str().to_owned(), name.to_owned());
        self.connections
            .write("remove a cluster profile", move |t| {
                async move { Ok(forget(t, &workspace, &name).await?) }.boxed()
            })
            .await
    }
}

/// Makes no version of a name current. Answers whether one was.
async fn forget(
    t: &sea_orm::DatabaseTransaction,
    workspace: &str,
    name: &str,
) -> Result<bool, DbErr> {
    let row = table::ActiveModel {
        is_current: Set(0),
        ..<table::ActiveModel as ActiveModelTrait>::default()
    };
    let done = table::Entity::update_many()
        .set(row)
        .filter(table::Column::Workspace.eq(workspace))
        .filter(table::Column::Name.eq(name))
        .filter(table::Column::IsCurrent.eq(1))
        .exec(t)
        .await?;
    Ok(done.rows_affected > 0)
}

fn of(workspace: &str, name: &str) -> Select<table::Entity> {
    table::Entity::find()
        .filter(table::Column::Workspace.eq(workspace))
        .filter(table::Column::Name.eq(name))
}

impl From<table::Model> for StoredProfile {
    fn from(row: table::Model) -> Self {
        Self {
            workspace: WorkspaceId::new(row.workspace),
            name: row.name,
            version: u32::try_from(row.version).unwrap_or(u32::MAX),
            is_current: row.is_current == 1,
            engine: row.engine,
            text: row.document,
            created: time(row.created_us),
        }
    }
}
