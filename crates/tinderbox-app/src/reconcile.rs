//! The reconciler: the one thing that moves runs from state to state.
//!
//! It looks at the store and at the engine and does the next step of every run that is not finished; woken by
//! signal and by timer. It keeps nothing in memory that it needs, so a restart is no special case. Every run has at
//! most one step in flight, and no run waits for another's.

mod logs;
mod steps;

pub(crate) use logs::LogCopies;

use crate::plan::{AttemptRecord, LaunchPlan};
use crate::{App, Error, RunView, chain, now};
use std::time::{Duration, Instant};
use steps::{Next, Steps};
use tinderbox_engine::{ExitReason, Identity, Intent, Outcome, Status, Target, Trace};
use tinderbox_model::{Origin, Retry, RunId, RunState};
use tinderbox_spec::{START_TIMEOUT, Spec};
use tinderbox_store::{ApplicationRecord, Attempt, AttemptChange, CancelAnswer, Run, RunChange};

/// How often runs are looked at when nothing wakes the reconciler: processes end without telling us.
const PERIOD: Duration = Duration::from_millis(300);
/// Looks at all runs take one part in so many of the time, but for as much as this at once.
const LOOKS_SHARE: u32 = 4;
const AT_ONCE: Duration = Duration::from_millis(150);
/// How long a run rests after a step of it has failed: what fails once mostly fails again at once.
const REST: Duration = Duration::from_secs(2);
/// How long Spark gets to stop before it is killed: its shutdown hooks close the event log.
const GRACE: Duration = Duration::from_secs(10);
/// How long a run rests that is between two states: as often as people can see a change, and no cluster minds.
const CLUSTER_PERIOD: Duration = Duration::from_millis(700);
/// Clusters that grow and shrink have ever new reasons.
const MOST_NOTES: usize = 20;

/// The attempt that a run is at.
#[derive(Debug, Clone)]
pub(crate) struct Current {
    pub attempt: Attempt,
    pub record: AttemptRecord,
}

impl App {
    /// Asks for the end of a run. It ends when Spark has stopped.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], [`Error::AmbiguousRun`], [`Error::NotLaunchedHere`], [`Error::AlreadyEnded`],
    /// [`Error::Store`].
    pub async fn cancel(&self, id: &str) -> Result<RunView, Error> {
        let run = self.find(id).await?;
        if run.origin != Origin::Launched {
            return Err(Error::NotLaunchedHere { id: run.id.to_string() });
        }
        match self.inner.store.run_request_cancel(&run.id, now()).await? {
            CancelAnswer::AlreadyOver(state) => {
                return Err(Error::AlreadyEnded { id: run.id.to_string(), state: state.as_str() });
            }
            CancelAnswer::Cancelled => self.announce(&run.id),
            CancelAnswer::Requested => self.inner.work.notify_one(),
        }
        self.run(run.id.as_str()).await
    }

    pub(crate) async fn reconcile(self) {
        let mut steps = Steps::default();
        let (mut began, mut owed) = (Instant::now(), Duration::ZERO);
        loop {
            owed = owed.saturating_sub(began.elapsed() / LOOKS_SHARE);
            began = Instant::now();
            steps.settle().await;
            match self.inner.store.run_unfinished().await {
                Ok(runs) => steps.go_on(&self, runs),
                Err(error) => tracing::warn!("the store does not answer: {}", chain(&error)),
            }
            // Where many runs come in a second, each says so: reading thousands of rows for each would be all that is done.
            owed += began.elapsed();
            tokio::time::sleep((owed.saturating_sub(AT_ONCE) * LOOKS_SHARE).min(PERIOD)).await;
            let _ = tokio::time::timeout(PERIOD, self.inner.work.notified()).await;
        }
    }

    /// The next step of one run.
    async fn step(&self, run: &Run) -> Result<Next, Error> {
        match run.state {
            RunState::Queued => match self.start(run).await? {
                // Somebody may ask for its end meanwhile.
                Some(rest) => Ok(Next::After(rest.min(REST))),
                None => Ok(Next::Now),
            },
            RunState::Submitting | RunState::Starting | RunState::Running | RunState::Lost => {
                self.follow(run).await
            }
            RunState::Succeeded | RunState::Failed | RunState::Cancelled | RunState::TimedOut => {
                Ok(Next::Now)
            }
        }
    }

