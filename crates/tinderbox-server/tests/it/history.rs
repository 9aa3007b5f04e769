//! Spark's History Server REST: bodies byte for byte as real servers answered them, and what is refused.

use crate::site::{Answer, HOST, Site};
use axum::body::Body;
use axum::http::{Request, header};
use std::path::Path;

const SMALL: &str = "local-1795203071921";
const SMALL_LOG: &str = "spark-3.5-small/local-1795203071921";
const FAILURES: &str = "local-1795203159654";
const FAILURES_LOG: &str = "spark-4.3-failures/eventlog_v2_local-1795203159654";

/// Paths below the application whose answers are compared.
const COMPARED: [&str; 8] = [
    "jobs",
    "stages",
    "stages/0?details=false",
    "stages/0/0?details=false&withSummaries=true",
    "stages/0/0/taskSummary",
    "stages/0/0/taskList",
    "allexecutors",
    "environment",
];

async fn get(site: &Site, path: &str) -> Answer {
    site.get(&format!("/api/v1{path}")).await
}

async fn same_as_spark(site: &Site, folder: &str, application: &str, path: &str) {
    let name = format!("{folder}/{}.json", path.replace(['/', '?', '&', '='], "-"));
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/history").join(name);
    let Ok(expected) = std::fs::read_to_string(&fixture) else {
        panic!("no answer of Spark: {}", fixture.display());
    };
    let answer = get(site, &format!("/applications/{application}/{path}")).await;
    assert_eq!(answer.header("content-type"), "application/json", "{path}");
    let ours = answer.text();
    let differs = expected.lines().zip(ours.lines()).find(|(spark, ours)| spark != ours);
    assert_eq!(differs, None, "{path}: Spark's line, then ours");
    assert_eq!(expected, ours, "{path}");
}

#[tokio::test]
async fn answers_equal_those_of_spark_3_5_byte_for_byte() {
    let site = Site::with(SMALL_LOG).await;
    for path in COMPARED {
        same_as_spark(&site, "3.5", SMALL, path).await;
    }
}

#[tokio::test]
async fn answers_equal_those_of_spark_4_3_byte_for_byte() {
    let site = Site::with(FAILURES_LOG).await;
    for path in COMPARED.into_iter().filter(|path| *path != "environment") {
        same_as_spark(&site, "4.3", FAILURES, path).await;
    }
    same_as_spark(&site, "4.3", FAILURES, "sql").await;
}

#[tokio::test]
async fn sql_metrics_read_as_in_spark() {
    let site = Site::with("spark-3.5-sql/local-1795203063428.zstd").await;
    same_as_spark(&site, "3.5", "local-1795203063428", "sql/0?planDescription=false").await;
    let site = Site::with("spark-4.3-sql/eventlog_v2_local-1795203102538").await;
    same_as_spark(&site, "4.3", "local-1795203102538", "sql/0?planDescription=false").await;
}

/// Texts and statuses of a real 3.5 and 4.3 server.
#[tokio::test]
async fn refusals_are_sparks() {
    let site = Site::with(SMALL_LOG).await;
    let below = |path: &str| format!("/applications/{SMALL}{path}");
    let not_found = [
        ("/applications/nope".to_owned(), "unknown app: nope".to_owned()),
        ("/applications/nope/jobs".to_owned(), "no such app: nope".to_owned()),
        ("/applications/nope/1/jobs".to_owned(), "no such app: nope/1".to_owned()),
        ("/applications/nope/logs".to_owned(), "no such app: nope/1".to_owned()),
        ("/applications/x/y/z".to_owned(), "/api/v1/applications/x/y/z".to_owned()),
        (below("/nope"), format!("unknown app {SMALL}, attempt nope")),
        (below("/storage"), format!("unknown app {SMALL}, attempt storage")),
        (below("/jobs/99"), "unknown job: 99".to_owned()),
        (below("/jobs/abc"), format!("/api/v1/applications/{SMALL}/jobs/abc")),
        (below("/jobs/0/x"), format!("/api/v1/applications/{SMALL}/jobs/0/x")),
        (below("/stages/77"), "unknown stage: 77".to_owned()),
        (below("/stages/0/7"), "unknown attempt for stage 0.  Found attempts: [0]".to_owned()),
        (below("/stages/77/0/taskSummary"), "No tasks reported metrics for 77 / 0 yet.".to_owned()),
        (below("/storage/rdd/5"), "no rdd found w/ id 5".to_owned()),
        (
            below("/streaming/statistics"),
            "no streaming listener attached to fixture small".to_owned(),
        ),
        (below("/sql/999"), "unknown query execution id: 999".to_owned()),
        (below("/connect/sessions"), format!("/api/v1/applications/{SMALL}/connect/sessions")),
        (below("/threads"), format!("unknown app {SMALL}, attempt threads")),
    ];
    for (path, text) in not_found {
        let answer = get(&site, &path).await;
        let found = (answer.status.as_u16(), answer.header("content-type"), answer.text());
        assert_eq!(found, (404, "text/plain", text), "{path}");
    }
    for (path, status, media_type, text) in [
        ("/applications?minDate=zzz", 400, "application/json", "Couldn't parse date: zzz"),
        (
            &below("/stages?quantiles=zz"),
            400,
            "text/plain",
            "Bad value for parameter \"quantiles\".  Expected a double, got \"zz\"",
        ),
        (
            &below(&format!("/stages?withSummaries=true&quantiles={}", "0,".repeat(2_000))),
            400,
            "text/plain",
            "Bad value for parameter \"quantiles\".  Expected at most 1000 numbers, got 2000",
        ),
        (
            &below("/executors/abc/threads"),
            400,
            "text/plain",
            "Invalid executorId: neither 'driver' nor number.",
        ),
        (
            &below("/executors/driver/threads"),
            503,
            "text/plain",
            "Thread dumps not available through the history server.",
        ),
    ] {
        let answer = get(&site, path).await;
        let found = (answer.status.as_u16(), answer.header("content-type"), answer.text());
        assert_eq!(found, (status, media_type, text.to_owned()), "{path}");
    }
}

