//! Texts of SQL that every emitter reads in the same way.

use super::CountWindow;

/// A key of an order: a column or SQL expression, with SQL's words for its direction behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortKey<'k> {
    /// Without the words.
    pub expression: &'k str,
    /// Whether the largest comes first.
    pub is_descending: bool,
    /// Where rows without a value come; `None` as in Spark: first when ascending, last when descending.
    pub nulls_first: Option<bool>,
}

impl<'k> SortKey<'k> {
    /// Takes the words at the end off, in any case. A text of such words alone is a column.
    pub fn parse(key: &'k str) -> Self {
        let without_nulls =
            |order| without_word(key, order).and_then(|rest| without_word(rest, "nulls"));
        let (rest, nulls_first) = if let Some(rest) = without_nulls("first") {
            (rest, Some(true))
        } else if let Some(rest) = without_nulls("last") {
            (rest, Some(false))
        } else {
            (key, None)
        };
        let (expression, is_descending) = match without_word(rest, "desc") {
            Some(rest) => (rest, true),
            None => (without_word(rest, "asc").unwrap_or(rest), false),
        };
        Self { expression, is_descending, nulls_first }
    }
}

impl CountWindow {
    /// The number of a row's window as SQL.
    pub fn sql(&self) -> String {
        let by = match self.by.as_slice() {
            [] => String::new(),
            by => format!("PARTITION BY {} ", by.join(", ")),
        };
        let order = self.order_by.join(", ");
        format!("(row_number() OVER ({by}ORDER BY {order}) - 1) div {}", self.size)
    }
}

/// The text before its last word, when that is `word` (in any case) and something stands before it.
fn without_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (rest, last) = text.trim_end().rsplit_once(char::is_whitespace)?;
    (last.eq_ignore_ascii_case(word) && !rest.trim().is_empty()).then(|| rest.trim_end())
}
