//! Ranks of jobs in the order of a column: equal jobs have the same one.
//!
//! They say of any few jobs how they stand to each other without a look at the whole order, and take one to four bytes a
//! job, as many as there are different values.

use super::column::JobColumn;
use super::directory::{Part, RankPart, malformed};
use super::file::JobIndex;
use std::io;

/// Bytes that are read rather than asked for one by one: what a read of a few bytes costs.
const GAP: usize = 2_048;
/// Most bytes of one read.
const READ: usize = 256 << 10;

/// Ranks by job, of an order of `keys`; that of the jobs themselves when there is none. Empty where all jobs are equal.
pub(super) fn ranks_of(keys: &[u64], order: Option<&[u32]>) -> (u8, Vec<u8>) {
    let mut ranks = vec![0_u32; keys.len()];
    let mut rank = 0;
    let mut last = None;
    let mut put = |row: usize| {
        rank += u32::from(last.is_some_and(|last| last != keys[row]));
        last = Some(keys[row]);
        ranks[row] = rank;
    };
    match order {
        Some(order) => order.iter().for_each(|row| put(*row as usize)),
        None => (0..keys.len()).for_each(put),
    }
    packed(&ranks, rank)
}

/// The width of the largest in bytes, and all of them in it.
pub(super) fn packed(ranks: &[u32], largest: u32) -> (u8, Vec<u8>) {
    let width = (u32::BITS - largest.leading_zeros()).div_ceil(8) as usize;
    let mut bytes = Vec::with_capacity(ranks.len() * width);
    if width > 0 {
        ranks.iter().for_each(|rank| bytes.extend_from_slice(&rank.to_le_bytes()[..width]));
    }
    // At most four.
    (u8::try_from(width).unwrap_or(4), bytes)
}

fn rank_in(bytes: &[u8]) -> u32 {
    let mut rank = [0; 4];
    rank[..bytes.len()].copy_from_slice(bytes);
    u32::from_le_bytes(rank)
}

impl JobIndex {
    /// How many bytes a rank of the column takes.
    pub(super) fn rank_width(&self, column: JobColumn) -> usize {
        self.rank_part(column).map_or(0, |ranks| ranks.width.into())
    }

    pub(super) fn rank(&self, row: u32, column: JobColumn) -> io::Result<u32> {
        let Some(RankPart { width, part }) = self.rank_part(column) else { return Ok(0) };
        if row >= self.directory.num_jobs {
            return Err(malformed("a job's number is too large"));
        }
        let mut bytes = [0; 4];
        let rank = &mut bytes[..width.into()];
        self.read_at(rank, part.offset + u64::from(row) * u64::from(width))?;
        Ok(rank_in(rank))
    }

    /// Ranks of these jobs, which are ascending. Jobs that lie near each other are read together.
    pub(super) fn ranks(&self, rows: &[u32], column: JobColumn) -> io::Result<Vec<u32>> {
        let Some(RankPart { width, part }) = self.rank_part(column) else {
            return Ok(vec![0; rows.len()]);
        };
        if rows.last().is_some_and(|row| *row >= self.directory.num_jobs) {
            return Err(malformed("a job's number is too large"));
        }
        let width = usize::from(width);
        let mut ranks = Vec::with_capacity(rows.len());
        let mut bytes = Vec::new();
        let mut rest = rows;
        while let Some(first) = rest.first().copied() {
            let distance = |row: u32| (row - first) as usize * width;
            // At least one; then as many as no gap parts from the one before.
            let near = rest
                .windows(2)
                .take_while(|pair| {
                    (pair[1] - pair[0]) as usize * width <= GAP && distance(pair[1]) < READ
                })
                .count()
                + 1;
            let (together, others) = rest.split_at(near);
            let last = together.last().copied().unwrap_or(first);
            bytes.resize(distance(last) + width, 0);
            self.read_at(&mut bytes, part.offset + u64::from(first) * width as u64)?;
            ranks.extend(together.iter().map(|row| {
                let at = distance(*row);
                rank_in(&bytes[at..at + width])
            }));
            rest = others;
        }
        Ok(ranks)
    }

    /// `None` where all jobs are equal.
    fn rank_part(&self, column: JobColumn) -> Option<RankPart> {
        self.directory.ranks[column.at()]
    }
}

impl RankPart {
    /// Whether it has a rank for every job.
    pub(super) fn is_whole(&self, num_jobs: u32) -> bool {
        let Self { width, part: Part { len, .. } } = *self;
        (1..=4).contains(&width) && len == u64::from(num_jobs) * u64::from(width)
    }
}
