//! What Kubernetes fills in and what it refuses when an object is made: defaults, service accounts, priority classes,
//! and quotas (`pkg/apis/core/v1/defaults.go`, `plugin/pkg/admission`).

use crate::failure::Failure;
use crate::kind::KindId;
use crate::quantity;
use crate::store::{Key, Store};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The object as it is stored, or the refusal.
pub(crate) fn admit(store: &Store, key: &Key, mut object: Value) -> Result<Value, Failure> {
    match key.kind {
        KindId::POD => admit_pod(store, key, &mut object)?,
        KindId::SERVICE => {
            let spec = fields(&mut object["spec"]);
            spec.entry("type").or_insert(json!("ClusterIP"));
            spec.entry("sessionAffinity").or_insert(json!("None"));
            spec.entry("clusterIP").or_insert(json!("10.96.0.10"));
            object["status"] = json!({"loadBalancer": {}});
        }
        KindId::CLAIM => object["status"] = json!({"phase": "Bound"}),
        KindId::NAMESPACE => {
            object["spec"] = json!({"finalizers": ["kubernetes"]});
            object["status"] = json!({"phase": "Active"});
        }
        KindId::SECRET => {
            fields(&mut object).entry("type").or_insert(json!("Opaque"));
        }
        _ => {}
    }
    check_quotas(store, key, &object)?;
    Ok(object)
}

fn admit_pod(store: &Store, key: &Key, pod: &mut Value) -> Result<(), Failure> {
    let spec = fields(&mut pod["spec"]);
    let defaults = [
        ("restartPolicy", json!("Always")),
        ("dnsPolicy", json!("ClusterFirst")),
        ("terminationGracePeriodSeconds", json!(30)),
        ("schedulerName", json!("default-scheduler")),
        ("securityContext", json!({})),
        ("serviceAccountName", json!("default")),
        ("enableServiceLinks", json!(true)),
    ];
    for (name, value) in defaults {
        spec.entry(name).or_insert(value);
    }
    spec.insert("serviceAccount".to_owned(), spec["serviceAccountName"].clone());
    let account = spec["serviceAccountName"].as_str().unwrap_or_default();
    if store.get(&Key::new(KindId::SERVICE_ACCOUNT, &key.namespace, account)).is_none() {
        let namespace = &key.namespace;
        let why = format!(
            "error looking up service account {namespace}/{account}: serviceaccount \"{account}\" not found"
        );
        return Err(Failure::forbidden(key, &why));
    }
    if let Some(class) = spec.get("priorityClassName").and_then(Value::as_str) {
        let found = store.get(&Key::new(KindId::PRIORITY_CLASS, "", class));
        let Some(found) = found.cloned().or_else(|| system_class(class)) else {
            let why = format!("no PriorityClass with name {class} was found");
            return Err(Failure::forbidden(key, &why));
        };
        spec.insert("priority".to_owned(), found["value"].clone());
    }
    spec.entry("priority").or_insert(json!(0));
    for list in ["containers", "initContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let container = fields(container);
            container.entry("imagePullPolicy").or_insert(json!("IfNotPresent"));
            container.entry("terminationMessagePath").or_insert(json!("/dev/termination-log"));
            container.entry("terminationMessagePolicy").or_insert(json!("File"));
            let resources = fields(container.entry("resources").or_insert(json!({})));
            // What is limited and not asked for is asked for up to the limit.
            let limits = resources.get("limits").and_then(Value::as_object).cloned();
            if let Some(limits) = limits {
                let requests = fields(resources.entry("requests").or_insert(json!({})));
                for (what, amount) in limits {
                    requests.entry(what).or_insert(amount);
                }
            }
        }
    }
    pod["status"] = json!({"phase": "Pending", "qosClass": "Burstable"});
    Ok(())
}

fn system_class(name: &str) -> Option<std::sync::Arc<Value>> {
    let value = match name {
        "system-cluster-critical" => 2_000_000_000,
        "system-node-critical" => 2_000_001_000,
        _ => return None,
    };
    Some(json!({"value": value}).into())
}

