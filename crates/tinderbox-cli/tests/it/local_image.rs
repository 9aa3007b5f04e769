//! Spark out of an image. The container engine of these tests starts processes that have nothing but what a container is given.

use crate::place::{Place, Server, Spark, free_address, wait_for};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);

const ENGINE: &str = r#"#!/usr/bin/env python3
import os, sys

command, *arguments = sys.argv[1:]
assert command == "run", command
environment = {name: os.environ[name] for name in ("PATH", "JAVA_HOME") if name in os.environ}
seen = []
while arguments[0].startswith("--"):
    flag, _, value = arguments.pop(0).partition("=")
    if flag == "--env":
        name, _, given = value.partition("=")
        environment[name] = given if "=" in value else os.environ[name]
    elif flag == "--mount":
        seen.append(value.split("source=")[1].split(",")[0])
    elif flag == "--workdir":
        os.chdir(value)
    else:
        assert flag in ("--rm", "--network", "--name", "--user"), flag
image = arguments.pop(0)
if image != "spark:test":
    print(f"Unable to find image '{image}' locally", file=sys.stderr)
    sys.exit(125)
print("mounted", " ".join(seen), flush=True)
os.execve(arguments[0], arguments, environment)
"#;

const PROGRAM: &str = "import os, sys, time\nfrom pyspark.sql import SparkSession\n\n\
    spark = SparkSession.builder.getOrCreate()\n\
    print(spark.version, 'counted', spark.range(9).count(), os.environ.get('HIDDEN'), flush=True)\n\
    time.sleep(int(sys.argv[1]))\n";

fn engine(place: &Place) -> PathBuf {
    let engine = place.write("engine", ENGINE);
    std::fs::set_permissions(&engine, std::fs::Permissions::from_mode(0o755)).unwrap();
    engine
}

fn apply(place: &Place, name: &str, image: &str, (runtime, home): (&str, &str)) {
    let text = format!(
        "name: {name}\nengine: local\ncluster: {{version: '3.5'}}\n\
         local: {{image: '{image}', runtime: '{runtime}', home: '{home}', mounts: [/usr]}}\n"
    );
    let file = place.write(&format!("{name}.yaml"), &text);
    place.ask_json(&["cluster", "apply", file.to_str().unwrap()]);
}

fn submit(place: &Place, profile: &str, more: &[&str]) -> Value {
    let program = place.path("program.py");
    let begin = ["submit", "--engine", profile, "--format", "json"];
    let output = place.ask(&[&begin[..], more].concat());
    assert!(more.contains(&program.to_str().unwrap()));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

#[test]
fn real_spark_row_2_6_a_job_runs_in_a_container_and_is_cancelled_there() {
    let Some(spark) = Spark::three() else { return };
    let place = Place::new();
    let engine = engine(&place);
    let home = spark.home().display().to_string();
    apply(&place, "three", "spark:test", (engine.to_str().unwrap(), &home));
    let program = place.write("program.py", PROGRAM).display().to_string();
    let server = Server::start(&place, free_address());

    let tested = place.ask_json(&["cluster", "test", "three"]);
    let works = |step: &Value| step["works"] == true;
    assert!(tested["steps"].as_array().unwrap().iter().all(works), "{tested}");
    let sleeps = submit(&place, "three", &["--detach", &program, "600"]);
    let run = sleeps["job"]["job_id"].as_str().unwrap();
    let log = || String::from_utf8_lossy(&place.ask(&["logs", run]).stdout).into_owned();
    wait_for("its result", LIMIT, || log().contains("3.5.8 counted 9 None\n").then_some(()));
    // The program, the folder of the attempt, and the profile's.
    let attempt = place.home().join(format!("runs/{run}/attempt-1")).display().to_string();
    let mounted = log().lines().find(|line| line.starts_with("mounted")).unwrap().to_owned();
    for wanted in [attempt.as_str(), &program, "/usr"] {
        assert!(mounted.split(' ').any(|seen| seen == wanted), "{wanted}: {mounted}");
    }
    // The listener inside reaches the server.
    wait_for("live events", LIMIT, || {
        let stages = server.get(&format!("/api/jobs/{run}/stages"));
        stages["stages"][0].is_object().then_some(())
    });
    assert!(place.ask(&["cancel", run]).status.success());
    wait_for("its end", LIMIT, || {
        let job = server.get(&format!("/api/jobs/{run}"))["job"].clone();
        (job["state"] == "cancelled").then_some(())
    });
}

#[test]
fn rows_2_6_and_9_15_a_container_that_cannot_be_started_is_told() {
    let place = Place::new();
    let engine = engine(&place);
    apply(&place, "nowhere", "spark:nowhere", (engine.to_str().unwrap(), "/opt/spark"));
    apply(&place, "no-engine", "spark:test", ("no-such-engine", "/opt/spark"));
    let program = place.write("program.py", PROGRAM).display().to_string();
    let done = submit(&place, "nowhere", &[&program, "0"]);
    assert_eq!(done["job"]["state"], "failed", "{done}");
    assert_eq!(done["job"]["error"], "Unable to find image 'spark:nowhere' locally", "{done}");

    let refused = |arguments: &[&str]| {
        let output = place.ask(arguments);
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = refused(&["submit", "--engine", "no-engine", &program, "0"]);
    assert!(said.contains("no `no-such-engine` was found"), "{said}");
    assert!(said.contains("install Docker or Podman"), "{said}");
    let job = "name: a\npipeline:\n  sources: [{id: a, type: csv, path: a.csv}]\n  sinks: [{id: b, type: csv, path: b, input: a}]\n";
    place.write("a.csv", "1\n");
    let job = place.write("a.yaml", job).display().to_string();
    let said = refused(&["scale", &job, "--nodes", "1,2", "--engine", "nowhere"]);
    assert!(said.contains("nowhere has no executors to count"), "{said}");
}
