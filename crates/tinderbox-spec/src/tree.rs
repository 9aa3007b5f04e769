//! The document as a tree with spans. Scalars stay text; what they mean is decided by the field that holds them.

use crate::diagnostic::{Report, Span};
use granit_parser::{
    ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, StrInput, StructureStyle,
};
use std::collections::HashMap;
use std::ops::Deref;
use tinderbox_model::Bytes;

/// Deepest nesting of a document. Ours need 6; the reading is recursive.
const NESTING_LIMIT: usize = 64;

/// The largest document. 200 nodes need some 40 KiB; what is read takes up to a hundred times the memory of its text.
pub const LONGEST_DOCUMENT: Bytes = Bytes(1 << 20);

/// A value of the document.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    pub(crate) content: Content,
    /// Of a block collection: from its first key or dash to the end of its last value.
    pub(crate) span: Span,
}

#[derive(Debug, Clone)]
pub(crate) enum Content {
    Scalar(Scalar),
    List(Vec<Tree>),
    Map(Map),
}

/// A scalar's text after YAML's unescaping, and how it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) style: ScalarForm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScalarForm {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// `|` or `>`.
    Block,
    /// Quoted or not, but its text came from `${param:…}`: typed by its text, like a plain one.
    Substituted,
}

#[derive(Debug, Clone)]
pub(crate) struct Map {
    pub(crate) entries: Vec<Entry>,
    /// Whether it is written in braces.
    pub(crate) flow: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Tree,
}

/// A text and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spanned {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl Deref for Spanned {
    type Target = str;
    fn deref(&self) -> &str {
        &self.text
    }
}

impl Scalar {
    /// YAML 1.2 core: nothing, `~`, `null`, `Null`, `NULL`, never when quoted.
    pub(crate) fn is_null(&self) -> bool {
        self.style == ScalarForm::Plain
            && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    /// Whether the text may stand for a number or a boolean.
    pub(crate) fn is_typed_by_text(&self) -> bool {
        matches!(self.style, ScalarForm::Plain | ScalarForm::Substituted)
    }

    /// YAML 1.2 core: `true` and `false` only, so `on`, `yes` and `no` are words.
    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self.text.as_str() {
            "true" | "True" | "TRUE" if self.is_typed_by_text() => Some(true),
            "false" | "False" | "FALSE" if self.is_typed_by_text() => Some(false),
            _ => None,
        }
    }
}

