//! Objects whose owners are gone, and namespaces that end (`pkg/controller/garbagecollector`).

use crate::kind::KindId;
use crate::objects::{self, Deletion, is_deleting};
use crate::shared::Shared;
use crate::store::{Change, Key, Store, Turn};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Changes that come together are looked at together.
const PAUSE: Duration = Duration::from_millis(20);

/// Runs for as long as the cluster does.
pub(crate) async fn collect(shared: Arc<Shared>) {
    let mut changes = shared.changes();
    let mut seen = 0;
    loop {
        changes.borrow_and_update();
        look(&mut shared.store(), &mut seen);
        if changes.changed().await.is_err() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// After a deletion everything is looked at; without one only what is new.
fn look(store: &mut Store, seen: &mut u64) {
    let changes = store.changes_after(*seen);
    *seen = store.revision();
    let Some(changes) = changes else { return sweep(store) };
    let ends = |change: &Change| {
        let namespace_ends = change.key.kind == KindId::NAMESPACE && is_deleting(&change.object);
        change.turn == Turn::Deleted || namespace_ends
    };
    if changes.iter().any(ends) {
        return sweep(store);
    }
    for change in changes {
        let unowned = |object: &Arc<Value>| !is_deleting(object) && is_unowned(store, object);
        if store.get(&change.key).is_some_and(unowned) {
            // It was there a moment ago, and nothing else has the store.
            let _ = objects::delete(store, &change.key, &Deletion::default());
        }
    }
}

fn is_unowned(store: &Store, object: &Value) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array().map(Vec::as_slice);
    let lives = |owner: &Value| owner["uid"].as_str().is_some_and(|uid| store.lives(uid));
    let owners = owners.unwrap_or_default();
    !owners.is_empty() && !owners.iter().any(lives)
}

/// Deletes what has owners of which none is there, as also happens to an object that is made after its owner went.
fn sweep(store: &mut Store) {
    let ending: Vec<Key> = store
        .list(KindId::NAMESPACE, None)
        .filter(|(_, object)| is_deleting(object))
        .map(|(key, _)| key.clone())
        .collect();
    let is_ending = |key: &Key| ending.iter().any(|namespace| namespace.name == key.namespace);
    let doomed: Vec<Key> = store
        .all()
        .filter(|(key, object)| {
            !is_deleting(object) && (is_ending(key) || is_unowned(store, object))
        })
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
