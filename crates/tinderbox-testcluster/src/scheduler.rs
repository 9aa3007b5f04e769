//! Puts pods on nodes: selectors, required affinity, taints, and what there is of everything.

use crate::admission::{self, has_ended};
use crate::kind::KindId;
use crate::kubelet::set_condition;
use crate::objects::is_deleting;
use crate::quantity;
use crate::shared::Shared;
use crate::store::{Change, Key, Store, Turn};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Runs for as long as the cluster does.
pub(crate) async fn work(shared: Arc<Shared>) {
    let mut changes = shared.changes();
    let mut queue = Queue::default();
    loop {
        changes.borrow_and_update();
        let looked_at = queue.next(&shared.store());
        for key in looked_at {
            let pod = shared.get(&key).filter(|pod| waits(pod, &shared.config.schedulers));
            match pod {
                Some(pod) => place(&shared, &key, &pod),
                None => drop(queue.waiting.remove(&key)),
            }
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// Pods that may have to be placed.
#[derive(Debug, Default)]
struct Queue {
    seen: u64,
    waiting: BTreeSet<Key>,
}

impl Queue {
    /// Those that are new or changed; all of them when something has become free.
    fn next(&mut self, store: &Store) -> Vec<Key> {
        let changes = store.changes_after(self.seen);
        self.seen = store.revision();
        let Some(changes) = changes else {
            self.waiting = store.list(KindId::POD, None).map(|(key, _)| key.clone()).collect();
            return self.waiting.iter().cloned().collect();
        };
        let frees = |change: &Change| match change.key.kind {
            KindId::NODE | KindId::CLAIM => true,
            KindId::POD => change.turn == Turn::Deleted || has_ended(&change.object),
            _ => false,
        };
        let pods = changes.iter().filter(|change| change.key.kind == KindId::POD);
        let changed: BTreeSet<Key> = pods.map(|change| change.key.clone()).collect();
        self.waiting.extend(changed.iter().cloned());
        let looked_at = if changes.iter().any(frees) { &self.waiting } else { &changed };
        looked_at.iter().cloned().collect()
    }
}

fn waits(pod: &Value, schedulers: &[String]) -> bool {
    let ours = pod["spec"]["schedulerName"].as_str();
    pod["spec"]["nodeName"].is_null()
        && !is_deleting(pod)
        && !has_ended(pod)
        && ours.is_some_and(|name| schedulers.iter().any(|one| one == name))
}

fn place(shared: &Shared, key: &Key, pod: &Value) {
    let chosen = choose(&shared.store(), key, pod);
    match chosen {
        Ok(node) => {
            shared.edit(key, |pod| {
                pod["spec"]["nodeName"] = json!(node);
                set_condition(pod, "PodScheduled", "True", ("", ""));
            });
            let message = format!("Successfully assigned {}/{} to {node}", key.namespace, key.name);
            shared.event(pod, "Normal", "Scheduled", &message);
        }
        Err(why) => {
            let said = pod["status"]["conditions"].as_array().is_some_and(|conditions| {
                conditions.iter().any(|one| one["message"] == why.as_str())
            });
            // Only news is written, because what is written wakes the scheduler again.
            if !said {
                shared.edit(key, |pod| {
                    set_condition(pod, "PodScheduled", "False", ("Unschedulable", &why));
                });
                shared.event(pod, "Warning", "FailedScheduling", &why);
            }
        }
    }
}

fn choose(store: &Store, key: &Key, pod: &Value) -> Result<String, String> {
    for volume in pod["spec"]["volumes"].as_array().into_iter().flatten() {
        if let Some(claim) = volume["persistentVolumeClaim"]["claimName"].as_str()
            && store.get(&Key::new(KindId::CLAIM, &key.namespace, claim)).is_none()
        {
            return Err(format!("persistentvolumeclaim \"{claim}\" not found"));
        }
    }
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut nodes = 0;
    for (node_key, node) in store.list(KindId::NODE, None) {
        nodes += 1;
        match refusal(store, node, pod) {
            None => return Ok(node_key.name.clone()),
            Some(why) => *reasons.entry(why).or_default() += 1,
        }
    }
    let reasons: Vec<String> =
        reasons.iter().map(|(why, count)| format!("{count} {why}")).collect();
    if reasons.is_empty() {
        return Err("no nodes available to schedule pods".to_owned());
    }
    Err(format!("0/{nodes} nodes are available: {}.", reasons.join(", ")))
}

/// Why a pod cannot be on a node, in the words of Kubernetes' own scheduler.
fn refusal(store: &Store, node: &Value, pod: &Value) -> Option<String> {
    if node["spec"]["unschedulable"] == true {
        return Some("node(s) were unschedulable".to_owned());
    }
    let labels = &node["metadata"]["labels"];
    let selector = pod["spec"]["nodeSelector"].as_object();
    let selected = selector.is_none_or(|wanted| wanted.iter().all(|(k, v)| labels[k] == *v));
    let affinity =
        &pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let terms = affinity["nodeSelectorTerms"].as_array();
    let near = terms.is_none_or(|terms| terms.iter().any(|term| fits(term, labels)));
    if !selected || !near {
        return Some("node(s) didn't match Pod's node affinity/selector".to_owned());
    }
    for taint in node["spec"]["taints"].as_array().into_iter().flatten() {
        let hard = taint["effect"] != "PreferNoSchedule";
        let tolerations = pod["spec"]["tolerations"].as_array();
        let tolerated =
            tolerations.is_some_and(|list| list.iter().any(|one| tolerates(one, taint)));
        if hard && !tolerated {
            let key = taint["key"].as_str().unwrap_or_default();
            let value = taint["value"].as_str().unwrap_or_default();
            return Some(format!("node(s) had untolerated taint {{{key}: {value}}}"));
        }
    }
    shortage(store, node, pod).map(|what| match what.as_str() {
        "pods" => "Too many pods".to_owned(),
        what => format!("Insufficient {what}"),
    })
}

fn fits(term: &Value, labels: &Value) -> bool {
    term["matchExpressions"].as_array().into_iter().flatten().all(|expression| {
        let value = &labels[expression["key"].as_str().unwrap_or_default()];
        let listed = expression["values"].as_array().is_some_and(|values| values.contains(value));
        match expression["operator"].as_str() {
            Some("In") => listed,
            Some("NotIn") => !listed,
            Some("Exists") => value.is_string(),
            Some("DoesNotExist") => value.is_null(),
            _ => false,
        }
    })
}

fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let effect = text(&toleration["effect"]);
    if !effect.is_empty() && effect != text(&taint["effect"]) {
        return false;
    }
    let key = text(&toleration["key"]);
    if toleration["operator"] == "Exists" {
        return key.is_empty() || key == text(&taint["key"]);
    }
    key == text(&taint["key"]) && text(&toleration["value"]) == text(&taint["value"])
}

/// The first thing of which too little is left on a node.
fn shortage(store: &Store, node: &Value, pod: &Value) -> Option<String> {
    let mut left: BTreeMap<String, i128> =
        admission::amounts(&node["status"]["allocatable"]).collect();
    let name = &node["metadata"]["name"];
    let there = store.list(KindId::POD, None);
    let there = there.filter(|(_, other)| other["spec"]["nodeName"] == *name && !has_ended(other));
    for (_, other) in there {
        *left.entry("pods".to_owned()).or_default() -= 1000;
        for (what, amount) in admission::pod_requests(other) {
            *left.entry(what).or_default() -= amount;
        }
    }
    let one = quantity::milli("1").unwrap_or_default();
    if left.get("pods").is_some_and(|left| *left < one) {
        return Some("pods".to_owned());
    }
    let wanted = admission::pod_requests(pod).into_iter();
    let short = |(what, amount): &(String, i128)| {
        // A node does not count what it does not name but cores, memory and special devices.
        let counted = left.contains_key(what) || what.contains('/');
        counted && left.get(what).copied().unwrap_or_default() < *amount
    };
    wanted.into_iter().find(short).map(|(what, _)| what)
}