    /// The spec of a run that was launched here.
    pub(crate) async fn spec_of(&self, run: &Run, plan: &LaunchPlan) -> Result<Spec, Error> {
        let text = self.spec_text_of(run).await?;
        let loaded = tinderbox_spec::load(&plan.spec_name, &text, &plan.choice())
            .map_err(|_| Error::Background("the stored spec does not load".to_owned()))?;
        Ok(loaded.spec)
    }

    /// Its text.
    pub(crate) async fn spec_text_of(&self, run: &Run) -> Result<String, Error> {
        let text = match &run.spec_hash {
            Some(hash) => self.inner.store.spec_get(hash).await?.map(|spec| spec.text),
            None => None,
        };
        text.ok_or_else(|| Error::NoSpec { id: run.id.to_string() })
    }

    /// Looks what became of an attempt and does what follows from it.
    async fn follow(&self, run: &Run) -> Result<Next, Error> {
        let attempt = self.inner.store.attempt_latest(&run.id).await?;
        let Some(current) = attempt.and_then(|attempt| {
            let record = AttemptRecord::of(&attempt)?;
            Some(Current { attempt, record })
        }) else {
            return Err(Error::Background("a run without a readable attempt".to_owned()));
        };
        let target = &current.record.intent.target;
        let again = if *target == Target::Local { Next::Now } else { Next::After(CLUSTER_PERIOD) };
        let identity = match current.record.identity.clone() {
            Some(identity) => identity,
            None => match self.adopt(run, &current).await? {
                Some(identity) => identity,
                None => return Ok(again),
            },
        };
        let cluster = self.cluster_of(&identity.intent().target)?;
        let status = match cluster.status(&identity).await {
            Ok(status) => status,
            Err(error) => {
                self.cannot_say(run, &error).await?;
                return Ok(Next::After(REST));
            }
        };
        if status.is_final() {
            let was_cancelled = identity.intent().was_cancelled();
            let asked = self.asked_end(run).filter(|_| was_cancelled);
            self.finish(run, &current, &identity, End { status, asked, why: None }).await?;
            return Ok(Next::Now);
        }
        if let Some(end) = self.asked_end(run) {
            self.stop(run, &current, &identity, (end, None)).await?;
            return Ok(Next::Now);
        }
        if let Status::Waiting { reason } = &status {
            self.wait(run, &current, &identity, reason.as_deref()).await?;
            let is_settled = run.state == RunState::Starting;
            return Ok(if is_settled { Next::OnNews(Box::new((identity, status))) } else { again });
        }
        if run.state != RunState::Running {
            self.copy_log(run, &identity).await;
        }
        self.tell_start(run, &current).await?;
        if run.state == RunState::Running && !self.tells_start(run, &current) {
            return Ok(Next::OnNews(Box::new((identity, status))));
        }
        let is_container = matches!(identity, Identity::Kubernetes(_));
        self.watch(run, &current.attempt, is_container).await?;
        Ok(again)
    }

    /// A cluster that does not answer says nothing about its runs.
    async fn cannot_say(&self, run: &Run, error: &tinderbox_engine::Error) -> Result<(), Error> {
        match error {
            tinderbox_engine::Error::Unreachable { .. }
            | tinderbox_engine::Error::Undecided { .. }
            | tinderbox_engine::Error::Refused { .. }
            | tinderbox_engine::Error::Kubernetes(_) => self.lose(run, &chain(error)).await,
            other => Err(Error::Background(chain(other))),
        }
    }

