//! Places of an order, and what is behind a cursor.

use super::cell::JobValue;
use super::column::JobColumn;
use super::directory::u32_at;
use super::file::{JobIndex, partition};
use super::query::{JobCursor, JobSort};
use crate::pack::Direction;
use std::cmp::Ordering;
use std::io;
use std::ops::Range;

/// What a job is sorted by in one column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Cell(u64),
    Id(String),
}

/// A cursor in the terms of an index.
#[derive(Debug, Clone)]
pub(super) struct Behind {
    /// By column of the order.
    keys: Vec<CursorKey>,
    /// Jobs that are equal in all columns are before it below `low`, and behind it from `high` on.
    low: u32,
    high: u32,
    /// Where not all columns are told: whether jobs that are equal in those are behind the cursor.
    equal_are_behind: Option<bool>,
}

#[derive(Debug, Clone)]
enum CursorKey {
    /// The smallest key that is not before the cursor's, and whether it is equal.
    Cell(u64, bool),
    Id(String),
}

impl Behind {
    /// The same of the columns but the first.
    pub(super) fn rest(&self) -> Self {
        Self { keys: self.keys.get(1..).unwrap_or_default().to_vec(), ..*self }
    }

    /// How a key of the column at `at` stands to the cursor.
    pub(super) fn compare(&self, at: usize, key: &Key) -> Ordering {
        match (self.keys.get(at), key) {
            (Some(CursorKey::Cell(cursor, is_equal)), Key::Cell(key)) => match key.cmp(cursor) {
                Ordering::Equal if !is_equal => Ordering::Greater,
                order => order,
            },
            (Some(CursorKey::Id(cursor)), Key::Id(key)) => key.cmp(cursor),
            _ => Ordering::Equal,
        }
    }

    /// Whether a job that is equal in all columns is still before the cursor, in ascending order, or is it.
    pub(super) fn is_row_before(&self, row: u32, direction: Direction) -> bool {
        match (direction, self.equal_are_behind) {
            (Direction::Ascending, Some(are_behind)) => !are_behind,
            (Direction::Descending, Some(are_behind)) => are_behind,
            (Direction::Ascending, None) => row < self.high,
            (Direction::Descending, None) => row < self.low,
        }
    }

    /// Where no column is left to compare by: whether all that are left are behind the cursor, or none.
    pub(super) fn all_or_none(&self) -> Option<bool> {
        self.equal_are_behind.filter(|_| self.keys.is_empty())
    }
}

/// Equal jobs come in this one.
pub(super) fn last_direction(sort: &[JobSort]) -> Direction {
    sort.last().map_or(Direction::Ascending, |sort| sort.direction)
}

impl JobIndex {
    pub(super) fn key_of(&self, row: u32, column: JobColumn) -> io::Result<Key> {
        Ok(match column {
            JobColumn::Id => Key::Id(self.id(row)?),
            column => Key::Cell(self.key(row, column)?),
        })
    }

    pub(super) fn behind(&self, cursor: &JobCursor, sort: &[JobSort]) -> io::Result<Behind> {
        let keys = sort.iter().zip(&cursor.values).map(|(sort, value)| match value {
            JobValue::Text(text) if sort.column == JobColumn::Id => CursorKey::Id(text.clone()),
            JobValue::Text(text) => {
                let (key, is_equal) = self.words[sort.column.at()].seek(text);
                CursorKey::Cell(key, is_equal)
            }
            value => CursorKey::Cell(value.to_cell(), true),
        });
        let keys = keys.collect();
        let start = cursor.start_us.map_or(JobValue::Missing, JobValue::Time).to_cell();
        let compare = |row| {
            let order = self.cell(row, JobColumn::Start.at())?.cmp(&start);
            Ok::<_, io::Error>(match order {
                Ordering::Equal => self.id(row)?.as_str().cmp(&cursor.id),
                order => order,
            })
        };
        let low = self.partition(|row| Ok(compare(row)? == Ordering::Less))?;
        let is_there = low < self.directory.num_jobs && compare(low)? == Ordering::Equal;
        Ok(Behind {
            keys,
            low,
            high: low + u32::from(is_there),
            equal_are_behind: cursor.equal_are_behind,
        })
    }

