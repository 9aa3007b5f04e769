//! The way of an attempt to its engine: the intent is recorded, then the engine is asked, once; after a crash between the two,
//! or when the answer did not come, it is found out what became of it.

use crate::clusters::Place;
use crate::events::{new_token, sha256_hex};
use crate::plan::{AttemptRecord, LaunchPlan, LineageTold};
use crate::reconcile::{Current, why_ended};
use crate::{App, DataDir, Error, blocking, chain, now};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use tinderbox_engine::{Intent, Launch, Launched, Listener, LocalSpark, Program, Target, Trace};
use tinderbox_model::{AttemptNumber, Origin, RunState, SparkVersion, TimestampMs};
use tinderbox_spec::{Application, DeployMode, Spec, YarnProfile, compile_pyspark};
use tinderbox_store::{Attempt, Run, RunChange, RunFilter};

/// The rest before a second attempt; it doubles with each further one, up to [`LONGEST_REST`].
const FIRST_REST: Duration = Duration::from_secs(5);
const LONGEST_REST: Duration = Duration::from_secs(300);
/// How often a run in the queue of a full profile looks whether there is room.
const FULL_REST: Duration = Duration::from_secs(1);

/// What is to be run, and how it is told to Spark.
struct Job {
    program: JobProgram,
    conf: BTreeMap<String, String>,
    secrets: BTreeMap<String, String>,
}

enum JobProgram {
    PySpark(String),
    Application(Box<Application>),
}

/// A launch with all that it borrows.
struct Order {
    job: Job,
    working_directory: PathBuf,
    master: Option<String>,
    listener: Option<Listener>,
    environment: BTreeMap<String, String>,
}

impl App {
    /// Records the intent, then launches; or answers how long the run still rests.
    pub(crate) async fn start(&self, run: &Run) -> Result<Option<Duration>, Error> {
        if let Some(end) = self.asked_end(run) {
            self.end_unlaunched(run, end).await?;
            return Ok(None);
        }
        let before = self.inner.store.attempt_latest(&run.id).await?;
        let rest = before.as_ref().map_or(0, |before| rests_until(before).0 - now().0);
        if let Ok(rest @ 1..) = u64::try_from(rest) {
            return Ok(Some(Duration::from_millis(rest)));
        }
        let number = AttemptNumber(before.map_or(1, |before| before.number.0 + 1));
        let place = match self.place_of(&LaunchPlan::of(run)).await {
            Ok(place) => place,
            Err(Error::Store(error)) => return Err(error.into()),
            Err(error) => {
                self.fail_unlaunched(run, &error).await?;
                return Ok(None);
            }
        };
        // Held until the intent counts.
        let turn = self.inner.clusters.turns.lock().await;
        if self.is_full(&place).await? {
            return Ok(Some(FULL_REST));
        }
        let Some((current, token)) = self.intend(run, number, &place).await? else {
            return Ok(None);
        };
        drop(turn);
        self.launch(run, current, token).await?;
        Ok(None)
    }

    /// Whether a profile has as many runs as it may.
    async fn is_full(&self, place: &Place) -> Result<bool, Error> {
        let most = place.profile.as_ref().and_then(|(profile, _)| profile.limits.runs);
        let Some(most) = most else { return Ok(false) };
        let there = RunFilter {
            states: vec![
                RunState::Submitting,
                RunState::Starting,
                RunState::Running,
                RunState::Lost,
            ],
            engine: Some(place.name().to_owned()),
            origin: Some(Origin::Launched),
            ..RunFilter::default()
        };
        Ok(self.inner.store.run_count(&there).await? >= u64::from(most))
    }

