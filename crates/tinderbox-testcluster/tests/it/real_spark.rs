//! Real Spark: `spark-submit` in cluster mode, a driver and executors that are processes here, on 3.5 and on 4.

use crate::client::{Client, plain, state};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tinderbox_testcluster::{Config, Image, Node};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Generous: the machine may be busy with other things.
const LIMIT: Duration = Duration::from_secs(300);

const PROGRAM: &str = r#"import sys
import time
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
print("counted", spark.range(0, 1000, 1, 2).rdd.map(lambda row: row.id).count(), flush=True)
if sys.argv[1] == "fails":
    raise ValueError("as wanted")
if sys.argv[1] == "sleeps":
    time.sleep(600)
spark.stop()
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

/// A Spark that starts waits as much as it works; more than two would take each other's cores and time.
static TURNS: Semaphore = Semaphore::const_new(2);

/// A cluster whose image `spark:test` has the Spark of this environment and a folder with applications.
struct Bench {
    client: Client,
    home: PathBuf,
    folder: TempDir,
    _turn: SemaphorePermit<'static>,
}

impl Bench {
    /// None when there is no such Spark here; with `TINDERBOX_REQUIRE_ALL=1` that is a failure.
    fn start(environment: &str, change: impl FnOnce(&mut Config)) -> Option<Self> {
        let Some(home) = std::env::var_os(environment).and_then(|at| spark_home(Path::new(&at)))
        else {
            let required = std::env::var("TINDERBOX_REQUIRE_ALL").is_ok_and(|value| value == "1");
            assert!(!required, "no PySpark in {environment}");
            println!("not run: no PySpark in {environment}");
            return None;
        };
        let turn = loop {
            if let Ok(turn) = TURNS.try_acquire() {
                break turn;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("app.py"), PROGRAM).expect("a file");
        let mut config = plain();
        config.environment = variables();
        let image = Image::spark(&home).with("/opt/app", folder.path());
        config.images.insert("spark:test".to_owned(), image);
        change(&mut config);
        Some(Self { client: Client::start(config), home, folder, _turn: turn })
    }

    /// Starts `spark-submit`, which waits for the end of the application as it does by itself.
    fn submit(&self, pod: &str, conf: &[&str], application: &[&str]) -> Submission {
        let output = self.folder.path().join(format!("{pod}.log"));
        let log = fs::File::create(&output).expect("a log");
        let name = format!("spark.kubernetes.driver.pod.name={pod}");
        let usual = [
            name.as_str(),
            "spark.kubernetes.container.image=spark:test",
            "spark.executor.instances=1",
            "spark.executor.cores=1",
            "spark.executor.memory=512m",
            "spark.driver.memory=600m",
            "spark.ui.enabled=false",
        ];
        let mut command = Command::new(self.home.join("bin/spark-submit"));
        command.args(["--master", &format!("k8s://{}", self.client.cluster.url())]);
        command.args(["--deploy-mode", "cluster"]);
        command.args(usual.iter().chain(conf).flat_map(|one| ["--conf", one]));
        command.args(application).env_clear().envs(variables());
        command.env("SPARK_HOME", &self.home).env("KUBECONFIG", "/dev/null");
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
        Submission { child: command.spawn().expect("spark-submit"), output }
    }

    fn jar(&self) -> &'static str {
        let at = |name: &str| self.folder.path().join(name);
        fs::write(at("Counts.java"), CLASS).expect("a file");
        let jars = self.home.join("jars/*");
        run(Command::new("javac")
            .arg("-cp")
            .arg(jars)
            .arg("-d")
            .arg(at("classes"))
            .arg(at("Counts.java")));
        run(Command::new("jar")
            .arg("cf")
            .arg(at("counts.jar"))
            .arg("-C")
            .arg(at("classes"))
            .arg("."));
        "local:///opt/app/counts.jar"
    }

    fn driver(&self, pod: &str) -> Value {
        self.client.cluster.get("pods", "default", pod).unwrap_or_default()
    }

    fn log(&self, pod: &str) -> String {
        self.client.cluster.log("default", pod)
    }

