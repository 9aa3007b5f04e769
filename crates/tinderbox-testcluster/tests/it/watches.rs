//! Watches: from now, from a revision, from a revision that is forgotten.

use crate::client::{Client, config_map, plain};
use serde_json::{Value, json};
use std::time::Duration;
use tinderbox_testcluster::Config;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// Events of a watch, one after the other.
struct Events {
    answer: reqwest::Response,
    buffer: Vec<u8>,
}

impl Events {
    async fn open(client: &Client, query: &str) -> Self {
        let path = format!("{MAPS}?watch=true&{query}");
        Self { answer: client.stream(&path).await, buffer: Vec::new() }
    }

    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).expect("an event"));
            }
            self.buffer.extend(self.answer.chunk().await.expect("the rest")?);
        }
    }

    /// The word and the name.
    async fn short(&mut self) -> (String, String) {
        let event = self.next().await.expect("an event");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&event["type"]), text(&event["object"]["metadata"]["name"]))
    }
}

fn pair(word: &str, name: &str) -> (String, String) {
    (word.to_owned(), name.to_owned())
}

fn labelled(name: &str, role: &str) -> Value {
    let mut map = config_map(name, &json!({}));
    map["metadata"]["labels"] = json!({"role": role});
    map
}

#[tokio::test]
async fn a_watch_begins_with_what_is_there_or_with_a_revision() {
    let client = Client::plain();
    client.create(MAPS, config_map("one", &json!({}))).await;
    let (_, list) = client.get(MAPS).await;
    let revision = list["metadata"]["resourceVersion"].as_str().expect("a revision");
    let mut all = Events::open(&client, "").await;
    let mut later = Events::open(&client, &format!("resourceVersion={revision}")).await;
    client.create(MAPS, config_map("two", &json!({}))).await;
    client.send("DELETE", &format!("{MAPS}/one"), Value::Null).await;
    assert_eq!(all.short().await, pair("ADDED", "one"));
    for events in [&mut all, &mut later] {
        assert_eq!(events.short().await, pair("ADDED", "two"));
        let deleted = events.next().await.expect("an event");
        assert_eq!(deleted["type"], "DELETED");
        // With a revision of its own, from which a client may go on.
        let text = deleted["object"]["metadata"]["resourceVersion"].as_str().expect("a revision");
        let number: u64 = text.parse().expect("a number");
        assert!(number > revision.parse().expect("a number"));
    }
}

#[tokio::test]
async fn an_object_that_matches_no_more_is_deleted_for_the_watcher() {
    let client = Client::plain();
    let mut events = Events::open(&client, "labelSelector=role%3Ddriver").await;
    client.create(MAPS, labelled("other", "executor")).await;
    client.create(MAPS, labelled("one", "driver")).await;
    let relabel = async |role: &str| {
        let patch = json!({"metadata": {"labels": {"role": role}}});
        let kind = "application/merge-patch+json";
        client.send_as("PATCH", &format!("{MAPS}/one"), kind, patch).await
    };
    relabel("executor").await;
    relabel("driver").await;
    assert_eq!(events.short().await, pair("ADDED", "one"));
    assert_eq!(events.short().await, pair("DELETED", "one"));
    assert_eq!(events.short().await, pair("ADDED", "one"));
}

#[tokio::test]
async fn a_watch_that_comes_too_late_is_told_so() {
    let client = Client::start(Config { history: 2, ..plain() });
    let (_, list) = client.get(MAPS).await;
    let revision = list["metadata"]["resourceVersion"].as_str().expect("a revision").to_owned();
    for name in ["a", "b", "c"] {
        client.create(MAPS, config_map(name, &json!({}))).await;
    }
    let mut events = Events::open(&client, &format!("resourceVersion={revision}")).await;
    let gone = events.next().await.expect("an event");
    assert_eq!((&gone["type"], &gone["object"]["code"]), (&json!("ERROR"), &json!(410)));
    assert_eq!(gone["object"]["reason"], "Expired");
    assert_eq!(events.next().await, None);

    let (_, list) = client.get(MAPS).await;
    let revision = list["metadata"]["resourceVersion"].as_str().expect("a revision").to_owned();
    client.cluster.compact();
    let mut events = Events::open(&client, &format!("resourceVersion={revision}")).await;
    assert_eq!(events.next().await.expect("an event")["object"]["code"], 410);
}

#[tokio::test]
async fn bookmarks_come_and_a_watch_ends_in_time() {
    let client = Client::start(Config { bookmarks: Duration::from_millis(50), ..plain() });
    let mut events = Events::open(&client, "allowWatchBookmarks=true&timeoutSeconds=1").await;
    let mark = events.next().await.expect("an event");
    assert_eq!((&mark["type"], &mark["object"]["kind"]), (&json!("BOOKMARK"), &json!("ConfigMap")));
    while let Some(event) = events.next().await {
        assert_eq!(event["type"], "BOOKMARK");
    }

    client.create(MAPS, config_map("one", &json!({}))).await;
    let query = "sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan";
    let mut events = Events::open(&client, query).await;
    assert_eq!(events.short().await, pair("ADDED", "one"));
    let mark = events.next().await.expect("an event");
    let annotation = &mark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"];
    assert_eq!((&mark["type"], annotation), (&json!("BOOKMARK"), &json!("true")));
}
