//! Texts that want to use up memory or time, and bytes that editors leave behind.

use crate::{check_spec, loaded};
use insta::assert_snapshot;
use std::time::{Duration, Instant};
use tinderbox_spec::{Choice, load};

const JOB: &str = "name: job\npipeline:\n  sources: [{type: parquet, path: in}]\n  sinks: [{type: parquet, path: out}]\n";

/// What is said about a text that must not take long, and that no more is said than a page.
fn quickly(text: &str) -> String {
    let start = Instant::now();
    let said = check_spec(text);
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    said
}

/// Some hundred times what it takes, because machines are slow and busy: work that grows with the square of the text or faster
/// takes longer still.
const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn billion_laughs_are_not_multiplied() {
    let mut bomb = String::from("name: job\na: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for (this, before) in "bcdefghi".chars().zip("abcdefgh".chars()) {
        let nine = vec![format!("*{before}"); 9].join(", ");
        bomb.push_str(&format!("{this}: &{this} [{nine}]\n"));
    }
    let said = quickly(&bomb);
    assert_eq!(said.matches("error[spec::alias]").count(), 9 + 8 * 9, "{said}");
    assert_snapshot!(said.split("\n\n").next().unwrap_or_default(), @r"
    job.yaml:2:7: error[spec::alias]: a job has no YAML anchors (`&`) and aliases (`*`)
      |
    2 | a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]
      |       ^
      = field: a
      = hint: write the value out, declare it under `parameters:`, or quote a text that begins with `*` or `&`
    ");
}

