//! Sets of jobs.

use std::ops::Range;

/// A bit for every job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bitmap {
    words: Vec<u64>,
}

impl Bitmap {
    pub(super) fn empty(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)] }
    }

    pub(super) fn insert(&mut self, row: u32) {
        self.words[row as usize / 64] |= 1 << (row % 64);
    }

    /// Those below `end`.
    pub(super) fn insert_all(&mut self, end: u32) {
        let whole = end as usize / 64;
        self.words[..whole].fill(u64::MAX);
        if !end.is_multiple_of(64) {
            self.words[whole] |= (1 << (end % 64)) - 1;
        }
    }

    pub(super) fn contains(&self, row: u32) -> bool {
        self.words[row as usize / 64] >> (row % 64) & 1 != 0
    }

    pub(super) fn union(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    pub(super) fn intersect(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= other;
        }
    }

    /// Members within `rows`.
    pub(super) fn count(&self, rows: &Range<u32>) -> u64 {
        self.words_of(rows).map(|(_, word)| u64::from(word.count_ones())).sum()
    }

    /// Members within `rows`, ascending.
    pub(super) fn rows(&self, rows: &Range<u32>) -> impl Iterator<Item = u32> + use<'_> {
        self.words_of(rows).flat_map(|(first, mut word)| {
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros();
                (bit < 64).then(|| {
                    word &= word - 1;
                    first + bit
                })
            })
        })
    }

    /// The words that hold bits of `rows`, without other bits, each with the row of its first bit.
    fn words_of(&self, rows: &Range<u32>) -> impl Iterator<Item = (u32, u64)> + use<'_> {
        let Range { start, end } = *rows;
        let words =
            if start < end { start as usize / 64..(end as usize).div_ceil(64) } else { 0..0 };
        let first = start / 64 * 64;
        (first..).step_by(64).zip(&self.words[words]).map(move |(first, word)| {
            let mut word = *word;
            if first < start {
                word &= u64::MAX << (start - first);
            }
            if end - first < 64 {
                word &= (1 << (end - first)) - 1;
            }
            (first, word)
        })
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let words = bytes
            .chunks_exact(8)
            .map(|word| u64::from_le_bytes(word.first_chunk().copied().unwrap_or_default()));
        Self { words: words.collect() }
    }
}

/// The jobs that have a word: as bits where they are many, as numbers where they are few.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Postings {
    Bits(Bitmap),
    /// Ascending.
    Rows(Vec<u32>),
}

impl Postings {
    /// Of ascending rows out of `len`. Numbers take 32 bits each.
    pub(super) fn of(rows: Vec<u32>, len: usize) -> Self {
        if rows.len() < len / 32 {
            return Self::Rows(rows);
        }
        let mut bits = Bitmap::empty(len);
        for row in rows {
            bits.insert(row);
        }
        Self::Bits(bits)
    }

    pub(super) fn add_to(&self, bits: &mut Bitmap) {
        match self {
            Self::Bits(own) => bits.union(own),
            Self::Rows(rows) => rows.iter().for_each(|row| bits.insert(*row)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_of_a_set_are_counted_and_listed(
            rows in prop::collection::btree_set(0..500_u32, 0..200), a in 0..500_u32, b in 0..500_u32,
        ) {
            let mut bits = Bitmap::empty(500);
            rows.iter().for_each(|row| bits.insert(*row));
            let range = a.min(b)..a.max(b);
            let expected: Vec<u32> = rows.range(range.clone()).copied().collect();
            prop_assert_eq!(bits.count(&range), expected.len() as u64);
            prop_assert_eq!(bits.rows(&range).collect::<Vec<_>>(), expected);
            prop_assert_eq!(&Bitmap::from_bytes(&bits.to_bytes()), &bits);
            let mut all = Bitmap::empty(500);
            all.insert_all(b);
            prop_assert!(all.rows(&(0..500)).eq(0..b));
            let mut again = Bitmap::empty(500);
            Postings::of(rows.into_iter().collect(), 500).add_to(&mut again);
            prop_assert_eq!(again, bits);
        }
    }
}
