//! Reads joins and their inputs out of a plan graph.

use crate::facts::Facts;
use std::collections::{BTreeMap, BTreeSet};
use tinderbox_model::{
    Bytes, PlanGraph, PlanNode, PlanNodeId, SqlExecution, SqlMetricKind, Stage, StageId,
};

/// A join that shuffles both of its inputs.
pub(crate) struct ShuffleJoin<'a> {
    /// The execution whose final plan holds it.
    pub(crate) execution: &'a SqlExecution,
    /// The join operator.
    pub(crate) node: &'a PlanNode,
    /// Which rows it keeps.
    pub(crate) kind: JoinKind,
    /// Left and right input, as in the query.
    pub(crate) sides: [Side<'a>; 2],
}

/// One input of a join, down to its shuffles and on to its scans.
#[derive(Default)]
pub(crate) struct Side<'a> {
    /// The shuffles that the join reads on this side.
    pub(crate) exchanges: Vec<&'a PlanNode>,
    /// Sorts between these and the join.
    pub(crate) sorts: Vec<&'a PlanNode>,
    /// Files read below; `None` when there is no file scan.
    pub(crate) scanned: Option<Bytes>,
    /// Whether operators with several inputs stand below: Spark's static size estimate is then not the scan's.
    pub(crate) is_composed: bool,
}

impl Side<'_> {
    /// Size of the rows shuffled (Spark's `data size` of the exchanges, uncompressed `UnsafeRow`s), which is what adaptive
    /// execution compares with its threshold. `None` when an exchange did not report.
    pub(crate) fn data_size(&self) -> Option<Bytes> {
        if self.exchanges.is_empty() {
            return None;
        }
        self.exchanges.iter().map(|node| node.metric("data size").map(Bytes)).sum()
    }
}

/// Join types, in the words of `org.apache.spark.sql.catalyst.plans.JoinType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JoinKind {
    /// `Inner`, `Cross`.
    Inner,
    /// `LeftOuter`, `LeftSemi`, `LeftAnti`, `ExistenceJoin`: every row of the left decides for itself.
    Left,
    /// `RightOuter`.
    Right,
    /// `FullOuter`, or a type that this version does not know.
    Neither,
}

impl JoinKind {
    /// Whether the side (0 left, 1 right) may be broadcast.
    /// Source: `JoinSelectionHelper.canBuildBroadcastLeft` and `canBuildBroadcastRight`.
    pub(crate) fn can_build(self, side: usize) -> bool {
        match self {
            Self::Inner => true,
            Self::Left => side == 1,
            Self::Right => side == 0,
            Self::Neither => false,
        }
    }

    /// Reads the type out of a join's description, `SortMergeJoin [a#1], [b#2], LeftOuter, (x < y)`: the first of
    /// Spark's words that stands alone between commas outside of brackets.
    fn of_description(description: &str) -> Self {
        parts_outside_brackets(description)
            .find_map(|part| match part.split('(').next().unwrap_or(part).trim() {
                "Inner" | "Cross" => Some(Self::Inner),
                "LeftOuter" | "LeftSemi" | "LeftAnti" | "ExistenceJoin" => Some(Self::Left),
                "RightOuter" => Some(Self::Right),
                "FullOuter" => Some(Self::Neither),
                _ => None,
            })
            .unwrap_or(Self::Neither)
    }
}

/// Whether an operator joins by shuffling both inputs: `SortMergeJoin`, `SortMergeJoin(skew=true)`, `ShuffledHashJoin`.
pub(crate) fn is_shuffle_join(node: &PlanNode) -> bool {
    node.name.starts_with("SortMergeJoin") || node.name.starts_with("ShuffledHashJoin")
}

/// Every shuffle join in the last plan of `execution`, with its inputs.
pub(crate) fn shuffle_joins(execution: &SqlExecution) -> Vec<ShuffleJoin<'_>> {
    let walk = Walk::new(&execution.plan);
    let joins = execution.plan.nodes.iter().filter(|node| is_shuffle_join(node));
    joins
        .filter_map(|node| {
            let inputs = walk.inputs(node.id);
            let &[left, right] = inputs.as_slice() else { return None };
            Some(ShuffleJoin {
                execution,
                node,
                kind: JoinKind::of_description(&node.description),
                sides: [walk.side(left), walk.side(right)],
            })
        })
        .collect()
}

/// The shuffle joins that run in a stage, by the stages of their metrics.
pub(crate) fn joins_in<'a>(facts: &Facts<'a>, stage: &Stage) -> Vec<&'a PlanNode> {
    nodes_in(facts, stage).filter(|node| is_shuffle_join(node)).collect()
}

