//! Custom components: parts of a pipeline that are used like any other transformation.

use crate::rendered;
use insta::assert_snapshot;
use std::collections::BTreeMap;
use tinderbox_spec::{Choice, compile_pyspark, component_files, load};

const TOP: &str = "\
component: top
description: The first rows by a column.
parameters:
  by:
  rows: 10
inputs: [rows]
transformations:
  - {id: known, type: filter, input: rows, condition: '`${param:by}` IS NOT NULL'}
  - {id: ordered, type: sort, by: '${param:by} desc'}
  - {id: first, type: limit, rows: '${param:rows}'}
";

const MATCHED: &str = "\
component: matched
parameters: {keys: }
inputs: [left, right]
output: joined
transformations:
  - {id: joined, type: join, input: [left, right_once], on: '${param:keys}'}
  - {id: right_once, type: deduplicate, input: right, columns: '${param:keys}'}
";

fn choice() -> Choice {
    let files = BTreeMap::from([
        ("parts/top.yaml".to_owned(), TOP.to_owned()),
        ("parts/matched.yaml".to_owned(), MATCHED.to_owned()),
    ]);
    Choice { files, ..Choice::default() }
}

fn check(text: &str) -> String {
    match load("job.yaml", text, &choice()) {
        Ok(loaded) => rendered(&loaded.warnings, text),
        Err(found) => rendered(&found, text),
    }
}

const JOB: &str = "\
name: job
components:
  - parts/top.yaml
  - parts/matched.yaml
  - component: cheap
    parameters: {limit: 5}
    transformations:
      - {type: sql, query: 'SELECT * FROM {input} WHERE price < ${param:limit}'}
pipeline:
  sources:
    - {id: orders, type: parquet, path: orders}
    - {id: customers, type: parquet, path: customers}
  transformations:
    - {id: complete, type: matched, input: [orders, customers], keys: [customer_id, country]}
    - {id: biggest, type: top, by: amount, rows: 3}
    - {type: cheap, limit: 7.5}
  sinks:
    - {type: parquet, path: out}
";

