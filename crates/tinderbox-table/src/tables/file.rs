//! A Parquet file that is being written.

use super::columns::Columns;
use super::{RowOwner, TABLE_VERSION, Table, Written};
use crate::atomic_file::AtomicFile;
use crate::error::Error;
use arrow_array::RecordBatch;
use arrow_schema::{DataType, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use std::path::Path;
use std::sync::Arc;
use tinderbox_model::Bytes;

pub(super) const TABLE_KEY: &str = "tinderbox.table";
pub(super) const VERSION_KEY: &str = "tinderbox.table_version";

/// Rows that are converted together.
pub(super) const BATCH_ROWS: usize = 4_096;

/// Something and whose it is.
pub(super) struct Of<'a, T> {
    pub(super) owner: &'a RowOwner,
    pub(super) what: T,
}

pub(super) struct File {
    writer: ArrowWriter<std::fs::File>,
    file: AtomicFile,
    schema: SchemaRef,
    num_rows: u64,
}

impl File {
    pub(super) fn create(path: &Path, table: Table) -> Result<Self, Error> {
        let file = AtomicFile::create(path).map_err(|e| Error::write(path, e))?;
        let schema = Arc::new(table.schema());
        // Arrow's own copy of the schema would add 3 KiB to every file and say nothing that Parquet's does not.
        let options = ArrowWriterOptions::new()
            .with_properties(properties(table, &schema))
            .with_skip_arrow_metadata(true);
        let sink = file.as_file().try_clone().map_err(|e| Error::write(path, e))?;
        let writer = ArrowWriter::try_new_with_options(sink, Arc::clone(&schema), options)
            .map_err(|e| Error::write(path, e))?;
        Ok(Self { writer, file, schema, num_rows: 0 })
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(super) fn write<T>(&mut self, columns: Columns<'_, T>) -> Result<(), Error> {
        if columns.len() == 0 {
            return Ok(());
        }
        let batch = columns.batch(&self.schema).map_err(|e| Error::write(self.file.path(), e))?;
        self.write_batch(&batch)
    }

    pub(super) fn write_batch(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.num_rows += batch.num_rows() as u64;
        self.writer.write(batch).map_err(|e| Error::write(self.file.path(), e))
    }

    /// Syncs the file and puts it in its place.
    pub(super) fn finish(self) -> Result<Written, Error> {
        let path = self.file.path().to_owned();
        self.writer.close().map_err(|e: ParquetError| Error::write(&path, e))?;
        let num_bytes = self.file.finish().map_err(|e| Error::write(&path, e))?;
        Ok(Written { num_rows: self.num_rows, num_bytes: Bytes(num_bytes) })
    }
}

/// Row groups are what readers skip by run and stage. Differences are short where times and counters grow along a
/// stage; texts repeat.
fn properties(table: Table, schema: &SchemaRef) -> WriterProperties {
    let pair = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
    let pairs = vec![
        pair(TABLE_KEY, table.name().to_owned()),
        pair(VERSION_KEY, TABLE_VERSION.to_string()),
    ];
    let level = ZstdLevel::try_new(3).unwrap_or_default();
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("tinderbox ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(65_536))
        .set_data_page_row_count_limit(16_384)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_key_value_metadata(Some(pairs));
    for field in schema.fields() {
        if field.data_type() == &DataType::Int64 {
            let column = ColumnPath::from(field.name().as_str());
            properties = properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
        }
    }
    properties.build()
}