/// Whether the number of partitions of a stage was fixed in the program (`repartition(n)`), so that no setting changes it.
/// Source: `ShuffleOrigin` in the description of Spark's `ShuffleExchangeExec`.
pub(crate) fn has_fixed_partitions(facts: &Facts<'_>, stage: &Stage) -> bool {
    nodes_in(facts, stage).any(|node| {
        node.name.starts_with("Exchange")
            && (node.description.contains("REPARTITION_BY_NUM")
                || node.description.contains("SinglePartition"))
    })
}

fn nodes_in<'a>(facts: &Facts<'a>, stage: &Stage) -> impl Iterator<Item = &'a PlanNode> {
    let id: StageId = stage.id.stage;
    facts
        .execution_of(stage)
        .into_iter()
        .flat_map(|execution| &execution.plan.nodes)
        .filter(move |node| node.stages.contains(&id))
}

/// A plan graph, walked against the flow of data.
struct Walk<'a> {
    nodes: BTreeMap<PlanNodeId, &'a PlanNode>,
    /// Inputs of each node, in the order of the edges, which is that of Spark's children.
    inputs: BTreeMap<PlanNodeId, Vec<&'a PlanNode>>,
}

impl<'a> Walk<'a> {
    fn new(plan: &'a PlanGraph) -> Self {
        let nodes: BTreeMap<_, _> = plan.nodes.iter().map(|node| (node.id, node)).collect();
        let mut inputs: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for edge in &plan.edges {
            if let Some(&from) = nodes.get(&edge.from) {
                inputs.entry(edge.to).or_default().push(from);
            }
        }
        Self { nodes, inputs }
    }

    /// The data inputs of a node. Subqueries hang beside them in Spark's graph and deliver a value, not rows.
    fn inputs(&self, id: PlanNodeId) -> Vec<&'a PlanNode> {
        let is_input = |node: &&&PlanNode| !node.name.contains("Subquery");
        self.inputs.get(&id).into_iter().flatten().filter(is_input).copied().collect()
    }

    /// Walks down from an input of a join. Terminates on graphs with cycles, which a damaged log may hold.
    fn side(&self, top: &'a PlanNode) -> Side<'a> {
        let mut side = Side::default();
        let mut seen = BTreeSet::new();
        let mut above = vec![top];
        let mut below = Vec::new();
        while let Some(node) = above.pop() {
            if !self.nodes.contains_key(&node.id) || !seen.insert(node.id) {
                continue;
            }
            if node.name.starts_with("Exchange") {
                side.exchanges.push(node);
                below.extend(self.inputs(node.id));
                continue;
            }
            if node.name == "Sort" {
                side.sorts.push(node);
            }
            above.extend(self.inputs(node.id));
        }
        while let Some(node) = below.pop() {
            if !seen.insert(node.id) {
                continue;
            }
            let read = node.metrics.iter().find(|metric| {
                metric.name == "size of files read" && metric.kind == SqlMetricKind::Size
            });
            if let Some(size) = read.and_then(|metric| metric.value) {
                side.scanned = Some(side.scanned.unwrap_or_default() + Bytes(size));
            }
            let inputs = self.inputs(node.id);
            side.is_composed |= inputs.len() > 1;
            below.extend(inputs);
        }
        side.is_composed |= side.exchanges.len() > 1;
        side
    }
}

fn parts_outside_brackets(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    text.split(move |letter: char| {
        match letter {
            '[' | '(' => depth = depth.saturating_add(1),
            ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn join_types_are_read_outside_of_brackets() {
        let kind = JoinKind::of_description;
        assert_eq!(kind("SortMergeJoin [id#1L], [id#8L], Inner"), JoinKind::Inner);
        assert_eq!(
            kind("SortMergeJoin(skew=true) [a#1, b#2], [c#3, d#4], LeftOuter, (x#1 < y#2)"),
            JoinKind::Left
        );
        assert_eq!(kind("ShuffledHashJoin [a#1], [b#2], RightOuter, BuildLeft"), JoinKind::Right);
        assert_eq!(kind("SortMergeJoin [f(Inner, a#1)], [b#2], FullOuter"), JoinKind::Neither);
        assert_eq!(kind("SortMergeJoin [a#1], [b#2], ExistenceJoin(exists#3)"), JoinKind::Left);
        assert_eq!(kind("SortMergeJoin"), JoinKind::Neither);
    }

    #[test]
    fn only_the_side_that_keeps_no_unmatched_rows_can_be_built() {
        assert!(!JoinKind::Left.can_build(0) && JoinKind::Left.can_build(1));
        assert!(JoinKind::Right.can_build(0) && !JoinKind::Right.can_build(1));
        assert!(!JoinKind::Neither.can_build(0) && !JoinKind::Neither.can_build(1));
    }
}
