//! Writes a data set: groups of blocks are drawn and encoded by several threads and appended in order by the caller's, so that
//! the bytes do not depend on the number of threads.

use crate::block::BLOCK_JOBS;
use crate::error::Error;
use crate::log::{LogForm, Logs};
use crate::plan::Plan;
use crate::rows::{Rows, Totals};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use tinderbox_model::Bytes;
use tinderbox_table::{
    DataSetFile, DataSetFormat, DataSetPart, DataSetSummary, DataSetTable, Encoder, FileStore,
    PartEncoder, WrittenFile, write_summary,
};

/// How a data set is written.
#[derive(Clone, Copy)]
pub struct Output<'a> {
    /// Where the files are made.
    pub store: &'a dyn FileStore,
    /// The form of the files.
    pub format: DataSetFormat,
    /// Threads that draw and encode.
    pub threads: NonZeroUsize,
    /// Whether event logs are written, too, and how.
    pub event_logs: Option<LogForm>,
    /// Whether there may be something: files of the data set are then replaced.
    pub force: bool,
}

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// As the summary's file says.
    pub summary: DataSetSummary,
    /// Names of the files below the folder, and their sizes.
    pub files: Vec<(String, Bytes)>,
    /// Size of all event logs before they were compressed.
    pub event_logs: Option<Bytes>,
}

/// Writes a data set. `progress` is told how many jobs are written, in tables and then in logs, and answers whether
/// to go on.
///
/// The files are at their places when all of them are whole; when anything fails, none is. Holds a few groups of blocks for each
/// thread, whatever the number of jobs.
///
/// # Errors
/// [`Error::NotEmpty`], [`Error::Folder`], [`Error::Table`], [`Error::Stopped`].
pub fn write(
    plan: &Plan,
    output: &Output<'_>,
    mut progress: impl FnMut(u64) -> bool + Send,
) -> Result<Written, Error> {
    let store = output.store;
    let failed = |source| Error::Folder { path: store.place().into(), source };
    if !output.force && !store.is_empty().map_err(failed)? {
        return Err(Error::NotEmpty { path: store.place().into() });
    }
    let mut files = Vec::new();
    let mut encoders = Vec::new();
    for table in DataSetTable::ALL {
        let name = table.file_name(output.format);
        let (file, encoder) = DataSetFile::create(store, &name, table, output.format)?;
        files.push(file);
        encoders.push(encoder);
    }
    let totals = groups(plan, output, &encoders, &mut files, &mut progress)?;
    let logs = match output.event_logs {
        Some(form) => {
            let jobs = plan.order().jobs;
            Some(Logs::write(plan, output, form, &mut |done| progress(jobs + done))?)
        }
        None => None,
    };
    let mut closed: Vec<(String, WrittenFile)> = Vec::new();
    for (table, file) in DataSetTable::ALL.into_iter().zip(files) {
        closed.push((table.file_name(output.format), file.close()?));
    }
    let summary = summary(plan, &totals);
    let name = format!("summary_stats.{}", output.format.extension());
    let file = write_summary(store, &name, output.format, &summary)?;
    closed.push((name, file));
    let event_logs = logs.as_ref().map(|logs| Bytes(logs.num_bytes));
    if let Some(logs) = logs {
        logs.keep()?;
    }
    let files = keep(store, closed)?;
    Ok(Written { summary, files, event_logs })
}

/// Puts files at their places. When one cannot be, those that already are go again.
fn keep(
    store: &dyn FileStore,
    files: Vec<(String, WrittenFile)>,
) -> Result<Vec<(String, Bytes)>, Error> {
    let mut kept: Vec<(String, Bytes)> = Vec::new();
    for (name, file) in files {
        match file.keep() {
            Ok(written) => kept.push((name, written.num_bytes)),
            Err(error) => {
                for (name, _) in kept {
                    // What cannot be removed was there to be replaced.
                    let _ = store.remove(&name);
                }
                return Err(error.into());
            }
        }
    }
    Ok(kept)
}

/// Blocks of one row group of Parquet. Larger ones take memory while they are made, smaller ones until the file is closed:
/// its end says something about each column of each row group.
const GROUP_BLOCKS: u64 = 8;

/// Some blocks as they will lie in the files.
struct Group {
    parts: Vec<DataSetPart>,
    totals: Totals,
}

/// Blocks that are encoded together.
fn group_blocks(format: DataSetFormat) -> u64 {
    match format {
        DataSetFormat::Parquet => GROUP_BLOCKS,
        DataSetFormat::Csv | DataSetFormat::JsonLines => 1,
    }
}

/// What the threads share.
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    group_blocks: u64,
    num_groups: u64,
    /// Groups that may be drawn before the one that is appended next.
    window: u64,
}

