use super::block::{BLOCK_ROWS, Encoder};
use super::columns::{
    ACCUMULABLES, ATTEMPT, DURATION, ERROR, EXECUTOR, FLAGS, GETTING_RESULT, HOST, ID,
    ID_LESS_INDEX, INDEX_LESS_PARTITION, LAUNCH, LOCALITY, NUM_COLUMNS, Row, flags_of,
    is_measured_success, put_metrics, status_code,
};
use super::directory::{Directory, MAGIC, StageEntry};
use super::heap::HeapWriter;
use super::index;
use super::reader::Pack;
use super::source::Source;
use super::symbols::Symbols;
use super::timeline::Span;
use crate::atomic_file::AtomicFile;
use crate::error::Error;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use tinderbox_model::{Bytes, StageAttemptId, Task};

/// How a pack is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackOptions {
    /// How many threads [`PackWriter::finish`] may use.
    pub threads: usize,
    /// How much memory rows may take that do not fill a block yet. Beyond it they are written as blocks that are not
    /// full. A stage attempt takes 400 bytes to 100 KiB.
    pub open_rows_limit: Bytes,
}

impl Default for PackOptions {
    /// One thread, 16 MiB.
    fn default() -> Self {
        Self { threads: 1, open_rows_limit: Bytes(16 << 20) }
    }
}

/// Takes the tasks of one attempt in any order and writes them as a pack.
///
/// Holds the rows of each stage attempt that do not fill a block yet, 64 KiB of texts, what is about to be written
/// (256 KiB), and the directory: 16 bytes a block of 256 tasks, the executors and hosts, 24 bytes for every 64 KiB of
/// texts.
#[derive(Debug)]
pub struct PackWriter {
    file: AtomicFile,
    options: PackOptions,
    /// Bytes in the file.
    written: u64,
    /// Bytes that follow those.
    pending: Vec<u8>,
    stages: Vec<OpenStage>,
    numbers: HashMap<StageAttemptId, usize>,
    latest: Option<usize>,
    /// Rows for which memory is held.
    open_rows: u64,
    symbols: Symbols,
    span: Span,
    heap: HeapWriter,
    encoder: Encoder,
    json: Vec<u8>,
}

#[derive(Debug)]
struct OpenStage {
    entry: StageEntry,
    open: Vec<Row>,
}

impl StageEntry {
    fn new(id: StageAttemptId) -> Self {
        let (index, usual) = (None, None);
        Self { id, rows: 0, counts: [0; 5], measured: 0, blocks: Vec::new(), index, usual }
    }

    fn count(&mut self, task: &Task, row: &Row) {
        self.rows += 1;
        let status = usize::try_from(status_code(task.status)).unwrap_or(0);
        self.counts[status] += 1;
        self.measured += u64::from(is_measured_success(row[FLAGS]));
    }
}

/// When pending bytes are written.
const PENDING_LIMIT: usize = 256 << 10;

