use crate::Error;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Where a program records what came of its expectations; in the environment variable `TINDERBOX_EXPECTATIONS`.
pub(crate) const FILE: &str = "expectations.jsonl";

/// How much of the file is read: some twenty thousand results.
const LIMIT_BYTES: u64 = 4 << 20;

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

    /// What the program in an attempt's folder has recorded so far, in its order. A line that is not whole or not of
    /// this form is passed over; a program without expectations has none.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn in_folder(directory: &Path) -> Result<Vec<Self>, Error> {
        let path: PathBuf = directory.join(FILE);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(Error::Read { path, source }),
        };
        let mut bytes = Vec::new();
        let read = file.take(LIMIT_BYTES).read_to_end(&mut bytes);
        read.map_err(|source| Error::Read { path, source })?;
        let lines = bytes.split(|byte| *byte == b'\n');
        Ok(lines.filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_14_5_whole_lines_are_read_and_others_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(ExpectationResult::in_folder(folder.path()).expect("none"), []);
        let line = r#"{"node": "orders", "name": "id", "kind": "not_null", "on_fail": "drop", "rows": 9, "failed": 2, "passed": 7, "status": "dropped"}"#;
        let text = format!("{line}\n{{\"node\": 1}}\n\n{}", &line[..40]);
        std::fs::write(folder.path().join(FILE), text).expect("a file");
        let results = ExpectationResult::in_folder(folder.path()).expect("readable");
        let [only] = results.as_slice() else { panic!("{results:?}") };
        assert_eq!(
            (only.node.as_str(), only.rows, only.failed, only.passed),
            ("orders", 9, 2, Some(7))
        );
    }
}
