//! Pages of tasks: which rows, then what is in them.

use super::array::Array;
use super::bytes::malformed;
use super::columns::{FLAGS, PackMetric, STATUS_MASK, status_code};
use super::directory::StageEntry;
use super::index::figures;
use super::order::Order;
use super::query::{Direction, PackPage, PackQuery, PackSort};
use super::radix;
use super::reader::{Pack, TaskReader, positions, values_of};
use super::rows::RowReader;
use super::scan::Scan;
use super::select::select;
use super::sort::Sorter;
use crate::error::Error;
use std::io;
use std::ops::Range;
use tinderbox_model::{StageAttemptId, Task, TaskStatus};

/// The number of a stage in a list, and a row of it.
type RowPlace = (usize, usize);
/// The same for very many of them.
type NarrowPlace = (u32, u32);
/// Keys of tasks by stage and id, and where the tasks are.
type Keys = (Vec<i64>, Vec<NarrowPlace>);

impl Pack {
    /// Answers a page of tasks.
    ///
    /// By id, and by run time within a stage, it reads what is on the page (and the status of all tasks when only some
    /// are wanted). By anything else it reads the columns that decide and holds 16 bytes a task meanwhile.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn page(&self, query: &PackQuery) -> Result<PackPage, Error> {
        self.find(query).map_err(|e| self.damaged(e))
    }

    /// As [`Pack::quantiles_of`], of the `newest` tasks of the stage only (see [`super::retained_tasks`]). Reads whole
    /// columns.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn quantiles_of_newest(
        &self,
        stage: StageAttemptId,
        newest: u64,
        metrics: &[PackMetric],
        quantiles: &[f64],
    ) -> Result<Option<Vec<Vec<i64>>>, Error> {
        let Some(entry) = self.entry(stage) else { return Ok(None) };
        if newest >= entry.rows {
            return self.quantiles_of(stage, metrics, quantiles);
        }
        let find = || -> io::Result<Option<Vec<Vec<i64>>>> {
            let kept = self.newest_rows(entry, newest)?;
            let of = |metric| figures(&self.source, entry, metric, Some(&kept));
            let measured = of(PackMetric::ExecutorRunTime)?.len();
            if measured == 0 {
                return Ok(None);
            }
            let at = positions(quantiles, measured as u64);
            let mut all = Vec::with_capacity(metrics.len());
            for metric in metrics {
                let mut figures = of(*metric)?;
                radix::sort_values(&mut figures);
                all.push(values_of(&figures, &at));
            }
            Ok(Some(all))
        };
        find().map_err(|e| self.damaged(e))
    }

    fn find(&self, query: &PackQuery) -> io::Result<PackPage> {
        let stages: Vec<&StageEntry> = match query.stage {
            Some(stage) => self.entry(stage).into_iter().collect(),
            None => self.directory.stages.iter().collect(),
        };
        let wanted = Wanted::of(&query.statuses);
        match (query.sort, stages.as_slice()) {
            (PackSort::Id | PackSort::Position, _) => self.page_by_stage(query, &stages, wanted),
            (PackSort::Metric(PackMetric::ExecutorRunTime), [stage])
                if !is_trimmed(query, stage) =>
            {
                match &stage.index {
                    Some(index) => self.page_by_rank(query, stage, wanted, index.by_run_time),
                    None => self.sorted_page(query, &stages, wanted),
                }
            }
            _ => self.sorted_page(query, &stages, wanted),
        }
    }

    /// Stage by stage; a stage that lies before the page or behind it is only counted.
    fn page_by_stage(
        &self,
        query: &PackQuery,
        stages: &[&StageEntry],
        wanted: Wanted,
    ) -> io::Result<PackPage> {
        let trimmed: Vec<Option<Keys>> = stages
            .iter()
            .map(|stage| is_trimmed(query, stage).then(|| self.keys(query, &[stage], wanted)))
            .map(Option::transpose)
            .collect::<io::Result<_>>()?;
        let counts: Vec<u64> = stages
            .iter()
            .zip(&trimmed)
            .map(|(stage, keys)| keys.as_ref().map_or(wanted.count(stage), |(k, _)| k.len() as u64))
            .collect();
        let total = counts.iter().sum();
        let window = window(query, total);
        let mut rows = Vec::new();
        let mut before = 0;
        for at in 0..stages.len() {
            let number = match query.direction {
                Direction::Ascending => at,
                Direction::Descending => stages.len() - 1 - at,
            };
            let (stage, count) = (stages[number], counts[number]);
            let here = window.start.max(before)..window.end.min(before + count);
            if here.start < here.end {
                let here = here.start - before..here.end - before;
                let found = match &trimmed[number] {
                    Some(keys) => selected(keys, here, query.direction),
                    None if query.sort == PackSort::Position => {
                        selected(&self.keys(query, &[stage], wanted)?, here, query.direction)
                    }
                    None => self.rows_by_id(query.direction, stage, wanted, &here)?,
                };
                rows.extend(found.into_iter().map(|(_, row)| (number, row)));
            }
            before += count;
        }
        Ok(PackPage { tasks: self.tasks_at(stages, &rows)?, total })
    }

    /// The rows of a stage at `window` of those that are wanted.
    fn rows_by_id(
        &self,
        direction: Direction,
        stage: &StageEntry,
        wanted: Wanted,
        window: &Range<u64>,
    ) -> io::Result<Vec<RowPlace>> {
        let mut order = Order::by_id(&self.source, stage)?;
        let rank_at = |at: u64| match direction {
            Direction::Ascending => at,
            Direction::Descending => stage.rows - 1 - at,
        };
        if wanted.count(stage) == stage.rows {
            let row = |at| Ok((0, order.row(&self.source, rank_at(at))?));
            return window.clone().map(row).collect();
        }
        let flags = Scan::new(&self.source).column(stage, FLAGS)?;
        let mut rows = Vec::new();
        let mut passed = 0;
        for at in 0..stage.rows {
            let row = order.row(&self.source, rank_at(at))?;
            if wanted.has(*flags.get(row).ok_or_else(|| malformed("a stage ends early"))?) {
                if passed >= window.start {
                    rows.push((0, row));
                }
                passed += 1;
                if passed == window.end {
                    break;
                }
            }
        }
        Ok(rows)
    }

    /// By an index of ranks.
    fn page_by_rank(
        &self,
        query: &PackQuery,
        stage: &StageEntry,
        wanted: Wanted,
        index: Array,
    ) -> io::Result<PackPage> {
        let total = wanted.count(stage);
        let window = window(query, total);
        let mut reader = index.reader();
        let mut rank_at = |at: u64| {
            let at = match query.direction {
                Direction::Ascending => at,
                Direction::Descending => stage.rows - 1 - at,
            };
            let rank = u64::try_from(reader.get(&self.source, at)?).unwrap_or(u64::MAX);
            if rank < stage.rows {
                Ok(rank)
            } else {
                Err(malformed("an index leads beyond its stage"))
            }
        };
        let ranks = if total == stage.rows {
            window.map(&mut rank_at).collect::<io::Result<Vec<u64>>>()?
        } else {
            let flags = self.flags_by_rank(stage)?;
            let mut ranks = Vec::new();
            let mut passed = 0;
            for at in 0..stage.rows {
                if passed == window.end {
                    break;
                }
                let rank = rank_at(at)?;
                let flags = usize::try_from(rank).ok().and_then(|rank| flags.get(rank));
                if flags.is_some_and(|flags| wanted.has(*flags)) {
                    if passed >= window.start {
                        ranks.push(rank);
                    }
                    passed += 1;
                }
            }
            ranks
        };
        let places = ranks.into_iter().map(|rank| (0, rank)).collect::<Vec<_>>();
        let rows = self.rows_of(&[stage], &places)?;
        Ok(PackPage { tasks: self.tasks_at(&[stage], &rows)?, total })
    }

    fn flags_by_rank(&self, stage: &StageEntry) -> io::Result<Vec<i64>> {
        let flags = Scan::new(&self.source).column(stage, FLAGS)?;
        match Order::by_id(&self.source, stage)?.all(&self.source, stage.rows)? {
            None => Ok(flags),
            Some(rows) => Ok(rows.into_iter().map(|row| flags[row as usize]).collect()),
        }
    }

    /// By keys of all tasks.
    fn sorted_page(
        &self,
        query: &PackQuery,
        stages: &[&StageEntry],
        wanted: Wanted,
    ) -> io::Result<PackPage> {
        let keys = self.keys(query, stages, wanted)?;
        let total = keys.0.len() as u64;
        let rows = selected(&keys, window(query, total), query.direction);
        Ok(PackPage { tasks: self.tasks_at(stages, &rows)?, total })
    }

    /// The keys of all tasks that fit, by stage and id, with the number of the stage in the list and the row.
    fn keys(&self, query: &PackQuery, stages: &[&StageEntry], wanted: Wanted) -> io::Result<Keys> {
        let sorter = Sorter::new(self, stages, query.sort)?;
        let total = as_len(stages.iter().map(|stage| wanted.count(stage)).sum());
        let (mut keys, mut places) = (Vec::with_capacity(total), Vec::with_capacity(total));
        let mut scan = Scan::new(&self.source);
        for (stage, number) in stages.iter().zip(0_u32..) {
            if wanted.count(stage) == 0 {
                continue;
            }
            let kept = match query.newest {
                Some(newest) if newest < stage.rows => Some(self.newest_rows(stage, newest)?),
                _ => None,
            };
            let fits = |flags: i64, row: usize| {
                wanted.has(flags) && kept.as_ref().is_none_or(|kept| kept[row])
            };
            let order = Order::by_id(&self.source, stage)?.all(&self.source, stage.rows)?;
            if let Some(order) = order {
                let mut of_rows = Vec::with_capacity(as_len(stage.rows));
                scan.columns(stage, sorter.columns(), |values| {
                    for (at, flags) in values[0].iter().enumerate() {
                        let fits = fits(*flags, of_rows.len());
                        of_rows.push((sorter.key(values, at), fits));
                    }
                })?;
                for row in order {
                    if let Some((key, true)) = of_rows.get(row as usize) {
                        keys.push(*key);
                        places.push((number, row));
                    }
                }
            } else {
                let mut row = 0;
                scan.columns(stage, sorter.columns(), |values| {
                    for (at, flags) in values[0].iter().enumerate() {
                        if fits(*flags, row) {
                            keys.push(sorter.key(values, at));
                            places.push((number, as_u32(row)));
                        }
                        row += 1;
                    }
                })?;
            }
        }
        Ok((keys, places))
    }

    /// Which rows of a stage are among the `newest` by completion, then by id.
    fn newest_rows(&self, stage: &StageEntry, newest: u64) -> io::Result<Vec<bool>> {
        let sorter = Sorter::new(self, &[stage], PackSort::CompletionTime)?;
        let ranks = self.ranks(stage)?;
        let mut all: Vec<(i64, u32, u32)> = Vec::with_capacity(as_len(stage.rows));
        Scan::new(&self.source).columns(stage, sorter.columns(), |values| {
            for at in 0..values[0].len() {
                let row = all.len();
                let rank = ranks.as_ref().map_or_else(|| as_u32(row), |ranks| ranks[row]);
                all.push((sorter.key(values, at), rank, as_u32(row)));
            }
        })?;
        let mut kept = vec![false; all.len()];
        let dropped = all.len().saturating_sub(as_len(newest));
        if dropped < all.len() {
            all.select_nth_unstable(dropped);
        }
        for (_, _, row) in &all[dropped..] {
            kept[*row as usize] = true;
        }
        Ok(kept)
    }

    /// Ranks by row; `None` when they are the same.
    fn ranks(&self, stage: &StageEntry) -> io::Result<Option<Vec<u32>>> {
        let order = Order::by_id(&self.source, stage)?.all(&self.source, stage.rows)?;
        let Some(order) = order else { return Ok(None) };
        let mut ranks = vec![0; order.len()];
        for (row, rank) in order.into_iter().zip(0_u32..) {
            ranks[row as usize] = rank;
        }
        Ok(Some(ranks))
    }

    /// Rows of ranks. Looks them up in their order, so that a block of the index is read once.
    fn rows_of(
        &self,
        stages: &[&StageEntry],
        places: &[(usize, u64)],
    ) -> io::Result<Vec<RowPlace>> {
        let mut rows = vec![(0, 0); places.len()];
        let mut current: Option<(usize, Order)> = None;
        for at in sorted_positions(places) {
            let (number, rank) = places[at];
            let order = match &mut current {
                Some((open, order)) if *open == number => order,
                other => &mut other.insert((number, Order::by_id(&self.source, stages[number])?)).1,
            };
            rows[at] = (number, order.row(&self.source, rank)?);
        }
        Ok(rows)
    }

    /// The tasks of rows. Reads them in their order, so that a block is read once.
    fn tasks_at(&self, stages: &[&StageEntry], rows: &[RowPlace]) -> io::Result<Vec<Task>> {
        let mut tasks: Vec<Option<Task>> = rows.iter().map(|_| None).collect();
        let mut reader = TaskReader::new(self);
        let mut current: Option<(usize, RowReader<'_>)> = None;
        for at in sorted_positions(rows) {
            let (number, row) = rows[at];
            let row_reader = match &mut current {
                Some((open, reader)) if *open == number => reader,
                other => {
                    &mut other.insert((number, RowReader::new(&self.source, stages[number]))).1
                }
            };
            tasks[at] = Some(reader.task(stages[number].id, row_reader.row(row)?)?);
        }
        Ok(tasks.into_iter().flatten().collect())
    }
}

