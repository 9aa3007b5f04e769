//! Files that are not what they should be.

use crate::detail::application;
use crate::generated::plausible;
use crate::{folder, write};
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use std::path::Path;
use std::sync::Arc;
use tinderbox_table::{
    Direction, Error, TaskFilter, TaskQuery, TaskSort, TaskWriter, count_tasks, read_detail,
    read_tasks, write_detail,
};

const ALL: TaskQuery = TaskQuery {
    filter: TaskFilter { stage: None, status: None },
    sort: TaskSort::Duration,
    direction: Direction::Descending,
    offset: 0,
    limit: 1_000,
};

#[test]
fn a_detail_file_that_is_cut_short_is_named() {
    let folder = folder();
    let path = folder.path().join("run.json.zst");
    write_detail(&path, &application()).expect("writes");
    let whole = std::fs::read(&path).expect("reads");
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).expect("writes");
        let error = read_detail(&path).expect_err("is cut short");
        assert!(matches!(error, Error::Damaged { .. }), "{length}: {error:?}");
        assert!(error.to_string().contains("run.json.zst"));
    }
}

#[test]
fn a_detail_file_with_a_changed_byte_is_never_read_as_something_else() {
    let folder = folder();
    let path = folder.path().join("run.json.zst");
    write_detail(&path, &application()).expect("writes");
    let whole = std::fs::read(&path).expect("reads");
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        std::fs::write(&path, changed).expect("writes");
        if let Ok(read) = read_detail(&path) {
            assert_eq!(read, application(), "byte {at}");
        }
    }
}

#[test]
fn a_table_that_is_cut_short_is_named() {
    let folder = folder();
    let tasks: Vec<_> = (0..300).map(plausible).collect();
    let (path, _) = write(&folder, &tasks, 1 << 20);
    let whole = std::fs::read(&path).expect("reads");
    for length in (0..whole.len()).step_by(whole.len() / 97) {
        std::fs::write(&path, &whole[..length]).expect("writes");
        let error = read_tasks(&path, &ALL).expect_err("is cut short");
        assert!(matches!(error, Error::Damaged { .. }), "{length}: {error:?}");
        assert!(error.to_string().contains("tasks.parquet is damaged, cut short"), "{error}");
        assert!(count_tasks(&path, &ALL.filter).is_err());
    }
}

#[test]
fn a_table_with_a_changed_byte_gives_tasks_or_an_error() {
    let folder = folder();
    let tasks: Vec<_> = (0..300).map(plausible).collect();
    let (path, _) = write(&folder, &tasks, 1 << 20);
    let whole = std::fs::read(&path).expect("reads");
    let mut damaged = 0;
    for at in (0..whole.len()).step_by(5) {
        let mut changed = whole.clone();
        changed[at] ^= 0x80;
        std::fs::write(&path, changed).expect("writes");
        // Parquet has no checksum, so a changed value may go unnoticed; what counts is that nothing panics.
        match read_tasks(&path, &ALL) {
            Ok(read) => assert!(read.len() <= tasks.len(), "byte {at}"),
            Err(Error::Damaged { .. }) => damaged += 1,
            Err(error) => panic!("byte {at}: {error:?}"),
        }
    }
    assert!(damaged > whole.len() / 50, "{damaged} of {}", whole.len());
}

#[test]
fn a_foreign_file_is_neither() {
    let folder = folder();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "jobs:\n".repeat(10_000)).expect("writes");
    assert!(matches!(read_detail(&path), Err(Error::Damaged { .. })));
    assert!(matches!(read_tasks(&path, &ALL), Err(Error::Damaged { .. })));
    // Compressed, but without a first line of ours.
    let zeros = zstd::encode_all(vec![0; 1 << 20].as_slice(), 3).expect("encodes");
    std::fs::write(&path, zeros).expect("writes");
    assert!(matches!(read_detail(&path), Err(Error::Damaged { .. })));
}

#[test]
fn a_missing_file_is_named() {
    let folder = folder();
    let path = folder.path().join("none");
    for error in [
        read_detail(&path).expect_err("is missing"),
        read_tasks(&path, &ALL).expect_err("is missing"),
    ] {
        assert!(matches!(error, Error::Open { .. }));
        assert!(
            error.to_string().starts_with("cannot open ") && error.to_string().ends_with("none")
        );
    }
}

#[test]
fn parquet_of_others_and_of_newer_versions_is_refused() {
    let folder = folder();
    let path = folder.path().join("other.parquet");
    write_numbers(&path, None);
    let error = read_tasks(&path, &ALL).expect_err("is foreign");
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    write_numbers(&path, Some("2"));
    let error = read_tasks(&path, &ALL).expect_err("is newer");
    assert!(matches!(error, Error::NewerVersion { found: 2, supported: 1, .. }), "{error:?}");
    write_numbers(&path, Some("1"));
    let error = read_tasks(&path, &ALL).expect_err("lacks columns");
    let source = std::error::Error::source(&error).expect("has one").to_string();
    assert!(source.contains("launch_time_ms"), "{source}");
}

/// A Parquet file with one column, and our version when there is one.
fn write_numbers(path: &Path, version: Option<&str>) {
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let batch = RecordBatch::try_from_iter([("stage_id", numbers)]).expect("is a batch");
    let pairs =
        version.map(|v| vec![KeyValue::new(String::from("tinderbox.task_table"), String::from(v))]);
    let properties = WriterProperties::builder().set_key_value_metadata(pairs).build();
    let file = std::fs::File::create(path).expect("creates");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("creates");
    writer.write(&batch).expect("writes");
    writer.close().expect("closes");
}

#[test]
fn a_path_that_cannot_be_written_is_named() {
    let folder = folder();
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("writes");
    let path = file.join("tasks.parquet");
    let error = TaskWriter::create(&path, crate::options(1)).expect_err("is no folder");
    assert!(matches!(error, Error::Write { .. }));
    assert!(error.to_string().ends_with("file/tasks.parquet"), "{error}");
    assert!(matches!(write_detail(&path, &application()), Err(Error::Write { .. })));
}
