//! The differential test: what is sent here against what `spark-submit` 3.5.8 and 4.3.0 sent
//! (`scripts/kubernetes_golden.py`), field by field.

use super::KubernetesError;
use super::driver_pod::{DriverObjects, Submission};
use super::names::Names;
use super::request::{KubernetesApplication, KubernetesRequest};
use crate::Error;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tinderbox_model::SparkVersion;

const UID: &str = "00000000-0000-4000-8000-000000000000";

/// What is sent otherwise on purpose: case, and the reason.
const REFUSED: [(&str, &str); 1] = [(
    "upload",
    "files of the submitting machine are not copied to a shared file system: the request is refused",
)];

/// One case of `spark-submit`, read as its arguments are.
struct Golden {
    request: KubernetesRequest,
    names: Names,
    sent: Vec<Value>,
}

impl Golden {
    fn read(text: &str) -> Self {
        let golden: Value = serde_json::from_str(text).expect("JSON");
        let arguments: Vec<&str> = golden["arguments"]
            .as_array()
            .expect("arguments")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let mut conf = BTreeMap::new();
        let (mut class, mut proxy_user, mut file, mut rest) = (None, None, None, Vec::new());
        let mut left = arguments.iter();
        while let Some(argument) = left.next() {
            let mut value = || (*left.next().expect("a value")).to_owned();
            let mut set = |key: &str, value: String| conf.insert(key.to_owned(), value);
            match *argument {
                "--conf" => {
                    let pair = value();
                    let (key, value) = pair.split_once('=').expect("a pair");
                    set(key, value.to_owned());
                }
                "--class" => class = Some(value()),
                "--proxy-user" => proxy_user = Some(value()),
                "--name" => drop(set("spark.app.name", value())),
                "--jars" => drop(set("spark.jars", value())),
                "--files" => drop(set("spark.files", value())),
                "--archives" => drop(set("spark.archives", value())),
                "--py-files" => drop(set("spark.submit.pyFiles", value())),
                _ => {
                    file = Some((*argument).to_owned());
                    rest = left.by_ref().map(|one| (*one).to_owned()).collect();
                }
            }
        }
        let file = file.expect("a file");
        let application = match class {
            Some(main_class) => KubernetesApplication::Jar { file, main_class },
            None => KubernetesApplication::Python { file },
        };
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let files: BTreeMap<String, String> = golden["files"]
            .as_object()
            .expect("files")
            .iter()
            .map(|(k, v)| (k.clone(), text(v)))
            .collect();
        let inside = |folder: &str| {
            let of_folder =
                files.iter().filter_map(|(path, text)| Some((path.strip_prefix(folder)?, text)));
            of_folder
                .map(|(name, text)| (name.to_owned(), text.clone()))
                .collect::<BTreeMap<_, _>>()
        };
        let mut spark_files = inside("conf/");
        // Spark takes properties from the one and leaves out the other.
        if spark_files.remove("spark-defaults.conf").is_some() {
            conf.insert("spark.from.defaults".to_owned(), "yes".to_owned());
        }
        spark_files.retain(|name, _| !name.ends_with(".template"));
        let template = |key: &str| {
            let path = conf.get(key)?.strip_prefix("/files/")?;
            files.get(path).cloned()
        };
        let version = SparkVersion::parse(golden["spark_version"].as_str().expect("a version"));
        let namespace = conf.get("spark.kubernetes.namespace").map_or("default", String::as_str);
        let image = conf.get("spark.kubernetes.container.image").cloned().unwrap_or_default();
        let request = KubernetesRequest {
            arguments: rest,
            user: "someone".to_owned(),
            proxy_user,
            driver_template: template("spark.kubernetes.driver.podTemplateFile"),
            executor_template: template("spark.kubernetes.executor.podTemplateFile"),
            spark_files,
            hadoop_files: inside("hadoop/"),
            conf: conf.clone(),
            ..KubernetesRequest::new(namespace, image, version.expect("a version"), application)
        };
        let sent = golden["requests"].as_array().expect("requests").iter();
        let sent: Vec<Value> = sent.map(|request| request["body"].clone()).collect();
        let names = spark_names(&sent);
        Self { request, names, sent }
    }
}

