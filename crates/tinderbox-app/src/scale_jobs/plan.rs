//! What the store keeps of a job over several numbers of executors, and the run that follows from it for one of them.

use super::{folder_of, measured_key, run_key};
use crate::plan::{LaunchPlan, ProfileVersion};
use crate::{App, Error, now};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tinderbox_engine::Target;
use tinderbox_model::{Millis, RunId};
use tinderbox_scale::{JobRequest, arguments_of_program, program_with};
use tinderbox_store::{Run, ScaleJob};

/// Ends a run that hangs, and with it what waits for its job.
const LIMIT: Millis = Millis(6 * 60 * 60 * 1_000);

/// Written with the job, read at each step of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct JobPlan {
    /// What its user calls it.
    pub job_id: String,
    /// Numbers of executors in the order of their runs.
    pub nodes: Vec<u32>,
    pub subject: Subject,
    /// The cluster profile.
    pub profile: Option<ProfileVersion>,
    /// What the answer calls the place.
    pub cluster: String,
    /// Memory of an executor in MiB, where executors are processes of ours on this machine; `None` where a cluster has them.
    pub own_executor_mib: Option<u64>,
    /// Whether each run has a Sail of its own on this machine.
    #[serde(default)]
    pub on_sail: bool,
    /// Properties of every run.
    pub conf: BTreeMap<String, String>,
    /// Whether its runs get the credentials of object stores.
    pub uses_storage: bool,
    /// Where relative paths start.
    pub base_directory: PathBuf,
}

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Subject {
    /// A request of `POST /submit-job`.
    Stored { body: String, bucket: String },
    /// The same with its data elsewhere.
    File { body: String, data: String },
    /// A PySpark program.
    Program { source: String, secrets: Vec<String>, repeats: u32, warm_up: u32 },
}

impl JobPlan {
    /// As the store keeps it. A plan has text keys only, which always serialize.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub fn of(job: &ScaleJob) -> Result<Self, Error> {
        serde_json::from_str(&job.plan)
            .map_err(|error| Error::Background(format!("the plan of a stored job: {error}")))
    }

    /// The request, of jobs that have one.
    pub fn request(&self) -> Option<JobRequest> {
        match &self.subject {
            Subject::Stored { body, .. } | Subject::File { body, .. } => {
                JobRequest::parse(body.as_bytes()).ok()
            }
            Subject::Program { .. } => None,
        }
    }

    /// The request, of jobs whose results are in the bucket.
    pub fn stored_request(&self) -> Option<JobRequest> {
        matches!(self.subject, Subject::Stored { .. }).then(|| self.request()).flatten()
    }
}

/// Where the run for a number of executors leaves its result.
pub(super) enum ResultPlace {
    File(PathBuf),
    Object { bucket: String, key: String },
}

impl App {
    /// Where the result of a run is, by where its driver is.
    pub(super) async fn result_place(
        &self,
        job: &ScaleJob,
        plan: &JobPlan,
        nodes: u32,
    ) -> Result<ResultPlace, Error> {
        let of_run = LaunchPlan { profile: plan.profile.clone(), ..LaunchPlan::default() };
        let is_here = self.place_of(&of_run).await?.target(&self.inner.host) == Target::Local;
        match (&plan.subject, plan.stored_request()) {
            (Subject::Stored { bucket, .. }, Some(request)) if !is_here => {
                let key = measured_key(&request, nodes);
                Ok(ResultPlace::Object { bucket: bucket.clone(), key })
            }
            _ => {
                let folder = folder_of(self.inner.data_dir.root(), &job.id);
                Ok(ResultPlace::File(folder.join(format!("{nodes}.json"))))
            }
        }
    }

    /// Records the run for a number of executors. There is one of them, however often this is called.
    pub(super) async fn begin_run(
        &self,
        job: &ScaleJob,
        plan: &JobPlan,
        nodes: u32,
    ) -> Result<(), Error> {
        let result = self.result_place(job, plan, nodes).await?;
        if let ResultPlace::File(path) = &result {
            make_folder(path.parent().unwrap_or(Path::new("/")))?;
        }
        let result = match result {
            ResultPlace::File(path) => path.display().to_string(),
            ResultPlace::Object { bucket, key } => format!("s3a://{bucket}/{key}"),
        };
        let (program, secrets) = match &plan.subject {
            Subject::Program { source, secrets, repeats, warm_up } => (
                program_with(&arguments_of_program(source, &result, nodes, (*repeats, *warm_up))),
                secrets.clone(),
            ),
            Subject::Stored { .. } | Subject::File { .. } => {
                let Some(request) = plan.request() else {
                    return Err(Error::Background("a stored request does not read".to_owned()));
                };
                let (mut input, models) = addresses(&plan.subject, &request, nodes);
                if plan.on_sail {
                    // Hadoop's name for it.
                    input = input.replacen("s3a://", "s3://", 1);
                }
                let arguments = request.arguments(&input, &result, &models, nodes);
                (program_with(&arguments), Vec::new())
            }
        };
        let mut conf = plan.conf.clone();
        let of_executors = [
            ("spark.executor.instances", nodes.to_string()),
            ("spark.dynamicAllocation.enabled", "false".to_owned()),
        ];
        conf.extend(of_executors.map(|(key, value)| (key.to_owned(), value)));
        if let Some(mib) = plan.own_executor_mib {
            conf.insert("spark.executor.memory".to_owned(), format!("{mib}m"));
        }
        let launch = LaunchPlan {
            base_directory: plan.base_directory.clone(),
            profile: plan.profile.clone(),
            program: Some(program),
            secrets,
            conf,
            master: plan.own_executor_mib.map(|mib| format!("local-cluster[{nodes},1,{mib}]")),
            uses_storage: plan.uses_storage,
            measured_nodes: Some(nodes),
            on_sail: plan.on_sail,
            ..LaunchPlan::default()
        };
        let id = RunId::new(uuid::Uuid::now_v7().to_string());
        let noun = if nodes == 1 { "executor" } else { "executors" };
        let run = Run {
            engine: plan.cluster.clone(),
            parameters: launch.to_json(),
            timeout: Some(LIMIT),
            idempotency_key: Some(run_key(&job.id, nodes)),
            ..Run::new(id, format!("{} on {nodes} {noun}", plan.job_id), now())
        };
        let created = self.inner.store.run_create(&run).await?;
        self.announce(&created.run.id);
        self.inner.work.notify_one();
        Ok(())
    }
}

/// Addresses of the data set and of models, as Spark reads and writes them.
fn addresses(subject: &Subject, request: &JobRequest, nodes: u32) -> (String, String) {
    let models = tinderbox_scale::Places::of(request).models;
    match subject {
        Subject::Stored { bucket, .. } => (
            format!("s3a://{bucket}/{}", request.s3_path),
            format!("s3a://{bucket}/{models}/{nodes}_nodes"),
        ),
        Subject::File { data, .. } => {
            let beside = if data.contains("://") { data.clone() } else { format!("file://{data}") };
            (beside, String::new())
        }
        Subject::Program { .. } => (String::new(), String::new()),
    }
}

fn make_folder(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(|source| Error::File { path: path.to_owned(), source })
}
