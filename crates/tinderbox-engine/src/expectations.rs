use crate::cluster::Target;
use crate::{AttemptLog, Error};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Where a program records what came of its expectations; in the environment variable `TINDERBOX_EXPECTATIONS`.
pub(crate) const FILE: &str = "expectations.jsonl";

/// The value of that variable for a program that shares no folder with the server: it prints its results, a line each.
pub(crate) const IN_LOG: &str = "log";

const PRINTED: &[u8] = b"tinderbox-expectation ";

/// How much of the file is read: some twenty thousand results.
const LIMIT_BYTES: u64 = 4 << 20;
/// Names of nodes and expectations are short.
const LONGEST_LINE: u64 = 1 << 16;

/// What came of one expectation in one run: a line that the compiled program wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectationResult {
    /// The node of the document.
    pub node: String,
    /// The expectation's name, unique in its node.
    pub name: String,
    /// What is expected: `not_null`, `range`, …
    pub kind: String,
    /// `warn`, `drop`, `quarantine` or `fail`.
    pub on_fail: String,
    /// Rows that were looked at.
    pub rows: u64,
    /// Those that were wrong; of an expectation of the node as a whole 1 when it is not met, of a query its rows.
    pub failed: u64,
    /// Those that were right; nothing for an expectation of the node as a whole.
    pub passed: Option<u64>,
    /// `passed`, `warned`, `dropped`, `quarantined` or `failed`.
    pub status: String,
}

impl ExpectationResult {
    /// Adds it to those of an attempt, as compiled programs do.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn record(&self, directory: &Path) -> Result<(), Error> {
        let path = directory.join(FILE);
        let write = || {
            let mut file = File::options().create(true).append(true).open(&path)?;
            // Texts and numbers always serialize.
            let line = serde_json::to_string(self).unwrap_or_default();
            file.write_all(format!("{line}\n").as_bytes())
        };
        write().map_err(|source| Error::Write { path: path.clone(), source })
    }

    /// What the program of an attempt in this folder has recorded so far, in its order: beside it, or in the driver's log
    /// where it runs without a folder that it shares with the server. A line that is not whole or not of this form is passed
    /// over; a program without expectations has none.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn of_attempt(directory: &Path, target: &Target) -> Result<Vec<Self>, Error> {
        let is_in_log = match target {
            Target::Local | Target::Standalone(_) => false,
            Target::Yarn(target) => !target.shares_files(),
            Target::Kubernetes(_) => true,
        };
        if is_in_log {
            return Self::in_log(&AttemptLog::driver_path(directory));
        }
        let path: PathBuf = directory.join(FILE);
        let Some(file) = open(&path)? else { return Ok(Vec::new()) };
        let mut bytes = Vec::new();
        let read = file.take(LIMIT_BYTES).read_to_end(&mut bytes);
        read.map_err(|source| Error::Read { path, source })?;
        let lines = bytes.split(|byte| *byte == b'\n');
        Ok(lines.filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }

    fn in_log(path: &Path) -> Result<Vec<Self>, Error> {
        let failed = |source| Error::Read { path: path.to_owned(), source };
        let Some(file) = open(path)? else { return Ok(Vec::new()) };
        let mut log = BufReader::with_capacity(1 << 16, file);
        let (mut results, mut line, mut left) = (Vec::new(), Vec::new(), LIMIT_BYTES);
        loop {
            line.clear();
            let length = (&mut log).take(LONGEST_LINE).read_until(b'\n', &mut line);
            let length = length.map_err(failed)? as u64;
            if length == 0 || left == 0 {
                return Ok(results);
            }
            if let Some(json) = line.strip_prefix(PRINTED) {
                results.extend(serde_json::from_slice(json).ok());
                left = left.saturating_sub(length);
            }
            if !line.ends_with(b"\n") {
                log.skip_until(b'\n').map_err(failed)?;
            }
        }
    }
}

/// `None` when it is not there.
fn open(path: &Path) -> Result<Option<File>, Error> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Read { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_14_5_whole_lines_are_read_and_others_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(ExpectationResult::of_attempt(folder.path(), &Target::Local).expect("none"), []);
        let line = r#"{"node": "orders", "name": "id", "kind": "not_null", "on_fail": "drop", "rows": 9, "failed": 2, "passed": 7, "status": "dropped"}"#;
        let text = format!("{line}\n{{\"node\": 1}}\n\n{}", &line[..40]);
        std::fs::write(folder.path().join(FILE), text).expect("a file");
        let results =
            ExpectationResult::of_attempt(folder.path(), &Target::Local).expect("readable");
        let [only] = results.as_slice() else { panic!("{results:?}") };
        assert_eq!(
            (only.node.as_str(), only.rows, only.failed, only.passed),
            ("orders", 9, 2, Some(7))
        );
    }

    #[test]
    fn row_14_5_results_are_found_among_what_a_driver_prints() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("driver.log");
        assert_eq!(ExpectationResult::in_log(&log).expect("none"), []);
        let result = |name: &str| ExpectationResult {
            node: "orders".to_owned(),
            name: name.to_owned(),
            kind: "row_count".to_owned(),
            on_fail: "warn".to_owned(),
            rows: 9,
            failed: 0,
            passed: None,
            status: "passed".to_owned(),
        };
        let printed = |name: &str| {
            format!(
                "tinderbox-expectation {}\n",
                serde_json::to_string(&result(name)).expect("JSON")
            )
        };
        let text = [
            "INFO SparkContext\n".to_owned(),
            printed("first"),
            format!("INFO {}", printed("quoted")),
            "x".repeat(70_000) + &printed("in a long line"),
            "tinderbox-expectation {}\n".to_owned(),
            printed("second"),
            printed("cut off").split_at(60).0.to_owned(),
        ];
        std::fs::write(&log, text.concat()).expect("a log");
        let found = ExpectationResult::in_log(&log).expect("readable");
        assert_eq!(found, [result("first"), result("second")]);
    }
}
