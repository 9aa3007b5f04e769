//! Expectations, cleansing and users' functions on real Spark, with what comes of them.

use crate::place::{Place, Spark};
use serde_json::{Value, json};

const ORDERS: &str = "id,customer,amount,state,zip,at\n1,1,10,new,12345,2026-01-01 00:00:00\n2,2,-5,paid,1234,2026-01-01 00:00:00\n3,3,40,lost,12345,2026-01-01 00:00:00\n4,,,new,,2026-01-01 00:00:00\n4,1,13,,12345,2026-01-01 00:00:00\n,1,60,new,x,2026-01-01 00:00:00\n";

const CHECKED: &str = r#"
quarantine: {format: json, path: out/wrong}
udfs: {twice: {file: twice.py, function: twice, returns: double}}
pipeline:
  sources:
    - {id: customers, type: csv, path: customers.csv, options: {header: true, inferSchema: true}}
    - id: orders
      type: csv
      path: orders.csv
      options: {header: true, inferSchema: true}
      expectations:
        - {not_null: id, on_fail: drop}
        - {range: {column: amount, min: 0, max: 100}, on_fail: quarantine}
        - {set: {column: state, values: [new, paid]}}
        - {pattern: {column: zip, regex: '^[0-9]{5}$'}, at_most: 0.5}
        - {sql: amount <> 13}
        - {unique: id}
        - {references: {columns: customer, node: customers, to: id}}
        - {row_count: {min: 3, max: 5}}
        - {freshness: {column: at, at_most: 2 hours}}
        - {query: "SELECT * FROM {input} WHERE amount > 50"}
  transformations:
    - {id: texts, type: sql, input: orders, query: "SELECT * FROM VALUES ('  Anna  B ', ' x'), ('   ', NULL) AS t(name, city)"}
    - {id: tidy, type: clean, input: texts, replace: {'\s+': ' '}, trim: true, case: upper, blank_to_null: true}
    - {id: nested, type: sql, input: orders, query: "SELECT 1 AS id, named_struct('b', named_struct('c', 2)) AS a, array(1, 2) AS l"}
    - {id: flat, type: flatten, input: nested, explode_arrays: true}
    - {id: read, type: sql, input: orders, query: "SELECT '{\"a\": 1}' AS payload"}
    - {id: parsed, type: parse_json, input: read, column: payload, schema: a INT}
    - {id: doubled, type: udf, input: flat, file: twice.py, function: twice, columns: {d: l}, returns: double}
    - {id: series, type: udf, input: flat, file: series.py, function: more, kind: pandas, columns: {d: l}, returns: double}
    - {id: known, type: sql, input: flat, query: "SELECT twice(l) AS d FROM {input}"}
  sinks:
    - {type: json, path: out/orders, input: orders}
    - {type: json, path: out/tidy, input: tidy}
    - {type: json, path: out/flat, input: flat}
    - {type: json, path: out/parsed, input: parsed}
    - {type: json, path: out/doubled, input: doubled}
    - {type: json, path: out/series, input: series}
    - {type: json, path: out/known, input: known}
"#;

/// The rows of a folder of JSON files, in the order of their text.
pub fn rows(place: &Place, folder: &str) -> Vec<Value> {
    let mut lines: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(place.path(folder)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "json") {
            lines.extend(std::fs::read_to_string(path).unwrap().lines().map(str::to_owned));
        }
    }
    lines.sort();
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn status(results: &Value, name: &str) -> (Value, Value, Value) {
    let results = results["expectations"].as_array().unwrap();
    let one = results.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{name}"));
    (one["failed"].clone(), one["passed"].clone(), one["status"].clone())
}

