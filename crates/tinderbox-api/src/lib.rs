//! Our HTTP contract: the bodies of `/api/*` with their schemas, the problem body, and a small client.
//!
//! Invariants: no axum here, no SQL, no file access. Field names carry their unit (`_ms`, `_bytes`); times are
//! RFC 3339 in UTC. A body here is what `schemas/openapi.json` promises; changing one changes that file.

mod application;
mod client;
mod job;
mod live;
mod problem;
mod report;
mod time;

pub use application::{
    ErrorList, Executor, ExecutorList, JobError, Operator, OperatorEdge, OperatorList,
    OperatorMetric, Quantiles, SparkJob, SparkJobList, SqlExecution, Stage, StageList, TaskList,
    TaskRow, Timeline, TimelineStage, TimelineTasks,
};
pub use client::{Client, Error};
pub use job::{
    AppliedPatch, Attempt, CollectFailure, CollectRequest, CollectResult, Job, JobDetail, JobList,
    LogPage, Pagination, Server, SpecSource, SubmitJob, SubmittedJob,
};
pub use live::{JobProgress, StageProgress};
pub use problem::Problem;
pub use report::{
    Advice, Amount, Comparison, ComparisonRow, Effect, Evidence, Finding, PatchBody, Report,
    Subject, Withheld,
};
pub use time::rfc3339;