    /// Records the next attempt; `None` when the run is not in the queue any more.
    async fn intend(
        &self,
        run: &Run,
        number: AttemptNumber,
        place: &Place,
    ) -> Result<Option<(Current, String)>, Error> {
        let token = new_token();
        let relative = DataDir::attempt(&run.id, number);
        let directory = self.inner.data_dir.root().join(&relative);
        let intent = Intent::new(&directory, &run.id, number).on(place.target(&self.inner.host));
        let record = AttemptRecord {
            intent,
            identity: None,
            ingest_token_sha256: Some(sha256_hex(&token)),
            notes: Vec::new(),
            lineage: LineageTold::default(),
        };
        let event_log = record.intent.shared_folder().join("eventlog");
        let attempt = Attempt {
            run: run.id.clone(),
            number,
            state: RunState::Submitting,
            identity: record.to_json(),
            directory: relative.display().to_string(),
            event_log: Some(event_log.display().to_string()),
            created: now(),
            ended: None,
            exit_code: None,
        };
        if !self.inner.store.run_intent(&attempt).await? {
            return Ok(None);
        }
        self.announce(&run.id);
        Ok(Some((Current { attempt, record }, token)))
    }

    pub(crate) async fn launch(
        &self,
        run: &Run,
        current: Current,
        token: String,
    ) -> Result<(), Error> {
        let intent = &current.record.intent;
        let launched = match self.try_launch(run, intent, token).await {
            Ok(launched) => launched,
            // Nothing was asked of the engine yet, and the store may answer again.
            Err(Error::Store(error)) => return Err(error.into()),
            Err(error) => match self.after_failed_launch(intent, &error).await? {
                // It started although the launch says that it did not: slowly, or by another hand.
                Trace::Started(identity) => Launched { identity, notes: Vec::new() },
                Trace::NotLaunched | Trace::NeverStarted => {
                    return self.failed_to_start(run, &current, &error).await;
                }
                Trace::Unknown { why } => return self.lose(run, &why).await,
            },
        };
        let record = AttemptRecord {
            identity: Some(launched.identity),
            notes: launched.notes,
            ..current.record
        };
        self.keep(&current.attempt, &record).await?;
        // The listener may have been faster, then this changes nothing.
        let change = RunChange::at(now());
        self.move_run(&run.id, RunState::Submitting, RunState::Starting, &change).await?;
        Ok(())
    }

    /// What a launch that failed has left. A cluster that was never asked has nothing of it; one that may have been, and does
    /// not answer now, may be asked again later.
    async fn after_failed_launch(&self, intent: &Intent, error: &Error) -> Result<Trace, Error> {
        let is_open = match error {
            Error::Engine(error) => error.may_have_started(),
            // Before the engine came into it.
            _ => false,
        };
        if intent.target != Target::Local && !is_open {
            // Of an earlier launch of the same attempt.
            let withdrawn = self.cluster_of(&intent.target)?.withdraw(intent).await;
            if let Err(left) = withdrawn.map_err(Error::Engine) {
                return Ok(Trace::Unknown { why: format!("{}; {}", chain(error), chain(&left)) });
            }
            return Ok(Trace::NeverStarted);
        }
        match self.find_trace(intent).await {
            // Its name makes it one whenever it is launched again, and that may be later.
            Ok(Trace::NotLaunched)
                if matches!(error, Error::Engine(tinderbox_engine::Error::Unanswered { .. })) =>
            {
                Ok(Trace::Unknown { why: chain(error) })
            }
            Err(unanswered) if intent.target != Target::Local => {
                Ok(Trace::Unknown { why: format!("{}; {}", chain(error), chain(&unanswered)) })
            }
            found => found,
        }
    }

    /// Says that nobody can tell what became of a run. It is looked for again, and somebody can cancel it.
    pub(crate) async fn lose(&self, run: &Run, why: &str) -> Result<(), Error> {
        if run.state == RunState::Lost {
            return Ok(());
        }
        let known = self.inner.store.run_get(&run.id).await?;
        let from = known.map_or(run.state, |known| known.state);
        if from.can_move_to(RunState::Lost) {
            let change = RunChange { error: Some(why.to_owned()), ..RunChange::at(now()) };
            self.move_run(&run.id, from, RunState::Lost, &change).await?;
        }
        Ok(())
    }

    /// Gives a run of which nothing was launched the end that was asked for.
    pub(crate) async fn end_unlaunched(&self, run: &Run, end: RunState) -> Result<(), Error> {
        let change = RunChange { error: why_ended(end), ..RunChange::at(now()) };
        self.move_run(&run.id, run.state, end, &change).await?;
        Ok(())
    }

