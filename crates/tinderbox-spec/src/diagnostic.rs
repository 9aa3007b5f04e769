use std::fmt;
use std::sync::Arc;

/// Something that is wrong, or looks wrong, in a document. Plain data; [`Diagnostic::render`] is its plain text form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable name, for example `spec::unknown-type`.
    pub code: &'static str,
    /// Whether the document can be used nevertheless.
    pub severity: Severity,
    /// What is wrong, one sentence without a final stop.
    pub message: String,
    /// What to do about it, or the nearest valid word.
    pub hint: Option<String>,
    /// The document's name as the caller gave it.
    pub file: String,
    /// Where in the text.
    pub span: Span,
    /// Line of the span's start, from 1.
    pub line: usize,
    /// Column of the span's start in characters, from 1.
    pub column: usize,
    /// The text of the file, where it is another one than the document.
    pub text: Option<Arc<str>>,
    /// Path of the field, for example `pipeline.transformations[1].on`; empty for the document as a whole.
    pub field: String,
}

/// Whether a document with this diagnostic can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can; the user should know.
    Warning,
}

/// A range of bytes of the document's text, always on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Diagnostic {
    /// Header, source line, caret, field and hint as plain text. `text` is the document's text.
    pub fn render(&self, text: &str) -> String {
        let text = self.text.as_deref().unwrap_or(text);
        let mut rendered = self.to_string();
        let source_line = text.lines().nth(self.line.saturating_sub(1)).unwrap_or_default();
        let (source_line, cut) = shown_part(source_line, self.column.saturating_sub(1));
        // A terminal would obey them, or show nothing.
        let is_unseen = |c: char| c.is_control() && c != '\t' || c == '\u{feff}';
        let shown = |c: char| if is_unseen(c) { '\u{fffd}' } else { c };
        let source_line: String = source_line.chars().map(shown).collect();
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        if !source_line.trim().is_empty() {
            let before = self.column.saturating_sub(1) - cut;
            let pad: String = source_line
                .chars()
                .take(before)
                .map(|c| if c == '\t' { '\t' } else { ' ' })
                .collect();
            let on_this_line = source_line.chars().count().saturating_sub(before);
            let spanned = text.get(self.span.start..self.span.end).unwrap_or_default();
            let marked = spanned.lines().next().map_or(0, |line| line.trim_end().chars().count());
            let carets = "^".repeat(marked.min(on_this_line).max(1));
            rendered.push_str(&format!(
                "\n{margin} |\n{number} | {source_line}\n{margin} | {pad}{carets}"
            ));
        }
        if !self.field.is_empty() {
            rendered.push_str(&format!("\n{margin} = field: {}", self.field));
        }
        if let Some(hint) = &self.hint {
            rendered.push_str(&format!("\n{margin} = hint: {hint}"));
        }
        rendered
    }
}

/// The part of a very long line around a column, and how many characters were cut before it.
fn shown_part(line: &str, column: usize) -> (&str, usize) {
    let start_of = |at: usize| line.char_indices().nth(at).map_or(line.len(), |(start, _)| start);
    let end = start_of(LONGEST_LINE);
    if end == line.len() {
        return (line, 0);
    }
    let cut = column.saturating_sub(LONGEST_LINE / 4);
    let start = start_of(cut);
    (&line[start..start_of(cut + LONGEST_LINE)], cut)
}

/// Of a message and of a line of the document, in characters.
const LONGEST_LINE: usize = 400;

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, severity, code, message, .. } = self;
        write!(f, "{file}:{line}:{column}: {severity}[{code}]: {message}")
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// Collects diagnostics of one document and knows its lines.
pub(crate) struct Report<'t> {
    file: &'t str,
    text: &'t str,
    line_starts: Vec<usize>,
    included: Vec<Arc<Included>>,
    found: Vec<Diagnostic>,
    num_errors: usize,
    /// What was found beyond the limit: how much, and the latest of it.
    left_out: (usize, Option<Diagnostic>),
}

/// A file that the document includes. Its offsets begin at `base`, behind the texts before it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Included {
    base: usize,
    file: String,
    text: Arc<str>,
    line_starts: Vec<usize>,
}

/// So many diagnostics of one document are kept. Who has mended those sees the others.
const MOST: usize = 1_000;

impl<'t> Report<'t> {
    pub(crate) fn new(file: &'t str, text: &'t str) -> Self {
        let line_starts = line_starts(text);
        Self {
            file,
            text,
            line_starts,
            included: Vec::new(),
            found: Vec::new(),
            num_errors: 0,
            left_out: (0, None),
        }
    }

    /// An empty report of the same document with the same included files.
    pub(crate) fn another(&self) -> Self {
        Self { included: self.included.clone(), ..Self::new(self.file, self.text) }
    }

