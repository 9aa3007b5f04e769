//! Submission and everything that is done with a submitted driver.

use super::api::{Api, Failure, meaning};
use super::request::MARKER;
use super::{
    KubernetesAccess, KubernetesError, KubernetesIntent, KubernetesRequest, KubernetesStatus,
};
use crate::Error;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How often the pod is asked for when the answers are cut off. By its name it is made once all the same.
const TRIES: u32 = 4;
/// How long pods may take to go after their grace period: kubelet and garbage collector need seconds. A guess.
const GOES: Duration = Duration::from_secs(60);

/// A cluster that drivers are submitted to.
#[derive(Clone)]
pub struct KubernetesCluster {
    pub(super) api: Api,
}

/// A driver that was submitted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KubernetesDriver {
    /// The namespace.
    pub namespace: String,
    /// The driver pod.
    pub pod: String,
    /// The pod's uid: tells it from a later pod with the same name.
    pub uid: String,
    /// Spark's application id, which executors carry as the label `spark-app-selector`.
    pub application_id: String,
}

/// What became of an attempt whose submission may have been cut short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KubernetesTrace {
    /// There is no driver pod: it may be submitted.
    NotLaunched,
    /// There is one. Submitting again completes what may be missing besides it.
    Started(KubernetesDriver),
}

/// A pod that exists, and what is said of it.
struct Found {
    driver: KubernetesDriver,
    pod: Value,
}

impl KubernetesCluster {
    /// Reads the credentials; asks nothing of the cluster yet. To be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`KubernetesError::Access`].
    pub async fn new(access: &KubernetesAccess) -> Result<Self, Error> {
        Ok(Self { api: Api::connect(access).await? })
    }

    /// The API server's address.
    pub fn server(&self) -> &str {
        &self.api.server
    }

    /// Submits an attempt, or completes its submission: the pod is made once, by its name, however often this is called
    /// and wherever it was cut off before. When the cluster refuses one of the objects, a pod that was made by this
    /// call, and cannot have started without them, is deleted again; one that was found is the caller's to cancel.
    ///
    /// # Errors
    /// [`Error::Conf`] and [`Error::Kubernetes`]; after [`KubernetesError::Unreachable`] it is not known whether there is a
    /// pod, and submitting again is what finds out.
    pub async fn submit(
        &self,
        intent: &KubernetesIntent,
        request: &KubernetesRequest,
    ) -> Result<KubernetesDriver, Error> {
        let objects = request.objects(intent, &self.api.server)?;
        let (found, is_new) = self.make_pod(intent, &objects.pod).await?;
        let over = KubernetesStatus::of_pod(&found.pod).is_final();
        let is_leaving = found.pod["metadata"]["deletionTimestamp"].is_string();
        if over || is_leaving {
            return Ok(found.driver);
        }
        for object in objects.owned {
            let made = self.complete(&found.driver, object, is_new).await;
            if let Err((error, refused)) = made {
                if refused && is_new {
                    self.delete(&found.driver, Some(Duration::ZERO)).await?;
                }
                return Err(error.into());
            }
        }
        Ok(found.driver)
    }

    /// Whether the attempt has a driver pod.
    ///
    /// # Errors
    /// [`Error::Kubernetes`].
    pub async fn find(&self, intent: &KubernetesIntent) -> Result<KubernetesTrace, Error> {
        let found = self.look(intent).await?;
        Ok(found
            .map_or(KubernetesTrace::NotLaunched, |found| KubernetesTrace::Started(found.driver)))
    }

    /// Where a driver stands now.
    ///
    /// # Errors
    /// [`Error::Kubernetes`].
    pub async fn status(&self, driver: &KubernetesDriver) -> Result<KubernetesStatus, Error> {
        let pod = self.pod(&driver.namespace, &driver.pod).await?;
        let same = pod.filter(|pod| pod["metadata"]["uid"] == driver.uid.as_str());
        Ok(same.map_or(KubernetesStatus::Deleted, |pod| KubernetesStatus::of_pod(&pod)))
    }

