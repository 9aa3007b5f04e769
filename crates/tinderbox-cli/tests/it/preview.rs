//! `tinderbox preview` and `tinderbox check --engine`, on Sail.

use crate::place::Place;
use serde_json::{Value, json};

const JOB: &str = "name: totals
pipeline:
  sources:
    - {id: orders, type: csv, path: orders.csv, options: {header: 'true'}, schema: 'id INT, amount INT, status STRING'}
  transformations:
    - {id: paid, type: filter, condition: amount > 1}
    - {id: totals, type: aggregate, group_by: [status], aggregations: {amount: sum}}
  sinks:
    - {id: out, type: file, format: parquet, path: out}
";

/// A place with a job and its data; `None` without Sail.
fn place(job: &str) -> Option<Place> {
    if std::env::var_os("TINDERBOX_SAIL").is_none() {
        let required = std::env::var_os("TINDERBOX_REQUIRE_ALL").is_some();
        assert!(!required, "Sail is required, and TINDERBOX_SAIL names no environment with it");
        println!("not run: TINDERBOX_SAIL names no environment with Sail");
        return None;
    }
    let place = Place::new();
    place.write("job.yaml", job);
    place.write("orders.csv", "id,amount,status\n1,5,new\n2,1,new\n3,7,old\n4,2,new\n");
    Some(place)
}

