//! The keys of all tasks that a question is about, to find a page among them.

use super::columns::status_code;
use super::directory::StageEntry;
use super::order::Order;
use super::page::RowPlace;
use super::query::{Direction, PackQuery, PackSort};
use super::reader::Pack;
use super::scan::Scan;
use super::select::select;
use super::sort::Sorter;
use std::io;
use std::ops::Range;
use tinderbox_model::TaskStatus;

/// Keys of tasks by stage and id.
#[derive(Debug, Default)]
pub(super) struct Keys {
    keys: Vec<i64>,
    /// The row of each in its stage.
    rows: Vec<u32>,
    /// Where each stage of the list begins.
    starts: Vec<usize>,
}

impl Keys {
    pub(super) fn len(&self) -> u64 {
        self.keys.len() as u64
    }

    /// The rows at `window` of the order that the keys give.
    pub(super) fn selected(&self, window: Range<u64>, direction: Direction) -> Vec<RowPlace> {
        let total = self.len();
        let ascending = match direction {
            Direction::Ascending => window,
            Direction::Descending => total - window.end..total - window.start,
        };
        let place = |at: usize| {
            let stage = self.starts.partition_point(|start| *start <= at).saturating_sub(1);
            (stage, self.rows[at] as usize)
        };
        let found = select(&self.keys, as_len(ascending.start)..as_len(ascending.end));
        let mut rows: Vec<RowPlace> = found.into_iter().map(place).collect();
        if direction == Direction::Descending {
            rows.reverse();
        }
        rows
    }
}

impl Pack {
    pub(super) fn keys(
        &self,
        query: &PackQuery,
        stages: &[&StageEntry],
        wanted: Wanted,
    ) -> io::Result<Keys> {
        let sorter = Sorter::new(self, stages, query.sort)?;
        let mut keys = Keys::default();
        for stage in stages {
            keys.starts.push(keys.keys.len());
            if wanted.count(stage) == 0 {
                continue;
            }
            let (of_stage, rows) = self.keys_of(query, stage, wanted, &sorter)?;
            if keys.keys.is_empty() {
                (keys.keys, keys.rows) = (of_stage, rows);
            } else {
                keys.keys.extend(of_stage);
                keys.rows.extend(rows);
            }
        }
        Ok(keys)
    }

    /// The keys of a stage by id, and the rows.
    fn keys_of(
        &self,
        query: &PackQuery,
        stage: &StageEntry,
        wanted: Wanted,
        sorter: &Sorter,
    ) -> io::Result<(Vec<i64>, Vec<u32>)> {
        let mut of_rows = Vec::with_capacity(as_len(stage.rows));
        Scan::new(&self.source).columns(stage, sorter.columns(), |values| {
            of_rows.extend((0..values[0].len()).map(|at| sorter.key(values, at)));
        })?;
        let order = Order::by_id(&self.source, stage)?.all(&self.source, stage.rows)?;
        let by_id = order.is_none();
        let mut rows = order.unwrap_or_else(|| (0..as_u32(of_rows.len())).collect());
        if wanted.count(stage) < stage.rows || is_trimmed(query, stage) {
            let kept = match query.newest {
                Some(newest) if is_trimmed(query, stage) => Some(self.newest_rows(stage, newest)?),
                _ => None,
            };
            let flags = Scan::new(&self.source).flags(stage)?;
            rows.retain(|row| {
                let row = *row as usize;
                wanted.has(flags[row]) && kept.as_ref().is_none_or(|kept| kept[row])
            });
        } else if by_id {
            return Ok((of_rows, rows));
        }
        Ok((rows.iter().map(|row| of_rows[*row as usize]).collect(), rows))
    }

    /// Which rows of a stage are among the `newest` by completion, then by id.
    pub(super) fn newest_rows(&self, stage: &StageEntry, newest: u64) -> io::Result<Vec<bool>> {
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
}

pub(super) fn is_trimmed(query: &PackQuery, stage: &StageEntry) -> bool {
    query.newest.is_some_and(|newest| newest < stage.rows)
}

/// The status in the flags of a row.
const STATUS_BITS: u8 = 7;

/// Statuses that are wanted, as bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted(u8);

impl Wanted {
    pub(super) fn of(statuses: &[TaskStatus]) -> Self {
        if statuses.is_empty() {
            return Self(u8::MAX);
        }
        Self(statuses.iter().fold(0, |bits, status| bits | 1 << status_code(*status)))
    }

    pub(super) fn has(self, flags: u8) -> bool {
        self.0 >> (flags & STATUS_BITS) & 1 == 1
    }

    pub(super) fn count(self, stage: &StageEntry) -> u64 {
        stage
            .counts
            .iter()
            .zip(0..)
            .filter(|(_, code)| self.has(*code))
            .map(|(count, _)| count)
            .sum()
    }
}

fn as_len(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A stage has less than 2^32 tasks: Spark numbers them with 31 bits.
fn as_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
