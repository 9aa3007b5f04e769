use crate::{check_spec, job_with};
use insta::assert_snapshot;

#[test]
fn unknown_node_type() {
    let text = job_with("    - {type: fliter, condition: a > 1}");
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:14: error[spec::unknown-type]: there is no transformation of type `fliter`
      |
    6 |     - {type: fliter, condition: a > 1}
      |              ^^^^^^
      = field: pipeline.transformations[0].type
      = hint: did you mean `filter`?
    ");
}

#[test]
fn node_type_of_another_list() {
    let text = job_with("    - {type: parquet, path: a}");
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:14: error[spec::unknown-type]: there is no transformation of type `parquet`
      |
    6 |     - {type: parquet, path: a}
      |              ^^^^^^^
      = field: pipeline.transformations[0].type
      = hint: `parquet` is a source: it belongs under `pipeline.sources`
    ");
}

#[test]
fn node_type_that_resembles_nothing() {
    let text = job_with("    - {type: zzzzzzzz}");
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:14: error[spec::unknown-type]: there is no transformation of type `zzzzzzzz`
      |
    6 |     - {type: zzzzzzzz}
      |              ^^^^^^^^
      = field: pipeline.transformations[0].type
      = hint: one of: filter, select, map, join, aggregate, sql, deduplicate, window, rename, cast, drop, union, intersect, except, sort, limit, sample, explode, unpivot, fill_nulls, drop_nulls, repartition, coalesce, cache, checkpoint, clean, flatten, parse_json, udf, features, train, evaluate, predict, watermark, time_window, count_window
    ");
}

#[test]
fn node_without_type() {
    let text = job_with("    - condition: a > 1");
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:7: error[spec::missing-field]: this transformation has no `type`
      |
    6 |     - condition: a > 1
      |       ^^^^^^^^^
      = field: pipeline.transformations[0].type
      = hint: for example `type: filter`
    ");
}

#[test]
fn unknown_keys_everywhere_are_reported_at_once() {
    let text = "nam: job\nname: job\ncluster:\n  executors: {instances: 1}\n  executor: {instance: 1, cors: 2}\npipeline:\n  sources:\n    - {type: parquet, path: in, fromat: csv}\n  transformation: []\n  sinks:\n    - {type: parquet, path: out, partitionBy: day}\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:1:1: error[spec::unknown-key]: a job has no field `nam`
      |
    1 | nam: job
      | ^^^
      = field: nam
      = hint: did you mean `name`?

    job.yaml:4:3: error[spec::unknown-key]: `cluster` has no field `executors`
      |
    4 |   executors: {instances: 1}
      |   ^^^^^^^^^
      = field: cluster.executors
      = hint: did you mean `executor`?

    job.yaml:5:14: error[spec::unknown-key]: `cluster.executor` has no field `instance`
      |
    5 |   executor: {instance: 1, cors: 2}
      |              ^^^^^^^^
      = field: cluster.executor.instance
      = hint: did you mean `instances`?

    job.yaml:5:27: error[spec::unknown-key]: `cluster.executor` has no field `cors`
      |
    5 |   executor: {instance: 1, cors: 2}
      |                           ^^^^
      = field: cluster.executor.cors
      = hint: did you mean `cores`?

    job.yaml:8:33: error[spec::unknown-key]: `parquet` has no field `fromat`
      |
    8 |     - {type: parquet, path: in, fromat: csv}
      |                                 ^^^^^^
      = field: pipeline.sources[0].fromat
      = hint: one of: path, options, schema, stream, id, type, operation, description, output, input, parameters, expectations, quarantine

    job.yaml:9:3: error[spec::unknown-key]: `pipeline` has no field `transformation`
      |
    9 |   transformation: []
      |   ^^^^^^^^^^^^^^
      = field: pipeline.transformation
      = hint: did you mean `transformations`?

    job.yaml:11:34: error[spec::unknown-key]: `parquet` has no field `partitionBy`
       |
    11 |     - {type: parquet, path: out, partitionBy: day}
       |                                  ^^^^^^^^^^^
       = field: pipeline.sinks[0].partitionBy
       = hint: did you mean `partition_by`?
    ");
}

