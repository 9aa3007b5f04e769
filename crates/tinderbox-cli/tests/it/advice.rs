//! Advice comes true: results are equal, less is shuffled, and the gain is larger than what two equal runs differ by.
//!
//! The gain in time shows in much data only, which makes three long runs: with `TINDERBOX_ADVICE=measured`, as in
//! `scripts/soak.sh`.

use crate::place::{Place, Spark};
use std::path::Path;
use std::process::Command;

#[test]
fn real_spark_advice_comes_true_and_changes_no_result() {
    let Some(spark) = Spark::three() else { return };
    match std::env::var("TINDERBOX_ADVICE").is_ok_and(|how| how == "measured") {
        true => gains_more_than_two_equal_runs_differ(&spark),
        false => shuffles_less(&spark),
    }
}

fn shuffles_less(spark: &Spark) {
    let place = Place::new();
    place.make_data(spark, 300_000, 37_500);
    let text = std::fs::read_to_string(place.example("3.5")).unwrap();
    let conf = "\nconfiguration: {sparkConf: {spark.sql.autoBroadcastJoinThreshold: \"-1\"}}\n";
    let spec = place.write("shuffles.yaml", &format!("{text}{conf}"));
    let first = run(&place, &spec, "first", &[]);
    let advised = run(&place, &spec, "advised", &["--apply-advice"]);
    assert_eq!(advised["advice_from"], first["job_id"]);
    let shuffled = |job: &serde_json::Value| job["shuffle_write_bytes"].as_u64().unwrap();
    assert!(shuffled(&advised) < shuffled(&first) / 2, "{advised}\n{first}");
    assert!(are_equal(spark, &place, "first", "advised"), "the results differ");
}

fn gains_more_than_two_equal_runs_differ(spark: &Spark) {
    let place = Place::new();
    place.make_data(spark, 8_000_000, 1_000_000);
    let spec = place.example("3.5");
    let first = run(&place, &spec, "first", &[]);
    let second = run(&place, &spec, "second", &[]);
    let advised = run(&place, &spec, "advised", &["--apply-advice"]);
    assert_eq!(advised["advice_from"], second["job_id"]);
    for name in ["second", "advised"] {
        assert!(are_equal(spark, &place, "first", name), "{name} differs from first");
    }
    // CPU time, because task time also counts how long a busy machine lets tasks wait.
    let [first, second, advised] = [&first, &second, &advised]
        .map(|job| (cpu_time(&place, job), job["task_time_ms"].as_u64().unwrap()));
    println!("CPU ms, task ms: {first:?}, {second:?}; with advice {advised:?}");
    let noise = (first.0 - second.0).abs();
    let gain = first.0.min(second.0) - advised.0;
    assert!(gain > noise, "gain {gain} ms, noise {noise} ms");
}

fn run(place: &Place, spec: &Path, name: &str, arguments: &[&str]) -> serde_json::Value {
    let result = place.ask_json(&[&["run", spec.to_str().unwrap()], arguments].concat());
    place.has_succeeded(&result["job"]);
    let out = place.path("data/customer-analytics/out");
    std::fs::rename(out, place.path(name)).unwrap();
    result["job"].clone()
}

/// Executor CPU time of all tasks in milliseconds.
fn cpu_time(place: &Place, job: &serde_json::Value) -> f64 {
    let run = job["job_id"].as_str().unwrap();
    let comparison = place.ask_json(&["compare", run, run]);
    let rows = comparison["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["metric"] == "cpu_time").unwrap();
    row["before"]["value"].as_f64().unwrap()
}

/// Compares two results as sets of rows.
fn are_equal(spark: &Spark, place: &Place, left: &str, right: &str) -> bool {
    let program = "import sys, pyarrow.parquet as pq
rows = [sorted(map(str, pq.read_table(path + '/segment_products').to_pylist())) for path in sys.argv[1:]]
sys.exit(0 if rows[0] == rows[1] and len(rows[0]) > 100 else 1)";
    let status = Command::new(spark.python())
        .args(["-c", program])
        .args([place.path(left), place.path(right)])
        .status();
    status.unwrap().success()
}
