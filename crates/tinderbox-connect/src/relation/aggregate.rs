//! Groups, and windows of time.

use super::expression::{
    alias, attribute, call, cast, column, function, int, literal, sql, text, whole,
};
use super::{Engine, Rows};
use crate::query::{Token, tokens};
use crate::schema::Schema;
use spark_connect_proto::Expression;
use spark_connect_proto::aggregate::{GroupType, Pivot};
use tinderbox_spec::{
    Aggregate, AggregateOutput, Aggregation, Grouping, TimeWindow, WindowLength, is_expression,
};

/// A column for as long as it is needed.
const ROWS: &str = "tinderbox_rows_of_group";

pub(super) fn aggregated(
    aggregate: &Aggregate,
    input: Rows,
    engine: Engine,
    schema: Option<&Schema>,
) -> Rows {
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
    let outputs = aggregate.outputs.iter().map(|one| {
        let extreme = extreme(aggregate, one).filter(|_| engine == Engine::Sail);
        let floating = extreme.and_then(|(end, name)| Some((end, name, floating(schema?, name)?)));
        match floating {
            Some((end, name, kind)) => alias(extreme_with_nan(end, &whole(name), kind), &one.name),
            None => output(one),
        }
    });
    let mut outputs: Vec<_> = outputs.collect();
    let makes_total = matches!(group_type, GroupType::Rollup | GroupType::Cube);
    if engine == Engine::Spark || !makes_total {
        return input.aggregate(group_type, keys, outputs, pivot);
    }
    // Of no rows at all Spark makes no group, and Sail makes the total.
    outputs.push(alias(call("count", vec![int(1)]), ROWS));
    let groups = input.aggregate(group_type, keys, outputs, pivot);
    groups.filter(call(">", vec![attribute(ROWS), int(0)])).drop(&[ROWS.to_owned()])
}

/// The largest or the smallest value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Max,
    Min,
}

/// An output that is nothing but the largest or smallest value of a column, and the column's name. Of a pivot it is none: the
/// server makes an output of each value.
pub(super) fn extreme<'a>(
    aggregate: &Aggregate,
    output: &'a AggregateOutput,
) -> Option<(End, &'a str)> {
    let (function, column) = match &output.aggregation {
        Aggregation::Function { function, column } => (*function, column.as_str()),
        Aggregation::Expression(text) => match tokens(text).as_slice() {
            [
                Token::Word(function),
                Token::Sign("("),
                Token::Word(column) | Token::Quoted(column),
                Token::Sign(")"),
            ] => (*function, *column),
            _ => return None,
        },
    };
    if aggregate.pivot.is_some() || is_expression(column) {
        return None;
    }
    match function.to_lowercase().as_str() {
        "max" => Some((End::Max, column)),
        "min" => Some((End::Min, column)),
        _ => None,
    }
}

/// The type of a column of floating-point numbers.
fn floating(schema: &Schema, name: &str) -> Option<&'static str> {
    let mut columns = schema.columns().into_iter();
    let column = columns.find(|column| column.name.eq_ignore_ascii_case(name))?;
    ["double", "float"].into_iter().find(|kind| column.kind == *kind)
}

/// NaN is the largest number for Spark (`SQLOrderingUtil.compareDoubles`). For Sail's groups it is none.
fn extreme_with_nan(end: End, value: &Expression, kind: &str) -> Expression {
    let is_nan = || call("isnan", vec![value.clone()]);
    match end {
        End::Max => {
            let has_nan = call(">", vec![call("count_if", vec![is_nan()]), int(0)]);
            let max = call("max", vec![value.clone()]);
            call("when", vec![has_nan, cast(text("NaN"), kind), max])
        }
        End::Min => {
            let number = call("when", vec![call("not", vec![is_nan()]), value.clone()]);
            let others = call("min", vec![number]);
            call("coalesce", vec![others, call("min", vec![value.clone()])])
        }
    }
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
