//! Jobs of data sets, beside runs that were made of event logs. The data set was made with pyarrow: forty jobs, every
//! eighth failed, three hours apart from 2025-12-25 on.

use crate::site::Site;
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const SMALL: &str = "spark-3.5-small/local-1795203071921";

fn data_set() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data-set")
}

fn body(folder: &Path) -> Value {
    json!({ "path": folder.to_str().unwrap() })
}

async fn site() -> Site {
    let site = Site::with(SMALL).await;
    let answer = site.post("/api/import", &body(&data_set())).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let done = answer.json();
    assert_eq!(
        done,
        json!({ "num_jobs": 40, "num_operators": 120, "num_errors": 11, "unchanged": false, "warnings": [] })
    );
    site
}

fn ids(page: &Value) -> Vec<String> {
    let jobs = page["jobs"].as_array().unwrap();
    jobs.iter().map(|job| job["job_id"].as_str().unwrap().to_owned()).collect()
}

/// All jobs of a list, read by cursor, three at a time.
async fn all(site: &Site, query: &str) -> Vec<Value> {
    let mut jobs = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = site.json(&format!("/api/jobs?limit=3&{query}{cursor}")).await;
        jobs.extend(page["jobs"].as_array().unwrap().clone());
        assert_eq!(page["pagination"]["has_more"], json!(page["next_cursor"].is_string()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => {
                assert_eq!(page["pagination"]["total"], json!(jobs.len()), "{query}");
                return jobs;
            }
        }
        assert!(jobs.len() < 100, "{query}");
    }
}

#[tokio::test]
async fn runs_and_jobs_of_a_data_set_are_one_list_in_every_order() {
    let site = site().await;
    let first = site.json("/api/jobs?limit=1").await;
    assert_eq!(first["pagination"]["total"], json!(41));
    let keys = [
        "created_time",
        "start_time",
        "end_time",
        "duration_ms",
        "duration_seconds",
        "job_id",
        "job_name",
        "job_type",
        "status",
        "num_stages",
        "num_tasks",
        "num_failed_tasks",
        "num_killed_tasks",
        "num_executors",
        "task_time_ms",
        "gc_time_ms",
        "input_bytes",
        "input_size_mb",
        "output_bytes",
        "output_size_mb",
        "shuffle_read_bytes",
        "shuffle_read_mb",
        "shuffle_write_bytes",
        "shuffle_write_mb",
        "memory_spill_bytes",
        "disk_spill_bytes",
        "memory_per_executor_mb",
        "total_memory_mb",
        "cpu_cores_per_executor",
        "user",
        "spark_version",
        "attempt",
        "scenario",
        "num_findings",
    ];
    for key in keys {
        let ascending = all(&site, &format!("sort_by={key}&sort_order=asc")).await;
        let descending = all(&site, &format!("sort_by=-{key}")).await;
        let id = |job: &Value| job["job_id"].as_str().unwrap().to_owned();
        let once: BTreeSet<String> = ascending.iter().map(id).collect();
        assert_eq!((ascending.len(), once.len()), (41, 41), "{key}");
        let back: Vec<_> = descending.iter().rev().map(id).collect();
        assert_eq!(ascending.iter().map(id).collect::<Vec<_>>(), back, "{key}");
        let numbers: Vec<f64> = ascending.iter().filter_map(|job| job[key].as_f64()).collect();
        assert!(numbers.is_sorted(), "{key}: {numbers:?}");
        let text = |job: &Value| {
            let text = job[key].as_str()?;
            Some(if key == "job_name" { text.to_lowercase() } else { text.to_owned() })
        };
        let texts: Vec<String> = ascending.iter().filter_map(text).collect();
        let words = ["status", "job_id", "job_type", "job_name", "start_time", "created_time"];
        assert!(!words.contains(&key) || texts.is_sorted(), "{key}: {texts:?}");
        let offset =
            site.json(&format!("/api/jobs?sort_by={key}&sort_order=asc&offset=20&limit=50")).await;
        assert_eq!(ids(&offset), ascending[20..].iter().map(id).collect::<Vec<_>>(), "{key}");
    }
}

