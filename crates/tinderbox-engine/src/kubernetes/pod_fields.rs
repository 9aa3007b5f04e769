//! `spec.driver` and `spec.executor` of a `SparkApplication`. What Spark has properties for becomes properties, what is a
//! field of pods goes into the pod template.

use super::driver_pod::append;
use super::request::KubernetesRequest;
use super::spark_application::Fields;
use serde_json::{Value, json};

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Role {
    Driver,
    Executor,
}

pub(super) fn role(
    spec: &mut Fields,
    role: Role,
    volumes: &[Value],
    request: &mut KubernetesRequest,
    left_out: &mut Vec<String>,
) {
    let (name, env) = match role {
        Role::Driver => ("driver", "spark.kubernetes.driverEnv"),
        Role::Executor => ("executor", "spark.executorEnv"),
    };
    let mut fields = spec.inner(name);
    let conf = &mut request.conf;
    let of_spark = |key: &str| format!("spark.{name}.{key}");
    let of_kubernetes = |key: &str| format!("spark.kubernetes.{name}.{key}");
    let texts = [
        ("cores", of_spark("cores")),
        ("memory", of_spark("memory")),
        ("memoryOverhead", of_spark("memoryOverhead")),
        ("instances", of_spark("instances")),
        ("javaOptions", of_spark("extraJavaOptions")),
        ("coreRequest", of_kubernetes("request.cores")),
        ("coreLimit", of_kubernetes("limit.cores")),
        ("image", of_kubernetes("container.image")),
        ("schedulerName", of_kubernetes("scheduler.name")),
        ("deleteOnTermination", of_kubernetes("deleteOnTermination")),
        ("serviceAccount", format!("spark.kubernetes.authenticate.{name}.serviceAccountName")),
    ];
    let texts: Vec<(&str, &str)> =
        texts.iter().map(|(field, key)| (*field, key.as_str())).collect();
    fields.move_to(&texts, conf);
    let entries = [
        ("labels", of_kubernetes("label")),
        ("annotations", of_kubernetes("annotation")),
        ("nodeSelector", of_kubernetes("node.selector")),
        ("serviceLabels", of_kubernetes("service.label")),
        ("serviceAnnotations", of_kubernetes("service.annotation")),
        ("envVars", env.to_owned()),
    ];
    for (field, prefix) in entries {
        let entries = fields.entries(field).into_iter();
        conf.extend(entries.map(|(key, value)| (format!("{prefix}.{key}"), value)));
    }
    let mut gpu = fields.inner("gpu");
    if let (Some(device), Some(amount)) = (gpu.text("name"), gpu.text("quantity")) {
        let (vendor, kind) = device.split_once('/').unwrap_or(("nvidia.com", &device));
        conf.insert(of_spark(&format!("resource.{kind}.amount")), amount);
        conf.insert(of_spark(&format!("resource.{kind}.vendor")), vendor.to_owned());
    }
    gpu.rest(left_out);
    let references = fields.object("envSecretKeyRefs");
    for (variable, place) in references.as_ref().and_then(Value::as_object).into_iter().flatten() {
        let place = [&place["name"], &place["key"]].map(|part| part.as_str().unwrap_or_default());
        conf.insert(of_kubernetes(&format!("secretKeyRef.{variable}")), place.join(":"));
    }
    let mut env_left = Vec::new();
    for one in fields.list("env") {
        match (one["name"].as_str(), one["value"].as_str()) {
            (Some(variable), Some(value)) => {
                conf.insert(format!("{env}.{variable}"), value.to_owned());
            }
            _ => env_left.push(one),
        }
    }
    for one in fields.list("secrets") {
        let (secret, path) = (one["name"].as_str(), one["path"].as_str());
        if let (Some(secret), Some(path)) = (secret, path) {
            conf.insert(of_kubernetes(&format!("secrets.{secret}")), path.to_owned());
        } else {
            left_out.push(format!("spec.{name}.secrets: {one}"));
        }
        if let Some(kind) = one["secretType"].as_str().filter(|kind| *kind != "Generic") {
            left_out.push(format!(
                "spec.{name}.secrets.secretType: {kind} (mounted, no variables are set for it)"
            ));
        }
    }
    if fields.text("podName").is_some() {
        left_out.push(format!("spec.{name}.podName (pods are named after their attempts)"));
    }

    let template = template(&mut fields, volumes, env_left);
    match role {
        Role::Driver => request.driver_template = template,
        Role::Executor => request.executor_template = template,
    }
    fields.rest(left_out);
}

/// The pod template: the manifest's own with its fields of pods and containers in it. None when there are none.
fn template(fields: &mut Fields, volumes: &[Value], env: Vec<Value>) -> Option<String> {
    let given = fields.object("template");
    let mut pod = given.clone().unwrap_or_else(|| json!({}));
    let mut spec = match pod["spec"].take() {
        Value::Object(spec) => Value::Object(spec),
        _ => json!({}),
    };
    let container = spec["containers"].get(0).filter(|one| one.is_object()).cloned();
    let mut container = container.unwrap_or_else(|| json!({}));
    let before = (spec.clone(), container.clone());

    let of_spec = [
        ("affinity", "affinity"),
        ("podSecurityContext", "securityContext"),
        ("hostNetwork", "hostNetwork"),
        ("dnsConfig", "dnsConfig"),
        ("terminationGracePeriodSeconds", "terminationGracePeriodSeconds"),
        ("priorityClassName", "priorityClassName"),
        ("shareProcessNamespace", "shareProcessNamespace"),
    ];
    for (field, key) in of_spec {
        if let Some(value) = fields.take(field) {
            spec[key] = value;
        }
    }
    for field in ["tolerations", "initContainers", "hostAliases"] {
        append(&mut spec, field, fields.list(field));
    }
    for field in ["securityContext", "lifecycle"] {
        if let Some(value) = fields.take(field) {
            container[field] = value;
        }
    }
    append(&mut container, "env", env);
    append(&mut container, "envFrom", fields.list("envFrom"));
    append(&mut container, "ports", fields.list("ports"));
    let mut mounts = fields.list("volumeMounts");
    let used = |volume: &&Value| mounts.iter().any(|mount| mount["name"] == volume["name"]);
    append(&mut spec, "volumes", volumes.iter().filter(used).cloned().collect());
    for map in fields.list("configMaps") {
        let volume = format!("{}-volume", map["name"].as_str().unwrap_or_default());
        append(
            &mut spec,
            "volumes",
            vec![json!({"name": volume, "configMap": {"name": map["name"]}})],
        );
        mounts.push(json!({"name": volume, "mountPath": map["path"]}));
    }
    append(&mut container, "volumeMounts", mounts);
    let sidecars = fields.list("sidecars");
    if given.is_none() && sidecars.is_empty() && before == (spec.clone(), container.clone()) {
        return None;
    }
    // The first container is that of Spark.
    match spec["containers"].get_mut(0) {
        Some(first) => *first = container,
        None => spec["containers"] = json!([container]),
    }
    append(&mut spec, "containers", sidecars);
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["spec"] = spec;
    Some(pod.to_string())
}
