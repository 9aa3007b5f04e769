//! The task table against a vector.

use crate::generated::{plausible, status, task};
use crate::{folder, names_in, options, write};
use proptest::prelude::*;
use tinderbox_model::{StageAttemptId, StageId, Task, TaskMetrics, TaskStatus};
use tinderbox_table::{
    Direction, TaskFilter, TaskQuery, TaskSort, TaskWriter, count_tasks, read_tasks,
};

const EVERYTHING: TaskQuery = TaskQuery {
    filter: TaskFilter { stage: None, status: None },
    sort: TaskSort::Position,
    direction: Direction::Ascending,
    offset: 0,
    limit: u64::MAX,
};

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_table_reads_back_as_its_tasks_in_order(
        tasks in prop::collection::vec(task(), 0..120),
        memory_limit in prop_oneof![Just(1_u64), Just(4_000), Just(1 << 20)],
    ) {
        let folder = folder();
        let (path, written) = write(&folder, &tasks, memory_limit);
        prop_assert_eq!(written.num_rows, tasks.len() as u64);
        prop_assert_eq!(written.num_bytes.0, std::fs::metadata(&path).expect("exists").len());
        prop_assert_eq!(names_in(path.parent().expect("has one")), ["tasks.parquet"]);
        let read = read_tasks(&path, &EVERYTHING).expect("reads");
        prop_assert_eq!(sorted_text(&read), sorted_text(&tasks));
        prop_assert!(read.is_sorted_by_key(position));
    }

    #[test]
    fn a_page_is_what_a_sorted_vector_has_there(
        tasks in prop::collection::vec(task(), 1..200),
        filter in (prop::option::of((0..4_i64, 0..2_u32)), prop::option::of(status())),
        sort in prop::sample::select(SORTS.to_vec()),
        descending in any::<bool>(),
        (offset, limit) in (0..50_u64, 0..80_u64),
    ) {
        let folder = folder();
        let (path, _) = write(&folder, &tasks, 20_000);
        let stage = filter.0.map(|(stage, attempt)| StageAttemptId { stage: StageId(stage), attempt });
        let filter = TaskFilter { stage, status: filter.1 };
        let mut expected = read_tasks(&path, &EVERYTHING).expect("reads");
        expected.retain(|t| {
            stage.is_none_or(|s| t.stage == s) && filter.status.is_none_or(|s| t.status == s)
        });
        prop_assert_eq!(count_tasks(&path, &filter).expect("counts"), expected.len() as u64);
        let direction = if descending { Direction::Descending } else { Direction::Ascending };
        match (sort, direction) {
            (TaskSort::Position, Direction::Ascending) => {}
            (TaskSort::Position, Direction::Descending) => expected.reverse(),
            (_, Direction::Ascending) => expected.sort_by_key(|t| key(t, sort)),
            (_, Direction::Descending) => {
                expected.sort_by_key(|t| std::cmp::Reverse(key(t, sort)));
            }
        }
        let from = expected.len().min(usize::try_from(offset).expect("small"));
        let to = expected.len().min(from + usize::try_from(limit).expect("small"));
        let query = TaskQuery { filter, sort, direction, offset, limit };
        prop_assert_eq!(read_tasks(&path, &query).expect("reads"), &expected[from..to]);
    }
}

const SORTS: [TaskSort; 15] = [
    TaskSort::Position,
    TaskSort::LaunchTime,
    TaskSort::Duration,
    TaskSort::ExecutorRunTime,
    TaskSort::ExecutorCpuTime,
    TaskSort::JvmGcTime,
    TaskSort::InputBytes,
    TaskSort::OutputBytes,
    TaskSort::ShuffleReadBytes,
    TaskSort::ShuffleReadRecords,
    TaskSort::ShuffleFetchWaitTime,
    TaskSort::ShuffleWriteBytes,
    TaskSort::DiskBytesSpilled,
    TaskSort::MemoryBytesSpilled,
    TaskSort::PeakExecutionMemory,
];

