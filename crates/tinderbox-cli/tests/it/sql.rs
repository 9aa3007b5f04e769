//! Scripts of Spark SQL on real Spark: the rows of the transformation cases, and those of the PySpark program.

use crate::place::{Place, Spark, part_of_today};
use crate::transformation_cases::INPUTS;
use crate::transformations::{PARTS, all_cases, assert_rows, json_rows, numbered};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

const ALL: &str = include_str!("../../../tinderbox-spec/tests/fixtures/all-in-sql.yaml");

/// The inputs of the cases as files, so that the document tells their columns: id, schema and rows.
const FILES: &[(&str, &str, &str)] = &[
    (
        "orders",
        "id INT, kind STRING, amount INT, price DOUBLE",
        r#"{"id": 1, "kind": "a", "amount": 10, "price": 2.5}
{"id": 2, "kind": "b", "price": 1.0}
{"id": 3, "kind": "a", "amount": 30}
{"id": 4}
"#,
    ),
    (
        "more",
        "id INT, kind STRING, amount INT, price DOUBLE",
        r#"{"id": 3, "kind": "a", "amount": 30}
{"id": 5, "kind": "c", "amount": 50, "price": 5.0}
{"id": 5, "kind": "c", "amount": 50, "price": 5.0}
"#,
    ),
    (
        "other",
        "kind STRING, id INT, late BOOLEAN",
        "{\"kind\": \"z\", \"id\": 9, \"late\": true}\n",
    ),
    (
        "nested",
        "id INT, items ARRAY<STRING>, facts MAP<STRING, INT>",
        "{\"id\": 1, \"items\": [\"x\", \"y\"], \"facts\": {\"k\": 1}}\n{\"id\": 2, \"items\": [], \"facts\": {}}\n",
    ),
    ("texts", "n STRING", "{\"n\": \"1\"}\n{\"n\": \"x\"}\n"),
];

/// What SQL has no statement for, of the cases.
const REFUSED: &[&str] = &[
    "type: repartition, partitions: 3, by: [kind, 'id % 2'], input: orders",
    "type: checkpoint, input: orders",
    "type: checkpoint, local: true, input: orders",
];

fn spec(cases: &[(String, Vec<Value>)], is_wanted: impl Fn(&str) -> bool) -> String {
    let mut text = String::from(
        "name: transformations\nconfiguration: {checkpointLocation: checkpoints, sparkConf: {spark.sql.shuffle.partitions: 2, spark.ui.enabled: false}}\npipeline:\n  sources:\n",
    );
    for (id, schema, _) in FILES {
        writeln!(text, "    - {{id: {id}, type: json, path: in/{id}.json, schema: '{schema}'}}")
            .unwrap();
    }
    text.push_str("  transformations:\n");
    for (id, node) in INPUTS.iter().filter(|(id, _)| FILES.iter().all(|(file, _, _)| file != id)) {
        writeln!(text, "    - {{id: {id}, {node}}}").unwrap();
    }
    let wanted = || cases.iter().enumerate().filter(|(_, (node, _))| is_wanted(node));
    for (at, (node, _)) in wanted() {
        writeln!(text, "    - {{id: case_{at}, {node}}}").unwrap();
    }
    text.push_str("  sinks:\n");
    for (at, _) in wanted() {
        writeln!(text, "    - {{type: json, input: case_{at}, path: out/{at}, mode: overwrite}}")
            .unwrap();
    }
    text
}

