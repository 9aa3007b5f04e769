//! What an operator is in our words, from its name and description.

use super::text::{behind, condition, in_brackets, items, items_in, named, without_numbers};
use super::{join, scan, write};
use crate::component::NodeKind;
use serde_json::{Map, Value, json};
use tinderbox_model::PlanNode;

/// A node that an operator stands for.
pub(super) struct Seen {
    pub(super) kind: NodeKind,
    pub(super) component: &'static str,
    pub(super) label: String,
    pub(super) parameters: Map<String, Value>,
}

impl Seen {
    /// Parameters that the description does not tell are left out.
    pub(super) fn new(
        kind: NodeKind,
        component: &'static str,
        label: impl Into<String>,
        parameters: Value,
    ) -> Self {
        let parameters = match parameters {
            Value::Object(map) => map.into_iter().filter(|(_, value)| !is_empty(value)).collect(),
            _ => Map::new(),
        };
        Self { kind, component, label: label.into(), parameters }
    }

    pub(super) fn transformation(
        component: &'static str,
        label: impl Into<String>,
        parameters: Value,
    ) -> Self {
        Self::new(NodeKind::Transformation, component, label, parameters)
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// What an operator means for those around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Spark adds it to run the plan, and it says nothing about rows or columns.
    Machinery,
    Aggregate,
    /// A sort of each partition.
    LocalSort,
    /// Reads its input in an order.
    NeedsOrder,
    Limit,
    /// Only leaves columns out.
    Pruning,
    Repartition,
    Write,
    Other,
}

pub(super) fn role(node: &PlanNode) -> Role {
    const MACHINERY: &[&str] = &[
        "AQEShuffleRead",
        "AdaptiveSparkPlan",
        "BroadcastExchange",
        "ColumnarToRow",
        "CommandResult",
        // Until Spark 3.1.
        "CustomShuffleReader",
        "InputAdapter",
        "ReusedExchange",
        "ReusedSubquery",
        "RowToColumnar",
        "SessionWindowStateStoreRestore",
        "SessionWindowStateStoreSave",
        "StateStoreRestore",
        "StateStoreSave",
        "WindowGroupLimit",
        "WriteFiles",
    ];
    let name = node.name.trim();
    match name {
        "HashAggregate" | "SortAggregate" | "ObjectHashAggregate" => Role::Aggregate,
        "Sort" if node.description.contains("], false") => Role::LocalSort,
        "SortMergeJoin" | "Window" => Role::NeedsOrder,
        "GlobalLimit" | "LocalLimit" | "CollectLimit" => Role::Limit,
        "Project" if is_pruning(&node.description) => Role::Pruning,
        "Exchange" if is_asked_for(&node.description) => Role::Repartition,
        "Exchange" => Role::Machinery,
        _ if name.starts_with("Subquery") || name.ends_with("QueryStage") => Role::Machinery,
        _ if MACHINERY.contains(&name) => Role::Machinery,
        _ if write::is_write(name) => Role::Write,
        _ => Role::Other,
    }
}

/// Whether a user called `repartition`: Spark names the origin since 3.1 (`ShuffleOrigin`); nothing else deals rows out in turn.
fn is_asked_for(exchange: &str) -> bool {
    exchange.contains("RoundRobinPartitioning")
        || items(exchange)
            .iter()
            .any(|part| part.starts_with("REPARTITION") || part.starts_with("REBALANCE"))
}

/// Whether an aggregate is a step of another one: it makes partial results, or drops equal rows for it.
pub(super) fn is_part_of(part: &PlanNode, whole: &PlanNode) -> bool {
    let keys = |node: &PlanNode| items_in(&node.description, "keys=");
    let functions = |node: &PlanNode| items_in(&node.description, "functions=");
    let is_partial =
        |function: &String| function.starts_with("partial_") || function.starts_with("merge_");
    let (of_part, of_whole) = (functions(part), functions(whole));
    if of_part.iter().any(is_partial) {
        return true;
    }
    // Distinct values of several columns are counted at once, each under its number (`RewriteDistinctAggregates`).
    if keys(part).iter().any(|key| key == "gid") {
        return true;
    }
    // Equal rows are dropped before they are moved, or before distinct values are counted.
    of_part.is_empty()
        && (of_whole.iter().any(|function| function.contains("(distinct "))
            || of_whole.is_empty() && keys(part) == keys(whole))
}

fn is_pruning(description: &str) -> bool {
    let Some((list, _)) = in_brackets(description, '[') else {
        // No column at all is left where rows are only counted.
        return description.trim() == "Project";
    };
    items(list).iter().all(|item| {
        // Spark cuts long lists: `... 12 more fields`.
        item.starts_with("... ")
            || item.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
    })
}

/// The nodes that an operator stands for: one, of some two. Never empty.
pub(super) fn described(node: &PlanNode) -> Vec<Seen> {
    let name = node.name.trim();
    let text = node.description.trim();
    if name == "TakeOrderedAndProject" {
        let by = items_in(text, "orderBy=");
        return vec![
            Seen::transformation("sort", by.join(", "), json!({ "by": by })),
            limit(number_behind(text, "limit="), number_behind(text, "offset=")),
        ];
    }
    let list = || items_in(text, "");
    vec![match name {
        "Filter" => {
            let condition = condition(text.strip_prefix("Filter").unwrap_or(text));
            // Without the number of a subquery's plan.
            let condition = condition.replace(", [id=]", "");
            Seen::transformation("filter", condition.as_str(), json!({ "condition": condition }))
        }
        "Project" => {
            let columns = list();
            Seen::transformation("select", columns.join(", "), json!({ "columns": columns }))
        }
        "HashAggregate" | "SortAggregate" | "ObjectHashAggregate" => aggregate(text),
        "Sort" => {
            let by = list();
            let within = text.contains("], false").then_some(true);
            let label = by.join(", ");
            Seen::transformation("sort", label, json!({ "by": by, "within_partitions": within }))
        }
        "GlobalLimit" | "LocalLimit" | "CollectLimit" => {
            limit(number_behind(text, name), number_behind(text, ", "))
        }
        "Union" => Seen::transformation("union", "union", json!({})),
        "Sample" => Seen::transformation("sample", without_numbers(text), json!({})),
        "Coalesce" => {
            let partitions = number_behind(text, "Coalesce");
            Seen::transformation("coalesce", text, json!({ "partitions": partitions }))
        }
        "Exchange" => repartition(text),
        "Generate" => generate(text),
        "Window" => window(text),
        "BatchEvalPython" | "ArrowEvalPython" => {
            let calls = list();
            Seen::transformation("udf", calls.join(", "), json!({ "calls": calls }))
        }
        "InMemoryTableScan" => {
            let columns = list();
            Seen::transformation("cache", columns.join(", "), json!({ "columns": columns }))
        }
        _ if name.starts_with("Scan In-memory table ") => {
            Seen::transformation("cache", without_numbers(text), json!({ "columns": list() }))
        }
        "StreamingDeduplicate" | "StreamingDeduplicateWithinWatermark" => {
            let columns = list();
            Seen::transformation("deduplicate", columns.join(", "), json!({ "columns": columns }))
        }
        "EventTimeWatermark" => watermark(text),
        _ if name.ends_with("Join") || name == "CartesianProduct" => join::described(name, text),
        _ if write::is_write(name) => write::described(name, text),
        _ if scan::is_scan(name) => scan::described(name, text),
        _ => Seen::transformation("other", without_numbers(text), json!({})),
    }]
}

fn aggregate(text: &str) -> Seen {
    let (keys, functions) = (items_in(text, "keys="), items_in(text, "functions="));
    if functions.is_empty() {
        return Seen::transformation("deduplicate", keys.join(", "), json!({ "columns": keys }));
    }
    let by = if keys.is_empty() { String::new() } else { format!(" by {}", keys.join(", ")) };
    let label = format!("{}{by}", functions.join(", "));
    let parameters = json!({ "group_by": keys, "aggregations": functions });
    Seen::transformation("aggregate", label, parameters)
}

fn repartition(text: &str) -> Seen {
    let arguments = items(in_brackets(text, '(').map_or("", |(list, _)| list));
    // `SinglePartition` has no arguments.
    let partitions = match arguments.last() {
        Some(last) => last.parse::<u64>().ok(),
        None => text.contains("SinglePartition").then_some(1),
    };
    let by: Vec<String> = arguments.into_iter().filter(|key| key.parse::<u64>().is_err()).collect();
    let by_range = text.contains("rangepartitioning").then_some(true);
    let label = [
        partitions.map(|partitions| format!("{partitions} partitions")),
        (!by.is_empty()).then(|| format!("by {}", by.join(", "))),
    ];
    let label = label.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let parameters = json!({ "partitions": partitions, "by": by, "by_range": by_range });
    Seen::transformation("repartition", label, parameters)
}

/// `Generate explode(items#7), [id#1], false, [item#8]`.
fn generate(text: &str) -> Seen {
    let call = text.strip_prefix("Generate").unwrap_or(text).trim();
    let label = without_numbers(call.split(", [").next().unwrap_or(call));
    if !label.starts_with("explode(") && !label.starts_with("posexplode(") {
        return Seen::transformation("other", label, json!({}));
    }
    let parts = items(call);
    let column = in_brackets(&label, '(').map(|(inside, _)| inside.to_owned());
    let made = parts.last().filter(|last| last.starts_with('['));
    let made = made.map(|last| items(last.trim_matches(['[', ']'])));
    let outer = parts.get(2).is_some_and(|part| part == "true").then_some(true);
    Seen::transformation("explode", label, json!({ "column": column, "as": made, "outer": outer }))
}

/// `Window [row_number() windowspecdefinition(…) AS place#5], [key#1], [time#2 ASC NULLS FIRST]`.
fn window(text: &str) -> Seen {
    let mut lists = Vec::new();
    let mut rest = text;
    while let Some((list, behind)) = in_brackets(rest, '[') {
        lists.push(items(list));
        rest = behind;
    }
    let mut lists = lists.into_iter();
    let functions: Map<String, Value> = lists
        .next()
        .unwrap_or_default()
        .iter()
        .filter_map(|function| named(function))
        .map(|(name, function)| {
            let alone = function.split(" windowspecdefinition(").next().unwrap_or(&function);
            (name, Value::String(alone.to_owned()))
        })
        .collect();
    let (by, order) = (lists.next().unwrap_or_default(), lists.next().unwrap_or_default());
    let label: Vec<String> = functions
        .iter()
        .map(|(name, function)| format!("{} AS {name}", function.as_str().unwrap_or_default()))
        .collect();
    let by_label = if by.is_empty() { String::new() } else { format!(" by {}", by.join(", ")) };
    let parameters = json!({ "functions": functions, "partition_by": by, "order_by": order });
    Seen::transformation("window", format!("{}{by_label}", label.join(", ")), parameters)
}

/// `EventTimeWatermark time#1: timestamp, 10 minutes`; Spark 4 has an id in front.
fn watermark(text: &str) -> Seen {
    let parts = items(text.strip_prefix("EventTimeWatermark").unwrap_or(text));
    let column = parts.iter().find_map(|part| part.split_once(": ")).map(|(column, _)| column);
    let delay = parts.last().filter(|_| parts.len() > 1);
    let label = match (column, delay) {
        (Some(column), Some(delay)) => format!("{column}, {delay}"),
        _ => parts.join(", "),
    };
    Seen::transformation("watermark", label, json!({ "column": column, "delay": delay }))
}

/// Spark's limit counts the rows that the offset leaves out.
fn limit(limit: Option<u64>, offset: Option<u64>) -> Seen {
    let offset = offset.filter(|offset| *offset > 0);
    let rows = limit.map(|limit| limit.saturating_sub(offset.unwrap_or(0)));
    let mut label = rows.map_or_else(|| "limit".to_owned(), |rows| format!("{rows} rows"));
    if let Some(offset) = offset {
        label = format!("{label} behind the first {offset}");
    }
    Seen::transformation("limit", label, json!({ "rows": rows, "offset": offset }))
}

fn number_behind(text: &str, label: &str) -> Option<u64> {
    let rest = behind(text, label)?.trim_start();
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
