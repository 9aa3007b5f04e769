//! `/api/jobs`: runs in lists and alone, submission, cancellation, log and spec.

use crate::convert;
use crate::extract::{Body, Path, Query};
use crate::http::fleet::time;
use crate::problem::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use tinderbox_api as api;
use tinderbox_app::{App, JobListKey, JobListQuery, model};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_jobs, submit_job))
        .routes(routes!(get_job))
        .routes(routes!(cancel_job))
        .routes(routes!(read_log))
        .routes(routes!(search_log))
        .routes(routes!(list_executor_logs))
        .routes(routes!(list_expectations))
        .routes(routes!(get_spec))
        .routes(routes!(list_executed))
        .routes(routes!(get_executed_plan))
}

/// Filters, order and page of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// States, commas between: `running,failed`. All when left out.
    #[param(required = false)]
    state: String,
    /// Statuses, commas between: `COMPLETED,FAILED`. All when left out, or `ALL`.
    #[param(required = false)]
    status: String,
    /// `batch`, `streaming` or `application`, or a type of a data set.
    job_type: Option<String>,
    /// Engine or profile.
    engine: Option<String>,
    /// Part of the name, case ignored; of jobs of data sets also of the id.
    search: Option<String>,
    /// Started (runs: recorded) at this time or later: RFC 3339, a date, or milliseconds since 1970.
    since: Option<String>,
    /// Started (runs: recorded) before this time.
    until: Option<String>,
    /// What to sort by, the most important first, commas between: `created_time` (default) or any other figure, time or
    /// text of a job. A minus in front of one: largest first.
    sort_by: Option<String>,
    /// Of those without a minus: `desc` (default) or `asc`.
    sort_order: Option<String>,
    /// `next_cursor` of the page before, which must have had the same filters and order.
    cursor: Option<String>,
    /// Rows wanted, 1 to 500; 50 when left out.
    limit: Option<u64>,
    /// Rows to skip.
    offset: Option<u64>,
}

/// What SQL can count to.
const MAX_OFFSET: u64 = i64::MAX as u64;

/// Most columns of an order.
const MAX_KEYS: usize = 4;

impl ListQuery {
    fn into_query(self) -> Result<JobListQuery, ApiError> {
        let words = |text: &str| {
            text.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let states = words(&self.state)
            .iter()
            .map(|word| {
                model::RunState::parse(word).ok_or_else(|| {
                    let known = model::RunState::ALL.map(model::RunState::as_str).join(", ");
                    ApiError::bad_parameter("state", word, &format!("use any of {known}"))
                })
            })
            .collect::<Result<_, _>>()?;
        let mut statuses = words(&self.status.to_uppercase());
        if statuses.iter().any(|word| word == "ALL") {
            statuses.clear();
        }
        let descending = match self.sort_order.as_deref() {
            None | Some("desc") => true,
            Some("asc") => false,
            Some(other) => {
                return Err(ApiError::bad_parameter("sort_order", other, "use asc or desc"));
            }
        };
        let sort = self
            .sort_by
            .as_deref()
            .filter(|text| !text.is_empty())
            .unwrap_or("created_time")
            .split(',')
            .map(|word| {
                let (name, descending) = match word.strip_prefix('-') {
                    Some(name) => (name, true),
                    None => (word, descending),
                };
                JobListKey::parse(name).map(|key| (key, descending)).ok_or_else(|| {
                    let known = JobListKey::names().collect::<Vec<_>>().join(", ");
                    ApiError::bad_parameter("sort_by", word, &format!("use {known}"))
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        if sort.len() > MAX_KEYS {
            let given = self.sort_by.unwrap_or_default();
            return Err(ApiError::bad_parameter("sort_by", &given, "sort by at most four"));
        }
        let limit = self.limit.unwrap_or(50);
        if !(1..=500).contains(&limit) {
            return Err(ApiError::bad_parameter("limit", &limit.to_string(), "use 1 to 500"));
        }
        let offset = self.offset.unwrap_or(0);
        if offset > MAX_OFFSET {
            return Err(ApiError::bad_parameter("offset", &offset.to_string(), "skip fewer rows"));
        }
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(JobListQuery {
            states,
            statuses,
            job_type: given(self.job_type),
            engine: given(self.engine),
            search: given(self.search),
            since: time("since", self.since)?,
            until: time("until", self.until)?,
            sort,
            after: given(self.cursor),
            offset,
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        })
    }
}

/// Runs and jobs of data sets, newest first unless asked otherwise.
#[utoipa::path(get, path = "/api/jobs", operation_id = "list_jobs", tag = "jobs", params(ListQuery),
    responses((status = 200, body = api::JobList), (status = 400, body = api::Problem)))]
async fn list_jobs(
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<api::JobList>, ApiError> {
    let query = query.into_query()?;
    let (limit, offset) = (query.limit as u64, query.offset);
    let page = app.jobs(&query).await?;
    let jobs: Vec<_> = page.jobs.iter().map(convert::listed_job).collect();
    let has_more = page.next.is_some();
    let pagination = api::Pagination { total: page.total, limit, offset, has_more };
    Ok(Json(api::JobList { jobs, pagination, next_cursor: page.next }))
}

/// Ask for a run of a spec.
#[utoipa::path(post, path = "/api/jobs", operation_id = "submit_job", tag = "jobs",
    request_body = api::SubmitJob,
    responses((status = 201, body = api::SubmittedJob), (status = 200, description = "the idempotency key was seen before", body = api::SubmittedJob),
        (status = 422, body = api::Problem)))]
async fn submit_job(
    State(app): State<App>,
    Body(request): Body<api::SubmitJob>,
) -> Result<(StatusCode, Json<api::SubmittedJob>), ApiError> {
    let submitted = app.submit(convert::submission(request)).await?;
    let status = if submitted.existed { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(convert::submitted(&submitted))))
}

/// One run. The id may be shortened to a unique beginning or end, or be `latest`.
#[utoipa::path(get, path = "/api/jobs/{job_id}", operation_id = "get_job", tag = "jobs",
    params(("job_id" = String, Path, description = "the run")),
    responses((status = 200, body = api::JobDetail), (status = 404, body = api::Problem)))]
