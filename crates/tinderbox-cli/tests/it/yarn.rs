//! Profiles of YARN, on a real ResourceManager and NodeManager with real Sparks.

use crate::place::{Place, Server, Spark, free_address, wait_for};
use crate::yarn_servers::YarnServers;
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

const ENDS: Duration = Duration::from_secs(300);

const JOB: &str = r#"
name: by-country
pipeline:
  sources:
    - {id: people, type: csv, path: people.csv, options: {header: true, inferSchema: true}}
  transformations:
    - {id: counted, type: aggregate, input: people, group_by: [country], aggregations: {n: count(*)}}
  sinks:
    - {id: out, type: parquet, path: out, input: counted, mode: overwrite}
"#;

const SLEEPS: &str = "import time\nfrom pyspark.sql import SparkSession\n\nspark = SparkSession.builder.getOrCreate()\n\
                      print('sleeps', flush=True)\ntime.sleep(600)\n";

/// Prints and fails, on a JVM.
const JAVA: &str = r#"
import org.apache.spark.sql.SparkSession;

public class Counts {
    public static void main(String[] words) {
        SparkSession spark = SparkSession.builder().getOrCreate();
        System.out.println("counted " + spark.range(Long.parseLong(words[0])).count());
        throw new IllegalStateException(words[1]);
    }
}
"#;

struct Lake<'a> {
    place: Place,
    servers: &'a YarnServers,
}

impl Lake<'_> {
    fn with<'a>(servers: &'a YarnServers, spark: &Spark) -> Lake<'a> {
        let place = Place::new();
        place.write("people.csv", "name,country\nAnn,FR\nBob,DE\nCas,FR\n");
        let jars = spark.home().join("jars").display().to_string();
        let profile = format!(
            "name: lake\nengine: yarn\nyarn:\n  resourceManager: {manager}\n  confDir: {conf}\n  home: {home}\n  \
             python: {python}\n  staging: {staging}\ncluster:\n  driver: {{memory: 512m}}\n  \
             executor: {{instances: 1, cores: 1, memory: 512m}}\nproperties:\n  spark.yarn.jars: local:{jars}/*\n  \
             spark.yarn.appMasterEnv.SPARK_LOCAL_IP: 127.0.0.1\n  spark.executorEnv.SPARK_LOCAL_IP: 127.0.0.1\n  \
             spark.driver.memoryOverhead: 128m\n  spark.executor.memoryOverhead: 128m\n",
            manager = servers.manager,
            conf = servers.conf.display(),
            home = spark.venv.display(),
            python = spark.python().display(),
            staging = place.path("staging").display(),
        );
        let file = place.write("lake.yaml", &profile);
        let stored = place.ask_json(&["cluster", "apply", file.to_str().unwrap()]);
        assert_eq!((&stored["name"], &stored["engine"]), (&"lake".into(), &"yarn".into()));
        Lake { place, servers }
    }

    /// Starts a run and answers its id.
    fn begins(&self, arguments: &[&str]) -> String {
        let (verb, rest) = arguments.split_first().unwrap();
        let begun = self.place.ask(&[&[*verb, "--detach", "--format", "json"], rest].concat());
        let said = String::from_utf8_lossy(&begun.stderr).into_owned();
        let begun: Value =
            serde_json::from_slice(&begun.stdout).unwrap_or_else(|_| panic!("{said}"));
        begun["job"]["job_id"].as_str().unwrap_or_else(|| panic!("{begun}")).to_owned()
    }

    fn log(&self, run: &str) -> String {
        String::from_utf8_lossy(&self.place.ask(&["logs", run]).stdout).into_owned()
    }

    /// Waits until a run is in a state; fails when it ends in another one.
    fn until(&self, server: &Server, run: &str, wanted: &str) -> Value {
        wait_for(&format!("state {wanted}"), ENDS, || {
            let job = server.get(&format!("/api/jobs/{run}"))["job"].clone();
            let over = ["succeeded", "failed", "cancelled", "timed_out"];
            let state = job["state"].as_str().unwrap().to_owned();
            let is_over = over.contains(&state.as_str()) && state != wanted;
            assert!(!is_over, "{job}\n{}", self.log(run));
            (state == wanted).then_some(job)
        })
    }

    fn job_of(&self) -> String {
        self.place.write("by-country.yaml", JOB).display().to_string()
    }

    fn ran_once(&self, run: &str) {
        assert_eq!(self.servers.tagged(&format!("tinderbox-{run}-1")), 1);
    }
}

