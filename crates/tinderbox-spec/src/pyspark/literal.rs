//! Python's text literals.

use crate::parameters::{Piece, pieces};
use std::collections::BTreeSet;

/// A Python expression for a text: a literal, and look-ups of the environment where the text refers to secrets.
pub(super) fn text(text: &str) -> String {
    let parts: Vec<String> = pieces(text)
        .iter()
        .map(|piece| match piece {
            Piece::Secret(name) => format!("os.environ[\"TINDERBOX_SECRET_{name}\"]"),
            Piece::Text(part) => quoted(part),
            // Put in when the document was read; what is left came out of a parameter's value and is text.
            Piece::Parameter(name) => quoted(&format!("${{param:{name}}}")),
        })
        .collect();
    if parts.is_empty() { quoted("") } else { parts.join(" + ") }
}

/// The names of the secrets that a program looks up. Its literals cannot look like a look-up, but for texts of several
/// lines, where quotes are not escaped: such a text only asks for a variable too many.
pub(super) fn looked_up(program: &str) -> BTreeSet<String> {
    let of_line = |line: &str| -> Vec<String> {
        let ends = line.split("os.environ[\"TINDERBOX_SECRET_").skip(1);
        ends.filter_map(|rest| Some(rest.split_once("\"]")?.0.to_owned())).collect()
    };
    program.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(of_line).collect()
}

/// Like [`text`], with the lines of a long text (SQL) kept as lines.
pub(super) fn long_text(value: &str) -> String {
    let has_secret = crate::parameters::has_secret(value);
    if has_secret || !value.trim().contains('\n') {
        return text(value);
    }
    let mut lines = String::from("\"\"\"\n");
    let mut quotes = 0;
    for c in value.trim_end().chars() {
        quotes = if c == '"' { quotes + 1 } else { 0 };
        match c {
            '\n' => lines.push('\n'),
            // Every third quote would close the literal.
            '"' if quotes % 3 == 0 => lines.push_str("\\\""),
            '"' => lines.push('"'),
            c => push_escaped(&mut lines, c),
        }
    }
    lines.push_str("\n\"\"\"");
    lines
}

fn quoted(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        if c == '"' {
            literal.push('\\');
        }
        push_escaped(&mut literal, c);
    }
    literal.push('"');
    literal
}

/// Line separators, and the marks that turn the direction of text: they could make a program look like another one.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Escapes what Python would read otherwise and what an editor would not show.
fn push_escaped(literal: &mut String, c: char) {
    match c {
        '\\' => literal.push_str("\\\\"),
        '\n' => literal.push_str("\\n"),
        '\r' => literal.push_str("\\r"),
        '\t' => literal.push_str("\\t"),
        // Controls have no more than two digits in Unicode.
        c if c.is_control() => literal.push_str(&format!("\\x{:02x}", u32::from(c))),
        c if is_invisible(c) => literal.push_str(&format!("\\u{:04x}", u32::from(c))),
        c => literal.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_survive_quotes_backslashes_newlines_and_unicode() {
        assert_eq!(text(r#"say "hi" \d"#), r#""say \"hi\" \\d""#);
        assert_eq!(text("a\nb\tc\r\0"), r#""a\nb\tc\r\x00""#);
        assert_eq!(text("größe 日本 🔥"), "\"größe 日本 🔥\"");
        assert_eq!(text("\u{202e}evil"), "\"\\u202eevil\"");
        assert_eq!(text(""), "\"\"");
    }

    #[test]
    fn secrets_become_look_ups() {
        assert_eq!(
            text("jdbc:${secret:HOST}/db"),
            "\"jdbc:\" + os.environ[\"TINDERBOX_SECRET_HOST\"] + \"/db\""
        );
        assert_eq!(text("${secret:K}"), "os.environ[\"TINDERBOX_SECRET_K\"]");
        let program = format!(
            "{}\n{}\n# {0}X\n",
            text("${secret:A}/${secret:B}"),
            text("os.environ[\"TINDERBOX_SECRET_C\"]")
        );
        assert_eq!(Vec::from_iter(looked_up(&program)), ["A", "B"]);
    }

    #[test]
    fn long_texts_keep_their_lines_and_cannot_end_early() {
        assert_eq!(long_text("SELECT 1"), "\"SELECT 1\"");
        assert_eq!(long_text("SELECT \"a\"\nFROM t\n"), "\"\"\"\nSELECT \"a\"\nFROM t\n\"\"\"");
        assert_eq!(long_text("a\n\"\"\"\"b\\"), "\"\"\"\na\n\"\"\\\"\"b\\\\\n\"\"\"");
    }
}
