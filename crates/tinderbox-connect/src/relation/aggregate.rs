//! Groups, and windows of time.

use super::expression::{alias, attribute, call, column, function, int, literal, sql, text};
use super::{Engine, Rows};
use spark_connect_proto::Expression;
use spark_connect_proto::aggregate::{GroupType, Pivot};
use tinderbox_spec::{Aggregate, AggregateOutput, Aggregation, Grouping, TimeWindow, WindowLength};

/// A column for as long as it is needed.
const ROWS: &str = "tinderbox_rows_of_group";

pub(super) fn aggregated(aggregate: &Aggregate, input: Rows, engine: Engine) -> Rows {
    let pivot = aggregate.pivot.as_ref().map(|pivot| Pivot {
        col: Some(attribute(&pivot.column)),
        values: pivot.values.iter().map(literal).collect(),
    });
    let group_type = match (&pivot, aggregate.grouping) {
        (Some(_), _) => GroupType::Pivot,
        (None, _) if aggregate.group_by.is_empty() => GroupType::Groupby,
        (None, Grouping::Groups) => GroupType::Groupby,
        (None, Grouping::Rollup) => GroupType::Rollup,
        (None, Grouping::Cube) => GroupType::Cube,
    };
    let keys = aggregate.group_by.iter().map(|key| column(key)).collect();
    let mut outputs: Vec<_> = aggregate.outputs.iter().map(output).collect();
    let makes_total = matches!(group_type, GroupType::Rollup | GroupType::Cube);
    if engine == Engine::Spark || !makes_total {
        return input.aggregate(group_type, keys, outputs, pivot);
    }
    // Of no rows at all Spark makes no group, and Sail makes the total.
    outputs.push(alias(call("count", vec![int(1)]), ROWS));
    let groups = input.aggregate(group_type, keys, outputs, pivot);
    groups.filter(call(">", vec![attribute(ROWS), int(0)])).drop(&[ROWS.to_owned()])
}

fn output(output: &AggregateOutput) -> Expression {
    let value = match &output.aggregation {
        Aggregation::Expression(expression) => sql(expression),
        // Spark turns the star into it (`ResolveFunctions`), Sail does too.
        Aggregation::Function { function: "count", column } if column == "*" => {
            call("count", vec![int(1)])
        }
        Aggregation::Function { function: name, column } => {
            let (name, is_distinct) = match *name {
                "count_distinct" => ("count", true),
                "sum_distinct" => ("sum", true),
                name => (name, false),
            };
            function(name, vec![attribute(column)], is_distinct)
        }
    };
    alias(value, &output.name)
}

/// `F.window` and `F.session_window`.
pub(super) fn time_window(window: &TimeWindow) -> Expression {
    let column = attribute(&window.column);
    match &window.length {
        WindowLength::Session { gap } => call("session_window", vec![column, text(gap)]),
        WindowLength::Fixed { size, slide, offset } => {
            let slide = match (slide, offset) {
                (None, Some(_)) => Some(size),
                (slide, _) => slide.as_ref(),
            };
            let lengths = [Some(size), slide, offset.as_ref()].into_iter().flatten();
            let lengths = lengths.map(|length| text(length));
            call("window", std::iter::once(column).chain(lengths).collect())
        }
    }
}
