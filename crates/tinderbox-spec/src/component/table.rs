//! Sources and sinks.

use super::NodeKind::{Sink, Source};
use super::ParameterType::{OneOf, Text, TextByName, Texts};
use super::parameter::{optional, required, with_default};
use super::{Component, Inputs, Parameter};
use crate::operation::build;

use super::parameter::ONE;

const NONE: Inputs = Inputs { min: 0, max: 0 };

/// Formats of files, as `spark.read.format` names them.
const FORMATS: &[&str] = &["parquet", "csv", "json", "orc", "text", "delta"];

/// Spark's save modes (`DataFrameWriter.mode`).
const MODES: &[&str] = &["append", "overwrite", "ignore", "error", "errorifexists"];

const READ_PATH: Parameter =
    required("path", Text, "file, folder or pattern; a relative path starts at the job's folder");
const WRITE_PATH: Parameter =
    required("path", Text, "folder to write; a relative path starts at the job's folder");
const FORMAT: Parameter =
    with_default("format", OneOf(FORMATS), "from the path's ending", "format of the files");
const OPTIONS: Parameter =
    optional("options", TextByName, "Spark's options of the format, for example `header: true`");
const SCHEMA: Parameter = optional(
    "schema",
    Text,
    "columns and types as in `CREATE TABLE`, for example `id BIGINT, name STRING`",
);
const MODE: Parameter =
    with_default("mode", OneOf(MODES), "error", "what to do when the target exists");
const PARTITION_BY: Parameter = optional("partition_by", Texts, "columns that become folders");
const TABLE: Parameter = required("table", Text, "table of the catalog");

const READ_FILES: &[Parameter] = &[READ_PATH, FORMAT, OPTIONS, SCHEMA];
const READ_ONE_FORMAT: &[Parameter] = &[READ_PATH, OPTIONS, SCHEMA];
const WRITE_FILES: &[Parameter] = &[WRITE_PATH, FORMAT, MODE, PARTITION_BY, OPTIONS];
const WRITE_ONE_FORMAT: &[Parameter] = &[WRITE_PATH, MODE, PARTITION_BY, OPTIONS];

macro_rules! read_files {
    ($name:literal, $purpose:literal, $parameters:expr, $example:literal) => {
        Component {
            name: $name,
            kind: Source,
            purpose: $purpose,
            parameters: $parameters,
            inputs: NONE,
            example: $example,
            build: Some(build::read_files),
        }
    };
}

macro_rules! write_files {
    ($name:literal, $purpose:literal, $parameters:expr, $example:literal) => {
        Component {
            name: $name,
            kind: Sink,
            purpose: $purpose,
            parameters: $parameters,
            inputs: ONE,
            example: $example,
            build: Some(build::write_files),
        }
    };
}

macro_rules! not_yet {
    ($kind:ident, $name:literal, $purpose:literal, $example:literal) => {
        Component {
            name: $name,
            kind: $kind,
            purpose: $purpose,
            parameters: &[],
            inputs: if matches!($kind, Source) { NONE } else { ONE },
            example: $example,
            build: None,
        }
    };
}