#[test]
fn merge_keys_are_aliases_too() {
    let text =
        "name: job\ncluster: &size {executor: {cores: 2}}\npipeline:\n  <<: *size\n  sources: []\n";
    assert_snapshot!(quickly(text), @r"
    job.yaml:2:16: error[spec::alias]: a job has no YAML anchors (`&`) and aliases (`*`)
      |
    2 | cluster: &size {executor: {cores: 2}}
      |                ^
      = field: cluster
      = hint: write the value out, declare it under `parameters:`, or quote a text that begins with `*` or `&`

    job.yaml:4:7: error[spec::alias]: a job has no YAML anchors (`&`) and aliases (`*`)
      |
    4 |   <<: *size
      |       ^^^^^
      = field: pipeline.<<
      = hint: write the value out, declare it under `parameters:`, or quote a text that begins with `*` or `&`
    ");
}

#[test]
fn anchor_that_holds_itself() {
    assert_snapshot!(quickly("name: job\npipeline: &p {sources: [*p]}\n"), @r"
    job.yaml:2:14: error[spec::alias]: a job has no YAML anchors (`&`) and aliases (`*`)
      |
    2 | pipeline: &p {sources: [*p]}
      |              ^
      = field: pipeline
      = hint: write the value out, declare it under `parameters:`, or quote a text that begins with `*` or `&`

    job.yaml:2:25: error[spec::alias]: a job has no YAML anchors (`&`) and aliases (`*`)
      |
    2 | pipeline: &p {sources: [*p]}
      |                         ^^
      = field: pipeline.sources[0]
      = hint: write the value out, declare it under `parameters:`, or quote a text that begins with `*` or `&`
    ");
}

#[test]
fn deep_nesting_in_brackets_blocks_and_keys() {
    let deep = 400_000;
    assert_snapshot!(quickly(&format!("name: job\npipeline: {}", "[".repeat(deep))), @r"
    job.yaml:2:75: error[spec::syntax]: the document is nested deeper than 64 levels
      |
    2 | pipeline: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
      |                                                                           ^
      = hint: a job needs no more than six levels
    ");
    assert_snapshot!(quickly(&format!("name: job\npipeline: {}", "{a: ".repeat(deep / 2))), @r"
    job.yaml:2:267: error[spec::syntax]: the document is nested deeper than 64 levels
      |
    2 | {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: 
      |                                                                                                     ^
      = hint: a job needs no more than six levels
    ");
    assert_snapshot!(quickly(&format!("name: job\npipeline:\n  {}", "- ".repeat(deep))), @r"
    job.yaml:3:129: error[spec::syntax]: the document is nested deeper than 64 levels
      |
    3 | - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - 
      |                                                                                                     ^
      = hint: a job needs no more than six levels
    ");
    let keys: String = (0..1_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    assert_snapshot!(quickly(&keys), @r"
    job.yaml:65:65: error[spec::syntax]: the document is nested deeper than 64 levels
       |
    65 |                                                                 a:
       |                                                                 ^
       = hint: a job needs no more than six levels
    ");
}

#[test]
fn ten_megabytes_are_refused_whatever_is_in_them() {
    let size = 10_000_000;
    assert_snapshot!(quickly(&"[".repeat(size)), @r"
    job.yaml:1:1: error[spec::too-large]: the document has 9.5 MiB; a job has at most 1.0 MiB
      |
    1 | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
      | ^
      = hint: keep data in files that the job reads, and parts in `components`
    ");
    for text in ["{a: ", "- ", "a: b\n", "x", "*a ", "\t", "\u{0}", "\"", "# \n"] {
        let said = quickly(&text.repeat(size / text.len()));
        assert!(said.contains("error[spec::too-large]"), "{text:?}: {said}");
    }
}

#[test]
fn documents_of_the_greatest_length_are_read_in_time() {
    let size = 1 << 20;
    let fill = |begin: &str, piece: fn(usize) -> String| {
        let mut text = begin.to_owned();
        let mut number = 0;
        loop {
            let piece = piece(number);
            if text.len() + piece.len() > size {
                return text;
            }
            text.push_str(&piece);
            number += 1;
        }
    };
    type Piece = fn(usize) -> String;
    let cases: [(&str, Piece); 5] = [
        ("name: job\n", |n| format!("k{n}:\n")),
        ("name: job\nparameters:\n", |n| format!("  k{n}: 1\n")),
        ("name: job\npipeline:\n  sources: [", |_| "1, ".to_owned()),
        ("name: job\ndescription: |\n", |n| format!("  line {n}\n")),
        ("# ", |_| "#".to_owned()),
    ];
    for (begin, piece) in cases {
        let text = fill(begin, piece);
        let start = Instant::now();
        let said = load("job.yaml", &text, &Choice::default()).map(|_| ());
        assert!(said.is_err(), "{begin}");
        assert!(start.elapsed() < LIMIT, "{begin}: {:?}", start.elapsed());
    }
}

#[test]
fn huge_scalars_are_shown_in_part() {
    let huge = "x".repeat(300_000);
    let said = quickly(&format!(
        "name: job\ntype: {huge}\npipeline:\n  sources: [{{type: parquet, path: in}}, {{type: {huge}}}]\n  sinks: [{{type: parquet, path: out}}]\n"
    ));
    assert!(said.len() < 6_000, "{}", said.len());
    let said = said.replace(&"x".repeat(300), "…300×…");
    assert_snapshot!(said, @r"
    job.yaml:2:7: error[spec::wrong-value]: `…300×…xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
      |
    2 | type: …300×…xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
      |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = field: type
      = hint: one of: batch, streaming

    job.yaml:4:47: error[spec::unknown-type]: there is no source of type `…300×…xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
      |
    4 |   sources: [{type: parquet, path: in}, {type: …300×…xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
      |                                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = field: pipeline.sources[1].type
      = hint: one of: file, hdfs, s3, azure, gcs, parquet, csv, json, orc, text, delta, avro, xml, logs, binary, image, table, iceberg, jdbc, postgresql, mysql, oracle, sqlserver, redshift, mongodb, snowflake, bigquery, kafka, event_hubs, kinesis, http, rate, rate_micro_batch, socket

    job.yaml:5:18: warning[spec::input-left-out]: `sink_1` reads `source_2`, the last of 2 sources
      |
    5 |   sinks: [{type: parquet, path: out}]
      |                  ^^^^^^^
      = field: pipeline.sinks[0]
      = hint: say which one: `input: [source_2]`
    ");
    let long = loaded(&format!("{JOB}description: {huge}\n"));
    assert_eq!(long.spec.description().map(str::len), Some(300_000), "texts may be long");
}

#[test]
fn a_block_with_more_unknown_keys_than_are_worth_reading() {
    let keys: String = (0..150).map(|number| format!("zz{number}: 1\n")).collect();
    let said = quickly(&format!("{JOB}{keys}"));
    assert_eq!(said.matches("a job has no field").count(), 100);
    assert_snapshot!(said.rsplit("\n\n").next().unwrap_or_default(), @r"
    job.yaml:105:1: error[spec::unknown-key]: a job has 50 more fields that nothing reads
        |
    105 | zz100: 1
        | ^^^^^
    ");
}

#[test]
fn more_mistakes_and_more_nodes_than_anybody_reads() {
    let of = |count| format!("name: job\npipeline:\n  sources: [{}1]\n", "1, ".repeat(count));
    let found = load("job.yaml", &of(1_990), &Choice::default()).expect_err("all are wrong");
    assert_eq!(found.len(), 1_001);
    let last = found.last().expect("one");
    assert!(last.message.contains("more are not shown, up to this one: "), "{}", last.message);
    let said = quickly(&of(300_000));
    assert!(said.contains("error[spec::too-large]: the pipeline has 300001 nodes"), "{said}");
}

#[test]
fn components_of_components_are_not_multiplied_without_end() {
    let mut text = String::from(
        "name: job\ncomponents:\n  - {component: c0, transformations: [{id: a, type: limit, rows: 1}]}\n",
    );
    for level in 1..8 {
        let ten: Vec<String> =
            (0..10).map(|at| format!("{{id: n{at}, type: c{}}}", level - 1)).collect();
        text.push_str(&format!(
            "  - {{component: c{level}, transformations: [{}]}}\n",
            ten.join(", ")
        ));
    }
    text.push_str("pipeline:\n  sources: [{id: s, type: parquet, path: in}]\n  transformations: [{id: t, type: c7}]\n  sinks: [{type: parquet, path: out}]\n");
    let said = quickly(&text);
    assert!(said.contains("error[spec::too-large]: `c"), "{said}");
    assert!(said.len() < 1_000_000, "{}", said.len());
}

#[test]
fn nul_bytes_and_other_controls() {
    assert_snapshot!(quickly("name: jo\u{0}b\npipeline: {}\n"), @r#"
    job.yaml:1:9: error[spec::syntax]: the character U+0000 is no text
      |
    1 | name: jo�b
      |         ^
      = hint: remove it, or write it as "\xNN" in double quotes; a file in UTF-16 has many
    "#);
    assert_snapshot!(quickly("name: job\n\u{0}\u{0}\npipeline: {}\n"), @r#"
    job.yaml:2:1: error[spec::syntax]: the character U+0000 is no text
      |
    2 | ��
      | ^
      = hint: remove it, or write it as "\xNN" in double quotes; a file in UTF-16 has many
    "#);
    assert_snapshot!(quickly("name: 'jo\u{7}b'\npipeline:\n  sources: []\n"), @r#"
    job.yaml:1:10: error[spec::syntax]: the character U+0007 is no text
      |
    1 | name: 'jo�b'
      |          ^
      = hint: remove it, or write it as "\xNN" in double quotes; a file in UTF-16 has many
    "#);
}

#[test]
fn tabs_between_and_behind() {
    assert_snapshot!(quickly("name: job\npipeline:\n  sources:\n  \t- {type: parquet}\n"), @r"
    job.yaml:4:4: error[spec::syntax]: a tab stands where YAML wants spaces
      |
    4 |   	- {type: parquet}
      |   	^
      = hint: indent with spaces only
    ");
    let fine = JOB.replace("name: job", "name:\tjob\t# tab");
    assert_eq!(loaded(&fine).spec.name(), "job", "tabs that separate are fine");
}

#[test]
fn marks_and_line_ends_of_other_systems() {
    for text in [
        format!("\u{feff}{JOB}"),
        JOB.replace('\n', "\r\n"),
        format!("\u{feff}{}", JOB.replace('\n', "\r\n")),
    ] {
        assert_eq!(loaded(&text).spec.nodes().len(), 2, "{text:?}");
    }
    // A mark in the middle comes from files that were put together.
    assert_snapshot!(quickly(&JOB.replace("pipeline", "\u{feff}pipeline")), @r"
    job.yaml:2:1: error[spec::syntax]: a byte order mark stands inside of the document
      |
    2 | �pipeline:
      | ^
      = hint: remove it; files that are put together leave it behind
    ");
    // Places are counted the same way with both line ends.
    assert_snapshot!(quickly("name: job\r\ntype: bach\r\npipeline:\r\n  sources: [{type: parquet, path: in}]\r\n  sinks: [{type: parquet, path: out}]\r\n"), @r"
    job.yaml:2:7: error[spec::wrong-value]: `bach` is not a value of `type`
      |
    2 | type: bach
      |       ^^^^
      = field: type
      = hint: did you mean `batch`?
    ");
    // The line ends of old Macs.
    assert_snapshot!(quickly("name: job\rtype: bach\rpipeline: {}\r"), @r"
    job.yaml:1:17: error[spec::wrong-value]: `bach` is not a value of `type`
      |
    1 | name: job�type: bach�pipeline: {}�
      |                 ^^^^
      = field: type
      = hint: did you mean `batch`?

    job.yaml:1:22: error[spec::empty-pipeline]: the pipeline has no nodes
      |
    1 | name: job�type: bach�pipeline: {}�
      |                      ^^^^^^^^
      = field: pipeline
      = hint: add at least one source and one sink under `pipeline:`
    ");
}

#[test]
fn keys_twice_in_braces_in_quotes_and_by_case() {
    assert_snapshot!(quickly("{name: job, \"name\": other, pipeline: {sources: [{type: csv, path: a, 'path': b}]}}"), @r#"
    job.yaml:1:13: error[spec::duplicate-key]: the key `name` stands here twice, first in line 1
      |
    1 | {name: job, "name": other, pipeline: {sources: [{type: csv, path: a, 'path': b}]}}
      |             ^^^^^^
      = field: name
      = hint: keep one of the two

    job.yaml:1:70: error[spec::duplicate-key]: the key `path` stands here twice, first in line 1
      |
    1 | {name: job, "name": other, pipeline: {sources: [{type: csv, path: a, 'path': b}]}}
      |                                                                      ^^^^^^
      = field: pipeline.sources[0].path
      = hint: keep one of the two
    "#);
    assert_snapshot!(quickly("name: job\nName: other\npipeline: {sources: [{type: parquet, path: in}], sinks: [{type: parquet, path: out}]}\n"), @r"
    job.yaml:2:1: error[spec::unknown-key]: a job has no field `Name`
      |
    2 | Name: other
      | ^^^^
      = field: Name
      = hint: did you mean `name`?
    ");
}
