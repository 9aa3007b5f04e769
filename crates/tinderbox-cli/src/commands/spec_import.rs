//! `tinderbox spec import`: what ran, as a graph in the words of specs.

use super::spark_application;
use crate::args::{Format, Outgoing, Place};
use crate::failure::Failure;
use crate::output::{self, Side};
use crate::session::Session;
use crate::sources;
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use tinderbox_api::SqlExecution;
use tinderbox_collect::Location;
use tinderbox_model as model;
use tinderbox_spec::{GraphNode, JobGraph, observed_graph, without_passwords};

/// Prints the plan of one SQL execution of a run, or of an event log, as a graph to look at.
pub async fn import(
    place: &Place,
    target: &str,
    execution: Option<i64>,
    format: Format,
) -> Result<ExitCode, Failure> {
    if let Some(manifest) = spark_application::manifest(Path::new(target)) {
        return spark_application::import(&manifest, format);
    }
    let mut executions = executions(place, target).await?;
    for one in &mut executions {
        one.description = without_passwords(&one.description);
    }
    let chosen = chosen(&executions, target, execution)?;
    let graph = observed_graph(&chosen.description, &plan(chosen), &chosen.physical_plan);
    match format {
        Format::Json => output::json(&to_json(&graph, chosen, &executions)),
        Format::Table => {
            output::data(&nodes(&graph));
            let number = chosen.execution_id;
            output::note(&format!(
                "execution {number} of {target}: what ran, to look at; it is no spec"
            ));
            if !graph.is_final {
                output::note("note: its last plan is not known; this is the one it began with");
            }
            if executions.len() > 1 {
                output::note("\n`--execution N` shows another one:");
                output::note(&list(&executions));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Of an event log, which needs no data directory, or of a run.
async fn executions(place: &Place, target: &str) -> Result<Vec<SqlExecution>, Failure> {
    if Path::new(target).exists() || target.contains(std::path::MAIN_SEPARATOR) {
        let location = Location::parse(target, &sources::access(&Outgoing::default()))?;
        let application = tinderbox_collect::read(&location, &mut |_| {})?;
        if let Some(reason) = gap(&application.completeness) {
            output::note(&format!("note: {reason}: plans may be missing, and rows too few"));
        }
        return Ok(application.sql.iter().map(SqlExecution::from).collect());
    }
    let session = Session::open(place).await?;
    let list = session.client.list_operators(target).await;
    session.close().await;
    Ok(list?.executions)
}

/// What keeps a log from telling all about its plans.
fn gap(completeness: &model::Completeness) -> Option<String> {
    if let Some(reason) = &completeness.truncated {
        return Some(reason.clone());
    }
    if completeness.bad_lines > 0 {
        return Some(format!("{} lines of the event log cannot be read", completeness.bad_lines));
    }
    (!completeness.ended).then(|| "the event log ends before the application does".to_owned())
}

/// The one with this number, else of those that took longest the first.
fn chosen<'e>(
    executions: &'e [SqlExecution],
    target: &str,
    execution: Option<i64>,
) -> Result<&'e SqlExecution, Failure> {
    let mut with_plan = executions.iter().filter(|one| !one.operators.is_empty());
    let found = match execution {
        Some(number) => with_plan.clone().find(|one| one.execution_id == number),
        None => with_plan.clone().rev().max_by_key(|one| one.duration_ms.unwrap_or(0)),
    };
    found.ok_or_else(|| {
        let message = match execution {
            Some(number) => format!("{target} has no SQL execution {number} with a plan"),
            None => format!("{target} has no SQL execution with a plan"),
        };
        let hint = match with_plan.next() {
            Some(_) => format!("its executions:\n{}", list(executions)),
            None => "only jobs that use DataFrames or SQL have plans".to_owned(),
        };
        Failure::refused(message, Some(hint))
    })
}

/// Executions to choose from, at most so many: those that took longest.
const LISTED: usize = 20;

fn list(executions: &[SqlExecution]) -> String {
    let mut shown: Vec<&SqlExecution> = executions.iter().collect();
    shown.sort_by_key(|one| std::cmp::Reverse(one.duration_ms.unwrap_or(0)));
    shown.truncate(LISTED);
    shown.sort_by_key(|one| one.execution_id);
    let head = [
        ("N", Side::Right),
        ("STATUS", Side::Left),
        ("MS", Side::Right),
        ("OPERATORS", Side::Right),
        ("WHAT", Side::Left),
    ];
    let row = |one: &&SqlExecution| {
        vec![
            one.execution_id.to_string(),
            one.status.clone(),
            one.duration_ms.map(|ms| ms.to_string()).unwrap_or_default(),
            one.operators.len().to_string(),
            cut(&one.description.replace('\n', ", "), 80),
        ]
    };
    let mut text = output::table(&head, &shown.iter().map(row).collect::<Vec<_>>());
    if executions.len() > shown.len() {
        let others = executions.len() - shown.len();
        text.push_str(&format!("and {others} shorter ones: `--format json` lists all\n"));
    }
    text
}

/// The plan as far as a graph needs it.
fn plan(execution: &SqlExecution) -> model::PlanGraph {
    let metric = |metric: &tinderbox_api::OperatorMetric| model::SqlMetric {
        name: metric.name.clone(),
        kind: model::SqlMetricKind::Other,
        accumulator: model::AccumulatorId(0),
        value: metric.value,
        spread: None,
    };
    model::PlanGraph {
        nodes: execution
            .operators
            .iter()
            .map(|operator| model::PlanNode {
                id: model::PlanNodeId(operator.operator_id),
                name: operator.name.clone(),
                description: operator.description.clone(),
                codegen_stage: operator.codegen_stage,
                metrics: operator.metrics.iter().map(metric).collect(),
                stages: Vec::new(),
            })
            .collect(),
        edges: execution
            .edges
            .iter()
            .map(|edge| model::PlanEdge {
                from: model::PlanNodeId(edge.from),
                to: model::PlanNodeId(edge.to),
            })
            .collect(),
    }
}

fn to_json(graph: &JobGraph, chosen: &SqlExecution, executions: &[SqlExecution]) -> Value {
    let mut graph = graph.to_json();
    graph["execution"] = json!(chosen.execution_id);
    graph["executions"] = executions
        .iter()
        .map(|one| {
            json!({
                "execution": one.execution_id,
                "description": one.description,
                "status": one.status,
                "duration_ms": one.duration_ms,
                "operators": one.operators.len(),
            })
        })
        .collect();
    graph
}

fn nodes(graph: &JobGraph) -> String {
    let head = [
        ("NODE", Side::Left),
        ("OPERATOR", Side::Left),
        ("READS", Side::Left),
        ("ROWS", Side::Right),
        ("WHAT", Side::Left),
    ];
    let row = |node: &GraphNode| {
        let operator = node.operator.strip_prefix("Execute ").unwrap_or(&node.operator);
        // Subqueries in brackets: their rows do not flow on.
        let subqueries = node.subqueries.iter().map(|id| format!("({id})"));
        let reads: Vec<String> = node.inputs.iter().cloned().chain(subqueries).collect();
        vec![
            node.id.clone(),
            cut(operator, 34),
            cut(&reads.join(", "), 60),
            node.rows.map(|rows| rows.to_string()).unwrap_or_default(),
            cut(&node.label, 90),
        ]
    };
    output::table(&head, &graph.nodes.iter().map(row).collect::<Vec<_>>())
}

fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