async fn get_job(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<api::JobDetail>, ApiError> {
    if let Some(job) = app.imported_job(&id).await? {
        return Ok(Json(convert::imported_detail(&job)));
    }
    Ok(Json(convert::job_detail(&app.run_detail(&id).await?)))
}

/// Ask for the end of a run. It ends when Spark has stopped.
#[utoipa::path(post, path = "/api/jobs/{job_id}/cancel", operation_id = "cancel_job", tag = "jobs",
    params(("job_id" = String, Path, description = "the run")),
    responses((status = 202, body = api::Job), (status = 404, body = api::Problem), (status = 409, body = api::Problem)))]
async fn cancel_job(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<api::Job>), ApiError> {
    Ok((StatusCode::ACCEPTED, Json(convert::job(&app.cancel(&id).await?))))
}

/// Which part of which log.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LogQuery {
    /// An executor's id; without one it is the driver's log.
    #[param(required = false)]
    executor: Option<String>,
    /// First byte; negative counts from the end.
    #[serde(default)]
    offset: i64,
    /// Bytes wanted, at most 1 MiB.
    #[serde(default = "default_log_limit")]
    #[param(required = false)]
    limit: u64,
}

fn default_log_limit() -> u64 {
    256 << 10
}

/// A part of the log of the driver or an executor.
#[utoipa::path(get, path = "/api/jobs/{job_id}/log", operation_id = "read_log", tag = "jobs",
    params(("job_id" = String, Path, description = "the run"), LogQuery),
    responses((status = 200, body = api::LogPage), (status = 404, body = api::Problem)))]
async fn read_log(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<LogQuery>,
) -> Result<Json<api::LogPage>, ApiError> {
    let page =
        app.log(&id, &query.executor.into(), query.offset, query.limit.clamp(1, 1 << 20)).await?;
    Ok(Json(api::LogPage {
        text: page.text,
        offset: page.offset,
        next_offset: page.next_offset,
        size: page.size,
        complete: page.complete,
    }))
}

