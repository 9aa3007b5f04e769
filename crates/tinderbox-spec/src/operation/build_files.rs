//! Builders of sources and sinks of files and of tables in a catalog.

use super::build::Parameters;
use super::{Buckets, Data, Decode, Lines, Operation, Read, Write};
use crate::codec;
use crate::component::NodeKind;
use crate::component::files::{READ_FORMATS, WRITE_FORMATS};
use crate::diagnostic::Report;
use crate::log_lines;

pub(crate) fn read_files(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let format = format_of(node, report)?;
    let path = node.text("path")?;
    let mut read =
        Read::of(Data::Files { format: spark_name(format), path }, node.pairs("options"));
    read.schema = node.text("schema");
    read.settings = object_store(node);
    let has = |name: &str| read.options.iter().any(|(key, _)| key.eq_ignore_ascii_case(name));
    if format == "csv" && read.schema.is_none() && !has("header") {
        let message =
            "without `header` or a schema Spark names the columns of a CSV file _c0, _c1, …";
        report.warning("spec::csv-header", node.span, node.path, message).hint =
            Some("add `options: {header: true}`, or `header: false` to keep it so".to_owned());
    }
    if format == "xml" && !has("rowTag") {
        let message = "XML needs the option `rowTag`: the element that becomes a row";
        report
            .error("spec::missing-parameter", node.span, &node.path_of("options"), message)
            .hint = Some("for example `options: {rowTag: book}`".to_owned());
        return None;
    }
    read.decode = match format {
        "logs" => Some(Decode::Lines(lines_of_logs(node, report)?)),
        "binary" => Some(Decode::MediaType {
            without_content: node.spanned("content").is_some() && !node.is_set("content"),
        }),
        _ => {
            report_parameters_of_other_formats(node, format, report)?;
            None
        }
    };
    Some(Operation::Read(read))
}

pub(crate) fn write_files(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let format = format_of(node, report)?;
    let data = Data::Files { format: spark_name(format), path: node.text("path")? };
    let mut write = write(node, data, Some(format), report)?;
    write.settings = object_store(node);
    Some(Operation::Write(write))
}

pub(crate) fn read_table(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(Operation::Read(Read::of(Data::Table(node.text("table")?), Vec::new())))
}

pub(crate) fn write_table(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let format = node.word("format");
    let mut write = write(node, Data::Table(node.text("table")?), format, report)?;
    write.table_format = format;
    let by = node.texts("bucket_by");
    let (count, sort_by) = (node.number("buckets"), node.texts("sort_by"));
    let message = match (count, by.is_empty()) {
        (Some(_), true) => "`buckets` needs `bucket_by`: the columns that decide",
        (None, false) => "`bucket_by` needs `buckets`: how many there are",
        (None, true) if !sort_by.is_empty() => "`sort_by` needs `bucket_by` and `buckets`",
        (None, true) => return Some(Operation::Write(write)),
        (Some(count), false) => {
            write.buckets = Some(Buckets { count, by, sort_by });
            return Some(Operation::Write(write));
        }
    };
    report.error("spec::parameters", node.span, node.path, message).hint =
        Some("for example `bucket_by: [customer_id], buckets: 16`".to_owned());
    None
}

pub(crate) fn read_iceberg(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let (table, settings) = iceberg_table(node, report)?;
    let mut read = Read::of(Data::Table(table), node.pairs("options"));
    read.settings = settings;
    Some(Operation::Read(read))
}

pub(crate) fn write_iceberg(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let (table, settings) = iceberg_table(node, report)?;
    let mut write = write(node, Data::Table(table), Some("iceberg"), report)?;
    write.table_format = Some("iceberg");
    write.settings = settings;
    Some(Operation::Write(write))
}

/// The table's name with its catalog, and the catalog's properties where the node has its warehouse.
/// Source: Iceberg's guide "Spark Configuration", `org.apache.iceberg.spark.SparkCatalog`.
fn iceberg_table(
    node: &Parameters<'_>,
    report: &mut Report<'_>,
) -> Option<(String, Vec<(String, String)>)> {
    let table = node.spanned("table")?;
    let Some(warehouse) = node.text("warehouse") else {
        if let Some(catalog) = node.spanned("catalog") {
            let message = "`catalog` names the catalog of a `warehouse`";
            report
                .error("spec::parameters", catalog.span, &node.path_of("catalog"), message)
                .hint =
                Some(format!("add `warehouse`, or write `table: {}.{}`", catalog.text, table.text));
            return None;
        }
        return Some((table.text.clone(), Vec::new()));
    };
    let catalog = node.text("catalog").unwrap_or_else(|| "iceberg".to_owned());
    let name = match table.text.split('.').count() {
        2 => format!("{catalog}.{}", table.text),
        3 if table.text.starts_with(&format!("{catalog}.")) => table.text.clone(),
        _ => {
            let message = format!("`{}` is no table of a warehouse", table.text);
            report.error("spec::table-name", table.span, &node.path_of("table"), message).hint =
                Some("database and table: `sales.customers`".to_owned());
            return None;
        }
    };
    let key = format!("spark.sql.catalog.{catalog}");
    let settings = vec![
        (key.clone(), "org.apache.iceberg.spark.SparkCatalog".to_owned()),
        (format!("{key}.type"), "hadoop".to_owned()),
        (format!("{key}.warehouse"), warehouse),
    ];
    Some((name, settings))
}

