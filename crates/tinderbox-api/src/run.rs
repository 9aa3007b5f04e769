use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Asks for a run of a program that people have: a Python file or a jar.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct SubmitRun {
    /// A path on the server's machine, or an address that Spark's file systems know; ends in `.py` or `.jar`.
    pub file: String,
    /// Of a jar; that of its manifest when left out.
    #[serde(default)]
    pub main_class: Option<String>,
    /// What the program is called with.
    #[serde(default)]
    pub args: Vec<String>,
    /// What the run is called; the file's name when left out.
    #[serde(default)]
    pub name: Option<String>,
    /// Spark's properties by their whole names. Secrets in clear are refused.
    #[serde(default)]
    pub conf: BTreeMap<String, String>,
    /// The folder that relative paths start from, on the server's machine.
    pub base_directory: String,
    /// Engine or profile; the profile of `master`, else local Spark, when left out.
    #[serde(default)]
    pub engine: Option<String>,
    /// A master as Spark writes it: `local[4]`, or that of a profile.
    #[serde(default)]
    pub master: Option<String>,
    /// `client` or `cluster`: which of two profiles with one master.
    #[serde(default)]
    pub deploy_mode: Option<String>,
    /// Ends the run when it lasts longer, in milliseconds from submission.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// Attempts beside the first one, for failures that are the cluster's.
    #[serde(default)]
    pub retries: u32,
    /// Repeating a request with the same key answers with the first one's run.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}
