//! An attempt whose driver is a pod.
//!
//! | file of the attempt | written | means |
//! |---|---|---|
//! | `kubernetes.json` | renamed into place, before the mark | what of the launch is needed after the end |
//! | `launched` | before the API server is asked for a pod | it may have been asked; by the pod's name it may be asked again |
//! | `driver` | renamed into place, after its last answer | the pod has all that it needs |
//! | `ended` | renamed into place, when its end is first seen | how it ended, for when its pod is cleaned up |
//!
//! The arbiter is the API server: it takes one pod of a name. So a launch that was cut short is launched again, which adopts the
//! pod or makes it, unlike on other engines.

use super::access::is_master_of;
use super::{
    DriverWatch, FailureReason, KubernetesAccess, KubernetesCluster, KubernetesDriver,
    KubernetesError, KubernetesIntent, KubernetesStatus, KubernetesTrace, PendingReason, Placement,
};
use crate::attempt::{Outcome, write_new};
use crate::cluster::Target;
use crate::properties;
use crate::{Error, ExitCategory, ExitReason, Intent, Launch, Launched, Status, Trace};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tinderbox_model::{AttemptNumber, RunId};

/// A place on Kubernetes as one attempt sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KubernetesTarget {
    /// How the cluster is reached.
    pub access: KubernetesAccess,
    /// The namespace of driver and executors.
    pub namespace: String,
    /// Their image.
    pub image: String,
    /// The version of the Spark in it.
    pub spark_version: String,
    /// The driver's service account; without, the namespace's default one.
    #[serde(default)]
    pub service_account: Option<String>,
    /// Secrets for registries with log-in.
    #[serde(default)]
    pub image_pull_secrets: Vec<String>,
    /// A pod in YAML that the driver pod is made from.
    #[serde(default)]
    pub driver_template: Option<String>,
    /// A pod in YAML that executors are made from.
    #[serde(default)]
    pub executor_template: Option<String>,
    /// Where the driver may run.
    #[serde(default)]
    pub driver_placement: Placement,
    /// Where executors may run.
    #[serde(default)]
    pub executor_placement: Placement,
}

/// An attempt that has a driver pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KubernetesAttempt {
    /// What was stored before.
    pub intent: Intent,
    /// The pod.
    pub pod: KubernetesDriver,
    /// `spark.eventLog.dir` of the job, when it has one.
    #[serde(default)]
    pub event_log: Option<String>,
    /// Whether pods of executors that have ended are there until their logs were copied, and are deleted then.
    #[serde(default)]
    pub clears_executors: bool,
}

/// A cluster and what is kept of it: one connection, one watch for each namespace. Connected when it is first needed.
#[derive(Clone)]
pub struct KubernetesRuns {
    inner: Arc<Inner>,
}

struct Inner {
    access: KubernetesAccess,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    cluster: Option<KubernetesCluster>,
    watches: HashMap<String, Arc<DriverWatch>>,
}

/// What of a launch is needed after the end.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    event_log: Option<String>,
    #[serde(default)]
    clears_executors: bool,
}

/// How long a watch may take for its first list.
const FIRST_LIST: Duration = Duration::from_secs(20);

impl KubernetesRuns {
    /// Asks nothing and reads nothing yet.
    pub fn new(access: KubernetesAccess) -> Self {
        Self { inner: Arc::new(Inner { access, known: Mutex::default() }) }
    }

    /// Whether `master`, as Spark writes it (`k8s://https://HOST:PORT`), is this cluster.
    ///
    /// # Errors
    /// [`KubernetesError::Access`].
    pub async fn is_at(&self, master: &str) -> Result<bool, Error> {
        Ok(is_master_of(master, self.cluster().await?.server()))
    }

    pub(super) async fn cluster(&self) -> Result<KubernetesCluster, Error> {
        if let Some(cluster) = &self.known().cluster {
            return Ok(cluster.clone());
        }
        let cluster = KubernetesCluster::new(&self.inner.access).await?;
        Ok(self.known().cluster.get_or_insert(cluster).clone())
    }

