//! Operators and errors of a job, read at their places in Parquet files.

use super::columns::{Column, Found, Kind, more, needed};
use super::read::unreadable;
use crate::error::Error;
use crate::job_index::RowRange;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
    RowSelector,
};
use parquet::file::metadata::PageIndexPolicy;
use std::fs::File;
use std::path::{Path, PathBuf};

use Kind::{Bool, Float, Int, Text, Time};

pub(super) const OPERATORS: &[Column] = &[
    needed("job_id", Text),
    needed("operator_id", Text),
    needed("operator_name", Text),
    needed("operator_type", Text),
    needed("stage_id", Int),
    needed("status", Text),
    needed("start_time", Time),
    needed("end_time", Time),
    needed("duration_seconds", Int),
    needed("records_processed", Int),
    needed("memory_usage_mb", Float),
    needed("cpu_time_ms", Float),
    needed("spill_memory_mb", Float),
    needed("shuffle_read_records", Int),
    needed("shuffle_write_records", Int),
    needed("dependencies", Text),
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

pub(super) const ERRORS: &[Column] = &[
    needed("job_id", Text),
    needed("operator_id", Text),
    needed("error_type", Text),
    needed("error_message", Text),
    needed("error_timestamp", Time),
    needed("stack_trace", Text),
    needed("retry_count", Int),
    needed("is_recoverable", Bool),
];

/// An operator of a job of a data set. Sizes in MB are in units of 1,048,576 bytes, times in microseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OperatorRow {
    /// Unique in its data set.
    pub operator_id: String,
    /// What it is called.
    pub operator_name: String,
    /// What it is.
    pub operator_type: String,
    /// Its place in the job, from 0.
    pub stage_id: i64,
    /// `COMPLETED`, `FAILED`, `SKIPPED`, `RUNNING` or `PENDING`.
    pub status: String,
    /// When it began.
    pub start_us: Option<i64>,
    /// When it ended.
    pub end_us: Option<i64>,
    /// Whole seconds from beginning to end.
    pub duration_seconds: Option<i64>,
    /// Records that came through.
    pub records_processed: Option<i64>,
    /// Memory that it took.
    pub memory_usage_mb: Option<f64>,
    /// Time on processors.
    pub cpu_time_ms: Option<f64>,
    /// What it spilled.
    pub spill_memory_mb: Option<f64>,
    /// Records read from shuffles.
    pub shuffle_read_records: Option<i64>,
    /// Records written to shuffles.
    pub shuffle_write_records: Option<i64>,
    /// Ids of operators that it waits for.
    pub dependencies: Vec<String>,
    /// Milliseconds from beginning to end.
    pub duration_ms: Option<i64>,
    /// Read from storage.
    pub input_bytes: Option<i64>,
    /// Written to storage.
    pub output_bytes: Option<i64>,
    /// Shuffle data read.
    pub shuffle_read_bytes: Option<i64>,
    /// Shuffle data written.
    pub shuffle_write_bytes: Option<i64>,
    /// In-memory size of spilled data.
    pub memory_spill_bytes: Option<i64>,
    /// Spilled to disk.
    pub disk_spill_bytes: Option<i64>,
    /// Executor run time of its tasks.
    pub task_time_ms: Option<i64>,
    /// Time in garbage collection.
    pub gc_time_ms: Option<i64>,
    /// Tasks.
    pub num_tasks: Option<i64>,
    /// Tasks that failed.
    pub num_failed_tasks: Option<i64>,
    /// Tasks that were killed.
    pub num_killed_tasks: Option<i64>,
}

/// An error or a warning of a job of a data set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorRow {
    /// The operator, where it is one's.
    pub operator_id: Option<String>,
    /// `JOB_FAILURE`, `OPERATOR_FAILURE` or `WARNING`.
    pub error_type: String,
    /// What happened.
    pub error_message: String,
    /// When, in microseconds since 1970.
    pub time_us: Option<i64>,
    /// Where in the program.
    pub stack_trace: Option<String>,
    /// How often it was tried again.
    pub retry_count: Option<i64>,
    /// Whether trying again may help.
    pub is_recoverable: Option<bool>,
}

/// A table of operators or errors that is read at any place.
#[derive(Debug)]
pub struct DetailFile {
    path: PathBuf,
    file: File,
    metadata: ArrowReaderMetadata,
    found: Found,
}

impl DetailFile {
    /// Opens a table of operators.
    ///
    /// # Errors
    /// [`Error::Open`], [`Error::JobSetFile`], [`Error::JobSetForm`].
    pub fn operators(path: &Path) -> Result<Self, Error> {
        Self::open(path, "operators", OPERATORS)
    }

    /// Opens a table of errors.
    ///
    /// # Errors
    /// As [`DetailFile::operators`].
    pub fn errors(path: &Path) -> Result<Self, Error> {
        Self::open(path, "errors", ERRORS)
    }

    fn open(path: &Path, table: &'static str, columns: &[Column]) -> Result<Self, Error> {
        let opened = |source| Error::Open { path: path.to_owned(), source };
        let file = File::open(path).map_err(opened)?;
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let metadata =
            ArrowReaderMetadata::load(&file, options).map_err(|e| unreadable(path, e))?;
        let found = Found::new(path, table, columns, metadata.schema())?;
        Ok(Self { path: path.to_owned(), file, metadata, found })
    }

