//! A Kubernetes API server for tests, whose pods are really executed as processes of this machine. Clients that know
//! nothing of it (Spark's own submission and scheduler, `kubectl`, the `kube` crate) see the part of Kubernetes that Spark
//! uses: objects, selectors, watches, patches, quotas, garbage collection, logs, evictions.
//!
//! Invariants: it listens on loopback only; nothing that it started outlives it, also when the test panics or is killed;
//! it reads no environment. Only test code depends on it.
//!
//! What is simulated, because there are no containers and no second machine:
//! - Every pod has the address 127.0.0.1, and names of services behind which there is a pod are rewritten to it, in
//!   arguments, environment variables and config maps. The same goes for the paths of volumes and images.
//! - The driver of a Spark image gets free ports and the address of this server (`kubelet/spark_image.rs`).
//! - Nodes exist in name only. Requests and limits count for scheduling and quotas; nothing enforces them.
//! - Network policies and priorities are stored and have no effect. Server-side apply keeps no owners of fields.

mod admission;
mod base64;
mod config;
mod failure;
mod garbage;
mod kind;
mod kubelet;
mod objects;
mod patch;
mod quantity;
mod record;
mod scheduler;
mod selector;
mod serve;
mod shared;
mod store;
mod time;
mod validate;

pub use config::{Config, Image, Node};
pub use record::{Recorded, Trouble};

use kind::KindId;
use kubelet::{Blow, Kubelet};
use serde_json::{Value, json};
use shared::Shared;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use store::Key;
use tokio::runtime::Runtime;

/// Why a cluster did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Of the operating system.
    #[error("cannot start the test cluster")]
    Start(#[from] std::io::Error),
    /// The configuration has an object that is refused.
    #[error("the test cluster's configuration is refused: {0}")]
    Config(String),
}

/// A cluster that runs until it is dropped.
pub struct TestCluster {
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

impl TestCluster {
    /// Starts a cluster on a free port of loopback. It has threads of its own: any test may use it, with or without a
    /// runtime.
    ///
    /// # Errors
    /// When there is no port, no folder or no thread for it, or the configuration is refused.
    pub fn start(config: Config) -> Result<Self, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let shared = Arc::new(Shared::new(config, listener.local_addr()?, Kubelet::new()?));
        furnish(&shared).map_err(Error::Config)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("testcluster")
            .enable_all()
            .build()?;
        let routes = axum::Router::new().fallback(serve::answer).with_state(shared.clone());
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        runtime.spawn(async move { axum::serve(listener, routes).await });
        runtime.spawn(garbage::collect(shared.clone()));
        runtime.spawn(scheduler::work(shared.clone()));
        runtime.spawn(kubelet::work(shared.clone()));
        Ok(Self { shared, runtime: Some(runtime) })
    }

    /// `http://127.0.0.1:PORT`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// An object by its plural (`pods`, `networkpolicies`) and names; the namespace of a kind without is empty.
    #[must_use]
    pub fn get(&self, plural: &str, namespace: &str, name: &str) -> Option<Value> {
        let kind = kind_of(plural)?;
        self.shared.get(&Key::new(kind, namespace, name)).map(|object| (*object).clone())
    }

    /// All objects of a kind in a namespace.
    #[must_use]
    pub fn list(&self, plural: &str, namespace: &str) -> Vec<Value> {
        let Some(kind) = kind_of(plural) else { return Vec::new() };
        let store = self.shared.store();
        store.list(kind, Some(namespace)).map(|(_, object)| (**object).clone()).collect()
    }

    /// Makes an object as a request would.
    ///
    /// # Errors
    /// The message with which it is refused.
    pub fn create(&self, namespace: &str, object: Value) -> Result<(), String> {
        let of_kind = |id: &KindId| object["kind"] == id.get().kind;
        let kind = KindId::all().find(of_kind).ok_or("the cluster has no such kind")?;
        self.shared.create(kind, namespace, object)
    }