#[test]
fn cycle_names_the_loop() {
    let text = job_with(
        "    - {id: a, type: filter, input: c, condition: x}\n    - {id: b, type: filter, input: a, condition: x}\n    - {id: c, type: filter, input: b, condition: x}",
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:12: error[spec::cycle]: these nodes read each other in a loop: a → b → c → a
      |
    6 |     - {id: a, type: filter, input: c, condition: x}
      |            ^
      = field: pipeline.transformations[0].input
      = hint: change the `input` of one of them
    ");
}

#[test]
fn node_that_reads_itself() {
    let text = job_with("    - {id: a, type: filter, input: a, condition: x}");
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:12: error[spec::cycle]: these nodes read each other in a loop: a → a
      |
    6 |     - {id: a, type: filter, input: a, condition: x}
      |            ^
      = field: pipeline.transformations[0].input
      = hint: change the `input` of one of them
    ");
}

#[test]
fn two_loops_are_two_errors() {
    let text = job_with(
        "    - {id: a, type: filter, input: b, condition: x}\n    - {id: b, type: filter, input: a, condition: x}\n    - {id: c, type: filter, input: d, condition: x}\n    - {id: d, type: filter, input: c, condition: x}",
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:12: error[spec::cycle]: these nodes read each other in a loop: a → b → a
      |
    6 |     - {id: a, type: filter, input: b, condition: x}
      |            ^
      = field: pipeline.transformations[0].input
      = hint: change the `input` of one of them

    job.yaml:8:12: error[spec::cycle]: these nodes read each other in a loop: c → d → c
      |
    8 |     - {id: c, type: filter, input: d, condition: x}
      |            ^
      = field: pipeline.transformations[2].input
      = hint: change the `input` of one of them
    ");
}

#[test]
fn unknown_input() {
    let text = job_with("    - {type: filter, input: [custmers], condition: x}");
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:30: error[spec::unknown-input]: there is no node `custmers`
      |
    6 |     - {type: filter, input: [custmers], condition: x}
      |                              ^^^^^^^^
      = field: pipeline.transformations[0].input
      = hint: did you mean `customers`?
    ");
}

#[test]
fn input_that_is_a_sink() {
    let text = job_with("    - {type: filter, input: sink_1, condition: x}");
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:29: error[spec::unknown-input]: `sink_1` is a sink: nothing comes out of it
      |
    6 |     - {type: filter, input: sink_1, condition: x}
      |                             ^^^^^^
      = field: pipeline.transformations[0].input
      = hint: read the node that the sink reads
    ");
}

#[test]
fn nothing_to_read() {
    let text = "name: job\npipeline:\n  transformations:\n    - {type: filter, condition: x}\n  sinks:\n    - {type: parquet, path: out}\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:4:14: error[spec::missing-input]: `filter_1` has nothing to read: no node stands before it
      |
    4 |     - {type: filter, condition: x}
      |              ^^^^^^
      = field: pipeline.transformations[0].input
      = hint: add a source under `pipeline.sources`
    ");
}

#[test]
fn wrong_parameter_types() {
    let text = job_with(
        "    - {type: filter, condition: [a, b]}\n    - {type: aggregate, aggregations: sum}\n    - {type: map, columns: [a, b]}\n    - {type: select, columns: {a: [b]}}",
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:33: error[spec::wrong-type]: `condition` must be a text, not a list
      |
    6 |     - {type: filter, condition: [a, b]}
      |                                 ^^^^^^
      = field: pipeline.transformations[0].condition

    job.yaml:7:39: error[spec::wrong-type]: `aggregations` must be a block of names, each with its value, not `sum`
      |
    7 |     - {type: aggregate, aggregations: sum}
      |                                       ^^^
      = field: pipeline.transformations[1].aggregations

    job.yaml:8:28: error[spec::wrong-type]: `columns` must be a block of names, each with its value, not a list
      |
    8 |     - {type: map, columns: [a, b]}
      |                            ^^^^^^
      = field: pipeline.transformations[2].columns

    job.yaml:9:35: error[spec::wrong-type]: `a` must be a text, not a list
      |
    9 |     - {type: select, columns: {a: [b]}}
      |                                   ^^^
      = field: pipeline.transformations[3].columns.a
    ");
}

#[test]
fn missing_parameters() {
    let text = job_with(
        "    - type: filter\n    - type: sql\n    - {type: select, columns: []}\n    - {type: window, functions: {r: rank()}}",
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:13: error[spec::missing-parameter]: `filter` needs `condition`: SQL condition
      |
    6 |     - type: filter
      |             ^^^^^^
      = field: pipeline.transformations[0].condition
      = hint: for example {type: filter, condition: 'age >= 18'}

    job.yaml:7:13: error[spec::missing-parameter]: `sql` needs `query`: SQL; `{input}` stands for the first input
      |
    7 |     - type: sql
      |             ^^^
      = field: pipeline.transformations[1].query
      = hint: for example {type: sql, query: 'SELECT product, count(*) AS n FROM {input} GROUP BY product'}

    job.yaml:8:31: error[spec::missing-parameter]: `columns` is empty
      |
    8 |     - {type: select, columns: []}
      |                               ^^
      = field: pipeline.transformations[2].columns
      = hint: columns or SQL expressions; with names: `name: expression`

    job.yaml:9:14: error[spec::missing-parameter]: a window needs `partition_by`, `order_by` or both
      |
    9 |     - {type: window, functions: {r: rank()}}
      |              ^^^^^^
      = field: pipeline.transformations[3]
    ");
}

#[test]
fn duplicate_ids_also_when_case_differs() {
    let text = job_with(
        "    - {id: Customers, type: filter, condition: x}\n    - {id: customers, type: filter, condition: x}",
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:12: error[spec::duplicate-id]: the id `Customers` is taken by the node in line 4
      |
    6 |     - {id: Customers, type: filter, condition: x}
      |            ^^^^^^^^^
      = field: pipeline.transformations[0].id
      = hint: every node has an id of its own; case, `-` and `_` do not count

    job.yaml:7:12: error[spec::duplicate-id]: the id `customers` is taken by the node in line 4
      |
    7 |     - {id: customers, type: filter, condition: x}
      |            ^^^^^^^^^
      = field: pipeline.transformations[1].id
      = hint: every node has an id of its own; case, `-` and `_` do not count
    ");
}

#[test]
fn ids_that_cannot_be_variables() {
    let text = job_with(
        "    - {id: 1st, type: filter, condition: x}\n    - {id: größe, type: filter, condition: x}",
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:12: error[spec::node-id]: `1st` cannot be the id of a node
      |
    6 |     - {id: 1st, type: filter, condition: x}
      |            ^^^
      = field: pipeline.transformations[0].id
      = hint: letters, digits, `_` and `-`, beginning with a letter: it becomes a variable of the program

    job.yaml:7:12: error[spec::node-id]: `größe` cannot be the id of a node
      |
    7 |     - {id: größe, type: filter, condition: x}
      |            ^^^^^
      = field: pipeline.transformations[1].id
      = hint: letters, digits, `_` and `-`, beginning with a letter: it becomes a variable of the program
    ");
}

#[test]
fn wrong_aggregate_function() {
    let text = job_with(
        "    - {type: aggregate, group_by: a, aggregations: {b: summ, c: zzzzzzzzz, '*': sum}}",
    );
    assert_snapshot!(check_spec(&text), @r#"
    job.yaml:6:56: error[spec::unknown-function]: there is no aggregate function `summ`
      |
    6 |     - {type: aggregate, group_by: a, aggregations: {b: summ, c: zzzzzzzzz, '*': sum}}
      |                                                        ^^^^
      = field: pipeline.transformations[0].aggregations.b
      = hint: did you mean `sum`?

    job.yaml:6:65: error[spec::unknown-function]: there is no aggregate function `zzzzzzzzz`
      |
    6 |     - {type: aggregate, group_by: a, aggregations: {b: summ, c: zzzzzzzzz, '*': sum}}
      |                                                                 ^^^^^^^^^
      = field: pipeline.transformations[0].aggregations.c
      = hint: one of: sum, avg, mean, min, max, count, count_distinct, approx_count_distinct, first, last, any_value, median, mode, stddev, stddev_pop, stddev_samp, variance, var_pop, var_samp, skewness, kurtosis, sum_distinct, product, bool_and, bool_or, collect_list, collect_set; or a SQL expression such as `"sum(amount)"`

    job.yaml:6:81: error[spec::unknown-function]: `sum` needs a column: only `count` takes `*`
      |
    6 |     - {type: aggregate, group_by: a, aggregations: {b: summ, c: zzzzzzzzz, '*': sum}}
      |                                                                                 ^^^
      = field: pipeline.transformations[0].aggregations.*
    "#);
}

#[test]
fn aggregate_that_makes_a_column_twice() {
    let text = job_with(
        "    - {type: aggregate, group_by: [a], aggregations: {b: [sum, sum], A: max(b)}}",
    );
    assert_snapshot!(check_spec(&text), @r#"
    job.yaml:6:64: error[spec::duplicate-column]: the result has a column `sum_b` already
      |
    6 |     - {type: aggregate, group_by: [a], aggregations: {b: [sum, sum], A: max(b)}}
      |                                                                ^^^
      = field: pipeline.transformations[0].aggregations.b
      = hint: name it yourself: `name: "sum(amount)"`

    job.yaml:6:73: error[spec::duplicate-column]: the result has a column `A` already
      |
    6 |     - {type: aggregate, group_by: [a], aggregations: {b: [sum, sum], A: max(b)}}
      |                                                                         ^^^^^^
      = field: pipeline.transformations[0].aggregations.A
      = hint: name it yourself: `name: "sum(amount)"`
    "#);
}

#[test]
fn empty_pipeline() {
    let text = "name: job\npipeline:\n  sources: []\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:2:1: error[spec::empty-pipeline]: the pipeline has no nodes
      |
    2 | pipeline:
      | ^^^^^^^^
      = field: pipeline
      = hint: add at least one source and one sink under `pipeline:`
    ");
}

#[test]
fn pipeline_of_the_wrong_shape() {
    let text =
        "name: job\npipeline:\n  sources: {type: parquet}\n  sinks:\n    - parquet\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:3:12: error[spec::wrong-type]: `sources` must be a list of nodes, not a block of keys
      |
    3 |   sources: {type: parquet}
      |            ^^^^^^^^^^^^^^^
      = field: pipeline.sources

    job.yaml:5:7: error[spec::wrong-type]: `sinks[0]` must be a block of keys, not `parquet`
      |
    5 |     - parquet
      |       ^^^^^^^
      = field: pipeline.sinks[0]
    ");
}

#[test]
fn no_sink_is_a_warning() {
    let text = "name: job\npipeline:\n  sources:\n    - {type: parquet, path: in}\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:2:1: warning[spec::no-sink]: the pipeline has no sink: the job computes nothing
      |
    2 | pipeline:
      | ^^^^^^^^
      = field: pipeline.sinks
      = hint: add one under `pipeline.sinks`
    ");
}

#[test]
fn unused_node_is_a_warning() {
    let text = job_with(
        "    - {id: a, type: filter, condition: x}\n    - {id: b, type: filter, input: customers, condition: x}",
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:12: warning[spec::unused-node]: nothing reads `a`
      |
    6 |     - {id: a, type: filter, condition: x}
      |            ^
      = field: pipeline.transformations[0]
      = hint: name it in the `input` of a later node, or remove it: `input: [a]`
    ");
}

#[test]
fn input_left_out_with_several_sources_is_a_warning() {
    let text = "name: job\npipeline:\n  sources:\n    - {id: a, type: parquet, path: a}\n    - {id: b, type: parquet, path: b}\n  transformations:\n    - {type: filter, condition: x}\n    - {type: join, input: [a, filter_1], on: id}\n  sinks:\n    - {type: parquet, path: out}\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:7:14: warning[spec::input-left-out]: `filter_1` reads `b`, the last of 2 sources
      |
    7 |     - {type: filter, condition: x}
      |              ^^^^^^
      = field: pipeline.transformations[0]
      = hint: say which one: `input: [b]`
    ");
}

#[test]
fn format_that_nothing_names() {
    let text = "name: job\npipeline:\n  sources:\n    - {type: file, path: data/in}\n    - {type: s3, path: 's3://a/b', format: parquett}\n  sinks:\n    - {type: file, path: out.csv}\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:4:14: error[spec::missing-parameter]: `file` needs a `format`: the path's ending names none
      |
    4 |     - {type: file, path: data/in}
      |              ^^^^
      = field: pipeline.sources[0].format
      = hint: one of: parquet, csv, json, orc, text, delta, avro, xml, logs, binary, image

    job.yaml:5:44: error[spec::wrong-value]: `parquett` is not a value of `format`
      |
    5 |     - {type: s3, path: 's3://a/b', format: parquett}
      |                                            ^^^^^^^^
      = field: pipeline.sources[1].format
      = hint: did you mean `parquet`?

    job.yaml:7:14: warning[spec::input-left-out]: `sink_1` reads `source_2`, the last of 2 sources
      |
    7 |     - {type: file, path: out.csv}
      |              ^^^^
      = field: pipeline.sinks[0]
      = hint: say which one: `input: [source_2]`
    ");
}

#[test]
fn csv_without_header_is_a_warning() {
    let text = "name: job\npipeline:\n  sources:\n    - {type: csv, path: a.csv}\n  sinks:\n    - {type: parquet, path: out}\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:4:14: warning[spec::csv-header]: without `header` or a schema Spark names the columns of a CSV file _c0, _c1, …
      |
    4 |     - {type: csv, path: a.csv}
      |              ^^^
      = field: pipeline.sources[0]
      = hint: add `options: {header: true}`, or `header: false` to keep it so
    ");
}

#[test]
fn source_with_input_and_wrong_mode() {
    let text = "name: job\npipeline:\n  sources:\n    - {type: parquet, path: a, input: b}\n  sinks:\n    - {type: parquet, path: out, mode: overwriten}\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:4:32: error[spec::inputs]: a source reads no other node
      |
    4 |     - {type: parquet, path: a, input: b}
      |                                ^^^^^
      = field: pipeline.sources[0].input
      = hint: remove `input`, or make it a transformation

    job.yaml:6:40: error[spec::wrong-value]: `overwriten` is not a value of `mode`
      |
    6 |     - {type: parquet, path: out, mode: overwriten}
      |                                        ^^^^^^^^^^
      = field: pipeline.sinks[0].mode
      = hint: did you mean `overwrite`?
    ");
}

#[test]
fn parameter_given_twice_and_unknown_one_below() {
    let text =
        job_with("    - {type: filter, condition: a, parameters: {condition: b, conditon: c}}");
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:49: error[spec::duplicate-key]: `condition` stands beside `type` and under `parameters`
      |
    6 |     - {type: filter, condition: a, parameters: {condition: b, conditon: c}}
      |                                                 ^^^^^^^^^
      = field: pipeline.transformations[0].parameters.condition
      = hint: keep one of the two

    job.yaml:6:63: error[spec::unknown-key]: `filter` has no field `conditon`
      |
    6 |     - {type: filter, condition: a, parameters: {condition: b, conditon: c}}
      |                                                               ^^^^^^^^
      = field: pipeline.transformations[0].parameters.conditon
      = hint: did you mean `condition`?
    ");
}

#[test]
fn query_that_reads_a_node_which_is_no_input_is_a_warning() {
    let text = job_with(
        "    - {id: adults, type: filter, condition: age > 17}\n    - {type: sql, query: 'SELECT * FROM adults a JOIN Customers c USING (id)'}",
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:7:14: warning[spec::sql-input]: the query reads `Customers`, which is a node but no input of this one
      |
    7 |     - {type: sql, query: 'SELECT * FROM adults a JOIN Customers c USING (id)'}
      |              ^^^
      = field: pipeline.transformations[1].input
      = hint: `input: [adults, customers]`
    ");
}

#[test]
fn ids_that_would_be_one_view_are_duplicates() {
    let text = job_with(
        "    - {id: a-b, type: filter, condition: x}\n    - {id: A_b, type: filter, condition: x}",
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:7:12: error[spec::duplicate-id]: the id `A_b` is taken by the node in line 6
      |
    7 |     - {id: A_b, type: filter, condition: x}
      |            ^^^
      = field: pipeline.transformations[1].id
      = hint: every node has an id of its own; case, `-` and `_` do not count
    ");
}
