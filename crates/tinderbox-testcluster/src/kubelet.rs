//! The process kubelet: pods that have a node run as processes of this machine, in folders of their own.

mod container;
mod log;
mod places;
mod pod_run;
mod process;
mod spark_image;
mod status;
mod volumes;

pub(crate) use log::{ContainerLog, LogView};
pub(crate) use status::set_condition;

use crate::admission::has_ended;
use crate::kind::KindId;
use crate::shared::{Shared, lock};
use crate::store::Key;
use process::ProcessGroups;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

/// What happens to a pod from outside of its containers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Blow {
    /// The node runs out of something.
    Evicted(String),
    /// The node is shut down in order, as a spot node is.
    ShutDown,
    /// The node is no more, and nobody reports it.
    Lost,
}

/// A container that runs.
#[derive(Debug, Clone)]
struct Running {
    group: i32,
    out_of_memory: Arc<AtomicBool>,
}

struct Handle {
    key: Key,
    blows: mpsc::Sender<Blow>,
    touched: watch::Sender<u64>,
    containers: HashMap<String, Running>,
}

/// What a pod's task listens to.
struct Signals {
    blows: mpsc::Receiver<Blow>,
    /// Changes of this pod's object.
    touched: watch::Receiver<u64>,
}

pub(crate) struct Kubelet {
    folder: TempDir,
    groups: ProcessGroups,
    pods: Mutex<HashMap<String, Handle>>,
    /// By the pod's uid and the container's name. They outlive their pods.
    logs: Mutex<BTreeMap<(String, String), Arc<ContainerLog>>>,
    /// The uids of all pods there have been, by namespace and name, newest last.
    known: Mutex<HashMap<(String, String), Vec<String>>>,
}

impl Kubelet {
    pub(crate) fn new() -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("testcluster-").tempdir()?;
        Ok(Self {
            groups: ProcessGroups::start(folder.path())?,
            folder,
            pods: Mutex::default(),
            logs: Mutex::default(),
            known: Mutex::default(),
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills everything at once, and everything that would start from now on.
    pub(crate) fn kill_all(&self) {
        self.groups.kill_all();
    }

    /// Process groups that run.
    pub(crate) fn process_groups(&self) -> Vec<i32> {
        self.groups.all()
    }

    /// Of the container's last start; none before its first.
    pub(crate) fn log(&self, pod: &Value, container: &str) -> Option<Arc<ContainerLog>> {
        let uid = pod["metadata"]["uid"].as_str()?.to_owned();
        lock(&self.logs).get(&(uid, container.to_owned())).cloned()
    }

    /// What all containers of the newest pod of this name have written, whether it is still there or not.
    pub(crate) fn ended_log(&self, namespace: &str, name: &str) -> String {
        let key = (namespace.to_owned(), name.to_owned());
        let uid = lock(&self.known).get(&key).and_then(|uids| uids.last().cloned());
        let Some(uid) = uid else { return String::new() };
        let logs = lock(&self.logs);
        let of_pod = logs.iter().filter(|((owner, _), _)| *owner == uid);
        of_pod.map(|(_, log)| log.text()).collect()
    }

    /// Names of all pods that have had a process here.
    pub(crate) fn known_pods(&self) -> Vec<(String, String)> {
        lock(&self.known).keys().cloned().collect()
    }

    /// False when no such pod runs.
    pub(crate) fn strike(&self, key: &Key, blow: Blow) -> bool {
        let pods = lock(&self.pods);
        let found = pods.values().find(|handle| handle.key == *key);
        found.is_some_and(|handle| handle.blows.try_send(blow).is_ok())
    }

    /// Kills a container as the kernel does when it has used too much memory.
    pub(crate) fn run_out_of_memory(&self, key: &Key, container: &str) -> bool {
        let pods = lock(&self.pods);
        let found = pods.values().find(|handle| handle.key == *key);
        let Some(running) = found.and_then(|handle| handle.containers.get(container)) else {
            return false;
        };
        running.out_of_memory.store(true, Ordering::SeqCst);
        process::kill_group(running.group);
        true
    }

    fn begin(&self, key: &Key, uid: &str) -> Option<Signals> {
        let mut pods = lock(&self.pods);
        if pods.contains_key(uid) {
            return None;
        }
        let (blows, received) = mpsc::channel(8);
        let touched = watch::Sender::new(0);
        let signals = Signals { blows: received, touched: touched.subscribe() };
        let handle = Handle { key: key.clone(), blows, touched, containers: HashMap::new() };
        pods.insert(uid.to_owned(), handle);
        let name = (key.namespace.clone(), key.name.clone());
        lock(&self.known).entry(name).or_default().push(uid.to_owned());
        Some(signals)
    }

    fn wake<T>(&self, changed: &BTreeMap<Key, T>) {
        for handle in lock(&self.pods).values().filter(|handle| changed.contains_key(&handle.key)) {
            handle.touched.send_modify(|count| *count += 1);
        }
    }

    fn started(&self, uid: &str, container: &str, running: Running) {
        if let Some(handle) = lock(&self.pods).get_mut(uid) {
            handle.containers.insert(container.to_owned(), running);
        }
    }

    fn new_log(&self, uid: &str, container: &str) -> Arc<ContainerLog> {
        let log = Arc::new(ContainerLog::default());
        lock(&self.logs).insert((uid.to_owned(), container.to_owned()), log.clone());
        log
    }
}

/// Starts every pod that was given a node, and wakes those that have changed. Runs for as long as the cluster does.
pub(crate) async fn work(shared: Arc<Shared>) {
    let mut changes = shared.changes();
    let mut seen = 0;
    loop {
        changes.borrow_and_update();
        let changed: BTreeMap<Key, Option<Arc<Value>>> = {
            let store = shared.store();
            let keys: BTreeSet<Key> = match store.changes_after(seen) {
                Some(changes) => changes.into_iter().map(|change| change.key).collect(),
                None => {
                    let known = lock(&shared.kubelet.pods);
                    let running = known.values().map(|handle| handle.key.clone());
                    running
                        .chain(store.list(KindId::POD, None).map(|(key, _)| key.clone()))
                        .collect()
                }
            };
            seen = store.revision();
            let pods = keys.into_iter().filter(|key| key.kind == KindId::POD);
            pods.map(|key| (key.clone(), store.get(&key).cloned())).collect()
        };
        shared.kubelet.wake(&changed);
        for (key, pod) in changed {
            let waits = |pod: &Arc<Value>| pod["spec"]["nodeName"].is_string() && !has_ended(pod);
            let Some(pod) = pod.filter(waits) else { continue };
            let uid = pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
            if let Some(signals) = shared.kubelet.begin(&key, &uid) {
                tokio::spawn(pod_run::run(shared.clone(), key, pod, signals));
            }
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}
