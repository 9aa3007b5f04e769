//! `/api/server` and `/api/collect`.

use crate::extract::Body;
use crate::problem::ApiError;
use axum::Json;
use axum::extract::State;
use tinderbox_api as api;
use tinderbox_app::sources::Depth;
use tinderbox_app::{App, LogSource};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Server facts and collection.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_server)).routes(routes!(collect_logs))
}

/// Who answers here.
#[utoipa::path(get, path = "/api/server", operation_id = "get_server", tag = "server",
    responses((status = 200, body = api::Server)))]
async fn get_server(State(app): State<App>) -> Result<Json<api::Server>, ApiError> {
    let states = app.count_by_state().await?;
    Ok(Json(api::Server {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        engines: app.engine_names(),
        jobs_by_state: states.into_iter().map(|(state, count)| (state.to_owned(), count)).collect(),
    }))
}

/// Collect event logs from a directory or file on the server's machine, or from an object store.
#[utoipa::path(post, path = "/api/collect", operation_id = "collect_logs", tag = "server",
    request_body = api::CollectRequest,
    responses((status = 200, body = api::CollectResult), (status = 422, body = api::Problem)))]
async fn collect_logs(
    State(app): State<App>,
    Body(request): Body<api::CollectRequest>,
) -> Result<Json<api::CollectResult>, ApiError> {
    let depth = if request.recursive { Depth::Recursive } else { Depth::OneLevel };
    let location = app.location(&request.path)?;
    let source = LogSource { name: request.path, location, depth };
    let done = app.collect_apart(source).await?;
    let failed = done.failed.into_iter();
    let warnings = done.warnings.into_iter();
    Ok(Json(api::CollectResult {
        collected: done.collected,
        unchanged: done.unchanged,
        failed: failed
            .map(|failure| api::CollectFailure { reason: failure.reason, hint: failure.hint })
            .collect(),
        warnings: warnings
            .map(|warning| api::CollectWarning { log: warning.log, reasons: warning.reasons })
            .collect(),
    }))
}