    async fn fail_unlaunched(&self, run: &Run, error: &Error) -> Result<(), Error> {
        let change = RunChange { error: Some(told(error)), ..RunChange::at(now()) };
        self.move_run(&run.id, run.state, RunState::Failed, &change).await?;
        Ok(())
    }

    pub(crate) async fn find_trace(&self, intent: &Intent) -> Result<Trace, Error> {
        self.cluster_of(&intent.target)?.find(intent).await.map_err(Error::Engine)
    }

    async fn try_launch(
        &self,
        run: &Run,
        intent: &Intent,
        token: String,
    ) -> Result<Launched, Error> {
        let plan = LaunchPlan::of(run);
        let place = self.place_of(&plan).await?;
        if let Some(sail) = place.sail() {
            if let Some(nodes) = plan.measured_nodes {
                return self.launch_scale_on_sail(intent, plan, nodes).await;
            }
            return self.launch_on_sail(run, intent, plan, sail).await;
        }
        let spec = match &plan.program {
            Some(_) => None,
            None => Some(self.spec_of(run, &plan).await?),
        };
        let begins_here = matches!(intent.target, Target::Local | Target::Yarn(_));
        let spark = if begins_here {
            let asked = spec.as_ref().and_then(|spec| spec.cluster().version.clone());
            let wanted = asked.or_else(|| place.spark_version().cloned());
            Some(self.find_spark(&place, wanted).await?)
        } else {
            None
        };
        let version = spark.as_ref().map(LocalSpark::version).or(place.spark_version());
        let job = self.job_of(&plan, &place, spec, version)?;
        let listener = self.listener_for(&place, token);
        let mut environment = self.environment_of(&place)?;
        if plan.uses_storage {
            environment.extend(self.storage_environment());
        }
        let cluster = self.cluster_of(&intent.target)?;
        let order = Order {
            job,
            working_directory: plan.base_directory,
            master: plan.master.or_else(|| place.client_master()),
            listener,
            environment,
        };
        let intent = intent.clone();
        // The launch goes on when this step is aborted, and owns the data directory until it is done.
        let (owner, engine) = (self.clone(), run.engine.clone());
        let launching = async move {
            let _turn = owner.heavy_turn(&engine).await;
            match spark {
                Some(spark) => {
                    cluster.answers().await.map_err(Error::Engine)?;
                    blocking(move || spark.submit(&intent, &order.launch()).map_err(Error::Engine))
                        .await
                }
                None => cluster.launch(&intent, &order.launch()).await.map_err(Error::Engine),
            }
        };
        match tokio::spawn(launching).await {
            Ok(launched) => launched,
            Err(error) => Err(Error::Background(error.to_string())),
        }
    }

    fn job_of(
        &self,
        plan: &LaunchPlan,
        place: &Place,
        spec: Option<Spec>,
        version: Option<&SparkVersion>,
    ) -> Result<Job, Error> {
        let Some(spec) = spec else {
            let mut secrets = self.secrets(plan.secrets.iter().map(String::as_str))?;
            if plan.uses_storage {
                secrets.extend(self.storage_secrets());
            }
            return Ok(Job {
                program: JobProgram::PySpark(plan.program.clone().unwrap_or_default()),
                conf: place.launch_conf(&plan.conf),
                secrets,
            });
        };
        let spec = match version {
            Some(version) => spec.on_spark(version.clone()),
            None => spec,
        };
        let compiled = compile_pyspark(&spec);
        Ok(Job {
            conf: place.launch_conf(&compiled.launch_conf),
            secrets: self.secrets(compiled.secrets.iter().map(String::as_str))?,
            program: match spec.application() {
                Some(application) => JobProgram::Application(Box::new(application.clone())),
                None => JobProgram::PySpark(compiled.source),
            },
        })
    }

