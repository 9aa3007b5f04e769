use crate::check_spec;
use insta::assert_snapshot;

fn with(nodes: &[&str]) -> String {
    let nodes: String = nodes.iter().map(|node| format!("    - {node}\n")).collect();
    format!(
        "name: job\npipeline:\n  sources: [{{id: a, type: parquet, path: a}}, {{id: b, type: parquet, path: b}}]\n  transformations:\n{nodes}  sinks: [{{type: parquet, path: out}}]\n"
    )
}

#[test]
fn numbers_and_booleans_are_checked_where_they_stand() {
    let text = with(&[
        "{id: n1, type: limit, input: a, rows: ten}",
        "{id: n2, type: limit, rows: -1}",
        "{id: n3, type: limit, rows: \"10\"}",
        "{id: n4, type: sample, share: 1.5}",
        "{id: n5, type: sample, share: 0, seed: abc}",
        "{id: n6, type: repartition, partitions: 0}",
        "{id: n7, type: explode, column: x, outer: yes}",
        "{id: n8, type: cache, level: RAM_ONLY}",
        "{id: n9, type: coalesce}",
    ]);
    assert_snapshot!(check_spec(&text), @r#"
    job.yaml:5:45: error[spec::wrong-type]: `rows` must be a whole number from 0, not `ten`
      |
    5 |     - {id: n1, type: limit, input: a, rows: ten}
      |                                             ^^^
      = field: pipeline.transformations[0].rows

    job.yaml:6:35: error[spec::wrong-type]: `rows` must be a whole number from 0, not `-1`
      |
    6 |     - {id: n2, type: limit, rows: -1}
      |                                   ^^
      = field: pipeline.transformations[1].rows

    job.yaml:7:35: error[spec::wrong-type]: `rows` must be a whole number from 0, not the text "10"
      |
    7 |     - {id: n3, type: limit, rows: "10"}
      |                                   ^^^^
      = field: pipeline.transformations[2].rows

    job.yaml:8:37: error[spec::wrong-type]: `share` must be a number above 0 and at most 1, not `1.5`
      |
    8 |     - {id: n4, type: sample, share: 1.5}
      |                                     ^^^
      = field: pipeline.transformations[3].share

    job.yaml:9:37: error[spec::wrong-type]: `share` must be a number above 0 and at most 1, not `0`
      |
    9 |     - {id: n5, type: sample, share: 0, seed: abc}
      |                                     ^
      = field: pipeline.transformations[4].share

    job.yaml:9:46: error[spec::wrong-type]: `seed` must be a whole number, not `abc`
      |
    9 |     - {id: n5, type: sample, share: 0, seed: abc}
      |                                              ^^^
      = field: pipeline.transformations[4].seed

    job.yaml:10:47: error[spec::wrong-type]: `partitions` must be a whole number from 1, not `0`
       |
    10 |     - {id: n6, type: repartition, partitions: 0}
       |                                               ^
       = field: pipeline.transformations[5].partitions

    job.yaml:11:49: error[spec::wrong-type]: `outer` must be `true` or `false`, not `yes`
       |
    11 |     - {id: n7, type: explode, column: x, outer: yes}
       |                                                 ^^^
       = field: pipeline.transformations[6].outer

    job.yaml:12:36: error[spec::wrong-value]: `RAM_ONLY` is not a value of `level`
       |
    12 |     - {id: n8, type: cache, level: RAM_ONLY}
       |                                    ^^^^^^^^
       = field: pipeline.transformations[7].level
       = hint: one of: MEMORY_AND_DISK, MEMORY_AND_DISK_2, MEMORY_AND_DISK_DESER, MEMORY_ONLY, MEMORY_ONLY_2, DISK_ONLY, DISK_ONLY_2, DISK_ONLY_3, OFF_HEAP

    job.yaml:13:12: error[spec::missing-parameter]: `coalesce` needs `partitions`: how many partitions at most
       |
    13 |     - {id: n9, type: coalesce}
       |            ^^
       = field: pipeline.transformations[8].partitions
       = hint: for example {type: coalesce, partitions: 8}
    "#);
}

#[test]
fn parameters_that_do_not_go_together() {
    let text = with(&[
        "{id: n1, type: union, input: [a, b], by: position, allow_missing: true}",
        "{id: n2, type: union, input: a}",
        "{id: n3, type: explode, column: x, position: p}",
        "{id: n4, type: explode, column: x, as: [k, v, w]}",
        "{id: n5, type: drop_nulls, when: any, at_least: 2}",
        "{id: n6, type: repartition, by_range: true, partitions: 3}",
        "{id: n7, type: repartition}",
        "{id: n8, type: aggregate, pivot: x, aggregations: {n: count(*)}}",
        "{id: n9, type: aggregate, grouping: cube, aggregations: {n: count(*)}}",
        "{id: n10, type: aggregate, group_by: k, grouping: rollup, pivot: x, aggregations: {n: count(*)}}",
        "{id: n11, type: aggregate, group_by: k, values: [1, 2], aggregations: {n: count(*)}}",
    ]);
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:5:73: error[spec::parameters]: columns that are matched by their place cannot be missing
      |
    5 |     - {id: n1, type: union, input: [a, b], by: position, allow_missing: true}
      |                                                                         ^^^^
      = field: pipeline.transformations[0].allow_missing
      = hint: leave `by` out: columns are matched by name

    job.yaml:6:12: error[spec::missing-input]: `union` reads 2 to 64 nodes, this one 1
      |
    6 |     - {id: n2, type: union, input: a}
      |            ^^
      = field: pipeline.transformations[1].input
      = hint: `input` is the id of a node, or a list of ids

    job.yaml:7:12: error[spec::parameters]: `position` needs `as`: a name for the elements
      |
    7 |     - {id: n3, type: explode, column: x, position: p}
      |            ^^
      = field: pipeline.transformations[2].as

    job.yaml:8:47: error[spec::parameters]: `as` has one name for the elements of an array, or two for keys and values of a map
      |
    8 |     - {id: n4, type: explode, column: x, as: [k, v, w]}
      |                                               ^
      = field: pipeline.transformations[3].as

    job.yaml:9:55: error[spec::parameters]: `at_least` and `when` say the same in two ways
      |
    9 |     - {id: n5, type: drop_nulls, when: any, at_least: 2}
      |                                                       ^
      = field: pipeline.transformations[4].at_least
      = hint: leave one of them out

    job.yaml:10:12: error[spec::missing-parameter]: `by_range` needs `by`
       |
    10 |     - {id: n6, type: repartition, by_range: true, partitions: 3}
       |            ^^
       = field: pipeline.transformations[5]

    job.yaml:11:12: error[spec::missing-parameter]: a repartition needs `partitions`, `by` or both
       |
    11 |     - {id: n7, type: repartition}
       |            ^^
       = field: pipeline.transformations[6]

    job.yaml:12:40: error[spec::parameters]: `pivot` cannot be used so: it needs `group_by`
       |
    12 |     - {id: n8, type: aggregate, pivot: x, aggregations: {n: count(*)}}
       |                                        ^
       = field: pipeline.transformations[7].pivot

    job.yaml:13:43: error[spec::parameters]: `grouping` cannot be used so: it needs `group_by`
       |
    13 |     - {id: n9, type: aggregate, grouping: cube, aggregations: {n: count(*)}}
       |                                           ^^^^
       = field: pipeline.transformations[8].grouping

    job.yaml:14:72: error[spec::parameters]: `pivot` cannot be used so: it goes with `grouping: groups` only
       |
    14 |     - {id: n10, type: aggregate, group_by: k, grouping: rollup, pivot: x, aggregations: {n: count(*)}}
       |                                                                        ^
       = field: pipeline.transformations[9].pivot

    job.yaml:15:12: error[spec::parameters]: `values` cannot be used so: it needs `pivot`
       |
    15 |     - {id: n11, type: aggregate, group_by: k, values: [1, 2], aggregations: {n: count(*)}}
       |            ^^^
       = field: pipeline.transformations[10].values
    ");
}

#[test]
fn a_checkpoint_needs_a_directory() {
    let text =
        with(&["{id: c, type: checkpoint, input: a}", "{id: d, type: checkpoint, local: true}"]);
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:5:12: error[spec::checkpoint-location]: `c` has no directory for its checkpoint
      |
    5 |     - {id: c, type: checkpoint, input: a}
      |            ^
      = field: pipeline.transformations[0]
      = hint: set `configuration.checkpointLocation`, or `local: true` to keep it on the executors
    ");
}

#[test]
fn blocks_of_values_and_names() {
    let text = with(&[
        "{id: n1, type: fill_nulls, input: a, values: [1, 2]}",
        "{id: n2, type: fill_nulls, values: {x: [1]}}",
        "{id: n3, type: rename, columns: [x]}",
        "{id: n4, type: cast, columns: {}}",
        "{id: n5, type: drop, columns: {x: y}}",
        "{id: n6, type: sort, by: []}",
        "{id: n7, type: unpivot}",
    ]);
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:5:52: error[spec::wrong-type]: `values` must be a block of names, each with its value, not a list
      |
    5 |     - {id: n1, type: fill_nulls, input: a, values: [1, 2]}
      |                                                    ^^^^^^
      = field: pipeline.transformations[0].values

    job.yaml:6:46: error[spec::wrong-type]: `x` must be a text, not a list
      |
    6 |     - {id: n2, type: fill_nulls, values: {x: [1]}}
      |                                              ^^^
      = field: pipeline.transformations[1].values.x

    job.yaml:7:39: error[spec::wrong-type]: `columns` must be a block of names, each with its value, not a list
      |
    7 |     - {id: n3, type: rename, columns: [x]}
      |                                       ^^^
      = field: pipeline.transformations[2].columns

    job.yaml:8:37: error[spec::missing-parameter]: `columns` is empty
      |
    8 |     - {id: n4, type: cast, columns: {}}
      |                                     ^^
      = field: pipeline.transformations[3].columns
      = hint: `column: type` with the types of SQL

    job.yaml:9:37: error[spec::wrong-type]: `columns` must be a text or a list of texts, not a block of keys
      |
    9 |     - {id: n5, type: drop, columns: {x: y}}
      |                                     ^^^^^^
      = field: pipeline.transformations[4].columns

    job.yaml:10:32: error[spec::missing-parameter]: `by` is empty
       |
    10 |     - {id: n6, type: sort, by: []}
       |                                ^^
       = field: pipeline.transformations[5].by
       = hint: columns or SQL expressions, with `desc`, `nulls first` or `nulls last` behind

    job.yaml:11:12: error[spec::missing-parameter]: `unpivot` needs `ids`: columns that stay
       |
    11 |     - {id: n7, type: unpivot}
       |            ^^
       = field: pipeline.transformations[6].ids
       = hint: for example {type: unpivot, ids: [product], values: [q1, q2, q3, q4]}
    ");
}

#[test]
fn sinks_that_get_in_each_others_way() {
    let text = "name: job\npipeline:\n  sources: [{id: a, type: parquet, path: in/a}]\n  sinks:\n    - {id: one, input: a, type: parquet, path: out}\n    - {id: two, input: a, type: csv, path: ./out/, options: {header: true}}\n    - {id: three, input: a, type: table, table: Sales}\n    - {id: four, input: a, type: table, table: sales, mode: append}\n    - {id: five, input: a, type: parquet, path: in/a/, mode: overwrite}\n    - {id: six, input: a, type: parquet, path: in/b, mode: overwrite}\n    - {id: seven, input: a, type: table, table: log, mode: append}\n    - {id: eight, input: a, type: table, table: log, mode: append}\n";
    assert_snapshot!(check_spec(text), @r"
    job.yaml:6:12: error[spec::written-twice]: `two` writes where `one` writes: ./out/
      |
    6 |     - {id: two, input: a, type: csv, path: ./out/, options: {header: true}}
      |            ^^^
      = field: pipeline.sinks[1]
      = hint: give each sink a target of its own, or let one sink write a `union`

    job.yaml:8:12: error[spec::written-twice]: `four` writes where `three` writes: sales
      |
    8 |     - {id: four, input: a, type: table, table: sales, mode: append}
      |            ^^^^
      = field: pipeline.sinks[3]
      = hint: give each sink a target of its own, or let one sink write a `union`

    job.yaml:9:12: error[spec::overwrites-input]: `five` overwrites what `a` reads: in/a/
      |
    9 |     - {id: five, input: a, type: parquet, path: in/a/, mode: overwrite}
      |            ^^^^
      = field: pipeline.sinks[4]
      = hint: write to another place; the next job may move it
    ");
}
