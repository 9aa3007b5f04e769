//! Parquet tables, read back with the Parquet reader as other programs do.

use crate::detail::application;
use crate::generated::{plausible, task};
use crate::{folder, names_in};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, RecordBatch};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use std::fs::File;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tinderbox_model::{
    Accumulable, AccumulatorId, Application, ApplicationId, AttemptNumber, Bytes, Executor,
    ExecutorId, MetricSpread, Millis, PlanGraph, PlanNode, PlanNodeId, RunId, SqlExecution,
    SqlExecutionId, SqlMetric, SqlMetricKind, Task, TaskMetrics,
};
use tinderbox_table::{
    Error, Pack, PackOptions, PackWriter, RowOwner, Table, compact, write_table, write_tasks,
};

fn owner(run: &str, attempt: u32) -> RowOwner {
    let application = Some(ApplicationId::new(format!("app-{run}")));
    RowOwner { run: RunId::new(run), attempt: AttemptNumber(attempt), application }
}

fn pack(folder: &TempDir, name: &str, tasks: &[Task]) -> Pack {
    let path = folder.path().join("packs").join(name);
    let mut writer = PackWriter::create(&path, PackOptions::default()).expect("creates");
    for task in tasks {
        writer.push(task).expect("pushes");
    }
    writer.finish().expect("finishes")
}

fn batches(path: &Path) -> Vec<RecordBatch> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).expect("opens"));
    let reader: ParquetRecordBatchReader = builder.expect("is Parquet").build().expect("reads");
    reader.map(|batch| batch.expect("reads")).collect()
}

/// The values of a column as text; `-` for null.
fn column(path: &Path, name: &str) -> Vec<String> {
    let mut values = Vec::new();
    for batch in batches(path) {
        let array = batch.column_by_name(name).unwrap_or_else(|| panic!("no column {name}"));
        values.extend((0..array.len()).map(|at| {
            if array.is_null(at) {
                String::from("-")
            } else if let Some(numbers) = array.as_primitive_opt::<Int64Type>() {
                numbers.value(at).to_string()
            } else if let Some(flags) = array.as_boolean_opt() {
                flags.value(at).to_string()
            } else {
                array.as_string::<i32>().value(at).to_owned()
            }
        }));
    }
    values
}

fn texts<T>(of: &[T], get: impl Fn(&T) -> String) -> Vec<String> {
    of.iter().map(get).collect()
}

