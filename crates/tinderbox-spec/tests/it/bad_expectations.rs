use crate::check_spec;
use insta::assert_snapshot;

/// A job with these expectations of its first source.
fn with(expectations: &[&str]) -> String {
    let expectations: String =
        expectations.iter().map(|one| format!("        - {one}\n")).collect();
    format!(
        "name: job\npipeline:\n  sources:\n    - {{id: b, type: parquet, path: b}}\n    - id: a\n      type: parquet\n      path: a\n      expectations:\n{expectations}  transformations: [{{type: join, input: [a, b], on: id}}]\n  sinks: [{{type: parquet, path: out}}]\n"
    )
}

#[test]
fn what_is_expected() {
    let text = with(&[
        "{}",
        "{not_null: a, unique: a}",
        "{not_nul: a}",
        "{not_null: []}",
        "{range: {column: a}}",
        "{range: {min: 1}}",
        "{range: {column: a, min: 9, max: 1}}",
        "{set: {column: a}}",
        "{pattern: {column: a}}",
        "not_null",
        "{row_count: {}}",
        "{row_count: {min: 5, max: 2}}",
        "{freshness: {column: a}}",
        "{freshness: {column: a, at_most: soon}}",
    ]);
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:9:11: error[spec::expectation]: this expectation expects nothing
      |
    9 |         - {}
      |           ^
      = field: pipeline.sources[1].expectations[0]
      = hint: one of: not_null, unique, range, set, pattern, references, freshness, row_count, sql, query

    job.yaml:10:25: error[spec::expectation]: this expectation expects several things
       |
    10 |         - {not_null: a, unique: a}
       |                         ^^^^^^
       = field: pipeline.sources[1].expectations[1]
       = hint: make one of each, so that each is counted

    job.yaml:11:11: error[spec::expectation]: this expectation expects nothing
       |
    11 |         - {not_nul: a}
       |           ^
       = field: pipeline.sources[1].expectations[2]
       = hint: one of: not_null, unique, range, set, pattern, references, freshness, row_count, sql, query

    job.yaml:11:12: error[spec::unknown-key]: an expectation has no field `not_nul`
       |
    11 |         - {not_nul: a}
       |            ^^^^^^^
       = field: pipeline.sources[1].expectations[2].not_nul
       = hint: did you mean `not_null`?

    job.yaml:13:12: error[spec::missing-parameter]: `range` needs `min` or `max`
       |
    13 |         - {range: {column: a}}
       |            ^^^^^
       = field: pipeline.sources[1].expectations[4].range
       = hint: for example `{column: amount, min: 0}`

    job.yaml:14:12: error[spec::missing-parameter]: `range` needs `column`
       |
    14 |         - {range: {min: 1}}
       |            ^^^^^
       = field: pipeline.sources[1].expectations[5].range
       = hint: for example `{column: amount, …}`

    job.yaml:15:19: error[spec::wrong-value]: no value lies in this range
       |
    15 |         - {range: {column: a, min: 9, max: 1}}
       |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = field: pipeline.sources[1].expectations[6].range

    job.yaml:16:12: error[spec::missing-parameter]: `set` needs `values`
       |
    16 |         - {set: {column: a}}
       |            ^^^
       = field: pipeline.sources[1].expectations[7].set
       = hint: for example `{column: state, values: [new, paid]}`

    job.yaml:17:12: error[spec::missing-parameter]: `pattern` needs `regex`
       |
    17 |         - {pattern: {column: a}}
       |            ^^^^^^^
       = field: pipeline.sources[1].expectations[8].pattern
       = hint: for example `{column: zip, regex: '^[0-9]{5}$'}`

    job.yaml:18:11: error[spec::wrong-type]: `expectations[9]` must be a block of keys, not `not_null`
       |
    18 |         - not_null
       |           ^^^^^^^^
       = field: pipeline.sources[1].expectations[9]

    job.yaml:19:12: error[spec::missing-parameter]: `row_count` needs `min` or `max`
       |
    19 |         - {row_count: {}}
       |            ^^^^^^^^^
       = field: pipeline.sources[1].expectations[10].row_count
       = hint: for example `{min: 1}`

    job.yaml:20:23: error[spec::wrong-value]: `min` (5) is more than `max` (2)
       |
    20 |         - {row_count: {min: 5, max: 2}}
       |                       ^^^^^^^^^^^^^^^^
       = field: pipeline.sources[1].expectations[11].row_count

    job.yaml:21:12: error[spec::missing-parameter]: `freshness` needs `at_most`
       |
    21 |         - {freshness: {column: a}}
       |            ^^^^^^^^^
       = field: pipeline.sources[1].expectations[12].freshness
       = hint: for example `{column: changed_at, at_most: 2 hours}`

    job.yaml:22:44: error[spec::wrong-value]: `soon` is not a length of time
       |
    22 |         - {freshness: {column: a, at_most: soon}}
       |                                            ^^^^
       = field: pipeline.sources[1].expectations[13].freshness.at_most
       = hint: a whole number of minutes, hours, days or weeks: `2 hours`
    ");
}