    /// The places of a column's order that are behind the cursor, whose first column it is.
    pub(super) fn places_behind(
        &self,
        sort: JobSort,
        behind: Option<&Behind>,
    ) -> io::Result<Range<u32>> {
        let all = 0..self.directory.num_jobs;
        let Some(behind) = behind else { return Ok(all) };
        let at = self.partition(|place| {
            let row = self.row_at(sort.column, place)?;
            Ok(match behind.compare(0, &self.key_of(row, sort.column)?) {
                Ordering::Less => true,
                Ordering::Equal => behind.is_row_before(row, sort.direction),
                Ordering::Greater => false,
            })
        })?;
        Ok(match sort.direction {
            Direction::Ascending => at..all.end,
            Direction::Descending => 0..at,
        })
    }

    /// The places of a column's order that are equal to the cursor in it.
    pub(super) fn places_equal(
        &self,
        column: JobColumn,
        behind: &Behind,
    ) -> io::Result<Range<u32>> {
        let is = |place, wanted: fn(Ordering) -> bool| {
            let key = self.key_of(self.row_at(column, place)?, column)?;
            Ok(wanted(behind.compare(0, &key)))
        };
        let start = self.partition(|place| is(place, Ordering::is_lt))?;
        let end = self.partition(|place| is(place, Ordering::is_le))?;
        Ok(start..end)
    }

    /// The rank in a column of the first job that is not before the cursor, whose first column it is, and whether it is
    /// equal to it. Where there is none such job it is larger than all ranks.
    pub(super) fn rank_of_place(
        &self,
        column: JobColumn,
        behind: &Behind,
    ) -> io::Result<(u32, bool)> {
        let compare = |place| {
            Ok::<_, io::Error>(
                behind.compare(0, &self.key_of(self.row_at(column, place)?, column)?),
            )
        };
        let place = self.partition(|place| Ok(compare(place)?.is_lt()))?;
        if place >= self.directory.num_jobs {
            return Ok((u32::MAX, false));
        }
        let rank = self.rank(self.row_at(column, place)?, column)?;
        Ok((rank, compare(place)?.is_eq()))
    }

    /// The places around `place`, on one side of it, whose jobs say the same in the column.
    pub(super) fn places_like(
        &self,
        column: JobColumn,
        place: u32,
        direction: Direction,
    ) -> io::Result<Range<u32>> {
        let key = self.key_of(self.row_at(column, place)?, column)?;
        let key_at = |place| self.key_of(self.row_at(column, place)?, column);
        let mut step = 1;
        match direction {
            Direction::Ascending => {
                let (mut low, len) = (place + 1, self.directory.num_jobs);
                loop {
                    let probe = place.saturating_add(step);
                    if probe >= len || key_at(probe)? != key {
                        let high = probe.min(len);
                        return Ok(place..partition(low..high, |at| Ok(key_at(at)? == key))?);
                    }
                    (low, step) = (probe + 1, step.saturating_mul(2));
                }
            }
            Direction::Descending => {
                let mut high = place;
                loop {
                    let probe = place.checked_sub(step);
                    match probe {
                        Some(probe) if key_at(probe)? == key => {
                            (high, step) = (probe, step.saturating_mul(2));
                        }
                        _ => {
                            let low = probe.map_or(0, |probe| probe + 1);
                            let start = partition(low..high, |at| Ok(key_at(at)? != key))?;
                            return Ok(start..place + 1);
                        }
                    }
                }
            }
        }
    }

    /// The jobs at these places, in the order of the column, into `rows`, whose content is replaced.
    pub(super) fn rows_at(
        &self,
        column: JobColumn,
        places: Range<u32>,
        rows: &mut Vec<u32>,
    ) -> io::Result<()> {
        rows.clear();
        let Some(order) = &self.directory.orders[column.at()] else {
            rows.extend(places);
            return Ok(());
        };
        let count = places.end.saturating_sub(places.start) as usize;
        let mut bytes = vec![0; count * 4];
        self.read_at(&mut bytes, order.rows.offset + u64::from(places.start) * 4)?;
        rows.extend(bytes.chunks_exact(4).map(|row| u32_at(row, 0)));
        Ok(())
    }
}