fn maybe<T: ToString>(value: Option<T>) -> String {
    value.map_or(String::from("-"), |value| value.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_rows_of_a_task_table_are_the_tasks(tasks in prop::collection::vec(task(), 0..120)) {
        let folder = folder();
        let pack = pack(&folder, "a", &tasks);
        let path = folder.path().join("date=2025-10-09").join("tasks.parquet");
        let written = write_tasks(&path, &[(owner("r", 1), &pack)]).expect("writes");
        prop_assert_eq!(written.num_rows, tasks.len() as u64);
        prop_assert_eq!(written.num_bytes.0, std::fs::metadata(&path).expect("exists").len());
        prop_assert_eq!(names_in(path.parent().expect("has one")), ["tasks.parquet"]);
        let mut tasks = Vec::new();
        pack.for_each(|task| tasks.push(task)).expect("reads");
        let metric = |get: fn(&TaskMetrics) -> u64| {
            texts(&tasks, |t| maybe(t.metrics.as_ref().map(|m| get(m).min(i64::MAX as u64))))
        };
        prop_assert_eq!(column(&path, "task_id"), texts(&tasks, |t| t.id.to_string()));
        prop_assert_eq!(column(&path, "stage_id"), texts(&tasks, |t| t.stage.stage.to_string()));
        prop_assert_eq!(column(&path, "partition"), texts(&tasks, |t| t.partition.to_string()));
        let finish = texts(&tasks, |t| maybe(t.finish_time.map(|time| time.0)));
        prop_assert_eq!(column(&path, "finish_time_ms"), finish);
        prop_assert_eq!(column(&path, "host"), texts(&tasks, |t| t.host.to_string()));
        prop_assert_eq!(column(&path, "speculative"), texts(&tasks, |t| t.speculative.to_string()));
        prop_assert_eq!(column(&path, "error_message"), texts(&tasks, |t| maybe(t.error_message.clone())));
        prop_assert_eq!(column(&path, "executor_run_time_ms"), metric(|m| m.executor_run_time.0));
        prop_assert_eq!(
            column(&path, "peak_off_heap_execution_memory_bytes"),
            metric(|m| m.peak_off_heap_execution_memory.0)
        );
    }
}

#[test]
fn packs_of_several_attempts_share_a_table_sorted_by_run() {
    let folder = folder();
    let small: Vec<Task> = (0..3).map(plausible).collect();
    let mut large: Vec<Task> = (0..70_000).rev().map(plausible).collect();
    let last = large.last_mut().expect("has some");
    last.accumulables = vec![Accumulable {
        id: AccumulatorId(7),
        name: Some(String::from("rows")),
        update: Some(String::from("3")),
        value: None,
    }];
    let packs = [
        (owner("b", 1), pack(&folder, "b1", &large)),
        (owner("a", 2), pack(&folder, "a2", &small)),
        (owner("a", 1), pack(&folder, "a1", &small)),
    ];
    let packs: Vec<(RowOwner, &Pack)> = packs.iter().map(|(o, p)| (o.clone(), p)).collect();
    let path = folder.path().join("tasks.parquet");
    let written = write_tasks(&path, &packs).expect("writes");
    assert_eq!(written.num_rows, 70_006);
    let runs: Vec<String> = column(&path, "run_id");
    let attempts = column(&path, "run_attempt");
    let owners: Vec<String> = runs.iter().zip(&attempts).map(|(r, a)| format!("{r}{a}")).collect();
    assert_eq!(owners[..7], ["a1", "a1", "a1", "a2", "a2", "a2", "b1"]);
    assert_eq!(owners.iter().filter(|owner| *owner == "b1").count(), 70_000);
    let ids = column(&path, "task_id");
    assert_eq!(ids[6..10], ["0", "1", "2", "3"]);
    let accumulables = column(&path, "accumulables");
    assert_eq!(accumulables[5], "-");
    assert_eq!(accumulables[6], r#"[{"id":7,"name":"rows","update":"3","value":null}]"#);
}

fn whole_application() -> Application {
    let mut application = application();
    application.stages[0].metrics.input_bytes = Bytes(70);
    application.stages[0].tasks.complete = 4;
    let mut executor = Executor::new(ExecutorId::new("1"));
    executor.host = String::from("worker-1");
    executor.total_duration = Millis(900);
    application.executors = vec![Executor::new(ExecutorId::new("driver")), executor];
    let metric = |name: &str, value, spread| SqlMetric {
        name: name.to_owned(),
        kind: SqlMetricKind::Size,
        accumulator: AccumulatorId(1),
        value,
        spread,
    };
    let spread = MetricSpread { sum: 60, min: 10, median: 20, max: 30, max_task: None };
    let node = |id, metrics| PlanNode {
        id: PlanNodeId(id),
        name: format!("Node {id}"),
        description: String::new(),
        codegen_stage: None,
        metrics,
        stages: Vec::new(),
    };
    let nodes = vec![
        node(0, vec![metric("data size", Some(60), Some(spread)), metric("rows", None, None)]),
        node(1, Vec::new()),
    ];
    let mut execution = SqlExecution::new(SqlExecutionId(5));
    execution.plan = PlanGraph { nodes, edges: Vec::new() };
    application.sql = vec![execution];
    application
}

fn write(folder: &TempDir, table: Table, runs: &[&str]) -> PathBuf {
    let application = whole_application();
    let rows: Vec<_> = runs.iter().map(|run| (owner(run, 1), &application)).collect();
    let path = folder.path().join(format!("{}-{}.parquet", table.name(), runs.concat()));
    write_table(&path, table, &rows).expect("writes");
    path
}

#[test]
fn an_application_is_a_row_and_so_are_its_stages_executors_and_operators() {
    let folder = folder();
    let path = write(&folder, Table::Applications, &["b", "a"]);
    assert_eq!(column(&path, "run_id"), ["a", "b"]);
    assert_eq!(column(&path, "application_id"), ["app-a", "app-b"]);
    assert_eq!(column(&path, "name"), ["daily", "daily"]);
    assert_eq!(column(&path, "num_complete_tasks"), ["4", "4"]);
    assert_eq!(column(&path, "task_time_ms"), ["900", "900"]);
    assert_eq!(column(&path, "input_bytes"), ["70", "70"]);
    let path = write(&folder, Table::Stages, &["a"]);
    assert_eq!(column(&path, "stage_id"), ["3"]);
    assert_eq!(column(&path, "stage_attempt"), ["1"]);
    assert_eq!(column(&path, "num_complete_tasks"), ["4"]);
    assert_eq!(column(&path, "input_bytes"), ["70"]);
    let path = write(&folder, Table::Executors, &["a"]);
    assert_eq!(column(&path, "executor_id"), ["driver", "1"]);
    assert_eq!(column(&path, "host"), ["", "worker-1"]);
    assert_eq!(column(&path, "peak_jvm_heap_bytes"), ["-", "-"]);
    let path = write(&folder, Table::Operators, &["a"]);
    assert_eq!(column(&path, "sql_id"), ["5", "5", "5"]);
    assert_eq!(column(&path, "node_name"), ["Node 0", "Node 0", "Node 1"]);
    assert_eq!(column(&path, "metric_name"), ["data size", "rows", "-"]);
    assert_eq!(column(&path, "metric_value"), ["60", "-", "-"]);
    assert_eq!(column(&path, "metric_median"), ["20", "-", "-"]);
}

#[test]
fn small_files_become_one_that_is_sorted_by_run() {
    let folder = folder();
    for table in [Table::Applications, Table::Stages, Table::Executors, Table::Operators] {
        let files = [
            write(&folder, table, &["d", "b"]),
            write(&folder, table, &["c"]),
            write(&folder, table, &["a", "e"]),
        ];
        let out = folder.path().join("compact").join(table.name());
        let written = compact(&files, &out).expect("compacts");
        let whole = write(&folder, table, &["a", "b", "c", "d", "e"]);
        assert_eq!(batches(&out), batches(&whole), "{}", table.name());
        assert_eq!(written.num_rows, column(&whole, "run_id").len() as u64);
    }
}

#[test]
fn task_tables_larger_than_a_batch_compact_to_the_same_rows() {
    let folder = folder();
    let (a, b): (Vec<Task>, Vec<Task>) =
        ((0..9_000).map(plausible).collect(), (0..5_000).map(plausible).collect());
    let (a, b) = (pack(&folder, "a", &a), pack(&folder, "b", &b));
    let one = |name: &str, rows: &[(RowOwner, &Pack)]| {
        let path = folder.path().join(name);
        write_tasks(&path, rows).expect("writes");
        path
    };
    let files =
        [one("2", &[(owner("b", 1), &b)]), one("1", &[(owner("a", 1), &a), (owner("c", 1), &b)])];
    let out = folder.path().join("all");
    compact(&files, &out).expect("compacts");
    let whole = one("whole", &[(owner("a", 1), &a), (owner("b", 1), &b), (owner("c", 1), &b)]);
    for name in ["run_id", "task_id", "host", "executor_cpu_time_ns", "accumulables"] {
        assert_eq!(column(&out, name), column(&whole, name), "{name}");
    }
}

#[test]
fn an_older_file_gets_nulls_for_columns_that_it_lacks() {
    let folder = folder();
    let path = write(&folder, Table::Stages, &["b"]);
    let batch = batches(&path).remove(0);
    let lacking = batch.schema().index_of("failure_reason").expect("is there");
    let kept: Vec<usize> = (0..batch.num_columns()).filter(|at| *at != lacking).collect();
    let old = folder.path().join("old.parquet");
    rewrite(&old, &batch.project(&kept).expect("projects"), "stages", "1");
    let out = folder.path().join("out.parquet");
    compact(&[old.clone(), write(&folder, Table::Stages, &["a"])], &out).expect("compacts");
    assert_eq!(column(&out, "run_id"), ["a", "b"]);
    assert_eq!(column(&out, "failure_reason"), ["-", "-"]);
    // One that may not be null is missed.
    let kept: Vec<usize> = (0..batch.num_columns() - 1).filter(|at| *at != 3).collect();
    rewrite(&old, &batch.project(&kept).expect("projects"), "stages", "1");
    let error = compact(std::slice::from_ref(&old), &out).expect_err("lacks a column");
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
}

#[test]
fn only_tables_of_one_kind_and_a_known_version_are_compacted() {
    let folder = folder();
    let (stages, executors) =
        (write(&folder, Table::Stages, &["a"]), write(&folder, Table::Executors, &["a"]));
    let out = folder.path().join("out.parquet");
    let refused = |files: &[PathBuf]| {
        let error = compact(files, &out).expect_err("is refused");
        assert!(!out.exists());
        error
    };
    let error = refused(&[stages.clone(), executors]);
    assert!(error.to_string().contains("executors-a.parquet is damaged"), "{error}");
    let other = folder.path().join("other.parquet");
    let batch = batches(&stages).remove(0);
    rewrite(&other, &batch, "stages", "3");
    let error = refused(std::slice::from_ref(&other));
    assert!(matches!(error, Error::NewerVersion { found: 3, supported: 2, .. }), "{error:?}");
    rewrite(&other, &batch, "something", "1");
    assert!(matches!(refused(std::slice::from_ref(&other)), Error::Damaged { .. }));
    std::fs::write(&other, "jobs:\n".repeat(1_000)).expect("writes");
    assert!(matches!(refused(std::slice::from_ref(&other)), Error::Damaged { .. }));
    assert!(matches!(refused(&[folder.path().join("none")]), Error::Open { .. }));
}

fn rewrite(path: &Path, batch: &RecordBatch, table: &str, version: &str) {
    let pair = |key: &str, value: &str| KeyValue::new(key.to_owned(), value.to_owned());
    let pairs = vec![pair("tinderbox.table", table), pair("tinderbox.table_version", version)];
    let properties = WriterProperties::builder().set_key_value_metadata(Some(pairs)).build();
    let file = File::create(path).expect("creates");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("creates");
    writer.write(batch).expect("writes");
    writer.close().expect("closes");
}

#[cfg(unix)]
#[test]
fn other_users_tools_may_read_a_table() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let path = write(&folder, Table::Stages, &["a"]);
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "").expect("writes");
    let mode = |path| std::fs::metadata(path).expect("exists").permissions().mode();
    assert_eq!(mode(&path), mode(&plain));
}
