//! A cluster and a plain client of it.

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tinderbox_testcluster::{Config, Image, TestCluster};

/// Generous: the machine may be busy with other things.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) const PODS: &str = "/api/v1/namespaces/default/pods";

pub(crate) struct Client {
    pub(crate) cluster: TestCluster,
    http: reqwest::Client,
    token: Option<String>,
}

impl Client {
    pub(crate) fn start(config: Config) -> Self {
        // Another test may have done it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(LIMIT).no_proxy().build().expect("a client");
        let token = config.token.clone();
        Self { cluster: TestCluster::start(config).expect("a cluster"), http, token }
    }

    pub(crate) fn plain() -> Self {
        Self::start(plain())
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.send_as(method, path, "application/json", body).await
    }

    pub(crate) async fn send_as(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: Value,
    ) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, self.cluster.url() + path);
        if !body.is_null() {
            request = request.header("content-type", content_type).body(body.to_string());
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.send("GET", path, Value::Null).await
    }

    pub(crate) async fn stream(&self, path: &str) -> reqwest::Response {
        let answer = self.http.get(self.cluster.url() + path).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer
    }

    pub(crate) async fn text(&self, path: &str) -> String {
        self.stream(path).await.text().await.expect("a text")
    }

    /// Makes something that is not refused.
    pub(crate) async fn create(&self, path: &str, body: Value) -> Value {
        let (code, made) = self.send("POST", path, body).await;
        assert_eq!(code, 201, "{made}");
        made
    }

    /// The pod as soon as this holds.
    pub(crate) async fn pod_until(&self, name: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + LIMIT;
        loop {
            let pod = self.cluster.get("pods", "default", name).unwrap_or_default();
            if holds(&pod) {
                return pod;
            }
            let log = self.cluster.log("default", name);
            assert!(Instant::now() < end, "{name} stays as it is: {:#}\n{log}", pod["status"]);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn ended(&self, name: &str) -> Value {
        let over = |pod: &Value| {
            ["Succeeded", "Failed"].iter().any(|word| pod["status"]["phase"] == *word)
        };
        self.pod_until(name, over).await
    }

    pub(crate) async fn nothing_runs(&self) {
        let end = Instant::now() + LIMIT;
        while !self.cluster.process_groups().is_empty() {
            assert!(Instant::now() < end, "{:?} go on", self.cluster.process_groups());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn gone(&self, name: &str) {
        self.pod_until(name, Value::is_null).await;
    }
}

pub(crate) fn plain() -> Config {
    let mut config = Config::default();
    config.images.insert("plain:1".to_owned(), Image::plain());
    config
}

/// A pod that runs a shell script once.
pub(crate) fn script(name: &str, text: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "main", "image": "plain:1", "command": ["sh", "-c", text]}],
        },
    })
}

/// The state of the first container.
pub(crate) fn state(pod: &Value) -> &Value {
    &pod["status"]["containerStatuses"][0]["state"]
}

pub(crate) fn config_map(name: &str, data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}
