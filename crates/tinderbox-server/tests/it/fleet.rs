//! Questions about many runs, on runs that were made of event logs.

use crate::site::{Site, fixture};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};

const SMALL: &str = "spark-3.5-small/local-1795203071921";
const SQL: &str = "spark-3.5-sql/local-1795203063428.zstd";
const FAILURES: &str = "spark-4.3-failures/eventlog_v2_local-1795203159654";

async fn site() -> Site {
    let site = Site::with(SQL).await;
    for log in [SMALL, FAILURES] {
        let done = site.post("/api/collect", &json!({ "path": fixture(log) })).await.json();
        assert_eq!(done["collected"], json!(1), "{log}");
    }
    site
}

async fn jobs(site: &Site) -> Vec<Value> {
    site.json("/api/jobs?limit=100").await["jobs"].as_array().unwrap().clone()
}

fn sum(jobs: &[Value], name: &str) -> u64 {
    jobs.iter().map(|job| job[name].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn statistics_are_the_sums_of_the_runs() {
    let site = site().await;
    let jobs = jobs(&site).await;
    let stats = site.json("/api/stats").await;
    assert_eq!(stats["rows"].as_array().unwrap().len(), 1);
    let row = &stats["rows"][0];
    assert_eq!((&row["num_runs"], &row["key"]), (&json!(3), &json!(null)));
    for name in ["num_tasks", "num_failed_tasks", "task_time_ms", "gc_time_ms", "input_bytes"] {
        assert_eq!(row[name], json!(sum(&jobs, name)), "{name}");
    }
    let durations: Vec<u64> = jobs.iter().filter_map(|job| job["duration_ms"].as_u64()).collect();
    assert_eq!(row["duration_ms"]["count"], json!(durations.len()));
    assert_eq!(row["duration_ms"]["sum"], json!(durations.iter().sum::<u64>()));

    let versions = site.json("/api/stats?group_by=spark_version").await;
    let versions = versions["rows"].as_array().unwrap().clone();
    let of = |start: &str| {
        let of_it = versions.iter().filter(|row| row["key"].as_str().unwrap().starts_with(start));
        of_it.map(|row| row["num_runs"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!((of("3.5"), of("4.3")), (2, 1));
    let days = site.json("/api/stats?group_by=day").await;
    let rows = days["rows"].as_array().unwrap();
    assert_eq!(sum(rows, "num_runs"), 3);
    for path in [
        "/api/stats?group_by=moon",
        "/api/stats?user=a&name=b",
        "/api/stats?limit=0",
        "/api/stats?from=soon",
    ] {
        site.get(path).await.is_problem(400, "bad-parameter");
    }
}

#[tokio::test]
async fn statistics_stay_right_when_a_log_is_read_again_or_grows() {
    let site = Site::new().await;
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(fixture(SMALL)).unwrap();
    let log = folder.path().join("local-1795203071921");
    let mut seen = Vec::new();
    for part in [whole.len() / 2, whole.len(), whole.len()] {
        std::fs::write(&log, &whole[..part]).unwrap();
        site.post("/api/collect", &json!({ "path": log })).await;
        let stats = site.json("/api/stats").await["rows"][0].clone();
        let job = site.json("/api/jobs/latest").await["job"].clone();
        assert_eq!((&stats["num_runs"], &stats["num_tasks"]), (&json!(1), &job["num_tasks"]));
        assert_eq!(stats["task_time_ms"], job["task_time_ms"]);
        seen.push(stats);
    }
    assert_ne!(seen[0]["num_tasks"], seen[1]["num_tasks"], "the log has grown");
    assert_eq!(seen[1], seen[2]);
    let checked = site.post("/api/database/check", &json!({})).await.json();
    assert_eq!(checked["differences"], json!([]));
}

#[tokio::test]
async fn every_attempt_of_an_application_counts_once() {
    let site = Site::new().await;
    let folder = tempfile::tempdir().unwrap();
    for attempt in ["_1", "_2"] {
        let log = folder.path().join(format!("local-1795203071921{attempt}"));
        std::fs::copy(fixture(SMALL), log).unwrap();
    }
    for expected in [2, 0] {
        let done = site.post("/api/collect", &json!({ "path": folder.path() })).await.json();
        assert_eq!(done["collected"], json!(expected));
        let stats = site.json("/api/stats?group_by=name").await["rows"].clone();
        assert_eq!((&stats[0]["num_runs"], stats.as_array().unwrap().len()), (&json!(2), 1));
    }
    let checked = site.post("/api/database/check", &json!({})).await.json();
    assert_eq!(checked["num_differences"], json!(0));
}

#[tokio::test]
async fn runs_are_found_by_their_words() {
    let site = site().await;
    let found = site.json("/api/search?q=local-1795203063428").await;
    let results = found["results"].as_array().unwrap();
    assert_eq!(results.len(), 1, "{found}");
    assert_eq!(results[0]["job"]["application_id"], "local-1795203063428");
    assert_eq!(results[0]["matched"][0]["field"], "application_id");
    let nothing = site.json("/api/search?q=nowhere").await;
    assert_eq!(nothing["results"], json!([]));
    site.get("/api/search?q=a&limit=101").await.is_problem(400, "bad-parameter");
}

#[tokio::test]
async fn pruned_runs_are_gone_stay_counted_and_are_not_read_again() {
    let site = site().await;
    let ask = |dry_run| json!({ "older_than_ms": 0, "dry_run": dry_run });
    let would = site.post("/api/history/prune", &ask(true)).await.json();
    assert_eq!((&would["num_runs"], &would["dry_run"]), (&json!(3), &json!(true)));
    assert!(would["size_bytes"].as_u64().unwrap() > 0);
    assert_eq!(jobs(&site).await.len(), 3, "a dry run removes nothing");
    let nothing = site.post("/api/history/prune", &json!({})).await.json();
    assert_eq!(nothing["num_runs"], json!(0));

    let before = site.json("/api/stats").await;
    let done = site.post("/api/history/prune", &ask(false)).await.json();
    assert_eq!(done["runs"], would["runs"]);
    assert!(jobs(&site).await.is_empty());
    site.get(&format!("/api/jobs/{}", done["runs"][0]["job_id"].as_str().unwrap()))
        .await
        .is_problem(404, "job-not-found");
    assert_eq!(site.json("/api/v1/applications").await, json!([]));
    assert_eq!(site.json("/api/search?q=local").await["results"], json!([]));
    let again = site.post("/api/collect", &json!({ "path": fixture(SQL) })).await.json();
    assert_eq!((&again["collected"], &again["unchanged"]), (&json!(0), &json!(1)));
    let mut after = site.json("/api/stats").await;
    after["last_updated"] = before["last_updated"].clone();
    assert_eq!(after, before, "history survives");
    let checked = site.post("/api/database/check", &json!({ "repair": false })).await.json();
    assert_eq!(checked["num_differences"], json!(0), "{checked}");
}

#[tokio::test]
async fn a_comparison_says_what_differs() {
    let site = site().await;
    let jobs = jobs(&site).await;
    let of = |id: &str| {
        let job = jobs.iter().find(|job| job["application_id"] == id).unwrap();
        job["job_id"].as_str().unwrap().to_owned()
    };
    let (sql, small) = (of("local-1795203063428"), of("local-1795203071921"));
    let compared = site.json(&format!("/api/jobs/{sql}/compare/{small}")).await;
    let differences = &compared["differences"];
    let time = &differences["time"];
    let parts = time["parts"].as_array().unwrap();
    let explained: f64 = parts.iter().map(|part| part["explained_ms"].as_f64().unwrap()).sum();
    let wall = |id: &str| {
        let job = jobs.iter().find(|job| job["job_id"] == id).unwrap();
        job["duration_ms"].as_f64().unwrap()
    };
    assert!((explained - (wall(&small) - wall(&sql))).abs() < 1e-3, "{time}");
    let stages = differences["stages"].as_array().unwrap();
    assert!(stages.iter().any(|stage| stage["after"].is_null()), "{differences}");
    assert!(!differences["operators"].as_array().unwrap().is_empty());
    let same = site.json(&format!("/api/jobs/{sql}/compare/{sql}")).await["differences"].clone();
    for list in ["stages", "operators", "configuration"] {
        assert_eq!(same[list], json!([]), "{list}");
    }
    assert_eq!(same["time"]["difference_ms"], json!(0.0));
}

/// A column of a binary timeline, read as its description says.
fn column(body: &[u8], name: &str) -> (Value, Vec<f64>) {
    assert_eq!(&body[..4], b"TBTL");
    let word = |at: usize| u32::from_le_bytes(body[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!(word(4), 1);
    let data = 12 + word(8);
    assert_eq!(data % 8, 0);
    let head: Value = serde_json::from_slice(&body[12..data]).unwrap();
    let columns = head["columns"].as_array().unwrap();
    let column = columns.iter().find(|column| column["name"] == name).unwrap();
    let number = |name: &str| usize::try_from(column[name].as_u64().unwrap()).unwrap();
    let at = &body[data + number("offset")..];
    let values = |width: usize, read: &dyn Fn(&[u8]) -> f64| -> Vec<f64> {
        at.chunks_exact(width).take(number("num_values")).map(read).collect()
    };
    let values = match column["type"].as_str().unwrap() {
        "uint8" => values(1, &|b| f64::from(b[0])),
        "uint16" => values(2, &|b| f64::from(u16::from_le_bytes(b.try_into().unwrap()))),
        "uint32" => values(4, &|b| f64::from(u32::from_le_bytes(b.try_into().unwrap()))),
        _ => values(8, &|b| f64::from_le_bytes(b.try_into().unwrap())),
    };
    (head, values)
}

#[tokio::test]
async fn cells_of_the_timeline_add_up_to_the_tasks() {
    let site = Site::with(SQL).await;
    let path = "/api/jobs/latest/timeline/cells";
    let job = site.json("/api/jobs/latest").await["job"].clone();
    let tasks = site.json("/api/jobs/latest/tasks?limit=1000").await["tasks"].clone();
    let busy = sum(tasks.as_array().unwrap(), "duration_ms");
    #[allow(clippy::cast_precision_loss, reason = "small")]
    let (num_tasks, busy) = (job["num_tasks"].as_u64().unwrap() as f64, busy as f64);
    let mut widths = Vec::new();
    for query in ["", "?res=1", "?res=100", "?res=1000000"] {
        let answer = site.get(&format!("{path}{query}")).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-type"), "application/vnd.tinderbox.timeline");
        for name in ["launched", "ended"] {
            assert_eq!(column(&answer.body, name).1.iter().sum::<f64>(), num_tasks, "{name}");
        }
        let (head, cells) = column(&answer.body, "busy_ms");
        assert_eq!(cells.iter().sum::<f64>(), busy);
        assert_eq!(head["lanes"], json!(["driver"]));
        let width = head["bucket_ms"].as_u64().unwrap();
        assert!(width.is_power_of_two());
        assert_eq!(head["start_ms"].as_i64().unwrap() % i64::try_from(width).unwrap(), 0);
        let (_, stages) = column(&answer.body, "stage");
        let known = head["stages"].as_array().unwrap().len();
        assert!(stages.iter().all(|stage| *stage <= f64::from(u32::try_from(known).unwrap())));
        widths.push(width);
    }
    assert!(widths[2] == 128 && widths[3] > 128, "{widths:?}");
    let none = site.get(&format!("{path}?lanes=1..")).await;
    assert_eq!(column(&none.body, "busy_ms").1, [0.0; 0]);
    let outside = site.get(&format!("{path}?from=0&to=1000")).await;
    assert_eq!(column(&outside.body, "busy_ms").0["num_buckets"], json!(0));
    site.get(&format!("{path}?lanes=2..1")).await.is_problem(400, "bad-parameter");
    site.get("/api/jobs/nothing/timeline/cells").await.is_problem(404, "job-not-found");
}

#[tokio::test]
async fn a_timeline_that_is_known_is_not_sent_again() {
    let site = Site::with(SMALL).await;
    let path = "/api/jobs/latest/timeline/cells";
    let answer = site.get(path).await;
    let tag = answer.header("etag").to_owned();
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    let request = Request::get(path)
        .header(header::HOST, crate::site::HOST)
        .header(header::IF_NONE_MATCH, &tag);
    let again = site.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    let pinned = site.get(&format!("{path}?revision={}", tag.trim_matches('"'))).await;
    assert!(pinned.header("cache-control").ends_with("immutable"));
}

#[tokio::test]
async fn operators_and_causes_are_told() {
    let site = site().await;
    let jobs = jobs(&site).await;
    let of = |id: &str| {
        let job = jobs.iter().find(|job| job["application_id"] == id).unwrap();
        job["job_id"].as_str().unwrap().to_owned()
    };
    let sql = of("local-1795203063428");
    let list = site.json(&format!("/api/jobs/{sql}/operators")).await;
    let operators: Vec<&Value> = list["executions"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|execution| execution["operators"].as_array().unwrap())
        .collect();
    let has = |figure: &str| operators.iter().any(|one| one["figures"][figure].as_u64().is_some());
    for figure in ["output_rows", "input_rows", "output_bytes", "time_ms"] {
        assert!(has(figure), "{figure}");
    }
    assert!(operators.iter().any(|one| !one["input_ids"].as_array().unwrap().is_empty()));

    let failed = of("local-1795203159654");
    let errors = site.json(&format!("/api/jobs/{failed}/errors")).await;
    let errors = errors["errors"].as_array().unwrap();
    let causes = |error: &Value| error["causes"].as_array().unwrap().clone();
    let chain = errors.iter().map(causes).find(|causes| !causes.is_empty()).unwrap();
    assert_eq!(chain[0]["relation"], "top");
    assert!(chain.iter().all(|cause| !cause["class"].as_str().unwrap().is_empty()));
    let streams = site.json(&format!("/api/jobs/{sql}/streaming-queries")).await;
    assert_eq!(streams["queries"], json!([]));
    let path = format!("/api/jobs/{sql}/streaming-queries/none/batches");
    site.get(&path).await.is_problem(404, "no-such-query");
}
