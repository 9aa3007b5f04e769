//! Volumes as folders of this machine.

use super::container::Waiting;
use super::places::Places;
use crate::base64;
use crate::kind::KindId;
use crate::shared::Shared;
use crate::store::Key;
use serde_json::Value;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Adds what a container mounts to its places and then makes it, because files are rewritten with all places in mind.
/// `own` is the container's folder, `pod_folder` that of all its containers.
pub(super) fn mount(
    shared: &Shared,
    pod: &Value,
    container: &Value,
    folders: (&Path, &Path),
    places: &mut Places,
) -> Result<(), Waiting> {
    let (pod_folder, own) = folders;
    let mut made: Vec<(&Value, PathBuf)> = Vec::new();
    for mount in container["volumeMounts"].as_array().into_iter().flatten() {
        let name = mount["name"].as_str().unwrap_or_default();
        let volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
        let Some(volume) = volumes.into_iter().find(|volume| volume["name"] == name) else {
            continue;
        };
        let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
        let here = if volume["hostPath"].is_object() {
            PathBuf::from(volume["hostPath"]["path"].as_str().unwrap_or_default())
        } else if let Some(claim) = volume["persistentVolumeClaim"]["claimName"].as_str() {
            shared.kubelet.folder().join("claims").join(namespace).join(claim)
        } else if volume["emptyDir"].is_object() {
            pod_folder.join("volumes").join(name)
        } else {
            own.join("volumes").join(name)
        };
        let part = mount["subPath"].as_str().or(mount["subPathExpr"].as_str()).unwrap_or_default();
        let inside = mount["mountPath"].as_str().unwrap_or_default();
        places.add_path(
            inside,
            here.join(part).display().to_string().trim_end_matches('/').to_owned(),
        );
        if !part.is_empty()
            && (volume["emptyDir"].is_object() || volume["persistentVolumeClaim"].is_object())
        {
            fs::create_dir_all(here.join(part))
                .map_err(|error| failed(name, &error.to_string()))?;
        }
        made.push((volume, here));
    }
    for (volume, here) in made {
        let name = volume["name"].as_str().unwrap_or_default();
        fill(shared, pod, volume, &here, places).map_err(|why| failed(name, &why))?;
    }
    Ok(())
}

fn failed(volume: &str, why: &str) -> Waiting {
    Waiting {
        reason: "ContainerCreating",
        message: String::new(),
        event: Some((
            "FailedMount",
            format!("MountVolume.SetUp failed for volume \"{volume}\" : {why}"),
        )),
    }
}

fn fill(
    shared: &Shared,
    pod: &Value,
    volume: &Value,
    here: &Path,
    places: &Places,
) -> Result<(), String> {
    let said = |error: io::Error| error.to_string();
    if let Some(host) = volume["hostPath"].as_object() {
        let kind = host.get("type").and_then(Value::as_str).unwrap_or_default();
        return match kind {
            "DirectoryOrCreate" => fs::create_dir_all(here).map_err(said),
            "Directory" if !here.is_dir() => {
                Err(format!("hostPath type check failed: {} is not a directory", here.display()))
            }
            "File" if !here.is_file() => {
                Err(format!("hostPath type check failed: {} is not a file", here.display()))
            }
            _ => Ok(()),
        };
    }
    if volume["emptyDir"].is_object() || volume["persistentVolumeClaim"].is_object() {
        return fs::create_dir_all(here).map_err(said);
    }
    let sources = match volume["projected"]["sources"].as_array() {
        Some(sources) => sources.clone(),
        None => vec![volume.clone()],
    };
    let mut files = Vec::new();
    for source in &sources {
        files.extend(files_of(shared, pod, source, places)?);
    }
    fs::create_dir_all(here).map_err(said)?;
    for (path, content, mode) in files {
        let path = here.join(path);
        fs::create_dir_all(path.parent().unwrap_or(here)).map_err(said)?;
        fs::write(&path, content).map_err(said)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(said)?;
    }
    Ok(())
}

type File = (String, Vec<u8>, u32);

fn files_of(
    shared: &Shared,
    pod: &Value,
    source: &Value,
    places: &Places,
) -> Result<Vec<File>, String> {
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    if let Some(items) = source["downwardAPI"]["items"].as_array() {
        let file = |item: &Value| {
            let path = item["path"].as_str().unwrap_or_default().to_owned();
            let field = item["fieldRef"]["fieldPath"].as_str().unwrap_or_default();
            let value = super::container::field_of(pod, field).unwrap_or_default();
            (path, value.into_bytes(), 0o644)
        };
        return Ok(items.iter().map(file).collect());
    }
    let of = [("configMap", KindId::CONFIG_MAP), ("secret", KindId::SECRET)];
    let Some((field, kind)) = of.into_iter().find(|(field, _)| source[*field].is_object()) else {
        let kinds: Vec<&String> =
            source.as_object().into_iter().flatten().map(|(key, _)| key).collect();
        return Err(format!("the test cluster has no volumes of this kind: {kinds:?}"));
    };
    let source = &source[field];
    let name = source["name"].as_str().or(source["secretName"].as_str()).unwrap_or_default();
    let Some(object) = shared.get(&Key::new(kind, namespace, name)) else {
        if source["optional"] == true {
            return Ok(Vec::new());
        }
        return Err(format!("{} \"{name}\" not found", kind.get().singular));
    };
    let mode = |value: &Value| value.as_u64().and_then(|mode| u32::try_from(mode).ok());
    let usual = mode(&source["defaultMode"]).unwrap_or(0o644);
    let content = |key: &str| content_of(kind, &object, key, places);
    if let Some(items) = source["items"].as_array() {
        return items
            .iter()
            .map(|item| {
                let key = item["key"].as_str().unwrap_or_default();
                let path = item["path"].as_str().unwrap_or(key).to_owned();
                let missing = || format!("references non-existent config key: {key}");
                Ok((path, content(key).ok_or_else(missing)?, mode(&item["mode"]).unwrap_or(usual)))
            })
            .collect();
    }
    let keys = ["data", "binaryData"]
        .into_iter()
        .flat_map(|part| object[part].as_object().into_iter().flatten().map(|(key, _)| key));
    Ok(keys.filter_map(|key| Some((key.clone(), content(key)?, usual))).collect())
}

/// Texts of config maps are rewritten; secrets are what they are.
fn content_of(kind: KindId, object: &Value, key: &str, places: &Places) -> Option<Vec<u8>> {
    if let Some(coded) = object["binaryData"][key].as_str() {
        return base64::decode(coded);
    }
    let text = object["data"][key].as_str()?;
    if kind == KindId::SECRET {
        base64::decode(text)
    } else {
        Some(places.rewrite(text).into_bytes())
    }
}
