//! YAML: two spaces a level, dashes below their key by one level, brackets only where they fit in a line.

use super::{Laid, Refusal, comments, in_order, scalar};
use crate::diagnostic::Span;
use crate::tree::{Content, Entry, Map, ScalarForm, Tree};

/// Longest line of a collection in brackets.
const WIDTH: usize = 120;

pub(super) fn laid_out(text: &str, root: &Tree) -> Laid<String> {
    let Content::Map(map) = &root.content else {
        return Err(Refusal { at: 0, reason: "a document is a block of keys" });
    };
    let mut sections = Vec::new();
    let mut head = Vec::new();
    let mut from = 0;
    for (at, entry) in map.entries.iter().enumerate() {
        let before = Writer::new(text).lines_between(from, entry.key_span.start, true)?;
        let (first, own) = if at == 0 { split_head(before) } else { split_tail(before) };
        match sections.last_mut() {
            Some(Section { behind, .. }) => *behind = first,
            None => head = first,
        }
        let mut writer = Writer::new(text);
        writer.entry(entry, 0)?;
        from = writer.next_line(writer.end_of_entry(entry)?);
        sections.push(Section { before: own, text: writer.out, behind: Vec::new() });
    }
    let (behind, foot) = split_tail(Writer::new(text).lines_between(from, text.len(), true)?);
    if let Some(last) = sections.last_mut() {
        last.behind = behind;
    }
    let order = in_order(map);
    if order.first() != Some(&0)
        && let Some(first) = sections.first_mut()
    {
        first.before.insert(0, Line::Blank);
    }
    let mut out = Writer::new(text);
    out.comment_lines(&head, 0, 0);
    for section in order.into_iter().map(|at| &sections[at]) {
        out.comment_lines(&section.before, 0, 0);
        out.out.push_str(&section.text);
        out.comment_lines(&section.behind, 0, 0);
    }
    out.comment_lines(&foot, 0, 0);
    Ok(format!("{}\n", out.out.trim_end()))
}

/// An entry of the root with the comments that move with it.
struct Section {
    before: Vec<Line>,
    text: String,
    behind: Vec<Line>,
}

/// A line between entries.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    Blank,
    /// The comment and its column from 0.
    Comment(String, usize),
}

impl Line {
    fn in_column(self, column: usize) -> Self {
        match self {
            Self::Comment(text, _) => Self::Comment(text, column),
            Self::Blank => Self::Blank,
        }
    }
}

/// Comments at the beginning with a blank line behind them are about the whole document.
fn split_head(mut lines: Vec<Line>) -> (Vec<Line>, Vec<Line>) {
    let end = lines.iter().rposition(|line| *line == Line::Blank).map_or(0, |at| at + 1);
    let own = lines.split_off(end);
    (lines, own)
}

/// Comments that are indented belong to the section before.
fn split_tail(mut lines: Vec<Line>) -> (Vec<Line>, Vec<Line>) {
    let is_indented = |line: &Line| matches!(line, Line::Comment(_, column) if *column > 0);
    let end = lines.iter().rposition(is_indented).map_or(0, |at| at + 1);
    let own = lines.split_off(end);
    (lines, own)
}

struct Writer<'t> {
    text: &'t str,
    out: String,
}

