//! Lists and watches of one kind.

use super::Query;
use crate::admission;
use crate::failure::Failure;
use crate::kind::KindId;
use crate::selector::Selector;
use crate::shared::Shared;
use crate::store::{Change, Key, Turn};
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long a watch lasts that names no time (`MinRequestTimeout` of the API server).
const WATCH_ENDS: Duration = Duration::from_secs(1800);

pub(super) fn selector(query: &Query) -> Result<Selector, Failure> {
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    Selector::parse(text("labelSelector"), text("fieldSelector"))
}

pub(super) fn answer(
    shared: &Arc<Shared>,
    kind: KindId,
    namespace: Option<String>,
    query: &Query,
) -> Result<Response, Failure> {
    let selector = selector(query)?;
    if is_set(query, "watch") {
        return watch(shared, Watch { kind, namespace, selector }, query);
    }
    let store = shared.store();
    let mut limit = usize::MAX;
    if let Some(text) = query.get("limit") {
        limit = text.parse().map_err(|_| Failure::bad_request("limit is not a number"))?;
        if limit == 0 {
            limit = usize::MAX;
        }
    }
    let after = query.get("continue").filter(|text| !text.is_empty());
    let after = after.and_then(|text| text.split_once('/'));
    let mut matching = store.list(kind, namespace.as_deref()).filter(|(key, object)| {
        let later = after.is_none_or(|(namespace, name)| {
            (key.namespace.as_str(), key.name.as_str()) > (namespace, name)
        });
        later && selector.matches(object)
    });
    let mut items = Vec::new();
    let mut last: Option<&Key> = None;
    for (key, object) in matching.by_ref().take(limit) {
        let mut object = (**object).clone();
        if kind == KindId::QUOTA {
            object["status"] = admission::quota_status(&store, key, &object);
        }
        items.push(object);
        last = Some(key);
    }
    let more = matching.next().is_some();
    let token = last.filter(|_| more).map(|key| format!("{}/{}", key.namespace, key.name));
    Ok(axum::Json(list_object(kind, &items, store.revision(), token)).into_response())
}

pub(super) fn list_object(
    kind: KindId,
    items: &[Value],
    revision: u64,
    token: Option<String>,
) -> Value {
    let kind = kind.get();
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    if let Some(token) = token {
        metadata["continue"] = json!(token);
    }
    json!({
        "kind": format!("{}List", kind.kind), "apiVersion": kind.api_version(),
        "metadata": metadata, "items": items,
    })
}

struct Watch {
    kind: KindId,
    namespace: Option<String>,
    selector: Selector,
}

impl Watch {
    /// A change as this watcher sees it: an object that matches no more is deleted for it.
    fn event(&self, change: &Change) -> Option<Bytes> {
        let key = &change.key;
        let elsewhere = self.namespace.as_ref().is_some_and(|wanted| *wanted != key.namespace);
        if key.kind != self.kind || elsewhere {
            return None;
        }
        let matches = |object: &Value| self.selector.matches(object);
        let now = change.turn != Turn::Deleted && matches(&change.object);
        let before = change.before.as_ref().is_some_and(|object| matches(object));
        let word = match (before, now) {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            (false, false) => return None,
        };
        Some(line(word, &change.object))
    }
}

/// A watch that is being answered.
struct Running {
    shared: Arc<Shared>,
    watch: Watch,
    changes: watch::Receiver<u64>,
    seen: u64,
    waiting: VecDeque<Bytes>,
    bookmarks: Option<Instant>,
    ends: Instant,
    over: bool,
}

fn watch(shared: &Arc<Shared>, watch: Watch, query: &Query) -> Result<Response, Failure> {
    let from = query.get("resourceVersion").map(String::as_str).unwrap_or_default();
    let wants_start = is_set(query, "sendInitialEvents");
    let store = shared.store();
    let changes = store.subscribe();
    let mut waiting = VecDeque::new();
    let mut seen = store.revision();
    if wants_start || from.is_empty() || from == "0" {
        let objects = store.list(watch.kind, watch.namespace.as_deref());
        let matching = objects.filter(|(_, object)| watch.selector.matches(object));
        waiting.extend(matching.map(|(_, object)| line("ADDED", object)));
    } else {
        seen = from.parse().map_err(|_| {
            Failure::bad_request(format!("resourceVersion: Invalid value: \"{from}\""))
        })?;
    }
    if wants_start {
        let mut mark = bookmark(watch.kind, seen);
        mark["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        waiting.push_back(line("BOOKMARK", &mark));
    }
    drop(store);
    let seconds = query.get("timeoutSeconds").and_then(|text| text.parse().ok());
    let lasts = seconds.filter(|seconds| *seconds > 0).map_or(WATCH_ENDS, Duration::from_secs);
    let bookmarks = is_set(query, "allowWatchBookmarks");
    let running = Running {
        shared: shared.clone(),
        watch,
        changes,
        seen,
        waiting,
        bookmarks: bookmarks.then(|| Instant::now() + shared.config.bookmarks),
        ends: Instant::now() + lasts,
        over: false,
    };
    let lines = stream::unfold(running, |mut running| async move {
        let line = running.next().await?;
        Some((Ok::<_, Infallible>(line), running))
    });
    let mut response = Body::from_stream(lines).into_response();
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
}

impl Running {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(line) = self.waiting.pop_front() {
                return Some(line);
            }
            if self.over {
                return None;
            }
            let bookmark = self.bookmarks.unwrap_or(self.ends);
            self.changes.borrow_and_update();
            self.collect();
            if !self.waiting.is_empty() {
                continue;
            }
            tokio::select! {
                changed = self.changes.changed() => self.over |= changed.is_err(),
                () = tokio::time::sleep_until(self.ends) => self.over = true,
                () = tokio::time::sleep_until(bookmark), if self.bookmarks.is_some() => {
                    self.bookmarks = Some(Instant::now() + self.shared.config.bookmarks);
                    let mark = self::bookmark(self.watch.kind, self.seen);
                    self.waiting.push_back(line("BOOKMARK", &mark));
                }
            }
        }
    }

    fn collect(&mut self) {
        let store = self.shared.store();
        let Some(changes) = store.changes_after(self.seen) else {
            let message = format!("too old resource version: {} ({})", self.seen, store.revision());
            let gone = Failure::new(410, "Expired", message);
            self.waiting.push_back(line("ERROR", &gone.body()));
            self.over = true;
            return;
        };
        self.seen = self.seen.max(store.revision());
        self.waiting.extend(changes.iter().filter_map(|change| self.watch.event(change)));
    }
}

fn line(word: &str, object: &Value) -> Bytes {
    Bytes::from(format!("{{\"type\":\"{word}\",\"object\":{object}}}\n"))
}

/// An empty object of the kind, as the API server writes it: Spark's watcher reads the status of every pod it is sent, even
/// of this one.
fn bookmark(kind: KindId, revision: u64) -> Value {
    let described = kind.get();
    let mut mark = json!({
        "kind": described.kind, "apiVersion": described.api_version(),
        "metadata": {"resourceVersion": revision.to_string(), "creationTimestamp": null},
    });
    if described.subresources.contains(&"status") {
        mark["spec"] = if kind == KindId::POD { json!({"containers": null}) } else { json!({}) };
        mark["status"] = json!({});
    }
    mark
}

fn is_set(query: &Query, name: &str) -> bool {
    query.get(name).is_some_and(|value| value == "true" || value == "1" || value.is_empty())
}