/// Runs in the folder of the job, so that its path has no folder.
fn ask(place: &Place, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output =
        place.tinderbox().args(arguments).current_dir(place.path("")).output().expect("the binary");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn row_1_3_columns_and_types_of_every_node_are_shown() {
    let Some(place) = place(JOB) else { return };
    let (code, shown, note) = ask(&place, &["check", "job.yaml", "--engine", "sail"]);
    assert_eq!(code, Some(0), "{shown}{note}");
    assert!(shown.contains("totals  status string, sum_amount bigint"), "{shown}");
    assert!(note.contains("columns as Sail 0.7.2 says"), "{note}");
    let (_, shown, _) = ask(&place, &["check", "job.yaml", "--engine", "sail", "--format", "json"]);
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    let columns = json!([
        {"name": "id", "type": "int"},
        {"name": "amount", "type": "int"},
        {"name": "status", "type": "string"},
    ]);
    assert_eq!(shown["columns"][1], json!({"node": "paid", "columns": columns}), "{shown}");
}

#[test]
fn row_1_3_a_wrong_column_is_shown_where_it_stands_with_the_nearest_one() {
    let Some(place) = place(&JOB.replace("amount > 1", "amout > 1")) else { return };
    let (code, _, note) = ask(&place, &["check", "job.yaml"]);
    assert_eq!(code, Some(0), "without a server it is a warning: {note}");
    let warning = "warning[columns::unknown]: `orders` has no column `amout`, as far as is known";
    assert!(note.contains(warning), "{note}");
    let (code, shown, note) = ask(&place, &["check", "job.yaml", "--engine", "sail"]);
    assert_eq!(code, Some(1), "{shown}{note}");
    assert_eq!(
        (note.as_str(), shown.contains("paid    not known")),
        (
            "job.yaml:6:43: error[columns::unknown]: there is no column `amout`
  |
6 |     - {id: paid, type: filter, condition: amout > 1}
  |                                           ^^^^^
  = field: pipeline.transformations[0].condition
  = hint: did you mean `amount`?
columns as Sail 0.7.2 says
",
            true
        )
    );
}

#[test]
fn files_that_are_not_there_are_a_warning() {
    let source = "{id: orders, type: parquet, path: later}";
    let lines = JOB.lines().map(|line| match line.contains("id: orders") {
        true => format!("    - {source}\n"),
        false => format!("{line}\n"),
    });
    let Some(place) = place(&lines.collect::<String>()) else { return };
    let (code, shown, note) = ask(&place, &["check", "job.yaml", "--engine", "sail"]);
    assert_eq!(code, Some(0), "{shown}{note}");
    assert!(note.contains("warning[columns::unread]: Sail 0.7.2 cannot read it, so its columns are not known: nothing is there"), "{note}");
    assert!(shown.contains("totals  not known"), "{shown}");
}

#[test]
fn rows_of_a_node_are_shown() {
    let Some(place) = place(JOB) else { return };
    let totals = ["preview", "job.yaml", "--node", "totals", "--format", "json"];
    let (code, shown, note) = ask(&place, &totals);
    assert_eq!(code, Some(0), "{shown}{note}");
    let mut rows: Vec<Value> = serde_json::from_str(&shown).expect("an array of objects");
    rows.sort_by_key(|row| row["status"].to_string());
    assert_eq!(
        rows,
        [json!({"status": "new", "sum_amount": 7}), json!({"status": "old", "sum_amount": 7}),]
    );
    assert_eq!(note, "all 2 rows, exact, by Sail 0.7.2\n");
    let (code, shown, note) =
        ask(&place, &["preview", "job.yaml", "--node", "paid", "--rows", "2"]);
    assert_eq!((code, shown.lines().count()), (Some(0), 3), "{shown}");
    assert_eq!(note, "the first 2 rows, exact, by Sail 0.7.2\n");
    let (code, _, note) = ask(&place, &["preview", "job.yaml", "--node", "nope"]);
    assert_eq!(code, Some(2));
    assert!(note.contains("nodes: orders, paid, totals, out"), "{note}");
}

const TESTS: &str = "tests:
  - name: new orders are summed
    given:
      orders: [{id: 1, amount: 5, status: new}, {id: 2, amount: 1, status: new}, {id: 3, amount: 2, status: new}]
    expect:
      totals: [{status: new, sum_amount: 7}]
  - name: types are kept
    given:
      orders:
        schema: 'id INT, amount DECIMAL(10,2), status STRING, at TIMESTAMP, day DATE, ok BOOLEAN, tags ARRAY<STRING>, of STRUCT<x: INT>, by MAP<STRING, DOUBLE>'
        rows:
          - {id: 1, amount: 2.50, at: '2026-01-01 10:00:00', day: 2026-01-02, ok: true, tags: [a, ~], of: {x: 1}, by: {k: 0.1}}
          - {id: 2, amount: 1.01}
    expect:
      paid:
        - {ID: 1, amount: 2.5, at: '2026-01-01T10:00:00Z', day: '2026-01-02', ok: true, tags: [a, ~], of: {x: 1}, by: {k: 0.1}, status: ~}
        - {id: 2, amount: 1.01}
  - name: no orders
    given: {orders: {schema: 'id INT, amount INT, status STRING', rows: []}}
    expect: {totals: [], paid: []}
";

#[test]
fn tests_of_a_spec_pass_on_their_rows() {
    let Some(place) = place(&format!("{JOB}{TESTS}")) else { return };
    let (code, shown, note) = ask(&place, &["test", "job.yaml"]);
    assert_eq!(
        (code, shown.as_str(), note.as_str()),
        (
            Some(0),
            "ok    new orders are summed\nok    types are kept\nok    no orders\n",
            "3 tests, 0 failed\n"
        )
    );
    let (code, shown, _) =
        ask(&place, &["test", "job.yaml", "--name", "types", "--format", "json"]);
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(shown[0]["nodes"][0]["rows"], 2, "{shown}");
}

#[test]
fn tests_of_a_spec_fail_with_the_rows_that_differ() {
    let tests = "tests:
  - name: wrong sum
    given: {orders: [{id: 1, amount: 5, status: new}, {id: 2, amount: 2, status: old}]}
    expect: {totals: [{status: new, sum_amount: 6}, {status: old, sum_amount: 2}]}
  - name: wrong value
    given: {orders: {schema: 'id INT, amount INT, status STRING', rows: [{id: x}]}}
    expect: {paid: []}
  - name: wrong column
    given: {orders: [{id: 1, amount: 5, status: new}]}
    expect: {totals: [{state: new}]}
  - name: order
    in_order: true
    given: {orders: [{id: 1, amount: 5, status: b}, {id: 2, amount: 6, status: a}]}
    expect: {paid: [{id: 2}, {id: 1}]}
";
    let Some(place) = place(&format!("{JOB}{tests}")) else { return };
    let (code, shown, note) = ask(&place, &["test", "job.yaml"]);
    assert_eq!((code, note.as_str()), (Some(1), "4 tests, 4 failed\n"), "{shown}");
    for expected in [
        "FAIL  wrong sum\n      totals: of 2 rows 1 are not expected (+), and 1 are missing (-)\n        - {\"status\":\"new\",\"sum_amount\":6}\n        + {\"status\":\"new\",\"sum_amount\":5}\n",
        "FAIL  wrong value\n      the rows of `orders` do not fit: ",
        "FAIL  wrong column\n      the rows of `totals` do not fit: it has no column `state`; it has status, sum_amount\n",
        "FAIL  order\n      paid: the expected rows, in another order\n",
    ] {
        assert!(shown.contains(expected), "{expected}\nin\n{shown}");
    }
    let (code, _, note) = ask(&place, &["test", "job.yaml", "--name", "none"]);
    assert_eq!(code, Some(1));
    assert!(note.contains("hint: tests: wrong sum, wrong value, wrong column, order"), "{note}");
}

#[test]
fn rows_14_5_and_1_19_columns_are_described_and_expectations_counted_before_a_run() {
    let job = "name: described
pipeline:
  sources:
    - id: orders
      type: csv
      path: orders.csv
      options: {header: 'true'}
      schema: 'id INT, amount INT, status STRING'
      expectations:
        - {name: amounts, range: {column: amount, min: 2}, on_fail: drop}
        - {unique: status}
        - {row_count: {min: 5}}
        - {name: known, references: {columns: id, node: known, to: id}}
        - {name: none, query: 'SELECT * FROM {input} WHERE id > 3'}
        - {not_null: [id, status]}
  transformations:
    - {id: known, type: sql, input: [], query: SELECT 1 AS id UNION ALL SELECT 2}
    - {id: typed, type: sql, input: [], query: \"SELECT DATE'2026-01-01' AS day, TIMESTAMP'2026-01-01 00:00:00' AS at, 1.50BD AS price, array(1) AS list UNION ALL SELECT DATE'2026-01-11', TIMESTAMP'2026-01-01 00:00:10', 2.50BD, NULL\"}
  sinks:
    - {type: parquet, path: out, input: orders}
    - {type: parquet, path: known, input: known}
    - {type: parquet, path: typed, input: typed}
";
    let Some(place) = place(job) else { return };
    let profile = |node: &str| {
        let arguments = ["preview", "job.yaml", "--node", node, "--profile", "--format", "json"];
        let (code, shown, note) = ask(&place, &arguments);
        assert_eq!(code, Some(0), "{shown}{note}");
        serde_json::from_str::<Value>(&shown).expect("JSON")
    };
    let orders = profile("orders");
    assert_eq!(orders["rows"], 3, "one row is left out: {orders}");
    let amount = &orders["columns"][1];
    for (field, value) in [
        ("nulls", json!(0)),
        ("distinct", json!(3)),
        ("min", json!(2)),
        ("max", json!(7)),
        ("frequent", json!([])),
    ] {
        assert_eq!(amount[field], value, "{field} of {amount}");
    }
    assert_eq!(amount["histogram"][0], json!({"from": 2.0, "to": 2.5, "rows": 1}));
    assert_eq!(amount["histogram"][9], json!({"from": 6.5, "to": 7.0, "rows": 1}));
    let status = &orders["columns"][2];
    assert_eq!(
        status["frequent"],
        json!([{"value": "new", "rows": 2}, {"value": "old", "rows": 1}])
    );
    let results: Vec<(&str, u64, u64, bool)> = orders["expectations"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            let count = |field: &str| one[field].as_u64().expect("a count");
            let name = one["name"].as_str().expect("a name");
            (name, count("rows"), count("wrong"), one["met"].as_bool().expect("yes or no"))
        })
        .collect();
    assert_eq!(
        results,
        [
            ("amounts", 4, 1, false),
            ("unique_status", 4, 3, false),
            ("row_count", 4, 1, false),
            ("known", 4, 2, false),
            ("none", 4, 1, false),
            ("not_null_id_status", 4, 0, true),
        ]
    );
    let typed = profile("typed");
    let ends: Vec<(&Value, &Value)> = typed["columns"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|column| (&column["min"], &column["histogram"][9]["to"]))
        .collect();
    assert_eq!(
        ends,
        [
            (&json!("2026-01-01"), &json!("2026-01-11")),
            (&json!("2026-01-01T00:00:00Z"), &json!("2026-01-01T00:00:10Z")),
            (&json!("1.50"), &json!(2.5)),
            (&Value::Null, &Value::Null),
        ]
    );
    let (_, shown, note) = ask(&place, &["preview", "job.yaml", "--node", "orders", "--profile"]);
    assert!(shown.contains("new ×2, old ×1"), "{shown}");
    assert_eq!(note, "3 rows, exact, by Sail 0.7.2\n");
}
