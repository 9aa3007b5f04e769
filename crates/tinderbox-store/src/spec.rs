use crate::Store;
use crate::error::Error;
use crate::row::{sha256, time};
use crate::tables::spec as table;
use futures::FutureExt;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use std::fmt;
use tinderbox_model::TimestampMs;

/// Names a version of a spec by its text: SHA-256 in lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpecHash(String);

impl SpecHash {
    /// The hash of a spec's text, byte for byte.
    pub fn of(text: &str) -> Self {
        Self(sha256(text))
    }

    /// The 64 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn from_row(hash: String) -> Self {
        Self(hash)
    }
}

impl fmt::Display for SpecHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A version of a spec, as it was when a run used it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecVersion {
    /// Its name among all versions.
    pub hash: SpecHash,
    /// The name in the document when it was first stored.
    pub name: String,
    /// The document, byte for byte.
    pub text: String,
    /// When it was first stored.
    pub created: TimestampMs,
}

impl Store {
    /// Keeps a spec's text. The same text twice is one version, with the first name and time.
    ///
    /// # Errors
    /// What the database says.
    pub async fn spec_put(
        &self,
        name: &str,
        text: &str,
        now: TimestampMs,
    ) -> Result<SpecHash, Error> {
        let hash = SpecHash::of(text);
        let row = table::Model {
            hash: hash.as_str().to_owned(),
            name: name.to_owned(),
            document: text.to_owned(),
            created_us: now.as_micros(),
        };
        self.connections
            .write("store a spec", move |t| {
                async move {
                    if table::Entity::find_by_id(row.hash.as_str()).one(t).await?.is_none() {
                        let row = row.into_active_model().reset_all();
                        table::Entity::insert(row).exec_without_returning(t).await?;
                    }
                    Ok(())
                }
                .boxed()
            })
            .await?;
        Ok(hash)
    }

    /// The version with this hash.
    ///
    /// # Errors
    /// What the database says.
    pub async fn spec_get(&self, hash: &SpecHash) -> Result<Option<SpecVersion>, Error> {
        let query = table::Entity::find_by_id(hash.as_str());
        self.connections
            .read("read a spec", |t| {
                async move { Ok(query.one(t).await?.map(SpecVersion::from)) }.boxed()
            })
            .await
    }
}

impl From<table::Model> for SpecVersion {
    fn from(row: table::Model) -> Self {
        Self {
            hash: SpecHash(row.hash),
            name: row.name,
            text: row.document,
            created: time(row.created_us),
        }
    }
}
