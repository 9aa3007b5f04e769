//! What was found out about a node after the document was read, told like what reading it found.

use crate::diagnostic::{Diagnostic, Report, Severity, Span};
use crate::document::{place, read_root};
use crate::nearest::suggestion;
use crate::spec::{Node, Place, Spec};
use crate::tree::{Content, Tree};

/// What is wrong with a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding<'a> {
    /// Stable name, for example `columns::unknown`.
    pub code: &'static str,
    /// Whether the job cannot run.
    pub severity: Severity,
    /// One sentence without a final stop.
    pub message: String,
    /// The word of the node that it is about.
    pub word: Option<&'a str>,
    /// The words that would be right in its place; the nearest one is the hint.
    pub valid: &'a [&'a str],
    /// The hint, where it is another one.
    pub hint: Option<String>,
}

impl Spec {
    /// A finding as a diagnostic at the word that it is about, or at the node where the node has no such word.
    /// `text` is that of the document.
    pub fn diagnostic(&self, text: &str, node: &Node, finding: Finding<'_>) -> Diagnostic {
        let Finding { code, severity, message, word, valid, hint } = finding;
        let found = word.and_then(|word| place_of(text, node, word));
        let nearest = word.filter(|_| !valid.is_empty()).map(|word| {
            let last = word.rsplit('.').next().unwrap_or(word);
            suggestion(last, valid)
        });
        Diagnostic {
            hint: hint.or(nearest),
            ..found.as_ref().unwrap_or(&node.place).diagnostic(severity, code, self.file(), message)
        }
    }
}

/// Where a word stands in a node, its own id and description apart.
fn place_of(text: &str, node: &Node, word: &str) -> Option<Place> {
    let mut ignored = Report::new("", text);
    let root = read_root(text, &mut ignored)?;
    let path = &node.place.field;
    let tree = path.split('.').try_fold(&root, |tree, step| {
        let (key, at) = match step.split_once('[') {
            Some((key, at)) => (key, at.trim_end_matches(']').parse::<usize>().ok()),
            None => (step, None),
        };
        let value = tree.at(&[key])?;
        match at {
            Some(at) => value.as_list()?.get(at),
            None => Some(value),
        }
    })?;
    let report = Report::new("", text);
    let mut last = None;
    // A qualified name may stand in full, else its last part.
    for word in [word, word.rsplit('.').next().unwrap_or(word)] {
        last = last.or_else(|| word_in(tree, path, word, text));
    }
    last.map(|(span, field)| place(span, &field, &report))
}

fn word_in(tree: &Tree, path: &str, word: &str, text: &str) -> Option<(Span, String)> {
    match &tree.content {
        Content::Scalar(_) => Some((whole_word(tree.span, word, text)?, path.to_owned())),
        Content::List(items) => items
            .iter()
            .enumerate()
            .find_map(|(at, item)| word_in(item, &format!("{path}[{at}]"), word, text)),
        Content::Map(map) => map.entries.iter().find_map(|entry| {
            if ["id", "type", "description", "input", "output"].contains(&entry.key.as_str()) {
                return None;
            }
            let field = format!("{path}.{}", entry.key);
            let key = whole_word(entry.key_span, word, text).map(|span| (span, field.clone()));
            key.or_else(|| word_in(&entry.value, &field, word, text))
        }),
    }
}

fn whole_word(span: Span, word: &str, text: &str) -> Option<Span> {
    let part = text.get(span.start..span.end)?;
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let found = part.match_indices(word).find(|(at, _)| {
        let before = part[..*at].chars().next_back();
        let after = part[at + word.len()..].chars().next();
        !before.is_some_and(is_of_word) && !after.is_some_and(is_of_word)
    });
    let start = span.start + found?.0;
    Some(Span { start, end: start + word.len() })
}
