//! Which jobs match.

use super::bitmap::{Bitmap, Postings};
use super::cell;
use super::column::JobColumn;
use super::directory::{Block, bit_of};
use super::file::JobIndex;
use super::query::JobQuery;
use std::io;
use std::ops::Range;

/// The jobs that match: those numbers of a range that are also in a set, where there is one.
pub(super) struct Matching {
    pub(super) rows: Range<u32>,
    pub(super) bits: Option<Bitmap>,
    pub(super) total: u64,
    /// What a block must have a bit of.
    statuses: u64,
    types: u64,
}

impl Matching {
    pub(super) fn contains(&self, row: u32) -> bool {
        self.rows.contains(&row) && self.bits.as_ref().is_none_or(|bits| bits.contains(row))
    }

    /// Whether a block of an order may have one of them.
    pub(super) fn may_be_in(&self, block: &Block) -> bool {
        block.statuses & self.statuses != 0
            && block.types & self.types != 0
            && block.low < self.rows.end
            && block.high >= self.rows.start
    }

    /// Ascending.
    pub(super) fn iter(&self, rows: Range<u32>) -> Box<dyn Iterator<Item = u32> + '_> {
        let rows = rows.start.max(self.rows.start)..rows.end.min(self.rows.end);
        match &self.bits {
            Some(bits) => Box::new(bits.rows(&rows)),
            None => Box::new(rows),
        }
    }

    pub(super) fn count(&self, rows: Range<u32>) -> u64 {
        let rows = rows.start.max(self.rows.start)..rows.end.min(self.rows.end);
        match &self.bits {
            Some(bits) => bits.count(&rows),
            None => u64::from(rows.end.saturating_sub(rows.start)),
        }
    }

    /// Those that are in `bits`, too.
    pub(super) fn within(&self, mut bits: Bitmap) -> Self {
        if let Some(own) = &self.bits {
            bits.intersect(own);
        }
        let total = bits.count(&self.rows);
        Self { rows: self.rows.clone(), bits: Some(bits), total, ..*self }
    }
}

impl JobIndex {
    pub(super) fn matching(&self, query: &JobQuery) -> io::Result<Matching> {
        let num_jobs = self.directory.num_jobs;
        let mut rows = 0..num_jobs;
        let before = |time: i64| {
            let key = cell::of_int(time);
            self.partition(|row| Ok(self.cell(row, JobColumn::Start.at())? < key))
        };
        if let Some(since) = query.since_us {
            rows.start = before(since)?;
        }
        if let Some(until) = query.until_us {
            rows.end = before(until)?;
            // Those without a start have no place in time.
            rows.start = rows.start.max(before(i64::MIN)?);
        }
        rows.end = rows.end.max(rows.start);
        let mut matching =
            Matching { rows, bits: None, total: 0, statuses: u64::MAX, types: u64::MAX };
        let filters = [
            (&query.statuses, JobColumn::Status, &self.statuses),
            (&query.types, JobColumn::JobType, &self.types),
        ];
        for (wanted, column, postings) in filters {
            let Some(wanted) = wanted else { continue };
            let (bits, mask) = self.with_words(column, wanted, postings);
            if column == JobColumn::Status {
                matching.statuses = mask;
            } else {
                matching.types = mask;
            }
            matching.bits = Some(match matching.bits.take() {
                None => bits,
                Some(mut known) => {
                    known.intersect(&bits);
                    known
                }
            });
        }
        if let Some(text) = query.search.as_deref().filter(|text| !text.is_empty()) {
            let mut found = self.search(text)?.as_ref().clone();
            if let Some(bits) = &matching.bits {
                found.intersect(bits);
            }
            matching.bits = Some(found);
        }
        matching.total = match &matching.bits {
            Some(bits) => bits.count(&matching.rows),
            None => u64::from(matching.rows.end - matching.rows.start),
        };
        Ok(matching)
    }

    fn with_words(
        &self,
        column: JobColumn,
        wanted: &[String],
        postings: &[Postings],
    ) -> (Bitmap, u64) {
        let words = &self.words[column.at()];
        let mut places: Vec<usize> = wanted.iter().filter_map(|word| words.find(word)).collect();
        places.dedup();
        let mask = places.iter().fold(0, |mask, place| mask | bit_of(*place as u64 + 1));
        if let [place] = places.as_slice()
            && let Some(Postings::Bits(bits)) = postings.get(*place)
        {
            return (bits.clone(), mask);
        }
        let mut bits = Bitmap::empty(self.directory.num_jobs as usize);
        places.iter().filter_map(|place| postings.get(*place)).for_each(|p| p.add_to(&mut bits));
        (bits, mask)
    }
}
