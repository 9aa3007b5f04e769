//! Jobs that are run on several numbers of executors, one run each, and tell how they scale.
//!
//! A job is recorded before anything is launched; its runs are found by their idempotency keys, so whoever looks at it next
//! goes on where it stands, also after a restart. What looks after it is in `advance`.

mod advance;
mod on_sail;
mod places;
mod plan;
mod storage;

use crate::clusters::Place;
use crate::submit::LOCAL;
use crate::{App, Error, RunView, Submission, blocking, lock, now};
use plan::{JobPlan, Subject};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;
use tinderbox_collect::Remote;
use tinderbox_model::{RunState, WorkspaceId};
use tinderbox_scale::{FieldError, JobRequest, Places, body_hash};
use tinderbox_store::{ScaleJob, ScaleJobState};
use tokio::sync::{Notify, watch};

/// Where jobs find their data and run, unless they say it themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScaleSettings {
    /// The bucket of S3 with the data sets and the results.
    pub bucket: String,
    /// The cluster profile; `None` is this machine, with executors that are processes of their own.
    pub cluster: Option<String>,
}

impl Default for ScaleSettings {
    fn default() -> Self {
        Self { bucket: "spark-data".to_owned(), cluster: None }
    }
}

/// What is to be measured with files of this machine.
#[derive(Debug, Clone)]
pub enum ScaleSubmission {
    /// A request as of `POST /submit-job`.
    Request {
        /// Its JSON.
        body: Vec<u8>,
        /// The data set in the place of `s3_path`: an absolute path, or an address that Spark's file systems know.
        data: Option<String>,
    },
    /// A batch job of one's own; what it writes is computed and thrown away.
    Spec {
        /// The job.
        submission: Box<Submission>,
        /// Numbers of executors.
        nodes: Vec<u32>,
        /// Measured repetitions.
        repeats: u32,
        /// Repetitions before them that are not counted.
        warm_up: u32,
    },
}

/// A job over several numbers of executors.
#[derive(Debug, Clone, PartialEq)]
pub struct ScaleJobView {
    /// Its id here.
    pub id: String,
    /// What its user calls it.
    pub job_id: String,
    /// The first segment of its `s3_path`.
    pub user: Option<String>,
    /// Where its results are in the bucket, when they are there.
    pub result_path: Option<String>,
    /// Where it stands.
    pub state: ScaleState,
    /// Where it runs.
    pub cluster: String,
    /// Its runs so far, by number of executors.
    pub runs: Vec<(u32, RunView)>,
    /// Numbers of executors, all of them.
    pub nodes: Vec<u32>,
    /// Whether this request was made before.
    pub existed: bool,
}

/// Where a job over several numbers of executors stands.
#[derive(Debug, Clone, PartialEq)]
pub enum ScaleState {
    /// No run of it has begun.
    Queued,
    /// Its runs are executed, one after the other.
    Running,
    /// The documented answer.
    Succeeded(Value),
    /// Why there is none.
    Failed(ScaleFailure),
    /// Somebody ended it.
    Cancelled,
}

/// Why a job has no answer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ScaleFailure {
    /// A stable word for programs, for example `empty_dataset`.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do next.
    #[serde(default)]
    pub hint: Option<String>,
    /// The number of executors of the run that failed.
    #[serde(default)]
    pub nodes: Option<u32>,
    /// That run.
    #[serde(default)]
    pub run_id: Option<String>,
}

/// What is kept of jobs in memory: nothing that a restart may not lose.
#[derive(Debug)]
pub(crate) struct ScaleJobs {
    settings: Mutex<ScaleSettings>,
    work: Notify,
    /// Counts ends of jobs.
    ended: watch::Sender<u64>,
}

impl Default for ScaleJobs {
    fn default() -> Self {
        Self { settings: Mutex::default(), work: Notify::new(), ended: watch::channel(0).0 }
    }
}

/// How often somebody who waits for the end of a job looks by himself.
const LOOK: Duration = Duration::from_secs(2);

impl App {
    /// Says where jobs find their data and run from now on. Jobs that are recorded keep what they were given.
    ///
    /// # Errors
    /// [`Error::NoSuchEngine`], with which every job would fail, [`Error::Store`].
    pub async fn set_scale_settings(&self, settings: ScaleSettings) -> Result<(), Error> {
        self.scale_place(settings.cluster.as_deref()).await?;
        *lock(&self.inner.scale_jobs.settings) = settings;
        Ok(())
    }

