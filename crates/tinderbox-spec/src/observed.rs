//! The plan of a SQL execution as a graph in our words, to look at: what Spark adds for itself (exchanges, generated code,
//! adaptive execution, partial aggregates, sorts before merges) is folded into the node that it serves.
//!
//! Source of the operators and their descriptions: `org.apache.spark.sql.execution`, `simpleString` of the operators, of
//! Spark 3.5 and 4. A description that is not as expected leaves its parameters out, never the node.

mod describe;
mod text;

use crate::component::NodeKind;
use crate::job_graph::{GraphNode, JobGraph};
use describe::{Seen, described};
use std::collections::{BTreeMap, BTreeSet};
use tinderbox_model::{PlanGraph, PlanNode};

/// The graph of a plan. It can be looked at and not compiled.
pub fn observed_graph(name: &str, plan: &PlanGraph) -> JobGraph {
    let folding = Folding::of(plan);
    let mut nodes = Vec::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut ids: BTreeMap<i64, String> = BTreeMap::new();
    for at in folding.order() {
        let node = folding.nodes[&at];
        let inputs: Vec<String> =
            folding.inputs(at).iter().filter_map(|input| ids.get(input).cloned()).collect();
        let operators = folding.operators(at);
        let rows = rows_of(node, &folding, &operators);
        let mut seen = described(node);
        if let Some(part) = folding.broadcast(at) {
            seen.last_mut().parameters.insert("broadcast".to_owned(), part.into());
        }
        let mut inputs = inputs;
        let last = seen.0.len().saturating_sub(1);
        for (place, one) in seen.0.into_iter().enumerate() {
            let base = match one.kind {
                NodeKind::Transformation => one.component.to_owned(),
                kind => kind.as_str().to_owned(),
            };
            let count = counts.entry(base.clone()).or_default();
            *count += 1;
            let id = format!("{base}_{count}");
            nodes.push(GraphNode {
                id: id.clone(),
                kind: one.kind,
                component: one.component.to_owned(),
                label: one.label,
                parameters: one.parameters,
                inputs: std::mem::replace(&mut inputs, vec![id.clone()]),
                operators: operators.clone(),
                rows: rows.filter(|_| place == last),
            });
            ids.insert(at, id);
        }
    }
    JobGraph { name: name.to_owned(), is_read_only: true, nodes }
}

/// The rows that came out: of the operator itself, else of one that is folded into it.
fn rows_of(node: &PlanNode, folding: &Folding<'_>, operators: &[i64]) -> Option<u64> {
    const ROWS: &str = "number of output rows";
    let folded = operators.iter().filter_map(|id| folding.all.get(id));
    node.metric(ROWS).or_else(|| {
        // A write has none of its own in some versions; an aggregate's partial rows are not its rows.
        let is_write = described(node).last().kind == NodeKind::Sink;
        is_write.then(|| folded.filter_map(|node| node.metric(ROWS)).next()).flatten()
    })
}

/// Which operators are nodes, and which belong to one that is.
struct Folding<'p> {
    all: BTreeMap<i64, &'p PlanNode>,
    /// Inputs by consumer, in the order of the plan.
    children: BTreeMap<i64, Vec<i64>>,
    parents: BTreeMap<i64, Vec<i64>>,
    nodes: BTreeMap<i64, &'p PlanNode>,
}

impl<'p> Folding<'p> {
    fn of(plan: &'p PlanGraph) -> Self {
        let all: BTreeMap<i64, &PlanNode> =
            plan.nodes.iter().map(|node| (node.id.0, node)).collect();
        let mut children: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        let mut parents: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for edge in &plan.edges {
            children.entry(edge.to.0).or_default().push(edge.from.0);
            parents.entry(edge.from.0).or_default().push(edge.to.0);
        }
        let mut folding = Self { all, children, parents, nodes: BTreeMap::new() };
        folding.nodes = folding
            .all
            .iter()
            .filter(|(id, node)| !folding.is_folded(**id, node))
            .map(|(id, node)| (*id, *node))
            .collect();
        folding
    }

    fn is_folded(&self, id: i64, node: &PlanNode) -> bool {
        if is_machinery(node) {
            return true;
        }
        let is_written = self.children.contains_key(&id) || self.parents.contains_key(&id);
        if node.name.starts_with("WholeStageCodegen") {
            // The block of generated code has no edges.
            return !is_written;
        }
        match describe::role(node) {
            // What consumes it needs the order, not the user.
            describe::Role::LocalSort => {
                self.consumers(id).iter().all(|consumer| {
                    matches!(
                        describe::role(self.all[consumer]),
                        describe::Role::NeedsOrder
                            | describe::Role::Write
                            | describe::Role::Aggregate
                    )
                }) && !self.consumers(id).is_empty()
            }
            describe::Role::Aggregate => self.consumers(id).iter().any(|consumer| {
                describe::role(self.all[consumer]) == describe::Role::Aggregate
                    && describe::is_part_of(node, self.all[consumer])
            }),
            describe::Role::Limit => self
                .consumers(id)
                .iter()
                .any(|consumer| describe::role(self.all[consumer]) == describe::Role::Limit),
            describe::Role::Pruning => {
                self.children.get(&id).is_some_and(|children| children.len() == 1)
            }
            _ => false,
        }
    }

