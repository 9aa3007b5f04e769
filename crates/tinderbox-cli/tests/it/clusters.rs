//! Cluster profiles: stored, tried out, and run on. With a real standalone cluster of both Spark versions.

use crate::place::{Place, Server, Spark, free_address, wait_for};
use crate::standalone_cluster::StandaloneServers;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

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

struct Lab<'a> {
    place: Place,
    servers: &'a StandaloneServers,
    version: &'a str,
}

impl Lab<'_> {
    fn profile(&self, name: &str, more: &str) -> String {
        let servers = self.servers;
        format!(
            "name: {name}\nengine: standalone\nstandalone:\n  master: {}\n  rest: {}\n  web: {}\n  python: {}\n{more}\n\
             cluster:\n  version: \"{}\"\n  driver: {{memory: 600m}}\n  executor: {{instances: 1, cores: 1, memory: 600m}}\n\
             limits: {{executors: 2}}\n",
            servers.master,
            servers.rest,
            servers.web,
            servers.python.display(),
            self.version,
        )
    }

    fn apply(&self, name: &str, more: &str) {
        let file = self.place.write(&format!("{name}.yaml"), &self.profile(name, more));
        let stored = self.place.ask_json(&["cluster", "apply", file.to_str().unwrap()]);
        assert_eq!(stored["name"], name, "{stored}");
    }

    fn job(&self, name: &str, text: &str) -> String {
        self.place.write(name, text).display().to_string()
    }
}

fn on_a_cluster(spark: &Spark, version: &str) {
    let servers = StandaloneServers::start(spark);
    let place = Place::new();
    place.write("people.csv", "name,country\nAnn,FR\nBob,DE\nCas,FR\n");
    let lab = Lab { place, servers: &servers, version };
    lab.apply("lab", "");
    lab.apply("near", "  deployMode: client");
    let server = Server::start(&lab.place, free_address());
    profiles_are_listed(&lab);
    a_probe_says_what_works(&lab);
    a_job_runs_on_the_workers(&lab, &server);
    a_job_with_its_driver_here_has_its_executors_there(&lab, &server);
    a_job_that_sleeps_is_cancelled(&lab, &server);
    a_job_without_room_waits(&lab, &server);
    a_job_that_does_not_fit_is_refused(&lab);
    programs_run_as_with_spark_submit(&lab);
    assert_eq!(servers.active_drivers(), Vec::<String>::new(), "nothing is left on the cluster");
}

fn profiles_are_listed(lab: &Lab<'_>) {
    let listed = lab.place.ask_json(&["cluster", "list"]);
    let listed = listed["clusters"].as_array().unwrap();
    let names: Vec<_> = listed.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["lab", "near"]);
    assert_eq!(listed[0]["engine"], "standalone");
    let shown = lab.place.ask(&["cluster", "show", "lab"]);
    assert_eq!(String::from_utf8_lossy(&shown.stdout), lab.profile("lab", ""));
}

fn a_probe_says_what_works(lab: &Lab<'_>) {
    let tested = lab.place.ask_json(&["cluster", "test", "lab"]);
    let steps = tested["steps"].as_array().unwrap();
    let works: Vec<_> = steps
        .iter()
        .map(|s| (s["step"].as_str().unwrap(), s["works"].as_bool().unwrap()))
        .collect();
    let all = ["submission", "driver", "executors", "event log", "end"].map(|step| (step, true));
    assert_eq!(works, all, "{tested}");
    assert!(
        steps[1]["found"].as_str().unwrap().starts_with(&format!("Spark {}", lab.version)),
        "{tested}"
    );
}

