//! Files as other programs write them.

use super::*;
use crate::Error;
use crate::job_index::{JobColumn, JobIndex, JobQuery, JobRow, JobSort, JobValue};
use crate::pack::Direction;
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float32Array, Float64Array, Int32Array,
    Int64Array, LargeStringArray, RecordBatch, StringArray, TimestampNanosecondArray,
    TimestampSecondArray, UInt16Array,
};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

type Columns = Vec<(&'static str, ArrayRef)>;

const HOUR_S: i64 = 3_600;

fn words(words: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(words))
}

fn ints(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn floats(values: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

/// Three jobs with just the columns that every data set has, in types that other programs choose.
fn jobs() -> Columns {
    let starts = [3 * HOUR_S, HOUR_S, 2 * HOUR_S];
    let ends: TimestampNanosecondArray = [Some(4 * HOUR_S), None, Some(2 * HOUR_S + 30)]
        .into_iter()
        .map(|s| s.map(|s| s * 1_000_000_000 + 5_000))
        .collect();
    vec![
        ("extra", ints(&[1, 2, 3])),
        ("gc_time_ms", Arc::new(UInt16Array::from(vec![7, 8, 9]))),
        ("job_id", Arc::new(LargeStringArray::from(vec!["c", "a", "b"]))),
        ("job_name", words(&["three", "One", "two"])),
        (
            "job_type",
            Arc::new(["etl", "ml", "etl"].into_iter().collect::<DictionaryArray<Int32Type>>()),
        ),
        ("status", words(&["COMPLETED", "RUNNING", "FAILED"])),
        (
            "start_time",
            Arc::new(TimestampSecondArray::from(starts.to_vec()).with_timezone("+02:00")),
        ),
        ("end_time", Arc::new(ends)),
        ("duration_seconds", Arc::new(Float64Array::from(vec![Some(3_600.0), None, Some(30.0)]))),
        ("num_stages", Arc::new(Int32Array::from(vec![5, 6, 7]))),
        ("num_tasks", ints(&[50, 60, 70])),
        ("num_executors", ints(&[2, 4, 8])),
        ("input_size_mb", Arc::new(Float32Array::from(vec![1.5, 2.5, 0.25]))),
        ("output_size_mb", floats(&[0.5, 0.0, 0.0])),
        ("memory_per_executor_mb", ints(&[1_024, 2_048, 4_096])),
        ("total_memory_mb", ints(&[2_048, 8_192, 32_768])),
        ("cpu_cores_per_executor", ints(&[2, 4, 8])),
        ("shuffle_read_mb", floats(&[1.0, 2.0, 3.0])),
        ("shuffle_write_mb", floats(&[0.0, 1.0, 2.0])),
    ]
}

fn operators(jobs: &[&str], names: &[&str]) -> Columns {
    let count = jobs.len();
    let numbers: Vec<i64> = (0..).take(count).collect();
    let ids: Vec<String> =
        jobs.iter().zip(&numbers).map(|(job, n)| format!("{job}_op_{n:02}")).collect();
    let lists: Vec<String> = ids.iter().map(|id| format!("[\"{id}\"]")).collect();
    let doubles = floats(&vec![0.5; count]);
    vec![
        ("job_id", words(jobs)),
        ("operator_id", Arc::new(StringArray::from(ids))),
        ("operator_name", words(names)),
        ("operator_type", words(names)),
        ("stage_id", ints(&numbers)),
        ("status", words(&vec!["COMPLETED"; count])),
        ("start_time", Arc::new(Date32Array::from(vec![1; count]))),
        ("end_time", Arc::new(Date32Array::from(vec![None; count]))),
        ("duration_seconds", ints(&numbers)),
        ("records_processed", ints(&numbers)),
        ("memory_usage_mb", Arc::clone(&doubles)),
        ("cpu_time_ms", Arc::clone(&doubles)),
        ("spill_memory_mb", doubles),
        ("shuffle_read_records", ints(&numbers)),
        ("shuffle_write_records", ints(&numbers)),
        ("dependencies", Arc::new(StringArray::from(lists))),
    ]
}

fn errors() -> Columns {
    vec![
        ("job_id", words(&["b", "b", "c"])),
        ("operator_id", Arc::new(StringArray::from(vec![None, Some("b_op_01"), None]))),
        ("error_type", words(&["JOB_FAILURE", "OPERATOR_FAILURE", "WARNING"])),
        ("error_message", words(&["broken", "broken", "high memory"])),
        ("error_timestamp", Arc::new(TimestampSecondArray::from(vec![7, 8, 9]))),
        ("stack_trace", Arc::new(StringArray::from(vec![Some("at x"), None, None]))),
        ("retry_count", ints(&[1, 0, 0])),
        ("is_recoverable", Arc::new(BooleanArray::from(vec![true, false, true]))),
    ]
}

fn write(path: &Path, columns: Columns, rows_of_group: usize) {
    fs::create_dir_all(path.parent().expect("has a folder")).expect("is made");
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .expect("is a batch");
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(rows_of_group))
        .set_data_page_row_count_limit(2)
        .set_write_batch_size(2)
        .build();
    let file = File::create(path).expect("is made");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("begins");
    writer.write(&batch).expect("is written");
    writer.close().expect("is closed");
}

fn replaced(mut columns: Columns, name: &str, array: ArrayRef) -> Columns {
    if let Some((_, old)) = columns.iter_mut().find(|(known, _)| *known == name) {
        *old = array;
    }
    columns
}

fn without(mut columns: Columns, name: &str) -> Columns {
    columns.retain(|(known, _)| *known != name);
    columns
}

fn all(index: &JobIndex) -> Vec<JobRow> {
    let sort = vec![JobSort { column: JobColumn::Id, direction: Direction::Ascending }];
    let query = JobQuery { sort, limit: 100, ..JobQuery::default() };
    index.page(&query).expect("is read").jobs
}

fn index_of(folder: &TempDir) -> Result<(JobSetFacts, JobIndex), Error> {
    let path = folder.path().join("index/jobs");
    let facts = JobSet::find(folder.path())?.write_index(&path)?;
    Ok((facts, JobIndex::open(&path)?))
}

#[test]
fn types_that_hold_the_same_are_accepted_and_units_are_worked_out() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("jobs/spark_jobs.parquet"), jobs(), 2);
    let (facts, index) = index_of(&folder).expect("is read");
    assert_eq!(facts, JobSetFacts::default());
    let rows = all(&index);
    let column =
        |column: JobColumn| rows.iter().map(|row| row.value(column).clone()).collect::<Vec<_>>();
    let text = |text: &str| JobValue::Text(text.to_owned());
    let time = |seconds: i64| JobValue::Time(seconds * 1_000_000);
    assert_eq!(column(JobColumn::Id), ["a", "b", "c"].map(text));
    assert_eq!(column(JobColumn::JobType), ["ml", "etl", "etl"].map(text));
    assert_eq!(column(JobColumn::Start), [1, 2, 3].map(|hour| time(hour * HOUR_S)));
    let ends = [
        JobValue::Missing,
        JobValue::Time((2 * HOUR_S + 30) * 1_000_000 + 5),
        JobValue::Time(4 * HOUR_S * 1_000_000 + 5),
    ];
    assert_eq!(column(JobColumn::End), ends);
    let durations = [JobValue::Missing, JobValue::Int(30_000), JobValue::Int(3_600_000)];
    assert_eq!(column(JobColumn::DurationMs), durations);
    assert_eq!(column(JobColumn::GcTimeMs), [8, 9, 7].map(JobValue::Int));
    assert_eq!(column(JobColumn::InputMb), [2.5, 0.25, 1.5].map(JobValue::Float));
    assert_eq!(column(JobColumn::InputBytes), [2_621_440, 262_144, 1_572_864].map(JobValue::Int));
    assert_eq!(column(JobColumn::User), [JobValue::Missing, JobValue::Missing, JobValue::Missing]);
}

