//! Native submission to the test cluster, whose pods are processes.

use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tinderbox_engine::{
    DriverWatch, Error, FailureReason, KubernetesAccess, KubernetesApplication, KubernetesCluster,
    KubernetesDriver, KubernetesError, KubernetesIntent, KubernetesRequest, KubernetesStatus,
    KubernetesTrace, PendingReason, PodLog, SecretValue,
};
use tinderbox_model::{AttemptNumber, SparkVersion};
use tinderbox_testcluster::{Config, Image, TestCluster, Trouble};

/// Generous: the machine may be busy with other things.
const LIMIT: Duration = Duration::from_secs(180);

const PROGRAM: &str = r#"import os, sys
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
print("counted", spark.range(0, 1000, 1, 2).rdd.map(lambda row: row.id).count(), os.environ["PASSWORD"][::-1], flush=True)
spark.stop()
sys.exit(int(sys.argv[1]))
"#;

const CLASS: &str = r#"import org.apache.spark.sql.SparkSession;

public class Counts {
    public static void main(String[] args) {
        SparkSession spark = SparkSession.builder().getOrCreate();
        System.out.println("counted " + spark.range(0, Long.parseLong(args[0]), 1, 2).count());
        spark.stop();
    }
}
"#;

struct Bench {
    cluster: TestCluster,
    kubernetes: KubernetesCluster,
    folder: TempDir,
}

impl Bench {
    async fn start(config: Config, token: Option<&str>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let cluster = TestCluster::start(config).expect("a cluster");
        let folder = tempfile::tempdir().expect("a folder");
        let token_file = token.map(|token| {
            let file = folder.path().join("token");
            fs::write(&file, token).expect("a file");
            file
        });
        let access = KubernetesAccess::Address { server: cluster.url(), token_file, ca_file: None };
        let kubernetes = KubernetesCluster::new(&access).await.expect("a client");
        Self { cluster, kubernetes, folder }
    }

