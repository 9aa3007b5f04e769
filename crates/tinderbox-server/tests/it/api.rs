//! The contract: lists, parameters, problems.

use crate::site::{HOST, Site};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;

#[tokio::test]
async fn the_contract_is_the_committed_one() {
    let site = Site::new().await;
    let answer = site.get("/api/openapi.json").await;
    let committed = include_str!("../../../../schemas/openapi.json");
    assert_eq!(answer.text(), committed, "run `cargo xtask codegen`");
    assert_eq!(answer.json()["openapi"].as_str().map(|text| &text[..3]), Some("3.1"));
}

#[tokio::test]
async fn a_new_server_is_ready_and_has_no_runs() {
    let site = Site::new().await;
    assert_eq!(site.get("/healthz").await.text(), "ok\n");
    assert_eq!(site.get("/readyz").await.status, StatusCode::OK);
    let list = site.json("/api/jobs").await;
    let pagination = json!({ "total": 0, "limit": 50, "offset": 0, "has_more": false });
    assert_eq!(list, json!({ "jobs": [], "pagination": pagination, "next_cursor": null }));
    assert_eq!(site.json("/api/server").await["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn parameters_that_cannot_be_used_are_named_with_what_can() {
    let site = Site::with("spark-3.5-small/local-1795203071921").await;
    for (path, code, hint) in [
        ("/api/jobs?state=runing", "bad-parameter", "running"),
        ("/api/jobs?sort_by=wall", "bad-parameter", "created_time"),
        ("/api/jobs?sort_order=up", "bad-parameter", "asc"),
        ("/api/jobs?limit=0", "bad-parameter", "1 to 500"),
        ("/api/jobs?limit=501", "bad-parameter", "1 to 500"),
        ("/api/jobs?limit=many", "bad-request", "openapi.json"),
        ("/api/jobs?offset=-1", "bad-request", "openapi.json"),
        ("/api/jobs?offset=18446744073709551615", "bad-parameter", "fewer"),
        ("/api/jobs/latest/tasks?status=DONE", "bad-parameter", "SUCCESS"),
        ("/api/jobs/latest/tasks?limit=1001", "bad-parameter", "1 to 1000"),
        ("/api/jobs/latest/log?offset=x", "bad-request", "openapi.json"),
        ("/api/jobs/%FF", "bad-request", "openapi.json"),
    ] {
        let answer = site.get(path).await;
        answer.is_problem(400, code);
        let said = answer.json()["hint"].as_str().unwrap().to_owned();
        assert!(said.contains(hint), "{path}: {said}");
    }
    let far = site.json("/api/jobs/latest/tasks?offset=18446744073709551615").await;
    assert_eq!(
        (far["tasks"].as_array().unwrap().len(), &far["pagination"]["has_more"]),
        (0, &json!(false))
    );
    let far = site.json("/api/jobs?offset=9223372036854775807").await;
    assert_eq!(far["jobs"], json!([]));
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_of_its_kind() {
    let site = Site::new().await;
    for inside in [
        "",
        "/stages",
        "/executors",
        "/operators",
        "/errors",
        "/timeline",
        "/tasks",
        "/log",
        "/spec",
        "/findings",
        "/events",
        "/spark-jobs",
        "/compare/other",
    ] {
        site.get(&format!("/api/jobs/none{inside}")).await.is_problem(404, "job-not-found");
    }
    site.post("/api/jobs/none/cancel", &json!(null)).await.is_problem(404, "job-not-found");
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_problems() {
    let site = Site::new().await;
    site.post("/api/jobs", &json!({ "spec": 1 })).await.is_problem(422, "bad-request");
    let plain = Request::post("/api/jobs").header(header::HOST, HOST).body(Body::from("{}"));
    site.send(plain.unwrap()).await.is_problem(415, "bad-request");
    let broken = Request::post("/api/collect")
        .header(header::HOST, HOST)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from("{"));
    site.send(broken.unwrap()).await.is_problem(400, "bad-request");
}

#[tokio::test]
async fn a_spec_with_errors_is_refused_with_its_place() {
    let site = Site::new().await;
    let folder = env!("CARGO_MANIFEST_DIR");
    let spec = "name: bad\npipeline: 3\n";
    let body = json!({ "spec": spec, "spec_name": "bad.yaml", "base_directory": folder });
    let bad = site.post("/api/jobs", &body).await;
    bad.is_problem(422, "bad-spec");
    assert!(bad.json()["detail"].as_str().unwrap().contains("bad.yaml:2:"), "{}", bad.text());
    assert_eq!(site.json("/api/jobs").await["pagination"]["total"], 0);
}

#[tokio::test]
async fn a_log_that_is_not_there_cannot_be_collected() {
    let site = Site::new().await;
    let answer = site.post("/api/collect", &json!({ "path": "/nowhere/at/all" })).await;
    answer.is_problem(422, "collect");
    assert!(answer.json()["detail"].as_str().unwrap().contains("/nowhere/at/all"));
}
