//! The driver's log, copied into the attempt's folder while its pod is there.

use super::attempt::KubernetesRuns;
use super::{KubernetesAttempt, KubernetesStatus, PodLog};
use crate::Error;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

/// How far a log was copied: by the time of its last line, how many lines of that time there were, and how long the copy was
/// then.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Copied {
    last: String,
    at_last: usize,
    size: u64,
}

/// Bytes of one answer.
const PIECE: u32 = 4 << 20;
/// Pieces of one call, so that a driver that prints a gigabyte holds nobody up.
const PIECES: u32 = 8;

impl KubernetesRuns {
    pub(crate) async fn copy_log(
        &self,
        attempt: &KubernetesAttempt,
        hidden: &[String],
    ) -> Result<(), Error> {
        let cluster = self.cluster().await?;
        let driver = &attempt.pod;
        let pod = cluster.pod(&driver.namespace, &driver.pod).await?;
        let Some(pod) = pod.filter(|pod| pod["metadata"]["uid"] == driver.uid.as_str()) else {
            return Ok(());
        };
        let containers = pod["spec"]["containers"].as_array();
        let name = containers.and_then(|all| all.last()?["name"].as_str()).map(str::to_owned);
        let log = PodLog {
            namespace: driver.namespace.clone(),
            pod: driver.pod.clone(),
            container: name,
        };
        let is_over = KubernetesStatus::of_pod(&pod).is_final();
        let mut copy = Copy::open(&attempt.intent.directory)?;
        for _ in 0..PIECES {
            let since = Some(copy.copied.last.as_str()).filter(|last| !last.is_empty());
            let Some(text) = cluster.log_since(&log, since, PIECE).await? else { return Ok(()) };
            let is_cut = text.len() >= PIECE as usize;
            let (lines, copied) = fresh(&text, &copy.copied, is_over && !is_cut);
            if lines.is_empty() {
                break;
            }
            copy.append(lines, copied, hidden)?;
            if !is_cut {
                break;
            }
        }
        Ok(())
    }
}

struct Copy<'a> {
    folder: &'a Path,
    log: File,
    copied: Copied,
}

impl<'a> Copy<'a> {
    /// What was appended and not noted, before a crash, is cut off again.
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

    fn append(&mut self, mut text: String, copied: Copied, hidden: &[String]) -> Result<(), Error> {
        for value in hidden.iter().filter(|value| !value.is_empty()) {
            text = text.replace(value.as_str(), "*********(redacted)");
        }
        let path = self.folder.join("driver.log");
        let failed = |source| Error::Write { path: path.clone(), source };
        self.log.write_all(text.as_bytes()).map_err(failed)?;
        self.copied = Copied { size: self.log.metadata().map_err(failed)?.len(), ..copied };
        let new = self.folder.join("driver.log.new");
        let json = serde_json::to_vec(&self.copied).unwrap_or_default();
        fs::write(&new, json)
            .and_then(|()| fs::rename(&new, self.folder.join("driver.log.copied")))
            .map_err(failed)
    }
}

/// The lines of an answer that were not copied yet, without their times, and how far the log is copied with them. A line that
/// has not ended waits for its end, so that a value to hide is never cut in two, unless nothing more will come.
fn fresh(text: &str, before: &Copied, is_end: bool) -> (String, Copied) {
    let mut copied = before.clone();
    let mut again = before.at_last;
    let mut lines = String::new();
    for line in text.split_inclusive('\n') {
        if !line.ends_with('\n') && !is_end {
            break;
        }
        let (time, rest) = line.split_once(' ').unwrap_or((line.trim_end(), "\n"));
        // Times of one log have one form, in which later ones are greater: but trailing zeros are left out, so that
        // fractions are compared digit by digit.
        match compared(time).cmp(&compared(&before.last)) {
            std::cmp::Ordering::Less => continue,
            std::cmp::Ordering::Equal if again > 0 => {
                again -= 1;
                continue;
            }
            _ => {}
        }
        lines.push_str(rest);
        if !rest.ends_with('\n') {
            lines.push('\n');
        }
        if copied.last == time {
            copied.at_last += 1;
        } else {
            (copied.last, copied.at_last) = (time.to_owned(), 1);
        }
    }
    (lines, copied)
}

/// `2026-11-27T02:00:00.12Z` as seconds and fraction, which compare as times do.
fn compared(time: &str) -> (&str, &str) {
    let time = time.trim_end_matches('Z');
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, ""));
    (seconds, fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_9_5_lines_of_a_log_are_copied_once_and_whole() {
        let first = "2026-11-27T02:00:00.5Z a\n2026-11-27T02:00:00.5Z b\n2026-11-27T02:00:01Z hun";
        let (lines, copied) = fresh(first, &Copied::default(), false);
        assert_eq!(lines, "a\nb\n");
        assert_eq!(
            copied,
            Copied { last: "2026-11-27T02:00:00.5Z".to_owned(), at_last: 2, size: 0 }
        );
        let then = "2026-11-27T02:00:00.25Z x\n2026-11-27T02:00:00.5Z a\n2026-11-27T02:00:00.50Z b\n\
                    2026-11-27T02:00:00.5Z c\n2026-11-27T02:00:00.625Z \n2026-11-27T02:00:01Z hunter2";
        let (lines, copied) = fresh(then, &copied, true);
        assert_eq!(lines, "c\n\nhunter2\n");
        assert_eq!((copied.last.as_str(), copied.at_last), ("2026-11-27T02:00:01Z", 1));
        assert_eq!(fresh(then, &copied, true).0, "");
    }

    #[test]
    fn copies_have_no_secrets_and_survive_a_crash() {
        let folder = tempfile::tempdir().expect("a folder");
        let hidden = ["hunter2".to_owned()];
        let mut copy = Copy::open(folder.path()).expect("a copy");
        let copied = Copied { last: "1Z".to_owned(), at_last: 1, size: 0 };
        copy.append("a hunter2\n".to_owned(), copied, &hidden).expect("written");
        fs::write(folder.path().join("driver.log"), "a *********(redacted)\nhalf")
            .expect("written");
        let copy = Copy::open(folder.path()).expect("a copy");
        assert_eq!((copy.copied.last.as_str(), copy.copied.size), ("1Z", 22));
        drop(copy);
        let log = fs::read_to_string(folder.path().join("driver.log")).expect("a log");
        assert_eq!(log, "a *********(redacted)\n");
    }
}
