//! Joins, duplicates and watermarks of streams.

use crate::bad_streams::streaming;
use crate::check_spec;
use insta::assert_snapshot;

#[test]
fn joins_that_never_end() {
    let text = streaming(
        &[
            "{id: j1, type: join, input: [s, a], on: id, how: left}",
            "{id: j2, type: join, input: [a, s], on: id, how: right}",
            "{id: j3, type: join, input: [a, s], on: id, how: full}",
            "{id: j4, type: join, input: [s, a], on: id, how: left_semi}",
            "{id: j5, type: join, input: [s, a], on: id, how: left_anti}",
            "{id: j6, type: join, input: [a, b], on: id, how: left}",
            "{id: j7, type: join, input: [a, b], on: id, how: left_anti}",
            "{id: j8, type: join, input: [a, b], how: cross}",
            "{id: j9, type: join, input: [a, b], on: a.id < b.id}",
            "{id: late, type: watermark, input: b, column: at, delay: 1 minute}",
            "{id: j10, type: join, input: [a, late], on: id, how: left}",
        ],
        &(1..=10)
            .map(|n| format!("{{type: console, input: j{n}}}"))
            .collect::<Vec<_>>()
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:10:12: error[stream::static-join]: `j1` joins a static side with a stream in a way that cannot end: left join, which rows of the static side have no match is never known
       |
    10 |     - {id: j1, type: join, input: [s, a], on: id, how: left}
       |            ^^
       = field: pipeline.transformations[0]
       = hint: keep the rows of the stream: `how: inner`, or `left` with the stream as the first input

    job.yaml:11:12: error[stream::static-join]: `j2` joins a static side with a stream in a way that cannot end: right join, which rows of the static side have no match is never known
       |
    11 |     - {id: j2, type: join, input: [a, s], on: id, how: right}
       |            ^^
       = field: pipeline.transformations[1]
       = hint: keep the rows of the stream: `how: inner`, or `left` with the stream as the first input

    job.yaml:12:12: error[stream::static-join]: `j3` joins a static side with a stream in a way that cannot end: full join, the rows of the static side without a match are never known
       |
    12 |     - {id: j3, type: join, input: [a, s], on: id, how: full}
       |            ^^
       = field: pipeline.transformations[2]
       = hint: keep the rows of the stream: `how: inner`, or `left` with the stream as the first input

    job.yaml:13:12: error[stream::static-join]: `j4` joins a static side with a stream in a way that cannot end: left_semi join, the stream must be the left side
       |
    13 |     - {id: j4, type: join, input: [s, a], on: id, how: left_semi}
       |            ^^
       = field: pipeline.transformations[3]
       = hint: keep the rows of the stream: `how: inner`, or `left` with the stream as the first input

    job.yaml:14:12: error[stream::static-join]: `j5` joins a static side with a stream in a way that cannot end: left_anti join, the stream must be the left side
       |
    14 |     - {id: j5, type: join, input: [s, a], on: id, how: left_anti}
       |            ^^
       = field: pipeline.transformations[4]
       = hint: keep the rows of the stream: `how: inner`, or `left` with the stream as the first input

    job.yaml:15:12: error[stream::join-watermark]: `j6` is a left join of two streams and its right side has no watermark: rows would wait for ever
       |
    15 |     - {id: j6, type: join, input: [a, b], on: id, how: left}
       |            ^^
       = field: pipeline.transformations[5]
       = hint: a `watermark` node before each side, and a condition that bounds the times, for example `r.at BETWEEN l.at AND l.at + INTERVAL 1 HOUR`

    job.yaml:16:12: error[stream::stream-join]: `j7`: Spark has no anti join of two streams
       |
    16 |     - {id: j7, type: join, input: [a, b], on: id, how: left_anti}
       |            ^^
       = field: pipeline.transformations[6]
       = hint: a left join with a time bound, and a filter for rows without a right side

    job.yaml:17:12: error[stream::stream-join]: `j8` joins two streams without an equality
       |
    17 |     - {id: j8, type: join, input: [a, b], how: cross}
       |            ^^
       = field: pipeline.transformations[7]
       = hint: streams are joined by a column, or a condition with `=`

    job.yaml:18:12: error[stream::stream-join]: `j9` joins two streams without an equality
       |
    18 |     - {id: j9, type: join, input: [a, b], on: a.id < b.id}
       |            ^^
       = field: pipeline.transformations[8]
       = hint: add a condition with `=`: Spark keeps rows by its value

    job.yaml:20:12: error[stream::join-watermark]: `j10` is a left join of two streams without a bound of time
       |
    20 |     - {id: j10, type: join, input: [a, late], on: id, how: left}
       |            ^^^
       = field: pipeline.transformations[10]
       = hint: join by the column of the watermark, or add a condition such as `r.at BETWEEN l.at AND l.at + INTERVAL 1 HOUR`
    ");
}

#[test]
fn joins_and_duplicates_that_keep_everything_are_warnings() {
    let text = streaming(
        &[
            "{id: both, type: join, input: [a, b], on: id}",
            "{id: once, type: deduplicate, input: a, columns: id}",
        ],
        &["{type: console, input: both, trigger: {once: true}}", "{type: console, input: once}"],
    )
    .replace(
        "    - {id: s, type: json, path: in/s, schema: 'id INT, kind STRING', stream: false}\n",
        "",
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:9:12: warning[stream::state-grows]: `both` keeps all rows of both streams for ever: no side has a watermark
      |
    9 |     - {id: both, type: join, input: [a, b], on: id}
      |            ^^^^
      = field: pipeline.transformations[0]
      = hint: a `watermark` node before each side, and a condition that bounds the times

    job.yaml:10:12: warning[stream::state-grows]: `once` keeps every value that it has seen, for ever
       |
    10 |     - {id: once, type: deduplicate, input: a, columns: id}
       |            ^^^^
       = field: pipeline.transformations[1]
       = hint: put a `watermark` node before it, and set `within_watermark: true`

    job.yaml:12:46: warning[stream::trigger-once]: Spark calls this trigger deprecated since 3.4: it takes everything in one micro-batch
       |
    12 |     - {type: console, input: both, trigger: {once: true}}
       |                                              ^^^^
       = field: pipeline.sinks[0].trigger
       = hint: `trigger: {available_now: true}`
    ");
}

#[test]
fn two_watermarks_and_what_cannot_run_continuously() {
    let text = streaming(
        &[
            "{id: first, type: watermark, input: a, column: at, delay: 1 minute}",
            "{id: second, type: watermark, column: at, delay: 2 minutes}",
        ],
        &["{type: parquet, path: out, trigger: {continuous: 1 second}}"],
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:11:12: error[stream::watermarks]: `second` is the second watermark of a stream: `first` is the first
       |
    11 |     - {id: second, type: watermark, column: at, delay: 2 minutes}
       |            ^^^^^^
       = field: pipeline.transformations[1]
       = hint: one watermark for each source, by the column that windows and joins use

    job.yaml:13:44: error[stream::continuous]: `sink_1` (parquet) cannot run continuously
       |
    13 |     - {type: parquet, path: out, trigger: {continuous: 1 second}}
       |                                            ^^^^^^^^^^
       = field: pipeline.sinks[0].trigger
       = hint: `trigger: {processing_time: 1 second}`; continuously run sources rate and kafka, sinks kafka, console and memory, and between them what changes rows one by one

    job.yaml:13:44: error[stream::continuous]: `second` (watermark) cannot run continuously
       |
    13 |     - {type: parquet, path: out, trigger: {continuous: 1 second}}
       |                                            ^^^^^^^^^^
       = field: pipeline.sinks[0].trigger
       = hint: `trigger: {processing_time: 1 second}`; continuously run sources rate and kafka, sinks kafka, console and memory, and between them what changes rows one by one

    job.yaml:13:44: error[stream::continuous]: `first` (watermark) cannot run continuously
       |
    13 |     - {type: parquet, path: out, trigger: {continuous: 1 second}}
       |                                            ^^^^^^^^^^
       = field: pipeline.sinks[0].trigger
       = hint: `trigger: {processing_time: 1 second}`; continuously run sources rate and kafka, sinks kafka, console and memory, and between them what changes rows one by one

    job.yaml:13:44: error[stream::continuous]: `a` (json) cannot run continuously
       |
    13 |     - {type: parquet, path: out, trigger: {continuous: 1 second}}
       |                                            ^^^^^^^^^^
       = field: pipeline.sinks[0].trigger
       = hint: `trigger: {processing_time: 1 second}`; continuously run sources rate and kafka, sinks kafka, console and memory, and between them what changes rows one by one
    ");
}

#[test]
fn expectations_of_a_stream() {
    let text = streaming(
        &["{id: kept, type: filter, input: a, condition: id > 0, expectations: [{not_null: id}]}"],
        &["{type: console, input: kept}"],
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:10:12: error[stream::expectations]: `kept` expects something of a stream, which is not counted yet
       |
    10 |     - {id: kept, type: filter, input: a, condition: id > 0, expectations: [{not_null: id}]}
       |            ^^^^
       = field: pipeline.transformations[0]
       = hint: filter the stream, or put `expectations` on static rows, or on a batch job that reads what the stream wrote
    ");
}
