//! Create, replace, patch and delete: the operations of the API on one object.

use crate::admission::{self, has_ended};
use crate::failure::Failure;
use crate::kind::KindId;
use crate::patch::{self, APPLY};
use crate::store::{Key, Store};
use crate::{time, validate};
use serde_json::{Value, json};
use std::sync::Arc;

/// How an object is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    Kept,
    /// `dryRun=All`
    Tried,
}

/// Makes an object of a request's body.
pub(crate) fn create(
    store: &mut Store,
    kind: KindId,
    namespace: &str,
    mut object: Value,
    write: Write,
) -> Result<Arc<Value>, Failure> {
    check_type(kind, &object)?;
    let metadata = &mut object["metadata"];
    let inside = metadata["namespace"].as_str().unwrap_or_default();
    if !inside.is_empty() && inside != namespace {
        return Err(Failure::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    if metadata["name"].as_str().unwrap_or_default().is_empty() {
        let Some(prefix) = metadata["generateName"].as_str().filter(|text| !text.is_empty()) else {
            let problem = (
                "metadata.name".to_owned(),
                "Required value: name or generateName is required".to_owned(),
            );
            return Err(Failure::invalid(kind, "", &[problem]));
        };
        metadata["name"] = json!(format!("{prefix}{}", suffix()));
    }
    let key = Key::new(kind, namespace, metadata["name"].as_str().unwrap_or_default());
    check_namespace(store, &key)?;
    if store.get(&key).is_some() {
        return Err(Failure::exists(&key));
    }
    refuse(&key, &validate::problems(kind, &object))?;
    if kind.get().namespaced {
        object["metadata"]["namespace"] = json!(namespace);
    }
    for field in ["resourceVersion", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"]
    {
        remove(&mut object["metadata"], field);
    }
    object["metadata"]["uid"] = json!(uuid::Uuid::new_v4().to_string());
    object["metadata"]["creationTimestamp"] = json!(time::now());
    let mut object = admission::admit(store, &key, object)?;
    if let Some(given) = object["stringData"].as_object().cloned() {
        remove(&mut object, "stringData");
        for (name, value) in given {
            object["data"][name] =
                json!(crate::base64::encode(value.as_str().unwrap_or_default().as_bytes()));
        }
    }
    if write == Write::Tried {
        return Ok(Arc::new(object));
    }
    let made = store.put(&key, object);
    if kind == KindId::NAMESPACE {
        make_account(store, &key.name);
    }
    Ok(made)
}

/// Every namespace has the account `default`.
fn make_account(store: &mut Store, namespace: &str) {
    let account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"},
    });
    // It is refused only where it already is.
    let _ = create(store, KindId::SERVICE_ACCOUNT, namespace, account, Write::Kept);
}

/// `PUT`. With a subresource only `status` is taken, without one everything else.
pub(crate) fn replace(
    store: &mut Store,
    key: &Key,
    subresource: Option<&str>,
    new: Value,
    write: Write,
) -> Result<Arc<Value>, Failure> {
    check_type(key.kind, &new)?;
    let old = store.get(key).cloned().ok_or_else(|| Failure::not_found(key))?;
    if new["metadata"]["name"].as_str().is_some_and(|name| name != key.name) {
        return Err(Failure::bad_request(
            "the name of the object does not match the name on the URL",
        ));
    }
    let metadata = &new["metadata"];
    let stale = |field: &str| {
        let given = metadata[field].as_str().unwrap_or_default();
        !given.is_empty() && old["metadata"][field] != given
    };
    if stale("resourceVersion") {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        return Err(Failure::conflict(key, why));
    }
    if stale("uid") {
        let why = format!(
            "Precondition failed: UID in precondition: {}, UID in object meta: {}",
            metadata["uid"].as_str().unwrap_or_default(),
            old["metadata"]["uid"].as_str().unwrap_or_default()
        );
        return Err(Failure::conflict(key, &why));
    }
    let mut object = new;
    if subresource == Some("status") {
        let status = object["status"].clone();
        object = (*old).clone();
        object["status"] = status;
    } else if key.kind.get().subresources.contains(&"status") {
        object["status"] = old["status"].clone();
    }
    let fixed = [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "resourceVersion",
    ];
    for field in fixed {
        match old["metadata"].get(field) {
            Some(value) => object["metadata"][field] = value.clone(),
            None => remove(&mut object["metadata"], field),
        }
    }
    let mut problems = validate::problems(key.kind, &object);
    problems.extend(validate::change_problems(key.kind, &old, &object));
    refuse(key, &problems)?;
    if write == Write::Tried {
        return Ok(Arc::new(object));
    }
    let written = store.put(key, object);
    // The last finalizer of an object that is being deleted was taken away. A pod that still runs goes when it has ended.
    let waits = key.kind == KindId::POD && written["metadata"]["deletionGracePeriodSeconds"] != 0;
    if is_deleting(&written) && !has_finalizers(&written) && !waits {
        store.remove(key);
    }
    Ok(written)
}

/// `PATCH`. Server-side apply makes what is not there; then the second value is true.
pub(crate) fn apply_patch(
    store: &mut Store,
    key: &Key,
    subresource: Option<&str>,
    patch: Patch<'_>,
) -> Result<(Arc<Value>, bool), Failure> {
    let Some(old) = store.get(key).cloned() else {
        if patch.content_type != APPLY {
            check_namespace(store, key)?;
            return Err(Failure::not_found(key));
        }
        let mut object = patch::patched(APPLY, &json!({}), patch.body)?;
        object["metadata"]["name"] = json!(key.name);
        return Ok((create(store, key.kind, &key.namespace, object, patch.write)?, true));
    };
    let object = patch::patched(patch.content_type, &old, patch.body)?;
    Ok((replace(store, key, subresource, object, patch.write)?, false))
}

/// The body of a `PATCH` and how to take it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patch<'a> {
    pub(crate) content_type: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) write: Write,
}

