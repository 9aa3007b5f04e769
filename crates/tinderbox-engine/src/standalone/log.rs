//! Logs of drivers and executors, from the pages of the workers that have them.

use super::{Asks, StandaloneDriver, StandaloneMaster};
use crate::executor_log::Place;
use crate::log_copy::{LogCopy, LogRange, PIECE};
use crate::{AttemptLog, Error, ExecutorLog, ToldExecutor};
use std::ops::Range;
use std::path::PathBuf;

/// Pieces of one call, so that a driver that prints a gigabyte holds nobody up.
const PIECES: u32 = 16;

impl StandaloneMaster {
    /// Bytes of `stdout` or `stderr` of a driver, `driverId=ID`, or an executor, `appId=ID&executorId=ID`. Source of the form:
    /// `org.apache.spark.deploy.worker.ui.WorkerPage.renderLog`.
    pub(super) async fn log_range(
        &self,
        (worker, of): (&str, &str),
        name: &str,
        bytes: Range<u64>,
    ) -> Result<LogRange, Error> {
        let length = bytes.end.saturating_sub(bytes.start);
        let url = format!(
            "{}/log/?{of}&logType={name}&offset={}&byteLength={length}",
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
        let copy = AttemptLog::driver_path(&driver.intent.directory);
        let of = format!("driverId={}", driver.driver);
        self.copy_pages((&worker.web, &of), copy, status.state.is_final(), hidden).await
    }

    /// Copies both streams of a driver or an executor on a worker.
    pub(crate) async fn copy_pages(
        &self,
        (worker, of): (&str, &str),
        copy: PathBuf,
        is_over: bool,
        hidden: &[String],
    ) -> Result<(), Error> {
        let mut copy = LogCopy::open(copy)?;
        for name in ["stdout", "stderr"] {
            for _ in 0..PIECES {
                let from = copy.at(name);
                let piece = self.log_range((worker, of), name, from..from + PIECE).await?;
                if piece.end <= from {
                    break;
                }
                let is_end = is_over && piece.end >= piece.size;
                if !copy.append(name, &piece, is_end, hidden)? {
                    break;
                }
            }
        }
        Ok(())
    }
}

impl StandaloneMaster {
    /// Those of `told` whose logs are on pages of workers that the master names.
    pub(crate) async fn executor_logs(
        &self,
        told: &[ToldExecutor],
    ) -> Result<Vec<ExecutorLog>, Error> {
        let seen = self.cluster().await?;
        let found = told.iter().filter_map(|executor| {
            let (page, application) = executor.logs.iter().find_map(|url| page_of(url))?;
            let worker = seen.workers.iter().find(|worker| {
                let web = worker.web.trim_end_matches('/');
                // With `spark.ui.reverseProxy` pages are below the master's.
                page == web || page.ends_with(&format!("/proxy/{}", worker.id))
            })?;
            let place = Place::Worker { web: worker.web.clone(), application };
            Some(ExecutorLog::of(executor, place))
        });
        Ok(found.collect())
    }
}

/// The page of the worker and the application in `http://HOST:8081/logPage/?appId=ID&executorId=0&logType=stdout`
/// (`org.apache.spark.deploy.worker.ExecutorRunner.fetchAndRunExecutor`).
fn page_of(url: &str) -> Option<(&str, String)> {
    let (page, query) = url.split_once("/logPage/?")?;
    let application = query.split('&').find_map(|pair| pair.strip_prefix("appId="))?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    application.bytes().all(is_plain).then(|| (page, application.to_owned()))
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

    #[test]
    fn row_6_9_addresses_of_executors_logs_are_read() {
        let of = |url| page_of(url).map(|(page, application)| (page.to_owned(), application));
        let found =
            of("http://w:8081/logPage/?appId=app-20261126184501-0000&executorId=0&logType=stdout");
        assert_eq!(found, Some(("http://w:8081".to_owned(), "app-20261126184501-0000".to_owned())));
        assert_eq!(of("http://w:8081/logPage/?appId=../x&executorId=0"), None);
        assert_eq!(of("http://w:8042/node/containerlogs/container_1_1_1_1/me/stdout"), None);
    }
}
