//! Every transformation on real Spark, with the rows that come out of it.

use crate::place::{Place, Spark, part_of_today};
use crate::transformation_cases::canonical;
use crate::transformation_cases::{INPUTS, SAME_ROWS, cases, orders};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn spec(version: &str, cases: &[(String, Vec<Value>)]) -> String {
    let mut text = format!(
        "name: transformations\ncluster: {{version: \"{version}\"}}\nconfiguration: {{checkpointLocation: checkpoints, sparkConf: {{spark.sql.shuffle.partitions: 2, spark.ui.enabled: false}}}}\npipeline:\n  transformations:\n"
    );
    for (id, node) in INPUTS {
        writeln!(text, "    - {{id: {id}, {node}}}").unwrap();
    }
    for (at, (node, _)) in cases.iter().enumerate() {
        writeln!(text, "    - {{id: case_{at}, {node}}}").unwrap();
    }
    text.push_str("  sinks:\n");
    for at in 0..cases.len() {
        writeln!(text, "    - {{type: json, input: case_{at}, path: out/{at}}}").unwrap();
    }
    text
}

/// The rows of a folder of JSON files, in an order of their own.
pub fn json_rows(folder: &Path) -> Vec<String> {
    let mut rows = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "json") {
            let text = std::fs::read_to_string(path).unwrap();
            rows.extend(text.lines().map(|line| canonical(&serde_json::from_str(line).unwrap())));
        }
    }
    rows.sort();
    rows
}

/// Every case, nodes with the rows that come out of them.
pub fn all_cases() -> Vec<(String, Vec<Value>)> {
    let same = SAME_ROWS.iter().map(|node| (format!("{node}, input: orders"), orders()));
    cases().into_iter().map(|(node, rows)| (node.to_owned(), rows)).chain(same).collect()
}

/// The cases with the folders that their rows are written to.
pub fn numbered(
    place: &Place,
    cases: Vec<(String, Vec<Value>)>,
) -> impl Iterator<Item = (PathBuf, String, Vec<Value>)> {
    let cases = cases.into_iter().enumerate();
    cases.map(|(at, (node, rows))| (place.path(&format!("out/{at}")), node, rows))
}

/// Fails, with all wrong cases at once, unless each folder holds the rows that are expected of its node.
pub fn assert_rows(cases: impl IntoIterator<Item = (PathBuf, String, Vec<Value>)>) {
    let mut wrong = Vec::new();
    for (folder, node, expected) in cases {
        let mut expected: Vec<String> = expected.iter().map(canonical).collect();
        expected.sort();
        let found = json_rows(&folder);
        if found != expected {
            wrong.push(format!("{node}\n  expected {expected:#?}\n  found {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// How many parts the cases are in.
pub const PARTS: u64 = 2;

fn check(version: &str) {
    let cases = part_of_today(all_cases(), PARTS);
    let place = Place::new();
    let file = place.write("transformations.yaml", &spec(version, &cases));
    let output = place.ask(&["run", file.to_str().unwrap()]);
    let log = || String::from_utf8_lossy(&place.ask(&["logs", "latest"]).stdout).into_owned();
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stderr), log());
    assert_rows(numbered(&place, cases));
}

#[test]
fn real_spark_rows_1_11_to_1_15_and_1_20_to_1_21_and_4_1_to_4_5_transformations_give_their_rows_on_3_5()
 {
    if Spark::three().is_some() {
        check("3.5");
    }
}

#[test]
fn real_spark_rows_1_11_to_1_15_and_1_20_to_1_21_and_4_1_to_4_5_transformations_give_their_rows_on_4()
 {
    if Spark::four().is_some() {
        check("4");
    }
}
