//! Packs: what is pushed comes back in every order, and quantiles are those of a plain computation.

use crate::folder;
use crate::generated::{plausible, task};
use proptest::prelude::*;
use std::path::Path;
use std::time::SystemTime;
use tempfile::TempDir;
use tinderbox_model::{
    Accumulable, AccumulatorId, Bytes, StageAttemptId, StageId, Task, TaskId, TaskMetrics,
    TaskStatus, TimestampMs,
};
use tinderbox_table::{
    Direction, Error, Pack, PackMetric, PackOptions, PackQuery, PackSort, PackWriter,
    retained_tasks,
};

const ALL: u64 = u64::MAX;

fn writer(folder: &TempDir, options: PackOptions, tasks: &[Task]) -> PackWriter {
    let path = folder.path().join("packs").join("tasks.pack");
    let mut writer = PackWriter::create(&path, options).expect("creates");
    for task in tasks {
        writer.push(task).expect("pushes");
    }
    writer
}

pub fn pack(folder: &TempDir, tasks: &[Task]) -> Pack {
    let options = PackOptions { threads: 2, ..PackOptions::default() };
    writer(folder, options, tasks).finish().expect("finishes")
}

/// Gives every task an id of its own, in an order that is not theirs, and some of them accumulables.
fn distinct(mut tasks: Vec<Task>) -> Vec<Task> {
    for (task, n) in tasks.iter_mut().zip(0_i64..) {
        task.id = TaskId(n * 7_919 % 10_007 - 3);
        if n % 3 == 0 {
            task.accumulables = vec![Accumulable {
                id: AccumulatorId(n),
                name: (n % 2 == 0).then(|| format!("rows {}", n % 5)),
                update: Some(n.to_string()),
                value: (n % 4 == 0).then(|| (n * 2).to_string()),
            }];
        }
    }
    tasks
}

fn page(pack: &Pack, query: &PackQuery) -> (Vec<Task>, u64) {
    let page = pack.page(query).expect("reads");
    (page.tasks, page.total)
}

/// What a task is sorted by, worked out from the task itself.
fn key(task: &Task, sort: PackSort) -> (i128, String) {
    let number = |number: i128| (number, String::new());
    let text = |text: &str| (0, text.to_owned());
    let launch = i128::from(task.launch_time.0);
    match sort {
        PackSort::Id => number(0),
        // Stage by stage, which `expected` sees to.
        PackSort::Position | PackSort::Index => number(task.index.into()),
        PackSort::Attempt => number(task.attempt.into()),
        PackSort::Partition => number(task.partition.into()),
        PackSort::Status => text(match task.status {
            TaskStatus::Running => "RUNNING",
            TaskStatus::GettingResult => "GET RESULT",
            TaskStatus::Success => "SUCCESS",
            TaskStatus::Failed => "FAILED",
            TaskStatus::Killed => "KILLED",
        }),
        PackSort::Locality => text(&task.locality),
        PackSort::Executor => text(task.executor.as_str()),
        PackSort::Host => text(&task.host),
        PackSort::LaunchTime => number(launch),
        PackSort::CompletionTime => {
            number(task.finish_time.map_or(launch - 1, |time| time.0.into()))
        }
        PackSort::Error => text(task.error_message.as_deref().unwrap_or("")),
        PackSort::Accumulables => match task.accumulables.first() {
            None => text(""),
            Some(first) => {
                let or_null = |text: &Option<String>| text.clone().unwrap_or("null".to_owned());
                text(&format!("{}:{}", or_null(&first.name), or_null(&first.value)))
            }
        },
        PackSort::Metric(metric) => number(figure(task, metric)),
    }
}

