//! Runs that were made of event logs, through every question.

use crate::site::{Site, fixture};
use serde_json::{Value, json};

const SQL: &str = "spark-3.5-sql/local-1795203063428.zstd";

fn rows<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().unwrap_or_else(|| panic!("{name} in {value}"))
}

#[tokio::test]
async fn a_collected_log_answers_every_question() {
    let site = Site::with(SQL).await;
    let job = site.json("/api/jobs/latest").await["job"].clone();
    let id = job["job_id"].as_str().unwrap().to_owned();
    assert_eq!((&job["origin"], &job["state"]), (&json!("observed"), &json!("succeeded")));
    assert_eq!(job["application_id"], "local-1795203063428");
    assert!(job["spark_version"].as_str().unwrap().starts_with("3.5"));
    let num_tasks = job["num_tasks"].as_u64().unwrap();

    let stages = site.json("/api/jobs/latest/stages").await;
    let ended = |stage: &Value| {
        ["num_complete_tasks", "num_failed_tasks", "num_killed_tasks"]
            .iter()
            .map(|name| stage[name].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!(rows(&stages, "stages").iter().map(ended).sum::<u64>(), num_tasks);
    assert_eq!(stages["job_id"], json!(id));

    let executors = site.json("/api/jobs/latest/executors").await;
    assert!(rows(&executors, "executors").iter().any(|one| one["executor_id"] == "driver"));
    assert!(!rows(&site.json("/api/jobs/latest/spark-jobs").await, "spark_jobs").is_empty());
    let operators = site.json("/api/jobs/latest/operators").await;
    assert!(rows(&operators, "executions").iter().any(|one| !rows(one, "operators").is_empty()));
    assert!(rows(&site.json("/api/jobs/latest/errors").await, "errors").is_empty());
    let findings = site.json("/api/jobs/latest/findings").await;
    assert_eq!(job["num_findings"], json!(rows(&findings, "findings").len()));

    let timeline = site.json("/api/jobs/latest/timeline").await;
    let tasks = &timeline["tasks"];
    for column in ["lane", "task_id", "stage_id", "start_ms", "end_ms", "failed"] {
        assert_eq!(rows(tasks, column).len() as u64, num_tasks, "{column}");
    }
    let lanes = rows(tasks, "lanes").len() as u64;
    assert!(rows(tasks, "lane").iter().all(|lane| lane.as_u64().unwrap() < lanes));

    site.get("/api/jobs/latest/log").await.is_problem(404, "no-log");
    site.get("/api/jobs/latest/spec").await.is_problem(404, "no-spec");
    let cancel = site.post("/api/jobs/latest/cancel", &json!(null)).await;
    cancel.is_problem(409, "not-launched-here");
}

#[tokio::test]
async fn pages_of_tasks_follow_each_other_and_lose_nothing() {
    let site = Site::with(SQL).await;
    let mut seen = Vec::new();
    loop {
        let path = format!(
            "/api/jobs/latest/tasks?sort_by=duration_ms&sort_order=desc&limit=7&offset={}",
            seen.len()
        );
        let page = site.json(&path).await;
        seen.extend(rows(&page, "tasks").to_vec());
        let pagination = &page["pagination"];
        assert_eq!(
            pagination["has_more"],
            json!((seen.len() as u64) < pagination["total"].as_u64().unwrap())
        );
        if pagination["has_more"] == false {
            break;
        }
    }
    let durations: Vec<_> = seen.iter().map(|task| task["duration_ms"].as_u64().unwrap()).collect();
    assert!(durations.is_sorted_by(|a, b| a >= b), "{durations:?}");
    let mut ids: Vec<_> = seen.iter().map(|task| task["task_id"].as_i64().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    let job = site.json("/api/jobs/latest").await["job"].clone();
    assert_eq!(json!(ids.len()), job["num_tasks"]);
    let stage = &seen[0]["stage_id"];
    let of_stage = site.json(&format!("/api/jobs/latest/tasks?stage_id={stage}&limit=1000")).await;
    assert!(rows(&of_stage, "tasks").iter().all(|task| task["stage_id"] == *stage));
    assert!(site.json("/api/jobs/latest/tasks?status=FAILED").await["pagination"]["total"] == 0);
}

#[tokio::test]
async fn failures_are_told_by_what_failed() {
    let site = Site::with("spark-4.3-failures/eventlog_v2_local-1795203159654").await;
    let errors = site.json("/api/jobs/latest/errors").await;
    let scopes: Vec<_> = rows(&errors, "errors").iter().map(|error| &error["scope"]).collect();
    assert!(scopes.contains(&&json!("task")), "{errors}");
    let job = site.json("/api/jobs/latest").await["job"].clone();
    assert!(job["num_failed_tasks"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    let site = Site::with(SQL).await;
    for log in [
        "spark-3.5-small/local-1795203071921",
        "spark-4.3-failures/eventlog_v2_local-1795203159654",
    ] {
        let done = site.post("/api/collect", &json!({ "path": fixture(log) })).await.json();
        assert_eq!(done["failed"], json!([]), "{log}");
    }
    let again = site.post("/api/collect", &json!({ "path": fixture(SQL) })).await.json();
    assert_eq!((&again["collected"], &again["unchanged"]), (&json!(0), &json!(1)));

    let all = site.json("/api/jobs?sort_by=task_time_ms&sort_order=asc").await;
    let times: Vec<_> =
        rows(&all, "jobs").iter().map(|job| job["task_time_ms"].as_u64().unwrap()).collect();
    assert_eq!(times.len(), 3);
    assert!(times.is_sorted(), "{times:?}");
    let mut paged = Vec::new();
    for offset in 0..3 {
        let path = format!("/api/jobs?sort_by=task_time_ms&sort_order=asc&limit=1&offset={offset}");
        let page = site.json(&path).await;
        assert_eq!(page["pagination"]["has_more"], json!(offset < 2));
        paged.extend(rows(&page, "jobs").to_vec());
    }
    assert_eq!(paged, rows(&all, "jobs"));
    assert_eq!(site.json("/api/jobs?state=running,queued").await["pagination"]["total"], 0);
    assert_eq!(site.json("/api/jobs?job_type=application").await["pagination"]["total"], 3);

    let (before, after) = (&paged[0]["job_id"], &paged[1]["job_id"]);
    let path =
        format!("/api/jobs/{}/compare/{}", before.as_str().unwrap(), after.as_str().unwrap());
    let compared = site.json(&path).await;
    let row = rows(&compared, "rows").iter().find(|row| row["metric"] == "task_time");
    let row = row.unwrap_or_else(|| panic!("no task time in {compared}"));
    assert_eq!(row["before"]["value"].as_f64(), paged[0]["task_time_ms"].as_f64());
    assert_eq!(row["after"]["value"].as_f64(), paged[1]["task_time_ms"].as_f64());
}

#[tokio::test]
async fn a_watcher_of_an_ended_run_gets_its_end() {
    let site = Site::with(SQL).await;
    let answer = site.get("/api/jobs/latest/events").await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let text = answer.text();
    let names: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(names, ["progress", "end"], "{text}");
    let data = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let progress: Value = serde_json::from_str(data).unwrap();
    let job = site.json("/api/jobs/latest").await["job"].clone();
    assert_eq!(progress["job"], job);
    assert_eq!(progress["num_planned_tasks"], job["num_tasks"], "all that was planned has ended");
}

#[tokio::test]
async fn watchers_of_all_runs_see_what_is_collected_and_end_with_the_server() {
    let site = Site::new().await;
    let done = async {
        // The stream must be there before something changes.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        site.app.collect(&fixture(SQL).as_path().into()).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        site.app.close().await;
    };
    let (answer, ()) = tokio::join!(site.get("/api/events"), done);
    let text = answer.text();
    assert_eq!(text.matches("event: job").count(), 1, "{text}");
    assert!(text.contains("local-1795203063428"), "{text}");
}
