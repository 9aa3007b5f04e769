//! Columns of foreign Parquet files.

use crate::error::Error;
use crate::job_index::{JobColumn, JobColumnKind};
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{DataType, Schema, TimeUnit};
use std::path::{Path, PathBuf};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Int,
    Float,
    Time,
    Bool,
}

impl From<JobColumnKind> for Kind {
    fn from(kind: JobColumnKind) -> Self {
        match kind {
            JobColumnKind::Text => Self::Text,
            JobColumnKind::Int => Self::Int,
            JobColumnKind::Float => Self::Float,
            JobColumnKind::Time => Self::Time,
        }
    }
}

impl Kind {
    /// What arrays become.
    fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Bool => DataType::Boolean,
        }
    }

    fn accepts(self, found: &DataType) -> bool {
        let found = match found {
            DataType::Dictionary(_, values) => values.as_ref(),
            found => found,
        };
        let is_number = found.is_integer()
            || matches!(found, DataType::Float32 | DataType::Float64 | DataType::Float16);
        match self {
            // A column without any value has no type.
            _ if *found == DataType::Null => true,
            Self::Text => {
                matches!(found, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
            }
            Self::Int => is_number,
            Self::Float => {
                is_number || matches!(found, DataType::Decimal128(..) | DataType::Decimal256(..))
            }
            Self::Time => {
                matches!(found, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64)
            }
            Self::Bool => *found == DataType::Boolean,
        }
    }

    fn wanted(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Int => "a whole number (int64)",
            Self::Float => "a number (double)",
            Self::Time => "a timestamp or date",
            Self::Bool => "true or false (boolean)",
        }
    }
}

/// A column that a table has or may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) is_needed: bool,
}

pub(super) const fn needed(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, is_needed: true }
}

pub(super) const fn more(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, is_needed: false }
}

/// Columns of the table of jobs, in the order of [`JobColumn::ALL`]. Those up to the time in garbage collection are what
/// every data set has.
pub(super) fn of_jobs() -> Vec<Column> {
    let needed = |column: JobColumn| column <= JobColumn::GcTimeMs;
    let column = |column: JobColumn| Column {
        name: column.as_str(),
        kind: column.kind().into(),
        is_needed: needed(column),
    };
    JobColumn::ALL.into_iter().map(column).collect()
}

/// Where the columns of a table are in its file.
#[derive(Debug)]
pub(super) struct Found {
    path: PathBuf,
    table: &'static str,
    columns: Vec<(Column, Option<usize>)>,
}

impl Found {
    pub(super) fn new(
        path: &Path,
        table: &'static str,
        columns: &[Column],
        schema: &Schema,
    ) -> Result<Self, Error> {
        let mut problems = Vec::new();
        let mut found = Vec::with_capacity(columns.len());
        for column in columns {
            let at = schema.fields().iter().position(|field| field.name() == column.name);
            match at.map(|at| schema.field(at).data_type()) {
                None if column.is_needed => {
                    let wanted = column.kind.wanted();
                    problems.push(format!("column {} is missing ({wanted})", column.name));
                }
                Some(found) if !column.kind.accepts(found) => {
                    let wanted = column.kind.wanted();
                    problems
                        .push(format!("column {} is {found}, but should be {wanted}", column.name));
                }
                _ => {}
            }
            found.push((*column, at));
        }
        if problems.is_empty() {
            Ok(Self { path: path.to_owned(), table, columns: found })
        } else {
            Err(Error::JobSetForm { path: path.to_owned(), table, problems })
        }
    }

    /// Their places in the file, ascending.
    pub(super) fn places(&self) -> Vec<usize> {
        let mut places: Vec<usize> = self.columns.iter().filter_map(|(_, at)| *at).collect();
        places.sort_unstable();
        places
    }

    /// The columns of a batch that holds just [`Found::places`], as the types of their kinds.
    pub(super) fn arrays(&self, batch: &RecordBatch) -> Result<Vec<Option<ArrayRef>>, Error> {
        self.columns
            .iter()
            .map(|(column, at)| match at {
                None => Ok(None),
                Some(_) => match batch.column_by_name(column.name) {
                    None => Ok(None),
                    Some(array) => self.typed(column, array).map(Some),
                },
            })
            .collect()
    }

    fn typed(&self, column: &Column, array: &ArrayRef) -> Result<ArrayRef, Error> {
        let options = CastOptions { safe: false, ..CastOptions::default() };
        let wanted = column.kind.data_type();
        if *array.data_type() == wanted {
            return Ok(ArrayRef::clone(array));
        }
        if column.kind == Kind::Int && array.data_type().is_floating() {
            let doubles = cast_with_options(array, &DataType::Float64, &options)
                .map_err(|e| self.wrong(column, &e.to_string()))?;
            let doubles = doubles.as_any().downcast_ref::<Float64Array>();
            let broken =
                doubles.and_then(|all| all.iter().flatten().find(|value| value.fract() != 0.0));
            if let Some(broken) = broken {
                return Err(
                    self.wrong(column, &format!("it has {broken}, which is no whole number"))
                );
            }
        }
        cast_with_options(array, &wanted, &options).map_err(|e| self.wrong(column, &e.to_string()))
    }

    fn wrong(&self, column: &Column, why: &str) -> Error {
        let wanted = column.kind.wanted();
        let problem = format!("column {} should be {wanted}: {why}", column.name);
        self.form(problem)
    }

    pub(super) fn form(&self, problem: String) -> Error {
        Error::JobSetForm { path: self.path.clone(), table: self.table, problems: vec![problem] }
    }
}