    /// All pods that were executors of anything.
    fn executors(&self) -> Vec<String> {
        let pods = self.client.cluster.started_pods().into_iter().map(|(_, name)| name);
        pods.filter(|name| name.contains("-exec-")).collect()
    }

    /// Waits until this holds; shows all logs when it does not.
    fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let end = Instant::now() + LIMIT;
        while !holds() {
            if Instant::now() > end {
                for (_, pod) in self.client.cluster.started_pods() {
                    println!("=== {pod}\n{}", self.log(&pod));
                }
                panic!("not so after {LIMIT:?}: {what}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The driver asks for another executor when the node of its first one is taken away.
    fn loses_a_spot_node(&self, before: &[String]) {
        self.client.cluster.shut_down_node("spot-1");
        let new = || -> Vec<String> {
            self.executors().into_iter().filter(|name| !before.contains(name)).collect()
        };
        self.until("the second executor is registered", || {
            let registered = |name: &String| {
                let pod = self.client.cluster.get("pods", "default", name).unwrap_or_default();
                pod["spec"]["nodeName"] == "spot-2"
                    && self.log(name).contains("Successfully registered with driver")
            };
            new().iter().any(registered)
        });
        assert_eq!(new().len(), 2, "{:?}", new());
    }

    /// Executors delete themselves with their driver's last breath, or go with it.
    fn until_nothing_runs(&self) {
        self.until("nothing runs", || self.client.cluster.process_groups().is_empty());
    }
}

struct Submission {
    child: Child,
    output: PathBuf,
}

impl Submission {
    fn ended(&mut self) -> String {
        let end = Instant::now() + LIMIT;
        while self.child.try_wait().expect("its state").is_none() {
            assert!(Instant::now() < end, "spark-submit goes on\n{}", self.text());
            std::thread::sleep(Duration::from_millis(50));
        }
        self.text()
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default()
    }
}

impl Drop for Submission {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spark_home(environment: &Path) -> Option<PathBuf> {
    let versions = fs::read_dir(environment.join("lib")).ok()?.filter_map(Result::ok);
    let homes = versions.map(|entry| entry.path().join("site-packages/pyspark"));
    homes.into_iter().find(|home| home.join("jars").is_dir())
}

fn variables() -> BTreeMap<String, String> {
    let names = ["PATH", "JAVA_HOME", "HOME", "LANG"];
    let value = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
    names.into_iter().filter_map(value).collect()
}

fn run(command: &mut Command) {
    let output = command.output().expect("a JDK");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What a run of a Python program leaves behind: its result, its executor, no processes. The server asks both for a token:
/// the submission has it from a file, and the driver from its pod.
fn python_computes(environment: &str) {
    let secret = |config: &mut Config| config.token = Some("secret".to_owned());
    let Some(bench) = Bench::start(environment, secret) else { return };
    let token = bench.folder.path().join("token");
    fs::write(&token, "secret").expect("a file");
    let token =
        format!("spark.kubernetes.authenticate.submission.oauthTokenFile={}", token.display());
    let application = ["local:///opt/app/app.py", "ends"];
    let mut submission = bench.submit("python", &[&token], &application);
    let said = submission.ended();
    let driver = bench.driver("python");
    assert_eq!(driver["status"]["phase"], "Succeeded", "{said}\n{}", bench.log("python"));
    assert!(bench.log("python").contains("counted 1000\n"), "{}", bench.log("python"));
    assert!(said.contains("phase: Succeeded"), "{said}");
    let executors = bench.executors();
    assert_eq!(executors.len(), 1, "{executors:?}");
    assert!(bench.log(&executors[0]).contains("Finished task"), "{}", bench.log(&executors[0]));
    bench.until_nothing_runs();
    bench.until("the executor is deleted", || {
        bench.client.cluster.get("pods", "default", &executors[0]).is_none()
    });
    // The driver removes its service when it ends; its config map goes with its pod.
    let maps = || bench.client.cluster.list("configmaps", "default").len();
    assert_eq!(maps(), 1);
    assert_eq!(bench.client.cluster.list("services", "default").len(), 0);
    delete(&bench, "python");
    bench.until("it is collected", || maps() == 0);
}

fn delete(bench: &Bench, pod: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let path = format!("/api/v1/namespaces/default/pods/{pod}");
    let (code, said) =
        runtime.block_on(bench.client.send("DELETE", &path, json!({"gracePeriodSeconds": 5})));
    assert_eq!(code, 200, "{said}");
}

/// What happens to a driver that still runs.
#[derive(PartialEq)]
enum Death {
    Deleted,
    OutOfMemory,
}

/// A program of the JVM; one that fails; one whose executor is taken away and whose driver dies.
fn others_end_as_they_should(environment: &str, death: &Death) {
    let pools = |config: &mut Config| {
        let spot = |name| Node::new(name).label("pool", "spot");
        config.nodes =
            vec![Node::new("steady").label("pool", "on-demand"), spot("spot-1"), spot("spot-2")];
    };
    let Some(bench) = Bench::start(environment, pools) else { return };
    let jar = bench.jar();
    bench.submit("java", &[], &["--class", "Counts", jar, "1000"]).ended();
    assert_eq!(bench.driver("java")["status"]["phase"], "Succeeded", "{}", bench.log("java"));
    assert!(bench.log("java").contains("counted 1000\n"), "{}", bench.log("java"));
    bench.until_nothing_runs();

    let said = bench.submit("fails", &[], &["local:///opt/app/app.py", "fails"]).ended();
    let driver = bench.driver("fails");
    assert_eq!(driver["status"]["phase"], "Failed", "{said}");
    assert_eq!(state(&driver)["terminated"]["exitCode"], 1);
    assert!(bench.log("fails").contains("ValueError: as wanted"));
    bench.until_nothing_runs();

    let pools = [
        "spark.kubernetes.driver.node.selector.pool=on-demand",
        "spark.kubernetes.executor.node.selector.pool=spot",
    ];
    let before = bench.executors();
    let application = ["local:///opt/app/app.py", "sleeps"];
    let _submission = bench.submit("killed", &pools, &application);
    bench.until("the driver has counted", || bench.log("killed").contains("counted 1000"));
    assert_eq!(bench.driver("killed")["spec"]["nodeName"], "steady");
    if *death == Death::Deleted {
        bench.loses_a_spot_node(&before);
    }
    let cluster = &bench.client.cluster;
    assert!(cluster.process_groups().len() >= 2, "driver and executor");
    if *death == Death::OutOfMemory {
        assert!(cluster.run_out_of_memory("default", "killed", "spark-kubernetes-driver"));
        bench.until("the driver has failed", || {
            state(&bench.driver("killed"))["terminated"]["reason"] == "OOMKilled"
        });
        // Executors end by themselves when they have lost their driver.
        bench.until_nothing_runs();
    }
    delete(&bench, "killed");
    bench.until("the driver is gone", || bench.driver("killed").is_null());
    bench.until_nothing_runs();
    bench.until("no executor is left", || {
        let pods = cluster.list("pods", "default");
        !pods.iter().any(|pod| pod["metadata"]["labels"]["spark-role"] == "executor")
    });
}

#[test]
fn real_spark_3_5_computes_on_the_cluster() {
    python_computes("TINDERBOX_SPARK_3_5");
}

#[test]
fn real_spark_4_computes_on_the_cluster() {
    python_computes("TINDERBOX_SPARK_4");
}

#[test]
fn real_spark_3_5_ends_as_it_should() {
    others_end_as_they_should("TINDERBOX_SPARK_3_5", &Death::Deleted);
}

#[test]
fn real_spark_4_ends_as_it_should() {
    others_end_as_they_should("TINDERBOX_SPARK_4", &Death::OutOfMemory);
}

/// Nothing of Spark runs in the pod: only its submission is tried.
#[test]
fn real_spark_waits_for_an_image_that_does_not_exist() {
    let Some(bench) = Bench::start("TINDERBOX_SPARK_3_5", |config| config.images.clear()) else {
        return;
    };
    let _submission = bench.submit("no-image", &[], &["local:///opt/app/app.py", "ends"]);
    bench.until("the image is not found", || {
        state(&bench.driver("no-image"))["waiting"]["reason"] == "ImagePullBackOff"
    });
    assert_eq!(bench.driver("no-image")["status"]["phase"], "Pending");
    assert_eq!(bench.client.cluster.process_groups(), Vec::<i32>::new());
}
