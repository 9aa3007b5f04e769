//! `/api/import`, `/api/refresh`, `/api/job-types`, `/api/health`: data sets of jobs, and what is asked of all jobs.

use crate::convert;
use crate::extract::Body;
use crate::problem::ApiError;
use axum::Json;
use axum::extract::State;
use std::path::Path;
use tinderbox_api as api;
use tinderbox_app::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(import_data_set))
        .routes(routes!(refresh))
        .routes(routes!(list_job_types))
        .routes(routes!(get_health))
}

/// Take a data set of jobs, a folder on the server's machine, into the history.
#[utoipa::path(post, path = "/api/import", operation_id = "import_data_set", tag = "server",
    request_body = api::ImportRequest,
    responses((status = 200, body = api::ImportResult), (status = 422, body = api::Problem)))]
async fn import_data_set(
    State(app): State<App>,
    Body(request): Body<api::ImportRequest>,
) -> Result<Json<api::ImportResult>, ApiError> {
    let set = app.import(Path::new(&request.path), request.replace).await?;
    Ok(Json(convert::imported(&set)))
}

/// Read again those data sets that are served where they lie and whose files have changed.
#[utoipa::path(post, path = "/api/refresh", operation_id = "refresh", tag = "server",
    responses((status = 200, body = api::Refreshed), (status = 422, body = api::Problem)))]
async fn refresh(State(app): State<App>) -> Result<Json<api::Refreshed>, ApiError> {
    let done = app.refresh().await?;
    let message = match (done.read, done.unchanged) {
        (0, 0) => "no data set is served where it lies".to_owned(),
        (0, _) => "nothing has changed".to_owned(),
        (read, _) => format!("{read} data sets were read again"),
    };
    Ok(Json(api::Refreshed { message, num_read: done.read, num_unchanged: done.unchanged }))
}

/// The types of all jobs.
#[utoipa::path(get, path = "/api/job-types", operation_id = "list_job_types", tag = "fleet",
    responses((status = 200, body = api::JobTypes)))]
async fn list_job_types(State(app): State<App>) -> Result<Json<api::JobTypes>, ApiError> {
    let overview = app.overview().await?;
    Ok(Json(api::JobTypes { job_types: overview.types.into_keys().collect() }))
}

/// Whether the server is well.
#[utoipa::path(get, path = "/api/health", operation_id = "get_health", tag = "server",
    responses((status = 200, body = api::Health)))]
async fn get_health(State(app): State<App>) -> Json<api::Health> {
    let status = if app.is_ready().await { "healthy" } else { "unhealthy" };
    Json(api::Health {
        status: status.to_owned(),
        timestamp: api::rfc3339(app.time()),
        data_dir: app.data_directory().display().to_string(),
    })
}
