//! Whole runs on real Spark.

use crate::place::{Place, Server, Spark, free_address, get_json, wait_for};
use std::process::Stdio;
use std::time::Duration;

#[test]
fn real_spark_a_spec_runs_on_spark_3_5() {
    if let Some(spark) = Spark::three() {
        run_example(&spark, "3.5");
    }
}

#[test]
fn real_spark_a_spec_runs_on_spark_4() {
    if let Some(spark) = Spark::four() {
        run_example(&spark, "4");
    }
}

fn run_example(spark: &Spark, version: &str) {
    let place = Place::new();
    place.make_data(spark, 200_000, 20_000);
    let spec = place.example(version);
    let spec = spec.to_str().unwrap();
    let compiled = place.ask(&["compile", spec]);
    assert!(compiled.status.success());

    let result = place.ask_json(&["run", spec]);
    let job = &result["job"];
    assert_eq!(job["state"], "succeeded", "{job}");
    assert!(job["spark_version"].as_str().unwrap().starts_with(version), "{job}");
    assert_eq!(job["partial"], false, "{job}");
    assert!(job["num_tasks"].as_u64().unwrap() > 0 && job["input_bytes"].as_u64().unwrap() > 0);
    assert!(result["report"]["findings"].is_array());

    let run = job["job_id"].as_str().unwrap();
    let submitted = std::fs::read(place.attempt(run).join("job.py")).unwrap();
    assert_eq!(submitted, compiled.stdout, "what compile prints is what spark-submit received");
    let written = place.path("data/customer-analytics/out/segment_products");
    assert!(written.join("_SUCCESS").exists(), "the sink was written below the spec's folder");

    let log = place.ask(&["logs", "latest"]);
    assert!(!log.stdout.is_empty(), "the driver's log was kept");
    let listed = place.ask_json(&["jobs"]);
    assert_eq!(listed["jobs"][0]["job_id"], run);
    let analyzed = place.ask_json(&["analyze", run]);
    assert_eq!(analyzed["findings"], result["report"]["findings"]);
}

#[test]
fn real_spark_ctrl_c_stops_spark_and_leaves_a_consistent_store() {
    let Some(spark) = Spark::three() else { return };
    let place = Place::new();
    place.make_data(&spark, 3_000_000, 1_000_000);
    let spec = place.example("3.5");
    let mut child = place
        .tinderbox()
        .args(["run", spec.to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let url = wait_for("the server of the run", Duration::from_secs(20), || {
        let text = std::fs::read_to_string(place.home().join("tinderbox.lock")).ok()?;
        let owner: serde_json::Value = serde_json::from_str(&text).ok()?;
        owner["url"].as_str().map(str::to_owned)
    });
    wait_for("a running state", Duration::from_secs(90), || {
        let list = get_json(&format!("{url}/api/jobs"))?;
        (list["jobs"][0]["state"] == "running").then_some(())
    });
    interrupt(child.id());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(1), "a run that was cancelled is not a success");
    let job = &place.ask_json(&["jobs"])["jobs"][0];
    assert_eq!(job["state"], "cancelled", "{job}");
    assert!(
        processes_with(&place.home().display().to_string()).is_empty(),
        "nothing of Spark is left"
    );
}

#[test]
fn real_spark_a_run_that_lasts_too_long_is_ended() {
    let Some(spark) = Spark::three() else { return };
    let place = Place::new();
    place.make_data(&spark, 100_000, 10_000);
    let spec = place.example("3.5");
    let output = place.ask(&["run", spec.to_str().unwrap(), "--timeout", "2s", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(place.ask_json(&["jobs"])["jobs"][0]["state"], "timed_out");
}

#[test]
fn real_spark_a_failing_run_says_why() {
    let Some(_spark) = Spark::three() else { return };
    let place = Place::new();
    place.write("orders.csv", "amount\n1\n");
    let spec = place.write(
        "fails.yaml",
        "name: fails
pipeline:
  sources:
    - {id: orders, type: file, format: csv, path: orders.csv, options: {header: true}}
  transformations:
    - {type: filter, condition: no_such_column > 10}
  sinks:
    - {type: file, format: parquet, path: out}
",
    );
    let server = Server::start(&place, free_address());
    let output = place.ask(&["run", spec.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("no_such_column"), "{said}");
    let errors = server.get("/api/jobs/latest/errors");
    assert!(
        errors["errors"][0]["message"].as_str().unwrap().contains("no_such_column"),
        "{errors}"
    );
    assert_eq!(server.get("/api/jobs/latest")["job"]["state"], "failed");
}

#[test]
fn real_spark_a_repeated_request_with_one_key_starts_one_run() {
    let Some(spark) = Spark::three() else { return };
    let place = Place::new();
    place.make_data(&spark, 10_000, 1_000);
    let spec = place.example("3.5");
    let _server = Server::start(&place, free_address());
    let ask =
        || place.ask_json(&["run", spec.to_str().unwrap(), "--idempotency-key", "k", "--detach"]);
    let (first, second) = (ask(), ask());
    assert_eq!(first["job"]["job_id"], second["job"]["job_id"]);
    assert_eq!((&first["existed"], &second["existed"]), (&false.into(), &true.into()));
    assert_eq!(place.ask_json(&["jobs"])["pagination"]["total"], 1);
    let run = first["job"]["job_id"].as_str().unwrap();
    place.ask(&["cancel", run]);
    wait_for("the end", Duration::from_secs(60), || {
        place.ask_json(&["jobs"])["jobs"][0]["end_time"].as_str().map(drop)
    });
}

fn interrupt(pid: u32) {
    let status = std::process::Command::new("kill").args(["-INT", &pid.to_string()]).status();
    assert!(status.unwrap().success());
}

/// Processes whose command line names `text`, this test's own excepted.
pub fn processes_with(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(text) {
            found.push(line);
        }
    }
    found
}