/// What all writers of files and tables have. `format` is the document's word.
fn write(
    node: &Parameters<'_>,
    data: Data,
    format: Option<&'static str>,
    report: &mut Report<'_>,
) -> Option<Write> {
    let mut options = node.pairs("options");
    if let Some(codec) = node.spanned("compression") {
        let option = codec::option(format, codec, node, report)?;
        // spark-xml takes no codec for one named `none` and fails; both Sparks write plain files without the option.
        let is_default = format == Some("xml") && ["none", "uncompressed"].contains(&&*option.1);
        if !is_default {
            options.insert(0, option);
        }
    }
    let mut write = Write::of(data, options);
    write.mode = node.word("mode");
    write.partition_by = node.texts("partition_by");
    if format == Some("xml") && !write.options.iter().any(|(key, _)| key == "rowTag") {
        write.options.push(("rowTag".to_owned(), "row".to_owned()));
    }
    Some(write)
}

/// Parameters of S3 as Hadoop's properties.
/// Source: Hadoop's guide "Hadoop-AWS module", section on configuration.
fn object_store(node: &Parameters<'_>) -> Vec<(String, String)> {
    let named = [
        ("endpoint", "spark.hadoop.fs.s3a.endpoint"),
        ("region", "spark.hadoop.fs.s3a.endpoint.region"),
        ("access_key", "spark.hadoop.fs.s3a.access.key"),
        ("secret_key", "spark.hadoop.fs.s3a.secret.key"),
        ("path_style", "spark.hadoop.fs.s3a.path.style.access"),
    ];
    named.iter().filter_map(|(name, key)| Some(((*key).to_owned(), node.text(name)?))).collect()
}

fn lines_of_logs(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Lines> {
    let written = node.spanned("pattern");
    let Some(written) = written else {
        let message = "logs need a `pattern`";
        report
            .error("spec::missing-parameter", node.span, &node.path_of("pattern"), message)
            .hint = Some(format!(
            "one of {}, or a regular expression with named groups: `^(?<level>\\w+) (?<message>.*)$`",
            log_lines::names().collect::<Vec<_>>().join(", ")
        ));
        return None;
    };
    let pattern = log_lines::pattern(&written.text);
    let groups = log_lines::named_groups(&pattern);
    if groups.is_empty() {
        let message = format!("`{}` is no pattern of logs: it has no named groups", written.text);
        report.error("spec::log-pattern", written.span, &node.path_of("pattern"), message).hint =
            Some(match crate::nearest::nearest(&written.text, log_lines::names()) {
                Some(near) if !written.text.contains('(') => format!("did you mean `{near}`?"),
                _ => format!(
                    "one of {}, or for example `^(?<level>\\w+) (?<message>.*)$`",
                    log_lines::names().collect::<Vec<_>>().join(", ")
                ),
            });
        return None;
    }
    Some(Lines { pattern, groups, keeps_unparsed: node.word("unparsed") != Some("drop") })
}

fn report_parameters_of_other_formats(
    node: &Parameters<'_>,
    format: &str,
    report: &mut Report<'_>,
) -> Option<()> {
    for (parameter, of) in [("pattern", "logs"), ("unparsed", "logs"), ("content", "binary")] {
        if let Some(text) = node.spanned(parameter) {
            let message = format!("`{parameter}` is for `format: {of}`, and this is {format}");
            report.error("spec::parameters", text.span, &node.path_of(parameter), message).hint =
                Some(format!("remove it, or set `format: {of}`"));
            return None;
        }
    }
    Some(())
}

/// As `spark.read.format` names it.
fn spark_name(format: &'static str) -> &'static str {
    match format {
        "logs" => "text",
        "binary" => "binaryFile",
        other => other,
    }
}

/// The format of a node of files: its `format`, else its type, else the path's ending.
fn format_of(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<&'static str> {
    let formats =
        if node.component.kind == NodeKind::Source { READ_FORMATS } else { WRITE_FORMATS };
    let named = |name: &str| formats.iter().copied().find(|format| *format == name);
    if let Some(format) = node.word("format").or_else(|| named(node.component.name)) {
        return Some(format);
    }
    if node.values.contains_key("format") {
        return None; // A wrong word, reported where it was read.
    }
    let path = node.spanned("path")?;
    let uncompressed = codec::ENDINGS.iter().find_map(|ending| path.strip_suffix(ending));
    let ending = uncompressed.unwrap_or(path).rsplit_once('.').map_or("", |(_, ending)| ending);
    let found = named(ending);
    if found.is_none() {
        let message =
            format!("`{}` needs a `format`: the path's ending names none", node.component.name);
        report.error("spec::missing-parameter", node.span, &node.path_of("format"), message).hint =
            Some(format!("one of: {}", formats.join(", ")));
    }
    found
}