struct State {
    /// The next group to draw.
    next: u64,
    /// The next to append.
    wanted: u64,
    ready: BTreeMap<u64, Result<Group, Error>>,
    num_workers: usize,
    stopped: bool,
}

fn groups(
    plan: &Plan,
    output: &Output<'_>,
    encoders: &[Encoder],
    files: &mut [DataSetFile],
    progress: &mut impl FnMut(u64) -> bool,
) -> Result<Totals, Error> {
    let group_blocks = group_blocks(output.format);
    let num_groups = plan.num_blocks().div_ceil(group_blocks);
    let most = usize::try_from(num_groups).unwrap_or(usize::MAX);
    let workers = output.threads.get().min(most).max(1);
    let shared = Shared {
        state: Mutex::new(State {
            next: 0,
            wanted: 0,
            ready: BTreeMap::new(),
            num_workers: workers,
            stopped: false,
        }),
        changed: Condvar::new(),
        group_blocks,
        num_groups,
        window: workers as u64,
    };
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| shared.work(plan, encoders));
        }
        let result = append(&shared, files, progress);
        shared.lock().stopped = true;
        shared.changed.notify_all();
        result
    })
}

fn append(
    shared: &Shared,
    files: &mut [DataSetFile],
    progress: &mut impl FnMut(u64) -> bool,
) -> Result<Totals, Error> {
    let mut totals = Totals::default();
    for wanted in 0..shared.num_groups {
        let group = shared.take(wanted)?;
        for (file, part) in files.iter_mut().zip(group.parts) {
            file.append(part)?;
        }
        totals.add(&group.totals);
        if !progress(u64::try_from(totals.jobs).unwrap_or(0)) {
            return Err(Error::Stopped);
        }
    }
    Ok(totals)
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws groups until there are no more.
    fn work(&self, plan: &Plan, encoders: &[Encoder]) {
        // Also when this thread panics, so that nobody waits for it.
        let _leaving = Leaving(self);
        while let Some(number) = self.next() {
            let group = self.encode(plan, encoders, number);
            self.lock().ready.insert(number, group);
            self.changed.notify_all();
        }
    }

    /// The number of the next group, as soon as it may be drawn.
    fn next(&self) -> Option<u64> {
        let mut state = self.lock();
        loop {
            if state.stopped || state.next >= self.num_groups {
                return None;
            }
            if state.next < state.wanted + self.window {
                state.next += 1;
                return Some(state.next - 1);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for a group.
    fn take(&self, wanted: u64) -> Result<Group, Error> {
        let mut state = self.lock();
        state.wanted = wanted;
        self.changed.notify_all();
        loop {
            if let Some(group) = state.ready.remove(&wanted) {
                state.wanted = wanted + 1;
                self.changed.notify_all();
                return group;
            }
            if state.num_workers == 0 {
                return Err(Error::ThreadDied);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Rows are held for one block at a time.
    fn encode(&self, plan: &Plan, encoders: &[Encoder], number: u64) -> Result<Group, Error> {
        let mut parts = encoders.iter().map(Encoder::begin).collect::<Result<Vec<_>, _>>()?;
        let mut totals = Totals::default();
        let first = number * self.group_blocks;
        for block in first..(first + self.group_blocks).min(plan.num_blocks()) {
            let capacity = BLOCK_JOBS.min(plan.order().jobs);
            let mut rows = Rows::new(plan, usize::try_from(capacity).unwrap_or(0));
            plan.for_each_job(block, |job| rows.add(job));
            let (tables, of_block) = rows.finish();
            totals.add(&of_block);
            for (part, rows) in parts.iter_mut().zip(tables) {
                part.write(rows)?;
            }
        }
        let parts = parts.into_iter().map(PartEncoder::finish).collect::<Result<Vec<_>, _>>()?;
        Ok(Group { parts, totals })
    }
}

struct Leaving<'a>(&'a Shared);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.lock().num_workers -= 1;
        self.0.changed.notify_all();
    }
}

fn summary(plan: &Plan, totals: &Totals) -> DataSetSummary {
    let types = plan.models.job_types.iter().map(|job_type| job_type.name.clone());
    DataSetSummary {
        total_jobs: totals.jobs,
        completed_jobs: totals.completed,
        failed_jobs: totals.failed,
        total_operators: totals.operators,
        total_errors: totals.errors,
        avg_job_duration: crate::job::float(totals.seconds) / crate::job::float(totals.jobs.max(1)),
        total_data_processed_mb: crate::job::float(totals.input_hundredths) / 100.0,
        job_types: types.zip(totals.by_type.iter().copied()).collect(),
        generation_time: plan.order.end,
    }
}
