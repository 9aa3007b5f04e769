//! Requests in, answers out: paths, methods, media types.

mod discovery;
mod list;
mod log;

use crate::admission;
use crate::failure::Failure;
use crate::kind::KindId;
use crate::objects::{self, Deletion, Patch, Write};
use crate::record::{Recorded, Trouble};
use crate::shared::Shared;
use crate::store::Key;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The API server's own limit of a body (`MaxRequestBodyBytes`).
const BODY_LIMIT: usize = 3 << 20;
/// What is read of a body that is too large, so that its sender gets to the answer.
const READ_LIMIT: usize = 64 << 20;

/// The parameters of a query. Of a repeated one the last counts.
pub(crate) type Query = BTreeMap<String, String>;

/// Answers every request there is.
pub(crate) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = match to_bytes(body, READ_LIMIT).await {
        Ok(body) if body.len() <= BODY_LIMIT => body,
        _ => {
            let message = format!("Request entity too large: limit is {BODY_LIMIT}");
            return Failure::new(413, "RequestEntityTooLarge", message).into_response();
        }
    };
    let text = |name| {
        let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    shared.requests.record(Recorded {
        method: parts.method.to_string(),
        path: path.clone(),
        query: query.clone(),
        content_type: text(header::CONTENT_TYPE),
        user_agent: text(header::USER_AGENT),
        body: body.clone(),
    });
    if !is_known(&shared, &parts.headers) {
        return Failure::new(401, "Unauthorized", "Unauthorized").into_response();
    }
    if text(header::UPGRADE).eq_ignore_ascii_case("websocket") {
        // fabric8 first wants to watch over a WebSocket. After this answer it streams, as other clients do from the start;
        // its Vert.x client would wait for the end of any longer one.
        return StatusCode::OK.into_response();
    }
    let trouble = shared.requests.trouble(parts.method.as_str(), &path);
    match &trouble {
        Some(Trouble::Refused(code, message)) => {
            let mut refused = Failure::new(*code, reason_of(*code), message.clone());
            refused.retry_after_s = (*code == 429).then_some(1);
            return refused.into_response();
        }
        Some(Trouble::Cut) => return cut(),
        Some(Trouble::Late(time)) => tokio::time::sleep(*time).await,
        Some(Trouble::AnswerLost) | None => {}
    }
    let query: Query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let call = Call { method: parts.method, query, content_type: text(header::CONTENT_TYPE), body };
    let answer = route(&shared, &path, &call).await.unwrap_or_else(IntoResponse::into_response);
    if matches!(trouble, Some(Trouble::AnswerLost)) { cut() } else { answer }
}

struct Call {
    method: Method,
    query: Query,
    content_type: String,
    body: Bytes,
}

impl Call {
    fn json(&self) -> Result<Value, Failure> {
        if self.content_type.contains("protobuf") || self.content_type.contains("yaml") {
            let message = format!(
                "the body of the request was in an unknown format - accepted media types include: \
                 application/json (got {})",
                self.content_type
            );
            return Err(Failure::new(415, "UnsupportedMediaType", message));
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| Failure::bad_request(format!("cannot read the body: {error}")))
    }

    fn write(&self) -> Write {
        match self.query.get("dryRun").map(String::as_str) {
            Some("All") => Write::Tried,
            _ => Write::Kept,
        }
    }

    /// From the body, or else from the query.
    fn deletion(&self) -> Result<Deletion, Failure> {
        let body = if self.body.is_empty() { json!({}) } else { self.json()? };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let query = |name: &str| self.query.get(name);
        Ok(Deletion {
            grace_s: body["gracePeriodSeconds"]
                .as_i64()
                .or_else(|| query("gracePeriodSeconds").and_then(|text| text.parse().ok())),
            propagation: text(&body["propagationPolicy"])
                .or_else(|| query("propagationPolicy").cloned()),
            uid: text(&body["preconditions"]["uid"]),
            resource_version: text(&body["preconditions"]["resourceVersion"]),
        })
    }
}

/// What a path means.
#[derive(Debug, PartialEq)]
enum Target {
    /// All of a kind, in one namespace or everywhere.
    Many(KindId, Option<String>),
    One(Key, Option<String>),
}

