use super::differences::{Differences, share_of};
use super::pairs::{pairs, without_numbers};
use crate::conf_text::as_f64;
use serde::{Deserialize, Serialize};
use tinderbox_model::{
    Application, MetricRole, PlanNode, PlanNodeId, SqlExecution, SqlExecutionId,
};

/// An operator of both applications, or of one of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperatorDifference {
    /// Its name, for example `SortMergeJoin`.
    pub name: String,
    /// In the earlier application.
    pub before: Option<OperatorSide>,
    /// In the later one.
    pub after: Option<OperatorSide>,
    /// Time in it, later less earlier, over all tasks; `None` when neither side tells a time.
    pub time_ms: Option<f64>,
    /// Of the difference of the applications' task time.
    pub task_time_share: Option<f64>,
}

/// An operator of a plan. Figures are `None` where its metrics do not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorSide {
    /// The SQL execution.
    pub execution: SqlExecutionId,
    /// Number in its plan.
    pub node: PlanNodeId,
    /// Spark's one-line description.
    pub description: String,
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

impl OperatorSide {
    fn of(execution: &SqlExecution, node: &PlanNode) -> Self {
        let sum = |role| {
            let values = node
                .metrics
                .iter()
                .filter(|metric| MetricRole::of(metric) == Some(role))
                .filter_map(tinderbox_model::SqlMetric::role_value);
            values.reduce(u64::saturating_add)
        };
        Self {
            execution: execution.id,
            node: node.id,
            description: node.description.clone(),
            output_rows: sum(MetricRole::OutputRows),
            input_rows: sum(MetricRole::InputRows),
            output_bytes: sum(MetricRole::OutputBytes),
            input_bytes: sum(MetricRole::InputBytes),
            time_ms: sum(MetricRole::Time),
            spill_bytes: sum(MetricRole::Spill),
            memory_bytes: sum(MetricRole::Memory),
        }
    }

    /// What the same work on the same data gives again.
    fn figures(&self) -> [Option<u64>; 3] {
        [self.output_rows, self.input_rows, self.spill_bytes]
    }
}

/// Operators that differ, those whose time differs the most first. Executions pair by description, their operators by
/// name and place.
pub(super) fn operators(before: &Application, after: &Application) -> Vec<OperatorDifference> {
    let task_time = |app: &Application| as_f64(app.totals().executor_run_time.0);
    let (first, second) = (task_time(before), task_time(after));
    let noticed_ms = first.max(second) * Differences::NOTICED_SHARE;
    let mut found = Vec::new();
    let exact = |sql: &SqlExecution| sql.description.clone();
    let site = |sql: &SqlExecution| without_numbers(&sql.description);
    for (a, b) in pairs(&before.sql, &after.sql, &[&exact, &site]) {
        let nodes_before = a.map_or(&[][..], |sql| &sql.plan.nodes);
        let nodes_after = b.map_or(&[][..], |sql| &sql.plan.nodes);
        let described = |node: &PlanNode| without_expression_ids(&node.description);
        let named = |node: &PlanNode| without_numbers(&node.name);
        for (x, y) in pairs(nodes_before, nodes_after, &[&described, &named]) {
            let side = |sql: Option<&SqlExecution>, node: Option<&PlanNode>| {
                Some(OperatorSide::of(sql?, node?))
            };
            let (x_side, y_side) = (side(a, x), side(b, y));
            let time = |side: &Option<OperatorSide>| side.as_ref().and_then(|side| side.time_ms);
            let (from, to) = (time(&x_side), time(&y_side));
            let time_ms = (from.is_some() || to.is_some())
                .then(|| as_f64(to.unwrap_or(0)) - as_f64(from.unwrap_or(0)));
            let is_noticed = match (&x_side, &y_side) {
                (Some(x), Some(y)) => {
                    x.figures() != y.figures() || time_ms.is_some_and(|ms| ms.abs() > noticed_ms)
                }
                _ => true,
            };
            if let Some(node) = y.or(x).filter(|_| is_noticed) {
                found.push(OperatorDifference {
                    name: node.name.clone(),
                    before: x_side,
                    after: y_side,
                    time_ms,
                    task_time_share: time_ms.and_then(|ms| share_of(ms, second - first)),
                });
            }
        }
    }
    let weight = |one: &OperatorDifference| one.time_ms.map_or(0.0, f64::abs);
    found.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    found
}

/// A description without the numbers that Spark gives expressions (`id#12L`): they count up over a session.
fn without_expression_ids(description: &str) -> String {
    let mut text = String::with_capacity(description.len());
    let mut is_id = false;
    for c in description.chars() {
        is_id = c == '#' || (is_id && c.is_ascii_digit());
        if !is_id {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expression_ids_do_not_count() {
        assert_eq!(without_expression_ids("Filter (id#12L > 30)"), "Filter (idL > 30)");
    }
}
