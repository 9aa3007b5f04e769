//! Tests of a document: rows that some nodes are given, rows that others must have then.

pub(crate) mod read;
mod types;

pub use types::inferred_schema;

use crate::spec::Place;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use tinderbox_model::NodeId;

/// A test of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowTest {
    /// Unique in the document.
    pub name: String,
    /// Values of the document's parameters; they win over those of the environment.
    pub parameters: BTreeMap<String, String>,
    /// One of the document's environments.
    pub environment: Option<String>,
    /// Whether the order of the expected rows counts.
    pub is_in_order: bool,
    /// What nodes give instead of what they compute. Every source that is read is among them.
    pub given: Vec<GivenRows>,
    /// At least one.
    pub expected: Vec<ExpectedRows>,
    /// Where it stands.
    pub place: Place,
}

/// Rows that a node gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenRows {
    /// The node, or a table of the catalog that a join reads.
    pub name: String,
    /// The columns, in SQL's DDL form: as written, else the source's `schema`, else of the types that the values have.
    pub schema: String,
    /// Each a block of columns; a column that is left out is null.
    pub rows: Vec<TestRow>,
}

/// Rows that a node must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedRows {
    /// The node.
    pub node: NodeId,
    /// Columns that no row names are not compared.
    pub rows: Vec<TestRow>,
    /// Where it stands.
    pub place: Place,
}

/// The columns of a row, in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TestRow(pub Vec<(String, TestValue)>);

/// A value of a document that may be nested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestValue {
    /// No value.
    Null,
    /// True or false.
    Boolean(bool),
    /// As written, in JSON's form.
    Number(String),
    /// Anything else that is no collection.
    Text(String),
    /// Elements.
    List(Vec<TestValue>),
    /// Fields of a struct, or entries of a map.
    Fields(TestRow),
}

/// JSON, numbers as they are written.
impl fmt::Display for TestRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('{')?;
        for (at, (name, value)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{}:{value}", serde_json::Value::from(name.as_str()))?;
        }
        f.write_char('}')
    }
}

impl fmt::Display for TestValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Number(number) => f.write_str(number),
            Self::Text(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
            Self::Fields(fields) => write!(f, "{fields}"),
            Self::List(values) => {
                f.write_char('[')?;
                for (at, value) in values.iter().enumerate() {
                    let comma = if at == 0 { "" } else { "," };
                    write!(f, "{comma}{value}")?;
                }
                f.write_char(']')
            }
        }
    }
}
