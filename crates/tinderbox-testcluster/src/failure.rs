//! Refusals as Kubernetes writes them: `Status` objects (apimachinery's `api/errors`).

use crate::kind::KindId;
use crate::store::Key;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A request that is refused.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) details: Value,
    pub(crate) retry_after_s: Option<u32>,
}

impl Failure {
    pub(crate) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: json!({}), retry_after_s: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// A path without anything behind it.
    pub(crate) fn no_such_path() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }

    pub(crate) fn not_found(key: &Key) -> Self {
        Self::of(key, 404, "NotFound", "not found")
    }

    pub(crate) fn exists(key: &Key) -> Self {
        Self::of(key, 409, "AlreadyExists", "already exists")
    }

    pub(crate) fn forbidden(key: &Key, why: &str) -> Self {
        let refused = Self::of(key, 403, "Forbidden", "");
        Self { message: format!("{} is forbidden: {why}", named(key)), ..refused }
    }

    pub(crate) fn conflict(key: &Key, why: &str) -> Self {
        let refused = Self::of(key, 409, "Conflict", "");
        let message = format!("Operation cannot be fulfilled on {}: {why}", named(key));
        Self { message, ..refused }
    }

    /// `problems` are fields and what is wrong with each, as Kubernetes lists them.
    pub(crate) fn invalid(kind: KindId, name: &str, problems: &[(String, String)]) -> Self {
        let kind = kind.get();
        let full = if kind.group.is_empty() {
            kind.kind.to_owned()
        } else {
            format!("{}.{}", kind.kind, kind.group)
        };
        let said: Vec<String> =
            problems.iter().map(|(field, problem)| format!("{field}: {problem}")).collect();
        let all = if let [one] = said.as_slice() {
            one.clone()
        } else {
            format!("[{}]", said.join(", "))
        };
        let causes: Vec<Value> = problems
            .iter()
            .map(|(field, problem)| {
                json!({"reason": "FieldValueInvalid", "field": field, "message": problem})
            })
            .collect();
        let details =
            json!({"name": name, "group": kind.group, "kind": kind.kind, "causes": causes});
        let message = format!("{full} \"{name}\" is invalid: {all}");
        Self { details, ..Self::new(422, "Invalid", message) }
    }

    fn of(key: &Key, code: u16, reason: &'static str, what: &str) -> Self {
        let kind = key.kind.get();
        let details = json!({"name": key.name, "group": kind.group, "kind": kind.plural});
        Self { details, ..Self::new(code, reason, format!("{} {what}", named(key))) }
    }

    pub(crate) fn body(&self) -> Value {
        let mut details = self.details.clone();
        if let Some(seconds) = self.retry_after_s {
            details["retryAfterSeconds"] = json!(seconds);
        }
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "details": details, "code": self.code,
        })
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let code = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (code, axum::Json(self.body())).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// `pods "one"`, `networkpolicies.networking.k8s.io "one"`.
fn named(key: &Key) -> String {
    let kind = key.kind.get();
    match kind.group {
        "" => format!("{} \"{}\"", kind.plural, key.name),
        group => format!("{}.{group} \"{}\"", kind.plural, key.name),
    }
}