    /// The operators in these rows, which ascend.
    ///
    /// # Errors
    /// [`Error::Open`], [`Error::JobSetFile`], [`Error::JobSetForm`].
    pub fn read_operators(&self, ranges: &[RowRange]) -> Result<Vec<OperatorRow>, Error> {
        let mut rows = Vec::new();
        self.read(ranges, |cells, row| {
            rows.push(OperatorRow {
                operator_id: cells.text(1, row).unwrap_or_default(),
                operator_name: cells.text(2, row).unwrap_or_default(),
                operator_type: cells.text(3, row).unwrap_or_default(),
                stage_id: cells.int(4, row).unwrap_or_default(),
                status: cells.text(5, row).unwrap_or_default(),
                start_us: cells.time(6, row),
                end_us: cells.time(7, row),
                duration_seconds: cells.int(8, row),
                records_processed: cells.int(9, row),
                memory_usage_mb: cells.float(10, row),
                cpu_time_ms: cells.float(11, row),
                spill_memory_mb: cells.float(12, row),
                shuffle_read_records: cells.int(13, row),
                shuffle_write_records: cells.int(14, row),
                dependencies: cells.text(15, row).map_or_else(Vec::new, |text| names_of(&text)),
                duration_ms: cells.int(16, row),
                input_bytes: cells.int(17, row),
                output_bytes: cells.int(18, row),
                shuffle_read_bytes: cells.int(19, row),
                shuffle_write_bytes: cells.int(20, row),
                memory_spill_bytes: cells.int(21, row),
                disk_spill_bytes: cells.int(22, row),
                task_time_ms: cells.int(23, row),
                gc_time_ms: cells.int(24, row),
                num_tasks: cells.int(25, row),
                num_failed_tasks: cells.int(26, row),
                num_killed_tasks: cells.int(27, row),
            });
        })?;
        Ok(rows)
    }

    /// The errors in these rows, which ascend.
    ///
    /// # Errors
    /// As [`DetailFile::read_operators`].
    pub fn read_errors(&self, ranges: &[RowRange]) -> Result<Vec<ErrorRow>, Error> {
        let mut rows = Vec::new();
        self.read(ranges, |cells, row| {
            rows.push(ErrorRow {
                operator_id: cells.text(1, row),
                error_type: cells.text(2, row).unwrap_or_default(),
                error_message: cells.text(3, row).unwrap_or_default(),
                time_us: cells.time(4, row),
                stack_trace: cells.text(5, row),
                retry_count: cells.int(6, row),
                is_recoverable: cells.flag(7, row),
            });
        })?;
        Ok(rows)
    }

    fn read(&self, ranges: &[RowRange], mut each: impl FnMut(&Cells, usize)) -> Result<(), Error> {
        let groups = self.metadata.metadata().row_groups();
        let opened = |source| Error::Open { path: self.path.clone(), source };
        let mut first = 0_u64;
        for (number, group) in groups.iter().enumerate() {
            let end = first + u64::try_from(group.num_rows()).unwrap_or(0);
            let selectors = selectors(ranges, first, end);
            first = end;
            if selectors.is_empty() {
                continue;
            }
            let file = self.file.try_clone().map_err(opened)?;
            let builder =
                ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
            let mask = ProjectionMask::roots(builder.parquet_schema(), self.found.places());
            let reader = builder
                .with_projection(mask)
                .with_row_groups(vec![number])
                .with_row_selection(RowSelection::from(selectors))
                .build()
                .map_err(|e| unreadable(&self.path, e))?;
            for batch in reader {
                let batch = batch.map_err(|e| unreadable(&self.path, e))?;
                let cells = Cells(self.found.arrays(&batch)?);
                (0..batch.num_rows()).for_each(|row| each(&cells, row));
            }
        }
        Ok(())
    }
}

/// What of a row group, whose rows these are, is to be read; empty when nothing is.
fn selectors(ranges: &[RowRange], first: u64, end: u64) -> Vec<RowSelector> {
    let mut selectors = Vec::new();
    let mut at = first;
    for range in ranges {
        let from = range.first.max(at);
        let to = (range.first + u64::from(range.len)).min(end);
        if from >= to {
            continue;
        }
        let count = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
        if from > at {
            selectors.push(RowSelector::skip(count(from - at)));
        }
        selectors.push(RowSelector::select(count(to - from)));
        at = to;
    }
    selectors
}

/// The columns of some rows.
struct Cells(Vec<Option<ArrayRef>>);

impl Cells {
    fn array<A: Array + 'static>(&self, at: usize, row: usize) -> Option<&A> {
        let array = self.0.get(at)?.as_ref()?.as_any().downcast_ref::<A>()?;
        array.is_valid(row).then_some(array)
    }

    fn text(&self, at: usize, row: usize) -> Option<String> {
        self.array::<StringArray>(at, row).map(|array| array.value(row).to_owned())
    }

    fn int(&self, at: usize, row: usize) -> Option<i64> {
        self.array::<Int64Array>(at, row).map(|array| array.value(row))
    }

    fn float(&self, at: usize, row: usize) -> Option<f64> {
        self.array::<Float64Array>(at, row).map(|array| array.value(row))
    }

    fn time(&self, at: usize, row: usize) -> Option<i64> {
        self.array::<TimestampMicrosecondArray>(at, row).map(|array| array.value(row))
    }

    fn flag(&self, at: usize, row: usize) -> Option<bool> {
        self.array::<BooleanArray>(at, row).map(|array| array.value(row))
    }
}

/// A JSON list of names; a text that is none stands for itself.
fn names_of(text: &str) -> Vec<String> {
    match serde_json::from_str(text) {
        Ok(names) => names,
        Err(_) if text.trim().is_empty() => Vec::new(),
        Err(_) => vec![text.to_owned()],
    }
}
