//! What is expected of the rows of a node, typed. How it is written in a document: `read`.

pub(crate) mod read;

use crate::operation::Literal;
use tinderbox_model::NodeId;

/// One expectation of a node's rows.
///
/// A comparison with null is neither true nor false in SQL. Such a row counts as passed: only [`Rule::NotNull`] finds
/// values that are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Unique in its node; as written, else the rule and its columns: `range_amount`.
    pub name: String,
    /// What is expected.
    pub rule: Rule,
    /// What happens when it is not so.
    pub on_fail: OnFail,
    /// The share of rows that may be wrong, as written; 0 when left out.
    pub at_most: Option<String>,
}

/// What is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// No value is missing in any of the columns.
    NotNull {
        /// At least one.
        columns: Vec<String>,
    },
    /// No two rows are equal in all of the columns; rows with a null among them are never equal, as in SQL's `UNIQUE`.
    Unique {
        /// At least one.
        columns: Vec<String>,
    },
    /// Values lie between limits, which belong to the range unless it is exclusive.
    Range {
        /// The column.
        column: String,
        /// Lower limit.
        min: Option<Literal>,
        /// Upper limit.
        max: Option<Literal>,
        /// Whether the limits themselves are wrong.
        is_exclusive: bool,
    },
    /// Values are some of these.
    Set {
        /// The column.
        column: String,
        /// At least one.
        values: Vec<Literal>,
    },
    /// A regular expression of Java is found in the values.
    Pattern {
        /// The column.
        column: String,
        /// As written.
        regex: String,
    },
    /// Each combination of values is there in another node; one with a null in it refers to nothing.
    References {
        /// Columns of this node.
        columns: Vec<String>,
        /// The other node.
        node: NodeId,
        /// Its columns, as many.
        to: Vec<String>,
    },
    /// The latest time in a column is not older than this.
    Freshness {
        /// A date or timestamp.
        column: String,
        /// As SQL writes an interval: `2 HOURS`.
        at_most: String,
    },
    /// There are so many rows.
    RowCount {
        /// At least.
        min: Option<u64>,
        /// At most.
        max: Option<u64>,
    },
    /// A SQL condition that holds for every row.
    Sql(String),
    /// A SQL query over `{input}` that gives the rows that are wrong.
    Query(String),
}

/// What happens when an expectation is not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnFail {
    /// It is recorded.
    Warn,
    /// The wrong rows are left out.
    Drop,
    /// The wrong rows are left out and written to a place of their own.
    Quarantine(Quarantine),
    /// The job ends before it writes what this node gives.
    Fail,
}

/// Where wrong rows go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// As `spark.read.format` names it.
    pub format: &'static str,
    /// Rows are added to what is there; a relative path starts at the document's folder.
    pub path: String,
}

impl Rule {
    /// The word in the document.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotNull { .. } => "not_null",
            Self::Unique { .. } => "unique",
            Self::Range { .. } => "range",
            Self::Set { .. } => "set",
            Self::Pattern { .. } => "pattern",
            Self::References { .. } => "references",
            Self::Freshness { .. } => "freshness",
            Self::RowCount { .. } => "row_count",
            Self::Sql(_) => "sql",
            Self::Query(_) => "query",
        }
    }

    /// Whether each row is right or wrong by itself, so that wrong ones can be left out.
    pub fn is_of_rows(&self) -> bool {
        matches!(
            self,
            Self::NotNull { .. }
                | Self::Range { .. }
                | Self::Set { .. }
                | Self::Pattern { .. }
                | Self::Sql(_)
        )
    }

    /// Whether a share of the rows can be wrong.
    fn counts_rows(&self) -> bool {
        self.is_of_rows() || matches!(self, Self::Unique { .. } | Self::References { .. })
    }

    pub(crate) fn columns(&self) -> &[String] {
        match self {
            Self::NotNull { columns }
            | Self::Unique { columns }
            | Self::References { columns, .. } => columns,
            Self::Range { column, .. }
            | Self::Set { column, .. }
            | Self::Pattern { column, .. }
            | Self::Freshness { column, .. } => std::slice::from_ref(column),
            Self::RowCount { .. } | Self::Sql(_) | Self::Query(_) => &[],
        }
    }
}

impl OnFail {
    /// The word in the document.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Drop => "drop",
            Self::Quarantine(_) => "quarantine",
            Self::Fail => "fail",
        }
    }
}
