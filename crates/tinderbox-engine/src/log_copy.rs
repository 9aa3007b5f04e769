//! Copies that are kept in the attempt's folder of logs that grow elsewhere.

use crate::Error;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

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

/// How far logs were copied, by name, in bytes.
pub(crate) type Places = BTreeMap<String, u64>;

/// How far was copied, and how long the copy was then.
#[derive(Default, Serialize, Deserialize)]
struct Noted<P> {
    #[serde(flatten)]
    places: P,
    size: u64,
}

/// A copy, with a note of how far it goes beside it. What was appended and not noted, before a crash, is cut off again.
pub(crate) struct LogCopy<P> {
    path: PathBuf,
    log: File,
    noted: Noted<P>,
}

/// How far a log was copied, in bytes.
pub(crate) fn copied(copy: &Path, name: &str) -> u64 {
    read_note::<Places>(copy).places.get(name).copied().unwrap_or(0)
}

fn read_note<P: Default + DeserializeOwned>(copy: &Path) -> Noted<P> {
    let noted = fs::read(beside(copy, ".copied")).ok();
    noted.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
}

fn beside(copy: &Path, ending: &str) -> PathBuf {
    let mut name = copy.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

impl<P: Default + Serialize + DeserializeOwned> LogCopy<P> {
    /// Makes the folder too.
    pub(crate) fn open(path: PathBuf) -> Result<Self, Error> {
        let failed = |source| Error::Write { path: path.clone(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let log = File::options().create(true).append(true).open(&path).map_err(failed)?;
        let noted: Noted<P> = read_note(&path);
        if log.metadata().map_err(failed)?.len() > noted.size {
            log.set_len(noted.size).map_err(failed)?;
        }
        Ok(Self { path, log, noted })
    }

    pub(crate) fn places(&self) -> &P {
        &self.noted.places
    }

    /// Appends a text without the values of `hidden`, with which the log is copied up to `places`.
    pub(crate) fn write(
        &mut self,
        mut text: String,
        places: P,
        hidden: &[String],
    ) -> Result<(), Error> {
        for value in hidden.iter().filter(|value| !value.is_empty()) {
            text = text.replace(value.as_str(), "*********(redacted)");
        }
        let failed = |source| Error::Write { path: self.path.clone(), source };
        self.log.write_all(text.as_bytes()).map_err(failed)?;
        self.noted = Noted { places, size: self.log.metadata().map_err(failed)?.len() };
        let new = beside(&self.path, ".new");
        let json = serde_json::to_vec(&self.noted).unwrap_or_default();
        fs::write(&new, json)
            .and_then(|()| fs::rename(&new, beside(&self.path, ".copied")))
            .map_err(failed)
    }
}

impl LogCopy<Places> {
    pub(crate) fn at(&self, name: &str) -> u64 {
        self.places().get(name).copied().unwrap_or(0)
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
        if is_end && !text.ends_with('\n') {
            text.push('\n');
        }
        let mut places = self.places().clone();
        places.insert(name.to_owned(), to);
        self.write(text, places, hidden)?;
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
        let mut copy = LogCopy::open(folder.path().join("driver.log")).expect("a copy");
        assert!(
            copy.append("stdout", &piece("a hunter2\nhun", 13, 13), false, &hidden)
                .expect("written")
        );
        assert_eq!(copy.at("stdout"), 10);
        assert!(!copy.append("stdout", &piece("hun", 13, 13), false, &hidden).expect("written"));
        // Appended and not noted.
        fs::write(folder.path().join("driver.log"), "a *********(redacted)\nhalf")
            .expect("written");
        let mut copy = LogCopy::open(folder.path().join("driver.log")).expect("a copy");
        assert!(
            copy.append("stdout", &piece("hunter2 b", 19, 19), true, &hidden).expect("written")
        );
        let log = fs::read_to_string(folder.path().join("driver.log")).expect("a log");
        assert_eq!(log, "a *********(redacted)\n*********(redacted) b\n");
    }
}
