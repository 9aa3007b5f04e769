//! A router, requests and their answers.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tinderbox_app::{App, Config, SparkPlaces};
use tinderbox_server::{Asset, Assets, HistoryOptions, router};
use tower::ServiceExt as _;

pub(crate) const HOST: &str = "127.0.0.1:7878";

pub(crate) struct Site {
    router: Router,
    pub(crate) app: App,
    _folder: TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Site {
    /// A site with a page of one file beside its index, and no run.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = App::open(Config {
            data_dir: folder.path().join("home"),
            url: format!("http://{HOST}"),
            listener_jar: None,
            spark: SparkPlaces::default(),
            access: Default::default(),
        })
        .await
        .unwrap();
        let assets = Assets::new(|path| match path {
            "index.html" => Some(Asset { bytes: b"<title>page</title>", media_type: "text/html" }),
            "assets/a.js" => Some(Asset { bytes: b"1", media_type: "text/javascript" }),
            _ => None,
        });
        Self {
            router: router(app.clone(), assets, HistoryOptions::default()),
            app,
            _folder: folder,
        }
    }

    /// A site that has collected an event log.
    pub(crate) async fn with(log: &str) -> Self {
        let site = Self::new().await;
        let body = serde_json::json!({ "path": fixture(log) });
        let answer = site.post("/api/collect", &body).await;
        assert_eq!((answer.status, answer.json()["collected"].as_u64()), (StatusCode::OK, Some(1)));
        site
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header(header::HOST, HOST);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// The body of an answer that is well.
    pub(crate) async fn json(&self, path: &str) -> serde_json::Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }

    pub(crate) async fn post(&self, path: &str, body: &serde_json::Value) -> Answer {
        let request = Request::post(path)
            .header(header::HOST, HOST)
            .header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{error}: {} {}", self.status, self.text());
        })
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Asserts that this is a problem body, whole and of this code.
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        let problem = self.json();
        assert_eq!((self.status.as_u16(), &problem["code"]), (status, &code.into()), "{problem}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["status"], status);
        for field in ["title", "detail", "request_id"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
        }
    }
}

/// An event log of the folder `tinderbox-spark` keeps; its README says how each was made.
pub(crate) fn fixture(log: &str) -> PathBuf {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tinderbox-spark/tests/fixtures").join(log);
    assert!(path.exists(), "{}", path.display());
    path
}