fn a_job_runs_on_the_workers(lab: &Lab<'_>, server: &Server) {
    let job = lab.job("by-country.yaml", JOB);
    let done = lab.place.ask_json(&["run", &job, "--engine", "lab"]);
    assert_eq!(
        (&done["job"]["state"], &done["job"]["engine"]),
        (&"succeeded".into(), &"lab".into()),
        "{done}"
    );
    let run = done["job"]["job_id"].as_str().unwrap();
    assert!(done["job"]["application_id"].as_str().unwrap().starts_with("app-"), "{done}");
    assert!(lab.place.path("out/_SUCCESS").exists());
    let executors = server.get(&format!("/api/jobs/{run}/executors"));
    let ids: Vec<_> = executors["executors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["executor_id"].clone())
        .collect();
    assert!(ids.contains(&"0".into()), "executors of the cluster: {executors}");
    let log = lab.place.ask(&["logs", run]);
    let log = String::from_utf8_lossy(&log.stdout).into_owned();
    assert!(log.contains("SparkContext"), "the driver's log came from its worker: {log}");
    let log = lab.place.executor_log(run, "0");
    assert!(log.contains("Starting executor ID 0"), "and that of the executor: {log}");
    let none = lab.place.ask(&["logs", run, "--executor", "9"]);
    let said = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(
        said.contains("no log of an executor 9") && said.contains("there are those of 0"),
        "{said}"
    );
}

fn a_job_with_its_driver_here_has_its_executors_there(lab: &Lab<'_>, server: &Server) {
    let job = lab.job("by-country.yaml", JOB);
    let done = lab.place.ask_json(&["run", &job, "--engine", "near"]);
    lab.place.has_succeeded(&done["job"]);
    let run = done["job"]["job_id"].as_str().unwrap();
    assert!(done["job"]["application_id"].as_str().unwrap().starts_with("app-"), "{done}");
    let executors = server.get(&format!("/api/jobs/{run}/executors"));
    let tasks =
        executors["executors"].as_array().unwrap().iter().find(|one| one["executor_id"] == "0");
    assert!(tasks.is_some(), "{executors}");
    let log = lab.place.executor_log(run, "0");
    assert!(log.contains("Starting executor ID 0"), "{log}");
}

/// A job that waits for a minute in a Python function.
fn slow(lab: &Lab<'_>) -> String {
    lab.place.write(
        "slow.py",
        "import time\n\n\ndef slow(name):\n    time.sleep(60)\n    return name\n",
    );
    let text = JOB.replace(
        "    - {id: counted, type: aggregate, input: people,",
        "    - {id: slow, type: udf, input: people, file: slow.py, function: slow, columns: {name2: [name]}, returns: string}\n    - {id: counted, type: aggregate, input: slow,",
    );
    lab.job("slow.yaml", &text.replace("group_by: [country]", "group_by: [name2]"))
}

fn a_job_that_sleeps_is_cancelled(lab: &Lab<'_>, server: &Server) {
    let submitted = lab.place.ask_json(&["run", &slow(lab), "--engine", "lab", "--detach"]);
    let run = submitted["job"]["job_id"].as_str().unwrap().to_owned();
    let state = |wanted: &str| {
        wait_for(&format!("state {wanted}"), Duration::from_secs(300), || {
            let job = server.get(&format!("/api/jobs/{run}"))["job"].clone();
            (job["state"] == wanted).then_some(job)
        })
    };
    state("running");
    assert_eq!(lab.servers.active_drivers().len(), 1);
    lab.place.ask(&["cancel", &run]);
    let job = state("cancelled");
    assert!(job["error"].as_str().unwrap().contains("cancelled"), "{job}");
}

fn a_job_without_room_waits(lab: &Lab<'_>, server: &Server) {
    let job = lab.job("large.yaml", &format!("{JOB}cluster: {{driver: {{memory: 64g}}}}\n"));
    let submitted = lab.place.ask_json(&["run", &job, "--engine", "lab", "--detach"]);
    let run = submitted["job"]["job_id"].as_str().unwrap().to_owned();
    let path = format!("/api/jobs/{run}");
    wait_for("a note that it waits", Duration::from_secs(120), || {
        let detail = server.get(&path);
        let notes = detail["notes"].as_array().cloned().unwrap_or_default();
        let waits = |note: &Value| {
            note.as_str().is_some_and(|note| note.starts_with("waited for the cluster"))
        };
        (detail["job"]["state"] == "starting" && notes.iter().any(waits)).then_some(())
    });
    lab.place.ask(&["cancel", &run]);
    wait_for("the end", Duration::from_secs(120), || {
        (server.get(&path)["job"]["state"] == "cancelled").then_some(())
    });
}

fn a_job_that_does_not_fit_is_refused(lab: &Lab<'_>) {
    let refused = |name: &str, text: &str, engine: &str| {
        let job = lab.job(name, text);
        let output = lab.place.ask(&["run", &job, "--engine", engine]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let many =
        refused("many.yaml", &format!("{JOB}cluster: {{executor: {{instances: 9}}}}\n"), "lab");
    assert!(many.contains("9 executors are more than the 2 that the profile allows"), "{many}");
    let other = refused("other.yaml", &format!("{JOB}cluster: {{version: \"2.4\"}}\n"), "lab");
    assert!(other.contains("the spec is made for Spark 2.4, the profile lab has Spark"), "{other}");
    let unknown = refused("unknown.yaml", JOB, "nowhere");
    assert!(unknown.contains("engines here: local, sail, lab, near"), "{unknown}");
}

const PROGRAM: &str = r#"import sys

from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
print("counted", spark.range(int(sys.argv[1])).count(), "on", spark.sparkContext.master, flush=True)
if len(sys.argv) > 2:
    raise ValueError(sys.argv[2])
spark.stop()
"#;

fn programs_run_as_with_spark_submit(lab: &Lab<'_>) {
    let program = lab.place.write("counts.py", PROGRAM).display().to_string();
    let master = lab.servers.master.as_str();
    let submit = |options: &[&str], arguments: &[&str]| {
        let program = [program.as_str()];
        lab.place.ask(&[&["submit", "--format", "json"], options, &program, arguments].concat())
    };
    let options = [
        "--master",
        master,
        "--deploy-mode",
        "cluster",
        "--name",
        "counted",
        "--conf",
        "spark.cores.max=1",
    ];
    let there = submit(&options, &["7"]);
    let done: Value = serde_json::from_slice(&there.stdout).unwrap_or_else(|_| panic!("{there:?}"));
    assert_eq!(
        (&done["job"]["job_name"], &done["job"]["engine"]),
        (&"counted".into(), &"lab".into()),
        "{done}"
    );
    let log = lab.place.ask(&["logs", done["job"]["job_id"].as_str().unwrap()]);
    let log = String::from_utf8_lossy(&log.stdout).into_owned();
    assert!(log.contains(&format!("counted 7 on {master}")), "{log}");

    let here = submit(&["--master", "local[1]"], &["8", "as wanted"]);
    assert_eq!(here.status.code(), Some(1), "{here:?}");
    let said = String::from_utf8_lossy(&here.stderr).into_owned();
    assert!(said.contains("ValueError: as wanted"), "{said}");
    let log = lab.place.ask(&["logs", "latest"]);
    let log = String::from_utf8_lossy(&log.stdout).into_owned();
    assert!(log.contains("counted 8 on local[1]"), "{log}");
}

#[test]
fn command_lines_that_are_wrong_say_what_is_wrong() {
    let place = Place::new();
    let said = |arguments: &[&str]| {
        let output = place.ask(&[&["submit"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let typo = said(&["--executer-memory", "2g", "app.py"]);
    assert!(typo.contains("`--executer-memory` is no option of spark-submit"), "{typo}");
    assert!(typo.contains("did you mean `--executor-memory`?"), "{typo}");
    let app = place.write("app.py", "print(1)\n").display().to_string();
    let nowhere = said(&["--master", "spark://nowhere:7077", &app]);
    assert!(
        nowhere.contains("no cluster profile has the master spark://nowhere:7077"),
        "{nowhere}"
    );
    let gone = said(&["/nowhere/app.py"]);
    assert!(gone.contains("/nowhere/app.py, which does not exist"), "{gone}");
}

#[test]
fn real_spark_rows_2_2_2_6_3_2_6_9_and_9_2_to_9_20_a_standalone_cluster_on_3_5() {
    if let Some(spark) = Spark::three() {
        on_a_cluster(&spark, "3.5");
    }
}

#[test]
fn real_spark_rows_2_2_2_6_3_2_6_9_and_9_2_to_9_20_a_standalone_cluster_on_4() {
    if let Some(spark) = Spark::four() {
        on_a_cluster(&spark, "4.3");
    }
}

/// A cluster that is not there: the run fails with what can be done, after as many attempts as were asked for.
#[test]
fn rows_9_1_and_9_15_a_cluster_that_does_not_answer() {
    let place = Place::new();
    place.write("people.csv", "name,country\nAnn,FR\n");
    let [master, rest, web] = [free_address(), free_address(), free_address()];
    let profile = format!(
        "name: gone\nengine: standalone\nstandalone: {{master: \"spark://{master}\", rest: \"http://{rest}\", web: \"http://{web}\"}}\n\
         cluster: {{version: \"3.5\"}}\n"
    );
    let file = place.write("gone.yaml", &profile);
    assert!(place.ask(&["cluster", "apply", file.to_str().unwrap()]).status.success());
    let job = place.write("job.yaml", JOB);
    let output = place.ask(&["run", job.to_str().unwrap(), "--engine", "gone", "--retries", "1"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("does not answer"), "{said}");
    let detail = place.ask_json(&["jobs"]);
    let run = detail["jobs"][0]["job_id"].as_str().unwrap().to_owned();
    assert_eq!(detail["jobs"][0]["state"], "failed");
    let attempts =
        |number: u32| place.home().join("runs").join(&run).join(format!("attempt-{number}"));
    assert!(attempts(2).exists() && !attempts(3).exists());
    assert!(Path::new(&attempts(1)).join("launched").exists());
}

#[test]
fn wrong_profiles_are_refused_with_their_places() {
    let place = Place::new();
    let file = place.write("bad.yaml", "name: Bad\nengine: standalone\n");
    let output = place.ask(&["cluster", "apply", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("bad.yaml:1:7: error[spec::wrong-value]"), "{said}");
    assert!(said.contains("`standalone` is missing"), "{said}");
    let missing = place.ask(&["cluster", "test", "nowhere"]);
    let said = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(said.contains("there is no cluster profile called nowhere"), "{said}");
}
