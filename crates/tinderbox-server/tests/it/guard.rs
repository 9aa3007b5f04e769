//! Who is let in, and what a browser is told.

use crate::site::{HOST, Site};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};

fn request(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path)
}

#[tokio::test]
async fn only_loopback_names_are_answered() {
    let site = Site::new().await;
    let hosts = [
        ("127.0.0.1:7878", true),
        ("localhost:9", true),
        ("[::1]:7878", true),
        ("evil.example", false),
        ("evil.example:7878", false),
        ("192.168.1.4:7878", false),
    ];
    for path in ["/api/jobs", "/", "/readyz"] {
        for (host, is_own) in hosts {
            let sent = request(Method::GET, path).header(header::HOST, host);
            let answer = site.send(sent.body(Body::empty()).unwrap()).await;
            if is_own {
                assert_eq!(answer.status, StatusCode::OK, "{host}{path}");
            } else {
                answer.is_problem(403, "forbidden");
            }
        }
    }
    let nameless = site.send(request(Method::GET, "/api/jobs").body(Body::empty()).unwrap()).await;
    nameless.is_problem(403, "forbidden");
}

#[tokio::test]
async fn state_changes_from_a_foreign_page_are_refused() {
    let site = Site::new().await;
    let send = |origin: Option<&'static str>| {
        let mut sent = request(Method::POST, "/api/jobs/none/cancel").header(header::HOST, HOST);
        if let Some(origin) = origin {
            sent = sent.header(header::ORIGIN, origin);
        }
        site.send(sent.body(Body::empty()).unwrap())
    };
    for origin in ["https://evil.example", "http://127.0.0.1:1", "null", "http://localhost:7878"] {
        send(Some(origin)).await.is_problem(403, "forbidden");
    }
    for origin in [None, Some("http://127.0.0.1:7878")] {
        send(origin).await.is_problem(404, "job-not-found");
    }
}

#[tokio::test]
async fn every_answer_carries_the_policy_of_the_page() {
    let site = Site::new().await;
    for path in ["/", "/api/jobs", "/api/none", "/healthz"] {
        let answer = site.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn the_page_answers_its_own_routes_and_nothing_else() {
    let site = Site::new().await;
    for path in ["/", "/jobs", "/jobs/0193.5", "/anything"] {
        let answer = site.get(path).await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (StatusCode::OK, "<title>page</title>")
        );
    }
    let asset = site.get("/assets/a.js").await;
    assert!(asset.header("cache-control").contains("immutable"));
    assert_eq!(site.get("/assets/gone.js").await.status, StatusCode::NOT_FOUND);
    assert_eq!(site.get("/../../etc/passwd.txt").await.status, StatusCode::NOT_FOUND);
    for path in ["/api", "/api/", "/api/none", "/api/jobs/x/none", "/api/v2", "/ingest"] {
        site.get(path).await.is_problem(404, "path-not-found");
    }
    let posted = site.post("/anything", &serde_json::Value::Null).await;
    posted.is_problem(405, "method-not-allowed");
    site.post("/api/server", &serde_json::Value::Null).await.is_problem(405, "method-not-allowed");
}

#[tokio::test]
async fn events_without_the_token_of_a_run_are_answered_with_gone() {
    let site = Site::new().await;
    let body =
        "{\"tinderbox\":1,\"session\":\"s\",\"run\":\"r\",\"attempt\":1,\"seq\":0,\"events\":0}\n";
    for (token, body) in [(Some("Bearer guess"), body), (None, body), (Some("Bearer guess"), "{}")]
    {
        let mut sent = request(Method::POST, "/ingest/live").header(header::HOST, HOST);
        if let Some(token) = token {
            sent = sent.header(header::AUTHORIZATION, token);
        }
        let answer = site.send(sent.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status, StatusCode::GONE);
    }
}