    /// Records the job of a request, or answers with the one that was recorded for the same request. What would fail anyway is
    /// found out first: then nothing is recorded.
    ///
    /// # Errors
    /// [`Error::BadJob`], [`Error::JobExists`], [`Error::ResultsExist`], [`Error::MissingDataset`], [`Error::EmptyDataset`],
    /// [`Error::ObjectStore`], [`Error::NoSuchEngine`], [`Error::BeyondLimits`], [`Error::Engine`] (no Spark, no Java), [`Error::Store`].
    pub async fn submit_scale_job(&self, body: &[u8]) -> Result<ScaleJobView, Error> {
        let request = JobRequest::parse(body).map_err(|faults| Error::BadJob { faults })?;
        let settings = lock(&self.inner.scale_jobs.settings).clone();
        let id = job_key(&settings.bucket, &request.user, &request.job_id);
        let hash = body_hash(body).unwrap_or_default();
        if let Some(found) = self.inner.store.scale_job_get(&id).await? {
            return self.known_job(found, &hash, &request.job_id).await;
        }
        let cluster = request.cluster.clone().or(settings.cluster);
        let place = self.scale_place(cluster.as_deref()).await?;
        self.check_scale_on_sail(&place, &request).await?;
        let conf = self.scale_conf(&place, true).await?;
        self.check_scale_limits(&place, &conf, &request.node_list)?;
        let bucket = settings.bucket;
        self.check_dataset(&bucket, &request).await?;
        let body = String::from_utf8_lossy(body).into_owned();
        let subject = Subject::Stored { body, bucket };
        let plan = self.job_plan(&place, conf, subject, &request);
        self.record_job(id, hash, plan).await
    }

    /// Records a job on files of this machine. Nothing else is known of it, so each is a new one.
    ///
    /// # Errors
    /// As [`App::submit_scale_job`] and [`App::submit`].
    pub async fn submit_scale(&self, submission: ScaleSubmission) -> Result<ScaleJobView, Error> {
        let id = format!("local-{}", uuid::Uuid::now_v7().simple());
        let settings = lock(&self.inner.scale_jobs.settings).clone();
        match submission {
            ScaleSubmission::Request { body, data: None } => self.submit_scale_job(&body).await,
            ScaleSubmission::Request { body, data: Some(data) } => {
                let request =
                    JobRequest::parse(&body).map_err(|faults| Error::BadJob { faults })?;
                let cluster = request.cluster.clone().or(settings.cluster);
                let place = self.scale_place(cluster.as_deref()).await?;
                driver_is_here(&place, &self.inner.host)?;
                let is_local = !data.contains("://");
                if is_local && !std::path::Path::new(&data).exists() {
                    return Err(Error::MissingDataset { place: data });
                }
                self.check_scale_on_sail(&place, &request).await?;
                let conf = self.scale_conf(&place, data.starts_with("s3")).await?;
                self.check_scale_limits(&place, &conf, &request.node_list)?;
                let body = String::from_utf8_lossy(&body).into_owned();
                let plan = self.job_plan(&place, conf, Subject::File { body, data }, &request);
                self.record_job(id, String::new(), plan).await
            }
            ScaleSubmission::Spec { submission, nodes, repeats, warm_up } => {
                if nodes.is_empty() || nodes.contains(&0) {
                    return Err(Error::BadJob { faults: vec![no_nodes()] });
                }
                let prepared = self.prepare_spec(*submission, settings.cluster, &nodes).await?;
                driver_is_here(prepared.place(), &self.inner.host)?;
                let plan = prepared.plan(self, nodes, (repeats, warm_up));
                self.record_job(id, String::new(), plan).await
            }
        }
    }

    /// A job of `POST /submit-job`.
    ///
    /// # Errors
    /// [`Error::NoSuchScaleJob`], [`Error::Store`].
    pub async fn scale_job(&self, user: &str, job_id: &str) -> Result<ScaleJobView, Error> {
        let bucket = lock(&self.inner.scale_jobs.settings).bucket.clone();
        self.scale_job_by_id(&job_key(&bucket, user, job_id)).await.map_err(|error| match error {
            Error::NoSuchScaleJob { .. } => {
                Error::NoSuchScaleJob { name: format!("{user}/{job_id}") }
            }
            other => other,
        })
    }