impl Map {
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

impl Tree {
    pub(crate) fn as_map(&self) -> Option<&Map> {
        match &self.content {
            Content::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(crate) fn as_list(&self) -> Option<&[Tree]> {
        match &self.content {
            Content::List(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_scalar(&self) -> Option<&Scalar> {
        match &self.content {
            Content::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(Scalar::is_null)
    }

    /// The value at a path of keys.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Tree> {
        path.iter().try_fold(self, |tree, key| Some(&tree.as_map()?.get(key)?.value))
    }

    /// What it is, for messages: `a list`, `the number 4`, …
    pub(crate) fn describe(&self) -> String {
        match &self.content {
            Content::List(_) => "a list".to_owned(),
            Content::Map(_) => "a block of keys".to_owned(),
            Content::Scalar(scalar) if scalar.is_null() => "nothing".to_owned(),
            Content::Scalar(scalar) => {
                let mut text: String = scalar.text.chars().take(40).collect();
                if text.len() < scalar.text.len() {
                    text.push('…');
                }
                if scalar.is_typed_by_text() {
                    format!("`{text}`")
                } else {
                    format!("the text \"{text}\"")
                }
            }
        }
    }
}

/// Reads one YAML document. `None` when its syntax is broken (which is then in `report`); what YAML allows but a job
/// does not (aliases, tags, keys that are no scalars, a key twice) is reported too, and the rest still read.
pub(crate) fn parse(text: &str, report: &mut Report<'_>) -> Option<Tree> {
    let size = Bytes(u64::try_from(text.len()).unwrap_or(u64::MAX));
    if size > LONGEST_DOCUMENT {
        let message = format!("the document has {size}; a job has at most {LONGEST_DOCUMENT}");
        report.error("spec::too-large", Span::default(), "", message).hint =
            Some("keep data in files that the job reads, and parts in `components`".to_owned());
        return None;
    }
    let options: Options = granit_parser::options! {
        // Other crates of the tree switch them on for all.
        emit_comments: false,
        flow_nesting_limit: NESTING_LIMIT,
        block_nesting_limit: NESTING_LIMIT,
        disallow_directives: true,
        emit_anchor_events: false,
        emit_unresolved_aliases: true,
    };
    let parser = Parser::new_from_str_with_options(text, options);
    let mut reader = Reader { text, parser, report };
    match reader.document() {
        Ok(tree) => tree,
        Err(error) => {
            reader.report_syntax(&error);
            None
        }
    }
}

struct Reader<'t, 'r, 'f> {
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
    report: &'r mut Report<'f>,
}

impl<'t> Reader<'t, '_, '_> {
    fn document(&mut self) -> Result<Option<Tree>, ScanError> {
        let mut root = None;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                _ if root.is_some() => {
                    self.report
                        .error(
                            "spec::several-documents",
                            span,
                            "",
                            "a second YAML document begins here",
                        )
                        .hint = Some(
                        "one file holds one job: remove the `---` or split the file".to_owned(),
                    );
                    break;
                }
                first => root = Some(self.tree(first, span, "")?),
            }
        }
        Ok(root)
    }

    fn tree(&mut self, event: Event<'t>, span: Span, path: &str) -> Result<Tree, ScanError> {
        self.refuse_properties(&event, span, path);
        match event {
            Event::Scalar(text, style, ..) => {
                let style = match style {
                    ScalarStyle::Plain => ScalarForm::Plain,
                    ScalarStyle::SingleQuoted => ScalarForm::SingleQuoted,
                    ScalarStyle::DoubleQuoted => ScalarForm::DoubleQuoted,
                    ScalarStyle::Literal | ScalarStyle::Folded => ScalarForm::Block,
                };
                let scalar = Scalar { text: text.into_owned(), style };
                Ok(Tree {
                    content: Content::Scalar(scalar),
                    span: self.without_trailing_space(span),
                })
            }
            Event::SequenceStart(style, ..) => self.list(style == StructureStyle::Flow, span, path),
            Event::MappingStart(style, ..) => self.map(style == StructureStyle::Flow, span, path),
            _ => Ok(nothing(span)),
        }
    }

    fn list(&mut self, flow: bool, start: Span, path: &str) -> Result<Tree, ScanError> {
        let mut items = Vec::new();
        let mut end = start.end;
        while let Some((event, span)) = self.next()? {
            if event == Event::SequenceEnd {
                end = if flow { span.end } else { end };
                break;
            }
            let item = self.tree(event, span, &format!("{path}[{}]", items.len()))?;
            end = end.max(item.span.end);
            items.push(item);
        }
        Ok(Tree { content: Content::List(items), span: Span { start: start.start, end } })
    }

    fn map(&mut self, flow: bool, start: Span, path: &str) -> Result<Tree, ScanError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut places: HashMap<String, Span> = HashMap::new();
        let mut end = start.end;
        while let Some((event, span)) = self.next()? {
            if event == Event::MappingEnd {
                end = if flow { span.end } else { end };
                break;
            }
            let key = self.tree(event, span, path)?;
            let key_text = key.as_scalar().map(|scalar| scalar.text.clone());
            let value_path = match &key_text {
                Some(text) if path.is_empty() => text.clone(),
                Some(text) => format!("{path}.{text}"),
                None => path.to_owned(),
            };
            let Some((event, span)) = self.next()? else { break };
            let value = self.tree(event, span, &value_path)?;
            end = end.max(key.span.end).max(value.span.end);
            let Some(key_text) = key_text else {
                self.report.error(
                    "spec::key",
                    key.span,
                    path,
                    "a key must be a word, not a list or a block",
                );
                continue;
            };
            if let Some(first) = places.get(&key_text) {
                let (line, _) = self.report.position(first.start);
                self.report
                    .error(
                        "spec::duplicate-key",
                        key.span,
                        &value_path,
                        format!("the key `{key_text}` stands here twice, first in line {line}"),
                    )
                    .hint = Some("keep one of the two".to_owned());
                continue;
            }
            places.insert(key_text.clone(), key.span);
            entries.push(Entry { key: key_text, key_span: key.span, value });
        }
        Ok(Tree {
            content: Content::Map(Map { entries, flow }),
            span: Span { start: start.start, end },
        })
    }

    /// The next event, with its span as byte offsets into the text.
    fn next(&mut self) -> Result<Option<(Event<'t>, Span)>, ScanError> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Err(error)) => Err(error),
            Some(Ok((event, span))) => {
                let start = self.on_boundary(span.start.byte_offset());
                let end = self.on_boundary(span.end.byte_offset()).max(start);
                Ok(Some((event, Span { start, end })))
            }
        }
    }

