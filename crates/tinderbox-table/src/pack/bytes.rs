//! Numbers of variable length, as the directory and the heads of blocks write them.

use std::io;

pub(super) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Small numbers of either sign are short.
pub(super) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Why bytes make no sense.
pub(super) fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Reads what the functions above have written.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn byte(&mut self) -> io::Result<u8> {
        let (first, rest) = self.bytes.split_first().ok_or_else(ends_early)?;
        self.bytes = rest;
        Ok(*first)
    }

    pub(super) fn flag(&mut self) -> io::Result<bool> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(malformed("neither yes nor no")),
        }
    }

    pub(super) fn take(&mut self, len: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(len).ok_or_else(ends_early)?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(super) fn fixed_u32(&mut self) -> io::Result<u32> {
        let bytes = self.take(4)?.first_chunk().ok_or_else(ends_early)?;
        Ok(u32::from_le_bytes(*bytes))
    }

    pub(super) fn number(&mut self) -> io::Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(malformed("a number is too long"))
    }

    pub(super) fn signed(&mut self) -> io::Result<i64> {
        let value = self.number()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// A number of things of which each takes at least one more byte of this: no length that the bytes cannot have.
    pub(super) fn count(&mut self) -> io::Result<usize> {
        let count = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        if count > self.bytes.len() {
            return Err(ends_early());
        }
        Ok(count)
    }

    pub(super) fn text(&mut self) -> io::Result<&'a str> {
        let len = self.count()?;
        std::str::from_utf8(self.take(len)?).map_err(|_| malformed("a text is no UTF-8"))
    }
}

fn ends_early() -> io::Error {
    malformed("it ends early")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_size_come_back() {
        let mut out = Vec::new();
        let numbers = [0, 1, 0x7f, 0x80, 1 << 35, u64::MAX];
        for number in numbers {
            put(&mut out, number);
            put_signed(&mut out, number.cast_signed());
        }
        let mut cursor = Cursor::new(&out);
        for number in numbers {
            assert_eq!(cursor.number().expect("reads"), number);
            assert_eq!(cursor.signed().expect("reads"), number.cast_signed());
        }
        assert!(cursor.byte().is_err());
    }
}
