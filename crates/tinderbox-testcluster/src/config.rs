//! What a test says about its cluster.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// A cluster. Nothing of it is read from the environment of the test.
#[derive(Debug, Clone)]
pub struct Config {
    /// Images that exist, by reference. A pod with another image waits in `ImagePullBackOff`.
    pub images: BTreeMap<String, Image>,
    /// Nodes that pods are put on, in this order.
    pub nodes: Vec<Node>,
    /// Namespaces that are there from the beginning, besides `default` and `kube-system`.
    pub namespaces: Vec<String>,
    /// The environment that every container has below its own: `PATH`, `JAVA_HOME`.
    pub environment: BTreeMap<String, String>,
    /// Requests without this bearer token get 401.
    pub token: Option<String>,
    /// `schedulerName`s that are served. Pods of others stay `Pending`.
    pub schedulers: Vec<String>,
    /// Changes that a watcher may be late by before it gets 410.
    pub history: usize,
    /// Time between two bookmarks of a watch that asks for them.
    pub bookmarks: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            images: BTreeMap::new(),
            nodes: vec![Node::new("node-1")],
            namespaces: Vec::new(),
            environment: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
            token: None,
            schedulers: vec!["default-scheduler".to_owned()],
            history: 100_000,
            bookmarks: Duration::from_secs(10),
        }
    }
}

/// What stands in an image: folders of this machine under the paths of the container.
#[derive(Debug, Clone, Default)]
pub struct Image {
    pub(crate) folders: BTreeMap<String, PathBuf>,
    pub(crate) spark_home: Option<PathBuf>,
}

impl Image {
    /// An image without an entry point: a container's `command` and `args` are what runs.
    #[must_use]
    pub fn plain() -> Self {
        Self::default()
    }

    /// Spark's own image: `/opt/spark` is this `SPARK_HOME`, the entry point that of Spark's
    /// `kubernetes/dockerfiles/spark/entrypoint.sh`.
    #[must_use]
    pub fn spark(home: impl Into<PathBuf>) -> Self {
        let home = home.into();
        Self {
            folders: BTreeMap::from([("/opt/spark".to_owned(), home.clone())]),
            spark_home: Some(home),
        }
    }

    /// The same with one more folder or file in it.
    #[must_use]
    pub fn with(mut self, inside: &str, here: impl Into<PathBuf>) -> Self {
        self.folders.insert(inside.trim_end_matches('/').to_owned(), here.into());
        self
    }
}

/// A machine that exists in name only: all processes run on this one.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its name, also its label `kubernetes.io/hostname`.
    pub name: String,
    /// Further labels.
    pub labels: BTreeMap<String, String>,
    /// Taints as `key`, `value`, `effect`.
    pub taints: Vec<(String, String, String)>,
    /// What pods may ask for in sum, as quantities: `cpu`, `memory`, `pods`, `nvidia.com/gpu`.
    pub allocatable: BTreeMap<String, String>,
}

impl Node {
    /// One of 64 cores and 256 GiB without taints.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let amounts = [("cpu", "64"), ("memory", "256Gi"), ("pods", "110")];
        let allocatable =
            amounts.into_iter().map(|(key, amount)| (key.to_owned(), amount.to_owned())).collect();
        let name = name.to_owned();
        Self { name, labels: BTreeMap::new(), taints: Vec::new(), allocatable }
    }

    /// The same with a label.
    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The same with a taint, such as `spot`, `true`, `NoSchedule`.
    #[must_use]
    pub fn taint(mut self, key: &str, value: &str, effect: &str) -> Self {
        self.taints.push((key.to_owned(), value.to_owned(), effect.to_owned()));
        self
    }

    /// The same with another amount of something.
    #[must_use]
    pub fn allocatable(mut self, what: &str, amount: &str) -> Self {
        self.allocatable.insert(what.to_owned(), amount.to_owned());
        self
    }

    pub(crate) fn object(&self) -> Value {
        let mut labels = self.labels.clone();
        labels.insert("kubernetes.io/hostname".to_owned(), self.name.clone());
        labels.insert("kubernetes.io/os".to_owned(), "linux".to_owned());
        let taint = |(key, value, effect): &(String, String, String)| json!({"key": key, "value": value, "effect": effect});
        let taints: Vec<Value> = self.taints.iter().map(taint).collect();
        json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": self.name, "labels": labels},
            "spec": {"taints": taints},
            "status": {
                "allocatable": self.allocatable,
                "capacity": self.allocatable,
                "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
                "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            },
        })
    }
}
