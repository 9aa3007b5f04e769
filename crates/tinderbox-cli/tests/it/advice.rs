//! Advice comes true: the gain is larger than what two equal runs differ by, and the results are equal.

use crate::place::{Place, Spark};
use std::process::Command;

#[test]
fn real_spark_advice_gains_more_than_two_equal_runs_differ_and_changes_no_result() {
    let Some(spark) = Spark::three() else { return };
    let place = Place::new();
    place.make_data(&spark, 8_000_000, 1_000_000);
    let spec = place.example("3.5");
    let run = |name: &str, arguments: &[&str]| {
        let result = place.ask_json(&[&["run", spec.to_str().unwrap()], arguments].concat());
        assert_eq!(result["job"]["state"], "succeeded", "{}", result["job"]);
        let out = place.path("data/customer-analytics/out");
        std::fs::rename(out, place.path(name)).unwrap();
        result["job"].clone()
    };
    let first = run("first", &[]);
    let second = run("second", &[]);
    let advised = run("advised", &["--apply-advice"]);
    assert_eq!(advised["advice_from"], second["job_id"]);

    // CPU time, because task time also counts how long a busy machine lets tasks wait.
    let [first, second, advised] =
        [&first, &second, &advised].map(|job| (cpu_time(&place, job), &job["task_time_ms"]));
    println!("CPU ms, task ms: {first:?}, {second:?}; with advice {advised:?}");
    let noise = (first.0 - second.0).abs();
    let gain = first.0.min(second.0) - advised.0;
    assert!(gain > noise, "gain {gain} ms, noise {noise} ms");
    for name in ["second", "advised"] {
        assert!(are_equal(&spark, &place, "first", name), "{name} differs from first");
    }
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
