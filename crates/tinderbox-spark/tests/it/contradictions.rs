//! Events that cannot follow what came before them.

use serde_json::{Value, json};
use tinderbox_model::{Completeness, Millis, Task};
use tinderbox_spark::Fold;

fn task(event: &str, launch: i64, finish: i64) -> Value {
    json!({"Event": format!("SparkListener{event}"), "Stage ID": 0, "Stage Attempt ID": 0,
        "Task End Reason": {"Reason": "Success"}, "Task Metrics": {"Executor Run Time": 4},
        "Task Info": {"Task ID": 7, "Index": 0, "Launch Time": launch, "Finish Time": finish, "Executor ID": "1"}})
}

fn job(event: &str, name: &str, time: i64) -> Value {
    json!({"Event": format!("SparkListener{event}"), "Job ID": 3, name: time, "Stage IDs": [0],
        "Job Result": {"Result": "JobSucceeded"}})
}

fn application(event: &str, time: i64) -> Value {
    json!({"Event": format!("SparkListener{event}"), "App ID": "a", "Timestamp": time})
}

fn fold(events: &[Value]) -> (Completeness, Vec<Task>) {
    let mut fold = Fold::new();
    fold.in_file("log");
    let mut tasks = Vec::new();
    let mut at = 0;
    for event in events {
        let line = event.to_string();
        fold.at_byte(at);
        fold.line(line.as_bytes(), &mut |task| tasks.push(task));
        at += u64::try_from(line.len()).unwrap() + 1;
    }
    (fold.finish().completeness, tasks)
}

/// The application from 10 s to 100 s with these events in it.
fn check(events: &[Value], says: &[&str]) -> Vec<Task> {
    let mut all = vec![application("ApplicationStart", 10_000)];
    all.extend_from_slice(events);
    all.push(application("ApplicationEnd", 100_000));
    let (completeness, tasks) = fold(&all);
    let said = &completeness.contradiction_samples;
    assert_eq!(said.len(), says.len(), "{said:?}");
    assert_eq!(completeness.contradictions, u64::try_from(says.len()).unwrap());
    assert_eq!(completeness.is_partial(), !says.is_empty());
    for ((_, said), says) in said.iter().zip(says) {
        assert!(said.starts_with(says) && said.ends_with(" of log)"), "{said}");
    }
    tasks
}

#[test]
fn events_in_their_order_contradict_nothing() {
    check(
        &[
            job("JobStart", "Submission Time", 20_000),
            task("TaskStart", 21_000, 0),
            // A clock that is set by less than a second.
            task("TaskEnd", 21_000, 20_500),
            job("JobEnd", "Completion Time", 20_900),
        ],
        &[],
    );
}

#[test]
fn an_end_without_its_beginning_is_told_with_its_place() {
    let tasks = check(
        &[task("TaskEnd", 21_000, 22_000), job("JobEnd", "Completion Time", 30_000)],
        &["task 7 ends without having begun (at byte ", "job 3 ends without having begun"],
    );
    assert!(tasks.is_empty(), "as in Spark it is no row");
}

#[test]
fn a_clock_that_goes_back_is_told_and_gives_no_negative_duration() {
    let tasks = check(
        &[
            job("JobStart", "Submission Time", 20_000),
            task("TaskStart", 21_000, 0),
            task("TaskEnd", 21_000, 11_000),
            job("JobEnd", "Completion Time", 12_000),
        ],
        &[
            "the clock goes back: task 7 ends 10000 ms too early",
            "the clock goes back: job 3 ends 8000 ms too early",
        ],
    );
    assert_eq!(tasks[0].duration(), Millis::ZERO);
    check(
        &[task("TaskStart", 21_000, 0), task("TaskEnd", 21_000, 150_000)],
        &["the clock goes back: the application ends 50000 ms too early"],
    );
}

#[test]
fn a_job_that_never_ends_is_missed_when_the_application_has_ended() {
    let start = job("JobStart", "Submission Time", 20_000);
    let (running, _) = fold(&[application("ApplicationStart", 10_000), start.clone()]);
    assert_eq!(running.lost_job_ends, 0);
    let (ended, _) = fold(&[start, application("ApplicationEnd", 100_000)]);
    assert_eq!(ended.lost_job_ends, 1);
    assert!(ended.is_partial());
}

#[test]
fn a_task_whose_stage_was_gone_when_it_began_is_a_row() {
    let mut start = task("TaskStart", 21_000, 0);
    // What Spark writes then.
    start["Stage Attempt ID"] = json!(-1);
    let tasks = check(&[start, task("TaskEnd", 21_000, 22_000)], &[]);
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].stage.attempt, 0);
}
