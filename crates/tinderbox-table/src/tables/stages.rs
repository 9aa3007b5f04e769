use super::columns::Columns;
use super::file::Of;
use tinderbox_model::{Stage, StageStatus};

pub(super) fn columns<'a>(rows: &'a [Of<'a, &'a Stage>]) -> Columns<'a, &'a Stage> {
    Columns::new(rows)
        .application_id()
        .number("stage_id", |s| s.id.stage.0)
        .number("stage_attempt", |s| i64::from(s.id.attempt))
        .text("name", |s| s.name.as_str())
        .maybe_text("description", |s| s.description.as_deref())
        .text("status", |s| status_name(s.status))
        .maybe_number("sql_id", |s| s.sql_execution.map(|id| id.0))
        .maybe_number("first_job_id", |s| s.jobs.first().map(|id| id.0))
        .text("scheduling_pool", |s| s.scheduling_pool.as_str())
        .number("resource_profile_id", |s| s.resource_profile)
        .maybe_time("submission_time_ms", |s| s.submission_time)
        .maybe_time("first_task_launch_time_ms", |s| s.first_task_launched_time)
        .maybe_time("completion_time_ms", |s| s.completion_time)
        .maybe_count("duration_ms", |s| s.duration().map(|d| d.0))
        .maybe_text("failure_reason", |s| s.failure_reason.as_deref())
        .count("num_tasks", |s| s.num_tasks.into())
        .count("num_active_tasks", |s| s.tasks.active.into())
        .count("num_complete_tasks", |s| s.tasks.complete.into())
        .count("num_failed_tasks", |s| s.tasks.failed.into())
        .count("num_killed_tasks", |s| s.tasks.killed.into())
        .count("num_executors", |s| s.executors.len() as u64)
        .metrics(|s| Some(&s.metrics))
}

/// Spark's name.
fn status_name(status: StageStatus) -> &'static str {
    match status {
        StageStatus::Pending => "PENDING",
        StageStatus::Active => "ACTIVE",
        StageStatus::Complete => "COMPLETE",
        StageStatus::Failed => "FAILED",
        StageStatus::Skipped => "SKIPPED",
    }
}