    /// Everything that clients have asked for, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.requests.all()
    }

    /// The next requests with this method and this in their path meet with trouble, so many times.
    pub fn trouble(&self, method: &str, path_part: &str, times: usize, trouble: Trouble) {
        self.shared.requests.plan(method, path_part, times, trouble);
    }

    /// What the containers of a pod have written, also of one that has been deleted.
    #[must_use]
    pub fn log(&self, namespace: &str, pod: &str) -> String {
        self.shared.kubelet.ended_log(namespace, pod)
    }

    /// Namespaces and names of all pods that have been started, deleted ones too.
    #[must_use]
    pub fn started_pods(&self) -> Vec<(String, String)> {
        self.shared.kubelet.known_pods()
    }

    /// Numbers of the process groups that run for pods.
    #[must_use]
    pub fn process_groups(&self) -> Vec<i32> {
        self.shared.kubelet.process_groups()
    }

    /// Kills a container as the kernel does when it has used too much memory. False when it does not run.
    pub fn run_out_of_memory(&self, namespace: &str, pod: &str, container: &str) -> bool {
        let key = Key::new(KindId::POD, namespace, pod);
        self.shared.kubelet.run_out_of_memory(&key, container)
    }

    /// Lets the kubelet evict a pod because its node runs out of something. False when it does not run.
    pub fn evict(&self, namespace: &str, pod: &str, message: &str) -> bool {
        let key = Key::new(KindId::POD, namespace, pod);
        self.shared.kubelet.strike(&key, Blow::Evicted(message.to_owned()))
    }

    /// Shuts a node down in order, as a cloud does with a spot node: its pods are asked to end and fail with the reason
    /// `Terminated`.
    pub fn shut_down_node(&self, node: &str) {
        self.disable_node(node, "KubeletNotReady", "False");
        self.strike_pods_of(node, &Blow::ShutDown);
    }

    /// A node breaks: its processes end at once, its pods stay as they were and are then deleted, which nobody confirms.
    /// They go when the node is removed.
    pub fn lose_node(&self, node: &str) {
        self.strike_pods_of(node, &Blow::Lost);
        self.disable_node(node, "NodeStatusUnknown", "Unknown");
        for key in self.pods_of(node) {
            self.shared.edit(&key, |pod| {
                let message = format!("Node {node} which was running pod is unresponsive");
                kubelet::set_condition(pod, "Ready", "False", ("NodeNotReady", ""));
                let why =
                    ("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint");
                kubelet::set_condition(pod, "DisruptionTarget", "True", why);
                pod["status"]["reason"] = json!("NodeLost");
                pod["status"]["message"] = json!(message);
            });
            // A pod that is gone by now needs no deletion.
            let _ = objects::delete(&mut self.shared.store(), &key, &objects::Deletion::default());
        }
    }

    /// Removes a node; its pods fail and go, as the garbage collection of pods does it.
    pub fn remove_node(&self, node: &str) {
        self.strike_pods_of(node, &Blow::Lost);
        for key in self.pods_of(node) {
            self.shared.edit(&key, |pod| {
                let why = ("DeletionByPodGC", "PodGC: node no longer exists");
                kubelet::set_condition(pod, "DisruptionTarget", "True", why);
                pod["status"]["phase"] = json!("Failed");
            });
            let _ = objects::delete(&mut self.shared.store(), &key, &objects::Deletion::at_once());
        }
        self.shared.store().remove(&Key::new(KindId::NODE, "", node));
    }

    /// Forgets all changes: watches from before end with 410 (`Expired`).
    pub fn compact(&self) {
        self.shared.store().compact();
    }

    fn disable_node(&self, node: &str, reason: &str, word: &str) {
        self.shared.edit(&Key::new(KindId::NODE, "", node), |node| {
            kubelet::set_condition(node, "Ready", word, (reason, ""));
            node["spec"]["unschedulable"] = json!(true);
        });
    }

    fn pods_of(&self, node: &str) -> Vec<Key> {
        let store = self.shared.store();
        let pods = store.list(KindId::POD, None);
        let on_it =
            pods.filter(|(_, pod)| pod["spec"]["nodeName"] == node && !admission::has_ended(pod));
        on_it.map(|(key, _)| key.clone()).collect()
    }

    fn strike_pods_of(&self, node: &str, blow: &Blow) {
        for key in self.pods_of(node) {
            self.shared.kubelet.strike(&key, blow.clone());
        }
    }
}

impl Drop for TestCluster {
    fn drop(&mut self) {
        self.shared.kubelet.kill_all();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        // Processes that are being killed may still write. What is left after a second, the reaper removes.
        let folder = self.shared.kubelet.folder();
        for _ in 0..50 {
            if std::fs::remove_dir_all(folder).is_ok() || !folder.exists() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

fn kind_of(plural: &str) -> Option<KindId> {
    KindId::all().find(|kind| kind.get().plural == plural)
}

fn furnish(shared: &Shared) -> Result<(), String> {
    let more = shared.config.namespaces.iter().map(String::as_str);
    for name in ["default", "kube-system"].into_iter().chain(more) {
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        shared.create(KindId::NAMESPACE, "", namespace)?;
    }
    for node in &shared.config.nodes {
        shared.create(KindId::NODE, "", node.object())?;
    }
    Ok(())
}
