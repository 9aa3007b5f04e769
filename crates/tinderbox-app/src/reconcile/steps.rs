//! What is done next of all runs that are not finished: a step for one that needs it, and for the many of which their cluster
//! has nothing new one question for all of them.
//!
//! Nothing here is needed after a restart: a run that is not known here gets a step.

use super::REST;
use crate::{App, chain};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tinderbox_engine::{Identity, Status, Target};
use tinderbox_model::RunId;
use tinderbox_store::Run;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

/// How often a cluster is asked about its runs: people see a change within a second, and no cluster minds.
const LOOKS: Duration = Duration::from_millis(550);
/// This machine answers in microseconds.
const LOCAL_LOOKS: Duration = Duration::from_millis(250);
/// A run whose cluster has no news gets a step all the same after so long, for what no cluster tells.
const QUIET: Duration = Duration::from_secs(30);
/// One whose driver waits may have waited long enough; where many wait, that is seen later.
const WAITS: Duration = Duration::from_secs(3);
const FEW: usize = 100;
/// The shortest time between two copies of a log that nobody looks at.
const COPIES: Duration = Duration::from_secs(5);
/// With many runs their logs are copied more rarely: one in so much time.
const COPY_TURN: Duration = Duration::from_millis(50);
const COPIES_AT_ONCE: usize = 4;

/// What is to be done after a step.
pub(super) enum Next {
    /// Whatever the store says.
    Now,
    /// Nothing for so long.
    After(Duration),
    /// Nothing until there is news of an attempt that stands so.
    OnNews(Box<(Identity, Status)>),
}

/// All steps, looks and copies that are in flight; aborted with the reconciler.
#[derive(Default)]
pub(super) struct Steps {
    steps: JoinSet<(Run, Next)>,
    of_runs: HashMap<RunId, AbortHandle>,
    resting: HashMap<RunId, Instant>,
    quiet: HashMap<RunId, Quiet>,
    clusters: Vec<Looks>,
    copies: JoinSet<()>,
}

/// A run that waits or works, and of which nothing is to be done.
struct Quiet {
    attempt: Arc<Followed>,
    until: Instant,
    copied: Instant,
}

struct Followed {
    run: Run,
    identity: Identity,
    status: Status,
}

/// The questions to one cluster.
struct Looks {
    target: Target,
    asked: Instant,
    /// Answers the runs of which there is news.
    look: Option<JoinHandle<Vec<RunId>>>,
}

impl Drop for Looks {
    fn drop(&mut self) {
        if let Some(look) = &self.look {
            look.abort();
        }
    }
}

impl Steps {
    /// Takes note of what has ended. To be called before the store is asked: a row that was read before its run's last
    /// step ended is out of date.
    pub(super) async fn settle(&mut self) {
        let now = Instant::now();
        while let Some(ended) = self.steps.try_join_next() {
            match ended {
                Ok((_, Next::Now)) => {}
                Ok((run, Next::After(rest))) => {
                    self.resting.insert(run.id, now + rest);
                }
                Ok((run, Next::OnNews(news))) => {
                    let (id, (identity, status)) = (run.id.clone(), *news);
                    let is_short = status != Status::Running && self.quiet.len() < FEW;
                    let until = now + if is_short { WAITS } else { QUIET };
                    let attempt = Arc::new(Followed { run, identity, status });
                    self.quiet.insert(id, Quiet { attempt, until, copied: now });
                }
                Err(error) => tracing::error!("a step of a run broke off: {error}"),
            }
        }
        self.of_runs.retain(|_, step| !step.is_finished());
        while self.copies.try_join_next().is_some() {}
        for cluster in &mut self.clusters {
            let Some(look) = cluster.look.take_if(|look| look.is_finished()) else { continue };
            for run in look.await.unwrap_or_default() {
                self.quiet.remove(&run);
            }
        }
        self.clusters.retain(|cluster| cluster.look.is_some() || cluster.asked.elapsed() < QUIET);
    }

    /// Does what is due, given all runs that are not finished.
    pub(super) fn go_on(&mut self, app: &App, runs: Vec<Run>) {
        let known: HashSet<&RunId> = runs.iter().map(|run| &run.id).collect();
        self.quiet.retain(|run, _| known.contains(run));
        self.resting.retain(|run, _| known.contains(run));
        for run in runs {
            self.begin(app, run);
        }
        self.look(app);
        self.copy_logs(app);
    }

