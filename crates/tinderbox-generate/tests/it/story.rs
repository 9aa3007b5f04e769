//! All tables tell one story.

use crate::data_set::{DataSet, int, order, order_of, plan, sum, text};
use serde_json::Value;
use std::collections::HashSet;
use std::sync::OnceLock;

/// Many jobs in one day: some are running at its end.
fn data_set() -> &'static DataSet {
    static DATA: OnceLock<DataSet> = OnceLock::new();
    DATA.get_or_init(|| {
        let scenarios =
            ["skew", "oom", "executor-loss", "streaming-lag", "speculation", "slow-driver"];
        let mut order = order_of(20_000, &scenarios);
        order.days = 1;
        DataSet::new(order)
    })
}

fn of_status<'d>(data: &'d DataSet, status: &'d str) -> impl Iterator<Item = &'d Value> {
    data.jobs.iter().filter(move |job| text(job, "status") == status)
}

#[test]
fn ids_are_unique_and_operators_have_their_jobs() {
    let data = data_set();
    let jobs: HashSet<_> = data.jobs.iter().map(|job| text(job, "job_id")).collect();
    assert_eq!(jobs.len(), 20_000);
    let mut operators = HashSet::new();
    for job in &data.jobs {
        let id = text(job, "job_id");
        let rows = data.operators_of(job);
        assert_eq!(int(job, "num_stages"), i64::try_from(rows.len()).unwrap());
        for (index, row) in rows.iter().enumerate() {
            assert_eq!(text(row, "operator_id"), format!("{id}_op_{index:02}"));
            assert_eq!(int(row, "stage_id"), i64::try_from(index).unwrap());
            assert_eq!(row["operator_name"], row["operator_type"]);
            assert!(operators.insert(text(row, "operator_id")));
            let before: Vec<String> = serde_json::from_str(text(row, "dependencies")).unwrap();
            let expected: Vec<_> =
                (index.saturating_sub(2)..index).map(|i| format!("{id}_op_{i:02}")).collect();
            assert_eq!(before, expected);
        }
    }
    assert_eq!(operators.len(), data.num_operators());
}

#[test]
fn ids_stay_unique_over_ten_million_jobs() {
    let plan = plan(order(10_000_000));
    let mut before = String::new();
    for index in 0..10_000_000 {
        let id = plan.job_id(index);
        assert!(before < id, "{before} {id}");
        before = id;
    }
}

#[test]
fn operators_take_the_time_of_their_job() {
    let data = data_set();
    for job in &data.jobs {
        let rows = data.operators_of(job);
        assert_eq!(sum(rows, "duration_seconds"), int(job, "duration_seconds"), "{job}");
        assert_eq!(sum(rows, "duration_ms"), int(job, "duration_ms"), "{job}");
        assert_eq!(int(job, "duration_seconds"), int(job, "duration_ms") / 1000);
        assert_eq!(rows[0]["start_time"], job["start_time"]);
        let ran: Vec<_> = rows.iter().filter(|row| int(row, "duration_ms") > 0).collect();
        for pair in ran.windows(2) {
            assert_eq!(pair[0]["end_time"], pair[1]["start_time"], "no gap, no overlap");
        }
        assert_eq!(ran.last().unwrap()["end_time"], job["end_time"]);
    }
}

#[test]
fn figures_of_operators_add_up() {
    let data = data_set();
    for job in &data.jobs {
        let rows = data.operators_of(job);
        for column in [
            "input_bytes",
            "output_bytes",
            "shuffle_read_bytes",
            "shuffle_write_bytes",
            "memory_spill_bytes",
            "disk_spill_bytes",
            "task_time_ms",
            "gc_time_ms",
            "num_tasks",
            "num_failed_tasks",
            "num_killed_tasks",
        ] {
            assert_eq!(sum(rows, column), int(job, column), "{column} of {job}");
        }
        for pair in rows.windows(2).filter(|pair| text(&pair[1], "status") == "COMPLETED") {
            assert_eq!(pair[0]["shuffle_write_bytes"], pair[1]["shuffle_read_bytes"]);
            assert_eq!(pair[0]["shuffle_write_records"], pair[1]["shuffle_read_records"]);
        }
        let mb = job["input_size_mb"].as_f64().unwrap();
        let bytes = job["input_bytes"].as_f64().unwrap();
        assert!((mb - bytes / 1_048_576.0).abs() <= 0.005_001, "{job}");
        let memory = int(job, "num_executors") * int(job, "memory_per_executor_mb");
        assert_eq!(int(job, "total_memory_mb"), memory);
    }
}