/// `DeleteOptions`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deletion {
    pub(crate) grace_s: Option<i64>,
    pub(crate) propagation: Option<String>,
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
}

impl Deletion {
    pub(crate) fn at_once() -> Self {
        Self { grace_s: Some(0), ..Self::default() }
    }
}

/// Deletes an object, or begins to: a pod that runs ends first, and finalizers are waited for.
pub(crate) fn delete(store: &mut Store, key: &Key, how: &Deletion) -> Result<Arc<Value>, Failure> {
    let old = store.get(key).cloned().ok_or_else(|| Failure::not_found(key))?;
    for (wanted, field, title) in
        [(&how.uid, "uid", "UID"), (&how.resource_version, "resourceVersion", "ResourceVersion")]
    {
        let there = old["metadata"][field].as_str().unwrap_or_default();
        if wanted.as_deref().is_some_and(|wanted| wanted != there) {
            let wanted = wanted.as_deref().unwrap_or_default();
            let why = format!(
                "Precondition failed: {title} in precondition: {wanted}, {title} in object meta: {there}"
            );
            return Err(Failure::conflict(key, &why));
        }
    }
    match how.propagation.as_deref() {
        Some("Orphan") => orphan(store, &old),
        Some("Foreground") => delete_dependents(store, &old),
        _ => {}
    }
    if key.kind == KindId::NAMESPACE {
        return Ok(end_namespace(store, key));
    }
    let runs = key.kind == KindId::POD && runs(&old);
    let grace = if runs { grace_of(&old, how) } else { 0 };
    let waits = grace > 0;
    if !waits && !has_finalizers(&old) {
        return store.remove(key).ok_or_else(|| Failure::not_found(key));
    }
    let mut object = (*old).clone();
    let metadata = &mut object["metadata"];
    // A second deletion may shorten the time, never lengthen it.
    let shorter = metadata["deletionGracePeriodSeconds"].as_i64().is_none_or(|old| grace < old);
    if metadata.get("deletionTimestamp").is_none() || shorter {
        metadata["deletionTimestamp"] = json!(time::after_seconds(grace));
        metadata["deletionGracePeriodSeconds"] = json!(grace);
    }
    Ok(store.put(key, object))
}

