//! Tests with rows.

use super::{by_name, described, or_reference, scalar, text};
use serde_json::{Value, json};

pub(super) fn tests() -> Value {
    let rows = || json!({ "type": ["array", "null"], "items": { "type": "object" } });
    let given = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "schema": text("Columns in SQL's DDL form; those of the source or of the values when left out."),
            "rows": rows(),
        },
    });
    let test = json!({
        "type": "object",
        "required": ["expect"],
        "additionalProperties": false,
        "properties": {
            "name": text("Its name; made of its place when left out."),
            "parameters": described(by_name(scalar()), "Values of the document's parameters."),
            "environment": text("One of the document's environments."),
            "in_order": described(
                or_reference(json!({ "type": "boolean" })),
                "Whether the order of rows counts.",
            ),
            "given": described(
                by_name(json!({ "anyOf": [rows(), given] })),
                "Rows that nodes give instead of what they compute.",
            ),
            "expect": described(by_name(rows()), "Rows that nodes have then."),
        },
    });
    described(
        json!({ "type": ["array", "null"], "items": test }),
        "Tests, which `tinderbox test` runs.",
    )
}
