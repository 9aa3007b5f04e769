//! Sinks as commands of Spark Connect, with the calls of the compiled program's `write`.
//!
//! Sail 0.7.2 writes some things otherwise than Spark; what was found by writing the same rows with both is refused or mended
//! here. It drops what it replaces before it has the new rows, writes no file for no rows, and calls the folder of a partition
//! without a value `k=`; so on Sail a sink goes to a folder of its own first, which [`crate::job`] puts in place.

use super::expression::{alias, any, boolean, call, cast, int, text, whole};
use super::{Emitter, Engine, Reason, Rows, quality};
use crate::schema::Schema;
use proto::write_operation::{BucketBy, SaveMode, SaveTable, SaveType, save_table};
use spark_connect_proto as proto;
use std::collections::HashMap;
use tinderbox_spec::{Data, JoinRight, Node, OnFail, Operation, Write, has_secret};

/// What Sail writes, with the options that it takes as Spark does.
const SAIL_SINKS: &[(&str, &[&str])] = &[
    ("parquet", &["compression"]),
    ("csv", &["header", "sep", "delimiter", "compression"]),
    ("json", &["compression"]),
    ("text", &["compression"]),
];

/// What Spark calls the partition of rows without a value (`ExternalCatalogUtils.DEFAULT_PARTITION_NAME`).
const NO_VALUE: &str = "__HIVE_DEFAULT_PARTITION__";

impl Emitter<'_> {
    /// Why a node cannot be part of a run, beside what keeps it from being a relation.
    pub(crate) fn run_problem(&self, node: &Node) -> Result<(), Reason> {
        let sets_secret = |write: &Write| write.options.iter().any(|(_, value)| has_secret(value));
        if let Operation::Write(write) = &node.operation
            && sets_secret(write)
        {
            return Err(Reason::Secret);
        }
        if self.engine == Engine::Spark {
            return Ok(());
        }
        match &node.operation {
            Operation::Read(read) if matches!(read.data, Data::Table(_)) => {
                return Err(Reason::Catalog);
            }
            Operation::Join(join) if matches!(join.right, JoinRight::CatalogTable(_)) => {
                return Err(Reason::Catalog);
            }
            Operation::Write(write) => self.sink_problem(write)?,
            _ => {}
        }
        for expectation in &node.expectations {
            if let OnFail::Quarantine(quarantine) = &expectation.on_fail {
                self.file_problem(quarantine.format, &[])?;
                self.place_of(&quarantine.path)?;
            }
        }
        Ok(())
    }

    fn sink_problem(&self, write: &Write) -> Result<(), Reason> {
        let Data::Files { format, path } = &write.data else {
            return Err(match &write.data {
                Data::Connector { format } => Reason::Connector((*format).to_owned()),
                _ => Reason::Catalog,
            });
        };
        self.place_of(path)?;
        if write.buckets.is_some() {
            return Err(Reason::Sink("buckets".to_owned()));
        }
        if path.contains(['*', '?', '[', ']', '{', '}', '\\']) {
            return Err(Reason::Sink(format!("to a path with signs of a pattern ({path})")));
        }
        self.file_problem(format, &write.options)
    }

    fn file_problem(&self, format: &str, options: &[(String, String)]) -> Result<(), Reason> {
        let Some((_, known)) = SAIL_SINKS.iter().find(|(name, _)| *name == format) else {
            return Err(Reason::Sink(format!("the format {format}")));
        };
        for (option, value) in options {
            let is_known = known.iter().any(|known| known.eq_ignore_ascii_case(option));
            let is_separator = matches!(option.to_lowercase().as_str(), "sep" | "delimiter");
            if !is_known || is_separator && value.chars().count() != 1 {
                return Err(Reason::Sink(format!("{format} with the option `{option}`")));
            }
        }
        Ok(())
    }

    /// A path of the document as a server finds it.
    pub(crate) fn path_of(&self, path: &str) -> Result<String, Reason> {
        self.place_of(path)
    }

    /// Where the files of a sink go: its path as a server finds it.
    pub(crate) fn target_of(&self, write: &Write) -> Result<Option<String>, Reason> {
        match &write.data {
            Data::Files { path, .. } => self.place_of(path).map(Some),
            Data::Table(_) | Data::Connector { .. } => Ok(None),
        }
    }
}