    /// After a crash between intent and launch, or between launch and its record.
    async fn adopt(&self, run: &Run, current: &Current) -> Result<Option<Identity>, Error> {
        let intent = &current.record.intent;
        let trace = match self.find_trace(intent).await {
            Err(Error::Engine(error)) if intent.target != Target::Local => {
                self.cannot_say(run, &error).await?;
                // What was asked for can be had without the cluster only where it was never asked.
                return Ok(None);
            }
            found => found?,
        };
        match trace {
            Trace::Started(identity) => {
                let record =
                    AttemptRecord { identity: Some(identity.clone()), ..current.record.clone() };
                self.keep(&current.attempt, &record).await?;
                Ok(Some(identity))
            }
            Trace::NotLaunched => {
                if let Some(end) = self.asked_end(run) {
                    let cluster = self.cluster_of(&intent.target)?;
                    cluster.withdraw(intent).await.map_err(Error::Engine)?;
                    self.end_unlaunched(run, end).await?;
                    return Ok(None);
                }
                self.launch_again(run, current).await?;
                Ok(None)
            }
            Trace::NeverStarted => {
                let why = "the server ended while it started Spark; nothing was started";
                self.never_started(run, current, why).await?;
                Ok(None)
            }
            Trace::Unknown { why } => {
                match self.asked_end(run) {
                    // A person decides that it is over. Should it appear after all, it is not ours any more.
                    Some(end) => {
                        let why = format!(
                            "{}, while nobody could tell whether it ran: {why}",
                            end.as_str()
                        );
                        let change = RunChange { error: Some(why), ..RunChange::at(now()) };
                        self.end(&run.id, end, &change).await?;
                    }
                    None => self.lose(run, &why).await?,
                }
                Ok(None)
            }
        }
    }

    /// While the cluster has no room for the driver.
    async fn wait(
        &self,
        run: &Run,
        current: &Current,
        identity: &Identity,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        let place = self.place_of(&LaunchPlan::of(run)).await?;
        let most = place.profile.map_or(START_TIMEOUT, |(profile, _)| profile.start_timeout);
        if now().since(current.attempt.created) > most {
            let reason = reason.unwrap_or("it does not say why");
            let why = format!(
                "the cluster accepted the driver and did not start it within {} s: {reason}\n\
                 hint: look what the cluster is busy with; `startTimeout` in its profile is how long to wait",
                most.0 / 1000
            );
            return self.stop(run, current, identity, (RunState::Failed, Some(why))).await;
        }
        if let Some(reason) = reason
            && current.record.notes.len() < MOST_NOTES
        {
            self.note(current, &format!("waited for the cluster: {reason}")).await?;
        }
        if run.state == RunState::Submitting || run.state == RunState::Lost {
            self.move_run(&run.id, run.state, RunState::Starting, &RunChange::at(now())).await?;
        }
        Ok(())
    }

    /// Adds a sentence to what the run's page says of an attempt, once.
    async fn note(&self, current: &Current, note: &str) -> Result<(), Error> {
        if current.record.notes.iter().any(|known| known == note) {
            return Ok(());
        }
        let mut record = current.record.clone();
        record.notes.push(note.to_owned());
        self.keep(&current.attempt, &record).await
    }

