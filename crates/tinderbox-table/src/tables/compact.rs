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
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const WHAT: &str = "table of Tinderbox";

/// Merges files of one table into a new one at `out`, sorted by run and attempt; rows of the same attempt keep the order
/// of `files`, then their own. Columns that an older file lacks become null. Holds a batch of rows, a row group of
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
    for part in parts {
        copy(&part, &mut file)?;
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

fn copy(part: &Part<'_>, file: &mut File) -> Result<(), Error> {
    let batches = open(part.path)?
        .with_offset(part.first)
        .with_limit(part.len)
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|e| Error::damaged(part.path, WHAT, e))?;
    for batch in batches {
        let batch = batch.and_then(|batch| widened(&batch, file.schema()));
        file.write_batch(&batch.map_err(|e| Error::damaged(part.path, WHAT, e))?)?;
    }
    Ok(())
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