/// Rows so that Sail writes of them what Spark would. Where that depends on values, the query fails at one that it would write
/// otherwise, and says why.
pub(crate) fn for_sail(
    format: &str,
    partition_by: &[String],
    rows: Rows,
    schema: &Schema,
) -> Result<Rows, Reason> {
    let mut columns = Vec::new();
    for column in schema.columns() {
        let is_key = partition_by.iter().any(|key| key.eq_ignore_ascii_case(&column.name));
        let value = whole(&column.name);
        let changed = if is_key {
            Some(partition_value(&column.name, &column.kind)?)
        } else {
            match format {
                "csv" | "json" => text_value(format, &column.name, &column.kind)?,
                _ => None,
            }
        };
        columns.push((changed.is_some(), alias(changed.unwrap_or(value), &column.name)));
    }
    if !columns.iter().any(|(is_changed, _)| *is_changed) {
        return Ok(rows);
    }
    Ok(rows.project(columns.into_iter().map(|(_, column)| column).collect()))
}

/// A partition's name as Spark writes it: the text of the value, and a word of its own for none.
fn partition_value(name: &str, kind: &str) -> Result<proto::Expression, Reason> {
    if !is_plain(kind) || matches!(kind, "float" | "double" | "timestamp" | "timestamp_ntz") {
        return Err(Reason::Sink(format!("partitions by `{name}`, which is {kind}")));
    }
    let value = cast(whole(name), "string");
    let is_none = call("=", vec![call("coalesce", vec![value.clone(), text("")]), text("")]);
    Ok(call("when", vec![is_none, text(NO_VALUE), value]))
}

/// A value in a text format; `None` where Sail writes it as Spark does.
fn text_value(format: &str, name: &str, kind: &str) -> Result<Option<proto::Expression>, Reason> {
    let value = || whole(name);
    let fails = |problem: &str, wrong: proto::Expression, to: &str| {
        let said = format!(
            "column `{name}` has {problem}, which Sail writes to {format} otherwise than Spark: write parquet, or run on Spark"
        );
        let raised = cast(call("raise_error", vec![text(&said)]), to);
        call("when", vec![wrong, raised, value()])
    };
    let is_nested = kind.contains('<');
    match kind {
        // Spark's default format (`yyyy-MM-dd'T'HH:mm:ss.SSSXXX`), in the time zone that runs on Sail have.
        "timestamp" => {
            let local = call("date_format", vec![value(), text("yyyy-MM-dd'T'HH:mm:ss.SSS")]);
            Ok(Some(call("concat", vec![local, text("Z")])))
        }
        "float" | "double" => {
            let infinite =
                call("=", vec![call("abs", vec![value()]), cast(text("Infinity"), kind)]);
            let wrong = call("or", vec![call("isnan", vec![value()]), infinite]);
            Ok(Some(fails("NaN or Infinity", wrong, kind)))
        }
        // Spark trims texts, quotes empty ones and writes a backslash before quotes (`CSVOptions`).
        "string" if format == "csv" => {
            let blank = |of: proto::Expression| call("<=", vec![call("ascii", vec![of]), int(32)]);
            let ends = call("or", vec![blank(value()), blank(call("reverse", vec![value()]))]);
            let quote = call("contains", vec![value(), text("\"")]);
            Ok(Some(fails(
                "a text that is empty, begins or ends with a blank, or has a quote in it",
                call("or", vec![ends, quote]),
                "string",
            )))
        }
        kind if is_plain(kind) => Ok(None),
        kind if is_nested
            && format == "json"
            && ![
                "binary",
                "float",
                "double",
                "timestamp",
                "interval",
                "variant",
                "void",
                "unknown",
            ]
            .iter()
            .any(|other| kind.contains(other)) =>
        {
            Ok(None)
        }
        kind => Err(Reason::Sink(format!("{format} with the column `{name}`, which is {kind}"))),
    }
}

fn is_plain(kind: &str) -> bool {
    let plain = ["string", "boolean", "tinyint", "smallint", "int", "bigint", "date"];
    plain.contains(&kind) || kind.starts_with("decimal(")
}

