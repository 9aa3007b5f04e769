//! What a collection tells of logs that were read and are not whole, or are there twice.

use crate::query::partial_reasons;
use crate::{App, CollectWarning, Collected, Error};
use std::collections::{HashMap, HashSet};
use tinderbox_model::Application;

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
        if read_logs.is_empty() {
            return Ok(());
        }
        let rows = self.inner.store.history_list().await?;
        let mut logs: HashMap<_, Vec<&str>> = HashMap::new();
        for row in &rows {
            logs.entry((&row.application, &row.attempt)).or_default().push(&row.event_log);
        }
        for row in rows.iter().filter(|row| read_logs.contains(&row.event_log)) {
            let same = logs.get(&(&row.application, &row.attempt)).into_iter().flatten();
            for other in same.filter(|log| **log != row.event_log) {
                let reason = format!(
                    "{other} is a log of the same attempt of {}; /api/v1 shows the one that changed last",
                    row.application
                );
                done.add_warning(row.event_log.clone(), vec![reason]);
            }
        }
        done.warnings.sort_by(|a, b| a.log.cmp(&b.log));
        Ok(())
    }
}
