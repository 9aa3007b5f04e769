//! Cells that wait in a file without a name, which is gone with its process.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt;
use std::path::Path;

const BUFFER: usize = 256 << 10;

#[derive(Debug)]
pub(super) struct Spool {
    file: File,
    buffer: Vec<u8>,
    len: usize,
}

impl Spool {
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self { file: tempfile::tempfile_in(folder)?, buffer: Vec::new(), len: 0 })
    }

    pub(super) fn push(&mut self, cells: impl IntoIterator<Item = u64>) -> io::Result<()> {
        let before = self.buffer.len();
        self.buffer.extend(cells.into_iter().flat_map(u64::to_le_bytes));
        self.len += (self.buffer.len() - before) / 8;
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        Ok(())
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// All cells. What is in the buffer must be flushed.
    pub(super) fn read_all(&self) -> io::Result<Vec<u64>> {
        let mut cells = Vec::with_capacity(self.len);
        let mut bytes = Vec::new();
        while cells.len() < self.len {
            let count = (self.len - cells.len()).min(BUFFER);
            self.read(cells.len(), count, &mut bytes)?;
            cells.extend(cells_of(&bytes));
        }
        Ok(cells)
    }

    /// The bytes of `count` cells from `first` on replace what is in `bytes`.
    pub(super) fn read(&self, first: usize, count: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
        bytes.resize(count * 8, 0);
        self.file.read_exact_at(bytes, first as u64 * 8)
    }
}

pub(super) fn cells_of(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes
        .chunks_exact(8)
        .map(|cell| u64::from_le_bytes(cell.first_chunk().copied().unwrap_or_default()))
}
