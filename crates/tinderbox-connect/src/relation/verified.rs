//! What Sail does not compute as Spark does, by name. The list is made by `cargo xtask verify-sail`, which asks both.

use super::{Reason, operands, texts};
use crate::query::{Token, tokens};
use crate::schema::Schema;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use tinderbox_spec::Node;

/// Of [`crate::SAIL_VERSION`].
const LIST: &str = include_str!("../../verified/sail-0.7.2.tsv");

/// What the list says about a function, operator or construct.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) status: Status,
    /// Where Spark 4 fails in its ANSI mode, Sail goes on.
    is_lenient: bool,
    /// It differs only from Spark 4 in its ANSI mode.
    is_for_ansi: bool,
    /// It differs only with decimals, with floating-point numbers, dates or binary data, or several of them.
    pub(super) is_for_decimals: bool,
    pub(super) is_for_doubles: bool,
    pub(super) is_for_dates: bool,
    pub(super) is_for_binary: bool,
    /// It differs with all but timestamps.
    pub(super) is_equal_for_times: bool,
    /// It differs only with classes of signs in regular expressions: those of Java are of ASCII.
    is_for_classes: bool,
    /// Names of constructs are words and signs as they follow each other in a text.
    is_construct: bool,
    /// The type that its first example has on Spark; empty when that has none.
    pub(super) kind: &'static str,
}

impl Entry {
    /// Whether it differs with some types only.
    pub(super) fn has_scope(self) -> bool {
        self.is_for_decimals
            || self.is_for_doubles
            || self.is_for_dates
            || self.is_for_binary
            || self.is_equal_for_times
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Equal,
    Differs,
    Missing,
}

static ENTRIES: LazyLock<BTreeMap<&str, Entry>> = LazyLock::new(|| {
    let lines = LIST.lines().filter(|line| !line.starts_with('#'));
    let entries = lines.filter_map(|line| {
        let mut fields = line.split('\t');
        let name = fields.next()?;
        let status = match fields.next()? {
            "equal" => Status::Equal,
            "differs" => Status::Differs,
            _ => Status::Missing,
        };
        let notes = fields.next().unwrap_or_default();
        let has = |note| notes.split(' ').any(|word| word == note);
        let entry = Entry {
            status,
            is_lenient: has("lenient"),
            is_for_ansi: has("ansi"),
            is_for_decimals: has("decimals"),
            is_for_doubles: has("doubles"),
            is_for_dates: has("dates"),
            is_for_binary: has("binary"),
            is_equal_for_times: has("but-times"),
            is_for_classes: has("classes"),
            is_construct: has("construct"),
            kind: fields.next().unwrap_or_default(),
        };
        Some((name, entry))
    });
    entries.collect()
});

/// Names that stand alone in SQL, without brackets behind them.
const KEYWORDS: [&str; 12] = [
    "and", "or", "not", "in", "like", "ilike", "rlike", "regexp", "between", "div", "case", "when",
];

pub(super) fn entry(name: &str) -> Option<Entry> {
    ENTRIES.get(name.to_lowercase().as_str()).copied()
}

/// What the list says under a name that no text has.
pub(super) fn construct(name: &str) -> Option<Entry> {
    ENTRIES.get(name).copied()
}

/// Nothing when Sail computes all of a node as Spark does, which `is_ansi` by default or not.
pub(super) fn check(node: &Node, schemas: &[&Schema], is_ansi: bool) -> Result<(), Reason> {
    for text in texts::of(node) {
        for name in names(&text) {
            if let Some(entry) = ENTRIES.get(name.as_str())
                && entry.status != Status::Equal
                && !entry.has_scope()
                && (!entry.is_for_classes || has_classes(&text))
                && (is_ansi || !entry.is_for_ansi)
                && !operands::BY_PLACE.contains(&name.as_str())
            {
                return Err(not_equal(name, entry.status));
            }
        }
        if let Some(name) = operands::problem(&text, schemas) {
            return Err(not_equal(name, Status::Differs));
        }
    }
    Ok(())
}

/// Whether the check of a node needs to know the columns of its inputs.
pub(super) fn needs_schema(node: &Node) -> bool {
    texts::of(node).iter().any(|text| operands::is_concerned(text))
}

/// What of a node Sail computes although Spark 4 fails at some values in its ANSI mode.
pub(super) fn lenient(node: &Node) -> Vec<String> {
    let names = texts::of(node).iter().flat_map(|text| names(text)).collect::<Vec<_>>();
    let mut lenient: Vec<String> = names
        .into_iter()
        .filter(|name| ENTRIES.get(name.as_str()).is_some_and(|entry| entry.is_lenient))
        .collect();
    lenient.sort();
    lenient.dedup();
    lenient
}

fn not_equal(name: String, status: Status) -> Reason {
    Reason::NotEqual { name, is_missing: status == Status::Missing }
}

/// The functions, operators and constructs of a text, as the list names them.
fn names(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let mut names = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let is_called = tokens.get(at + 1) == Some(&Token::Sign("("));
        match token {
            Token::Word(word) | Token::Quoted(word) if is_called => names.push(word.to_lowercase()),
            Token::Word(word) => {
                let word = word.to_lowercase();
                if KEYWORDS.contains(&word.as_str()) {
                    names.push(word);
                }
            }
            // A star is a product only between two values.
            Token::Sign("*") if !is_product(&tokens, at) => {}
            Token::Sign(sign) => names.push((*sign).to_owned()),
            _ => {}
        }
    }
    let is_at = |at: usize, words: &str| {
        words.split(' ').enumerate().all(|(offset, wanted)| match tokens.get(at + offset) {
            Some(Token::Word(word)) => word.eq_ignore_ascii_case(wanted),
            Some(Token::Sign(sign) | Token::Number(sign)) => *sign == wanted,
            _ => false,
        })
    };
    for (name, _) in ENTRIES.iter().filter(|(_, entry)| entry.is_construct) {
        let is_name = |at: usize| at > 0 && tokens.get(at - 1) == Some(&Token::Sign("."));
        if (0..tokens.len()).any(|at| is_at(at, name) && !is_name(at)) {
            names.push((*name).to_owned());
        }
    }
    names
}