    /// Credentials that are not accepted any more are read anew the next time.
    fn noted<T>(&self, answer: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::Kubernetes(KubernetesError::Unauthorized { .. })) = &answer {
            *self.known() = Known::default();
        }
        answer
    }

    pub(crate) async fn launch(
        &self,
        intent: &Intent,
        launch: &Launch<'_>,
    ) -> Result<Launched<KubernetesAttempt>, Error> {
        let target = target_of(intent)?;
        let cluster = self.cluster().await?;
        let (request, notes) = super::launch::request(target, intent, launch, cluster.server())?;
        let event_log = launch.conf.get("spark.eventLog.dir").cloned();
        let clears_executors = !launch.conf.contains_key(super::launch::DELETES_EXECUTORS);
        intent.make_folder()?;
        if !intent.file("launched").exists() {
            // Before the attempt is taken: a server that does not answer this has not been asked for anything.
            let name = name_of(target, intent, SystemTime::UNIX_EPOCH);
            self.noted(cluster.find(&name).await)?;
            if let crate::Program::PySpark(text) = launch.program {
                write(&intent.file("job.py"), text.as_bytes())?;
            }
            let kept = serde_json::to_vec(&Kept { event_log: event_log.clone(), clears_executors });
            write(&intent.file("kubernetes.json"), &kept.unwrap_or_default())?;
        }
        let mark = intent.file("launched");
        match write_new(&mark, "") {
            Err(source) if source.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(Error::Write { path: mark, source });
            }
            _ => {}
        }
        let name = name_of(target, intent, begun(intent)?.unwrap_or(SystemTime::UNIX_EPOCH));
        let submitted = self.noted(cluster.submit(&name, &request).await);
        let pod = submitted.map_err(|error| match error {
            Error::Kubernetes(KubernetesError::Unreachable { server, problem }) => {
                Error::Unanswered { server, problem }
            }
            Error::Kubernetes(KubernetesError::Refused { server, code, problem, .. })
                if code >= 500 =>
            {
                Error::Unanswered { server, problem: format!("{code}: {problem}") }
            }
            other => other,
        })?;
        write(&intent.file("driver"), &serde_json::to_vec(&pod).unwrap_or_default())?;
        let identity =
            KubernetesAttempt { intent: intent.clone(), pod, event_log, clears_executors };
        Ok(Launched { identity, notes })
    }

    /// A pod that waits, of a launch that was cut short, may lack what it needs: it is to be launched again, as one without a
    /// pod.
    pub(crate) async fn find(&self, intent: &Intent) -> Result<Trace<KubernetesAttempt>, Error> {
        let target = target_of(intent)?;
        let Some(begun) = begun(intent)? else { return Ok(Trace::NotLaunched) };
        let cluster = self.cluster().await?;
        let found = self.noted(cluster.find(&name_of(target, intent, begun)).await)?;
        let noted = fs::read(intent.file("driver")).ok();
        let noted: Option<KubernetesDriver> =
            noted.and_then(|json| serde_json::from_slice(&json).ok());
        let is_whole = noted.is_some();
        let pod = match found {
            KubernetesTrace::Started(pod) => pod,
            // It was there, and what became of it is not known: not to be run again as if it had never been.
            KubernetesTrace::NotLaunched => match noted {
                Some(pod) => pod,
                None => return Ok(Trace::NotLaunched),
            },
        };
        let waits = || async {
            let status = cluster.status(&pod).await?;
            Ok::<_, Error>(matches!(status, KubernetesStatus::Pending { .. }))
        };
        if !is_whole && waits().await? {
            return Ok(Trace::NotLaunched);
        }
        let kept = fs::read(intent.file("kubernetes.json")).ok();
        let kept: Kept =
            kept.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
        let Kept { event_log, clears_executors } = kept;
        let intent = intent.clone();
        let attempt = KubernetesAttempt { intent, pod, event_log, clears_executors };
        Ok(Trace::Started(attempt))
    }

    /// Takes away what a launch that will not be completed has left.
    pub(crate) async fn withdraw(&self, intent: &Intent) -> Result<(), Error> {
        let target = target_of(intent)?;
        let Some(begun) = begun(intent)? else { return Ok(()) };
        let cluster = self.cluster().await?;
        match self.noted(cluster.find(&name_of(target, intent, begun)).await)? {
            KubernetesTrace::Started(pod) => cluster.cancel(&pod, Duration::ZERO).await,
            KubernetesTrace::NotLaunched => Ok(()),
        }
    }

    pub(crate) async fn status_of(&self, attempt: &KubernetesAttempt) -> Result<Status, Error> {
        let cluster = self.cluster().await?;
        let status = self.noted(cluster.status(&attempt.pod).await)?;
        let was_cancelled = attempt.intent.was_cancelled();
        if status == KubernetesStatus::Deleted
            && let Some(ended) = recalled(&attempt.intent)
        {
            return Ok(ended);
        }
        if let Some(reason) = reason_of(&status).filter(|_| !was_cancelled) {
            reason.tell(&attempt.intent.directory)?;
        }
        if was_cancelled && status == KubernetesStatus::Deleted {
            return Ok(killed());
        }
        let told = as_told(status);
        remember(&attempt.intent, &told)?;
        Ok(told)
    }

    /// Where attempts stand, from the watches of their namespaces.
    pub(crate) async fn overview(
        &self,
        attempts: &[Option<&KubernetesAttempt>],
    ) -> Result<Vec<Option<Status>>, Error> {
        let cluster = self.cluster().await?;
        let mut seen: HashMap<usize, Status> = HashMap::new();
        let mut by_namespace: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, attempt) in attempts.iter().enumerate() {
            if let Some(attempt) = attempt {
                by_namespace.entry(&attempt.pod.namespace).or_default().push(index);
            }
        }
        for (namespace, of_it) in by_namespace {
            let watch = {
                let mut known = self.known();
                let watches = known.watches.entry(namespace.to_owned());
                watches.or_insert_with(|| Arc::new(cluster.watch(namespace))).clone()
            };
            let pods = of_it.iter().filter_map(|index| attempts[*index]);
            let pods = pods.map(|attempt| (attempt.pod.pod.as_str(), attempt.pod.uid.as_str()));
            let asked = tokio::time::timeout(FIRST_LIST, watch.statuses(pods)).await;
            let asked = asked.unwrap_or_else(|_| Err("no list of pods came".to_owned()));
            let statuses = asked.map_err(|problem| {
                let server = cluster.server().to_owned();
                Error::from(KubernetesError::Unreachable { server, problem })
            })?;
            for (index, status) in of_it.into_iter().zip(statuses) {
                let told = status.filter(|status| !status.is_final()).map(as_told);
                seen.extend(told.map(|status| (index, status)));
            }
            // Forgets those that are gone.
            drop(watch.take_changes());
        }
        Ok((0..attempts.len()).map(|index| seen.remove(&index)).collect())
    }

    pub(crate) async fn cancel(
        &self,
        attempt: &KubernetesAttempt,
        grace: Duration,
    ) -> Result<Status, Error> {
        let status = self.status_of(attempt).await?;
        if status.is_final() && status != Status::Vanished {
            return Ok(status);
        }
        attempt.intent.note_cancelled();
        let cluster = self.cluster().await?;
        cluster.cancel(&attempt.pod, grace).await?;
        Ok(if status == Status::Vanished { status } else { killed() })
    }

    pub(crate) async fn clean_up(&self, attempt: &KubernetesAttempt) -> Result<(), Error> {
        let cluster = self.cluster().await?;
        self.noted(cluster.clean_up(&attempt.pod).await)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.inner.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for KubernetesRuns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KubernetesRuns").field("access", &self.inner.access).finish_non_exhaustive()
    }
}

