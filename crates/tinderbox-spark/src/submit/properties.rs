//! Files of properties, as `java.util.Properties` reads them.

use std::iter::Peekable;
use std::str::Chars;

/// The keys and values of a file such as `spark-defaults.conf`, in their order; the last one of a key counts. As Spark does,
/// spaces around values are cut off and line breaks that were written as `\n` are kept.
///
/// Source: `java.util.Properties.load` and `org.apache.spark.util.Utils.trimExceptCRLF`.
pub fn parse_properties(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = text.split(['\n', '\r']);
    while let Some(line) = lines.next() {
        let line = line.trim_start_matches(is_blank);
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let mut whole = line.to_owned();
        while ends_in_odd_backslashes(&whole) {
            whole.pop();
            // A line break of two characters is one.
            let next = lines.next();
            let next = if next == Some("") { lines.next() } else { next };
            let Some(next) = next else { break };
            whole.push_str(next.trim_start_matches(is_blank));
        }
        let mut chars = whole.chars().peekable();
        let key = unescaped(&mut chars, |c| is_blank(c) || c == '=' || c == ':');
        skip_blanks(&mut chars);
        if chars.next_if(|c| matches!(c, '=' | ':')).is_some() {
            skip_blanks(&mut chars);
        }
        let value = unescaped(&mut chars, |_| false);
        let is_cut = |c: char| c <= ' ' && c != '\r' && c != '\n';
        found.push((key, value.trim_matches(is_cut).to_owned()));
    }
    found
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

fn skip_blanks(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(|c| is_blank(*c)).is_some() {}
}

fn ends_in_odd_backslashes(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// Up to the first character that ends it and has no backslash before it.
fn unescaped(chars: &mut Peekable<Chars<'_>>, ends: impl Fn(char) -> bool) -> String {
    let mut text = String::new();
    while let Some(c) = chars.next_if(|c| !ends(*c)) {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('t') => text.push('\t'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('f') => text.push('\u{c}'),
            Some('u') => {
                let digits: String =
                    std::iter::from_fn(|| chars.next_if(char::is_ascii_hexdigit)).take(4).collect();
                let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                text.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}
