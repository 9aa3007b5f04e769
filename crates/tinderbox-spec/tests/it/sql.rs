//! Jobs as scripts of Spark SQL. That real Spark gives the same rows is tested with the binary.

use crate::compile::check_golden;
use crate::{job_with, loaded, rendered};
use tinderbox_spec::{Compiled, compile_sql};

const EXAMPLE: &str = include_str!("../../../../examples/customer-analytics.yaml");
const ALL: &str = include_str!("../fixtures/all-in-sql.yaml");

fn compiled(text: &str) -> Compiled {
    compile_sql(&loaded(text).spec).unwrap_or_else(|found| panic!("{}", rendered(&found, text)))
}

fn refused(text: &str) -> String {
    match compile_sql(&loaded(text).spec) {
        Err(found) => rendered(&found, text),
        Ok(compiled) => compiled.source,
    }
}

#[test]
fn row_1_4_jobs_compile_to_sql_that_people_read() {
    check_golden("customer_analytics.sql", &compiled(EXAMPLE).source);
    check_golden("all_in_sql.sql", &compiled(ALL).source);
    assert_eq!(compiled(ALL), compiled(ALL));
}

#[test]
fn lines_of_nodes_are_their_statements() {
    let compiled = compiled(ALL);
    let lines: Vec<&str> = compiled.source.lines().collect();
    assert_eq!(compiled.node_lines.len(), loaded(ALL).spec.nodes().len());
    for node in &compiled.node_lines {
        let statement = lines[node.first_line - 1..node.last_line].join("\n");
        assert!(statement.ends_with(';'), "{}: {statement}", node.node);
        assert_eq!(lines[node.first_line - 2], "", "a blank line before {}", node.node);
        assert!(lines.get(node.last_line).is_none_or(|line| line.is_empty()), "{}", node.node);
    }
}

#[test]
fn properties_that_a_script_cannot_set_belong_to_the_launch() {
    let text = "name: job\ncluster: {executor: {memory: 2g}}\nconfiguration:\n  sparkConf: {spark.sql.shuffle.partitions: 8, spark.sql.warehouse.dir: /w, spark.serializer: a.B, spark.sql.catalog.lake: \"a b\"}\npipeline:\n  sources: [{type: parquet, path: in}]\n  sinks: [{type: parquet, path: out, mode: overwrite}]\n";
    let compiled = compiled(text);
    let launch: Vec<&str> = compiled.launch_conf.keys().map(String::as_str).collect();
    assert_eq!(launch, ["spark.executor.memory", "spark.serializer", "spark.sql.warehouse.dir"]);
    let set: Vec<&str> = compiled.source.lines().filter(|line| line.starts_with("SET ")).collect();
    assert_eq!(set, ["SET spark.sql.catalog.lake=`a b`;", "SET spark.sql.shuffle.partitions=8;"]);
}

