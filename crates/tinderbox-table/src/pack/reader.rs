use super::bytes::malformed;
use super::columns::{
    ACCUMULABLES, ATTEMPT, DURATION, ERROR, EXECUTOR, FLAG_FINISHED, FLAG_GETTING_RESULT,
    FLAG_METRICS, FLAG_SPECULATIVE, FLAGS, GETTING_RESULT, HOST, ID, ID_LESS_INDEX,
    INDEX_LESS_PARTITION, LAUNCH, LOCALITY, Row, metrics_of, status_code, status_of,
};
use super::directory::{Directory, PACK_VERSION, StageEntry};
use super::heap::HeapReader;
use super::order::Order;
use super::rows::RowReader;
use super::source::Source;
use crate::error::Error;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tinderbox_model::{
    ExecutorId, SharedText, StageAttemptId, Task, TaskId, TaskStatus, TimestampMs,
};

/// The tasks of one attempt, for random access.
///
/// Reads by position what a question needs and keeps nothing but the directory, so that any number of threads may
/// ask at a time. Everything that is read has a checksum: damage gives [`Error::Damaged`] as soon as a question meets
/// it.
#[derive(Debug)]
pub struct Pack {
    path: PathBuf,
    pub(super) source: Source,
    pub(super) directory: Directory,
}

/// A stage attempt of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackStage {
    /// Which.
    pub id: StageAttemptId,
    /// Its tasks.
    pub num_tasks: u64,
    /// Its successes with metrics: what Spark's quantiles count.
    pub num_measured: u64,
    counts: [u64; 5],
}

impl PackStage {
    /// How many of its tasks have this status.
    pub fn count(&self, status: TaskStatus) -> u64 {
        usize::try_from(status_code(status)).map_or(0, |code| self.counts[code])
    }

    fn of(entry: &StageEntry) -> Self {
        let (id, counts) = (entry.id, entry.counts);
        Self { id, num_tasks: entry.rows, num_measured: entry.measured, counts }
    }
}

pub(super) const WHAT: &str = "task pack of Tinderbox";

impl Pack {
    /// Opens a pack: reads its directory.
    ///
    /// # Errors
    /// [`Error::Open`]; [`Error::NewerVersion`]; [`Error::Damaged`] when the file is cut short, is something else, or
    /// its directory does not match its checksum.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (file_len, file) =
            opened.map_err(|source| Error::Open { path: path.to_owned(), source })?;
        let source = Source { file, file_len, tail: Vec::new() };
        let damaged = |e: io::Error| Error::damaged(path, WHAT, e);
        let found = Directory::version(&source).map_err(damaged)?;
        if found > PACK_VERSION {
            return Err(Error::NewerVersion {
                path: path.to_owned(),
                found,
                supported: PACK_VERSION,
            });
        }
        let directory = Directory::read(&source).map_err(damaged)?;
        Ok(Self::new(path, source, directory))
    }

    pub(super) fn new(path: &Path, source: Source, directory: Directory) -> Self {
        Self { path: path.to_owned(), source, directory }
    }

    /// Where it lies; a snapshot's lies there when it is finished.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Size in bytes.
    pub fn num_bytes(&self) -> u64 {
        self.source.len()
    }

    /// All tasks.
    pub fn num_tasks(&self) -> u64 {
        self.directory.stages.iter().map(|stage| stage.rows).sum()
    }

    /// Stage attempts by id.
    pub fn stages(&self) -> impl Iterator<Item = PackStage> {
        self.directory.stages.iter().map(PackStage::of)
    }

    /// A stage attempt with its tasks by status; `None` when it has no tasks.
    pub fn counts(&self, stage: StageAttemptId) -> Option<PackStage> {
        self.entry(stage).map(PackStage::of)
    }

    /// Hands the tasks of a stage to `each`, by id. Holds about 4 MB of them at a time.
    ///
    /// # Errors
    /// [`Error::Damaged`]; some tasks may have been handed over before.
    pub fn scan(&self, stage: StageAttemptId, mut each: impl FnMut(Task)) -> Result<(), Error> {
        let Some(entry) = self.entry(stage) else { return Ok(()) };
        self.scan_stage(entry, &mut each).map_err(|e| self.damaged(e))
    }

    /// Hands all tasks to `each`, by stage attempt and id.
    ///
    /// # Errors
    /// As [`Self::scan`].
    pub fn for_each(&self, mut each: impl FnMut(Task)) -> Result<(), Error> {
        for entry in &self.directory.stages {
            self.scan_stage(entry, &mut each).map_err(|e| self.damaged(e))?;
        }
        Ok(())
    }

    pub(super) fn entry(&self, stage: StageAttemptId) -> Option<&StageEntry> {
        let at = self.directory.stages.binary_search_by_key(&stage, |entry| entry.id).ok()?;
        self.directory.stages.get(at)
    }

    pub(super) fn damaged(&self, source: io::Error) -> Error {
        Error::damaged(&self.path, WHAT, source)
    }

    fn scan_stage(&self, entry: &StageEntry, each: &mut impl FnMut(Task)) -> io::Result<()> {
        let mut order = Order::by_id(&self.source, entry)?;
        let mut rows = RowReader::new(&self.source, entry);
        let mut tasks = TaskReader::new(self);
        for rank in 0..entry.rows {
            let row = rows.row(order.row(&self.source, rank)?)?;
            each(tasks.task(entry.id, row)?);
        }
        Ok(())
    }
}

