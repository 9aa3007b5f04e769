//! Drivers' logs, from the pages of the workers that have them.

use super::{Asks, StandaloneDriver, StandaloneMaster};
use crate::Error;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::Write as _;
use std::ops::Range;
use std::path::Path;

/// A piece of a log on a worker.
pub(super) struct LogRange {
    /// In characters; bytes that are no UTF-8 are U+FFFD.
    pub(super) text: String,
    /// Of the bytes that were read.
    end: u64,
    size: u64,
}

/// How far the two logs of a driver were copied, and how long the copy was then.
#[derive(Default, Serialize, Deserialize)]
struct Copied {
    stdout: u64,
    stderr: u64,
    size: u64,
}

/// `org.apache.spark.util.Utils` and `WorkerPage.getLog` give at most so much at once.
const PIECE: u64 = 1 << 20;
/// Pieces of one call, so that a driver that prints a gigabyte holds nobody up.
const PIECES: u32 = 16;

impl StandaloneMaster {
    /// Bytes of a driver's `stdout` or `stderr`. Source of the form: `org.apache.spark.deploy.worker.ui.WorkerPage.renderLog`.
    pub(super) async fn log_range(
        &self,
        worker: &str,
        driver: &str,
        name: &str,
        bytes: Range<u64>,
    ) -> Result<LogRange, Error> {
        let length = bytes.end.saturating_sub(bytes.start);
        let url = format!(
            "{}/log/?driverId={driver}&logType={name}&offset={}&byteLength={length}",
            worker.trim_end_matches('/'),
            bytes.start
        );
        let body = self.body(self.client.get(&url), &url, Asks::Look).await?;
        let body = String::from_utf8_lossy(&body);
        read_range(&body).ok_or_else(|| {
            let problem =
                body.lines().next().unwrap_or("an empty answer").chars().take(200).collect();
            Error::Refused { server: url, problem }
        })
    }

    pub(crate) async fn copy_log(
        &self,
        driver: &StandaloneDriver,
        hidden: &[String],
    ) -> Result<(), Error> {
        let Some(status) = self.status(&driver.driver).await? else { return Ok(()) };
        let Some(place) = status.worker else { return Ok(()) };
        let seen = self.cluster().await?;
        let worker = seen.workers.iter().find(|one| format!("{}:{}", one.host, one.port) == place);
        let Some(worker) = worker else { return Ok(()) };
        let mut copy = Copy::open(&driver.intent.directory)?;
        for name in ["stdout", "stderr"] {
            for _ in 0..PIECES {
                let from = copy.at(name);
                let piece =
                    self.log_range(&worker.web, &driver.driver, name, from..from + PIECE).await?;
                if piece.end <= from {
                    break;
                }
                let is_end = status.state.is_final() && piece.end >= piece.size;
                if !copy.append(name, &piece, is_end, hidden)? {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// `==== Bytes 0-102 of 102 of /spark/driver-1/stderr ====`, then the text.
fn read_range(body: &str) -> Option<LogRange> {
    let (head, text) = body.split_once('\n')?;
    let (range, rest) = head.strip_prefix("==== Bytes ")?.split_once(" of ")?;
    let (_, end) = range.split_once('-')?;
    let (size, _) = rest.split_once(' ')?;
    Some(LogRange { text: text.to_owned(), end: end.parse().ok()?, size: size.parse().ok()? })
}

/// The copy in the attempt's folder. What was appended and not noted, before a crash, is cut off again.
struct Copy<'a> {
    folder: &'a Path,
    log: File,
    copied: Copied,
}

impl<'a> Copy<'a> {
    fn open(folder: &'a Path) -> Result<Self, Error> {
        let path = folder.join("driver.log");
        let failed = |source| Error::Write { path: path.clone(), source };
        let log = File::options().create(true).append(true).open(&path).map_err(failed)?;
        let noted = fs::read(folder.join("driver.log.copied")).ok();
        let copied: Copied =
            noted.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
        if log.metadata().map_err(failed)?.len() > copied.size {
            log.set_len(copied.size).map_err(failed)?;
        }
        Ok(Self { folder, log, copied })
    }

    fn at(&self, name: &str) -> u64 {
        if name == "stdout" { self.copied.stdout } else { self.copied.stderr }
    }

    /// Appends the whole lines of a piece. False when there were none.
    fn append(
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
        if name == "stdout" {
            self.copied.stdout = to;
        } else {
            self.copied.stderr = to;
        }
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
    fn pages_of_workers_are_read() {
        let range = read_range("==== Bytes 10-21 of 40 of /w/driver-1/stderr ====\nline\nline 2")
            .expect("a range");
        assert_eq!((range.text.as_str(), range.end, range.size), ("line\nline 2", 21, 40));
        assert!(read_range("<html>\n</html>").is_none());
    }

    #[test]
    fn copies_have_whole_lines_without_secrets_and_survive_a_crash() {
        let folder = tempfile::tempdir().expect("a folder");
        let hidden = ["hunter2".to_owned()];
        let mut copy = Copy::open(folder.path()).expect("a copy");
        assert!(
            copy.append("stdout", &piece("a hunter2\nhun", 13, 13), false, &hidden)
                .expect("written")
        );
        assert_eq!(copy.at("stdout"), 10);
        assert!(!copy.append("stdout", &piece("hun", 13, 13), false, &hidden).expect("written"));
        // Appended and not noted.
        fs::write(folder.path().join("driver.log"), "a *********(redacted)\nhalf")
            .expect("written");
        let mut copy = Copy::open(folder.path()).expect("a copy");
        assert!(
            copy.append("stdout", &piece("hunter2 b", 19, 19), true, &hidden).expect("written")
        );
        let log = fs::read_to_string(folder.path().join("driver.log")).expect("a log");
        assert_eq!(log, "a *********(redacted)\n*********(redacted) b\n");
    }
}