#[tokio::test]
async fn several_columns_sort_and_filters_hold() {
    let site = site().await;
    let jobs =
        all(&site, "sort_by=job_type,-duration_seconds&sort_order=asc&status=COMPLETED,FAILED")
            .await;
    assert_eq!(jobs.len(), 40, "all but the one that runs");
    let keys: Vec<(String, i64)> = jobs
        .iter()
        .map(|job| (job["job_type"].to_string(), -job["duration_seconds"].as_i64().unwrap()))
        .collect();
    assert!(keys.is_sorted(), "{keys:?}");
    // Columns that only runs know, or only data sets.
    for several in [
        "num_findings,user,job_id",
        "job_type,-num_findings,attempt,-job_id",
        "-attempt,num_findings,-job_name",
        "-user,attempt,job_name",
    ] {
        let jobs = all(&site, &format!("sort_order=asc&sort_by={several}")).await;
        let once: BTreeSet<_> = jobs.iter().map(|job| job["job_id"].to_string()).collect();
        assert_eq!((jobs.len(), once.len()), (41, 41), "{several}");
        let whole =
            site.json(&format!("/api/jobs?limit=50&sort_order=asc&sort_by={several}")).await;
        assert_eq!(whole["jobs"], json!(jobs), "{several}");
    }
    let failed = all(&site, "status=failed&job_type=ETL_Pipeline").await;
    assert!(failed.iter().all(|job| job["status"] == "FAILED" && job["state"] == "failed"));
    assert_eq!(failed.len(), 2);
    let day = all(&site, "since=2025-12-26&until=2025-12-27").await;
    assert_eq!(day.len(), 8);
    assert!(day.iter().all(|job| job["start_time"].as_str().unwrap().starts_with("2025-12-26")));
    assert_eq!(all(&site, "search=F1X_01").await.len(), 10);
    assert_eq!(all(&site, "search=ml_training_00").await.len(), 13);
    assert_eq!(all(&site, "state=running").await.len(), 1);
    assert_eq!(all(&site, "status=ALL&engine=local").await.len(), 0);
}

