//! Texts that very many tasks share, as numbers: executors, hosts, localities.

use std::collections::HashMap;
use std::sync::Arc;

/// Numbers by text.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    by_text: HashMap<Arc<str>, i64>,
    pub(super) texts: Vec<Arc<str>>,
    /// The latest numbers, one for each column that asks.
    latest: [Option<usize>; 3],
}

impl Symbols {
    /// The number of `text`. `column` is 0 to 2: the texts of a column are often the same as before.
    pub(super) fn number(&mut self, column: usize, text: &str) -> i64 {
        let latest = self.latest.get(column).copied().flatten();
        if let Some(number) = latest
            && self.texts.get(number).is_some_and(|known| &**known == text)
        {
            return i64::try_from(number).unwrap_or(i64::MAX);
        }
        let number = match self.by_text.get(text) {
            Some(number) => *number,
            None => self.add(text),
        };
        if let Some(latest) = self.latest.get_mut(column) {
            *latest = usize::try_from(number).ok();
        }
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
