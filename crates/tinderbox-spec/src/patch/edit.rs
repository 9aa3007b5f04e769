//! One value set in a text. The result is read again and must be the old document with that one value changed.

use crate::diagnostic::Report;
use crate::tree::{Content, Entry, Map, Scalar, ScalarForm, Tree, parse};

/// One value to set.
#[derive(Debug)]
pub(super) struct Edit {
    steps: Steps,
    value: String,
    /// Whether the value is a list or a block in YAML's bracket form, to be written as it is.
    is_collection: bool,
}

/// The way to a value: from the root, or from an item of a list.
#[derive(Debug)]
pub(super) struct Steps(Vec<Step>);

#[derive(Debug)]
enum Step {
    Key(String),
    Item(usize),
}

impl Steps {
    pub(super) fn keys(keys: &[&str]) -> Self {
        Self(keys.iter().map(|&key| Step::Key(key.to_owned())).collect())
    }

    pub(super) fn item(list: &[&str], at: usize, keys: &[&str]) -> Self {
        let mut steps = Self::keys(list);
        steps.0.push(Step::Item(at));
        steps.0.extend(Self::keys(keys).0);
        steps
    }
}

impl Edit {
    pub(super) fn scalar(steps: Steps, value: &str) -> Self {
        Self { steps, value: value.to_owned(), is_collection: false }
    }

    pub(super) fn collection(steps: Steps, value: &str) -> Self {
        Self { steps, value: value.to_owned(), is_collection: true }
    }

    pub(super) fn is_present_in(&self, root: &Tree) -> bool {
        let mut tree = root;
        for step in &self.steps.0 {
            let next = match step {
                Step::Key(key) => {
                    tree.as_map().and_then(|map| map.get(key)).map(|entry| &entry.value)
                }
                Step::Item(at) => tree.as_list().and_then(|items| items.get(*at)),
            };
            match next {
                Some(next) => tree = next,
                None => return false,
            }
        }
        !tree.is_null()
    }

    fn wanted(&self) -> Result<Shape, String> {
        if !self.is_collection {
            return Ok(Shape::Scalar(Some(self.value.clone())));
        }
        let mut report = Report::new("value", &self.value);
        let tree = parse(&self.value, &mut report).filter(|_| !report.has_errors());
        tree.map(|tree| Shape::of(&tree))
            .ok_or_else(|| format!("`{}` is not a list or block in YAML", self.value))
    }
}

/// Sets one value. The error says why it cannot be done.
pub(super) fn set(text: &str, root: &Tree, edit: &Edit) -> Result<String, String> {
    let mut expected = Shape::of(root);
    expected.set(&edit.steps.0, edit.wanted()?)?;
    if expected == Shape::of(root) {
        return Ok(text.to_owned());
    }
    let is_json = root.as_map().is_some_and(|map| map.flow);
    let edited = Editor { text, is_json }.replace(root, None, &edit.steps.0, edit)?;
    let mut report = Report::new("job", &edited);
    let read_again = parse(&edited, &mut report).filter(|_| !report.has_errors());
    if read_again.is_some_and(|tree| Shape::of(&tree) == expected) {
        Ok(edited)
    } else {
        Err("the document is written in a way that cannot be edited safely here; change it by hand"
            .to_owned())
    }
}

/// A document without its spans and styles, to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    /// `None` is YAML's null.
    Scalar(Option<String>),
    List(Vec<Shape>),
    Map(Vec<(String, Shape)>),
}

impl Shape {
    fn of(tree: &Tree) -> Self {
        match &tree.content {
            Content::Scalar(scalar) => {
                Self::Scalar((!scalar.is_null()).then(|| scalar.text.clone()))
            }
            Content::List(items) => Self::List(items.iter().map(Self::of).collect()),
            Content::Map(map) => Self::Map(
                map.entries
                    .iter()
                    .map(|entry| (entry.key.clone(), Self::of(&entry.value)))
                    .collect(),
            ),
        }
    }

