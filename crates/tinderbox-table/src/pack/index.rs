//! The indexes of stages with many tasks and the timeline, built when all rows are there.

use super::array::{Array, ArrayReader};
use super::block::Block;
use super::bytes::malformed;
use super::columns::{FLAGS, ID, PackMetric};
use super::directory::{Directory, StageEntry, StageIndex};
use super::heads;
use super::key::Key;
use super::order::Order;
use super::quantiles::{self, USUAL, UsualPlace, positions, values_of};
use super::radix;
use super::scan::Scan;
use super::source::Source;
use super::timeline::{self, Span};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

/// Stages with fewer tasks are answered from four blocks at most: nothing is gained by an index.
pub(super) const MIN_INDEXED_ROWS: u64 = 1_025;

/// Appends the indexes to `file`, whose blocks end at `end`. Answers where the indexes end.
///
/// A thread holds three copies of one column of a stage at a time.
pub(super) fn build(
    file: &File,
    end: u64,
    directory: &mut Directory,
    span: &Span,
    threads: usize,
) -> io::Result<u64> {
    let indexed: Vec<usize> = (0..directory.stages.len())
        .filter(|at| directory.stages[*at].rows >= MIN_INDEXED_ROWS)
        .collect();
    let output = Output { file, end: AtomicU64::new(end) };
    let source = Source { file: file.try_clone()?, file_len: end, tail: Vec::new() };
    let stages = &directory.stages;
    // The order by run time needs the order by id, and all are faster with the heads.
    let first = in_parallel(threads, indexed.len(), |job| {
        let stage = &stages[indexed[job]];
        let flags = output.write(&Scan::new(&source).column(stage, FLAGS)?)?;
        let heads = heads(&source, stage, &output)?;
        Ok((heads, flags, order_by_id(&source, stage, &output)?))
    })?;
    for (at, (heads, flags, by_id)) in indexed.iter().zip(first) {
        let index = StageIndex { heads, flags, by_id, by_run_time: EMPTY, sorted: Vec::new() };
        directory.stages[*at].index = Some(index);
    }
    let stages = &directory.stages;

    let ends = output.end.load(Ordering::Relaxed);
    let source = Source { file: file.try_clone()?, file_len: ends, tail: Vec::new() };
    let per_stage = PackMetric::ALL.len() + 1;
    let arrays = in_parallel(threads, indexed.len() * per_stage, |job| {
        let (stage, metric) = (job / per_stage, job % per_stage);
        let entry = &stages[indexed[stage]];
        match PackMetric::ALL.get(metric) {
            Some(metric) => sorted(&source, entry, *metric, &output),
            None => Ok((order_by_run_time(&source, entry, &output)?, Vec::new())),
        }
    })?;

    let mut arrays = arrays.into_iter();
    for at in indexed {
        let stage = &mut directory.stages[at];
        if let Some(index) = &mut stage.index {
            let (sorted, usual): (Vec<_>, Vec<_>) =
                arrays.by_ref().take(PackMetric::ALL.len()).unzip();
            stage.usual = Some(output.table(&quantiles::encode(&usual))?);
            index.sorted = sorted;
            index.by_run_time = arrays.next().map_or(EMPTY, |(array, _)| array);
        }
    }
    let stages = &directory.stages;
    let small: Vec<usize> = (0..stages.len())
        .filter(|at| stages[*at].index.is_none() && stages[*at].rows >= quantiles::MIN_ROWS)
        .collect();
    let tables = in_parallel(threads, small.len(), |job| {
        output.table(&quantiles::table_of_rows(&source, &stages[small[job]])?)
    })?;
    for (at, table) in small.into_iter().zip(tables) {
        directory.stages[at].usual = Some(table);
    }
    directory.timeline = timeline::build(&source, directory, span, &output)?;
    Ok(output.end.load(Ordering::Relaxed))
}

const EMPTY: Array = Array::Constant { value: 0, count: 0 };

/// The file from its end on.
pub(super) struct Output<'a> {
    file: &'a File,
    end: AtomicU64,
}

impl Output<'_> {
    pub(super) fn write(&self, values: &[i64]) -> io::Result<Array> {
        let count = values.len() as u64;
        let Some(bytes) = Array::encode(values) else {
            return Ok(Array::Constant { value: values.first().copied().unwrap_or(0), count });
        };
        Ok(Array::Packed { offset: self.append(&bytes)?, count })
    }

    fn table(&self, bytes: &[u8]) -> io::Result<UsualPlace> {
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Ok(UsualPlace { offset: self.append(bytes)?, len })
    }

    fn append(&self, bytes: &[u8]) -> io::Result<u64> {
        let offset = self.end.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.file.write_all_at(bytes, offset)?;
        Ok(offset)
    }
}

