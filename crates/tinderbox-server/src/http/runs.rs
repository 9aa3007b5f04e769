//! `/api/runs`: programs that people have.

use crate::convert;
use crate::extract::Body;
use crate::problem::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use tinderbox_api as api;
use tinderbox_app::{App, ApplicationSubmission, model};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(submit_run))
}

/// Ask for a run of a Python program or a jar. It is a job like any other: see `/api/jobs`.
#[utoipa::path(post, path = "/api/runs", operation_id = "submit_run", tag = "jobs",
    request_body = api::SubmitRun,
    responses((status = 201, body = api::SubmittedJob), (status = 200, description = "the idempotency key was seen before", body = api::SubmittedJob),
        (status = 422, body = api::Problem)))]
async fn submit_run(
    State(app): State<App>,
    Body(request): Body<api::SubmitRun>,
) -> Result<(StatusCode, Json<api::SubmittedJob>), ApiError> {
    let on_cluster = match request.deploy_mode.as_deref() {
        None | Some("client") => false,
        Some("cluster") => true,
        Some(other) => {
            return Err(ApiError::bad_parameter("deploy_mode", other, "use client or cluster"));
        }
    };
    let submission = ApplicationSubmission {
        file: request.file,
        main_class: request.main_class,
        arguments: request.args,
        name: request.name,
        conf: request.conf,
        base_directory: request.base_directory.into(),
        engine: request.engine,
        master: request.master,
        on_cluster,
        timeout: request.timeout_ms.map(model::Millis),
        retries: request.retries,
        idempotency_key: request.idempotency_key,
    };
    let submitted = app.submit_application(submission).await?;
    let status = if submitted.existed { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(convert::submitted(&submitted))))
}
