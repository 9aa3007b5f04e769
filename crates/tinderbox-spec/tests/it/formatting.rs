//! The canonical layout of documents.

use crate::loaded;
use proptest::prelude::*;
use tinderbox_spec::{Choice, compile_pyspark, format_document, load};

fn formatted(text: &str) -> String {
    format_document(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn row_1_2_documents_get_one_layout_and_keep_their_comments() {
    let text = r#"# About the job.
# More of it.

pipeline:  # the graph
    sources:
    # The shop's orders.
    - id:   orders
      type: "parquet"       # columnar
      path: 'data/orders'

      # odd ones are left in


      options: { 'mergeSchema' : "true" ,  pathGlobFilter: "*.parquet" }
    - {id: kinds, type: csv, path: "data/kinds.csv", options: {header: true, sep: ";"}, schema: "kind STRING, title STRING, rank INT, more STRING, less STRING"}
      # behind the sources
    transformations:
    -
      # Only those.
      type: filter
      condition: >-
          status = 'paid'
            AND amount > 0

          AND id # 2 = 0
    - type: aggregate
      group_by: [ "kind" ,
          'a: b' ]
      aggregations: {}
    sinks:
        - type: parquet
          path: "out/${param:day}"
          mode: overwrite
          description: a text
            in two lines

# How large.
cluster: {version: "3.5", driver: {memory: 2g}}
'name': "orders"   # by its name
parameters:
  day: "2026-01-01"
  on: 'yes'
  empty:
# the end
"#;
    insta::assert_snapshot!(formatted(text), @r#"
    # About the job.
    # More of it.

    name: orders # by its name
    parameters:
      day: "2026-01-01"
      on: "yes"
      empty:

    # How large.
    cluster: {version: "3.5", driver: {memory: 2g}}

    pipeline: # the graph
      sources:
        # The shop's orders.
        - id: orders
          type: parquet # columnar
          path: data/orders

          # odd ones are left in

          options: {mergeSchema: "true", pathGlobFilter: "*.parquet"}
        - id: kinds
          type: csv
          path: data/kinds.csv
          options: {header: true, sep: ";"}
          schema: kind STRING, title STRING, rank INT, more STRING, less STRING
        # behind the sources
      transformations:
        # Only those.
        - type: filter
          condition: >-
            status = 'paid'
              AND amount > 0

            AND id # 2 = 0
        - type: aggregate
          group_by: [kind, "a: b"]
          aggregations: {}
      sinks:
        - type: parquet
          path: out/${param:day}
          mode: overwrite
          description: a text in two lines
    # the end
    "#);
}

#[test]
fn row_1_2_json_stays_json() {
    let text = r#"{"pipeline": {"sources": [{"type":"parquet","path":"in", "options": {}}], "sinks": []}, "name": "job", "parameters": {"a": 1, "b": "2", "c": null}}"#;
    insta::assert_snapshot!(formatted(text), @r#"
    {
      "name": "job",
      "parameters": {
        "a": 1,
        "b": "2",
        "c": null
      },
      "pipeline": {
        "sources": [
          {
            "type": "parquet",
            "path": "in",
            "options": {}
          }
        ],
        "sinks": []
      }
    }
    "#);
}

#[test]
fn what_cannot_be_laid_out_without_risk_says_so() {
    let said = |text: &str| format_document(text).expect_err("it is refused").to_string();
    let head = "name: a\npipeline:\n";
    let refusals = [
        format!("{head}  sources: [a,\n    # why\n    b]\n"),
        format!("{head}  sources:\n    - - a\n      - b\n"),
        format!("{head}  query: |2\n      a\n"),
        "{name: a, # why\n pipeline: {}}".to_owned(),
        "{name: a, version: 007}".to_owned(),
        "name: *alias\n".to_owned(),
    ]
    .map(|text| said(&text))
    .join("\n");
    insta::assert_snapshot!(refusals, @r"
    line 4: a comment stands within brackets, where it has no place of its own; change it by hand
    line 4: a list stands in a list without brackets; change it by hand
    line 3: a text in lines begins with more than `|`, `|-`, `>` or `>-`; change it by hand
    line 1: a comment stands in a document in braces, where it has no place of its own; change it by hand
    line 1: a value has no form in JSON that keeps its type; change it by hand
    the job cannot be read: job:1:7: error[spec::alias]: a job has no YAML anchors (`&`) and aliases (`*`)
    ");
}

/// Every document of the tests and examples.
fn documents() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in ["tests/fixtures", "../../examples"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in std::fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("it can be listed").path();
            if path.extension().is_some_and(|ending| ending == "yaml" || ending == "json") {
                let text = std::fs::read_to_string(&path).expect("it is a text");
                // Not every JSON file there is a job.
                if load("job", &text, &Choice::default()).is_ok() {
                    found.push((path.display().to_string(), text));
                }
            }
        }
    }
    assert!(found.len() > 10, "{found:?}");
    found
}

fn check(name: &str, text: &str) {
    let once = formatted(text);
    assert_eq!(formatted(&once), once, "{name}: formatted again");
    let (before, after) = (loaded(text), loaded(&once));
    let program = |spec| compile_pyspark(spec).source;
    assert_eq!(program(&before.spec), program(&after.spec), "{name}");
    assert_eq!(before.spec.conf(), after.spec.conf(), "{name}");
    let comments = |text: &str| text.matches("# ").count();
    assert_eq!(comments(text), comments(&once), "{name}");
}

#[test]
fn every_document_stays_the_same_job() {
    for (name, text) in documents() {
        check(&name, &text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Documents that are written in another way, with blank lines and comments between their lines.
    #[test]
    fn disturbed_documents_stay_the_same_job(
        which in 0_usize..100,
        places in proptest::collection::vec((0_usize..400, 0_usize..4), 0..12),
        widened in any::<bool>(),
    ) {
        let documents = documents();
        let (name, text) = &documents[which % documents.len()];
        if !text.trim_start().starts_with('{') {
            let lines: Vec<&str> = text.lines().collect();
            let mut out = String::new();
            // How far the key of a text in lines is indented.
            let mut text_of: Option<usize> = None;
            for (at, line) in lines.iter().enumerate() {
                let indent = line.len() - line.trim_start().len();
                // Within `|` and `>` a comment would be a part of the text, and right behind it is refused.
                let was_in_text = text_of.is_some();
                text_of = match text_of {
                    _ if line.ends_with(['|', '>']) => Some(indent),
                    Some(key) if line.trim().is_empty() || indent > key => Some(key),
                    _ => None,
                };
                for (place, kind) in &places {
                    if place % lines.len() == at && !was_in_text {
                        match kind {
                            0 => out.push('\n'),
                            1 => out.push_str(&format!("{}# one {at}\n", " ".repeat(indent))),
                            2 => out.push_str("\n\n# two\n"),
                            _ => out.push_str(&format!("{}# three\n\n", " ".repeat(indent + 1))),
                        }
                    }
                }
                if widened && indent > 0 {
                    out.push_str("  ");
                }
                out.push_str(line);
                out.push('\n');
            }
            check(name, &out);
        }
    }
}
