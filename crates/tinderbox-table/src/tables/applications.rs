use super::columns::Columns;
use super::file::Of;
use tinderbox_model::{Application, JobStatus, StageStatus, TaskMetrics};

pub(super) fn columns<'a>(rows: &'a [Of<'a, &'a Application>]) -> Columns<'a, &'a Application> {
    let totals: Vec<TaskMetrics> = rows.iter().map(|row| row.what.totals()).collect();
    let jobs =
        |a: &Application, status| a.jobs.iter().filter(|j| j.status == status).count() as u64;
    let stages =
        |a: &Application, status| a.stages.iter().filter(|s| s.status == status).count() as u64;
    Columns::new(rows)
        .application_id()
        .maybe_text("application_attempt_id", |a| a.attempt_id.as_deref())
        .text("name", |a| a.name.as_str())
        .text("user", |a| a.user.as_str())
        .maybe_text("spark_version", |a| a.spark_version.as_ref().map(|v| v.text.as_str()))
        .maybe_time("start_time_ms", |a| a.start_time)
        .maybe_time("end_time_ms", |a| a.end_time)
        .maybe_count("duration_ms", |a| a.duration().map(|d| d.0))
        .maybe_number("exit_code", |a| a.exit_code)
        .flag("partial", |a| a.completeness.is_partial())
        .count("num_jobs", |a| a.jobs.len() as u64)
        .count("num_failed_jobs", |a| jobs(a, JobStatus::Failed))
        .count("num_stages", |a| a.stages.len() as u64)
        .count("num_failed_stages", |a| stages(a, StageStatus::Failed))
        .count("num_skipped_stages", |a| stages(a, StageStatus::Skipped))
        .count("num_executors", |a| a.executors.len() as u64)
        .count("num_sql_executions", |a| a.sql.len() as u64)
        .count("num_complete_tasks", |a| a.task_counts().complete.into())
        .count("num_failed_tasks", |a| a.task_counts().failed.into())
        .count("num_killed_tasks", |a| a.task_counts().killed.into())
        .count("task_time_ms", |a| {
            a.executors.iter().fold(0, |sum: u64, e| sum.saturating_add(e.total_duration.0))
        })
        .metrics_of(&totals)
}