/// A figure as Spark's store has it.
fn figure(task: &Task, metric: PackMetric) -> i128 {
    let duration = task.finish_time.map(|time| i128::from(time.0) - i128::from(task.launch_time.0));
    // One that ended without any has zeros.
    let Some(metrics) = task.metrics.or(duration.map(|_| TaskMetrics::default())) else {
        return -1;
    };
    let getting_result = match (task.finish_time, task.getting_result_time) {
        (Some(finish), Some(start)) => i128::from(finish.0) - i128::from(start.0),
        _ => 0,
    };
    let work = i128::from(metrics.executor_run_time.0)
        + i128::from(metrics.executor_deserialize_time.0)
        + i128::from(metrics.result_serialization_time.0);
    let stored = |value: u64| match (task.status, task.metrics) {
        (TaskStatus::Success, Some(_)) => i128::from(value),
        _ => -1 - i128::from(value),
    };
    match metric {
        PackMetric::Duration => duration.unwrap_or(-1),
        PackMetric::GettingResultTime => getting_result,
        PackMetric::SchedulerDelay => duration.map_or(0, |d| (d - work - getting_result).max(0)),
        PackMetric::ShuffleReadBytes => {
            stored(metrics.shuffle_remote_bytes_read.0) + stored(metrics.shuffle_local_bytes_read.0)
        }
        PackMetric::ShuffleTotalBlocksFetched => {
            stored(metrics.shuffle_remote_blocks_fetched)
                + stored(metrics.shuffle_local_blocks_fetched)
        }
        PackMetric::ExecutorRunTime => stored(metrics.executor_run_time.0),
        PackMetric::ExecutorCpuTime => stored(metrics.executor_cpu_time.0),
        PackMetric::InputBytes => stored(metrics.input_bytes.0),
        PackMetric::ShuffleWriteRecords => stored(metrics.shuffle_write_records),
        other => panic!("{other:?} is not worked out here"),
    }
}

const METRICS: [PackMetric; 9] = [
    PackMetric::Duration,
    PackMetric::GettingResultTime,
    PackMetric::SchedulerDelay,
    PackMetric::ShuffleReadBytes,
    PackMetric::ShuffleTotalBlocksFetched,
    PackMetric::ExecutorRunTime,
    PackMetric::ExecutorCpuTime,
    PackMetric::InputBytes,
    PackMetric::ShuffleWriteRecords,
];

fn sorts() -> Vec<PackSort> {
    let mut sorts = vec![
        PackSort::Id,
        PackSort::Position,
        PackSort::Index,
        PackSort::Attempt,
        PackSort::Partition,
        PackSort::Status,
        PackSort::Locality,
        PackSort::Executor,
        PackSort::Host,
        PackSort::LaunchTime,
        PackSort::CompletionTime,
        PackSort::Error,
        PackSort::Accumulables,
    ];
    sorts.extend(METRICS.map(PackSort::Metric));
    sorts
}

/// Times that a clock could show, so that nothing saturates in the plain computation or the pack.
fn plain(mut tasks: Vec<Task>) -> Vec<Task> {
    for task in &mut tasks {
        let limit = |time: i64| time % (1 << 40);
        task.launch_time.0 = limit(task.launch_time.0);
        task.finish_time.iter_mut().for_each(|time| time.0 = limit(time.0));
        task.getting_result_time.iter_mut().for_each(|time| time.0 = limit(time.0));
        if let Some(metrics) = &mut task.metrics {
            let metrics: &mut TaskMetrics = metrics;
            metrics.executor_run_time.0 %= 1 << 40;
            metrics.executor_deserialize_time.0 %= 1 << 40;
            metrics.result_serialization_time.0 %= 1 << 40;
            for bytes in
                [&mut metrics.shuffle_remote_bytes_read, &mut metrics.shuffle_local_bytes_read]
            {
                bytes.0 %= 1 << 40;
            }
            metrics.shuffle_remote_blocks_fetched %= 1 << 40;
            metrics.shuffle_local_blocks_fetched %= 1 << 40;
        }
    }
    tasks
}

