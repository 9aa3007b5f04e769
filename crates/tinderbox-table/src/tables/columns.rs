//! Rows as columns: a table is one function that names its columns and says what is in them.

use super::file::Of;
use super::metrics::METRICS;
use arrow_array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use std::sync::Arc;
use tinderbox_model::{TaskMetrics, TimestampMs};

pub(super) const RUN_ID: &str = "run_id";
pub(super) const RUN_ATTEMPT: &str = "run_attempt";

/// Columns of `rows`; of none, just the schema.
pub(super) struct Columns<'a, T> {
    rows: &'a [Of<'a, T>],
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl<'a, T> Columns<'a, T> {
    /// Begins with `run_id` and `run_attempt`.
    pub(super) fn new(rows: &'a [Of<'a, T>]) -> Self {
        let mut columns = Self { rows, fields: Vec::new(), arrays: Vec::new() };
        let runs = rows.iter().map(|row| row.owner.run.as_str());
        columns.add(RUN_ID, DataType::Utf8, false, Arc::new(StringArray::from_iter_values(runs)));
        let attempts = rows.iter().map(|row| i64::from(row.owner.attempt.0));
        let attempts = Arc::new(Int64Array::from_iter_values(attempts));
        columns.add(RUN_ATTEMPT, DataType::Int64, false, attempts);
        columns
    }

    /// `application_id`, which may be null.
    pub(super) fn application_id(mut self) -> Self {
        let ids = self.rows.iter().map(|row| row.owner.application.as_ref().map(|id| id.as_str()));
        let ids = Arc::new(ids.collect::<StringArray>());
        self.add("application_id", DataType::Utf8, true, ids);
        self
    }

    pub(super) fn number(mut self, name: &str, get: impl Fn(&T) -> i64) -> Self {
        let values = self.rows.iter().map(|row| get(&row.what));
        let values = Arc::new(Int64Array::from_iter_values(values));
        self.add(name, DataType::Int64, false, values);
        self
    }

    pub(super) fn maybe_number(mut self, name: &str, get: impl Fn(&T) -> Option<i64>) -> Self {
        let values = self.rows.iter().map(|row| get(&row.what)).collect::<Int64Array>();
        self.add(name, DataType::Int64, true, Arc::new(values));
        self
    }

    /// A number that Spark counts without sign.
    pub(super) fn count(self, name: &str, get: impl Fn(&T) -> u64) -> Self {
        self.number(name, |row| signed(get(row)))
    }

    pub(super) fn maybe_count(self, name: &str, get: impl Fn(&T) -> Option<u64>) -> Self {
        self.maybe_number(name, |row| get(row).map(signed))
    }

    /// A time in milliseconds since 1970.
    pub(super) fn maybe_time(self, name: &str, get: impl Fn(&T) -> Option<TimestampMs>) -> Self {
        self.maybe_number(name, |row| get(row).map(|time| time.0))
    }

    pub(super) fn text<S: AsRef<str>>(mut self, name: &str, get: impl Fn(&'a T) -> S) -> Self {
        let values = self.rows.iter().map(|row| get(&row.what));
        let values = Arc::new(StringArray::from_iter_values(values));
        self.add(name, DataType::Utf8, false, values);
        self
    }

    pub(super) fn maybe_text<S: AsRef<str>>(
        mut self,
        name: &str,
        get: impl Fn(&'a T) -> Option<S>,
    ) -> Self {
        let values = self.rows.iter().map(|row| get(&row.what)).collect::<StringArray>();
        self.add(name, DataType::Utf8, true, Arc::new(values));
        self
    }

    pub(super) fn flag(mut self, name: &str, get: impl Fn(&T) -> bool) -> Self {
        let values = self.rows.iter().map(|row| Some(get(&row.what))).collect::<BooleanArray>();
        self.add(name, DataType::Boolean, false, Arc::new(values));
        self
    }

    /// All metrics of tasks; null in all of them is a row without metrics.
    pub(super) fn metrics(mut self, get: impl Fn(&T) -> Option<&TaskMetrics>) -> Self {
        for metric in &METRICS {
            self = self.maybe_count(metric.name, |row| get(row).map(metric.get));
        }
        self
    }

    /// The same of sums that were worked out before, one for each row.
    pub(super) fn metrics_of(mut self, sums: &[TaskMetrics]) -> Self {
        for metric in &METRICS {
            let values = sums.iter().map(|sum| Some(signed((metric.get)(sum))));
            let values = Arc::new(values.collect::<Int64Array>());
            self.add(metric.name, DataType::Int64, true, values);
        }
        self
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn schema(self) -> Schema {
        Schema::new(self.fields)
    }

    pub(super) fn batch(self, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
        RecordBatch::try_new(Arc::clone(schema), self.arrays)
    }

    fn add(&mut self, name: &str, kind: DataType, nullable: bool, values: ArrayRef) {
        self.fields.push(Field::new(name, kind, nullable));
        self.arrays.push(values);
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