#[test]
fn tallies_add_up_by_hour_type_and_status() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut same_hour = jobs();
    same_hour = replaced(
        same_hour,
        "start_time",
        Arc::new(TimestampSecondArray::from(vec![HOUR_S, HOUR_S + 1, 2 * HOUR_S - 1])),
    );
    same_hour = replaced(same_hour, "status", words(&["COMPLETED", "RUNNING", "COMPLETED"]));
    write(&folder.path().join("spark_jobs.parquet"), same_hour, 10);
    let (_, index) = index_of(&folder).expect("is read");
    let tallies = index.tallies();
    assert_eq!(tallies.len(), 2);
    let etl =
        tallies.iter().find(|tally| tally.job_type.as_deref() == Some("etl")).expect("is there");
    assert_eq!((etl.hour_us, etl.num_jobs, etl.num_durations), (Some(HOUR_S * 1_000_000), 2, 2));
    assert_eq!((etl.duration_ms, etl.num_tasks, etl.input_mb), (3_630_000, 120, 1.75));
    assert_eq!(etl.durations.values().sum::<u64>(), 2);
    let ml =
        tallies.iter().find(|tally| tally.job_type.as_deref() == Some("ml")).expect("is there");
    assert_eq!((ml.num_jobs, ml.num_durations, ml.status.as_deref()), (1, 0, Some("RUNNING")));
}

