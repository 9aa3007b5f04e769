//! `…/sql`.

use super::date::Date;
use super::sql_metric;
use super::{Shape, View};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use tinderbox_model::{
    JobId, JobStatus, Millis, PlanNode, PlanNodeId, SqlExecution, SqlExecutionId, SqlStatus,
};

/// What an answer about executions has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqlDetails {
    /// Nodes and edges.
    pub nodes: bool,
    /// The plan as text.
    pub plan: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExecutionData<'a> {
    id: SqlExecutionId,
    status: SqlStatus,
    description: &'a str,
    plan_description: &'a str,
    submission_time: Date,
    duration: Millis,
    running_job_ids: Vec<JobId>,
    success_job_ids: Vec<JobId>,
    failed_job_ids: Vec<JobId>,
    nodes: Vec<Node<'a>>,
    edges: Vec<Edge>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root_execution_id: Option<SqlExecutionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_configs: Option<&'a BTreeMap<String, String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Node<'a> {
    node_id: PlanNodeId,
    node_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    whole_stage_codegen_id: Option<i64>,
    metrics: Vec<Metric<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    desc: Option<&'a str>,
}

#[derive(Serialize)]
struct Metric<'a> {
    name: &'a str,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Edge {
    from_id: PlanNodeId,
    to_id: PlanNodeId,
}

/// The jobs of an execution that are in this state.
pub(super) fn jobs_in(execution: &SqlExecution, state: JobStatus) -> Vec<JobId> {
    let in_state = execution.job_states.iter().filter(|(_, of)| **of == state);
    in_state.map(|(job, _)| *job).collect()
}

/// Up to now for one that runs.
pub(super) fn duration(view: View<'_>, execution: &SqlExecution) -> Millis {
    execution.completion_time.unwrap_or(view.now).since(execution.submission_time)
}

fn data<'a>(view: View<'a>, execution: &'a SqlExecution, has: SqlDetails) -> ExecutionData<'a> {
    let (mut nodes, edges) = if has.nodes { graph(view, execution) } else { (vec![], vec![]) };
    nodes.sort_by_key(|node| std::cmp::Reverse(node.node_id));
    ExecutionData {
        id: execution.id,
        status: execution.status,
        description: &execution.description,
        plan_description: if has.plan { &execution.physical_plan } else { "" },
        submission_time: Date(execution.submission_time),
        duration: duration(view, execution),
        running_job_ids: jobs_in(execution, JobStatus::Running),
        success_job_ids: jobs_in(execution, JobStatus::Succeeded),
        failed_job_ids: jobs_in(execution, JobStatus::Failed),
        nodes,
        edges,
        query_id: view.shape.v4(|| execution.query_id.as_deref()).flatten(),
        error_message: view.shape.v4(|| execution.error_message.as_deref()).flatten(),
        root_execution_id: view.shape.v4(|| execution.root),
        modified_configs: view.shape.v4(|| &execution.modified_configs),
    }
}

/// Nodes and edges. A server of Spark 3.5 does not know what 4.x calls a result stage, and shows it as a node between
/// an adaptive plan that is final and what is below; all nodes behind it have other numbers there.
fn graph<'a>(view: View<'a>, execution: &'a SqlExecution) -> (Vec<Node<'a>>, Vec<Edge>) {
    let plan = &execution.plan;
    let has_stages = view.shape == Shape::V35 && execution.physical_plan.contains(RESULT_STAGE);
    let (mut nodes, mut numbers) = (Vec::new(), HashMap::new());
    for of in &plan.nodes {
        let id = PlanNodeId(i64::try_from(nodes.len()).unwrap_or(i64::MAX));
        numbers.insert(of.id, id);
        nodes.push(Node { node_id: id, ..node(view.shape, of) });
        if has_stages && is_final(of) {
            nodes.push(Node {
                node_id: PlanNodeId(id.0 + 1),
                node_name: RESULT_STAGE,
                whole_stage_codegen_id: None,
                metrics: Vec::new(),
                desc: None,
            });
        }
    }
    let number = |id: &PlanNodeId| numbers.get(id).copied().unwrap_or(*id);
    let mut edges = Vec::new();
    for edge in &plan.edges {
        let (from_id, to_id) = (number(&edge.from), number(&edge.to));
        let below = plan.nodes.iter().find(|node| node.id == edge.to);
        if has_stages && below.is_some_and(is_final) {
            let stage = PlanNodeId(to_id.0 + 1);
            edges.push(Edge { from_id: stage, to_id });
            edges.push(Edge { from_id, to_id: stage });
        } else {
            edges.push(Edge { from_id, to_id });
        }
    }
    (nodes, edges)
}

const RESULT_STAGE: &str = "ResultQueryStage";

fn is_final(node: &PlanNode) -> bool {
    node.name == "AdaptiveSparkPlan" && node.description.contains("isFinalPlan=true")
}

fn node(shape: Shape, node: &PlanNode) -> Node<'_> {
    let name = node.name.trim();
    let is_block = name.starts_with("WholeStageCodegen");
    let metrics = node.metrics.iter().filter_map(|metric| {
        Some(Metric { name: metric.name.trim(), value: sql_metric::text(metric)? })
    });
    Node {
        node_id: node.id,
        node_name: name,
        whole_stage_codegen_id: node.codegen_stage.filter(|_| !is_block),
        metrics: metrics.collect(),
        desc: shape.v4(|| node.description.as_str()),
    }
}

/// A page of the executions, the first one first. A negative offset counts as none. In the 4.x shape a length below
/// one means all, from the first on.
pub fn executions(
    view: View<'_>,
    offset: i32,
    length: i32,
    has: SqlDetails,
) -> impl Serialize + '_ {
    let mut executions: Vec<&SqlExecution> = view.application.sql.iter().collect();
    executions.sort_by_key(|execution| execution.id);
    let (skip, take) = if view.shape == Shape::V4 && length <= 0 {
        (0, usize::MAX)
    } else {
        (usize::try_from(offset).unwrap_or(0), usize::try_from(length).unwrap_or(0))
    };
    let page = executions.into_iter().skip(skip).take(take);
    page.map(|execution| data(view, execution, has)).collect::<Vec<_>>()
}

/// One execution.
pub fn execution(
    view: View<'_>,
    id: SqlExecutionId,
    has: SqlDetails,
) -> Option<impl Serialize + '_> {
    let execution = view.application.sql.iter().find(|execution| execution.id == id)?;
    Some(data(view, execution, has))
}