    /// A job by its id here.
    ///
    /// # Errors
    /// [`Error::NoSuchScaleJob`], [`Error::Store`].
    pub async fn scale_job_by_id(&self, id: &str) -> Result<ScaleJobView, Error> {
        let found = self.inner.store.scale_job_get(id).await?;
        let found = found.ok_or_else(|| Error::NoSuchScaleJob { name: id.to_owned() })?;
        self.job_view(found, true).await
    }

    /// A job when it has ended; its runs have time limits, so it does.
    ///
    /// # Errors
    /// As [`App::scale_job_by_id`]; [`Error::Closing`] when this process ends before, which the job survives.
    pub async fn scale_job_ended(&self, id: &str) -> Result<ScaleJobView, Error> {
        let mut ended = self.inner.scale_jobs.ended.subscribe();
        loop {
            ended.mark_unchanged();
            let job = self.scale_job_by_id(id).await?;
            if !matches!(job.state, ScaleState::Queued | ScaleState::Running) {
                return Ok(job);
            }
            if lock(&self.inner.changes).is_none() {
                return Err(Error::Closing { job_id: job.job_id });
            }
            // An answer that nobody announced is looked for all the same.
            let _ = tokio::time::timeout(LOOK, ended.changed()).await;
        }
    }

    /// Asks for the end of a job and of the run that it is at.
    ///
    /// # Errors
    /// [`Error::NoSuchScaleJob`], [`Error::ScaleJobEnded`], [`Error::Store`].
    pub async fn cancel_scale_job(&self, id: &str) -> Result<ScaleJobView, Error> {
        let job = self.scale_job_by_id(id).await?;
        if !self.inner.store.scale_job_request_cancel(id, now()).await? {
            return Err(Error::ScaleJobEnded { job_id: job.job_id });
        }
        self.inner.scale_jobs.work.notify_one();
        self.scale_job_by_id(id).await
    }

    async fn known_job(
        &self,
        found: ScaleJob,
        hash: &str,
        job_id: &str,
    ) -> Result<ScaleJobView, Error> {
        if found.body_hash == hash {
            return self.job_view(found, true).await;
        }
        Err(Error::JobExists { job_id: job_id.to_owned() })
    }

    async fn record_job(
        &self,
        id: String,
        body_hash: String,
        plan: JobPlan,
    ) -> Result<ScaleJobView, Error> {
        let job = ScaleJob {
            id,
            workspace: WorkspaceId::default(),
            body_hash,
            plan: plan.to_json(),
            state: ScaleJobState::Open,
            answer: None,
            cancel_requested: None,
            created: now(),
            ended: None,
        };
        let (stored, existed) = self.inner.store.scale_job_create(&job).await?;
        if existed {
            return self.known_job(stored, &job.body_hash, &plan.job_id).await;
        }
        self.inner.scale_jobs.work.notify_one();
        self.job_view(stored, false).await
    }

    /// Looks for the data set before anything is recorded: a refusal costs nothing then, and the id stays free.
    async fn check_dataset(&self, bucket: &str, request: &JobRequest) -> Result<(), Error> {
        let data = self.stored_object(bucket, &request.s3_path)?;
        let results = self.stored_object(bucket, &request.result_path())?;
        blocking(move || {
            let place = data.to_string();
            match data.size().map_err(Error::ObjectStore)? {
                Some(size) if size.0 == 0 => return Err(Error::EmptyDataset { place }),
                Some(_) => {}
                // A folder has no object of its own.
                None if data.is_there().map_err(Error::ObjectStore)? => {}
                None => return Err(Error::MissingDataset { place }),
            }
            if results.is_there().map_err(Error::ObjectStore)? {
                return Err(Error::ResultsExist { place: results.to_string() });
            }
            Ok(())
        })
        .await
    }

    /// An object of a bucket by its key.
    fn stored_object(&self, bucket: &str, key: &str) -> Result<Remote, Error> {
        match self.location(&format!("s3://{bucket}"))? {
            tinderbox_collect::Location::Remote(remote) => {
                remote.with_key(key).map_err(Error::ObjectStore)
            }
            tinderbox_collect::Location::Local(path) => {
                Err(Error::MissingDataset { place: path.display().to_string() })
            }
        }
    }

