//! Lines of events in the form of Spark's `JsonProtocol`.

use std::io::{self, Write};

/// Bytes that are handed on together.
const BUFFER: usize = 256 * 1024;

/// Lines on their way to a log.
pub(super) struct Lines<W> {
    output: W,
    buffer: Vec<u8>,
    written: u64,
}

impl<W: Write> Lines<W> {
    pub(super) fn new(output: W) -> Self {
        Self { output, buffer: Vec::with_capacity(BUFFER + 8_192), written: 0 }
    }

    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.buffer.extend_from_slice(text.as_bytes());
        self
    }

    /// Text in quotes.
    pub(super) fn quoted(&mut self, text: &str) -> &mut Self {
        self.buffer.push(b'"');
        for byte in text.bytes() {
            match byte {
                b'"' | b'\\' => self.buffer.extend_from_slice(&[b'\\', byte]),
                b'\n' => self.buffer.extend_from_slice(b"\\n"),
                b'\t' => self.buffer.extend_from_slice(b"\\t"),
                0..0x20 => self.buffer.push(b' '),
                _ => self.buffer.push(byte),
            }
        }
        self.buffer.push(b'"');
        self
    }

    pub(super) fn int(&mut self, value: i64) -> &mut Self {
        let mut digits = [0; 20];
        let mut at = digits.len();
        let mut left = value.unsigned_abs();
        loop {
            at -= 1;
            digits[at] = b'0' + u8::try_from(left % 10).unwrap_or(0);
            left /= 10;
            if left == 0 {
                break;
            }
        }
        if value < 0 {
            self.buffer.push(b'-');
        }
        self.buffer.extend_from_slice(&digits[at..]);
        self
    }

    /// Ends the line.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.buffer.push(b'\n');
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// Answers how many bytes there were.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        self.flush()?;
        self.output.flush()?;
        Ok(self.written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
