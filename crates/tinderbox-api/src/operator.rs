//! SQL executions and the operators of their plans.

use crate::application::spark_word;
use crate::rfc3339;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tinderbox_model as model;
use utoipa::ToSchema;

/// The SQL executions of a run with their operators.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OperatorList {
    /// The run.
    pub job_id: String,
    /// Executions by id.
    pub executions: Vec<SqlExecution>,
}

/// One SQL execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SqlExecution {
    /// Spark's id.
    pub execution_id: i64,
    /// The call site or the user's description.
    pub description: String,
    /// `RUNNING`, `COMPLETED` or `FAILED`.
    pub status: String,
    /// When it began.
    pub submission_time: String,
    /// Wall time.
    pub duration_ms: Option<u64>,
    /// Why it failed.
    pub error_message: Option<String>,
    /// Its Spark jobs.
    pub spark_job_ids: Vec<i64>,
    /// Operators of the final plan.
    pub operators: Vec<Operator>,
    /// Edges from producer to consumer.
    pub edges: Vec<OperatorEdge>,
    /// The plan as Spark prints it.
    pub physical_plan: String,
}

/// An operator of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Operator {
    /// Number in the plan.
    pub operator_id: i64,
    /// For example `SortMergeJoin`.
    pub name: String,
    /// Spark's one-line description.
    pub description: String,
    /// Whole-stage code generation block.
    pub codegen_stage: Option<i64>,
    /// Stages whose tasks updated its metrics.
    pub stage_ids: Vec<i64>,
    /// Operators whose output it reads.
    pub input_ids: Vec<i64>,
    /// Operators that read its output.
    pub output_ids: Vec<i64>,
    /// What its metrics tell, by role.
    pub figures: OperatorFigures,
    /// Its metrics.
    pub metrics: Vec<OperatorMetric>,
}

/// What an operator's metrics tell, whatever Spark calls them. `null` where it has no such metric or nothing was
/// reported; several metrics of one role are added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct OperatorFigures {
    /// Rows that it gives on, or wrote.
    pub output_rows: Option<u64>,
    /// Rows that it reads.
    pub input_rows: Option<u64>,
    /// Bytes that it gives on, or wrote.
    pub output_bytes: Option<u64>,
    /// Bytes that it reads.
    pub input_bytes: Option<u64>,
    /// Time in it, over all tasks.
    pub time_ms: Option<u64>,
    /// Spilled.
    pub spill_bytes: Option<u64>,
    /// Peaks of its memory, over all tasks.
    pub memory_bytes: Option<u64>,
}

impl From<&model::PlanNode> for OperatorFigures {
    fn from(node: &model::PlanNode) -> Self {
        let mut figures = Self::default();
        for metric in &node.metrics {
            let (Some(role), Some(value)) = (model::MetricRole::of(metric), metric.role_value())
            else {
                continue;
            };
            let sum = match role {
                model::MetricRole::OutputRows => &mut figures.output_rows,
                model::MetricRole::InputRows => &mut figures.input_rows,
                model::MetricRole::OutputBytes => &mut figures.output_bytes,
                model::MetricRole::InputBytes => &mut figures.input_bytes,
                model::MetricRole::Time => &mut figures.time_ms,
                model::MetricRole::Spill => &mut figures.spill_bytes,
                model::MetricRole::Memory => &mut figures.memory_bytes,
            };
            *sum = Some(sum.unwrap_or(0).saturating_add(value));
        }
        figures
    }
}

/// A metric of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperatorMetric {
    /// Spark's name.
    pub name: String,
    /// Unit: `count`, `bytes`, `ms`, `ns`, `tenths` or `unknown`.
    pub unit: String,
    /// The sum over tasks; `null` when nothing was reported.
    pub value: Option<u64>,
}

/// An edge of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperatorEdge {
    /// Producer.
    pub from: i64,
    /// Consumer.
    pub to: i64,
}

impl From<&model::SqlExecution> for SqlExecution {
    fn from(execution: &model::SqlExecution) -> Self {
        Self {
            execution_id: execution.id.0,
            description: execution.description.clone(),
            status: spark_word(execution.status),
            submission_time: rfc3339(execution.submission_time),
            duration_ms: execution.duration().map(|d| d.0),
            error_message: execution.error_message.clone(),
            spark_job_ids: execution.jobs.iter().map(|id| id.0).collect(),
            operators: operators(&execution.plan),
            edges: execution
                .plan
                .edges
                .iter()
                .map(|edge| OperatorEdge { from: edge.from.0, to: edge.to.0 })
                .collect(),
            physical_plan: execution.physical_plan.clone(),
        }
    }
}

fn operators(plan: &model::PlanGraph) -> Vec<Operator> {
    let (mut inputs, mut outputs) = (HashMap::new(), HashMap::new());
    for edge in &plan.edges {
        inputs.entry(edge.to).or_insert_with(Vec::new).push(edge.from.0);
        outputs.entry(edge.from).or_insert_with(Vec::new).push(edge.to.0);
    }
    let nodes = plan.nodes.iter();
    nodes
        .map(|node| {
            let inputs = inputs.remove(&node.id).unwrap_or_default();
            Operator::new(node, inputs, outputs.remove(&node.id).unwrap_or_default())
        })
        .collect()
}

impl Operator {
    fn new(node: &model::PlanNode, input_ids: Vec<i64>, output_ids: Vec<i64>) -> Self {
        Self {
            input_ids,
            output_ids,
            figures: node.into(),
            operator_id: node.id.0,
            name: node.name.clone(),
            description: node.description.clone(),
            codegen_stage: node.codegen_stage,
            stage_ids: node.stages.iter().map(|id| id.0).collect(),
            metrics: node
                .metrics
                .iter()
                .map(|metric| OperatorMetric {
                    name: metric.name.clone(),
                    unit: unit_of(metric.kind).to_owned(),
                    value: metric.value,
                })
                .collect(),
        }
    }
}

fn unit_of(kind: model::SqlMetricKind) -> &'static str {
    match kind {
        model::SqlMetricKind::Sum => "count",
        model::SqlMetricKind::Size => "bytes",
        model::SqlMetricKind::Timing => "ms",
        model::SqlMetricKind::NsTiming => "ns",
        model::SqlMetricKind::Average => "tenths",
        model::SqlMetricKind::Other => "unknown",
    }
}
