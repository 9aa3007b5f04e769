//! From a node's checked parameters to its operation. One function per component, named in the registry.

use super::{
    Aggregate, AggregateOutput, Aggregation, Column, Grouping, Join, JoinKeys, JoinRight, Literal,
    Operation, Pivot, Side, WindowColumns,
};
use crate::component::Component;
use crate::diagnostic::{Report, Span};
use crate::document::place;
use crate::nearest::{nearest, suggestion};
use crate::spec::Place;
use crate::tree::Spanned;
use std::collections::BTreeMap;

/// The parameters of one node, each of the type that the registry says.
pub(crate) struct Parameters<'n> {
    pub(crate) component: &'static Component,
    pub(crate) values: BTreeMap<&'static str, Value>,
    /// Path of the node.
    pub(crate) path: &'n str,
    /// Where the node's type stands.
    pub(crate) span: Span,
    /// Whether the graph found a second input for a join.
    pub(crate) has_second_input: bool,
}

/// A parameter's value.
#[derive(Debug)]
pub(crate) enum Value {
    Texts(Vec<Spanned>),
    ByName(Vec<(Spanned, Vec<Spanned>)>),
    LiteralByName(Vec<(String, Literal)>),
    Literals(Vec<Literal>),
    Steps(Vec<super::Step>),
}

impl Parameters<'_> {
    pub(crate) fn path_of(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    pub(crate) fn spanned(&self, name: &str) -> Option<&Spanned> {
        self.spanned_list(name).first()
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.spanned(name).map(|text| text.text.clone())
    }

    pub(crate) fn spanned_list(&self, name: &str) -> &[Spanned] {
        match self.values.get(name) {
            Some(Value::Texts(texts)) => texts,
            _ => &[],
        }
    }

    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.spanned_list(name).iter().map(|text| text.text.clone()).collect()
    }

    pub(crate) fn by_name(&self, name: &str) -> &[(Spanned, Vec<Spanned>)] {
        match self.values.get(name) {
            Some(Value::ByName(entries)) => entries,
            _ => &[],
        }
    }

    pub(super) fn steps(&self, name: &str) -> Vec<super::Step> {
        match self.values.get(name) {
            Some(Value::Steps(steps)) => steps.clone(),
            _ => Vec::new(),
        }
    }

    /// Names with all their values.
    pub(super) fn lists(&self, name: &str) -> Vec<(String, Vec<String>)> {
        let texts = |values: &[Spanned]| values.iter().map(|value| value.text.clone()).collect();
        self.by_name(name).iter().map(|(key, values)| (key.text.clone(), texts(values))).collect()
    }

    pub(super) fn pairs(&self, name: &str) -> Vec<(String, String)> {
        self.by_name(name)
            .iter()
            .flat_map(|(key, values)| {
                values.iter().map(|value| (key.text.clone(), value.text.clone()))
            })
            .collect()
    }

    /// A number that was checked against its type.
    pub(super) fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.spanned(name)?.parse().ok()
    }

    /// A boolean that was checked; false when it is left out.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.spanned(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    pub(super) fn literals(&self, name: &str) -> Vec<Literal> {
        match self.values.get(name) {
            Some(Value::Literals(values)) => values.clone(),
            _ => Vec::new(),
        }
    }

    pub(super) fn literal_by_name(&self, name: &str) -> Vec<(String, Literal)> {
        match self.values.get(name) {
            Some(Value::LiteralByName(values)) => values.clone(),
            _ => Vec::new(),
        }
    }

    /// Where each of the parameters stands that all components of its kind have.
    pub(crate) fn common_places(&self, report: &Report<'_>) -> BTreeMap<&'static str, Place> {
        let own = self.component.parameters;
        self.component
            .all_parameters()
            .filter(|parameter| !own.iter().any(|other| other.name == parameter.name))
            .filter_map(|parameter| {
                let span = match self.values.get(parameter.name)? {
                    Value::Texts(texts) => texts.first()?.span,
                    Value::ByName(entries) => entries.first()?.0.span,
                    Value::LiteralByName(_) | Value::Literals(_) | Value::Steps(_) => return None,
                };
                Some((parameter.name, place(span, &self.path_of(parameter.name), report)))
            })
            .collect()
    }

    /// The registry's own word for a value that was checked against its words.
    pub(crate) fn word(&self, name: &str) -> Option<&'static str> {
        let crate::ParameterType::OneOf(words) = self.component.parameter(name)?.kind else {
            return None;
        };
        let text = self.spanned(name)?;
        words.iter().copied().find(|word| *word == text.text)
    }
}

