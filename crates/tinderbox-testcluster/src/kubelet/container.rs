//! A container as a command: program, arguments, environment, folder.

use super::places::Places;
use super::spark_image::{self, ApiServer};
use super::volumes;
use crate::admission;
use crate::base64;
use crate::kind::KindId;
use crate::quantity;
use crate::shared::Shared;
use crate::store::Key;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Why a container is not started yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Waiting {
    pub(super) reason: &'static str,
    pub(super) message: String,
    pub(super) event: Option<(&'static str, String)>,
}

/// The command that is this container, with its volumes in place.
pub(super) fn command(
    shared: &Shared,
    pod: &Value,
    container: &Value,
    pod_folder: &Path,
) -> Result<Command, Waiting> {
    let name = container["name"].as_str().unwrap_or_default();
    let folder = pod_folder.join("containers").join(name);
    let work = folder.join("work");
    fs::create_dir_all(&work).map_err(|error| broken(&error.to_string()))?;
    let mut places = Places::default();
    let image = container["image"].as_str().and_then(|image| shared.config.images.get(image));
    for (inside, here) in image.into_iter().flat_map(|image| &image.folders) {
        places.add_path(inside, here.display().to_string());
    }
    add_services(shared, &mut places);
    volumes::mount(shared, pod, container, (pod_folder, &folder), &mut places)?;
    let mut environment = shared.config.environment.clone();
    let pod_name = pod["metadata"]["name"].as_str().unwrap_or_default();
    environment.insert("HOSTNAME".to_owned(), pod_name.to_owned());
    environment.insert("HOME".to_owned(), work.display().to_string());
    read_environment(shared, pod, container, (&places, &mut environment))?;
    let list = |field: &str| -> Vec<String> {
        let texts = container[field].as_array().into_iter().flatten().filter_map(Value::as_str);
        texts.map(|text| places.rewrite(&expanded(text, &environment))).collect()
    };
    let (mut program, arguments) = (list("command"), list("args"));
    let token = token_file(shared, &folder)?;
    let home = image.and_then(|image| image.spark_home.as_deref());
    let is_entry_point = program.is_empty() || program == ["/opt/entrypoint.sh"];
    let of_spark = home.filter(|_| is_entry_point).and_then(|home| {
        let url = format!("http://{}", shared.address);
        let server = ApiServer { url: &url, token: token.as_deref() };
        spark_image::command(home, &arguments, &mut environment, &server)
    });
    match of_spark {
        Some(command) => program = command,
        None => program.extend(arguments),
    }
    let Some((first, rest)) = program.split_first() else {
        return Err(broken("no command specified"));
    };
    let mut command = Command::new(first);
    let at = container["workingDir"].as_str().map(|path| PathBuf::from(places.rewrite(path)));
    command.args(rest).env_clear().envs(environment).current_dir(at.unwrap_or(work));
    Ok(command)
}

fn broken(why: &str) -> Waiting {
    let message = why.to_owned();
    Waiting { reason: "CreateContainerError", event: Some(("Failed", message.clone())), message }
}

fn unset(why: String) -> Waiting {
    let event = Some(("Failed", format!("Error: {why}")));
    Waiting { reason: "CreateContainerConfigError", message: why, event }
}

/// As a name server has them: those behind which there is a pod.
fn add_services(shared: &Shared, places: &mut Places) {
    let store = shared.store();
    for (key, service) in store.list(KindId::SERVICE, None) {
        let selector = crate::selector::Selector::of_labels(&service["spec"]["selector"]);
        let mut pods = store.list(KindId::POD, Some(&key.namespace));
        if pods.any(|(_, pod)| selector.matches(pod)) {
            places.add_service(&key.namespace, &key.name);
        }
    }
}

fn token_file(shared: &Shared, folder: &Path) -> Result<Option<PathBuf>, Waiting> {
    let Some(token) = &shared.config.token else { return Ok(None) };
    let path = folder.join("token");
    fs::write(&path, token).map_err(|error| broken(&error.to_string()))?;
    Ok(Some(path))
}

/// `envFrom` and `env`, in their order.
fn read_environment(
    shared: &Shared,
    pod: &Value,
    container: &Value,
    into: (&Places, &mut BTreeMap<String, String>),
) -> Result<(), Waiting> {
    let (places, environment) = into;
    for source in container["envFrom"].as_array().into_iter().flatten() {
        let prefix = source["prefix"].as_str().unwrap_or_default();
        for (field, kind) in [("configMapRef", KindId::CONFIG_MAP), ("secretRef", KindId::SECRET)] {
            if !source[field].is_object() {
                continue;
            }
            let Some(object) = referenced(shared, pod, kind, &source[field])? else { continue };
            for (key, _) in object["data"].as_object().into_iter().flatten() {
                let value = value_at(kind, &object, key).unwrap_or_default();
                environment.insert(format!("{prefix}{key}"), value);
            }
        }
    }
    for variable in container["env"].as_array().into_iter().flatten() {
        let name = variable["name"].as_str().unwrap_or_default().to_owned();
        let from = &variable["valueFrom"];
        let value = if let Some(path) = from["fieldRef"]["fieldPath"].as_str() {
            field_of(pod, path)
        } else if let Some(what) = from["resourceFieldRef"]["resource"].as_str() {
            Some(resource_of(container, what))
        } else if from["secretKeyRef"].is_object() {
            keyed(shared, pod, KindId::SECRET, &from["secretKeyRef"])?
        } else if from["configMapKeyRef"].is_object() {
            keyed(shared, pod, KindId::CONFIG_MAP, &from["configMapKeyRef"])?
        } else {
            let text = variable["value"].as_str().unwrap_or_default();
            Some(places.rewrite(&expanded(text, environment)))
        };
        if let Some(value) = value {
            environment.insert(name, value);
        }
    }
    Ok(())
}

fn keyed(
    shared: &Shared,
    pod: &Value,
    kind: KindId,
    reference: &Value,
) -> Result<Option<String>, Waiting> {
    let Some(object) = referenced(shared, pod, kind, reference)? else { return Ok(None) };
    let key = reference["key"].as_str().unwrap_or_default();
    match value_at(kind, &object, key) {
        None if reference["optional"] != true => {
            let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
            let name = reference["name"].as_str().unwrap_or_default();
            let kind = kind.get().kind;
            Err(unset(format!("couldn't find key {key} in {kind} {namespace}/{name}")))
        }
        value => Ok(value),
    }
}

fn referenced(
    shared: &Shared,
    pod: &Value,
    kind: KindId,
    reference: &Value,
) -> Result<Option<std::sync::Arc<Value>>, Waiting> {
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    let name = reference["name"].as_str().unwrap_or_default();
    match shared.get(&Key::new(kind, namespace, name)) {
        None if reference["optional"] != true => {
            Err(unset(format!("{} \"{name}\" not found", kind.get().singular)))
        }
        found => Ok(found),
    }
}

fn value_at(kind: KindId, object: &Value, key: &str) -> Option<String> {
    let text = object["data"][key].as_str()?;
    if kind != KindId::SECRET {
        return Some(text.to_owned());
    }
    base64::decode(text).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// A field of the pod as the downward API gives it.
pub(super) fn field_of(pod: &Value, path: &str) -> Option<String> {
    if let Some((field, rest)) = path.split_once("['") {
        let key = rest.strip_suffix("']")?;
        let map = field.split('.').fold(pod, |value, part| &value[part]);
        return Some(map[key].as_str().unwrap_or_default().to_owned());
    }
    match path {
        "status.podIP" | "status.podIPs" | "status.hostIP" | "status.hostIPs" => {
            Some("127.0.0.1".to_owned())
        }
        _ => {
            let found = path.split('.').fold(pod, |value, part| &value[part]);
            found.as_str().map(str::to_owned)
        }
    }
}

/// `limits.memory` in bytes, `requests.cpu` in whole cores: the divisor 1.
fn resource_of(container: &Value, what: &str) -> String {
    let (which, what) = what.split_once('.').unwrap_or(("limits", what));
    let mut amounts = admission::amounts(&container["resources"][which]);
    let found = amounts.find(|(name, _)| name == what).map(|(_, milli)| milli);
    let found = found.or_else(|| quantity::milli("0")).unwrap_or_default();
    ((found + 999) / 1000).to_string()
}

/// `$(NAME)` becomes the value of a variable that is set, `$$` one `$` (Kubernetes' `expansion`).
fn expanded(text: &str, environment: &BTreeMap<String, String>) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(place) = rest.find('$') {
        result.push_str(&rest[..place]);
        rest = &rest[place..];
        if let Some(after) = rest.strip_prefix("$$") {
            result.push('$');
            rest = after;
            continue;
        }
        let named = rest.strip_prefix("$(").and_then(|inner| inner.split_once(')'));
        if let Some((value, after)) =
            named.and_then(|(name, after)| Some((environment.get(name)?, after)))
        {
            result.push_str(value);
            rest = after;
        } else {
            result.push('$');
            rest = &rest[1..];
        }
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_in_texts_are_expanded_as_kubernetes_does() {
        let environment = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
        for (text, wanted) in
            [("x$(A)y", "x1y"), ("$(B)", "$(B)"), ("$$(A)", "$(A)"), ("$A $", "$A $"), ("$(", "$(")]
        {
            assert_eq!(expanded(text, &environment), wanted);
        }
    }
}
