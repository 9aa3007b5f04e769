//! Every transformation, with the rows that come out of it: of compiled programs here, of relations in the tests of
//! `tinderbox-connect`, which includes this file.

use serde_json::{Value, json};

/// Nodes that others read: id and the rest of the node.
pub const INPUTS: &[(&str, &str)] = &[
    (
        "orders",
        "type: sql, query: \"SELECT * FROM VALUES (1, 'a', 10, 2.5D), (2, 'b', NULL, 1.0D), (3, 'a', 30, NULL), (4, NULL, NULL, NULL) AS t(id, kind, amount, price)\"",
    ),
    (
        "more",
        "type: sql, query: \"SELECT * FROM VALUES (3, 'a', 30, NULL), (5, 'c', 50, 5.0D), (5, 'c', 50, 5.0D) AS t(id, kind, amount, price)\"",
    ),
    ("other", "type: sql, query: \"SELECT * FROM VALUES ('z', 9, true) AS t(kind, id, late)\""),
    (
        "nested",
        "type: sql, query: \"SELECT * FROM VALUES (1, array('x', 'y'), map('k', 1)), (2, array(), map()) AS t(id, items, facts)\"",
    ),
    ("texts", "type: sql, query: \"SELECT * FROM VALUES ('1'), ('x') AS t(n)\""),
    ("ordered", "type: sort, input: orders, by: [price desc nulls last, id desc]"),
];