    /// The listener, unless the driver runs where it cannot reach this process.
    fn listener_for(&self, place: &Place, token: String) -> Option<Listener> {
        let jar = self.inner.listener_jar.clone()?;
        let url = format!("{}/ingest/live", self.inner.url);
        let is_only_here = is_loopback(&self.inner.url);
        let is_elsewhere =
            place.standalone().is_some_and(|(_, profile)| !is_loopback(&profile.master))
                || place.yarn().is_some_and(|yarn| {
                    yarn.deploy_mode == DeployMode::Cluster
                        && !yarn.resource_managers.iter().all(|address| is_loopback(address))
                });
        (!(is_only_here && is_elsewhere)).then_some(Listener { jar, url, token })
    }

    /// Variables of a driver on this machine beside the program's secrets.
    fn environment_of(&self, place: &Place) -> Result<BTreeMap<String, String>, Error> {
        if let Some(yarn) = place.yarn() {
            return Ok(hadoop_variables(yarn));
        }
        let secret = place.client_of().and_then(|client| client.authentication_secret.as_deref());
        let Some(name) = secret else { return Ok(BTreeMap::new()) };
        let values = self.secrets([name])?.into_values();
        Ok(values.map(|value| (SPARK_SECRET.to_owned(), value)).collect())
    }
}

/// What Hadoop's clients take from their environment, and the Python of executors elsewhere.
fn hadoop_variables(yarn: &YarnProfile) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let mut set = |name: &str, value: &str| variables.insert(name.to_owned(), value.to_owned());
    set("HADOOP_CONF_DIR", &yarn.conf_dir);
    set("YARN_CONF_DIR", &yarn.conf_dir);
    if let Some(user) = &yarn.user {
        set("HADOOP_USER_NAME", user);
    }
    if let (Some(python), DeployMode::Client) = (&yarn.python, yarn.deploy_mode) {
        set("PYSPARK_PYTHON", python);
    }
    variables
}

/// `org.apache.spark.SecurityManager.ENV_AUTH_SECRET`: where Spark takes `spark.authenticate.secret` from when no property
/// has it.
const SPARK_SECRET: &str = "_SPARK_AUTH_SECRET";

impl Order {
    fn launch(&self) -> Launch<'_> {
        Launch {
            program: match &self.job.program {
                JobProgram::PySpark(source) => Program::PySpark(source),
                JobProgram::Application(application) => Program::File {
                    file: &application.file,
                    main_class: application.main_class.as_deref(),
                    arguments: &application.args,
                },
            },
            working_directory: &self.working_directory,
            conf: &self.job.conf,
            master: self.master.as_deref(),
            cores: None,
            listener: self.listener.clone(),
            environment: self.environment.clone(),
            secrets: self.job.secrets.clone(),
        }
    }
}

/// Whether only this machine reaches an address.
fn is_loopback(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]")
}

/// When the next attempt may begin.
fn rests_until(before: &Attempt) -> TimestampMs {
    let Some(ended) = before.ended else { return TimestampMs(0) };
    let doublings = before.number.0.saturating_sub(1).min(16);
    let rest = FIRST_REST.saturating_mul(1 << doublings).min(LONGEST_REST);
    TimestampMs(ended.0.saturating_add(i64::try_from(rest.as_millis()).unwrap_or(i64::MAX)))
}

/// What a run says of an error: with what can be done.
pub(crate) fn told(error: &Error) -> String {
    match error.hint() {
        Some(hint) => format!("{}\nhint: {hint}", chain(error)),
        None => chain(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinderbox_model::RunId;

    #[test]
    fn attempts_rest_longer_each_time_and_not_for_ever() {
        let attempt = |number, ended| Attempt {
            run: RunId::new("a"),
            number: AttemptNumber(number),
            state: RunState::Failed,
            identity: String::new(),
            directory: String::new(),
            event_log: None,
            created: TimestampMs(0),
            ended,
            exit_code: None,
        };
        let until = |number| rests_until(&attempt(number, Some(TimestampMs(1_000)))).0;
        assert_eq!([until(1), until(2), until(3)], [6_000, 11_000, 21_000]);
        assert_eq!(until(60), 301_000);
        assert_eq!(rests_until(&attempt(1, None)).0, 0);
    }
}
