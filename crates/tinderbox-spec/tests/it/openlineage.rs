//! Events of runs for OpenLineage.

use crate::compile::check_golden;
use crate::{check_spec, loaded};
use serde_json::Value;
use tinderbox_spec::{LineageTarget, RunMoment, RunMomentKind, run_event};

fn event(text: &str, kind: RunMomentKind, error: Option<&str>) -> Value {
    let moment = RunMoment {
        kind,
        time: "2026-11-26T14:00:00.000Z",
        run_id: "0193d1a4-0000-8000-8000-000000000001",
        run: "a-run",
        base_directory: "/jobs/sales",
        error,
    };
    let event = run_event(&loaded(text).spec, &moment);
    check_required(&event);
    event
}

/// What the JSON Schemas of OpenLineage 2-0-2 and of its facets require.
fn check_required(event: &Value) {
    let text = |value: &Value, key: &str| {
        assert!(value[key].as_str().is_some_and(|text| !text.is_empty()), "{key} in {value}");
    };
    for key in ["eventType", "eventTime", "producer", "schemaURL"] {
        text(event, key);
    }
    text(&event["run"], "runId");
    text(&event["job"], "namespace");
    text(&event["job"], "name");
    let mut facets = vec![&event["run"]["facets"], &event["job"]["facets"]];
    for dataset in
        ["inputs", "outputs"].iter().flat_map(|key| event[key].as_array().expect("a list"))
    {
        text(dataset, "namespace");
        text(dataset, "name");
        facets.push(&dataset["facets"]);
    }
    for facet in facets.into_iter().flat_map(|facets| facets.as_object().expect("facets").values())
    {
        text(facet, "_producer");
        text(facet, "_schemaURL");
    }
}