fn grace_of(object: &Value, how: &Deletion) -> i64 {
    let own = object["spec"]["terminationGracePeriodSeconds"].as_i64();
    how.grace_s.or(own).unwrap_or(30).max(0)
}

/// On a node and not at its end.
fn runs(pod: &Value) -> bool {
    pod["spec"]["nodeName"].as_str().is_some_and(|node| !node.is_empty()) && !has_ended(pod)
}

pub(crate) fn is_deleting(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

fn has_finalizers(object: &Value) -> bool {
    object["metadata"]["finalizers"].as_array().is_some_and(|list| !list.is_empty())
}

/// The namespace goes when nothing is in it any more; see `garbage`.
fn end_namespace(store: &mut Store, key: &Key) -> Arc<Value> {
    let mut object = store.get(key).map(|old| (**old).clone()).unwrap_or_default();
    object["metadata"]["deletionTimestamp"] = json!(time::now());
    object["status"] = json!({"phase": "Terminating"});
    store.put(key, object)
}

fn owned_by(store: &Store, owner: &Value) -> Vec<Key> {
    let owner = &owner["metadata"]["uid"];
    let owned = |object: &Value| {
        let owners = object["metadata"]["ownerReferences"].as_array();
        owners.into_iter().flatten().any(|reference| reference["uid"] == *owner)
    };
    store.all().filter(|(_, object)| owned(object)).map(|(key, _)| key.clone()).collect()
}

fn orphan(store: &mut Store, owner: &Value) {
    for key in owned_by(store, owner) {
        let Some(old) = store.get(&key) else { continue };
        let mut object = (**old).clone();
        if let Some(owners) = object["metadata"]["ownerReferences"].as_array_mut() {
            owners.retain(|reference| reference["uid"] != owner["metadata"]["uid"]);
        }
        store.put(&key, object);
    }
}

fn delete_dependents(store: &mut Store, owner: &Value) {
    for key in owned_by(store, owner) {
        // It was there a moment ago, and nothing else has the store.
        let _ = delete(store, &key, &Deletion::default());
    }
}

fn check_type(kind: KindId, object: &Value) -> Result<(), Failure> {
    if !object.is_object() {
        return Err(Failure::bad_request("the body is not an object"));
    }
    let kind = kind.get();
    let fits = |field: &str, wanted: &str| {
        object.get(field).and_then(Value::as_str).is_none_or(|given| given == wanted)
    };
    if !fits("kind", kind.kind) || !fits("apiVersion", &kind.api_version()) {
        return Err(Failure::bad_request(format!(
            "the API version in the data ({}, Kind={}) does not match the expected API version ({}, Kind={})",
            object["apiVersion"].as_str().unwrap_or_default(),
            object["kind"].as_str().unwrap_or_default(),
            kind.api_version(),
            kind.kind
        )));
    }
    Ok(())
}

fn check_namespace(store: &Store, key: &Key) -> Result<(), Failure> {
    if !key.kind.get().namespaced {
        return Ok(());
    }
    let namespace = Key::new(KindId::NAMESPACE, "", &key.namespace);
    match store.get(&namespace) {
        None => Err(Failure::not_found(&namespace)),
        Some(found) if is_deleting(found) => {
            let why = format!(
                "unable to create new content in namespace {} because it is being terminated",
                key.namespace
            );
            Err(Failure::forbidden(key, &why))
        }
        Some(_) => Ok(()),
    }
}

fn refuse(key: &Key, problems: &[(String, String)]) -> Result<(), Failure> {
    if problems.is_empty() {
        return Ok(());
    }
    Err(Failure::invalid(key.kind, &key.name, problems))
}

fn remove(object: &mut Value, field: &str) {
    if let Value::Object(fields) = object {
        fields.remove(field);
    }
}

/// Five characters without vowels, as apiserver's `names.SimpleNameGenerator`.
fn suffix() -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let random = uuid::Uuid::new_v4().into_bytes();
    random[..5].iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}
