//! The comments of a text: what stands behind `#` outside of every scalar.

use super::scalars;
use crate::tree::Tree;

/// Each comment from its `#` on, without white space at its end, in the order of the text.
pub(super) fn of<'t>(text: &'t str, root: &Tree) -> Vec<&'t str> {
    let mut spans = Vec::new();
    scalars(root, &mut spans);
    let mut found = Vec::new();
    let mut from = 0;
    for span in spans {
        between(text, from, span.start, &mut found);
        from = from.max(span.end);
    }
    between(text, from, text.len(), &mut found);
    found
}

/// Where the first comment within a value begins.
pub(super) fn inside(text: &str, tree: &Tree) -> Option<usize> {
    let mut spans = Vec::new();
    scalars(tree, &mut spans);
    let mut found = Vec::new();
    let mut from = tree.span.start;
    for span in spans {
        between(text, from, span.start, &mut found);
        from = from.max(span.end);
    }
    between(text, from, tree.span.end, &mut found);
    found.first().map(|comment| comment.as_ptr() as usize - text.as_ptr() as usize)
}

fn between<'t>(text: &'t str, from: usize, to: usize, found: &mut Vec<&'t str>) {
    let mut at = from;
    while let Some(sign) = text.get(at..to).and_then(|rest| rest.find('#')).map(|sign| sign + at) {
        let before = text[..sign].chars().next_back();
        let line_end = text[sign..].find('\n').map_or(text.len(), |end| sign + end);
        if before.is_none_or(char::is_whitespace) {
            found.push(text[sign..line_end].trim_end());
            at = line_end;
        } else {
            at = sign + 1;
        }
    }
}