#[tokio::test]
async fn what_jax_rs_does_not_find_is_a_page_of_jetty() {
    let site = Site::with(SMALL_LOG).await;
    let below = |path: &str| format!("/applications/{SMALL}{path}");
    for (path, status) in [
        ("/nope", 404),
        ("/", 404),
        ("", 404),
        ("/applications?status=foo", 404),
        ("/applications?limit=abc", 404),
        (&below("/jobs?status=zz"), 404),
        (&below("/jobs/99999999999"), 404),
        (&below("/stages/abc"), 404),
        (&below("/stages/0/0/taskList?sortBy=x"), 404),
        (&below("/stages/0/0/taskList?sortBy=%2Bruntime"), 404),
        (&below("/stages/0/0/taskList?length=x"), 404),
        (&below("/streaming/nope"), 404),
        (&below("/sql/zz"), 404),
        (&below("/sql?length=-1"), 500),
        (&below("/stages/0/0/taskTable"), 500),
        (&below("/stages/0/0/taskList?length=-1"), 500),
    ] {
        let answer = get(&site, path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(answer.header("content-type"), "text/html;charset=iso-8859-1", "{path}");
        assert!(answer.text().contains(&format!("<h2>HTTP ERROR {status} ")), "{path}");
    }
    let post = Request::post("/api/v1/applications").header(header::HOST, HOST);
    let refused = site.send(post.body(Body::empty()).unwrap()).await;
    assert_eq!((refused.status.as_u16(), refused.header("allow")), (405, "GET,OPTIONS"));
}

/// More rows than a client may sensibly ask for at once are written while they are read: the same bytes.
#[tokio::test]
async fn long_task_lists_are_those_of_short_ones() {
    let site = Site::with(FAILURES_LOG).await;
    let below = |path: &str| format!("/applications/{FAILURES}{path}");
    let body = async |path: &str| {
        let answer = get(&site, &below(path)).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}");
        answer.text()
    };
    let stages = site.json(&format!("/api/v1{}", below("/stages"))).await;
    let mut rows = 0;
    for stage in stages.as_array().unwrap() {
        let tasks = format!("/stages/{}/{}", stage["stageId"], stage["attemptId"]);
        for asked in ["", "&sortBy=-runtime", "&sortBy=ID&status=failed"] {
            let list = format!("{tasks}/taskList?length=");
            let short = body(&format!("{list}100{asked}")).await;
            assert_eq!(short, body(&format!("{list}2147483647{asked}")).await, "{list}{asked}");
            rows += short.matches("\"taskId\"").count();
        }
        for search in ["", "local", "nothing"] {
            let table = format!(
                "{tasks}/taskTable?numTasks=9&start=0&search%5Bvalue%5D={search}\
                 &columnNameToSort=Index&order%5B0%5D%5Bdir%5D=asc&length="
            );
            let short = body(&format!("{table}100")).await;
            assert_eq!(short, body(&format!("{table}2147483647")).await, "{table}");
        }
    }
    assert!(rows > 10, "{rows}");
}

#[tokio::test]
async fn lists_are_filtered_and_every_attempt_can_be_named() {
    let site = Site::with(SMALL_LOG).await;
    let ids = async |query: &str| {
        let list = site.json(&format!("/api/v1/applications{query}")).await;
        let ids = list.as_array().unwrap().iter().map(|app| app["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    for query in ["", "/", "?status=completed", "?limit=1", "?limit=", "?minDate=2026-11-20"] {
        assert_eq!(ids(query).await, [SMALL], "{query}");
    }
    for query in [
        "?status=running",
        "?status=",
        "?limit=0",
        "?limit=-1",
        "?minDate=2027-01-01",
        "?maxEndDate=2026-11-20",
    ] {
        assert!(ids(query).await.is_empty(), "{query}");
    }
    assert_eq!(site.json("/api/v1/version").await["spark"], "4.3.0");
    let one = site.json(&format!("/api/v1/applications/{SMALL}")).await;
    assert_eq!(one["attempts"][0]["appSparkVersion"], "3.5.8");
    assert!(one["attempts"][0].get("logSourceName").is_none(), "{one}");
}

#[tokio::test]
async fn logs_come_as_an_archive_of_what_lies_there() {
    let site = Site::with(FAILURES_LOG).await;
    let answer = get(&site, &format!("/applications/{FAILURES}/logs")).await;
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    let name = format!("attachment; filename=eventLogs-{FAILURES}.zip");
    assert_eq!(answer.header("content-disposition"), name);
    assert!(answer.body.starts_with(b"PK\x03\x04"));
    for file in ["", "appstatus_", "events_1_"] {
        let id = if file.is_empty() { "" } else { FAILURES };
        let name = format!("eventlog_v2_{FAILURES}/{file}{id}");
        assert!(answer.text().contains(&name), "{name}");
    }
}

#[tokio::test]
async fn answers_are_compressed_when_asked_and_never_the_page() {
    let site = Site::with(SMALL_LOG).await;
    let request = Request::get(format!("/api/v1/applications/{SMALL}/environment"))
        .header(header::HOST, HOST)
        .header(header::ACCEPT_ENCODING, "gzip");
    let answer = site.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert!(answer.header("vary").to_ascii_lowercase().contains("accept-encoding"));
    assert!(!get(&site, "/index.html").await.text().contains("<title>page"));
}
