//! Spark's own History Servers as a source: event logs are downloaded one by one and collected as if they lay here.

use crate::collect::{LogIdentity, id_of};
use crate::{App, CollectFailure, CollectStep, Collected, Error, blocking};
use std::path::Path;
use std::sync::Arc;
use tinderbox_collect::{Depth, HistoryAttempt, HistoryQuery, HistoryServer, Location, list};
use tinderbox_model::Bytes;
use tinderbox_store::EventLog;

/// Told what a collection does, from whichever thread does it.
pub type OnStep = Arc<dyn Fn(CollectStep) + Send + Sync>;

impl App {
    /// Downloads and reads the event logs of all attempts that the query names. An attempt that the server has not
    /// seen changing since is not downloaded again. At most one log lies in the data directory at a time.
    ///
    /// # Errors
    /// [`Error::Collect`] when the server does not list its applications; [`Error::Store`]; [`Error::File`]. Attempts
    /// that fail are in the answer.
    pub async fn collect_from_history_server(
        &self,
        server: HistoryServer,
        query: HistoryQuery,
        on_step: OnStep,
    ) -> Result<Collected, Error> {
        let server = Arc::new(server);
        let folder = self.inner.data_dir.root().join("downloads");
        // What a command that was killed has left.
        clear(&folder).await?;
        let attempts = blocking({
            let server = Arc::clone(&server);
            move || server.attempts(&query).map_err(Error::Collect)
        })
        .await?;
        on_step(CollectStep::Listed { num_logs: attempts.len(), num_bytes: Bytes::ZERO });
        let mut done = Collected::default();
        for attempt in attempts {
            on_step(CollectStep::Begun { log: attempt.url.clone() });
            let url = attempt.url.clone();
            match self.collect_attempt_of(&server, attempt, &folder, &on_step).await {
                Ok(Some(reasons)) => {
                    done.collected += 1;
                    done.add_warning(url, reasons);
                }
                Ok(None) => done.unchanged += 1,
                Err(error) => done.failed.push(CollectFailure::of(&error)),
            }
            on_step(CollectStep::Ended { num_bytes: Bytes::ZERO });
            clear(&folder).await?;
        }
        self.write_tables_alone().await;
        Ok(done)
    }

    /// What is wrong with the log that was read; `None` when it had not changed.
    async fn collect_attempt_of(
        &self,
        server: &Arc<HistoryServer>,
        attempt: HistoryAttempt,
        folder: &Path,
        on_step: &OnStep,
    ) -> Result<Option<Vec<String>>, Error> {
        // The size is not known before the download; the time of the last change tells enough.
        let identity = LogIdentity {
            url: attempt.url.clone(),
            size: Bytes::ZERO,
            modified: attempt.last_updated,
        };
        let known = self.inner.store.event_log_get(&identity.url).await?;
        if known.is_some_and(|known| !has_changed(&known, &identity)) {
            return Ok(None);
        }
        let (server, folder, on_step) =
            (Arc::clone(server), folder.to_owned(), Arc::clone(on_step));
        let log = blocking(move || {
            std::fs::create_dir_all(&folder)
                .map_err(|source| Error::File { path: folder.clone(), source })?;
            let on_bytes = |num_bytes| on_step(CollectStep::Received { num_bytes });
            let path = server.download(&attempt, &folder, &on_bytes).map_err(Error::Collect)?;
            let location = Location::Local(path);
            let mut listing = list(&location, Depth::OneLevel).map_err(Error::Collect)?;
            listing.logs.pop().ok_or_else(|| {
                Error::Collect(tinderbox_collect::Error::NoLogs { place: attempt.url })
            })
        })
        .await?;
        let _alone = self.inner.collecting.lock().await;
        let reading = self.inner.opening.begin(id_of(&identity.url), &log);
        self.collect_log(identity, &log, reading).await.map(Some)
    }
}

/// Whether an attempt is not as it was when it was read. One whose run was pruned is not read again: it would be counted
/// twice.
fn has_changed(known: &EventLog, now: &LogIdentity) -> bool {
    known.run.is_some() && known.modified != now.modified
}

async fn clear(folder: &Path) -> Result<(), Error> {
    let folder = folder.to_owned();
    blocking(move || match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(|source| Error::File { path: folder, source }),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinderbox_model::TimestampMs;

    #[test]
    fn an_attempt_whose_run_was_pruned_is_not_read_again() {
        let url = "http://history:18080/api/v1/applications/app-1".to_owned();
        let now =
            |ms| LogIdentity { url: url.clone(), size: Bytes::ZERO, modified: TimestampMs(ms) };
        let known = EventLog {
            url: url.clone(),
            size: Bytes::ZERO,
            modified: TimestampMs(1),
            run: Some(id_of(&url)),
            collected: TimestampMs(2),
        };
        assert!(!has_changed(&known, &now(1)));
        assert!(has_changed(&known, &now(3)));
        let pruned = EventLog { run: None, ..known };
        assert!(!has_changed(&pruned, &now(3)));
    }
}
