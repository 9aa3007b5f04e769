//! Cleansing, and users' own Python.

use super::Component;
use super::NodeKind::Transformation;
use super::ParameterType::{Boolean, OneOf, Text, TextByName, Texts, TextsByName};
use super::parameter::{ONE, optional, required, with_default};
use crate::operation::cleansing;

pub(super) static CLEANSING: &[Component] = &[
    Component {
        name: "clean",
        kind: Transformation,
        purpose: "Tidies texts: replaces, trims, changes case, makes blanks null, in this order.",
        parameters: &[
            with_default("columns", Texts, "all columns of texts", "columns of texts"),
            optional(
                "replace",
                TextByName,
                "`regular expression: replacement`, one after the other; `$1` is the first group",
            ),
            with_default("trim", Boolean, "false", "whether white space at both ends goes"),
            optional("case", OneOf(&["lower", "upper"]), "letters to change to"),
            with_default(
                "blank_to_null",
                Boolean,
                "false",
                "whether a text of nothing but white space becomes null",
            ),
        ],
        inputs: ONE,
        example: "{type: clean, columns: [name, city], trim: true, blank_to_null: true}",
        build: cleansing::clean,
    },
    Component {
        name: "flatten",
        kind: Transformation,
        purpose: "Makes the fields of structs columns, however deep they lie.",
        parameters: &[
            with_default("separator", Text, "_", "stands between the names of struct and field"),
            with_default(
                "explode_arrays",
                Boolean,
                "false",
                "whether a row becomes one for each element of its arrays",
            ),
        ],
        inputs: ONE,
        example: "{type: flatten, separator: '_'}",
        build: cleansing::flatten,
    },
    Component {
        name: "parse_json",
        kind: Transformation,
        purpose: "Reads a column of JSON texts; fields are null where a text is no JSON.",
        parameters: &[
            required("column", Text, "column of JSON texts"),
            required("schema", Text, "fields and types as in `CREATE TABLE`, or a type"),
            with_default("as", Text, "the column itself", "name of the new column"),
            optional(
                "options",
                TextByName,
                "Spark's options of JSON, for example `mode: FAILFAST`",
            ),
        ],
        inputs: ONE,
        example: "{type: parse_json, column: payload, schema: 'id BIGINT, tags ARRAY<STRING>'}",
        build: cleansing::parse_json,
    },
    Component {
        name: "udf",
        kind: Transformation,
        purpose: "Adds columns computed by a function of a Python file.",
        parameters: &[
            required(
                "file",
                Text,
                "Python file, shipped with the job; a relative path starts at the job's folder",
            ),
            required("function", Text, "function of the file"),
            required(
                "columns",
                TextsByName,
                "`name: [columns or SQL expressions]`, the function's arguments",
            ),
            required("returns", Text, "type of the result, as in SQL"),
            with_default(
                "kind",
                OneOf(&["python", "pandas"]),
                "python",
                "whether it takes single values, or series of pandas (faster)",
            ),
        ],
        inputs: ONE,
        example: "{type: udf, file: udfs/score.py, function: score, columns: {score: [amount, kind]}, returns: double}",
        build: cleansing::udf,
    },
];