pub(super) static SOURCES: &[Component] = &[
    read_files!(
        "file",
        "Reads files of this machine.",
        READ_FILES,
        "{type: file, format: parquet, path: data/customers}"
    ),
    read_files!(
        "hdfs",
        "Reads files of HDFS.",
        READ_FILES,
        "{type: hdfs, format: parquet, path: 'hdfs:///data/customers'}"
    ),
    read_files!(
        "s3",
        "Reads files of S3.",
        READ_FILES,
        "{type: s3, format: parquet, path: 's3a://data/customers'}"
    ),
    read_files!(
        "azure",
        "Reads files of Azure storage.",
        READ_FILES,
        "{type: azure, format: parquet, path: 'abfss://data@account.dfs.core.windows.net/customers'}"
    ),
    read_files!(
        "gcs",
        "Reads files of Google Cloud Storage.",
        READ_FILES,
        "{type: gcs, format: parquet, path: 'gs://data/customers'}"
    ),
    read_files!(
        "parquet",
        "Reads Parquet files, wherever they are.",
        READ_ONE_FORMAT,
        "{type: parquet, path: data/customers}"
    ),
    read_files!(
        "csv",
        "Reads CSV files, wherever they are.",
        READ_ONE_FORMAT,
        "{type: csv, path: data/customers.csv, options: {header: true}}"
    ),
    read_files!(
        "json",
        "Reads files with one JSON object a line, wherever they are.",
        READ_ONE_FORMAT,
        "{type: json, path: data/customers.json}"
    ),
    read_files!(
        "orc",
        "Reads ORC files, wherever they are.",
        READ_ONE_FORMAT,
        "{type: orc, path: data/customers}"
    ),
    read_files!(
        "text",
        "Reads text files, one row a line, wherever they are.",
        READ_ONE_FORMAT,
        "{type: text, path: data/notes.txt}"
    ),
    read_files!(
        "delta",
        "Reads a Delta table by its path.",
        READ_ONE_FORMAT,
        "{type: delta, path: data/customers}"
    ),
    Component {
        name: "table",
        kind: Source,
        purpose: "Reads a table of the catalog.",
        parameters: &[TABLE],
        inputs: NONE,
        example: "{type: table, table: sales.customers}",
        build: Some(build::read_table),
    },
    not_yet!(
        Source,
        "jdbc",
        "Reads a table or query of a database.",
        "{type: jdbc, options: {url: 'jdbc:postgresql://db/sales', dbtable: customers}}"
    ),
    not_yet!(
        Source,
        "kafka",
        "Reads topics of Kafka.",
        "{type: kafka, options: {subscribe: clicks}}"
    ),
    not_yet!(
        Source,
        "iceberg",
        "Reads an Iceberg table.",
        "{type: iceberg, table: sales.customers}"
    ),
    not_yet!(
        Source,
        "http",
        "Reads the answers of an HTTP interface.",
        "{type: http, path: 'https://example.com/customers'}"
    ),
];

pub(super) static SINKS: &[Component] = &[
    write_files!(
        "file",
        "Writes files on this machine.",
        WRITE_FILES,
        "{type: file, format: parquet, path: out/customers, mode: overwrite}"
    ),
    write_files!(
        "hdfs",
        "Writes files to HDFS.",
        WRITE_FILES,
        "{type: hdfs, format: parquet, path: 'hdfs:///out/customers'}"
    ),
    write_files!(
        "s3",
        "Writes files to S3.",
        WRITE_FILES,
        "{type: s3, format: parquet, path: 's3a://out/customers'}"
    ),
    write_files!(
        "azure",
        "Writes files to Azure storage.",
        WRITE_FILES,
        "{type: azure, format: parquet, path: 'abfss://out@account.dfs.core.windows.net/customers'}"
    ),
    write_files!(
        "gcs",
        "Writes files to Google Cloud Storage.",
        WRITE_FILES,
        "{type: gcs, format: parquet, path: 'gs://out/customers'}"
    ),
    write_files!(
        "parquet",
        "Writes Parquet files, wherever they go.",
        WRITE_ONE_FORMAT,
        "{type: parquet, path: out/customers, mode: overwrite}"
    ),
    write_files!(
        "csv",
        "Writes CSV files, wherever they go.",
        WRITE_ONE_FORMAT,
        "{type: csv, path: out/customers, options: {header: true}}"
    ),
    write_files!(
        "json",
        "Writes files with one JSON object a line, wherever they go.",
        WRITE_ONE_FORMAT,
        "{type: json, path: out/customers}"
    ),
    write_files!(
        "orc",
        "Writes ORC files, wherever they go.",
        WRITE_ONE_FORMAT,
        "{type: orc, path: out/customers}"
    ),
    write_files!(
        "text",
        "Writes text files from one column of texts, wherever they go.",
        WRITE_ONE_FORMAT,
        "{type: text, path: out/notes}"
    ),
    write_files!(
        "delta",
        "Writes a Delta table by its path; needs Delta Lake's package.",
        WRITE_ONE_FORMAT,
        "{type: delta, path: 's3a://analytics/customers'}"
    ),
    Component {
        name: "table",
        kind: Sink,
        purpose: "Writes a table of the catalog.",
        parameters: &[
            TABLE,
            optional("format", OneOf(FORMATS), "format of a table that is made new"),
            MODE,
            PARTITION_BY,
            OPTIONS,
        ],
        inputs: ONE,
        example: "{type: table, table: sales.by_product, mode: overwrite}",
        build: Some(build::write_table),
    },
    not_yet!(
        Sink,
        "jdbc",
        "Writes a table of a database.",
        "{type: jdbc, options: {url: 'jdbc:postgresql://db/sales', dbtable: totals}}"
    ),
    not_yet!(
        Sink,
        "kafka",
        "Writes to a topic of Kafka.",
        "{type: kafka, options: {topic: totals}}"
    ),
    not_yet!(Sink, "iceberg", "Writes an Iceberg table.", "{type: iceberg, table: sales.totals}"),
];
