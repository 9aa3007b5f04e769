//! Our HTTP contract: the bodies of `/api/*` with their schemas, the problem body, and a small client.
//!
//! Invariants: no axum here, no SQL, no file access. Field names carry their unit (`_ms`, `_bytes`); times are
//! RFC 3339 in UTC. A body here is what `schemas/openapi.json` promises; changing one changes that file.

mod application;
mod client;
mod cluster;
mod data_set;
mod differences;
mod fleet;
mod job;
mod live;
mod operator;
mod problem;
mod report;
mod run;
mod scale;
mod streaming;
mod time;
mod timeline_cells;

pub use application::{
    ErrorCause, ErrorList, Executor, ExecutorList, JobError, Quantiles, SparkJob, SparkJobList,
    Stage, StageList, TaskList, TaskRow, Timeline, TimelineStage, TimelineTasks,
};
pub use client::{BatchAnswer, Client, Error};
pub use cluster::{ApplyCluster, Cluster, ClusterList, ClusterProbe};
pub use data_set::{
    DataSetOperator, ErrorCounts, Health, ImportRequest, ImportResult, JobTypes, Overview,
    Performance, RecentActivity, Refreshed, TypeCounts,
};
pub use differences::{
    ConfigurationDifference, Differences, OperatorDifference, OperatorSide, StageDifference,
    StageSide, TimeDifference, TimeFactors, TimePart,
};
pub use fleet::{
    CheckRequest, CheckResult, DurationStats, FoundJob, PruneRequest, PruneResult, PrunedJob,
    SearchMatch, SearchResult, Stats, StatsRow, Waste,
};
pub use job::{
    AppliedPatch, Attempt, CollectFailure, CollectRequest, CollectResult, CollectWarning,
    ExecutedCommand, ExecutedJob, ExecutorLog, ExecutorLogList, ExpectationList, ExpectationResult,
    Job, JobDetail, JobList, LogLine, LogMatches, LogPage, Pagination, Server, SpecSource,
    SubmitJob, SubmittedJob,
};
pub use live::{JobProgress, StageProgress};
pub use operator::{
    Operator, OperatorEdge, OperatorFigures, OperatorList, OperatorMetric, SqlExecution,
};
pub use problem::Problem;
pub use report::{
    Advice, Amount, Comparison, ComparisonRow, Effect, Evidence, Finding, PatchBody, Report,
    Subject, Withheld,
};
pub use run::SubmitRun;
pub use scale::{
    MeasureScale, PerformanceMetric, ScaleAnswer, ScaleConfig, ScaleData, ScaleError,
    ScaleProgress, ScaleRequest, ScaleRun, ScaleState,
};
pub use streaming::{
    StreamingBatch, StreamingBatchList, StreamingQuery, StreamingQueryList, StreamingSource,
};
pub use time::{parse_time, rfc3339};
pub use timeline_cells::{TimelineCells, TimelineColumn, TimelineExtent};
