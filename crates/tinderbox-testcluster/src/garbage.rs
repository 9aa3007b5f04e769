//! Objects whose owners are gone, and namespaces that end (`pkg/controller/garbagecollector`).

use crate::kind::KindId;
use crate::objects::{self, Deletion, is_deleting};
use crate::shared::Shared;
use crate::store::{Key, Store};
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// Changes that come together are looked at together.
const PAUSE: Duration = Duration::from_millis(20);

/// Runs for as long as the cluster does.
pub(crate) async fn collect(shared: Arc<Shared>) {
    let mut changes = shared.changes();
    loop {
        changes.borrow_and_update();
        sweep(&mut shared.store());
        if changes.changed().await.is_err() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Deletes what has owners of which none is there, as also happens to an object that is made after its owner went.
fn sweep(store: &mut Store) {
    let uid = |object: &Value| object["metadata"]["uid"].as_str().map(str::to_owned);
    let living: HashSet<String> = store.all().filter_map(|(_, object)| uid(object)).collect();
    let ending: Vec<Key> = store
        .list(KindId::NAMESPACE, None)
        .filter(|(_, object)| is_deleting(object))
        .map(|(key, _)| key.clone())
        .collect();
    let is_ending = |key: &Key| ending.iter().any(|namespace| namespace.name == key.namespace);
    let unowned = |object: &Value| {
        let owners = object["metadata"]["ownerReferences"].as_array();
        owners.is_some_and(|owners| {
            let lives =
                |owner: &Value| owner["uid"].as_str().is_some_and(|uid| living.contains(uid));
            !owners.is_empty() && !owners.iter().any(lives)
        })
    };
    let doomed: Vec<Key> = store
        .all()
        .filter(|(key, object)| !is_deleting(object) && (is_ending(key) || unowned(object)))
        .map(|(key, _)| key.clone())
        .collect();
    for key in doomed {
        // It was there a moment ago, and nothing else has the store.
        let _ = objects::delete(store, &key, &Deletion::default());
    }
    for namespace in ending {
        if !store.all().any(|(key, _)| key.namespace == namespace.name) {
            store.remove(&namespace);
        }
    }
}
