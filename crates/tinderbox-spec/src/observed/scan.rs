//! What a plan reads: files, tables, databases.

use super::describe::Seen;
use super::text::{behind, in_brackets, items, items_in, without_numbers};
use crate::component::NodeKind;
use serde_json::json;

pub(super) fn is_scan(name: &str) -> bool {
    name.starts_with("Scan")
        || name.starts_with("BatchScan")
        || name.starts_with("FileScan")
        || matches!(
            name,
            "Range" | "LocalTableScan" | "RDDScan" | "MicroBatchScan" | "ContinuousScan"
        )
}

/// The source that an operator is.
pub(super) fn described(name: &str, text: &str) -> Seen {
    let source =
        |component, label, parameters| Seen::new(NodeKind::Source, component, label, parameters);
    // Columns stand behind a name that may have brackets of its own.
    let columns = text.strip_prefix(name).and_then(|rest| in_brackets(rest, '['));
    let columns = columns.map_or_else(|| items_in(text, ""), |(list, _)| items(list));
    if let Some(relation) = name.strip_prefix("Scan JDBCRelation") {
        let table = in_brackets(relation, '(').map(|(table, _)| table.to_owned());
        let label = table.clone().unwrap_or_else(|| name.to_owned());
        let filters = items_in(text, "PushedFilters: ");
        return source(
            "jdbc",
            label,
            json!({ "table": table, "columns": columns, "pushed_filters": filters }),
        );
    }
    let format = behind(text, "Format: ")
        .and_then(|rest| rest.split([',', ' ']).next())
        .map(str::to_lowercase)
        .filter(|format| !format.is_empty());
    let filters = items_in(text, "PushedFilters: ");
    let words: Vec<&str> = name.split_whitespace().collect();
    let table = match words.as_slice() {
        // `Scan parquet spark_catalog.default.orders`, `BatchScan local.db.orders`.
        ["Scan", format, table] if is_word(format) => Some(*table),
        ["BatchScan", table] if format.is_none() => Some(*table),
        _ => None,
    };
    if let Some(table) = table {
        return source(
            "table",
            table.to_owned(),
            json!({ "table": table, "format": format, "columns": columns, "pushed_filters": filters }),
        );
    }
    let Some(format) = format else {
        let label = if text.is_empty() { name.to_owned() } else { without_numbers(text) };
        return source("other", label, json!({ "columns": columns }));
    };
    let location = behind(text, "Location: ").unwrap_or_default();
    let index = location.split(['(', '[']).next().unwrap_or_default();
    // Delta's indices: `TahoeBatchFileIndex`, `TahoeLogFileIndex`, `PreparedDeltaFileIndex`.
    let is_delta = index.starts_with("Tahoe") || index.contains("Delta");
    let paths = paths(location);
    let (path, more) = match paths.as_slice() {
        [path] => (Some(path.as_str()), None),
        _ => (None, Some(&paths)),
    };
    let component = match paths.first() {
        _ if is_delta => "delta",
        Some(path) => store_of(path),
        None => "file",
    };
    let label = if paths.is_empty() { format.clone() } else { paths.join(", ") };
    source(
        component,
        label,
        json!({
            "format": (!is_delta).then_some(format),
            "path": path,
            "paths": more,
            "columns": columns,
            "pushed_filters": filters,
        }),
    )
}

fn is_word(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// The paths of `InMemoryFileIndex(2 paths)[file:/a, file:/b], PartitionFilters: …`. Spark cuts long ones, brackets and all:
/// `InMemoryFileIndex(1 paths)[file:/a/very/lo..., PartitionFilters: …` (`spark.sql.maxMetadataStringLength`).
fn paths(location: &str) -> Vec<String> {
    let location = location.split(", PartitionFilters: ").next().unwrap_or(location);
    let location = location.split(", PushedFilters: ").next().unwrap_or(location);
    let Some((_, list)) = location.split_once('[') else { return Vec::new() };
    let list = list.split(']').next().unwrap_or(list);
    let paths = list.split(", ").map(str::trim);
    paths.filter(|path| !path.is_empty() && *path != "...").map(str::to_owned).collect()
}

/// The component for files of this address: by Hadoop's names of file systems.
pub(super) fn store_of(path: &str) -> &'static str {
    let scheme = path.split_once(":/").map_or("", |(scheme, _)| scheme);
    match scheme {
        "hdfs" | "viewfs" | "webhdfs" => "hdfs",
        "s3" | "s3a" | "s3n" => "s3",
        "abfs" | "abfss" | "wasb" | "wasbs" => "azure",
        "gs" => "gcs",
        _ => "file",
    }
}
