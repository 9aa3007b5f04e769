//! Documents in the seed's form, in today's.

use crate::loaded;
use tinderbox_spec::{Choice, compile_pyspark, format_document, upgrade};

const SEED_YAML: &str = include_str!("../fixtures/seed-customer-analytics.yaml");
const SEED_JSON: &str = include_str!("../fixtures/seed-spark-job.json");

/// The upgraded text and what was changed; the program must be the same, and a second upgrade change nothing.
fn upgraded(text: &str) -> String {
    let found = upgrade("job.yaml", text, &Choice::default())
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    let program = |text: &str| compile_pyspark(&loaded(text).spec).source;
    assert_eq!(program(text), program(&found.text));
    let again = upgrade("job.yaml", &found.text, &Choice::default()).expect("it is sound");
    assert_eq!((again.text.as_str(), again.changes), (found.text.as_str(), Vec::new()));
    format_document(&found.text).expect("it can be formatted");
    format!("{}---\n{}", found.text, found.changes.join("\n"))
}

#[test]
fn row_1_2_the_seeds_yaml_becomes_todays() {
    insta::assert_snapshot!(upgraded(SEED_YAML), @r#"
    version: 1
    name: customer-analytics
    type: batch
    cluster:
      version: "3.2.0"
      executor:
        instances: 20
        cores: 4
        memory: "16g"
    pipeline:
      sources:
        - id: source_1
          type: s3
          path: "s3://data/customers/"
          format: parquet
      transformations:
        - id: filter_1
          type: filter
          condition: "age >= 18"
        - id: join_1
          type: join
          table: "purchases"
          on: "customer_id"
      sinks:
        - id: sink_1
          type: delta
          path: "s3://analytics/customers/"
    schedule:
      type: cron
      expression: "0 2 * * *"
    ---
    line 1: `version: 1` added
    line 12: `id: source_1` added
    line 17: `id: filter_1` added
    line 20: `id: join_1` added
    line 25: `id: sink_1` added
    "#);
}

#[test]
fn row_1_2_the_seeds_json_becomes_todays_and_stays_json() {
    let text = upgraded(SEED_JSON);
    let (text, changes) = text.split_once("---\n").expect("both parts");
    serde_json::from_str::<serde_json::Value>(text).expect("it is JSON");
    insta::assert_snapshot!(format!("{text}---\n{changes}"), @r#"
    {
      "version": 1,
      "id": "job-17",
      "name": "daily",
      "type": "batch",
      "status": "completed",
      "cluster": {
        "version": "3.5.1",
        "driver": { "cores": 2, "memory": "4g" },
        "executor": { "instances": 10, "cores": 4, "memory": "8g" },
        "dynamicAllocation": { "enabled": true, "minExecutors": 2, "maxExecutors": 20 }
      },
      "pipeline": {
        "sources": [{ "id": "raw", "type": "s3", "format": "json", "path": "s3a://data/raw" }],
        "transformations": [
          {
            "id": "t1",
            "type": "filter",
            "condition": "status = 'active'",
            "input": ["raw"]
          },
          {
            "id": "t2",
            "type": "aggregate",
            "group_by": ["date", "product"], "aggregations": { "revenue": "sum" },
            "input": ["t1"]
          }
        ],
        "sinks": [{ "id": "sink_1", "type": "parquet", "path": "s3a://data/aggregated", "input": ["t2"] }]
      },
      "configuration": {
        "sparkConf": { "spark.sql.shuffle.partitions": "64" },
        "dependencies": ["org.postgresql:postgresql:42.7.4"],
        "checkpointLocation": "checkpoints/daily"
      },
      "schedule": { "type": "event", "expression": "s3://data/raw/_SUCCESS" },
      "monitoring": { "alerts": [], "sla": 90 }
    }
    ---
    line 2: `version: 1` added
    line 19: `operation` says what `type` does, and is gone
    line 21: `output: active` is gone: its readers name `t1`
    line 19: `parameters` moved beside `type`
    line 25: `operation: aggregate` is now `type: aggregate`
    line 27: `output: totals` is gone: its readers name `t2`
    line 25: `parameters` moved beside `type`
    line 29: `id: sink_1` added
    "#);
}

#[test]
fn comments_and_layout_stay() {
    let text = "\
# The job.
name: job  # its name
pipeline:
  sources:
    # Orders.
    - operation: parquet
      # where
      path: in
      output: orders  # read below
    - {output: kinds, type: csv, path: k, options: {header: true}}
  transformations:
    - id: paid
      type: filter
      parameters:  # all of them
        # only paid ones
        condition: >
          status = 'paid'
          AND amount > 0
      input: [orders]
      output: paid_orders
    - type: join
      operation: join
      parameters: {on: kind, how: left}
      input: [paid_orders, kinds]
  sinks:
    - parameters:
        path: out
        mode: overwrite
      type: parquet
# The end.
";
    insta::assert_snapshot!(upgraded(text), @r"
    # The job.
    version: 1
    name: job  # its name
    pipeline:
      sources:
        # Orders.
        - type: parquet
          # where
          path: in
          id: orders  # read below
        - {id: kinds, type: csv, path: k, options: {header: true}}
      transformations:
        - id: paid
          type: filter
          # all of them
          # only paid ones
          condition: >
            status = 'paid'
            AND amount > 0
          input: [orders]
        - id: join_1
          type: join
          on: kind
          how: left
          input: [paid, kinds]
      sinks:
        - id: sink_1
          path: out
          mode: overwrite
          type: parquet
    # The end.
    ---
    line 2: `version: 1` added
    line 7: `operation` is now `type`
    line 10: `output` is now `id`
    line 11: `output` is now `id`
    line 21: `output: paid_orders` is gone: its readers name `paid`
    line 15: `parameters` moved beside `type`
    line 22: `operation` says what `type` does, and is gone
    line 22: `parameters` moved beside `type`
    line 26: `parameters` moved beside `type`
    line 21: `id: join_1` added
    line 27: `id: sink_1` added
    ");
}

#[test]
fn documents_of_today_are_left_alone() {
    for text in [
        include_str!("../../../../examples/customer-analytics.yaml"),
        include_str!("../fixtures/all-nodes.yaml"),
    ] {
        let found = upgrade("job.yaml", text, &Choice::default()).expect("it is sound");
        assert!(found.changes.iter().all(|change| change.contains("added")), "{:?}", found.changes);
    }
}

#[test]
fn documents_with_errors_are_refused_with_all_of_them() {
    let error = upgrade(
        "job.yaml",
        "name: job\npipeline: {sources: [{type: parkuet, path: in}]}\n",
        &Choice::default(),
    );
    insta::assert_snapshot!(error.expect_err("it has an error"), @"the job cannot be read: job.yaml:2:29: error[spec::unknown-type]: there is no source of type `parkuet`");
}
