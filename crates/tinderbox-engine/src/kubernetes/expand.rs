//! Everything that a request says beside its properties, as properties: driver and executors then follow one source.

use super::driver_pod::append;
use super::names::Names;
use super::request::{KubernetesRequest, Placement, SecretValue};
use serde_json::{Value, json};

pub(super) fn expanded(request: &KubernetesRequest, names: &Names) -> KubernetesRequest {
    let mut all = request.clone();
    let mut usual = |key: String, value: &str| {
        all.conf.entry(key).or_insert_with(|| value.to_owned());
    };
    let driver = "spark.kubernetes.driver";
    let executor = "spark.kubernetes.executor";
    for (key, value) in &request.labels {
        usual(format!("{driver}.label.{key}"), value);
        usual(format!("{executor}.label.{key}"), value);
    }
    for (key, value) in &request.annotations {
        usual(format!("{driver}.annotation.{key}"), value);
        usual(format!("{executor}.annotation.{key}"), value);
    }
    for (key, value) in &request.environment {
        usual(format!("spark.kubernetes.driverEnv.{key}"), value);
        usual(format!("spark.executorEnv.{key}"), value);
    }
    for (key, value) in &request.secrets {
        let place = match value {
            SecretValue::Reference { secret, key } => format!("{secret}:{key}"),
            SecretValue::Value(_) => format!("{}:{key}", names.secret),
        };
        usual(format!("{driver}.secretKeyRef.{key}"), &place);
        usual(format!("{executor}.secretKeyRef.{key}"), &place);
    }
    for (key, value) in &request.executor_placement.node_selector {
        usual(format!("{executor}.node.selector.{key}"), value);
    }
    if !request.image.is_empty() {
        usual("spark.kubernetes.container.image".to_owned(), &request.image);
    }
    if request.namespace != "default" {
        all.conf.insert("spark.kubernetes.namespace".to_owned(), request.namespace.clone());
    }
    all
}

/// Adds a placement to the spec of a pod.
pub(super) fn placed(spec: &mut Value, placement: &Placement) {
    for (key, value) in &placement.node_selector {
        spec["nodeSelector"][key] = json!(value);
    }
    append(spec, "tolerations", placement.tolerations.clone());
    if let Some(class) = &placement.priority_class {
        spec["priorityClassName"] = json!(class);
    }
}
