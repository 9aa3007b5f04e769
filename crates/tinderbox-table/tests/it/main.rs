//! The files through the public surface: what is written is read, what is damaged is said.
#![allow(clippy::expect_used, reason = "a test that panics has said what it wanted to say")]

mod damage;
mod detail;
mod generated;
mod pack;
mod tasks;

use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tinderbox_model::{AttemptNumber, Bytes, RunId, Task};
use tinderbox_table::{TaskWriter, TaskWriterOptions, Written};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn options(memory_limit: u64) -> TaskWriterOptions {
    let options = TaskWriterOptions::new(RunId::new("run-1"), AttemptNumber(1));
    TaskWriterOptions { memory_limit: Bytes(memory_limit), ..options }
}

/// Writes a table with a limit that holds about `memory_limit / 500` tasks.
fn write(folder: &TempDir, tasks: &[Task], memory_limit: u64) -> (PathBuf, Written) {
    let path = folder.path().join("date=2025-10-09").join("tasks.parquet");
    let mut writer = TaskWriter::create(&path, options(memory_limit)).expect("creates");
    for batch in tasks.chunks(100) {
        writer.write(batch.iter().cloned()).expect("writes");
    }
    (path, writer.finish().expect("finishes"))
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("is a folder");
    entries.map(|e| e.expect("reads").file_name().to_string_lossy().into_owned()).collect()
}
