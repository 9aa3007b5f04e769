//! Which columns a column is made from.

use crate::loaded;
use tinderbox_model::NodeId;
use tinderbox_spec::{ColumnOf, lineage};

/// A line for each column of a node, with where it comes from, then what decides about its rows.
fn of(text: &str, node: &str) -> String {
    let all = lineage(&loaded(text).spec);
    let node = all.node(&NodeId::new(node.to_owned())).expect("a node");
    let shown = |columns: &mut dyn Iterator<Item = &ColumnOf>| {
        let texts: Vec<String> = columns.map(|c| format!("{}.{}", c.node, c.column)).collect();
        texts.join(" ")
    };
    let mut lines = String::new();
    for column in &node.columns {
        let of = ColumnOf { node: node.node.clone(), column: column.name.clone() };
        let origins = all.origins(&of);
        let (name, how) = (&column.name, column.how.as_str());
        let from = shown(&mut column.from.iter());
        let origins = shown(&mut origins.iter());
        lines.push_str(format!("{name}: {how} ({from}) of {origins}").trim_end());
        lines.push('\n');
    }
    if node.has_others {
        lines.push_str("and others\n");
    }
    for (column, influence) in &node.rows {
        lines.push_str(&format!("{} {}.{}\n", influence.as_str(), column.node, column.column));
    }
    lines
}

const JOB: &str = "\
name: job
pipeline:
  sources:
    - {id: orders, type: parquet, path: orders, schema: 'id BIGINT, customer BIGINT, amount DECIMAL(10,2), kind STRING'}
    - {id: customers, type: parquet, path: customers}
  transformations:
    - {id: paid, type: filter, input: orders, condition: kind = 'paid' AND amount > 0}
    - {id: taxed, type: map, columns: {gross: amount * 1.2, kind: upper(kind)}}
    - {id: named, type: rename, columns: {customer: customer_id}}
    - {id: joined, type: join, input: [named, customers], on: customer_id, how: left}
    - {id: totals, type: aggregate, group_by: [country], aggregations: {total: sum(gross), '*': count}}
    - {id: ranked, type: window, order_by: [total desc], functions: {rank: rank()}}
    - {id: by_sql, type: sql, input: [totals], query: 'SELECT * FROM totals'}
    - {id: picked, type: select, input: by_sql, columns: {country: country, more: total + 1}}
    - {id: pivoted, type: aggregate, input: orders, group_by: customer, pivot: kind, values: [paid, open], aggregations: {amount: [sum, max]}}
    - {id: both, type: union, input: [orders, paid]}
    - {id: long, type: unpivot, input: orders, ids: id, values: [amount, customer]}
  sinks:
    - {id: out, type: parquet, input: ranked, path: out}
    - {type: parquet, input: [picked], path: out2}
    - {type: parquet, input: [pivoted], path: out3}
    - {type: parquet, input: [both], path: out4}
    - {type: parquet, input: [long], path: out5}
";

