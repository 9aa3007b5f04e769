//! The documents from which clients learn what there is.

use crate::kind::{Kind, KindId};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

const GROUPS: &[&str] = &["networking.k8s.io", "scheduling.k8s.io"];

/// The document at this path; none when the path means something else.
pub(super) fn document(path: &str) -> Option<Response> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let document = match parts.as_slice() {
        ["version"] => json!({
            "major": "1", "minor": "34", "gitVersion": "v1.34.0", "gitCommit": "", "gitTreeState": "clean",
            "buildDate": "2025-08-27T00:00:00Z", "goVersion": "", "compiler": "", "platform": "linux/amd64",
        }),
        ["healthz" | "readyz" | "livez"] => return Some("ok".into_response()),
        ["api"] => json!({
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [],
        }),
        ["apis"] => {
            let groups: Vec<Value> = GROUPS.iter().map(|name| group(name)).collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        ["apis", name] if GROUPS.contains(name) => {
            let mut group = group(name);
            group["kind"] = json!("APIGroup");
            group["apiVersion"] = json!("v1");
            group
        }
        ["api", "v1"] => resources("", "v1"),
        ["apis", name, "v1"] if GROUPS.contains(name) => resources(name, &format!("{name}/v1")),
        _ => return None,
    };
    Some(axum::Json(document).into_response())
}

fn group(name: &str) -> Value {
    let version = json!({"groupVersion": format!("{name}/v1"), "version": "v1"});
    json!({"name": name, "versions": [version], "preferredVersion": version})
}

fn resources(group: &str, version: &str) -> Value {
    let mut resources = Vec::new();
    for kind in KindId::all().map(KindId::get).filter(|kind| kind.group == group) {
        resources.push(json!({
            "name": kind.plural,
            "singularName": kind.singular,
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "shortNames": kind.short,
            "verbs": [
                "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch",
            ],
        }));
        resources.extend(kind.subresources.iter().map(|sub| subresource(kind, sub)));
    }
    json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version,
        "resources": resources,
    })
}

fn subresource(kind: &Kind, sub: &str) -> Value {
    let (what, verbs) = match sub {
        "eviction" => ("Eviction", json!(["create"])),
        "log" => (kind.kind, json!(["get"])),
        "finalize" => (kind.kind, json!(["update"])),
        _ => (kind.kind, json!(["get", "patch", "update"])),
    };
    let mut resource = json!({
        "name": format!("{}/{sub}", kind.plural),
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": what,
        "verbs": verbs,
    });
    if sub == "eviction" {
        resource["group"] = json!("policy");
        resource["version"] = json!("v1");
    }
    resource
}