/// Answers what `job` makes of every number below `count`.
fn in_parallel<T: Send>(
    threads: usize,
    count: usize,
    job: impl Fn(usize) -> io::Result<T> + Sync,
) -> io::Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(count));
    let work = || -> io::Result<()> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(());
            }
            let made = job(number);
            if made.is_err() {
                // The others stop too.
                next.store(count, Ordering::Relaxed);
            }
            let made = made?;
            if let Ok(mut done) = done.lock() {
                done.push((number, made));
            }
        }
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(count)).map(|_| scope.spawn(work)).collect();
        let mut result = work();
        for other in others {
            let joined =
                other.join().unwrap_or_else(|_| Err(io::Error::other("a thread panicked")));
            result = result.and(joined);
        }
        result
    })?;
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_unstable_by_key(|(number, _)| *number);
    Ok(done.into_iter().map(|(_, made)| made).collect())
}

fn heads(source: &Source, stage: &StageEntry, output: &Output<'_>) -> io::Result<u64> {
    let mut block = Block::new();
    let mut columns = Vec::with_capacity(stage.blocks.len());
    for place in &stage.blocks {
        block.open(source, *place)?;
        columns.push(block.columns);
    }
    output.append(&heads::encode(&columns))
}

/// `None` when rows lie in that order.
fn order_by_id(
    source: &Source,
    stage: &StageEntry,
    output: &Output<'_>,
) -> io::Result<Option<Array>> {
    let ids = Scan::new(source).column(stage, ID)?;
    if ids.is_sorted() {
        return Ok(None);
    }
    // A row is near its rank, and the difference takes few bits.
    let order = radix::order(&ids).into_iter().zip(0_i64..);
    let differences: Vec<i64> = order.map(|(row, rank)| i64::from(row) - rank).collect();
    output.write(&differences).map(Some)
}

/// The figures that quantiles see, in the order of rows; of some rows only, if `kept` says so.
pub(super) fn figures(
    source: &Source,
    stage: &StageEntry,
    metric: PackMetric,
    kept: Option<&[bool]>,
) -> io::Result<Vec<i64>> {
    let key = Key::of(metric);
    let mut figures = Vec::with_capacity(usize::try_from(stage.rows).unwrap_or(0));
    let mut row = 0;
    Scan::new(source).columns(stage, key.columns(), |columns| {
        for at in 0..columns[0].len() {
            let figure = key.at(columns, at);
            if figure >= 0 && kept.is_none_or(|kept| kept[row]) {
                figures.push(figure);
            }
            row += 1;
        }
    })?;
    Ok(figures)
}

/// The sorted values, and those at the usual quantiles.
fn sorted(
    source: &Source,
    stage: &StageEntry,
    metric: PackMetric,
    output: &Output<'_>,
) -> io::Result<(Array, Vec<i64>)> {
    let mut values = figures(source, stage, metric, None)?;
    radix::sort_values(&mut values);
    let usual = values_of(&values, &positions(&USUAL, stage.measured));
    Ok((output.write(&values)?, usual))
}

fn order_by_run_time(
    source: &Source,
    stage: &StageEntry,
    output: &Output<'_>,
) -> io::Result<Array> {
    let key = Key::of(PackMetric::ExecutorRunTime);
    let mut keys = Vec::with_capacity(usize::try_from(stage.rows).unwrap_or(0));
    Scan::new(source).columns(stage, key.columns(), |columns| {
        keys.extend((0..columns[0].len()).map(|at| key.at(columns, at)));
    })?;
    if let Some(rows) = Order::by_id(source, stage)?.all(source, stage.rows)? {
        keys = rows.into_iter().map(|row| keys[row as usize]).collect();
    }
    let order: Vec<i64> = radix::order(&keys).into_iter().map(i64::from).collect();
    output.write(&order)
}

/// The row whose id has the given rank.
pub(super) fn row_of(
    source: &Source,
    by_id: &mut ArrayReader,
    rank: u64,
    rows: u64,
) -> io::Result<usize> {
    let row = rank.checked_add_signed(by_id.get(source, rank)?);
    row.filter(|row| *row < rows)
        .and_then(|row| usize::try_from(row).ok())
        .ok_or_else(|| malformed("an index leads beyond its stage"))
}