    /// Sets the value at the end of `steps`; blocks that are missing are made.
    fn set(&mut self, steps: &[Step], value: Self) -> Result<(), String> {
        let Some((step, rest)) = steps.split_first() else {
            *self = value;
            return Ok(());
        };
        if *self == Self::Scalar(None) {
            *self = Self::Map(Vec::new());
        }
        match (self, step) {
            (Self::Map(entries), Step::Key(key)) => {
                let at = entries.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
                    entries.push((key.clone(), Self::Scalar(None)));
                    entries.len() - 1
                });
                entries[at].1.set(rest, value)
            }
            (Self::List(items), Step::Item(at)) => match items.get_mut(*at) {
                Some(item) => item.set(rest, value),
                None => Err(format!("the list has no item {at}")),
            },
            (_, Step::Key(key)) => {
                Err(format!("`{key}` cannot be added: what should hold it is not a block of keys"))
            }
            (_, Step::Item(_)) => Err("what should be a list of nodes is none".to_owned()),
        }
    }
}

struct Editor<'t> {
    text: &'t str,
    /// Whether all must be quoted as in JSON.
    is_json: bool,
}

impl Editor<'_> {
    /// Walks to the place of the edit. `entry` is the one whose value `tree` is.
    fn replace(
        &self,
        tree: &Tree,
        entry: Option<&Entry>,
        steps: &[Step],
        edit: &Edit,
    ) -> Result<String, String> {
        let lost = || "the value to change was not found".to_owned();
        match (steps.split_first(), &tree.content) {
            (None, _) => self.overwrite(tree, entry, edit).ok_or_else(lost),
            (Some((Step::Key(key), rest)), Content::Map(map)) => match map.get(key) {
                Some(entry) => self.replace(&entry.value, Some(entry), rest, edit),
                None if map.flow => self.add_in_braces(tree, map, steps, edit).ok_or_else(lost),
                None => self.add_below(map, steps, edit).ok_or_else(lost),
            },
            (Some((Step::Item(at), rest)), Content::List(items)) => {
                self.replace(items.get(*at).ok_or_else(lost)?, None, rest, edit)
            }
            (Some(_), Content::Scalar(_)) => {
                self.fill_empty(tree, entry, steps, edit).ok_or_else(lost)
            }
            (Some(_), _) => Err(lost()),
        }
    }

    /// A value over the one that stands there.
    fn overwrite(&self, tree: &Tree, entry: Option<&Entry>, edit: &Edit) -> Option<String> {
        let is_written = self
            .text
            .get(tree.span.start..tree.span.end)
            .is_some_and(|written| !written.is_empty());
        let style = match tree.as_scalar() {
            Some(Scalar { text, style }) if *style == ScalarForm::Block || !text.contains("${") => {
                *style
            }
            _ => ScalarForm::Plain,
        };
        let value = self.value(edit, style);
        if style == ScalarForm::Block {
            // The span of such a text begins behind its `|` or `>`.
            let after_colon = self.after_colon(entry?)?;
            return self.splice(after_colon, tree.span.end, &format!(" {value}"));
        }
        if is_written {
            return self.splice(tree.span.start, tree.span.end, &value);
        }
        let after_colon = self.after_colon(entry?)?;
        self.splice(after_colon, after_colon, &format!(" {value}"))
    }

    /// Blocks below a key that has no value yet.
    fn fill_empty(
        &self,
        tree: &Tree,
        entry: Option<&Entry>,
        steps: &[Step],
        edit: &Edit,
    ) -> Option<String> {
        let entry = entry?;
        if tree.span.end > tree.span.start {
            // A written `null` or `~`.
            let value = self.in_braces(steps, edit);
            return self.splice(tree.span.start, tree.span.end, &format!("{{{value}}}"));
        }
        let indent = self.column_of(entry.key_span.start) + 2;
        let at = self.line_end(self.after_colon(entry)?);
        self.splice(at, at, &self.block_lines(steps, indent, edit))
    }

    /// A new key at the end of a block, indented as its first one.
    fn add_below(&self, map: &Map, steps: &[Step], edit: &Edit) -> Option<String> {
        let indent = self.column_of(map.entries.first()?.key_span.start);
        let last = map.entries.last()?;
        let at = self.line_end(last.value.span.end.max(last.key_span.end));
        self.splice(at, at, &self.block_lines(steps, indent, edit))
    }

    /// A new key at the end of `{…}`, on a line of its own when the last one has one.
    fn add_in_braces(&self, tree: &Tree, map: &Map, steps: &[Step], edit: &Edit) -> Option<String> {
        let addition = self.in_braces(steps, edit);
        let Some(last) = map.entries.last() else {
            let at = tree.span.start + 1;
            return self.splice(at, at, &addition);
        };
        let at = last.value.span.end.max(last.key_span.end);
        let line_start = self.line_start(last.key_span.start);
        let before_key = self.text.get(line_start..last.key_span.start)?;
        let has_own_line = before_key.chars().all(|c| c == ' ' || c == '\t');
        let separator = if has_own_line {
            format!(",{}{before_key}", self.line_feed())
        } else {
            ", ".to_owned()
        };
        self.splice(at, at, &format!("{separator}{addition}"))
    }

    fn block_lines(&self, steps: &[Step], indent: usize, edit: &Edit) -> String {
        let mut lines = String::new();
        for (depth, step) in steps.iter().enumerate() {
            if let Step::Key(key) = step {
                lines.push_str(self.line_feed());
                lines.push_str(&" ".repeat(indent + 2 * depth));
                lines.push_str(&self.quoted_if_needed(key));
                lines.push(':');
            }
        }
        format!("{lines} {}", self.value(edit, ScalarForm::Plain))
    }

    fn in_braces(&self, steps: &[Step], edit: &Edit) -> String {
        let keys: Vec<String> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Key(key) => Some(self.quoted_if_needed(key)),
                Step::Item(_) => None,
            })
            .collect();
        let closing = "}".repeat(keys.len().saturating_sub(1));
        format!("{}: {}{closing}", keys.join(": {"), self.value(edit, ScalarForm::Plain))
    }

    fn value(&self, edit: &Edit, style: ScalarForm) -> String {
        let value = &edit.value;
        if edit.is_collection {
            return value.trim().to_owned();
        }
        match style {
            ScalarForm::DoubleQuoted => double_quoted(value),
            ScalarForm::SingleQuoted if !value.chars().any(char::is_control) => {
                format!("'{}'", value.replace('\'', "''"))
            }
            _ if self.is_json && is_json_literal(value) => value.clone(),
            _ => self.quoted_if_needed(value),
        }
    }

    fn quoted_if_needed(&self, text: &str) -> String {
        quoted_if_needed(text, self.is_json)
    }

    fn after_colon(&self, entry: &Entry) -> Option<usize> {
        let rest = self.text.get(entry.key_span.end..)?;
        let colon = rest.find(':')?;
        rest[..colon].trim().is_empty().then_some(entry.key_span.end + colon + 1)
    }

    fn column_of(&self, offset: usize) -> usize {
        self.text.get(self.line_start(offset)..offset).map_or(0, |before| before.chars().count())
    }

    fn line_start(&self, offset: usize) -> usize {
        self.text.get(..offset).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1)
    }

    fn line_end(&self, offset: usize) -> usize {
        let rest = self.text.get(offset..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        offset + line.trim_end_matches('\r').len()
    }

    fn line_feed(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    fn splice(&self, start: usize, end: usize, with: &str) -> Option<String> {
        Some(format!("{}{with}{}", self.text.get(..start)?, self.text.get(end..)?))
    }
}

/// A text as a key or value; in JSON always quoted.
pub(crate) fn quoted_if_needed(text: &str, is_json: bool) -> String {
    if !is_json && is_plain(text) { text.to_owned() } else { double_quoted(text) }
}

/// Whether every reader of YAML takes the text for itself when it stands without quotes.
fn is_plain(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let is_foreign_word = matches!(&*lower, "null" | "on" | "off" | "yes" | "no" | "y" | "n");
    let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '+' | '-');
    let begins_well = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        || text
            .strip_prefix('-')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    begins_well && text.chars().all(is_safe) && !is_foreign_word
}

/// JSON's numbers and booleans, which may stand without quotes there.
fn is_json_literal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    matches!(text, "true" | "false")
        || (!digits.is_empty()
            && digits.chars().all(|c| c.is_ascii_digit())
            && (digits == "0" || !digits.starts_with('0')))
}

/// In the form that JSON and YAML share.
pub(crate) fn double_quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') =>
            {
                quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
