//! Native submission to fabric8's mock server in CRUD mode, which Spark's own tests use. It keeps what it is sent and
//! executes nothing: what a kubelet would write into a pod's status, the test writes.
//!
//! Its limits shape what is asked here. It validates nothing. It has no garbage collection: services and config maps stay
//! when their pod goes. It deletes at once, whatever the time of grace. Its watches are WebSockets only, so that the
//! status is asked for and not watched. It does not know server-side apply: `MockCluster.java` adds it.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tinderbox_engine::{
    Error, FailureReason, KubernetesAccess, KubernetesApplication, KubernetesCluster,
    KubernetesDriver, KubernetesError, KubernetesIntent, KubernetesRequest, KubernetesStatus,
    KubernetesTrace, PendingReason,
};
use tinderbox_model::{AttemptNumber, SparkVersion};

const GRACE: Duration = Duration::from_secs(1);

/// The server; it ends with its input, also when the test panics or is killed.
struct Mock {
    process: Child,
    _classes: TempDir,
    url: String,
    http: reqwest::Client,
}

impl Mock {
    fn start() -> Option<Self> {
        let jars = jars()?;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fabric8/MockCluster.java");
        let classes = tempfile::tempdir().expect("a folder");
        let class_path = format!("{}:{}/*", classes.path().display(), jars.display());
        let home = std::env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin"));
        let tool = |name: &str| {
            Command::new(home.as_ref().map_or(PathBuf::from(name), |home| home.join(name)))
        };
        let compiled = tool("javac")
            .args(["-cp", &class_path, "-d"])
            .arg(classes.path())
            .arg(source)
            .output()
            .expect("a JDK");
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        let mut process = tool("java")
            .args(["-Xmx128m", "-cp", &class_path, "MockCluster"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a JVM");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        // The end of the output, when it does not start, ends the wait as well.
        let url = lines.by_ref().map_while(Result::ok).find(|line| line.starts_with("http://"));
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(60))
            .no_proxy()
            .build()
            .expect("a client");
        Some(Self { process, _classes: classes, url: url.expect("an address"), http })
    }

    async fn cluster(&self) -> KubernetesCluster {
        let (token_file, ca_file) = (None, None);
        let access = KubernetesAccess::Address { server: self.url.clone(), token_file, ca_file };
        KubernetesCluster::new(&access).await.expect("a client")
    }

    async fn names(&self, plural: &str) -> Vec<String> {
        let api = if plural == "networkpolicies" { "apis/networking.k8s.io/v1" } else { "api/v1" };
        let path = format!("{}/{api}/namespaces/default/{plural}", self.url);
        let text = self.http.get(path).send().await.expect("an answer").text().await.expect("text");
        let list: Value = serde_json::from_str(&text).expect("JSON");
        let items = list["items"].as_array().expect("a list").iter();
        items.map(|one| one["metadata"]["name"].as_str().expect("a name").to_owned()).collect()
    }

    /// What a kubelet says of a pod.
    async fn says(&self, driver: &KubernetesDriver, status: Value) {
        let path = format!("{}/api/v1/namespaces/default/pods/{}/status", self.url, driver.pod);
        let patch = self.http.patch(path).header("content-type", "application/merge-patch+json");
        let answer = patch.body(json!({ "status": status }).to_string()).send().await;
        let answer = answer.expect("an answer");
        let code = answer.status();
        assert!(code.is_success(), "{code}: {}", answer.text().await.unwrap_or_default());
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn jars() -> Option<PathBuf> {
    let root = std::env::var_os("TINDERBOX_CONNECTORS").map(PathBuf::from);
    let found = root.map(|root| root.join("kubernetes-mock/jars")).filter(|jars| jars.is_dir());
    let required = std::env::var("TINDERBOX_REQUIRE_ALL").is_ok_and(|value| value == "1");
    assert!(found.is_some() || !required, "no jars of fabric8's mock (scripts/setup.sh test)");
    found
}

fn request() -> KubernetesRequest {
    let application = KubernetesApplication::Python { file: "local:///opt/app/app.py".to_owned() };
    let version = SparkVersion::parse("4.3.0").expect("a version");
    KubernetesRequest::new("default", "spark:4.3.0", version, application)
}

fn intent(run: &str) -> KubernetesIntent {
    KubernetesIntent::new("default", &run.into(), AttemptNumber(1), 1_700_000_000_000)
}

fn container(state: &Value) -> Value {
    json!([{"name": "spark-kubernetes-driver", "ready": false, "restartCount": 0, "image": "spark:4.3.0", "imageID": "",
        "state": state}])
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_9_3_and_9_5_a_driver_on_fabric8_mock_is_made_once_followed_and_ended() {
    let Some(mock) = Mock::start() else { return };
    let cluster = mock.cluster().await;
    let one = intent("one");
    assert_eq!(cluster.find(&one).await.expect("an answer"), KubernetesTrace::NotLaunched);
    let driver = cluster.submit(&one, &request()).await.expect("submitted");
    assert_eq!(driver.pod, one.pod);

    // From another process, as after a restart.
    let later = mock.cluster().await;
    assert_eq!(
        later.find(&one).await.expect("an answer"),
        KubernetesTrace::Started(driver.clone())
    );
    assert_eq!(later.submit(&one, &request()).await.expect("adopted"), driver);
    for plural in ["pods", "services", "networkpolicies", "configmaps"] {
        assert_eq!(mock.names(plural).await.len(), 1, "{plural}");
    }

    let waits = later.status(&driver).await.expect("a status");
    let as_wanted =
        matches!(waits, KubernetesStatus::Pending { wait: PendingReason::Scheduling, .. });
    assert!(as_wanted, "{waits:?}");
    let error = later.clean_up(&driver).await.expect_err("it has not ended");
    assert!(matches!(error, Error::Kubernetes(KubernetesError::StillRuns { .. })), "{error}");
    let running = container(&json!({"running": {"startedAt": "2026-01-01T00:00:00Z"}}));
    mock.says(&driver, json!({"phase": "Running", "containerStatuses": running})).await;
    assert_eq!(later.status(&driver).await.expect("a status"), KubernetesStatus::Running);
    let ended = |code: i32, reason: &str| {
        container(&json!({"running": null, "terminated": {"exitCode": code, "reason": reason}}))
    };
    let status = json!({"phase": "Succeeded", "containerStatuses": ended(0, "Completed")});
    mock.says(&driver, status).await;
    assert_eq!(later.status(&driver).await.expect("a status"), KubernetesStatus::Succeeded);
    later.clean_up(&driver).await.expect("clean");
    assert_eq!(later.status(&driver).await.expect("a status"), KubernetesStatus::Deleted);
    later.clean_up(&driver).await.expect("again");
    assert_eq!(mock.names("pods").await, Vec::<String>::new());

    let killed = cluster.submit(&intent("killed"), &request()).await.expect("submitted");
    let status = json!({"phase": "Failed", "containerStatuses": ended(137, "OOMKilled")});
    mock.says(&killed, status).await;
    let status = cluster.status(&killed).await.expect("a status");
    let as_wanted = matches!(
        status,
        KubernetesStatus::Failed { reason: FailureReason::OutOfMemory, exit_code: Some(137), .. }
    );
    assert!(as_wanted, "{status:?}");

    let cancelled = cluster.submit(&intent("cancelled"), &request()).await.expect("submitted");
    assert_eq!(mock.names("pods").await.len(), 2);
    cluster.cancel(&cancelled, GRACE).await.expect("gone");
    cluster.cancel(&cancelled, GRACE).await.expect("harmless");
    assert_eq!(mock.names("pods").await, [killed.pod]);
}

/// Its name is decided upon by the server, also when many come at once.
#[tokio::test(flavor = "multi_thread")]
async fn row_9_3_submissions_at_once_make_one_pod_on_fabric8_mock() {
    let Some(mock) = Mock::start() else { return };
    let cluster = mock.cluster().await;
    let made = (0..8).map(|_| {
        let cluster = cluster.clone();
        tokio::spawn(async move { cluster.submit(&intent("same"), &request()).await })
    });
    let mut uids = Vec::new();
    for one in made.collect::<Vec<_>>() {
        uids.push(one.await.expect("no panic").expect("submitted").uid);
    }
    assert!(uids.iter().all(|uid| *uid == uids[0]), "{uids:?}");
    assert_eq!(mock.names("pods").await, [intent("same").pod]);
    assert_eq!(mock.names("configmaps").await.len(), 1);
}
