//! Expectations of rows.

use super::{block, described, or_reference, scalar, text, words};
use crate::expectation::read::{ON_FAIL, QUARANTINE_FORMATS};
use serde_json::{Value, json};

pub(super) fn quarantine() -> Value {
    block(
        "Where rows go that are wrong and left out.",
        &["format", "path"],
        json!({
            "format": words(QUARANTINE_FORMATS, "Format of the files."),
            "path": text("Folder to which rows are added; that of the document gets a folder for each node."),
        }),
    )
}

pub(super) fn expectations() -> Value {
    let texts = |purpose: &str| described(json!({ "$ref": "#/$defs/texts" }), purpose);
    let count = || or_reference(json!({ "type": "integer", "minimum": 0 }));
    let rules = json!({
        "name": text("Name in results; made of the rule and its columns when left out."),
        "on_fail": words(ON_FAIL, "What happens to rows that are wrong, or to the job."),
        "at_most": described(
            or_reference(json!({ "type": "number", "minimum": 0, "exclusiveMaximum": 1 })),
            "Share of rows that may be wrong.",
        ),
        "not_null": texts("Columns in which no value is missing."),
        "unique": texts("Columns in which no two rows are equal."),
        "range": block("Values lie between limits.", &["column"], json!({
            "column": scalar(), "min": scalar(), "max": scalar(),
            "exclusive": or_reference(json!({ "type": "boolean" })),
        })),
        "set": block("Values are some of these.", &["column", "values"], json!({
            "column": scalar(), "values": { "$ref": "#/$defs/texts" },
        })),
        "pattern": block("A regular expression is found in values.", &["column", "regex"], json!({
            "column": scalar(), "regex": scalar(),
        })),
        "references": block("Values are there in another node.", &["columns", "node"], json!({
            "columns": { "$ref": "#/$defs/texts" }, "node": scalar(), "to": { "$ref": "#/$defs/texts" },
        })),
        "freshness": block("The latest time is not too old.", &["column", "at_most"], json!({
            "column": scalar(), "at_most": scalar(),
        })),
        "row_count": block("There are so many rows.", &[], json!({ "min": count(), "max": count() })),
        "sql": text("SQL condition that holds for each row."),
        "query": text("SQL over `{input}` that gives the rows that are wrong."),
    });
    let expectation =
        json!({ "type": "object", "additionalProperties": false, "properties": rules });
    described(
        json!({ "type": ["array", "null"], "items": expectation }),
        "What is expected of its rows; of a sink, of those that it is going to write.",
    )
}
