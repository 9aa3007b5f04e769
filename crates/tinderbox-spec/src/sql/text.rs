//! SQL's literals and names.

use crate::operation::Literal;

/// A text literal of Spark SQL. `$` before a brace is written as its code: Spark puts variables in there
/// (`spark.sql.variable.substitute`).
pub(super) fn literal(value: &str) -> String {
    let mut quoted = String::from("'");
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' => quoted.push_str("\\'"),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '$' if chars.peek() == Some(&'{') => quoted.push_str("\\u0024"),
            c if c.is_control() || is_invisible(c) => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

/// A value of a document.
pub(super) fn value(value: &Literal) -> String {
    match value {
        Literal::Text(text) => literal(text),
        Literal::Number(number) => number.clone(),
        Literal::Boolean(true) => "true".to_owned(),
        Literal::Boolean(false) => "false".to_owned(),
    }
}

/// A name of a table or a whole column, quoted where it is more than a word or one of SQL's own.
pub(super) fn name(name: &str) -> String {
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let lower = name.to_ascii_lowercase();
    if is_word && !RESERVED.contains(&lower.as_str()) {
        name.to_owned()
    } else {
        format!("`{}`", name.replace('`', "``"))
    }
}

/// A column as a document names it: points are steps into structs; anything else is SQL already.
pub(super) fn column(key: &str) -> String {
    if crate::operation::build::is_expression(key) {
        return expression(key);
    }
    let parts = key.split('.').map(|part| if part == "*" { part.to_owned() } else { name(part) });
    parts.collect::<Vec<_>>().join(".")
}

/// A column that is no expression, whatever its name looks like: points are steps into structs.
pub(super) fn attribute(key: &str) -> String {
    if key.contains('`') {
        return key.to_owned();
    }
    key.split('.').map(name).collect::<Vec<_>>().join(".")
}

/// An expression within a statement: what comes behind must not end up in its comment.
pub(super) fn expression(text: &str) -> String {
    let text = text.trim();
    let last = text.lines().last().unwrap_or_default();
    if last.contains("--") { format!("{text}\n ") } else { text.to_owned() }
}

/// A value behind `SET key=`.
pub(super) fn setting(value: &str) -> String {
    let is_plain = !value.is_empty()
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "._:/,-+".contains(c));
    if is_plain { value.to_owned() } else { format!("`{}`", value.replace('`', "``")) }
}

/// Line separators, and the marks that turn the direction of text: they could make a script look like another one.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Words that cannot stand for a name everywhere.
/// Source: Spark's SQL reference, "ANSI Compliance": reserved in ANSI mode, and strict-non-reserved in the default mode.
const RESERVED: &[&str] = &[
    "all",
    "and",
    "anti",
    "any",
    "as",
    "authorization",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "column",
    "constraint",
    "create",
    "cross",
    "current_date",
    "current_time",
    "current_timestamp",
    "current_user",
    "distinct",
    "else",
    "end",
    "escape",
    "except",
    "exists",
    "false",
    "fetch",
    "filter",
    "for",
    "foreign",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "in",
    "inner",
    "intersect",
    "interval",
    "into",
    "is",
    "join",
    "lateral",
    "leading",
    "left",
    "limit",
    "minus",
    "natural",
    "not",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "primary",
    "references",
    "right",
    "select",
    "semi",
    "session_user",
    "set",
    "some",
    "table",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "unknown",
    "unpivot",
    "user",
    "using",
    "values",
    "when",
    "where",
    "with",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_survive_quotes_backslashes_newlines_and_variables() {
        assert_eq!(literal("it's \\d\n"), "'it\\'s \\\\d\\n'");
        assert_eq!(literal("${env:HOME} $1"), "'\\u0024{env:HOME} $1'");
        assert_eq!(literal("größe\u{202e}"), "'größe\\u202e'");
    }

    #[test]
    fn names_are_quoted_where_they_must() {
        assert_eq!(name("amount"), "amount");
        assert_eq!(name("order"), "`order`");
        assert_eq!(name("a b`c"), "`a b``c`");
        assert_eq!(column("place.order.x"), "place.`order`.x");
        assert_eq!(column("orders.*"), "orders.*");
        assert_eq!(column("a + 1 -- more"), "a + 1 -- more\n ");
    }
}