fn a_probe_says_what_works(lake: &Lake<'_>, version: &str) {
    let tested = lake.place.ask_json(&["cluster", "test", "lake"]);
    let steps = tested["steps"].as_array().unwrap_or_else(|| panic!("{tested}"));
    let works: Vec<_> = steps
        .iter()
        .map(|step| (step["step"].as_str().unwrap(), step["works"].as_bool().unwrap()))
        .collect();
    let all = ["submission", "driver", "executors", "event log", "end"].map(|step| (step, true));
    assert_eq!(works, all, "{tested}\n{}", lake.log("latest"));
    let driver = steps[1]["found"].as_str().unwrap();
    assert!(driver.starts_with(&format!("Spark {version}")), "{tested}");
}

fn a_job_computed_its_result(lake: &Lake<'_>, server: &Server, run: &str) {
    let job = lake.until(server, run, "succeeded");
    assert_eq!(job["engine"], "lake");
    assert!(job["application_id"].as_str().unwrap().starts_with("application_"), "{job}");
    assert!(lake.place.path("out/_SUCCESS").exists());
    let executors = server.get(&format!("/api/jobs/{run}/executors"));
    let executors = executors["executors"].as_array().unwrap().clone();
    let is_there = |executor: &Value| executor["executor_id"] == "1";
    assert!(executors.iter().any(is_there), "executors of the cluster: {executors:?}");
    let log = lake.log(run);
    let (submitted, driver) = (log.find("Submitted application"), log.find("ApplicationMaster"));
    assert!(submitted.is_some() && submitted < driver, "first one log, then the other: {log}");
    let log = lake.place.executor_log(run, "1");
    assert!(log.contains("Starting executor ID 1"), "the log of its container: {log}");
    lake.ran_once(run);
}

fn a_jar_failed_with_what_it_said(lake: &Lake<'_>, server: &Server, run: &str) {
    let job = lake.until(server, run, "failed");
    assert_eq!(job["error"], "java.lang.IllegalStateException: as wanted", "{job}");
    assert!(lake.log(run).contains("counted 7"), "{}", lake.log(run));
    lake.ran_once(run);
}