pub(crate) fn filter(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(Operation::Filter { condition: node.text("condition")? })
}

pub(crate) fn select(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    let unnamed =
        node.texts("columns").into_iter().map(|expression| Column { expression, name: None });
    let named = node
        .pairs("columns")
        .into_iter()
        .map(|(name, expression)| Column { expression, name: Some(name) });
    Some(Operation::Select { columns: unnamed.chain(named).collect() })
}

pub(crate) fn map(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(Operation::Map { columns: node.pairs("columns") })
}

pub(crate) fn join(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let how = node.word("how").unwrap_or("inner");
    let keys = node.spanned_list("on");
    let conditions = keys.iter().filter(|key| is_condition(key)).count();
    let on = match keys {
        [] if how == "cross" => JoinKeys::None,
        [] => {
            let message = "a join needs `on`: the column or condition that connects its sides";
            report.error("spec::join-without-key", node.span, node.path, message).hint = Some(
                "for example `on: customer_id`; write `how: cross` if every row shall meet every row".to_owned(),
            );
            return None;
        }
        keys if how == "cross" => {
            let message = "a cross join has no `on`";
            report.error("spec::join-key", keys[0].span, &node.path_of("on"), message).hint =
                Some("remove `on`, or use `how: inner`".to_owned());
            return None;
        }
        _ if conditions == 0 => JoinKeys::Columns(node.texts("on")),
        keys if conditions == keys.len() => JoinKeys::Conditions(node.texts("on")),
        keys => {
            let message = "`on` mixes column names and conditions";
            report.error("spec::join-key", keys[0].span, &node.path_of("on"), message).hint = Some(
                "write all as conditions, for example `customers.id = purchases.id`".to_owned(),
            );
            return None;
        }
    };
    let right = match node.text("table") {
        Some(table) if !node.has_second_input => JoinRight::CatalogTable(table),
        _ => JoinRight::Input,
    };
    let broadcast = match node.word("broadcast") {
        Some("left") => Some(Side::Left),
        Some(_) => Some(Side::Right),
        None => None,
    };
    Some(Operation::Join(Join { right, on, how, broadcast }))
}

/// Functions that `column: function` may name, all in `pyspark.sql.functions` since Spark 3.5 at the latest.
const AGGREGATE_FUNCTIONS: &[&str] = &[
    "sum",
    "avg",
    "mean",
    "min",
    "max",
    "count",
    "count_distinct",
    "approx_count_distinct",
    "first",
    "last",
    "any_value",
    "median",
    "mode",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "variance",
    "var_pop",
    "var_samp",
    "skewness",
    "kurtosis",
    "sum_distinct",
    "product",
    "bool_and",
    "bool_or",
    "collect_list",
    "collect_set",
];

