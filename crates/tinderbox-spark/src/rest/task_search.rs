//! The search of `taskTable` (`StagesResource.filterTaskList`): a task fits when one of the texts that the page shows
//! for it contains what was typed, case ignored.

use super::date::Date;
use super::java_text::{bytes, page_duration};
use super::tasks::{measured, scheduler_delay};
use tinderbox_model::{Bytes, Millis, Task, TaskMetrics, TimestampMs};

/// Whether a task fits; `typed` in lower case.
pub fn matches(task: &Task, typed: &str, now: TimestampMs) -> bool {
    let has = |text: &str| text.to_lowercase().contains(typed);
    [task.id.0, task.index, task.attempt].iter().any(|number| has(&number.to_string()))
        || has(&launch_text(task.launch_time))
        // What is absent is the letter d there.
        || task.getting_result_time.map_or_else(|| has("d"), |time| has(&Date(time).to_string()))
        || has(task.executor.as_str())
        || has(task.host.as_str())
        || has(super::tasks::status_text(task.status))
        || has(task.locality.as_str())
        || has(if task.speculative { "true" } else { "false" })
        || has(task.error_message.as_deref().unwrap_or("d"))
        || measured(task).as_ref().is_some_and(|metrics| metrics_match(metrics, &has))
        || has(&time(scheduler_delay(task)))
        || has(&time(Millis(super::tasks::getting_result_ms(task, now))))
}

fn metrics_match(m: &TaskMetrics, has: &impl Fn(&str) -> bool) -> bool {
    let times = [
        m.executor_deserialize_time,
        m.executor_run_time,
        m.jvm_gc_time,
        m.result_serialization_time,
        m.shuffle_fetch_wait_time,
        m.shuffle_write_time.to_millis(),
    ];
    let sizes = [
        m.memory_bytes_spilled,
        m.disk_bytes_spilled,
        m.peak_execution_memory,
        m.input_bytes,
        m.output_bytes,
        m.shuffle_remote_bytes_read,
        m.shuffle_read_bytes(),
        m.shuffle_write_bytes,
    ];
    let counts =
        [m.input_records, m.output_records, m.shuffle_read_records, m.shuffle_write_records];
    times.into_iter().any(|one| has(&time(one)))
        || sizes.into_iter().any(|one| has(&size(one)))
        || counts.into_iter().any(|one| has(&one.to_string()))
}

/// `2026-11-20 19:31:24`, in UTC; Spark prints it in the time zone of its server.
fn launch_text(at: TimestampMs) -> String {
    let text = Date(at).to_string();
    text.get(..19).unwrap_or_default().replace('T', " ")
}

fn time(of: Millis) -> String {
    page_duration(i64::try_from(of.0).unwrap_or(i64::MAX))
}

fn size(of: Bytes) -> String {
    bytes(i64::try_from(of.0).unwrap_or(i64::MAX))
}
