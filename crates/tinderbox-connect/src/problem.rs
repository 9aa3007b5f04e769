//! What servers say of wrong nodes.

use std::fmt;

/// Why a server refuses a node, as far as its words are understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is about.
    pub kind: ProblemKind,
    /// The server's sentence, on one line.
    pub message: String,
}

/// What a server finds wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// No input has such a column.
    Column(String),
    /// There is no such function.
    Function(String),
    /// There is no such table.
    Table(String),
    /// The text is no SQL.
    Syntax,
    /// Anything else: types that do not fit, wrong numbers of arguments.
    Other,
}

type KindOf = fn(String) -> ProblemKind;

/// Signs between which Sail 0.7.2 and Spark (`error-conditions.json`: UNRESOLVED_COLUMN, UNRESOLVED_ROUTINE,
/// UNRESOLVED_USING_COLUMN_FOR_JOIN, TABLE_OR_VIEW_NOT_FOUND) put the name of a column, function or table.
const NAMES: &[(&str, &str, KindOf)] = &[
    ("parameter with name `", "` cannot be resolved", ProblemKind::Column),
    ("USING column `", "` cannot be resolved", ProblemKind::Column),
    ("attribute ObjectName([", "]) is missing from the schema", ProblemKind::Column),
    ("Cannot find column ", "", ProblemKind::Column),
    ("column not found: ", "", ProblemKind::Column),
    ("Cannot resolve routine `", "` on search path", ProblemKind::Function),
    ("unknown function: ", "", ProblemKind::Function),
    ("table or view `", "` cannot be found", ProblemKind::Table),
    ("Table or view not found: ", "", ProblemKind::Table),
];

impl Problem {
    /// Nothing was found where columns should be.
    pub(crate) fn without_columns() -> Self {
        Self { kind: ProblemKind::Other, message: "nothing is there".to_owned() }
    }

    pub(crate) fn of(message: &str) -> Self {
        let text = without_class(message);
        let kind = NAMES.iter().find_map(|(before, after, kind)| {
            let (_, rest) = text.split_once(before)?;
            let end =
                if after.is_empty() { rest.find(char::is_whitespace) } else { rest.find(after) };
            Some(kind(plain(&rest[..end.unwrap_or(rest.len())])))
        });
        let is_syntax = text.contains("PARSE_SYNTAX_ERROR") || text.contains("input expected ");
        let kind = kind.unwrap_or(if is_syntax { ProblemKind::Syntax } else { ProblemKind::Other });
        Self { kind, message: sentence(text) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ProblemKind::Column(name) => write!(f, "there is no column `{name}`"),
            ProblemKind::Function(name) => write!(f, "there is no function `{name}`"),
            ProblemKind::Table(name) => write!(f, "there is no table `{name}`"),
            ProblemKind::Syntax | ProblemKind::Other => f.write_str(&self.message),
        }
    }
}

/// `[java.lang.Something] text` without the class, which says nothing to the author of a job.
fn without_class(message: &str) -> &str {
    match message.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((class, text)) if class.starts_with("org.") || class.starts_with("java.") => text,
        _ => message,
    }
}

/// A name as a person writes it: of `a`.`b` and of Sail's `Identifier("a"), Identifier("b")` that is a.b.
fn plain(name: &str) -> String {
    if name.contains("Identifier(\"") {
        let parts = name.split("Identifier(\"").skip(1).filter_map(|part| part.split_once("\")"));
        return parts.map(|(part, _)| part).collect::<Vec<_>>().join(".");
    }
    name.replace('`', "")
}

/// The first line, without Spark's state and plan. A list of all words that Sail's parser expects is cut.
fn sentence(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = line.split(" SQLSTATE:").next().unwrap_or_default();
    let line = match line.find(" expected '") {
        Some(at) if line.len() > at + 60 => &line[..at],
        _ => line,
    };
    line.trim().trim_end_matches(['.', ';']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(message: &str) -> String {
        Problem::of(message).to_string()
    }

    #[test]
    fn names_are_found_in_the_words_of_sail() {
        let class = "[org.apache.spark.sql.AnalysisException] ";
        let missing = "is missing from the schema: cannot resolve attribute";
        assert_eq!(
            said(&format!("{class}attribute ObjectName([Identifier(\"amout\")]) {missing}")),
            "there is no column `amout`"
        );
        assert_eq!(
            said(&format!(
                "{class}attribute ObjectName([Identifier(\"a\"), Identifier(\"b c\")]) {missing}"
            )),
            "there is no column `a.b c`"
        );
        assert_eq!(
            said(&format!("{class}[UNRESOLVED_COLUMN] Cannot find column idd")),
            "there is no column `idd`"
        );
        assert_eq!(
            said("[java.lang.UnsupportedOperationException] unknown function: nofun"),
            "there is no function `nofun`"
        );
        let syntax = "[java.lang.IllegalArgumentException] invalid argument: found end of input expected '+', '-', '~', 'NOT', '!', '(', 'EXISTS', 'TABLE', identifier, or variable";
        assert_eq!(
            Problem::of(syntax),
            Problem {
                kind: ProblemKind::Syntax,
                message: "invalid argument: found end of input".to_owned()
            }
        );
    }

    #[test]
    fn names_are_found_in_the_words_of_spark() {
        let column = "[org.apache.spark.sql.AnalysisException] [UNRESOLVED_COLUMN.WITH_SUGGESTION] A column, variable, or function parameter with name `a`.`b` cannot be resolved. Did you mean one of the following? [`id`]. SQLSTATE: 42703;\n'Filter";
        assert_eq!(said(column), "there is no column `a.b`");
        let function = "[UNRESOLVED_ROUTINE] Cannot resolve routine `nofun` on search path [`system`.`builtin`]. SQLSTATE: 42883";
        assert_eq!(said(function), "there is no function `nofun`");
        let types = "[DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES] Cannot resolve \"(a + b)\" due to data type mismatch. SQLSTATE: 42K09; line 1 pos 0;\n'Project";
        assert_eq!(
            said(types),
            "[DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES] Cannot resolve \"(a + b)\" due to data type mismatch"
        );
    }
}