    /// Takes in a file that the document includes, and gives the offset at which its text begins here.
    pub(crate) fn include(&mut self, file: &str, text: &str) -> usize {
        let base = self.included.last().map_or(self.text.len(), |last| last.base + last.text.len());
        let base = base + 1;
        let (file, line_starts) = (file.to_owned(), line_starts(text));
        self.included.push(Arc::new(Included { base, file, text: text.into(), line_starts }));
        base
    }

    /// The included file that an offset is of.
    pub(crate) fn included_at(&self, offset: usize) -> Option<&Arc<Included>> {
        self.included.iter().rev().find(|included| included.base <= offset)
    }

    /// Where a diagnostic of the document or of an included file begins, as spans of this report count.
    pub(crate) fn offset_of(&self, found: &Diagnostic) -> Option<usize> {
        match &found.text {
            None => Some(found.span.start),
            Some(text) => {
                let is_of = |included: &&Arc<Included>| {
                    included.file == found.file && included.text == *text
                };
                let included = self.included.iter().find(is_of)?;
                Some(included.base + found.span.start)
            }
        }
    }

    /// Adds an error and returns it, so that a hint can be attached.
    pub(crate) fn error(
        &mut self,
        code: &'static str,
        span: Span,
        field: &str,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.push(Severity::Error, code, (span, field), message.into())
    }

    /// Adds a warning and returns it, so that a hint can be attached.
    pub(crate) fn warning(
        &mut self,
        code: &'static str,
        span: Span,
        field: &str,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.push(Severity::Warning, code, (span, field), message.into())
    }

    /// Takes in what was found in another file.
    pub(crate) fn take_in(&mut self, other: Report<'_>) {
        let text: Arc<str> = other.text.into();
        self.num_errors += other.num_errors;
        self.found.extend(
            other
                .found
                .into_iter()
                .map(|found| Diagnostic { text: Some(Arc::clone(&text)), ..found }),
        );
    }

    pub(crate) fn file(&self) -> &'t str {
        self.file
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.error_count() > 0
    }

    pub(crate) fn error_count(&self) -> usize {
        self.num_errors
    }

    /// Everything found, ordered by position.
    pub(crate) fn into_sorted(mut self) -> Vec<Diagnostic> {
        if let (more, Some(mut latest)) = self.left_out {
            latest.message =
                format!("{more} more are not shown, up to this one: {}", latest.message);
            (latest.line, latest.column) =
                position(self.text, &self.line_starts, latest.span.start);
            self.found.push(latest);
        }
        self.found.sort_by_key(|found| (found.span.start, found.severity));
        self.found
    }

    /// Line and column (in characters) of a byte offset, both from 1.
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        match self.included_at(offset) {
            Some(included) => {
                position(&included.text, &included.line_starts, offset - included.base)
            }
            None => position(self.text, &self.line_starts, offset),
        }
    }

    fn push(
        &mut self,
        severity: Severity,
        code: &'static str,
        (span, field): (Span, &str),
        message: String,
    ) -> &mut Diagnostic {
        self.num_errors += usize::from(severity == Severity::Error);
        let is_left_out = self.found.len() >= MOST;
        let (line, column) = if is_left_out { (1, 1) } else { self.position(span.start) };
        let at = self.found.len();
        let message = match message.char_indices().nth(LONGEST_LINE) {
            Some((end, _)) => format!("{}…", &message[..end]),
            None => message,
        };
        let mut diagnostic = Diagnostic {
            code,
            severity,
            message,
            hint: None,
            file: self.file.to_owned(),
            span,
            line,
            column,
            text: None,
            field: field.to_owned(),
        };
        if let Some(included) = self.included_at(span.start) {
            included.claim(&mut diagnostic);
        }
        if is_left_out {
            self.left_out.0 += 1;
            return self.left_out.1.insert(diagnostic);
        }
        self.found.push(diagnostic);
        &mut self.found[at]
    }
}

impl Included {
    /// Makes a diagnostic one of this file; its span counts as in the report.
    pub(crate) fn claim(&self, found: &mut Diagnostic) {
        found.file.clone_from(&self.file);
        found.text = Some(Arc::clone(&self.text));
        found.span = Span {
            start: found.span.start - self.base,
            end: found.span.end.saturating_sub(self.base),
        };
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

fn position(text: &str, line_starts: &[usize], offset: usize) -> (usize, usize) {
    let line = line_starts.partition_point(|start| *start <= offset).max(1);
    let line_start = line_starts[line - 1];
    let column = text.get(line_start..offset).map_or(0, |before| before.chars().count());
    (line, column + 1)
}
