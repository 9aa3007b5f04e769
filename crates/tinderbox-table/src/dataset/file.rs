//! A file of a data set that is being written, part by part; parts are encoded by any thread.

use super::parquet_file::{self, ParquetEncoder, RowGroup};
use super::{DataSetFormat, DataSetRows, DataSetTable, text};
use crate::error::Error;
use crate::file_store::{FileStore, NewFile};
use crate::tables::Written;
use arrow_array::RecordBatch;
use parquet::arrow::arrow_writer::ArrowColumnChunk;
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Rows as they will lie in the file.
#[derive(Debug)]
pub struct DataSetPart {
    content: Content,
    num_rows: u64,
}

#[derive(Debug)]
enum Content {
    Parquet(Vec<ArrowColumnChunk>),
    Text(Vec<u8>),
}

/// Encodes rows for one file. May be used by several threads at once.
#[derive(Debug)]
pub struct Encoder {
    path: PathBuf,
    how: How,
}

#[derive(Debug)]
enum How {
    Parquet(ParquetEncoder),
    Csv,
    JsonLines,
}

impl Encoder {
    /// Begins a part: a row group of Parquet, or lines.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn begin(&self) -> Result<PartEncoder<'_>, Error> {
        let content = match &self.how {
            How::Parquet(encoder) => {
                let group = encoder.begin().map_err(|e| Error::write(&self.path, e))?;
                Unfinished::Parquet(group)
            }
            How::Csv | How::JsonLines => Unfinished::Text(Vec::new()),
        };
        Ok(PartEncoder { encoder: self, content, num_rows: 0 })
    }
}

/// A part that is being encoded. Holds what is encoded, and of the rows one page for each column.
#[derive(Debug)]
pub struct PartEncoder<'e> {
    encoder: &'e Encoder,
    content: Unfinished,
    num_rows: u64,
}

#[derive(Debug)]
enum Unfinished {
    Parquet(RowGroup),
    Text(Vec<u8>),
}

impl PartEncoder<'_> {
    /// Adds rows.
    ///
    /// # Errors
    /// [`Error::Write`] when the rows are not those of the table.
    pub fn write(&mut self, rows: DataSetRows) -> Result<(), Error> {
        let table = rows.table();
        let failed = |e| Error::write(&self.encoder.path, e);
        let batch = rows.into_batch().map_err(|e| Error::write(&self.encoder.path, e))?;
        self.num_rows += batch.num_rows() as u64;
        match &mut self.content {
            Unfinished::Parquet(group) => group.write(&batch).map_err(failed)?,
            Unfinished::Text(lines) => match self.encoder.how {
                How::JsonLines => text::json_lines(table, &batch, lines),
                _ => text::csv(table, &batch, lines),
            },
        }
        Ok(())
    }

    /// Ends the part.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn finish(self) -> Result<DataSetPart, Error> {
        let content = match self.content {
            Unfinished::Parquet(group) => {
                let chunks = group.finish().map_err(|e| Error::write(&self.encoder.path, e))?;
                Content::Parquet(chunks)
            }
            Unfinished::Text(lines) => Content::Text(lines),
        };
        Ok(DataSetPart { content, num_rows: self.num_rows })
    }
}

/// A file of a data set that is being written. It is at its place after [`WrittenFile::keep`], and nowhere when it is
/// dropped before.
pub struct DataSetFile {
    path: PathBuf,
    sink: Sink,
    num_rows: u64,
}

impl std::fmt::Debug for DataSetFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataSetFile").field("path", &self.path).finish_non_exhaustive()
    }
}

enum Sink {
    Parquet(Box<SerializedFileWriter<Box<dyn NewFile>>>),
    Text(Box<dyn NewFile>),
}

impl DataSetFile {
    /// Begins a file.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn create(
        store: &dyn FileStore,
        name: &str,
        table: DataSetTable,
        format: DataSetFormat,
    ) -> Result<(Self, Encoder), Error> {
        let path = Path::new(&store.place()).join(name);
        let failed = |e| Error::write(&path, e);
        let mut output = store.create(name).map_err(failed)?;
        let (sink, how) = match format {
            DataSetFormat::Parquet => {
                let (writer, encoder) = parquet_file::begin(output, table.schema(), table.name())
                    .map_err(|e| Error::write(&path, e))?;
                (Sink::Parquet(Box::new(writer)), How::Parquet(encoder))
            }
            DataSetFormat::Csv => {
                output.write_all(&text::csv_head(table)).map_err(failed)?;
                (Sink::Text(output), How::Csv)
            }
            DataSetFormat::JsonLines => (Sink::Text(output), How::JsonLines),
        };
        let encoder = Encoder { path: path.clone(), how };
        Ok((Self { path, sink, num_rows: 0 }, encoder))
    }

    /// Appends a part that the encoder of this file made.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn append(&mut self, part: DataSetPart) -> Result<(), Error> {
        let path = &self.path;
        if part.num_rows == 0 {
            return Ok(());
        }
        match (&mut self.sink, part.content) {
            (Sink::Parquet(writer), Content::Parquet(chunks)) => {
                parquet_file::append(writer, chunks).map_err(|e| Error::write(path, e))?;
            }
            (Sink::Text(file), Content::Text(bytes)) => {
                file.write_all(&bytes).map_err(|e| Error::write(path, e))?;
            }
            _ => return Err(Error::write(path, "the part was encoded for another file")),
        }
        self.num_rows += part.num_rows;
        Ok(())
    }

    /// Writes the end of the file, which is still not seen: of several files all can be closed before the first is at
    /// its place.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn close(self) -> Result<WrittenFile, Error> {
        let Self { path, sink, num_rows } = self;
        let mut file = match sink {
            Sink::Parquet(writer) => writer.into_inner().map_err(|e| Error::write(&path, e))?,
            Sink::Text(file) => file,
        };
        file.close().map_err(|e| Error::write(&path, e))?;
        Ok(WrittenFile { path, file, num_rows })
    }
}

