//! Streaming jobs that Spark refuses, and what is said about them. The real Sparks are asked about the same plans in
//! `tinderbox-cli`'s tests.

use crate::check_spec;
use insta::assert_snapshot;

/// A streaming job over `a` and `b`, streams with the columns id, kind and at, and the static rows `s`.
pub(crate) fn streaming(transformations: &[&str], sinks: &[&str]) -> String {
    let list =
        |nodes: &[&str]| nodes.iter().map(|node| format!("    - {node}\n")).collect::<String>();
    format!(
        "name: job\ntype: streaming\nconfiguration: {{checkpointLocation: progress}}\npipeline:\n  sources:\n    - &a {{id: a, type: json, path: in/a, schema: 'id INT, kind STRING, at TIMESTAMP'}}\n    - {{id: b, type: json, path: in/b, schema: 'id INT, kind STRING, at TIMESTAMP'}}\n    - {{id: s, type: json, path: in/s, schema: 'id INT, kind STRING', stream: false}}\n  transformations:\n{}  sinks:\n{}",
        list(transformations),
        list(sinks)
    )
    .replace("&a ", "")
}

#[test]
fn rules_of_the_job_as_a_whole() {
    let text = "name: job\ntype: streaming\npipeline:\n  sources:\n    - {id: a, type: json, path: in}\n    - {id: t, type: table, table: t}\n  sinks:\n    - {id: one, type: parquet, input: a, path: out/one}\n    - {id: two, type: parquet, input: a, path: out/two, checkpoint: c, query_name: q, mode: overwrite}\n    - {id: three, type: parquet, input: a, path: out/three, checkpoint: c/, query_name: q}\n    - {id: four, type: parquet, input: t, path: out/four}\n";
    assert_snapshot!(check_spec(text), @r"
    job.yaml:5:12: error[stream::schema]: `a` reads a stream of files and needs `schema`
      |
    5 |     - {id: a, type: json, path: in}
      |            ^
      = field: pipeline.sources[0]
      = hint: for example `schema: id BIGINT, at TIMESTAMP`; or `stream: false` to read it once

    job.yaml:8:12: error[spec::checkpoint]: `one` has no folder for the progress of its query
      |
    8 |     - {id: one, type: parquet, input: a, path: out/one}
      |            ^^^
      = field: pipeline.sinks[0]
      = hint: set `configuration.checkpointLocation`, or `checkpoint` of the sink

    job.yaml:9:12: error[stream::save-mode]: `mode: overwrite` is for batch jobs: a stream always adds to its target
      |
    9 |     - {id: two, type: parquet, input: a, path: out/two, checkpoint: c, query_name: q, mode: overwrite}
      |            ^^^
      = field: pipeline.sinks[1]
      = hint: remove it; see `output_mode`

    job.yaml:10:73: error[stream::shared-checkpoint]: `three` and `two` share a checkpoint: c/
       |
    10 |     - {id: three, type: parquet, input: a, path: out/three, checkpoint: c/, query_name: q}
       |                                                                         ^^
       = field: pipeline.sinks[2].checkpoint
       = hint: each query needs a folder of its own

    job.yaml:10:89: error[stream::query-name]: `three` and `two` have one query name: q
       |
    10 |     - {id: three, type: parquet, input: a, path: out/three, checkpoint: c/, query_name: q}
       |                                                                                         ^
       = field: pipeline.sinks[2].query_name
       = hint: name each its own way

    job.yaml:11:12: error[stream::static-sink]: `four` writes no stream: all that it reads is static
       |
    11 |     - {id: four, type: parquet, input: t, path: out/four}
       |            ^^^^
       = field: pipeline.sinks[3]
       = hint: a batch job writes it; or leave `stream: false` out of its source
    ");
}

#[test]
fn no_source_is_a_stream() {
    let text = "name: job\ntype: streaming\npipeline:\n  sources: [{type: table, table: t}]\n  sinks: [{type: parquet, path: out}]\n";
    assert_snapshot!(check_spec(text), @r"
    job.yaml:2:7: error[stream::no-stream]: no source of this streaming job is a stream
      |
    2 | type: streaming
      |       ^^^^^^^^^
      = field: type
      = hint: use `type: batch`, or a source that can be a stream: files, kafka, rate, socket
    ");
}

#[test]
fn streams_in_a_batch_job() {
    let text = "name: job\npipeline:\n  sources:\n    - {id: r, type: rate}\n  transformations:\n    - {type: watermark, column: timestamp, delay: 1 minute}\n    - {type: deduplicate, columns: value, within_watermark: true}\n  sinks:\n    - {type: parquet, path: out, trigger: {available_now: true}, output_mode: append, checkpoint: c}\n    - {type: memory}\n";
    assert_snapshot!(check_spec(text), @r"
    job.yaml:4:12: error[stream::batch-job]: Spark has `rate` in streaming jobs only
      |
    4 |     - {id: r, type: rate}
      |            ^
      = field: pipeline.sources[0]
      = hint: set `type: streaming`

    job.yaml:7:14: error[stream::deduplicate]: `deduplicate_1` compares within a watermark rows that are no stream
      |
    7 |     - {type: deduplicate, columns: value, within_watermark: true}
      |              ^^^^^^^^^^^
      = field: pipeline.transformations[1]
      = hint: leave `within_watermark` out

    job.yaml:9:44: error[stream::batch-job]: `trigger` is for streaming jobs, and this is a batch job
      |
    9 |     - {type: parquet, path: out, trigger: {available_now: true}, output_mode: append, checkpoint: c}
      |                                            ^^^^^^^^^^^^^
      = field: pipeline.sinks[0].trigger
      = hint: remove it, or set `type: streaming`

    job.yaml:9:79: error[stream::batch-job]: `output_mode` is for streaming jobs, and this is a batch job
      |
    9 |     - {type: parquet, path: out, trigger: {available_now: true}, output_mode: append, checkpoint: c}
      |                                                                               ^^^^^^
      = field: pipeline.sinks[0].output_mode
      = hint: remove it, or set `type: streaming`

    job.yaml:9:99: error[stream::batch-job]: `checkpoint` is for streaming jobs, and this is a batch job
      |
    9 |     - {type: parquet, path: out, trigger: {available_now: true}, output_mode: append, checkpoint: c}
      |                                                                                                   ^
      = field: pipeline.sinks[0].checkpoint
      = hint: remove it, or set `type: streaming`

    job.yaml:10:14: error[stream::batch-job]: Spark has `memory` in streaming jobs only
       |
    10 |     - {type: memory}
       |              ^^^^^^
       = field: pipeline.sinks[1]
       = hint: set `type: streaming`
    ");
}

#[test]
fn watermark_in_a_batch_job_is_a_warning() {
    let text = "name: job\npipeline:\n  sources: [{type: parquet, path: in}]\n  transformations: [{type: watermark, column: at, delay: 1 minute}]\n  sinks: [{type: parquet, path: out}]\n";
    assert_snapshot!(check_spec(text), @r"
    job.yaml:4:28: warning[stream::watermark]: `watermark_1` does nothing: its rows are not a stream
      |
    4 |   transformations: [{type: watermark, column: at, delay: 1 minute}]
      |                            ^^^^^^^^^
      = field: pipeline.transformations[0]
      = hint: leave it out
    ");
}

#[test]
fn intervals_and_triggers() {
    let text = streaming(
        &[
            "{id: w1, type: watermark, input: a, column: at, delay: 1 month}",
            "{id: w2, type: time_window, input: a, column: at, size: ten minutes}",
            "{id: w3, type: time_window, input: a, column: at}",
            "{id: w4, type: time_window, input: a, column: at, size: 1 day, gap: 1 day}",
            "{id: w5, type: time_window, input: a, column: at, gap: 1 day, slide: 1 hour}",
        ],
        &[
            "{id: s1, type: console, input: a, trigger: {processing_time: often}}",
            "{id: s2, type: console, input: a, trigger: {available_now: false}}",
            "{id: s3, type: console, input: a, trigger: {once: true, available_now: true}}",
            "{id: s4, type: console, input: a, trigger: {always: true}}",
            "{id: s5, type: console, input: a, output_mode: upsert}",
        ],
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:10:62: error[spec::interval]: `1 month` is not an interval
       |
    10 |     - {id: w1, type: watermark, input: a, column: at, delay: 1 month}
       |                                                              ^^^^^^^
       = field: pipeline.transformations[0].delay
       = hint: numbers with units up to weeks: `30 seconds`, `1 hour 30 minutes`

    job.yaml:11:63: error[spec::interval]: `ten minutes` is not an interval
       |
    11 |     - {id: w2, type: time_window, input: a, column: at, size: ten minutes}
       |                                                               ^^^^^^^^^^^
       = field: pipeline.transformations[1].size
       = hint: numbers with units up to weeks: `30 seconds`, `1 hour 30 minutes`

    job.yaml:12:12: error[spec::parameters]: a window needs `size`, or `gap` for sessions
       |
    12 |     - {id: w3, type: time_window, input: a, column: at}
       |            ^^
       = field: pipeline.transformations[2]
       = hint: for example `size: 10 minutes`, or `gap: 5 minutes`

    job.yaml:13:12: error[spec::parameters]: a window has a `size` or, as a session, a `gap`
       |
    13 |     - {id: w4, type: time_window, input: a, column: at, size: 1 day, gap: 1 day}
       |            ^^
       = field: pipeline.transformations[3]
       = hint: for example `size: 10 minutes`, or `gap: 5 minutes`

    job.yaml:14:12: error[spec::parameters]: a session has a `gap` and neither `slide` nor `offset`
       |
    14 |     - {id: w5, type: time_window, input: a, column: at, gap: 1 day, slide: 1 hour}
       |            ^^
       = field: pipeline.transformations[4]
       = hint: for example `size: 10 minutes`, or `gap: 5 minutes`

    job.yaml:16:51: error[spec::trigger]: `processing_time: often` is not a trigger
       |
    16 |     - {id: s1, type: console, input: a, trigger: {processing_time: often}}
       |                                                   ^^^^^^^^^^^^^^^
       = field: pipeline.sinks[0].trigger
       = hint: an interval, for example `10 seconds`

    job.yaml:17:51: error[spec::trigger]: `available_now: false` is not a trigger
       |
    17 |     - {id: s2, type: console, input: a, trigger: {available_now: false}}
       |                                                   ^^^^^^^^^^^^^
       = field: pipeline.sinks[1].trigger
       = hint: `true`, or leave the trigger out

    job.yaml:18:63: error[spec::trigger]: a trigger is one of its four kinds
       |
    18 |     - {id: s3, type: console, input: a, trigger: {once: true, available_now: true}}
       |                                                               ^^^^^^^^^^^^^
       = field: pipeline.sinks[2].trigger
       = hint: leave the others out

    job.yaml:19:51: error[spec::trigger]: `always: true` is not a trigger
       |
    19 |     - {id: s4, type: console, input: a, trigger: {always: true}}
       |                                                   ^^^^^^
       = field: pipeline.sinks[3].trigger
       = hint: one of `{processing_time: 10 seconds}`, `{available_now: true}`, `{once: true}`, `{continuous: 1 second}`

    job.yaml:20:54: error[spec::wrong-value]: `upsert` is not a value of `output_mode`
       |
    20 |     - {id: s5, type: console, input: a, output_mode: upsert}
       |                                                      ^^^^^^
       = field: pipeline.sinks[4].output_mode
       = hint: one of: append, update, complete
    ");
}

#[test]
fn append_needs_a_watermark_that_the_groups_go_by() {
    let text = streaming(
        &[
            "{id: plain, type: aggregate, input: a, group_by: kind, aggregations: {n: count(*)}}",
            "{id: windows, type: time_window, input: a, column: at, size: 1 minute}",
            "{id: unmarked, type: aggregate, group_by: window, aggregations: {n: count(*)}}",
            "{id: marked, type: watermark, input: a, column: at, delay: 1 minute}",
            "{id: not_by_time, type: aggregate, input: marked, group_by: kind, aggregations: {n: count(*)}}",
            "{id: all, type: aggregate, input: marked, aggregations: {n: count(*)}}",
        ],
        &[
            "{type: parquet, input: plain, path: o1}",
            "{type: parquet, input: unmarked, path: o2}",
            "{type: parquet, input: not_by_time, path: o3}",
            "{type: parquet, input: all, path: o4}",
        ],
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:10:12: error[stream::append]: `plain` has no watermark, so its rows never become final for `sink_1` (append)
       |
    10 |     - {id: plain, type: aggregate, input: a, group_by: kind, aggregations: {n: count(*)}}
       |            ^^^^^
       = field: pipeline.transformations[0]
       = hint: a `watermark` node and a `time_window` node before it, and `group_by: [window, …]`; or `output_mode: update` or `complete`

    job.yaml:12:12: error[stream::append]: `unmarked` has no watermark, so its rows never become final for `sink_2` (append)
       |
    12 |     - {id: unmarked, type: aggregate, group_by: window, aggregations: {n: count(*)}}
       |            ^^^^^^^^
       = field: pipeline.transformations[2]
       = hint: a `watermark` node and a `time_window` node before it, and `group_by: [window, …]`; or `output_mode: update` or `complete`

    job.yaml:14:12: error[stream::append]: `not_by_time` groups by no window or time of the watermark, so its rows never become final for `sink_3` (append)
       |
    14 |     - {id: not_by_time, type: aggregate, input: marked, group_by: kind, aggregations: {n: count(*)}}
       |            ^^^^^^^^^^^
       = field: pipeline.transformations[4]
       = hint: a `watermark` node and a `time_window` node before it, and `group_by: [window, …]`; or `output_mode: update` or `complete`

    job.yaml:15:12: error[stream::append]: `all` groups by no window or time of the watermark, so its rows never become final for `sink_4` (append)
       |
    15 |     - {id: all, type: aggregate, input: marked, aggregations: {n: count(*)}}
       |            ^^^
       = field: pipeline.transformations[5]
       = hint: a `watermark` node and a `time_window` node before it, and `group_by: [window, …]`; or `output_mode: update` or `complete`
    ");
}

#[test]
fn modes_that_the_query_or_the_sink_cannot_have() {
    let text = streaming(
        &[
            "{id: n, type: aggregate, input: a, group_by: kind, aggregations: {n: count(*)}}",
            "{id: n_of_n, type: aggregate, group_by: n, aggregations: {m: count(*)}}",
            "{id: first, type: limit, input: n, rows: 3}",
            "{id: sorted, type: sort, input: n, by: kind}",
            "{id: both, type: join, input: [a, b], on: id}",
        ],
        &[
            "{id: s1, type: console, input: a, output_mode: complete}",
            "{id: s2, type: parquet, input: n, path: o2, output_mode: update}",
            "{id: s3, type: delta, input: n, path: o3, output_mode: update}",
            "{id: s4, type: console, input: n_of_n, output_mode: complete}",
            "{id: s5, type: console, input: first, output_mode: update}",
            "{id: s6, type: console, input: sorted, output_mode: update}",
            "{id: s7, type: console, input: both, output_mode: update}",
        ],
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:12:12: error[stream::limit]: `first` limits a stream that `s5` writes in update mode
       |
    12 |     - {id: first, type: limit, input: n, rows: 3}
       |            ^^^^^
       = field: pipeline.transformations[2]
       = hint: `output_mode: append` or `complete`

    job.yaml:13:12: error[stream::sort]: `sorted` sorts a stream, which has no end
       |
    13 |     - {id: sorted, type: sort, input: n, by: kind}
       |            ^^^^^^
       = field: pipeline.transformations[3]
       = hint: sort aggregated rows with `output_mode: complete`, or where the result is read

    job.yaml:16:54: error[stream::complete]: `s1` writes the complete result of a query without an aggregate
       |
    16 |     - {id: s1, type: console, input: a, output_mode: complete}
       |                                                      ^^^^^^^^
       = field: pipeline.sinks[0].output_mode
       = hint: `output_mode: append`

    job.yaml:17:64: error[stream::sink-mode]: `s2` cannot take `output_mode: update`
       |
    17 |     - {id: s2, type: parquet, input: n, path: o2, output_mode: update}
       |                                                                ^^^^^^
       = field: pipeline.sinks[1].output_mode
       = hint: files are only ever added: `append`, with a watermark before aggregates

    job.yaml:18:62: error[stream::sink-mode]: `s3` cannot take `output_mode: update`
       |
    18 |     - {id: s3, type: delta, input: n, path: o3, output_mode: update}
       |                                                              ^^^^^^
       = field: pipeline.sinks[2].output_mode
       = hint: `append` or `complete`

    job.yaml:19:59: error[stream::aggregates]: `s4`: several aggregates go with `output_mode: append` only
       |
    19 |     - {id: s4, type: console, input: n_of_n, output_mode: complete}
       |                                                           ^^^^^^^^
       = field: pipeline.sinks[3].output_mode
       = hint: `append` with a watermark, or two jobs

    job.yaml:22:57: error[stream::join-mode]: `both` joins two streams, which `s7` can only append
       |
    22 |     - {id: s7, type: console, input: both, output_mode: update}
       |                                                         ^^^^^^
       = field: pipeline.sinks[6].output_mode
       = hint: `output_mode: append`
    ");
}

#[test]
fn what_no_stream_can_do() {
    let nodes = [
        "type: sort, input: a, by: id",
        "type: limit, input: a, rows: 1, offset: 1",
        "type: sample, input: a, share: 0.5",
        "type: window, input: a, order_by: id, functions: {n: row_number()}",
        "type: count_window, input: a, size: 10, order_by: id",
        "type: cache, input: a",
        "type: checkpoint, input: a, local: true",
        "type: intersect, input: [a, b]",
        "type: except, input: [a, s]",
        "type: union, input: [a, s]",
        "type: deduplicate, input: a, within_watermark: true",
    ];
    let nodes: Vec<String> =
        nodes.iter().enumerate().map(|(at, node)| format!("{{id: n{at}, {node}}}")).collect();
    let sinks: Vec<String> =
        (0..nodes.len()).map(|at| format!("{{type: console, input: n{at}}}")).collect();
    let [nodes, sinks] =
        [&nodes, &sinks].map(|list| list.iter().map(String::as_str).collect::<Vec<_>>());
    assert_snapshot!(check_spec(&streaming(&nodes, &sinks)), @r"
    job.yaml:10:12: error[stream::sort]: `n0` sorts a stream, which has no end
       |
    10 |     - {id: n0, type: sort, input: a, by: id}
       |            ^^
       = field: pipeline.transformations[0]
       = hint: sort aggregated rows with `output_mode: complete`, or where the result is read

    job.yaml:11:12: error[stream::unsupported]: `n1`: Spark does not support an offset of a stream
       |
    11 |     - {id: n1, type: limit, input: a, rows: 1, offset: 1}
       |            ^^
       = field: pipeline.transformations[1]
       = hint: leave `offset` out

    job.yaml:12:12: error[stream::unsupported]: `n2`: Spark does not support a sample of a stream
       |
    12 |     - {id: n2, type: sample, input: a, share: 0.5}
       |            ^^
       = field: pipeline.transformations[2]
       = hint: filter by a hash: `condition: pmod(hash(id), 10) = 0`

    job.yaml:13:12: error[stream::unsupported]: `n3`: Spark does not support windows over rows of a stream
       |
    13 |     - {id: n3, type: window, input: a, order_by: id, functions: {n: row_number()}}
       |            ^^
       = field: pipeline.transformations[3]
       = hint: use `time_window` and `aggregate`; by rows, a batch job over what the stream wrote

    job.yaml:14:12: error[stream::unsupported]: `n4`: Spark does not support windows over rows of a stream
       |
    14 |     - {id: n4, type: count_window, input: a, size: 10, order_by: id}
       |            ^^
       = field: pipeline.transformations[4]
       = hint: use `time_window` and `aggregate`; by rows, a batch job over what the stream wrote

    job.yaml:15:12: error[stream::unsupported]: `n5`: Spark does not support keeping the rows of a stream
       |
    15 |     - {id: n5, type: cache, input: a}
       |            ^^
       = field: pipeline.transformations[5]
       = hint: leave it out: the query keeps its state itself

    job.yaml:16:12: error[stream::unsupported]: `n6`: Spark does not support keeping the rows of a stream
       |
    16 |     - {id: n6, type: checkpoint, input: a, local: true}
       |            ^^
       = field: pipeline.transformations[6]
       = hint: leave it out: the query keeps its state itself

    job.yaml:17:12: error[stream::unsupported]: `n7`: Spark does not support an intersection with a stream
       |
    17 |     - {id: n7, type: intersect, input: [a, b]}
       |            ^^
       = field: pipeline.transformations[7]
       = hint: use a `join` with `how: left_semi`

    job.yaml:18:12: error[stream::unsupported]: `n8`: Spark does not support a difference with a stream
       |
    18 |     - {id: n8, type: except, input: [a, s]}
       |            ^^
       = field: pipeline.transformations[8]
       = hint: use a `join` with `how: left_anti` and a static right side

    job.yaml:19:12: error[stream::unsupported]: `n9`: Spark does not support a union of streams and static rows
       |
    19 |     - {id: n9, type: union, input: [a, s]}
       |            ^^
       = field: pipeline.transformations[9]
       = hint: make all inputs streams, or none

    job.yaml:20:12: error[stream::deduplicate]: `n10` compares within a watermark, and there is none before it
       |
    20 |     - {id: n10, type: deduplicate, input: a, within_watermark: true}
       |            ^^^
       = field: pipeline.transformations[10]
       = hint: put a `watermark` node before it
    ");
}

#[test]
fn aggregates_that_no_stream_can_have() {
    let text = streaming(
        &[
            "{id: pivoted, type: aggregate, input: a, group_by: id, pivot: kind, values: [x], aggregations: {n: count(*)}}",
            "{id: distinct, type: aggregate, input: a, group_by: id, aggregations: {kind: count_distinct}}",
            "{id: in_sql, type: aggregate, input: a, group_by: id, aggregations: {n: count(DISTINCT kind)}}",
            "{id: visits, type: time_window, input: a, column: at, gap: 1 minute}",
            "{id: by_visit, type: aggregate, group_by: window, aggregations: {n: count(*)}}",
        ],
        &[
            "{type: console, input: pivoted, output_mode: complete}",
            "{type: console, input: distinct, output_mode: complete}",
            "{type: console, input: in_sql, output_mode: complete}",
            "{type: console, input: by_visit, output_mode: update}",
        ],
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:10:12: error[stream::unsupported]: `pivoted`: Spark does not support a pivot of a stream
       |
    10 |     - {id: pivoted, type: aggregate, input: a, group_by: id, pivot: kind, values: [x], aggregations: {n: count(*)}}
       |            ^^^^^^^
       = field: pipeline.transformations[0]
       = hint: an aggregate with `sum(if(kind = 'a', amount, 0))` for each value

    job.yaml:11:12: error[stream::unsupported]: `distinct`: Spark does not support a distinct aggregate of a stream
       |
    11 |     - {id: distinct, type: aggregate, input: a, group_by: id, aggregations: {kind: count_distinct}}
       |            ^^^^^^^^
       = field: pipeline.transformations[1]
       = hint: use `approx_count_distinct`

    job.yaml:12:12: error[stream::unsupported]: `in_sql`: Spark does not support a distinct aggregate of a stream
       |
    12 |     - {id: in_sql, type: aggregate, input: a, group_by: id, aggregations: {n: count(DISTINCT kind)}}
       |            ^^^^^^
       = field: pipeline.transformations[2]
       = hint: use `approx_count_distinct`

    job.yaml:14:12: error[stream::session]: `by_visit` groups by nothing but a session
       |
    14 |     - {id: by_visit, type: aggregate, group_by: window, aggregations: {n: count(*)}}
       |            ^^^^^^^^
       = field: pipeline.transformations[4]
       = hint: add what has the session to `group_by`, for example the user

    job.yaml:19:53: error[stream::session]: `by_visit` has sessions, which `sink_4` cannot update
       |
    19 |     - {type: console, input: by_visit, output_mode: update}
       |                                                     ^^^^^^
       = field: pipeline.sinks[3].output_mode
       = hint: `append` or `complete`
    ");
}
