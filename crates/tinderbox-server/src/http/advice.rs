//! `/api/jobs/{job_id}/findings` and comparisons.

use crate::extract::Path;
use crate::problem::ApiError;
use axum::Json;
use axum::extract::State;
use tinderbox_api as api;
use tinderbox_app::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_findings)).routes(routes!(compare_jobs))
}

/// Findings with their evidence, and the advice that follows. While a run lasts they are computed from what is known so far.
#[utoipa::path(get, path = "/api/jobs/{job_id}/findings", operation_id = "list_findings", tag = "advice",
    params(("job_id" = String, Path, description = "the run")),
    responses((status = 200, body = api::Report), (status = 404, body = api::Problem)))]
async fn list_findings(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<api::Report>, ApiError> {
    let (run, report) = app.report(&id).await?;
    Ok(Json(api::Report::new(run.as_str(), &report)))
}

/// Two runs side by side.
#[utoipa::path(get, path = "/api/jobs/{job_id}/compare/{other_id}", operation_id = "compare_jobs", tag = "advice",
    params(("job_id" = String, Path, description = "the earlier run"), ("other_id" = String, Path, description = "the later run")),
    responses((status = 200, body = api::Comparison), (status = 404, body = api::Problem)))]
async fn compare_jobs(
    State(app): State<App>,
    Path((before, after)): Path<(String, String)>,
) -> Result<Json<api::Comparison>, ApiError> {
    let compared = app.compare(&before, &after).await?;
    let (before, after) = (compared.before.as_str(), compared.after.as_str());
    Ok(Json(api::Comparison::new(before, after, &compared.comparison)))
}