impl PackWriter {
    /// Begins a pack that will be at `path`, which nothing else may use (see [`crate::Place`]). Missing folders are
    /// made.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn create(path: &Path, options: PackOptions) -> Result<Self, Error> {
        let file = AtomicFile::create(path).map_err(|e| Error::write(path, e))?;
        Ok(Self {
            file,
            options,
            written: 0,
            pending: MAGIC.to_vec(),
            stages: Vec::new(),
            numbers: HashMap::new(),
            latest: None,
            open_rows: 0,
            symbols: Symbols::default(),
            span: Span::default(),
            heap: HeapWriter::default(),
            encoder: Encoder::default(),
            json: Vec::new(),
        })
    }

    /// Adds a task. A task that is added twice is there twice.
    ///
    /// # Errors
    /// [`Error::Write`]; the writer is of no use then.
    pub fn push(&mut self, task: &Task) -> Result<(), Error> {
        self.add(task).map_err(|e| Error::write(self.file.path(), e))
    }

    /// How many tasks were added.
    pub fn num_tasks(&self) -> u64 {
        self.stages.iter().map(|stage| stage.entry.rows).sum()
    }

    /// The tasks so far, for as long as the application runs, and with them `running` ones that are not added: they
    /// are when they end. Of those the texts and accumulables are left out. Costs a copy of the rows that do not fill a
    /// block yet and of the directory; it has no index, so that every question reads whole columns.
    ///
    /// # Errors
    /// [`Error::Write`]; the writer is of no use then.
    pub fn snapshot(&mut self, running: &[Task]) -> Result<Pack, Error> {
        self.copy(running).map_err(|e| Error::write(self.file.path(), e))
    }

    /// Writes the rest, builds the indexes, syncs the file and puts it in its place.
    ///
    /// # Errors
    /// [`Error::Write`]; nothing is left of the pack then. [`Error::Open`] or [`Error::Damaged`] when it cannot be
    /// read back.
    pub fn finish(mut self) -> Result<Pack, Error> {
        let path = self.file.path().to_owned();
        let mut finish = || -> io::Result<()> {
            self.seal_all()?;
            self.heap.flush(self.written, &mut self.pending)?;
            self.flush()?;
            let mut directory = self.directory();
            let threads = self.options.threads.max(1);
            let end = index::build(
                self.file.as_file(),
                self.written,
                &mut directory,
                &self.span,
                threads,
            )?;
            let mut footer = Vec::new();
            directory.encode(end, &mut footer)?;
            self.file.as_file().write_all_at(&footer, end)
        };
        finish().map_err(|e| Error::write(&path, e))?;
        self.file.finish().map_err(|e| Error::write(&path, e))?;
        Pack::open(&path)
    }

    fn add(&mut self, task: &Task) -> io::Result<()> {
        let error = match &task.error_message {
            None => 0,
            Some(text) => self.heap.add(text.as_bytes(), self.written, &mut self.pending)?,
        };
        let accumulables = if task.accumulables.is_empty() {
            0
        } else {
            self.json.clear();
            serde_json::to_writer(&mut self.json, &task.accumulables)?;
            self.heap.add(&self.json, self.written, &mut self.pending)?
        };
        let row = self.row_of(task, error, accumulables);
        self.span.add(task.launch_time.0, task.finish_time.map(|time| time.0), row[EXECUTOR]);
        let number = self.number_of(task.stage);
        let OpenStage { entry, open } = &mut self.stages[number];
        let capacity = open.capacity();
        open.push(row);
        self.open_rows += (open.capacity() - capacity) as u64;
        entry.count(task, &row);
        if open.len() == BLOCK_ROWS {
            self.seal(number)?;
        }
        if self.open_rows.saturating_mul(size_of::<Row>() as u64) > self.options.open_rows_limit.0 {
            self.seal_all()?;
        }
        Ok(())
    }

    /// The row of a task whose texts lie at `error` and `accumulables` of the heap.
    fn row_of(&mut self, task: &Task, error: i64, accumulables: i64) -> Row {
        let launch = task.launch_time.0;
        let mut row = [0; NUM_COLUMNS];
        row[ID] = task.id.0;
        row[ID_LESS_INDEX] = task.id.0.wrapping_sub(task.index);
        row[ATTEMPT] = task.attempt;
        row[INDEX_LESS_PARTITION] = task.index.wrapping_sub(task.partition);
        row[LAUNCH] = launch;
        row[DURATION] = task.finish_time.map_or(0, |time| time.0.wrapping_sub(launch));
        row[GETTING_RESULT] =
            task.getting_result_time.map_or(0, |time| time.0.wrapping_sub(launch));
        row[EXECUTOR] = self.symbols.number(task.executor.as_str());
        row[HOST] = self.symbols.number(&task.host);
        row[LOCALITY] = self.symbols.number(&task.locality);
        row[FLAGS] = flags_of(task);
        row[ERROR] = error;
        row[ACCUMULABLES] = accumulables;
        if let Some(metrics) = &task.metrics {
            put_metrics(metrics, &mut row);
        }
        row
    }

    fn number_of(&mut self, id: StageAttemptId) -> usize {
        if let Some(number) = self.latest
            && self.stages[number].entry.id == id
        {
            return number;
        }
        let next = self.stages.len();
        let number = *self.numbers.entry(id).or_insert(next);
        if number == next {
            self.stages.push(OpenStage { entry: StageEntry::new(id), open: Vec::with_capacity(1) });
            self.open_rows += 1;
        }
        self.latest = Some(number);
        number
    }

    /// Makes the open rows of a stage a block.
    fn seal(&mut self, number: usize) -> io::Result<()> {
        let OpenStage { entry, open } = &mut self.stages[number];
        if open.is_empty() {
            return Ok(());
        }
        entry.blocks.push(self.encoder.encode(open, self.written, &mut self.pending));
        open.clear();
        if self.pending.len() > PENDING_LIMIT { self.flush() } else { Ok(()) }
    }

    /// Makes all open rows blocks and gives their memory back.
    fn seal_all(&mut self) -> io::Result<()> {
        for number in 0..self.stages.len() {
            self.seal(number)?;
            self.stages[number].open = Vec::new();
        }
        self.open_rows = 0;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_file().write_all_at(&self.pending, self.written)?;
        self.written += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    /// The directory of what is sealed, by stage.
    fn directory(&self) -> Directory {
        let mut stages: Vec<StageEntry> = self.stages.iter().map(|s| s.entry.clone()).collect();
        stages.sort_unstable_by_key(|stage| stage.id);
        Directory {
            symbols: self.symbols.texts.clone(),
            chunks: self.heap.chunks.clone(),
            stages,
            timeline: None,
        }
    }

    fn copy(&mut self, running: &[Task]) -> io::Result<Pack> {
        self.flush()?;
        let mut rows: BTreeMap<StageAttemptId, (StageEntry, Vec<Row>)> = BTreeMap::new();
        for stage in self.stages.iter().filter(|stage| !stage.open.is_empty()) {
            rows.insert(stage.entry.id, (stage.entry.clone(), stage.open.clone()));
        }
        let mut directory = self.directory();
        for task in running {
            let row = self.row_of(task, 0, 0);
            let (entry, rows) = rows.entry(task.stage).or_insert_with(|| {
                let sealed = directory.stages.iter().find(|stage| stage.id == task.stage);
                (sealed.cloned().unwrap_or_else(|| StageEntry::new(task.stage)), Vec::new())
            });
            entry.count(task, &row);
            rows.push(row);
        }
        directory.symbols.clone_from(&self.symbols.texts);
        let mut tail = Vec::new();
        for (id, (mut entry, rows)) in rows {
            for rows in rows.chunks(BLOCK_ROWS) {
                entry.blocks.push(self.encoder.encode(rows, self.written, &mut tail));
            }
            match directory.stages.binary_search_by_key(&id, |stage| stage.id) {
                Ok(at) => directory.stages[at] = entry,
                Err(at) => directory.stages.insert(at, entry),
            }
        }
        directory.chunks = self.heap.copy(self.written, &mut tail)?;
        let file = self.file.as_file().try_clone()?;
        let source = Source { file, file_len: self.written, tail };
        Ok(Pack::new(self.file.path(), source, directory))
    }
}