#[test]
fn row_1_5_components_become_their_nodes() {
    assert_eq!(component_files(JOB), ["parts/top.yaml", "parts/matched.yaml"]);
    let spec = load("job.yaml", JOB, &choice()).expect("loads").spec;
    let nodes = spec.nodes().iter().map(|node| {
        let inputs: Vec<&str> = node.inputs.iter().map(|input| input.as_str()).collect();
        format!("{} <- {}", node.id, inputs.join(" ")).trim_end().to_owned() + "\n"
    });
    assert_snapshot!(nodes.collect::<String>(), @r"
    orders <-
    customers <-
    complete_right_once <- customers
    complete <- orders complete_right_once
    biggest_known <- complete
    biggest_ordered <- biggest_known
    biggest <- biggest_ordered
    cheap_1 <- biggest
    sink_1 <- cheap_1
    ");
    let source = compile_pyspark(&spec).source;
    for part in [
        "def complete(orders: DataFrame, complete_right_once: DataFrame) -> DataFrame:",
        "orders.join(complete_right_once, on=[\"customer_id\", \"country\"], how=\"inner\")",
        "biggest_known.orderBy(F.col(\"amount\").desc())",
        "biggest_ordered.limit(3)",
        "SELECT * FROM biggest WHERE price < 7.5",
    ] {
        assert!(source.contains(part), "{part}\n{source}");
    }
}

#[test]
fn uses_that_do_not_fit_are_found() {
    let text = "\
name: job
components: [parts/top.yaml, parts/matched.yaml, parts/none.yaml, {component: a, transformations: [{type: a}]}]
pipeline:
  sources:
    - {id: orders, type: parquet, path: orders}
  transformations:
    - {id: one, type: top, rows: 3, bye: amount}
    - {id: two, type: matched, keys: id}
    - {id: three, type: matched, input: [orders], keys: id}
    - {id: four, type: top, by: amount, rows: many}
    - {id: five, type: a}
  sinks:
    - {type: parquet, path: out}
";
    assert_snapshot!(check(text), @r"
    job.yaml:2:50: error[spec::component-file]: the file `parts/none.yaml` of a component is not there
      |
    2 | components: [parts/top.yaml, parts/matched.yaml, parts/none.yaml, {component: a, transformations: [{type: a}]}]
      |                                                  ^^^^^^^^^^^^^^^
      = field: components[2]
      = hint: a relative path starts at the document's folder

    job.yaml:7:12: error[spec::missing-parameter]: `top` needs `by`
      |
    7 |     - {id: one, type: top, rows: 3, bye: amount}
      |            ^^^
      = field: pipeline.transformations[0].by

    job.yaml:7:37: error[spec::unknown-key]: `top` has no field `bye`
      |
    7 |     - {id: one, type: top, rows: 3, bye: amount}
      |                                     ^^^
      = field: pipeline.transformations[0].bye
      = hint: did you mean `by`?

    job.yaml:8:12: error[spec::missing-input]: `matched` reads 2 nodes: say which
      |
    8 |     - {id: two, type: matched, keys: id}
      |            ^^^
      = field: pipeline.transformations[1].input
      = hint: `input: [left, right]`

    job.yaml:9:41: error[spec::inputs]: `matched` reads 2 nodes, this one 1
      |
    9 |     - {id: three, type: matched, input: [orders], keys: id}
      |                                         ^^^^^^^^
      = field: pipeline.transformations[2].input
      = hint: in this order: left, right

    job.yaml:10:12: error[spec::wrong-type]: `rows` must be a whole number from 0, not `many`
       |
    10 |     - {id: four, type: top, by: amount, rows: many}
       |            ^^^^
       = field: pipeline.transformations[3].first.rows

    job.yaml:11:12: error[spec::component]: components use components, deeper than 8: `a`
       |
    11 |     - {id: five, type: a}
       |            ^^^^
       = field: pipeline.transformations[4].a_1.a_1.a_1.a_1.a_1.a_1.a_1.a_1
       = hint: does one of them use itself?
    ");
}

#[test]
fn mistakes_in_the_file_of_a_component_are_shown_there() {
    let broken = "component: filter\nparametrs: {x: 1}\noutput: nothing\ntransformations:\n  - {id: a, type: limit, rows: '${param:row}'}\n  - {id: a, type: limit}\n";
    let text = "name: job\ncomponents: [broken.yaml]\npipeline:\n  sources: [{type: parquet, path: in}]\n  sinks: [{type: parquet, path: out}]\n";
    let files = BTreeMap::from([("broken.yaml".to_owned(), broken.to_owned())]);
    let found = load("job.yaml", text, &Choice { files, ..Choice::default() }).expect_err("broken");
    assert_snapshot!(rendered(&found, text), @r"
    broken.yaml:1:12: error[spec::component]: `filter` is a component of Tinderbox's own
      |
    1 | component: filter
      |            ^^^^^^
      = field: component
      = hint: another name, of letters, digits and `_`

    broken.yaml:2:1: error[spec::unknown-key]: a component has no field `parametrs`
      |
    2 | parametrs: {x: 1}
      | ^^^^^^^^^
      = field: parametrs
      = hint: did you mean `parameters`?

    broken.yaml:3:9: error[spec::unknown-input]: the component has no node `nothing`
      |
    3 | output: nothing
      |         ^^^^^^^
      = field: output
      = hint: one of: a, a

    broken.yaml:5:32: error[spec::unknown-parameter]: the component has no parameter `row`
      |
    5 |   - {id: a, type: limit, rows: '${param:row}'}
      |                                ^^^^^^^^^^^^^^
      = field: transformations[0].rows
      = hint: declare it: `parameters: {row: …}`

    broken.yaml:6:5: error[spec::duplicate-id]: the component has two nodes `a`
      |
    6 |   - {id: a, type: limit}
      |     ^^^^^^^^^^^^^^^^^^^^
      = field: transformations[1].id
    ");
}
