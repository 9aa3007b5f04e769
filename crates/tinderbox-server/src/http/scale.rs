//! `/submit-job` and `/api/scale`: jobs that are run on several numbers of executors.

use crate::convert;
use crate::extract::{Body, Path};
use crate::problem::ApiError;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tinderbox_api as api;
use tinderbox_app::{App, ScaleJobView, ScaleState, ScaleSubmission, scale};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(submit_scale_job))
        .routes(routes!(get_scale_job, cancel_scale_job))
        .routes(routes!(measure_scale))
        .routes(routes!(get_scale, cancel_scale))
}

/// Do tasks on a data set of the object store with each number of executors, and answer how they scale. The same request
/// again answers with the same job.
#[utoipa::path(post, path = "/submit-job", operation_id = "submit_scale_job", tag = "scale",
    params(("async" = Option<bool>, Query, description = "answer before the job has ended")),
    request_body = api::ScaleRequest,
    responses((status = 200, description = "the job has ended well", body = api::ScaleAnswer),
        (status = 202, description = "with `async`: the job is recorded", body = api::ScaleState),
        (status = 409, description = "the id names another job, or there are results already", body = api::Problem),
        (status = 422, description = "the request has errors, or the job failed", body = api::Problem),
        (status = 503, description = "the object store cannot be used", body = api::Problem)))]
async fn submit_scale_job(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, ApiError> {
    let is_async = scale::asks_async(query.as_deref()).map_err(|fault| {
        ApiError::bad_parameter("async", &fault.message, fault.hint.as_deref().unwrap_or_default())
    })?;
    let job = app.submit_scale_job(&body).await?;
    if is_async {
        return Ok(told(job));
    }
    let job = app.scale_job_ended(&job.id).await?;
    match job.state {
        ScaleState::Failed(failure) => Err(ApiError::job_failed(&failure)),
        ScaleState::Cancelled => Err(ApiError::job_cancelled(&job.job_id)),
        _ => Ok(told(job)),
    }
}

/// Where a job stands: its answer when it has ended well.
#[utoipa::path(get, path = "/submit-job/{user}/{job_id}", operation_id = "get_scale_job", tag = "scale",
    params(("user" = String, Path, description = "the first part of its `s3_path`"), ("job_id" = String, Path, description = "its `job_id`")),
    responses((status = 200, description = "it has ended", body = api::ScaleAnswer), (status = 202, description = "it has not ended", body = api::ScaleState),
        (status = 404, body = api::Problem)))]
async fn get_scale_job(
    State(app): State<App>,
    Path((user, job_id)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    Ok(told(app.scale_job(&user, &job_id).await?))
}

/// End a job and the run that it is at.
#[utoipa::path(delete, path = "/submit-job/{user}/{job_id}", operation_id = "cancel_scale_job", tag = "scale",
    params(("user" = String, Path, description = "the first part of its `s3_path`"), ("job_id" = String, Path, description = "its `job_id`")),
    responses((status = 202, description = "it is asked to end", body = api::ScaleState), (status = 404, body = api::Problem),
        (status = 409, description = "it has ended", body = api::Problem)))]
async fn cancel_scale_job(
    State(app): State<App>,
    Path((user, job_id)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let id = app.scale_job(&user, &job_id).await?.id;
    Ok(told(app.cancel_scale_job(&id).await?))
}

/// Measure a job on several numbers of executors with files of the server's machine.
#[utoipa::path(post, path = "/api/scale", operation_id = "measure_scale", tag = "scale",
    request_body = api::MeasureScale,
    responses((status = 202, body = api::ScaleState), (status = 422, body = api::Problem)))]
async fn measure_scale(
    State(app): State<App>,
    Body(request): Body<api::MeasureScale>,
) -> Result<Response, ApiError> {
    let submission = match (request.request, request.job) {
        (Some(body), None) => {
            ScaleSubmission::Request { body: body.to_string().into_bytes(), data: request.data }
        }
        (None, Some(job)) => ScaleSubmission::Spec {
            submission: Box::new(convert::submission(job)),
            nodes: request.nodes,
            repeats: request.repeats.unwrap_or(3).max(1),
            warm_up: request.warm_up.unwrap_or(1),
        },
        _ => {
            let detail = "give either `request` or `job`".to_owned();
            return Err(ApiError::unreadable(StatusCode::UNPROCESSABLE_ENTITY, detail));
        }
    };
    Ok(told(app.submit_scale(submission).await?))
}

/// Where such a job stands: its answer when it has ended well.
#[utoipa::path(get, path = "/api/scale/{id}", operation_id = "get_scale", tag = "scale",
    params(("id" = String, Path, description = "the last part of its `href`")),
    responses((status = 200, description = "it has ended", body = api::ScaleAnswer), (status = 202, description = "it has not ended", body = api::ScaleState),
        (status = 404, body = api::Problem)))]
async fn get_scale(State(app): State<App>, Path(id): Path<String>) -> Result<Response, ApiError> {
    Ok(told(app.scale_job_by_id(&id).await?))
}

/// End such a job and the run that it is at.
#[utoipa::path(delete, path = "/api/scale/{id}", operation_id = "cancel_scale", tag = "scale",
    params(("id" = String, Path, description = "the last part of its `href`")),
    responses((status = 202, description = "it is asked to end", body = api::ScaleState), (status = 404, body = api::Problem),
        (status = 409, description = "it has ended", body = api::Problem)))]
async fn cancel_scale(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    Ok(told(app.cancel_scale_job(&id).await?))
}

/// A job as people see it: 202 as long as there is something to wait for.
fn told(job: ScaleJobView) -> Response {
    let status = match &job.state {
        ScaleState::Queued | ScaleState::Running => StatusCode::ACCEPTED,
        ScaleState::Succeeded(answer) => return Json(answer.clone()).into_response(),
        ScaleState::Failed(_) | ScaleState::Cancelled => StatusCode::OK,
    };
    (status, Json(convert::scale_state(job))).into_response()
}
