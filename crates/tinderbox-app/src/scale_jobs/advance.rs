//! What looks after jobs over several numbers of executors: one loop, which looks at the store and does the next step of each
//! job. It keeps nothing that it needs, and killing it at any instruction loses and repeats nothing: runs have keys, and results
//! are made on the condition that there are none.

use super::plan::{JobPlan, ResultPlace, Subject};
use super::{ScaleFailure, run_key};
use crate::{App, Error, blocking, chain, now};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tinderbox_collect::Created;
use tinderbox_model::{Bytes, Retry, RunState, TimestampMs};
use tinderbox_scale::{
    BadMeasurement, JobRequest, Measurement, Scaling, answer, oversubscription, result_files,
};
use tinderbox_store::{Run, ScaleJob, ScaleJobState};
use tokio::task::{AbortHandle, JoinSet};

/// How often jobs are looked at when nothing wakes the loop.
const PERIOD: Duration = Duration::from_secs(1);
/// Changes of runs come in rows, and one look is enough for all of them.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a job rests after a step of it has failed.
const REST: Duration = Duration::from_secs(2);
/// How long results that cannot be read or written are tried again, counted from the end of the last run.
const PATIENCE: TimestampMs = TimestampMs(10 * 60 * 1_000);
/// Of what a run may have written.
const MOST: Bytes = Bytes(256 << 20);

/// What a step has found out.
enum Step {
    /// Something is to be waited for.
    Waits,
    /// The job has come to its end.
    Ends(ScaleJobState, Value),
}

impl App {
    pub(crate) async fn advance_scale_jobs(self) {
        let mut steps = Steps::default();
        let mut changes = self.changes();
        loop {
            // Before the store is asked: a row that was read before its job's last step ended is out of date.
            steps.forget_ended();
            match self.inner.store.scale_job_open().await {
                Ok(jobs) => steps.begin_all(&self, jobs),
                Err(error) => tracing::warn!("jobs cannot be read: {}", chain(&error)),
            }
            tokio::select! {
                () = self.inner.scale_jobs.work.notified() => {}
                // Too many at once, or none any more, are no reason not to look.
                _ = changes.recv() => tokio::time::sleep(PAUSE).await,
                () = tokio::time::sleep(PERIOD) => {}
            }
            while changes.try_recv().is_ok() {}
        }
    }

    /// One step of a job; results that are written to a slow store make no other job wait.
    async fn step_of_job(&self, job: &ScaleJob, may_begin: bool) {
        let step = match JobPlan::of(job) {
            Ok(plan) => self.advance_one(job, &plan, may_begin).await,
            Err(error) => Ok(fails(failure(&error, None))),
        };
        match step {
            Ok(Step::Waits) => {}
            Ok(Step::Ends(state, answer)) => self.end_job(job, state, answer).await,
            Err(error) => {
                let what = chain(&error);
                tracing::warn!(job = %job.id, "a step of a job failed and is tried again: {what}");
                tokio::time::sleep(REST).await;
            }
        }
    }

    async fn end_job(&self, job: &ScaleJob, state: ScaleJobState, answer: Value) {
        let end = (state, answer.to_string());
        match self.inner.store.scale_job_end(&job.id, end, now()).await {
            Ok(()) => {
                tracing::info!(job = %job.id, "a job over several numbers of executors is {}", state.as_str());
                self.inner.scale_jobs.ended.send_modify(|count| *count = count.wrapping_add(1));
            }
            // It is open still and is looked at again.
            Err(error) => tracing::warn!(job = %job.id, "a job cannot be ended: {}", chain(&error)),
        }
    }

    async fn advance_one(
        &self,
        job: &ScaleJob,
        plan: &JobPlan,
        may_begin: bool,
    ) -> Result<Step, Error> {
        let mut done = Vec::new();
        for nodes in &plan.nodes {
            let key = run_key(&job.id, *nodes);
            match self.inner.store.run_by_key(&job.workspace, &key).await? {
                Some(run) if run.state == RunState::Succeeded => done.push((*nodes, run)),
                Some(run) if run.state.is_final() => {
                    return self.after_failed_run(job, plan, *nodes, &run).await;
                }
                Some(run) if job.cancel_requested.is_some() => {
                    self.cancel_of_job(&run).await?;
                    return Ok(Step::Waits);
                }
                Some(_) => return Ok(Step::Waits),
                None if job.cancel_requested.is_some() => {
                    return Ok(Step::Ends(ScaleJobState::Cancelled, Value::Null));
                }
                None if may_begin => {
                    self.begin_run(job, plan, *nodes).await?;
                    return Ok(Step::Waits);
                }
                None => return Ok(Step::Waits),
            }
        }
        self.conclude(job, plan, &done).await
    }

