//! What the store keeps of a launch beside the columns that lists need, as one JSON text.

use crate::AppliedAdvice;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tinderbox_engine::{Identity, Intent};
use tinderbox_spec::Choice;
use tinderbox_store::{Attempt, Run};

/// How a run is to be launched. Written with the run, read by the reconciler, also after a restart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LaunchPlan {
    /// Values for the spec's parameters.
    pub parameters: BTreeMap<String, String>,
    /// The spec's environment.
    #[serde(default)]
    pub environment: Option<String>,
    /// Texts of the files that the spec names, so that a run is the same whatever becomes of them.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Where relative paths of the spec start.
    pub base_directory: PathBuf,
    /// The file name of the spec.
    pub spec_name: String,
    /// Advice that was applied to the spec, all of it since the spec was last run without advice.
    #[serde(default)]
    pub applied: Vec<AppliedAdvice>,
    /// The cluster profile that it runs on; local Spark when there is none.
    #[serde(default)]
    pub profile: Option<ProfileVersion>,
    /// Attempts beside the first one, for failures of the cluster.
    #[serde(default)]
    pub retries: u32,
    /// The program itself, of runs that were made of no spec.
    #[serde(default)]
    pub program: Option<String>,
    /// Properties of a run that was made of no spec, over those of its profile.
    #[serde(default)]
    pub conf: BTreeMap<String, String>,
    /// The master of a driver on this machine; that of the profile when there is none.
    #[serde(default)]
    pub master: Option<String>,
    /// Of a program that measures itself, the number of executors.
    #[serde(default)]
    pub measured_nodes: Option<u32>,
    /// Whether the run gets the credentials of object stores that this process has.
    #[serde(default)]
    pub uses_storage: bool,
    /// Names of the secrets that the program looks up.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Whether others are told of the run; see [`tinderbox_spec::OpenLineage`].
    #[serde(default)]
    pub tells_lineage: bool,
    /// Whether it goes to Sail or a Connect server, of which nothing of the inside is seen.
    #[serde(default)]
    pub on_sail: bool,
}

/// A version of a cluster profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProfileVersion {
    pub name: String,
    pub version: u32,
}

impl LaunchPlan {
    /// What was chosen of the spec.
    pub fn choice(&self) -> Choice {
        Choice {
            parameters: self.parameters.clone(),
            environment: self.environment.clone(),
            files: self.files.clone(),
        }
    }

    /// As the store keeps it. A plan has text keys only, which always serialize.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The plan of a stored run; an empty one for runs that were not launched here.
    pub fn of(run: &Run) -> Self {
        serde_json::from_str(&run.parameters).unwrap_or_default()
    }
}

/// What the store keeps of an attempt so that it is found again: written with the intent, completed by the launch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AttemptRecord {
    /// Known before the launch.
    pub intent: Intent,
    /// Known after it.
    #[serde(default)]
    pub identity: Option<Identity>,
    /// SHA-256 of the token with which this attempt's listener may send events, in hex.
    #[serde(default)]
    pub ingest_token_sha256: Option<String>,
    /// What was capped or chosen at launch.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What others were told of it.
    #[serde(default)]
    pub lineage: LineageTold,
}

/// How far OpenLineage was told of an attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LineageTold {
    /// How often the start was sent.
    pub start_tries: u32,
    /// Whether it was taken.
    pub is_start_told: bool,
}

impl AttemptRecord {
    /// As the store keeps it. A record has text keys only, which always serialize.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The record of a stored attempt.
    pub fn of(attempt: &Attempt) -> Option<Self> {
        serde_json::from_str(&attempt.identity).ok()
    }
}
