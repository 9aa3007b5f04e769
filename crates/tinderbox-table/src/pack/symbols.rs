//! Texts that very many tasks share, as numbers: executors, hosts, localities.

use std::collections::HashMap;
use std::sync::Arc;

/// Numbers by text.
#[derive(Debug)]
pub(super) struct Symbols {
    by_text: HashMap<Arc<str>, i64>,
    pub(super) texts: Vec<Arc<str>>,
    /// Numbers at the place that a cheap hash gives, to be checked: the map's own hash is made for hostile keys.
    recent: [usize; RECENT],
}

const RECENT: usize = 1_024;

impl Default for Symbols {
    fn default() -> Self {
        Self { by_text: HashMap::new(), texts: Vec::new(), recent: [usize::MAX; RECENT] }
    }
}

impl Symbols {
    /// The number of `text`.
    pub(super) fn number(&mut self, text: &str) -> i64 {
        let slot = slot_of(text.as_bytes());
        let recent = self.recent[slot];
        if self.texts.get(recent).is_some_and(|known| &**known == text) {
            return i64::try_from(recent).unwrap_or(i64::MAX);
        }
        let number = match self.by_text.get(text) {
            Some(number) => *number,
            None => self.add(text),
        };
        self.recent[slot] = usize::try_from(number).unwrap_or(usize::MAX);
        number
    }

    fn add(&mut self, text: &str) -> i64 {
        let number = i64::try_from(self.texts.len()).unwrap_or(i64::MAX);
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.by_text.insert(text, number);
        number
    }
}

/// Of the length and the last eight bytes, which is where hosts and executors differ.
fn slot_of(text: &[u8]) -> usize {
    let mut last = [0; 8];
    let tail = &text[text.len().saturating_sub(8)..];
    last[..tail.len()].copy_from_slice(tail);
    let hash = (u64::from_le_bytes(last) ^ text.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bytes = hash.to_le_bytes();
    usize::from(u16::from_le_bytes([bytes[6], bytes[7]])) % RECENT
}