    fn refuse_properties(&mut self, event: &Event<'t>, span: Span, path: &str) {
        let is_alias = event.is_alias() || matches!(event, Event::UnresolvedAlias(_));
        if is_alias || event.anchor_id().is_some() {
            self.report
                .error("spec::alias", span, path, "a job has no YAML anchors (`&`) and aliases (`*`)")
                .hint = Some(
                "write the value out, declare it under `parameters:`, or quote a text that begins with `*` or `&`"
                    .to_owned(),
            );
        }
        if event.tag().is_some() {
            self.report.error("spec::tag", span, path, "a job has no YAML tags (`!`)").hint =
                Some("remove the tag, or quote a text that begins with `!`".to_owned());
        }
    }

    fn report_syntax(&mut self, error: &ScanError) {
        let start = self.on_boundary(error.marker().byte_offset());
        let end = self.text[start..].chars().next().map_or(start, |c| start + c.len_utf8());
        let (message, hint) = match error.kind() {
            ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabAtBlockScalarStart => {
                ("a tab stands where YAML wants spaces".to_owned(), "indent with spaces only")
            }
            ErrorKind::RecursionLimitExceeded => (
                format!("the document is nested deeper than {NESTING_LIMIT} levels"),
                "a job needs no more than six levels",
            ),
            ErrorKind::UnclosedQuotedScalar => {
                ("a quoted text is not closed".to_owned(), "add the missing quote")
            }
            ErrorKind::MappingValueNotAllowed => (
                "a `:` stands where no key can be".to_owned(),
                "check the indentation, and quote a text that contains `: `",
            ),
            ErrorKind::DirectiveDisallowed => {
                ("a job has no YAML directives (`%`)".to_owned(), "remove the line")
            }
            ErrorKind::BomInsideDocument => (
                "a byte order mark stands inside of the document".to_owned(),
                "remove it; files that are put together leave it behind",
            ),
            ErrorKind::UnexpectedCharacter { character } if character.is_control() => (
                format!("the character U+{:04X} is no text", u32::from(*character)),
                "remove it, or write it as \"\\xNN\" in double quotes; a file in UTF-16 has many",
            ),
            _ => (
                format!("this is not YAML: {}", error.info().to_lowercase()),
                "check the indentation and the quotes of this line and the one before",
            ),
        };
        self.report.error("spec::syntax", Span { start, end }, "", message).hint =
            Some(hint.to_owned());
    }

    /// Block scalars end where the next token begins; an edit must not reach that far.
    fn without_trailing_space(&self, span: Span) -> Span {
        let written = self.text.get(span.start..span.end).unwrap_or_default();
        Span { start: span.start, end: span.start + written.trim_end().len() }
    }

    fn on_boundary(&self, offset: Option<usize>) -> usize {
        self.text.floor_char_boundary(offset.unwrap_or(0).min(self.text.len()))
    }
}

fn nothing(span: Span) -> Tree {
    let scalar = Scalar { text: String::new(), style: ScalarForm::Plain };
    Tree { content: Content::Scalar(scalar), span }
}
