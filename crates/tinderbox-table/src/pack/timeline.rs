//! When executors were busy: counts per executor and bucket of time, at every power of two of milliseconds that shows
//! the application in at most 4,096 buckets, up to one (or two, where it lies across a border).
//!
//! Buckets begin at multiples of their width since 1970, so that they are the same for every range that is asked for.

use super::array::Array;
use super::bytes::{Cursor, malformed, put, put_signed};
use super::columns::{DURATION, EXECUTOR, FLAG_FINISHED, FLAGS, LAUNCH, STATUS_MASK, status_code};
use super::directory::Directory;
use super::index::Output;
use super::reader::Pack;
use super::scan::Scan;
use super::source::Source;
use crate::error::Error;
use std::io;
use tinderbox_model::{StageAttemptId, TaskStatus, TimestampMs};

const MAX_BUCKETS: u64 = 4_096;
/// Executors beyond it share a lane.
const MAX_LANES: usize = 1_000;
/// Most cells of the finest level; each takes 48 bytes while it is built. With more than 512 executors the finest
/// level has fewer buckets.
const MAX_CELLS: u64 = 1 << 21;

/// What a timeline can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimelineExtent {
    /// The first launch.
    pub start: TimestampMs,
    /// The last end.
    pub end: TimestampMs,
    /// Buckets of this level are 2^level milliseconds wide; there are no narrower ones.
    pub finest_level: u8,
    /// There are no wider ones.
    pub coarsest_level: u8,
}

/// Cells of a timeline: all buckets of the first lane, then all of the second, and so on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline {
    /// Buckets are 2^level milliseconds wide.
    pub level: u8,
    /// Where the first bucket begins.
    pub start: TimestampMs,
    /// Buckets of each lane.
    pub num_buckets: usize,
    /// Executors, the driver last; `None` is the lane that all beyond a thousand share.
    pub lanes: Vec<Option<String>>,
    /// Milliseconds of tasks in the bucket: those of tasks that ran side by side add up. Tasks that have not ended are
    /// not in it.
    pub busy_ms: Vec<u64>,
    /// Tasks launched in the bucket.
    pub launched: Vec<u64>,
    /// Tasks that ended in it, failed ones too.
    pub ended: Vec<u64>,
    /// Tasks that failed in it.
    pub failed: Vec<u64>,
    /// The stage attempt with the most busy time in the bucket; beyond the finest level, of those that have the most
    /// in one of its parts.
    pub stages: Vec<Option<StageAttemptId>>,
}

/// What the writer notes of every task.
#[derive(Debug, Clone, Default)]
pub(super) struct Span {
    times: Option<(i64, i64)>,
    /// Whether a symbol is an executor.
    executors: Vec<bool>,
}

impl Span {
    pub(super) fn add(&mut self, launch: i64, finish: Option<i64>, executor: i64) {
        let finish = finish.unwrap_or(launch);
        let (start, end) = self.times.unwrap_or((launch, launch));
        self.times = Some((start.min(launch).min(finish), end.max(launch).max(finish)));
        let symbol = usize::try_from(executor).unwrap_or(0);
        if symbol >= self.executors.len() {
            self.executors.resize(symbol + 1, false);
        }
        self.executors[symbol] = true;
    }
}

/// Where the timeline lies.
#[derive(Debug, Clone)]
pub(super) struct TimelineEntry {
    start: i64,
    end: i64,
    finest: u8,
    /// Symbols of executors.
    lanes: Vec<i64>,
    /// Whether a lane follows for the others.
    has_others: bool,
    /// Busy, launched, ended, failed and stage (its number from 1), by level.
    levels: Vec<[Array; 5]>,
}

