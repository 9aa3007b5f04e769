//! Pages of tasks: which rows, then what is in them.

use super::array::Array;
use super::bytes::malformed;
use super::columns::PackMetric;
use super::directory::StageEntry;
use super::index::figures;
use super::keys::{Keys, Wanted, is_trimmed};
use super::order::Order;
use super::quantiles::{positions, values_of};
use super::query::{Direction, PackPage, PackQuery, PackSort};
use super::radix;
use super::reader::{Pack, TaskReader};
use super::rows::RowReader;
use super::scan::Scan;
use crate::error::Error;
use std::io;
use std::ops::Range;
use tinderbox_model::{StageAttemptId, Task};

/// The number of a stage in a list, and a row of it.
pub(super) type RowPlace = (usize, usize);

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
            .map(|(stage, keys)| keys.as_ref().map_or(wanted.count(stage), Keys::len))
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
                    Some(keys) => keys.selected(here, query.direction),
                    None if query.sort == PackSort::Position => {
                        self.keys(query, &[stage], wanted)?.selected(here, query.direction)
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
        let flags = Scan::new(&self.source).flags(stage)?;
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

    fn flags_by_rank(&self, stage: &StageEntry) -> io::Result<Vec<u8>> {
        let flags = Scan::new(&self.source).flags(stage)?;
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
        let total = keys.len();
        let rows = keys.selected(window(query, total), query.direction);
        Ok(PackPage { tasks: self.tasks_at(stages, &rows)?, total })
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

fn window(query: &PackQuery, total: u64) -> Range<u64> {
    let start = query.offset.min(total);
    start..start.saturating_add(query.limit).min(total)
}

fn sorted_positions<T: Ord>(of: &[T]) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..of.len()).collect();
    positions.sort_unstable_by(|a, b| of[*a].cmp(&of[*b]));
    positions
}