fn check(version: &str) {
    let place = Place::new();
    place.write("orders.csv", ORDERS);
    place.write("customers.csv", "id\n1\n2\n");
    place.write("twice.py", "def twice(n):\n    return n * 2.0\n");
    place.write(
        "series.py",
        "import pandas as pd\n\n\ndef more(n: pd.Series) -> pd.Series:\n    return n + 0.5\n",
    );
    let head = format!("name: quality\ncluster: {{version: \"{version}\"}}\n");
    let file = place.write("quality.yaml", &format!("{head}{CHECKED}"));
    let output = place.ask(&["run", file.to_str().unwrap()]);
    let log = || String::from_utf8_lossy(&place.ask(&["logs", "latest"]).stdout).into_owned();
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stderr), log());

    let results = place.ask_json(&["expectations", "latest"]);
    for (name, failed, passed, verdict) in [
        ("not_null_id", 1, json!(5), "dropped"),
        ("range_amount", 1, json!(5), "quarantined"),
        // A null is no value that is wrong.
        ("set_state", 1, json!(5), "warned"),
        ("pattern_zip", 2, json!(4), "passed"),
        ("sql", 1, json!(5), "warned"),
        ("unique_id", 2, json!(4), "warned"),
        ("references_customer", 1, json!(5), "warned"),
        ("row_count", 1, Value::Null, "warned"),
        ("freshness_at", 1, Value::Null, "warned"),
        ("query", 1, Value::Null, "warned"),
    ] {
        let expected = (json!(failed), passed, json!(verdict));
        assert_eq!(status(&results, name), expected, "{name}: {results:#}");
    }
    let ids: Vec<Value> = rows(&place, "out/orders").iter().map(|row| row["id"].clone()).collect();
    assert_eq!(ids, [json!(1), json!(3), json!(4), json!(4)]);
    let wrong = rows(&place, "out/wrong/orders");
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!(wrong[0]["id"], 2);
    assert_eq!(wrong[0]["failed_expectations"], "range_amount, pattern_zip");

    assert_eq!(rows(&place, "out/tidy"), [json!({"name": "ANNA B", "city": "X"}), json!({})]);
    let flat = |more: fn(u32) -> Value| [1, 2].map(more).to_vec();
    assert_eq!(rows(&place, "out/flat"), flat(|l| json!({"id": 1, "a_b_c": 2, "l": l})));
    assert_eq!(rows(&place, "out/parsed"), [json!({"payload": {"a": 1}})]);
    let twice = flat(|l| json!({"id": 1, "a_b_c": 2, "l": l, "d": f64::from(l) * 2.0}));
    assert_eq!(rows(&place, "out/doubled"), twice);
    let more = flat(|l| json!({"id": 1, "a_b_c": 2, "l": l, "d": f64::from(l) + 0.5}));
    assert_eq!(rows(&place, "out/series"), more);
    assert_eq!(rows(&place, "out/known"), [json!({"d": 2.0}), json!({"d": 4.0})]);

    let failing = head
        + "pipeline:\n  sources: [{id: orders, type: csv, path: orders.csv, options: {header: true}}]\n  sinks: [{id: strict, type: json, path: out/strict, expectations: [{not_null: id, on_fail: fail}]}]\n";
    let file = place.write("failing.yaml", &failing);
    let output = place.ask(&["run", file.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("strict: not_null_id (not_null): 1 wrong, 6 rows"), "{said}");
    assert!(!place.path("out/strict").exists(), "nothing was written");
    let results = place.ask_json(&["expectations", "latest"]);
    assert_eq!(status(&results, "not_null_id"), (json!(1), json!(5), json!("failed")));
}

#[test]
fn rows_1_19_1_20_1_23_7_22_14_5_real_spark_quality_on_3_5() {
    if let Some(_alone) = Spark::three() {
        check("3.5");
    }
}

#[test]
fn rows_1_19_1_20_1_23_7_22_14_5_real_spark_quality_on_4() {
    if let Some(_alone) = Spark::four() {
        check("4");
    }
}

#[test]
fn row_1_23_a_file_of_functions_that_is_missing_is_found_before_the_launch() {
    let place = Place::new();
    let file = place.write("job.yaml", "name: job\npipeline:\n  transformations: [{id: one, type: sql, query: SELECT 1 AS a}, {id: scored, type: udf, file: no.py, function: f, columns: {b: a}, returns: int}]\n  sinks: [{type: json, path: out}]\n");
    let output = place.ask(&["run", file.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("no.py"), "{said}");
    assert!(
        !place.home().join("runs").exists()
            || place.home().join("runs").read_dir().unwrap().next().is_none(),
        "{said}"
    );
}
