//! The order of a stage's rows by task id.

use super::array::ArrayReader;
use super::bytes::malformed;
use super::columns::ID;
use super::directory::StageEntry;
use super::index::row_of;
use super::radix;
use super::scan::Scan;
use super::source::Source;
use std::io;

pub(super) enum Order {
    /// Rows lie so.
    Rows,
    /// As the index has it.
    Index { by_id: ArrayReader, rows: u64 },
    /// There is no index.
    Sorted(Vec<u32>),
}

impl Order {
    pub(super) fn by_id(source: &Source, stage: &StageEntry) -> io::Result<Self> {
        match &stage.index {
            Some(index) => Ok(match index.by_id {
                None => Self::Rows,
                Some(by_id) => Self::Index { by_id: by_id.reader(), rows: stage.rows },
            }),
            None => {
                let ids = Scan::new(source).column(stage, ID)?;
                Ok(if ids.is_sorted() { Self::Rows } else { Self::Sorted(radix::order(&ids)) })
            }
        }
    }

    /// The row of a rank below the number of rows.
    pub(super) fn row(&mut self, source: &Source, rank: u64) -> io::Result<usize> {
        let at = usize::try_from(rank).unwrap_or(usize::MAX);
        match self {
            Self::Rows => Ok(at),
            Self::Index { by_id, rows } => row_of(source, by_id, rank, *rows),
            Self::Sorted(order) => order
                .get(at)
                .map(|row| *row as usize)
                .ok_or_else(|| malformed("a stage ends early")),
        }
    }

    /// The rows of all ranks; `None` when they are the same.
    pub(super) fn all(self, source: &Source, rows: u64) -> io::Result<Option<Vec<u32>>> {
        match self {
            Self::Rows => Ok(None),
            Self::Sorted(order) => Ok(Some(order)),
            Self::Index { by_id, .. } => {
                let mut all = Vec::with_capacity(usize::try_from(rows).unwrap_or(0));
                let mut rank = 0_i64;
                by_id.array().each(source, |differences| {
                    for difference in differences {
                        let row = u32::try_from(rank.wrapping_add(*difference)).ok();
                        let row = row.filter(|row| u64::from(*row) < rows);
                        all.push(row.ok_or_else(|| malformed("an index leads beyond its stage"))?);
                        rank += 1;
                    }
                    Ok(())
                })?;
                Ok(Some(all))
            }
        }
    }
}
