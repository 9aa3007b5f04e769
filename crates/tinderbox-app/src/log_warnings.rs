//! What a collection tells of logs that were read and are not whole, or are there twice.

use crate::collect::id_of;
use crate::query::partial_reasons;
use crate::{App, CollectWarning, Collected, Error};
use std::collections::{HashMap, HashSet};
use tinderbox_model::Application;
use tinderbox_store::HistoryAttempt;

/// Why a log is not whole. One that is being written never is, which is no news.
pub(crate) fn warnings_of(application: &Application, is_running: bool) -> Vec<String> {
    let mut completeness = application.completeness.clone();
    if is_running {
        completeness.truncated = None;
    }
    partial_reasons(&completeness, !is_running)
}

impl Collected {
    /// Notes what is wrong with a log, if anything is.
    pub(crate) fn add_warning(&mut self, log: String, reasons: Vec<String>) {
        if !reasons.is_empty() {
            self.warnings.push(CollectWarning { log, reasons });
        }
    }
}

impl App {
    /// Tells of logs that were read now and of which another has the same application and attempt, and sorts what is
    /// told by log.
    pub(crate) async fn warn_of_twins(
        &self,
        read_logs: &HashSet<String>,
        done: &mut Collected,
    ) -> Result<(), Error> {
        let runs: Vec<_> = read_logs.iter().map(|url| id_of(url)).collect();
        let rows = self.inner.store.history_list_of(&runs).await?;
        for (log, reason) in twins(&rows, read_logs) {
            done.add_warning(log, vec![reason]);
        }
        done.warnings.sort_by(|a, b| a.log.cmp(&b.log));
        Ok(())
    }
}

/// The logs among those that were read now which are not the only one of their attempt. One other is named: of a
/// thousand copies each would name all others.
fn twins(rows: &[HistoryAttempt], read_logs: &HashSet<String>) -> Vec<(String, String)> {
    let mut logs: HashMap<_, Vec<&str>> = HashMap::new();
    for row in rows {
        logs.entry((&row.application, &row.attempt)).or_default().push(&row.event_log);
    }
    let mut told = Vec::new();
    for ((application, _), mut logs) in logs {
        logs.sort_unstable();
        logs.dedup();
        let (Some(first), Some(second)) = (logs.first(), logs.get(1)) else { continue };
        let same = match logs.len() {
            2 => "is a log".to_owned(),
            many => format!("and {} more are logs", many - 2),
        };
        for log in logs.iter().filter(|log| read_logs.contains(**log)) {
            let other = if log == first { second } else { first };
            let reason = format!(
                "{other} {same} of the same attempt of {application}; /api/v1 shows the one that changed last"
            );
            told.push(((*log).to_owned(), reason));
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinderbox_model::{ApplicationId, RunId, TimestampMs};

    fn row(log: &str, attempt: Option<&str>) -> HistoryAttempt {
        HistoryAttempt {
            run: RunId::from(log),
            application: ApplicationId::from("app-1"),
            attempt: attempt.map(str::to_owned),
            name: String::new(),
            user: String::new(),
            spark_version: String::new(),
            started: TimestampMs(1),
            ended: None,
            updated: TimestampMs(1),
            exit_code: None,
            event_log: log.to_owned(),
        }
    }

    fn told(rows: &[HistoryAttempt], read: &[&str]) -> Vec<(String, String)> {
        let read = read.iter().map(|log| (*log).to_owned()).collect();
        let mut told = twins(rows, &read);
        told.sort();
        told
    }

    #[test]
    fn each_of_many_copies_names_one_other_and_counts_the_rest() {
        let both = [row("/b", None), row("/a", None), row("/c", Some("2"))];
        let one =
            "/b is a log of the same attempt of app-1; /api/v1 shows the one that changed last";
        assert_eq!(told(&both, &["/a", "/c"]), [("/a".to_owned(), one.to_owned())]);
        let many: Vec<_> = (0..1_000).map(|n| row(&format!("/{n:03}"), None)).collect();
        let told = told(&many, &["/000", "/777"]);
        let start = |at: usize| told[at].1.split(" of the same").next().unwrap_or("");
        assert_eq!(
            [start(0), start(1)],
            ["/001 and 998 more are logs", "/000 and 998 more are logs"]
        );
    }
}
