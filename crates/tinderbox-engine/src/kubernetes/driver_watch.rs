//! Follows many drivers with one watch.

use super::cluster::KubernetesCluster;
use super::status::KubernetesStatus;
use futures::StreamExt as _;
use kube::Api;
use kube::api::{ApiResource, DynamicObject};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The drivers of a namespace that were submitted here, and where each stands. One watch for all of them: it begins anew
/// after a cut or when the server has forgotten (410), and then finds what has changed or gone in between. Memory
/// grows with the number of drivers there are, not with what happens to them. Ends when it is dropped.
#[derive(Debug)]
pub struct DriverWatch {
    shared: Arc<Shared>,
    changed: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

/// A driver whose status is another than it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverChange {
    /// The pod.
    pub pod: String,
    /// Its uid.
    pub uid: String,
    /// Where it stands now.
    pub status: KubernetesStatus,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By the pod's name.
    drivers: HashMap<String, Entry>,
    /// Names seen since the list began that is just being read.
    listed: Option<HashSet<String>>,
    /// Whether all drivers that there are have been seen once.
    is_complete: bool,
    /// Why the watch is interrupted.
    problem: Option<String>,
}

#[derive(Debug)]
struct Entry {
    uid: String,
    status: KubernetesStatus,
    /// Not told yet.
    is_new: bool,
}

impl KubernetesCluster {
    /// Follows the drivers of a namespace. To be called inside a tokio runtime.
    pub fn watch(&self, namespace: &str) -> DriverWatch {
        let pods = ApiResource {
            group: String::new(),
            version: "v1".to_owned(),
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            plural: "pods".to_owned(),
        };
        let pods: Api<DynamicObject> =
            Api::namespaced_with(self.api.client.clone(), namespace, &pods);
        let wanted = watcher::Config::default().labels("tinderbox/run,spark-role=driver");
        let shared = Arc::new(Shared::default());
        let (tell, changed) = watch::channel(0);
        let inside = shared.clone();
        let task = tokio::spawn(async move {
            let mut events = Box::pin(watcher::watcher(pods, wanted).default_backoff());
            while let Some(event) = events.next().await {
                let has_changed = match event {
                    Ok(event) => inside.lock().take(event),
                    Err(error) => inside.lock().interrupted(error.to_string()),
                };
                if has_changed {
                    tell.send_modify(|count| *count += 1);
                }
            }
        });
        DriverWatch { shared, changed, task }
    }
}

impl DriverWatch {
    /// Waits until there is something to take.
    pub async fn changed(&mut self) {
        // The sender lives as long as the task, and that as long as this.
        let _ = self.changed.changed().await;
    }

    /// The changes since the last call: of each driver the last one only. A driver that is gone is told once, as
    /// [`KubernetesStatus::Deleted`], and forgotten.
    pub fn take_changes(&self) -> Vec<DriverChange> {
        let mut state = self.shared.lock();
        let fresh = state.drivers.iter_mut().filter(|(_, entry)| entry.is_new);
        let changes = fresh
            .map(|(pod, entry)| {
                entry.is_new = false;
                DriverChange {
                    pod: pod.clone(),
                    uid: entry.uid.clone(),
                    status: entry.status.clone(),
                }
            })
            .collect();
        state.drivers.retain(|_, entry| entry.status != KubernetesStatus::Deleted);
        changes
    }

    /// Where a driver stands, as far as is known.
    pub fn status(&self, pod: &str) -> Option<KubernetesStatus> {
        self.shared.lock().drivers.get(pod).map(|entry| entry.status.clone())
    }

    /// Where the drivers stand that have a pod with this name and uid, after the first list is complete: waits for that as long
    /// as nothing is wrong.
    pub(super) async fn statuses(
        &self,
        drivers: impl Iterator<Item = (&str, &str)>,
    ) -> Result<Vec<Option<KubernetesStatus>>, String> {
        let mut changed = self.changed.clone();
        loop {
            changed.borrow_and_update();
            {
                let state = self.shared.lock();
                if let Some(problem) = &state.problem {
                    return Err(problem.clone());
                }
                if state.is_complete {
                    let of = |(pod, uid): (&str, &str)| {
                        let entry = state.drivers.get(pod).filter(|entry| entry.uid == uid)?;
                        Some(entry.status.clone())
                    };
                    return Ok(drivers.map(of).collect());
                }
            }
            if changed.changed().await.is_err() {
                return Err("the watch has ended".to_owned());
            }
        }
    }

    /// Why nothing is heard at the moment: the server is gone, or does not allow it. It is tried again with growing pauses.
    pub fn problem(&self) -> Option<String> {
        self.shared.lock().problem.clone()
    }
}

impl Drop for DriverWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether there is something to tell.
    fn take(&mut self, event: Event<DynamicObject>) -> bool {
        let was_interrupted = self.problem.take().is_some();
        was_interrupted
            | match event {
                Event::Init => {
                    self.listed = Some(HashSet::new());
                    false
                }
                Event::InitApply(pod) => {
                    if let (Some(listed), Some(name)) = (&mut self.listed, &pod.metadata.name) {
                        listed.insert(name.clone());
                    }
                    self.note(&pod)
                }
                Event::InitDone => {
                    let listed = self.listed.take().unwrap_or_default();
                    let gone = self.drivers.iter_mut().filter(|(name, _)| !listed.contains(*name));
                    let is_first = !std::mem::replace(&mut self.is_complete, true);
                    gone.fold(is_first, |told, (_, entry)| {
                        entry.turn(KubernetesStatus::Deleted) | told
                    })
                }
                Event::Apply(pod) => self.note(&pod),
                Event::Delete(pod) => {
                    let name = pod.metadata.name.unwrap_or_default();
                    let entry = self.drivers.get_mut(&name);
                    entry.is_some_and(|entry| entry.turn(KubernetesStatus::Deleted))
                }
            }
    }

    fn interrupted(&mut self, problem: String) -> bool {
        self.problem.replace(problem).is_none()
    }

    fn note(&mut self, pod: &DynamicObject) -> bool {
        let status = KubernetesStatus::of_pod(&value(pod));
        let (Some(name), Some(uid)) = (&pod.metadata.name, &pod.metadata.uid) else { return false };
        match self.drivers.get_mut(name) {
            Some(entry) if entry.uid == *uid => entry.turn(status),
            _ => {
                let entry = Entry { uid: uid.clone(), status, is_new: true };
                self.drivers.insert(name.clone(), entry);
                true
            }
        }
    }
}

impl Entry {
    fn turn(&mut self, status: KubernetesStatus) -> bool {
        let is_other = self.status != status;
        self.is_new |= is_other;
        self.status = status;
        is_other
    }
}

/// The part of a pod that its status follows from.
fn value(pod: &DynamicObject) -> Value {
    json!({"spec": {"containers": pod.data["spec"]["containers"]}, "status": pod.data["status"]})
}
