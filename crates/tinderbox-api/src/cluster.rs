use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A cluster profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cluster {
    /// What specs and `--engine` call it.
    pub name: String,
    /// Counts from 1 with each document that differs.
    pub version: u32,
    /// What executes its jobs: `local`, `standalone`, `yarn`, `kubernetes` or `sail`.
    pub engine: String,
    /// The environment whose jobs it takes; all when left out.
    pub environment: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// The version of its Spark.
    pub spark_version: Option<String>,
    /// For bills and lists.
    pub labels: BTreeMap<String, String>,
    /// The document.
    pub document: String,
    /// When this version was stored, RFC 3339.
    pub created_time: String,
}

/// All cluster profiles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClusterList {
    /// By name.
    pub clusters: Vec<Cluster>,
}

/// Stores a cluster profile, as a new version when there is one of its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApplyCluster {
    /// The document, YAML or JSON; it says its name.
    pub document: String,
    /// Its file name, for messages.
    pub file: String,
}

/// A small job that tells whether a cluster works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClusterProbe {
    /// Its run.
    pub job_id: String,
}
