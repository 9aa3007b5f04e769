//! The four kinds of patches: JSON Patch (RFC 6902), JSON Merge Patch (RFC 7386), Kubernetes' strategic merge, and
//! server-side apply, which is merged like the strategic one: fields that an earlier apply had set stay when a later one
//! leaves them out, because no owners of fields are kept.

use crate::failure::Failure;
use serde_json::{Map, Value};

pub(crate) const APPLY: &str = "application/apply-patch+yaml";

/// The object with the patch in it.
pub(crate) fn patched(content_type: &str, object: &Value, body: &[u8]) -> Result<Value, Failure> {
    let patch: Value = serde_json::from_slice(body)
        .map_err(|error| Failure::bad_request(format!("cannot read the patch: {error}")))?;
    let mut object = object.clone();
    match content_type {
        "application/json-patch+json" => {
            let steps = patch
                .as_array()
                .ok_or_else(|| Failure::bad_request("a JSON patch is a list of operations"))?;
            for step in steps {
                operate(&mut object, step)
                    .map_err(|why| Failure::new(422, "Invalid", format!("{why}: {step}")))?;
            }
        }
        "application/merge-patch+json" => merge(&mut object, &patch),
        "application/strategic-merge-patch+json" | APPLY => strategic(&mut object, &patch, ""),
        other => {
            let message = format!(
                "the body of the request was in an unknown format - accepted media types include: \
                 application/json-patch+json, application/merge-patch+json, \
                 application/apply-patch+yaml (got {other})"
            );
            return Err(Failure::new(415, "UnsupportedMediaType", message));
        }
    }
    Ok(object)
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    let target = as_object(target);
    for (name, value) in fields {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// `field` is the name under which the values stand.
fn strategic(target: &mut Value, patch: &Value, field: &str) {
    match patch {
        Value::Object(fields) => {
            if fields.get("$patch").and_then(Value::as_str) == Some("replace") {
                let kept = fields.iter().filter(|(name, _)| *name != "$patch");
                *target = Value::Object(kept.map(|(k, v)| (k.clone(), v.clone())).collect());
                return;
            }
            let target = as_object(target);
            for (name, value) in fields {
                if let Some(list) = name.strip_prefix("$deleteFromPrimitiveList/") {
                    if let Some(Value::Array(items)) = target.get_mut(list) {
                        items.retain(|item| !value.as_array().is_some_and(|v| v.contains(item)));
                    }
                } else if name.starts_with('$') {
                } else if value.is_null() {
                    target.remove(name);
                } else {
                    strategic(target.entry(name).or_insert(Value::Null), value, name);
                }
            }
        }
        Value::Array(items) => merge_list(target, items, field),
        other => *target = other.clone(),
    }
}

fn merge_list(target: &mut Value, items: &[Value], field: &str) {
    let Some(key) = merge_key(field, items) else {
        if field == "finalizers"
            && let Value::Array(old) = target
        {
            let new: Vec<&Value> = items.iter().filter(|item| !old.contains(item)).collect();
            let new: Vec<Value> = new.into_iter().cloned().collect();
            old.extend(new);
            return;
        }
        *target = Value::Array(items.to_vec());
        return;
    };
    if !target.is_array() {
        *target = Value::Array(Vec::new());
    }
    let Value::Array(old) = target else { return };
    for item in items {
        let place = old.iter().position(|one| one[key] == item[key]);
        let deletes = item["$patch"] == "delete";
        match place {
            Some(place) if deletes => {
                old.remove(place);
            }
            Some(place) => strategic(&mut old[place], item, ""),
            None if deletes => {}
            None => old.push(item.clone()),
        }
    }
}

/// The field by which entries of a list are told apart (`patchMergeKey` of the API's types).
fn merge_key(field: &str, items: &[Value]) -> Option<&'static str> {
    let key = match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "volumes"
        | "env"
        | "imagePullSecrets"
        | "secrets" => "name",
        "volumeMounts" => "mountPath",
        "volumeDevices" => "devicePath",
        "ports" if items.iter().all(|item| item.get("containerPort").is_some()) => "containerPort",
        "ports" => "port",
        "conditions" => "type",
        "ownerReferences" => "uid",
        "hostAliases" => "ip",
        _ => return None,
    };
    items.iter().all(|item| item.get(key).is_some()).then_some(key)
}

