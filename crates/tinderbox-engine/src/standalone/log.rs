//! Drivers' logs, from the pages of the workers that have them.

use super::{Asks, StandaloneDriver, StandaloneMaster};
use crate::Error;
use crate::log_copy::{LogCopy, LogRange, PIECE};
use std::ops::Range;

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
        let mut copy = LogCopy::open(&driver.intent.directory)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_workers_are_read() {
        let range = read_range("==== Bytes 10-21 of 40 of /w/driver-1/stderr ====\nline\nline 2")
            .expect("a range");
        assert_eq!((range.text.as_str(), range.end, range.size), ("line\nline 2", 21, 40));
        assert!(read_range("<html>\n</html>").is_none());
    }
}
