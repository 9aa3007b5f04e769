//! Rows with their types, made comparable.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, Fields, IntervalUnit, TimeUnit};
use std::cmp::Ordering;
use std::fmt;

/// How far apart two floating-point numbers may be, in steps between neighboring numbers: what the mathematical
/// libraries of the JVM (`StrictMath`, fdlibm) and of Rust differ in, and sums in another order.
pub const STEPS: u64 = 4;

/// What a query gave.
#[derive(Debug, Clone)]
pub enum Outcome {
    Rows(Table),
    /// The first line of what the server said.
    Failed(String),
    /// The server ended, or took too long.
    NoAnswer,
}

#[derive(Debug, Clone)]
pub struct Table {
    /// Name, and type in Spark's words.
    pub columns: Vec<(String, String)>,
    pub rows: Vec<Vec<Cell>>,
}

/// A value.
#[derive(Debug, Clone)]
pub enum Cell {
    Null,
    /// Whatever has one text for each value: integers, decimals, texts, dates, times, bytes.
    Plain(String),
    Float(f64),
    List(Vec<Cell>),
    Struct(Vec<Cell>),
    /// By key.
    Map(Vec<(Cell, Cell)>),
}

/// What is compared of two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// Types and values, rows and elements of arrays in any order.
    AnyOrder,
    /// Types and values, rows in any order.
    Rows,
    /// Types and values, rows as they come.
    Sorted,
    /// Types and the number of rows: the values are random or of the moment.
    Types,
}

impl Table {
    pub fn of(batches: &[RecordBatch], fields: &Fields) -> Self {
        let columns = fields.iter().map(|f| (f.name().clone(), kind(f.data_type()))).collect();
        let mut rows = Vec::new();
        for batch in batches {
            for row in 0..batch.num_rows() {
                rows.push(
                    batch.columns().iter().map(|column| cell(column.as_ref(), row)).collect(),
                );
            }
        }
        Self { columns, rows }
    }

    /// Why the other one is another table; `None` when it is the same.
    pub fn difference(&self, other: &Self, compare: Compare) -> Option<String> {
        let kinds = |table: &Self| -> Vec<String> {
            table.columns.iter().map(|(_, kind)| kind.clone()).collect()
        };
        if kinds(self) != kinds(other) {
            return Some(format!(
                "type {} on Spark, {} on Sail",
                kinds(self).join(", "),
                kinds(other).join(", ")
            ));
        }
        if self.rows.len() != other.rows.len() {
            return Some(format!(
                "{} rows on Spark, {} on Sail",
                self.rows.len(),
                other.rows.len()
            ));
        }
        if compare == Compare::Types {
            return None;
        }
        let ordered = |table: &Self| {
            let mut rows = table.rows.clone();
            if compare == Compare::AnyOrder {
                rows.iter_mut().flatten().for_each(Cell::sort);
            }
            if compare != Compare::Sorted {
                rows.sort_by(|left, right| by_cells(left, right));
            }
            rows
        };
        let (left, right) = (ordered(self), ordered(other));
        let found = left.iter().zip(&right).find(|(left, right)| {
            !left.iter().zip(right.iter()).all(|(left, right)| left.is_same(right))
        });
        found.map(|(left, right)| format!("{} on Spark, {} on Sail", shown(left), shown(right)))
    }
}

impl Outcome {
    /// Why the other one is another outcome; `None` when it is the same. Two failures are the same: there are no rows
    /// that could differ.
    pub fn difference(&self, other: &Self, compare: Compare) -> Option<String> {
        match (self, other) {
            (Self::Rows(left), Self::Rows(right)) => left.difference(right, compare),
            (Self::Failed(_), Self::Failed(_)) => None,
            (Self::NoAnswer, _) => Some("no answer from Spark".to_owned()),
            (_, Self::NoAnswer) => Some("no answer from Sail".to_owned()),
            (Self::Rows(left), Self::Failed(problem)) => {
                let rows = left.rows.first().map_or("no rows".to_owned(), |row| shown(row));
                Some(format!("{rows} on Spark, an error on Sail: {problem}"))
            }
            (Self::Failed(problem), Self::Rows(right)) => {
                let rows = right.rows.first().map_or("no rows".to_owned(), |row| shown(row));
                Some(format!("an error on Spark, {rows} on Sail: {problem}"))
            }
        }
    }
}

impl Cell {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Plain(left), Self::Plain(right)) => left == right,
            (Self::Float(left), Self::Float(right)) => is_near(*left, *right),
            (Self::List(left), Self::List(right)) | (Self::Struct(left), Self::Struct(right)) => {
                left.len() == right.len()
                    && left.iter().zip(right).all(|(left, right)| left.is_same(right))
            }
            (Self::Map(left), Self::Map(right)) => {
                left.len() == right.len()
                    && left
                        .iter()
                        .zip(right)
                        .all(|(left, right)| left.0.is_same(&right.0) && left.1.is_same(&right.1))
            }
            _ => false,
        }
    }

    fn sort(&mut self) {
        match self {
            Self::List(cells) => {
                cells.iter_mut().for_each(Self::sort);
                cells.sort_by(by_cell);
            }
            Self::Struct(cells) => cells.iter_mut().for_each(Self::sort),
            Self::Map(entries) => entries.iter_mut().for_each(|(_, value)| value.sort()),
            Self::Null | Self::Plain(_) | Self::Float(_) => {}
        }
    }
}