fn compile(place: &Place, arguments: &[&str]) -> Vec<u8> {
    let output = place.ask(&[&["compile", "--to", "sql"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Runs a script as its users do, in the place's folder.
fn spark_sql(spark: &Spark, place: &Place, script: &Path) {
    let output = Command::new(spark.home().join("bin/spark-sql"))
        .current_dir(place.dir.path())
        .env("SPARK_HOME", spark.home())
        .env("SPARK_LOCAL_IP", "127.0.0.1")
        .args(["--master", "local[2]", "--conf", "spark.ui.enabled=false", "-f"])
        .arg(script)
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}",
        log.chars().rev().take(6_000).collect::<String>().chars().rev().collect::<String>()
    );
}

fn check_cases(spark: &Spark) {
    let cases = all_cases();
    let place = Place::new();
    std::fs::create_dir(place.path("in")).unwrap();
    for (id, _, rows) in FILES {
        place.write(&format!("in/{id}.json"), rows);
    }
    let all = place.write("all.yaml", &spec(&cases, |_| true));
    let output = place.ask(&["compile", "--to", "sql", all.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.matches("error[sql::").count(), REFUSED.len(), "{said}");
    for node in REFUSED {
        let at = cases.iter().position(|(case, _)| case == node).unwrap();
        assert!(said.contains(&format!("`case_{at}`")), "{node}: {said}");
    }
    let cases = part_of_today(cases, PARTS);
    let file = place.write("cases.yaml", &spec(&cases, |node| !REFUSED.contains(&node)));
    let script = compile(&place, &[file.to_str().unwrap()]);
    let script = place.write("cases.sql", std::str::from_utf8(&script).unwrap());
    spark_sql(spark, &place, &script);
    assert_rows(numbered(&place, cases).filter(|one| !REFUSED.contains(&one.1.as_str())));
}

#[test]
fn real_spark_sql_gives_the_rows_of_the_transformations_on_3_5() {
    if let Some(spark) = Spark::three() {
        check_cases(&spark);
    }
}

#[test]
fn real_spark_sql_gives_the_rows_of_the_transformations_on_4() {
    if let Some(spark) = Spark::four() {
        check_cases(&spark);
    }
}

#[test]
fn row_1_4_real_spark_sql_gives_the_rows_of_the_pyspark_program_on_4() {
    let Some(spark) = Spark::four() else { return };
    let place = Place::new();
    std::fs::create_dir_all(place.path("data/images")).unwrap();
    for (name, text) in DATA {
        place.write(&format!("data/{name}"), text);
    }
    let text = ALL.replacen("parameters:\n", "cluster: {version: \"4\"}\nparameters:\n", 1);
    let file = place.write("job.yaml", &text);
    let file = file.to_str().unwrap();
    let folder = |name: &str| place.path(name).display().to_string();
    let (theirs, ours) =
        (format!("folder={}", folder("pyspark")), format!("folder={}", folder("sql")));
    let run = place.ask(&["run", file, "--set", "out=pyspark", "--set", &theirs]);
    let log = || String::from_utf8_lossy(&place.ask(&["logs", "latest"]).stdout).into_owned();
    assert!(run.status.success(), "{}\n{}", String::from_utf8_lossy(&run.stderr), log());
    // Tables that the program has left would be in the script's way.
    for left in ["spark-warehouse", "metastore_db"] {
        let _ = std::fs::remove_dir_all(place.path(left));
    }
    let script = compile(&place, &[file, "--set", "out=sql", "--set", &ours]);
    let script = place.write("job.sql", std::str::from_utf8(&script).unwrap());
    spark_sql(&spark, &place, &script);
    let mut compared = 0;
    for entry in std::fs::read_dir(place.path("pyspark")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name == "by_folder" {
            continue;
        }
        let (expected, found) = (
            json_rows(&place.path(&format!("pyspark/{name}"))),
            json_rows(&place.path(&format!("sql/{name}"))),
        );
        assert_eq!(found, expected, "{name}");
        compared += 1;
    }
    assert_eq!(compared, 26, "all sinks of the job that write JSON");
    for folder in ["rank=1", "rank=4"] {
        let (theirs, ours) = (
            place.path("pyspark/by_folder").join(folder),
            place.path("sql/by_folder").join(folder),
        );
        assert_eq!(json_rows(&ours), json_rows(&theirs), "{folder}");
    }
    assert!(place.path("spark-warehouse/shop_orders/kind=a").is_dir());
}

const DATA: &[(&str, &str)] = &[
    (
        "orders.json",
        r#"{"id":1,"kind":"a","amount":10,"price":2.5,"at":"2026-03-01T10:10:00Z","note":" it's - so "}
{"id":2,"kind":"b c","amount":null,"price":1.0,"at":"2026-03-01T10:40:00Z","note":"  "}
{"id":3,"kind":"a","amount":30,"price":null,"at":"2027-03-01T11:10:00Z","note":null}
{"id":4,"kind":"it's","amount":7,"price":9.25,"at":"2025-03-01T10:10:00Z","note":"x"}
{"id":4,"kind":"it's","amount":7,"price":9.25,"at":"2025-03-01T10:10:00Z","note":"x"}
{"id":5,"kind":null,"amount":null,"price":null,"at":null,"note":"größe"}
"#,
    ),
    ("kinds.csv", "kind,title,rank\na,First,1\nb c,Second,2\nzz,Third,3\nit's,Fourth,4\n"),
    ("lines.txt", "{\"a\": 1, \"b\": \"x\"}\nno json\n"),
    ("access.log", "ann GET /x\nbroken line here now\nbob POST /y/z\n"),
    ("images/a.PNG", "x"),
    ("images/b.bin", "yy"),
];
