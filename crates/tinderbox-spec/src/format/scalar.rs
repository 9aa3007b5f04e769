//! How a scalar is written: without quotes where every reader of YAML then takes the same text from it.

use crate::patch::double_quoted;
use crate::tree::{Scalar, ScalarForm};

/// A scalar of one line. `written` is how it stands in the text; `in_brackets` whether commas and brackets end it.
pub(super) fn line_of(scalar: &Scalar, written: &str, in_brackets: bool) -> String {
    let is_one_line = !written.contains('\n');
    match scalar.style {
        ScalarForm::Plain | ScalarForm::Substituted if is_one_line => written.to_owned(),
        ScalarForm::Plain | ScalarForm::Substituted if is_plain(&scalar.text, in_brackets) => {
            scalar.text.clone()
        }
        // A text that would be a number, a boolean or nothing without quotes is meant as a text.
        _ if is_plain(&scalar.text, in_brackets) => scalar.text.clone(),
        _ => quoted(&scalar.text),
    }
}

/// A key.
pub(super) fn key(text: &str, written: &str, in_brackets: bool) -> String {
    let is_quoted = written.starts_with(['"', '\'']);
    if !is_quoted && !written.contains('\n') {
        written.to_owned()
    } else if is_plain(text, in_brackets) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// Whether a field may read the text as a number, a boolean or nothing, or another reader of YAML does (1.1 has more words).
pub(super) fn looks_typed(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let is_word = matches!(
        &*lower,
        "" | "~"
            | "null"
            | "true"
            | "false"
            | "yes"
            | "no"
            | "on"
            | "off"
            | "y"
            | "n"
            | ".inf"
            | "-.inf"
            | "+.inf"
            | ".nan"
    );
    // Numbers, dates and times of day, in any of YAML's forms.
    let begins_as_number = text.starts_with(|c: char| c.is_ascii_digit())
        || text.starts_with(['+', '-', '.'])
            && text[1..].starts_with(|c: char| c.is_ascii_digit() || c == '.');
    is_word || begins_as_number
}

fn quoted(text: &str) -> String {
    let needs_escapes =
        text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'));
    if !needs_escapes && text.contains(['"', '\\']) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        double_quoted(text)
    }
}

/// Narrower than YAML, so that there is no doubt.
fn is_plain(text: &str, in_brackets: bool) -> bool {
    let begins_well =
        text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '/' | '$' | '('));
    let ends_well = !text.ends_with([':', ' ']);
    let is_kept = |c: char| {
        !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '"' | '\\' | '`')
    };
    let brackets = [',', '[', ']', '{', '}'];
    begins_well
        && ends_well
        && text.chars().all(is_kept)
        && !text.contains(": ")
        && !text.contains(" #")
        && !looks_typed(text)
        && !(in_brackets && (text.contains(brackets) || text.contains(':') || text.contains('?')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, style: ScalarForm, in_brackets: bool) -> String {
        line_of(&Scalar { text: text.to_owned(), style }, "\"…\"", in_brackets)
    }

    #[test]
    fn quotes_stay_only_where_they_are_needed() {
        let quoted = |text| line(text, ScalarForm::DoubleQuoted, false);
        assert_eq!(quoted("age >= 18"), "age >= 18");
        assert_eq!(quoted("8"), "\"8\"");
        assert_eq!(quoted("on"), "\"on\"");
        assert_eq!(quoted("2026-01-01"), "\"2026-01-01\"");
        assert_eq!(quoted("a: b"), "\"a: b\"");
        assert_eq!(quoted("it's: b"), "\"it's: b\"");
        assert_eq!(quoted("it's \\d: \""), "'it''s \\d: \"'");
        assert_eq!(quoted("a\nb"), "\"a\\nb\"");
        assert_eq!(quoted("*"), "\"*\"");
        assert_eq!(quoted("${param:day}/x"), "${param:day}/x");
        assert_eq!(line("f(a, b)", ScalarForm::SingleQuoted, true), "\"f(a, b)\"");
        assert_eq!(line("f(a)", ScalarForm::SingleQuoted, true), "f(a)");
    }
}
