//! The tables of a data set of jobs: `jobs`, `operators`, `errors` and a summary, as Parquet, CSV or JSON lines.
//!
//! Other than the tables of collected runs these are a file format for everyone: a data set is made elsewhere (by
//! `tinderbox generate`, or by other programs) and lies in a folder of its own. The columns that every such data set has
//! come first in [`DataSetTable::columns`] and are marked [`ColumnSpec::is_basic`]; those after them are more.
//!
//! Sizes in MB are in units of 1,048,576 bytes. Times are UTC without a zone, in microseconds.

mod columns;
mod file;
mod parquet_file;
mod schema;
mod summary;
mod text;

pub use columns::{DataSetRows, TextColumn};
pub use file::{DataSetFile, DataSetPart, Encoder, PartEncoder, WrittenFile};
pub use schema::{ColumnKind, ColumnSpec, DataSetTable};
pub use summary::{DataSetSummary, write_summary};

/// How a data set is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataSetFormat {
    /// Parquet, compressed with Snappy, with statistics of pages.
    Parquet,
    /// CSV with a head, as RFC 4180 has it; a value that is missing is empty.
    Csv,
    /// One JSON object a line; a value that is missing is null.
    JsonLines,
}

impl DataSetFormat {
    /// What the names of its files end with.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }
}
