//! `/api/jobs/{job_id}/…`: what happened inside a run.

use crate::convert;
use crate::extract::{Path, Query};
use crate::problem::ApiError;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use tinderbox_api as api;
use tinderbox_app::model::{StageAttemptId, StageId};
use tinderbox_app::{App, TaskQuery, TaskSortKey, blocking};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_stages))
        .routes(routes!(list_spark_jobs))
        .routes(routes!(list_executors))
        .routes(routes!(list_operators))
        .routes(routes!(list_errors))
        .routes(routes!(get_timeline))
        .routes(routes!(list_tasks))
}

/// Stage attempts with the sums of their tasks.
#[utoipa::path(get, path = "/api/jobs/{job_id}/stages", operation_id = "list_stages", tag = "inside",
    params(("job_id" = String, Path, description = "the run")),
    responses((status = 200, body = api::StageList), (status = 404, body = api::Problem)))]
async fn list_stages(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<api::StageList>, ApiError> {
    let (run, application) = app.application(&id).await?;
    let stages = application.stages.iter().map(api::Stage::from).collect();
    Ok(Json(api::StageList { job_id: run.to_string(), stages }))
}

/// Jobs in Spark's sense.
#[utoipa::path(get, path = "/api/jobs/{job_id}/spark-jobs", operation_id = "list_spark_jobs", tag = "inside",
    params(("job_id" = String, Path, description = "the run")),
    responses((status = 200, body = api::SparkJobList), (status = 404, body = api::Problem)))]
async fn list_spark_jobs(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<api::SparkJobList>, ApiError> {
    let (run, application) = app.application(&id).await?;
    let spark_jobs = application.jobs.iter().map(api::SparkJob::from).collect();
    Ok(Json(api::SparkJobList { job_id: run.to_string(), spark_jobs }))
}

/// Executors with their sums.
#[utoipa::path(get, path = "/api/jobs/{job_id}/executors", operation_id = "list_executors", tag = "inside",
    params(("job_id" = String, Path, description = "the run")),
    responses((status = 200, body = api::ExecutorList), (status = 404, body = api::Problem)))]
async fn list_executors(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<api::ExecutorList>, ApiError> {
    let (run, application) = app.application(&id).await?;
    let executors = application.executors.iter().map(api::Executor::from).collect();
    Ok(Json(api::ExecutorList { job_id: run.to_string(), executors }))
}

/// SQL executions with the operators of their final plans.
#[utoipa::path(get, path = "/api/jobs/{job_id}/operators", operation_id = "list_operators", tag = "inside",
    params(("job_id" = String, Path, description = "the run")),
    responses((status = 200, body = api::OperatorList), (status = 404, body = api::Problem)))]
async fn list_operators(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<api::OperatorList>, ApiError> {
    let (run, application) = app.application(&id).await?;
    let all = move || Ok(application.sql.iter().map(api::SqlExecution::from).collect());
    let executions = blocking(all).await?;
    Ok(Json(api::OperatorList { job_id: run.to_string(), executions }))
}

/// Errors of a run, the one that ended it first.
#[utoipa::path(get, path = "/api/jobs/{job_id}/errors", operation_id = "list_errors", tag = "inside",
    params(("job_id" = String, Path, description = "the run")),
    responses((status = 200, body = api::ErrorList), (status = 404, body = api::Problem)))]
async fn list_errors(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<api::ErrorList>, ApiError> {
    let (run, errors) = app.errors(&id).await?;
    let errors = errors.iter().map(convert::job_error).collect();
    Ok(Json(api::ErrorList { job_id: run.to_string(), errors }))
}

/// When stages and tasks ran.
#[utoipa::path(get, path = "/api/jobs/{job_id}/timeline", operation_id = "get_timeline", tag = "inside",
    params(("job_id" = String, Path, description = "the run")),
    responses((status = 200, body = api::Timeline), (status = 404, body = api::Problem)))]
async fn get_timeline(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<api::Timeline>, ApiError> {
    let (run, timeline) = app.timeline(&id).await?;
    Ok(Json(convert::timeline(&run, timeline)))
}

/// Which tasks, in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TasksQuery {
    /// Only this stage.
    stage_id: Option<i64>,
    /// Attempt of the stage; 0 when left out.
    attempt: Option<u32>,
    /// Only `SUCCESS`, `FAILED` or `KILLED`.
    status: Option<String>,
    /// `position` (default: stage, index), `duration_ms`, `executor_run_time_ms`, `gc_time_ms`, `shuffle_read_bytes`, `input_bytes` or `disk_spill_bytes`.
    sort_by: Option<String>,
    /// `asc` (default) or `desc`.
    sort_order: Option<String>,
    /// Rows wanted, 1 to 1,000; 20 when left out.
    limit: Option<u64>,
    /// Rows to skip.
    offset: Option<u64>,
}

/// Ended tasks.
#[utoipa::path(get, path = "/api/jobs/{job_id}/tasks", operation_id = "list_tasks", tag = "inside",
    params(("job_id" = String, Path, description = "the run"), TasksQuery),
    responses((status = 200, body = api::TaskList), (status = 400, body = api::Problem), (status = 404, body = api::Problem)))]
async fn list_tasks(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<TasksQuery>,
) -> Result<Json<api::TaskList>, ApiError> {
    let query = query.into_query()?;
    let (limit, offset) = (query.limit, query.offset);
    let page = app.tasks(&id, &query).await?;
    let tasks: Vec<_> = page.tasks.iter().map(api::TaskRow::from).collect();
    let has_more = offset + (tasks.len() as u64) < page.total;
    let pagination = api::Pagination { total: page.total, limit, offset, has_more };
    Ok(Json(api::TaskList { job_id: page.run.to_string(), tasks, pagination }))
}

impl TasksQuery {
    fn into_query(self) -> Result<TaskQuery, ApiError> {
        let sort_by = self.sort_by.as_deref().unwrap_or("position");
        let sort = TaskSortKey::parse(sort_by).ok_or_else(|| {
            let known = TaskSortKey::ALL.map(TaskSortKey::as_str).join(", ");
            ApiError::bad_parameter("sort_by", sort_by, &format!("use one of {known}"))
        })?;
        let descending = match self.sort_order.as_deref() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(other) => {
                return Err(ApiError::bad_parameter("sort_order", other, "use asc or desc"));
            }
        };
        let status = match self.status.as_deref() {
            None | Some("") => None,
            Some(word) => Some(convert::task_status(word).ok_or_else(|| {
                ApiError::bad_parameter("status", word, "use SUCCESS, FAILED or KILLED")
            })?),
        };
        let stage = self.stage_id.map(|stage| StageAttemptId {
            stage: StageId(stage),
            attempt: self.attempt.unwrap_or(0),
        });
        let limit = self.limit.unwrap_or(20);
        if !(1..=1_000).contains(&limit) {
            return Err(ApiError::bad_parameter("limit", &limit.to_string(), "use 1 to 1000"));
        }
        Ok(TaskQuery { stage, status, sort, descending, limit, offset: self.offset.unwrap_or(0) })
    }
}