    async fn cancel_of_job(&self, run: &Run) -> Result<(), Error> {
        if run.cancel_requested.is_some() {
            return Ok(());
        }
        match self.cancel(run.id.as_str()).await {
            // It was faster; the next look tells how it ended.
            Ok(_) | Err(Error::AlreadyEnded { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn after_failed_run(
        &self,
        job: &ScaleJob,
        plan: &JobPlan,
        nodes: u32,
        run: &Run,
    ) -> Result<Step, Error> {
        if run.state == RunState::Cancelled {
            return Ok(Step::Ends(ScaleJobState::Cancelled, Value::Null));
        }
        // The program says more of itself than its exit code.
        let told = match self.written(job, plan, nodes).await {
            Ok(Some(text)) => Measurement::parse(&text).err(),
            Ok(None) => None,
            Err(_) => None,
        };
        let why = run.error.clone().unwrap_or_else(|| format!("the run is {}", run.state));
        let mut failed = match told {
            Some(bad @ BadMeasurement::Failed { .. }) => of_measurement(&bad),
            _ => ScaleFailure {
                code: if run.state == RunState::TimedOut { "timed_out" } else { "run_failed" }
                    .to_owned(),
                hint: Some(hint_of_run(&why, run)),
                message: why,
                nodes: None,
                run_id: None,
            },
        };
        failed.nodes = Some(nodes);
        failed.run_id = Some(run.id.to_string());
        Ok(Step::Ends(ScaleJobState::Failed, json!(failed)))
    }

    /// What the run for a number of executors wrote; `None` when it wrote nothing.
    async fn written(
        &self,
        job: &ScaleJob,
        plan: &JobPlan,
        nodes: u32,
    ) -> Result<Option<Vec<u8>>, Error> {
        match self.result_place(job, plan, nodes).await? {
            ResultPlace::File(path) => {
                blocking(move || match std::fs::read(&path) {
                    Ok(text) => Ok(Some(text)),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                    Err(source) => Err(Error::File { path, source }),
                })
                .await
            }
            ResultPlace::Object { bucket, key } => {
                let object = self.stored_object(&bucket, &key)?;
                blocking(move || match object.content(MOST) {
                    Ok(text) => Ok(Some(text)),
                    Err(tinderbox_collect::Error::Missing { .. }) => Ok(None),
                    Err(error) => Err(Error::ObjectStore(error)),
                })
                .await
            }
        }
    }

    /// All runs have ended well: what they measured becomes the answer.
    async fn conclude(
        &self,
        job: &ScaleJob,
        plan: &JobPlan,
        done: &[(u32, Run)],
    ) -> Result<Step, Error> {
        let mut measured = Vec::new();
        for (nodes, run) in done {
            let found = match self.written(job, plan, *nodes).await {
                Ok(Some(text)) => Measurement::parse(&text),
                Ok(None) => Err(BadMeasurement::Unreadable {
                    reason: "the run ended well and wrote nothing".to_owned(),
                }),
                Err(error) if is_worth_another_try(&error, done) => return Err(error),
                Err(error) => return Ok(fails(failure(&error, Some((*nodes, run))))),
            };
            match found {
                Ok(measurement) => measured.push((*nodes, run, measurement)),
                Err(bad) => {
                    let mut failed = of_measurement(&bad);
                    failed.nodes = Some(*nodes);
                    failed.run_id = Some(run.id.to_string());
                    return Ok(fails(json!(failed)));
                }
            }
        }
        let times: Vec<_> =
            measured.iter().map(|(nodes, _, found)| (*nodes, found.seconds.clone())).collect();
        let scaling = Scaling::of(&times);
        let beside = self.beside(plan, &measured, &scaling);
        let Some((request, bucket)) = stored(plan) else {
            return Ok(Step::Ends(
                ScaleJobState::Succeeded,
                local_answer(plan, &measured, &scaling, beside),
            ));
        };
        let outputs: BTreeMap<u32, String> =
            measured.iter().map(|(nodes, _, found)| (*nodes, found.results.clone())).collect();
        let files = result_files(&request, &outputs, &scaling);
        if let Err(error) = self.write_results(bucket, files).await {
            if is_worth_another_try(&error, done) {
                return Err(error);
            }
            return Ok(fails(failure(&error, None)));
        }
        Ok(Step::Ends(ScaleJobState::Succeeded, answer(&request, bucket, &scaling, beside)))
    }

    /// Files that are there already with the same content were written before a crash.
    async fn write_results(&self, bucket: &str, files: Vec<(String, String)>) -> Result<(), Error> {
        let mut objects = Vec::new();
        for (key, content) in files {
            objects.push((self.stored_object(bucket, &key)?, content));
        }
        blocking(move || {
            for (object, content) in objects {
                let (Created::New | Created::Same) =
                    object.create(content.as_bytes()).map_err(Error::ObjectStore)?;
            }
            Ok(())
        })
        .await
    }

    /// What the answer says beside what is documented.
    fn beside(
        &self,
        plan: &JobPlan,
        measured: &[(u32, &Run, Measurement)],
        scaling: &Scaling,
    ) -> Map<String, Value> {
        let runs: Vec<Value> = measured
            .iter()
            .map(|(nodes, run, found)| {
                json!({
                    "nodes": nodes,
                    "run_id": run.id.to_string(),
                    "seconds": found.seconds,
                    "seconds_of_tasks": found.seconds_of_tasks,
                    "executors": found.executors,
                    "spark_version": found.spark_version,
                })
            })
            .collect();
        let is_own = plan.own_executor_mib.is_some() || plan.on_sail;
        let cores = self.inner.host.cores;
        let executors = if plan.on_sail {
            format!(
                "none: one Sail on the machine of the server, which has {cores} cores, with so many of them"
            )
        } else if is_own {
            format!("processes of one core on the machine of the server, which has {cores}")
        } else {
            "executors of the cluster".to_owned()
        };
        let oversubscribed = is_own.then(|| oversubscription(&plan.nodes, cores)).flatten();
        let cluster = json!({
            "name": plan.cluster,
            "executors": executors,
            "oversubscribed": oversubscribed,
        });
        [("cluster", cluster), ("runs", Value::Array(runs)), ("scaling", scaling.to_json())]
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }
}

/// Steps in flight, at most one of each job, aborted with the loop.
#[derive(Default)]
struct Steps {
    tasks: JoinSet<()>,
    of_jobs: HashMap<String, AbortHandle>,
}

impl Steps {
    fn forget_ended(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        self.of_jobs.retain(|_, step| !step.is_finished());
    }

    fn begin_all(&mut self, app: &App, jobs: Vec<ScaleJob>) {
        // Executors on this machine take each other's cores: of those jobs the oldest goes on, and the others wait.
        let mut is_machine_free = true;
        for job in jobs {
            let is_here =
                JobPlan::of(&job).is_ok_and(|plan| plan.own_executor_mib.is_some() || plan.on_sail);
            let may_begin = !is_here || is_machine_free;
            is_machine_free &= !is_here;
            if self.of_jobs.contains_key(&job.id) {
                continue;
            }
            let (id, app) = (job.id.clone(), app.clone());
            let step = self.tasks.spawn(async move { app.step_of_job(&job, may_begin).await });
            self.of_jobs.insert(id, step);
        }
    }
}

fn fails(answer: Value) -> Step {
    Step::Ends(ScaleJobState::Failed, answer)
}

fn stored(plan: &JobPlan) -> Option<(JobRequest, &str)> {
    match &plan.subject {
        Subject::Stored { bucket, .. } => Some((plan.request()?, bucket)),
        Subject::File { .. } | Subject::Program { .. } => None,
    }
}

/// The answer of a job that has no bucket: results are in it.
fn local_answer(
    plan: &JobPlan,
    measured: &[(u32, &Run, Measurement)],
    scaling: &Scaling,
    mut data: Map<String, Value>,
) -> Value {
    let outputs: Map<String, Value> = measured
        .iter()
        .map(|(nodes, _, found)| {
            let results = serde_json::from_str(&found.results).unwrap_or_default();
            (format!("{nodes}_nodes"), results)
        })
        .collect();
    data.insert("job_id".to_owned(), json!(plan.job_id));
    data.insert("performance_metrics".to_owned(), Value::Array(scaling.performance_metrics()));
    if !matches!(plan.subject, Subject::Program { .. }) {
        data.insert("outputs".to_owned(), Value::Object(outputs));
    }
    json!({ "status": "SUCCESS", "data": data })
}

fn of_measurement(bad: &BadMeasurement) -> ScaleFailure {
    let code = match bad {
        BadMeasurement::Failed { kind, .. } => kind.clone(),
        BadMeasurement::Unreadable { .. } => "unreadable_result".to_owned(),
    };
    ScaleFailure {
        code,
        message: bad.to_string(),
        hint: Some(bad.hint().to_owned()),
        nodes: None,
        run_id: None,
    }
}

fn failure(error: &Error, of: Option<(u32, &Run)>) -> Value {
    let code = match error {
        Error::ObjectStore(tinderbox_collect::Error::Exists { .. }) => "results-exist",
        other => other.code(),
    };
    json!(ScaleFailure {
        code: code.replace('-', "_"),
        message: chain(error),
        hint: error.hint(),
        nodes: of.map(|(nodes, _)| nodes),
        run_id: of.map(|(_, run)| run.id.to_string()),
    })
}

/// Whether an error of the object store may go by itself, and there is patience left.
fn is_worth_another_try(error: &Error, done: &[(u32, Run)]) -> bool {
    let last = done.iter().filter_map(|(_, run)| run.ended).map(|ended| ended.0).max();
    let waited = now().0.saturating_sub(last.unwrap_or_default());
    error.class().retry != Retry::Never && waited < PATIENCE.0
}

/// What can be done about a run that failed before its program could say anything.
fn hint_of_run(why: &str, run: &Run) -> String {
    let is_unresolved = why.contains("unresolved dependency") || why.contains("hadoop-aws");
    if is_unresolved {
        return BadMeasurement::Failed {
            kind: "no_file_system".to_owned(),
            message: String::new(),
        }
        .hint()
        .to_owned();
    }
    format!("`tinderbox logs {}` shows the log of its driver", run.id)
}
