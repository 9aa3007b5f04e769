//! Tinderbox's words as plain data.
//!
//! Typed ids, units, the life of a run, and a Spark application as the fold of its events leaves it.
//!
//! Invariants: no IO, no clock, no threads. Nothing here knows a file format, a database or HTTP;
//! the serde derives exist so that the detail file (`tinderbox-table`) and the advice report can
//! carry these values without a second set of structs, and both of those carry a version number.

mod application;
mod connect;
mod distribution;
mod error_class;
mod executor_metrics;
mod ids;
mod metric_role;
mod patch;
mod run;
mod spark_conf;
mod spark_version;
mod sql;
mod stage;
mod storage;
mod streaming;
mod task;
mod units;

pub use application::{
    Application, Completeness, Environment, Executor, ExecutorResource, ExecutorResourceRequest,
    ExecutorStatus, Job, JobStatus, Process, ResourceProfile, StageCounts, StorageMemory,
};
pub use connect::{ConnectOperation, ConnectSession};
pub use distribution::Distribution;
pub use error_class::{ErrorClass, Fault, Retry};
pub use executor_metrics::{ExecutorMetric, PeakMemory};
pub use ids::{
    AccumulatorId, ApplicationId, AttemptNumber, ExecutorId, FindingId, JobId, NodeId, PlanNodeId,
    RunId, SharedText, SqlExecutionId, StageAttemptId, StageId, TaskId, WorkspaceId,
};
pub use metric_role::MetricRole;
pub use patch::Patch;
pub use run::{IllegalMove, Origin, RunState, RunTotals};
pub use spark_conf::{ConfKey, ConfType, conf_key, parse_bytes, parse_duration};
pub use spark_version::SparkVersion;
pub use sql::{
    MetricSpread, PlanEdge, PlanGraph, PlanNode, SqlExecution, SqlMetric, SqlMetricKind, SqlStatus,
};
pub use stage::{
    ExecutorStage, FailureGroup, Stage, StageDistributions, StageStatus, TaskBrief, TaskCounts,
};
pub use storage::{RddDistribution, RddHeaps, RddPartition, RddStorage};
pub use streaming::{StreamingBatch, StreamingQuery, StreamingSource};
pub use task::{Accumulable, Task, TaskMetrics, TaskStatus};
pub use units::{Bytes, Millis, Nanos, TimestampMs};