/// What is looked for in which log.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LogSearch {
    /// An executor's id; without one it is the driver's log.
    #[param(required = false)]
    executor: Option<String>,
    /// The text; upper and lower case are alike.
    text: String,
    /// First byte.
    #[serde(default)]
    #[param(required = false)]
    offset: u64,
    /// Lines wanted, at most 1,000.
    #[serde(default = "default_lines")]
    #[param(required = false)]
    limit: usize,
}

fn default_lines() -> usize {
    200
}

/// Lines of the log of the driver or an executor with a text in them.
#[utoipa::path(get, path = "/api/jobs/{job_id}/log/search", operation_id = "search_log", tag = "jobs",
    params(("job_id" = String, Path, description = "the run"), LogSearch),
    responses((status = 200, body = api::LogMatches), (status = 404, body = api::Problem)))]
async fn search_log(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<LogSearch>,
) -> Result<Json<api::LogMatches>, ApiError> {
    let part = (query.offset, query.limit.clamp(1, 1_000));
    let of = query.executor.into();
    let (found, is_complete) = app.search_log(&id, &of, &query.text, part).await?;
    Ok(Json(convert::log_matches(found, is_complete)))
}

/// The executors that have a log of their own: those on clusters, once they have printed something.
#[utoipa::path(get, path = "/api/jobs/{job_id}/log/executors", operation_id = "list_executor_logs", tag = "jobs",
    params(("job_id" = String, Path, description = "the run")),
    responses((status = 200, body = api::ExecutorLogList), (status = 404, body = api::Problem)))]
async fn list_executor_logs(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<api::ExecutorLogList>, ApiError> {
    let executors = app.executor_logs(&id).await?.into_iter();
    let executors = executors.map(|(executor_id, size)| api::ExecutorLog { executor_id, size });
    Ok(Json(api::ExecutorLogList { executors: executors.collect() }))
}

/// What came of the expectations of the job's nodes.
#[utoipa::path(get, path = "/api/jobs/{job_id}/expectations", operation_id = "list_expectations", tag = "jobs",
    params(("job_id" = String, Path, description = "the run")),
    responses((status = 200, body = api::ExpectationList), (status = 404, body = api::Problem)))]
async fn list_expectations(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<api::ExpectationList>, ApiError> {
    let expectations = app.expectations(&id).await?;
    let expectations = expectations.into_iter().map(convert::expectation).collect();
    Ok(Json(api::ExpectationList { expectations }))
}

/// The spec as it was run and the PySpark that was submitted.
#[utoipa::path(get, path = "/api/jobs/{job_id}/spec", operation_id = "get_spec", tag = "jobs",
    params(("job_id" = String, Path, description = "the run")),
    responses((status = 200, body = api::SpecSource), (status = 404, body = api::Problem)))]
async fn get_spec(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<api::SpecSource>, ApiError> {
    let source = app.spec_source(&id).await?;
    Ok(Json(api::SpecSource { text: source.text, pyspark: source.pyspark }))
}

/// What a run on Sail has executed: the commands of Spark Connect, and what they compute.
#[utoipa::path(get, path = "/api/jobs/{job_id}/executed", operation_id = "list_executed", tag = "jobs",
    params(("job_id" = String, Path, description = "the run")),
    responses((status = 200, body = api::ExecutedJob), (status = 404, body = api::Problem)))]
async fn list_executed(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<api::ExecutedJob>, ApiError> {
    let executed = app.executed(&id).await?;
    let run = app.run(&id).await?.id;
    Ok(Json(convert::executed(run.as_str(), executed)))
}

/// One of these commands as it was sent.
#[utoipa::path(get, path = "/api/jobs/{job_id}/executed/{number}", operation_id = "get_executed_plan", tag = "jobs",
    params(("job_id" = String, Path, description = "the run"), ("number" = u32, Path, description = "from 1")),
    responses((status = 200, description = "`spark.connect.Plan` in protocol buffers", content_type = "application/x-protobuf"),
        (status = 404, body = api::Problem)))]
async fn get_executed_plan(
    State(app): State<App>,
    Path((id, number)): Path<(String, u32)>,
) -> Result<([(&'static str, &'static str); 1], Vec<u8>), ApiError> {
    let plan = app.executed_plan(&id, number).await?;
    Ok(([("content-type", "application/x-protobuf")], plan))
}
