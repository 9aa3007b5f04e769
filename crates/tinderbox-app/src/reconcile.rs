//! The reconciler: the one thing that moves runs from state to state.
//!
//! It looks at the store and at the engine and does the next step of every run that is not finished; woken by
//! signal and by timer. It keeps nothing in memory that it needs, so a restart is no special case. Every run has at
//! most one step in flight, and no run waits for another's.

use crate::events::{new_token, sha256_hex};
use crate::plan::{AttemptRecord, LaunchPlan, LineageTold};
use crate::{App, DataDir, Error, RunView, blocking, chain, now};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tinderbox_engine::{ExitReason, Identity, Intent, Launch, Launched, Listener, Status, Trace};
use tinderbox_model::{AttemptNumber, Origin, Retry, RunId, RunState};
use tinderbox_spec::{Spec, compile_pyspark};
use tinderbox_store::{ApplicationRecord, Attempt, AttemptChange, CancelAnswer, Run, RunChange};
use tokio::task::{AbortHandle, JoinSet};

/// How often runs are looked at when nothing wakes the reconciler: processes end without telling us.
const PERIOD: Duration = Duration::from_millis(300);
/// How long a run rests after a step of it has failed: what fails once mostly fails again at once.
const REST: Duration = Duration::from_secs(2);
/// How long Spark gets to stop before it is killed: its shutdown hooks close the event log.
const GRACE: Duration = Duration::from_secs(10);
/// Runs launched here have one attempt each in this version.
const FIRST: AttemptNumber = AttemptNumber(1);

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
        loop {
            // Before the store is asked: a row that was read before its run's last step ended is out of date.
            steps.forget_ended();
            match self.inner.store.run_unfinished().await {
                Ok(runs) => runs.into_iter().for_each(|run| steps.begin(&self, run)),
                Err(error) => tracing::warn!("the store does not answer: {}", chain(&error)),
            }
            let _ = tokio::time::timeout(PERIOD, self.inner.work.notified()).await;
        }
    }

    /// The next step of one run.
    async fn step(&self, run: &Run) -> Result<(), Error> {
        match run.state {
            RunState::Queued => self.start(run).await,
            RunState::Submitting | RunState::Starting | RunState::Running | RunState::Lost => {
                self.follow(run).await
            }
            RunState::Succeeded | RunState::Failed | RunState::Cancelled | RunState::TimedOut => {
                Ok(())
            }
        }
    }

    /// Records the intent, then launches.
    async fn start(&self, run: &Run) -> Result<(), Error> {
        if let Some(end) = self.asked_end(run) {
            return self.end_unlaunched(run, end).await;
        }
        let token = new_token();
        let directory = self.inner.data_dir.root().join(DataDir::attempt(&run.id, FIRST));
        let record = AttemptRecord {
            intent: Intent::new(&directory, &run.id, FIRST),
            identity: None,
            ingest_token_sha256: Some(sha256_hex(&token)),
            notes: Vec::new(),
            lineage: LineageTold::default(),
        };
        let attempt = Attempt {
            run: run.id.clone(),
            number: FIRST,
            state: RunState::Submitting,
            identity: record.to_json(),
            directory: DataDir::attempt(&run.id, FIRST).display().to_string(),
            event_log: Some(directory.join("eventlog").display().to_string()),
            created: now(),
            ended: None,
            exit_code: None,
        };
        if !self.inner.store.run_intent(&attempt).await? {
            return Ok(());
        }
        self.announce(&run.id);
        self.launch(run, record, token).await
    }

    async fn launch(&self, run: &Run, record: AttemptRecord, token: String) -> Result<(), Error> {
        let launched = match self.try_launch(run, &record.intent, token).await {
            Ok(launched) => launched,
            // Nothing was asked of the engine yet, and the store may answer again.
            Err(Error::Store(error)) => return Err(error.into()),
            Err(error) => match self.find_trace(&record.intent).await? {
                // It started although the launch says that it did not: slowly, or by another hand.
                Trace::Started(identity) => Launched { identity, notes: Vec::new() },
                Trace::NotLaunched | Trace::NeverStarted => {
                    let end = RunChange { error: Some(chain(&error)), ..RunChange::at(now()) };
                    self.move_run(&run.id, RunState::Submitting, RunState::Failed, &end).await?;
                    return Ok(());
                }
            },
        };
        let record =
            AttemptRecord { identity: Some(launched.identity), notes: launched.notes, ..record };
        self.keep(run, &record).await?;
        // The listener may have been faster, then this changes nothing.
        let change = RunChange::at(now());
        self.move_run(&run.id, RunState::Submitting, RunState::Starting, &change).await?;
        Ok(())
    }

    /// Gives a run of which nothing was launched the end that was asked for.
    async fn end_unlaunched(&self, run: &Run, end: RunState) -> Result<(), Error> {
        let change = RunChange { error: why_ended(end), ..RunChange::at(now()) };
        self.move_run(&run.id, run.state, end, &change).await?;
        Ok(())
    }

    async fn find_trace(&self, intent: &Intent) -> Result<Trace, Error> {
        let intent = intent.clone();
        blocking(move || intent.find().map_err(Error::Engine)).await
    }

    async fn try_launch(
        &self,
        run: &Run,
        intent: &Intent,
        token: String,
    ) -> Result<Launched, Error> {
        let plan = LaunchPlan::of(run);
        let spec = self.spec_of(run, &plan).await?;
        let spark = self.find_spark(spec.cluster().version.clone()).await?;
        let compiled = compile_pyspark(&spec.on_spark(spark.version().clone()));
        let secrets = self.secrets(compiled.secrets.iter().map(String::as_str))?;
        let listener = self.inner.listener_jar.clone().map(|jar| Listener {
            jar,
            url: format!("{}/ingest/live", self.inner.url),
            token,
        });
        let intent = intent.clone();
        let _turn = self.inner.heavy.acquire().await;
        // The launch goes on when this step is aborted, and owns the data directory until it is done.
        let owner = self.clone();
        blocking(move || {
            let launch = Launch {
                program: &compiled.source,
                working_directory: &plan.base_directory,
                conf: &compiled.launch_conf,
                cores: None,
                listener,
                environment: BTreeMap::new(),
                secrets,
            };
            let launched = spark.launch(&intent, &launch).map_err(Error::Engine);
            drop(owner);
            launched
        })
        .await
    }

    /// The spec of a run that was launched here.
    pub(crate) async fn spec_of(&self, run: &Run, plan: &LaunchPlan) -> Result<Spec, Error> {
        let text = match &run.spec_hash {
            Some(hash) => self.inner.store.spec_get(hash).await?.map(|spec| spec.text),
            None => None,
        };
        let text = text.ok_or_else(|| Error::NoSpec { id: run.id.to_string() })?;
        let loaded = tinderbox_spec::load(&plan.spec_name, &text, &plan.choice())
            .map_err(|_| Error::Background("the stored spec does not load".to_owned()))?;
        Ok(loaded.spec)
    }

    /// Looks what became of an attempt and does what follows from it.
    async fn follow(&self, run: &Run) -> Result<(), Error> {
        let attempt = self.inner.store.attempt_latest(&run.id).await?;
        let Some((attempt, record)) = attempt.and_then(|attempt| {
            let record = AttemptRecord::of(&attempt)?;
            Some((attempt, record))
        }) else {
            return Err(Error::Background("a run without a readable attempt".to_owned()));
        };
        let identity = match record.identity.clone() {
            Some(identity) => identity,
            None => match self.adopt(run, &record).await? {
                Some(identity) => identity,
                None => return Ok(()),
            },
        };
        let followed = identity.clone();
        let status = blocking(move || followed.status().map_err(Error::Engine)).await?;
        match (status, self.asked_end(run)) {
            (Status::Running, Some(end)) => self.stop(run, &record, &identity, end).await,
            (Status::Running, None) => {
                self.tell_start(run, record).await?;
                self.watch(run, &attempt).await
            }
            (ended, _) => {
                let end = if identity.was_cancelled() { self.asked_end(run) } else { None };
                self.finish(run, &record, &identity, End { status: ended, asked: end }).await
            }
        }
    }

    /// After a crash between intent and launch, or between launch and its record.
    async fn adopt(&self, run: &Run, record: &AttemptRecord) -> Result<Option<Identity>, Error> {
        match self.find_trace(&record.intent).await? {
            Trace::Started(identity) => {
                let record = AttemptRecord { identity: Some(identity.clone()), ..record.clone() };
                self.keep(run, &record).await?;
                Ok(Some(identity))
            }
            Trace::NotLaunched => {
                if let Some(end) = self.asked_end(run) {
                    self.end_unlaunched(run, end).await?;
                    return Ok(None);
                }
                // The token of the intent is lost with the process that made it; a new one replaces it.
                let token = new_token();
                let record = AttemptRecord {
                    ingest_token_sha256: Some(sha256_hex(&token)),
                    ..record.clone()
                };
                self.keep(run, &record).await?;
                self.launch(run, record, token).await?;
                Ok(None)
            }
            Trace::NeverStarted => {
                let why = "the server ended while it started Spark; nothing was started";
                let end = RunChange { error: Some(why.to_owned()), ..RunChange::at(now()) };
                self.move_run(&run.id, run.state, RunState::Failed, &end).await?;
                Ok(None)
            }
        }
    }

    /// While Spark works: without a listener, the event log says that the application has started.
    async fn watch(&self, run: &Run, attempt: &Attempt) -> Result<(), Error> {
        match run.state {
            RunState::Submitting => {
                self.move_run(&run.id, run.state, RunState::Starting, &RunChange::at(now()))
                    .await?;
                Ok(())
            }
            RunState::Starting | RunState::Lost if has_event_log(attempt) => {
                self.note_running(&run.id, run.state).await;
                Ok(())
            }
            _ => Ok(()),
        }
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

    pub(crate) async fn keep(&self, run: &Run, record: &AttemptRecord) -> Result<(), Error> {
        let change = AttemptChange { identity: Some(record.to_json()), event_log: None };
        self.inner.store.attempt_update(&run.id, FIRST, &change).await?;
        Ok(())
    }

    async fn stop(
        &self,
        run: &Run,
        record: &AttemptRecord,
        identity: &Identity,
        end: RunState,
    ) -> Result<(), Error> {
        tracing::info!(run = %run.id, "stopping Spark: {end}");
        let status = identity.cancel(GRACE).await.map_err(Error::Engine)?;
        self.finish(run, record, identity, End { status, asked: Some(end) }).await
    }

    /// Reads the record of a run that has ended, frees what it held, and gives it its final state: the last step,
    /// because nobody looks at a run that has one.
    async fn finish(
        &self,
        run: &Run,
        record: &AttemptRecord,
        identity: &Identity,
        end: End,
    ) -> Result<(), Error> {
        let (exit_code, reason) = match end.status {
            Status::Running => return Ok(()),
            Status::Exited { code } => (
                Some(code),
                ExitReason::read(&identity.driver_log(), code, identity.was_cancelled()),
            ),
            Status::Vanished => (None, Some(ExitReason::vanished())),
        };
        let turn = self.inner.heavy.acquire().await;
        let collected = self.collect_attempt(run, &identity.intent.directory).await;
        drop(turn);
        let record = match collected {
            Ok(()) => record.clone(),
            Err(Error::Store(error)) if error.class().retry != Retry::Never => {
                return Err(error.into());
            }
            Err(error) => self.note_no_record(run, record, &error).await?,
        };
        let freed = identity.clone();
        if let Err(error) = blocking(move || freed.clean_up().map_err(Error::Engine)).await {
            tracing::warn!(run = %run.id, "files of the run are left over: {}", chain(&error));
        }
        let state = match (exit_code, end.asked) {
            (Some(0), _) => RunState::Succeeded,
            (_, Some(end)) => end,
            _ => RunState::Failed,
        };
        let error = match state {
            RunState::Succeeded => None,
            RunState::Failed => reason.map(|reason| reason.message),
            state => why_ended(state),
        };
        let ended = now();
        // What was collected tells more of it.
        let known = self.inner.store.run_get(&run.id).await?;
        let known = known.as_ref().unwrap_or(run);
        self.tell_end(known, record, (state, ended, error.as_deref())).await?;
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
        record: &AttemptRecord,
        error: &Error,
    ) -> Result<AttemptRecord, Error> {
        tracing::warn!(run = %run.id, "no record of the run could be read: {}", chain(error));
        let note = format!("the event log of this run could not be read: {}", chain(error));
        let mut record = record.clone();
        if !record.notes.contains(&note) {
            record.notes.push(note);
            self.keep(run, &record).await?;
        }
        Ok(record)
    }

    /// The state that was asked for: cancelled by somebody, or out of time.
    fn asked_end(&self, run: &Run) -> Option<RunState> {
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
#[derive(Clone, Copy)]
struct End {
    status: Status,
    /// The end that somebody asked for.
    asked: Option<RunState>,
}

/// Steps in flight, aborted with the reconciler.
#[derive(Default)]
struct Steps {
    tasks: JoinSet<()>,
    of_runs: HashMap<RunId, AbortHandle>,
}

impl Steps {
    fn forget_ended(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        self.of_runs.retain(|_, step| !step.is_finished());
    }

    /// Begins the next step of a run unless one is in flight.
    fn begin(&mut self, app: &App, run: Run) {
        if self.of_runs.contains_key(&run.id) {
            return;
        }
        let (app, id) = (app.clone(), run.id.clone());
        let step = self.tasks.spawn(async move {
            if let Err(error) = app.step(&run).await {
                tracing::warn!(run = %run.id, "a step failed and is tried again: {}", chain(&error));
                tokio::time::sleep(REST).await;
            }
        });
        self.of_runs.insert(id, step);
    }
}

/// What a run says that was ended on purpose.
fn why_ended(state: RunState) -> Option<String> {
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
