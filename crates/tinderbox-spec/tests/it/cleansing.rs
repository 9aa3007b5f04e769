use crate::compile::check_golden;
use crate::{check_spec, job_with, loaded};
use insta::assert_snapshot;
use tinderbox_spec::compile_pyspark;

const CLEANSING: &str = include_str!("../fixtures/cleansing.yaml");

#[test]
fn rows_1_20_and_1_23_cleansing_and_functions_compile() {
    let spec = loaded(CLEANSING).spec;
    let compiled = compile_pyspark(&spec);
    check_golden("cleansing.py", &compiled.source);
    let files = compiled.launch_conf.get("spark.submit.pyFiles").map(String::as_str);
    assert_eq!(files, Some("udfs/score.py,udfs/series.py"));
}

#[test]
fn row_1_23_files_of_functions_are_looked_for_before_the_launch() {
    let inputs = loaded(CLEANSING).spec.local_inputs();
    let found: Vec<(&str, &str)> =
        inputs.iter().map(|input| (input.node.as_str(), input.path.as_str())).collect();
    let expected = [
        ("scored", "udfs/score.py"),
        ("longer", "udfs/series.py"),
        ("udfs.twice", "udfs/score.py"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn wrong_cleansing_and_functions() {
    let nodes = [
        "{type: clean}",
        "{type: clean, trim: maybe}",
        "{type: clean, case: title}",
        "{type: flatten, seperator: x}",
        "{type: parse_json, column: a}",
        "{type: udf, file: udfs/score.txt, function: f, columns: {a: b}, returns: int}",
        "{type: udf, file: udfs/my-score.py, function: f, columns: {a: b}, returns: int}",
        "{type: udf, file: json.py, function: f(x), columns: {a: b}, returns: int}",
        "{type: udf, file: a.py, function: f, columns: {a: []}, returns: int}",
        "{type: udf, file: a.py, function: f, columns: {a: b}, kind: scala}",
    ];
    let nodes: Vec<String> = nodes.iter().map(|node| format!("    - {node}")).collect();
    let text = format!(
        "{}udfs: {{\"a b\": {{file: a.py, function: f, returns: int}}, g: {{file: a.py, function: 1}}, h: x}}\n",
        job_with(&nodes.join("\n"))
    );
    assert_snapshot!(check_spec(&text), @r#"
    job.yaml:6:14: error[spec::missing-parameter]: this `clean` changes nothing
      |
    6 |     - {type: clean}
      |              ^^^^^
      = field: pipeline.transformations[0]
      = hint: one or more of `trim`, `case`, `replace`, `blank_to_null`

    job.yaml:7:27: error[spec::wrong-type]: `trim` must be `true` or `false`, not `maybe`
      |
    7 |     - {type: clean, trim: maybe}
      |                           ^^^^^
      = field: pipeline.transformations[1].trim

    job.yaml:8:27: error[spec::wrong-value]: `title` is not a value of `case`
      |
    8 |     - {type: clean, case: title}
      |                           ^^^^^
      = field: pipeline.transformations[2].case
      = hint: one of: lower, upper

    job.yaml:9:23: error[spec::unknown-key]: `flatten` has no field `seperator`
      |
    9 |     - {type: flatten, seperator: x}
      |                       ^^^^^^^^^
      = field: pipeline.transformations[3].seperator
      = hint: did you mean `separator`?

    job.yaml:10:14: error[spec::missing-parameter]: `parse_json` needs `schema`: fields and types as in `CREATE TABLE`, or a type
       |
    10 |     - {type: parse_json, column: a}
       |              ^^^^^^^^^^
       = field: pipeline.transformations[4].schema
       = hint: for example {type: parse_json, column: payload, schema: 'id BIGINT, tags ARRAY<STRING>'}

    job.yaml:11:25: error[spec::udf]: `udfs/score.txt` is no Python file: its name ends in .py
       |
    11 |     - {type: udf, file: udfs/score.txt, function: f, columns: {a: b}, returns: int}
       |                         ^^^^^^^^^^^^^^
       = field: pipeline.transformations[5].file
       = hint: for example `file: udfs/score.py` with `function: score`

    job.yaml:12:25: error[spec::udf]: `udfs/my-score.py` cannot be imported: its name without .py is no name of Python
       |
    12 |     - {type: udf, file: udfs/my-score.py, function: f, columns: {a: b}, returns: int}
       |                         ^^^^^^^^^^^^^^^^
       = field: pipeline.transformations[6].file
       = hint: for example `file: udfs/score.py` with `function: score`

    job.yaml:13:25: error[spec::udf]: `json.py` would hide a module that the program needs
       |
    13 |     - {type: udf, file: json.py, function: f(x), columns: {a: b}, returns: int}
       |                         ^^^^^^^
       = field: pipeline.transformations[7].file
       = hint: for example `file: udfs/score.py` with `function: score`

    job.yaml:13:44: error[spec::udf]: `f(x)` is no name of Python
       |
    13 |     - {type: udf, file: json.py, function: f(x), columns: {a: b}, returns: int}
       |                                            ^^^^
       = field: pipeline.transformations[7].function
       = hint: for example `file: udfs/score.py` with `function: score`

    job.yaml:14:14: error[spec::udf]: `a` has no columns to compute it from
       |
    14 |     - {type: udf, file: a.py, function: f, columns: {a: []}, returns: int}
       |              ^^^
       = field: pipeline.transformations[8].columns

    job.yaml:15:14: error[spec::missing-parameter]: `udf` needs `returns`: type of the result, as in SQL
       |
    15 |     - {type: udf, file: a.py, function: f, columns: {a: b}, kind: scala}
       |              ^^^
       = field: pipeline.transformations[9].returns
       = hint: for example {type: udf, file: udfs/score.py, function: score, columns: {score: [amount, kind]}, returns: double}

    job.yaml:15:67: error[spec::wrong-value]: `scala` is not a value of `kind`
       |
    15 |     - {type: udf, file: a.py, function: f, columns: {a: b}, kind: scala}
       |                                                                   ^^^^^
       = field: pipeline.transformations[9].kind
       = hint: one of: python, pandas

    job.yaml:18:8: error[spec::udf]: `a b` is no name of a function in SQL
       |
    18 | udfs: {"a b": {file: a.py, function: f, returns: int}, g: {file: a.py, function: 1}, h: x}
       |        ^^^^^
       = field: udfs.a b
       = hint: for example `file: udfs/score.py` with `function: score`

    job.yaml:18:56: error[spec::missing-parameter]: the function `g` needs `returns`
       |
    18 | udfs: {"a b": {file: a.py, function: f, returns: int}, g: {file: a.py, function: 1}, h: x}
       |                                                        ^
       = field: udfs.g
       = hint: for example `{file: udfs/score.py, function: score, returns: double}`

    job.yaml:18:89: error[spec::wrong-type]: `h` must be a block of keys, not `x`
       |
    18 | udfs: {"a b": {file: a.py, function: f, returns: int}, g: {file: a.py, function: 1}, h: x}
       |                                                                                         ^
       = field: udfs.h
    "#);
}