/// Whether a regular expression of a text may have a class, `\w`, or is none that can be seen.
fn has_classes(text: &str) -> bool {
    let mut texts = tokens(text).into_iter().filter_map(|token| match token {
        Token::Text(text) => Some(text),
        _ => None,
    });
    let first = texts.next();
    first.is_none_or(|first| std::iter::once(first).chain(texts).any(|text| text.contains('\\')))
}

fn is_product(tokens: &[Token<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| tokens.get(at));
    let has_left = match before {
        None | Some(Token::Sign("(" | "," | ".")) => false,
        Some(Token::Word(word)) => !["select", "distinct"].contains(&word.to_lowercase().as_str()),
        Some(_) => true,
    };
    has_left && tokens.get(at + 1).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_operators_and_constructs_are_found_and_names_are_not() {
        let names = names("`BRound`(price) + pivot.x <=> div 2 AND 'sum(x)' LIKE f (y) -- g(z)");
        assert_eq!(
            names,
            ["bround", "(", ")", "+", ".", "<=>", "div", "and", "like", "f", "(", ")"]
        );
    }

    #[test]
    fn stars_are_no_products() {
        for text in ["count(*)", "SELECT * FROM t", "SELECT t.*, a FROM t", "*"] {
            assert!(!names(text).contains(&"*".to_owned()), "{text}");
        }
        assert!(names("a * (b)").contains(&"*".to_owned()));
    }

    #[test]
    fn list_is_whole() {
        assert!(ENTRIES.len() > 500, "{}", ENTRIES.len());
        for name in ["sum", "upper", "+", "and", "explode"] {
            assert!(ENTRIES.contains_key(name), "{name}");
        }
    }
}
