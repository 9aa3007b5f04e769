//! `docs/rows.md`: what a job document promises, row by row, and the tests that hold it.
//!
//! A test says which rows it holds by its name: `row_7_4_…`, `rows_4_6_to_4_10_and_3_3_…`; and on what it runs by its end,
//! `…_on_3_5`, `…_on_4`, or by a file that asks Sail.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::tidy::Finding;

/// Relative to the repository root.
pub(crate) const FILE: &str = "docs/rows.md";

/// A row's number, what it promises, and the components that do it.
type Row = ((u32, u32), &'static str, &'static str);

const ROWS: &[Row] = &[
    ((1, 1), "a library of components", "all"),
    ((1, 2), "the flow of data and its lineage", "all"),
    ((1, 3), "checks while a job is written", "all"),
    ((1, 4), "Spark code from the design", "all"),
    ((1, 5), "custom components", "`components:`"),
    ((1, 6), "read HDFS", "`hdfs`"),
    ((1, 7), "read S3", "`s3`"),
    ((1, 8), "read Kafka", "`kafka`"),
    ((1, 9), "read databases", "`postgresql`, `mysql`, `jdbc`"),
    ((1, 10), "read HTTP interfaces", "`http`"),
    ((1, 11), "map", "`map`, `select`"),
    ((1, 12), "filter", "`filter`"),
    ((1, 13), "join", "`join`"),
    ((1, 14), "aggregate", "`aggregate`"),
    ((1, 15), "window functions", "`window`"),
    ((1, 16), "features", "`features`"),
    ((1, 17), "train models", "`train`, `evaluate`"),
    ((1, 18), "predict", "`predict`"),
    ((1, 19), "validate data", "`expectations:`"),
    ((1, 20), "cleanse data", "`clean`, `fill_nulls`, `drop_nulls`"),
    ((1, 21), "remove duplicates", "`deduplicate`"),
    ((1, 22), "write to several stores", "all sinks"),
    ((1, 23), "functions of the user", "`udf`, `udfs:`"),
    ((2, 1), "clusters on Kubernetes on demand", "`engine: kubernetes`"),
    ((2, 2), "cores, memory and storage", "`cluster:`, profiles"),
    ((2, 3), "executors that come and go, within limits", "`dynamicAllocation`, `limits:`"),
    ((2, 4), "spot instances", "`kubernetes: executors:`, node labels"),
    ((2, 5), "clusters of teams", "profiles, namespaces, queues, `limits: runs`"),
    ((2, 6), "several versions of Spark", "profiles"),
    ((2, 7), "sizes of executors", "`cluster: executor:`"),
    ((2, 8), "sizes of drivers", "`cluster: driver:`"),
    ((2, 9), "Spark properties", "`sparkConf`, `properties:`"),
    ((2, 10), "libraries and jars", "`dependencies:`, `spark.jars`"),
    ((3, 1), "interactive mode", "`tinderbox session`"),
    ((3, 2), "batch mode", "`tinderbox run`"),
    ((3, 3), "streaming mode", "streams"),
    ((3, 4), "debugging node by node", "`session debug`"),
    ((3, 5), "tests on samples", "`session debug`, `tinderbox test`"),
    ((4, 1), "extract, transform, load", "sources, transformations, sinks"),
    ((4, 2), "aggregations, rollup, cube, pivot", "`aggregate`"),
    ((4, 3), "large joins", "`join`, `broadcast`"),
    ((4, 4), "partitions", "`repartition`, `coalesce`, `partition_by`"),
    ((4, 5), "keep what is used again", "`cache`, `checkpoint`"),
    ((4, 6), "streams with SQL", "`sql`"),
    ((4, 7), "windows of time", "`time_window`"),
    ((4, 8), "windows of counts", "`count_window`"),
    ((4, 9), "watermarks", "`watermark`"),
    ((4, 10), "checkpoints of streams", "`checkpointLocation`"),
    ((4, 11), "exactly once", "streams"),
    ((6, 9), "logs in one place, searched", "`tinderbox logs`"),
    ((6, 10), "samples of results between", "`session`, `preview`"),
    ((6, 11), "lineage of columns", "`tinderbox lineage`"),
    ((7, 1), "S3", "`s3`"),
    ((7, 2), "Azure Blob", "`azure`"),
    ((7, 3), "Google Cloud Storage", "`gcs`"),
    ((7, 4), "PostgreSQL", "`postgresql`"),
    ((7, 5), "MySQL and MariaDB", "`mysql`"),
    ((7, 6), "Oracle", "`oracle`"),
    ((7, 7), "MongoDB", "`mongodb`"),
    ((7, 8), "Snowflake", "`snowflake`"),
    ((7, 9), "Redshift", "`redshift`"),
    ((7, 10), "BigQuery", "`bigquery`"),
    ((7, 11), "Kafka", "`kafka`"),
    ((7, 12), "Kinesis", "`kinesis`"),
    ((7, 13), "Event Hubs", "`event_hubs`"),
    ((7, 14), "HDFS", "`hdfs`"),
    ((7, 15), "local files", "`file`"),
    ((7, 16), "Parquet", "`parquet`"),
    ((7, 17), "ORC", "`orc`"),
    ((7, 18), "Avro", "`avro`"),
    ((7, 19), "CSV", "`csv`"),
    ((7, 20), "JSON", "`json`"),
    ((7, 21), "XML", "`xml`"),
    ((7, 22), "nested JSON", "`json`, `flatten`, `parse_json`"),
    ((7, 23), "text", "`text`"),
    ((7, 24), "logs", "`logs`"),
    ((7, 25), "images", "`image`, `binary`"),
    ((7, 26), "audio", "`binary`"),
    ((7, 27), "video", "`binary`"),
    ((7, 28), "gzip", "all file formats"),
    ((7, 29), "snappy", "all file formats"),
    ((7, 30), "lz4", "all file formats"),
    ((7, 31), "Delta Lake", "`delta`"),
    ((8, 1), "id and name", "document"),
    ((8, 2), "batch or streaming", "document"),
    ((8, 3), "status", "document"),
    ((8, 4), "Spark's version", "document"),
    ((8, 5), "driver", "document"),
    ((8, 6), "executors", "document"),
    ((8, 7), "dynamic allocation", "document"),
    ((8, 8), "sources, transformations, sinks", "document"),
    ((8, 9), "properties, dependencies, checkpoint", "document"),
    ((8, 10), "schedule", "document"),
    ((8, 11), "alerts, time a run may take", "document"),
    ((8, 12), "a transformation's fields", "document"),
    ((11, 1), "partition deliberately", "`lint::partitioning`"),
    ((11, 2), "cache what is used again", "`lint::computed-again`"),
    ((11, 3), "few shuffles", "`lint::shuffles`"),
    ((11, 4), "what Spark can optimize", "`lint::opaque`"),
    ((11, 5), "failures", "`lint::append-again`"),
    ((11, 6), "sizes of executors", "`lint::executor-size`"),
    ((11, 7), "broadcast small tables", "`lint::broadcast`"),
    ((11, 8), "numbers of partitions", "`lint::few-partitions`"),
    ((11, 9), "spill", "`lint::spill`"),
    ((11, 10), "columnar formats", "`lint::row-format`"),
    ((11, 11), "spot nodes", "`lint::spot`"),
    ((11, 12), "automatic scaling", "`lint::auto-scale`"),
    ((11, 13), "compression", "`lint::compression`"),
    ((11, 14), "off-peak hours", "`lint::peak-hours`"),
    ((11, 15), "somebody watches", "`lint::unwatched`"),
    ((12, 7), "the document of the example", "document"),
    ((9, 1), "the configuration is checked", "runs"),
    ((9, 2), "a cluster is had", "runs"),
    ((9, 3), "submission", "runs"),
    ((9, 4), "following begins", "runs"),
    ((9, 5), "drivers", "runs"),
    ((9, 6), "executors", "runs"),
    ((9, 7), "the network between them", "runs"),
    ((9, 8), "volumes", "runs"),
    ((9, 9), "sources are read", "runs"),
    ((9, 10), "transformations are run", "runs"),
    ((9, 11), "partitions", "runs"),
    ((9, 12), "sinks are written", "runs"),
    ((9, 13), "progress is told", "runs"),
    ((9, 14), "figures are collected", "runs"),
    ((9, 15), "failures are classified", "runs"),
    ((9, 16), "others are told", "runs"),
    ((9, 17), "results are kept", "runs"),
    ((9, 18), "logs are kept", "runs"),
    ((9, 19), "what was held is freed", "runs"),
    ((9, 20), "what is known of the job is brought up to date", "runs"),
    ((14, 5), "data quality", "`expectations:`, `--profile`"),
    ((14, 6), "GPUs", "`gpu:`"),
    ((14, 7), "more of streaming", "streams"),
    ((14, 10), "more connectors", "sources and sinks"),
];