#[test]
fn what_sql_cannot_say_is_refused_by_name_and_all_at_once() {
    let text = r#"
name: job
udfs: {score: {file: score.py, function: score, returns: double}}
configuration:
  checkpointLocation: c
  sparkConf: {spark.hadoop.fs.s3a.secret.key: "${secret:S3_KEY}"}
pipeline:
  sources:
    - {id: pages, type: http, url: "https://example.org/pages", schema: "id INT"}
    - {id: orders, type: parquet, path: in}
    - {id: theirs, type: postgresql, url: "jdbc:postgresql://db/x", table: t, user: u, password: "${secret:DB}"}
    - {id: bought, type: table, table: bought}
  transformations:
    - {id: scored, type: udf, input: orders, file: score.py, function: score, returns: double, columns: {score: amount}}
    - {id: flat, type: flatten, input: orders}
    - {id: kept, type: checkpoint, input: orders}
    - {id: doubled, type: map, input: orders, columns: {amount: amount * 2}}
    - {id: sampled, type: sample, input: orders, share: 0.1}
    - {id: one, type: filter, input: sampled, condition: a > 1}
    - {id: other, type: filter, input: sampled, condition: a < 1, expectations: [{not_null: a}]}
    - {id: model, type: train, input: orders, algorithm: kmeans, features: [a, b], params: {k: 2}}
  sinks:
    - {type: parquet, input: doubled, path: out/a, mode: append}
    - {type: parquet, input: flat, path: out/b, mode: overwrite, partition_by: day}
    - {type: parquet, input: kept, path: out/c}
    - {type: postgresql, input: one, url: "jdbc:postgresql://db/x", table: t, user: u, password: "${secret:DB}"}
"#;
    insta::assert_snapshot!(refused(text), @r#"
    job.yaml:3:1: error[sql::not-expressible]: functions in Python cannot be registered by SQL
      |
    3 | udfs: {score: {file: score.py, function: score, returns: double}}
      | ^^^^
      = field: udfs
      = hint: compile with `--to pyspark`, or write them as SQL expressions

    job.yaml:4:1: error[sql::secret]: `spark.hadoop.fs.s3a.secret.key` refers to a secret, which SQL cannot look up
      |
    4 | configuration:
      | ^^^^^^^^^^^^^
      = field: configuration
      = hint: compile with `--to pyspark`, or set it where Spark is started

    job.yaml:9:12: error[sql::not-expressible]: `pages` asks over HTTP in Python
      |
    9 |     - {id: pages, type: http, url: "https://example.org/pages", schema: "id INT"}
      |            ^^^^^
      = field: pipeline.sources[0]
      = hint: compile with `--to pyspark`

    job.yaml:11:12: error[sql::secret]: `theirs` refers to a secret, which SQL cannot look up
       |
    11 |     - {id: theirs, type: postgresql, url: "jdbc:postgresql://db/x", table: t, user: u, password: "${secret:DB}"}
       |            ^^^^^^
       = field: pipeline.sources[2]
       = hint: compile with `--to pyspark`, which reads it from the environment

    job.yaml:12:12: error[sql::name]: the view `bought` would hide the table `bought` that it reads
       |
    12 |     - {id: bought, type: table, table: bought}
       |            ^^^^^^
       = field: pipeline.sources[3]
       = hint: give the node another `id`

    job.yaml:14:12: error[sql::not-expressible]: `scored` calls a Python function
       |
    14 |     - {id: scored, type: udf, input: orders, file: score.py, function: score, returns: double, columns: {score: amount}}
       |            ^^^^^^
       = field: pipeline.transformations[0]
       = hint: compile with `--to pyspark`

    job.yaml:15:12: error[sql::not-expressible]: `flat` takes its columns from the data, which SQL must know before
       |
    15 |     - {id: flat, type: flatten, input: orders}
       |            ^^^^
       = field: pipeline.transformations[1]
       = hint: compile with `--to pyspark`

    job.yaml:16:12: error[sql::not-expressible]: `kept` writes a checkpoint, which SQL has no statement for
       |
    16 |     - {id: kept, type: checkpoint, input: orders}
       |            ^^^^
       = field: pipeline.transformations[2]
       = hint: compile with `--to pyspark`

    job.yaml:17:12: error[sql::columns]: `doubled` replaces `amount`: SQL must name all columns of `orders`, and the document does not tell them
       |
    17 |     - {id: doubled, type: map, input: orders, columns: {amount: amount * 2}}
       |            ^^^^^^^
       = field: pipeline.transformations[3]
       = hint: give the sources behind `orders` a `schema`, or put a `select` of the columns before

    job.yaml:18:12: error[sql::not-expressible]: `sampled` has no `seed`, and each of its readers would see another sample
       |
    18 |     - {id: sampled, type: sample, input: orders, share: 0.1}
       |            ^^^^^^^
       = field: pipeline.transformations[4]
       = hint: give it a `seed`

    job.yaml:20:12: error[sql::not-expressible]: expectations are checked and recorded by the PySpark program
       |
    20 |     - {id: other, type: filter, input: sampled, condition: a < 1, expectations: [{not_null: a}]}
       |            ^^^^^
       = field: pipeline.transformations[6]
       = hint: leave `expectations` out, or compile with `--to pyspark`

    job.yaml:21:12: error[sql::not-expressible]: `model` uses Spark's machine learning, which SQL has no words for
       |
    21 |     - {id: model, type: train, input: orders, algorithm: kmeans, features: [a, b], params: {k: 2}}
       |            ^^^^^
       = field: pipeline.transformations[7]
       = hint: compile with `--to pyspark`

    job.yaml:23:14: error[sql::sink]: `sink_1` has `mode: append` on a folder, which SQL has no statement for
       |
    23 |     - {type: parquet, input: doubled, path: out/a, mode: append}
       |              ^^^^^^^
       = field: pipeline.sinks[0]
       = hint: write to a table, use `mode: overwrite`, or compile with `--to pyspark`

    job.yaml:24:14: error[sql::sink]: `sink_2` overwrites a folder with `partition_by`, which SQL has no statement for
       |
    24 |     - {type: parquet, input: flat, path: out/b, mode: overwrite, partition_by: day}
       |              ^^^^^^^
       = field: pipeline.sinks[1]
       = hint: write to a table, leave `partition_by` out, or compile with `--to pyspark`

    job.yaml:25:14: error[sql::sink]: `sink_3` makes a table of files, and SQL puts its relative path under the warehouse
       |
    25 |     - {type: parquet, input: kept, path: out/c}
       |              ^^^^^^^
       = field: pipeline.sinks[2]
       = hint: write the whole path, or use `mode: overwrite`

    job.yaml:26:14: error[sql::sink]: `sink_4` writes through the connector `jdbc`, which SQL cannot create tables of
       |
    26 |     - {type: postgresql, input: one, url: "jdbc:postgresql://db/x", table: t, user: u, password: "${secret:DB}"}
       |              ^^^^^^^^^^
       = field: pipeline.sinks[3]
       = hint: compile with `--to pyspark`
    "#);
}

#[test]
fn streams_are_refused() {
    let text = "name: job\ntype: streaming\nconfiguration: {checkpointLocation: c}\npipeline:\n  sources: [{type: json, path: in, schema: 'a INT'}]\n  sinks: [{type: parquet, path: out}]\n";
    insta::assert_snapshot!(refused(text), @r"
    job.yaml:2:7: error[sql::streaming]: a script of Spark SQL cannot run streams
      |
    2 | type: streaming
      |       ^^^^^^^^^
      = field: type
      = hint: compile with `--to pyspark` or `--to pipelines`

    job.yaml:6:18: error[sql::sink]: `sink_1` makes a table of files, and SQL puts its relative path under the warehouse
      |
    6 |   sinks: [{type: parquet, path: out}]
      |                  ^^^^^^^
      = field: pipeline.sinks[0]
      = hint: write the whole path, or use `mode: overwrite`
    ");
}

#[test]
fn names_that_a_view_forgets_are_refused() {
    let text = job_with(
        "    - {id: ours, type: select, columns: [id, 'name']}
    - {id: both, type: join, input: [ours, customers], on: ours.id = customers.id}
    - {id: late, type: filter, condition: customers.age > 1}
    - {id: known, type: select, input: ours, columns: [id, a]}
    - {id: twice, type: join, input: [ours, known], on: ours.id = known.id}
    - {id: fine, type: filter, input: twice, condition: a > 1}",
    )
    .replace("path: out", "path: out, mode: overwrite");
    insta::assert_snapshot!(refused(&text), @r"
    job.yaml:8:12: error[sql::columns]: `late` names `customers.age` through `customers`, which it does not read itself
      |
    8 |     - {id: late, type: filter, condition: customers.age > 1}
      |            ^^^^
      = field: pipeline.transformations[2]
      = hint: write the column alone; where two have the name, rename one before the join

    job.yaml:10:12: error[sql::columns]: `twice` has two columns `id`, which a view cannot have
       |
    10 |     - {id: twice, type: join, input: [ours, known], on: ours.id = known.id}
       |            ^^^^^
       = field: pipeline.transformations[4]
       = hint: rename or drop one of them before

    job.yaml:11:12: error[sql::columns]: `fine` has two columns `id`, which a view cannot have
       |
    11 |     - {id: fine, type: filter, input: twice, condition: a > 1}
       |            ^^^^
       = field: pipeline.transformations[5]
       = hint: rename or drop one of them before
    ");
}
