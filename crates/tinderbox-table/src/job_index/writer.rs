//! From jobs in any order to an index.

use super::cell::{self, MISSING};
use super::column::{COLUMNS, JobColumn, JobColumnKind};
use super::known::{IdsComing, KnownJobs};
use super::sections::write_index;
use super::spool::Spool;
use super::words::WordsComing;
use crate::error::Error;
use arrow_array::{
    Array, ArrayRef, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use std::io;
use std::path::Path;
use tinderbox_model::Bytes;

/// Rows of a detail table that belong together: from `first` on, `len` of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowRange {
    /// The first row, from 0.
    pub first: u64,
    /// How many rows.
    pub len: u32,
}

/// Jobs that have come so far.
pub(crate) struct JobIndexWriter {
    ids: IdsComing,
    /// By column; that of ids stays empty.
    cells: Vec<Spool>,
    words: Vec<WordsComing>,
}

impl JobIndexWriter {
    /// Files that wait lie in `folder`, without a name.
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        let cells = (0..COLUMNS).map(|_| Spool::new(folder)).collect::<io::Result<_>>()?;
        let words = (0..COLUMNS).map(|_| WordsComing::default()).collect();
        Ok(Self { ids: IdsComing::default(), cells, words })
    }

    /// More jobs: by column its values, text as `StringArray`, numbers as `Int64Array` and `Float64Array`, times as
    /// `TimestampMicrosecondArray`; `None` where nothing is known. All are of one length, and ids are not null.
    pub(crate) fn push(&mut self, columns: &[Option<ArrayRef>]) -> io::Result<()> {
        let ids = columns.first().and_then(Option::as_ref).and_then(|ids| strings(ids));
        let ids = ids.ok_or_else(|| io::Error::other("jobs without ids"))?;
        if self.ids.len() + ids.len() >= u32::MAX as usize {
            return Err(io::Error::other("more than 4,294,967,294 jobs in one data set"));
        }
        ids.iter().for_each(|id| self.ids.push(id.unwrap_or_default()));
        for column in JobColumn::ALL.into_iter().filter(|column| *column != JobColumn::Id) {
            let at = column.at();
            let spool = &mut self.cells[at];
            let values = columns.get(at).and_then(Option::as_ref);
            let Some(values) = values else {
                spool.push(std::iter::repeat_n(MISSING, ids.len()))?;
                continue;
            };
            let any = values.as_any();
            match column.kind() {
                JobColumnKind::Text => {
                    if let Some(values) = any.downcast_ref::<StringArray>() {
                        let words = &mut self.words[at];
                        spool.push(values.iter().map(|text| match text {
                            Some(text) => u64::from(words.code(text)) + 1,
                            None => MISSING,
                        }))?;
                    }
                }
                JobColumnKind::Int => {
                    if let Some(values) = any.downcast_ref::<Int64Array>() {
                        spool
                            .push(values.iter().map(|value| value.map_or(MISSING, cell::of_int)))?;
                    }
                }
                JobColumnKind::Float => {
                    if let Some(values) = any.downcast_ref::<Float64Array>() {
                        spool.push(
                            values.iter().map(|value| value.map_or(MISSING, cell::of_float)),
                        )?;
                    }
                }
                JobColumnKind::Time => {
                    if let Some(values) = any.downcast_ref::<TimestampMicrosecondArray>() {
                        spool
                            .push(values.iter().map(|value| value.map_or(MISSING, cell::of_int)))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// All jobs have come.
    pub(crate) fn close(mut self) -> io::Result<ClosedJobs> {
        self.cells.iter_mut().try_for_each(Spool::flush)?;
        Ok(ClosedJobs { known: self.ids.finish(), cells: self.cells, words: self.words })
    }
}

fn strings(array: &ArrayRef) -> Option<&StringArray> {
    array.as_any().downcast_ref()
}

/// All jobs, of which the details can be told now.
pub(crate) struct ClosedJobs {
    pub(crate) known: KnownJobs,
    pub(super) cells: Vec<Spool>,
    pub(super) words: Vec<WordsComing>,
}

impl ClosedJobs {
    /// Writes the index, whole or not at all. `facts` are given back by [`super::JobIndex::facts`].
    pub(crate) fn write(
        self,
        path: &Path,
        operators: DetailRanges,
        errors: DetailRanges,
        facts: &[u8],
    ) -> Result<Bytes, Error> {
        write_index(path, self, operators, errors, facts).map_err(|e| Error::write(path, e))
    }
}

/// Where the jobs' rows are in a table of details.
#[derive(Debug, Default)]
pub(crate) struct DetailRanges {
    /// With the job's arrival.
    pub(super) ranges: Vec<(u32, RowRange)>,
    rows: u64,
    hint: u32,
    /// Rows whose job is not known.
    pub(crate) num_stray: u64,
}

impl DetailRanges {
    /// The next rows, by the id of their job.
    pub(crate) fn push<'a>(
        &mut self,
        known: &KnownJobs,
        ids: impl Iterator<Item = Option<&'a str>>,
    ) {
        let mut current: Option<&str> = None;
        for id in ids {
            let row = self.rows;
            self.rows += 1;
            // Rows of one job mostly follow each other.
            if id.is_some()
                && id == current
                && let Some((_, range)) = self.ranges.last_mut()
            {
                range.len += 1;
                continue;
            }
            current = None;
            let found = id.and_then(|id| known.find(id.as_bytes(), &mut self.hint));
            let Some(arrival) = found else {
                self.num_stray += 1;
                continue;
            };
            current = id;
            match self.ranges.last_mut() {
                Some((last, range))
                    if *last == arrival && range.first + u64::from(range.len) == row =>
                {
                    range.len += 1;
                }
                _ => self.ranges.push((arrival, RowRange { first: row, len: 1 })),
            }
        }
    }

    /// Rows that there are.
    pub(crate) fn num_rows(&self) -> u64 {
        self.rows
    }
}
