use super::RowOwner;
use super::columns::Columns;
use super::file::Of;
use tinderbox_model::{PlanNode, SqlExecution, SqlMetric, SqlMetricKind};

/// An operator, and one of its metrics if it has any.
pub(super) struct Operator<'a> {
    execution: &'a SqlExecution,
    node: &'a PlanNode,
    metric: Option<&'a SqlMetric>,
}

pub(super) fn rows<'a>(
    owner: &'a RowOwner,
    execution: &'a SqlExecution,
) -> Vec<Of<'a, Operator<'a>>> {
    let mut rows = Vec::new();
    for node in &execution.plan.nodes {
        let row = |metric| Of { owner, what: Operator { execution, node, metric } };
        if node.metrics.is_empty() {
            rows.push(row(None));
        }
        rows.extend(node.metrics.iter().map(|metric| row(Some(metric))));
    }
    rows
}

/// Values are in the unit of the kind: `size` bytes, `timing` ms, `ns_timing` ns, `average` tenths.
pub(super) fn columns<'a>(rows: &'a [Of<'a, Operator<'a>>]) -> Columns<'a, Operator<'a>> {
    Columns::new(rows)
        .application_id()
        .number("sql_id", |o| o.execution.id.0)
        .number("node_id", |o| o.node.id.0)
        .text("node_name", |o| o.node.name.as_str())
        .text("node_description", |o| o.node.description.as_str())
        .maybe_number("codegen_stage_id", |o| o.node.codegen_stage)
        .maybe_number("first_stage_id", |o| o.node.stages.first().map(|id| id.0))
        .maybe_text("metric_name", |o| o.metric.map(|m| m.name.as_str()))
        .maybe_text("metric_kind", |o| o.metric.map(|m| kind_name(m.kind)))
        .maybe_count("metric_value", |o| o.metric?.value)
        .maybe_number("metric_min", |o| Some(o.metric?.spread?.min))
        .maybe_number("metric_median", |o| Some(o.metric?.spread?.median))
        .maybe_number("metric_max", |o| Some(o.metric?.spread?.max))
}

fn kind_name(kind: SqlMetricKind) -> &'static str {
    match kind {
        SqlMetricKind::Sum => "sum",
        SqlMetricKind::Size => "size",
        SqlMetricKind::Timing => "timing",
        SqlMetricKind::NsTiming => "ns_timing",
        SqlMetricKind::Average => "average",
        SqlMetricKind::Other => "other",
    }
}
