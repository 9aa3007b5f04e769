//! Logs of attempts on clusters, which are brought into the attempt's folder piece by piece.

use crate::plan::{AttemptRecord, LaunchPlan};
use crate::{App, Error, LogOf, chain, lock, now};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tinderbox_engine::{Cluster, ExecutorLog, Identity, Target, ToldExecutor};
use tinderbox_model::{Executor, RunId};
use tinderbox_store::Run;

/// Somebody who reads along asks more often than this; the cluster is not.
const FRESH: Duration = Duration::from_millis(700);
/// How long somebody who reads along waits for a cluster before what is here is shown.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long the logs of executors are copied at a time, and after the end.
const TURN: Duration = Duration::from_secs(5);
const LAST_TURN: Duration = Duration::from_secs(20);

/// When logs were last copied. Each is copied by one at a time.
#[derive(Debug, Default)]
pub(crate) struct LogCopies {
    of_runs: Mutex<HashMap<RunId, HashMap<LogOf, Copied>>>,
}

type Copied = Arc<tokio::sync::Mutex<LastCopy>>;

#[derive(Debug, Default)]
struct LastCopy {
    at: Option<Instant>,
    /// Its executor had ended before: the next copy is the last one, when the run is over.
    has_all: bool,
}

impl LastCopy {
    fn is_fresh(&self, fresh: Duration) -> bool {
        self.at.is_some_and(|at| at.elapsed() < fresh)
    }
}

/// What is to be copied of executors.
#[derive(Clone, Copy)]
enum Part {
    /// What has been added, unless that was just copied.
    News,
    /// All, because nothing more is printed.
    Rest,
}

impl App {
    /// Brings the driver's log here as far as it can be had, unless that was just done; without it the run goes on all the same.
    pub(super) async fn copy_log(&self, run: &Run, identity: &Identity) {
        self.copy_driver_log(run, identity, FRESH).await;
    }

    /// Brings the rest of an ended attempt's log here.
    pub(super) async fn copy_last_log(&self, run: &Run, identity: &Identity) {
        self.copy_driver_log(run, identity, Duration::ZERO).await;
    }

    /// The same of executors' logs: of as many as can be had in a short time, beginning with another one each time.
    pub(super) async fn copy_executor_logs(&self, run: &Run, identity: &Identity) {
        let copied = self.copy_logs_of_executors(run, identity, Part::News);
        let _ = tokio::time::timeout(TURN, copied).await;
    }

    /// Brings the rest of the logs of executors here that print nothing more.
    pub(super) async fn copy_last_executor_logs(&self, run: &Run, identity: &Identity) {
        let copied = self.copy_logs_of_executors(run, identity, Part::Rest);
        if tokio::time::timeout(LAST_TURN, copied).await.is_err() {
            tracing::warn!(run = %run.id, "not all logs of executors were copied within {LAST_TURN:?}");
        }
    }

    /// To be called when nothing is copied any more.
    pub(super) fn forget_copies(&self, run: &RunId) {
        lock(&self.inner.log_copies.of_runs).remove(run);
    }

    /// Brings here what somebody is about to read. Dropping a copy in the middle is harmless: what was not noted is cut off by
    /// the next one.
    pub(crate) async fn copy_log_for_reader(&self, run: &Run, of: &LogOf) -> Result<(), Error> {
        let Some(identity) = self.identity_of(run).await? else { return Ok(()) };
        let copied = async {
            match of {
                LogOf::Driver => self.copy_log(run, &identity).await,
                LogOf::Executor(id) => {
                    let Ok((cluster, executors)) =
                        self.executors_of(run, &identity, Part::News).await
                    else {
                        return;
                    };
                    if let Some(executor) = executors.iter().find(|one| one.id == *id) {
                        self.copy_log_of_executor(run, &identity, (&cluster, executor), Part::News)
                            .await;
                    }
                }
            }
        };
        let _ = tokio::time::timeout(PATIENCE, copied).await;
        Ok(())
    }

    /// The same for somebody who looks which executors have a log.
    pub(crate) async fn copy_executor_logs_for_reader(&self, run: &Run) -> Result<(), Error> {
        if let Some(identity) = self.identity_of(run).await? {
            let copied = self.copy_executor_logs(run, &identity);
            let _ = tokio::time::timeout(PATIENCE, copied).await;
        }
        Ok(())
    }

    /// Of the latest attempt, while the run lasts.
    async fn identity_of(&self, run: &Run) -> Result<Option<Identity>, Error> {
        if run.state.is_final() {
            return Ok(None);
        }
        let attempt = self.inner.store.attempt_latest(&run.id).await?;
        Ok(attempt.as_ref().and_then(AttemptRecord::of).and_then(|record| record.identity))
    }

