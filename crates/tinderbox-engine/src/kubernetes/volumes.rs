//! Volumes of the driver: those of `spark.kubernetes.driver.volumes.*` (`MountVolumesFeatureStep`) and the folders
//! for shuffle files (`LocalDirsFeatureStep`).

use super::names::Names;
use super::request::KubernetesRequest;
use super::resources::conf;
use crate::Error;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const PREFIX: &str = "spark.kubernetes.driver.volumes.";
/// Volumes with such names serve as local directories.
const LOCAL: &str = "spark-local-dir-";

#[derive(Default)]
pub(super) struct Volumes {
    pub(super) volumes: Vec<Value>,
    pub(super) mounts: Vec<Value>,
    /// Claims that are made for this application.
    pub(super) claims: Vec<Value>,
    /// `SPARK_LOCAL_DIRS`.
    pub(super) local_dirs: String,
}

pub(super) fn driver_volumes(request: &KubernetesRequest, names: &Names) -> Result<Volumes, Error> {
    let is_4 = request.spark_version.at_least(4, 0);
    let mut described: BTreeMap<(&str, &str), BTreeMap<&str, &str>> = BTreeMap::new();
    for (rest, value) in request.with_prefix(PREFIX) {
        let mut parts = rest.splitn(3, '.');
        let (Some(kind), Some(name), Some(option)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(conf(
                &format!("{PREFIX}{rest}"),
                value,
                "of the form …volumes.TYPE.NAME.OPTION",
            ));
        };
        described.entry((kind, name)).or_default().insert(option, value);
    }
    let mut made = Volumes::default();
    let mut local = Vec::new();
    for (index, ((kind, name), options)) in described.into_iter().enumerate() {
        let key = |option: &str| format!("{PREFIX}{kind}.{name}.{option}");
        let needed = |option: &'static str| {
            let value = options.get(option).copied();
            value.ok_or_else(|| conf(&key(option), "", "set for this type of volume"))
        };
        let path = needed("mount.path")?;
        let read_only = options.get("mount.readOnly").is_some_and(|value| value.trim() == "true");
        let mut mount = json!({
            "mountPath": path,
            "name": name,
            "readOnly": read_only,
            "subPath": options.get("mount.subPath").unwrap_or(&""),
        });
        if is_4 {
            mount["subPathExpr"] = json!(options.get("mount.subPathExpr").unwrap_or(&""));
        }
        let source = match kind {
            "hostPath" => {
                let kind = if is_4 { options.get("options.type").copied() } else { None };
                json!({"hostPath": {"path": needed("options.path")?, "type": kind.unwrap_or("")}})
            }
            "emptyDir" => {
                let mut source = json!({"medium": options.get("options.medium").unwrap_or(&"")});
                if let Some(limit) = options.get("options.sizeLimit") {
                    source["sizeLimit"] = json!(limit);
                }
                json!({"emptyDir": source})
            }
            "nfs" => {
                json!({"nfs": {"path": needed("options.path")?, "server": needed("options.server")?}})
            }
            "persistentVolumeClaim" => {
                let mut claim = needed("options.claimName")?.to_owned();
                if claim == "OnDemand" {
                    claim = format!("{}{index}", names.claims);
                    made.claims.push(on_demand(request, names, &claim, &options));
                }
                json!({"persistentVolumeClaim": {"claimName": claim, "readOnly": read_only}})
            }
            _ => {
                let expected = "a volume of type hostPath, emptyDir, nfs or persistentVolumeClaim";
                return Err(conf(&key("mount.path"), path, expected));
            }
        };
        let mut volume = source;
        volume["name"] = json!(name);
        made.volumes.push(volume);
        made.mounts.push(mount);
        if name.starts_with(LOCAL) {
            local.push(path.to_owned());
        }
    }
    if local.is_empty() {
        local = empty_dirs(request, names, &mut made);
    }
    made.local_dirs = local.join(",");
    Ok(made)
}

/// The folders for shuffle files where no volume is given for them.
fn empty_dirs(request: &KubernetesRequest, names: &Names, made: &mut Volumes) -> Vec<String> {
    let given = request.conf("spark.kubernetes.driverEnv.SPARK_LOCAL_DIRS");
    let given = given.or_else(|| request.conf("spark.local.dir"));
    let paths: Vec<String> = match given {
        Some(given) => given.split(',').map(|path| path.trim().to_owned()).collect(),
        None => vec![format!("/var/data/spark-{}", names.uuid)],
    };
    let in_memory =
        request.conf("spark.kubernetes.local.dirs.tmpfs").map(str::trim) == Some("true");
    let empty = if in_memory { json!({"medium": "Memory"}) } else { json!({}) };
    for (index, path) in paths.iter().enumerate() {
        let name = format!("{LOCAL}{}", index + 1);
        made.volumes.push(json!({"emptyDir": empty, "name": name}));
        made.mounts.push(json!({"mountPath": path, "name": name}));
    }
    paths
}

fn on_demand(
    request: &KubernetesRequest,
    names: &Names,
    claim: &str,
    options: &BTreeMap<&str, &str>,
) -> Value {
    let legacy = request.conf("spark.kubernetes.legacy.useReadWriteOnceAccessMode");
    let shared = !request.spark_version.at_least(4, 0) || legacy == Some("true");
    let mode = if shared { "ReadWriteOnce" } else { "ReadWriteOncePod" };
    let mut labels = Map::from_iter([("spark-app-selector".to_owned(), json!(names.app_id))]);
    let mut annotations = Map::new();
    for (option, value) in options {
        if let Some(label) = option.strip_prefix("label.") {
            labels.insert(label.to_owned(), json!(value));
        } else if let Some(annotation) = option.strip_prefix("annotation.") {
            annotations.insert(annotation.to_owned(), json!(value));
        }
    }
    let mut spec = json!({
        "accessModes": [mode],
        "resources": {"requests": {"storage": options.get("options.sizeLimit").unwrap_or(&"")}},
    });
    if let Some(class) = options.get("options.storageClass") {
        spec["storageClassName"] = json!(class);
    }
    let mut metadata = json!({"name": claim, "labels": labels});
    if !annotations.is_empty() {
        metadata["annotations"] = json!(annotations);
    }
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})
}
