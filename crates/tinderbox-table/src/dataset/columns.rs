//! Columns that are being filled, and the batch that they become.

use super::schema::{ColumnKind, DataSetTable};
use arrow_array::builder::StringBuilder;
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array,
    RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::ArrowError;
use std::sync::Arc;

/// A column of text that is being filled.
#[derive(Debug, Default)]
pub struct TextColumn(StringBuilder);

impl TextColumn {
    /// With room for so many texts of together so many bytes.
    pub fn with_capacity(num_texts: usize, num_bytes: usize) -> Self {
        Self(StringBuilder::with_capacity(num_texts, num_bytes))
    }

    /// The next row's text.
    pub fn push(&mut self, text: &str) {
        self.0.append_value(text);
    }

    /// The next row has none.
    pub fn push_missing(&mut self) {
        self.0.append_null();
    }
}

/// Rows of a table, given column by column in the order of [`DataSetTable::columns`].
///
/// What does not fit the table (a column too many, of another kind, of another length) is an error when the rows are
/// encoded.
#[derive(Debug)]
pub struct DataSetRows {
    table: DataSetTable,
    arrays: Vec<ArrayRef>,
}

impl DataSetRows {
    /// Without a column.
    pub fn new(table: DataSetTable) -> Self {
        Self { table, arrays: Vec::with_capacity(table.columns().len()) }
    }

    /// A column of text.
    pub fn text(&mut self, mut column: TextColumn) -> &mut Self {
        self.push(Arc::new(column.0.finish()))
    }

    /// A column of words: for each row the place of its word in `words`.
    pub fn words<'w>(
        &mut self,
        codes: Vec<i32>,
        words: impl IntoIterator<Item = &'w str>,
    ) -> &mut Self {
        self.dictionary(Int32Array::from(codes), words)
    }

    /// A column of words where some are missing.
    pub fn maybe_words<'w>(
        &mut self,
        codes: Vec<Option<i32>>,
        words: impl IntoIterator<Item = &'w str>,
    ) -> &mut Self {
        self.dictionary(Int32Array::from(codes), words)
    }

    /// A column of numbers.
    pub fn ints(&mut self, values: Vec<i64>) -> &mut Self {
        self.push(Arc::new(Int64Array::from(values)))
    }

    /// A column of doubles.
    pub fn floats(&mut self, values: Vec<f64>) -> &mut Self {
        self.push(Arc::new(Float64Array::from(values)))
    }

    /// A column of flags.
    pub fn flags(&mut self, values: Vec<bool>) -> &mut Self {
        self.push(Arc::new(BooleanArray::from(values)))
    }

    /// A column of times in microseconds.
    pub fn times(&mut self, values: Vec<i64>) -> &mut Self {
        self.push(Arc::new(TimestampMicrosecondArray::from(values)))
    }

    /// A column of times in microseconds where some are missing.
    pub fn maybe_times(&mut self, values: Vec<Option<i64>>) -> &mut Self {
        self.push(Arc::new(TimestampMicrosecondArray::from(values)))
    }

    fn dictionary<'w>(
        &mut self,
        codes: Int32Array,
        words: impl IntoIterator<Item = &'w str>,
    ) -> &mut Self {
        let words = Arc::new(StringArray::from_iter_values(words));
        match DictionaryArray::<Int32Type>::try_new(codes, words) {
            Ok(array) => self.push(Arc::new(array)),
            // The column is then missing, which the batch reports.
            Err(_) => self,
        }
    }

    fn push(&mut self, array: ArrayRef) -> &mut Self {
        self.arrays.push(array);
        self
    }

    pub(super) fn table(&self) -> DataSetTable {
        self.table
    }

    pub(super) fn into_batch(self) -> Result<RecordBatch, ArrowError> {
        RecordBatch::try_new(Arc::new(self.table.schema()), self.arrays)
    }
}

/// One column for a writer of text: the value of a row as it is read.
pub(super) enum Cells<'a> {
    Text(&'a StringArray),
    Word(&'a Int32Array, &'a StringArray),
    Int(&'a Int64Array),
    Float(&'a Float64Array),
    Bool(&'a BooleanArray),
    Time(&'a TimestampMicrosecondArray),
}

impl<'a> Cells<'a> {
    /// `None` when the array is of another kind, which [`DataSetRows::into_batch`] has excluded.
    pub(super) fn of(kind: ColumnKind, array: &'a ArrayRef) -> Option<Self> {
        let any = array.as_any();
        Some(match kind {
            ColumnKind::Text => Self::Text(any.downcast_ref()?),
            ColumnKind::Word => {
                let array = any.downcast_ref::<DictionaryArray<Int32Type>>()?;
                Self::Word(array.keys(), array.values().as_any().downcast_ref()?)
            }
            ColumnKind::Int => Self::Int(any.downcast_ref()?),
            ColumnKind::Float => Self::Float(any.downcast_ref()?),
            ColumnKind::Bool => Self::Bool(any.downcast_ref()?),
            ColumnKind::Time => Self::Time(any.downcast_ref()?),
        })
    }

    pub(super) fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Text(array) => array.is_null(row),
            Self::Word(array, _) => array.is_null(row),
            Self::Int(array) => array.is_null(row),
            Self::Float(array) => array.is_null(row),
            Self::Bool(array) => array.is_null(row),
            Self::Time(array) => array.is_null(row),
        }
    }
}