#[test]
fn what_happens_then() {
    let text = with(&[
        "{not_null: a, on_fail: explode}",
        "{unique: a, on_fail: drop}",
        "{row_count: {min: 1}, on_fail: quarantine}",
        "{sql: a > 0, on_fail: quarantine}",
        "{sql: a > 0, at_most: 2}",
        "{sql: a > 0, at_most: 0.1, on_fail: drop}",
        "{row_count: {min: 1}, at_most: 0.1}",
        "{name: x, sql: a > 0}",
        "{name: x, sql: a > 1}",
    ]);
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:9:34: error[spec::wrong-value]: `explode` is not a value of `on_fail`
      |
    9 |         - {not_null: a, on_fail: explode}
      |                                  ^^^^^^^
      = field: pipeline.sources[1].expectations[0].on_fail
      = hint: one of: warn, drop, quarantine, fail

    job.yaml:10:32: error[spec::on-fail]: `unique` cannot drop: it is not about single rows
       |
    10 |         - {unique: a, on_fail: drop}
       |                                ^^^^
       = field: pipeline.sources[1].expectations[1].on_fail
       = hint: `warn` or `fail`; not_null, range, set, pattern and sql are about rows

    job.yaml:11:42: error[spec::on-fail]: `row_count` cannot quarantine: it is not about single rows
       |
    11 |         - {row_count: {min: 1}, on_fail: quarantine}
       |                                          ^^^^^^^^^^
       = field: pipeline.sources[1].expectations[2].on_fail
       = hint: `warn` or `fail`; not_null, range, set, pattern and sql are about rows

    job.yaml:12:33: error[spec::quarantine]: there is no place for the rows that are wrong
       |
    12 |         - {sql: a > 0, on_fail: quarantine}
       |                                 ^^^^^^^^^^
       = field: pipeline.sources[1].expectations[3].on_fail
       = hint: add `quarantine: {format: parquet, path: out/wrong}` to the node or the document

    job.yaml:13:33: error[spec::wrong-type]: `at_most` must be a share from 0 and below 1, not `2`
       |
    13 |         - {sql: a > 0, at_most: 2}
       |                                 ^
       = field: pipeline.sources[1].expectations[4].at_most
       = hint: `0.01` lets one row of a hundred be wrong

    job.yaml:14:33: error[spec::parameters]: `at_most` cannot be used so: every wrong row is left out by `drop`
       |
    14 |         - {sql: a > 0, at_most: 0.1, on_fail: drop}
       |                                 ^^^
       = field: pipeline.sources[1].expectations[5].at_most

    job.yaml:15:42: error[spec::parameters]: `at_most` cannot be used so: `row_count` has no share of rows that are wrong
       |
    15 |         - {row_count: {min: 1}, at_most: 0.1}
       |                                          ^^^
       = field: pipeline.sources[1].expectations[6].at_most

    job.yaml:17:18: error[spec::duplicate-name]: another expectation is named `x`
       |
    17 |         - {name: x, sql: a > 1}
       |                  ^
       = field: pipeline.sources[1].expectations[8]
       = hint: results are found by node and name: each has its own
    ");
}

#[test]
fn references() {
    let text = with(&[
        "{references: {columns: a}}",
        "{references: {columns: a, node: bb, to: c}}",
        "{references: {columns: [a, b], node: b, to: c}}",
        "{references: {columns: a, node: a}}",
    ]);
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:9:12: error[spec::missing-parameter]: `references` needs `node`
      |
    9 |         - {references: {columns: a}}
      |            ^^^^^^^^^^
      = field: pipeline.sources[1].expectations[0].references
      = hint: for example `{columns: customer_id, node: customers, to: id}`

    job.yaml:10:43: error[spec::unknown-input]: there is no node `bb` to refer to
       |
    10 |         - {references: {columns: a, node: bb, to: c}}
       |                                           ^^
       = field: pipeline.sources[1].expectations[1].references.node
       = hint: did you mean `b`?

    job.yaml:11:24: error[spec::wrong-value]: 2 columns cannot refer to 1
       |
    11 |         - {references: {columns: [a, b], node: b, to: c}}
       |                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = field: pipeline.sources[1].expectations[2].references.to
       = hint: `to` names as many columns of the other node, in the same order

    job.yaml:12:43: error[spec::unknown-input]: there is no node `a` to refer to
       |
    12 |         - {references: {columns: a, node: a}}
       |                                           ^
       = field: pipeline.sources[1].expectations[3].references.node
       = hint: nodes to refer to: b, join_1
    ");
}

