//! Logs of drivers and executors, copied into the attempt's folder while their pods are there.

use super::attempt::KubernetesRuns;
use super::{KubernetesAttempt, KubernetesStatus, PodLog};
use crate::executor_log::Place;
use crate::log_copy::LogCopy;
use crate::{AttemptLog, Error, ExecutorLog};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::PathBuf;

/// How far a log was copied: by the time of its last line, and how many lines of that time there were.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Copied {
    last: String,
    at_last: usize,
}

/// The container of executors (`org.apache.spark.deploy.k8s.Constants.DEFAULT_EXECUTOR_CONTAINER_NAME`), unless a pod template
/// says otherwise.
const EXECUTOR: &str = "spark-kubernetes-executor";
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
        let log = PodLog {
            namespace: driver.namespace.clone(),
            pod: driver.pod.clone(),
            container: last_container(&pod),
        };
        let is_over = KubernetesStatus::of_pod(&pod).is_final();
        self.copy_lines(&log, AttemptLog::driver_path(&attempt.intent.directory), is_over, hidden)
            .await
    }

    /// Executors whose pods are there.
    pub(crate) async fn executor_logs(
        &self,
        attempt: &KubernetesAttempt,
    ) -> Result<Vec<ExecutorLog>, Error> {
        let cluster = self.cluster().await?;
        let pods = cluster.executor_pods(&attempt.pod).await?;
        let found = pods.iter().filter_map(|pod| {
            let containers = pod["spec"]["containers"].as_array()?;
            let is_usual = containers.iter().any(|one| one["name"] == EXECUTOR);
            let log = PodLog {
                namespace: attempt.pod.namespace.clone(),
                pod: pod["metadata"]["name"].as_str()?.to_owned(),
                container: match is_usual {
                    true => Some(EXECUTOR.to_owned()),
                    false => last_container(pod),
                },
            };
            let id = pod["metadata"]["labels"]["spark-exec-id"].as_str()?;
            Some(ExecutorLog::of_pod(id, Place::Pod { log, clears: attempt.clears_executors }))
        });
        Ok(found.collect())
    }

    pub(crate) async fn copy_pod(
        &self,
        (log, clears): (&PodLog, bool),
        copy: PathBuf,
        hidden: &[String],
    ) -> Result<(), Error> {
        let cluster = self.cluster().await?;
        let Some(pod) = cluster.pod(&log.namespace, &log.pod).await? else { return Ok(()) };
        let is_over = KubernetesStatus::of_pod(&pod).is_final();
        self.copy_lines(log, copy, is_over, hidden).await?;
        // Before Spark has seen its end it would take it for one that somebody else has ended.
        let is_seen = pod["metadata"]["labels"]["spark-exec-inactive"] == "true";
        if clears && is_over && is_seen {
            let uid = pod["metadata"]["uid"].as_str().unwrap_or_default();
            cluster.delete_pod((&log.namespace, &log.pod, uid), None).await?;
        }
        Ok(())
    }

    async fn copy_lines(
        &self,
        log: &PodLog,
        copy: PathBuf,
        is_over: bool,
        hidden: &[String],
    ) -> Result<(), Error> {
        let cluster = self.cluster().await?;
        let mut copy: LogCopy<Copied> = LogCopy::open(copy)?;
        for _ in 0..PIECES {
            let since = Some(copy.places().last.as_str()).filter(|last| !last.is_empty());
            let Some(text) = cluster.log_since(log, since, PIECE).await? else { return Ok(()) };
            let is_cut = text.len() >= PIECE as usize;
            let (lines, copied) = fresh(&text, copy.places(), is_over && !is_cut);
            if lines.is_empty() {
                break;
            }
            copy.write(lines, copied, hidden)?;
            if !is_cut {
                break;
            }
        }
        Ok(())
    }
}

fn last_container(pod: &Value) -> Option<String> {
    let containers = pod["spec"]["containers"].as_array()?;
    containers.last()?["name"].as_str().map(str::to_owned)
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
        assert_eq!(copied, Copied { last: "2026-11-27T02:00:00.5Z".to_owned(), at_last: 2 });
        let then = "2026-11-27T02:00:00.25Z x\n2026-11-27T02:00:00.5Z a\n2026-11-27T02:00:00.50Z b\n\
                    2026-11-27T02:00:00.5Z c\n2026-11-27T02:00:00.625Z \n2026-11-27T02:00:01Z hunter2";
        let (lines, copied) = fresh(then, &copied, true);
        assert_eq!(lines, "c\n\nhunter2\n");
        assert_eq!((copied.last.as_str(), copied.at_last), ("2026-11-27T02:00:01Z", 1));
        assert_eq!(fresh(then, &copied, true).0, "");
    }
}
