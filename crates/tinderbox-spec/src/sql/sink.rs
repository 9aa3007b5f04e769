//! The statements of a sink.

use super::layout::{ended, in_brackets};
use super::source::options;
use super::text::{literal, name};
use super::{Refusal, Statement};
use crate::operation::{Data, Write};

/// The statements that write the view `input`; a table that is made for files gets the name `named`.
pub(super) fn statements(write: &Write, input: &str, named: &str) -> Statement {
    match &write.data {
        Data::Connector { format } => Err(Refusal {
            code: "sql::sink",
            message: format!(
                "`{named}` writes through the connector `{format}`, which SQL cannot create tables of"
            ),
            hint: "compile with `--to pyspark`".to_owned(),
        }),
        Data::Files { format, path } => files(write, (format, path), input, named),
        Data::Table(table) => into_table(write, table, input),
    }
}

fn files(write: &Write, (format, path): (&str, &str), input: &str, named: &str) -> Statement {
    let refuse = |message: String, hint: &str| {
        Err(Refusal { code: "sql::sink", message, hint: hint.to_owned() })
    };
    match write.mode {
        Some("overwrite") if write.partition_by.is_empty() => {
            let options = options(&write.options, None);
            let options = if options.is_empty() {
                String::new()
            } else {
                format!("\n{}", in_brackets("OPTIONS", &options))
            };
            Ok(ended(&format!(
                "INSERT OVERWRITE DIRECTORY {}\nUSING {format}{options}\nSELECT *\nFROM {}",
                literal(path),
                name(input)
            )))
        }
        Some("overwrite") => refuse(
            format!(
                "`{named}` overwrites a folder with `partition_by`, which SQL has no statement for"
            ),
            "write to a table, leave `partition_by` out, or compile with `--to pyspark`",
        ),
        Some(mode @ ("append" | "ignore")) => refuse(
            format!("`{named}` has `mode: {mode}` on a folder, which SQL has no statement for"),
            "write to a table, use `mode: overwrite`, or compile with `--to pyspark`",
        ),
        // A relative path of a table starts at the warehouse.
        _ if !(path.starts_with('/') || path.contains(":/")) => refuse(
            format!(
                "`{named}` makes a table of files, and SQL puts its relative path under the warehouse"
            ),
            "write the whole path, or use `mode: overwrite`",
        ),
        _ => {
            let layout = layout(write, Some(format), Some(path));
            Ok(ended(&format!(
                "CREATE TABLE {}{layout}\nAS SELECT *\nFROM {}",
                name(named),
                name(input)
            )))
        }
    }
}

fn into_table(write: &Write, table: &str, input: &str) -> Statement {
    let quoted: Vec<String> = table.split('.').map(name).collect();
    let quoted = quoted.join(".");
    let layout = layout(write, write.table_format, None);
    let rows = format!("SELECT *\nFROM {}", name(input));
    // Tables of these formats are replaced in one step, others are made again.
    let is_replaceable = matches!(write.table_format, Some("delta" | "iceberg"));
    match write.mode {
        Some("overwrite") if is_replaceable => {
            Ok(ended(&format!("CREATE OR REPLACE TABLE {quoted}{layout}\nAS {rows}")))
        }
        Some("overwrite") => Ok(format!(
            "{}{}",
            ended(&format!("DROP TABLE IF EXISTS {quoted}")),
            ended(&format!("CREATE TABLE {quoted}{layout}\nAS {rows}"))
        )),
        Some("ignore") => {
            Ok(ended(&format!("CREATE TABLE IF NOT EXISTS {quoted}{layout}\nAS {rows}")))
        }
        Some("append") => Ok(format!(
            "{}{}",
            ended(&format!("CREATE TABLE IF NOT EXISTS {quoted}{layout}\nAS {rows}\nLIMIT 0")),
            ended(&format!("INSERT INTO {quoted} BY NAME\n{rows}"))
        )),
        _ => Ok(ended(&format!("CREATE TABLE {quoted}{layout}\nAS {rows}"))),
    }
}

/// `USING`, `OPTIONS`, `PARTITIONED BY`, `CLUSTERED BY` and `LOCATION` of a new table, each on a line of its own.
fn layout(write: &Write, format: Option<&str>, path: Option<&str>) -> String {
    let mut clauses = Vec::new();
    clauses.extend(format.map(|format| format!("USING {format}")));
    let options = options(&write.options, None);
    if !options.is_empty() {
        clauses.push(in_brackets("OPTIONS", &options));
    }
    let quoted = |columns: &[String]| columns.iter().map(|column| name(column)).collect::<Vec<_>>();
    if !write.partition_by.is_empty() {
        clauses.push(in_brackets("PARTITIONED BY", &quoted(&write.partition_by)));
    }
    if let Some(buckets) = &write.buckets {
        let sorted = match buckets.sort_by.as_slice() {
            [] => String::new(),
            columns => format!(" SORTED BY ({})", quoted(columns).join(", ")),
        };
        let by = quoted(&buckets.by).join(", ");
        clauses.push(format!("CLUSTERED BY ({by}){sorted} INTO {} BUCKETS", buckets.count));
    }
    clauses.extend(path.map(|path| format!("LOCATION {}", literal(path))));
    clauses.iter().map(|clause| format!("\n{clause}")).collect()
}
