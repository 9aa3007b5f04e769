//! The rules on streaming jobs against the real Sparks: what we refuse they refuse, what they take we take.

use crate::place::{Place, Spark, repository};
use serde_json::Value;
use std::process::Command;

/// What a rule says and what Spark says: the case of `rules.py`, words of Spark's message (of 3.5|of 4), the spec's nodes and its
/// sink, and the code of our error.
const RULES: &[(&str, &str, &[&str], &str, &str)] = &[
    (
        "append aggregate",
        "Append output mode not supported|output mode: append",
        &["aggregate, input: a, group_by: kind, aggregations: {n: count(*)}"],
        "",
        "stream::append",
    ),
    (
        "append aggregate, watermark not grouped by",
        "Append output mode not supported|output mode: append",
        &[
            "watermark, input: a, column: at, delay: 1 minute",
            "aggregate, group_by: kind, aggregations: {n: count(*)}",
        ],
        "",
        "stream::append",
    ),
    (
        "append window without watermark",
        "Append output mode not supported|output mode: append",
        &[
            "time_window, input: a, column: at, size: 1 minute",
            "aggregate, group_by: window, aggregations: {n: count(*)}",
        ],
        "",
        "stream::append",
    ),
    (
        "append session alone",
        "Global aggregation with session window",
        &[
            "watermark, input: a, column: at, delay: 1 minute",
            "time_window, column: at, gap: 1 minute",
            "aggregate, group_by: window, aggregations: {n: count(*)}",
        ],
        "",
        "stream::session",
    ),
    (
        "update session",
        "not supported for session window",
        &[
            "watermark, input: a, column: at, delay: 1 minute",
            "time_window, column: at, gap: 1 minute",
            "aggregate, group_by: [window, kind], aggregations: {n: count(*)}",
        ],
        "output_mode: update",
        "stream::session",
    ),
    (
        "complete without aggregate",
        "Complete output mode not supported|output mode: complete",
        &["filter, input: a, condition: id > 0"],
        "output_mode: complete",
        "stream::complete",
    ),
    ("sort", "Sorting is not supported", &["sort, input: a, by: id"], "", "stream::sort"),
    (
        "sort within",
        "Sorting is not supported",
        &["sort, input: a, by: id, within_partitions: true"],
        "",
        "stream::sort",
    ),
    (
        "limit update",
        "Limits are not supported",
        &["limit, input: a, rows: 1"],
        "output_mode: update",
        "stream::limit",
    ),
    (
        "offset append",
        "Offset is not supported",
        &["limit, input: a, rows: 1, offset: 1"],
        "",
        "stream::unsupported",
    ),
    (
        "pivot",
        "correctness",
        &[
            "aggregate, input: a, group_by: id, pivot: kind, values: [a], aggregations: {n: count(*)}",
        ],
        "output_mode: complete",
        "stream::unsupported",
    ),
    (
        "sample",
        "Sampling is not supported",
        &["sample, input: a, share: 0.5"],
        "",
        "stream::unsupported",
    ),
    (
        "window function",
        "not supported",
        &["window, input: a, partition_by: kind, order_by: id, functions: {n: row_number()}"],
        "",
        "stream::unsupported",
    ),
    (
        "count distinct",
        "Distinct aggregations are not supported",
        &["aggregate, input: a, group_by: kind, aggregations: {id: count_distinct}"],
        "output_mode: complete",
        "stream::unsupported",
    ),
    ("intersect streams", "Intersect", &["intersect, input: [a, b]"], "", "stream::unsupported"),
    ("intersect static", "Intersect", &["intersect, input: [a, s]"], "", "stream::unsupported"),
    ("except stream right", "Except", &["except, input: [s, a]"], "", "stream::unsupported"),
    ("except stream left", "", &["except, input: [a, s]"], "", "stream::unsupported"),
    (
        "union static",
        "Union between streaming and batch",
        &["union, input: [a, s]"],
        "",
        "stream::unsupported",
    ),
    ("cache", "must be executed with writeStream", &["cache, input: a"], "", "stream::unsupported"),
    (
        "checkpoint local",
        "must be executed with writeStream",
        &["checkpoint, input: a, local: true"],
        "",
        "stream::unsupported",
    ),
    (
        "static left outer stream",
        "LeftOuter join",
        &["join, input: [s, a], on: id, how: left"],
        "",
        "stream::static-join",
    ),
    (
        "stream right outer static",
        "RightOuter join",
        &["join, input: [a, s], on: id, how: right"],
        "",
        "stream::static-join",
    ),
    (
        "full static",
        "FullOuter join",
        &["join, input: [a, s], on: id, how: full"],
        "",
        "stream::static-join",
    ),
    (
        "static semi stream",
        "LeftSemi join",
        &["join, input: [s, a], on: id, how: left_semi"],
        "",
        "stream::static-join",
    ),
    (
        "static anti stream",
        "LeftAnti join",
        &["join, input: [s, a], on: id, how: left_anti"],
        "",
        "stream::static-join",
    ),
    (
        "stream anti stream",
        "LeftAnti join",
        &["join, input: [a, b], on: id, how: left_anti"],
        "",
        "stream::stream-join",
    ),
    (
        "cross streams",
        "without equality predicate",
        &["join, input: [a, b], how: cross"],
        "",
        "stream::stream-join",
    ),
    (
        "inner streams no equality",
        "without equality predicate",
        &["join, input: [a, b], on: a.id < b.id"],
        "",
        "stream::stream-join",
    ),
    (
        "left outer streams",
        "without a watermark",
        &["join, input: [a, b], on: id, how: left"],
        "",
        "stream::join-watermark",
    ),
    (
        "left outer watermark, no bound",
        "without a watermark",
        &[
            "watermark, input: b, column: at, delay: 1 minute",
            "join, input: [a, n0], on: id, how: left",
        ],
        "",
        "stream::join-watermark",
    ),
    (
        "semi without",
        "without a watermark",
        &["join, input: [a, b], on: id, how: left_semi"],
        "",
        "stream::join-watermark",
    ),
    (
        "two aggregates update",
        "correctness",
        &[
            "aggregate, input: a, group_by: kind, aggregations: {n: count(*)}",
            "aggregate, group_by: n, aggregations: {m: count(*)}",
        ],
        "output_mode: update",
        "stream::aggregates",
    ),
    (
        "two aggregates complete",
        "correctness",
        &[
            "aggregate, input: a, group_by: kind, aggregations: {n: count(*)}",
            "aggregate, group_by: n, aggregations: {m: count(*)}",
        ],
        "output_mode: complete",
        "stream::aggregates",
    ),
    (
        "two watermarks",
        "Redefining watermark",
        &[
            "watermark, input: a, column: at, delay: 1 minute",
            "watermark, column: at, delay: 2 minutes",
        ],
        "",
        "stream::watermarks",
    ),
    (
        "dedup within, no watermark",
        "without watermark",
        &["deduplicate, input: a, columns: id, within_watermark: true"],
        "",
        "stream::deduplicate",
    ),
    (
        "file sink update",
        "does not support|output mode: update",
        &["aggregate, input: a, group_by: kind, aggregations: {n: count(*)}"],
        "type: json, path: out, checkpoint: c, output_mode: update",
        "stream::sink-mode",
    ),
    (
        "file sink complete",
        "does not support|output mode: complete",
        &["aggregate, input: a, group_by: kind, aggregations: {n: count(*)}"],
        "type: json, path: out, checkpoint: c, output_mode: complete",
        "stream::sink-mode",
    ),
    (
        "continuous file source",
        "Continuous processing does not support",
        &["filter, input: a, condition: id > 0"],
        "trigger: {continuous: 1 second}",
        "stream::continuous",
    ),
    (
        "continuous aggregate",
        "Continuous processing does not support",
        &["aggregate, input: a, group_by: kind, aggregations: {n: count(*)}"],
        "output_mode: complete, trigger: {continuous: 1 second}",
        "stream::continuous",
    ),
];

