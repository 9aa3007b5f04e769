//! What a plan writes: files, tables, databases.

use super::describe::Seen;
use super::scan::store_of;
use super::text::items;
use crate::component::NodeKind;
use serde_json::{Value, json};

/// Writes of data sources of version 2 (`V2CommandExec` with a query), and of streams.
const V2_WRITES: &[&str] = &[
    "AppendData",
    "AppendDataV1",
    "AtomicCreateTableAsSelect",
    "AtomicReplaceTableAsSelect",
    "CreateTableAsSelect",
    "OverwriteByExpression",
    "OverwriteByExpressionV1",
    "OverwritePartitionsDynamic",
    "ReplaceData",
    "ReplaceTableAsSelect",
    "WriteDelta",
    "WriteToContinuousDataSource",
    "WriteToDataSourceV2",
];

/// Commands that write rows.
const COMMANDS: &[&str] = &[
    "CreateDataSourceTableAsSelectCommand",
    "CreateHiveTableAsSelectCommand",
    "InsertIntoDataSourceCommand",
    "InsertIntoDataSourceDirCommand",
    "InsertIntoHadoopFsRelationCommand",
    "InsertIntoHiveDirCommand",
    "InsertIntoHiveTable",
    "OptimizedCreateHiveTableAsSelectCommand",
    "SaveIntoDataSourceCommand",
];

pub(super) fn is_write(name: &str) -> bool {
    // Since 4.1 the name of the table stands behind: `AppendData local.db.orders`.
    let first = name.split(' ').next().unwrap_or(name);
    V2_WRITES.contains(&first) || COMMANDS.contains(&command(name))
}

fn command(name: &str) -> &str {
    name.strip_prefix("Execute ").unwrap_or(name)
}

/// The sink that an operator is.
pub(super) fn described(name: &str, text: &str) -> Seen {
    let command = command(name);
    let rest = text.split_once(command).map_or(text, |(_, rest)| rest).trim();
    let parts = items(rest);
    let mode = parts.iter().find_map(|part| save_mode(part));
    match command {
        "InsertIntoHadoopFsRelationCommand" => files(&parts, mode),
        "SaveIntoDataSourceCommand" => saved(&parts, mode),
        _ => {
            let named = name.split_once(' ').filter(|_| command == name);
            let named = named.map(|(_, table)| table.to_owned());
            let Some(table) = named.or_else(|| table_of(&parts)).or_else(|| written_table(rest))
            else {
                // Without the addresses of functions, which say nothing.
                let said = parts.iter().filter(|part| !part.contains("$$Lambda"));
                let said: Vec<&str> = said.map(String::as_str).collect();
                let label = if said.is_empty() { command.to_owned() } else { said.join(", ") };
                return sink("other", &label, json!({ "mode": mode }));
            };
            sink("table", &table, json!({ "table": table, "mode": mode }))
        }
    }
}

fn sink(component: &'static str, label: &str, parameters: Value) -> Seen {
    Seen::new(NodeKind::Sink, component, label, parameters)
}

/// `org.apache.spark.sql.SaveMode`, as documents say it.
fn save_mode(part: &str) -> Option<&'static str> {
    match part {
        "Overwrite" => Some("overwrite"),
        "Append" => Some("append"),
        "ErrorIfExists" => Some("error"),
        "Ignore" => Some("ignore"),
        _ => None,
    }
}

/// Path, fixed partitions, a flag, columns of partitions, buckets, format, options, mode, table, files, columns: what is empty
/// is left out.
fn files(parts: &[String], mode: Option<&str>) -> Seen {
    let path = parts.first().map_or("", String::as_str);
    let flag = parts.iter().position(|part| part == "true" || part == "false");
    let behind_flag = flag.map_or(&[][..], |at| &parts[at + 1..]);
    let partition_by = behind_flag.first().filter(|part| part.starts_with('['));
    let partition_by = partition_by.map(|list| items(list.trim_matches(['[', ']'])));
    let is_format = |part: &&String| part.chars().all(char::is_alphanumeric);
    let format = behind_flag.iter().find(is_format).map(|format| format.to_lowercase());
    if let Some(table) = table_of(parts) {
        let parameters = json!({
            "table": table, "path": path, "format": format, "mode": mode, "partition_by": partition_by,
        });
        return sink("table", &table, parameters);
    }
    let parameters =
        json!({ "path": path, "format": format, "mode": mode, "partition_by": partition_by });
    sink(store_of(path), path, parameters)
}

/// `org…JdbcRelationProvider@1f, Map(dbtable -> orders, url -> *********(redacted)), Append`. Of the options only those that
/// say where the rows go.
fn saved(parts: &[String], mode: Option<&str>) -> Seen {
    let provider = parts.first().map_or("", |first| first.split('@').next().unwrap_or_default());
    // `[…]` since 3.4.
    let options = parts.iter().find(|part| part.starts_with("Map(") || part.starts_with('['));
    let options = options.map_or("", |list| {
        list.trim_start_matches("Map(").trim_start_matches('[').trim_end_matches([')', ']'])
    });
    let option = |key: &str| {
        let pairs = options
            .split(", ")
            .filter_map(|pair| pair.split_once(" -> ").or_else(|| pair.split_once('=')));
        pairs.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
    };
    let class = provider.rsplit('.').next().unwrap_or(provider);
    let (component, key) = match class {
        "JdbcRelationProvider" => ("jdbc", "dbtable"),
        "KafkaSourceProvider" => ("kafka", "topic"),
        "DeltaDataSource" => ("delta", "path"),
        _ => ("other", "path"),
    };
    let Some(place) = option(key) else {
        let label = if provider.is_empty() { "SaveIntoDataSourceCommand" } else { provider };
        return sink(component, label, json!({ "mode": mode }));
    };
    let key = if key == "dbtable" { "table" } else { key };
    let mut parameters = json!({ "mode": mode });
    parameters[key] = place.into();
    sink(component, place, parameters)
}

/// `` `spark_catalog`.`default`.`orders` `` among the parts.
fn table_of(parts: &[String]) -> Option<String> {
    let table = parts.iter().find(|part| part.starts_with('`'))?;
    // Hive's lists its classes behind the name, without a comma.
    Some(table.split(' ').next().unwrap_or(table).replace('`', ""))
}

/// `IcebergWrite(table=local.db.orders, format=PARQUET)`.
fn written_table(rest: &str) -> Option<String> {
    let (_, table) = rest.split_once("(table=")?;
    let table = table.split([',', ')']).next()?.trim();
    (!table.is_empty()).then(|| table.to_owned())
}
