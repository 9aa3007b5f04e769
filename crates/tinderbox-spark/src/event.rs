//! Events as Spark's `JsonProtocol` writes them, reduced to the fields that are used. Unknown fields are
//! ignored; text is borrowed from the line wherever it holds no escapes.

mod application;
mod connect;
mod executor;
mod job;
mod pairs;
pub(crate) mod scan;
mod sql;
mod storage;
mod streaming;
mod task;
mod task_metrics;
mod text;
mod write;

pub(crate) use application::{
    ApplicationEnd, ApplicationStart, EnvironmentUpdate, LogStart, ProcessAdded,
    ResourceProfileAdded,
};
pub(crate) use connect::{ConnectOperationEvent, ConnectOperationStarted, ConnectSessionEvent};
pub(crate) use executor::{
    BlockManagerAdded, Exclusion, ExclusionKind, ExecutorAdded, ExecutorMetrics,
    ExecutorMetricsUpdate, ExecutorRemoved, StageExecutorMetrics,
};
pub(crate) use job::{
    Accumulable, JobEnd, JobStart, RddInfo, StageCompleted, StageInfo, StageSubmitted,
};
pub(crate) use pairs::Pairs;
pub(crate) use sql::{
    AdaptiveExecutionUpdate, AdaptiveMetricUpdates, DriverAccumUpdates, PlanInfo, SqlExecutionEnd,
    SqlExecutionStart,
};
pub(crate) use storage::{BlockInfo, BlockUpdated, StorageLevel, UnpersistRdd};
pub(crate) use streaming::{
    StateOperator, StreamingIdle, StreamingProgress, StreamingProgressEvent, StreamingStarted,
    StreamingTerminated,
};
pub(crate) use task::{EndReason, ExecutorPeaks, NO_ATTEMPT, TaskEnd, TaskStart};
pub(crate) use text::Text;
pub use write::rewrite_line;

use serde::Deserialize;
use std::borrow::Cow;

/// The name of the event on a line: the bare name for Spark's core (`SparkListenerTaskEnd`), the full class
/// name for everything else. `None` when the line is no JSON object with an `Event` of text.
pub fn event_name(line: &[u8]) -> Option<Cow<'_, str>> {
    if let Some(name) = leading_name(line) {
        return Some(Cow::Borrowed(name));
    }
    // Re-written logs may order keys otherwise or add spaces.
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(rename = "Event", borrow)]
        event: Cow<'a, str>,
    }
    serde_json::from_slice::<Named<'_>>(line).ok().map(|named| named.event)
}

/// Spark writes `"Event"` first and without spaces; so the name is found without parsing the line.
fn leading_name(line: &[u8]) -> Option<&str> {
    let rest = line.strip_prefix(br#"{"Event":""#)?;
    let name = &rest[..rest.iter().position(|&byte| byte == b'"')?];
    if name.contains(&b'\\') { None } else { std::str::from_utf8(name).ok() }
}

/// The name without package and `SparkListener`. Which events Spark writes with their package differs by version.
pub(crate) fn short_name(name: &str) -> &str {
    let name = name.strip_prefix("org.apache.spark.").map_or(name, |rest| {
        const PACKAGES: [&str; 4] = [
            "scheduler.",
            "sql.execution.ui.",
            "sql.connect.service.",
            "sql.streaming.StreamingQueryListener$",
        ];
        PACKAGES.iter().find_map(|package| rest.strip_prefix(package)).unwrap_or(rest)
    });
    name.strip_prefix("SparkListener").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::event_name;

    #[test]
    fn event_name_is_found_however_the_line_is_written() {
        for line in [
            r#"{"Event":"SparkListenerLogStart","Spark Version":"3.5.8"}"#,
            r#"{ "Spark Version" : "3.5.8", "Event" : "SparkListenerLogStart" }"#,
            r#"{"Event":"Spark\u004cistenerLogStart"}"#,
        ] {
            assert_eq!(event_name(line.as_bytes()).as_deref(), Some("SparkListenerLogStart"));
        }
        for line in ["", "[]", "{}", r#"{"Event":7}"#, "2026-01-01 INFO SparkContext: Running"] {
            assert_eq!(event_name(line.as_bytes()), None, "{line}");
        }
    }
}