/// Makes tasks of rows.
pub(super) struct TaskReader<'a> {
    pack: &'a Pack,
    heap: HeapReader,
}

impl<'a> TaskReader<'a> {
    pub(super) fn new(pack: &'a Pack) -> Self {
        Self { pack, heap: HeapReader::default() }
    }

    pub(super) fn task(&mut self, stage: StageAttemptId, row: &Row) -> io::Result<Task> {
        let Pack { source, directory, .. } = self.pack;
        let flags = row[FLAGS];
        let index = row[ID].wrapping_sub(row[ID_LESS_INDEX]);
        let time = |flag: i64, column: usize| {
            let time = TimestampMs(row[LAUNCH].wrapping_add(row[column]));
            (flags & flag != 0).then_some(time)
        };
        let error_message = match row[ERROR] {
            0 => None,
            reference => Some(self.heap.text(source, &directory.chunks, reference)?.to_owned()),
        };
        let accumulables = match row[ACCUMULABLES] {
            0 => Vec::new(),
            reference => {
                let json = self.heap.bytes(source, &directory.chunks, reference)?;
                serde_json::from_slice(json)?
            }
        };
        Ok(Task {
            id: TaskId(row[ID]),
            stage,
            index,
            attempt: row[ATTEMPT],
            partition: index.wrapping_sub(row[INDEX_LESS_PARTITION]),
            launch_time: TimestampMs(row[LAUNCH]),
            finish_time: time(FLAG_FINISHED, DURATION),
            getting_result_time: time(FLAG_GETTING_RESULT, GETTING_RESULT),
            executor: ExecutorId::new(self.symbol(row[EXECUTOR])?),
            host: SharedText::new(self.symbol(row[HOST])?),
            locality: SharedText::new(self.symbol(row[LOCALITY])?),
            speculative: flags & FLAG_SPECULATIVE != 0,
            status: status_of(flags).ok_or_else(|| malformed("unknown status"))?,
            error_message,
            metrics: (flags & FLAG_METRICS != 0).then(|| metrics_of(row)),
            accumulables,
        })
    }

    fn symbol(&self, number: i64) -> io::Result<Arc<str>> {
        let symbol =
            usize::try_from(number).ok().and_then(|at| self.pack.directory.symbols.get(at));
        symbol.cloned().ok_or_else(|| malformed("an executor or host is missing"))
    }
}