    /// Ends a driver: its pod is deleted and gets `grace` to end by itself; executors, service and config maps go with it.
    /// Returns when driver and executors are gone. The log goes too: read it before. Harmless when it is over already.
    ///
    /// # Errors
    /// [`KubernetesError::StillThere`] when pods stay, as on a lost node; other [`Error::Kubernetes`].
    pub async fn cancel(&self, driver: &KubernetesDriver, grace: Duration) -> Result<(), Error> {
        self.delete(driver, Some(grace)).await?;
        let began = Instant::now();
        let mut pause = Duration::from_millis(50);
        loop {
            let left = match self.status(driver).await? {
                KubernetesStatus::Deleted => self.executors(driver).await?.into_iter().next(),
                _ => Some(driver.pod.clone()),
            };
            let Some(pod) = left else { return Ok(()) };
            let waited = began.elapsed();
            if waited > grace + GOES {
                let namespace = driver.namespace.clone();
                let waited_s = waited.as_secs();
                return Err(KubernetesError::StillThere { namespace, pod, waited_s }.into());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    /// Deletes the pod of a driver that has ended, with its log and all objects that belong to it. When, is the
    /// caller's choice. May be called again.
    ///
    /// # Errors
    /// [`KubernetesError::StillRuns`], other [`Error::Kubernetes`].
    pub async fn clean_up(&self, driver: &KubernetesDriver) -> Result<(), Error> {
        if !self.status(driver).await?.is_final() {
            let (namespace, pod) = (driver.namespace.clone(), driver.pod.clone());
            return Err(KubernetesError::StillRuns { namespace, pod }.into());
        }
        self.delete(driver, None).await
    }

    /// The names of the executors' pods that are there now.
    ///
    /// # Errors
    /// [`Error::Kubernetes`].
    pub async fn executors(&self, driver: &KubernetesDriver) -> Result<Vec<String>, Error> {
        let pods = self.executor_pods(driver).await?;
        Ok(pods
            .iter()
            .filter_map(|pod| pod["metadata"]["name"].as_str().map(str::to_owned))
            .collect())
    }

    pub(super) async fn executor_pods(
        &self,
        driver: &KubernetesDriver,
    ) -> Result<Vec<Value>, Error> {
        let selector =
            format!("spark-app-selector%3D{},spark-role%3Dexecutor", driver.application_id);
        let path = format!("{}?labelSelector={selector}", pods(&driver.namespace));
        let mut list = self
            .api
            .get(&path)
            .await
            .map_err(|failure| self.failed(failure, &driver.namespace, "pods"))?;
        Ok(list["items"].as_array_mut().map(std::mem::take).unwrap_or_default())
    }

    /// Makes the pod or finds that it was made. True when it was made now.
    async fn make_pod(
        &self,
        intent: &KubernetesIntent,
        pod: &Value,
    ) -> Result<(Found, bool), Error> {
        let path = pods(&intent.namespace);
        let object = format!("pod {}", intent.pod);
        let mut tries = 0;
        loop {
            tries += 1;
            let failure = match self.api.post(&path, pod).await {
                Ok(made) => return Ok((Found::of(intent, made)?, true)),
                Err(failure) => failure,
            };
            // 409: it is there, or a quota is just being counted. No answer, 5xx: it may be there.
            let may_be_there = failure.code().is_none_or(|code| code == 409 || code >= 500);
            if !may_be_there {
                return Err(self.failed(failure, &intent.namespace, &object));
            }
            if let Some(found) = self.look(intent).await? {
                return Ok((found, false));
            }
            if tries == TRIES {
                return Err(self.failed(failure, &intent.namespace, &object));
            }
            tokio::time::sleep(Duration::from_millis(100) * tries).await;
        }
    }

    async fn look(&self, intent: &KubernetesIntent) -> Result<Option<Found>, Error> {
        match self.pod(&intent.namespace, &intent.pod).await? {
            Some(pod) => Found::of(intent, pod).map(Some),
            None => Ok(None),
        }
    }

    pub(super) async fn pod(&self, namespace: &str, name: &str) -> Result<Option<Value>, Error> {
        match self.api.get(&format!("{}/{name}", pods(namespace))).await {
            Ok(pod) => Ok(Some(pod)),
            Err(failure) if failure.code() == Some(404) => Ok(None),
            Err(failure) => Err(self.failed(failure, namespace, &format!("pod {name}"))),
        }
    }

    /// Applies one of the objects that belong to the driver. Of an adopted driver only what is missing: config maps
    /// cannot be changed, and secrets can: what is in them may be of this launch only. The flag of the error says that the server does not want it.
    async fn complete(
        &self,
        driver: &KubernetesDriver,
        mut object: Value,
        is_new: bool,
    ) -> Result<(), (KubernetesError, bool)> {
        let (path, name) = place(&object, &driver.namespace);
        let failed = |failure: Failure| {
            let refused =
                failure.code().is_some_and(|code| (400..500).contains(&code) && code != 429);
            (meaning(failure, &self.api.server, &driver.namespace, &name), refused)
        };
        if !is_new && object["kind"] != "Secret" {
            match self.api.get(&path).await {
                Ok(there) if belongs(&there, &driver.uid) => return Ok(()),
                Ok(_) => {}
                Err(failure) if failure.code() == Some(404) => {}
                Err(failure) => return Err(failed(failure)),
            }
        }
        object["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "v1", "kind": "Pod", "controller": true, "name": driver.pod, "uid": driver.uid,
        }]);
        self.api.apply(&path, &object).await.map(drop).map_err(failed)
    }

    async fn delete(
        &self,
        driver: &KubernetesDriver,
        grace: Option<Duration>,
    ) -> Result<(), Error> {
        self.delete_pod((&driver.namespace, &driver.pod, &driver.uid), grace).await
    }

    /// Deletes a pod, and no later one with its name; harmless when it is gone.
    pub(super) async fn delete_pod(
        &self,
        (namespace, name, uid): (&str, &str, &str),
        grace: Option<Duration>,
    ) -> Result<(), Error> {
        let mut options = json!({
            "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background",
            "preconditions": {"uid": uid},
        });
        if let Some(grace) = grace {
            options["gracePeriodSeconds"] = json!(grace.as_secs());
        }
        match self.api.delete(&format!("{}/{name}", pods(namespace)), &options).await {
            Ok(_) => Ok(()),
            // Gone, or another pod with this name.
            Err(failure) if matches!(failure.code(), Some(404 | 409)) => Ok(()),
            Err(failure) => Err(self.failed(failure, namespace, &format!("pod {name}"))),
        }
    }

    pub(super) fn failed(&self, failure: Failure, namespace: &str, object: &str) -> Error {
        meaning(failure, &self.api.server, namespace, object).into()
    }
}

impl std::fmt::Debug for KubernetesCluster {
    /// Without credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KubernetesCluster")
            .field("server", &self.api.server)
            .finish_non_exhaustive()
    }
}

