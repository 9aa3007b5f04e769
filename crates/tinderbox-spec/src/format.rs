//! The canonical layout of a document's text: every comment stays, and what the document says.
//!
//! The text is laid out anew from its own pieces, and the result is read again: it must be the same document, with the
//! sections in their usual order, and have the same comments. Where that cannot be had nothing is changed.

mod comments;
mod json;
mod scalar;
mod yaml;

use crate::diagnostic::{Report, Span};
use crate::document::read_root;
use crate::error::Error;
use crate::tree::{Content, Map, Tree, parse};

/// The order of the sections of a document. Others come behind, in the order in which they stand.
pub(crate) const SECTIONS: &[&str] = &[
    "version",
    "id",
    "name",
    "description",
    "type",
    "status",
    "include",
    "parameters",
    "environments",
    "cluster",
    "components",
    "udfs",
    "quarantine",
    "pipeline",
    "application",
    "configuration",
    "schedule",
    "monitoring",
];

/// The document in its canonical layout; formatting that again changes nothing. JSON stays JSON.
///
/// # Errors
/// [`Error::Document`] when `text` is not a readable document, [`Error::Format`] when it is written in a way that cannot be
/// laid out anew without risk.
pub fn format_document(text: &str) -> Result<String, Error> {
    let mut report = Report::new("job", text);
    let Some(root) = read_root(text, &mut report) else {
        return Err(Error::Document(report.into_sorted()));
    };
    let refuse = |refusal: Refusal| Error::Format {
        line: report.position(refusal.at).0,
        reason: refusal.reason.to_owned(),
    };
    let is_json = root.as_map().is_some_and(|map| map.flow);
    let formatted = if is_json { json::laid_out(text, &root) } else { yaml::laid_out(text, &root) };
    let formatted = formatted.map_err(refuse)?;
    let mut again = Report::new("job", &formatted);
    let is_same =
        parse(&formatted, &mut again).filter(|_| !again.has_errors()).is_some_and(|read| {
            says_the_same(&root, &read, true) && has_same_comments(text, &root, &formatted, &read)
        });
    if is_same {
        Ok(formatted)
    } else {
        Err(refuse(Refusal { at: 0, reason: "it would not be the same document any more" }))
    }
}

/// Why a text cannot be laid out anew, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal {
    at: usize,
    reason: &'static str,
}

type Laid<T> = Result<T, Refusal>;

/// The entries of the root in the order of the sections.
fn in_order(map: &Map) -> Vec<usize> {
    let rank = |at: &usize| {
        let key = map.entries[*at].key.as_str();
        SECTIONS.iter().position(|section| *section == key).unwrap_or(SECTIONS.len())
    };
    let mut order: Vec<usize> = (0..map.entries.len()).collect();
    order.sort_by_key(rank);
    order
}

/// Whether two trees have the same keys in the same order and values of the same texts and types; the sections of a
/// document may stand in any order.
fn says_the_same(one: &Tree, other: &Tree, is_root: bool) -> bool {
    match (&one.content, &other.content) {
        (Content::Scalar(one), Content::Scalar(other)) => {
            let is_typed = |scalar: &crate::tree::Scalar| {
                scalar.is_null() || scalar.is_typed_by_text() && scalar::looks_typed(&scalar.text)
            };
            one.text == other.text && is_typed(one) == is_typed(other)
                || one.is_null() && other.is_null()
                || one.as_bool().is_some() && one.as_bool() == other.as_bool()
        }
        (Content::List(one), Content::List(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| says_the_same(one, other, false))
        }
        (Content::Map(one), Content::Map(other)) if is_root => {
            one.entries.len() == other.entries.len()
                && one.entries.iter().all(|entry| {
                    other
                        .get(&entry.key)
                        .is_some_and(|found| says_the_same(&entry.value, &found.value, false))
                })
        }
        (Content::Map(one), Content::Map(other)) => {
            one.entries.len() == other.entries.len()
                && one.entries.iter().zip(&other.entries).all(|(one, other)| {
                    one.key == other.key && says_the_same(&one.value, &other.value, false)
                })
        }
        _ => false,
    }
}

fn has_same_comments(text: &str, root: &Tree, formatted: &str, read: &Tree) -> bool {
    let sorted = |text, root| {
        let mut found = comments::of(text, root);
        found.sort_unstable();
        found.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    sorted(text, root) == sorted(formatted, read)
}

/// The spans of all scalars and keys, in the order of the text.
fn scalars(tree: &Tree, found: &mut Vec<Span>) {
    match &tree.content {
        Content::Scalar(_) => found.push(tree.span),
        Content::List(items) => items.iter().for_each(|item| scalars(item, found)),
        Content::Map(map) => map.entries.iter().for_each(|entry| {
            found.push(entry.key_span);
            scalars(&entry.value, found);
        }),
    }
}
