//! Tests of a document, as they are read and refused.

use crate::{check_spec, loaded};
use insta::assert_snapshot;
use tinderbox_spec::inferred_schema;

fn job(tests: &str) -> String {
    format!(
        "name: job
parameters: {{least: 1}}
environments: {{dev: {{parameters: {{least: 0}}}}}}
pipeline:
  sources:
    - {{id: orders, type: csv, path: in, schema: 'id INT, amount DECIMAL(10,2), at TIMESTAMP'}}
    - {{id: events, type: json, path: events}}
  transformations:
    - {{id: paid, type: filter, input: orders, condition: 'amount > ${{param:least}}'}}
    - {{id: named, type: join, input: [paid], table: customers, on: id}}
  sinks:
    - {{type: parquet, path: out}}
    - {{type: parquet, path: other, input: events}}
tests:
{tests}"
    )
}

#[test]
fn tests_are_read_with_the_columns_that_sources_declare() {
    let loaded = loaded(&job(
        "  - name: all\n    parameters: {least: 2}\n    environment: dev\n    in_order: true\n    given:\n      orders: [{id: 1, amount: 1.50}, {id: 2, amount: '3'}]\n      customers: {schema: 'id INT, tags ARRAY<STRING>', rows: [{id: 1, tags: [a, ~]}]}\n      events: [{at: 2026-01-01, of: {x: 1, y: 2.5}}, {of: {x: 2}, ok: true}]\n    expect:\n      named: [{id: 1}]\n      events: []\n",
    ));
    let [test] = loaded.spec.tests() else { panic!("{:?}", loaded.spec.tests()) };
    assert_eq!((test.name.as_str(), test.is_in_order), ("all", true));
    assert_eq!(test.parameters["least"], "2");
    let given: Vec<(&str, &str, Vec<String>)> = test
        .given
        .iter()
        .map(|given| {
            let rows = given.rows.iter().map(ToString::to_string).collect();
            (given.name.as_str(), given.schema.as_str(), rows)
        })
        .collect();
    assert_eq!(
        given,
        [
            (
                "orders",
                "id INT, amount DECIMAL(10,2), at TIMESTAMP",
                vec![r#"{"id":1,"amount":1.50}"#.to_owned(), r#"{"id":2,"amount":"3"}"#.to_owned()]
            ),
            (
                "customers",
                "id INT, tags ARRAY<STRING>",
                vec![r#"{"id":1,"tags":["a",null]}"#.to_owned()]
            ),
            (
                "events",
                "`at` STRING, `of` STRUCT<`x`: BIGINT, `y`: DOUBLE>, `ok` BOOLEAN",
                vec![
                    r#"{"at":"2026-01-01","of":{"x":1,"y":2.5}}"#.to_owned(),
                    r#"{"of":{"x":2},"ok":true}"#.to_owned()
                ]
            ),
        ]
    );
}

#[test]
fn types_of_values_go_together_or_are_named() {
    let columns = |rows: &str| {
        let loaded = loaded(&job(&format!(
            "  - given: {{events: {{schema: 'a INT', rows: []}}}}\n    expect: {{events: {rows}}}\n"
        )));
        inferred_schema(&loaded.spec.tests()[0].expected[0].rows)
    };
    assert_eq!(columns("[{a: 1}, {a: 2.5}, {a: ~}]"), Ok("`a` DOUBLE".to_owned()));
    assert_eq!(columns("[{a: []}, {a: [[1]]}]"), Ok("`a` ARRAY<ARRAY<BIGINT>>".to_owned()));
    assert_eq!(columns("[{a: 1, b: 2}, {a: x}]"), Err("a".to_owned()));
    assert_eq!(columns("[{a: [1, x]}]"), Err("a".to_owned()));
}

#[test]
fn tests_that_name_what_is_not_there() {
    let text = job(
        "  - name: one\n    environment: prod\n    parameters: {leest: 1}\n    given:\n      order: [{id: 1}]\n      orders: [{id: 1, amuont: 2}]\n    expect: {payed: [{id: 1}]}\n  - name: one\n    given: {events: []}\n    expect: {events: []}\n",
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:10:53: warning[spec::catalog-table]: this join reads the catalog table `customers`: no node has this id
       |
    10 |     - {id: named, type: join, input: [paid], table: customers, on: id}
       |                                                     ^^^^^^^^^
       = field: pipeline.transformations[1].table
       = hint: if it is not in the catalog, add a source with `id: customers`

    job.yaml:16:18: error[spec::unknown-environment]: there is no environment `prod`
       |
    16 |     environment: prod
       |                  ^^^^
       = field: tests[0].environment
       = hint: one of: dev

    job.yaml:17:18: error[spec::unknown-parameter]: the document has no parameter `leest`
       |
    17 |     parameters: {leest: 1}
       |                  ^^^^^
       = field: tests[0].parameters.leest
       = hint: did you mean `least`?

    job.yaml:19:7: error[spec::unknown-node]: there is no node `order`
       |
    19 |       order: [{id: 1}]
       |       ^^^^^
       = field: tests[0].given.order
       = hint: did you mean `orders`?

    job.yaml:20:7: error[spec::test-column]: `orders` has no column `amuont`
       |
    20 |       orders: [{id: 1, amuont: 2}]
       |       ^^^^^^
       = field: tests[0].given.orders
       = hint: did you mean `amount`?

    job.yaml:21:14: error[spec::unknown-node]: there is no node `payed`
       |
    21 |     expect: {payed: [{id: 1}]}
       |              ^^^^^
       = field: tests[0].expect.payed
       = hint: did you mean `paid`?

    job.yaml:23:13: error[spec::test-types]: the columns of `events` are not known
       |
    23 |     given: {events: []}
       |             ^^^^^^
       = field: tests[1].given.events
       = hint: say the columns: `events: {schema: 'id INT, …', rows: […]}`
    ");
}

#[test]
fn tests_that_would_read_files() {
    let text = job(
        "  - name: forgets sources\n    given: {orders: [{id: 1}]}\n    expect: {named: [{id: 1}], events: []}\n  - expect: {}\n  - name: nothing\n",
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:10:53: warning[spec::catalog-table]: this join reads the catalog table `customers`: no node has this id
       |
    10 |     - {id: named, type: join, input: [paid], table: customers, on: id}
       |                                                     ^^^^^^^^^
       = field: pipeline.transformations[1].table
       = hint: if it is not in the catalog, add a source with `id: customers`

    job.yaml:17:14: error[spec::test-reads-source]: `named` reads `customers`, which is given no rows
       |
    17 |     expect: {named: [{id: 1}], events: []}
       |              ^^^^^
       = field: tests[0].expect.named
       = hint: add `customers` to `given`

    job.yaml:17:32: error[spec::test-reads-source]: `events` reads `events`, which is given no rows
       |
    17 |     expect: {named: [{id: 1}], events: []}
       |                                ^^^^^^
       = field: tests[0].expect.events
       = hint: add `events` to `given`

    job.yaml:18:5: error[spec::missing-field]: the test expects nothing
       |
    18 |   - expect: {}
       |     ^^^^^^
       = field: tests[1].expect
       = hint: add `expect:` with a node and its rows

    job.yaml:19:11: error[spec::missing-field]: the test expects nothing
       |
    19 |   - name: nothing
       |           ^^^^^^^
       = field: tests[2].expect
       = hint: add `expect:` with a node and its rows
    ");
}

#[test]
fn rows_that_are_none() {
    let text = job(
        "  - given: {orders: 5, events: [1, {a: 1}, {a: x}]}\n    expect: {events: {a: 1}}\n  - given: {events: [{a: 1}, {a: x}]}\n    expect: {events: [{a: 1}]}\n  - given: {events: {schema: a INT, row: []}}\n    in_order: maybe\n    expect: []\n",
    );
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:10:53: warning[spec::catalog-table]: this join reads the catalog table `customers`: no node has this id
       |
    10 |     - {id: named, type: join, input: [paid], table: customers, on: id}
       |                                                     ^^^^^^^^^
       = field: pipeline.transformations[1].table
       = hint: if it is not in the catalog, add a source with `id: customers`

    job.yaml:15:21: error[spec::wrong-type]: `orders` must be a list of rows, not `5`
       |
    15 |   - given: {orders: 5, events: [1, {a: 1}, {a: x}]}
       |                     ^
       = field: tests[0].given.orders

    job.yaml:16:22: error[spec::wrong-type]: `events` must be a list of rows, not a block of keys
       |
    16 |     expect: {events: {a: 1}}
       |                      ^^^^^^
       = field: tests[0].expect.events

    job.yaml:17:13: error[spec::test-types]: the values of `a` have different types
       |
    17 |   - given: {events: [{a: 1}, {a: x}]}
       |             ^^^^^^
       = field: tests[1].given.events
       = hint: say the columns: `events: {schema: 'id INT, …', rows: […]}`

    job.yaml:19:37: error[spec::unknown-key]: `tests[2].given.events` has no field `row`
       |
    19 |   - given: {events: {schema: a INT, row: []}}
       |                                     ^^^
       = field: tests[2].given.events.row
       = hint: did you mean `rows`?

    job.yaml:20:15: error[spec::wrong-type]: `in_order` must be `true` or `false`, not `maybe`
       |
    20 |     in_order: maybe
       |               ^^^^^
       = field: tests[2].in_order

    job.yaml:21:13: error[spec::wrong-type]: `expect` must be a block of nodes, each with its rows, not a list
       |
    21 |     expect: []
       |             ^^
       = field: tests[2].expect
    ");
}
