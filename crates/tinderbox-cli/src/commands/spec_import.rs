//! `tinderbox spec import`: what ran, as a graph in the words of specs.

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
use tinderbox_spec::{JobGraph, observed_graph};

/// Prints the plan of one SQL execution of a run, or of an event log, as a graph to look at.
pub async fn import(
    place: &Place,
    target: &str,
    execution: Option<i64>,
    format: Format,
) -> Result<ExitCode, Failure> {
    let executions = executions(place, target).await?;
    let chosen = chosen(&executions, target, execution)?;
    let graph = observed_graph(&chosen.description, &plan(chosen));
    match format {
        Format::Json => output::json(&to_json(&graph, chosen, &executions)),
        Format::Table => {
            output::data(&table(&graph));
            let others = executions.len() - 1;
            let number = chosen.execution_id;
            output::note(&format!(
                "execution {number} of {target}, {} ms; {others} more: choose with --execution N",
                chosen.duration_ms.unwrap_or(0),
            ));
            output::note("note: this shows what ran; it is no spec, and cannot be compiled");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Of an event log, which needs no data directory, or of a run.
async fn executions(place: &Place, target: &str) -> Result<Vec<SqlExecution>, Failure> {
    if Path::new(target).exists() || target.contains(std::path::MAIN_SEPARATOR) {
        let location = Location::parse(target, &sources::access(&Outgoing::default()))?;
        let application = tinderbox_collect::read(&location, &mut |_| {})?;
        return Ok(application.sql_executions.iter().map(SqlExecution::from).collect());
    }
    let session = Session::open(place).await?;
    let list = session.client.list_operators(target).await;
    session.close().await;
    Ok(list?.executions)
}

/// The one with this number, else the one that took longest.
fn chosen<'e>(
    executions: &'e [SqlExecution],
    target: &str,
    execution: Option<i64>,
) -> Result<&'e SqlExecution, Failure> {
    let with_plan = || executions.iter().filter(|one| !one.operators.is_empty());
    let found = match execution {
        Some(number) => executions.iter().find(|one| one.execution_id == number),
        None => with_plan().max_by_key(|one| one.duration_ms.unwrap_or(0)),
    };
    found.ok_or_else(|| {
        let numbers: Vec<String> = with_plan().map(|one| one.execution_id.to_string()).collect();
        let hint = if numbers.is_empty() {
            "only jobs that use DataFrames or SQL have plans".to_owned()
        } else {
            format!("its executions: {}", numbers.join(", "))
        };
        let message = match execution {
            Some(number) => format!("{target} has no SQL execution {number}"),
            None => format!("{target} has no SQL execution with a plan"),
        };
        Failure::refused(message, Some(hint))
    })
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
                "duration_ms": one.duration_ms,
                "operators": one.operators.len(),
            })
        })
        .collect();
    graph
}

fn table(graph: &JobGraph) -> String {
    let head = [
        ("NODE", Side::Left),
        ("TYPE", Side::Left),
        ("READS", Side::Left),
        ("ROWS", Side::Right),
        ("WHAT", Side::Left),
    ];
    let rows: Vec<Vec<String>> = graph
        .nodes
        .iter()
        .map(|node| {
            let label: String = node.label.chars().take(90).collect();
            let cut = if label.len() < node.label.len() { "…" } else { "" };
            vec![
                node.id.clone(),
                node.component.clone(),
                node.inputs.join(", "),
                node.rows.map(|rows| rows.to_string()).unwrap_or_default(),
                format!("{label}{cut}"),
            ]
        })
        .collect();
    output::table(&head, &rows)
}
