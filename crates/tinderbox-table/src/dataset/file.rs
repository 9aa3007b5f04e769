//! A file of a data set that is being written, part by part; parts are encoded by any thread.

use super::parquet_file::{self, ParquetEncoder, RowGroup};
use super::{DataSetFormat, DataSetRows, DataSetTable, text};
use crate::atomic_file::AtomicFile;
use crate::error::Error;
use crate::tables::Written;
use arrow_array::RecordBatch;
use parquet::arrow::arrow_writer::ArrowColumnChunk;
use parquet::file::writer::SerializedFileWriter;
use std::io::Write;
use std::path::{Path, PathBuf};
use tinderbox_model::Bytes;

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
    file: AtomicFile,
    sink: Sink,
    num_rows: u64,
}

impl std::fmt::Debug for DataSetFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataSetFile").field("path", &self.file.path()).finish_non_exhaustive()
    }
}

enum Sink {
    Parquet(Box<SerializedFileWriter<std::fs::File>>),
    Text(std::fs::File),
}

impl DataSetFile {
    /// Begins a file, and makes the folders of `path` where they are missing.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn create(
        path: &Path,
        table: DataSetTable,
        format: DataSetFormat,
    ) -> Result<(Self, Encoder), Error> {
        let failed = |e| Error::write(path, e);
        let file = AtomicFile::create(path).map_err(failed)?;
        let mut output = file.as_file().try_clone().map_err(failed)?;
        let (sink, how) = match format {
            DataSetFormat::Parquet => {
                let (writer, encoder) = parquet_file::begin(output, table.schema(), table.name())
                    .map_err(|e| Error::write(path, e))?;
                (Sink::Parquet(Box::new(writer)), How::Parquet(encoder))
            }
            DataSetFormat::Csv => {
                output.write_all(&text::csv_head(table)).map_err(failed)?;
                (Sink::Text(output), How::Csv)
            }
            DataSetFormat::JsonLines => (Sink::Text(output), How::JsonLines),
        };
        let encoder = Encoder { path: path.to_owned(), how };
        Ok((Self { file, sink, num_rows: 0 }, encoder))
    }

    /// Appends a part that the encoder of this file made.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn append(&mut self, part: DataSetPart) -> Result<(), Error> {
        let path = self.file.path();
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

    /// Writes the end of the file and syncs it, still under its hidden name: of several files all can be closed before
    /// the first is at its place.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn close(self) -> Result<WrittenFile, Error> {
        let path = self.file.path().to_owned();
        if let Sink::Parquet(writer) = self.sink {
            writer.close().map_err(|e| Error::write(&path, e))?;
        }
        self.file.as_file().sync_all().map_err(|e| Error::write(&path, e))?;
        Ok(WrittenFile { file: self.file, num_rows: self.num_rows })
    }
}

/// A file that is complete but not yet at its place.
#[derive(Debug)]
pub struct WrittenFile {
    file: AtomicFile,
    num_rows: u64,
}

impl WrittenFile {
    /// Puts the file at its place.
    ///
    /// # Errors
    /// [`Error::Write`]; nothing is left of it then.
    pub fn keep(self) -> Result<Written, Error> {
        let path = self.file.path().to_owned();
        let num_bytes = self.file.finish().map_err(|e| Error::write(&path, e))?;
        Ok(Written { num_rows: self.num_rows, num_bytes: Bytes(num_bytes) })
    }
}

/// A file of one part, closed.
pub(super) fn write_batch(
    path: &Path,
    format: DataSetFormat,
    batch: &RecordBatch,
    lines: &[u8],
) -> Result<WrittenFile, Error> {
    let file = AtomicFile::create(path).map_err(|e| Error::write(path, e))?;
    let mut output = file.as_file().try_clone().map_err(|e| Error::write(path, e))?;
    if format == DataSetFormat::Parquet {
        let schema = batch.schema().as_ref().clone();
        let (mut writer, encoder) = parquet_file::begin(output, schema, "summary_stats")
            .map_err(|e| Error::write(path, e))?;
        let mut group = encoder.begin().map_err(|e| Error::write(path, e))?;
        group.write(batch).map_err(|e| Error::write(path, e))?;
        let chunks = group.finish().map_err(|e| Error::write(path, e))?;
        parquet_file::append(&mut writer, chunks).map_err(|e| Error::write(path, e))?;
        writer.close().map_err(|e| Error::write(path, e))?;
    } else {
        output.write_all(lines).map_err(|e| Error::write(path, e))?;
    }
    file.as_file().sync_all().map_err(|e| Error::write(path, e))?;
    Ok(WrittenFile { file, num_rows: batch.num_rows() as u64 })
}

#[cfg(test)]
mod tests {
    use super::super::TextColumn;
    use super::*;

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
        let (mut file, encoder) = DataSetFile::create(&path, DataSetTable::Errors, format).unwrap();
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
        let path = folder.path().join("errors.parquet");
        let format = DataSetFormat::Parquet;
        let (file, encoder) = DataSetFile::create(&path, DataSetTable::Errors, format).unwrap();
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