/// Names are not compared but taken over: Spark's have a random part, ours follow from the attempt's id.
fn spark_names(sent: &[Value]) -> Names {
    let name = |kind: &str| {
        let found = sent.iter().find(|body| body["kind"] == kind);
        found.and_then(|body| body["metadata"]["name"].as_str()).unwrap_or("none").to_owned()
    };
    let map = |part: &str| {
        let names = sent.iter().filter(|body| body["kind"] == "ConfigMap");
        let mut names = names.filter_map(|body| body["metadata"]["name"].as_str());
        names.find(|name| name.ends_with(part)).unwrap_or("none").to_owned()
    };
    Names {
        pod: name("Pod"),
        service: name("Service"),
        conf_map: map("0-conf-map"),
        template_map: map("-podspec-conf-map"),
        hadoop_map: map("-hadoop-config"),
        program_map: "none".to_owned(),
        policy: name("NetworkPolicy"),
        claims: name("PersistentVolumeClaim").trim_end_matches('0').to_owned(),
        secret: "none".to_owned(),
        app_id: format!("spark-{}", "0".repeat(32)),
        uuid: UID.to_owned(),
    }
}

/// Every field with its path. Lists of named things are compared by name, as Kubernetes does: Spark's order there is
/// that of a hash map.
fn fields(value: &Value, path: &str, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields_of) if !fields_of.is_empty() => {
            for (key, inner) in fields_of {
                fields(inner, &format!("{path}/{key}"), into);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, inner) in items.iter().enumerate() {
                let name = inner["name"].as_str().map_or(index.to_string(), |name| {
                    format!("{name}{}", inner["mountPath"].as_str().unwrap_or_default())
                });
                fields(inner, &format!("{path}/{name}"), into);
            }
        }
        Value::String(text) if path.ends_with("/spark.properties") => {
            for line in text.lines() {
                into.insert(format!("{path}/{line}"), String::new());
            }
        }
        _ => {
            into.insert(path.to_owned(), value.to_string());
        }
    }
}

fn owned_by(mut body: Value, pod: &str) -> Value {
    body["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": "Pod", "controller": true, "name": pod, "uid": UID}]);
    body
}

fn differences(golden: &Golden, ours: DriverObjects) -> Vec<String> {
    let pod = golden.names.pod.clone();
    let owned = ours.owned.into_iter().map(|body| owned_by(body, &pod));
    let all: Vec<Value> = std::iter::once(ours.pod).chain(owned).collect();
    let flat = |bodies: &[Value]| {
        let mut into = BTreeMap::new();
        for body in bodies {
            let place = format!("{}:{}", body["kind"], body["metadata"]["name"]).replace('"', "");
            let mut body = body.clone();
            // The path of the request says it as well.
            if let Some(metadata) = body["metadata"].as_object_mut() {
                metadata.remove("namespace");
            }
            fields(&body, &place, &mut into);
        }
        into
    };
    let (spark, ours) = (flat(&golden.sent), flat(&all));
    let mut found = Vec::new();
    for (path, value) in &spark {
        match ours.get(path) {
            Some(same) if same == value => {}
            Some(other) => found.push(format!("{path}: Spark {value}, here {other}")),
            None => found.push(format!("{path}: missing, Spark {value}")),
        }
    }
    found.extend(
        ours.iter()
            .filter(|(path, _)| !spark.contains_key(*path))
            .map(|(path, value)| format!("{path}: extra {value}")),
    );
    found
}

#[test]
fn rows_9_3_and_9_5_objects_are_those_of_spark_submit() {
    let submission = Submission { server: "http://127.0.0.1:1", submitted_ms: 0 };
    let mut wrong = String::new();
    let mut compared = 0;
    for version in ["3.5", "4"] {
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/kubernetes").join(version);
        for entry in fs::read_dir(folder).expect("golden files") {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
            let golden = Golden::read(&fs::read_to_string(&path).expect("a file"));
            let made = DriverObjects::of(&golden.request, &golden.names, &submission);
            if REFUSED.iter().any(|(case, _)| *case == name) {
                assert!(
                    matches!(made, Err(Error::Kubernetes(KubernetesError::LocalFile { .. }))),
                    "{name}"
                );
                continue;
            }
            let found = differences(&golden, made.expect("objects"));
            if !found.is_empty() {
                wrong.push_str(&format!("\n{version} {name}:\n  {}", found.join("\n  ")));
            }
            compared += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(compared, 60);
}
