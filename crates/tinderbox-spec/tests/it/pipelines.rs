//! Jobs as declarative pipelines. That real Spark runs them is tested with the binary.

use crate::compile::check_golden;
use crate::{loaded, rendered};
use tinderbox_spec::{Project, compile_pipelines, compile_pyspark};

const BATCH: &str = include_str!("../fixtures/pipeline.yaml");
const STREAMING: &str = include_str!("../fixtures/streaming-pipeline.yaml");

fn compiled(text: &str) -> Project {
    compile_pipelines(&loaded(text).spec, "file:///project/storage")
        .unwrap_or_else(|found| panic!("{}", rendered(&found, text)))
}

fn refused(text: &str) -> String {
    match compile_pipelines(&loaded(text).spec, "file:///project/storage") {
        Err(found) => rendered(&found, text),
        Ok(project) => project.files[1].1.clone(),
    }
}

#[test]
fn row_1_4_jobs_compile_to_pipelines_that_people_read() {
    for (name, text) in [("pipeline", BATCH), ("streaming_pipeline", STREAMING)] {
        let project = compiled(text);
        assert_eq!(project.files[0].0, "spark-pipeline.yml");
        check_golden(&format!("{name}.yml"), &project.files[0].1);
        check_golden(&format!("{name}.py"), &project.files[1].1);
        assert_eq!(project, compiled(text));
    }
    let launch: Vec<String> = compiled(BATCH).launch_conf.into_keys().collect();
    assert_eq!(launch, ["spark.driver.memory"]);
}

#[test]
fn storage_is_the_documents_own_where_it_is_whole() {
    let text = STREAMING.replace("checkpoints", "s3a://bucket/progress");
    let file = compiled(&text).files[0].1.clone();
    assert!(file.contains("storage: \"s3a://bucket/progress\"\n"), "{file}");
}

#[test]
fn windows_are_imported_however_long_they_are() {
    let columns: Vec<String> = (0..12).map(|n| format!("a_long_name_{n}")).collect();
    let text =
        BATCH.replace("partition_by: kind", &format!("partition_by: [{}]", columns.join(", ")));
    let program = compile_pyspark(&loaded(&text).spec).source;
    assert!(program.contains("import DataFrame, SparkSession, Window\n"), "{program}");
}