impl Found {
    /// Refuses a pod of somebody else.
    fn of(intent: &KubernetesIntent, pod: Value) -> Result<Self, Error> {
        let metadata = &pod["metadata"];
        let marker = metadata["annotations"][MARKER].as_str();
        let (Some(uid), true) = (metadata["uid"].as_str(), marker == Some(intent.marker.as_str()))
        else {
            let found = marker
                .map_or("it has no marker".to_owned(), |marker| format!("its marker is {marker}"));
            let (namespace, pod) = (intent.namespace.clone(), intent.pod.clone());
            return Err(KubernetesError::NameTaken { namespace, pod, found }.into());
        };
        let driver = KubernetesDriver {
            namespace: intent.namespace.clone(),
            pod: intent.pod.clone(),
            uid: uid.to_owned(),
            application_id: metadata["labels"]["spark-app-selector"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        };
        Ok(Self { driver, pod })
    }
}

pub(super) fn pods(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/pods")
}

/// An object's path, and its kind and name for messages.
fn place(object: &Value, namespace: &str) -> (String, String) {
    let kind = object["kind"].as_str().unwrap_or_default();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let (api, plural) = match kind {
        "NetworkPolicy" => ("apis/networking.k8s.io/v1", "networkpolicies"),
        "ConfigMap" => ("api/v1", "configmaps"),
        "Secret" => ("api/v1", "secrets"),
        "PersistentVolumeClaim" => ("api/v1", "persistentvolumeclaims"),
        _ => ("api/v1", "services"),
    };
    (format!("/{api}/namespaces/{namespace}/{plural}/{name}"), format!("{kind} {name}"))
}

fn belongs(object: &Value, uid: &str) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array();
    owners.is_some_and(|owners| owners.iter().any(|owner| owner["uid"] == uid))
}
