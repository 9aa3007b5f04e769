//! Documents in the seed's form, in today's: one small edit of the text after the other, so that all else stays.

use crate::component::{Component, NodeKind};
use crate::diagnostic::Report;
use crate::document::{Choice, load, read_root};
use crate::error::Error;
use crate::graph::{Draft, drafts};
use crate::patch::quoted_if_needed;
use crate::pyspark::compile_pyspark;
use crate::tree::{Content, Entry, Map, Tree};

/// A document in today's form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgraded {
    /// The whole text.
    pub text: String,
    /// What was changed, in words; empty when there was nothing to do.
    pub changes: Vec<String>,
}

/// Writes a document in today's form: `version: 1`, `type` instead of `operation`, parameters beside `type`, ids instead of
/// `output`, an id for every node. It compiles to the same program as before. `choice` is as for [`load`].
///
/// # Errors
/// [`Error::Document`] when the document has errors, [`Error::Format`] when a part is written in a way that cannot be changed
/// without risk.
pub fn upgrade(file: &str, text: &str, choice: &Choice) -> Result<Upgraded, Error> {
    let program = |text: &str| {
        let loaded = load(file, text, choice).map_err(Error::Document)?;
        Ok::<_, Error>(compile_pyspark(&loaded.spec).source)
    };
    let before = program(text)?;
    let mut upgraded = Upgraded { text: text.to_owned(), changes: Vec::new() };
    loop {
        let mut report = Report::new(file, &upgraded.text);
        let Some(root) = read_root(&upgraded.text, &mut report) else {
            return Err(Error::Document(report.into_sorted()));
        };
        let document = Document { text: &upgraded.text, root: &root };
        let refuse = |refusal: Refusal| Error::Format {
            line: report.position(refusal.0).0,
            reason: refusal.1.to_owned(),
        };
        let Some(change) = document.next_change().map_err(refuse)? else { break };
        let line = report.position(change.at).0;
        let text = document.with(change.edits).ok_or_else(|| refuse(Refusal(change.at, TWICE)))?;
        upgraded = Upgraded {
            text,
            changes: [upgraded.changes, vec![format!("line {line}: {}", change.said)]].concat(),
        };
    }
    if program(&upgraded.text)? != before {
        return Err(Error::Format {
            line: 1,
            reason: "it would compile to another program".to_owned(),
        });
    }
    Ok(upgraded)
}

const TWICE: &str = "two changes would meet here";

/// Where and why a change cannot be made.
struct Refusal(usize, &'static str);

struct Change {
    at: usize,
    said: String,
    edits: Vec<Splice>,
}

/// The text from one offset to another becomes this.
type Splice = (usize, usize, String);

struct Document<'t> {
    text: &'t str,
    root: &'t Tree,
}