#[tokio::test]
async fn a_job_of_a_data_set_answers_with_its_own() {
    let site = site().await;
    let failed =
        &all(&site, "status=FAILED&sort_by=start_time&sort_order=asc&job_type=ETL_Pipeline").await
            [0];
    let id = failed["job_id"].as_str().unwrap();
    let job = site.json(&format!("/api/jobs/{id}")).await["job"].clone();
    assert_eq!(job, *failed);
    assert_eq!(
        (&job["origin"], &job["duration_formatted"]),
        (&json!("imported"), &json!("2m 21s"))
    );
    assert_eq!((&job["input_size_mb"], &job["input_bytes"]), (&json!(169.25), &json!(177_471_488)));

    let operators = site.json(&format!("/api/jobs/{id}/operators")).await;
    let statuses: Vec<_> = operators["operators"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["COMPLETED", "FAILED", "SKIPPED"]);
    assert_eq!(operators["operators"][1]["dependencies"], json!([format!("{id}_op_00")]));
    assert_eq!(operators["operators"][1]["duration_formatted"], json!("47s"));

    let errors = site.json(&format!("/api/jobs/{id}/errors")).await;
    let classes: Vec<_> = errors["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["scope"].as_str().unwrap(), e["class"].as_str().unwrap()))
        .collect();
    assert_eq!(classes, [("run", "JOB_FAILURE"), ("operator", "OPERATOR_FAILURE")]);
    assert_eq!(errors["errors"][0]["causes"][0]["class"], json!("java.io.IOException"));
    let failure = &errors["errors"][1];
    assert_eq!(failure["error_type"], json!("OPERATOR_FAILURE"));
    assert_eq!(failure["operator_id"], json!(format!("{id}_op_01")));
    assert_eq!(failure["error_message"], failure["message"]);
    assert_eq!(failure["error_timestamp"], failure["first_time"]);
    assert!(failure["retry_count"].is_i64() && failure["is_recoverable"].is_boolean());
    assert!(errors["errors"][0]["stack_trace"].as_str().unwrap().contains("at "));

    let timeline = site.json(&format!("/api/jobs/{id}/timeline")).await;
    assert_eq!(
        (&timeline["total_duration"], &timeline["job_start"]),
        (&json!(141), &job["start_time"])
    );
    assert_eq!(timeline["operators"].as_array().unwrap().len(), 3);

    for part in ["stages", "tasks", "executors", "log", "spec"] {
        let answer = site.get(&format!("/api/jobs/{id}/{part}")).await;
        answer.is_problem(404, "no-record");
        assert!(answer.json()["hint"].is_string());
    }
    site.get("/api/jobs/job_f1x_999").await.is_problem(404, "job-not-found");
    site.get("/api/jobs/job_f1x_00").await.is_problem(404, "job-not-found");
}

#[tokio::test]
async fn statistics_count_data_sets_and_runs() {
    let site = site().await;
    let stats = site.json("/api/stats").await;
    assert_eq!(
        stats["overview"],
        json!({ "total_jobs": 41, "completed_jobs": 35, "failed_jobs": 5, "running_jobs": 1, "success_rate": 85.4 })
    );
    assert_eq!(stats["errors"], json!({ "total_errors": 10, "total_warnings": 1 }));
    assert_eq!(stats["job_types"]["ETL_Pipeline"], json!(14));
    let states = &site.json("/api/server").await["jobs_by_state"];
    assert_eq!(*states, json!({ "succeeded": 35, "failed": 5, "running": 1 }));
    let rows = &stats["rows"];
    assert_eq!(
        (&rows[0]["num_runs"], &rows[0]["num_succeeded"], &rows[0]["num_unfinished"]),
        (&json!(41), &json!(35), &json!(1))
    );
    assert!(rows[0]["duration_ms"]["p50"].is_u64());
    let of = |rows: &Value, key: &str| {
        let row = rows["rows"].as_array().unwrap().iter().find(|row| row["key"] == key).cloned();
        row.map_or(Value::Null, |row| row["num_runs"].clone())
    };
    let by_type = site.json("/api/stats?group_by=job_type").await;
    assert_eq!(of(&by_type, "ETL_Pipeline"), json!(14));
    let days = site.json("/api/stats?group_by=day&from=2025-12-26&to=2025-12-28").await;
    assert_eq!(days["num_groups"], json!(2));
    assert_eq!(of(&days, "2025-12-26T00:00:00.000Z"), json!(8));
    let hours = site.json("/api/stats?group_by=hour&job_type=ETL_Pipeline&limit=3").await;
    assert_eq!((&hours["num_groups"], hours["rows"].as_array().unwrap().len()), (&json!(14), 3));
    let users = site.json("/api/stats?group_by=user").await;
    assert_eq!(users["rows"].as_array().unwrap().len(), 1, "data sets are not summed by user");
    let jobs = all(&site, "search=job_f1x").await;
    let mb: f64 = jobs.iter().map(|job| job["input_size_mb"].as_f64().unwrap()).sum();
    let told = stats["performance"]["total_data_processed_mb"].as_f64().unwrap();
    assert!((told - mb).abs() < 1.0, "{told} {mb}");
    let types = site.json("/api/job-types").await;
    assert!(types["job_types"].as_array().unwrap().contains(&json!("ML_Training")));
    assert_eq!(site.json("/api/health").await["status"], json!("healthy"));
}

#[tokio::test]
async fn the_same_again_changes_nothing_and_a_change_must_be_wanted() {
    let site = Site::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = |table: &str| format!("{table}/spark_{table}.parquet");
    for table in ["jobs", "operators", "errors"] {
        std::fs::create_dir_all(folder.path().join(table)).unwrap();
        std::fs::copy(data_set().join(file(table)), folder.path().join(file(table))).unwrap();
    }
    let first = site.post("/api/import", &body(folder.path())).await.json();
    assert_eq!(first["unchanged"], json!(false));
    let again = site.post("/api/import", &body(folder.path())).await.json();
    assert_eq!((&again["unchanged"], &again["num_jobs"]), (&json!(true), &json!(40)));
    std::fs::remove_file(folder.path().join(file("errors"))).unwrap();
    site.post("/api/import", &body(folder.path())).await.is_problem(422, "import-changed");
    assert_eq!(site.json("/api/jobs").await["pagination"]["total"], json!(40));
    let mut replace = body(folder.path());
    replace["replace"] = json!(true);
    let replaced = site.post("/api/import", &replace).await.json();
    assert_eq!((&replaced["num_errors"], &replaced["num_jobs"]), (&json!(0), &json!(40)));
    assert_eq!(site.json("/api/jobs").await["pagination"]["total"], json!(40));
    assert_eq!(site.json("/api/stats").await["errors"]["total_errors"], json!(0));
    let kept = std::fs::read_dir(site.app.data_directory().join("job-sets")).unwrap().count();
    assert_eq!(kept, 1, "the earlier reading is gone");
    site.post("/api/import", &body(&folder.path().join("jobs/none"))).await.is_problem(503, "file");
    std::fs::write(folder.path().join(file("jobs")), "none").unwrap();
    let answer = site.post("/api/import", &replace).await;
    answer.is_problem(422, "table");
    assert!(answer.json()["detail"].as_str().unwrap().contains("spark_jobs.parquet"));
}

#[tokio::test]
async fn what_is_served_where_it_lies_is_read_again_when_it_changed() {
    let site = Site::new().await;
    let folder = tempfile::tempdir().unwrap();
    let jobs = folder.path().join("spark_jobs.parquet");
    std::fs::copy(data_set().join("jobs/spark_jobs.parquet"), &jobs).unwrap();
    site.app.serve_data_set(folder.path()).await.unwrap();
    assert_eq!(site.json("/api/jobs").await["pagination"]["total"], json!(40));
    let id = site.json("/api/jobs").await["jobs"][0]["job_id"].as_str().unwrap().to_owned();
    let none = json!({ "job_id": id, "executions": [], "operators": [] });
    assert_eq!(site.json(&format!("/api/jobs/{id}/operators")).await, none);
    let unchanged = site.post("/api/refresh", &json!({})).await.json();
    assert_eq!((&unchanged["num_read"], &unchanged["num_unchanged"]), (&json!(0), &json!(1)));
    let operators = folder.path().join("spark_operators.parquet");
    std::fs::copy(data_set().join("operators/spark_operators.parquet"), operators).unwrap();
    let changed = site.post("/api/refresh", &json!({})).await.json();
    assert_eq!(changed["num_read"], json!(1), "{changed}");
    let found = site.json(&format!("/api/jobs/{id}/operators")).await;
    assert_eq!(found["operators"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_cannot_be_asked_is_told() {
    let site = site().await;
    for query in [
        "sort_by=moon",
        "sort_by=job_id,",
        "sort_order=up",
        "limit=0",
        "limit=501",
        "limit=-1",
        "offset=-1",
        "since=soon",
        "sort_by=user,attempt,scenario,status,job_id",
    ] {
        let answer = site.get(&format!("/api/jobs?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}: {}", answer.text());
    }
    site.get("/api/jobs?cursor=moon").await.is_problem(422, "bad-cursor");
    let page = site.json("/api/jobs?limit=2&sort_by=user").await;
    let cursor = page["next_cursor"].as_str().unwrap();
    site.get(&format!("/api/jobs?sort_by=status&cursor={cursor}"))
        .await
        .is_problem(422, "bad-cursor");
}

#[tokio::test]
async fn columns_that_are_missing_or_of_another_type_are_named() {
    let site = Site::new().await;
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data-set-of-another-form");
    let answer = site.post("/api/import", &body(&folder)).await;
    answer.is_problem(422, "table");
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    for part in ["spark_jobs.parquet", "column gc_time_ms is missing", "column num_tasks is Utf8"] {
        assert!(detail.contains(part), "{part}: {detail}");
    }
    assert_eq!(site.json("/api/jobs").await["pagination"]["total"], json!(0));
}
