//! Sources and sinks of files, wherever they are, and of tables in a catalog.

use super::NodeKind::{Sink, Source};
use super::ParameterType::{Boolean, Count, OneOf, Text, TextByName, Texts};
use super::parameter::{ONE, optional, required, with_default};
use super::{Component, Inputs, Parameter};
use crate::operation::build_files;

pub(super) const NONE: Inputs = Inputs { min: 0, max: 0 };

/// Formats that are read, in the document's words.
pub(crate) const READ_FORMATS: &[&str] =
    &["parquet", "csv", "json", "orc", "text", "delta", "avro", "xml", "logs", "binary", "image"];

/// Formats that are written.
pub(crate) const WRITE_FORMATS: &[&str] =
    &["parquet", "csv", "json", "orc", "text", "delta", "avro", "xml"];

/// Spark's save modes (`DataFrameWriter.mode`).
pub(super) const MODES: &[&str] = &["append", "overwrite", "ignore", "error", "errorifexists"];

const READ_PATH: Parameter =
    required("path", Text, "file, folder or pattern; a relative path starts at the job's folder");
const WRITE_PATH: Parameter =
    required("path", Text, "folder to write; a relative path starts at the job's folder");
const READ_FORMAT: Parameter =
    with_default("format", OneOf(READ_FORMATS), "from the path's ending", "format of the files");
const WRITE_FORMAT: Parameter =
    with_default("format", OneOf(WRITE_FORMATS), "from the path's ending", "format of the files");
pub(super) const OPTIONS: Parameter =
    optional("options", TextByName, "Spark's options of the format, for example `header: true`");
pub(super) const SCHEMA: Parameter = optional(
    "schema",
    Text,
    "columns and types as in `CREATE TABLE`, for example `id BIGINT, name STRING`",
);
pub(super) const MODE: Parameter =
    with_default("mode", OneOf(MODES), "error", "what to do when the target exists");
const PARTITION_BY: Parameter = optional("partition_by", Texts, "columns that become folders");
const COMPRESSION: Parameter =
    with_default("compression", Text, "the format's own", "codec of the files, for example `gzip`");
const TABLE: Parameter = required("table", Text, "table of the catalog");
const PATTERN: Parameter = optional(
    "pattern",
    Text,
    "of logs: `common`, `combined`, `syslog`, `log4j`, or a regular expression whose named groups become columns",
);
const UNPARSED: Parameter = with_default(
    "unparsed",
    OneOf(&["keep", "drop"]),
    "keep",
    "of logs: whether lines that do not fit stay, in the column `_unparsed`",
);
const CONTENT: Parameter =
    with_default("content", Boolean, "true", "of binary files: whether their bytes are read");

const READ_FILES: &[Parameter] =
    &[READ_PATH, READ_FORMAT, OPTIONS, SCHEMA, PATTERN, UNPARSED, CONTENT];
const READ_ONE_FORMAT: &[Parameter] = &[READ_PATH, OPTIONS, SCHEMA];
const WRITE_FILES: &[Parameter] =
    &[WRITE_PATH, WRITE_FORMAT, MODE, PARTITION_BY, COMPRESSION, OPTIONS];
const WRITE_ONE_FORMAT: &[Parameter] = &[WRITE_PATH, MODE, PARTITION_BY, COMPRESSION, OPTIONS];

const ENDPOINT: Parameter = optional("endpoint", Text, "address of another service that speaks S3");
const REGION: Parameter = optional("region", Text, "region of the bucket");
const ACCESS_KEY: Parameter = optional("access_key", Text, "id of the key");
const SECRET_KEY: Parameter = optional("secret_key", Text, "the key: `${secret:NAME}`");
const PATH_STYLE: Parameter =
    optional("path_style", Boolean, "whether buckets stand in the path instead of the host");

const READ_S3: &[Parameter] = &[
    READ_PATH,
    READ_FORMAT,
    OPTIONS,
    SCHEMA,
    PATTERN,
    UNPARSED,
    CONTENT,
    ENDPOINT,
    REGION,
    ACCESS_KEY,
    SECRET_KEY,
    PATH_STYLE,
];
const WRITE_S3: &[Parameter] = &[
    WRITE_PATH,
    WRITE_FORMAT,
    MODE,
    PARTITION_BY,
    COMPRESSION,
    OPTIONS,
    ENDPOINT,
    REGION,
    ACCESS_KEY,
    SECRET_KEY,
    PATH_STYLE,
];