/// A test that holds rows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Test {
    /// Engines that run it; empty when none does.
    engine: &'static str,
    name: String,
    /// Relative to the repository root.
    file: String,
}

/// The document, made from the names of the tests in `files`.
pub(crate) fn print(root: &Path, files: &[String]) -> Result<String> {
    let tests = tests(root, files)?;
    let mut text = "# Rows\n\nWritten by `cargo xtask codegen` from the names of the tests. `document` under *runs on* means that the test reads the \
         document, its diagnostics or its code, and nothing runs it; which services were never reached is in\n[sources.md](sources.md).\n\n\
         | row | promise | components | runs on | tests |\n|---|---|---|---|---|\n"
        .to_owned();
    for (row, promise, components) in ROWS {
        let mut held: Vec<&Test> = tests.get(row).into_iter().flatten().collect();
        held.sort();
        held.dedup();
        let mut engines: Vec<&str> = held.iter().map(|test| test.engine).collect();
        engines.dedup();
        engines.retain(|engine| !engine.is_empty());
        let engines = if engines.is_empty() { "document".to_owned() } else { engines.join(", ") };
        let names: Vec<String> =
            held.iter().map(|test| format!("[{}](../{})", test.name, test.file)).collect();
        let (number, names) = (format!("{}.{}", row.0, row.1), names.join("<br>"));
        let _ = writeln!(text, "| {number} | {promise} | {components} | {engines} | {names} |");
    }
    Ok(text)
}