fn key(task: &Task, sort: TaskSort) -> i128 {
    let metrics = task.metrics.unwrap_or_default();
    let of = |get: fn(&TaskMetrics) -> u64| i128::from(get(&metrics).min(i64::MAX as u64));
    match sort {
        TaskSort::Position => 0,
        TaskSort::LaunchTime => i128::from(task.launch_time.0),
        TaskSort::Duration => i128::from(task.duration().0),
        TaskSort::ExecutorRunTime => of(|m| m.executor_run_time.0),
        TaskSort::ExecutorCpuTime => of(|m| m.executor_cpu_time.0),
        TaskSort::JvmGcTime => of(|m| m.jvm_gc_time.0),
        TaskSort::InputBytes => of(|m| m.input_bytes.0),
        TaskSort::OutputBytes => of(|m| m.output_bytes.0),
        TaskSort::ShuffleReadBytes => of(|m| m.shuffle_read_bytes().0),
        TaskSort::ShuffleReadRecords => of(|m| m.shuffle_read_records),
        TaskSort::ShuffleFetchWaitTime => of(|m| m.shuffle_fetch_wait_time.0),
        TaskSort::ShuffleWriteBytes => of(|m| m.shuffle_write_bytes.0),
        TaskSort::DiskBytesSpilled => of(|m| m.disk_bytes_spilled.0),
        TaskSort::MemoryBytesSpilled => of(|m| m.memory_bytes_spilled.0),
        TaskSort::PeakExecutionMemory => of(|m| m.peak_execution_memory.0),
    }
}

fn position(task: &Task) -> (StageAttemptId, i64, i64) {
    (task.stage, task.index, task.attempt)
}

/// Generated tasks may share position and id, whose order is then open.
fn sorted_text(tasks: &[Task]) -> Vec<String> {
    let mut texts: Vec<_> = tasks.iter().map(|task| format!("{task:?}")).collect();
    texts.sort();
    texts
}

#[test]
fn a_large_table_is_paged_across_row_groups() {
    let folder = folder();
    // Finished in the opposite order; more than two row groups; spilled several times.
    let tasks: Vec<_> = (0..150_000).rev().map(plausible).collect();
    let (path, written) = write(&folder, &tasks, 20 << 20);
    assert_eq!(written.num_rows, 150_000);
    let stage = StageAttemptId { stage: StageId(65), attempt: 0 };
    let filter = TaskFilter { stage: Some(stage), status: None };
    assert_eq!(count_tasks(&path, &filter).expect("counts"), 1_000);
    // Stage 65 begins in the first row group of 65,536 rows and ends in the second.
    let page = TaskQuery { filter, offset: 530, limit: 10, ..EVERYTHING };
    let read = read_tasks(&path, &page).expect("reads");
    assert_eq!(read, (65_530..65_540).map(plausible).collect::<Vec<_>>());
    let slowest = TaskQuery {
        filter,
        sort: TaskSort::Duration,
        direction: Direction::Descending,
        offset: 0,
        limit: 3,
    };
    let read = read_tasks(&path, &slowest).expect("reads");
    let mut expected: Vec<_> = (65_000..66_000).map(plausible).collect();
    expected.sort_by_key(|task| std::cmp::Reverse(task.duration()));
    assert_eq!(read, expected[..3]);
    let failed = TaskFilter { stage: None, status: Some(TaskStatus::Failed) };
    assert_eq!(count_tasks(&path, &failed).expect("counts"), 0);
}

#[test]
fn a_dropped_writer_leaves_nothing() {
    let folder = folder();
    let path = folder.path().join("tasks.parquet");
    let mut writer = TaskWriter::create(&path, options(10_000)).expect("creates");
    writer.write((0..100).map(plausible)).expect("writes");
    assert_eq!(names_in(folder.path()).len(), 1, "the hidden file; spills have no name");
    drop(writer);
    assert_eq!(names_in(folder.path()), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn other_users_tools_may_read_a_table() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let (path, _) = write(&folder, &[plausible(1)], 1_000);
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "").expect("writes");
    let mode = |path| std::fs::metadata(path).expect("exists").permissions().mode();
    assert_eq!(mode(&path), mode(&plain));
}