impl TimelineEntry {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_signed(out, self.start);
        put_signed(out, self.end);
        out.push(self.finest);
        put(out, self.lanes.len() as u64);
        for lane in &self.lanes {
            put_signed(out, *lane);
        }
        out.push(u8::from(self.has_others));
        put(out, self.levels.len() as u64);
        for array in self.levels.iter().flatten() {
            array.put(out);
        }
    }

    pub(super) fn parse(cursor: &mut Cursor<'_>) -> io::Result<Self> {
        let (start, end, finest) = (cursor.signed()?, cursor.signed()?, cursor.byte()?);
        let mut entry =
            Self { start, end, finest, lanes: vec![], has_others: false, levels: vec![] };
        for _ in 0..cursor.count()? {
            entry.lanes.push(cursor.signed()?);
        }
        entry.has_others = cursor.flag()?;
        let num_levels = cursor.count()?;
        if entry.lanes.len() > MAX_LANES || num_levels == 0 || num_levels + usize::from(finest) > 64
        {
            return Err(malformed("the timeline is too large"));
        }
        for level in (finest..).take(num_levels) {
            let mut columns = [Array::Constant { value: 0, count: 0 }; 5];
            for column in &mut columns {
                *column = Array::parse(cursor)?;
            }
            let cells = buckets(start, end, level).saturating_mul(entry.num_lanes());
            if cells > MAX_CELLS || columns.iter().any(|column| column.len() != cells) {
                return Err(malformed("the timeline has another length"));
            }
            entry.levels.push(columns);
        }
        Ok(entry)
    }

    fn num_lanes(&self) -> u64 {
        self.lanes.len() as u64 + u64::from(self.has_others)
    }
}

/// How many buckets of a level a range touches.
fn buckets(start: i64, end: i64, level: u8) -> u64 {
    (end >> level).wrapping_sub(start >> level).cast_unsigned().saturating_add(1)
}

#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    busy: u64,
    launched: u32,
    ended: u32,
    failed: u32,
    /// The stage with the most busy time, from 1.
    stage: u32,
    busy_of_stage: u64,
}

/// Time of the tasks of one stage in a bucket: parts of it, and how many more tasks cover all of it from here on.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    busy: i64,
    covering: i64,
}

/// Builds the timeline and appends it to the output. `None` when there are no tasks.
pub(super) fn build(
    source: &Source,
    directory: &Directory,
    span: &Span,
    output: &Output<'_>,
) -> io::Result<Option<TimelineEntry>> {
    let Some((start, end)) = span.times else { return Ok(None) };
    let symbols = span.executors.iter().zip(0_i64..).filter(|(is, _)| **is).map(|(_, at)| at);
    let mut lanes: Vec<i64> = symbols.collect();
    let text = |symbol: i64| &*directory.symbols[usize::try_from(symbol).unwrap_or(0)];
    // By number; what is none, such as the driver, last.
    lanes.sort_by_key(|symbol| (text(*symbol).parse().unwrap_or(u64::MAX), text(*symbol)));
    let has_others = lanes.len() > MAX_LANES;
    // Lane by symbol; the lane of the others for the rest.
    lanes.truncate(MAX_LANES);
    let mut lane_of = vec![lanes.len(); span.executors.len()];
    for (lane, symbol) in lanes.iter().enumerate() {
        lane_of[usize::try_from(*symbol).unwrap_or(0)] = lane;
    }
    let num_lanes = lanes.len() as u64 + u64::from(has_others);
    let limit = MAX_BUCKETS.min(MAX_CELLS / num_lanes);
    let mut finest = 0;
    while buckets(start, end, finest) > limit {
        finest += 1;
    }
    let mut builder = Builder::new(start, end, finest, lane_of, num_lanes);
    for (stage, number) in directory.stages.iter().zip(1..) {
        Scan::new(source).columns(stage, &[FLAGS, LAUNCH, DURATION, EXECUTOR], |values| {
            let [flags, launches, durations, executors] = values else { return };
            let times = launches.iter().zip(durations);
            for ((flags, (launch, duration)), executor) in flags.iter().zip(times).zip(executors) {
                builder.add([*flags, *launch, *duration, *executor]);
            }
        })?;
        builder.end_stage(number);
    }
    let mut entry = TimelineEntry { start, end, finest, lanes, has_others, levels: Vec::new() };
    let mut cells = builder.cells;
    for level in finest.. {
        entry.levels.push(write(&cells, output)?);
        // As many as the level has, at least one per lane.
        let num_buckets = buckets(start, end, level);
        if num_buckets <= 2 || level == 63 {
            break;
        }
        let odd = start >> level & 1 == 1;
        let next = usize::try_from(buckets(start, end, level + 1)).unwrap_or(0);
        cells = coarser(&cells, usize::try_from(num_buckets).unwrap_or(1), odd, next);
    }
    Ok(Some(entry))
}

