//! Spark's own History Servers as a source: event logs are downloaded one by one and collected as if they lay here.

use crate::collect::LogIdentity;
use crate::{App, CollectFailure, CollectStep, Collected, Error, blocking};
use std::path::Path;
use std::sync::Arc;
use tinderbox_collect::{Depth, HistoryAttempt, HistoryQuery, HistoryServer, Location, list};
use tinderbox_model::Bytes;

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
            match self.collect_attempt_of(&server, attempt, &folder, &on_step).await {
                Ok(true) => done.collected += 1,
                Ok(false) => done.unchanged += 1,
                Err(error) => done.failed.push(CollectFailure::of(&error)),
            }
            on_step(CollectStep::Ended { num_bytes: Bytes::ZERO });
            clear(&folder).await?;
        }
        Ok(done)
    }

    /// True when the log was read, false when it had not changed.
    async fn collect_attempt_of(
        &self,
        server: &Arc<HistoryServer>,
        attempt: HistoryAttempt,
        folder: &Path,
        on_step: &OnStep,
    ) -> Result<bool, Error> {
        // The size is not known before the download; the time of the last change tells enough.
        let identity = LogIdentity {
            url: attempt.url.clone(),
            size: Bytes::ZERO,
            modified: attempt.last_updated,
        };
        let known = self.inner.store.event_log_get(&identity.url).await?;
        if known.is_some_and(|log| log.modified == identity.modified) {
            return Ok(false);
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
        self.collect_log(identity, &log).await?;
        Ok(true)
    }
}

async fn clear(folder: &Path) -> Result<(), Error> {
    let folder = folder.to_owned();
    blocking(move || match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(|source| Error::File { path: folder, source }),
    })
    .await
}
