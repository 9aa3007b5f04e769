//! How statements are laid out: one clause a line, one column a line where they do not fit.

use super::text::{is_invisible, name};

/// Longest line, as in the PySpark programs.
const WIDTH: usize = 88;

/// A query: `SELECT … FROM … <clauses>`.
#[derive(Debug)]
pub(super) struct Select {
    /// `/*+ … */`, or nothing.
    hint: String,
    columns: Vec<String>,
    from: String,
    /// `WHERE …` and the like, a line each.
    clauses: Vec<String>,
}

impl Select {
    /// All columns of a table.
    pub(super) fn all(from: &str) -> Self {
        Self::of(vec!["*".to_owned()], &name(from))
    }

    /// These columns; `from` is written as it is.
    pub(super) fn of(columns: Vec<String>, from: &str) -> Self {
        Self { hint: String::new(), columns, from: from.to_owned(), clauses: Vec::new() }
    }

    pub(super) fn hint(mut self, hint: &str) -> Self {
        self.hint = format!("/*+ {hint} */ ");
        self
    }

    pub(super) fn clause(mut self, clause: impl Into<String>) -> Self {
        self.clauses.push(clause.into());
        self
    }

    /// A clause with a list, which is broken where it does not fit.
    pub(super) fn list(self, word: &str, items: &[String]) -> Self {
        let one_line = format!("{word} {}", items.join(", "));
        let clause =
            if fits(&one_line) { one_line } else { format!("{word}\n  {}", items.join(",\n  ")) };
        self.clause(clause)
    }

    pub(super) fn to_sql(&self) -> String {
        let columns = self.columns.join(", ");
        let one_line = format!("SELECT {}{columns}", self.hint);
        let head = if fits(&one_line) {
            one_line
        } else {
            format!("SELECT {}\n  {}", self.hint, self.columns.join(",\n  "))
                .replace(" \n  ", "\n  ")
        };
        let mut lines = vec![head, format!("FROM {}", self.from)];
        lines.extend(self.clauses.iter().cloned());
        lines.join("\n")
    }
}

/// The statement that gives a query its name.
pub(super) fn view(named: &str, query: &str) -> String {
    ended(&format!("CREATE OR REPLACE TEMPORARY VIEW {} AS\n{}", name(named), query.trim_end()))
}

/// A statement with its end, which must not end up in a comment of its last line.
pub(super) fn ended(statement: &str) -> String {
    let last = statement.lines().last().unwrap_or_default();
    let line_feed = if last.contains("--") { "\n" } else { "" };
    format!("{statement}{line_feed};\n")
}

/// Behind a first line: `OPTIONS (…)`, `PARTITIONED BY (…)` and the like, one item a line where they do not fit.
pub(super) fn in_brackets(word: &str, items: &[String]) -> String {
    let one_line = format!("{word} ({})", items.join(", "));
    if fits(&one_line) { one_line } else { format!("{word} (\n  {}\n)", items.join(",\n  ")) }
}

/// A text as a comment line; what an editor would not show is left out.
pub(super) fn comment(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let shown = words.join(" ");
    let shown: String = shown.chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect();
    // Spark puts variables in everywhere, and its own splitter of scripts counts quotes.
    let shown = shown.replace("${", "$ {");
    format!("-- {shown}\n")
}

fn fits(line: &str) -> bool {
    !line.contains('\n') && line.chars().count() <= WIDTH
}
