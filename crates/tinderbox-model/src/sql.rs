use crate::{
    AccumulatorId, JobId, JobStatus, Millis, PlanNodeId, SqlExecutionId, StageAttemptId, StageId,
    TaskId, TimestampMs,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One SQL execution: an action of a query with its final plan and metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SqlExecution {
    /// Spark's id.
    pub id: SqlExecutionId,
    /// The execution that this one is part of; itself when it is the root.
    pub root: SqlExecutionId,
    /// Short text: the call site or the user's job description.
    pub description: String,
    /// Long call site.
    pub details: String,
    /// The plan as Spark prints it; the last one when adaptive execution changed it.
    pub physical_plan: String,
    /// The plan as a graph; the last one when adaptive execution changed it.
    pub plan: PlanGraph,
    /// When it began.
    pub submission_time: TimestampMs,
    /// When it ended.
    pub completion_time: Option<TimestampMs>,
    /// Where it stands.
    pub status: SqlStatus,
    /// Spark's text when it failed.
    pub error_message: Option<String>,
    /// Its Spark jobs.
    pub jobs: Vec<JobId>,
    /// Its stages.
    pub stages: Vec<StageId>,
    /// State of each of its Spark jobs as far as its own events tell, by job.
    #[serde(default)]
    pub job_states: BTreeMap<JobId, JobStatus>,
    /// Configuration that the session had changed, by key; from Spark 3.4 on.
    #[serde(default)]
    pub modified_configs: BTreeMap<String, String>,
    /// Id of the query; from Spark 4.0 on.
    #[serde(default)]
    pub query_id: Option<String>,
    /// Job group; from Spark 4.0 on.
    #[serde(default)]
    pub job_group: Option<String>,
    /// Job tags, from Spark 4.0 on.
    #[serde(default)]
    pub job_tags: Vec<String>,
}

impl SqlExecution {
    /// A running execution that is known by its number only.
    pub fn new(id: SqlExecutionId) -> Self {
        Self {
            id,
            root: id,
            description: String::new(),
            details: String::new(),
            physical_plan: String::new(),
            plan: PlanGraph::default(),
            submission_time: TimestampMs::default(),
            completion_time: None,
            status: SqlStatus::Running,
            error_message: None,
            jobs: Vec::new(),
            stages: Vec::new(),
            job_states: BTreeMap::new(),
            modified_configs: BTreeMap::new(),
            query_id: None,
            job_group: None,
            job_tags: Vec::new(),
        }
    }

    /// Wall time; `None` while it runs.
    pub fn duration(&self) -> Option<Millis> {
        Some(self.completion_time?.since(self.submission_time))
    }
}

/// Spark's states of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SqlStatus {
    /// No end seen.
    Running,
    /// Ended well.
    Completed,
    /// Ended with an error, or one of its jobs failed.
    Failed,
}

/// A physical plan as nodes and edges. Data flows from `from` to `to`.
///
/// A block of generated code is a node of its own, named `WholeStageCodegen (n)`, with its metric and without
/// edges; its operators carry the same `codegen_stage`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PlanGraph {
    /// Nodes, ids as Spark's `SparkPlanGraph` gives them.
    pub nodes: Vec<PlanNode>,
    /// Edges from child (producer) to parent (consumer).
    pub edges: Vec<PlanEdge>,
}

/// One operator of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanNode {
    /// Number in the plan.
    pub id: PlanNodeId,
    /// Operator name, for example `SortMergeJoin`.
    pub name: String,
    /// Spark's one-line description (`simpleString`).
    pub description: String,
    /// The whole-stage code generation block it belongs to, as in `WholeStageCodegen (2)`.
    pub codegen_stage: Option<i64>,
    /// Its metrics.
    pub metrics: Vec<SqlMetric>,
    /// The stages whose tasks updated its metrics.
    pub stages: Vec<StageId>,
}

impl PlanNode {
    /// The value of the metric with Spark's name `name`, when it is known.
    pub fn metric(&self, name: &str) -> Option<u64> {
        self.metrics.iter().find(|m| m.name == name).and_then(|m| m.value)
    }
}

/// An edge of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanEdge {
    /// The producer.
    pub from: PlanNodeId,
    /// The consumer.
    pub to: PlanNodeId,
}

/// A metric of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqlMetric {
    /// Spark's name, for example `number of output rows`.
    pub name: String,
    /// What the number means.
    pub kind: SqlMetricKind,
    /// The accumulator behind it.
    pub accumulator: AccumulatorId,
    /// Sum over successful tasks plus driver updates; for [`SqlMetricKind::Average`] the mean over the tasks
    /// that reported more than zero. `None` when nothing was reported.
    pub value: Option<u64>,
    /// How the value spreads over tasks; `None` for sums and where nothing was reported.
    #[serde(default)]
    pub spread: Option<MetricSpread>,
}

/// How a SQL metric spreads over the tasks that reported it (`SQLMetrics.stringValue`). In the unit of the metric; tenths
/// for averages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricSpread {
    /// Sum over the tasks, driver updates included.
    pub sum: i64,
    /// Smallest value.
    pub min: i64,
    /// The value at `n / 2` of the sorted values.
    pub median: i64,
    /// Largest value.
    pub max: i64,
    /// The task with the largest value; `None` when the driver reported it.
    pub max_task: Option<(StageAttemptId, TaskId)>,
}

/// Spark's metric types (`org.apache.spark.sql.execution.metric.SQLMetrics`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SqlMetricKind {
    /// A plain sum.
    Sum,
    /// Bytes.
    Size,
    /// Milliseconds.
    Timing,
    /// Nanoseconds.
    NsTiming,
    /// Tenths: Spark stores averages times ten, per task.
    Average,
    /// A type that this version does not know.
    Other,
}
