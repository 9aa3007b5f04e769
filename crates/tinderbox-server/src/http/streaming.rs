//! `/api/jobs/{job_id}/streaming-queries`: queries of Structured Streaming and their batches.

use crate::extract::{Path, Query};
use crate::problem::ApiError;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use tinderbox_api as api;
use tinderbox_app::App;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_streaming_queries)).routes(routes!(list_batches))
}

/// Streaming queries of a run.
#[utoipa::path(get, path = "/api/jobs/{job_id}/streaming-queries", operation_id = "list_streaming_queries", tag = "inside",
    params(("job_id" = String, Path, description = "the run")),
    responses((status = 200, body = api::StreamingQueryList), (status = 404, body = api::Problem)))]
async fn list_streaming_queries(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<api::StreamingQueryList>, ApiError> {
    let (run, application) = app.application(&id).await?;
    let queries = application.streaming.iter().map(api::StreamingQuery::from).collect();
    Ok(Json(api::StreamingQueryList { job_id: run.to_string(), queries }))
}

/// A page of batches.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct BatchesQuery {
    /// Rows wanted, 1 to 1,000; 100 when left out.
    limit: Option<u64>,
    /// Rows to skip.
    offset: Option<u64>,
}

/// Batches of a streaming query, the newest first. Kept are the newest 10,000 of a query.
#[utoipa::path(get, path = "/api/jobs/{job_id}/streaming-queries/{query_id}/batches", operation_id = "list_batches", tag = "inside",
    params(("job_id" = String, Path, description = "the run"),
        ("query_id" = String, Path, description = "id of the query or of one start of it, or its name; the newest start of several"), BatchesQuery),
    responses((status = 200, body = api::StreamingBatchList), (status = 400, body = api::Problem), (status = 404, body = api::Problem)))]
async fn list_batches(
    State(app): State<App>,
    Path((id, query)): Path<(String, String)>,
    Query(page): Query<BatchesQuery>,
) -> Result<Json<api::StreamingBatchList>, ApiError> {
    let (limit, offset) = (page.limit.unwrap_or(100), page.offset.unwrap_or(0));
    if !(1..=1_000).contains(&limit) {
        return Err(ApiError::bad_parameter("limit", &limit.to_string(), "use 1 to 1000"));
    }
    let (run, application) = app.application(&id).await?;
    let found = tinderbox_app::streaming_query(&run, &application, &query)?;
    Ok(Json(api::StreamingBatchList::page(run.as_str(), found, limit, offset)))
}