fn target_of(intent: &Intent) -> Result<&KubernetesTarget, Error> {
    match &intent.target {
        Target::Kubernetes(target) => Ok(target),
        _ => Err(Error::WrongCluster { directory: intent.directory.clone() }),
    }
}

fn name_of(target: &KubernetesTarget, intent: &Intent, begun: SystemTime) -> KubernetesIntent {
    let (run, attempt) = properties::run_and_attempt(&intent.marker);
    let since = begun.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    KubernetesIntent::new(
        &target.namespace,
        &RunId::new(run),
        AttemptNumber(attempt.parse().unwrap_or(1)),
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
    )
}

/// When the first launch began.
fn begun(intent: &Intent) -> Result<Option<SystemTime>, Error> {
    let path = intent.file("launched");
    match fs::metadata(&path).and_then(|data| data.modified()) {
        Ok(time) => Ok(Some(time)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Read { path, source }),
    }
}

fn write(place: &Path, bytes: &[u8]) -> Result<(), Error> {
    let written = place.with_extension("new");
    fs::write(&written, bytes)
        .and_then(|()| fs::rename(&written, place))
        .map_err(|source| Error::Write { path: place.to_owned(), source })
}

/// Notes an end: a caller that dies after it has cleaned up asks again.
fn remember(intent: &Intent, status: &Status) -> Result<(), Error> {
    let how = match status {
        Status::Exited { code } => code.to_string(),
        Status::Ended { outcome: Outcome::Killed, .. } => "killed".to_owned(),
        Status::Ended { .. } => "failed".to_owned(),
        Status::Waiting { .. } | Status::Running | Status::Vanished => return Ok(()),
    };
    write(&intent.file("ended"), how.as_bytes())
}

