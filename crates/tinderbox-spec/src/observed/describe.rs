//! What an operator is in our words, from its name and description.

use super::Nodes;
use super::text::{behind, condition, in_brackets, items, named, without_numbers};
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

/// What an operator means for those around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Aggregate,
    /// A sort of each partition.
    LocalSort,
    /// Reads its input in an order.
    NeedsOrder,
    Limit,
    /// Only leaves columns out.
    Pruning,
    Write,
    Other,
}

pub(super) fn role(node: &PlanNode) -> Role {
    let name = node.name.trim();
    match name {
        "HashAggregate" | "SortAggregate" | "ObjectHashAggregate" => Role::Aggregate,
        "Sort" if node.description.contains("], false") => Role::LocalSort,
        "SortMergeJoin" | "Window" | "WindowGroupLimit" => Role::NeedsOrder,
        "GlobalLimit" | "LocalLimit" | "CollectLimit" => Role::Limit,
        "Project" if is_pruning(&node.description) => Role::Pruning,
        _ if described(node).0.iter().any(|one| one.kind == NodeKind::Sink) => Role::Write,
        _ => Role::Other,
    }
}

/// Whether an aggregate is a step of another one: it makes partial results, or drops equal rows for it.
pub(super) fn is_part_of(part: &PlanNode, whole: &PlanNode) -> bool {
    let functions = |node: &PlanNode| {
        behind(&node.description, "functions=")
            .and_then(|rest| in_brackets(rest, '['))
            .map(|(list, _)| items(list))
            .unwrap_or_default()
    };
    let keys = |node: &PlanNode| {
        behind(&node.description, "keys=")
            .and_then(|rest| in_brackets(rest, '['))
            .map(|(list, _)| items(list))
    };
    let of_part = functions(part);
    let is_partial =
        |function: &String| function.starts_with("partial_") || function.starts_with("merge_");
    if of_part.is_empty() {
        // Equal rows are dropped before they are moved; or before distinct values are counted.
        return keys(part) == keys(whole)
            || functions(whole)
                .iter()
                .any(|function| function.contains("distinct") || is_partial(function));
    }
    of_part.iter().any(is_partial)
}

