//! JSON as Jackson's default pretty printer writes it: objects on lines of their own, arrays on one line, `"a" : 1`,
//! `[ ]`, `{ }`, doubles as Java prints them.

use super::java_double::java_double;
use serde::{Serialize, Serializer};
use serde_json::ser::{CharEscape, Formatter};
use std::io::{self, Write};

/// The body for `value`.
///
/// # Errors
/// What a [`Serialize`] says; those of this crate say nothing unless tasks are streamed from elsewhere.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut body = Vec::with_capacity(4_096);
    write(&mut body, value)?;
    Ok(body)
}

/// Writes the body for `value` piece by piece. Pieces are small: `writer` should buffer.
///
/// # Errors
/// What the writer says, and as [`to_vec`].
pub fn write<T: Serialize + ?Sized>(
    writer: &mut dyn Write,
    value: &T,
) -> Result<(), serde_json::Error> {
    let jackson = Jackson { depth: 0, is_empty: false };
    let mut serializer = serde_json::Serializer::with_formatter(writer, jackson);
    value.serialize(&mut serializer)
}

/// Pairs as an object, in their order.
pub(super) struct Pairs<'a, V>(pub &'a [(String, V)]);

impl<V: Serialize> Serialize for Pairs<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// Jackson's `DefaultPrettyPrinter`. Only objects indent; the flag says whether the innermost one is still empty.
struct Jackson {
    depth: usize,
    is_empty: bool,
}

impl Jackson {
    fn new_line<W: ?Sized + Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\n")?;
        for _ in 0..self.depth {
            writer.write_all(b"  ")?;
        }
        Ok(())
    }
}

impl Formatter for Jackson {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(java_double(value).as_bytes())
    }

    /// Jackson escapes what takes two UTF-16 units.
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, large)) = rest.char_indices().find(|(_, c)| *c > '\u{FFFF}') {
            writer.write_all(&rest.as_bytes()[..at])?;
            for unit in large.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04X}")?;
            }
            rest = &rest[at + large.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        let short: &[u8] = match escape {
            CharEscape::Quote => b"\\\"",
            CharEscape::ReverseSolidus => b"\\\\",
            CharEscape::Solidus => b"\\/",
            CharEscape::Backspace => b"\\b",
            CharEscape::FormFeed => b"\\f",
            CharEscape::LineFeed => b"\\n",
            CharEscape::CarriageReturn => b"\\r",
            CharEscape::Tab => b"\\t",
            CharEscape::AsciiControl(byte) => return write!(writer, "\\u{byte:04X}"),
        };
        writer.write_all(short)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.is_empty = true;
        writer.write_all(b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.is_empty = false;
        writer.write_all(b" ]")
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.is_empty = false;
        writer.write_all(if first { b" " } else { b", " })
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        self.is_empty = true;
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        if self.is_empty {
            writer.write_all(b" ")?;
        } else {
            self.new_line(writer)?;
        }
        self.is_empty = false;
        writer.write_all(b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.is_empty = false;
        if !first {
            writer.write_all(b",")?;
        }
        self.new_line(writer)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b" : ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn prints_as_jackson_does() {
        let value = json!([{"a": [1, 2.5], "b": {}, "c": [], "d": [{"e": "\u{1}\n\"/é"}]}, {}]);
        let expected = "[ {\n  \"a\" : [ 1, 2.5 ],\n  \"b\" : { },\n  \"c\" : [ ],\n  \"d\" : [ {\n    \
             \"e\" : \"\\u0001\\n\\\"/é\"\n  } ]\n}, { } ]";
        assert_eq!(String::from_utf8(to_vec(&value).unwrap()).unwrap(), expected);
        assert_eq!(to_vec(&json!("\u{1f}")).unwrap(), b"\"\\u001F\"");
        let fire = json!("a🔥b");
        assert_eq!(to_vec(&fire).unwrap(), br#""a\uD83D\uDD25b""#);
        assert_eq!(to_vec(&json!([])).unwrap(), b"[ ]");
        assert_eq!(to_vec(&json!({})).unwrap(), b"{ }");
    }
}
