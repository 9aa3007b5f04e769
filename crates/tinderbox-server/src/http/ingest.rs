//! `/ingest/live`: where listeners send events. Contract: `schemas/live.schema.json`.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use tinderbox_app::{App, IngestRefusal};

/// A listener sends batches of at most 256 KiB; one event alone can be larger (SPARK-49872 saw 20 MB).
const BODY_LIMIT: usize = 64 << 20;

/// The ingest route.
pub fn routes() -> Router<App> {
    Router::new().route("/ingest/live", post(ingest_live)).layer(DefaultBodyLimit::max(BODY_LIMIT))
}

async fn ingest_live(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    match app.ingest(token, body).await {
        Ok(()) => (StatusCode::NO_CONTENT, ""),
        // 410 tells the listener to stop for good: none of these becomes right when it is sent again.
        Err(IngestRefusal::Malformed) => {
            (StatusCode::GONE, "the first line is not an envelope of version 1\n")
        }
        Err(IngestRefusal::Unauthorized | IngestRefusal::NotWanted) => {
            (StatusCode::GONE, "this run takes no events\n")
        }
        Err(IngestRefusal::Unavailable) => (StatusCode::SERVICE_UNAVAILABLE, "try again\n"),
    }
}
