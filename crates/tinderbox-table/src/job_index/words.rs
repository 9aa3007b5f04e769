//! Texts that are kept once.

use foldhash::HashMap;
use std::ops::Range;

/// Words as they come, while an index is written.
#[derive(Debug, Default)]
pub(super) struct WordsComing {
    codes: HashMap<Box<str>, u32>,
}

impl WordsComing {
    /// The number of a word, from 0, in order of first appearance.
    pub(super) fn code(&mut self, word: &str) -> u32 {
        if let Some(code) = self.codes.get(word) {
            return *code;
        }
        // An index has less than 2^32 jobs.
        let code = u32::try_from(self.codes.len()).unwrap_or(u32::MAX);
        self.codes.insert(word.into(), code);
        code
    }

    /// The words in their order, and the place of each code there.
    pub(super) fn finish(self, is_folded: bool) -> (Words, Vec<u32>) {
        let mut words: Vec<(Box<str>, u32)> = self.codes.into_iter().collect();
        if is_folded {
            words.sort_by_cached_key(|(word, _)| (word.to_lowercase(), word.clone()));
        } else {
            words.sort_unstable();
        }
        let mut places = vec![0; words.len()];
        for (place, (_, code)) in (0..).zip(&words) {
            places[*code as usize] = place;
        }
        let words = words.into_iter().map(|(word, _)| word).collect();
        (Words::of(words, is_folded), places)
    }
}

/// Words in order. The cell of the word at `n` is `n + 1`.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    words: Vec<Box<str>>,
    /// Where there are words that differ in case only, which have one place in the order of jobs: that place, for every
    /// word.
    ranks: Option<Vec<u32>>,
    is_folded: bool,
}

impl Words {
    /// Of words in order.
    pub(super) fn of(words: Vec<Box<str>>, is_folded: bool) -> Self {
        let mut ranks = None;
        if is_folded {
            let folded: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
            if folded.windows(2).any(|pair| pair[0] == pair[1]) {
                let mut rank = 0;
                let mut all = Vec::with_capacity(words.len());
                for (at, word) in folded.iter().enumerate() {
                    rank += u32::from(at > 0 && folded[at - 1] != *word);
                    all.push(rank);
                }
                ranks = Some(all);
            }
        }
        Self { words, ranks, is_folded }
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|word| &**word)
    }

    /// The word of a cell.
    pub(super) fn get(&self, cell: u64) -> Option<&str> {
        let at = usize::try_from(cell).ok()?.checked_sub(1)?;
        self.words.get(at).map(|word| &**word)
    }

    /// What a cell is sorted by: equal for words that are equal in the order of jobs.
    pub(super) fn key(&self, cell: u64) -> u64 {
        match (&self.ranks, usize::try_from(cell)) {
            (Some(ranks), Ok(at)) if at > 0 => {
                ranks.get(at - 1).map_or(cell, |rank| u64::from(*rank) + 1)
            }
            _ => cell,
        }
    }

    /// The number of the word in the order of words, from 0.
    pub(super) fn find(&self, word: &str) -> Option<usize> {
        self.words.iter().position(|known| **known == *word)
    }

    /// The smallest key whose word is not before `text`, and whether it is equal to it.
    pub(super) fn seek(&self, text: &str) -> (u64, bool) {
        let folded = if self.is_folded { text.to_lowercase() } else { text.to_owned() };
        let of = |word: &str| if self.is_folded { word.to_lowercase() } else { word.to_owned() };
        let at = self.words.partition_point(|word| of(word) < folded);
        let is_equal = self.words.get(at).is_some_and(|word| of(word) == folded);
        if at < self.words.len() {
            return (self.key(at as u64 + 1), is_equal);
        }
        // Beyond the last key.
        let last = self.words.len() as u64;
        (if last == 0 { 1 } else { self.key(last) + 1 }, false)
    }

    /// Numbers of the words that contain `folded`, upper and lower case alike.
    pub(super) fn containing(&self, folded: &str) -> Vec<Range<u64>> {
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for (cell, word) in (1..).zip(&self.words) {
            if contains_folded(word, folded) {
                match ranges.last_mut() {
                    Some(range) if range.end == cell => range.end += 1,
                    _ => ranges.push(cell..cell + 1),
                }
            }
        }
        ranges
    }
}

/// Whether `text` in lower case contains `folded`.
pub(super) fn contains_folded(text: &str, folded: &str) -> bool {
    if text.is_ascii() {
        let text = text.as_bytes();
        let needle = folded.as_bytes();
        let Some((first, rest)) = needle.split_first() else { return true };
        let (low, high) = (*first, first.to_ascii_uppercase());
        return memchr::memchr2_iter(low, high, text).any(|at| {
            text.get(at + 1..at + needle.len()).is_some_and(|part| part.eq_ignore_ascii_case(rest))
        });
    }
    text.to_lowercase().contains(folded)
}