    async fn copy_driver_log(&self, run: &Run, identity: &Identity, fresh: Duration) {
        if identity.intent().target == Target::Local {
            return;
        }
        let copied = self.copied(run, LogOf::Driver);
        let mut copied = copied.lock().await;
        if copied.is_fresh(fresh) {
            return;
        }
        let hidden = self.hidden(&LaunchPlan::of(run).secrets);
        let done = match self.cluster_of(&identity.intent().target) {
            Ok(cluster) => cluster.copy_log(identity, hidden.values()).await.map_err(Error::Engine),
            Err(error) => Err(error),
        };
        copied.at = Some(Instant::now());
        if let Err(error) = done {
            tracing::debug!(run = %run.id, "the driver's log cannot be had: {}", chain(&error));
        }
    }

    async fn copy_logs_of_executors(&self, run: &Run, identity: &Identity, part: Part) {
        let (cluster, mut executors) = match self.executors_of(run, identity, part).await {
            Ok(found) => found,
            Err(error) => {
                let what = chain(&error);
                tracing::debug!(run = %run.id, "the executors' logs cannot be had: {what}");
                return;
            }
        };
        if !executors.is_empty() {
            let begin = usize::try_from(now().0 / 1_000).unwrap_or(0) % executors.len();
            executors.rotate_left(begin);
        }
        for executor in &executors {
            self.copy_log_of_executor(run, identity, (&cluster, executor), part).await;
        }
    }

    async fn copy_log_of_executor(
        &self,
        run: &Run,
        identity: &Identity,
        (cluster, executor): (&Cluster, &ExecutorLog),
        part: Part,
    ) {
        let copied = self.copied(run, LogOf::Executor(executor.id.clone()));
        let mut copied = copied.lock().await;
        let is_rest = matches!(part, Part::Rest);
        if !is_rest && (copied.has_all || copied.is_fresh(FRESH)) {
            return;
        }
        let hidden = self.hidden(&LaunchPlan::of(run).secrets);
        let done = cluster.copy_executor_log(identity, executor, is_rest, hidden.values()).await;
        copied.at = Some(Instant::now());
        match done.map_err(Error::Engine) {
            Ok(()) => copied.has_all = executor.has_ended,
            Err(error) => {
                let (id, what) = (&executor.id, chain(&error));
                tracing::debug!(run = %run.id, "the log of executor {id} cannot be had: {what}");
            }
        }
    }

    /// The executors whose logs can be had, and where they are.
    async fn executors_of(
        &self,
        run: &Run,
        identity: &Identity,
        part: Part,
    ) -> Result<(Cluster, Vec<ExecutorLog>), Error> {
        let place;
        let target = match &identity.intent().target {
            Target::Local => {
                place =
                    self.place_of(&LaunchPlan::of(run)).await?.executors_target(&self.inner.host);
                &place
            }
            target => target,
        };
        let cluster = self.cluster_of(target)?;
        if *target == Target::Local {
            return Ok((cluster, Vec::new()));
        }
        let told = self.told_executors(run, part).await;
        let found = cluster.executor_logs(identity, &told).await.map_err(Error::Engine)?;
        Ok((cluster, found))
    }

    /// The executors that the application has told of. The record may be that of an earlier attempt until this one is over.
    async fn told_executors(&self, run: &Run, part: Part) -> Vec<ToldExecutor> {
        let told_live = self.inner.live.read(&run.id, |live| told(live.fold().executors()));
        if let Some(told) = told_live.filter(|told| !told.is_empty()) {
            return told;
        }
        let application = match self.inner.growing.view(&run.id) {
            Some(view) => Some(view.application),
            None if matches!(part, Part::Rest) => self.application_of(&run.id).await.ok(),
            None => None,
        };
        application.map(|application| told(application.executors.iter())).unwrap_or_default()
    }

    fn copied(&self, run: &Run, of: LogOf) -> Copied {
        let mut runs = lock(&self.inner.log_copies.of_runs);
        runs.entry(run.id.clone()).or_default().entry(of).or_default().clone()
    }
}

fn told<'a>(executors: impl Iterator<Item = &'a Executor>) -> Vec<ToldExecutor> {
    let with_logs = executors.filter(|one| one.id.as_str() != "driver" && !one.logs.is_empty());
    with_logs
        .map(|one| ToldExecutor {
            id: one.id.to_string(),
            logs: one.logs.iter().map(|(_, url)| url.clone()).collect(),
            has_ended: one.remove_time.is_some(),
        })
        .collect()
}
