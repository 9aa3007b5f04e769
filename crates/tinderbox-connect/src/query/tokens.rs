//! The words and signs of a text in SQL, as Spark reads them (`SqlBaseLexer.g4`). Reads any text: what is not closed goes
//! to the end.

/// A word or sign; comments and blanks are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// A name or keyword.
    Word(&'a str),
    /// A name in backquotes, without them.
    Quoted(&'a str),
    /// A text in quotes, with them.
    Text(&'a str),
    /// Digits, with point, exponent and suffix.
    Number(&'a str),
    /// An operator or bracket.
    Sign(&'a str),
}

/// Longest first.
const SIGNS: [&str; 16] = [
    ">>>", "<=>", "<<", ">>", "<=", ">=", "<>", "!=", "!<", "!>", "==", "||", "->", "=>", "::",
    "|>",
];

pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if first.is_whitespace() => first.len_utf8(),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            'r' | 'R' if rest[1..].starts_with(['\'', '"']) => {
                let length = 1 + raw_text(&rest[1..]);
                tokens.push(Token::Text(&rest[..length]));
                length
            }
            '\'' | '"' => {
                let length = quoted_text(rest, first);
                tokens.push(Token::Text(&rest[..length]));
                length
            }
            '`' => {
                let end = rest[1..].find('`').map_or(rest.len(), |at| at + 1);
                tokens.push(Token::Quoted(&rest[1..end]));
                (end + 1).min(rest.len())
            }
            _ if first.is_ascii_digit() || first == '.' && rest[1..].starts_with(is_digit) => {
                let length = number(rest);
                tokens.push(Token::Number(&rest[..length]));
                length
            }
            _ if first.is_alphanumeric() || first == '_' => {
                let is_part = |c: char| c.is_alphanumeric() || c == '_';
                let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                tokens.push(Token::Word(&rest[..length]));
                length
            }
            _ => {
                let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
                let length = sign.map_or(first.len_utf8(), |sign| sign.len());
                tokens.push(Token::Sign(&rest[..length]));
                length
            }
        };
        rest = &rest[length..];
    }
    tokens
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// Comments nest.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// A backslash takes the next sign with it; a doubled quote closes and opens.
fn quoted_text(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, sign) in rest.char_indices().skip(1) {
        match sign {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if sign == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw_text(rest: &str) -> usize {
    let quote = rest.chars().next().unwrap_or('\'');
    rest[1..].find(quote).map_or(rest.len(), |at| at + 2)
}

fn number(rest: &str) -> usize {
    let mut before = ' ';
    for (at, sign) in rest.char_indices() {
        let is_exponent = matches!(before, 'e' | 'E') && matches!(sign, '+' | '-');
        if !sign.is_ascii_alphanumeric() && sign != '.' && !is_exponent {
            return at;
        }
        before = sign;
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::Token::{Number, Quoted, Sign, Text, Word};
    use super::*;

    #[test]
    fn words_signs_and_numbers_are_told_from_texts_and_comments() {
        assert_eq!(
            tokens(
                "bround(`x y`, -2.5e-3D) -- f(1)\n<=> /* g(/* h */2) */ größe||'it\\'s f(' r'\\'"
            ),
            [
                Word("bround"),
                Sign("("),
                Quoted("x y"),
                Sign(","),
                Sign("-"),
                Number("2.5e-3D"),
                Sign(")"),
                Sign("<=>"),
                Word("größe"),
                Sign("||"),
                Text("'it\\'s f('"),
                Text("r'\\'"),
            ]
        );
    }

    #[test]
    fn what_is_not_closed_goes_to_the_end() {
        for text in ["'a", "\"a\\", "`a", "/* a /* b */", "r'a", "1.", "ü`ü"] {
            tokens(text);
        }
        assert_eq!(tokens("a 'b c"), [Word("a"), Text("'b c")]);
    }
}