/// What is written: the node and its rows, in any order.
pub fn cases() -> Vec<(&'static str, Vec<Value>)> {
    vec![
        (
            "type: rename, input: other, columns: {late: is_late}",
            vec![json!({"kind": "z", "id": 9, "is_late": true})],
        ),
        (
            "type: cast, input: texts, try: true, columns: {n: int}",
            vec![json!({"n": 1}), json!({})],
        ),
        (
            "type: cast, input: other, columns: {id: 'decimal(4,1)', late: string}",
            vec![json!({"kind": "z", "id": 9.0, "late": "true"})],
        ),
        (
            "type: drop, input: orders, columns: [price, amount, no_such_column]",
            vec![
                json!({"id": 1, "kind": "a"}),
                json!({"id": 2, "kind": "b"}),
                json!({"id": 3, "kind": "a"}),
                json!({"id": 4}),
            ],
        ),
        (
            "type: union, input: [other, more], allow_missing: true",
            vec![
                json!({"kind": "z", "id": 9, "late": true}),
                json!({"kind": "a", "id": 3, "amount": 30}),
                json!({"kind": "c", "id": 5, "amount": 50, "price": 5.0}),
                json!({"kind": "c", "id": 5, "amount": 50, "price": 5.0}),
            ],
        ),
        (
            "type: union, input: [texts, texts], by: position",
            vec![json!({"n": "1"}), json!({"n": "x"}), json!({"n": "1"}), json!({"n": "x"})],
        ),
        (
            "type: intersect, input: [orders, more]",
            vec![json!({"id": 3, "kind": "a", "amount": 30})],
        ),
        (
            "type: intersect, input: [more, more], all: true",
            vec![
                json!({"id": 3, "kind": "a", "amount": 30}),
                json!({"id": 5, "kind": "c", "amount": 50, "price": 5.0}),
                json!({"id": 5, "kind": "c", "amount": 50, "price": 5.0}),
            ],
        ),
        (
            "type: except, input: [more, orders]",
            vec![json!({"id": 5, "kind": "c", "amount": 50, "price": 5.0})],
        ),
        (
            "type: except, input: [more, orders], all: true",
            vec![
                json!({"id": 5, "kind": "c", "amount": 50, "price": 5.0}),
                json!({"id": 5, "kind": "c", "amount": 50, "price": 5.0}),
            ],
        ),
        (
            "type: limit, input: ordered, rows: 2, offset: 1",
            vec![json!({"id": 2, "kind": "b", "price": 1.0}), json!({"id": 4})],
        ),
        ("type: limit, input: orders, rows: 0", vec![]),
        (
            "type: explode, input: nested, column: items",
            vec![
                json!({"id": 1, "items": "x", "facts": {"k": 1}}),
                json!({"id": 1, "items": "y", "facts": {"k": 1}}),
            ],
        ),
        (
            "type: explode, input: nested, column: items, as: item, position: place, outer: true",
            vec![
                json!({"id": 1, "items": ["x", "y"], "facts": {"k": 1}, "place": 0, "item": "x"}),
                json!({"id": 1, "items": ["x", "y"], "facts": {"k": 1}, "place": 1, "item": "y"}),
                json!({"id": 2, "items": [], "facts": {}}),
            ],
        ),
        (
            "type: explode, input: nested, column: facts, as: [name, figure]",
            vec![
                json!({"id": 1, "items": ["x", "y"], "facts": {"k": 1}, "name": "k", "figure": 1}),
            ],
        ),
        (
            "type: unpivot, input: more, ids: [id], values: [amount], value_column: figure",
            vec![
                json!({"id": 3, "name": "amount", "figure": 30}),
                json!({"id": 5, "name": "amount", "figure": 50}),
                json!({"id": 5, "name": "amount", "figure": 50}),
            ],
        ),
        (
            "type: fill_nulls, input: orders, values: {kind: none, amount: 0, price: -1.5, id: text}",
            vec![
                json!({"id": 1, "kind": "a", "amount": 10, "price": 2.5}),
                json!({"id": 2, "kind": "b", "amount": 0, "price": 1.0}),
                json!({"id": 3, "kind": "a", "amount": 30, "price": -1.5}),
                json!({"id": 4, "kind": "none", "amount": 0, "price": -1.5}),
            ],
        ),
        (
            "type: drop_nulls, input: orders",
            vec![json!({"id": 1, "kind": "a", "amount": 10, "price": 2.5})],
        ),
        (
            "type: drop_nulls, input: orders, columns: [kind, amount, price], at_least: 2",
            vec![
                json!({"id": 1, "kind": "a", "amount": 10, "price": 2.5}),
                json!({"id": 2, "kind": "b", "price": 1.0}),
                json!({"id": 3, "kind": "a", "amount": 30}),
            ],
        ),
        (
            "type: drop_nulls, input: orders, columns: [amount, price], when: all",
            vec![
                json!({"id": 1, "kind": "a", "amount": 10, "price": 2.5}),
                json!({"id": 2, "kind": "b", "price": 1.0}),
                json!({"id": 3, "kind": "a", "amount": 30}),
            ],
        ),
        (
            "type: aggregate, input: orders, group_by: kind, grouping: rollup, aggregations: {amount: sum, level: grouping_id()}",
            vec![
                json!({"kind": "a", "sum_amount": 40, "level": 0}),
                json!({"kind": "b", "level": 0}),
                json!({"level": 0}),
                json!({"sum_amount": 40, "level": 1}),
            ],
        ),
        (
            "type: aggregate, input: more, group_by: [id, kind], grouping: cube, aggregations: {n: count(*)}",
            vec![
                json!({"id": 3, "kind": "a", "n": 1}),
                json!({"id": 5, "kind": "c", "n": 2}),
                json!({"id": 3, "n": 1}),
                json!({"id": 5, "n": 2}),
                json!({"kind": "a", "n": 1}),
                json!({"kind": "c", "n": 2}),
                json!({"n": 3}),
            ],
        ),
        (
            "type: aggregate, input: more, group_by: id, pivot: kind, values: [a, c, d], aggregations: {amount: sum, n: count(*)}",
            vec![
                json!({"id": 3, "a_sum_amount": 30, "a_n": 1}),
                json!({"id": 5, "c_sum_amount": 100, "c_n": 2}),
            ],
        ),
        (
            "type: aggregate, input: more, group_by: kind, pivot: id, values: [3, 5], aggregations: {n: count(*)}",
            vec![json!({"kind": "a", "3": 1}), json!({"kind": "c", "5": 2})],
        ),
        (
            "type: filter, input: orders, condition: amount > 5 AND kind = 'a'",
            vec![
                json!({"id": 1, "kind": "a", "amount": 10, "price": 2.5}),
                json!({"id": 3, "kind": "a", "amount": 30}),
            ],
        ),
        (
            "type: map, input: other, columns: {id: id + 1, label: \"concat(kind, '!')\"}",
            vec![json!({"kind": "z", "id": 10, "late": true, "label": "z!"})],
        ),
        (
            "type: select, input: other, columns: {kind: kind, twice: id * 2, loud: upper(kind)}",
            vec![json!({"kind": "z", "twice": 18, "loud": "Z"})],
        ),
        (
            "type: join, input: [orders, more], on: [id, kind], how: left_anti",
            vec![
                json!({"id": 1, "kind": "a", "amount": 10, "price": 2.5}),
                json!({"id": 2, "kind": "b", "price": 1.0}),
                json!({"id": 4}),
            ],
        ),
        (
            "type: join, input: [texts, nested], on: [texts.n = CAST(nested.id AS STRING)], broadcast: right",
            vec![json!({"n": "1", "id": 1, "items": ["x", "y"], "facts": {"k": 1}})],
        ),
        (
            "type: join, input: [other, more], on: [id, kind], how: full",
            vec![
                json!({"id": 3, "kind": "a", "amount": 30}),
                json!({"id": 5, "kind": "c", "amount": 50, "price": 5.0}),
                json!({"id": 5, "kind": "c", "amount": 50, "price": 5.0}),
                json!({"id": 9, "kind": "z", "late": true}),
            ],
        ),
        (
            "type: aggregate, input: orders, group_by: [kind], aggregations: {amount: [sum, max], n: count(*), mean: avg(price)}",
            vec![
                json!({"kind": "a", "sum_amount": 40, "max_amount": 30, "n": 2, "mean": 2.5}),
                json!({"kind": "b", "n": 1, "mean": 1.0}),
                json!({"n": 1}),
            ],
        ),
        (
            "type: window, input: more, partition_by: [kind], order_by: [id], functions: {place: row_number(), before: lag(amount)}",
            vec![
                json!({"id": 3, "kind": "a", "amount": 30, "place": 1}),
                json!({"id": 5, "kind": "c", "amount": 50, "price": 5.0, "place": 1}),
                json!({"id": 5, "kind": "c", "amount": 50, "price": 5.0, "place": 2, "before": 50}),
            ],
        ),
        (
            "type: deduplicate, input: more",
            vec![
                json!({"id": 3, "kind": "a", "amount": 30}),
                json!({"id": 5, "kind": "c", "amount": 50, "price": 5.0}),
            ],
        ),
        (
            "type: deduplicate, input: more, columns: [kind, id]",
            vec![
                json!({"id": 3, "kind": "a", "amount": 30}),
                json!({"id": 5, "kind": "c", "amount": 50, "price": 5.0}),
            ],
        ),
        (
            "type: sql, input: [orders, more], query: 'SELECT o.id, m.price FROM {orders} o LEFT JOIN {more} m ON o.id + 2 = m.id WHERE o.id < 4'",
            vec![
                json!({"id": 1}),
                json!({"id": 2}),
                json!({"id": 3, "price": 5.0}),
                json!({"id": 3, "price": 5.0}),
            ],
        ),
    ]
}

