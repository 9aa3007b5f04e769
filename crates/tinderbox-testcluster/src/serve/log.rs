//! Logs of containers.

use super::Query;
use crate::failure::Failure;
use crate::kubelet::{ContainerLog, LogView};
use crate::shared::Shared;
use crate::store::Key;
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::Value;
use std::convert::Infallible;
use std::sync::Arc;

pub(super) async fn answer(
    shared: &Arc<Shared>,
    key: &Key,
    query: &Query,
) -> Result<Response, Failure> {
    let pod = shared.get(key).ok_or_else(|| Failure::not_found(key))?;
    let container = container_of(&pod, key, query)?;
    let log =
        shared.kubelet.log(&pod, &container).ok_or_else(|| not_started(&pod, key, &container))?;
    let number = |name: &str| -> Result<Option<u64>, Failure> {
        let Some(text) = query.get(name) else { return Ok(None) };
        let number = text.parse();
        number.map(Some).map_err(|_| Failure::bad_request(format!("{name} is not a number")))
    };
    let is_set = |name: &str| query.get(name).is_some_and(|value| value == "true" || value == "1");
    let since = match query.get("sinceTime") {
        None => None,
        // As `metav1.Time` has it: without fractions of a second.
        Some(text) => match text.parse::<jiff::Timestamp>() {
            Ok(time) => jiff::Timestamp::from_second(time.as_second()).ok(),
            Err(_) => return Err(Failure::bad_request("sinceTime is no time of RFC 3339")),
        },
    };
    let view = LogView {
        since,
        tail_lines: number("tailLines")?,
        since_seconds: number("sinceSeconds")?,
        limit_bytes: number("limitBytes")?,
        timestamps: is_set("timestamps"),
    };
    let (text, next) = log.read(&view);
    let mut response =
        if is_set("follow") { follow(log, view, text, next) } else { text.into_response() };
    let plain = header::HeaderValue::from_static("text/plain");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    Ok(response)
}

fn follow(log: Arc<ContainerLog>, view: LogView, text: Vec<u8>, next: usize) -> Response {
    let start = (log, view, Some(text), next);
    let pieces = stream::unfold(start, |(log, view, first, next)| async move {
        if let Some(first) = first.filter(|text| !text.is_empty()) {
            return Some((Ok::<_, Infallible>(first), (log, view, None, next)));
        }
        let (text, next) = log.after(next, &view).await?;
        Some((Ok(text), (log, view, None, next)))
    });
    Body::from_stream(pieces).into_response()
}

fn container_of(pod: &Value, key: &Key, query: &Query) -> Result<String, Failure> {
    let names: Vec<&str> = ["initContainers", "containers"]
        .iter()
        .flat_map(|list| pod["spec"][list].as_array().into_iter().flatten())
        .filter_map(|container| container["name"].as_str())
        .collect();
    match query.get("container") {
        Some(wanted) if names.contains(&wanted.as_str()) => Ok(wanted.clone()),
        Some(wanted) => Err(Failure::bad_request(format!(
            "container {wanted} is not valid for pod {}",
            key.name
        ))),
        None => match names.as_slice() {
            [only] => Ok((*only).to_owned()),
            several => Err(Failure::bad_request(format!(
                "a container name must be specified for pod {}, choose one of: [{}]",
                key.name,
                several.join(" ")
            ))),
        },
    }
}

fn not_started(pod: &Value, key: &Key, container: &str) -> Failure {
    let statuses = pod["status"]["containerStatuses"].as_array().into_iter().flatten();
    let status = statuses.into_iter().find(|status| status["name"] == container);
    let why =
        status.and_then(|status| status["state"]["waiting"]["reason"].as_str()).map(|reason| {
            match reason {
                "ErrImagePull" | "ImagePullBackOff" => {
                    "trying and failing to pull image".to_owned()
                }
                reason => format!("waiting to start: {reason}"),
            }
        });
    let why = why.unwrap_or_else(|| "not available".to_owned());
    Failure::bad_request(format!("container \"{container}\" in pod \"{}\" is {why}", key.name))
}
