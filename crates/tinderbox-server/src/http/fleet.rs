//! `/api/stats`, `/api/search`, `/api/history/prune`, `/api/database/check`: many runs at once.

use crate::convert;
use crate::extract::{Body, Query};
use crate::problem::ApiError;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use std::time::Duration;
use tinderbox_api as api;
use tinderbox_app::model::{Bytes, TimestampMs, WorkspaceId};
use tinderbox_app::{App, Dimension, Retention, StatsGroup, StatsQuery};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_stats))
        .routes(routes!(search_jobs))
        .routes(routes!(prune_history))
        .routes(routes!(check_database))
}

/// Which runs, and how they are divided. Of `user`, `name`, `job_type` and `spark_version` one can be given, and only
/// grouped by itself: counters are kept by one of them at a time.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct StatsParameters {
    /// Runs that started at this time or later, rounded down to the hour: RFC 3339, a date, or milliseconds since 1970.
    from: Option<String>,
    /// Runs that started before this time, rounded up to the hour.
    to: Option<String>,
    /// `hour`, `day` (both UTC), `user`, `name`, `workspace`, `job_type` or `spark_version`; one row when left out.
    group_by: Option<String>,
    /// Only this workspace; grouped by workspace all, otherwise `default` when left out.
    workspace: Option<String>,
    /// Only this user.
    user: Option<String>,
    /// Only this name.
    name: Option<String>,
    /// Only this type.
    job_type: Option<String>,
    /// Only this version of Spark.
    spark_version: Option<String>,
    /// Rows wanted, 1 to 10,000; 100 when left out, 1,000 for hours and days.
    limit: Option<u64>,
}

impl StatsParameters {
    fn into_query(self) -> Result<StatsQuery, ApiError> {
        let group = match self.group_by.as_deref() {
            None | Some("") => StatsGroup::Nothing,
            Some("hour") => StatsGroup::Hour,
            Some("day") => StatsGroup::Day,
            Some("workspace") => StatsGroup::Workspace,
            Some(word) => Dimension::ALL
                .into_iter()
                .find(|dimension| dimension.as_str() == word)
                .map(StatsGroup::Dimension)
                .ok_or_else(|| {
                    let hint = "use hour, day, user, name, workspace, job_type or spark_version";
                    ApiError::bad_parameter("group_by", word, hint)
                })?,
        };
        let values = [self.user, self.name, self.job_type, self.spark_version];
        let mut given: Vec<(Dimension, String)> = Dimension::ALL
            .into_iter()
            .zip(values)
            .filter_map(|(dimension, value)| Some((dimension, value?)))
            .collect();
        if let [_, (second, value), ..] = given.as_slice() {
            let hint = "give one of user, name, job_type and spark_version";
            return Err(ApiError::bad_parameter(second.as_str(), value, hint));
        }
        let is_time = matches!(group, StatsGroup::Hour | StatsGroup::Day);
        let limit = self.limit.unwrap_or(if is_time { 1_000 } else { 100 });
        if !(1..=10_000).contains(&limit) {
            return Err(ApiError::bad_parameter("limit", &limit.to_string(), "use 1 to 10000"));
        }
        let workspace = match (self.workspace, group) {
            (Some(workspace), _) => Some(WorkspaceId::new(workspace)),
            (None, StatsGroup::Workspace) => None,
            (None, _) => Some(WorkspaceId::default()),
        };
        Ok(StatsQuery {
            workspace,
            from: time("from", self.from)?,
            to: time("to", self.to)?,
            only: given.pop(),
            group,
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        })
    }
}

pub(super) fn time(name: &str, text: Option<String>) -> Result<Option<TimestampMs>, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let hint = "write it as 2026-11-20, 2026-11-20T18:00:00Z or milliseconds since 1970";
    api::parse_time(&text).map(Some).ok_or_else(|| ApiError::bad_parameter(name, &text, hint))
}

/// Counts, success rate, durations, data and waste over many runs, from counters alone: a million runs answer as fast as ten.
#[utoipa::path(get, path = "/api/stats", operation_id = "get_stats", tag = "fleet", params(StatsParameters),
    responses((status = 200, body = api::Stats), (status = 400, body = api::Problem), (status = 422, body = api::Problem)))]
async fn get_stats(
    State(app): State<App>,
    Query(parameters): Query<StatsParameters>,
) -> Result<Json<api::Stats>, ApiError> {
    let query = parameters.into_query()?;
    let (rows, num_groups) = app.stats(&query).await?;
    let all = app.overview().await?;
    Ok(Json(convert::stats(&query, (&rows, num_groups), all, app.time())))
}

/// What to search for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SearchParameters {
    /// Words, spaces between, or the beginning of a run's id. Every word must be the beginning of a word of the run's
    /// name, user, application id, or first line of its error; case is ignored.
    q: String,
    /// Runs wanted, 1 to 100; 20 when left out.
    limit: Option<u64>,
}

/// Runs by their words.
#[utoipa::path(get, path = "/api/search", operation_id = "search_jobs", tag = "fleet", params(SearchParameters),
    responses((status = 200, body = api::SearchResult), (status = 400, body = api::Problem)))]
async fn search_jobs(
    State(app): State<App>,
    Query(parameters): Query<SearchParameters>,
) -> Result<Json<api::SearchResult>, ApiError> {
    let limit = parameters.limit.unwrap_or(20);
    if !(1..=100).contains(&limit) {
        return Err(ApiError::bad_parameter("limit", &limit.to_string(), "use 1 to 100"));
    }
    let found = app.search(&parameters.q, limit).await?;
    Ok(Json(api::SearchResult { results: found.iter().map(convert::found_job).collect() }))
}

/// Remove runs that are too old or whose files are too many, the oldest first. Runs that have not ended stay; statistics go on counting what is removed.
#[utoipa::path(post, path = "/api/history/prune", operation_id = "prune_history", tag = "fleet",
    request_body = api::PruneRequest, responses((status = 200, body = api::PruneResult)))]
async fn prune_history(
    State(app): State<App>,
    Body(request): Body<api::PruneRequest>,
) -> Result<Json<api::PruneResult>, ApiError> {
    let retention = Retention {
        age: request.older_than_ms.map(Duration::from_millis),
        size: request.max_size_bytes.map(Bytes),
    };
    let pruned = app.prune(retention, request.dry_run).await?;
    Ok(Json(convert::pruned(&pruned, request.dry_run)))
}

/// Compare counters and statistics with the runs that they count. Reads every run.
#[utoipa::path(post, path = "/api/database/check", operation_id = "check_database", tag = "fleet",
    request_body = api::CheckRequest, responses((status = 200, body = api::CheckResult)))]
async fn check_database(
    State(app): State<App>,
    Body(request): Body<api::CheckRequest>,
) -> Result<Json<api::CheckResult>, ApiError> {
    let mut check = app.check_database(request.repair).await?;
    let num_differences = check.differences.len() as u64;
    check.differences.truncate(1_000);
    let (differences, repaired) = (check.differences, check.repaired);
    Ok(Json(api::CheckResult { differences, num_differences, repaired }))
}
