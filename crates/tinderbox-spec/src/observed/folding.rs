//! Which operators of a plan are nodes, and which belong to one that is.

use super::describe::{Role, described, is_part_of, role};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tinderbox_model::{PlanGraph, PlanNode};

pub(super) struct Folding<'p> {
    all: BTreeMap<i64, &'p PlanNode>,
    /// What an operator reads, in the order of the plan.
    children: BTreeMap<i64, Vec<i64>>,
    parents: BTreeMap<i64, Vec<i64>>,
    /// The operators that are nodes.
    nodes: BTreeMap<i64, Reads>,
}

/// The nodes that a node reads, through what is folded.
#[derive(Default)]
pub(super) struct Reads {
    pub(super) inputs: Vec<i64>,
    pub(super) subqueries: Vec<i64>,
}

impl<'p> Folding<'p> {
    pub(super) fn of(plan: &'p PlanGraph) -> Self {
        let all: BTreeMap<i64, &PlanNode> =
            plan.nodes.iter().map(|node| (node.id.0, node)).collect();
        let mut children: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        let mut parents: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for edge in &plan.edges {
            let (from, to) = (edge.from.0, edge.to.0);
            if all.contains_key(&from) && all.contains_key(&to) {
                children.entry(to).or_default().push(from);
                parents.entry(from).or_default().push(to);
            }
        }
        let mut folding = Self { all, children, parents, nodes: BTreeMap::new() };
        let shown = folding.all.iter().filter(|(id, node)| !folding.is_folded(**id, node));
        folding.nodes = shown.map(|(id, _)| (*id, Reads::default())).collect();
        let ids: Vec<i64> = folding.nodes.keys().copied().collect();
        for id in ids {
            let reads = folding.reads(id);
            folding.nodes.insert(id, reads);
        }
        folding
    }

    /// The nodes, inputs first, otherwise by number.
    pub(super) fn order(&self) -> Vec<i64> {
        let read = |reads: &Reads| [reads.inputs.clone(), reads.subqueries.clone()].concat();
        let consumed: BTreeSet<i64> = self.nodes.values().flat_map(read).collect();
        let (mut order, mut done, mut begun) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        // Results first; all others behind them, for plans that go in a ring.
        let mut open: Vec<(i64, bool)> = self.nodes.keys().rev().map(|id| (*id, false)).collect();
        open.sort_by_key(|(id, _)| !consumed.contains(id));
        // Deep plans are longer than a stack: an own one, with each node twice.
        while let Some((id, is_ready)) = open.pop() {
            if is_ready {
                if done.insert(id) {
                    order.push(id);
                }
            } else if begun.insert(id) {
                open.push((id, true));
                open.extend(read(&self.nodes[&id]).into_iter().rev().map(|input| (input, false)));
            }
        }
        order
    }

    /// An operator that is a node, of [`Self::order`].
    pub(super) fn node(&self, id: i64) -> (&'p PlanNode, &Reads) {
        (self.all[&id], &self.nodes[&id])
    }

    pub(super) fn operator(&self, id: i64) -> Option<&'p PlanNode> {
        self.all.get(&id).copied()
    }

    /// The operator and what is folded into it: what it reads through, and what stands above a plan's last node.
    pub(super) fn operators(&self, id: i64) -> Vec<i64> {
        let mut found = BTreeSet::from([id]);
        let mut open: Vec<i64> = self.children_of(id).to_vec();
        while let Some(at) = open.pop() {
            if !self.nodes.contains_key(&at) && found.insert(at) {
                open.extend(self.children_of(at));
            }
        }
        let mut above = BTreeSet::new();
        let mut open: Vec<i64> = self.parents_of(id).to_vec();
        while let Some(at) = open.pop() {
            if self.nodes.contains_key(&at) {
                return found.into_iter().collect();
            }
            if above.insert(at) {
                open.extend(self.parents_of(at));
            }
        }
        found.extend(above);
        found.into_iter().collect()
    }

    fn children_of(&self, id: i64) -> &[i64] {
        self.children.get(&id).map_or(&[], Vec::as_slice)
    }

    fn parents_of(&self, id: i64) -> &[i64] {
        self.parents.get(&id).map_or(&[], Vec::as_slice)
    }

    fn is_folded(&self, id: i64, node: &PlanNode) -> bool {
        if node.name.starts_with("WholeStageCodegen") {
            // The block of generated code has no edges.
            return self.children_of(id).is_empty() && self.parents_of(id).is_empty();
        }
        let role = role(node);
        let consumers = || self.consumers(id).into_iter().map(|consumer| self.all[&consumer]);
        match role {
            Role::Machinery => true,
            Role::LocalSort => {
                let mut consumers = consumers().peekable();
                consumers.peek().is_some() && consumers.all(|consumer| needs_order(consumer, node))
            }
            Role::Aggregate => {
                consumers().any(|one| is_role(one, Role::Aggregate) && is_part_of(node, one))
            }
            Role::Limit => consumers().any(|one| is_role(one, Role::Limit)),
            Role::Pruning => self.children_of(id).len() == 1,
            _ => false,
        }
    }

    /// The operators that read this one, through machinery.
    fn consumers(&self, id: i64) -> Vec<i64> {
        let mut found = Vec::new();
        let mut open: Vec<i64> = self.parents_of(id).to_vec();
        let mut seen = BTreeSet::new();
        while let Some(at) = open.pop() {
            if seen.insert(at) {
                match role(self.all[&at]) {
                    Role::Machinery | Role::LocalSort => open.extend(self.parents_of(at)),
                    _ => found.push(at),
                }
            }
        }
        found
    }

    fn reads(&self, id: i64) -> Reads {
        let mut reads = Reads::default();
        for child in self.children_of(id) {
            // Anew for each child: both sides of a join may read the same node.
            let mut seen = BTreeSet::new();
            let mut open = vec![(*child, false)];
            while let Some((at, is_within)) = open.pop() {
                if !seen.insert(at) {
                    continue;
                }
                let is_within = is_within || is_subquery(self.all[&at]);
                if !self.nodes.contains_key(&at) {
                    open.extend(self.children_of(at).iter().rev().map(|next| (*next, is_within)));
                } else if !is_within {
                    reads.inputs.push(at);
                } else if !reads.subqueries.contains(&at) {
                    reads.subqueries.push(at);
                }
            }
        }
        reads
    }
}

fn is_role(node: &PlanNode, expected: Role) -> bool {
    role(node) == expected
}

fn is_subquery(node: &PlanNode) -> bool {
    node.name.trim_start().starts_with("Subquery")
}

/// Whether Spark sorts each partition for this consumer, and not the user.
fn needs_order(consumer: &PlanNode, sort: &PlanNode) -> bool {
    match role(consumer) {
        Role::NeedsOrder | Role::Aggregate => true,
        // Writers open one file at a time: rows come by the columns of partitions and by bucket (`V1Writes`).
        Role::Write => {
            let texts = |node: &PlanNode, name: &str| -> Vec<String> {
                let seen = described(node).pop();
                let value = seen.and_then(|mut seen| seen.parameters.remove(name));
                let items = value.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
                items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            };
            let columns = texts(consumer, "partition_by");
            let keys = texts(sort, "by");
            keys.first().is_some_and(|key| {
                let column = key.split(' ').next().unwrap_or_default();
                // The number of the bucket: `hash` until 3.5, `collation_aware_hash` since 4.0.
                key.starts_with("pmod(") && key.contains("hash(")
                    || columns
                        .iter()
                        .any(|one| column == one || column == format!("empty2null({one})"))
            })
        }
        _ => false,
    }
}