fn target(path: &str) -> Option<Target> {
    let decoded: Vec<String> = path.trim_matches('/').split('/').map(decode).collect();
    let parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    let kind = |plural: &str| KindId::find(group, version, plural);
    let one = |key: Key, rest: &[&str]| match rest {
        [] => Some(Target::One(key, None)),
        [sub] if key.kind.get().subresources.contains(sub) => {
            Some(Target::One(key, Some((*sub).to_owned())))
        }
        _ => None,
    };
    match rest {
        ["namespaces", namespace, plural, rest @ ..] if kind(plural).is_some() => {
            let kind = kind(plural).filter(|kind| kind.get().namespaced)?;
            match rest {
                [] => Some(Target::Many(kind, Some((*namespace).to_owned()))),
                [name, rest @ ..] => one(Key::new(kind, namespace, name), rest),
            }
        }
        [plural] => Some(Target::Many(kind(plural)?, None)),
        [plural, name, rest @ ..] => {
            let kind = kind(plural).filter(|kind| !kind.get().namespaced)?;
            one(Key::new(kind, "", name), rest)
        }
        _ => None,
    }
}

fn decode(part: &str) -> String {
    // A plus sign is one in a path.
    let escaped = part.replace('+', "%2B").replace('=', "%3D").replace('&', "%26");
    let mut pairs = form_urlencoded::parse(escaped.as_bytes());
    pairs.next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

async fn route(shared: &Arc<Shared>, path: &str, call: &Call) -> Result<Response, Failure> {
    if call.method == Method::GET
        && let Some(document) = discovery::document(path)
    {
        return Ok(document);
    }
    match target(path).ok_or_else(Failure::no_such_path)? {
        Target::Many(kind, namespace) => many(shared, kind, namespace, call),
        Target::One(key, sub) => one(shared, &key, sub.as_deref(), call).await,
    }
}

fn many(
    shared: &Arc<Shared>,
    kind: KindId,
    namespace: Option<String>,
    call: &Call,
) -> Result<Response, Failure> {
    match call.method.as_str() {
        "GET" => list::answer(shared, kind, namespace, &call.query),
        "POST" => {
            if kind.get().namespaced && namespace.is_none() {
                return Err(not_allowed());
            }
            let namespace = namespace.unwrap_or_default();
            let object = call.json()?;
            let made =
                objects::create(&mut shared.store(), kind, &namespace, object, call.write())?;
            Ok(written(StatusCode::CREATED, &made))
        }
        "DELETE" => {
            let deletion = call.deletion()?;
            let selector = list::selector(&call.query)?;
            let mut store = shared.store();
            let keys: Vec<Key> = store
                .list(kind, namespace.as_deref())
                .filter(|(_, object)| selector.matches(object))
                .map(|(key, _)| key.clone())
                .collect();
            let mut deleted = Vec::new();
            for key in keys {
                deleted.push((*objects::delete(&mut store, &key, &deletion)?).clone());
            }
            let revision = store.revision();
            Ok(axum::Json(list::list_object(kind, &deleted, revision, None)).into_response())
        }
        _ => Err(not_allowed()),
    }
}

async fn one(
    shared: &Arc<Shared>,
    key: &Key,
    sub: Option<&str>,
    call: &Call,
) -> Result<Response, Failure> {
    match (call.method.as_str(), sub) {
        ("GET", Some("log")) => log::answer(shared, key, &call.query).await,
        ("POST", Some("eviction")) => evict(shared, key, call),
        (_, Some("log" | "eviction")) => Err(not_allowed()),
        // Older clients watch one object so.
        ("GET", None) if call.query.get("watch").is_some_and(|value| value != "false") => {
            let mut query = call.query.clone();
            query.insert("fieldSelector".to_owned(), format!("metadata.name={}", key.name));
            let namespace = key.kind.get().namespaced.then(|| key.namespace.clone());
            list::answer(shared, key.kind, namespace, &query)
        }
        ("GET", _) => {
            let store = shared.store();
            let object = store.get(key).ok_or_else(|| Failure::not_found(key))?;
            if key.kind == KindId::QUOTA {
                let mut quota = (**object).clone();
                quota["status"] = admission::quota_status(&store, key, &quota);
                return Ok(axum::Json(quota).into_response());
            }
            Ok(written(StatusCode::OK, object))
        }
        ("PUT", Some("finalize")) => {
            let object = shared.get(key).ok_or_else(|| Failure::not_found(key))?;
            Ok(written(StatusCode::OK, &object))
        }
        ("PUT", sub) => {
            let object = call.json()?;
            let object = objects::replace(&mut shared.store(), key, sub, object, call.write())?;
            Ok(written(StatusCode::OK, &object))
        }
        ("PATCH", sub) => {
            let content_type = call.content_type.split(';').next().unwrap_or_default().trim();
            let patch = Patch { content_type, body: &call.body, write: call.write() };
            let (object, made) = objects::apply_patch(&mut shared.store(), key, sub, patch)?;
            Ok(written(if made { StatusCode::CREATED } else { StatusCode::OK }, &object))
        }
        ("DELETE", None) => {
            let deletion = call.deletion()?;
            let mut store = shared.store();
            let object = objects::delete(&mut store, key, &deletion)?;
            if key.kind == KindId::POD || store.get(key).is_some() {
                return Ok(written(StatusCode::OK, &object));
            }
            let kind = key.kind.get();
            let details = json!({
                "name": key.name, "group": kind.group, "kind": kind.plural,
                "uid": object["metadata"]["uid"],
            });
            Ok(axum::Json(success(200, &details)).into_response())
        }
        _ => Err(not_allowed()),
    }
}

/// The eviction API. There are no disruption budgets here: every eviction is let through.
fn evict(shared: &Arc<Shared>, key: &Key, call: &Call) -> Result<Response, Failure> {
    let options = &call.json()?["deleteOptions"];
    let deletion =
        Deletion { grace_s: options["gracePeriodSeconds"].as_i64(), ..Deletion::default() };
    let mut store = shared.store();
    let Some(pod) = store.get(key) else { return Err(Failure::not_found(key)) };
    if !admission::has_ended(pod) {
        let mut pod = (**pod).clone();
        let message = "Eviction API: evicting";
        crate::kubelet::set_condition(
            &mut pod,
            "DisruptionTarget",
            "True",
            ("EvictionByEvictionAPI", message),
        );
        store.put(key, pod);
    }
    objects::delete(&mut store, key, &deletion)?;
    Ok((StatusCode::CREATED, axum::Json(success(201, &json!({})))).into_response())
}

fn success(code: u16, details: &Value) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": details, "code": code,
    })
}