fn is_trimmed(query: &PackQuery, stage: &StageEntry) -> bool {
    query.newest.is_some_and(|newest| newest < stage.rows)
}

/// The rows at `window` of the order that the keys give.
fn selected((keys, places): &Keys, window: Range<u64>, direction: Direction) -> Vec<RowPlace> {
    let total = keys.len() as u64;
    let ascending = match direction {
        Direction::Ascending => window,
        Direction::Descending => total - window.end..total - window.start,
    };
    let mut rows: Vec<RowPlace> = select(keys, as_len(ascending.start)..as_len(ascending.end))
        .into_iter()
        .map(|at| (places[at].0 as usize, places[at].1 as usize))
        .collect();
    if direction == Direction::Descending {
        rows.reverse();
    }
    rows
}

/// Statuses that are wanted, as bits.
#[derive(Clone, Copy)]
struct Wanted(u8);

impl Wanted {
    fn of(statuses: &[TaskStatus]) -> Self {
        if statuses.is_empty() {
            return Self(u8::MAX);
        }
        Self(statuses.iter().fold(0, |bits, status| bits | 1 << status_code(*status)))
    }

    fn has(self, flags: i64) -> bool {
        self.0 >> (flags & STATUS_MASK) & 1 == 1
    }

    fn count(self, stage: &StageEntry) -> u64 {
        stage
            .counts
            .iter()
            .zip(0..)
            .filter(|(_, code)| self.has(*code))
            .map(|(count, _)| count)
            .sum()
    }
}

fn window(query: &PackQuery, total: u64) -> Range<u64> {
    let start = query.offset.min(total);
    start..start.saturating_add(query.limit).min(total)
}

fn sorted_positions<T: Ord>(of: &[T]) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..of.len()).collect();
    positions.sort_unstable_by(|a, b| of[*a].cmp(&of[*b]));
    positions
}

fn as_len(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A stage has less than 2^32 tasks: Spark numbers them with 31 bits.
fn as_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