struct Builder {
    finest: u8,
    first_bucket: i64,
    num_buckets: usize,
    lane_of: Vec<usize>,
    cells: Vec<Cell>,
    parts: Vec<Part>,
    /// The buckets that the stage touches in each lane.
    touched: Vec<Option<(usize, usize)>>,
}

impl Builder {
    fn new(start: i64, end: i64, finest: u8, lane_of: Vec<usize>, num_lanes: u64) -> Self {
        let num_buckets = usize::try_from(buckets(start, end, finest)).unwrap_or(1);
        let num_lanes = usize::try_from(num_lanes).unwrap_or(1);
        let num_cells = num_buckets * num_lanes;
        Self {
            finest,
            first_bucket: start >> finest,
            num_buckets,
            lane_of,
            cells: vec![Cell::default(); num_cells],
            parts: vec![Part::default(); num_cells],
            touched: vec![None; num_lanes],
        }
    }

    fn add(&mut self, [flags, launch, duration, executor]: [i64; 4]) {
        let lane = usize::try_from(executor).ok().and_then(|symbol| self.lane_of.get(symbol));
        let lane = lane.copied().unwrap_or(0);
        let base = lane * self.num_buckets;
        let bucket = |time: i64| {
            let bucket = (time >> self.finest).wrapping_sub(self.first_bucket);
            usize::try_from(bucket).unwrap_or(0).min(self.num_buckets - 1)
        };
        let first = bucket(launch);
        self.cells[base + first].launched += 1;
        if flags & FLAG_FINISHED == 0 {
            return;
        }
        let finish = launch.wrapping_add(duration);
        let last = bucket(finish);
        let cell = &mut self.cells[base + last];
        cell.ended += 1;
        cell.failed += u32::from(flags & STATUS_MASK == status_code(TaskStatus::Failed));
        if finish <= launch {
            return;
        }
        let width = 1_i64 << self.finest;
        if first == last {
            let part = &mut self.parts[base + first];
            part.busy = part.busy.saturating_add(finish - launch);
        } else {
            let part = &mut self.parts[base + first];
            part.busy = part.busy.saturating_add(width - (launch & (width - 1)));
            self.parts[base + first + 1].covering += 1;
            let part = &mut self.parts[base + last];
            part.busy = part.busy.saturating_add(finish & (width - 1));
            part.covering -= 1;
        }
        let touched = self.touched[lane].unwrap_or((first, last));
        self.touched[lane] = Some((touched.0.min(first), touched.1.max(last)));
    }

    fn end_stage(&mut self, stage: u32) {
        let width = 1_i64 << self.finest;
        for (lane, touched) in self.touched.iter_mut().enumerate() {
            let Some((first, last)) = touched.take() else { continue };
            let base = lane * self.num_buckets;
            let mut covering: i64 = 0;
            for at in base + first..=base + last {
                let part = std::mem::take(&mut self.parts[at]);
                covering += part.covering;
                let busy = part.busy.saturating_add(covering.saturating_mul(width));
                let busy = busy.max(0).cast_unsigned();
                let cell = &mut self.cells[at];
                cell.busy = cell.busy.saturating_add(busy);
                if busy > cell.busy_of_stage {
                    (cell.stage, cell.busy_of_stage) = (stage, busy);
                }
            }
        }
    }
}

/// The cells of the next level. `odd` says that the first bucket is the second half of one there.
fn coarser(cells: &[Cell], num_buckets: usize, odd: bool, next: usize) -> Vec<Cell> {
    let mut coarse = Vec::with_capacity(cells.len() / num_buckets * next);
    for lane in cells.chunks_exact(num_buckets) {
        let base = coarse.len();
        coarse.resize(base + next, Cell::default());
        for (at, cell) in lane.iter().enumerate() {
            let into: &mut Cell = &mut coarse[base + (at + usize::from(odd)) / 2];
            into.busy = into.busy.saturating_add(cell.busy);
            into.launched += cell.launched;
            into.ended += cell.ended;
            into.failed += cell.failed;
            if into.stage == cell.stage {
                into.busy_of_stage = into.busy_of_stage.saturating_add(cell.busy_of_stage);
            } else if cell.busy_of_stage > into.busy_of_stage {
                (into.stage, into.busy_of_stage) = (cell.stage, cell.busy_of_stage);
            }
        }
    }
    coarse
}

