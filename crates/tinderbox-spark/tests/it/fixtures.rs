//! Event logs of real applications; `tests/fixtures/README.md` says how they were made.

use std::fs;
use std::path::{Path, PathBuf};
use tinderbox_model::{Application, Task};
use tinderbox_spark::Fold;
use tinderbox_spark::log::{Codec, LogKind, Parts, classify, fold_lines};

pub const FIXTURES: [&str; 13] = [
    "spark-3.5-small",
    "spark-3.5-sql",
    "spark-3.5-failures",
    "spark-3.5-cluster",
    "spark-4.3-sql",
    "spark-4.3-failures",
    "spark-4.3-cluster",
    "spark-3.5-storage",
    "spark-3.5-accumulators",
    "spark-3.5-excluded",
    "spark-4.3-storage",
    "spark-4.3-accumulators",
    "spark-4.3-killed",
];

/// The files of a fixture's log in the order of their events.
pub fn log_files(fixture: &str) -> Vec<PathBuf> {
    files_of_log_in(&folder(fixture))
}

pub fn expected_answers(fixture: &str) -> serde_json::Value {
    let text = fs::read_to_string(folder(fixture).join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The decoded text of a fixture's log.
pub fn log_text(fixture: &str) -> Vec<u8> {
    let mut text = Vec::new();
    for file in log_files(fixture) {
        let codec = Codec::of_name(file.to_str().unwrap());
        let mut reader = codec.decode(fs::File::open(file).unwrap()).unwrap();
        std::io::Read::read_to_end(&mut reader, &mut text).unwrap();
    }
    text
}

/// The application, and its tasks in the order of their ends, those without end last.
pub fn fold_files(files: &[PathBuf]) -> (Application, Vec<Task>) {
    let mut fold = Fold::new();
    let mut tasks = Vec::new();
    for file in files {
        let codec = Codec::of_name(file.to_str().unwrap());
        let input = fs::File::open(file).unwrap();
        fold_lines(input, codec, &mut fold, &mut |task| tasks.push(task)).unwrap();
    }
    tasks.extend(fold.running_tasks().cloned());
    (fold.finish(), tasks)
}

fn folder(fixture: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(fixture)
}

fn files_of_log_in(folder: &Path) -> Vec<PathBuf> {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        match classify(name, path.is_dir()) {
            Some(LogKind::File { .. }) if name != "expected.json" => return vec![path],
            Some(LogKind::Rolling) => {
                let names: Vec<String> = fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                    .collect();
                let parts = Parts::of(names.iter().map(String::as_str)).unwrap();
                assert_eq!((parts.missing, parts.in_progress), (vec![], false));
                return parts.parts.iter().map(|part| path.join(&part.name)).collect();
            }
            _ => {}
        }
    }
    panic!("no log in {}", folder.display())
}