/// Rows without a test, and a document that is not what the names of the tests say.
pub(crate) fn check(root: &Path, files: &[String]) -> Result<Vec<Finding>> {
    let tests = tests(root, files)?;
    let mut findings = Vec::new();
    for ((section, number), promise, _) in ROWS {
        if !tests.contains_key(&(*section, *number)) {
            findings.push(Finding::error(
                "xtask/src/rows.rs",
                1,
                "row-without-test",
                &format!("no test holds row {section}.{number}, {promise}"),
                &format!("name one `row_{section}_{number}_…`"),
            ));
        }
    }
    let committed = std::fs::read_to_string(root.join(FILE)).unwrap_or_default();
    if committed != print(root, files)? {
        findings.push(Finding::error(
            FILE,
            1,
            "stale-contract",
            "the committed file differs from what the names of the tests say",
            "run `cargo xtask codegen` and commit the result",
        ));
    }
    Ok(findings)
}

fn tests(root: &Path, files: &[String]) -> Result<BTreeMap<(u32, u32), Vec<Test>>> {
    let mut tests: BTreeMap<(u32, u32), Vec<Test>> = BTreeMap::new();
    let ours = |file: &&String| file.starts_with("crates/") && file.ends_with(".rs");
    for file in files.iter().filter(ours) {
        let path = root.join(file);
        if !path.exists() {
            continue;
        }
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        for line in text.lines() {
            let Some((_, rest)) = line.split_once("fn ") else { continue };
            let name = rest.split(['(', '<']).next().unwrap_or_default();
            for row in rows_of(name) {
                let engine = engine(name, file);
                let test = Test { engine, name: name.to_owned(), file: file.clone() };
                tests.entry(row).or_default().push(test);
            }
        }
    }
    Ok(tests)
}

fn engine(name: &str, file: &str) -> &'static str {
    if name.ends_with("_on_3_5") {
        "Spark 3.5"
    } else if name.ends_with("_on_4") || name.starts_with("real_spark") {
        "Spark 4"
    } else if file.starts_with("crates/tinderbox-connect/") || file.ends_with("tests/it/preview.rs")
    {
        "Sail"
    } else {
        ""
    }
}

/// The rows that a name says: numbers in pairs, `to` between the ends of a range.
fn rows_of(name: &str) -> Vec<(u32, u32)> {
    let Some(at) = name.find("row_").or_else(|| name.find("rows_")) else { return Vec::new() };
    let mut words = name[at..].split('_').skip(1).peekable();
    let mut rows: Vec<(u32, u32)> = Vec::new();
    let mut is_range = false;
    loop {
        match words.peek() {
            Some(&"and") => {
                words.next();
            }
            Some(&"to") => {
                words.next();
                is_range = true;
            }
            Some(word) if word.parse::<u32>().is_ok() => {
                let mut number = || words.next().and_then(|word| word.parse::<u32>().ok());
                let (Some(section), Some(row)) = (number(), number()) else { return rows };
                match rows.last().copied() {
                    Some((same, first)) if is_range && same == section => {
                        rows.extend((first + 1..=row).map(|row| (section, row)));
                    }
                    _ => rows.push((section, row)),
                }
                is_range = false;
            }
            _ => return rows,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_from_names() {
        assert_eq!(rows_of("row_7_4_postgresql_is_read"), [(7, 4)]);
        assert_eq!(
            rows_of("real_spark_rows_3_3_and_4_6_to_4_8_streams_on_3_5"),
            [(3, 3), (4, 6), (4, 7), (4, 8)]
        );
        assert_eq!(rows_of("rows_1_19_1_20_14_5_quality"), [(1, 19), (1, 20), (14, 5)]);
        assert_eq!(rows_of("rows_of_a_node_are_shown"), []);
        assert_eq!(rows_of("narrow_types"), []);
    }

    #[test]
    fn engines_follow_from_the_end_of_a_name_and_the_file() {
        let file = "crates/tinderbox-spec/tests/it/a.rs";
        assert_eq!(engine("row_1_1_a_on_3_5", file), "Spark 3.5");
        assert_eq!(engine("real_spark_row_4_11_a", file), "Spark 4");
        assert_eq!(engine("row_1_1_a", file), "");
        assert_eq!(engine("row_1_3_a", "crates/tinderbox-cli/tests/it/preview.rs"), "Sail");
    }
}