/// What tasks of a stage can have done in its time, so that tasks can be made from it.
#[test]
fn task_time_fits_into_the_time_of_the_cores() {
    let data = data_set();
    for job in &data.jobs {
        let cores = int(job, "num_executors") * int(job, "cpu_cores_per_executor");
        for row in data.operators_of(job) {
            let (time, wall) = (int(row, "task_time_ms"), int(row, "duration_ms"));
            let slots = cores.min(int(row, "num_tasks"));
            assert!(time <= slots * wall, "{row}");
            let cpu = row["cpu_time_ms"].as_f64().unwrap();
            assert!(
                cpu + row["gc_time_ms"].as_f64().unwrap()
                    <= row["task_time_ms"].as_f64().unwrap() + 1.0
            );
            let memory = row["memory_usage_mb"].as_f64().unwrap();
            assert!(memory <= job["memory_per_executor_mb"].as_f64().unwrap());
        }
    }
}

#[test]
fn a_failed_job_has_one_failed_operator_and_skips_the_rest() {
    let data = data_set();
    assert!(of_status(data, "FAILED").count() > 1_000);
    for job in of_status(data, "FAILED") {
        let rows = data.operators_of(job);
        let failed = rows.iter().position(|row| text(row, "status") == "FAILED").unwrap();
        assert!(failed >= rows.len() / 2);
        for (index, row) in rows.iter().enumerate() {
            let expected = match index.cmp(&failed) {
                std::cmp::Ordering::Less => "COMPLETED",
                std::cmp::Ordering::Equal => "FAILED",
                std::cmp::Ordering::Greater => "SKIPPED",
            };
            assert_eq!(text(row, "status"), expected);
            if index >= failed {
                assert_eq!(int(row, "records_processed"), 0);
            }
            if index > failed {
                assert_eq!(int(row, "duration_seconds") + int(row, "num_tasks"), 0);
                assert_eq!(row["start_time"], row["end_time"]);
            }
        }
        assert_eq!(int(job, "output_bytes"), 0);
        assert!(int(job, "duration_seconds") >= 30);
        assert!(job["error_message"].is_string());
    }
    for job in of_status(data, "COMPLETED") {
        assert!(data.operators_of(job).iter().all(|row| text(row, "status") == "COMPLETED"));
        assert!(job["error_message"].is_null() && int(job, "output_bytes") > 0);
    }
}

#[test]
fn a_running_job_has_no_end_and_one_running_operator() {
    let data = data_set();
    assert!(of_status(data, "RUNNING").count() > 20);
    for job in of_status(data, "RUNNING") {
        assert!(job["end_time"].is_null());
        let rows = data.operators_of(job);
        let running = rows.iter().position(|row| text(row, "status") == "RUNNING").unwrap();
        assert!(rows[running]["start_time"].is_string() && rows[running]["end_time"].is_null());
        assert!(rows[..running].iter().all(|row| text(row, "status") == "COMPLETED"));
        for row in &rows[running + 1..] {
            assert_eq!(text(row, "status"), "PENDING");
            assert!(row["start_time"].is_null() && row["end_time"].is_null());
            assert_eq!(int(row, "duration_ms") + int(row, "num_tasks"), 0);
        }
    }
    let end = "2026-01-01T00:00:00.000";
    for job in &data.jobs {
        assert!(text(job, "start_time") < end);
        assert!(job["end_time"].is_null() || text(job, "end_time") <= end);
    }
}