fn expected(tasks: &[Task], query: &PackQuery) -> (Vec<Task>, u64) {
    let mut fitting: Vec<&Task> = tasks
        .iter()
        .filter(|task| query.stage.is_none_or(|stage| task.stage == stage))
        .filter(|task| query.newest.is_none_or(|newest| is_among_newest(tasks, task, newest)))
        .filter(|task| query.statuses.is_empty() || query.statuses.contains(&task.status))
        .collect();
    let by_stage = matches!(query.sort, PackSort::Id | PackSort::Position);
    let first = |task: &Task| if by_stage { Some(task.stage) } else { None };
    fitting.sort_by_cached_key(|task| (first(task), key(task, query.sort), task.stage, task.id));
    if query.direction == Direction::Descending {
        fitting.reverse();
    }
    let total = fitting.len() as u64;
    let len = |number: u64| usize::try_from(number).expect("64 bits");
    let (offset, limit) = (len(query.offset), len(query.limit));
    (fitting.into_iter().skip(offset).take(limit).cloned().collect(), total)
}

fn is_among_newest(tasks: &[Task], task: &Task, newest: u64) -> bool {
    let order = |task: &Task| (key(task, PackSort::CompletionTime), task.id);
    let newer = tasks.iter().filter(|t| t.stage == task.stage && order(t) > order(task));
    (newer.count() as u64) < newest
}