#[test]
fn targets_of_wrong_rows() {
    let text = "name: job\nquarantine: {format: text, path: q}\npipeline:\n  sources:\n    - {type: parquet, path: a, quarantine: {path: q}, expectations: [{sql: a, on_fail: quarantine}]}\n  sinks:\n    - {type: parquet, path: out, quarantine: {format: csv, path: q, mode: append}}\n    - {type: csv, path: out2, expectations: {not_null: a}}\n";
    assert_snapshot!(check_spec(text), @r"
    job.yaml:2:22: error[spec::wrong-value]: `text` is not a value of `format`
      |
    2 | quarantine: {format: text, path: q}
      |                      ^^^^
      = field: quarantine.format
      = hint: one of: parquet, csv, json, orc, delta

    job.yaml:5:32: error[spec::missing-parameter]: `quarantine` needs `format`
      |
    5 |     - {type: parquet, path: a, quarantine: {path: q}, expectations: [{sql: a, on_fail: quarantine}]}
      |                                ^^^^^^^^^^
      = field: pipeline.sources[0].quarantine
      = hint: for example `quarantine: {format: parquet, path: out/wrong}`

    job.yaml:5:88: error[spec::quarantine]: there is no place for the rows that are wrong
      |
    5 |     - {type: parquet, path: a, quarantine: {path: q}, expectations: [{sql: a, on_fail: quarantine}]}
      |                                                                                        ^^^^^^^^^^
      = field: pipeline.sources[0].expectations[0].on_fail
      = hint: add `quarantine: {format: parquet, path: out/wrong}` to the node or the document

    job.yaml:7:34: warning[spec::quarantine]: this node has a `quarantine` and no `expectations`
      |
    7 |     - {type: parquet, path: out, quarantine: {format: csv, path: q, mode: append}}
      |                                  ^^^^^^^^^^
      = field: pipeline.sinks[0]

    job.yaml:7:69: error[spec::unknown-key]: `pipeline.sinks[0].quarantine` has no field `mode`
      |
    7 |     - {type: parquet, path: out, quarantine: {format: csv, path: q, mode: append}}
      |                                                                     ^^^^
      = field: pipeline.sinks[0].quarantine.mode
      = hint: one of: format, path

    job.yaml:8:45: error[spec::wrong-type]: `expectations` must be a list of expectations, not a block of keys
      |
    8 |     - {type: csv, path: out2, expectations: {not_null: a}}
      |                                             ^^^^^^^^^^^^^
      = field: pipeline.sinks[1].expectations
    ");
}

#[test]
fn quarantines_that_others_use() {
    let text = "name: job\nquarantine: {format: parquet, path: out/wrong}\npipeline:\n  sources:\n    - {id: a, type: parquet, path: a, expectations: [{not_null: id, on_fail: quarantine}]}\n    - {id: b, type: parquet, path: b, quarantine: {format: json, path: ./out//wrong/a/}, expectations: [{not_null: id, on_fail: quarantine}]}\n    - {id: c, type: parquet, path: c, quarantine: {format: parquet, path: ./a}, expectations: [{not_null: id, on_fail: quarantine}]}\n    - {id: d, type: parquet, path: d, expectations: [{not_null: id, on_fail: quarantine}]}\n  transformations: [{id: all, type: union, input: [a, b, c, d]}]\n  sinks:\n    - {type: parquet, path: out, quarantine: {format: parquet, path: 'file:out'}, expectations: [{not_null: id, on_fail: quarantine}]}\n    - {type: parquet, input: all, path: out/all, mode: append, quarantine: {format: parquet, path: out/all}, expectations: [{not_null: id, on_fail: quarantine}]}\n";
    assert_snapshot!(check_spec(text), @r"
    job.yaml:6:12: error[spec::written-twice]: `b` puts wrong rows where `a` puts its own: ./out//wrong/a/
      |
    6 |     - {id: b, type: parquet, path: b, quarantine: {format: json, path: ./out//wrong/a/}, expectations: [{not_null: id, on_fail: quarantine}]}
      |            ^
      = field: pipeline.sources[1]
      = hint: give each a path, or the document one `quarantine`: then each node has a folder in it

    job.yaml:7:12: error[spec::written-twice]: `c` puts wrong rows where `a` reads: ./a
      |
    7 |     - {id: c, type: parquet, path: c, quarantine: {format: parquet, path: ./a}, expectations: [{not_null: id, on_fail: quarantine}]}
      |            ^
      = field: pipeline.sources[2]
      = hint: give `quarantine` a path of its own

    job.yaml:11:14: error[spec::written-twice]: `sink_1` puts wrong rows where it writes: file:out
       |
    11 |     - {type: parquet, path: out, quarantine: {format: parquet, path: 'file:out'}, expectations: [{not_null: id, on_fail: quarantine}]}
       |              ^^^^^^^
       = field: pipeline.sinks[0]
       = hint: give `quarantine` a path of its own

    job.yaml:12:14: error[spec::written-twice]: `sink_2` puts wrong rows where it writes: out/all
       |
    12 |     - {type: parquet, input: all, path: out/all, mode: append, quarantine: {format: parquet, path: out/all}, expectations: [{not_null: id, on_fail: quarantine}]}
       |              ^^^^^^^
       = field: pipeline.sinks[1]
       = hint: give `quarantine` a path of its own
    ");
}
