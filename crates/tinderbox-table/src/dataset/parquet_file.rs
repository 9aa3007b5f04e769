//! How a data set lies in Parquet.

use crate::file_store::NewFile;
use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriterOptions,
    compute_leaves,
};
use parquet::basic::{Compression, Encoding};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use std::sync::Arc;

/// Makes row groups.
pub(super) struct ParquetEncoder {
    schema: SchemaRef,
    factory: ArrowRowGroupWriterFactory,
}

impl std::fmt::Debug for ParquetEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetEncoder").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl ParquetEncoder {
    /// Begins a row group.
    pub(super) fn begin(&self) -> Result<RowGroup, ParquetError> {
        // The number of the row group is of use to encryption only.
        let writers = self.factory.create_column_writers(0)?;
        Ok(RowGroup { schema: Arc::clone(&self.schema), writers })
    }
}

/// A row group that is being encoded.
#[derive(Debug)]
pub(super) struct RowGroup {
    schema: SchemaRef,
    writers: Vec<ArrowColumnWriter>,
}

impl RowGroup {
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        let mut writers = self.writers.iter_mut();
        for (field, array) in self.schema.fields().iter().zip(batch.columns()) {
            for leaf in compute_leaves(field, array)? {
                let Some(writer) = writers.next() else {
                    return Err(ParquetError::General("a column too many".to_owned()));
                };
                writer.write(&leaf)?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Vec<ArrowColumnChunk>, ParquetError> {
        self.writers.into_iter().map(ArrowColumnWriter::close).collect()
    }
}

pub(super) fn begin(
    output: Box<dyn NewFile>,
    schema: Schema,
    table: &str,
) -> Result<(SerializedFileWriter<Box<dyn NewFile>>, ParquetEncoder), ParquetError> {
    let options = ArrowWriterOptions::new()
        .with_properties(properties(&schema, table))
        .with_skip_arrow_metadata(true);
    let schema = Arc::new(schema);
    let writer = ArrowWriter::try_new_with_options(output, Arc::clone(&schema), options)?;
    let (writer, factory) = writer.into_serialized_writer()?;
    Ok((writer, ParquetEncoder { schema, factory }))
}

pub(super) fn append(
    writer: &mut SerializedFileWriter<Box<dyn NewFile>>,
    chunks: Vec<ArrowColumnChunk>,
) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    for chunk in chunks {
        chunk.append_to_row_group(&mut group)?;
    }
    group.close()?;
    Ok(())
}

/// Ids share their beginning with the row before, counters differ little; words come from few.
///
/// Snappy, which every reader knows and which keeps nothing between pages: files of Zstandard's level 1 are 8 % smaller,
/// but take half a megabyte for each column of each row group that is being encoded.
fn properties(schema: &Schema, table: &str) -> WriterProperties {
    let pair = KeyValue::new("tinderbox.data_set".to_owned(), table.to_owned());
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("tinderbox ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::SNAPPY)
        .set_data_page_row_count_limit(16_384)
        // Where pages are is told, so that single rows are read fast; their statistics would be in memory until the file
        // is closed.
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_key_value_metadata(Some(vec![pair]));
    for field in schema.fields() {
        let encoding = match field.data_type() {
            DataType::Int64 | DataType::Timestamp(..) => Encoding::DELTA_BINARY_PACKED,
            DataType::Utf8 => Encoding::DELTA_BYTE_ARRAY,
            DataType::Float64 => Encoding::BYTE_STREAM_SPLIT,
            _ => continue,
        };
        let column = ColumnPath::from(field.name().as_str());
        properties = properties
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column, encoding);
    }
    properties.build()
}
