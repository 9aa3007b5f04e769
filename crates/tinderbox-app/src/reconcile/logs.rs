//! Drivers' logs of attempts on clusters, which are brought into the attempt's folder piece by piece.

use crate::plan::{AttemptRecord, LaunchPlan};
use crate::{App, Error, chain, lock};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tinderbox_engine::{Identity, Target};
use tinderbox_model::RunId;
use tinderbox_store::Run;

/// Somebody who reads along asks more often than this; the cluster is not.
const FRESH: Duration = Duration::from_millis(700);
/// How long somebody who reads along waits for a cluster before what is here is shown.
const PATIENCE: Duration = Duration::from_secs(3);

/// When logs were last copied, by run. Each is copied by one at a time.
#[derive(Debug, Default)]
pub(crate) struct LogCopies {
    of_runs: Mutex<HashMap<RunId, Arc<tokio::sync::Mutex<Option<Instant>>>>>,
}

impl App {
    /// Brings the log here as far as it can be had, unless that was just done; without it the run goes on all the same.
    pub(super) async fn copy_log(&self, run: &Run, identity: &Identity) {
        self.copy_unless_fresh(run, identity, FRESH).await;
    }

    /// Brings the rest of an ended attempt's log here.
    pub(super) async fn copy_last_log(&self, run: &Run, identity: &Identity) {
        self.copy_unless_fresh(run, identity, Duration::ZERO).await;
        lock(&self.inner.log_copies.of_runs).remove(&run.id);
    }

    /// Brings here what somebody is about to read.
    pub(crate) async fn copy_log_for_reader(&self, run: &Run) -> Result<(), Error> {
        if run.state.is_final() {
            return Ok(());
        }
        let attempt = self.inner.store.attempt_latest(&run.id).await?;
        let identity =
            attempt.as_ref().and_then(AttemptRecord::of).and_then(|record| record.identity);
        if let Some(identity) = identity {
            // Dropping a copy in the middle is harmless: what was not noted is cut off by the next one.
            let _ = tokio::time::timeout(PATIENCE, self.copy_log(run, &identity)).await;
        }
        Ok(())
    }

    async fn copy_unless_fresh(&self, run: &Run, identity: &Identity, fresh: Duration) {
        if identity.intent().target == Target::Local {
            return;
        }
        let copied =
            lock(&self.inner.log_copies.of_runs).entry(run.id.clone()).or_default().clone();
        let mut copied = copied.lock().await;
        if copied.is_some_and(|at| at.elapsed() < fresh) {
            return;
        }
        let hidden = self.hidden(&LaunchPlan::of(run).secrets);
        let done = match self.cluster_of(&identity.intent().target) {
            Ok(cluster) => cluster.copy_log(identity, hidden.values()).await.map_err(Error::Engine),
            Err(error) => Err(error),
        };
        *copied = Some(Instant::now());
        if let Err(error) = done {
            tracing::debug!(run = %run.id, "the driver's log cannot be had: {}", chain(&error));
        }
    }
}