fn written(code: StatusCode, object: &Value) -> Response {
    (code, axum::Json(object)).into_response()
}

fn not_allowed() -> Failure {
    let message = "the server does not allow this method on the requested resource";
    Failure::new(405, "MethodNotAllowed", message)
}

fn is_known(shared: &Shared, headers: &HeaderMap) -> bool {
    let Some(token) = &shared.config.token else { return true };
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    given.is_some_and(|given| given.strip_prefix("Bearer ") == Some(token))
}

fn reason_of(code: u16) -> &'static str {
    match code {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        410 => "Expired",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "InternalError",
    }
}

/// An answer that breaks off after its head.
fn cut() -> Response {
    let broken = futures::stream::once(async {
        Err::<Bytes, std::io::Error>(std::io::ErrorKind::ConnectionReset.into())
    });
    let mut response = Body::from_stream(broken).into_response();
    response.headers_mut().insert(header::CONTENT_LENGTH, 1000.into());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_mean_collections_objects_and_parts_of_objects() {
        let pod = |name| Key::new(KindId::POD, "jobs", name);
        let policies =
            KindId::find("networking.k8s.io", "v1", "networkpolicies").expect("it is known");
        for (path, wanted) in [
            ("/api/v1/pods", Some(Target::Many(KindId::POD, None))),
            (
                "/api/v1/namespaces/jobs/pods",
                Some(Target::Many(KindId::POD, Some("jobs".to_owned()))),
            ),
            ("/api/v1/namespaces/jobs/pods/a", Some(Target::One(pod("a"), None))),
            (
                "/api/v1/namespaces/jobs/pods/a/log",
                Some(Target::One(pod("a"), Some("log".to_owned()))),
            ),
            (
                "/api/v1/namespaces/jobs",
                Some(Target::One(Key::new(KindId::NAMESPACE, "", "jobs"), None)),
            ),
            (
                "/api/v1/namespaces/jobs/status",
                Some(Target::One(
                    Key::new(KindId::NAMESPACE, "", "jobs"),
                    Some("status".to_owned()),
                )),
            ),
            (
                "/apis/networking.k8s.io/v1/namespaces/jobs/networkpolicies/p%2D1",
                Some(Target::One(Key::new(policies, "jobs", "p-1"), None)),
            ),
            ("/api/v1/namespaces/jobs/unknown", None),
            ("/apis/apps/v1/deployments", None),
            ("/api/v1/pods/a", None),
            ("/", None),
        ] {
            assert_eq!(target(path), wanted, "{path}");
        }
    }
}
