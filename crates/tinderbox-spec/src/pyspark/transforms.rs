//! The calls of transformations that need nothing but their input.

use super::layout::Chain;
use super::literal::text;
use super::nodes::{column, expr, list, sort_key};
use crate::operation::build::is_expression;
use crate::operation::{Explode, Literal, NullRule, Operation, Pivot, SetOperation, Unpivot};

/// The operation behind `chain`; `others` are the variables of the inputs behind the first. `None` of operations that are
/// written elsewhere.
pub(super) fn transformed(operation: &Operation, others: &[&str], chain: Chain) -> Option<Chain> {
    Some(match operation {
        Operation::Rename { columns } => {
            let entries = columns.iter().map(|(old, new)| format!("{}: {}", text(old), text(new)));
            chain.call_with_dictionary("withColumnsRenamed", entries)
        }
        Operation::Cast { columns, is_tolerant } => {
            let entries = columns
                .iter()
                .map(|(name, to)| format!("{}: {}", text(name), cast(name, to, *is_tolerant)));
            chain.call_with_dictionary("withColumns", entries)
        }
        Operation::Drop { columns } => chain.call("drop", columns.iter().map(|name| text(name))),
        Operation::Set(operation) => {
            others.iter().fold(chain, |chain, other| set(*operation, other, chain))
        }
        Operation::Sort { by, is_within_partitions } => {
            let name = if *is_within_partitions { "sortWithinPartitions" } else { "orderBy" };
            chain.call(name, by.iter().map(|key| sort_key(key)))
        }
        Operation::Limit { rows, offset } => {
            let chain =
                if *offset > 0 { chain.call("offset", [offset.to_string()]) } else { chain };
            chain.call("limit", [rows.to_string()])
        }
        Operation::Sample { share, with_replacement, seed } => {
            let replacement = with_replacement.then(|| "withReplacement=True".to_owned());
            let seed = seed.map(|seed| format!("seed={seed}"));
            let share = format!("fraction={}", float(share));
            chain.call("sample", replacement.into_iter().chain([share]).chain(seed))
        }
        Operation::Explode(explode) => exploded(explode, chain),
        Operation::FillNulls { values } => {
            let entries =
                values.iter().map(|(name, value)| format!("{}: {}", text(name), literal(value)));
            chain.call_with_dictionary("fillna", entries)
        }
        Operation::DropNulls { columns, rule } => {
            let rule = match rule {
                NullRule::Any => None,
                NullRule::All => Some("how=\"all\"".to_owned()),
                NullRule::Fewer(least) => Some(format!("thresh={least}")),
            };
            let subset = (!columns.is_empty()).then(|| format!("subset={}", list(columns)));
            chain.call("dropna", rule.into_iter().chain(subset))
        }
        Operation::Repartition { partitions, by, is_by_range } => {
            let name = if *is_by_range { "repartitionByRange" } else { "repartition" };
            let count = partitions.map(|count| count.to_string());
            chain.call(name, count.into_iter().chain(by.iter().map(|key| column(key))))
        }
        Operation::Coalesce { partitions } => chain.call("coalesce", [partitions.to_string()]),
        Operation::Cache { level: None } => chain.call("cache", []),
        Operation::Cache { level: Some(level) } => {
            chain.call("persist", [format!("StorageLevel.{level}")])
        }
        Operation::Checkpoint { is_local: true } => chain.call("localCheckpoint", []),
        Operation::Checkpoint { is_local: false } => chain.call("checkpoint", []),
        Operation::Unpivot(unpivot) => unpivoted(unpivot, chain),
        Operation::Watermark { column, delay } => {
            chain.call("withWatermark", [text(column), text(delay)])
        }
        Operation::TimeWindow(window) => super::streaming::time_window(window, chain),
        Operation::CountWindow(window) => super::streaming::count_window(window, chain),
        _ => return None,
    })
}

/// `pivot("column", [values])` of a grouping.
pub(super) fn pivoted(pivot: &Pivot, chain: Chain) -> Chain {
    let values: Vec<String> = pivot.values.iter().map(literal).collect();
    let values = (!values.is_empty()).then(|| format!("[{}]", values.join(", ")));
    chain.call("pivot", [text(&pivot.column)].into_iter().chain(values))
}

fn cast(name: &str, to: &str, is_tolerant: bool) -> String {
    if is_tolerant {
        return expr(&format!("try_cast(`{}` AS {to})", name.replace('`', "``")));
    }
    format!("{}.cast({})", top_level_column(name), text(to))
}

/// A column by its whole name, in which points are no steps into a struct.
fn top_level_column(name: &str) -> String {
    let is_plain = !name.contains('.') && !is_expression(name);
    let quoted = format!("`{}`", name.replace('`', "``"));
    format!("F.col({})", text(if is_plain { name } else { &quoted }))
}

fn set(operation: SetOperation, other: &str, chain: Chain) -> Chain {
    let name = match operation {
        SetOperation::UnionByName { allow_missing: true } => {
            let missing = "allowMissingColumns=True".to_owned();
            return chain.call("unionByName", [other.to_owned(), missing]);
        }
        SetOperation::UnionByName { allow_missing: false } => "unionByName",
        SetOperation::UnionByPosition => "union",
        SetOperation::Intersect { all: false } => "intersect",
        SetOperation::Intersect { all: true } => "intersectAll",
        SetOperation::Except { all: false } => "subtract",
        SetOperation::Except { all: true } => "exceptAll",
    };
    chain.call(name, [other.to_owned()])
}

fn exploded(explode: &Explode, chain: Chain) -> Chain {
    let position = if explode.position.is_some() { "pos" } else { "" };
    let outer = if explode.is_outer { "_outer" } else { "" };
    let call = format!("F.{position}explode{outer}({})", column(&explode.column));
    if explode.names.is_empty() {
        return chain.call("withColumn", [text(&explode.column), call]);
    }
    let names: Vec<String> =
        explode.position.iter().chain(&explode.names).map(|name| text(name)).collect();
    chain.call("select", [text("*"), format!("{call}.alias({})", names.join(", "))])
}

fn unpivoted(unpivot: &Unpivot, chain: Chain) -> Chain {
    let values = if unpivot.values.is_empty() { "None".to_owned() } else { list(&unpivot.values) };
    let names = [text(&unpivot.name_column), text(&unpivot.value_column)];
    chain.call("unpivot", [list(&unpivot.ids), values].into_iter().chain(names))
}

pub(super) fn literal(value: &Literal) -> String {
    match value {
        Literal::Text(value) => text(value),
        Literal::Number(number) => number.clone(),
        Literal::Boolean(true) => "True".to_owned(),
        Literal::Boolean(false) => "False".to_owned(),
    }
}

/// PySpark takes a double only.
fn float(number: &str) -> String {
    number.parse::<f64>().map_or_else(|_| number.to_owned(), |number| format!("{number:?}"))
}
