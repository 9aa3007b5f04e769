use super::{
    AdaptiveExecutionUpdate, AdaptiveMetricUpdates, ApplicationEnd, ApplicationStart,
    BlockManagerAdded, BlockUpdated, ConnectOperationEvent, ConnectOperationStarted,
    ConnectSessionEvent, DriverAccumUpdates, EnvironmentUpdate, Exclusion, ExclusionKind,
    ExecutorAdded, ExecutorMetricsUpdate, ExecutorRemoved, JobEnd, JobStart, LogStart,
    ProcessAdded, ResourceProfileAdded, SqlExecutionEnd, SqlExecutionStart, StageCompleted,
    StageExecutorMetrics, StageSubmitted, StreamingIdle, StreamingProgressEvent, StreamingStarted,
    StreamingTerminated, TaskEnd, TaskStart, UnpersistRdd, event_name, scan, short_name,
};
use serde::{Deserialize, Serialize};

/// Reads a line and writes what is kept of it in the form of Spark's `JsonProtocol`, without a line end. Folding the
/// result gives the same application and the same tasks as folding the line.
///
/// Of a task's accumulables those are left out that repeat its metrics. Environments are written as they are, not
/// redacted. `None` for lines and events that cannot be read or are not known.
pub fn rewrite_line(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.trim_ascii();
    let name = &*event_name(line)?;
    match short_name(name) {
        "TaskEnd" => match scan::task_end(line) {
            Some(event) => write(name, &event),
            None => copy::<TaskEnd<'_>>(name, line),
        },
        "TaskStart" => match scan::task_start(line) {
            Some(event) => write(name, &event),
            None => copy::<TaskStart<'_>>(name, line),
        },
        "StageSubmitted" => copy::<StageSubmitted<'_>>(name, line),
        "StageCompleted" => copy::<StageCompleted<'_>>(name, line),
        "JobStart" => copy::<JobStart<'_>>(name, line),
        "JobEnd" => copy::<JobEnd<'_>>(name, line),
        "ExecutorAdded" => copy::<ExecutorAdded<'_>>(name, line),
        "ExecutorRemoved" => copy::<ExecutorRemoved<'_>>(name, line),
        "BlockManagerAdded" => copy::<BlockManagerAdded<'_>>(name, line),
        "StageExecutorMetrics" => copy::<StageExecutorMetrics<'_>>(name, line),
        "ExecutorMetricsUpdate" => copy::<ExecutorMetricsUpdate<'_>>(name, line),
        "BlockUpdated" => copy::<BlockUpdated<'_>>(name, line),
        "UnpersistRDD" => copy::<UnpersistRdd>(name, line),
        "LogStart" => copy::<LogStart<'_>>(name, line),
        "ApplicationStart" => copy::<ApplicationStart<'_>>(name, line),
        "ApplicationEnd" => copy::<ApplicationEnd>(name, line),
        "EnvironmentUpdate" => copy::<EnvironmentUpdate<'_>>(name, line),
        "ResourceProfileAdded" => copy::<ResourceProfileAdded>(name, line),
        "MiscellaneousProcessAdded" => copy::<ProcessAdded>(name, line),
        "SQLExecutionStart" => copy::<SqlExecutionStart<'_>>(name, line),
        "SQLAdaptiveExecutionUpdate" => copy::<AdaptiveExecutionUpdate<'_>>(name, line),
        "SQLAdaptiveSQLMetricUpdates" => copy::<AdaptiveMetricUpdates<'_>>(name, line),
        "SQLExecutionEnd" => copy::<SqlExecutionEnd<'_>>(name, line),
        "DriverAccumUpdates" => copy::<DriverAccumUpdates>(name, line),
        "QueryStartedEvent" => copy::<StreamingStarted>(name, line),
        "QueryProgressEvent" => copy::<StreamingProgressEvent>(name, line),
        "QueryIdleEvent" => copy::<StreamingIdle>(name, line),
        "QueryTerminatedEvent" => copy::<StreamingTerminated>(name, line),
        "ConnectSessionStarted" | "ConnectSessionClosed" => copy::<ConnectSessionEvent>(name, line),
        "ConnectOperationStarted" => copy::<ConnectOperationStarted>(name, line),
        other if other.starts_with("ConnectOperation") => copy::<ConnectOperationEvent>(name, line),
        other if ExclusionKind::of(other).is_some() => copy::<Exclusion<'_>>(name, line),
        _ => None,
    }
}

fn copy<'l, T: Deserialize<'l> + Serialize>(name: &str, line: &'l [u8]) -> Option<Vec<u8>> {
    write(name, &serde_json::from_slice::<T>(line).ok()?)
}

fn write(name: &str, event: &impl Serialize) -> Option<Vec<u8>> {
    #[derive(Serialize)]
    struct Named<'e, E> {
        #[serde(rename = "Event")]
        name: &'e str,
        #[serde(flatten)]
        event: &'e E,
    }
    serde_json::to_vec(&Named { name, event }).ok()
}