    /// While Spark works: without a listener, the event log says that the application has started; of a container that runs
    /// nothing more is seen.
    async fn watch(&self, run: &Run, attempt: &Attempt, is_container: bool) -> Result<(), Error> {
        match run.state {
            RunState::Submitting => {
                self.move_run(&run.id, run.state, RunState::Starting, &RunChange::at(now()))
                    .await?;
                Ok(())
            }
            RunState::Starting | RunState::Lost
                if is_container || has_event_log(attempt) || self.has_begun(attempt) =>
            {
                self.note_running(&run.id, run.state).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether a driver of ours has begun to execute.
    fn has_begun(&self, attempt: &Attempt) -> bool {
        crate::sail_run::has_begun(&self.inner.data_dir.root().join(&attempt.directory))
    }

    /// Moves a run to `running` with what is known of its application.
    pub(crate) async fn note_running(&self, run: &RunId, from: RunState) {
        let known = self.inner.live.read(run, |live| {
            let head = live.fold().head();
            ApplicationRecord {
                application_id: head.id.clone(),
                spark_version: head.spark_version.clone(),
                user: Some(head.user.clone()).filter(|user| !user.is_empty()),
                started: head.start_time,
                ..ApplicationRecord::default()
            }
        });
        if let Err(error) = self.try_note_running(run, from, known).await {
            tracing::warn!(%run, "cannot note the start: {}", chain(&error));
        }
    }

    /// From wherever the run stands: the launch moves it too, and a listener that has nothing more to say would leave it
    /// where that left it.
    async fn try_note_running(
        &self,
        run: &RunId,
        mut from: RunState,
        known: Option<ApplicationRecord>,
    ) -> Result<(), Error> {
        if let Some(record) = known {
            self.inner.store.run_record_application(run, &record, now()).await?;
        }
        while from.can_move_to(RunState::Running) {
            if self.move_run(run, from, RunState::Running, &RunChange::at(now())).await? {
                break;
            }
            match self.inner.store.run_get(run).await? {
                Some(run) => from = run.state,
                None => break,
            }
        }
        Ok(())
    }

    pub(crate) async fn keep(
        &self,
        attempt: &Attempt,
        record: &AttemptRecord,
    ) -> Result<(), Error> {
        let change = AttemptChange { identity: Some(record.to_json()), event_log: None };
        self.inner.store.attempt_update(&attempt.run, attempt.number, &change).await?;
        Ok(())
    }

    async fn stop(
        &self,
        run: &Run,
        current: &Current,
        identity: &Identity,
        (end, why): (RunState, Option<String>),
    ) -> Result<(), Error> {
        tracing::info!(run = %run.id, "stopping Spark: {end}");
        let cluster = self.cluster_of(&identity.intent().target)?;
        // Of pods nothing is left afterwards.
        self.copy_last_log(run, identity).await;
        if matches!(identity, Identity::Kubernetes(_)) {
            self.copy_last_executor_logs(run, identity).await;
        }
        let status = cluster.cancel(identity, GRACE).await.map_err(Error::Engine)?;
        self.finish(run, current, identity, End { status, asked: Some(end), why }).await
    }

    /// Reads the record of a run that has ended, frees what it held, and gives it its final state: the last step,
    /// because nobody looks at a run that has one.
    async fn finish(
        &self,
        run: &Run,
        current: &Current,
        identity: &Identity,
        end: End,
    ) -> Result<(), Error> {
        let intent = identity.intent();
        self.copy_last_log(run, identity).await;
        // Pods of executors go with the driver's, and when we stopped it they are gone; of other executors the event log
        // says where they were.
        let are_pods = matches!(identity, Identity::Kubernetes(_));
        if are_pods && end.asked.is_none() {
            self.copy_last_executor_logs(run, identity).await;
        }
        if self.has_begun(&current.attempt) {
            // It may have begun and ended between two looks.
            self.note_running(&run.id, run.state).await;
        }
        let exit_code = end.status.exit_code();
        let reason = end.reason(intent);
        let turn = self.heavy_turn(&run.engine).await;
        let collected = match identity {
            Identity::Kubernetes(attempt) => self.collect_pods_log(run, attempt).await,
            _ => self.collect_attempt(run, &intent.shared_folder()).await,
        };
        drop(turn);
        if !are_pods && collected.is_ok() {
            self.copy_last_executor_logs(run, identity).await;
        }
        self.forget_copies(&run.id);
        let record = match collected {
            Ok(()) => current.record.clone(),
            Err(Error::Store(error)) if error.class().retry != Retry::Never => {
                return Err(error.into());
            }
            Err(error) => self.note_no_record(run, current, &error).await?,
        };
        let freed = self.cluster_of(&intent.target)?.clean_up(identity).await;
        if let Err(error) = freed.map_err(Error::Engine) {
            tracing::warn!(run = %run.id, "files of the run are left over: {}", chain(&error));
        }
        let state = match (exit_code, end.asked) {
            (Some(0), _) => RunState::Succeeded,
            (_, Some(end)) => end,
            _ => RunState::Failed,
        };
        let error = match state {
            RunState::Succeeded => None,
            RunState::Failed => end.why.or(reason.as_ref().map(|reason| reason.message.clone())),
            state => why_ended(state),
        };
        let category = reason.map(|reason| reason.category);
        if state == RunState::Failed
            && self.tries_again(run, current, category, error.as_deref()).await?
        {
            return Ok(());
        }
        let ended = now();
        // What was collected tells more of it.
        let known = self.inner.store.run_get(&run.id).await?;
        let known = known.as_ref().unwrap_or(run);
        let told = Current { attempt: current.attempt.clone(), record };
        self.tell_end(known, told, (state, ended, error.as_deref())).await?;
        self.end(&run.id, state, &RunChange { exit_code, error, ..RunChange::at(ended) }).await?;
        self.inner.live.forget(&run.id);
        Ok(())
    }

    /// The final move, from wherever the run stands by now: the listener moves it too.
    async fn end(&self, run: &RunId, state: RunState, change: &RunChange) -> Result<(), Error> {
        loop {
            let from = match self.inner.store.run_get(run).await? {
                Some(run) if !run.state.is_final() => run.state,
                _ => return Ok(()),
            };
            // Found again after a crash, when it had ended already: it did start.
            if from.can_move_to(state) {
                self.move_run(run, from, state, change).await?;
            } else {
                self.move_run(run, from, RunState::Starting, &RunChange::at(now())).await?;
            }
        }
    }

    /// Says on the run's page why nothing is known of its inside.
    async fn note_no_record(
        &self,
        run: &Run,
        current: &Current,
        error: &Error,
    ) -> Result<AttemptRecord, Error> {
        tracing::warn!(run = %run.id, "no record of the run could be read: {}", chain(error));
        let note = format!("the event log of this run could not be read: {}", chain(error));
        let mut record = current.record.clone();
        if !record.notes.contains(&note) {
            record.notes.push(note);
            self.keep(&current.attempt, &record).await?;
        }
        Ok(record)
    }

    /// The state that was asked for: cancelled by somebody, or out of time.
    pub(crate) fn asked_end(&self, run: &Run) -> Option<RunState> {
        if run.cancel_requested.is_some() {
            return Some(RunState::Cancelled);
        }
        let limit = run.timeout?;
        (now().since(run.created) > limit).then_some(RunState::TimedOut)
    }

    /// A move of the store, announced when it happened. False when the run was not (or no longer) in `from`.
    pub(crate) async fn move_run(
        &self,
        run: &RunId,
        from: RunState,
        to: RunState,
        change: &RunChange,
    ) -> Result<bool, Error> {
        let has_moved = self.inner.store.run_move(run, from, to, change).await?;
        if has_moved {
            tracing::info!(%run, "{from} -> {to}");
            self.announce(run);
        }
        Ok(has_moved)
    }
}

/// How an attempt ended.
struct End {
    status: Status,
    /// The end that somebody asked for.
    asked: Option<RunState>,
    /// Why, when it is we who ended it.
    why: Option<String>,
}

impl End {
    /// Why it did not end well.
    fn reason(&self, intent: &Intent) -> Option<ExitReason> {
        let (log, was_cancelled) = (intent.driver_log(), intent.was_cancelled());
        match &self.status {
            Status::Waiting { .. } | Status::Running => None,
            Status::Exited { code } => ExitReason::told(&intent.directory)
                .filter(|_| *code != 0 && !was_cancelled)
                .or_else(|| ExitReason::read(&log, *code, was_cancelled)),
            Status::Ended { outcome, message } => {
                let told = ExitReason::told(&intent.directory);
                told.filter(|_| *outcome != Outcome::Succeeded && !was_cancelled).or_else(|| {
                    ExitReason::on_cluster(&log, *outcome, message.as_deref(), was_cancelled)
                })
            }
            Status::Vanished => {
                Some(ExitReason::told(&intent.directory).unwrap_or_else(ExitReason::vanished))
            }
        }
    }
}

/// What a run says that was ended on purpose.
pub(crate) fn why_ended(state: RunState) -> Option<String> {
    match state {
        RunState::TimedOut => Some("the run lasted longer than its time-out".to_owned()),
        RunState::Cancelled => Some("the run was cancelled".to_owned()),
        _ => None,
    }
}

fn has_event_log(attempt: &Attempt) -> bool {
    let Some(folder) = &attempt.event_log else { return false };
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}
