//! The first of some jobs in an order, by their ranks.

use super::file::JobIndex;
use super::query::JobSort;
use super::seek::{Behind, last_direction};
use crate::pack::Direction;
use std::io;

/// The upper half is a rank, the lower one a job's number; both turned round where the order descends.
const HALF: u32 = 32;

/// Jobs that are selected.
pub(super) struct Selected {
    pub(super) rows: Vec<u32>,
    wanted: usize,
    /// Of jobs that are equal in the whole order.
    last: Direction,
}

impl JobIndex {
    /// The first `wanted` of these jobs in an order, of those behind a place in it. `rows` are ascending.
    pub(super) fn select(
        &self,
        rows: Vec<u32>,
        sort: &[JobSort],
        behind: Option<&Behind>,
        wanted: usize,
    ) -> io::Result<Vec<u32>> {
        let mut selected = Selected { rows: Vec::new(), wanted, last: last_direction(sort) };
        self.select_into(rows, sort, behind, &mut selected)?;
        Ok(selected.rows)
    }

    fn select_into(
        &self,
        rows: Vec<u32>,
        sort: &[JobSort],
        behind: Option<&Behind>,
        selected: &mut Selected,
    ) -> io::Result<()> {
        if selected.is_full() || rows.is_empty() {
            return Ok(());
        }
        let Some((first, rest)) = sort.split_first() else {
            selected.put_equal(&rows, behind);
            return Ok(());
        };
        let ranks = self.ranks(&rows, first.column)?;
        let mut keys: Vec<u64> = Vec::with_capacity(rows.len());
        if let Some(behind) = behind {
            let (place, is_equal) = self.rank_of_place(first.column, behind)?;
            let mut tied = Vec::new();
            for (row, rank) in rows.into_iter().zip(ranks) {
                if is_equal && rank == place {
                    tied.push(row);
                } else if match first.direction {
                    Direction::Ascending => rank >= place,
                    Direction::Descending => rank < place,
                } {
                    keys.push(selected.key(*first, rank, row));
                }
            }
            self.select_into(tied, rest, Some(&behind.rest()), selected)?;
        } else {
            let all = rows.into_iter().zip(ranks);
            keys.extend(all.map(|(row, rank)| selected.key(*first, rank, row)));
        }
        let wanted = selected.wanted - selected.rows.len();
        if wanted == 0 {
            return Ok(());
        }
        if keys.len() > wanted {
            let (_, cut, _) = keys.select_nth_unstable(wanted - 1);
            let cut = *cut;
            if rest.is_empty() {
                keys.truncate(wanted);
            } else {
                keys.retain(|key| key >> HALF <= cut >> HALF);
            }
        }
        keys.sort_unstable();
        if rest.is_empty() {
            selected.rows.extend(keys.iter().map(|key| row_of(*key, selected.last)));
            return Ok(());
        }
        for equal in keys.chunk_by(|a, b| a >> HALF == b >> HALF) {
            let mut rows: Vec<u32> = equal.iter().map(|key| row_of(*key, selected.last)).collect();
            if selected.last == Direction::Descending {
                rows.reverse();
            }
            if let [only] = rows.as_slice() {
                selected.put(*only);
            } else {
                self.select_into(rows, rest, None, selected)?;
            }
            if selected.is_full() {
                break;
            }
        }
        Ok(())
    }
}

impl Selected {
    fn is_full(&self) -> bool {
        self.rows.len() >= self.wanted
    }

    fn put(&mut self, row: u32) {
        if !self.is_full() {
            self.rows.push(row);
        }
    }

    /// Jobs that are equal in the whole order.
    fn put_equal(&mut self, rows: &[u32], behind: Option<&Behind>) {
        let last = self.last;
        let is_behind = |row: &&u32| match behind {
            Some(behind) => behind.is_row_before(**row, last) == (last == Direction::Descending),
            None => true,
        };
        match last {
            Direction::Ascending => rows.iter().filter(is_behind).for_each(|row| self.put(*row)),
            Direction::Descending => {
                rows.iter().rev().filter(is_behind).for_each(|row| self.put(*row));
            }
        }
    }

    fn key(&self, sort: JobSort, rank: u32, row: u32) -> u64 {
        let turned = |number: u32, direction| match direction {
            Direction::Ascending => number,
            Direction::Descending => !number,
        };
        u64::from(turned(rank, sort.direction)) << HALF | u64::from(turned(row, self.last))
    }
}

fn row_of(key: u64, last: Direction) -> u32 {
    let [a, b, c, d, ..] = key.to_le_bytes();
    let row = u32::from_le_bytes([a, b, c, d]);
    match last {
        Direction::Ascending => row,
        Direction::Descending => !row,
    }
}
