use super::Codec;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};

/// Compressed bytes are read from the file in pieces of this size.
const INPUT_BYTES: usize = 128 * 1024;

/// The compressed side of a decoder: knows how far it has been read, for messages about damage.
pub(super) struct Input<R> {
    reader: BufReader<R>,
    codec: Codec,
    offset: u64,
    failed: bool,
}

impl<R: Read> Input<R> {
    pub(super) fn new(codec: Codec, reader: R) -> Self {
        let reader = BufReader::with_capacity(INPUT_BYTES, reader);
        Self { reader, codec, offset: 0, failed: false }
    }

    /// How many bytes have been taken.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the last error came from the file itself and not from a decoder of its bytes.
    pub(super) fn failed(&self) -> bool {
        self.failed
    }

    /// Whether there are no more bytes.
    pub(super) fn is_at_end(&mut self) -> io::Result<bool> {
        loop {
            match self.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => return other.map(<[u8]>::is_empty),
            }
        }
    }

    /// Exactly `N` bytes; `part` names them when they are cut.
    pub(super) fn array<const N: usize>(&mut self, part: &str) -> io::Result<[u8; N]> {
        let mut array = [0; N];
        match self.read_exact(&mut array) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(self.cut(part)),
            other => other.map(|()| array),
        }
    }

    /// Exactly `length` bytes into `bytes`, which grows with what is there and not with what is claimed.
    pub(super) fn bytes(
        &mut self,
        length: usize,
        bytes: &mut Vec<u8>,
        part: &str,
    ) -> io::Result<()> {
        bytes.clear();
        self.by_ref().take(length as u64).read_to_end(bytes)?;
        if bytes.len() < length { Err(self.cut(part)) } else { Ok(()) }
    }

    /// The file ends inside `part`.
    pub(super) fn cut(&self, part: &str) -> io::Error {
        let Self { codec, offset, .. } = self;
        let message = format!("{codec} data is cut: the file ends at byte {offset}, inside {part}");
        io::Error::new(ErrorKind::UnexpectedEof, message)
    }

    /// The bytes at `offset` cannot be right.
    pub(super) fn damaged(&self, offset: u64, what: impl std::fmt::Display) -> io::Error {
        let message =
            format!("{} data is damaged at byte {offset} of the file: {what}", self.codec);
        io::Error::new(ErrorKind::InvalidData, message)
    }
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut input = self.fill_buf()?;
        let count = input.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Input<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.failed = true;
        let bytes = self.reader.fill_buf()?;
        self.failed = false;
        Ok(bytes)
    }

    fn consume(&mut self, count: usize) {
        self.offset += count as u64;
        self.reader.consume(count);
    }
}

/// Says the first error again and again: no decoder goes on behind damage.
pub(super) struct Sticky<R> {
    reader: R,
    error: Option<(ErrorKind, String)>,
}

impl<R> Sticky<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, error: None }
    }
}

impl<R: Read> Read for Sticky<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some((kind, message)) = &self.error {
            return Err(io::Error::new(*kind, message.clone()));
        }
        let result = self.reader.read(out);
        if let Err(error) = &result
            && matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::InvalidData)
        {
            self.error = Some((error.kind(), error.to_string()));
        }
        result
    }
}