#[test]
fn row_1_2_columns_are_followed_through_the_graph() {
    insta::assert_snapshot!(of(JOB, "paid"), @r"
    id: IDENTITY (orders.id) of orders.id
    customer: IDENTITY (orders.customer) of orders.customer
    amount: IDENTITY (orders.amount) of orders.amount
    kind: IDENTITY (orders.kind) of orders.kind
    FILTER orders.kind
    FILTER orders.amount
    ");
    insta::assert_snapshot!(of(JOB, "joined"), @r"
    customer_id: IDENTITY (named.customer_id customers.customer_id) of customers.customer_id orders.customer
    id: IDENTITY (named.id) of orders.id
    amount: IDENTITY (named.amount) of orders.amount
    kind: IDENTITY (named.kind) of orders.kind
    gross: IDENTITY (named.gross) of orders.amount
    and others
    JOIN named.customer_id
    JOIN customers.customer_id
    ");
    insta::assert_snapshot!(of(JOB, "totals"), @r"
    country: IDENTITY (joined.country) of customers.country
    total: AGGREGATION (joined.gross) of orders.amount
    count: AGGREGATION () of
    GROUP_BY joined.country
    ");
    insta::assert_snapshot!(of(JOB, "out"), @r"
    country: IDENTITY (ranked.country) of customers.country
    total: IDENTITY (ranked.total) of orders.amount
    count: IDENTITY (ranked.count) of
    rank: IDENTITY (ranked.rank) of
    ");
}

#[test]
fn row_6_11_what_a_query_makes_may_come_from_all_that_it_reads() {
    insta::assert_snapshot!(of(JOB, "picked"), @r"
    country: IDENTITY (by_sql.country) of customers.country orders.amount
    more: TRANSFORMATION (by_sql.total) of customers.country orders.amount
    ");
}

#[test]
fn pivots_unions_and_unpivots_have_their_columns() {
    insta::assert_snapshot!(of(JOB, "pivoted"), @r"
    customer: IDENTITY (orders.customer) of orders.customer
    paid_sum_amount: AGGREGATION (orders.amount) of orders.amount
    paid_max_amount: AGGREGATION (orders.amount) of orders.amount
    open_sum_amount: AGGREGATION (orders.amount) of orders.amount
    open_max_amount: AGGREGATION (orders.amount) of orders.amount
    GROUP_BY orders.customer
    GROUP_BY orders.kind
    ");
    insta::assert_snapshot!(of(JOB, "both"), @r"
    id: IDENTITY (orders.id paid.id) of orders.id
    customer: IDENTITY (orders.customer paid.customer) of orders.customer
    amount: IDENTITY (orders.amount paid.amount) of orders.amount
    kind: IDENTITY (orders.kind paid.kind) of orders.kind
    ");
    insta::assert_snapshot!(of(JOB, "long"), @r"
    id: IDENTITY (orders.id) of orders.id
    name: TRANSFORMATION () of
    value: TRANSFORMATION (orders.amount orders.customer) of orders.amount orders.customer
    ");
}

#[test]
fn row_1_3_names_that_no_input_has_are_told_without_a_server() {
    let text = "name: job
pipeline:
  sources:
    - {id: orders, type: csv, path: in, schema: 'id INT, amount INT, customer_id INT, place STRUCT<street: STRING>'}
    - {id: customers, type: parquet, path: customers}
    - {id: unknown, type: parquet, path: unknown}
  transformations:
    - {id: paid, type: filter, input: orders, condition: 'amout > 1 AND place.street IS NOT NULL AND order_date > current_date'}
    - {id: dated, type: map, columns: {day: \"timestampadd(DAY, 1, now())\", double: ammount * 2}}
    - {id: joined, type: join, input: [dated, customers], on: custmer_id}
    - {id: totals, type: aggregate, group_by: [doubel, nmae, region], aggregations: {amount: sum}}
    - {id: free, type: filter, input: unknown, condition: anything > 1}
  sinks:
    - {type: parquet, path: out, input: totals}
    - {type: parquet, path: other, input: free}
";
    let spec = crate::loaded(text).spec;
    let known =
        [(NodeId::new("customers"), ["customer_id", "name", "region"].map(str::to_owned).to_vec())];
    let found = tinderbox_spec::unknown_columns(&spec, text, &known.into_iter().collect());
    insta::assert_snapshot!(crate::rendered(&found, text), @r#"
    job.yaml:8:59: warning[columns::unknown]: `orders` has no column `amout`, as far as is known
      |
    8 |     - {id: paid, type: filter, input: orders, condition: 'amout > 1 AND place.street IS NOT NULL AND order_date > current_date'}
      |                                                           ^^^^^
      = field: pipeline.transformations[0].condition
      = hint: did you mean `amount`?

    job.yaml:9:84: warning[columns::unknown]: `paid` has no column `ammount`, as far as is known
      |
    9 |     - {id: dated, type: map, columns: {day: "timestampadd(DAY, 1, now())", double: ammount * 2}}
      |                                                                                    ^^^^^^^
      = field: pipeline.transformations[1].columns.double
      = hint: did you mean `amount`?

    job.yaml:10:63: warning[columns::unknown]: `dated` has no column `custmer_id`, as far as is known
       |
    10 |     - {id: joined, type: join, input: [dated, customers], on: custmer_id}
       |                                                               ^^^^^^^^^^
       = field: pipeline.transformations[2].on
       = hint: did you mean `customer_id`?

    job.yaml:11:48: warning[columns::unknown]: `joined` has no column `doubel`, as far as is known
       |
    11 |     - {id: totals, type: aggregate, group_by: [doubel, nmae, region], aggregations: {amount: sum}}
       |                                                ^^^^^^
       = field: pipeline.transformations[3].group_by[0]
       = hint: did you mean `double`?

    job.yaml:11:56: warning[columns::unknown]: `joined` has no column `nmae`, as far as is known
       |
    11 |     - {id: totals, type: aggregate, group_by: [doubel, nmae, region], aggregations: {amount: sum}}
       |                                                        ^^^^
       = field: pipeline.transformations[3].group_by[1]
       = hint: did you mean `name`?
    "#);
}
