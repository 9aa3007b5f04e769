use super::*;
use crate::fixture::{TestTask, application, make_sql, node, plan, set, task};
use tinderbox_model::{SqlMetricKind, TimestampMs};

/// Stages one after the other from second 1 on, each with its name.
fn app(stages: Vec<(&str, Vec<TestTask>)>) -> Application {
    let named: Vec<String> = stages.iter().map(|(name, _)| (*name).to_owned()).collect();
    let tasks = (0..).zip(stages).map(|(id, (_, tasks))| (id, tasks)).collect();
    let mut app = application(0, tasks);
    let mut at = 1_000;
    for (stage, name) in app.stages.iter_mut().zip(named) {
        let length = stage.completion_time.expect("is set").0;
        stage.name = name;
        stage.submission_time = Some(TimestampMs(at));
        at += length;
        stage.completion_time = Some(TimestampMs(at));
    }
    app.end_time = Some(TimestampMs(at + 500));
    app
}

fn parts(differences: &Differences) -> Vec<(TimeCause, f64)> {
    let time = differences.time.as_ref().expect("both have their times");
    let sum: f64 = time.parts.iter().map(|part| part.explained_ms).sum();
    assert!((sum - time.difference_ms).abs() < 1e-6, "{sum} of {}", time.difference_ms);
    let shares: f64 = time.parts.iter().filter_map(|part| part.explained_share).sum();
    assert!(time.difference_ms == 0.0 || (shares - 1.0).abs() < 1e-9);
    let parts = time.parts.iter().map(|part| (part.cause, part.explained_ms.round()));
    parts.filter(|(_, ms)| *ms != 0.0).collect()
}

#[test]
fn twice_the_data_explains_twice_the_time() {
    let read = |mib| vec![task(mib * 10).shuffle_read(mib); 4];
    let before = app(vec![("scan at job.py:3", read(100)), ("join at job.py:9", read(50))]);
    let after = app(vec![("scan at job.py:4", read(200)), ("join at job.py:10", read(50))]);
    let differences = Differences::of(&before, &after);
    assert_eq!(parts(&differences), [(TimeCause::Data, 1_000.0)]);
    assert_eq!(differences.stages.len(), 1, "the join is the same");
    let scan = &differences.stages[0];
    assert_eq!((scan.name.as_str(), scan.explained_share), ("scan at job.py:4", Some(1.0)));
    let read = |side: &Option<StageSide>| side.as_ref().map(|side| side.shuffle_read.0 >> 20);
    assert_eq!((read(&scan.before), read(&scan.after)), (Some(400), Some(800)));
}

#[test]
fn new_slower_and_missing_stages_are_told_apart() {
    let tasks = |ms| vec![task(ms).shuffle_read(10); 4];
    let before = app(vec![("a", tasks(1_000)), ("old", tasks(3_000)), ("b", tasks(500))]);
    let mut after = app(vec![("a", tasks(4_000)), ("b", tasks(500)), ("new", tasks(2_000))]);
    after.end_time = after.end_time.map(|end| TimestampMs(end.0 + 70));
    let differences = Differences::of(&before, &after);
    assert_eq!(
        parts(&differences),
        [
            (TimeCause::Work, 3_000.0),
            (TimeCause::StagesOnlyBefore, -3_000.0),
            (TimeCause::StagesOnlyAfter, 2_000.0),
            (TimeCause::ShutDown, 70.0),
        ]
    );
    let names: Vec<&str> = differences.stages.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["a", "old", "new"]);
    assert!(differences.stages[1].after.is_none() && differences.stages[2].before.is_none());
}

#[test]
fn fewer_cores_are_concurrency() {
    let before = app(vec![("a", vec![task(1_000).shuffle_read(10); 4])]);
    let mut after = before.clone();
    after.stages[0].completion_time = Some(TimestampMs(5_000));
    after.end_time = Some(TimestampMs(5_500));
    assert_eq!(parts(&Differences::of(&before, &after)), [(TimeCause::Concurrency, 3_000.0)]);
    after.end_time = None;
    let unknown = Differences::of(&before, &after);
    assert_eq!(unknown.time, None);
    assert!(unknown.stages.is_empty(), "nothing differs that is known");
}

#[test]
fn attempts_of_a_stage_count_together() {
    let before = app(vec![("a", vec![task(1_000); 4])]);
    let mut after = before.clone();
    let mut again = after.stages[0].clone();
    again.id.attempt = 1;
    after.stages.push(again);
    let differences = Differences::of(&before, &after);
    let side = differences.stages[0].after.as_ref().expect("is in both");
    assert_eq!((side.num_attempts, side.num_tasks, side.task_time), (2, 8, Millis(8_000)));
}

#[test]
fn another_join_and_more_rows_are_named() {
    let rows = |count| [("number of output rows", SqlMetricKind::Sum, count)];
    let timed = |ms| [("sort time", SqlMetricKind::Timing, ms)];
    let with = |scanned, join: &str| {
        let mut app = app(vec![("save", vec![task(1_000); 4])]);
        let nodes = vec![
            node(0, "Scan parquet [id#1L]", &rows(scanned), &[0]),
            node(1, join, &timed(scanned), &[0]),
            node(2, "Project [id#1L]", &[], &[0]),
        ];
        make_sql(&mut app, plan(nodes, &[(0, 1), (1, 2)]));
        app
    };
    let (before, after) = (with(1_000, "SortMergeJoin"), with(3_000, "BroadcastHashJoin"));
    let differences = Differences::of(&before, &after);
    let sides = |one: &OperatorDifference| (one.before.is_some(), one.after.is_some());
    let found: Vec<_> =
        differences.operators.iter().map(|one| (one.name.as_str(), sides(one))).collect();
    assert_eq!(
        found,
        [
            ("BroadcastHashJoin", (false, true)),
            ("SortMergeJoin", (true, false)),
            ("Scan parquet", (true, true)),
        ]
    );
    assert_eq!(differences.operators[0].time_ms, Some(3_000.0));
    assert_eq!(differences.operators[0].task_time_share, None, "the task times are equal");
}

#[test]
fn settings_differ_but_not_what_every_run_has_its_own_of() {
    let mut before = app(vec![("a", vec![task(10)])]);
    let mut after = before.clone();
    set(&mut before, "spark.app.id", "app-1");
    set(&mut after, "spark.app.id", "app-2");
    set(&mut before, "spark.sql.shuffle.partitions", "200");
    set(&mut after, "spark.sql.shuffle.partitions", "64");
    set(&mut after, "spark.executor.cores", "4");
    after.spark_version = tinderbox_model::SparkVersion::parse("4.3.0");
    let differences = Differences::of(&before, &after);
    let text = |one: &ConfigurationDifference| {
        let value = |v: &Option<String>| v.clone().unwrap_or_else(|| "-".to_owned());
        format!("{} {} {}", one.key, value(&one.before), value(&one.after))
    };
    assert_eq!(
        differences.configuration.iter().map(text).collect::<Vec<_>>(),
        [
            "spark.executor.cores - 4",
            "spark.sql.shuffle.partitions 200 64",
            "spark.version 3.5.8 4.3.0",
        ]
    );
}