#[test]
fn errors_belong_to_what_failed() {
    let data = data_set();
    let of_type = |wanted: &'static str| {
        data.errors.iter().filter(move |row| text(row, "error_type") == wanted)
    };
    let failed: Vec<_> = of_status(data, "FAILED").collect();
    let jobs: Vec<_> = of_type("JOB_FAILURE").collect();
    let operators: Vec<_> = of_type("OPERATOR_FAILURE").collect();
    assert_eq!((jobs.len(), operators.len()), (failed.len(), failed.len()));
    for ((job, error), of_operator) in failed.iter().zip(jobs).zip(operators) {
        assert_eq!(job["job_id"], error["job_id"]);
        assert_eq!(job["job_id"], of_operator["job_id"]);
        assert!(error["operator_id"].is_null());
        for column in ["error_message", "stack_trace", "is_recoverable", "error_timestamp"] {
            assert_eq!(error[column], of_operator[column], "{column}");
        }
        assert_eq!(job["error_message"], error["error_message"]);
        assert_eq!(job["end_time"], error["error_timestamp"]);
        assert_eq!(int(error, "retry_count"), int(job, "attempt") - 1);
        let rows = data.operators_of(job);
        let operator = rows.iter().find(|row| row["operator_id"] == of_operator["operator_id"]);
        assert_eq!(text(operator.unwrap(), "status"), "FAILED");
    }
    let warned: HashSet<_> = of_type("WARNING").map(|row| text(row, "job_id")).collect();
    let share = warned.len() as f64 / data.jobs.len() as f64;
    assert!((0.05..0.8).contains(&share), "{share}");
    for row in of_type("WARNING") {
        assert!(row["operator_id"].is_string());
    }
}

#[test]
fn a_retry_follows_a_failed_run_of_the_same_job() {
    let data = data_set();
    let by_id = |id: &str| data.jobs.iter().find(|job| text(job, "job_id") == id).unwrap();
    let retries: Vec<_> = data.jobs.iter().filter(|job| job["retry_of"].is_string()).collect();
    assert!(retries.len() > 100);
    for retry in retries.iter().take(200) {
        let first = by_id(text(retry, "retry_of"));
        assert_eq!(text(first, "status"), "FAILED");
        assert_eq!(first["job_name"], retry["job_name"]);
        assert_eq!(int(retry, "attempt"), int(first, "attempt") + 1);
        assert!(text(retry, "start_time") > text(first, "end_time"));
    }
}

#[test]
fn summary_says_what_the_tables_say() {
    let data = data_set();
    let summary = &data.summary;
    let count = |n: usize| i64::try_from(n).unwrap();
    assert_eq!(int(summary, "total_jobs"), count(data.jobs.len()));
    assert_eq!(int(summary, "completed_jobs"), count(of_status(data, "COMPLETED").count()));
    assert_eq!(int(summary, "failed_jobs"), count(of_status(data, "FAILED").count()));
    assert_eq!(int(summary, "total_operators"), count(data.num_operators()));
    assert_eq!(int(summary, "total_errors"), count(data.errors.len()));
    let mean = sum(&data.jobs, "duration_seconds") as f64 / data.jobs.len() as f64;
    assert!((summary["avg_job_duration"].as_f64().unwrap() - mean).abs() < 1e-9);
    let mb: f64 = data.jobs.iter().map(|job| job["input_size_mb"].as_f64().unwrap()).sum();
    assert!((summary["total_data_processed_mb"].as_f64().unwrap() - mb).abs() < 1e-3);
    let types = summary["job_types"].as_object().unwrap();
    assert_eq!(types.len(), 5);
    for (name, number) in types {
        let found = data.jobs.iter().filter(|job| text(job, "job_type") == name).count();
        assert_eq!(number.as_i64().unwrap(), count(found));
    }
    assert_eq!(text(summary, "generation_timestamp"), "2026-01-01T00:00:00Z");
}