    /// Begins the next step of a run unless one is in flight or none is needed.
    fn begin(&mut self, app: &App, run: Run) {
        if self.of_runs.contains_key(&run.id) {
            return;
        }
        let now = Instant::now();
        if let Some(quiet) = self.quiet.get(&run.id) {
            let is_as_it_was =
                run.state == quiet.attempt.run.state && app.asked_end(&run).is_none();
            if is_as_it_was && now < quiet.until {
                return;
            }
            self.quiet.remove(&run.id);
        }
        if self.resting.get(&run.id).is_some_and(|until| now < *until) {
            return;
        }
        self.resting.remove(&run.id);
        let (app, id) = (app.clone(), run.id.clone());
        let step = self.steps.spawn(async move {
            let next = match app.step(&run).await {
                Ok(next) => next,
                Err(error) => {
                    let what = chain(&error);
                    tracing::warn!(run = %run.id, "a step failed and is tried again: {what}");
                    Next::After(REST)
                }
            };
            (run, next)
        });
        self.of_runs.insert(id, step);
    }

    /// Asks each cluster about its quiet runs, all at once.
    fn look(&mut self, app: &App) {
        for quiet in self.quiet.values() {
            let target = &quiet.attempt.identity.intent().target;
            if !self.clusters.iter().any(|cluster| cluster.target == *target) {
                let asked = Instant::now();
                self.clusters.push(Looks { target: target.clone(), asked, look: None });
            }
        }
        for cluster in &mut self.clusters {
            let period = if cluster.target == Target::Local { LOCAL_LOOKS } else { LOOKS };
            if cluster.look.is_some() || cluster.asked.elapsed() < period {
                continue;
            }
            let attempts: Vec<_> = self
                .quiet
                .values()
                .filter(|quiet| quiet.attempt.identity.intent().target == cluster.target)
                .map(|quiet| quiet.attempt.clone())
                .collect();
            if attempts.is_empty() {
                continue;
            }
            cluster.asked = Instant::now();
            let (app, target) = (app.clone(), cluster.target.clone());
            cluster.look = Some(tokio::spawn(async move {
                let news = app.news(&target, attempts).await;
                if !news.is_empty() {
                    app.inner.work.notify_one();
                }
                news
            }));
        }
    }

    /// Brings logs here, so that they are there when their cluster is not any more.
    fn copy_logs(&mut self, app: &App) {
        let many = u32::try_from(self.quiet.len()).unwrap_or(u32::MAX);
        let period = COPIES.max(COPY_TURN.saturating_mul(many));
        for quiet in self.quiet.values_mut() {
            if self.copies.len() >= COPIES_AT_ONCE {
                return;
            }
            let is_elsewhere = quiet.attempt.identity.intent().target != Target::Local;
            if is_elsewhere
                && quiet.attempt.status == Status::Running
                && quiet.copied.elapsed() >= period
            {
                quiet.copied = Instant::now();
                let (app, attempt) = (app.clone(), quiet.attempt.clone());
                self.copies.spawn(async move {
                    app.copy_log(&attempt.run, &attempt.identity).await;
                    app.copy_executor_logs(&attempt.run, &attempt.identity).await;
                });
            }
        }
    }
}

impl App {
    /// Which of these attempts on one cluster do not stand as they did, or may not.
    async fn news(&self, target: &Target, attempts: Vec<Arc<Followed>>) -> Vec<RunId> {
        let identities: Vec<_> = attempts.iter().map(|attempt| &attempt.identity).collect();
        let seen = match self.cluster_of(target) {
            Ok(cluster) => cluster.overview(&identities).await.ok(),
            Err(_) => None,
        };
        // Without an answer each step finds out for itself what to say of its run.
        let seen = seen.unwrap_or_default().into_iter().chain(std::iter::repeat(None));
        let news = attempts.iter().zip(seen);
        news.filter(|(attempt, status)| status.as_ref() != Some(&attempt.status))
            .map(|(attempt, _)| attempt.run.id.clone())
            .collect()
    }
}