/// The command that writes a sink. `target` replaces the path and `mode` the mode of the document.
pub(crate) fn write_command(
    write: &Write,
    rows: Rows,
    target: Option<String>,
    mode: Option<&str>,
) -> proto::Command {
    let (source, save_type) = match &write.data {
        Data::Files { format, .. } => (Some((*format).to_owned()), target.map(SaveType::Path)),
        Data::Connector { format } => (Some((*format).to_owned()), None),
        Data::Table(table) => {
            let save_method = save_table::TableSaveMethod::SaveAsTable.into();
            let table = SaveTable { table_name: table.clone(), save_method };
            (write.table_format.map(str::to_owned), Some(SaveType::Table(table)))
        }
    };
    let buckets = write.buckets.as_ref();
    command(proto::WriteOperation {
        input: Some(rows.into_relation()),
        source,
        save_type,
        mode: save_mode(mode).into(),
        sort_column_names: buckets.map(|buckets| buckets.sort_by.clone()).unwrap_or_default(),
        partitioning_columns: write.partition_by.clone(),
        bucket_by: buckets.map(|buckets| BucketBy {
            bucket_column_names: buckets.by.clone(),
            num_buckets: i32::try_from(buckets.count).unwrap_or(i32::MAX),
        }),
        options: write.options.iter().cloned().collect(),
        ..Default::default()
    })
}

/// The same of files of a format, replacing what is there.
pub(crate) fn files_command(
    format: &str,
    rows: Rows,
    target: String,
    partition_by: &[String],
    options: &[(String, String)],
) -> proto::Command {
    let mut options: HashMap<String, String> = options.iter().cloned().collect();
    let has_compression = options.keys().any(|key| key.eq_ignore_ascii_case("compression"));
    if format == "parquet" && !has_compression {
        // `spark.sql.parquet.compression.codec`; Sail's own default is zstd.
        options.insert("compression".to_owned(), "snappy".to_owned());
    }
    command(proto::WriteOperation {
        input: Some(rows.into_relation()),
        source: Some(format.to_owned()),
        save_type: Some(SaveType::Path(target)),
        mode: SaveMode::Overwrite.into(),
        partitioning_columns: partition_by.to_vec(),
        options,
        ..Default::default()
    })
}

/// The rows of a node that go to quarantine, with the names of the expectations that they do not meet.
pub(crate) fn quarantined(node: &Node, all: Rows) -> Rows {
    let of_rows =
        || node.expectations.iter().filter_map(|one| Some((one, quality::wrong_rows(&one.rule)?)));
    let names = of_rows().map(|(one, wrong)| call("when", vec![wrong, text(&one.name)]));
    let names = call("concat_ws", std::iter::once(text(", ")).chain(names).collect());
    let is_kept = |one: &tinderbox_spec::Expectation| matches!(one.on_fail, OnFail::Quarantine(_));
    let wrong = of_rows().filter(|(one, _)| is_kept(one)).map(|(_, wrong)| wrong);
    let rows = all.with_columns(vec![("failed_expectations".to_owned(), names)]);
    match any(wrong) {
        Some(wrong) => rows.filter(wrong),
        None => rows.filter(boolean(false)),
    }
}

/// How many rows lie in files of Parquet: their footers say it.
pub(crate) fn parquet_rows(folder: &str) -> Rows {
    let source = proto::read::DataSource {
        format: Some("parquet".to_owned()),
        paths: vec![folder.to_owned()],
        ..Default::default()
    };
    let rows = Rows::read(proto::read::ReadType::DataSource(source));
    rows.counted()
}

fn save_mode(mode: Option<&str>) -> SaveMode {
    match mode {
        Some("append") => SaveMode::Append,
        Some("overwrite") => SaveMode::Overwrite,
        Some("ignore") => SaveMode::Ignore,
        _ => SaveMode::ErrorIfExists,
    }
}

fn command(write: proto::WriteOperation) -> proto::Command {
    let kind = proto::command::CommandType::WriteOperation(write);
    proto::Command { command_type: Some(kind) }
}