/// The whole life of runs, several at a time: a JVM of some seconds brings each to the cluster.
#[test]
fn real_spark_rows_2_5_2_10_3_2_6_9_and_9_1_to_9_20_on_yarn_with_3_5() {
    let Some(spark) = Spark::three() else { return };
    let Some(servers) = YarnServers::start(&spark) else { return };
    let lake = Lake::with(&servers, &spark);
    let server = Server::start(&lake.place, free_address());
    let sleeps = lake.place.write("sleeps.py", SLEEPS).display().to_string();
    let sleeping =
        lake.begins(&["submit", "--master", "yarn", "--deploy-mode", "cluster", &sleeps]);
    let queue = lake.begins(&[
        "submit",
        "--master",
        "yarn",
        "--deploy-mode",
        "cluster",
        "--queue",
        "nope",
        &sleeps,
    ]);
    let large = format!("{JOB}cluster: {{driver: {{memory: 64g}}}}\n");
    let large = lake.place.write("large.yaml", &large).display().to_string();
    let large = lake.begins(&["run", &large, "--engine", "lake"]);
    let computing = lake.begins(&["run", &lake.job_of(), "--engine", "lake"]);

    // The server dies while a spark-submit is at work, and another one goes on.
    wait_for("a spark-submit", ENDS, || {
        lake.place.attempt(&sleeping).join("pid").exists().then_some(())
    });
    drop(server);
    let server = Server::start(&lake.place, free_address());

    let failed = lake.until(&server, &queue, "failed");
    let said = failed["error"].as_str().unwrap();
    assert!(
        said.contains("submitted by user") && said.contains("to unknown queue: nope"),
        "{said}"
    );
    let failed = lake.until(&server, &large, "failed");
    let said = failed["error"].as_str().unwrap();
    assert!(said.contains("is above the max threshold (8192 MB) of this cluster"), "{said}");

    // While it runs its log is here, and then it is ended.
    wait_for("the log of the driver", ENDS, || {
        lake.log(&sleeping).contains("\nsleeps\n").then_some(())
    });
    lake.place.ask(&["cancel", &sleeping]);
    let cancelled = lake.until(&server, &sleeping, "cancelled");
    assert!(cancelled["error"].as_str().unwrap().contains("cancelled"), "{cancelled}");
    lake.ran_once(&sleeping);
    a_job_computed_its_result(&lake, &server, &computing);

    let jar = jar_of(&lake, &spark);
    let failing = lake.begins(&[
        "submit",
        "--master",
        "yarn",
        "--deploy-mode",
        "cluster",
        "--class",
        "Counts",
        &jar,
        "7",
        "as wanted",
    ]);
    a_probe_says_what_works(&lake, "3.5");
    a_jar_failed_with_what_it_said(&lake, &server, &failing);
    assert_eq!(servers.active(), Vec::<String>::new(), "nothing is left on the cluster");
}

#[test]
fn real_spark_rows_2_6_and_9_3_a_job_on_yarn_with_4() {
    let Some(spark) = Spark::four() else { return };
    let Some(servers) = YarnServers::start(&spark) else { return };
    let lake = Lake::with(&servers, &spark);
    let server = Server::start(&lake.place, free_address());
    let run = lake.begins(&["run", &lake.job_of(), "--engine", "lake"]);
    a_job_computed_its_result(&lake, &server, &run);
    assert_eq!(servers.active(), Vec::<String>::new(), "nothing is left on the cluster");
}

/// A jar of the class above.
fn jar_of(lake: &Lake<'_>, spark: &Spark) -> String {
    let source = lake.place.write("Counts.java", JAVA);
    let (classes, jar) = (lake.place.path("classes"), lake.place.path("counts.jar"));
    let class_path = spark.home().join("jars/*").display().to_string();
    let mut javac = Command::new("javac");
    javac.args(["-cp", &class_path, "-d"]).arg(&classes).arg(source);
    let mut archive = Command::new("jar");
    archive.arg("cf").arg(&jar).arg("-C").arg(&classes).arg(".");
    for command in [&mut javac, &mut archive] {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    jar.display().to_string()
}

/// A cluster that is not there: nothing is started, and the run says what to do.
#[test]
fn rows_9_1_and_9_15_a_yarn_that_does_not_answer() {
    let Some(_spark) = Spark::three() else { return };
    let place = Place::new();
    place.write("people.csv", "name,country\nAnn,FR\n");
    let profile = format!(
        "name: gone\nengine: yarn\nyarn: {{resourceManager: \"http://{}\", confDir: {}}}\n",
        free_address(),
        place.dir.path().display()
    );
    let file = place.write("gone.yaml", &profile);
    assert!(place.ask(&["cluster", "apply", file.to_str().unwrap()]).status.success());
    let job = place.write("job.yaml", JOB);
    let output = place.ask(&["run", job.to_str().unwrap(), "--engine", "gone"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("does not answer"), "{said}");
    let run = place.ask_json(&["jobs"])["jobs"][0]["job_id"].as_str().unwrap().to_owned();
    assert!(!place.attempt(&run).join("launched").exists(), "no spark-submit was started");
}