/// Namespace and name of each dataset.
fn names(datasets: &Value) -> String {
    let datasets = datasets.as_array().expect("a list").iter();
    let lines = datasets.map(|one| {
        format!(
            "{} {}",
            one["namespace"].as_str().expect("one"),
            one["name"].as_str().expect("one")
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

const JOB: &str = "\
name: totals
description: What customers spend.
cluster: {version: '3.5'}
configuration: {openLineage: {url: 'https://lineage.example/', namespace: shop, apiKey: '${secret:LINEAGE}'}}
pipeline:
  sources:
    - {id: orders, type: postgresql, host: db, database: shop, user: etl, password: '${secret:DB}', table: orders}
    - {id: customers, type: csv, path: data/../customers.csv, schema: 'id BIGINT, country STRING', options: {header: true}}
  transformations:
    - {id: paid, type: filter, input: orders, condition: state = 'paid'}
    - {id: joined, type: join, input: [paid, customers], on: id}
    - {id: totals, type: aggregate, group_by: [country], aggregations: {total: sum(amount * 2)}}
  sinks:
    - {type: parquet, path: 's3a://lake/totals/', mode: overwrite}
";

#[test]
fn row_6_11_an_event_says_what_is_read_and_written_and_which_columns_come_from_which() {
    let event = event(JOB, RunMomentKind::Complete, None);
    // The version of the product is no part of what is tested.
    let version = env!("CARGO_PKG_VERSION");
    let shown = format!("{event:#}\n").replace(&format!("\"{version}\""), "\"VERSION\"");
    check_golden("openlineage_event.json", &shown.replace(&format!(":{version}\""), ":VERSION\""));
    let text = event.to_string();
    assert!(!text.contains("etl") && !text.contains("LINEAGE"), "no user, no key: {text}");
}

#[test]
fn row_6_11_a_failure_has_a_message() {
    let event = event(JOB, RunMomentKind::Fail, Some("column gone"));
    assert_eq!(event["eventType"], "FAIL");
    let facet = &event["run"]["facets"]["errorMessage"];
    assert_eq!(
        (&facet["message"], &facet["programmingLanguage"]),
        (&"column gone".into(), &"PYTHON".into())
    );
}

#[test]
fn row_6_11_datasets_have_the_names_of_the_conventions() {
    let sources = include_str!("../fixtures/all-sources.yaml");
    let event_of_all = event(sources, RunMomentKind::Start, None);
    insta::assert_snapshot!(names(&event_of_all["inputs"]), @r"
    abfss://data@account.dfs.core.windows.net in.parquet
    file /jobs/sales/data/books.xml
    file /jobs/sales/data/photos
    file /jobs/sales/data/videos
    file /jobs/sales/data/warehouse/sales/customers
    file /jobs/sales/logs/access.log.gz
    file /jobs/sales/logs/own
    gs://data in.orc
    h2://localhost mem:sales.customers
    https://api.example.com /all
    https://api.example.com /customers
    kafka://kafka:9092 clicks
    kafka://kafka:9092 log-.*
    kafka://kafka:9092 records
    kafka://kafka:9092 views
    kafka://sales.servicebus.windows.net:9093 clicks
    mongodb://${secret:MONGO} sales.customers
    mysql://db:3306 sales.customers
    oracle://db:1521 SALES.CUSTOMERS
    postgres://db:5432 sales.public.orders
    redshift://cluster.example.com:5439 dev.public.customers
    s3://data customers
    sqlserver://db:1444 sales.dbo.customers
    tinderbox lake.sales.customers
    ");
    insta::assert_snapshot!(names(&event_of_all["outputs"]), @r"
    bigquery sales.totals
    file /jobs/sales/data/warehouse/sales/copies
    file /jobs/sales/out/avro
    file /jobs/sales/out/books
    file /jobs/sales/out/delta
    file /jobs/sales/out/orc
    kafka://kafka:9092 out
    kafka://kafka:9092 texts
    kafka://sales.servicebus.windows.net:9093 totals
    mongodb://${secret:MONGO} sales.totals
    postgres://db:5432 sales.public.totals
    snowflake://account SALES.TOTALS
    tinderbox default.logs
    ");
}

#[test]
fn row_6_11_names_of_paths_urls_and_tables() {
    let job = |source: &str| {
        format!(
            "name: job\nconfiguration: {{sparkConf: {{spark.sql.warehouse.dir: /warehouse, spark.sql.catalog.lake.uri: 'thrift://meta:9083'}}}}\npipeline:\n  sources: [{source}]\n  sinks: [{{type: parquet, path: out}}]\n"
        )
    };
    for (source, expected) in [
        ("{type: parquet, path: 'in/day=*/x.parquet'}", "file /jobs/sales/in"),
        ("{type: parquet, path: 'file:///data/in'}", "file /data/in"),
        ("{type: hdfs, format: orc, path: '/data/in'}", "hdfs /data/in"),
        ("{type: hdfs, format: orc, path: 'hdfs://nn:8020/data/in/'}", "hdfs://nn:8020 /data/in"),
        (
            "{type: azure, format: orc, path: 'abfs://c@a.dfs.core.windows.net/x/y'}",
            "abfss://c@a.dfs.core.windows.net x/y",
        ),
        (
            "{type: azure, format: orc, path: 'wasbs://c@a.blob.core.windows.net/x'}",
            "wasbs://c@a.blob.core.windows.net x",
        ),
        ("{type: gcs, format: orc, path: 'gs://b/x/'}", "gs://b x"),
        ("{type: s3, format: orc, path: 's3n://bucket/x'}", "s3://bucket x"),
        ("{type: table, table: sales}", "file /warehouse/sales"),
        ("{type: table, table: shop.sales}", "file /warehouse/shop.db/sales"),
        ("{type: table, table: lake.shop.sales}", "hive://meta:9083 shop.sales"),
        (
            "{type: oracle, url: 'jdbc:oracle:thin:@db:1521:X', table: S.T}",
            "oracle://db:1521 X.S.T",
        ),
        (
            "{type: redshift, url: 'jdbc:redshift://c.abc.eu-west-1.redshift.amazonaws.com/dev', table: t}",
            "redshift://c.eu-west-1:5439 dev.public.t",
        ),
        ("{type: jdbc, url: 'jdbc:db2://h:50000/d', table: t}", "db2://h:50000 d.t"),
        (
            "{type: postgresql, url: 'jdbc:postgresql://h1,h2/d', query: 'SELECT 1 FROM a JOIN b.c ON true'}",
            "postgres://h1:5432 d.b.c\npostgres://h1:5432 d.public.a",
        ),
        (
            "{type: mongodb, uri: 'mongodb://m1,m2/?x=1', database: d, collection: c}",
            "mongodb://m1:27017 d.c",
        ),
        (
            "{type: kafka, servers: 'k1:9092,k2:9092', topics: [a, b]}",
            "kafka://k1:9092 a\nkafka://k1:9092 b",
        ),
        (
            "{type: http, url: 'https://api.example/v1/orders?x=1', schema: id INT}",
            "https://api.example /v1/orders",
        ),
    ] {
        let event = event(&job(source), RunMomentKind::Start, None);
        assert_eq!(names(&event["inputs"]), expected, "{source}");
    }
}

#[test]
fn row_6_11_the_document_says_where_events_go() {
    let settings = |text: &str| {
        let text = format!(
            "name: job\nconfiguration: {{openLineage: {text}}}\npipeline:\n  sources: [{{type: parquet, path: in}}]\n  sinks: [{{type: parquet, path: out}}]\n"
        );
        loaded(&text).spec.open_lineage().cloned()
    };
    let target = |text: &str| settings(text).expect("settings").target;
    assert_eq!(
        target("{url: 'http://localhost:5000/'}"),
        LineageTarget::Http("http://localhost:5000/api/v1/lineage".to_owned())
    );
    assert_eq!(
        target("{url: 'https://x.example/events', endpoint: /in}"),
        LineageTarget::Http("https://x.example/events/in".to_owned())
    );
    assert_eq!(
        target("{url: 'file:lineage.jsonl'}"),
        LineageTarget::File("lineage.jsonl".to_owned())
    );
    assert_eq!(settings("{url: 'file:x'}").expect("settings").namespace, "tinderbox");
    assert_eq!(settings(""), None);
}

#[test]
fn row_6_11_wrong_places_for_events() {
    let bad = |settings: &str| {
        check_spec(&format!(
            "name: job\nconfiguration:\n  openLineage: {settings}\npipeline:\n  sources: [{{type: parquet, path: in}}]\n  sinks: [{{type: parquet, path: out}}]\n"
        ))
    };
    insta::assert_snapshot!(bad("{namespace: shop}"), @r"
    job.yaml:3:16: error[spec::missing-field]: `openLineage` has no `url`: where events go
      |
    3 |   openLineage: {namespace: shop}
      |                ^^^^^^^^^^^^^^^^^
      = field: configuration.openLineage.url
      = hint: for example `url: http://localhost:5000`, or `url: file:lineage.jsonl`
    ");
    insta::assert_snapshot!(bad("{url: 'ftp://x', apiKey: abc}"), @r"
    job.yaml:3:22: error[spec::open-lineage]: `ftp://x` is no place for events
      |
    3 |   openLineage: {url: 'ftp://x', apiKey: abc}
      |                      ^^^^^^^^^
      = field: configuration.openLineage.url
      = hint: it begins with `https://`, `http://` or `file:`

    job.yaml:3:41: error[spec::secret-in-clear]: `apiKey` stands in clear: everybody who reads the document can use it
      |
    3 |   openLineage: {url: 'ftp://x', apiKey: abc}
      |                                         ^^^
      = field: configuration.openLineage.apiKey
      = hint: write `${secret:APIKEY}`, and give the run the variable TINDERBOX_SECRET_APIKEY
    ");
    insta::assert_snapshot!(bad("{url: 'https://u:p@x', nameSpace: a}"), @r"
    job.yaml:3:22: error[spec::secret-in-clear]: `url` has a password in clear
      |
    3 |   openLineage: {url: 'https://u:p@x', nameSpace: a}
      |                      ^^^^^^^^^^^^^^^
      = field: configuration.openLineage.url
      = hint: write `${secret:URL}`, and give the run the variable TINDERBOX_SECRET_URL

    job.yaml:3:39: error[spec::unknown-key]: `configuration.openLineage` has no field `nameSpace`
      |
    3 |   openLineage: {url: 'https://u:p@x', nameSpace: a}
      |                                       ^^^^^^^^^
      = field: configuration.openLineage.nameSpace
      = hint: did you mean `namespace`?
    ");
    insta::assert_snapshot!(bad("{url: 'file:x', apiKey: '${secret:K}', endpoint: y}"), @r"
    job.yaml:3:40: error[spec::open-lineage]: a file takes no `apiKey`
      |
    3 |   openLineage: {url: 'file:x', apiKey: '${secret:K}', endpoint: y}
      |                                        ^^^^^^^^^^^^^
      = field: configuration.openLineage.apiKey
      = hint: remove it, or give the `url` of a server

    job.yaml:3:65: error[spec::open-lineage]: a file has no `endpoint`
      |
    3 |   openLineage: {url: 'file:x', apiKey: '${secret:K}', endpoint: y}
      |                                                                 ^
      = field: configuration.openLineage.endpoint
      = hint: remove it
    ");
}
