//! What all parts of a cluster work on.

use crate::config::Config;
use crate::kind::KindId;
use crate::kubelet::Kubelet;
use crate::objects::{self, Write};
use crate::record::Requests;
use crate::store::{Key, Store};
use crate::time;
use serde_json::{Value, json};
use std::hash::{Hash as _, Hasher as _};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) address: SocketAddr,
    pub(crate) requests: Requests,
    pub(crate) kubelet: Kubelet,
    store: Mutex<Store>,
}

impl Shared {
    pub(crate) fn new(config: Config, address: SocketAddr, kubelet: Kubelet) -> Self {
        let store = Mutex::new(Store::new(config.history));
        Self { config, address, requests: Requests::default(), kubelet, store }
    }

    /// All objects. Held only for as long as one operation takes.
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.store().subscribe()
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.store().get(key).cloned()
    }

    /// Changes an object that is still there.
    pub(crate) fn edit(&self, key: &Key, change: impl FnOnce(&mut Value)) {
        let mut store = self.store();
        if let Some(object) = store.get(key) {
            let mut object = (**object).clone();
            change(&mut object);
            store.put(key, object);
        }
    }

    /// Makes an object as a request would, and says why not.
    pub(crate) fn create(
        &self,
        kind: KindId,
        namespace: &str,
        object: Value,
    ) -> Result<(), String> {
        let made = objects::create(&mut self.store(), kind, namespace, object, Write::Kept);
        made.map(|_| ()).map_err(|refused| refused.message)
    }

    /// An event about a pod. The same event again only counts up.
    pub(crate) fn event(&self, pod: &Value, kind: &str, reason: &str, message: &str) {
        let metadata = &pod["metadata"];
        let namespace = metadata["namespace"].as_str().unwrap_or("default");
        let mut store = self.store();
        let name = metadata["name"].as_str().unwrap_or_default();
        let mut hasher = std::hash::DefaultHasher::new();
        (metadata["uid"].as_str(), reason, message).hash(&mut hasher);
        let event_name = format!("{name}.{:016x}", hasher.finish());
        let key = Key::new(KindId::EVENT, namespace, &event_name);
        if let Some(event) = store.get(&key) {
            let mut event = (**event).clone();
            event["count"] = json!(event["count"].as_u64().unwrap_or(1) + 1);
            event["lastTimestamp"] = json!(time::now());
            store.put(&key, event);
            return;
        }
        let source = if reason == "FailedScheduling" || reason == "Scheduled" {
            "default-scheduler"
        } else {
            "kubelet"
        };
        let now = time::now();
        let event = json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": event_name},
            "involvedObject": {
                "apiVersion": "v1", "kind": "Pod", "name": name, "namespace": namespace,
                "uid": metadata["uid"],
            },
            "type": kind, "reason": reason, "message": message, "count": 1,
            "firstTimestamp": now, "lastTimestamp": now,
            "source": {"component": source},
            "reportingComponent": source,
        });
        // A namespace that ends takes no events.
        let _ = objects::create(&mut store, KindId::EVENT, namespace, event, Write::Kept);
    }
}

/// A panic of one test must not hide behind poisoned locks.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