const ICEBERG_TABLE: Parameter = required(
    "table",
    Text,
    "table with its catalog; below a `warehouse` database and table, `sales.customers`",
);
const WAREHOUSE: Parameter =
    optional("warehouse", Text, "folder of tables: a catalog of Hadoop's kind is made for it");
const CATALOG: Parameter =
    with_default("catalog", Text, "iceberg", "name of the catalog of the `warehouse`");

const fn read(
    name: &'static str,
    purpose: &'static str,
    parameters: &'static [Parameter],
    example: &'static str,
) -> Component {
    let build: super::Build = build_files::read_files;
    Component { name, kind: Source, purpose, parameters, inputs: NONE, example, build }
}

const fn write(
    name: &'static str,
    purpose: &'static str,
    parameters: &'static [Parameter],
    example: &'static str,
) -> Component {
    let build: super::Build = build_files::write_files;
    Component { name, kind: Sink, purpose, parameters, inputs: ONE, example, build }
}

pub(super) static SOURCES: &[Component] = &[
    read(
        "file",
        "Reads files of this machine.",
        READ_FILES,
        "{type: file, format: parquet, path: data/customers}",
    ),
    read(
        "hdfs",
        "Reads files of HDFS.",
        READ_FILES,
        "{type: hdfs, format: parquet, path: 'hdfs:///data/customers'}",
    ),
    read(
        "s3",
        "Reads files of S3.",
        READ_S3,
        "{type: s3, format: parquet, path: 's3a://data/customers'}",
    ),
    read(
        "azure",
        "Reads files of Azure storage.",
        READ_FILES,
        "{type: azure, format: parquet, path: 'abfss://data@account.dfs.core.windows.net/customers'}",
    ),
    read(
        "gcs",
        "Reads files of Google Cloud Storage.",
        READ_FILES,
        "{type: gcs, format: parquet, path: 'gs://data/customers'}",
    ),
    read(
        "parquet",
        "Reads Parquet files, wherever they are.",
        READ_ONE_FORMAT,
        "{type: parquet, path: data/customers}",
    ),
    read(
        "csv",
        "Reads CSV files, wherever they are.",
        READ_ONE_FORMAT,
        "{type: csv, path: data/customers.csv, options: {header: true}}",
    ),
    read(
        "json",
        "Reads files with one JSON object a line, wherever they are; with the option `multiLine`, whole files.",
        READ_ONE_FORMAT,
        "{type: json, path: data/customers.json}",
    ),
    read(
        "orc",
        "Reads ORC files, wherever they are.",
        READ_ONE_FORMAT,
        "{type: orc, path: data/customers}",
    ),
    read(
        "text",
        "Reads text files, one row a line, wherever they are.",
        READ_ONE_FORMAT,
        "{type: text, path: data/notes.txt}",
    ),
    read(
        "delta",
        "Reads a Delta table by its path.",
        READ_ONE_FORMAT,
        "{type: delta, path: data/customers}",
    ),
    read(
        "avro",
        "Reads Avro files, wherever they are.",
        READ_ONE_FORMAT,
        "{type: avro, path: data/customers}",
    ),
    read(
        "xml",
        "Reads XML files, a row for each element of the name `rowTag`, wherever they are.",
        READ_ONE_FORMAT,
        "{type: xml, path: data/books.xml, options: {rowTag: book}}",
    ),
    read(
        "logs",
        "Reads lines of logs into columns by a pattern, wherever they are.",
        &[READ_PATH, PATTERN, UNPARSED, OPTIONS],
        "{type: logs, path: logs/access.log, pattern: combined}",
    ),
    read(
        "binary",
        "Reads whole files as bytes, with path, time, length and type of media: images, audio, video.",
        &[READ_PATH, CONTENT, OPTIONS],
        "{type: binary, path: data/photos, options: {pathGlobFilter: '*.jpg'}}",
    ),
    read(
        "image",
        "Reads images with height, width, channels and pixels.",
        &[READ_PATH, OPTIONS],
        "{type: image, path: data/photos, options: {dropInvalid: true}}",
    ),
    Component {
        name: "table",
        kind: Source,
        purpose: "Reads a table of the catalog.",
        parameters: &[TABLE],
        inputs: NONE,
        example: "{type: table, table: sales.customers}",
        build: build_files::read_table,
    },
    Component {
        name: "iceberg",
        kind: Source,
        purpose: "Reads an Iceberg table.",
        parameters: &[ICEBERG_TABLE, WAREHOUSE, CATALOG, OPTIONS],
        inputs: NONE,
        example: "{type: iceberg, table: sales.customers, warehouse: data/warehouse}",
        build: build_files::read_iceberg,
    },
];

