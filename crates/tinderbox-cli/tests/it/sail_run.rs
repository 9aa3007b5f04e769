//! Whole runs on Sail, without Java.

use crate::place::{Place, Server, Spark, free_address, get_text, wait_for};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Several sources, joins, aggregates, windows and sinks of each kind.
const JOB: &str = "name: shop
pipeline:
  sources:
    - {id: orders, type: csv, path: orders.csv, options: {header: 'true'}, schema: 'id INT, customer INT, amount DOUBLE, at TIMESTAMP'}
    - {id: customers, type: json, path: customers.json, schema: 'customer INT, name STRING, country STRING'}
  transformations:
    - {id: paid, type: filter, input: orders, condition: amount > 1, expectations: [{not_null: customer, on_fail: drop}, {range: {column: amount, max: 50}, on_fail: warn}]}
    - {id: named, type: join, input: [paid, customers], on: [customer], how: left}
    - {id: totals, type: aggregate, input: named, group_by: [country], aggregations: {amount: sum, id: count}}
    - {id: ranked, type: window, input: named, partition_by: [country], order_by: ['amount desc'], functions: {place: 'row_number()'}}
  sinks:
    - {id: totals_out, type: file, input: totals, format: parquet, path: out/totals, mode: overwrite}
    - {id: ranked_out, type: file, input: ranked, format: parquet, path: out/ranked, mode: overwrite, partition_by: [country]}
    - {id: text_out, type: file, input: ranked, format: csv, path: out/text, mode: append, options: {header: 'true'}}
    - {id: json_out, type: file, input: ranked, format: json, path: out/json, mode: overwrite}
";

const ORDERS: &str = "id,customer,amount,at
1,1,5.5,2024-01-01 10:00:00.123456
2,1,0.5,2024-01-01 11:00:00
3,2,70.25,2024-01-02 12:00:00
4,3,7.0,2024-01-03 00:00:00
5,,9.0,2024-01-03 00:00:00
6,2,12.0,2024-01-04 08:30:00
";

const CUSTOMERS: &str = r#"{"customer": 1, "name": "Ann, of B", "country": "Österreich"}
{"customer": 2, "name": "Bo", "country": "a/b"}
{"customer": 3, "name": "Cy"}
"#;

/// A place with the data; `None` without Sail.
fn place() -> Option<Place> {
    if std::env::var_os("TINDERBOX_SAIL").is_none() {
        let required = std::env::var_os("TINDERBOX_REQUIRE_ALL").is_some();
        assert!(!required, "Sail is required, and TINDERBOX_SAIL names no environment with it");
        println!("not run: TINDERBOX_SAIL names no environment with Sail");
        return None;
    }
    let place = Place::new();
    place.write("orders.csv", ORDERS);
    place.write("customers.json", CUSTOMERS);
    Some(place)
}

/// The binary on a machine without Java and Spark.
fn without_java(place: &Place) -> Command {
    let mut command = place.tinderbox();
    command.env_remove("JAVA_HOME").env_remove("SPARK_HOME").env("TINDERBOX_SPARK_HOMES", "");
    command.env("PATH", "/usr/bin:/bin").env("TINDERBOX_CACHE", place.path("no-cache"));
    command
}

fn run(place: &Place, job: &str, more: &[&str]) -> (Option<i32>, Value, String) {
    let file = place.write("job.yaml", job);
    let output = without_java(place)
        .args(["run", file.to_str().unwrap(), "--format", "json"])
        .args(more)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default(), said)
}

