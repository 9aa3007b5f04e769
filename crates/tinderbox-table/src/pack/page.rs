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
use super::sort::Sorter;
use crate::error::Error;
use std::io;
use std::ops::{ControlFlow, Range};
use tinderbox_model::{StageAttemptId, Task, TaskStatus};

/// The number of a stage in a list, and a row of it.
type RowPlace = (usize, usize);

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
        if query.newest.is_some_and(|newest| stages.iter().any(|stage| stage.rows > newest)) {
            return self.sorted_page(query, &stages, wanted);
        }
        match query.sort {
            PackSort::Id => self.page_by_id(query, &stages, wanted),
            PackSort::Metric(PackMetric::ExecutorRunTime) => match stages.as_slice() {
                [stage] => match &stage.index {
                    Some(index) => self.page_by_rank(query, stage, wanted, index.by_run_time),
                    None => self.sorted_page(query, &stages, wanted),
                },
                _ => self.sorted_page(query, &stages, wanted),
            },
            _ => self.sorted_page(query, &stages, wanted),
        }
    }

    /// Stage by stage; a stage that lies before the page or behind it is only counted.
    fn page_by_id(
        &self,
        query: &PackQuery,
        stages: &[&StageEntry],
        wanted: Wanted,
    ) -> io::Result<PackPage> {
        let total = stages.iter().map(|stage| wanted.count(stage)).sum();
        let window = window(query, total);
        let mut rows = Vec::new();
        let mut before = 0;
        for at in 0..stages.len() {
            let number = match query.direction {
                Direction::Ascending => at,
                Direction::Descending => stages.len() - 1 - at,
            };
            let stage = stages[number];
            let count = wanted.count(stage);
            let here = window.start.max(before)..window.end.min(before + count);
            if here.start < here.end {
                let within = here.start - before..here.end - before;
                let found = self.rows_by_id(query.direction, stage, wanted, &within)?;
                rows.extend(found.into_iter().map(|row| (number, row)));
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
    ) -> io::Result<Vec<usize>> {
        let mut order = Order::by_id(&self.source, stage)?;
        let rank_at = |at: u64| match direction {
            Direction::Ascending => at,
            Direction::Descending => stage.rows - 1 - at,
        };
        if wanted.count(stage) == stage.rows {
            return window.clone().map(|at| order.row(&self.source, rank_at(at))).collect();
        }
        let flags = Scan::new(&self.source).column(&stage.blocks, FLAGS)?;
        let mut rows = Vec::new();
        let mut passed = 0;
        for at in 0..stage.rows {
            let row = order.row(&self.source, rank_at(at))?;
            if wanted.has(*flags.get(row).ok_or_else(|| malformed("a stage ends early"))?) {
                if passed >= window.start {
                    rows.push(row);
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
        let flags = Scan::new(&self.source).column(&stage.blocks, FLAGS)?;
        let mut order = Order::by_id(&self.source, stage)?;
        if matches!(order, Order::Rows) {
            return Ok(flags);
        }
        let flags_of = |rank| Ok(flags[order.row(&self.source, rank)?]);
        (0..stage.rows).map(flags_of).collect()
    }

    /// By keys of all tasks.
    fn sorted_page(
        &self,
        query: &PackQuery,
        stages: &[&StageEntry],
        wanted: Wanted,
    ) -> io::Result<PackPage> {
        let mut found = self.keys(query, stages, wanted)?;
        let total = found.len() as u64;
        let window = window(query, total);
        let (start, end) = (as_len(window.start), as_len(window.end));
        if start > 0 && start < found.len() {
            found.select_nth_unstable(start);
        }
        let rest = &mut found[start..];
        let len = end - start;
        if len < rest.len() {
            rest.select_nth_unstable(len);
        }
        let found = &mut rest[..len];
        found.sort_unstable();
        let places: Vec<(usize, u64)> = found
            .iter()
            .map(|(_, stage, rank)| match query.direction {
                Direction::Ascending => (*stage as usize, u64::from(*rank)),
                Direction::Descending => (!*stage as usize, u64::from(!*rank)),
            })
            .collect();
        let rows = self.rows_of(stages, &places)?;
        Ok(PackPage { tasks: self.tasks_at(stages, &rows)?, total })
    }

    /// Key, stage and rank of every task that fits, complements of them when the largest come first.
    fn keys(
        &self,
        query: &PackQuery,
        stages: &[&StageEntry],
        wanted: Wanted,
    ) -> io::Result<Vec<(i64, u32, u32)>> {
        let sorter = Sorter::new(self, stages, query.sort)?;
        let total: u64 = stages.iter().map(|stage| wanted.count(stage)).sum();
        let mut found = Vec::with_capacity(as_len(total));
        let mut scan = Scan::new(&self.source);
        for (stage, number) in stages.iter().zip(0_u32..) {
            if wanted.count(stage) == 0 {
                continue;
            }
            let kept = match query.newest {
                Some(newest) if newest < stage.rows => Some(self.newest_rows(stage, newest)?),
                _ => None,
            };
            let ranks = self.ranks(stage)?;
            let mut row = 0_usize;
            scan.columns(&stage.blocks, sorter.columns(), |values| {
                for (at, flags) in values[0].iter().enumerate() {
                    if wanted.has(*flags) && kept.as_ref().is_none_or(|kept| kept[row]) {
                        let rank = ranks.as_ref().map_or_else(|| as_u32(row), |ranks| ranks[row]);
                        let key = sorter.key(values, at);
                        found.push(match query.direction {
                            Direction::Ascending => (key, number, rank),
                            Direction::Descending => (!key, !number, !rank),
                        });
                    }
                    row += 1;
                }
                ControlFlow::Continue(())
            })?;
        }
        Ok(found)
    }

    /// Which rows of a stage are among the `newest` by completion, then by id.
    fn newest_rows(&self, stage: &StageEntry, newest: u64) -> io::Result<Vec<bool>> {
        let sorter = Sorter::new(self, &[stage], PackSort::CompletionTime)?;
        let ranks = self.ranks(stage)?;
        let mut all: Vec<(i64, u32, u32)> = Vec::with_capacity(as_len(stage.rows));
        Scan::new(&self.source).columns(&stage.blocks, sorter.columns(), |values| {
            for at in 0..values[0].len() {
                let row = all.len();
                let rank = ranks.as_ref().map_or_else(|| as_u32(row), |ranks| ranks[row]);
                all.push((sorter.key(values, at), rank, as_u32(row)));
            }
            ControlFlow::Continue(())
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
        let mut order = Order::by_id(&self.source, stage)?;
        if matches!(order, Order::Rows) {
            return Ok(None);
        }
        let mut ranks = vec![0; as_len(stage.rows)];
        for (rank, number) in (0..stage.rows).zip(0_u32..) {
            let row = order.row(&self.source, rank)?;
            *ranks.get_mut(row).ok_or_else(|| malformed("a stage ends early"))? = number;
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