    /// The operators that read this one, through machinery.
    fn consumers(&self, id: i64) -> Vec<i64> {
        let mut found = Vec::new();
        let mut open = self.parents.get(&id).cloned().unwrap_or_default();
        let mut seen = BTreeSet::new();
        while let Some(at) = open.pop() {
            if !seen.insert(at) {
                continue;
            }
            match self.all.get(&at) {
                Some(node)
                    if is_machinery(node) || describe::role(node) == describe::Role::LocalSort =>
                {
                    open.extend(self.parents.get(&at).into_iter().flatten());
                }
                Some(_) => found.push(at),
                None => {}
            }
        }
        found
    }

    /// The nodes that a node reads, through what is folded.
    fn inputs(&self, id: i64) -> Vec<i64> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let children = |id: i64| self.children.get(&id).into_iter().flatten().rev().copied();
        let mut open: Vec<i64> = children(id).collect();
        while let Some(at) = open.pop() {
            if !seen.insert(at) {
                continue;
            }
            if self.nodes.contains_key(&at) {
                found.push(at);
            } else {
                open.extend(children(at));
            }
        }
        found
    }

    /// The operator and what is folded into it: what it reads through, and machinery above a plan's last node.
    fn operators(&self, id: i64) -> Vec<i64> {
        let mut found = BTreeSet::from([id]);
        let mut open: Vec<i64> = self.children.get(&id).cloned().unwrap_or_default();
        while let Some(at) = open.pop() {
            if !self.nodes.contains_key(&at) && found.insert(at) {
                open.extend(self.children.get(&at).into_iter().flatten());
            }
        }
        if self.consumers(id).is_empty() {
            let mut open: Vec<i64> = self.parents.get(&id).cloned().unwrap_or_default();
            while let Some(at) = open.pop() {
                if found.insert(at) {
                    open.extend(self.parents.get(&at).into_iter().flatten());
                }
            }
        }
        found.into_iter().collect()
    }

    /// Which side of a join was broadcast.
    fn broadcast(&self, id: i64) -> Option<&'static str> {
        let node = self.nodes.get(&id)?;
        let is_broadcast = node.name.starts_with("Broadcast") && node.name.ends_with("Join");
        is_broadcast.then(|| if node.description.contains("BuildLeft") { "left" } else { "right" })
    }

    /// Inputs first, otherwise by number.
    fn order(&self) -> Vec<i64> {
        let mut order = Vec::new();
        let mut done = BTreeSet::new();
        // Deep plans are longer than a stack: an own one, each node twice.
        let consumed: BTreeSet<i64> = self.nodes.keys().flat_map(|id| self.inputs(*id)).collect();
        let last = self.nodes.keys().filter(|id| !consumed.contains(id));
        let mut open: Vec<(i64, bool)> = last.map(|id| (*id, false)).collect();
        open.reverse();
        let mut begun = BTreeSet::new();
        while let Some((id, is_ready)) = open.pop() {
            if is_ready {
                if done.insert(id) {
                    order.push(id);
                }
            } else if begun.insert(id) {
                open.push((id, true));
                open.extend(self.inputs(id).into_iter().rev().map(|input| (input, false)));
            }
        }
        order
    }
}

/// Whether Spark adds the operator to run the plan, and it says nothing about rows or columns.
fn is_machinery(node: &PlanNode) -> bool {
    const NAMES: &[&str] = &[
        "AQEShuffleRead",
        "AdaptiveSparkPlan",
        "BroadcastExchange",
        "ColumnarToRow",
        "CommandResult",
        "InputAdapter",
        "ReusedExchange",
        "ReusedSubquery",
        "RowToColumnar",
        "Subquery",
        "SubqueryBroadcast",
        "SubqueryAdaptiveBroadcast",
        "WriteFiles",
    ];
    let name = node.name.trim();
    NAMES.contains(&name)
        || name.ends_with("QueryStage")
        || name.starts_with("Subquery ")
        || name == "Exchange" && !node.description.contains("REPARTITION_BY")
}

/// What an operator is in our words; one operator may be two nodes. Never empty.
struct Nodes(Vec<Seen>);

impl Nodes {
    fn last_mut(&mut self) -> &mut Seen {
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    fn last(&self) -> &Seen {
        &self.0[self.0.len() - 1]
    }
}
