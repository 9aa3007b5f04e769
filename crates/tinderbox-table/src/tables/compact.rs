//! Many small files of a table become one.

use super::columns::{RUN_ATTEMPT, RUN_ID};
use super::file::{BATCH_ROWS, File, TABLE_KEY, VERSION_KEY};
use super::{TABLE_VERSION, Table, Written};
use crate::error::Error;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{RecordBatch, new_null_array};
use arrow_schema::{ArrowError, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const WHAT: &str = "table of Tinderbox";

/// Merges files of one table into a new one at `out`, sorted by run and attempt; rows of the same attempt keep the order
/// of `files`, then their own. Columns that an older file lacks become null. Holds an open file and a batch of rows for each of `files`, a row group of
/// compressed ones and 64 bytes for each attempt in each file; the files that were read stay.
///
/// # Errors
/// [`Error::Open`]; [`Error::Damaged`] when a file is none of ours, is of another table than the first, or cannot be
/// read; [`Error::NewerVersion`]; [`Error::Write`]. Nothing is left of `out` then.
pub fn compact(files: &[PathBuf], out: &Path) -> Result<Written, Error> {
    let mut table = None;
    let mut parts = Vec::new();
    for path in files {
        let (found, of_file) = parts_of(path)?;
        if *table.get_or_insert(found) != found {
            let other = format!("it is a table of {}", found.name());
            return Err(Error::damaged(path, WHAT, other));
        }
        parts.extend(of_file);
    }
    // Stable: what is equal stays as it came.
    parts.sort_by(|a, b| (&a.run, a.attempt).cmp(&(&b.run, b.attempt)));
    let mut file = File::create(out, table.unwrap_or(Table::Tasks))?;
    let mut sources: HashMap<&Path, Source<'_>> = HashMap::new();
    for part in parts {
        sources
            .entry(part.path)
            .or_insert_with(|| Source::new(part.path))
            .copy(&part, &mut file)?;
    }
    file.finish()
}

/// Rows of one attempt that follow each other in a file.
struct Part<'a> {
    run: String,
    attempt: i64,
    path: &'a Path,
    first: usize,
    len: usize,
}

/// Reads the columns of run and attempt only.
fn parts_of(path: &Path) -> Result<(Table, Vec<Part<'_>>), Error> {
    let reader = open(path)?;
    let pairs = reader.metadata().file_metadata().key_value_metadata();
    let value = |key: &str| {
        pairs?.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.as_deref())
    };
    let name = value(TABLE_KEY);
    let table = Table::ALL.into_iter().find(|table| Some(table.name()) == name);
    let found = value(VERSION_KEY).and_then(|version| version.parse().ok());
    let (Some(table), Some(found)) = (table, found) else {
        return Err(Error::damaged(path, WHAT, "it does not say which table it is"));
    };
    if found > TABLE_VERSION {
        return Err(Error::NewerVersion { path: path.to_owned(), found, supported: TABLE_VERSION });
    }
    let damaged = |e: ArrowError| Error::damaged(path, WHAT, e);
    let columns = ProjectionMask::columns(reader.parquet_schema(), [RUN_ID, RUN_ATTEMPT]);
    let batches = reader
        .with_projection(columns)
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|e| Error::damaged(path, WHAT, e))?;
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut row = 0;
    for batch in batches {
        let batch = batch.map_err(damaged)?;
        let runs = batch.column_by_name(RUN_ID).and_then(|a| a.as_string_opt::<i32>());
        let attempts =
            batch.column_by_name(RUN_ATTEMPT).and_then(|a| a.as_primitive_opt::<Int64Type>());
        let (Some(runs), Some(attempts)) = (runs, attempts) else {
            return Err(Error::damaged(path, WHAT, "it has no column of runs"));
        };
        for at in 0..batch.num_rows() {
            let (run, attempt) = (runs.value(at), attempts.value(at));
            match parts.last_mut() {
                Some(part) if part.run == run && part.attempt == attempt => part.len += 1,
                _ => parts.push(Part { run: run.to_owned(), attempt, path, first: row, len: 1 }),
            }
            row += 1;
        }
    }
    Ok((table, parts))
}

/// A file that is read. Ours are sorted, so that it is read once from front to end, however many parts it has.
struct Source<'a> {
    path: &'a Path,
    batches: Option<ParquetRecordBatchReader>,
    /// The batch read last, less what was copied of it.
    batch: Option<RecordBatch>,
    /// The row that comes next.
    row: usize,
}

impl<'a> Source<'a> {
    fn new(path: &'a Path) -> Self {
        Self { path, batches: None, batch: None, row: 0 }
    }

    fn copy(&mut self, part: &Part<'_>, file: &mut File) -> Result<(), Error> {
        let mut left = part.len;
        while left > 0 {
            let batch = self.rows_from(part.first + part.len - left)?;
            let count = left.min(batch.num_rows());
            let copied = widened(&batch.slice(0, count), file.schema());
            file.write_batch(&copied.map_err(|e| Error::damaged(self.path, WHAT, e))?)?;
            let rest = batch.num_rows() - count;
            self.batch = (rest > 0).then(|| batch.slice(count, rest));
            self.row += count;
            left -= count;
        }
        Ok(())
    }

    /// Rows from `row` on, at least one.
    fn rows_from(&mut self, row: usize) -> Result<RecordBatch, Error> {
        let damaged = |e| Error::damaged(self.path, WHAT, e);
        if self.row != row {
            (self.batches, self.batch, self.row) = (None, None, row);
        }
        if let Some(batch) = self.batch.take() {
            return Ok(batch);
        }
        let batches = match self.batches.take() {
            Some(batches) => batches,
            None => {
                let reader = open(self.path)?.with_offset(row).with_batch_size(BATCH_ROWS);
                reader.build().map_err(|e| Error::damaged(self.path, WHAT, e))?
            }
        };
        match self.batches.insert(batches).next() {
            Some(batch) => batch.map_err(damaged),
            None => Err(Error::damaged(self.path, WHAT, "it has fewer rows than its runs")),
        }
    }
}

/// The batch with the columns of `schema`.
fn widened(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let column = |field: &Arc<arrow_schema::Field>| match batch.column_by_name(field.name()) {
        Some(column) => Arc::clone(column),
        None => new_null_array(field.data_type(), batch.num_rows()),
    };
    // Refuses nulls where there may be none.
    RecordBatch::try_new(Arc::clone(schema), schema.fields().iter().map(column).collect())
}

fn open(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<std::fs::File>, Error> {
    let file = std::fs::File::open(path)
        .map_err(|source| Error::Open { path: path.to_owned(), source })?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| Error::damaged(path, WHAT, e))
}