pub(super) static SINKS: &[Component] = &[
    write(
        "file",
        "Writes files on this machine.",
        WRITE_FILES,
        "{type: file, format: parquet, path: out/customers, mode: overwrite}",
    ),
    write(
        "hdfs",
        "Writes files to HDFS.",
        WRITE_FILES,
        "{type: hdfs, format: parquet, path: 'hdfs:///out/customers'}",
    ),
    write(
        "s3",
        "Writes files to S3.",
        WRITE_S3,
        "{type: s3, format: parquet, path: 's3a://out/customers'}",
    ),
    write(
        "azure",
        "Writes files to Azure storage.",
        WRITE_FILES,
        "{type: azure, format: parquet, path: 'abfss://out@account.dfs.core.windows.net/customers'}",
    ),
    write(
        "gcs",
        "Writes files to Google Cloud Storage.",
        WRITE_FILES,
        "{type: gcs, format: parquet, path: 'gs://out/customers'}",
    ),
    write(
        "parquet",
        "Writes Parquet files, wherever they go.",
        WRITE_ONE_FORMAT,
        "{type: parquet, path: out/customers, mode: overwrite}",
    ),
    write(
        "csv",
        "Writes CSV files, wherever they go.",
        WRITE_ONE_FORMAT,
        "{type: csv, path: out/customers, options: {header: true}}",
    ),
    write(
        "json",
        "Writes files with one JSON object a line, wherever they go.",
        WRITE_ONE_FORMAT,
        "{type: json, path: out/customers}",
    ),
    write(
        "orc",
        "Writes ORC files, wherever they go.",
        WRITE_ONE_FORMAT,
        "{type: orc, path: out/customers}",
    ),
    write(
        "text",
        "Writes text files from one column of texts, wherever they go.",
        WRITE_ONE_FORMAT,
        "{type: text, path: out/notes}",
    ),
    write(
        "delta",
        "Writes a Delta table by its path.",
        WRITE_ONE_FORMAT,
        "{type: delta, path: 's3a://analytics/customers'}",
    ),
    write(
        "avro",
        "Writes Avro files, wherever they go.",
        WRITE_ONE_FORMAT,
        "{type: avro, path: out/customers, compression: zstandard}",
    ),
    write(
        "xml",
        "Writes XML files, an element for each row, wherever they go.",
        WRITE_ONE_FORMAT,
        "{type: xml, path: out/books, options: {rowTag: book}}",
    ),
    Component {
        name: "table",
        kind: Sink,
        purpose: "Writes a table of the catalog.",
        parameters: &[
            TABLE,
            optional("format", OneOf(WRITE_FORMATS), "format of a table that is made new"),
            MODE,
            PARTITION_BY,
            optional("bucket_by", Texts, "columns whose hash decides the bucket"),
            optional("buckets", Count(1), "how many buckets there are"),
            optional("sort_by", Texts, "columns that order the rows of a bucket"),
            COMPRESSION,
            OPTIONS,
        ],
        inputs: ONE,
        example: "{type: table, table: sales.by_product, mode: overwrite}",
        build: build_files::write_table,
    },
    Component {
        name: "iceberg",
        kind: Sink,
        purpose: "Writes an Iceberg table.",
        parameters: &[ICEBERG_TABLE, WAREHOUSE, CATALOG, MODE, PARTITION_BY, COMPRESSION, OPTIONS],
        inputs: ONE,
        example: "{type: iceberg, table: sales.totals, warehouse: data/warehouse, mode: append}",
        build: build_files::write_iceberg,
    },
];
