//! `/applications`, `/version`.

use super::Shape;
use super::date::Date;
use serde::Serialize;
use tinderbox_model::TimestampMs;

/// An attempt of an application as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Spark's attempt id (YARN cluster mode).
    pub id: Option<String>,
    /// The application's name.
    pub name: String,
    /// Start; -1 when its event is missing.
    pub start: TimestampMs,
    /// End; `None` while it runs.
    pub end: Option<TimestampMs>,
    /// Time of change of its log; of a running one the time of the scan.
    pub last_updated: TimestampMs,
    /// The user.
    pub user: String,
    /// Spark's version; empty when the log does not tell.
    pub spark_version: String,
    /// Exit code, written from Spark 4.0 on.
    pub exit_code: Option<i64>,
    /// The directory that its log is in, as a URL.
    pub log_directory: String,
}

/// An application with its attempts (Spark: `ApplicationInfo`). Serializes as Spark's answer.
#[derive(Debug, Serialize)]
pub struct ApplicationInfo<'a> {
    id: &'a str,
    name: &'a str,
    attempts: Vec<AttemptInfo<'a>>,
}

impl<'a> ApplicationInfo<'a> {
    /// Of attempts, the newest first; the name is the newest one's.
    pub fn new(id: &'a str, attempts: &'a [Attempt], shape: Shape) -> Self {
        Self {
            id,
            name: attempts.first().map_or("", |attempt| attempt.name.as_str()),
            attempts: attempts.iter().map(|attempt| AttemptInfo::new(attempt, shape)).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AttemptInfo<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt_id: Option<&'a str>,
    start_time: Date,
    end_time: Date,
    last_updated: Date,
    duration: i64,
    spark_user: &'a str,
    completed: bool,
    app_spark_version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_source_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_source_full_path: Option<&'a str>,
    start_time_epoch: TimestampMs,
    end_time_epoch: TimestampMs,
    last_updated_epoch: TimestampMs,
}

impl<'a> AttemptInfo<'a> {
    fn new(attempt: &'a Attempt, shape: Shape) -> Self {
        let end = attempt.end.unwrap_or(TimestampMs(-1));
        Self {
            attempt_id: attempt.id.as_deref(),
            start_time: Date(attempt.start),
            end_time: Date(end),
            last_updated: Date(attempt.last_updated),
            duration: attempt.end.map_or(0, |end| end.0.saturating_sub(attempt.start.0).max(0)),
            spark_user: &attempt.user,
            completed: attempt.end.is_some(),
            app_spark_version: &attempt.spark_version,
            exit_code: shape.v4(|| attempt.exit_code).flatten(),
            log_source_name: shape.v4(|| attempt.log_directory.as_str()),
            log_source_full_path: shape.v4(|| attempt.log_directory.as_str()),
            start_time_epoch: attempt.start,
            end_time_epoch: end,
            last_updated_epoch: attempt.last_updated,
        }
    }
}

impl Attempt {
    /// This attempt alone, as `/applications/{app}/{attempt}` answers it.
    pub fn answer(&self, shape: Shape) -> impl Serialize + '_ {
        AttemptInfo::new(self, shape)
    }
}

/// The dates that `/applications` is filtered by, each within its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateRange {
    /// Earliest start.
    pub min_start: TimestampMs,
    /// Latest start.
    pub max_start: TimestampMs,
    /// Earliest end of one that has ended.
    pub min_end: TimestampMs,
    /// Latest end of one that has ended; when it is past, running ones are left out.
    pub max_end: TimestampMs,
}

impl Default for DateRange {
    /// From 2010-01-01 to 3000-01-01.
    fn default() -> Self {
        let (first, last) = (TimestampMs(1_262_304_000_000), TimestampMs(32_503_680_000_000));
        Self { min_start: first, max_start: last, min_end: first, max_end: last }
    }
}

impl DateRange {
    /// Whether an application is in the range: any of its attempts is. It runs when its newest attempt does.
    pub fn holds(&self, attempts: &[Attempt], now: TimestampMs) -> bool {
        let runs = attempts.first().is_none_or(|attempt| attempt.end.is_none());
        attempts.iter().any(|attempt| {
            let end = attempt.end.unwrap_or(TimestampMs(-1));
            let is_end_in = if runs {
                self.max_end > now
            } else {
                (self.min_end..=self.max_end).contains(&end)
            };
            (self.min_start..=self.max_start).contains(&attempt.start) && is_end_in
        })
    }
}

/// What `/version` answers.
#[derive(Debug, Serialize)]
pub struct Version {
    spark: &'static str,
}

impl Version {
    /// Of a shape.
    pub fn of(shape: Shape) -> Self {
        Self { spark: shape.version() }
    }
}