/// Plans that Spark takes, and so must we.
const TAKEN: &[(&str, &[&str], &str)] = &[
    (
        "append window column",
        &[
            "watermark, input: a, column: at, delay: 1 minute",
            "time_window, column: at, size: 1 minute",
            "aggregate, group_by: window, aggregations: {n: count(*)}",
        ],
        "",
    ),
    (
        "append session column",
        &[
            "watermark, input: a, column: at, delay: 1 minute",
            "time_window, column: at, gap: 1 minute",
            "aggregate, group_by: [window, kind], aggregations: {n: count(*)}",
        ],
        "",
    ),
    (
        "sort complete",
        &["aggregate, input: a, group_by: kind, aggregations: {n: count(*)}", "sort, by: kind"],
        "output_mode: complete",
    ),
    ("limit append", &["limit, input: a, rows: 1"], ""),
    ("union streams", &["union, input: [a, b]"], ""),
    ("stream anti static", &["join, input: [a, s], on: id, how: left_anti"], ""),
    ("stream left static", &["join, input: [a, s], on: id, how: left"], ""),
    (
        "left outer right marked only",
        &[
            "watermark, input: b, column: at, delay: 1 minute",
            "join, input: [a, n0], how: left, on: [a.id = n0.id, n0.at BETWEEN a.at AND a.at + INTERVAL 1 MINUTE]",
        ],
        "",
    ),
    (
        "dedup within",
        &[
            "watermark, input: a, column: at, delay: 1 minute",
            "deduplicate, columns: id, within_watermark: true",
        ],
        "",
    ),
];