fn operate(object: &mut Value, step: &Value) -> Result<(), &'static str> {
    let path = step["path"].as_str().ok_or("an operation has no path")?;
    let value = || step.get("value").cloned().ok_or("an operation has no value");
    let source = |object: &Value| {
        let from = step["from"].as_str().ok_or("an operation has no source")?;
        object.pointer(from).cloned().ok_or("there is nothing at the source")
    };
    match step["op"].as_str().unwrap_or_default() {
        "add" => add(object, path, value()?),
        "replace" => {
            let place = object.pointer_mut(path).ok_or("there is nothing at the path")?;
            *place = value()?;
            Ok(())
        }
        "remove" => remove(object, path).map(|_| ()),
        "test" if object.pointer(path) == step.get("value") => Ok(()),
        "test" => Err("the test failed"),
        "copy" => {
            let copied = source(object)?;
            add(object, path, copied)
        }
        "move" => {
            let moved = source(object)?;
            remove(object, step["from"].as_str().unwrap_or_default())?;
            add(object, path, moved)
        }
        _ => Err("unknown operation"),
    }
}

fn add(object: &mut Value, path: &str, value: Value) -> Result<(), &'static str> {
    let Some((parent, last)) = path.rsplit_once('/') else {
        *object = value;
        return Ok(());
    };
    let last = last.replace("~1", "/").replace("~0", "~");
    match object.pointer_mut(parent).ok_or("there is nothing above the path")? {
        Value::Object(fields) => {
            fields.insert(last, value);
            Ok(())
        }
        Value::Array(items) if last == "-" => {
            items.push(value);
            Ok(())
        }
        Value::Array(items) => {
            let place = last.parse().ok().filter(|place| *place <= items.len());
            items.insert(place.ok_or("no such place in the list")?, value);
            Ok(())
        }
        _ => Err("the value above the path has no parts"),
    }
}

fn remove(object: &mut Value, path: &str) -> Result<Value, &'static str> {
    let (parent, last) = path.rsplit_once('/').ok_or("the whole object cannot be removed")?;
    let last = last.replace("~1", "/").replace("~0", "~");
    let removed = match object.pointer_mut(parent) {
        Some(Value::Object(fields)) => fields.remove(&last),
        Some(Value::Array(items)) => {
            let place = last.parse().ok().filter(|place| *place < items.len());
            place.map(|place: usize| items.remove(place))
        }
        _ => None,
    };
    removed.ok_or("there is nothing at the path")
}

fn as_object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(fields) => fields,
        _ => unreachable!("it was made an object above"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn after(kind: &str, object: &Value, patch: &Value) -> Value {
        patched(kind, object, patch.to_string().as_bytes()).expect("patched")
    }

    #[test]
    fn merge_patch_replaces_lists_and_removes_nulls() {
        let object = json!({"a": {"b": 1, "c": 2}, "l": [1, 2]});
        let patch = json!({"a": {"b": null, "d": 3}, "l": [3]});
        let wanted = json!({"a": {"c": 2, "d": 3}, "l": [3]});
        assert_eq!(after("application/merge-patch+json", &object, &patch), wanted);
    }

    #[test]
    fn strategic_merge_goes_by_the_keys_of_lists() {
        let object = json!({"spec": {
            "containers": [{"name": "a", "image": "x", "env": [{"name": "E", "value": "1"}]}],
            "tolerations": [{"key": "old"}],
        }});
        let patch = json!({"spec": {
            "containers": [{"name": "a", "env": [{"name": "F", "value": "2"}]}, {"name": "b"}],
            "tolerations": [{"key": "new"}],
        }});
        let wanted = json!({"spec": {
            "containers": [
                {"name": "a", "image": "x",
                 "env": [{"name": "E", "value": "1"}, {"name": "F", "value": "2"}]},
                {"name": "b"},
            ],
            "tolerations": [{"key": "new"}],
        }});
        assert_eq!(after(APPLY, &object, &patch), wanted);
        let patch = json!({"spec": {"containers": [{"name": "a", "$patch": "delete"}]}});
        let left = after("application/strategic-merge-patch+json", &object, &patch);
        assert_eq!(left["spec"]["containers"], json!([]));
    }

    #[test]
    fn json_patch_goes_step_by_step() {
        let object = json!({"metadata": {"labels": {"a": "1"}}, "l": [1, 3]});
        let patch = json!([
            {"op": "test", "path": "/metadata/labels/a", "value": "1"},
            {"op": "add", "path": "/metadata/labels/b~1c", "value": "2"},
            {"op": "replace", "path": "/metadata/labels/a", "value": "3"},
            {"op": "add", "path": "/l/1", "value": 2},
            {"op": "copy", "from": "/l/0", "path": "/first"},
            {"op": "remove", "path": "/l/2"},
        ]);
        let wanted = json!({
            "metadata": {"labels": {"a": "3", "b/c": "2"}}, "l": [1, 2], "first": 1,
        });
        assert_eq!(after("application/json-patch+json", &object, &patch), wanted);
        let missing = json!([{"op": "remove", "path": "/nothing"}]).to_string();
        let refused = patched("application/json-patch+json", &object, missing.as_bytes());
        assert_eq!(refused.expect_err("nothing there").code, 422);
        assert_eq!(patched("text/plain", &object, b"{}").expect_err("unknown").code, 415);
    }
}
