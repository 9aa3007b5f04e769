//! The copy of a driver's log that is kept in the attempt's folder, of logs that grow elsewhere.

use crate::Error;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

/// So much of a log is copied at once: what `org.apache.spark.util.Utils` and `WorkerPage.getLog` give at most.
pub(crate) const PIECE: u64 = 1 << 20;

/// A piece of a log elsewhere.
pub(crate) struct LogRange {
    /// In characters; bytes that are no UTF-8 are U+FFFD.
    pub(crate) text: String,
    /// Where it ends, in bytes.
    pub(crate) end: u64,
    /// Bytes in the whole log.
    pub(crate) size: u64,
}

/// How far the logs of a driver were copied, by name, and how long the copy was then.
#[derive(Default, Serialize, Deserialize)]
struct Copied {
    #[serde(flatten)]
    places: BTreeMap<String, u64>,
    size: u64,
}

/// The copy in the attempt's folder. What was appended and not noted, before a crash, is cut off again.
pub(crate) struct LogCopy<'a> {
    folder: &'a Path,
    log: File,
    copied: Copied,
}

/// How far a log was copied into a folder, in bytes.
pub(crate) fn copied(folder: &Path, name: &str) -> u64 {
    Copied::read(folder).places.get(name).copied().unwrap_or(0)
}

impl Copied {
    fn read(folder: &Path) -> Self {
        let noted = fs::read(folder.join("driver.log.copied")).ok();
        noted.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
    }
}

impl<'a> LogCopy<'a> {
    pub(crate) fn open(folder: &'a Path) -> Result<Self, Error> {
        let path = folder.join("driver.log");
        let failed = |source| Error::Write { path: path.clone(), source };
        let log = File::options().create(true).append(true).open(&path).map_err(failed)?;
        let copied = Copied::read(folder);
        if log.metadata().map_err(failed)?.len() > copied.size {
            log.set_len(copied.size).map_err(failed)?;
        }
        Ok(Self { folder, log, copied })
    }

    pub(crate) fn at(&self, name: &str) -> u64 {
        self.copied.places.get(name).copied().unwrap_or(0)
    }

    /// Appends the whole lines of a piece. False when there were none.
    pub(crate) fn append(
        &mut self,
        name: &str,
        piece: &LogRange,
        is_end: bool,
        hidden: &[String],
    ) -> Result<bool, Error> {
        let from = self.at(name);
        let (text, to) = whole_lines(piece, from, is_end);
        if to == from {
            return Ok(false);
        }
        let mut text = text.to_owned();
        for value in hidden.iter().filter(|value| !value.is_empty()) {
            text = text.replace(value.as_str(), "*********(redacted)");
        }
        if is_end && !text.ends_with('\n') {
            text.push('\n');
        }
        let path = self.folder.join("driver.log");
        let failed = |source| Error::Write { path: path.clone(), source };
        self.log.write_all(text.as_bytes()).map_err(failed)?;
        self.copied.places.insert(name.to_owned(), to);
        self.copied.size = self.log.metadata().map_err(failed)?.len();
        let (new, noted) =
            (self.folder.join("driver.log.new"), self.folder.join("driver.log.copied"));
        let json = serde_json::to_vec(&self.copied).unwrap_or_default();
        fs::write(&new, json).and_then(|()| fs::rename(&new, &noted)).map_err(failed)?;
        Ok(true)
    }
}

/// The lines that have ended, so that a value to hide is never cut in two, and the place behind them. A line longer than
/// a piece is taken as it comes; so are bytes that are no text, whose places in the log are not known.
fn whole_lines(piece: &LogRange, from: u64, is_end: bool) -> (&str, u64) {
    let is_full = piece.end - from >= PIECE;
    let cut = piece.text.rfind('\n').map_or(0, |at| at + 1);
    let rest = piece.text.len() - cut;
    let is_exact = piece.text.len() as u64 == piece.end - from;
    if is_end || !is_exact || (cut == 0 && is_full) {
        return (&piece.text, piece.end);
    }
    (&piece.text[..cut], piece.end - rest as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: &str, end: u64, size: u64) -> LogRange {
        LogRange { text: text.to_owned(), end, size }
    }

    #[test]
    fn copies_have_whole_lines_without_secrets_and_survive_a_crash() {
        let folder = tempfile::tempdir().expect("a folder");
        let hidden = ["hunter2".to_owned()];
        let mut copy = LogCopy::open(folder.path()).expect("a copy");
        assert!(
            copy.append("stdout", &piece("a hunter2\nhun", 13, 13), false, &hidden)
                .expect("written")
        );
        assert_eq!(copy.at("stdout"), 10);
        assert!(!copy.append("stdout", &piece("hun", 13, 13), false, &hidden).expect("written"));
        // Appended and not noted.
        fs::write(folder.path().join("driver.log"), "a *********(redacted)\nhalf")
            .expect("written");
        let mut copy = LogCopy::open(folder.path()).expect("a copy");
        assert!(
            copy.append("stdout", &piece("hunter2 b", 19, 19), true, &hidden).expect("written")
        );
        let log = fs::read_to_string(folder.path().join("driver.log")).expect("a log");
        assert_eq!(log, "a *********(redacted)\n*********(redacted) b\n");
    }
}
