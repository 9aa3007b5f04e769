use crate::event::EndReason;
use std::borrow::Cow;
use tinderbox_model::{FailureGroup, Stage, TaskId, TimestampMs};

const SAMPLE_BYTES: usize = 16 * 1024;
const TASKS_PER_GROUP: usize = 10;

/// The text of a task's end, as Spark's history server shows it (`TaskFailedReason.toErrorString`, for a
/// kill its reason alone); `None` for success.
pub(super) fn error_text(reason: &EndReason<'_>) -> Option<String> {
    let text = match &*reason.reason {
        "Success" => return None,
        "TaskKilled" => reason.kill_reason.to_string(),
        "ExceptionFailure" => match &reason.full_stack_trace {
            Some(trace) if !trace.is_empty() => trace.to_string(),
            _ => format!("{}: {}", &*reason.class_name, &*reason.description),
        },
        "FetchFailed" => format!(
            "FetchFailed({}, shuffleId={}, mapIndex={}, mapId={}, reduceId={}, message=\n{}\n)",
            reason.block_manager.as_ref().map_or_else(
                || String::from("null"),
                |address| format!(
                    "BlockManagerId({}, {}, {}, None)",
                    &*address.executor, &*address.host, address.port
                )
            ),
            reason.shuffle_id,
            reason.map_index,
            reason.map_id,
            reason.reduce_id,
            &*reason.message
        ),
        "ExecutorLostFailure" => {
            let caused = if reason.exit_caused_by_app {
                "exited caused by one of the running tasks"
            } else {
                "exited unrelated to the running tasks"
            };
            let loss = reason.loss_reason.as_deref().unwrap_or("");
            let loss = if loss.is_empty() { String::new() } else { format!(" Reason: {loss}") };
            format!("ExecutorLostFailure (executor {} {caused}){loss}", &*reason.executor)
        }
        "TaskCommitDenied" => format!(
            "TaskCommitDenied (Driver denied task commit) for job: {}, partition: {}, attemptNumber: {}",
            reason.job, reason.partition, reason.attempt
        ),
        "TaskResultLost" => String::from("TaskResultLost (result lost from block manager)"),
        "Resubmitted" => String::from("Resubmitted (resubmitted due to lost executor)"),
        other => other.to_owned(),
    };
    Some(text)
}

/// Adds a failure to its group; groups stay sorted by count. A group that does not fit any more is dropped.
pub(super) fn add_failure(
    failures: &mut Vec<FailureGroup>,
    reason: &str,
    text: &str,
    time: TimestampMs,
    task: TaskId,
) {
    let message = message(text);
    let found =
        failures.iter().position(|group| group.reason == reason && group.message == message);
    let Some(mut at) = found else {
        if failures.len() < Stage::FAILURE_LIMIT {
            failures.push(FailureGroup {
                reason: reason.to_owned(),
                message: message.into_owned(),
                sample: cut(text, SAMPLE_BYTES).to_owned(),
                count: 1,
                first_time: time,
                tasks: vec![task],
            });
        }
        return;
    };
    failures[at].count += 1;
    if failures[at].tasks.len() < TASKS_PER_GROUP {
        failures[at].tasks.push(task);
    }
    while at > 0 && failures[at - 1].count < failures[at].count {
        failures.swap(at - 1, at);
        at -= 1;
    }
}

/// What groups failures: the first line; for an error of Python the line that names the exception, because
/// the first only says `Traceback`.
fn message(text: &str) -> Cow<'_, str> {
    const MESSAGE_BYTES: usize = 1024;
    let first = text.lines().next().unwrap_or("");
    let class = match first.split_once(": ") {
        Some((class, "Traceback (most recent call last):")) => class,
        _ => return Cow::Borrowed(cut(first, MESSAGE_BYTES)),
    };
    let raised = text
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with("\tat "))
        .filter(|line| !line.trim().is_empty() && !line.starts_with(' '))
        .last();
    match raised {
        Some(line) => Cow::Owned(format!("{class}: {}", cut(line, MESSAGE_BYTES))),
        None => Cow::Borrowed(first),
    }
}

fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_reason(json: &str, expected: &str) {
        let reason: EndReason<'_> = serde_json::from_str(json).unwrap();
        assert_eq!(error_text(&reason).as_deref(), Some(expected));
    }

    #[test]
    fn end_reasons_read_as_in_sparks_pages() {
        check_reason(
            r#"{"Reason":"FetchFailed","Block Manager Address":{"Executor ID":"1","Host":"h","Port":7337},
                "Shuffle ID":2,"Map ID":30,"Map Index":3,"Reduce ID":4,"Message":"lost"}"#,
            "FetchFailed(BlockManagerId(1, h, 7337, None), shuffleId=2, mapIndex=3, mapId=30, reduceId=4, message=\nlost\n)",
        );
        check_reason(
            r#"{"Reason":"ExecutorLostFailure","Executor ID":"5","Exit Caused By App":true,"Loss Reason":"OOM"}"#,
            "ExecutorLostFailure (executor 5 exited caused by one of the running tasks) Reason: OOM",
        );
        check_reason(
            r#"{"Reason":"TaskKilled","Kill Reason":"another attempt succeeded"}"#,
            "another attempt succeeded",
        );
        check_reason(
            r#"{"Reason":"TaskCommitDenied","Job ID":1,"Partition ID":2,"Attempt Number":3}"#,
            "TaskCommitDenied (Driver denied task commit) for job: 1, partition: 2, attemptNumber: 3",
        );
        check_reason(
            r#"{"Reason":"ExceptionFailure","Class Name":"java.lang.Error","Description":"boom"}"#,
            "java.lang.Error: boom",
        );
        check_reason(r#"{"Reason":"SomethingNew"}"#, "SomethingNew");
        let success: EndReason<'_> = serde_json::from_str(r#"{"Reason":"Success"}"#).unwrap();
        assert_eq!(error_text(&success), None);
    }

    #[test]
    fn failures_are_grouped_by_first_line_most_frequent_first() {
        let mut groups = Vec::new();
        for (id, text) in
            ["A: one\n\tat x", "B: two", "B: two\n\tat y", "A: one", "B: two"].iter().enumerate()
        {
            let id = i64::try_from(id).unwrap();
            add_failure(&mut groups, "ExceptionFailure", text, TimestampMs(id), TaskId(id));
        }
        let shown: Vec<_> =
            groups.iter().map(|g| (g.message.as_str(), g.count, g.first_time.0)).collect();
        assert_eq!(shown, [("B: two", 3, 1), ("A: one", 2, 0)]);
        assert_eq!(groups[1].sample, "A: one\n\tat x", "the sample is the whole first text");
    }

    #[test]
    fn python_errors_are_grouped_by_what_was_raised() {
        let text = "org.apache.spark.api.python.PythonException: Traceback (most recent call last):\n  \
                    File \"job.py\", line 3, in f\n    raise ValueError(n)\nValueError: 7\n\n\tat org.Runner.run(X.scala:1)";
        assert_eq!(message(text), "org.apache.spark.api.python.PythonException: ValueError: 7");
    }

    #[test]
    fn groups_and_samples_are_bounded() {
        let mut groups = Vec::new();
        for id in 0..100 {
            let text = format!("error {id}: {}", "ä".repeat(20_000));
            add_failure(&mut groups, "ExceptionFailure", &text, TimestampMs(id), TaskId(id));
        }
        assert_eq!(groups.len(), Stage::FAILURE_LIMIT);
        assert!(groups.iter().all(|g| g.sample.len() <= SAMPLE_BYTES && g.message.len() <= 1024));
    }
}
