//! The one row that says what a data set holds.

use super::DataSetFormat;
use super::file::{WrittenFile, write_batch};
use crate::error::Error;
use crate::file_store::FileStore;
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::sync::Arc;
use tinderbox_model::TimestampMs;

/// What the tables of a data set say together.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSetSummary {
    /// Rows of `jobs`.
    pub total_jobs: i64,
    /// Of these COMPLETED.
    pub completed_jobs: i64,
    /// Of these FAILED.
    pub failed_jobs: i64,
    /// Rows of `operators`.
    pub total_operators: i64,
    /// Rows of `errors`, warnings included.
    pub total_errors: i64,
    /// Mean of `duration_seconds` over all jobs.
    pub avg_job_duration: f64,
    /// Sum of `input_size_mb` over all jobs.
    pub total_data_processed_mb: f64,
    /// Jobs of each type. No type twice.
    pub job_types: Vec<(String, i64)>,
    /// When the data set was made, by its arguments.
    pub generation_time: TimestampMs,
}

/// Writes the summary; it is at its place after [`WrittenFile::keep`].
///
/// # Errors
/// [`Error::Write`].
pub fn write_summary(
    store: &dyn FileStore,
    name: &str,
    format: DataSetFormat,
    summary: &DataSetSummary,
) -> Result<WrittenFile, Error> {
    let batch = summary.batch().map_err(|e| Error::write(Path::new(name), e))?;
    let lines = match format {
        DataSetFormat::Parquet => Vec::new(),
        DataSetFormat::Csv => summary.csv().into_bytes(),
        DataSetFormat::JsonLines => format!("{}\n", summary.json()).into_bytes(),
    };
    write_batch(store, name, format, &batch, &lines)
}

impl DataSetSummary {
    fn batch(&self) -> Result<RecordBatch, ArrowError> {
        let int = |value: i64| Arc::new(Int64Array::from(vec![value])) as ArrayRef;
        let float = |value: f64| Arc::new(Float64Array::from(vec![value])) as ArrayRef;
        let types = self
            .job_types
            .iter()
            .map(|(name, count)| (Arc::new(Field::new(name, DataType::Int64, false)), int(*count)));
        let (fields, counts): (Vec<_>, Vec<_>) = types.unzip();
        let fields = Fields::from(fields);
        let types = StructArray::try_new(fields.clone(), counts, None)?;
        let time = StringArray::from(vec![self.timestamp()]);
        let columns: [(&str, DataType, ArrayRef); 9] = [
            ("total_jobs", DataType::Int64, int(self.total_jobs)),
            ("completed_jobs", DataType::Int64, int(self.completed_jobs)),
            ("failed_jobs", DataType::Int64, int(self.failed_jobs)),
            ("total_operators", DataType::Int64, int(self.total_operators)),
            ("total_errors", DataType::Int64, int(self.total_errors)),
            ("avg_job_duration", DataType::Float64, float(self.avg_job_duration)),
            ("total_data_processed_mb", DataType::Float64, float(self.total_data_processed_mb)),
            ("job_types", DataType::Struct(fields), Arc::new(types)),
            ("generation_timestamp", DataType::Utf8, Arc::new(time)),
        ];
        let (fields, arrays): (Vec<_>, Vec<_>) = columns
            .into_iter()
            .map(|(name, kind, array)| (Field::new(name, kind, false), array))
            .unzip();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
    }

    fn timestamp(&self) -> String {
        Timestamp::from_millisecond(self.generation_time.0).unwrap_or_default().to_string()
    }

    fn json(&self) -> Value {
        let types: Map<String, Value> =
            self.job_types.iter().map(|(name, count)| (name.clone(), json!(count))).collect();
        json!({
            "total_jobs": self.total_jobs,
            "completed_jobs": self.completed_jobs,
            "failed_jobs": self.failed_jobs,
            "total_operators": self.total_operators,
            "total_errors": self.total_errors,
            "avg_job_duration": self.avg_job_duration,
            "total_data_processed_mb": self.total_data_processed_mb,
            "job_types": types,
            "generation_timestamp": self.timestamp(),
        })
    }

    /// The types are an object of JSON in one cell.
    fn csv(&self) -> String {
        let types = self.json()["job_types"].to_string().replace('"', "\"\"");
        format!(
            "total_jobs,completed_jobs,failed_jobs,total_operators,total_errors,avg_job_duration,\
             total_data_processed_mb,job_types,generation_timestamp\n{},{},{},{},{},{:?},{:?},\"{types}\",{}\n",
            self.total_jobs,
            self.completed_jobs,
            self.failed_jobs,
            self.total_operators,
            self.total_errors,
            self.avg_job_duration,
            self.total_data_processed_mb,
            self.timestamp(),
        )
    }
}
