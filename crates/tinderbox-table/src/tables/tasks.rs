use super::columns::Columns;
use super::file::Of;
use tinderbox_model::{Task, TaskStatus};

pub(super) fn columns<'a>(rows: &'a [Of<'a, Task>]) -> Columns<'a, Task> {
    Columns::new(rows)
        .number("stage_id", |t| t.stage.stage.0)
        .number("stage_attempt", |t| i64::from(t.stage.attempt))
        .number("task_id", |t| t.id.0)
        .number("task_index", |t| t.index)
        .number("task_attempt", |t| t.attempt)
        .number("partition", |t| t.partition)
        .number("launch_time_ms", |t| t.launch_time.0)
        .maybe_time("finish_time_ms", |t| t.finish_time)
        .maybe_time("getting_result_time_ms", |t| t.getting_result_time)
        .text("executor_id", |t| t.executor.as_str())
        .text("host", |t| t.host.as_str())
        .text("locality", |t| t.locality.as_str())
        .flag("speculative", |t| t.speculative)
        .text("status", |t| status_name(t.status))
        .maybe_text("error_message", |t| t.error_message.as_deref())
        .metrics(|t| t.metrics.as_ref())
        .maybe_text("accumulables", accumulables)
}

/// Users' accumulators as JSON: a list of objects with id, name, update and value.
fn accumulables(task: &Task) -> Option<String> {
    if task.accumulables.is_empty() {
        return None;
    }
    serde_json::to_string(&task.accumulables).ok()
}

/// Spark's name.
fn status_name(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Running => "RUNNING",
        TaskStatus::GettingResult => "GET RESULT",
        TaskStatus::Success => "SUCCESS",
        TaskStatus::Failed => "FAILED",
        TaskStatus::Killed => "KILLED",
    }
}
