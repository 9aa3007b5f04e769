//! Reads a text with the rules on which every lexer of Spark's SQL agrees (Spark's `SqlBaseLexer.g4` with and without
//! ANSI quoting, Sail's, `sqlparser`'s). What they could read differently is refused, because a text that one of them
//! takes for a comment or a literal may be code to another.

use super::refused;
use crate::Error;

/// A text without comments, and the same with its literals made harmless.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Read {
    /// What is sent.
    pub(super) text: String,
    /// What is parsed: every literal has become a plain word in single quotes, so that nothing inside one counts.
    pub(super) skeleton: String,
}

/// Characters outside of quotes, besides letters, digits, underscores and blanks.
const SIGNS: &str = "(),.*+-/%=<>!|&^~[]:";

pub(super) fn read(text: &str) -> Result<Read, Error> {
    if text.contains("${") {
        return Err(refused(
            "`${` is not taken: Spark replaces variables there",
            "write the value itself",
        ));
    }
    let mut read = Read { text: String::new(), skeleton: String::new() };
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' => {
                let length = literal(rest, first)?;
                read.text.push_str(&rest[..length]);
                read.skeleton.push_str(&placeholder(&rest[1..length - 1]));
                length
            }
            '`' => {
                let length = quoted(rest, '`')?;
                if rest[1..length - 1].contains('`') {
                    return Err(refused(
                        "a backtick inside backticks is not taken",
                        "leave it out",
                    ));
                }
                read.push(&rest[..length]);
                length
            }
            '-' if rest.starts_with("--") => {
                let length = line_comment(rest)?;
                read.push(" ");
                length
            }
            '/' if rest.starts_with("/*") => {
                let length = block_comment(rest)?;
                read.push(" ");
                length
            }
            // Only as the end of the text.
            ';' => {
                if !read_is_over(&rest[1..])? {
                    return Err(refused("more than one statement was given", "give one SELECT"));
                }
                break;
            }
            c if c.is_ascii_alphanumeric() || c == '_' || SIGNS.contains(c) || is_blank(c) => {
                read.push(&rest[..1]);
                1
            }
            c => {
                return Err(refused(
                    format!("`{}` is not taken outside of quotes", c.escape_default()),
                    "put names with other characters in backticks, and texts in single quotes",
                ));
            }
        };
        rest = &rest[length..];
    }
    refuse_scripts(&read.skeleton)?;
    Ok(read)
}

impl Read {
    fn push(&mut self, piece: &str) {
        self.text.push_str(piece);
        self.skeleton.push_str(piece);
    }
}

/// Whether nothing but blanks, comments and semicolons follows.
fn read_is_over(mut rest: &str) -> Result<bool, Error> {
    loop {
        rest = rest.trim_start_matches(|c| is_blank(c) || c == ';');
        let length = if rest.is_empty() {
            return Ok(true);
        } else if rest.starts_with("--") {
            line_comment(rest)?
        } else if rest.starts_with("/*") {
            block_comment(rest)?
        } else {
            return Ok(false);
        };
        rest = &rest[length..];
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// The length of a text in quotes. A backslash before the quote ends the text for one lexer and not for another.
fn literal(rest: &str, quote: char) -> Result<usize, Error> {
    let length = quoted(rest, quote)?;
    if rest[..length].contains(&format!("\\{quote}")) {
        return Err(refused(
            "a backslash right before a quote is not taken",
            "put a text with a quote into the other kind of quotes: \"it's\"",
        ));
    }
    Ok(length)
}

/// The length up to the closing quote; a doubled quote does not close.
fn quoted(rest: &str, quote: char) -> Result<usize, Error> {
    let mut from = 1;
    while let Some(at) = rest[from..].find(quote) {
        let end = from + at + 1;
        if !rest[end..].starts_with(quote) {
            return Ok(end);
        }
        from = end + 1;
    }
    Err(refused(format!("a {quote} is not closed"), "close it"))
}

/// Spark's line comments go on after a backslash at the end of the line; others do not.
fn line_comment(rest: &str) -> Result<usize, Error> {
    let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
    if rest[..length].ends_with('\\') {
        return Err(refused(
            "a comment that ends with a backslash is not taken",
            "leave the backslash out",
        ));
    }
    Ok(length)
}

/// Comments nest in Spark, and not everywhere else. Hints and the versioned comments of MySQL are code to some.
fn block_comment(rest: &str) -> Result<usize, Error> {
    let Some(length) = rest[2..].find("*/") else {
        return Err(refused("a comment is not closed", "close it with */"));
    };
    let body = &rest[2..2 + length];
    // `/*/` opens and closes for some.
    if body.contains("/*") || body.starts_with('/') || body.ends_with('/') {
        return Err(refused("a comment inside a comment is not taken", "leave one out"));
    }
    if body.starts_with(['+', '!']) {
        return Err(refused("hints are not taken", "leave the hint out"));
    }
    Ok(body.len() + 4)
}

/// Its own text where that cannot hurt, because dates and intervals are parsed.
fn placeholder(body: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " _-.:%".contains(c);
    if body.chars().all(is_plain) { format!("'{body}'") } else { "'x'".to_owned() }
}

/// `SELECT TRANSFORM(…) USING 'program'` runs a program.
fn refuse_scripts(skeleton: &str) -> Result<(), Error> {
    let upper = skeleton.to_ascii_uppercase();
    let mut from = 0;
    while let Some(at) = upper[from..].find("USING") {
        from += at + "USING".len();
        if upper[from..].trim_start_matches(is_blank).starts_with('\'') {
            return Err(refused("USING with a program is not taken", "use functions of SQL"));
        }
    }
    Ok(())
}