fn codes(place: &Place, version: &str, nodes: &[&str], sink: &str) -> Vec<String> {
    let nodes: String = nodes
        .iter()
        .enumerate()
        .map(|(at, node)| format!("    - {{id: n{at}, type: {node}}}\n"))
        .collect();
    let sink = if sink.starts_with("type:") {
        sink.to_owned()
    } else {
        format!("type: console{}{sink}", if sink.is_empty() { "" } else { ", " })
    };
    let schema = "schema: 'id INT, kind STRING, at TIMESTAMP'";
    let text = format!(
        "name: job\ntype: streaming\ncluster: {{version: \"{version}\"}}\npipeline:\n  sources:\n    - {{id: a, type: json, path: a, {schema}}}\n    - {{id: b, type: json, path: b, {schema}}}\n    - {{id: s, type: json, path: s, {schema}, stream: false}}\n  transformations:\n{nodes}  sinks:\n    - {{{sink}}}\n"
    );
    let file = place.write("rule.yaml", &text);
    let answer = place.ask_json(&["check", file.to_str().unwrap()]);
    let errors =
        answer["diagnostics"].as_array().unwrap().iter().filter(|d| d["severity"] == "error");
    errors.map(|d| d["code"].as_str().unwrap().to_owned()).collect()
}

fn rules_are_true(spark: &Spark, version: &str) {
    let place = Place::new();
    let output = Command::new(spark.python())
        .arg(repository().join("crates/tinderbox-cli/tests/data/streaming/rules.py"))
        .arg(place.path("said.json"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = std::fs::read_to_string(place.path("said.json")).unwrap();
    let said: Value = serde_json::from_str(&said).unwrap();
    let mut wrong = Vec::new();
    for (case, words, nodes, sink, code) in RULES {
        if !said[case]
            .as_str()
            .is_some_and(|message| words.split('|').any(|words| message.contains(words)))
        {
            wrong.push(format!("{case}: Spark says {}", said[case]));
        }
        let codes = codes(&place, version, nodes, sink);
        if !codes.iter().any(|found| found == code) {
            wrong.push(format!("{case}: {codes:?} instead of {code}"));
        }
    }
    for (case, nodes, sink) in TAKEN {
        if said.get(case) != Some(&Value::Null) {
            wrong.push(format!("{case}: Spark says {:?}", said.get(case)));
        }
        let codes = codes(&place, version, nodes, sink);
        if !codes.is_empty() {
            wrong.push(format!("{case}: {codes:?}"));
        }
    }
    // What changed with Spark 4: inner joins of two streams can update.
    let updates = codes(&place, version, &["join, input: [a, b], on: id"], "output_mode: update");
    let is_refused = updates == ["stream::join-mode"];
    if is_refused == said["inner streams update"].is_null() || is_refused == (version == "4") {
        wrong.push(format!(
            "inner streams update: {updates:?}, Spark says {}",
            said["inner streams update"]
        ));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn real_spark_refuses_what_the_rules_refuse_on_3_5() {
    if let Some(spark) = Spark::three() {
        rules_are_true(&spark, "3.5");
    }
}

#[test]
fn real_spark_refuses_what_the_rules_refuse_on_4() {
    if let Some(spark) = Spark::four() {
        rules_are_true(&spark, "4");
    }
}
