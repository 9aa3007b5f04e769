//! What servers say of statements that fail, taken apart.

use crate::Error;
use std::fmt;

/// Why a server refused a statement or failed at it, as far as its words are understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFailure {
    /// Spark's error class, for example `UNRESOLVED_COLUMN.WITH_SUGGESTION` (`error-conditions.json`); `None` from Sail, and
    /// from Spark where it gives none.
    pub class: Option<String>,
    /// The SQLSTATE, which Spark gives since 4.0.
    pub sql_state: Option<String>,
    /// Where in the statement.
    pub position: Option<Position>,
    /// The server's sentences, without plan, state and place.
    pub message: String,
}

/// A place in a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl Error {
    /// What a server said, taken apart; `None` of errors that are no server's. `statement` is what was asked for, where that is a
    /// text: Sail counts characters in it.
    pub fn failure(&self, statement: Option<&str>) -> Option<ServerFailure> {
        match self {
            Self::Server { message } => Some(ServerFailure::of(message, statement)),
            _ => None,
        }
    }
}

impl ServerFailure {
    fn of(message: &str, statement: Option<&str>) -> Self {
        let (class, text) = class_of(message);
        let position = position(text).or_else(|| on_sail(text, statement?));
        // The class alone tells that it is Spark: only its words end where a state, a place or a plan begins.
        let end = ["SQLSTATE:", "\n== SQL", "; line ", "(line ", ";\n"].iter();
        let end = end.filter_map(|mark| text.find(mark)).min().filter(|_| class.is_some());
        let text = &text[..end.unwrap_or(text.len())];
        Self {
            sql_state: state(message),
            position,
            message: text.trim().trim_end_matches(';').to_owned(),
            class,
        }
    }
}

/// The first name in brackets that is an error class, and the text behind the last of them: the client puts the name of a class of
/// Java or the same error class before the server's words.
fn class_of(message: &str) -> (Option<String>, &str) {
    let mut class = None;
    let mut text = message.trim_start();
    while let Some((name, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let is_class = name.starts_with(|c: char| c.is_ascii_uppercase())
            && name
                .chars()
                .all(|c| c.is_ascii_uppercase() || "_.".contains(c) || c.is_ascii_digit());
        let is_java = name.starts_with("org.") || name.starts_with("java.");
        if !is_class && !is_java {
            break;
        }
        if is_class {
            class.get_or_insert_with(|| name.to_owned());
        }
        text = rest.trim_start();
    }
    (class, text)
}

/// Five signs behind `SQLSTATE:`.
fn state(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("SQLSTATE: ")?;
    let state = rest.get(..5)?;
    state.chars().all(|c| c.is_ascii_alphanumeric()).then(|| state.to_owned())
}

/// `line 1 pos 7` and `(line 1, pos 7)` count columns from 0 (`Origin.context`, `ParseException`), `(line 1, position 8)`
/// from 1 (`SQLQueryContext.summary`).
fn position(text: &str) -> Option<Position> {
    text.match_indices("line ").find_map(|(at, mark)| {
        let (line, rest) = number(&text[at + mark.len()..])?;
        let rest = rest.trim_start_matches([',', ' ']);
        if let Some(rest) = rest.strip_prefix("position ") {
            return Some(Position { line, column: number(rest)?.0 });
        }
        let (column, _) = number(rest.strip_prefix("pos ")?)?;
        Some(Position { line, column: column + 1 })
    })
}

/// Sail 0.7.2: `found v at 15:16 expected …`, characters of the statement from 0.
fn on_sail(text: &str, statement: &str) -> Option<Position> {
    let (_, rest) = text.split_once(" at ")?;
    let (start, rest) = number(rest)?;
    number(rest.strip_prefix(':')?)?;
    let before: String = statement.chars().take(start).collect();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    Some(Position { line, column })
}

fn number(text: &str) -> Option<(usize, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(message: &str, statement: &str) -> (Option<String>, Option<String>, String, String) {
        let failure = ServerFailure::of(message, Some(statement));
        let position = failure.position.map_or(String::new(), |position| position.to_string());
        (failure.class, failure.sql_state, position, failure.message)
    }

    fn expected(
        class: Option<&str>,
        state: Option<&str>,
        position: &str,
        message: &str,
    ) -> (Option<String>, Option<String>, String, String) {
        let owned = |text: &str| text.to_owned();
        (class.map(owned), state.map(owned), owned(position), owned(message))
    }

    #[test]
    fn words_of_spark_4_have_class_state_and_place() {
        let column = "[UNRESOLVED_COLUMN.WITH_SUGGESTION] [UNRESOLVED_COLUMN.WITH_SUGGESTION] A column with name `nme` cannot be resolved. Did you mean [`x`]. SQLSTATE: 42703; line 1 pos 7;\n'Project ['nme]\n";
        assert_eq!(
            of(column, ""),
            expected(
                Some("UNRESOLVED_COLUMN.WITH_SUGGESTION"),
                Some("42703"),
                "line 1, column 8",
                "A column with name `nme` cannot be resolved. Did you mean [`x`]."
            )
        );
        let syntax = "[PARSE_SYNTAX_ERROR] \n[PARSE_SYNTAX_ERROR] Syntax error at or near 'v'. SQLSTATE: 42601 (line 2, pos 8)\n\n== SQL ==\nSELECT\n  x FRM v v v\n--------^^^\n";
        assert_eq!(
            of(syntax, ""),
            expected(
                Some("PARSE_SYNTAX_ERROR"),
                Some("42601"),
                "line 2, column 9",
                "Syntax error at or near 'v'."
            )
        );
        let zero = "[DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012\n== SQL (line 1, position 8) ==\nSELECT 1/0\n       ^^^\n";
        assert_eq!(
            of(zero, ""),
            expected(
                Some("DIVIDE_BY_ZERO"),
                Some("22012"),
                "line 1, column 8",
                "Division by zero."
            )
        );
    }

    #[test]
    fn words_of_spark_3_5_have_no_state() {
        let table = "[org.apache.spark.sql.catalyst.ExtendedAnalysisException] [TABLE_OR_VIEW_NOT_FOUND] The table or view `v` cannot be found.; line 1 pos 14;\n'Project [*]\n";
        assert_eq!(
            of(table, ""),
            expected(
                Some("TABLE_OR_VIEW_NOT_FOUND"),
                None,
                "line 1, column 15",
                "The table or view `v` cannot be found."
            )
        );
    }

    #[test]
    fn words_of_sail_have_a_place_where_the_text_is_no_sql() {
        let syntax = "[java.lang.IllegalArgumentException] invalid argument: found v at 15:16 expected ',', or end of input";
        assert_eq!(
            of(syntax, "SELECT\n  x FRM v v"),
            expected(
                None,
                None,
                "line 2, column 9",
                "invalid argument: found v at 15:16 expected ',', or end of input"
            )
        );
        assert_eq!(of("boom", "SELECT 1"), expected(None, None, "", "boom"));
    }
}