#[test]
fn a_job_runs_on_sail_without_java_and_says_what_it_executed() {
    let Some(place) = place() else { return };
    let (code, result, said) = run(&place, JOB, &["--engine", "sail"]);
    assert_eq!(code, Some(0), "{said}");
    let job = &result["job"];
    assert_eq!((&job["state"], &job["engine"]), (&json!("succeeded"), &json!("sail")), "{job}");
    assert_eq!(result["report"], Value::Null, "there is nothing to find anything in");
    assert!(job["duration_ms"].as_u64().is_some(), "{job}");

    let id = job["job_id"].as_str().unwrap();
    let log = place.ask(&["logs", id]);
    let log = String::from_utf8_lossy(&log.stdout).into_owned();
    for part in [
        "Sail 0.7.2 at sc://127.0.0.1:",
        "wrote totals_out: 3 rows",
        "Join left_outer",
        "the run is done",
    ] {
        assert!(log.contains(part), "{part}: {log}");
    }
    let results = place.ask_json(&["expectations", id]);
    let results: Vec<_> = results["expectations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (one["name"].clone(), one["status"].clone(), one["failed"].clone(), one["rows"].clone())
        })
        .collect();
    assert_eq!(
        results,
        [
            (json!("not_null_customer"), json!("dropped"), json!(1), json!(5)),
            (json!("range_amount"), json!("warned"), json!(1), json!(5)),
        ]
    );
    let analyzed = place.ask(&["analyze", id]);
    let why = String::from_utf8_lossy(&analyzed.stderr).into_owned();
    assert!(why.contains("no stages and tasks") && !analyzed.status.success(), "{why}");

    let server = Server::start(&place, free_address());
    let detail = server.get(&format!("/api/jobs/{id}"));
    assert!(detail["nothing_inside"].as_str().unwrap().contains("no listener"), "{detail}");
    let executed = server.get(&format!("/api/jobs/{id}/executed"));
    assert_eq!(executed["engine"], "Sail 0.7.2");
    let commands = executed["commands"].as_array().unwrap();
    let nodes: Vec<_> = commands.iter().map(|command| command["node"].as_str().unwrap()).collect();
    assert_eq!(nodes, ["totals_out", "ranked_out", "text_out", "json_out"]);
    let text = commands[0]["text"].as_str().unwrap();
    assert!(
        text.starts_with("Write parquet ") && text.contains("\n    Aggregate ")
            || text.contains("Aggregate "),
        "{text}"
    );
    let plan = get_text(&format!("{}{}", server.url, commands[0]["plan_url"].as_str().unwrap()));
    assert!(plan.is_some_and(|plan| plan.contains("country")), "the message is kept");
    assert_eq!(left_over(&place), Vec::<PathBuf>::new());
}

/// Hidden folders that a run should not leave.
fn left_over(place: &Place) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(place.path("out")).into_iter().flatten().flatten();
    let hidden = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with('.'));
    hidden.map(|entry| entry.path()).collect()
}

/// Reads folders with Spark and compares: rows, in any order, and types.
const COMPARE: &str = r#"
import json, sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[2]").config("spark.sql.session.timeZone", "UTC").config("spark.ui.enabled", "false").getOrCreate()
def read(folder):
    found = {}
    for name, kind in [("totals", "parquet"), ("ranked", "parquet"), ("text", "csv"), ("json", "json")]:
        rows = spark.read.format(kind).option("header", "true").load(f"{folder}/{name}")
        columns = sorted(rows.columns)
        found[name] = (sorted((c, t) for c, t in rows.dtypes), sorted(repr([row[c] for c in columns]) for row in rows.collect()))
    return found
one, other = read(sys.argv[1]), read(sys.argv[2])
for name in one:
    assert one[name] == other[name], (name, one[name], other[name])
    assert one[name][1], name
print("SAME " + " ".join(f"{name}={len(one[name][1])}" for name in one))
"#;