pub(crate) fn aggregate(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let group_by = node.texts("group_by");
    let mut outputs: Vec<AggregateOutput> = Vec::new();
    let mut sound = true;
    for (key, values) in node.by_name("aggregations") {
        let path = format!("{}.{}", node.path_of("aggregations"), key.text);
        for value in values {
            let Some(output) = aggregate_output(key, value, &path, report) else {
                sound = false;
                continue;
            };
            let taken = group_by.iter().chain(outputs.iter().map(|output| &output.name));
            if taken.into_iter().any(|name| name.eq_ignore_ascii_case(&output.name)) {
                let message = format!("the result has a column `{}` already", output.name);
                report.error("spec::duplicate-column", value.span, &path, message).hint =
                    Some("name it yourself: `name: \"sum(amount)\"`".to_owned());
                sound = false;
            }
            outputs.push(output);
        }
    }
    let grouping = match node.word("grouping") {
        Some("rollup") => Grouping::Rollup,
        Some("cube") => Grouping::Cube,
        _ => Grouping::Groups,
    };
    let pivot = node.text("pivot").map(|column| Pivot { column, values: node.literals("values") });
    let without_keys = "it needs `group_by`";
    for (parameter, is_wrong, reason) in [
        ("grouping", grouping != Grouping::Groups && group_by.is_empty(), without_keys),
        ("pivot", pivot.is_some() && group_by.is_empty(), without_keys),
        (
            "pivot",
            pivot.is_some() && grouping != Grouping::Groups,
            "it goes with `grouping: groups` only",
        ),
        ("values", pivot.is_none() && node.values.contains_key("values"), "it needs `pivot`"),
    ] {
        if is_wrong {
            let span = node.spanned(parameter).map_or(node.span, |text| text.span);
            let message = format!("`{parameter}` cannot be used so: {reason}");
            report.error("spec::parameters", span, &node.path_of(parameter), message);
            sound = false;
        }
    }
    sound.then_some(Operation::Aggregate(Aggregate { group_by, outputs, grouping, pivot }))
}

pub(crate) fn sql(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(Operation::Sql { query: node.text("query")? })
}

pub(crate) fn deduplicate(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(Operation::Deduplicate {
        columns: node.texts("columns"),
        within_watermark: node.is_set("within_watermark"),
    })
}

pub(crate) fn window(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let (partition_by, order_by) = (node.texts("partition_by"), node.texts("order_by"));
    if partition_by.is_empty() && order_by.is_empty() {
        let message = "a window needs `partition_by`, `order_by` or both";
        report.error("spec::missing-parameter", node.span, node.path, message);
        return None;
    }
    Some(Operation::Window(WindowColumns {
        partition_by,
        order_by,
        functions: node.pairs("functions"),
    }))
}

/// Whether a text is more than a column's name (parts with dots, or `*`).
pub fn is_expression(text: &str) -> bool {
    let is_part = |part: &str| {
        part == "*"
            || part.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    !text.split('.').all(is_part)
}

/// A join key that is a condition: it compares, calls or connects something.
fn is_condition(key: &str) -> bool {
    let words = ["and", "or", "like", "between", "in", "is", "not"];
    key.contains(['=', '<', '>', '('])
        || key.split_whitespace().any(|word| words.contains(&&*word.to_lowercase()))
}

fn aggregate_output(
    key: &Spanned,
    value: &Spanned,
    path: &str,
    report: &mut Report<'_>,
) -> Option<AggregateOutput> {
    if is_expression(value) {
        let aggregation = Aggregation::Expression(value.text.clone());
        return Some(AggregateOutput { name: key.text.clone(), aggregation });
    }
    let lower = value.to_lowercase();
    let Some(function) = AGGREGATE_FUNCTIONS.iter().copied().find(|function| *function == lower)
    else {
        let message = format!("there is no aggregate function `{}`", value.text);
        report.error("spec::unknown-function", value.span, path, message).hint =
            Some(match nearest(value, AGGREGATE_FUNCTIONS.iter().copied()) {
                Some(_) => suggestion(value, AGGREGATE_FUNCTIONS),
                None => format!(
                    "one of: {}; or a SQL expression such as `\"sum(amount)\"`",
                    AGGREGATE_FUNCTIONS.join(", ")
                ),
            });
        return None;
    };
    if key.text == "*" && function != "count" {
        let message = format!("`{function}` needs a column: only `count` takes `*`");
        report.error("spec::unknown-function", value.span, path, message);
        return None;
    }
    let name = if key.text == "*" {
        function.to_owned()
    } else {
        format!("{function}_{}", key.text.replace('.', "_"))
    };
    let aggregation = Aggregation::Function { function, column: key.text.clone() };
    Some(AggregateOutput { name, aggregation })
}
