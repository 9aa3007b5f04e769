//! Where the bytes of a pack are: in its file, and of a pack that still grows the end in memory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

#[derive(Debug)]
pub(super) struct Source {
    pub(super) file: File,
    /// Where `tail` begins; nothing of the file counts from there on.
    pub(super) file_len: u64,
    pub(super) tail: Vec<u8>,
}

impl Source {
    pub(super) fn len(&self) -> u64 {
        self.file_len + self.tail.len() as u64
    }

    /// Reads `len` bytes into `buffer`, whose content is replaced. Nothing is allocated for bytes that are not there.
    pub(super) fn read(&self, offset: u64, len: usize, buffer: &mut Vec<u8>) -> io::Result<()> {
        let end = offset.saturating_add(len as u64);
        if end > self.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it ends early"));
        }
        buffer.resize(len, 0);
        if offset >= self.file_len {
            let start = usize::try_from(offset - self.file_len).unwrap_or(usize::MAX);
            buffer.copy_from_slice(&self.tail[start..start + len]);
            return Ok(());
        }
        if end > self.file_len {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it ends early"));
        }
        self.file.read_exact_at(buffer, offset)
    }
}
