//! The plan of a SQL execution as a graph in our words, to look at: what Spark adds for itself (exchanges, generated code,
//! adaptive execution, partial aggregates, sorts before merges) is folded into the node that it serves.
//!
//! Source of the operators and their descriptions: `org.apache.spark.sql.execution`, `simpleString` of the operators, of
//! Spark 3.1 to 4.3. A description that is not as expected leaves its parameters out, never the node.

mod describe;
mod folding;
mod join;
mod scan;
mod text;
mod write;

use crate::component::NodeKind;
use crate::job_graph::{GraphNode, JobGraph};
use crate::secrets;
use describe::{Role, described, role};
use folding::Folding;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use tinderbox_model::{PlanGraph, PlanNode};

/// The graph of a plan with this description; `physical_plan` is the plan as Spark prints it. Passwords in addresses and
/// options are not repeated.
pub fn observed_graph(name: &str, plan: &PlanGraph, physical_plan: &str) -> JobGraph {
    let plan = &with_arguments(plan, physical_plan);
    let folding = Folding::of(plan);
    let mut nodes = Vec::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut ids: BTreeMap<i64, String> = BTreeMap::new();
    for at in folding.order() {
        let (node, reads) = folding.node(at);
        let known = |list: &[i64]| -> Vec<String> {
            list.iter().filter_map(|id| ids.get(id).cloned()).collect()
        };
        let mut inputs = known(&reads.inputs);
        let subqueries = known(&reads.subqueries);
        let operators = folding.operators(at);
        let rows = rows_of(node, operators.iter().filter_map(|id| folding.operator(*id)));
        let seen = described(node);
        let last = seen.len().saturating_sub(1);
        for (place, one) in seen.into_iter().enumerate() {
            // Spark 4 draws an exchange that both sides read only once.
            if one.component == "join" && inputs.len() == 1 {
                inputs.extend_from_within(..);
            }
            // Rows of a data frame that was made of another one's: Spark 4 draws where they come from.
            let kind = match one.kind {
                NodeKind::Source if !inputs.is_empty() => NodeKind::Transformation,
                kind => kind,
            };
            let base = match kind {
                NodeKind::Transformation => one.component,
                kind => kind.as_str(),
            };
            let count = counts.entry(base.to_owned()).or_default();
            *count += 1;
            let id = format!("{base}_{count}");
            nodes.push(GraphNode {
                id: id.clone(),
                kind,
                component: one.component.to_owned(),
                operator: secrets::hidden(node.name.trim()),
                label: secrets::hidden(&one.label),
                parameters: without_secrets(one.parameters),
                inputs: std::mem::replace(&mut inputs, vec![id.clone()]),
                subqueries: if place == 0 { subqueries.clone() } else { Vec::new() },
                operators: operators.clone(),
                rows: rows.filter(|_| place == last),
            });
            ids.insert(at, id);
        }
    }
    JobGraph { name: secrets::hidden(name), is_final: is_final(plan), nodes }
}

/// Commands tell their arguments in the printed plan only, in its formatted form (`ExecutedCommandExec`):
/// `(2) SaveIntoDataSourceCommand` and below it `Arguments: …`.
fn with_arguments<'p>(plan: &'p PlanGraph, physical_plan: &str) -> Cow<'p, PlanGraph> {
    let mut plan = Cow::Borrowed(plan);
    for at in 0..plan.nodes.len() {
        let name = plan.nodes[at].name.trim();
        let Some(command) = name.strip_prefix("Execute ") else { continue };
        if plan.nodes[at].description.trim() != name {
            continue;
        }
        let (title, mut lines) = (format!(") {command}"), physical_plan.lines());
        let is_found = lines.any(|line| line.starts_with('(') && line.ends_with(&title));
        let arguments = lines.next().filter(|_| is_found);
        if let Some(arguments) = arguments.and_then(|line| line.strip_prefix("Arguments: ")) {
            let description = format!("{name} {arguments}");
            plan.to_mut().nodes[at].description = description;
        }
    }
    plan
}

/// Numbers go from the root down, so the first adaptive plan is the execution's own; others are of cached tables and subqueries.
fn is_final(plan: &PlanGraph) -> bool {
    let adaptive = plan.nodes.iter().filter(|node| node.name.trim() == "AdaptiveSparkPlan");
    adaptive
        .min_by_key(|node| node.id.0)
        .is_none_or(|node| !node.description.contains("isFinalPlan=false"))
}

/// The rows that came out: of the operator itself; of writes and repartitions, else of what is folded into them.
fn rows_of<'p>(node: &PlanNode, mut parts: impl Iterator<Item = &'p PlanNode>) -> Option<u64> {
    // Source: `SQLShuffleWriteMetricsReporter` and `BasicWriteJobStatsTracker`.
    const ROWS: &str = "number of output rows";
    const SHUFFLED: &str = "shuffle records written";
    let own = node.metric(ROWS);
    match role(node) {
        Role::Write => own.or_else(|| {
            parts.find(|part| part.name.trim() == "WriteFiles").and_then(|part| part.metric(ROWS))
        }),
        Role::Repartition => own.or_else(|| node.metric(SHUFFLED)),
        _ => own,
    }
}

fn without_secrets(parameters: Map<String, Value>) -> Map<String, Value> {
    parameters.into_iter().map(|(key, value)| (key, hidden(value))).collect()
}

fn hidden(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(secrets::hidden(&text)),
        Value::Array(items) => items.into_iter().map(hidden).collect(),
        Value::Object(map) => Value::Object(without_secrets(map)),
        other => other,
    }
}