fn write(cells: &[Cell], output: &Output<'_>) -> io::Result<[Array; 5]> {
    let column = |get: fn(&Cell) -> u64| {
        let values: Vec<i64> = cells.iter().map(|cell| get(cell).cast_signed()).collect();
        output.write(&values)
    };
    Ok([
        column(|cell| cell.busy)?,
        column(|cell| cell.launched.into())?,
        column(|cell| cell.ended.into())?,
        column(|cell| cell.failed.into())?,
        column(|cell| cell.stage.into())?,
    ])
}

impl Pack {
    /// What [`Self::timeline`] can show; `None` without tasks, and of a snapshot.
    pub fn timeline_extent(&self) -> Option<TimelineExtent> {
        let entry = self.directory.timeline.as_ref()?;
        let num_levels = u8::try_from(entry.levels.len()).unwrap_or(1);
        Some(TimelineExtent {
            start: TimestampMs(entry.start),
            end: TimestampMs(entry.end),
            finest_level: entry.finest,
            coarsest_level: entry.finest + num_levels - 1,
        })
    }

    /// The buckets that the time from `from` to before `to` touches, at 2^`level` milliseconds or the nearest width that
    /// there is. Nothing where [`Self::timeline_extent`] has nothing.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn timeline(
        &self,
        from: TimestampMs,
        to: TimestampMs,
        level: u8,
    ) -> Result<Timeline, Error> {
        self.read_timeline(from.0, to.0, level).map_err(|e| self.damaged(e))
    }

    fn read_timeline(&self, from: i64, to: i64, level: u8) -> io::Result<Timeline> {
        let (Some(entry), Some(extent)) = (&self.directory.timeline, self.timeline_extent()) else {
            return Ok(Timeline::default());
        };
        let level = level.clamp(extent.finest_level, extent.coarsest_level);
        let first = (from >> level).max(entry.start >> level);
        let last = (to.saturating_sub(1) >> level).min(entry.end >> level);
        let mut lanes = Vec::with_capacity(entry.lanes.len() + 1);
        for symbol in &entry.lanes {
            let text = usize::try_from(*symbol).ok().and_then(|at| self.directory.symbols.get(at));
            let text = text.ok_or_else(|| malformed("an executor is missing"))?;
            lanes.push(Some(text.to_string()));
        }
        if entry.has_others {
            lanes.push(None);
        }
        let mut timeline =
            Timeline { level, start: TimestampMs(first << level), lanes, ..Timeline::default() };
        if from >= to || first > last {
            return Ok(timeline);
        }
        let skipped = first.wrapping_sub(entry.start >> level).cast_unsigned();
        let num_buckets = last.wrapping_sub(first).cast_unsigned() + 1;
        timeline.num_buckets = usize::try_from(num_buckets).unwrap_or(0);
        let of_lane = buckets(entry.start, entry.end, level);
        let columns = entry.levels[usize::from(level - entry.finest)];
        let [busy, launched, ended, failed, stages] = columns.map(|column| {
            let mut reader = column.reader();
            let mut values = Vec::new();
            for lane in 0..entry.num_lanes() {
                let start = lane * of_lane + skipped;
                for at in start..start + num_buckets {
                    values.push(reader.get(&self.source, at)?.cast_unsigned());
                }
            }
            io::Result::Ok(values)
        });
        (timeline.busy_ms, timeline.launched) = (busy?, launched?);
        (timeline.ended, timeline.failed) = (ended?, failed?);
        let stage = |number: u64| match usize::try_from(number).ok()?.checked_sub(1) {
            None => None,
            Some(at) => self.directory.stages.get(at).map(|stage| stage.id),
        };
        timeline.stages = stages?.into_iter().map(stage).collect();
        Ok(timeline)
    }
}
