//! Event logs of the jobs: what Spark would have written had it run them. One application for each job, one Spark job in
//! it, one stage for each operator; tasks divide what their stage has, so that sums are the tables' figures.

mod application;
mod executors;
mod files;
mod lines;
mod sql;
mod streaming;
mod task_events;
mod tasks;

use crate::error::Error;
use crate::job::Job;
use crate::plan::Plan;
use crate::write::Output;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tinderbox_model::Bytes;
use tinderbox_table::NewFolder;

pub use application::write_log;
pub use tinderbox_spark::log::Codec;

/// How event logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogForm {
    /// How they are compressed.
    pub codec: Codec,
    /// Whether a log is a folder of files, and from which size on, before compression, the next file begins.
    pub rolling: Option<Bytes>,
}

/// Name of the folder of the logs.
const FOLDER: &str = "event-logs";

/// Logs that are complete and not yet at their place.
pub(crate) struct Logs<'a> {
    folder: Box<dyn NewFolder + 'a>,
    place: PathBuf,
    pub(crate) num_bytes: u64,
}

impl<'a> Logs<'a> {
    /// Writes the logs of all jobs. `progress` is told how many are written, and answers whether to go on.
    pub(crate) fn write(
        plan: &Plan,
        output: &Output<'a>,
        form: LogForm,
        progress: &mut (impl FnMut(u64) -> bool + Send),
    ) -> Result<Self, Error> {
        let place = PathBuf::from(output.store.place()).join(FOLDER);
        let failed = |source| Error::Folder { path: place.clone(), source };
        let folder = output.store.folder(FOLDER).map_err(failed)?;
        let work = Work {
            plan,
            folder: folder.as_ref(),
            form,
            num_bytes: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            progress: Mutex::new((0, progress)),
        };
        let workers = u64::try_from(output.threads.get()).unwrap_or(1).min(plan.order().jobs);
        let results: Vec<_> = std::thread::scope(|scope| {
            let work = &work;
            let threads: Vec<_> =
                (0..workers).map(|worker| scope.spawn(move || work.run(worker, workers))).collect();
            threads.into_iter().map(|t| t.join().unwrap_or(Err(Error::ThreadDied))).collect()
        });
        // Of several failures the one that says why, not that others stopped for it.
        let mut stopped = false;
        for result in results {
            match result {
                Err(Error::Stopped) => stopped = true,
                other => other?,
            }
        }
        if stopped {
            return Err(Error::Stopped);
        }
        let num_bytes = work.num_bytes.load(Ordering::Relaxed);
        Ok(Self { folder, place, num_bytes })
    }

    /// Puts the folder at its place, and removes one that was there.
    pub(crate) fn keep(self) -> Result<(), Error> {
        let Self { folder, place, .. } = self;
        folder.keep().map_err(|source| Error::Folder { path: place, source })
    }
}

struct Work<'a, P> {
    plan: &'a Plan,
    folder: &'a dyn NewFolder,
    form: LogForm,
    num_bytes: AtomicU64,
    stopped: AtomicBool,
    progress: Mutex<(u64, &'a mut P)>,
}

impl<P: FnMut(u64) -> bool> Work<'_, P> {
    /// Every thread draws all jobs, which is cheap, and writes each `of`-th.
    fn run(&self, worker: u64, of: u64) -> Result<(), Error> {
        let mut result = Ok(());
        for block in 0..self.plan.num_blocks() {
            self.plan.for_each_job(block, |job| {
                if job.index % of == worker && result.is_ok() {
                    result = self.log(job);
                }
            });
            if result.is_err() {
                self.stopped.store(true, Ordering::Relaxed);
                return result;
            }
        }
        Ok(())
    }

    fn log(&self, job: &Job) -> Result<(), Error> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        let num_bytes = files::write(self.plan, job, self.folder, self.form)?;
        self.num_bytes.fetch_add(num_bytes, Ordering::Relaxed);
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.0 += 1;
        let done = progress.0;
        if (progress.1)(done) { Ok(()) } else { Err(Error::Stopped) }
    }
}