#[test]
fn what_a_pipeline_cannot_express_is_refused_by_name_and_all_at_once() {
    let text = r#"
name: job
configuration:
  checkpointLocation: c
  sparkConf: {spark.hadoop.fs.s3a.secret.key: "${secret:S3_KEY}"}
pipeline:
  sources:
    - {id: pages, type: http, url: "https://example.org/pages", schema: "id INT"}
    - {id: orders, type: parquet, path: in}
  transformations:
    - {id: scored, type: udf, input: orders, file: score.py, function: score, returns: double, columns: {score: amount}}
    - {id: flat, type: flatten, input: orders}
    - {id: tidy, type: clean, input: orders, trim: true}
    - {id: kept, type: cache, input: orders}
    - {id: by_kind, type: aggregate, input: orders, group_by: id, pivot: kind, aggregations: {amount: sum}}
    - {id: checked, type: filter, input: orders, condition: a < 1, expectations: [{not_null: a}]}
  sinks:
    - {type: parquet, input: kept, path: out/a, mode: overwrite}
    - {type: table, input: by_kind, table: orders, mode: overwrite}
    - {type: table, input: by_kind, table: sums, mode: append}
    - {type: table, input: by_kind, table: buckets, format: parquet, mode: overwrite, bucket_by: id, buckets: 4}
"#;
    insta::assert_snapshot!(refused(text), @r#"
    job.yaml:3:1: error[pipelines::not-expressible]: `spark.hadoop.fs.s3a.secret.key` refers to a secret, and a project file cannot look it up
      |
    3 | configuration:
      | ^^^^^^^^^^^^^
      = field: configuration
      = hint: set it where Spark is started

    job.yaml:8:12: error[pipelines::not-expressible]: `pages` asks over HTTP, which is no query that Spark can plan
      |
    8 |     - {id: pages, type: http, url: "https://example.org/pages", schema: "id INT"}
      |            ^^^^^
      = field: pipeline.sources[0]
      = hint: compile with `--to pyspark`

    job.yaml:11:12: error[pipelines::not-expressible]: `scored` imports a Python file, which pipelines do not ship
       |
    11 |     - {id: scored, type: udf, input: orders, file: score.py, function: score, returns: double, columns: {score: amount}}
       |            ^^^^^^
       = field: pipeline.transformations[0]
       = hint: compile with `--to pyspark`

    job.yaml:12:12: error[pipelines::not-expressible]: `flat` looks at the columns of the data while the pipeline is only defined
       |
    12 |     - {id: flat, type: flatten, input: orders}
       |            ^^^^
       = field: pipeline.transformations[1]
       = hint: compile with `--to pyspark`

    job.yaml:13:12: error[pipelines::not-expressible]: `tidy` looks at the columns of the data while the pipeline is only defined
       |
    13 |     - {id: tidy, type: clean, input: orders, trim: true}
       |            ^^^^
       = field: pipeline.transformations[2]
       = hint: name them: `columns: [a, b]`

    job.yaml:14:12: error[pipelines::not-expressible]: `kept` keeps rows while the pipeline is only defined
       |
    14 |     - {id: kept, type: cache, input: orders}
       |            ^^^^
       = field: pipeline.transformations[3]
       = hint: compile with `--to pyspark`

    job.yaml:15:12: error[pipelines::not-expressible]: `by_kind` pivots by values that are looked up in the data
       |
    15 |     - {id: by_kind, type: aggregate, input: orders, group_by: id, pivot: kind, aggregations: {amount: sum}}
       |            ^^^^^^^
       = field: pipeline.transformations[4]
       = hint: name them: `values: [a, b]`

    job.yaml:16:12: error[pipelines::not-expressible]: `checked` has expectations, which only the PySpark program checks and records
       |
    16 |     - {id: checked, type: filter, input: orders, condition: a < 1, expectations: [{not_null: a}]}
       |            ^^^^^^^
       = field: pipeline.transformations[5]
       = hint: compile with `--to pyspark`

    job.yaml:18:14: error[pipelines::not-expressible]: `sink_1` writes no table: a pipeline's batch results are tables of the catalog
       |
    18 |     - {type: parquet, input: kept, path: out/a, mode: overwrite}
       |              ^^^^^^^
       = field: pipeline.sinks[0]
       = hint: `type: table` with `mode: overwrite`, or compile with `--to pyspark`

    job.yaml:19:14: error[pipelines::not-expressible]: `sink_2` names the table `orders`, which is also the name of a node
       |
    19 |     - {type: table, input: by_kind, table: orders, mode: overwrite}
       |              ^^^^^
       = field: pipeline.sinks[1]
       = hint: give that node another `id`

    job.yaml:20:14: error[pipelines::not-expressible]: `sink_3` would be computed anew on each run
       |
    20 |     - {type: table, input: by_kind, table: sums, mode: append}
       |              ^^^^^
       = field: pipeline.sinks[2]
       = hint: say so: `mode: overwrite`; or compile with `--to pyspark`

    job.yaml:21:14: error[pipelines::not-expressible]: `sink_4` writes buckets
       |
    21 |     - {type: table, input: by_kind, table: buckets, format: parquet, mode: overwrite, bucket_by: id, buckets: 4}
       |              ^^^^^
       = field: pipeline.sinks[3]
       = hint: leave `bucket_by` out
    "#);
}

#[test]
fn streams_that_a_pipeline_cannot_express_are_refused() {
    let text = STREAMING
        .replace("trigger: {available_now: true}", "trigger: {processing_time: 10 seconds}, checkpoint: c/titles")
        .replace("table: paid_orders, format: json}", "table: paid_orders, format: json, checkpoint: c/paid}\n    - {type: postgresql, input: paid, url: 'jdbc:postgresql://db/x', table: t, user: u, password: '${secret:DB}'}");
    insta::assert_snapshot!(refused(&text), @r#"
    job.yaml:13:14: error[pipelines::not-expressible]: `sink_1` has a checkpoint of its own: a pipeline keeps its progress in one place
       |
    13 |     - {type: table, input: paid, table: paid_orders, format: json, checkpoint: c/paid}
       |              ^^^^^
       = field: pipeline.sinks[0]
       = hint: leave `checkpoint` out

    job.yaml:14:14: error[pipelines::not-expressible]: `sink_2` writes in a way that a pipeline's sink cannot
       |
    14 |     - {type: postgresql, input: paid, url: 'jdbc:postgresql://db/x', table: t, user: u, password: '${secret:DB}'}
       |              ^^^^^^^^^^
       = field: pipeline.sinks[1]
       = hint: write to a table, or compile with `--to pyspark`

    job.yaml:15:12: error[pipelines::not-expressible]: `titles` has a trigger: a pipeline takes what is there and ends
       |
    15 |     - {id: titles, type: json, input: with_title, path: "${param:out}/titles", trigger: {processing_time: 10 seconds}, checkpoint: c/titles}
       |            ^^^^^^
       = field: pipeline.sinks[2]
       = hint: leave `trigger` out, or write `trigger: {available_now: true}`
    "#);
}
