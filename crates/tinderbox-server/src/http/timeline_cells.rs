//! `/api/jobs/{job_id}/timeline/cells`: when executors were busy, as binary columns.

use crate::convert;
use crate::extract::{Path, Query};
use crate::problem::ApiError;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::ops::Range;
use tinderbox_api as api;
use tinderbox_app::model::{Millis, TimestampMs};
use tinderbox_app::{App, CellQuery, blocking};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_timeline_cells))
}

/// Which cells.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct CellsParameters {
    /// From the bucket of this time on, in milliseconds since 1970.
    from: Option<i64>,
    /// Up to this time, not with it.
    to: Option<i64>,
    /// Width of a bucket in milliseconds, rounded up to a power of two; when left out the narrowest that shows the range
    /// in at most 2,048 buckets.
    res: Option<u64>,
    /// Lanes as `first..end`, without the end; all when left out.
    lanes: Option<String>,
    /// The revision of an earlier answer: while it is the current one, the answer may be kept for ever.
    revision: Option<String>,
}

/// When executors were busy: time, launches, ends, failures and the main stage of each executor and bucket. A million tasks cost what a thousand do.
#[utoipa::path(get, path = "/api/jobs/{job_id}/timeline/cells", operation_id = "get_timeline_cells", tag = "inside",
    params(("job_id" = String, Path, description = "the run; one that is over"), CellsParameters),
    responses((status = 200, content_type = "application/vnd.tinderbox.timeline", body = api::TimelineCells,
            description = "the head; its description says how the columns follow"),
        (status = 304, description = "as it was"),
        (status = 400, body = api::Problem), (status = 404, body = api::Problem)))]
async fn get_timeline_cells(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(parameters): Query<CellsParameters>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let lanes = lanes(parameters.lanes.as_deref())?;
    let query = CellQuery {
        from: parameters.from.map(TimestampMs),
        to: parameters.to.map(TimestampMs),
        bucket: parameters.res.map(Millis),
    };
    let found = app.timeline_cells(&id, query).await?;
    let tag = format!("\"{}\"", found.revision);
    let is_pinned = parameters.revision.as_ref() == Some(&found.revision);
    let keep = if is_pinned { "private, max-age=31536000, immutable" } else { "private, no-cache" };
    let caching = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, keep.to_owned())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let kind = [(header::CONTENT_TYPE, api::TimelineCells::MEDIA_TYPE)];
    let body = blocking(move || Ok(convert::timeline_cells(found, &lanes))).await?;
    Ok((kind, caching, body).into_response())
}

/// `a..b`; nothing is all.
fn lanes(text: Option<&str>) -> Result<Range<usize>, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(0..usize::MAX) };
    let range = text.split_once("..").and_then(|(from, to)| {
        let number = |text: &str, otherwise| match text {
            "" => Some(otherwise),
            text => text.parse().ok(),
        };
        Some(number(from, 0)?..number(to, usize::MAX)?)
    });
    range
        .filter(|range| range.start <= range.end)
        .ok_or_else(|| ApiError::bad_parameter("lanes", text, "write it as 0..100"))
}