/// Every NaN is the same, and zero is whatever its sign: both are in SQL, where they are equal.
fn is_near(left: f64, right: f64) -> bool {
    if left.is_nan() || right.is_nan() {
        return left.is_nan() && right.is_nan();
    }
    if left == right {
        return true;
    }
    if left.is_sign_negative() != right.is_sign_negative() {
        return false;
    }
    left.to_bits().abs_diff(right.to_bits()) <= STEPS
}

fn by_cells(left: &[Cell], right: &[Cell]) -> Ordering {
    left.iter()
        .zip(right)
        .map(|(left, right)| by_cell(left, right))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| left.len().cmp(&right.len()))
}

/// Floating-point numbers by their first ten digits, so that a last digit does not change the place of a row.
fn by_cell(left: &Cell, right: &Cell) -> Ordering {
    left.sort_key().cmp(&right.sort_key())
}

impl Cell {
    fn sort_key(&self) -> String {
        match self {
            Self::Float(value) => format!("{:.9e}", value + 0.0),
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => write!(f, "NULL"),
            Self::Plain(text) => write!(f, "{text}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::List(cells) => write!(f, "[{}]", joined(cells)),
            Self::Struct(cells) => write!(f, "{{{}}}", joined(cells)),
            Self::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| format!("{key}: {value}"));
                write!(f, "map({})", entries.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

fn joined(cells: &[Cell]) -> String {
    cells.iter().map(Cell::to_string).collect::<Vec<_>>().join(", ")
}

fn shown(row: &[Cell]) -> String {
    let text = format!("({})", joined(row));
    text.replace(['\t', '\n', '\r'], " ").chars().take(160).collect()
}

fn cell(array: &dyn Array, row: usize) -> Cell {
    if array.is_null(row) || matches!(array.data_type(), DataType::Null) {
        return Cell::Null;
    }
    match array.data_type() {
        DataType::Float64 => Cell::Float(array.as_primitive::<Float64Type>().value(row)),
        // Exact as a double; a step between two of them is many steps of doubles, so those must be equal.
        DataType::Float32 => Cell::Float(array.as_primitive::<Float32Type>().value(row).into()),
        DataType::List(_) => Cell::List(cells(array.as_list::<i32>().value(row).as_ref())),
        DataType::LargeList(_) => Cell::List(cells(array.as_list::<i64>().value(row).as_ref())),
        DataType::Struct(_) => {
            let columns = array.as_struct().columns().iter();
            Cell::Struct(columns.map(|column| cell(column.as_ref(), row)).collect())
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (cells(entries.column(0)), cells(entries.column(1)));
            let mut entries: Vec<_> = keys.into_iter().zip(values).collect();
            entries.sort_by(|left, right| by_cell(&left.0, &right.0));
            Cell::Map(entries)
        }
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => {
            let moments = array.as_primitive::<arrow_array::types::TimestampMicrosecondType>();
            Cell::Plain(format!("{} µs", moments.value(row)))
        }
        DataType::Utf8 => Cell::Plain(format!("{:?}", array.as_string::<i32>().value(row))),
        DataType::LargeUtf8 => Cell::Plain(format!("{:?}", array.as_string::<i64>().value(row))),
        DataType::Utf8View => Cell::Plain(format!("{:?}", array.as_string_view().value(row))),
        _ => {
            let format = FormatOptions::new();
            let text = ArrayFormatter::try_new(array, &format)
                .and_then(|text| text.value(row).try_to_string());
            Cell::Plain(text.unwrap_or_else(|error| error.to_string()))
        }
    }
}

fn cells(array: &dyn Array) -> Vec<Cell> {
    (0..array.len()).map(|row| cell(array, row)).collect()
}

/// Spark's name of the type whose Arrow type this is (`org.apache.spark.sql.util.ArrowUtils.toArrowType`).
fn kind(of: &DataType) -> String {
    match of {
        DataType::Null => "void".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 => "tinyint".to_owned(),
        DataType::Int16 => "smallint".to_owned(),
        DataType::Int32 => "int".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Float32 => "float".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "string".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "binary".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => "timestamp".to_owned(),
        DataType::Timestamp(TimeUnit::Microsecond, None) => "timestamp_ntz".to_owned(),
        DataType::Duration(TimeUnit::Microsecond) => "interval day to second".to_owned(),
        DataType::Interval(IntervalUnit::YearMonth) => "interval year to month".to_owned(),
        DataType::Interval(IntervalUnit::MonthDayNano) => "interval".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::List(item) | DataType::LargeList(item) => {
            format!("array<{}>", kind(item.data_type()))
        }
        DataType::Struct(fields) => {
            let fields = fields.iter().map(|f| format!("{}:{}", f.name(), kind(f.data_type())));
            format!("struct<{}>", fields.collect::<Vec<_>>().join(","))
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                format!("map<{},{}>", kind(fields[0].data_type()), kind(fields[1].data_type()))
            }
            other => format!("map of {other}"),
        },
        other => other.to_string().to_lowercase(),
    }
}