impl<'t> Writer<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, out: String::new() }
    }

    /// `key: value` with what stands behind it, indented by `indent`.
    fn entry(&mut self, entry: &Entry, indent: usize) -> Laid<()> {
        self.margin(indent);
        self.entry_here(entry, indent)
    }

    /// The same where the margin is written already.
    fn entry_here(&mut self, entry: &Entry, indent: usize) -> Laid<()> {
        let key = scalar::key(&entry.key, self.written(entry.key_span), false);
        self.out.push_str(&format!("{key}:"));
        let colon = self.behind_colon(entry)?;
        let value = &entry.value;
        match &value.content {
            Content::Scalar(_) if value.span.start >= value.span.end => {
                self.behind(colon)?;
            }
            Content::Scalar(scalar) if scalar.style == ScalarForm::Block => {
                self.block_text(colon, value, indent)?;
            }
            Content::Scalar(scalar) => {
                self.expect_nothing(colon, value.span.start)?;
                let line = scalar::line_of(scalar, self.written(value.span), false);
                self.out.push_str(&format!(" {line}"));
                self.behind(value.span.end)?;
            }
            _ if self.is_in_brackets(value) => {
                self.expect_nothing(colon, value.span.start)?;
                let line = self.brackets(value)?;
                if fits(&line, indent + key.chars().count() + 2) || is_empty(value) {
                    self.out.push_str(&format!(" {line}"));
                    self.behind(value.span.end)?;
                } else {
                    self.behind(value.span.end)?;
                    self.spread(value, indent + 2)?;
                }
            }
            Content::Map(map) => {
                self.behind(colon)?;
                self.block_map(map, indent + 2, self.next_line(colon))?;
            }
            Content::List(items) => {
                self.behind(colon)?;
                self.block_list(items, indent + 2, self.next_line(colon))?;
            }
        }
        Ok(())
    }

    /// `from` is the beginning of the line behind what holds the block.
    fn block_map(&mut self, map: &Map, indent: usize, mut from: usize) -> Laid<()> {
        for (at, entry) in map.entries.iter().enumerate() {
            let start = entry.key_span.start;
            let lines = self.lines_between(from, start, false)?;
            self.lines_before(&lines, at == 0, indent, self.column(start));
            self.entry(entry, indent)?;
            from = self.next_line(self.end_of_entry(entry)?);
        }
        Ok(())
    }

    fn block_list(&mut self, items: &[Tree], indent: usize, mut from: usize) -> Laid<()> {
        for (at, item) in items.iter().enumerate() {
            let dash = self.dash_of(item)?;
            let mut lines = self.lines_between(from, dash, false)?;
            if self.line_start(item.span.start) > dash {
                let behind_dash =
                    self.lines_between(self.next_line(dash), item.span.start, false)?;
                lines.extend(behind_dash.into_iter().map(|line| line.in_column(0)));
            }
            self.lines_before(&lines, at == 0, indent, self.column(dash));
            self.margin(indent);
            self.out.push_str("- ");
            match &item.content {
                Content::Scalar(scalar) => {
                    let line = scalar::line_of(scalar, self.written(item.span), false);
                    self.out.push_str(&line);
                    self.behind(item.span.end)?;
                }
                _ if self.is_in_brackets(item) => {
                    let line = self.brackets(item)?;
                    if fits(&line, indent + 2) || is_empty(item) {
                        self.out.push_str(&line);
                        self.behind(item.span.end)?;
                    } else {
                        if !self.comment_behind(item.span.end)?.is_empty() {
                            return Err(refusal(
                                item.span.end,
                                "a comment stands behind a list or block that must be broken into lines",
                            ));
                        }
                        self.spread_item(item, indent)?;
                    }
                }
                Content::Map(map) => {
                    let mut next = 0;
                    for (at, entry) in map.entries.iter().enumerate() {
                        if at == 0 {
                            self.entry_here(entry, indent + 2)?;
                        } else {
                            let lines = self.lines_between(next, entry.key_span.start, false)?;
                            let column = self.column(entry.key_span.start);
                            self.lines_before(&lines, false, indent + 2, column);
                            self.entry(entry, indent + 2)?;
                        }
                        next = self.next_line(self.end_of_entry(entry)?);
                    }
                }
                Content::List(_) => {
                    return Err(refusal(
                        item.span.start,
                        "a list stands in a list without brackets",
                    ));
                }
            }
            from = self.next_line(self.end_of(item, None)?);
        }
        Ok(())
    }

    /// `|` and `>`: the lines stay as they are, below their key.
    fn block_text(&mut self, colon: usize, value: &Tree, indent: usize) -> Laid<()> {
        let line_end = self.line_end(colon);
        let head = self.text[colon..line_end].trim();
        let (sign, comment) = match head.split_once('#') {
            Some((sign, _)) => (sign.trim_end(), &head[head.find('#').unwrap_or(0)..]),
            None => (head, ""),
        };
        if !matches!(sign, "|" | "|-" | ">" | ">-") {
            return Err(refusal(
                colon,
                "a text in lines begins with more than `|`, `|-`, `>` or `>-`",
            ));
        }
        self.out.push_str(&format!(" {sign}"));
        self.comment_at_end(comment);
        let lines: Vec<&str> = self
            .text
            .get(self.next_line(colon)..value.span.end)
            .unwrap_or_default()
            .lines()
            .collect();
        let first = lines.first().copied().unwrap_or_default();
        let base = first.len() - first.trim_start_matches(' ').len();
        if first.trim().is_empty() {
            return Err(refusal(colon, "a text in lines begins with an empty line"));
        }
        for line in lines {
            match line.get(base..) {
                Some(rest) if line[..base].trim().is_empty() => {
                    self.margin(indent + 2);
                    self.out.push_str(rest.trim_end_matches('\r'));
                }
                _ if line.trim().is_empty() => {}
                _ => return Err(refusal(colon, "a text in lines is indented unevenly")),
            }
            // A line of nothing but the margin is an empty one.
            if self.out.ends_with(' ') && line.trim().is_empty() {
                let end = self.out.trim_end_matches(' ').len();
                self.out.truncate(end);
            }
            self.out.push('\n');
        }
        Ok(())
    }

    /// A collection in brackets, on one line.
    fn brackets(&self, tree: &Tree) -> Laid<String> {
        if let Some(comment) = comments::inside(self.text, tree) {
            return Err(refusal(
                comment,
                "a comment stands within brackets, where it has no place of its own",
            ));
        }
        Ok(self.one_line(tree))
    }

    fn one_line(&self, tree: &Tree) -> String {
        match &tree.content {
            Content::Scalar(scalar) => scalar::line_of(scalar, self.written(tree.span), true),
            Content::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.one_line(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Content::Map(map) => {
                let entries: Vec<String> =
                    map.entries.iter().map(|entry| self.pair(entry)).collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    fn pair(&self, entry: &Entry) -> String {
        let key = scalar::key(&entry.key, self.written(entry.key_span), true);
        if entry.value.span.start >= entry.value.span.end {
            return format!("{key}:");
        }
        format!("{key}: {}", self.one_line(&entry.value))
    }

    /// What stood in brackets and does not fit, one entry or item a line.
    fn spread(&mut self, tree: &Tree, indent: usize) -> Laid<()> {
        match &tree.content {
            Content::List(items) => {
                for item in items {
                    self.margin(indent);
                    self.out.push_str("- ");
                    self.spread_item(item, indent)?;
                }
            }
            Content::Map(map) => {
                for entry in &map.entries {
                    self.margin(indent);
                    self.spread_entry(entry, indent)?;
                }
            }
            Content::Scalar(_) => {}
        }
        Ok(())
    }

    /// Behind a dash.
    fn spread_item(&mut self, item: &Tree, indent: usize) -> Laid<()> {
        let line = self.loose(item);
        match &item.content {
            Content::Map(map) if !fits(&line, indent + 2) => {
                for (at, entry) in map.entries.iter().enumerate() {
                    if at > 0 {
                        self.margin(indent + 2);
                    }
                    self.spread_entry(entry, indent + 2)?;
                }
            }
            Content::List(_) if !fits(&line, indent + 2) => {
                return Err(refusal(item.span.start, "a list in a list does not fit in a line"));
            }
            _ => self.out.push_str(&format!("{line}\n")),
        }
        Ok(())
    }

    fn spread_entry(&mut self, entry: &Entry, indent: usize) -> Laid<()> {
        let key = scalar::key(&entry.key, self.written(entry.key_span), false);
        let line = self.loose(&entry.value);
        if line.is_empty() {
            self.out.push_str(&format!("{key}:\n"));
        } else if entry.value.as_scalar().is_some()
            || is_empty(&entry.value)
            || fits(&line, indent + key.chars().count() + 2)
        {
            self.out.push_str(&format!("{key}: {line}\n"));
        } else {
            self.out.push_str(&format!("{key}:\n"));
            self.spread(&entry.value, indent + 2)?;
        }
        Ok(())
    }

    /// A value on one line that stands in no brackets itself.
    fn loose(&self, tree: &Tree) -> String {
        match &tree.content {
            Content::Scalar(scalar) => scalar::line_of(scalar, self.written(tree.span), false),
            _ => self.one_line(tree),
        }
    }

    fn lines_before(&mut self, lines: &[Line], is_first: bool, indent: usize, column: usize) {
        let begin = if is_first {
            lines.iter().position(|line| *line != Line::Blank).unwrap_or(lines.len())
        } else {
            0
        };
        self.comment_lines(&lines[begin..], indent, column);
    }

    /// Comments before what stands in `column` of the text and is going to stand in `indent`. Those that stand deeper belong
    /// to the block before.
    fn comment_lines(&mut self, lines: &[Line], indent: usize, column: usize) {
        for line in lines {
            match line {
                Line::Blank if self.out.is_empty() || self.out.ends_with("\n\n") => {}
                Line::Blank => self.out.push('\n'),
                Line::Comment(comment, at) => {
                    self.margin(if *at > column { indent + 2 } else { indent });
                    self.out.push_str(&format!("{comment}\n"));
                }
            }
        }
    }

    /// The lines from the one that begins at `from` to the one with `to`, which must be blank or comments.
    fn lines_between(&self, from: usize, to: usize, is_root: bool) -> Laid<Vec<Line>> {
        let end = if to == self.text.len() { to } else { self.line_start(to) };
        let mut lines = Vec::new();
        let mut start = from;
        for line in self.text.get(from..end).unwrap_or_default().split_inclusive('\n') {
            let text = line.trim();
            if text.is_empty() {
                lines.push(Line::Blank);
            } else if text.starts_with('#') {
                let column = line.len() - line.trim_start().len();
                lines.push(Line::Comment(text.to_owned(), column));
            } else if !(is_root && matches!(text, "---" | "...")) {
                return Err(refusal(start, "a line stands where only comments are known"));
            }
            start += line.len();
        }
        Ok(lines)
    }

    /// The end of the line, with the comment that stands there.
    fn behind(&mut self, end: usize) -> Laid<()> {
        let comment = self.comment_behind(end)?;
        self.comment_at_end(comment);
        Ok(())
    }

    fn comment_at_end(&mut self, comment: &str) {
        if !comment.is_empty() {
            self.out.push_str(&format!(" {comment}"));
        }
        self.out.push('\n');
    }

    fn comment_behind(&self, end: usize) -> Laid<&'t str> {
        let rest = self.text[end..self.line_end(end)].trim();
        if rest.is_empty() || rest.starts_with('#') {
            Ok(rest)
        } else {
            Err(refusal(end, "something stands behind a value on its line"))
        }
    }

    fn expect_nothing(&self, from: usize, to: usize) -> Laid<()> {
        let between = self.text.get(from..to).unwrap_or_default();
        if between.trim().is_empty() {
            Ok(())
        } else {
            Err(refusal(from, "something stands between a key and its value"))
        }
    }

    fn end_of_entry(&self, entry: &Entry) -> Laid<usize> {
        self.end_of(&entry.value, Some(entry))
    }

    /// Where a value ends; one that is not written, behind its colon.
    fn end_of(&self, tree: &Tree, entry: Option<&Entry>) -> Laid<usize> {
        match (&tree.content, entry) {
            (Content::Scalar(_), Some(entry)) if tree.span.start >= tree.span.end => {
                self.behind_colon(entry)
            }
            (Content::Map(map), _) if !map.flow => match map.entries.last() {
                Some(last) => self.end_of_entry(last),
                None => Ok(tree.span.end),
            },
            (Content::List(items), _) if !self.is_in_brackets(tree) => match items.last() {
                Some(last) => self.end_of(last, None),
                None => Ok(tree.span.end),
            },
            _ => Ok(tree.span.end),
        }
    }

    fn dash_of(&self, item: &Tree) -> Laid<usize> {
        let is_text = item.as_scalar().is_some_and(|scalar| scalar.style == ScalarForm::Block);
        if item.span.start >= item.span.end || is_text {
            return Err(refusal(item.span.start, "an item of a list is empty or a text in lines"));
        }
        // Comments may stand between.
        let mut end = item.span.start;
        loop {
            let before = self.text[..end].trim_end();
            if before.ends_with('-') {
                return Ok(before.len() - 1);
            }
            let start = self.line_start(before.len());
            if !self.text[start..before.len()].trim_start().starts_with('#') {
                return Err(refusal(item.span.start, "an item of a list has no dash of its own"));
            }
            end = start;
        }
    }

    fn is_in_brackets(&self, tree: &Tree) -> bool {
        match &tree.content {
            Content::Map(map) => map.flow,
            Content::List(_) => self.written(tree.span).starts_with('['),
            Content::Scalar(_) => false,
        }
    }

    fn behind_colon(&self, entry: &Entry) -> Laid<usize> {
        let rest = &self.text[entry.key_span.end..];
        match rest.find(':') {
            Some(colon) if rest[..colon].trim().is_empty() => Ok(entry.key_span.end + colon + 1),
            _ => Err(refusal(entry.key_span.start, "a key has no colon of its own")),
        }
    }

    fn written(&self, span: Span) -> &'t str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    fn margin(&mut self, indent: usize) {
        self.out.push_str(&" ".repeat(indent));
    }

    fn column(&self, offset: usize) -> usize {
        offset - self.line_start(offset)
    }

    fn line_start(&self, offset: usize) -> usize {
        self.text[..offset].rfind('\n').map_or(0, |at| at + 1)
    }

    fn line_end(&self, offset: usize) -> usize {
        self.text[offset..].find('\n').map_or(self.text.len(), |at| offset + at)
    }

    fn next_line(&self, offset: usize) -> usize {
        (self.line_end(offset) + 1).min(self.text.len())
    }
}

fn refusal(at: usize, reason: &'static str) -> Refusal {
    Refusal { at, reason }
}

fn fits(line: &str, before: usize) -> bool {
    before + line.chars().count() <= WIDTH
}

fn is_empty(tree: &Tree) -> bool {
    match &tree.content {
        Content::Map(map) => map.entries.is_empty(),
        Content::List(items) => items.is_empty(),
        Content::Scalar(_) => false,
    }
}
