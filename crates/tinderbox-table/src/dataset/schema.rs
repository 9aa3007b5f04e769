//! What the columns are called and what they hold.

use super::DataSetFormat;
use arrow_schema::{DataType, Field, Schema, TimeUnit};

/// A table of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataSetTable {
    /// One row for each job.
    Jobs,
    /// One row for each operator of a job, in the order of the jobs and of their stages.
    Operators,
    /// Failures of jobs and operators, and warnings, in the order of the jobs.
    Errors,
}

impl DataSetTable {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Jobs, Self::Operators, Self::Errors];

    /// Its name, which is also its folder's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jobs => "jobs",
            Self::Operators => "operators",
            Self::Errors => "errors",
        }
    }

    /// Where its file lies in the folder of the data set: `jobs/spark_jobs.parquet`.
    pub fn file_name(self, format: DataSetFormat) -> String {
        format!("{0}/spark_{0}.{1}", self.name(), format.extension())
    }

    /// Its columns, in order.
    pub fn columns(self) -> &'static [ColumnSpec] {
        match self {
            Self::Jobs => JOBS,
            Self::Operators => OPERATORS,
            Self::Errors => ERRORS,
        }
    }

    pub(super) fn schema(self) -> Schema {
        Schema::new(self.columns().iter().map(ColumnSpec::field).collect::<Vec<_>>())
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// Text that is different in most rows.
    Text,
    /// One of few words; text to every reader.
    Word,
    /// A signed 64-bit number.
    Int,
    /// A double; figures in MB have two decimals.
    Float,
    /// True or false.
    Bool,
    /// Microseconds since 1970, UTC, without a zone.
    Time,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnSpec {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
    /// Whether values may be missing.
    pub is_nullable: bool,
    /// Whether every data set of this form has it.
    pub is_basic: bool,
}

impl ColumnSpec {
    fn field(&self) -> Field {
        let data_type = match self.kind {
            ColumnKind::Text => DataType::Utf8,
            ColumnKind::Word => {
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
            }
            ColumnKind::Int => DataType::Int64,
            ColumnKind::Float => DataType::Float64,
            ColumnKind::Bool => DataType::Boolean,
            ColumnKind::Time => DataType::Timestamp(TimeUnit::Microsecond, None),
        };
        Field::new(self.name, data_type, self.is_nullable)
    }
}

const fn basic(name: &'static str, kind: ColumnKind) -> ColumnSpec {
    ColumnSpec { name, kind, is_nullable: false, is_basic: true }
}

const fn more(name: &'static str, kind: ColumnKind) -> ColumnSpec {
    ColumnSpec { name, kind, is_nullable: false, is_basic: false }
}

const fn maybe(column: ColumnSpec) -> ColumnSpec {
    ColumnSpec { is_nullable: true, ..column }
}

use ColumnKind::{Bool, Float, Int, Text, Time, Word};

const JOBS: &[ColumnSpec] = &[
    basic("job_id", Text),
    basic("job_name", Word),
    basic("job_type", Word),
    basic("status", Word),
    basic("start_time", Time),
    maybe(basic("end_time", Time)),
    basic("duration_seconds", Int),
    basic("num_stages", Int),
    basic("num_tasks", Int),
    basic("num_executors", Int),
    basic("input_size_mb", Float),
    basic("output_size_mb", Float),
    basic("memory_per_executor_mb", Int),
    basic("total_memory_mb", Int),
    basic("cpu_cores_per_executor", Int),
    basic("shuffle_read_mb", Float),
    basic("shuffle_write_mb", Float),
    basic("gc_time_ms", Int),
    more("duration_ms", Int),
    more("input_bytes", Int),
    more("output_bytes", Int),
    more("shuffle_read_bytes", Int),
    more("shuffle_write_bytes", Int),
    more("memory_spill_bytes", Int),
    more("disk_spill_bytes", Int),
    more("task_time_ms", Int),
    more("num_failed_tasks", Int),
    more("num_killed_tasks", Int),
    more("user", Word),
    more("attempt", Int),
    maybe(more("retry_of", Text)),
    more("spark_version", Word),
    maybe(more("scenario", Word)),
    maybe(more("error_message", Word)),
];

const OPERATORS: &[ColumnSpec] = &[
    basic("job_id", Text),
    basic("operator_id", Text),
    basic("operator_name", Word),
    basic("operator_type", Word),
    basic("stage_id", Int),
    basic("status", Word),
    maybe(basic("start_time", Time)),
    maybe(basic("end_time", Time)),
    basic("duration_seconds", Int),
    basic("records_processed", Int),
    basic("memory_usage_mb", Float),
    basic("cpu_time_ms", Float),
    basic("spill_memory_mb", Float),
    basic("shuffle_read_records", Int),
    basic("shuffle_write_records", Int),
    basic("dependencies", Text),
    more("duration_ms", Int),
    more("input_bytes", Int),
    more("output_bytes", Int),
    more("shuffle_read_bytes", Int),
    more("shuffle_write_bytes", Int),
    more("memory_spill_bytes", Int),
    more("disk_spill_bytes", Int),
    more("task_time_ms", Int),
    more("gc_time_ms", Int),
    more("num_tasks", Int),
    more("num_failed_tasks", Int),
    more("num_killed_tasks", Int),
];

const ERRORS: &[ColumnSpec] = &[
    basic("job_id", Text),
    maybe(basic("operator_id", Text)),
    basic("error_type", Word),
    basic("error_message", Word),
    basic("error_timestamp", Time),
    maybe(basic("stack_trace", Word)),
    basic("retry_count", Int),
    basic("is_recoverable", Bool),
];