fn check_quantiles(pack: &Pack, tasks: &[Task], stage: StageAttemptId, quantiles: &[f64]) {
    let of_stage = || tasks.iter().filter(|task| task.stage == stage);
    let measured = of_stage()
        .filter(|task| task.status == TaskStatus::Success && task.metrics.is_some())
        .count();
    let found = pack.quantiles_of(stage, &METRICS, quantiles).expect("reads");
    let Some(found) = found else { return assert_eq!(measured, 0) };
    let mut quantiles = quantiles.to_vec();
    quantiles.sort_by(f64::total_cmp);
    for (metric, found) in METRICS.into_iter().zip(found) {
        let mut values: Vec<i128> = of_stage().map(|task| figure(task, metric)).collect();
        values.retain(|value| *value >= 0);
        values.sort_unstable();
        for (quantile, found) in quantiles.iter().zip(found) {
            let at = (quantile * f64::from(u32::try_from(measured).expect("few"))).floor();
            let at = (0..measured).take_while(|n| f64::from(u32::try_from(*n).expect("few")) < at);
            let at = at.count().min(measured - 1);
            // Of fewer values than successes (a clock that went backwards) the last one.
            let value = values.get(at).or(values.last()).copied().unwrap_or(0);
            assert_eq!(i128::from(found), value, "{metric:?} at {quantile} of {stage}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_tasks_come_back(tasks in prop::collection::vec(task(), 0..600)) {
        let folder = folder();
        let tasks = distinct(tasks);
        // Blocks that are not full, too.
        let options = PackOptions { threads: 1, open_rows_limit: Bytes(1 << 16) };
        let pack = writer(&folder, options, &tasks).finish().expect("finishes");
        let mut expected = tasks.clone();
        expected.sort_by_key(|task| (task.stage, task.id));
        let mut found = Vec::new();
        pack.for_each(|task| found.push(task)).expect("reads");
        prop_assert_eq!(&found, &expected);
        let mut found = Vec::new();
        for stage in pack.stages() {
            pack.scan(stage.id, |task| found.push(task)).expect("reads");
            for status in [TaskStatus::Running, TaskStatus::Success, TaskStatus::Failed] {
                let count = tasks.iter().filter(|t| t.stage == stage.id && t.status == status);
                prop_assert_eq!(stage.count(status), count.count() as u64);
            }
        }
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(pack.num_tasks(), tasks.len() as u64);
        if let Some(extent) = pack.timeline_extent() {
            let timeline = pack.timeline(extent.start, TimestampMs(i64::MAX), 0).expect("reads");
            prop_assert_eq!(timeline.launched.iter().sum::<u64>(), tasks.len() as u64);
        }
    }

    #[test]
    fn every_order_is_that_of_a_plain_sort(
        tasks in prop::collection::vec(task(), 0..150),
        (offset, limit) in (0..40_u64, prop_oneof![Just(ALL), 0..40_u64]),
        stage in prop::option::of((0..4_i64, 0..2_u32)),
        statuses in prop::collection::vec(crate::generated::status(), 0..2),
        newest in prop::option::weighted(0.3, 0..30_u64),
    ) {
        let folder = folder();
        let tasks = plain(distinct(tasks));
        let pack = pack(&folder, &tasks);
        let stage =
            stage.map(|(stage, attempt)| StageAttemptId { stage: StageId(stage), attempt });
        for sort in sorts() {
            for direction in [Direction::Ascending, Direction::Descending] {
                let query = PackQuery {
                    stage, statuses: statuses.clone(), newest, sort, direction, offset, limit,
                };
                prop_assert_eq!(page(&pack, &query), expected(&tasks, &query), "{:?}", query);
            }
        }
    }

    #[test]
    fn quantiles_are_those_of_a_plain_computation(
        tasks in prop::collection::vec(task(), 0..300),
        quantiles in prop::collection::vec(0.0..=1.0, 0..6),
    ) {
        let folder = folder();
        let tasks = plain(distinct(tasks));
        let pack = pack(&folder, &tasks);
        for stage in pack.stages() {
            check_quantiles(&pack, &tasks, stage.id, &quantiles);
        }
    }
}

/// Two stages large enough for an index, with tasks in another order than their ids, and some small ones.
fn large() -> Vec<Task> {
    let mut tasks: Vec<Task> = (0..6_000).map(plausible).collect();
    for (task, n) in tasks.iter_mut().zip(0_i64..) {
        let stage = n % 3 / 2;
        let stage = if n > 5_900 { n % 7 } else { stage };
        task.stage.stage = StageId(stage);
        // Stage 0 comes in another order than its ids, stage 1 does not.
        task.id = TaskId(if stage == 0 { n / 64 * 64 + n * 37 % 64 } else { n });
        task.status = match n % 50 {
            7 => TaskStatus::Failed,
            9 => TaskStatus::Killed,
            _ => TaskStatus::Success,
        };
        if n % 50 == 7 {
            task.error_message = Some(format!("error {} of many\n{}", n % 11, "at\n".repeat(99)));
        }
        if n % 100 == 9 {
            task.metrics = None;
        }
        if let Some(metrics) = &mut task.metrics {
            // Equal ones too.
            metrics.executor_run_time.0 %= 50;
        }
    }
    tasks
}

fn check_pages(pack: &Pack, tasks: &[Task]) {
    let stage = |stage| StageAttemptId { stage: StageId(stage), attempt: 0 };
    for sort in sorts() {
        for direction in [Direction::Ascending, Direction::Descending] {
            for of in [None, Some(stage(0)), Some(stage(1)), Some(stage(5)), Some(stage(99))] {
                for (statuses, newest, offset, limit) in [
                    (vec![], None, 0, ALL),
                    (vec![], None, 1_234, 20),
                    (vec![TaskStatus::Failed, TaskStatus::Killed], None, 10, 30),
                    (vec![], Some(500), 3, 40),
                    (vec![], None, 1 << 40, 10),
                ] {
                    let query = PackQuery {
                        stage: of,
                        statuses,
                        newest: None,
                        sort,
                        direction,
                        offset,
                        limit,
                    };
                    assert_eq!(page(pack, &query), expected(tasks, &query), "{query:?}");
                    // What is newest takes long to work out.
                    if let (Some(5), Some(_)) = (of.map(|id| id.stage.0), newest) {
                        let query = PackQuery { newest: Some(8), ..query };
                        assert_eq!(page(pack, &query), expected(tasks, &query), "{query:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn large_stages_answer_from_their_indexes_what_small_ones_answer_without() {
    let folder = folder();
    let tasks = large();
    let pack = pack(&folder, &tasks);
    check_pages(&pack, &tasks);
    for stage in pack.stages() {
        for quantiles in [&[0.0, 0.25, 0.5, 0.75, 1.0][..], &[0.999, 0.001], &[]] {
            check_quantiles(&pack, &tasks, stage.id, quantiles);
        }
    }
    let mut expected = tasks;
    expected.sort_by_key(|task| (task.stage, task.id));
    let mut found = Vec::new();
    pack.for_each(|task| found.push(task)).expect("reads");
    assert_eq!(found, expected);
}

#[test]
fn a_snapshot_answers_as_the_finished_pack_of_the_same_tasks() {
    let folder = folder();
    let tasks = large();
    let mut writer = writer(&folder, PackOptions::default(), &tasks[..4_321]);
    // Those that are told of as running are in the snapshot, and in the pack once, when they have ended.
    let mut told = tasks[..5_000].to_vec();
    for task in &mut told[4_321..] {
        task.error_message = None;
        task.accumulables.clear();
    }
    let snapshot = writer.snapshot(&told[4_321..]).expect("copies");
    for task in &tasks[4_321..] {
        writer.push(task).expect("pushes");
    }
    let pack = writer.finish().expect("finishes");
    check_pages(&snapshot, &told);
    for stage in snapshot.stages() {
        check_quantiles(&snapshot, &told, stage.id, &[0.1, 0.9]);
    }
    check_pages(&pack, &tasks);
}

#[test]
fn quantiles_of_the_newest_tasks_are_those_of_a_pack_of_them() {
    let tasks = large();
    let (folder, other) = (folder(), folder());
    let whole = pack(&folder, &tasks);
    let stage = StageAttemptId { stage: StageId(0), attempt: 0 };
    let of_stage = whole.counts(stage).expect("is there").num_tasks;
    let newest = retained_tasks(of_stage, 1_000);
    let query =
        PackQuery { stage: Some(stage), newest: Some(newest), limit: ALL, ..PackQuery::default() };
    let (kept, total) = page(&whole, &query);
    assert_eq!(total, newest);
    let part = pack(&other, &kept);
    let quantiles = [0.05, 0.5, 0.95];
    let found = whole.quantiles_of_newest(stage, newest, &PackMetric::ALL, &quantiles);
    assert_eq!(
        found.expect("reads").expect("has successes"),
        part.quantiles_of(stage, &PackMetric::ALL, &quantiles).expect("reads").expect("has them"),
    );
}

#[test]
fn ten_thousand_stages_of_one_task_stay_small() {
    let folder = folder();
    let tasks: Vec<Task> = (0..10_000)
        .map(|n| Task {
            stage: StageAttemptId { stage: StageId(n), attempt: 0 },
            ..plausible(u64::try_from(n).expect("is positive"))
        })
        .collect();
    let pack = pack(&folder, &tasks);
    assert_eq!(pack.stages().count(), 10_000);
    assert!(pack.num_bytes() < 10_000 * 300, "{} bytes", pack.num_bytes());
    let last = StageAttemptId { stage: StageId(9_999), attempt: 0 };
    let run_time = pack.quantiles(last, PackMetric::ExecutorRunTime, &[0.5]).expect("reads");
    let metrics = tasks[9_999].metrics.expect("has them");
    assert_eq!(run_time, Some(vec![metrics.executor_run_time.0.cast_signed()]));
}

#[test]
fn texts_that_fill_a_chunk_do_not_hide_those_that_follow() {
    let folder = folder();
    let mut tasks = distinct((0..15).map(plausible).collect());
    for (task, n) in tasks.iter_mut().zip(0..) {
        // Every third one has accumulables too.
        let len = [70_000, 65_532, 65_533, 10, 200_000][n % 5];
        task.error_message = Some("x".repeat(len));
    }
    let mut writer = writer(&folder, PackOptions::default(), &tasks);
    let query = PackQuery { limit: ALL, ..PackQuery::default() };
    let snapshot = writer.snapshot(&[]).expect("copies");
    assert_eq!(page(&snapshot, &query), expected(&tasks, &query));
    let pack = writer.finish().expect("finishes");
    assert_eq!(page(&pack, &query), expected(&tasks, &query));
}

/// Everything that a pack can be asked, or the first error.
fn everything(path: &Path) -> Result<(Vec<Task>, Vec<Vec<i64>>), Error> {
    let pack = Pack::open(path)?;
    let mut tasks = Vec::new();
    pack.for_each(|task| tasks.push(task))?;
    let stages: Vec<StageAttemptId> = pack.stages().map(|stage| stage.id).collect();
    let mut quantiles = Vec::new();
    for stage in stages {
        let steps: Vec<f64> = (0..64).map(|n| f64::from(n) / 63.0).collect();
        let timeline = pack.timeline(TimestampMs(0), TimestampMs(i64::MAX), 0)?;
        quantiles.push(timeline.busy_ms.iter().map(|busy| busy.cast_signed()).collect());
        quantiles.extend(pack.quantiles_of(stage, &PackMetric::ALL, &steps)?.unwrap_or_default());
        for sort in [PackMetric::ExecutorRunTime, PackMetric::Duration].map(PackSort::Metric) {
            let query = PackQuery { stage: Some(stage), sort, limit: ALL, ..PackQuery::default() };
            tasks.extend(pack.page(&query)?.tasks);
        }
    }
    Ok((tasks, quantiles))
}

fn small_pack(folder: &TempDir) -> (std::path::PathBuf, Vec<u8>) {
    let mut tasks: Vec<Task> = (0..1_100).map(plausible).collect();
    for task in &mut tasks {
        task.stage.stage = StageId(i64::from(task.id.0 > 1_080));
        task.error_message = (task.id.0 % 97 == 0).then(|| format!("error of {}", task.id));
        task.id.0 ^= 1;
        // Two lanes, so that the timeline is small.
        task.executor = (task.index % 2).to_string().as_str().into();
    }
    let path = pack(folder, &tasks).path().to_owned();
    let bytes = std::fs::read(&path).expect("reads");
    (path, bytes)
}

#[test]
fn a_pack_with_a_changed_byte_gives_the_right_answer_or_an_error() {
    let folder = folder();
    let (path, whole) = small_pack(&folder);
    let right = everything(&path).expect("reads");
    let mut damaged = 0;
    // Every byte of the head, the footer and the trailer, and one in 53 of what lies between, others each day.
    let ends = whole.len() - 1_000;
    let day = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() / 86_400;
    let first = 64 + usize::try_from(day % 53).unwrap();
    println!("from byte {first}");
    for at in (0..64).chain((first..ends).step_by(53)).chain(ends..whole.len()) {
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        std::fs::write(&path, changed).expect("writes");
        match everything(&path) {
            Ok(found) => assert!(found == right, "byte {at} of {} goes unnoticed", whole.len()),
            Err(Error::Damaged { .. } | Error::NewerVersion { .. }) => damaged += 1,
            Err(error) => panic!("byte {at}: {error:?}"),
        }
    }
    assert!(damaged > 1_000, "{damaged}");
}

#[test]
fn a_pack_that_is_cut_short_or_something_else_is_named() {
    let folder = folder();
    let (path, whole) = small_pack(&folder);
    for length in (0..whole.len()).step_by(whole.len() / 211) {
        std::fs::write(&path, &whole[..length]).expect("writes");
        let error = Pack::open(&path).expect_err("is cut short");
        assert!(matches!(error, Error::Damaged { .. }), "{length}: {error:?}");
        assert!(error.to_string().contains("tasks.pack is damaged"), "{error}");
    }
    std::fs::write(&path, "jobs:\n".repeat(10_000)).expect("writes");
    assert!(matches!(Pack::open(&path), Err(Error::Damaged { .. })));
    assert!(matches!(Pack::open(folder.path()), Err(Error::Open { .. } | Error::Damaged { .. })));
    assert!(matches!(Pack::open(&folder.path().join("none")), Err(Error::Open { .. })));
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing() {
    let folder = folder();
    let tasks = large();
    drop(writer(&folder, PackOptions::default(), &tasks));
    assert!(crate::names_in(&folder.path().join("packs")).is_empty());
}
