//! How statements are laid out: one line when it fits, else one call a line in parentheses.

use super::literal::is_invisible;

/// Longest line, as the formatters of Python's world have it.
const WIDTH: usize = 88;
pub(super) const INDENT: usize = 4;

/// `<assignment><start>.name(arguments).name(…)`.
#[derive(Debug)]
pub(super) struct Chain {
    /// `name = `, or nothing.
    assignment: String,
    start: String,
    calls: Vec<Call>,
    /// Characters before each line.
    indent: usize,
}

#[derive(Debug)]
struct Call {
    name: String,
    arguments: Vec<String>,
    brackets: Brackets,
}

/// What stands around the arguments of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Brackets {
    /// `.name(a, b)`.
    Call,
    /// `name(a, b)`.
    Function,
    /// `.name({a, b})`: the arguments are entries of one dictionary.
    Dictionary,
}

impl Chain {
    /// `assignment` is `name = ` or nothing.
    pub(super) fn new(assignment: impl Into<String>, start: impl Into<String>) -> Self {
        Self { assignment: assignment.into(), start: start.into(), calls: Vec::new(), indent: 0 }
    }

    /// In the body of a function.
    pub(super) fn indented(mut self) -> Self {
        self.indent = INDENT;
        self
    }

    pub(super) fn starting_at(mut self, start: &str) -> Self {
        start.clone_into(&mut self.start);
        self
    }

    pub(super) fn call(
        self,
        name: &'static str,
        arguments: impl IntoIterator<Item = String>,
    ) -> Self {
        self.with(name, arguments.into_iter().collect(), Brackets::Call)
    }

    /// A call of a function of this name, at the beginning.
    pub(super) fn first_call(
        mut self,
        name: &str,
        arguments: impl IntoIterator<Item = String>,
    ) -> Self {
        self.calls.push(Call {
            name: name.to_owned(),
            arguments: arguments.into_iter().collect(),
            brackets: Brackets::Function,
        });
        self
    }

    /// A call with one dictionary; `entries` are `key: value` in Python.
    pub(super) fn call_with_dictionary(
        self,
        name: &'static str,
        entries: impl IntoIterator<Item = String>,
    ) -> Self {
        self.with(name, entries.into_iter().collect(), Brackets::Dictionary)
    }

    /// The statement with a line feed at the end.
    pub(super) fn to_lines(&self) -> String {
        let margin = " ".repeat(self.indent);
        let head = format!("{margin}{}{}", self.assignment, self.start);
        let calls: String = self.calls.iter().map(Call::one_line).collect();
        let one_line = format!("{head}{calls}");
        match self.calls.as_slice() {
            _ if fits(&one_line, 0) => format!("{one_line}\n"),
            [only] => format!("{head}{}\n", only.laid_out(self.indent, head.chars().count())),
            _ => self.to_lines_always(),
        }
    }

    /// One call a line even when all would fit in one.
    pub(super) fn to_lines_always(&self) -> String {
        let margin = " ".repeat(self.indent);
        let inner = self.indent + INDENT;
        let inside = " ".repeat(inner);
        let calls = self.calls.iter();
        let calls: String =
            calls.map(|call| format!("{inside}{}\n", call.laid_out(inner, inner))).collect();
        format!("{margin}{}(\n{inside}{}\n{calls}{margin})\n", self.assignment, self.start)
    }

    fn with(mut self, name: &'static str, arguments: Vec<String>, brackets: Brackets) -> Self {
        self.calls.push(Call { name: name.to_owned(), arguments, brackets });
        self
    }
}

impl Call {
    fn one_line(&self) -> String {
        let (dot, open, close) = self.brackets.text();
        format!("{dot}{}{open}{}{close}", self.name, self.arguments.join(", "))
    }

    /// In a line that is indented by `indent` and already `before` characters long; arguments get lines of their
    /// own when they do not fit.
    fn laid_out(&self, indent: usize, before: usize) -> String {
        let one_line = self.one_line();
        let is_long_text = self.arguments.len() == 1 && self.arguments[0].starts_with("\"\"\"");
        if is_long_text || self.arguments.is_empty() || fits(&one_line, before) {
            return one_line;
        }
        let margin = " ".repeat(indent);
        let (dot, open, close) = self.brackets.text();
        let lines: String =
            self.arguments.iter().map(|argument| format!("{margin}    {argument},\n")).collect();
        format!("{dot}{}{open}\n{lines}{margin}{close}", self.name)
    }
}

impl Brackets {
    fn text(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Call => (".", "(", ")"),
            Self::Function => ("", "(", ")"),
            Self::Dictionary => (".", "({", "})"),
        }
    }
}

/// A text as the rest of a comment line; what an editor would not show is left out.
pub(super) fn comment(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect()
}

/// The code of a program without its comments and texts, to see what it uses. Knows the literals that are written
/// here, and no others.
pub(super) fn without_texts(program: &str) -> String {
    let mut code = String::new();
    let mut rest = program;
    while let Some(at) = rest.find(['"', '#']) {
        code.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = if rest.starts_with('#') {
            rest.find('\n')
        } else if let Some(text) = rest.strip_prefix("\"\"\"") {
            text.find("\"\"\"").map(|end| end + 6)
        } else {
            end_of_text(&rest[1..]).map(|end| end + 1)
        };
        rest = end.and_then(|end| rest.get(end..)).unwrap_or_default();
    }
    code.push_str(rest);
    code
}

/// Whether code, without its texts, begins a definition of a window; the calls may stand on lines of their own.
pub(super) fn has_window(code: &str) -> bool {
    code.contains("Window.") || code.contains(" Window\n")
}

/// Behind the first quote that no backslash escapes.
fn end_of_text(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !is_escaped => return Some(at + 1),
            c => is_escaped = c == '\\' && !is_escaped,
        }
    }
    None
}

pub(super) fn fits(line: &str, before: usize) -> bool {
    !line.contains('\n') && before + line.chars().count() <= WIDTH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_comments_are_no_code() {
        assert_eq!(
            without_texts("a(\"F.x \\\" F.\") # F.y\nb(\"\"\"\nF.\"z\n\"\"\")\n"),
            "a() \nb()\n"
        );
    }
}
