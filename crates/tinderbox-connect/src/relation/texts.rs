//! What a node computes, as texts in SQL: its own, and the calls that it stands for.

use super::aggregate::extreme;
use tinderbox_spec::{
    Aggregation, Decode, JoinKeys, Node, OnFail, Operation, Read, Rule, SetOperation, SortKey,
    WindowLength,
};

/// Expressions, and for a SQL node its query.
pub(super) fn of(node: &Node) -> Vec<String> {
    let mut texts = of_operation(&node.operation);
    for expectation in &node.expectations {
        if matches!(expectation.on_fail, OnFail::Drop | OnFail::Quarantine(_)) {
            match &expectation.rule {
                Rule::Sql(condition) => texts.push(condition.clone()),
                Rule::Pattern { regex, .. } => texts.push(of_pattern("rlike", regex)),
                _ => {}
            }
        }
    }
    texts
}

fn of_operation(operation: &Operation) -> Vec<String> {
    let key = |key: &String| SortKey::parse(key).expression.to_owned();
    match operation {
        Operation::Filter { condition } => vec![condition.clone()],
        Operation::Select { columns } => {
            columns.iter().map(|column| column.expression.clone()).collect()
        }
        Operation::Map { columns } => columns.iter().map(|(_, value)| value.clone()).collect(),
        Operation::Join(join) => match &join.on {
            JoinKeys::Conditions(conditions) => conditions.clone(),
            JoinKeys::Columns(_) | JoinKeys::None => Vec::new(),
        },
        Operation::Aggregate(aggregate) => {
            // The emitter makes the extremes of columns itself.
            let outputs = aggregate.outputs.iter().filter(|output| extreme(aggregate, output).is_none());
            let outputs = outputs.map(|output| match &output.aggregation {
                Aggregation::Expression(expression) => expression.clone(),
                Aggregation::Function { function, column } => match *function {
                    "count_distinct" => call("count", column),
                    "sum_distinct" => call("sum", column),
                    function => call(function, column),
                },
            });
            aggregate.group_by.iter().cloned().chain(outputs).collect()
        }
        Operation::Sql { query } => vec![query.clone()],
        Operation::TimeWindow(window) => match &window.length {
            WindowLength::Session { .. } => vec![call("session_window", &window.column)],
            WindowLength::Fixed { .. } => vec![call("window", &window.column)],
        },
        Operation::CountWindow(window) => vec![window.sql()],
        Operation::Window(window) => {
            let functions = window.functions.iter().map(|(_, function)| function.clone());
            let keys = window.partition_by.iter().cloned().chain(window.order_by.iter().map(key));
            functions.chain(keys).collect()
        }
        Operation::Cast { columns, is_tolerant } => {
            let function = if *is_tolerant { "try_cast" } else { "CAST" };
            let cast = |(name, to): &(String, String)| {
                format!("{function}(`{}` AS {to})", name.replace('`', "``"))
            };
            columns.iter().map(cast).collect()
        }
        Operation::Set(SetOperation::Intersect { all: true }) => vec!["INTERSECT ALL".to_owned()],
        Operation::Set(SetOperation::Except { all: true }) => vec!["EXCEPT ALL".to_owned()],
        Operation::Set(SetOperation::Intersect { .. }) => vec!["INTERSECT".to_owned()],
        Operation::Set(SetOperation::Except { .. }) => vec!["EXCEPT".to_owned()],
        Operation::Set(SetOperation::UnionByName { .. } | SetOperation::UnionByPosition) => {
            vec!["UNION".to_owned()]
        }
        Operation::Sort { by, .. } => by.iter().map(key).collect(),
        Operation::Explode(explode) => {
            let position = if explode.position.is_some() { "pos" } else { "" };
            let outer = if explode.is_outer { "_outer" } else { "" };
            vec![format!("{position}explode{outer}({})", explode.column)]
        }
        Operation::Clean(clean) => {
            let mut texts = Vec::new();
            let replaced = clean.replace.iter().map(|(pattern, _)| of_pattern("regexp_replace", pattern));
            texts.extend(replaced);
            if clean.trim {
                texts.push(of_pattern("regexp_replace", ""));
            }
            texts.extend(clean.case.map(|case| call(case, "x")));
            if clean.blank_to_null {
                texts.push(of_pattern("rlike", ""));
            }
            texts
        }
        Operation::Flatten(flatten) if flatten.explode_arrays => vec![call("explode_outer", "x")],
        Operation::ParseJson(parse) => vec![call("from_json", &parse.column)],
        Operation::Read(Read { decode: Some(Decode::Lines(lines)), .. }) => {
            ["rlike", "regexp_extract"].map(|name| of_pattern(name, &lines.pattern)).into()
        }
        Operation::Read(_)
        | Operation::ReadHttp(_)
        | Operation::Deduplicate { .. }
        | Operation::Watermark { .. }
        // Where rows lie changes none of them.
        | Operation::Repartition { .. }
        | Operation::Rename { .. }
        | Operation::Drop { .. }
        | Operation::Limit { .. }
        | Operation::Sample { .. }
        | Operation::FillNulls { .. }
        | Operation::DropNulls { .. }
        | Operation::Coalesce { .. }
        | Operation::Cache { .. }
        | Operation::Checkpoint { .. }
        | Operation::Unpivot(_)
        | Operation::Flatten(_)
        | Operation::Udf(_)
        | Operation::Features { .. }
        | Operation::Train(_)
        | Operation::Evaluate(_)
        | Operation::Predict { .. }
        | Operation::Write(_) => Vec::new(),
    }
}

/// A call with a regular expression, which counts as it is.
fn of_pattern(function: &str, pattern: &str) -> String {
    format!("{function}(x, r'{}')", pattern.replace('\'', ""))
}

fn call(function: &str, column: &str) -> String {
    format!("{function}({column})")
}
