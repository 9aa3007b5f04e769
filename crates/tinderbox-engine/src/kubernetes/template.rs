//! Pod templates of driver and executors (`KubernetesUtils.loadPodFromTemplate`, `PodTemplateConfigMapStep`).

use super::KubernetesError;
use super::expand::placed;
use super::request::{KubernetesRequest, Placement};
use super::resources::conf;
use crate::Error;
use serde_json::{Value, json};

/// The pod that the driver is made from, with the driver's container at the last place, named.
pub(super) fn driver_template(request: &KubernetesRequest) -> Result<Value, Error> {
    let key = "spark.kubernetes.driver.podTemplateFile";
    let mut pod = match (&request.driver_template, request.conf(key)) {
        (Some(text), _) => read("the pod template of the driver", text)?,
        (None, Some(file)) => return Err(conf(key, file, "given as text")),
        (None, None) => json!({"metadata": {}, "spec": {}}),
    };
    if let Some(metadata) = pod["metadata"].as_object_mut() {
        // Of the cluster, or of a pod that was there before.
        metadata.retain(|name, _| {
            !matches!(name.as_str(), "uid" | "resourceVersion" | "creationTimestamp")
        });
    }
    if !pod["spec"]["containers"].is_array() {
        pod["spec"]["containers"] = json!([]);
    }
    let wanted = request.conf("spark.kubernetes.driver.podTemplateContainerName");
    if let Some(containers) = pod["spec"]["containers"].as_array_mut() {
        let named = |one: &Value| wanted.is_some_and(|name| one["name"] == name);
        let place = containers.iter().position(named).unwrap_or(0);
        let mut driver = if containers.is_empty() { json!({}) } else { containers.remove(place) };
        if !driver["name"].is_string() {
            driver["name"] = json!("spark-kubernetes-driver");
        }
        containers.push(driver);
    }
    Ok(pod)
}

/// The text from which the driver makes executors; none when neither a template nor a placement asks for one.
pub(super) fn executor_template(request: &KubernetesRequest) -> Result<Option<String>, Error> {
    let key = "spark.kubernetes.executor.podTemplateFile";
    let placement = &request.executor_placement;
    // Spark has a property for the node selector.
    let extra = Placement { node_selector: Default::default(), ..placement.clone() };
    match (&request.executor_template, request.conf(key)) {
        (None, Some(file)) => Err(conf(key, file, "given as text")),
        (None, None) if extra == Placement::default() => Ok(None),
        (Some(text), _) if extra == Placement::default() => {
            read("the pod template of the executors", text)?;
            Ok(Some(text.clone()))
        }
        (text, _) => {
            let text =
                text.as_deref().unwrap_or("{apiVersion: v1, kind: Pod, metadata: {}, spec: {}}");
            let mut pod = read("the pod template of the executors", text)?;
            placed(&mut pod["spec"], &extra);
            // JSON is YAML.
            Ok(Some(pod.to_string()))
        }
    }
}

fn read(what: &str, text: &str) -> Result<Value, KubernetesError> {
    let failed = |problem: String| KubernetesError::Yaml { what: what.to_owned(), problem };
    let mut pod: Value = serde_saphyr::from_str(text).map_err(|error| failed(error.to_string()))?;
    if !pod.is_object() {
        return Err(failed("it is not a pod".to_owned()));
    }
    let containers = &pod["spec"]["containers"];
    let all_objects = containers.as_array().is_none_or(|all| all.iter().all(Value::is_object));
    let lists_or_null = containers.is_null() || containers.is_array();
    for part in ["metadata", "spec"] {
        match &pod[part] {
            Value::Null => pod[part] = json!({}),
            Value::Object(_) => {}
            _ => return Err(failed(format!("its {part} is no object"))),
        }
    }
    for part in ["labels", "annotations"] {
        if !matches!(&pod["metadata"][part], Value::Null | Value::Object(_)) {
            return Err(failed(format!("its metadata.{part} is no object")));
        }
    }
    match pod["kind"].as_str() {
        None | Some("Pod") if all_objects && lists_or_null => Ok(well_formed(pod, what)?),
        None | Some("Pod") => Err(failed("its spec.containers is no list of objects".to_owned())),
        Some(kind) => Err(failed(format!("it is a {kind}, not a Pod"))),
    }
}

/// Refuses what could not be added to.
fn well_formed(pod: Value, what: &str) -> Result<Value, KubernetesError> {
    let failed = |field: &str| KubernetesError::Yaml {
        what: what.to_owned(),
        problem: format!("{field} has the wrong type"),
    };
    let objects = |value: &Value| matches!(value, Value::Null | Value::Object(_));
    if !objects(&pod["spec"]["nodeSelector"]) {
        return Err(failed("spec.nodeSelector"));
    }
    for container in pod["spec"]["containers"].as_array().into_iter().flatten() {
        let resources = &container["resources"];
        let fine = objects(resources)
            && objects(&resources["limits"])
            && objects(&resources["requests"])
            && objects(&container["securityContext"]);
        if !fine {
            return Err(failed("resources or securityContext of a container"));
        }
    }
    Ok(pod)
}
