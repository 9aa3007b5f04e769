//! Sources and sinks: programs, packages and properties.

use crate::compile::check_golden;
use crate::loaded;
use std::collections::BTreeMap;
use tinderbox_spec::{Compiled, NodeKind, Operation, compile_pyspark, components};

const ALL_SOURCES: &str = include_str!("../fixtures/all-sources.yaml");

fn compiled(text: &str) -> Compiled {
    compile_pyspark(&loaded(text).spec)
}

/// A job for this Spark with one source and one sink, and a configuration.
fn job(version: &str, source: &str, sink: &str, configuration: &str) -> String {
    let cluster = if version.is_empty() {
        String::new()
    } else {
        format!("cluster: {{version: '{version}'}}\n")
    };
    format!(
        "name: job\n{cluster}pipeline:\n  sources: [{source}]\n  sinks: [{sink}]\nconfiguration: {{{configuration}}}\n"
    )
}

fn packages(text: &str) -> Vec<String> {
    let compiled = compiled(text);
    let list = compiled.launch_conf.get("spark.jars.packages").cloned().unwrap_or_default();
    list.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

#[test]
fn rows_1_6_to_1_10_and_7_1_to_7_31_every_source_and_sink_compiles() {
    let compiled = compiled(ALL_SOURCES);
    check_golden("all_sources.py", &compiled.source);
    assert_eq!(
        packages(ALL_SOURCES),
        [
            "org.apache.spark:spark-avro_2.12:3.5.7",
            "com.databricks:spark-xml_2.12:0.18.0",
            "io.delta:delta-spark_2.12:3.3.2",
            "org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.11.0",
            "org.apache.spark:spark-sql-kafka-0-10_2.12:3.5.7",
            "org.apache.hadoop:hadoop-aws:3.3.4",
            "org.apache.hadoop:hadoop-azure:3.3.4",
            "com.google.cloud.bigdataoss:gcs-connector:hadoop3-2.2.26",
            "org.postgresql:postgresql:42.7.8",
            "com.mysql:mysql-connector-j:9.5.0",
            "com.oracle.database.jdbc:ojdbc11:23.9.0.25.07",
            "com.microsoft.sqlserver:mssql-jdbc:13.4.0.jre11",
            "com.amazon.redshift:redshift-jdbc42:2.1.0.34",
            "org.mongodb.spark:mongo-spark-connector_2.12:10.5.0",
            "net.snowflake:spark-snowflake_2.12:3.0.0",
            "com.google.cloud.spark:spark-bigquery-with-dependencies_2.12:0.42.1",
        ]
    );
    assert_eq!(compiled.warnings, [], "3.5 is a line of the table");
}

#[test]
fn row_1_22_packages_follow_the_version_of_spark_and_nothing_is_loaded_for_what_spark_has() {
    let of = |version| {
        packages(&job(
            version,
            "{type: xml, path: in, options: {rowTag: a}}",
            "{type: delta, path: out}",
            "",
        ))
    };
    assert_eq!(
        of("3.5.1"),
        ["com.databricks:spark-xml_2.12:0.18.0", "io.delta:delta-spark_2.12:3.3.2"]
    );
    assert_eq!(of("4.0"), ["io.delta:delta-spark_2.13:4.0.1"]);
    assert_eq!(of("4.1.0"), ["io.delta:delta-spark_4.1_2.13:4.4.0"]);
    let plain = job("3.5", "{type: parquet, path: in}", "{type: csv, path: out}", "");
    assert_eq!(packages(&plain), [""; 0], "without a connector nothing is downloaded");
}

#[test]
fn packages_are_those_of_the_spark_that_runs_the_job() {
    let text = job("3.5", "{type: parquet, path: in}", "{type: delta, path: out}", "");
    let four = tinderbox_model::SparkVersion::parse("4.1.2").expect("a version");
    let compiled = compile_pyspark(&loaded(&text).spec.on_spark(four));
    assert_eq!(compiled.launch_conf["spark.jars.packages"], "io.delta:delta-spark_4.1_2.13:4.4.0");
}

#[test]
fn what_the_user_names_is_not_taken_a_second_time() {
    for configuration in [
        "dependencies: ['io.delta:delta-spark_2.12:3.2.0']",
        "sparkConf: {spark.jars.packages: 'io.delta:delta-spark_2.12:3.2.0'}",
        "dependencies: [jars/delta-spark_2.12-3.2.0.jar]",
        "sparkConf: {spark.jars: '/opt/delta-spark_2.12-3.2.0.jar'}",
    ] {
        let text =
            job("3.5", "{type: parquet, path: in}", "{type: delta, path: out}", configuration);
        let compiled = compiled(&text);
        let conf = format!("{:?}", compiled.launch_conf);
        assert!(!conf.contains("3.3.2"), "{configuration}: {conf}");
        assert!(compiled.source.contains("DeltaSparkSessionExtension"), "{configuration}");
        assert_eq!(compiled.warnings, [], "{configuration}");
    }
}

#[test]
fn versions_that_were_assumed_are_said() {
    let warnings = |version: &str, sink: &str| -> Vec<String> {
        let text = job(version, "{type: parquet, path: in}", sink, "");
        compiled(&text).warnings.iter().map(|warning| warning.message.clone()).collect()
    };
    let avro = "{type: avro, path: out}";
    assert_eq!(warnings("3.5", avro), [""; 0]);
    assert_eq!(
        warnings("", avro),
        ["`sink_1` needs Avro: without `cluster.version` Spark 3.5 is assumed"]
    );
    assert_eq!(warnings("4", avro), ["`sink_1` needs Avro: Spark 4 is taken as 4.3"]);
    assert_eq!(
        warnings("5.0", avro),
        ["`sink_1` needs Avro: of Spark 5.0 nothing newer than 4.3 is known here"]
    );
    assert_eq!(
        warnings("3.2", avro),
        ["`sink_1` needs Avro, and for Spark 3.2 no package is known"]
    );
    let delta = "{type: delta, path: out}";
    assert_eq!(
        warnings("4.3", delta),
        ["`sink_1` needs Delta Lake, which Maven Central does not have for Spark 4.3"]
    );
}

#[test]
fn rows_7_31_and_14_10_delta_and_iceberg_share_a_session() {
    let text = job(
        "4.0",
        "{type: iceberg, table: sales.a, warehouse: wh, catalog: lake}",
        "{type: delta, path: out}",
        "",
    );
    let source = compiled(&text).source;
    for line in [
        "\"io.delta.sql.DeltaSparkSessionExtension,org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions\"",
        ".config(\"spark.sql.catalog.lake.warehouse\", \"wh\")",
        "spark.table(\"lake.sales.a\")",
        "\"org.apache.spark.sql.delta.catalog.DeltaCatalog\"",
    ] {
        assert!(source.contains(line), "{line}: {source}");
    }
    let own = job(
        "4.0",
        "{type: iceberg, table: sales.a, warehouse: wh}",
        "{type: csv, path: out}",
        "sparkConf: {spark.sql.catalog.iceberg.warehouse: mine}",
    );
    let source = compiled(&own).source;
    assert!(source.contains("\"mine\"") && !source.contains("\"wh\""), "{source}");
}

#[test]
fn rows_7_24_to_7_27_options_reach_streams_too() {
    let text = "name: job\ntype: streaming\ncluster: {version: '3.5'}\npipeline:\n  sources: [{id: clicks, type: kafka, servers: 'k:9092', topics: [a], schema: 'id INT'}]\n  sinks: [{type: kafka, servers: 'k:9092', topic: b, key: id, checkpoint: c}]\n";
    let source = compiled(text).source;
    for line in [
        "spark.readStream",
        "F.from_json(F.col(\"value\").cast(\"string\"), \"id INT\")",
        "messages = clicks.select(",
        "messages.writeStream",
    ] {
        assert!(source.contains(line), "{line}: {source}");
    }
    let spec = loaded(text).spec;
    assert!(matches!(spec.nodes()[0].operation, Operation::Read(_)));
}

#[test]
fn secrets_stay_references() {
    let compiled = compiled(ALL_SOURCES);
    let launched: BTreeMap<_, _> = compiled.launch_conf;
    assert!(!format!("{launched:?}").contains("${secret"), "{launched:?}");
    assert_eq!(
        Vec::from_iter(&compiled.secrets),
        ["API", "BQ", "DB", "HUB", "MONGO", "S3", "SF", "SF_KEY"]
    );
    // Spark hides what has these names; the others it hides anyway.
    assert_eq!(
        launched["spark.redaction.regex"],
        "(?i)secret|password|token|access[.]?key|(?i)^(connection[.]uri|credentials|kafka[.]sasl[.]jaas[.]config|pem_private_key)$"
    );
    assert!(!compiled.source.contains("${secret"), "{}", compiled.source);
}

#[test]
fn the_page_has_every_source_and_sink() {
    let page = include_str!("../../../../docs/sources.md");
    // They are for trying out streams, and stand in the page on streaming.
    let elsewhere = ["rate", "rate_micro_batch", "socket", "console", "memory"];
    for component in components().filter(|one| one.kind != NodeKind::Transformation) {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{}` |", component.name)));
        assert_eq!(row.is_none(), elsewhere.contains(&component.name), "{}", component.name);
        let Some(row) = row else { continue };
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let cell = if component.kind == NodeKind::Source { cells[2] } else { cells[3] };
        assert_ne!(cell, "–", "{row}");
    }
}
