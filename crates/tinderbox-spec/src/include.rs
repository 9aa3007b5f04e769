//! Includes: sections that several documents share, in files of their own.
//!
//! What is included lies under the document: block by block, the document's own values win, and of two included files the
//! later one. Spans of included values begin behind the document's own text, so that a report knows their file.

use crate::diagnostic::{Report, Span};
use crate::document::read_root;
use crate::fields::wrong_type;
use crate::nearest::suggestion;
use crate::tree::{self, Content, Entry, Map, Tree};
use std::collections::BTreeMap;

/// The sections that an included file may have.
const SECTIONS: &[&str] = &[
    "include",
    "parameters",
    "environments",
    "cluster",
    "components",
    "udfs",
    "quarantine",
    "configuration",
    "schedule",
    "monitoring",
];

/// How deep included files may include others.
const DEPTH_LIMIT: usize = 8;

/// The document with what it includes under it. `files` are texts by path as documents write them.
pub(crate) fn read_document(
    text: &str,
    files: &BTreeMap<String, String>,
    report: &mut Report<'_>,
) -> Option<Tree> {
    let root = read_root(text, report)?;
    let before = report.error_count();
    let merged = Including { files, report, count: 0 }.merged(root, &mut Vec::new());
    (report.error_count() == before).then_some(merged)
}

/// The paths that a text includes, as written. Nothing is said about mistakes.
pub(crate) fn included_files(root: &Tree) -> Vec<String> {
    let Some(value) = root.at(&["include"]) else { return Vec::new() };
    let items = value.as_list().unwrap_or(std::slice::from_ref(value));
    let texts = items.iter().filter_map(Tree::as_scalar).filter(|scalar| !scalar.is_null());
    texts.map(|scalar| scalar.text.clone()).collect()
}

/// How many files may be included in all, counted as often as they are: files that include each other crosswise would
/// grow beyond any memory.
const COUNT_LIMIT: usize = 256;

struct Including<'i, 'r, 'f> {
    files: &'i BTreeMap<String, String>,
    report: &'r mut Report<'f>,
    count: usize,
}

impl Including<'_, '_, '_> {
    /// `chain` are the files whose includes are being read, outermost first.
    fn merged(&mut self, document: Tree, chain: &mut Vec<String>) -> Tree {
        let Some(entry) = document.as_map().and_then(|map| map.get("include")) else {
            return document;
        };
        if entry.value.is_null() {
            return document;
        }
        let items = match &entry.value.content {
            Content::List(items) => items.clone(),
            Content::Scalar(_) => vec![entry.value.clone()],
            Content::Map(_) => {
                wrong_type(&entry.value, "include", "a file or a list of files", self.report);
                return document;
            }
        };
        let mut merged = document;
        // The document wins over all, the last file over those before it.
        for (at, item) in items.iter().enumerate().rev() {
            let Some(file) = item.as_scalar().filter(|scalar| !scalar.is_null()) else {
                wrong_type(item, &format!("include[{at}]"), "the path of a file", self.report);
                continue;
            };
            if let Some(fragment) = self.fragment(&file.text, item.span, at, chain)
                && let (Content::Map(over), Content::Map(under)) =
                    (&mut merged.content, fragment.content)
            {
                lay_under(over, under);
            }
        }
        merged
    }

    fn fragment(
        &mut self,
        file: &str,
        span: Span,
        at: usize,
        chain: &mut Vec<String>,
    ) -> Option<Tree> {
        let path = format!("include[{at}]");
        if chain.iter().any(|known| known == file) {
            let message = format!("these files include each other: {} → {file}", chain.join(" → "));
            self.report.error("spec::include", span, &path, message).hint =
                Some("remove one of the includes".to_owned());
            return None;
        }
        if chain.len() >= DEPTH_LIMIT {
            let message = format!("files include files, deeper than {DEPTH_LIMIT}: `{file}`");
            self.report.error("spec::include", span, &path, message).hint =
                Some("include it in the document itself".to_owned());
            return None;
        }
        let Some(text) = self.files.get(file) else {
            let message = format!("the file `{file}` that is included is not there");
            self.report.error("spec::include-file", span, &path, message).hint =
                Some("a relative path starts at the document's folder".to_owned());
            return None;
        };
        self.count += 1;
        if self.count > COUNT_LIMIT {
            if self.count == COUNT_LIMIT + 1 {
                let message = format!("more than {COUNT_LIMIT} files are included");
                self.report.error("spec::include", span, &path, message).hint =
                    Some("include each file once, in the document itself".to_owned());
            }
            return None;
        }
        let base = self.report.include(file, text);
        let mut own = Report::new(file, text);
        let read = tree::parse(text, &mut own).filter(|_| !own.has_errors());
        self.report.take_in(own);
        let mut root = read?;
        if root.is_null() {
            return None;
        }
        moved(&mut root, base);
        let Content::Map(map) = &root.content else {
            let message = "an included file is a block of sections";
            self.report.error("spec::wrong-type", root.span, "", message);
            return None;
        };
        for entry in &map.entries {
            if !SECTIONS.contains(&entry.key.as_str()) {
                let message = format!("an included file has no section `{}`", entry.key);
                self.report.error("spec::unknown-key", entry.key_span, &entry.key, message).hint =
                    Some(suggestion(&entry.key, SECTIONS));
            }
        }
        chain.push(file.to_owned());
        let merged = self.merged(root, chain);
        chain.pop();
        Some(merged)
    }
}

/// Lays a block under another: what is missing above comes through, lists of components are put together.
fn lay_under(over: &mut Map, under: Map) {
    for entry in under.entries {
        if entry.key == "include" || entry.value.is_null() {
            continue;
        }
        lay_entry_under(over, entry);
    }
}

fn lay_entry_under(over: &mut Map, under: Entry) {
    let Some(known) = over.entries.iter_mut().find(|known| known.key == under.key) else {
        over.entries.push(under);
        return;
    };
    if known.value.is_null() {
        *known = under;
        return;
    }
    match (&mut known.value.content, under.value.content) {
        (Content::Map(over), Content::Map(under)) => {
            under.entries.into_iter().for_each(|entry| lay_entry_under(over, entry));
        }
        (Content::List(over), Content::List(under)) if known.key == "components" => {
            over.splice(0..0, under);
        }
        _ => {}
    }
}

/// A tree of another text, with its spans behind `base`.
fn moved(tree: &mut Tree, base: usize) {
    let by = |span: Span| Span { start: span.start + base, end: span.end + base };
    tree.span = by(tree.span);
    match &mut tree.content {
        Content::Scalar(_) => {}
        Content::List(items) => items.iter_mut().for_each(|item| moved(item, base)),
        Content::Map(map) => map.entries.iter_mut().for_each(|entry| {
            entry.key_span = by(entry.key_span);
            moved(&mut entry.value, base);
        }),
    }
}
