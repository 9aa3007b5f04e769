use crate::{check_spec, job_with};
use insta::assert_snapshot;

#[test]
fn join_without_a_key() {
    let text = job_with("    - {type: join, table: purchases}");
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:14: error[spec::join-without-key]: a join needs `on`: the column or condition that connects its sides
      |
    6 |     - {type: join, table: purchases}
      |              ^^^^
      = field: pipeline.transformations[0]
      = hint: for example `on: customer_id`; write `how: cross` if every row shall meet every row
    ");
}

#[test]
fn join_with_one_side() {
    let text = job_with("    - {type: join, input: customers, on: id}");
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:14: error[spec::missing-input]: a join has two sides, this one 1
      |
    6 |     - {type: join, input: customers, on: id}
      |              ^^^^
      = field: pipeline.transformations[0].input
      = hint: `input: [left, right]` with the ids of two nodes, or one `input` and `table`
    ");
}

#[test]
fn join_with_three_sides() {
    let text =
        job_with("    - {type: join, input: [customers, customers], table: purchases, on: id}");
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:14: error[spec::inputs]: a join has two sides, this one 3
      |
    6 |     - {type: join, input: [customers, customers], table: purchases, on: id}
      |              ^^^^
      = field: pipeline.transformations[0].input
      = hint: `input: [left, right]` with the ids of two nodes, or one `input` and `table`
    ");
}

#[test]
fn join_that_mixes_columns_and_conditions() {
    let text = job_with("    - {type: join, table: t, on: [id, customers.a > t.b]}");
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:35: error[spec::join-key]: `on` mixes column names and conditions
      |
    6 |     - {type: join, table: t, on: [id, customers.a > t.b]}
      |                                   ^^
      = field: pipeline.transformations[0].on
      = hint: write all as conditions, for example `customers.id = purchases.id`
    ");
}

#[test]
fn cross_join_with_a_key() {
    let text = job_with("    - {type: join, table: t, on: id, how: cross}");
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:34: error[spec::join-key]: a cross join has no `on`
      |
    6 |     - {type: join, table: t, on: id, how: cross}
      |                                  ^^
      = field: pipeline.transformations[0].on
      = hint: remove `on`, or use `how: inner`
    ");
}

#[test]
fn wrong_join_type() {
    let text = job_with("    - {type: join, table: t, on: id, how: iner}");
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:43: error[spec::wrong-value]: `iner` is not a value of `how`
      |
    6 |     - {type: join, table: t, on: id, how: iner}
      |                                           ^^^^
      = field: pipeline.transformations[0].how
      = hint: did you mean `inner`?
    ");
}