impl Document<'_> {
    fn next_change(&self) -> Result<Option<Change>, Refusal> {
        let Content::Map(map) = &self.root.content else { return Ok(None) };
        let first = map.entries.first().map_or(0, |entry| entry.key_span.start);
        if map.get("version").is_none() {
            let edits = self.first_key(map, "version", "1");
            return Ok(Some(Change { at: first, said: "`version: 1` added".to_owned(), edits }));
        }
        let drafts = self.root.at(&["pipeline"]).map(drafts).unwrap_or_default();
        for draft in &drafts {
            let Content::Map(map) = &draft.tree.content else { continue };
            for change in [
                self.without_operation(draft, map),
                self.without_output(draft, map, &drafts),
                self.without_parameters(draft, map),
            ] {
                if let Some(change) = change? {
                    return Ok(Some(change));
                }
            }
        }
        // The ids of nodes behind custom components are known when those are put in.
        if self.root.at(&["components"]).is_some() {
            return Ok(None);
        }
        let without = drafts.iter().find_map(|draft| {
            let map = draft.tree.as_map()?;
            (map.get("id").is_none() && draft.component.is_some()).then_some((draft, map))
        });
        Ok(without.map(|(draft, map)| Change {
            at: draft.tree.span.start,
            said: format!("`id: {}` added", draft.id),
            edits: self.first_key(map, "id", &draft.id),
        }))
    }

    /// `operation` becomes `type`.
    fn without_operation(&self, draft: &Draft<'_>, map: &Map) -> Result<Option<Change>, Refusal> {
        let Some(operation) = map.get("operation") else { return Ok(None) };
        let Some(word) = operation.value.as_scalar() else { return Ok(None) };
        let at = operation.key_span.start;
        let Some(kind) = map.get("type") else {
            let edit = self.renamed(operation, "type");
            return Ok(Some(Change {
                at,
                said: "`operation` is now `type`".to_owned(),
                edits: vec![edit],
            }));
        };
        let is_known = |entry: &Entry| {
            let text = entry.value.as_scalar().map(|scalar| scalar.text.as_str());
            text.is_some_and(|text| Component::find(draft.kind, text).is_some())
        };
        let mut edits = self.removed(map, "operation")?;
        let mut said = "`operation` says what `type` does, and is gone".to_owned();
        if !is_known(kind) && draft.kind == NodeKind::Transformation {
            let span = kind.value.span;
            edits.push((span.start, span.end, self.written(&word.text)));
            said = format!("`operation: {0}` is now `type: {0}`", word.text);
        }
        Ok(Some(Change { at, said, edits }))
    }

    /// `output` becomes the id; where there is an id already, its readers name that one.
    fn without_output(
        &self,
        draft: &Draft<'_>,
        map: &Map,
        drafts: &[Draft<'_>],
    ) -> Result<Option<Change>, Refusal> {
        let Some(output) = map.get("output") else { return Ok(None) };
        let at = output.key_span.start;
        let Some(name) = output.value.as_scalar().filter(|scalar| !scalar.is_null()) else {
            return Ok(Some(Change {
                at,
                said: "an empty `output` is gone".to_owned(),
                edits: self.removed(map, "output")?,
            }));
        };
        if map.get("id").is_none() {
            let edit = self.renamed(output, "id");
            return Ok(Some(Change {
                at,
                said: "`output` is now `id`".to_owned(),
                edits: vec![edit],
            }));
        }
        let mut edits = self.removed(map, "output")?;
        for reader in drafts {
            for key in ["input", "table"] {
                let Some(value) =
                    reader.tree.at(&[key]).or_else(|| reader.tree.at(&["parameters", key]))
                else {
                    continue;
                };
                let one = std::slice::from_ref(value);
                let named = value.as_list().unwrap_or(one).iter();
                let named =
                    named.filter(|tree| tree.as_scalar().is_some_and(|one| one.text == name.text));
                edits.extend(
                    named.map(|tree| (tree.span.start, tree.span.end, self.written(&draft.id))),
                );
            }
        }
        let said = format!("`output: {}` is gone: its readers name `{}`", name.text, draft.id);
        Ok(Some(Change { at, said, edits }))
    }

    /// What stands under `parameters` moves beside `type`.
    fn without_parameters(&self, draft: &Draft<'_>, map: &Map) -> Result<Option<Change>, Refusal> {
        let Some(entry) = map.get("parameters") else { return Ok(None) };
        // Its own parameters of a component are checked when it is known.
        if draft.component.is_none() {
            return Ok(None);
        }
        let Content::Map(inner) = &entry.value.content else { return Ok(None) };
        let at = entry.key_span.start;
        let said = "`parameters` moved beside `type`".to_owned();
        if inner.entries.is_empty() {
            return Ok(Some(Change { at, said, edits: self.removed(map, "parameters")? }));
        }
        let span = entry.value.span;
        if inner.flow && map.flow {
            let inside = self.text[span.start + 1..span.end - 1].trim().trim_end_matches(',');
            return Ok(Some(Change { at, said, edits: vec![(at, span.end, inside.to_owned())] }));
        }
        let margin = " ".repeat(at - self.line_start(at));
        if inner.flow {
            if self.text[span.start..span.end].contains(['#', '\n']) {
                return Err(Refusal(at, "`parameters` stands in brackets over several lines"));
            }
            let entries: Vec<String> = inner
                .entries
                .iter()
                .map(|inner| {
                    let end = inner.value.span.end.max(inner.key_span.end);
                    self.text[inner.key_span.start..end].to_owned()
                })
                .collect();
            let lines = entries.join(&format!("\n{margin}"));
            return Ok(Some(Change { at, said, edits: vec![(at, span.end, lines)] }));
        }
        // Whole lines, moved to the left.
        let first = inner.entries.first().map_or(at, |first| first.key_span.start);
        let deeper = (first - self.line_start(first)).saturating_sub(margin.len());
        let head_end = self.line_end(at);
        let comment = self.text[entry.key_span.end..head_end]
            .trim_start_matches([':', ' ', '"', '\''])
            .trim();
        let end = self.line_end(span.end.max(first));
        let mut lines: Vec<String> = Vec::new();
        if !comment.is_empty() {
            lines.push(comment.to_owned());
        }
        for line in self.text[(head_end + 1).min(end)..end].lines() {
            let cut = line.len() - line.trim_start_matches(' ').len();
            let line = line[cut.min(deeper)..].trim_end();
            // The first one stands where `parameters` stood.
            lines.push(if lines.is_empty() {
                line.trim_start().to_owned()
            } else {
                line.to_owned()
            });
        }
        Ok(Some(Change { at, said, edits: vec![(at, end, lines.join("\n"))] }))
    }

    /// A key before all others of a block.
    fn first_key(&self, map: &Map, key: &str, value: &str) -> Vec<Splice> {
        let Some(first) = map.entries.first().map(|entry| entry.key_span.start) else {
            return Vec::new();
        };
        let separator = if map.flow {
            let brace = self.text[..first].rfind('{').map_or(first, |brace| brace + 1);
            let space = &self.text[brace..first];
            format!(",{}", if space.contains('\n') { space } else { " " })
        } else {
            format!("\n{}", " ".repeat(first - self.line_start(first)))
        };
        let key = self.written_key(key);
        let value = if value == "1" { value.to_owned() } else { self.written(value) };
        vec![(first, first, format!("{key}: {value}{separator}"))]
    }

    fn renamed(&self, entry: &Entry, key: &str) -> Splice {
        (entry.key_span.start, entry.key_span.end, self.written_key(key))
    }

    /// Takes an entry out; a comment behind it stays.
    fn removed(&self, map: &Map, key: &str) -> Result<Vec<Splice>, Refusal> {
        let Some(at) = map.entries.iter().position(|entry| entry.key == key) else {
            return Ok(Vec::new());
        };
        let entry = &map.entries[at];
        let (start, end) = (entry.key_span.start, entry.value.span.end.max(entry.key_span.end));
        let before = at.checked_sub(1).map(|at| &map.entries[at]);
        let next = map.entries.get(at + 1).map(|next| next.key_span.start);
        let (start, end) = match (map.flow, next, before) {
            (true, Some(next), _) => (start, next),
            (true, None, Some(before)) => (before.value.span.end.max(before.key_span.end), end),
            (false, Some(next), None) => (start, next),
            (false, _, Some(_)) => {
                let rest = self.text[end..self.line_end(end)].trim();
                let line = self.line_start(start);
                let end = (self.line_end(end) + 1).min(self.text.len());
                let kept = if rest.is_empty() {
                    String::new()
                } else {
                    format!("{}{rest}\n", " ".repeat(start - line))
                };
                return Ok(vec![(line, end, kept)]);
            }
            (_, None, None) => return Err(Refusal(start, "nothing else stands in this block")),
        };
        if self.text[start..end].contains('#') {
            return Err(Refusal(start, "a comment stands at what must go"));
        }
        Ok(vec![(start, end, String::new())])
    }

    fn is_json(&self) -> bool {
        self.root.as_map().is_some_and(|map| map.flow)
    }

    fn written(&self, text: &str) -> String {
        quoted_if_needed(text, self.is_json())
    }

    fn written_key(&self, key: &str) -> String {
        quoted_if_needed(key, self.is_json())
    }

    fn line_start(&self, offset: usize) -> usize {
        self.text[..offset].rfind('\n').map_or(0, |at| at + 1)
    }

    fn line_end(&self, offset: usize) -> usize {
        self.text[offset..].find('\n').map_or(self.text.len(), |at| offset + at)
    }

    /// The text with all edits; `None` when two of them overlap.
    fn with(&self, mut edits: Vec<Splice>) -> Option<String> {
        edits.sort_by_key(|(start, end, _)| (*start, *end));
        let is_apart = edits.windows(2).all(|pair| pair[0].1 <= pair[1].0);
        let mut text = self.text.to_owned();
        for (start, end, with) in edits.iter().rev() {
            text.replace_range(*start..*end, with);
        }
        is_apart.then_some(text)
    }
}