fn is_pruning(description: &str) -> bool {
    let Some((list, _)) = in_brackets(description, '[') else { return false };
    items(list)
        .iter()
        .all(|item| item.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.')))
}

pub(super) fn described(node: &PlanNode) -> Nodes {
    let name = node.name.trim();
    let text = node.description.trim();
    let one = |kind, component, label: String, parameters: Value| {
        let parameters = match parameters {
            Value::Object(map) => map.into_iter().filter(|(_, value)| !is_empty(value)).collect(),
            _ => Map::new(),
        };
        Nodes(vec![Seen { kind, component, label, parameters }])
    };
    let transformation = |component, label: String, parameters| {
        one(NodeKind::Transformation, component, label, parameters)
    };
    let list_at = |label: &str| {
        behind(text, label)
            .and_then(|rest| in_brackets(rest, '['))
            .map(|(list, _)| items(list))
            .unwrap_or_default()
    };
    match name {
        "Filter" => {
            let condition = condition(text.strip_prefix("Filter").unwrap_or(text));
            // The number of a subquery's plan.
            let condition = condition.replace(", [id=]", "");
            transformation("filter", condition.clone(), json!({ "condition": condition }))
        }
        "Project" => {
            let columns = items(in_brackets(text, '[').map_or("", |(list, _)| list));
            transformation("select", columns.join(", "), json!({ "columns": columns }))
        }
        "HashAggregate" | "SortAggregate" | "ObjectHashAggregate" => {
            let (keys, functions) = (list_at("keys="), list_at("functions="));
            if functions.is_empty() {
                return transformation("deduplicate", keys.join(", "), json!({ "columns": keys }));
            }
            let by =
                if keys.is_empty() { String::new() } else { format!(" by {}", keys.join(", ")) };
            let label = format!("{}{by}", functions.join(", "));
            transformation(
                "aggregate",
                label,
                json!({ "group_by": keys, "aggregations": functions }),
            )
        }
        "Sort" => {
            let by: Vec<String> = items(in_brackets(text, '[').map_or("", |(list, _)| list));
            let within = text.contains("], false");
            let parameters = if within {
                json!({ "by": by, "within_partitions": true })
            } else {
                json!({ "by": by })
            };
            transformation("sort", by.join(", "), parameters)
        }
        "TakeOrderedAndProject" => {
            let rows = number_behind(text, "limit=");
            let by = list_at("orderBy=");
            let mut nodes = transformation("sort", by.join(", "), json!({ "by": by }));
            nodes.0.extend(transformation("limit", limit_label(rows), json!({ "rows": rows })).0);
            nodes
        }
        "GlobalLimit" | "LocalLimit" | "CollectLimit" => {
            let rows = number_behind(text, name);
            transformation("limit", limit_label(rows), json!({ "rows": rows }))
        }
        "Union" => transformation("union", "union".to_owned(), json!({})),
        "Sample" => transformation("sample", without_numbers(text), json!({})),
        "Coalesce" => {
            let partitions = number_behind(text, "Coalesce");
            transformation("coalesce", text.to_owned(), json!({ "partitions": partitions }))
        }
        "Exchange" => {
            let by: Vec<String> = items(in_brackets(text, '(').map_or("", |(list, _)| list));
            let partitions = by.last().and_then(|last| last.parse::<u64>().ok());
            let by: Vec<String> =
                by.into_iter().filter(|key| key.parse::<u64>().is_err()).collect();
            let by_range = text.contains("rangepartitioning").then_some(true);
            let label = format!("repartition {}", by.join(", "));
            transformation(
                "repartition",
                label.trim_end().to_owned(),
                json!({ "partitions": partitions, "by": by, "by_range": by_range }),
            )
        }
        "Generate" => {
            let call = text.strip_prefix("Generate").unwrap_or(text).trim();
            let column = in_brackets(call, '(')
                .map(|(inside, _)| without_numbers(inside))
                .unwrap_or_default();
            let label = without_numbers(call.split(", [").next().unwrap_or(call));
            transformation("explode", label, json!({ "column": column }))
        }
        "Window" => {
            let mut lists = Vec::new();
            let mut rest = text;
            while let Some((list, behind)) = in_brackets(rest, '[') {
                lists.push(items(list));
                rest = behind;
            }
            let functions: Map<String, Value> = lists
                .first()
                .into_iter()
                .flatten()
                .filter_map(|function| named(function))
                .map(|(name, function)| (name, Value::String(function_alone(&function))))
                .collect();
            let (by, order) = (
                lists.get(1).cloned().unwrap_or_default(),
                lists.get(2).cloned().unwrap_or_default(),
            );
            let names: Vec<&str> = functions.keys().map(String::as_str).collect();
            let label = names.join(", ");
            transformation(
                "window",
                label,
                json!({ "functions": functions, "partition_by": by, "order_by": order }),
            )
        }
        "BatchEvalPython" | "ArrowEvalPython" => {
            let calls = items(in_brackets(text, '[').map_or("", |(list, _)| list));
            transformation("udf", calls.join(", "), json!({ "calls": calls }))
        }
        "InMemoryTableScan" => {
            let columns = items(in_brackets(text, '[').map_or("", |(list, _)| list));
            transformation("cache", columns.join(", "), json!({ "columns": columns }))
        }
        _ if name.ends_with("Join") || name == "CartesianProduct" => {
            let (parameters, label) = join(name, text);
            transformation("join", label, parameters)
        }
        _ if name.starts_with("Execute ") || is_v2_write(name) => written(name, text),
        _ if is_scan(name) => {
            let (component, label, parameters) = scan(name, text);
            one(NodeKind::Source, component, label, parameters)
        }
        _ => transformation("other", without_numbers(text), json!({ "operator": name })),
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

fn limit_label(rows: Option<u64>) -> String {
    rows.map_or_else(|| "limit".to_owned(), |rows| format!("{rows} rows"))
}

fn number_behind(text: &str, label: &str) -> Option<u64> {
    let rest = behind(text, label)?.trim_start();
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// `row_number()` of `row_number() windowspecdefinition(…)`.
fn function_alone(function: &str) -> String {
    function.split(" windowspecdefinition(").next().unwrap_or(function).to_owned()
}

fn join(name: &str, text: &str) -> (Value, String) {
    // Source of the words: `org.apache.spark.sql.catalyst.plans.JoinType`.
    const TYPES: &[(&str, &str)] = &[
        ("LeftOuter", "left"),
        ("RightOuter", "right"),
        ("FullOuter", "full"),
        ("LeftSemi", "left_semi"),
        ("LeftAnti", "left_anti"),
        ("ExistenceJoin", "left_semi"),
        ("Cross", "cross"),
        ("Inner", "inner"),
    ];
    let rest = text.strip_prefix(name).unwrap_or(text).trim();
    let mut sides: Vec<Vec<String>> = Vec::new();
    let mut behind = rest;
    while behind.starts_with('[') && sides.len() < 2 {
        let Some((list, next)) = in_brackets(behind, '[') else { break };
        sides.push(items(list));
        behind = next.trim_start_matches([',', ' ']);
    }
    let words: Vec<&str> = behind.split(',').map(str::trim).collect();
    let how = TYPES
        .iter()
        .find(|(word, _)| words.iter().any(|found| found.starts_with(word)))
        .map(|(_, how)| *how);
    let how = how.or_else(|| (name == "CartesianProduct").then_some("cross")).unwrap_or("inner");
    let on: Vec<String> = match sides.as_slice() {
        [left, right] => left
            .iter()
            .zip(right)
            .map(
                |(left, right)| {
                    if left == right { left.clone() } else { format!("{left} = {right}") }
                },
            )
            .collect(),
        _ => Vec::new(),
    };
    // What more must hold stands behind the type of the join.
    let more = behind
        .find('(')
        .map(|at| condition(behind[at..].trim_end_matches(", false").trim_end_matches(", true")));
    let label = if on.is_empty() { how.to_owned() } else { format!("{how} on {}", on.join(", ")) };
    (json!({ "on": on, "how": how, "condition": more }), label)
}

fn is_scan(name: &str) -> bool {
    name.starts_with("Scan ")
        || name.starts_with("BatchScan")
        || name.starts_with("FileScan")
        || matches!(
            name,
            "Range" | "LocalTableScan" | "Scan" | "RDDScan" | "MicroBatchScan" | "ContinuousScan"
        )
        || name.starts_with("Scan")
}

/// The component, label and parameters of a source.
fn scan(name: &str, text: &str) -> (&'static str, String, Value) {
    let words: Vec<&str> = name.split_whitespace().collect();
    let format = behind(text, "Format: ")
        .map(|rest| rest.split([',', ' ']).next().unwrap_or_default().to_lowercase());
    let columns = items(in_brackets(text, '[').map_or("", |(list, _)| list));
    if let Some(relation) = name.strip_prefix("Scan JDBCRelation") {
        let table = in_brackets(relation, '(').map(|(table, _)| table.to_owned());
        // Behind the name, which has brackets of its own.
        let columns = items(
            text.strip_prefix(name)
                .and_then(|rest| in_brackets(rest, '['))
                .map_or("", |(list, _)| list),
        );
        return (
            "jdbc",
            table.clone().unwrap_or_default(),
            json!({ "table": table, "columns": columns }),
        );
    }
    // `Scan parquet spark_catalog.default.orders`.
    if let ["Scan", _, table] = words.as_slice() {
        return (
            "table",
            (*table).to_owned(),
            json!({ "table": table, "format": format, "columns": columns }),
        );
    }
    let path = behind(text, "Location: ")
        .and_then(|rest| in_brackets(rest, '['))
        .map(|(paths, _)| paths.trim().to_owned());
    match (format, path) {
        (Some(format), path) => {
            let label = path.clone().unwrap_or_else(|| format.clone());
            let filters = behind(text, "PushedFilters: ")
                .and_then(|rest| in_brackets(rest, '['))
                .map(|(list, _)| items(list));
            (
                "file",
                label,
                json!({ "format": format, "path": path, "columns": columns, "pushed_filters": filters }),
            )
        }
        _ if name.starts_with("BatchScan") && words.len() > 1 => {
            ("table", words[1].to_owned(), json!({ "table": words[1], "columns": columns }))
        }
        _ => ("other", without_numbers(text), json!({ "operator": name, "columns": columns })),
    }
}

fn is_v2_write(name: &str) -> bool {
    matches!(
        name,
        "AppendData"
            | "OverwriteByExpression"
            | "OverwritePartitionsDynamic"
            | "WriteDelta"
            | "ReplaceData"
            | "AtomicCreateTableAsSelect"
            | "AtomicReplaceTableAsSelect"
            | "CreateTableAsSelect"
            | "ReplaceTableAsSelect"
            | "WriteToDataSourceV2"
            | "WriteToContinuousDataSource"
    )
}

fn written(name: &str, text: &str) -> Nodes {
    let command = name.strip_prefix("Execute ").unwrap_or(name);
    let sink = |component, label: String, parameters: Value| {
        let parameters = match parameters {
            Value::Object(map) => map.into_iter().filter(|(_, value)| !is_empty(value)).collect(),
            _ => Map::new(),
        };
        Nodes(vec![Seen { kind: NodeKind::Sink, component, label, parameters }])
    };
    let mode = ["Overwrite", "Append", "ErrorIfExists", "Ignore"]
        .into_iter()
        .find(|mode| text.contains(&format!(", {mode}")))
        .map(|mode| if mode == "ErrorIfExists" { "error".to_owned() } else { mode.to_lowercase() });
    match command {
        // path, ifPartitionNotExists, partition columns, format, options, mode, table, columns.
        "InsertIntoHadoopFsRelationCommand" => {
            let rest = text
                .split_once("InsertIntoHadoopFsRelationCommand")
                .map_or("", |(_, rest)| rest)
                .trim();
            let parts = items(rest);
            let path = parts.first().cloned();
            let partition_by = parts
                .iter()
                .find(|part| part.starts_with('['))
                .map(|part| items(part.trim_matches(['[', ']'])));
            let at = parts.iter().position(|part| part.starts_with('['));
            let format = at.and_then(|at| parts.get(at + 1)).map(|format| format.to_lowercase());
            let format = format.filter(|format| format.chars().all(|c| c.is_alphanumeric()));
            let partition_by = partition_by.filter(|_| text.contains("__partition_columns"));
            sink(
                "file",
                path.clone().unwrap_or_default(),
                json!({ "path": path, "format": format, "mode": mode, "partition_by": partition_by }),
            )
        }
        "CreateDataSourceTableAsSelectCommand"
        | "InsertIntoHiveTable"
        | "CreateHiveTableAsSelectCommand"
        | "OptimizedCreateHiveTableAsSelectCommand" => {
            let table = text
                .split_once('`')
                .map(|(_, rest)| rest.split([',', ' ']).next().unwrap_or(rest).replace('`', ""));
            sink(
                "table",
                table.clone().unwrap_or_default(),
                json!({ "table": table, "mode": mode }),
            )
        }
        _ if is_v2_write(command) || command.contains("Save") || command.contains("Insert") => {
            sink("other", without_numbers(text), json!({ "operator": command }))
        }
        // Commands that write no rows: views, tables, settings.
        _ => Nodes(vec![Seen {
            kind: NodeKind::Transformation,
            component: "other",
            label: without_numbers(text),
            parameters: [("operator".to_owned(), Value::String(command.to_owned()))]
                .into_iter()
                .collect(),
        }]),
    }
}
