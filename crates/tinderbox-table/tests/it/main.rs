//! The files through the public surface: what is written is read, what is damaged is said.
#![allow(clippy::expect_used, reason = "a test that panics has said what it wanted to say")]

mod damage;
mod detail;
mod generated;
mod pack;
mod tables;
mod timeline;

use std::path::Path;
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("is a folder");
    entries.map(|e| e.expect("reads").file_name().to_string_lossy().into_owned()).collect()
}
