use crate::diagnostic::{Report, Span};
use crate::nearest::suggestion;
use crate::tree::{Content, Entry, Map, Spanned, Tree};

/// So many unknown keys of one block are named.
const MOST_UNKNOWN: usize = 100;

/// Reads the keys of one block, one by one, and at the end reports those that nobody asked for.
/// A key whose value is nothing counts as left out.
pub(crate) struct Fields<'t> {
    map: &'t Map,
    pub(crate) span: Span,
    pub(crate) path: String,
    /// What it is, in messages.
    noun: String,
    known: Vec<&'static str>,
}

impl<'t> Fields<'t> {
    /// `None`, with an error, when `tree` is not a block of keys.
    pub(crate) fn of(tree: &'t Tree, path: &str, report: &mut Report<'_>) -> Option<Self> {
        match &tree.content {
            Content::Map(map) => {
                let noun = if path.is_empty() { "a job".to_owned() } else { format!("`{path}`") };
                Some(Self { map, span: tree.span, path: path.to_owned(), noun, known: Vec::new() })
            }
            _ => {
                wrong_type(tree, path, "a block of keys", report);
                None
            }
        }
    }

    /// Names the block in messages; otherwise its path does.
    pub(crate) fn name_as(&mut self, noun: &str) {
        noun.clone_into(&mut self.noun);
    }

    /// The path of one of its keys.
    pub(crate) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(crate) fn entry(&mut self, key: &'static str) -> Option<&'t Entry> {
        self.allow([key]);
        self.map.get(key).filter(|entry| !entry.value.is_null())
    }

    pub(crate) fn entries(&self) -> &'t [Entry] {
        &self.map.entries
    }

    /// Counts `keys` as known without reading them.
    pub(crate) fn allow(&mut self, keys: impl IntoIterator<Item = &'static str>) {
        for key in keys {
            if !self.known.contains(&key) {
                self.known.push(key);
            }
        }
    }

    pub(crate) fn block(
        &mut self,
        key: &'static str,
        report: &mut Report<'_>,
    ) -> Option<Fields<'t>> {
        let entry = self.entry(key)?;
        Fields::of(&entry.value, &self.path_of(key), report)
    }

    pub(crate) fn text(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<Spanned> {
        let entry = self.entry(key)?;
        text(&entry.value, &self.path_of(key), report)
    }

    /// A whole number from 1.
    pub(crate) fn count(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<u32> {
        self.whole_number(key, 1, report)
    }

    /// A whole number from `least`.
    pub(crate) fn whole_number(
        &mut self,
        key: &'static str,
        least: u32,
        report: &mut Report<'_>,
    ) -> Option<u32> {
        let entry = self.entry(key)?;
        let path = self.path_of(key);
        let scalar = entry.value.as_scalar();
        let number = scalar.filter(|s| s.is_typed_by_text()).and_then(|s| s.text.parse().ok());
        if number.is_none_or(|number| number < least) {
            let hint = scalar
                .filter(|s| !s.is_typed_by_text() && s.text.parse::<u32>().is_ok())
                .map(|s| format!("write {} without quotes", s.text));
            wrong_type(&entry.value, &path, &format!("a whole number from {least}"), report).hint =
                hint;
        }
        number.filter(|number| *number >= least)
    }

    pub(crate) fn boolean(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<bool> {
        let entry = self.entry(key)?;
        let value = entry.value.as_scalar().and_then(|scalar| scalar.as_bool());
        if value.is_none() {
            wrong_type(&entry.value, &self.path_of(key), "`true` or `false`", report);
        }
        value
    }

    /// A text or a list of texts.
    pub(crate) fn texts(
        &mut self,
        key: &'static str,
        report: &mut Report<'_>,
    ) -> Option<Vec<Spanned>> {
        let entry = self.entry(key)?;
        Some(texts(&entry.value, &self.path_of(key), report))
    }

    /// One of `valid`.
    pub(crate) fn choice(
        &mut self,
        key: &'static str,
        valid: &[&'static str],
        report: &mut Report<'_>,
    ) -> Option<&'static str> {
        let word = self.text(key, report)?;
        choice(&word, valid, &self.path_of(key), report)
    }

    /// Reports keys that were not asked for.
    pub(crate) fn finish(self, report: &mut Report<'_>) {
        let unknown =
            || self.map.entries.iter().filter(|entry| !self.known.contains(&entry.key.as_str()));
        for entry in unknown().take(MOST_UNKNOWN) {
            let path = self.path_of(&entry.key);
            let message = format!("{} has no field `{}`", self.noun, entry.key);
            report.error("spec::unknown-key", entry.key_span, &path, message).hint =
                Some(suggestion(&entry.key, &self.known));
        }
        if let Some(entry) = unknown().nth(MOST_UNKNOWN) {
            let more = unknown().count() - MOST_UNKNOWN;
            let message = format!("{} has {more} more fields that nothing reads", self.noun);
            report.error("spec::unknown-key", entry.key_span, &self.path, message);
        }
    }
}

pub(crate) fn text(tree: &Tree, path: &str, report: &mut Report<'_>) -> Option<Spanned> {
    match tree.as_scalar().filter(|scalar| !scalar.is_null()) {
        Some(scalar) => Some(Spanned { text: scalar.text.clone(), span: tree.span }),
        None => {
            wrong_type(tree, path, "a text", report);
            None
        }
    }
}

/// A text or a list of texts.
pub(crate) fn texts(tree: &Tree, path: &str, report: &mut Report<'_>) -> Vec<Spanned> {
    match &tree.content {
        Content::List(items) => items
            .iter()
            .enumerate()
            .filter_map(|(at, item)| text(item, &format!("{path}[{at}]"), report))
            .collect(),
        Content::Scalar(_) => text(tree, path, report).into_iter().collect(),
        Content::Map(_) => {
            wrong_type(tree, path, "a text or a list of texts", report);
            Vec::new()
        }
    }
}

/// `word` as one of `valid`.
pub(crate) fn choice(
    word: &Spanned,
    valid: &[&'static str],
    path: &str,
    report: &mut Report<'_>,
) -> Option<&'static str> {
    let found = valid.iter().copied().find(|valid| *valid == word.text);
    if found.is_none() {
        let message = format!("`{}` is not a value of `{}`", word.text, last_key(path));
        report.error("spec::wrong-value", word.span, path, message).hint =
            Some(suggestion(word, valid));
    }
    found
}

pub(crate) fn wrong_type<'r>(
    tree: &Tree,
    path: &str,
    wanted: &str,
    report: &'r mut Report<'_>,
) -> &'r mut crate::Diagnostic {
    let message = format!("`{}` must be {wanted}, not {}", last_key(path), tree.describe());
    report.error("spec::wrong-type", tree.span, path, message)
}

fn last_key(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}
