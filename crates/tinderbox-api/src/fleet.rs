//! Questions about many runs, and what keeps their number bounded.

use crate::Job;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Figures over many runs, from counters that are kept as runs are written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stats {
    /// By what the rows are divided; `null` when there is one row for everything.
    pub group_by: Option<String>,
    /// From here on, rounded down to the hour; `null` for all time.
    pub from: Option<String>,
    /// Up to here, rounded up to the hour; `null` for all time.
    pub to: Option<String>,
    /// How far percentiles may lie from the true value, as a share of it: they come from a histogram.
    pub relative_error: f64,
    /// The rows: hours and days in their order, others with the most runs first. Groups without runs are left out.
    pub rows: Vec<StatsRow>,
    /// Rows that there are; more than `rows` holds when the limit cut some off.
    pub num_groups: u64,
    /// All jobs, those of data sets included, which `rows` does not count; whatever was asked for.
    pub overview: crate::Overview,
    /// Means and sums over the same jobs.
    pub performance: crate::Performance,
    /// The same jobs by type.
    pub job_types: crate::TypeCounts,
    /// The latest of the same jobs.
    pub recent_activity: crate::RecentActivity,
    /// Errors of data sets.
    pub errors: crate::ErrorCounts,
    /// When this was answered.
    pub last_updated: String,
}

/// Figures of the runs of one group. Figures of a run count once it has ended or its log was read; a run belongs to the
/// hour in which it started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StatsRow {
    /// The group: beginning of the hour or day, workspace, user, name, type or version; `null` for everything. Empty
    /// where runs do not know it.
    pub key: Option<String>,
    /// Whether these are the runs whose value found no place among the 250 of their hour or day; `key` is then `null`.
    pub is_other: bool,
    /// Runs.
    pub num_runs: u64,
    /// Of these, ended well.
    pub num_succeeded: u64,
    /// Ended with an error.
    pub num_failed: u64,
    /// Cancelled.
    pub num_cancelled: u64,
    /// Ended because their time was up.
    pub num_timed_out: u64,
    /// Of which nobody knows what became.
    pub num_lost: u64,
    /// Not ended.
    pub num_unfinished: u64,
    /// Whose figures may be too low.
    pub num_partial: u64,
    /// Succeeded, divided by succeeded, failed and timed out; `null` when there is none of these.
    pub success_rate: Option<f64>,
    /// Durations of ended runs.
    pub duration_ms: DurationStats,
    /// Tasks that ended.
    pub num_tasks: u64,
    /// Tasks that failed.
    pub num_failed_tasks: u64,
    /// Sum of executor run time over all tasks.
    pub task_time_ms: u64,
    /// Part of it in garbage collection.
    pub gc_time_ms: u64,
    /// Read from storage.
    pub input_bytes: u64,
    /// Written to storage.
    pub output_bytes: u64,
    /// Shuffle data read.
    pub shuffle_read_bytes: u64,
    /// Shuffle data written.
    pub shuffle_write_bytes: u64,
    /// Spilled to disk.
    pub disk_spill_bytes: u64,
    /// In-memory size of spilled data.
    pub memory_spill_bytes: u64,
    /// Findings of their reports.
    pub num_findings: u64,
    /// What was paid for and gave nothing.
    pub waste: Waste,
}

/// How long runs took. Percentiles are within the answer's `relative_error`; all are `null` when no run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DurationStats {
    /// Runs that have a duration.
    pub count: u64,
    /// Their sum, exact.
    pub sum: u64,
    /// Median.
    pub p50: Option<u64>,
    /// Third quartile.
    pub p75: Option<u64>,
    /// 95th percentile.
    pub p95: Option<u64>,
    /// 99th percentile.
    pub p99: Option<u64>,
}

/// Time that gave nothing, in core-milliseconds (a task takes one core unless `spark.task.cpus` says otherwise).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Waste {
    /// Task time of runs that failed, were cancelled or timed out. That of failed tasks in runs that succeeded is not
    /// known apart.
    pub lost_task_time_ms: u64,
    /// Cores of executors times the time they were there, less the task time on them, over runs that tell.
    pub idle_core_time_ms: u64,
    /// The core time of these runs.
    pub core_time_ms: u64,
    /// How many runs tell.
    pub num_runs_with_core_time: u64,
}

/// Runs that were searched for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SearchResult {
    /// Runs, those that have the longest word as it stands first, and newest first among them.
    pub results: Vec<FoundJob>,
}

/// A run and why it was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FoundJob {
    /// The run.
    pub job: Job,
    /// One for every word of the question.
    pub matched: Vec<SearchMatch>,
}

/// A word of a run that begins with a word of the question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchMatch {
    /// `id`, `name`, `user`, `application_id` or `error`.
    pub field: String,
    /// The word, in lower case.
    pub word: String,
}

/// Asks for old runs to be removed. Nothing set removes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct PruneRequest {
    /// Runs that ended longer ago go.
    #[serde(default)]
    pub older_than_ms: Option<u64>,
    /// While the files of all runs are larger, the runs that ended first go.
    #[serde(default)]
    pub max_size_bytes: Option<u64>,
    /// Only say which.
    #[serde(default)]
    pub dry_run: bool,
}

/// Runs that were removed, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PruneResult {
    /// How many.
    pub num_runs: u64,
    /// Size of their files; free after the grace period for readers.
    pub size_bytes: u64,
    /// Whether they are still there.
    pub dry_run: bool,
    /// The first hundred, the oldest first.
    pub runs: Vec<PrunedJob>,
}

/// A run that was removed, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PrunedJob {
    /// The run.
    pub job_id: String,
    /// When it ended.
    pub end_time: String,
    /// Size of its files.
    pub size_bytes: u64,
}

/// Asks for the database's counters to be compared with what they count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct CheckRequest {
    /// Correct what differs.
    #[serde(default)]
    pub repair: bool,
}

/// What a check of the database found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckResult {
    /// Counters that differed from what they count, at most 1,000.
    pub differences: Vec<String>,
    /// How many there were.
    pub num_differences: u64,
    /// Whether they were corrected.
    pub repaired: bool,
}
