//! Jobs of data sets: what is told of them and not of runs.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An operator of a job of a data set. Sizes in MB are in units of 1,048,576 bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DataSetOperator {
    /// The job.
    pub job_id: String,
    /// Unique in its data set.
    pub operator_id: String,
    /// What it is called.
    pub operator_name: String,
    /// What it is.
    pub operator_type: String,
    /// Its place in the job, from 0.
    pub stage_id: i64,
    /// `COMPLETED`, `FAILED`, `SKIPPED`, `RUNNING` or `PENDING`.
    pub status: String,
    /// When it began.
    pub start_time: Option<String>,
    /// When it ended.
    pub end_time: Option<String>,
    /// Whole seconds from beginning to end.
    pub duration_seconds: Option<i64>,
    /// The same in words.
    pub duration_formatted: Option<String>,
    /// Milliseconds from beginning to end.
    pub duration_ms: Option<i64>,
    /// Records that came through.
    pub records_processed: Option<i64>,
    /// Memory that it took.
    pub memory_usage_mb: Option<f64>,
    /// Time on processors.
    pub cpu_time_ms: Option<f64>,
    /// What it spilled.
    pub spill_memory_mb: Option<f64>,
    /// Records read from shuffles.
    pub shuffle_read_records: Option<i64>,
    /// Records written to shuffles.
    pub shuffle_write_records: Option<i64>,
    /// Ids of operators that it waits for.
    pub dependencies: Vec<String>,
    /// Tasks.
    pub num_tasks: Option<i64>,
    /// Tasks that failed.
    pub num_failed_tasks: Option<i64>,
}

/// Figures over all jobs in brief.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Overview {
    /// Jobs.
    pub total_jobs: u64,
    /// Ended well.
    pub completed_jobs: u64,
    /// Failed or out of time.
    pub failed_jobs: u64,
    /// Not ended.
    pub running_jobs: u64,
    /// Completed jobs in a hundred, with one decimal.
    pub success_rate: f64,
}

/// Means and sums over all jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Performance {
    /// Mean over those with a duration; 0 when there is none.
    pub avg_duration_seconds: f64,
    /// The same in words.
    pub avg_duration_formatted: String,
    /// Read from storage, in units of 1,048,576 bytes.
    pub total_data_processed_mb: f64,
    /// The same in units of 1,073,741,824 bytes.
    pub total_data_processed_gb: f64,
}

/// Jobs that started in the 24 hours up to the latest start, by whole hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecentActivity {
    /// Jobs.
    pub jobs_last_24h: u64,
    /// Of these, failed.
    pub failures_last_24h: u64,
}

/// Errors of jobs of data sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorCounts {
    /// Errors.
    pub total_errors: u64,
    /// Warnings.
    pub total_warnings: u64,
}

/// The types of jobs that there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobTypes {
    /// In order.
    pub job_types: Vec<String>,
}

/// Jobs by type.
pub type TypeCounts = BTreeMap<String, u64>;

/// Whether the server is well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `healthy`.
    pub status: String,
    /// When it was asked.
    pub timestamp: String,
    /// The data directory.
    #[serde(rename = "dataDir")]
    pub data_dir: String,
}

/// What reading data sets again has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refreshed {
    /// In a sentence.
    pub message: String,
    /// Data sets that were read again.
    pub num_read: u64,
    /// Data sets whose files had not changed.
    pub num_unchanged: u64,
}

/// Asks for the import of a data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportRequest {
    /// The folder, on the server's machine.
    pub path: String,
    /// Whether to take its files as they are when they have changed since an earlier import.
    #[serde(default)]
    pub replace: bool,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportResult {
    /// Jobs of the data set.
    pub num_jobs: u64,
    /// Their operators.
    pub num_operators: u64,
    /// Their errors and warnings.
    pub num_errors: u64,
    /// Whether the same had been imported before.
    pub unchanged: bool,
    /// What is wrong with the data set, in sentences.
    pub warnings: Vec<String>,
}