#[test]
fn real_spark_writes_what_sail_has_written() {
    let Some(spark) = Spark::three() else { return };
    let Some(place) = place() else { return };
    let (code, _, said) = run(&place, JOB, &["--engine", "sail"]);
    assert_eq!(code, Some(0), "{said}");
    let out = place.path("out");
    std::fs::rename(&out, place.path("of-sail")).unwrap();
    let folders = |root: &Path| {
        let mut names: Vec<_> = std::fs::read_dir(root.join("ranked"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .filter(|name| name.to_string_lossy().contains('='))
            .collect();
        names.sort();
        names
    };
    let job = place.path("job.yaml");
    let output =
        place.tinderbox().env("TZ", "UTC").args(["run", job.to_str().unwrap()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(folders(&place.path("of-sail")), folders(&out), "partitions have the same names");
    let compared = Command::new(spark.python())
        .args(["-c", COMPARE])
        .args([place.path("of-sail"), out])
        .env("TZ", "UTC")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&compared.stdout).into_owned();
    assert!(
        said.contains("SAME totals=3 ranked=4 text=4 json=4"),
        "{said}{}",
        String::from_utf8_lossy(&compared.stderr)
    );
}

#[test]
fn what_sail_cannot_do_is_refused_by_name_before_anything_is_recorded() {
    let Some(place) = place() else { return };
    let job = JOB
        .replace("condition: amount > 1", "condition: initcap(id) = 'x'")
        .replace("format: csv, path: out/text", "format: orc, path: out/text");
    let (code, _, said) = run(&place, &job, &["--engine", "sail"]);
    assert_eq!(code, Some(2), "{said}");
    for part in [
        "`paid` uses `initcap`, which differs on Sail",
        "`text_out` writes",
        "leave `--engine sail` out",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(place.ask_json(&["jobs"])["pagination"]["total"], 0);
    assert!(!place.path("out").exists());
}

#[test]
fn without_java_and_with_no_engine_named_sail_is_offered() {
    let Some(place) = place() else { return };
    let (code, _, said) = run(&place, JOB, &[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--engine sail"), "{said}");
    let (_, _, said) = run(&place, JOB, &["--engine", "local"]);
    assert!(!said.contains("--engine sail"), "Spark was asked for by name: {said}");
}

#[test]
fn a_failing_job_says_why_and_leaves_the_old_output() {
    let Some(place) = place() else { return };
    let (code, _, said) = run(&place, JOB, &["--engine", "sail"]);
    assert_eq!(code, Some(0), "{said}");
    let files = || {
        let mut files: Vec<_> = std::fs::read_dir(place.path("out/totals"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files
    };
    let before = files();
    for (change, with, error) in [
        // The column is asked for before anything is written.
        ("condition: amount > 1", "condition: amuont > 1", "amuont"),
        // The sink fails at a value.
        (
            "type: aggregate, input: named, group_by: [country], aggregations: {amount: sum, id: count}",
            "type: map, input: named, columns: {bad: \"concat(raise_error('no good'), name)\"}",
            "no good",
        ),
        ("on_fail: warn", "on_fail: fail", "range_amount (range): 1 wrong, 5 rows"),
        ("path: out/json, mode: overwrite", "path: out/json, mode: error", "exists already"),
    ] {
        let job = JOB.replace(change, with);
        assert_ne!(job, JOB, "{change}");
        let (code, _, said) = run(&place, &job, &["--engine", "sail"]);
        assert_eq!(code, Some(1), "{with}: {said}");
        let job = &place.ask_json(&["jobs"])["jobs"][0];
        assert_eq!(job["state"], "failed", "{job}");
        assert!(job["error"].as_str().unwrap().contains(error), "{error}: {job}");
        assert_eq!(files(), before, "{with}");
        assert_eq!(left_over(&place), Vec::<PathBuf>::new());
    }
}

/// Takes hours, in small steps.
const ENDLESS: &str = "name: endless
pipeline:
  sources:
    - {id: orders, type: csv, path: orders.csv, options: {header: 'true'}, schema: 'id INT, customer INT, amount DOUBLE, at TIMESTAMP'}
  transformations:
    - {id: rows, type: sql, input: orders, query: 'SELECT r.id FROM range(1000000000000000) r CROSS JOIN (SELECT max(id) AS m FROM orders) o WHERE r.id % 7 = 8 + o.m * 0'}
  sinks:
    - {id: out, type: file, format: parquet, path: out/endless}
";

#[test]
fn a_run_outlives_the_server_and_is_cancelled_with_nothing_left() {
    let Some(place) = place() else { return };
    let server = Server::start(&place, free_address());
    let file = place.write("endless.yaml", ENDLESS);
    let started = place.ask_json(&["run", file.to_str().unwrap(), "--engine", "sail", "--detach"]);
    let id = started["job"]["job_id"].as_str().unwrap().to_owned();
    let state = |server: &Server| server.get(&format!("/api/jobs/{id}"))["job"]["state"].clone();
    wait_for("the run", Duration::from_secs(60), || (state(&server) == "running").then_some(()));
    let processes = || processes_of(&format!("{id}/1"));
    let names: Vec<String> = processes().into_iter().map(|(_, name)| name).collect();
    assert!(!names.is_empty() && names.iter().all(|name| !name.contains("java")), "{names:?}");
    assert!(names.iter().any(|name| name.starts_with("tinderbox")), "{names:?}");
    let before = processes();
    drop(server);
    let server = Server::start(&place, free_address());
    assert_eq!(processes(), before, "the server's death is none of the run's");
    assert_eq!(state(&server), "running");
    let cancelled = place.ask(&["cancel", &id]);
    assert!(cancelled.status.success(), "{}", String::from_utf8_lossy(&cancelled.stderr));
    wait_for("the end", Duration::from_secs(60), || (state(&server) == "cancelled").then_some(()));
    assert_eq!(processes(), [], "nothing of it is left");
    assert_eq!(left_over(&place), Vec::<PathBuf>::new());
    assert!(!place.path("out/endless").exists());
}

#[test]
fn a_sail_that_is_killed_ends_its_run_and_another_attempt_follows_where_one_is_left() {
    let Some(place) = place() else { return };
    let server = Server::start(&place, free_address());
    let file = place.write("endless.yaml", ENDLESS);
    let arguments =
        ["run", file.to_str().unwrap(), "--engine", "sail", "--detach", "--retries", "1"];
    let started = place.ask_json(&arguments);
    let id = started["job"]["job_id"].as_str().unwrap().to_owned();
    let detail = || server.get(&format!("/api/jobs/{id}"));
    for attempt in 1..=2 {
        // Python is Sail.
        let sail = wait_for("its Sail", Duration::from_secs(90), || {
            let is_running = detail()["job"]["state"] == "running";
            let found = processes_of(&format!("{id}/{attempt}"));
            let sail = found.into_iter().find(|(_, name)| name.starts_with("python"));
            sail.filter(|_| is_running)
        });
        let killed = Command::new("kill").args(["-KILL", &sail.0.to_string()]).status().unwrap();
        assert!(killed.success());
        if attempt == 1 {
            wait_for("the second attempt", Duration::from_secs(90), || {
                (detail()["attempts"].as_array()?.len() == 2).then_some(())
            });
        }
    }
    let job = wait_for("the end", Duration::from_secs(90), || {
        let job = detail()["job"].clone();
        (job["state"] == "failed").then_some(job)
    });
    assert!(job["error"].as_str().unwrap().contains("Sail ended while the job ran"), "{job}");
    assert!(detail()["notes"][0].as_str().unwrap().starts_with("attempt 1 failed"));
    assert!(!place.path("out/endless").exists());
    assert_eq!(left_over(&place), Vec::<PathBuf>::new());
}

/// Process ids and names of what carries an attempt's marker.
fn processes_of(marker: &str) -> Vec<(i32, String)> {
    let wanted = format!("TINDERBOX_ATTEMPT={marker}");
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let mut found: Vec<_> = pids
        .filter_map(|pid| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
            let is_of =
                environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes());
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
            is_of.then(|| (pid, name.trim().to_owned()))
        })
        .collect();
    found.sort();
    found
}

#[test]
fn a_profile_of_sail_is_tested_and_takes_runs() {
    let Some(place) = place() else { return };
    let profile = place.write("small.yaml", "name: small\nengine: sail\nsail: {memory: 1g}\n");
    let applied = place.ask(&["cluster", "apply", profile.to_str().unwrap()]);
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let tested = place.ask_json(&["cluster", "test", "small"]);
    let steps: Vec<_> = tested["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (step["step"].as_str().unwrap(), step["works"].as_bool().unwrap()))
        .collect();
    assert_eq!(
        steps,
        [("submission", true), ("driver", true), ("executors", true), ("end", true)],
        "{tested}"
    );
    let (code, result, said) = run(&place, JOB, &["--engine", "small"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(result["job"]["engine"], "small");
    let bad = place.write("bad.yaml", "name: bad\nengine: sail\nsail: {address: 'http://h:1'}\n");
    let refused = place.ask(&["cluster", "apply", bad.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("sc://HOST:15002"));
}
