//! The one table of components.

use super::NodeKind::{Sink, Source, Transformation};
use super::ParameterType::{OneOf, Text, TextByName, Texts, TextsByName, TextsOrTextByName};
use super::{Component, Inputs, Parameter, ParameterType};
use crate::operation::build;

const NONE: Inputs = Inputs { min: 0, max: 0 };
const ONE: Inputs = Inputs { min: 1, max: 1 };

/// Formats of files, as `spark.read.format` names them.
const FORMATS: &[&str] = &["parquet", "csv", "json", "orc", "text", "delta"];

/// Spark's save modes (`DataFrameWriter.mode`).
const MODES: &[&str] = &["append", "overwrite", "ignore", "error", "errorifexists"];

/// Spark's join types with their other names (`org.apache.spark.sql.catalyst.plans.JoinType`).
const JOIN_TYPES: &[&str] = &[
    "inner",
    "left",
    "right",
    "full",
    "left_semi",
    "left_anti",
    "cross",
    "outer",
    "full_outer",
    "fullouter",
    "left_outer",
    "leftouter",
    "right_outer",
    "rightouter",
    "semi",
    "leftsemi",
    "anti",
    "leftanti",
];

const fn required(name: &'static str, kind: ParameterType, purpose: &'static str) -> Parameter {
    Parameter { name, kind, required: true, default: None, purpose }
}

const fn optional(name: &'static str, kind: ParameterType, purpose: &'static str) -> Parameter {
    Parameter { name, kind, required: false, default: None, purpose }
}

const fn with_default(
    name: &'static str,
    kind: ParameterType,
    default: &'static str,
    purpose: &'static str,
) -> Parameter {
    Parameter { name, kind, required: false, default: Some(default), purpose }
}

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

pub(super) static COMPONENTS: &[Component] = &[
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
    Component {
        name: "filter",
        kind: Transformation,
        purpose: "Keeps the rows for which a condition holds.",
        parameters: &[required("condition", Text, "SQL condition")],
        inputs: ONE,
        example: "{type: filter, condition: 'age >= 18'}",
        build: Some(build::filter),
    },
    Component {
        name: "select",
        kind: Transformation,
        purpose: "Keeps these columns and no others.",
        parameters: &[required(
            "columns",
            TextsOrTextByName,
            "columns or SQL expressions; with names: `name: expression`",
        )],
        inputs: ONE,
        example: "{type: select, columns: [id, 'upper(name) AS name']}",
        build: Some(build::select),
    },
    Component {
        name: "map",
        kind: Transformation,
        purpose: "Adds or replaces columns and keeps all others; no expression sees another's result.",
        parameters: &[required("columns", TextByName, "`name: SQL expression` for each column")],
        inputs: ONE,
        example: "{type: map, columns: {total: 'price * quantity'}}",
        build: Some(build::map),
    },
    Component {
        name: "join",
        kind: Transformation,
        purpose: "Joins two nodes, or a node and a table of the catalog.",
        parameters: &[
            optional(
                "table",
                Text,
                "the right side: the id of a node, else a table of the catalog",
            ),
            optional(
                "on",
                Texts,
                "columns that both sides have, or SQL conditions that name the sides by node id",
            ),
            with_default("how", OneOf(JOIN_TYPES), "inner", "type of join"),
            optional(
                "broadcast",
                OneOf(&["left", "right"]),
                "side that is small enough to send to every executor",
            ),
        ],
        inputs: Inputs { min: 1, max: 2 },
        example: "{type: join, input: [customers, purchases], on: customer_id}",
        build: Some(build::join),
    },
    Component {
        name: "aggregate",
        kind: Transformation,
        purpose: "One row for each group.",
        parameters: &[
            optional(
                "group_by",
                Texts,
                "columns or SQL expressions; left out: one row for everything",
            ),
            required(
                "aggregations",
                TextsByName,
                "`column: function` makes `function_column`; `name: SQL expression` makes `name`",
            ),
        ],
        inputs: ONE,
        example: "{type: aggregate, group_by: [date, product], aggregations: {revenue: sum, orders: 'count(*)'}}",
        build: Some(build::aggregate),
    },
    Component {
        name: "sql",
        kind: Transformation,
        purpose: "Any SQL query over its inputs, which are tables under their node ids (`-` becomes `_`).",
        parameters: &[required("query", Text, "SQL; `{input}` stands for the first input")],
        inputs: Inputs { min: 0, max: 64 },
        example: "{type: sql, query: 'SELECT product, count(*) AS n FROM {input} GROUP BY product'}",
        build: Some(build::sql),
    },
    Component {
        name: "deduplicate",
        kind: Transformation,
        purpose: "Keeps one row of those that are equal.",
        parameters: &[with_default(
            "columns",
            Texts,
            "all columns",
            "columns that decide what is equal",
        )],
        inputs: ONE,
        example: "{type: deduplicate, columns: [customer_id]}",
        build: Some(build::deduplicate),
    },
    Component {
        name: "window",
        kind: Transformation,
        purpose: "Adds columns computed over neighboring rows.",
        parameters: &[
            optional(
                "partition_by",
                Texts,
                "columns or SQL expressions: each combination is a window of its own",
            ),
            optional(
                "order_by",
                Texts,
                "columns or SQL expressions, with `desc`, `nulls first` or `nulls last` behind",
            ),
            required(
                "functions",
                TextByName,
                "`name: SQL function` for each column, for example `rank: row_number()`",
            ),
        ],
        inputs: ONE,
        example: "{type: window, partition_by: customer_id, order_by: 'date desc', functions: {rank: 'row_number()'}}",
        build: Some(build::window),
    },
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
