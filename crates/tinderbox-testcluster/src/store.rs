//! All objects, their revisions, and the changes that watchers have not seen yet.

use crate::kind::KindId;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use tokio::sync::watch;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) kind: KindId,
    /// Empty for kinds without namespaces.
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(kind: KindId, namespace: &str, name: &str) -> Self {
        Self { kind, namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Added,
    Modified,
    Deleted,
}

#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) turn: Turn,
    pub(crate) key: Key,
    pub(crate) object: Arc<Value>,
    /// What stood there before; a watcher with a selector needs it.
    pub(crate) before: Option<Arc<Value>>,
}

/// One revision counter for all objects, as in etcd.
#[derive(Debug)]
pub(crate) struct Store {
    revision: u64,
    objects: BTreeMap<Key, Arc<Value>>,
    uids: HashSet<String>,
    history: VecDeque<Change>,
    history_limit: usize,
    changed: watch::Sender<u64>,
}

impl Store {
    pub(crate) fn new(history_limit: usize) -> Self {
        Self {
            revision: 1,
            objects: BTreeMap::new(),
            uids: HashSet::new(),
            history: VecDeque::new(),
            history_limit,
            changed: watch::Sender::new(1),
        }
    }

    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Sees every new revision.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        self.objects.get(key)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&Key, &Arc<Value>)> {
        self.objects.iter()
    }

    /// Whether there is an object with this uid.
    pub(crate) fn lives(&self, uid: &str) -> bool {
        self.uids.contains(uid)
    }

    /// In the order of their names.
    pub(crate) fn list(
        &self,
        kind: KindId,
        namespace: Option<&str>,
    ) -> impl Iterator<Item = (&Key, &Arc<Value>)> {
        let from = Key::new(kind, namespace.unwrap_or_default(), "");
        let in_namespace = namespace.map(str::to_owned);
        self.objects.range(from..).take_while(move |(key, _)| {
            key.kind == kind && in_namespace.as_ref().is_none_or(|wanted| *wanted == key.namespace)
        })
    }

    /// Writes an object, new or not. One that would not change keeps its revision.
    pub(crate) fn put(&mut self, key: &Key, mut object: Value) -> Arc<Value> {
        let before = self.objects.get(key).cloned();
        if let Some(old) = &before {
            object["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"].clone();
            if **old == object {
                return old.clone();
            }
        }
        let turn = if before.is_some() { Turn::Modified } else { Turn::Added };
        let object = self.next_revision(object);
        self.objects.insert(key.clone(), object.clone());
        self.uids.extend(uid_of(&object));
        self.publish(Change {
            revision: self.revision,
            turn,
            key: key.clone(),
            object: object.clone(),
            before,
        });
        object
    }

    pub(crate) fn remove(&mut self, key: &Key) -> Option<Arc<Value>> {
        let before = self.objects.remove(key)?;
        uid_of(&before).inspect(|uid| {
            self.uids.remove(uid);
        });
        let object = self.next_revision((*before).clone());
        self.publish(Change {
            revision: self.revision,
            turn: Turn::Deleted,
            key: key.clone(),
            object: object.clone(),
            before: Some(before),
        });
        Some(object)
    }

    /// The changes after a revision; none when some of them have been forgotten (410 Gone).
    pub(crate) fn changes_after(&self, revision: u64) -> Option<Vec<Change>> {
        let forgotten = match self.history.front() {
            Some(oldest) => oldest.revision > revision + 1,
            None => self.revision > revision,
        };
        if forgotten {
            return None;
        }
        let from = self.history.partition_point(|change| change.revision <= revision);
        Some(self.history.range(from..).cloned().collect())
    }

    /// Forgets all changes, as etcd does when it is compacted.
    pub(crate) fn compact(&mut self) {
        self.history.clear();
        // Watchers look again, and find that they are too late.
        self.revision += 1;
        self.changed.send_replace(self.revision);
    }

    fn next_revision(&mut self, mut object: Value) -> Arc<Value> {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        Arc::new(object)
    }

    fn publish(&mut self, change: Change) {
        self.history.push_back(change);
        while self.history.len() > self.history_limit {
            self.history.pop_front();
        }
        self.changed.send_replace(self.revision);
    }
}

fn uid_of(object: &Value) -> Option<String> {
    object["metadata"]["uid"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        Key::new(KindId::POD, "default", name)
    }

    #[test]
    fn unchanged_object_keeps_its_revision() {
        let mut store = Store::new(10);
        let first = store.put(&key("a"), json!({"metadata": {}, "x": 1}));
        let again = store.put(&key("a"), json!({"metadata": {}, "x": 1}));
        assert_eq!(first, again);
        let other = store.put(&key("a"), json!({"metadata": {}, "x": 2}));
        assert_ne!(first["metadata"]["resourceVersion"], other["metadata"]["resourceVersion"]);
    }

    #[test]
    fn forgotten_changes_are_said_to_be_forgotten() {
        let mut store = Store::new(2);
        let start = store.revision();
        store.put(&key("a"), json!({"metadata": {}}));
        let after_a = store.revision();
        store.put(&key("b"), json!({"metadata": {}}));
        store.remove(&key("a"));
        assert!(store.changes_after(start).is_none());
        let seen: Vec<Turn> =
            store.changes_after(after_a).expect("there").iter().map(|change| change.turn).collect();
        assert_eq!(seen, [Turn::Added, Turn::Deleted]);
        store.compact();
        assert!(store.changes_after(after_a).is_none());
        assert!(store.changes_after(store.revision()).expect("there").is_empty());
    }

    #[test]
    fn a_list_ends_with_its_namespace_and_kind() {
        let mut store = Store::new(10);
        for (kind, namespace, name) in [
            (KindId::POD, "a", "1"),
            (KindId::POD, "b", "2"),
            (KindId::POD, "c", "3"),
            (KindId::SERVICE, "b", "4"),
        ] {
            store.put(&Key::new(kind, namespace, name), json!({"metadata": {}}));
        }
        let names = |namespace| -> Vec<String> {
            store.list(KindId::POD, namespace).map(|(key, _)| key.name.clone()).collect()
        };
        assert_eq!(names(Some("b")), ["2"]);
        assert_eq!(names(None), ["1", "2", "3"]);
    }
}