fn check_quotas(store: &Store, key: &Key, object: &Value) -> Result<(), Failure> {
    let asked = usage_of(key.kind, object);
    for (quota_key, quota) in store.list(KindId::QUOTA, Some(&key.namespace)) {
        let hard = hard_limits(quota);
        if key.kind == KindId::POD {
            let computes = |what: &&str| {
                let what = what.strip_prefix("requests.").unwrap_or(what);
                ["cpu", "memory", "limits.cpu", "limits.memory"].contains(&what)
            };
            let missing: Vec<&str> = hard.keys().map(String::as_str).filter(computes).collect();
            let missing: Vec<&str> =
                missing.into_iter().filter(|what| !asked.contains_key(*what)).collect();
            if !missing.is_empty() {
                let why =
                    format!("failed quota: {}: must specify {}", quota_key.name, missing.join(","));
                return Err(Failure::forbidden(key, &why));
            }
        }
        let used = usage(store, &key.namespace);
        let over: Vec<&String> = hard
            .iter()
            .filter(|(what, limit)| {
                let asked = asked.get(*what).copied().unwrap_or_default();
                asked > 0 && used.get(*what).copied().unwrap_or_default() + asked > **limit
            })
            .map(|(what, _)| what)
            .collect();
        if over.is_empty() {
            continue;
        }
        let list = |amounts: &BTreeMap<String, i128>| {
            let one = |what: &&String| {
                let amount = amounts.get(*what).copied().unwrap_or_default();
                format!("{what}={}", quantity::text(amount))
            };
            over.iter().map(one).collect::<Vec<_>>().join(",")
        };
        let why = format!(
            "exceeded quota: {}, requested: {}, used: {}, limited: {}",
            quota_key.name,
            list(&asked),
            list(&used),
            list(&hard)
        );
        return Err(Failure::forbidden(key, &why));
    }
    Ok(())
}

/// `status` of a quota as it would be now.
pub(crate) fn quota_status(store: &Store, key: &Key, quota: &Value) -> Value {
    let used = usage(store, &key.namespace);
    let of = |what: &String| quantity::text(used.get(what).copied().unwrap_or_default());
    let hard = &quota["spec"]["hard"];
    let used: Map<String, Value> = hard
        .as_object()
        .into_iter()
        .flatten()
        .map(|(what, _)| (what.clone(), json!(of(what))))
        .collect();
    json!({"hard": hard, "used": used})
}

fn hard_limits(quota: &Value) -> BTreeMap<String, i128> {
    amounts(&quota["spec"]["hard"]).collect()
}

/// What all objects of a namespace use, in thousandths. Pods that have ended use nothing.
fn usage(store: &Store, namespace: &str) -> BTreeMap<String, i128> {
    let mut sum = BTreeMap::new();
    let counted = [KindId::POD, KindId::SERVICE, KindId::CONFIG_MAP, KindId::SECRET, KindId::CLAIM];
    for kind in counted {
        for (_, object) in store.list(kind, Some(namespace)) {
            if has_ended(object) {
                continue;
            }
            for (what, amount) in usage_of(kind, object) {
                *sum.entry(what).or_default() += amount;
            }
        }
    }
    sum
}

/// A pod that will not run again.
pub(crate) fn has_ended(pod: &Value) -> bool {
    matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
}

fn usage_of(kind: KindId, object: &Value) -> BTreeMap<String, i128> {
    let plural = kind.get().plural;
    let mut used = BTreeMap::from([(plural.to_owned(), 1000), (format!("count/{plural}"), 1000)]);
    if kind == KindId::POD {
        for (what, amount) in pod_requests(object) {
            if what == "cpu" || what == "memory" {
                used.insert(what.clone(), amount);
            }
            used.insert(format!("requests.{what}"), amount);
        }
        for (what, amount) in pod_amounts(object, "limits") {
            used.insert(format!("limits.{what}"), amount);
        }
    }
    if kind == KindId::CLAIM {
        let storage = amounts(&object["spec"]["resources"]["requests"]);
        used.extend(storage.map(|(what, amount)| (format!("requests.{what}"), amount)));
    }
    used
}

/// What a pod asks for, in thousandths: the sum of its containers.
pub(crate) fn pod_requests(pod: &Value) -> BTreeMap<String, i128> {
    pod_amounts(pod, "requests")
}

fn pod_amounts(pod: &Value, which: &str) -> BTreeMap<String, i128> {
    let mut sum = BTreeMap::new();
    for container in pod["spec"]["containers"].as_array().into_iter().flatten() {
        for (what, amount) in amounts(&container["resources"][which]) {
            *sum.entry(what).or_default() += amount;
        }
    }
    sum
}

/// Quantities by their names. One that cannot be read is left out.
pub(crate) fn amounts(value: &Value) -> impl Iterator<Item = (String, i128)> {
    value.as_object().into_iter().flatten().filter_map(|(what, amount)| {
        let amount = match amount {
            Value::String(text) => quantity::milli(text),
            other => quantity::milli(&other.to_string()),
        };
        Some((what.clone(), amount?))
    })
}

fn fields(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    match value {
        Value::Object(fields) => fields,
        _ => unreachable!("it was made an object above"),
    }
}
