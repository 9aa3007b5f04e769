//! Our manifests in the hands of a published client of Kubernetes, the Python package `kubernetes`: they are what any
//! program can make, follow and delete.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use tinderbox_engine::{KubernetesApplication, KubernetesIntent, KubernetesRequest};
use tinderbox_model::{AttemptNumber, SparkVersion};
use tinderbox_testcluster::{Config, Image, TestCluster};

/// A command of its own in place of Spark's entry point, which gets its arguments.
const TEMPLATE: &str = r#"
spec:
  containers:
    - name: main
      command: [sh, -c, 'echo "$@"; grep spark.app.name "$SPARK_CONF_DIR/spark.properties"', entrypoint]
"#;

#[test]
fn rows_9_3_and_9_4_a_published_client_drives_our_manifests_from_start_to_log() {
    let Some(python) = python() else { return };
    let images = BTreeMap::from([("spark:test".to_owned(), Image::plain())]);
    let cluster = TestCluster::start(Config { images, ..Config::default() }).expect("a cluster");
    let application = KubernetesApplication::Python { file: "local:///opt/app/app.py".to_owned() };
    let version = SparkVersion::parse("4.3.0").expect("a version");
    let mut request = KubernetesRequest::new("default", "spark:test", version, application);
    request.arguments = vec!["7".to_owned()];
    request.conf.insert("spark.app.name".to_owned(), "driven".to_owned());
    request.driver_template = Some(TEMPLATE.to_owned());
    let intent = KubernetesIntent::new("default", &"driven".into(), AttemptNumber(1), 0);
    let manifests = request.manifests(&intent, &cluster.url()).expect("manifests");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("manifests.json");
    std::fs::write(&file, Value::from(manifests).to_string()).expect("a file");

    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/kubernetes_client.py");
    let output = Command::new(python)
        .arg(program)
        .arg(cluster.url())
        .arg(&file)
        // It asks proxies otherwise.
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .expect("Python");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let log = cluster.log("default", &intent.pod);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}\n{log}");
    let seen: Value = serde_json::from_str(said.trim()).expect("JSON");
    let phases = seen["phases"].as_array().expect("phases");
    assert_eq!(phases.last().expect("a phase"), "Succeeded", "{seen}");
    let log = seen["log"].as_str().expect("a log");
    assert!(log.contains("local:///opt/app/app.py 7"), "{log}");
    assert!(log.contains("spark.app.name=driven"), "{log}");
    assert_eq!(seen["drivers"], Value::from(vec![intent.pod.clone()]));
    assert_eq!(seen["config_maps"].as_array().map(Vec::len), Some(1), "{seen}");
    assert!(cluster.get("pods", "default", &intent.pod).is_none());
}

fn python() -> Option<PathBuf> {
    let folder = std::env::var_os("TINDERBOX_CLIENTS").map(PathBuf::from);
    let found = folder.map(|folder| folder.join("bin/python")).filter(|python| python.exists());
    let required = std::env::var("TINDERBOX_REQUIRE_ALL").is_ok_and(|value| value == "1");
    assert!(found.is_some() || !required, "no TINDERBOX_CLIENTS (scripts/setup.sh test)");
    found
}
