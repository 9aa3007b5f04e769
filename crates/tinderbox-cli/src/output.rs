//! The one place that prints: data to stdout, notes to stderr.

use serde::Serialize;
use std::io::{IsTerminal, Write};

/// Prints data.
pub fn data(text: &str) {
    // A reader that has gone (`| head`) is no error of ours.
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// Prints data as JSON, indented, with a line end.
pub fn json(value: &impl Serialize) {
    data(&json_text(value));
}

/// What [`json`] prints.
pub fn json_text(value: &impl Serialize) -> String {
    // The values are our own DTOs: maps with text keys and finite numbers, which always serialize.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// Prints a line to stderr.
pub fn note(line: &str) {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "{}", line.trim_end());
}

/// Asks for a line on stderr.
pub fn prompt(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes());
    let _ = err.flush();
}

/// Whether a person watches stderr.
pub fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// Which side of its column a cell keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Text of others on one line: control characters could move the cursor, recolor the screen or break the table.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// A table with a head, control characters replaced. Columns are as wide as their widest cell.
pub fn table(head: &[(&str, Side)], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| printable(cell)).collect()).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([head[column].0.chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for ((cell, width), (_, side)) in cells.zip(&widths).zip(head) {
            let gap = " ".repeat(width - cell.chars().count());
            match side {
                Side::Left => text.push_str(&format!("{cell}{gap}")),
                Side::Right => text.push_str(&format!("{gap}{cell}")),
            }
            text.push_str("  ");
        }
        format!("{}\n", text.trim_end())
    };
    let mut text = line(&mut head.iter().map(|(name, _)| *name));
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows =
            vec![vec!["a".to_owned(), "10".to_owned()], vec!["bcd".to_owned(), "9".to_owned()]];
        let text = table(&[("name", Side::Left), ("n", Side::Right)], &rows);
        assert_eq!(text, "name   n\na     10\nbcd    9\n");
    }
}