    async fn until(
        &self,
        driver: &KubernetesDriver,
        holds: impl Fn(&KubernetesStatus) -> bool,
    ) -> KubernetesStatus {
        let end = Instant::now() + LIMIT;
        loop {
            let status = self.kubernetes.status(driver).await.expect("a status");
            if holds(&status) {
                return status;
            }
            let log = self.cluster.log(&driver.namespace, &driver.pod);
            assert!(Instant::now() < end, "stays {status:?}\n{log}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn objects(&self, plural: &str) -> Vec<String> {
        let all = self.cluster.list(plural, "default");
        all.iter().filter_map(|one| one["metadata"]["name"].as_str().map(str::to_owned)).collect()
    }
}

fn intent(run: &str) -> KubernetesIntent {
    KubernetesIntent::new("default", &run.into(), AttemptNumber(1), 1_700_000_000_000)
}

fn request(version: &str) -> KubernetesRequest {
    let application = KubernetesApplication::Python { file: "local:///opt/app/app.py".to_owned() };
    let version = SparkVersion::parse(version).expect("a version");
    let mut request = KubernetesRequest::new("default", "spark:test", version, application);
    request.arguments = vec!["0".to_owned()];
    let conf = [
        ("spark.executor.instances", "1"),
        ("spark.executor.memory", "512m"),
        ("spark.driver.memory", "600m"),
        ("spark.ui.enabled", "false"),
    ];
    request.conf = conf.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let secret = SecretValue::Value("terces-a".to_owned());
    request.secrets.insert("PASSWORD".to_owned(), secret);
    request
}

fn spark_home(variable: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).and_then(|at| {
        let versions = fs::read_dir(Path::new(&at).join("lib")).ok()?.filter_map(Result::ok);
        let mut homes = versions.map(|entry| entry.path().join("site-packages/pyspark"));
        homes.find(|home| home.join("jars").is_dir())
    });
    let required = std::env::var("TINDERBOX_REQUIRE_ALL").is_ok_and(|value| value == "1");
    assert!(found.is_some() || !required, "no PySpark in {variable}");
    found
}

fn spark_config(home: &Path, app: &Path) -> Config {
    let names = ["PATH", "JAVA_HOME", "HOME", "LANG"];
    let value = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
    let environment: BTreeMap<String, String> = names.into_iter().filter_map(value).collect();
    let image = Image::spark(home).with("/opt/app", app);
    Config {
        environment,
        images: BTreeMap::from([("spark:test".to_owned(), image)]),
        ..Config::default()
    }
}

fn jar(home: &Path, folder: &Path) {
    fs::write(folder.join("Counts.java"), CLASS).expect("a file");
    let run = |command: &mut Command| {
        let output = command.current_dir(folder).output().expect("a JDK");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(Command::new("javac").arg("-cp").arg(home.join("jars/*")).args([
        "-d",
        "classes",
        "Counts.java",
    ]));
    run(Command::new("jar").args(["cf", "counts.jar", "-C", "classes", "."]));
}

/// A program computes, and so does a class; one that fails says with which code; the secret reaches it and stands in no pod or config map.
async fn computes(variable: &str, version: &str) {
    let Some(home) = spark_home(variable) else { return };
    let app = tempfile::tempdir().expect("a folder");
    fs::write(app.path().join("app.py"), PROGRAM).expect("a file");
    let mut config = spark_config(&home, app.path());
    config.token = Some("secret".to_owned());
    let bench = Bench::start(config, Some("secret")).await;

    // The submitter is cut off at the last object and comes again.
    let good = intent("good");
    bench.cluster.trouble("PATCH", "conf-map", 1, Trouble::Cut);
    let cut = bench.kubernetes.submit(&good, &request(version)).await.expect_err("cut");
    assert!(matches!(cut, Error::Kubernetes(KubernetesError::Unreachable { .. })), "{cut}");
    let driver = bench.kubernetes.submit(&good, &request(version)).await.expect("adopted");
    let status = bench.until(&driver, KubernetesStatus::is_final).await;
    let log = PodLog { namespace: "default".to_owned(), pod: driver.pod.clone(), container: None };
    let text = bench.kubernetes.log_tail(&log, 5000, 1 << 20).await.expect("a log");
    assert_eq!(status, KubernetesStatus::Succeeded, "{text}");
    assert!(text.contains("counted 1000 a-secret"), "{text}");
    let in_the_open = bench
        .cluster
        .list("pods", "default")
        .into_iter()
        .chain(bench.cluster.list("configmaps", "default"));
    assert!(in_the_open.into_iter().all(|object| !object.to_string().contains("terces-a")));
    let drivers =
        bench.cluster.started_pods().into_iter().filter(|(_, name)| name.ends_with("-driver"));
    assert_eq!(drivers.count(), 1);

    bench.kubernetes.clean_up(&driver).await.expect("clean");
    assert_eq!(
        bench.until(&driver, |status| *status == KubernetesStatus::Deleted).await,
        KubernetesStatus::Deleted
    );

    jar(&home, app.path());
    let mut class = request(version);
    let file = "local:///opt/app/counts.jar".to_owned();
    class.application = KubernetesApplication::Jar { file, main_class: "Counts".to_owned() };
    class.arguments = vec!["700".to_owned()];
    let driver = bench.kubernetes.submit(&intent("class"), &class).await.expect("submitted");
    let status = bench.until(&driver, KubernetesStatus::is_final).await;
    let text = bench.cluster.log("default", &driver.pod);
    assert_eq!(status, KubernetesStatus::Succeeded, "{text}");
    assert!(text.contains("counted 700"), "{text}");

    let mut bad = request(version);
    bad.arguments = vec!["3".to_owned()];
    let driver = bench.kubernetes.submit(&intent("bad"), &bad).await.expect("submitted");
    let status = bench.until(&driver, KubernetesStatus::is_final).await;
    let as_wanted = matches!(status, KubernetesStatus::Failed { reason: FailureReason::ExitCode, exit_code: Some(code), .. } if code != 0);
    assert!(as_wanted, "{status:?}");
    bench.kubernetes.cancel(&driver, Duration::from_secs(1)).await.expect("gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_9_3_9_5_and_9_6_real_spark_3_5_computes_when_submitted_natively() {
    computes("TINDERBOX_SPARK_3_5", "3.5.8").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_9_3_9_5_and_9_6_real_spark_4_computes_when_submitted_natively() {
    computes("TINDERBOX_SPARK_4", "4.3.0").await;
}

/// Cut off at each request, before and after it is carried out: one pod, all objects, whoever comes again.
#[tokio::test(flavor = "multi_thread")]
async fn row_9_3_cut_off_submissions_are_completed_and_none_is_made_twice() {
    let bench = Bench::start(Config::default(), None).await;
    let steps = [
        ("POST", "/pods"),
        ("PATCH", "-svc"),
        ("PATCH", "-policy"),
        ("PATCH", "/secrets"),
        ("PATCH", "-conf-map"),
    ];
    let mut submitted = 0;
    for (method, part) in steps {
        for trouble in [Trouble::Cut, Trouble::AnswerLost] {
            submitted += 1;
            let intent = intent(&format!("run-{submitted}"));
            assert_eq!(
                bench.kubernetes.find(&intent).await.expect("an answer"),
                KubernetesTrace::NotLaunched
            );
            bench.cluster.trouble(method, part, 1, trouble.clone());
            let first = bench.kubernetes.submit(&intent, &request("4.3.0")).await;
            assert_eq!(first.is_err(), method == "PATCH", "{method} {part} {trouble:?}: {first:?}");
            let found = bench.kubernetes.find(&intent).await.expect("an answer");
            let driver =
                bench.kubernetes.submit(&intent, &request("4.3.0")).await.expect("adopted");
            assert_eq!(found, KubernetesTrace::Started(driver.clone()));
            assert_eq!(
                bench.kubernetes.submit(&intent, &request("4.3.0")).await.expect("again"),
                driver
            );
            for (plural, of_each) in [
                ("pods", 1),
                ("services", 1),
                ("networkpolicies", 1),
                ("secrets", 1),
                ("configmaps", 1),
            ] {
                assert_eq!(
                    bench.objects(plural).len(),
                    of_each * submitted,
                    "{plural} after {method} {part}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_9_3_refusals_are_told_apart_and_leave_nothing() {
    let bench = Bench::start(Config::default(), None).await;
    let taken = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tb-taken-1-driver"},
        "spec": {"containers": [{"name": "main", "image": "plain:1"}]}});
    bench.cluster.create("default", taken).expect("a pod");
    let said = |error: &Error| (error.to_string(), error.hint().unwrap_or_default());
    let error =
        bench.kubernetes.submit(&intent("taken"), &request("3.5.8")).await.expect_err("taken");
    assert!(
        matches!(error, Error::Kubernetes(KubernetesError::NameTaken { .. })),
        "{:?}",
        said(&error)
    );

    let nowhere = KubernetesIntent::new("nowhere", &"a".into(), AttemptNumber(1), 0);
    let error =
        bench.kubernetes.submit(&nowhere, &request("3.5.8")).await.expect_err("no namespace");
    assert!(said(&error).1.contains("kubectl create namespace nowhere"), "{:?}", said(&error));

    let message = "networkpolicies.networking.k8s.io is forbidden: User cannot patch";
    bench.cluster.trouble("PATCH", "-policy", 1, Trouble::Refused(403, message.to_owned()));
    let error =
        bench.kubernetes.submit(&intent("policy"), &request("4.3.0")).await.expect_err("forbidden");
    assert!(
        matches!(error, Error::Kubernetes(KubernetesError::Forbidden { .. })),
        "{:?}",
        said(&error)
    );
    assert!(!bench.objects("pods").contains(&intent("policy").pod), "the pod is deleted again");

    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small"},
        "spec": {"hard": {"pods": "1"}}});
    bench.cluster.create("default", quota).expect("a quota");
    let error =
        bench.kubernetes.submit(&intent("quota"), &request("3.5.8")).await.expect_err("quota");
    assert!(
        matches!(error, Error::Kubernetes(KubernetesError::QuotaExceeded { .. })),
        "{:?}",
        said(&error)
    );

    let mut local = request("3.5.8");
    local.application = KubernetesApplication::Python { file: "app.py".to_owned() };
    let error = bench
        .kubernetes
        .submit(&intent("local"), &local)
        .await
        .expect_err("a file of this machine");
    assert!(said(&error).1.contains("local:///"), "{:?}", said(&error));

    let locked = Config { token: Some("right".to_owned()), ..Config::default() };
    let locked = Bench::start(locked, Some("wrong")).await;
    let error = locked.kubernetes.find(&intent("a")).await.expect_err("wrong token");
    assert!(
        matches!(error, Error::Kubernetes(KubernetesError::Unauthorized { .. })),
        "{:?}",
        said(&error)
    );
    drop(locked.folder);

    let access = KubernetesAccess::Address {
        server: "http://127.0.0.1:1".to_owned(),
        token_file: None,
        ca_file: None,
    };
    let nobody = KubernetesCluster::new(&access).await.expect("a client");
    let error = nobody.find(&intent("a")).await.expect_err("nobody there");
    assert!(
        matches!(error, Error::Kubernetes(KubernetesError::Unreachable { .. })),
        "{:?}",
        said(&error)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn row_9_5_pods_that_wait_say_for_what_and_can_be_cancelled() {
    let bench = Bench::start(Config::default(), None).await;
    let driver =
        bench.kubernetes.submit(&intent("no-image"), &request("3.5.8")).await.expect("submitted");
    let waits = |wanted| move |status: &KubernetesStatus| matches!(status, KubernetesStatus::Pending { wait, .. } if *wait == wanted);
    let status = bench.until(&driver, waits(PendingReason::Image)).await;
    assert!(status.hint().is_some_and(|hint| hint.contains("image")), "{status:?}");
    let error = bench.kubernetes.clean_up(&driver).await.expect_err("it has not ended");
    assert!(matches!(error, Error::Kubernetes(KubernetesError::StillRuns { .. })), "{error}");
    bench.kubernetes.cancel(&driver, Duration::from_secs(1)).await.expect("gone");
    bench.kubernetes.cancel(&driver, Duration::from_secs(1)).await.expect("harmless");

    let mut large = request("3.5.8");
    large.conf.insert("spark.driver.cores".to_owned(), "500".to_owned());
    let driver = bench.kubernetes.submit(&intent("large"), &large).await.expect("submitted");
    bench.until(&driver, waits(PendingReason::Unschedulable)).await;
}

/// Drivers that come, wait, go, and change while the watch is cut or has been forgotten by the server.
#[tokio::test(flavor = "multi_thread")]
async fn row_9_5_one_watch_tells_of_all_drivers_and_survives_cuts() {
    let bench = Bench::start(Config::default(), None).await;
    let mut watch = bench.kubernetes.watch("default");
    let mut known: BTreeMap<String, KubernetesStatus> = BTreeMap::new();
    let mut drivers = Vec::new();
    for number in 0..20 {
        let intent = intent(&format!("watched-{number}"));
        drivers.push(bench.kubernetes.submit(&intent, &request("3.5.8")).await.expect("submitted"));
    }
    let waits = |status: &KubernetesStatus| {
        matches!(status, KubernetesStatus::Pending { wait: PendingReason::Image, .. })
    };
    follow(&mut watch, &mut known, |known| known.len() == 20 && known.values().all(waits)).await;

    // The server forgets what it has told: the watch has to begin anew.
    bench.cluster.compact();
    for driver in &drivers[..10] {
        bench.kubernetes.cancel(driver, Duration::ZERO).await.expect("gone");
    }
    let gone = |known: &BTreeMap<String, KubernetesStatus>| {
        drivers[..10].iter().all(|driver| known[&driver.pod] == KubernetesStatus::Deleted)
    };
    follow(&mut watch, &mut known, gone).await;
    assert!(drivers[10..].iter().all(|driver| waits(&known[&driver.pod])));
    assert_eq!(watch.status(&drivers[0].pod), None, "what is gone and told is forgotten");
    assert_eq!(watch.take_changes(), Vec::new());
    let requests = bench.cluster.requests();
    let of_watch = requests.iter().filter(|one| one.query.contains("tinderbox"));
    assert!(
        of_watch.count() >= 3,
        "a list, a watch, and at least one more after the server forgot"
    );
}

/// The driver stays on a node that stays, its executors may be on spot nodes.
#[test]
fn row_9_6_executors_go_to_spot_nodes_and_the_driver_does_not() {
    let mut request = request("4.3.0");
    let toleration = json!({"key": "spot", "operator": "Exists", "effect": "NoSchedule"});
    request.executor_placement.tolerations.push(toleration.clone());
    request.executor_placement.node_selector.insert("pool".to_owned(), "spot".to_owned());
    request.driver_placement.node_selector.insert("pool".to_owned(), "on-demand".to_owned());
    request.driver_placement.priority_class = Some("high".to_owned());
    request.executor_template =
        Some("spec: {tolerations: [{key: a, operator: Exists}]}".to_owned());
    let all = request.manifests(&intent("spot"), "https://cluster:6443").expect("objects");
    let spec = &all[0]["spec"];
    assert_eq!(
        (&spec["nodeSelector"], &spec["tolerations"]),
        (&json!({"pool": "on-demand"}), &json!(null))
    );
    assert_eq!(spec["priorityClassName"], "high");
    let maps: String = all.iter().map(|object| object["data"].to_string()).collect();
    assert!(maps.contains("spark.kubernetes.executor.node.selector.pool=spot"), "{maps}");
    let template = all.iter().find_map(|object| object["data"]["podspec-configmap-key"].as_str());
    let template: serde_json::Value =
        serde_json::from_str(template.expect("a template")).expect("JSON");
    assert_eq!(
        template["spec"]["tolerations"],
        json!([{"key": "a", "operator": "Exists"}, toleration])
    );

    request.executor_template = Some("kind: Service".to_owned());
    let error = request.manifests(&intent("spot"), "https://cluster:6443").expect_err("no pod");
    assert!(error.to_string().contains("pod template of the executors"), "{error}");
    let shown = format!("{request:?}");
    assert!(!shown.contains("terces-a"), "{shown}");
}

/// What befalls running drivers from outside.
#[tokio::test(flavor = "multi_thread")]
async fn row_9_5_ends_from_outside_are_told_apart() {
    let nodes = ["one", "two"].map(tinderbox_testcluster::Node::new).into();
    let images = BTreeMap::from([("spark:test".to_owned(), Image::plain())]);
    let bench = Bench::start(Config { images, nodes, ..Config::default() }, None).await;
    let sleeping = |node: &str| {
        let mut request = request("4.3.0");
        let template =
            "{spec: {containers: [{name: main, command: [sh, -c, 'trap : TERM; sleep 600']}]}}";
        request.driver_template = Some(template.to_owned());
        request
            .driver_placement
            .node_selector
            .insert("kubernetes.io/hostname".to_owned(), node.to_owned());
        request
    };
    let mut drivers = Vec::new();
    for (run, node) in [("memory", "one"), ("evicted", "one"), ("down", "two"), ("deleted", "one")]
    {
        let driver =
            bench.kubernetes.submit(&intent(run), &sleeping(node)).await.expect("submitted");
        bench.until(&driver, |status| *status == KubernetesStatus::Running).await;
        drivers.push(driver);
    }
    assert!(bench.cluster.run_out_of_memory("default", &drivers[0].pod, "main"));
    assert!(bench.cluster.evict(
        "default",
        &drivers[1].pod,
        "The node was low on resource: memory."
    ));
    bench.cluster.shut_down_node("two");
    bench.kubernetes.cancel(&drivers[3], Duration::ZERO).await.expect("gone");
    let wanted = [FailureReason::OutOfMemory, FailureReason::Evicted, FailureReason::NodeLost];
    for (driver, wanted) in drivers.iter().zip(wanted) {
        let status = bench.until(driver, KubernetesStatus::is_final).await;
        let as_wanted =
            matches!(&status, KubernetesStatus::Failed { reason, .. } if *reason == wanted);
        assert!(as_wanted && status.hint().is_some(), "{wanted:?}: {status:?}");
    }
    let gone = bench.kubernetes.status(&drivers[3]).await.expect("a status");
    assert_eq!(gone, KubernetesStatus::Deleted);
}

async fn follow(
    watch: &mut DriverWatch,
    known: &mut BTreeMap<String, KubernetesStatus>,
    holds: impl Fn(&BTreeMap<String, KubernetesStatus>) -> bool,
) {
    while !holds(known) {
        let waited = tokio::time::timeout(LIMIT, watch.changed()).await;
        assert!(waited.is_ok(), "no change, {:?}: {known:?}", watch.problem());
        known.extend(watch.take_changes().into_iter().map(|change| (change.pod, change.status)));
    }
}
