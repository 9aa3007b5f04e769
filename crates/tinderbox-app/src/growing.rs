//! Logs of applications that run: each is read on from where reading stopped, and what was read is answered from
//! memory. Files are written when the application has ended, when its log has been quiet for long, or when this
//! process ends.

use crate::collect::cores;
use crate::opening::OpenLog;
use crate::record::{FIRST, Files};
use crate::{Error, lock};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tinderbox_collect::{EventLog, Follower, LogVersion};
use tinderbox_model::{Application, Bytes, RunId};
use tinderbox_store::Run;
use tinderbox_table::{
    Pack, PackOptions, PackWriter, Place, RowOwner, Table, write_detail, write_tasks,
};

/// The logs that are followed.
#[derive(Debug, Default)]
pub(crate) struct Growing {
    logs: Mutex<HashMap<RunId, Arc<GrowingLog>>>,
}

/// A log that is followed.
#[derive(Debug, Default)]
pub(crate) struct GrowingLog {
    reader: Mutex<Option<LogReader>>,
    view: Mutex<Option<View>>,
}

/// An application as far as its log was read.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// The log when it was read.
    pub log: EventLog,
    /// The run that it makes.
    pub run: Run,
    /// Everything but its tasks.
    pub application: Arc<Application>,
    /// Its tasks, also those that run.
    pub tasks: Arc<Pack>,
}

impl Growing {
    /// Logs that are followed at a time; beyond them a log that grows is read from its beginning each time. Each takes
    /// as much memory as its application, and 2 MiB for its tasks.
    const LIMIT: usize = 100;

    /// What was read of the log that makes this run.
    pub fn view(&self, run: &RunId) -> Option<View> {
        let log = lock(&self.logs).get(run).cloned()?;
        lock(&log.view).clone()
    }

    /// The version that was read last.
    pub fn version(&self, run: &RunId) -> Option<LogVersion> {
        let log = lock(&self.logs).get(run).cloned()?;
        lock(&log.view).as_ref().map(|view| view.log.version)
    }

    /// The log that makes this run, new if it was not followed; `None` when there are too many.
    pub fn follow(&self, run: &RunId) -> Option<Arc<GrowingLog>> {
        let mut logs = lock(&self.logs);
        if !logs.contains_key(run) && logs.len() >= Self::LIMIT {
            return None;
        }
        Some(logs.entry(run.clone()).or_default().clone())
    }

    /// Takes what reads the log, to end it; what was read is answered until [`Self::forget`].
    pub fn take(&self, run: &RunId) -> Option<LogReader> {
        let log = lock(&self.logs).get(run).cloned()?;
        lock(&log.reader).take()
    }

    /// Follows it no more.
    pub fn forget(&self, run: &RunId) {
        lock(&self.logs).remove(run);
    }

    /// All that was read.
    pub fn views(&self) -> Vec<View> {
        let logs: Vec<_> = lock(&self.logs).values().cloned().collect();
        logs.iter().filter_map(|log| lock(&log.view).clone()).collect()
    }
}

impl GrowingLog {
    /// Memory for tasks that do not fill a block.
    const OPEN_ROWS: Bytes = Bytes(2 << 20);

    /// Reads what is new. Blocks.
    ///
    /// # Errors
    /// [`Error::Collect`], [`Error::Table`]; the log is read from its beginning the next time.
    pub fn advance(
        &self,
        log: &EventLog,
        run: &Run,
        root: &std::path::Path,
    ) -> Result<View, Error> {
        let mut kept = lock(&self.reader);
        let reader = match kept.take() {
            Some(reader) if reader.follower.can_follow(log) => reader,
            _ => LogReader::begin(root.to_owned(), run, Self::OPEN_ROWS)?,
        };
        let reader = kept.insert(reader);
        let view = reader.advance(log).and_then(|()| reader.view(log, run));
        match view {
            Ok(view) => {
                *lock(&self.view) = Some(view.clone());
                Ok(view)
            }
            Err(error) => {
                *kept = None;
                Err(error)
            }
        }
    }
}

/// Walk 1 up to the files: log, fold, detail file, task pack and task table.
#[derive(Debug)]
pub(crate) struct LogReader {
    follower: Follower,
    writer: PackWriter,
    root: PathBuf,
    place: Place,
    pack: PathBuf,
}

impl LogReader {
    /// Begins the files of a run in the data directory `root`.
    pub fn begin(root: PathBuf, run: &Run, open_rows_limit: Bytes) -> Result<Self, Error> {
        let place = Place {
            workspace: run.workspace.clone(),
            created: run.created,
            run: run.id.clone(),
            attempt: FIRST,
        };
        let pack = place.new_pack();
        let options = PackOptions { threads: threads(), open_rows_limit };
        let writer = PackWriter::create(&root.join(&pack), options)?;
        Ok(Self { follower: Follower::default(), writer, root, place, pack })
    }

    /// Whether this can go on with the log as it is now.
    pub fn can_follow(&self, log: &EventLog) -> bool {
        self.follower.can_follow(log)
    }

    /// Reads what is new.
    pub fn advance(&mut self, log: &EventLog) -> Result<(), Error> {
        let (follower, writer) = (&mut self.follower, &mut self.writer);
        let mut failed = None;
        let read = follower.advance(log, threads(), &mut |task| {
            if failed.is_none() {
                failed = writer.push(&task).err();
            }
        });
        read.map_err(Error::Collect)?;
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    fn view(&mut self, log: &EventLog, run: &Run) -> Result<View, Error> {
        let tasks = self.writer.snapshot(&self.follower.running_tasks())?;
        let application = Arc::new(self.follower.application());
        Ok(View { log: log.clone(), run: run.clone(), application, tasks: Arc::new(tasks) })
    }

    /// Writes all files, under new names. Whoever waits for `open` is told as soon as the application is complete.
    pub fn finish(
        mut self,
        open: Option<Arc<OpenLog>>,
    ) -> Result<(Arc<Application>, Files), Error> {
        let writer = &mut self.writer;
        let mut failed = None;
        let application = self.follower.finish(&mut |task| {
            if failed.is_none() {
                failed = writer.push(&task).err();
            }
        });
        let application = Arc::new(application);
        if let Some(error) = failed {
            return Err(error.into());
        }
        if let Some(open) = open {
            open.set_folded(application.clone());
        }
        let (root, place, pack) = (self.root, self.place, self.pack);
        let (detail, table) = (place.new_detail(), place.new_table(Table::Tasks));
        let tasks = self.writer.finish()?;
        let owner =
            RowOwner { run: place.run, attempt: FIRST, application: application.id.clone() };
        let written = write_tasks(&root.join(&table), &[(owner, &tasks)])?;
        let pack_bytes = Bytes(tasks.num_bytes());
        let detail_bytes = write_detail(&root.join(&detail), &application)?;
        Ok((application, Files { pack, pack_bytes, table, written, detail, detail_bytes }))
    }
}

fn threads() -> usize {
    usize::try_from(cores()).unwrap_or(1)
}