/// Nodes whose rows are those of their input: what they change is where rows lie.
pub const SAME_ROWS: &[&str] = &[
    "type: repartition, partitions: 3",
    "type: repartition, partitions: 3, by: [kind, 'id % 2']",
    "type: repartition, by: kind",
    "type: repartition, by: id, by_range: true, partitions: 2",
    "type: coalesce, partitions: 1",
    "type: cache",
    "type: cache, level: DISK_ONLY",
    "type: checkpoint",
    "type: checkpoint, local: true",
    "type: sort, by: 'id desc', within_partitions: true",
    "type: sample, share: 1",
    "type: sample, share: 1.0, seed: 3",
];

/// The rows of `orders`.
pub fn orders() -> Vec<Value> {
    vec![
        json!({"id": 1, "kind": "a", "amount": 10, "price": 2.5}),
        json!({"id": 2, "kind": "b", "price": 1.0}),
        json!({"id": 3, "kind": "a", "amount": 30}),
        json!({"id": 4}),
    ]
}

/// Fields in order.
pub fn canonical(row: &Value) -> String {
    let fields = row.as_object().unwrap();
    let mut names: Vec<_> = fields.keys().collect();
    names.sort();
    names.iter().map(|name| format!("{name}={} ", fields[*name])).collect()
}
