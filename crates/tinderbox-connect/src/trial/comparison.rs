//! Rows that are there against rows that should be.

use super::given;
use crate::{Answer, Error};
use arrow_schema::{Schema, SchemaRef};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use tinderbox_spec::TestRow;

/// Numbers with a point are equal when they differ by less than this share: sums of them depend on the order.
const SHARE: f64 = 1e-9;

/// What differs; nothing when a test has passed. Rows are objects of the columns that the test names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    /// Rows that are expected and not there.
    pub missing: Vec<Value>,
    /// Rows that are there and not expected.
    pub unexpected: Vec<Value>,
    /// The right rows in another order than is expected.
    pub is_other_order: bool,
    /// How many rows are there.
    pub rows: usize,
}

impl Comparison {
    /// Whether nothing differs.
    pub fn is_equal(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && !self.is_other_order
    }

    /// Compares the columns that `expected` names; all when it has no rows.
    pub(crate) fn of(
        answer: &Answer,
        expected: &[TestRow],
        is_in_order: bool,
        node: &str,
    ) -> Result<Self, Error> {
        let schema = named(&answer.schema(), expected, node)?;
        let batch = given::batch(node, &schema, expected)?;
        let expected = objects(&Answer::from_batch(batch), &schema)?;
        let found = objects(answer, &schema)?;
        let rows = found.len();
        let is_same_order = found.len() == expected.len()
            && found.iter().zip(&expected).all(|(one, other)| is_equal(one, other));
        if is_same_order {
            return Ok(Self { rows, ..Self::default() });
        }
        let (missing, unexpected) = unmatched(expected, found);
        let is_other_order = is_in_order && missing.is_empty() && unexpected.is_empty();
        Ok(Self { missing, unexpected, is_other_order, rows })
    }
}

/// The columns of the answer that expected rows name.
fn named(schema: &SchemaRef, expected: &[TestRow], node: &str) -> Result<SchemaRef, Error> {
    let names: Vec<&String> =
        expected.iter().flat_map(|row| &row.0).map(|(name, _)| name).collect();
    let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let is_column = |name: &&&String| columns.iter().any(|known| known.eq_ignore_ascii_case(name));
    if let Some(unknown) = names.iter().find(|name| !is_column(name)) {
        return Err(Error::Given {
            name: node.to_owned(),
            problem: format!("it has no column `{unknown}`; it has {}", columns.join(", ")),
        });
    }
    let is_named =
        |field: &str| names.is_empty() || names.iter().any(|name| name.eq_ignore_ascii_case(field));
    let fields = schema.fields().iter().filter(|field| is_named(field.name())).cloned();
    // What is expected may be null where the node's rows cannot be.
    let fields = fields.map(|field| {
        let kind = given::in_utc(field.data_type());
        Arc::new(field.as_ref().clone().with_data_type(kind).with_nullable(true))
    });
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

fn objects(answer: &Answer, wanted: &SchemaRef) -> Result<Vec<Value>, Error> {
    let names = answer.names();
    let rows = answer.rows()?.into_iter().map(|row| {
        let fields = names.iter().cloned().zip(row);
        let fields = fields.filter(|(name, _)| wanted.field_with_name(name).is_ok());
        Value::Object(fields.collect::<Map<_, _>>())
    });
    Ok(rows.collect())
}

/// The rows of each side without an equal one on the other, counted.
fn unmatched(expected: Vec<Value>, found: Vec<Value>) -> (Vec<Value>, Vec<Value>) {
    let mut texts: BTreeMap<String, usize> = BTreeMap::new();
    for row in &found {
        *texts.entry(row.to_string()).or_default() += 1;
    }
    let mut missing = Vec::new();
    let mut matched: BTreeMap<String, usize> = BTreeMap::new();
    for row in expected {
        let text = row.to_string();
        match texts.get_mut(&text).filter(|count| **count > 0) {
            Some(count) => {
                *count -= 1;
                *matched.entry(text).or_default() += 1;
            }
            None => missing.push(row),
        }
    }
    let mut unexpected: Vec<Value> = found
        .into_iter()
        .filter(|row| match matched.get_mut(&row.to_string()).filter(|count| **count > 0) {
            Some(count) => {
                *count -= 1;
                false
            }
            None => true,
        })
        .collect();
    // What is left may be equal but for the last digits.
    missing.retain(|row| match unexpected.iter().position(|other| is_equal(row, other)) {
        Some(at) => {
            unexpected.remove(at);
            false
        }
        None => true,
    });
    (missing, unexpected)
}

fn is_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) if a.is_f64() || b.is_f64() => {
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            a.total_cmp(&b).is_eq() || (a - b).abs() <= SHARE * a.abs().max(b.abs())
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| is_equal(a, b)))
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_are_counted_and_digits_at_the_end_do_not() {
        let (missing, unexpected) = unmatched(
            vec![json!({"a": 1}), json!({"a": 1}), json!({"a": 0.3}), json!({"a": null})],
            vec![json!({"a": 0.1 + 0.2}), json!({"a": 1}), json!({"a": "x"})],
        );
        assert_eq!(missing, [json!({"a": 1}), json!({"a": null})]);
        assert_eq!(unexpected, [json!({"a": "x"})]);
        assert!(!is_equal(&json!(0.3), &json!(0.300001)));
        assert!(is_equal(&json!({"a": [1.0, -0.0]}), &json!({"a": [1.0 + 1e-12, 0.0]})));
    }
}