/// A file that is complete but not yet at its place.
pub struct WrittenFile {
    path: PathBuf,
    file: Box<dyn NewFile>,
    num_rows: u64,
}

impl WrittenFile {
    /// Puts the file at its place.
    ///
    /// # Errors
    /// [`Error::Write`]; nothing is left of it then.
    pub fn keep(self) -> Result<Written, Error> {
        let num_bytes = self.file.keep().map_err(|e| Error::write(&self.path, e))?;
        Ok(Written { num_rows: self.num_rows, num_bytes })
    }
}

/// A file of one part, closed.
pub(super) fn write_batch(
    store: &dyn FileStore,
    name: &str,
    format: DataSetFormat,
    batch: &RecordBatch,
    lines: &[u8],
) -> Result<WrittenFile, Error> {
    let path = Path::new(&store.place()).join(name);
    let failed = |e: ParquetError| Error::write(&path, e);
    let mut file = store.create(name).map_err(|e| Error::write(&path, e))?;
    if format == DataSetFormat::Parquet {
        let schema = batch.schema().as_ref().clone();
        let (mut writer, encoder) =
            parquet_file::begin(file, schema, "summary_stats").map_err(failed)?;
        let mut group = encoder.begin().map_err(failed)?;
        group.write(batch).map_err(failed)?;
        let chunks = group.finish().map_err(failed)?;
        parquet_file::append(&mut writer, chunks).map_err(failed)?;
        file = writer.into_inner().map_err(failed)?;
    } else {
        file.write_all(lines).map_err(|e| Error::write(&path, e))?;
    }
    file.close().map_err(|e| Error::write(&path, e))?;
    Ok(WrittenFile { path, file, num_rows: batch.num_rows() as u64 })
}

#[cfg(test)]
mod tests {
    use super::super::TextColumn;
    use super::*;
    use crate::file_store::LocalFiles;

    fn errors(message: &str) -> DataSetRows {
        let texts = |text: &str| {
            let mut column = TextColumn::default();
            column.push(text);
            column.push_missing();
            column
        };
        let mut jobs = TextColumn::default();
        jobs.push("a");
        jobs.push("b");
        let mut rows = DataSetRows::new(DataSetTable::Errors);
        rows.text(jobs)
            .text(texts("op"))
            .words(vec![1, 0], ["x", "y"])
            .words(vec![0, 0], [message])
            .times(vec![1_767_225_600_123_000, 0])
            .maybe_words(vec![None, Some(0)], ["trace"])
            .ints(vec![1, -2])
            .flags(vec![true, false]);
        rows
    }

    fn written(format: DataSetFormat) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("errors");
        let store = LocalFiles::new(folder.path());
        let (mut file, encoder) =
            DataSetFile::create(&store, "errors", DataSetTable::Errors, format).unwrap();
        let mut part = encoder.begin().unwrap();
        part.write(errors("a \"b\", c\n")).unwrap();
        file.append(part.finish().unwrap()).unwrap();
        let closed = file.close().unwrap();
        assert!(!path.exists(), "not at its place before it is kept");
        assert_eq!(closed.keep().unwrap().num_rows, 2);
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn text_is_quoted_where_it_must_be() {
        assert_eq!(
            written(DataSetFormat::Csv),
            "job_id,operator_id,error_type,error_message,error_timestamp,stack_trace,retry_count,is_recoverable\n\
             a,op,y,\"a \"\"b\"\", c\n\",2026-01-01T00:00:00.123,,1,true\n\
             b,,x,\"a \"\"b\"\", c\n\",1970-01-01T00:00:00.000,trace,-2,false\n"
        );
        let json = written(DataSetFormat::JsonLines);
        let lines: Vec<serde_json::Value> =
            json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["error_message"], "a \"b\", c\n");
        assert_eq!(lines[0]["error_timestamp"], "2026-01-01T00:00:00.123");
        assert!(lines[0]["stack_trace"].is_null() && lines[1]["operator_id"].is_null());
    }

    #[test]
    fn rows_that_are_not_those_of_the_table_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let format = DataSetFormat::Parquet;
        let store = LocalFiles::new(folder.path());
        let (file, encoder) =
            DataSetFile::create(&store, "errors.parquet", DataSetTable::Errors, format).unwrap();
        let mut short = DataSetRows::new(DataSetTable::Errors);
        short.ints(vec![1]);
        let mut long = errors("");
        long.ints(vec![1, 2]);
        for rows in [short, long] {
            assert!(matches!(encoder.begin().unwrap().write(rows), Err(Error::Write { .. })));
        }
        drop(file);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left");
    }
}
