use super::spill::Spills;
use super::{TASK_TABLE_VERSION, VERSION_KEY, batch, columns};
use crate::atomic_file::AtomicFile;
use crate::error::Error;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use tinderbox_model::{AttemptNumber, Bytes, RunId, StageAttemptId, Task, TaskId};

/// What a task table is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskWriterOptions {
    /// The run; a column of the table.
    pub run: RunId,
    /// Its attempt; a column of the table.
    pub attempt: AttemptNumber,
    /// How much memory tasks may take before they are spilled to disk. The whole writer takes about twice this.
    pub memory_limit: Bytes,
}

impl TaskWriterOptions {
    /// With 64 MiB of memory, about 150,000 tasks.
    pub fn new(run: RunId, attempt: AttemptNumber) -> Self {
        Self { run, attempt, memory_limit: Bytes(64 << 20) }
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Tasks in the table.
    pub num_rows: u64,
    /// Size of the file.
    pub num_bytes: Bytes,
}

/// Takes the tasks of one attempt in any order and writes them as a task table, clustered by stage.
///
/// Tasks come in the order in which they finish, so the table can only be written when all are there. Up to
/// `memory_limit` they wait in memory; beyond it, sorted runs of them wait in anonymous files of the same folder.
#[derive(Debug)]
pub struct TaskWriter {
    options: TaskWriterOptions,
    schema: SchemaRef,
    file: AtomicFile,
    waiting: Vec<Task>,
    waiting_bytes: u64,
    spills: Spills,
    num_rows: u64,
}

impl TaskWriter {
    /// Begins a table that will be at `path`, which nothing else may use (see [`crate::Place`]). Missing folders
    /// are made.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn create(path: &Path, options: TaskWriterOptions) -> Result<Self, Error> {
        let file = AtomicFile::create(path).map_err(|e| Error::write(path, e))?;
        Ok(Self {
            options,
            schema: Arc::new(columns::schema()),
            file,
            waiting: Vec::new(),
            waiting_bytes: 0,
            spills: Spills::default(),
            num_rows: 0,
        })
    }

    /// Adds tasks. Writes to disk only when the memory limit is reached.
    ///
    /// # Errors
    /// [`Error::Write`]; the writer is of no use then.
    pub fn write(&mut self, tasks: impl IntoIterator<Item = Task>) -> Result<(), Error> {
        for task in tasks {
            self.waiting_bytes += memory_of(&task);
            self.num_rows += 1;
            self.waiting.push(task);
            if self.waiting_bytes >= self.options.memory_limit.0 {
                self.spill().map_err(|e| Error::write(self.file.path(), e))?;
            }
        }
        Ok(())
    }

    /// Writes the table, syncs it and puts it in its place.
    ///
    /// # Errors
    /// [`Error::Write`]; nothing is left of the table then.
    pub fn finish(mut self) -> Result<Written, Error> {
        let path = self.file.path().to_owned();
        self.write_table().map_err(|e| Error::write(&path, e))?;
        let num_bytes = self.file.finish().map_err(|e| Error::write(&path, e))?;
        Ok(Written { num_rows: self.num_rows, num_bytes: Bytes(num_bytes) })
    }

    fn spill(&mut self) -> Result<(), ParquetError> {
        self.waiting.sort_unstable_by_key(order_of);
        let mut file = self.spills.add(&self.file.folder())?;
        let mut output = Output::new(&mut file, &self.schema, &self.options, spill_properties())?;
        for task in self.waiting.drain(..) {
            output.write(task)?;
        }
        output.finish()?;
        self.waiting_bytes = 0;
        Ok(())
    }

    fn write_table(&mut self) -> Result<(), ParquetError> {
        if !self.spills.is_empty() && !self.waiting.is_empty() {
            self.spill()?;
        }
        self.waiting.sort_unstable_by_key(order_of);
        let waiting = std::mem::take(&mut self.waiting);
        let file = self.file.as_file();
        let mut output = Output::new(file, &self.schema, &self.options, table_properties())?;
        for task in waiting {
            output.write(task)?;
        }
        std::mem::take(&mut self.spills).merge(|task| output.write(task))?;
        output.finish()
    }
}

/// The order of rows: tasks of a stage attempt together, as Spark numbers them.
pub(super) fn order_of(task: &Task) -> (StageAttemptId, i64, i64, TaskId) {
    (task.stage, task.index, task.attempt, task.id)
}

/// Tasks that are converted together.
const BATCH_ROWS: usize = 4_096;

/// A Parquet file that takes tasks one by one, in order.
struct Output<'a, W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: &'a SchemaRef,
    options: &'a TaskWriterOptions,
    batch: Vec<Task>,
}

impl<'a, W: Write + Send> Output<'a, W> {
    fn new(
        sink: W,
        schema: &'a SchemaRef,
        options: &'a TaskWriterOptions,
        properties: WriterPropertiesBuilder,
    ) -> Result<Self, ParquetError> {
        // Arrow's own copy of the schema would add 3 KiB to every file and say nothing that Parquet's does not.
        let arrow = ArrowWriterOptions::new()
            .with_properties(properties.build())
            .with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(sink, Arc::clone(schema), arrow)?;
        Ok(Self { writer, schema, options, batch: Vec::with_capacity(BATCH_ROWS) })
    }

    fn write(&mut self, task: Task) -> Result<(), ParquetError> {
        self.batch.push(task);
        if self.batch.len() == BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        let TaskWriterOptions { run, attempt, .. } = self.options;
        let batch = batch::encode(self.schema, run, *attempt, &self.batch)?;
        self.batch.clear();
        self.writer.write(&batch)
    }

    fn finish(mut self) -> Result<(), ParquetError> {
        self.flush()?;
        self.writer.close()?;
        Ok(())
    }
}

/// Row groups are what readers skip by stage; pages of 4,096 rows are what they skip by row number.
fn table_properties() -> WriterPropertiesBuilder {
    let version = KeyValue::new(VERSION_KEY.to_owned(), TASK_TABLE_VERSION.to_string());
    base_properties(3)
        .set_max_row_group_row_count(Some(65_536))
        .set_data_page_row_count_limit(4_096)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_key_value_metadata(Some(vec![version]))
}

/// Small row groups, because a merge holds one of every spill in memory.
fn spill_properties() -> WriterPropertiesBuilder {
    base_properties(1)
        .set_max_row_group_row_count(Some(BATCH_ROWS))
        .set_statistics_enabled(EnabledStatistics::None)
}

/// Differences are short where times and counters grow along a stage; texts repeat.
fn base_properties(zstd_level: i32) -> WriterPropertiesBuilder {
    let level = ZstdLevel::try_new(zstd_level).unwrap_or_default();
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("tinderbox ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(level));
    for field in columns::schema().fields() {
        if field.data_type() == &arrow_schema::DataType::Int64 {
            let column = ColumnPath::from(field.name().as_str());
            properties = properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
        }
    }
    properties
}

/// About what a task takes in memory.
fn memory_of(task: &Task) -> u64 {
    let texts = task.executor.as_str().len()
        + task.host.len()
        + task.locality.len()
        + task.error_message.as_ref().map_or(0, String::len);
    // Three small texts, each with the overhead of an allocation.
    let bytes = size_of::<Task>() + texts + 3 * 16;
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
