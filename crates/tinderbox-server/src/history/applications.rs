//! `/applications`.

use super::answer::{Answer, Refusal};
use super::parameters::Parameters;
use super::{HistoryOptions, now};
use tinderbox_app::rest::{ApplicationInfo, DateRange, Shape};
use tinderbox_app::{App, HistoryEntry};

/// The list.
pub async fn list(app: &App, shape: Shape, parameters: &Parameters) -> Result<Answer, Refusal> {
    let statuses = parameters.words("status", &[("completed", true), ("running", false)])?;
    let range = DateRange::default();
    let range = DateRange {
        min_start: parameters.date("minDate", range.min_start)?,
        max_start: parameters.date("maxDate", range.max_start)?,
        min_end: parameters.date("minEndDate", range.min_end)?,
        max_end: parameters.date("maxEndDate", range.max_end)?,
    };
    let limit = parameters.int("limit", i32::MAX)?;
    let (list, now) = (app.history_list().await?, now());
    let fits = |entry: &&HistoryEntry| {
        let is_completed = entry.attempts().first().is_some_and(|attempt| attempt.end.is_some());
        statuses.holds(|completed| *completed == is_completed) && range.holds(entry.attempts(), now)
    };
    let found = list.entries().iter().filter(fits).take(usize::try_from(limit).unwrap_or(0));
    let infos: Vec<_> =
        found.map(|entry| ApplicationInfo::new(entry.id(), entry.attempts(), shape)).collect();
    Answer::json(&infos)
}

/// One application.
pub async fn one(app: &App, options: HistoryOptions, id: &str) -> Result<Answer, Refusal> {
    let list = app.history_list().await?;
    let unknown = || Refusal::not_found(&format!("unknown app: {id}"));
    let entry = list.find(id).ok_or_else(unknown)?;
    let shape = options.shape.unwrap_or_else(|| shape_of(entry));
    Answer::json(&ApplicationInfo::new(entry.id(), entry.attempts(), shape))
}

/// One attempt.
pub async fn attempt(
    app: &App,
    options: HistoryOptions,
    id: &str,
    attempt: &str,
) -> Result<Answer, Refusal> {
    let list = app.history_list().await?;
    let unknown = || Refusal::not_found(&format!("unknown app {id}, attempt {attempt}"));
    let entry = list.find(id).ok_or_else(unknown)?;
    let (found, _) = entry.attempt(Some(attempt)).ok_or_else(unknown)?;
    let shape = options.shape.unwrap_or_else(|| shape_of(entry));
    Answer::json(&found.answer(shape))
}

/// By the version of the newest attempt.
pub fn shape_of(entry: &HistoryEntry) -> Shape {
    let newest = entry.attempts().first();
    Shape::of_version(newest.map_or("", |attempt| attempt.spark_version.as_str()))
}
