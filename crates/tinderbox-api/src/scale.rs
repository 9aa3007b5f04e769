use crate::SubmitJob;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The request of `POST /submit-job`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScaleRequest {
    /// Names the job and the folder of its results: letters, digits, `.`, `_` and `-`.
    pub job_id: String,
    /// The key of the data set in the server's bucket; its first part is the user.
    pub s3_path: String,
    /// What is done.
    pub job_config: ScaleConfig,
    /// Numbers of executors.
    pub node_list: Vec<u32>,
}

/// `job_config` of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScaleConfig {
    /// `descriptive` or `ml`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `row_count`, `column_count`, `data_types`, `min_max_mean`, `null_percentage`, `unique_counts`; `regression`, `kmeans`,
    /// `fpgrowth`, `timeseries`.
    pub tasks: Vec<String>,
    /// `csv`, `json`, `text` or `parquet`; by the ending of the path when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Parameters by task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub parameters: Option<Value>,
    /// A cluster profile; that of the server when left out, else executors on its machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Measured repetitions; 3 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u32>,
    /// Repetitions before them that do not count; 1 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_up: Option<u32>,
    /// Whether models are kept beside the results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save_models: Option<bool>,
}

/// The answer to a job that has ended well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScaleAnswer {
    /// `SUCCESS`.
    pub status: String,
    /// What came of it.
    pub data: ScaleData,
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScaleData {
    /// That of the request.
    pub job_id: String,
    /// The folder of the results in the bucket; not of jobs on files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_path: Option<String>,
    /// By number of executors, in the order of the request.
    pub performance_metrics: Vec<PerformanceMetric>,
    /// The address of `performance.csv`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance_metrics_s3: Option<String>,
    /// By `N_nodes`: the address of the results, or the results themselves of jobs on files.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Object>)]
    pub outputs: BTreeMap<String, Value>,
    /// Where it ran: `name`, `executors`, and `oversubscribed` when executors shared cores.
    #[schema(value_type = Object)]
    pub cluster: Value,
    /// Its runs: `nodes`, `run_id`, `seconds` of each repeat, `seconds_of_tasks`, `executors`, `spark_version`.
    #[schema(value_type = Vec<Object>)]
    pub runs: Vec<Value>,
    /// `spread`, the laws `amdahl` and `usl`, `advice` and `notes`.
    #[schema(value_type = Object)]
    pub scaling: Value,
}

/// The time on a number of executors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PerformanceMetric {
    /// How many.
    pub nodes: u32,
    /// The median of the repeats.
    pub time_sec: Option<f64>,
    /// t(smallest) / t(n).
    pub speedup: Option<f64>,
    /// Speedup × smallest / n.
    pub efficiency: Option<f64>,
}

/// Where a job stands that has not ended well, or not yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScaleState {
    /// `QUEUED`, `RUNNING`, `FAILED` or `CANCELLED`.
    pub status: String,
    /// What is known of it.
    pub data: ScaleProgress,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ScaleError>,
}

/// What is known of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScaleProgress {
    /// That of the request.
    pub job_id: String,
    /// Where to ask for its state and its answer: GET; DELETE ends it.
    pub href: String,
    /// The folder of the results in the bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_path: Option<String>,
    /// Where it runs.
    pub cluster: String,
    /// A run for each number of executors, one after the other; those to come have no id yet.
    pub runs: Vec<ScaleRun>,
}

/// The run for a number of executors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScaleRun {
    /// How many.
    pub nodes: u32,
    /// The run: see `/api/jobs/{id}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// Its state; `waiting` before it has one.
    pub state: String,
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScaleError {
    /// A stable word for programs, for example `unreadable_dataset`.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The number of executors of the run that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<u32>,
    /// That run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
}

/// Measures a job on several numbers of executors, with files of the server's machine: `request`, or `job` with `nodes`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct MeasureScale {
    /// A request as of `POST /submit-job`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub request: Option<Value>,
    /// With `request`, the data set in the place of `s3_path`: an absolute path, or an address of Spark's file systems.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// A batch job; what it writes is computed and thrown away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<SubmitJob>,
    /// With `job`, numbers of executors.
    #[serde(default)]
    pub nodes: Vec<u32>,
    /// With `job`, measured repetitions; 3 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u32>,
    /// With `job`, repetitions before them that do not count; 1 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_up: Option<u32>,
}
