//! Advice comes true: the gain is larger than what two equal runs differ by, and the results are equal.

use crate::place::{Place, Spark};
use std::process::Command;

#[test]
fn advice_gains_more_than_two_equal_runs_differ_and_changes_no_result() {
    let Some(spark) = Spark::three() else { return };
    let place = Place::new();
    place.make_data(&spark, 5_000_000, 1_000_000);
    let spec = place.example("3.5");
    let spec = spec.to_str().unwrap();
    let keep = |name: &str| {
        let out = place.path("data/customer-analytics/out");
        std::fs::rename(out, place.path(name)).unwrap();
    };

    let first = task_time(&place.ask_json(&["run", spec]));
    keep("first");
    let second = task_time(&place.ask_json(&["run", spec]));
    keep("second");
    let advised = place.ask_json(&["run", spec, "--apply-advice"]);
    keep("advised");
    assert!(advised["job"]["advice_from"].is_string(), "{}", advised["job"]);

    let noise = first.abs_diff(second);
    let gain = first.min(second).saturating_sub(task_time(&advised));
    println!("task time: {first} ms, {second} ms; with advice {} ms", task_time(&advised));
    assert!(gain > noise, "gain {gain} ms, noise {noise} ms");
    for name in ["second", "advised"] {
        assert!(are_equal(&spark, &place, "first", name), "{name} differs from first");
    }
}

fn task_time(result: &serde_json::Value) -> u64 {
    assert_eq!(result["job"]["state"], "succeeded", "{}", result["job"]);
    result["job"]["task_time_ms"].as_u64().unwrap()
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