fn recalled(intent: &Intent) -> Option<Status> {
    let how = fs::read_to_string(intent.file("ended")).ok()?;
    let ended = |outcome| Status::Ended { outcome, message: None };
    match how.as_str() {
        "killed" => Some(ended(Outcome::Killed)),
        "failed" => Some(ended(Outcome::Failed)),
        code => Some(Status::Exited { code: code.parse().ok()? }),
    }
}

fn killed() -> Status {
    Status::Ended { outcome: Outcome::Killed, message: None }
}

fn as_told(status: KubernetesStatus) -> Status {
    let hint = status.hint();
    match status {
        KubernetesStatus::Pending {
            wait: PendingReason::Scheduling | PendingReason::Starting,
            ..
        } => Status::Waiting { reason: None },
        KubernetesStatus::Pending { message, .. } => {
            let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
            Status::Waiting { reason: Some(format!("{message}{hint}")) }
        }
        // A node that nobody hears from may come back, and its driver with it.
        KubernetesStatus::Running | KubernetesStatus::Unreachable { .. } => Status::Running,
        KubernetesStatus::Succeeded => Status::Exited { code: 0 },
        KubernetesStatus::Failed { exit_code: Some(code), .. } if code != 0 => {
            Status::Exited { code }
        }
        KubernetesStatus::Failed { reason, message, .. } => {
            let outcome = match reason {
                FailureReason::Evicted | FailureReason::Preempted | FailureReason::NodeLost => {
                    Outcome::Killed
                }
                _ => Outcome::Failed,
            };
            Status::Ended { outcome, message: Some(message).filter(|said| !said.is_empty()) }
        }
        KubernetesStatus::Deleted => Status::Vanished,
    }
}

/// Why a driver ended, where its pod knows better than its log.
fn reason_of(status: &KubernetesStatus) -> Option<ExitReason> {
    let (reason, said) = match status {
        KubernetesStatus::Failed { reason, message, .. } => (*reason, message.as_str()),
        KubernetesStatus::Deleted => {
            let message = "the driver's pod was deleted by somebody else, or went with its node";
            return Some(ExitReason {
                category: ExitCategory::Cluster,
                message: message.to_owned(),
            });
        }
        _ => return None,
    };
    let (category, what) = match reason {
        FailureReason::ExitCode | FailureReason::Unknown => return None,
        FailureReason::OutOfMemory => {
            (ExitCategory::OutOfMemory, "the driver was killed at its memory limit")
        }
        FailureReason::Evicted => (ExitCategory::Cluster, "the driver's pod was evicted"),
        FailureReason::Preempted => {
            (ExitCategory::Cluster, "the driver's pod made room for one of higher priority")
        }
        FailureReason::NodeLost => (ExitCategory::Cluster, "the driver's node is gone"),
        FailureReason::DeadlineExceeded => {
            (ExitCategory::Unknown, "the driver's pod lived longer than its activeDeadlineSeconds")
        }
        FailureReason::Start => {
            (ExitCategory::Submission, "the driver's container could not be started")
        }
    };
    let said = Some(said).filter(|said| !said.is_empty() && *said != "OOMKilled");
    let said = said.map(|said| format!(": {said}")).unwrap_or_default();
    let hint = status.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    let message = format!("{what}{said}{hint}");
    Some(ExitReason { category, message })
}
