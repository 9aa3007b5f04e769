//! Writing what was read, and reading it again, gives the same application and the same tasks.

use crate::fixtures::{FIXTURES, log_text};
use serde_json::{Value, json};
use tinderbox_model::{Application, Task};
use tinderbox_spark::{Fold, rewrite_line};

fn fold(text: &[u8]) -> (Application, Vec<Task>) {
    let mut fold = Fold::new();
    let mut tasks = Vec::new();
    for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        fold.line(line, &mut |task| tasks.push(task));
    }
    tasks.extend(fold.running_tasks().cloned());
    tasks.sort_by_key(|task| (task.id, task.status as u8));
    (fold.finish(), tasks)
}

fn rewritten(text: &[u8]) -> Vec<u8> {
    let lines = text.split(|&byte| byte == b'\n').filter_map(rewrite_line);
    lines.flat_map(|line| [&line[..], b"\n"].concat()).collect()
}

#[test]
fn what_is_written_again_folds_to_the_same_application_and_tasks() {
    for fixture in FIXTURES {
        let text = log_text(fixture);
        let written = rewritten(&text);
        let ((mut first, tasks), (mut second, tasks_again)) = (fold(&text), fold(&written));
        assert!(!tasks.is_empty(), "{fixture} has tasks");
        assert!(written.len() < text.len(), "{fixture}: what is not used is left out");
        assert!(tasks == tasks_again, "{fixture}: the same rows");
        // Which events were not known is not written.
        first.completeness.unknown_events.clear();
        second.completeness.unknown_events.clear();
        assert_eq!(first.completeness, second.completeness, "{fixture}");
        assert!(first == second, "{fixture}: the same application");
        assert!(rewritten(&written) == written, "{fixture}: writing twice changes nothing");
    }
}

#[test]
fn a_written_line_has_the_names_of_spark() {
    let line = json!({"Event": "SparkListenerTaskEnd", "Stage ID": 3, "Stage Attempt ID": -1,
        "Task End Reason": {"Reason": "TaskKilled", "Kill Reason": "stage cancelled"},
        "Task Info": {"Task ID": 7, "Index": 1, "Launch Time": 5, "Executor ID": "1", "Finish Time": 9,
            "Killed": true, "Accumulables": [{"ID": 4, "Update": "12", "Metadata": "sql"}]},
        "Task Metrics": {"Executor Run Time": 4, "Later Metric": 1}});
    let written = rewrite_line(line.to_string().as_bytes()).unwrap();
    assert!(written.starts_with(br#"{"Event":"SparkListenerTaskEnd","Stage ID":3"#));
    let written: Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(written["Stage Attempt ID"], -1);
    assert_eq!(written["Task End Reason"], line["Task End Reason"]);
    assert_eq!(written["Task Info"]["Accumulables"][0]["Update"], "12");
    assert_eq!(written["Task Metrics"]["Executor Run Time"], 4);
    assert_eq!(written["Task Metrics"]["Later Metric"], Value::Null);
    assert_eq!(written["Task Executor Metrics"], Value::Null);
    assert_eq!(rewrite_line(br#"{"Event":"com.vendor.Thing"}"#), None);
    assert_eq!(rewrite_line(br#"{"Event":"SparkListenerTaskEnd","Stage"#), None);
}