    fn job_plan(
        &self,
        place: &Place,
        conf: std::collections::BTreeMap<String, String>,
        subject: Subject,
        request: &JobRequest,
    ) -> JobPlan {
        let uses_storage = match &subject {
            Subject::Stored { .. } => true,
            Subject::File { data, .. } => data.starts_with("s3"),
            Subject::Program { .. } => false,
        };
        JobPlan {
            job_id: request.job_id.clone(),
            nodes: request.node_list.clone(),
            subject,
            profile: place.version(),
            cluster: place.name().to_owned(),
            own_executor_mib: self.own_executor_mib(place, &request.node_list),
            on_sail: place.sail().is_some(),
            conf,
            uses_storage,
            base_directory: self.inner.data_dir.root().to_owned(),
        }
    }

    async fn job_view(&self, job: ScaleJob, existed: bool) -> Result<ScaleJobView, Error> {
        let plan = JobPlan::of(&job)?;
        let mut runs = Vec::new();
        for nodes in &plan.nodes {
            let key = run_key(&job.id, *nodes);
            if let Some(run) = self.inner.store.run_by_key(&job.workspace, &key).await? {
                runs.push((*nodes, self.view(&run)));
            }
        }
        let answer = job.answer.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let state = match job.state {
            ScaleJobState::Open if runs.iter().all(|(_, run)| run.state == RunState::Queued) => {
                ScaleState::Queued
            }
            ScaleJobState::Open => ScaleState::Running,
            ScaleJobState::Succeeded => ScaleState::Succeeded(answer.unwrap_or_default()),
            ScaleJobState::Failed => ScaleState::Failed(
                answer.and_then(|answer| serde_json::from_value(answer).ok()).unwrap_or_else(
                    || ScaleFailure {
                        code: "failed".to_owned(),
                        message: "the job failed".to_owned(),
                        hint: None,
                        nodes: None,
                        run_id: None,
                    },
                ),
            ),
            ScaleJobState::Cancelled => ScaleState::Cancelled,
        };
        let stored = plan.stored_request();
        Ok(ScaleJobView {
            id: job.id,
            job_id: plan.job_id.clone(),
            user: stored.as_ref().map(|request| request.user.clone()),
            result_path: stored.map(|request| request.result_path()),
            state,
            cluster: plan.cluster.clone(),
            runs,
            nodes: plan.nodes,
            existed,
        })
    }
}

/// What makes two requests the same job. Whoever hashes lengths of parts cannot take two for one.
fn job_key(bucket: &str, user: &str, job_id: &str) -> String {
    let parts = json!([bucket, user, job_id]).to_string();
    crate::events::sha256_hex(&parts)
}

/// The idempotency key of the run for a number of executors.
fn run_key(job: &str, nodes: u32) -> String {
    format!("scale/{job}/{nodes}")
}

fn no_nodes() -> FieldError {
    FieldError {
        field: "nodes".to_owned(),
        message: "must be numbers of executors from 1".to_owned(),
        hint: Some("for example --nodes 1,2,4".to_owned()),
    }
}

/// Results that no bucket takes are files of this machine.
fn driver_is_here(place: &Place, host: &tinderbox_engine::Host) -> Result<(), Error> {
    if place.target(host) == tinderbox_engine::Target::Local {
        return Ok(());
    }
    Err(Error::DriverElsewhere { cluster: place.name().to_owned() })
}

/// Folder of the results of a job's runs, where the driver is on this machine.
fn folder_of(root: &std::path::Path, job: &str) -> PathBuf {
    root.join("scale").join(job)
}

/// Where a run on another machine leaves its result: beside the results of the job.
fn measured_key(request: &JobRequest, nodes: u32) -> String {
    let places = Places::of(request);
    let folder = places.performance.rsplit_once("/output/").map_or("", |(folder, _)| folder);
    format!("{folder}/measured/{nodes}_nodes.json")
}

/// Whether a name is that of Spark on this machine.
fn is_local(name: Option<&str>) -> bool {
    name.is_none_or(|name| name == LOCAL)
}