#[test]
fn what_is_missing_or_of_another_type_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jobs/spark_jobs.parquet");
    let wrong = replaced(
        without(without(jobs(), "num_tasks"), "status"),
        "start_time",
        words(&["a", "b", "c"]),
    );
    write(&path, wrong, 10);
    let error = index_of(&folder).expect_err("is not of the form").to_string();
    for part in [
        "spark_jobs.parquet is not a table of jobs",
        "column num_tasks is missing",
        "column status is missing",
        "column start_time is Utf8, but should be a timestamp",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    write(&path, replaced(jobs(), "num_tasks", floats(&[1.0, 1.5, 2.0])), 10);
    let error = index_of(&folder).expect_err("is not of the form").to_string();
    assert!(error.contains("num_tasks") && error.contains("1.5"), "{error}");
    write(
        &path,
        replaced(jobs(), "job_id", Arc::new(StringArray::from(vec![Some("a"), None, Some("b")]))),
        10,
    );
    let error = index_of(&folder).expect_err("is not of the form").to_string();
    assert!(error.contains("job_id has rows without a value"), "{error}");
    fs::write(&path, "no parquet").expect("is written");
    let error = index_of(&folder).expect_err("is no Parquet").to_string();
    assert!(error.contains("cannot read the Parquet file"), "{error}");
    assert!(!folder.path().join("index/jobs").exists(), "nothing is left");
    fs::remove_file(&path).expect("is removed");
    assert!(matches!(index_of(&folder), Err(Error::NoJobSet { .. })));
}

#[test]
fn a_wrong_table_of_operators_is_named_before_anything_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("jobs/spark_jobs.parquet"), jobs(), 10);
    let wrong = without(operators(&["a"], &["Read"]), "cpu_time_ms");
    write(&folder.path().join("operators/spark_operators.parquet"), wrong, 10);
    let error = index_of(&folder).expect_err("is not of the form").to_string();
    assert!(
        error.contains(
            "spark_operators.parquet is not a table of operators: column cpu_time_ms is missing"
        ),
        "{error}"
    );
    assert!(!folder.path().join("index/jobs").exists());
}

#[test]
fn equal_ids_and_stray_rows_are_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jobs/spark_jobs.parquet");
    write(&path, replaced(jobs(), "job_id", words(&["a", "b", "a"])), 10);
    write(&folder.path().join("errors/spark_errors.parquet"), errors(), 10);
    let (facts, index) = index_of(&folder).expect("is read");
    assert_eq!((facts.num_errors, facts.num_warnings, index.num_jobs()), (2, 1, 2));
    let told: Vec<String> = facts.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "1 jobs have the id of a job before them and are left out, for example a",
            "1 rows of the table of errors belong to no job and are left out",
        ]
    );
    assert_eq!(all(&index)[0].text(JobColumn::Name), "three", "the first one stays");
    let kept: JobSetFacts = serde_json::from_slice(index.facts()).expect("are facts");
    assert_eq!(kept, facts);
}

#[test]
fn operators_and_errors_are_read_at_their_places() {
    let folder = tempfile::tempdir().expect("a folder");
    let set = folder.path();
    write(&set.join("jobs/spark_jobs.parquet"), jobs(), 10);
    let of = ["c", "c", "a", "b", "b", "c", "b", "a", "x"];
    let names = ["c0", "c1", "a0", "b0", "b1", "c2", "b2", "a1", "x0"];
    write(&set.join("operators/spark_operators.parquet"), operators(&of, &names), 4);
    write(&set.join("errors/spark_errors.parquet"), errors(), 2);
    let (facts, index) = index_of(&folder).expect("is read");
    assert_eq!(facts.num_operators, 9);
    let files = JobSet::find(set).expect("is there");
    let operators = DetailFile::operators(&files.operators.expect("is there")).expect("opens");
    let errors = DetailFile::errors(&files.errors.expect("is there")).expect("opens");
    for (id, expected) in
        [("a", &["a0", "a1"][..]), ("b", &["b0", "b1", "b2"]), ("c", &["c0", "c1", "c2"])]
    {
        let job = index.find(id).expect("is read").expect("is there").number;
        let rows =
            operators.read_operators(&index.operators(job).expect("is read")).expect("is read");
        let found: Vec<&str> = rows.iter().map(|row| row.operator_name.as_str()).collect();
        assert_eq!(found, expected);
        assert!(rows.iter().all(|row| row.dependencies == [row.operator_id.clone()]));
        assert!(
            rows.iter().all(|row| row.start_us == Some(86_400_000_000) && row.end_us.is_none())
        );
    }
    let job = index.find("b").expect("is read").expect("is there").number;
    let rows = errors.read_errors(&index.errors(job).expect("is read")).expect("is read");
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (rows[0].stack_trace.as_deref(), rows[0].is_recoverable, rows[0].time_us),
        (Some("at x"), Some(true), Some(7_000_000))
    );
    assert_eq!(rows[1].operator_id.as_deref(), Some("b_op_01"));
}

#[test]
fn a_file_that_was_written_anew_has_another_stamp() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spark_jobs.parquet");
    write(&path, jobs(), 10);
    let set = JobSet::find(folder.path()).expect("is there");
    let before = set.stamp().expect("is there");
    assert_eq!(set.stamp().expect("is there"), before);
    write(&path, replaced(jobs(), "num_stages", ints(&[1_000, 2, 3])), 1);
    assert_ne!(set.stamp().expect("is there"), before);
    fs::remove_file(&path).expect("is removed");
    assert!(set.stamp().is_err());
}
