//! Texts that only some tasks have: error messages, and accumulables as JSON.
//!
//! They are collected in chunks of 64 KiB, each a zstd frame with a checksum. A reference is one more than the number
//! of the chunk times 65,536 plus where the text begins in it, which is below that; zero refers to nothing.

use super::bytes::{Cursor, malformed, put};
use super::source::Source;
use std::io::{self, Read};

const CHUNK_LEN: usize = 1 << 16;
/// zstd's fastest ordinary level: chunks are compressed while a log is read.
const LEVEL: i32 = 1;

/// Where a chunk lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChunkPlace {
    pub(super) offset: u64,
    /// Compressed.
    pub(super) len: u64,
    pub(super) raw_len: u64,
}

/// The open chunk.
#[derive(Debug, Default)]
pub(super) struct HeapWriter {
    chunk: Vec<u8>,
    pub(super) chunks: Vec<ChunkPlace>,
    encoder: Option<Compressor>,
}

struct Compressor(zstd::bulk::Compressor<'static>);

impl std::fmt::Debug for Compressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Compressor")
    }
}

impl HeapWriter {
    /// Adds a text and answers the reference. A chunk that is full then is appended to `out`, whose first byte lies at
    /// `base_offset`: no text begins where a reference cannot point.
    pub(super) fn add(
        &mut self,
        text: &[u8],
        base_offset: u64,
        out: &mut Vec<u8>,
    ) -> io::Result<i64> {
        let at = self.chunk.len();
        put(&mut self.chunk, text.len() as u64);
        self.chunk.extend_from_slice(text);
        let reference = self.chunks.len() * CHUNK_LEN + at + 1;
        if self.chunk.len() >= CHUNK_LEN {
            self.flush(base_offset, out)?;
        }
        Ok(i64::try_from(reference).unwrap_or(i64::MAX))
    }

    /// Appends the open chunk, when there is one, to `out`, whose first byte lies at `base_offset`.
    pub(super) fn flush(&mut self, base_offset: u64, out: &mut Vec<u8>) -> io::Result<()> {
        if let Some(place) = self.write_chunk(base_offset, out)? {
            self.chunks.push(place);
            self.chunk.clear();
        }
        Ok(())
    }

    /// As [`Self::flush`], but the chunk stays open here. Answers where all chunks lie.
    pub(super) fn copy(
        &mut self,
        base_offset: u64,
        out: &mut Vec<u8>,
    ) -> io::Result<Vec<ChunkPlace>> {
        let mut chunks = self.chunks.clone();
        chunks.extend(self.write_chunk(base_offset, out)?);
        Ok(chunks)
    }

    fn write_chunk(
        &mut self,
        base_offset: u64,
        out: &mut Vec<u8>,
    ) -> io::Result<Option<ChunkPlace>> {
        if self.chunk.is_empty() {
            return Ok(None);
        }
        let encoder = match &mut self.encoder {
            Some(encoder) => encoder,
            none => {
                let mut encoder = zstd::bulk::Compressor::new(LEVEL)?;
                encoder.include_checksum(true)?;
                none.insert(Compressor(encoder))
            }
        };
        let compressed = encoder.0.compress(&self.chunk)?;
        let place = ChunkPlace {
            offset: base_offset + out.len() as u64,
            len: compressed.len() as u64,
            raw_len: self.chunk.len() as u64,
        };
        out.extend_from_slice(&compressed);
        Ok(Some(place))
    }
}

/// Reads texts and keeps the chunk that it read last.
#[derive(Default)]
pub(super) struct HeapReader {
    number: Option<usize>,
    chunk: Vec<u8>,
    compressed: Vec<u8>,
}

impl HeapReader {
    /// The bytes at a reference.
    pub(super) fn bytes(
        &mut self,
        source: &Source,
        chunks: &[ChunkPlace],
        reference: i64,
    ) -> io::Result<&[u8]> {
        let reference = usize::try_from(reference.wrapping_sub(1)).unwrap_or(usize::MAX);
        let (number, at) = (reference / CHUNK_LEN, reference % CHUNK_LEN);
        if self.number != Some(number) {
            self.number = None;
            let place = chunks.get(number).ok_or_else(|| malformed("a text is missing"))?;
            self.load(source, place)?;
            self.number = Some(number);
        }
        let mut cursor = Cursor::new(self.chunk.get(at..).unwrap_or_default());
        let len = cursor.count()?;
        cursor.take(len)
    }

    pub(super) fn text(
        &mut self,
        source: &Source,
        chunks: &[ChunkPlace],
        reference: i64,
    ) -> io::Result<&str> {
        std::str::from_utf8(self.bytes(source, chunks, reference)?)
            .map_err(|_| malformed("a text is no UTF-8"))
    }

    fn load(&mut self, source: &Source, place: &ChunkPlace) -> io::Result<()> {
        let len = usize::try_from(place.len).unwrap_or(usize::MAX);
        source.read(place.offset, len, &mut self.compressed)?;
        let decoder = zstd::Decoder::with_buffer(self.compressed.as_slice())?;
        self.chunk.clear();
        decoder.take(place.raw_len.saturating_add(1)).read_to_end(&mut self.chunk)?;
        if self.chunk.len() as u64 != place.raw_len {
            return Err(malformed("a chunk has another length"));
        }
        Ok(())
    }
}
