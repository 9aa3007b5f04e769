//! A block: up to 256 rows of one stage attempt, column by column.
//!
//! In front is a head: its CRC-32, then per column the width, the minimum, and of a column that is not constant the
//! CRC-32 of its bits. Then the bits, every column from a whole byte on. One column can be read and checked alone.

use super::bits;
use super::bytes::{Cursor, malformed, put_signed};
use super::columns::{NUM_COLUMNS, Row};
use super::source::Source;
use std::io;
use std::ops::Range;

/// Most rows of a block.
pub(super) const BLOCK_ROWS: usize = 256;

/// Columns that are turned from rows together: as many as a cache line holds, so that both sides stay in the cache.
const GROUP: usize = 8;

/// Where a block lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockPlace {
    pub(super) offset: u64,
    pub(super) len: u32,
    pub(super) head_len: u16,
    pub(super) rows: u16,
}

/// Column buffers that are used again for every block.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    columns: Vec<i64>,
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Encoder {
    /// Appends a block of `rows`, of which there are at most [`BLOCK_ROWS`].
    pub(super) fn encode(
        &mut self,
        rows: &[Row],
        base_offset: u64,
        out: &mut Vec<u8>,
    ) -> BlockPlace {
        let count = rows.len();
        self.columns.resize(GROUP * BLOCK_ROWS, 0);
        self.head.clear();
        self.body.clear();
        for first in (0..NUM_COLUMNS).step_by(GROUP) {
            let last = NUM_COLUMNS.min(first + GROUP);
            for (at, row) in rows.iter().enumerate() {
                for (column, value) in row[first..last].iter().enumerate() {
                    self.columns[column * BLOCK_ROWS + at] = *value;
                }
            }
            for column in self.columns.chunks_exact(BLOCK_ROWS).take(last - first) {
                let values = &column[..count];
                let (base, width) = bits::frame(values);
                self.head.push(width);
                put_signed(&mut self.head, base);
                if width > 0 {
                    let start = self.body.len();
                    bits::pack(values, base, width, &mut self.body);
                    let crc = crc32fast::hash(&self.body[start..]);
                    self.head.extend_from_slice(&crc.to_le_bytes());
                }
            }
        }
        let start = out.len();
        out.extend_from_slice(&crc32fast::hash(&self.head).to_le_bytes());
        out.extend_from_slice(&self.head);
        let head_len = out.len() - start;
        out.extend_from_slice(&self.body);
        // At most 49 * 15 bytes of head, 49 * 2,048 of body.
        BlockPlace {
            offset: base_offset + start as u64,
            len: u32::try_from(out.len() - start).unwrap_or(u32::MAX),
            head_len: u16::try_from(head_len).unwrap_or(u16::MAX),
            rows: u16::try_from(count).unwrap_or(u16::MAX),
        }
    }
}

/// Where the bits of a column lie in a block.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Column {
    pub(super) base: i64,
    pub(super) width: u8,
    pub(super) crc: u32,
    pub(super) start: usize,
    len: usize,
}

impl Column {
    pub(super) fn new(
        base: i64,
        width: u8,
        crc: u32,
        start: usize,
        place: BlockPlace,
    ) -> io::Result<Self> {
        if width > 64 {
            return Err(malformed("a column is too wide"));
        }
        let len = bits::packed_len(usize::from(place.rows), width);
        Ok(Self { base, width, crc, start, len })
    }

    /// Where its bits lie in the block; `None` when it is constant and has none.
    pub(super) fn range(&self) -> Option<Range<usize>> {
        (self.width > 0).then(|| self.start..self.start.saturating_add(self.len))
    }

    /// Appends its values to `out`. `part` is what was read of the block, from `part_start` on.
    pub(super) fn decode(
        &self,
        rows: usize,
        part: &[u8],
        part_start: usize,
        out: &mut Vec<i64>,
    ) -> io::Result<()> {
        let mut packed: &[u8] = &[];
        if self.width > 0 {
            let start = self.start.saturating_sub(part_start);
            let bits = part.get(start..start.saturating_add(self.len));
            packed = bits.ok_or_else(|| malformed("a column lies beyond its block"))?;
            check(packed, self.crc)?;
        }
        bits::unpack(packed, rows, self.base, self.width, out);
        Ok(())
    }
}

/// A block of which the head is read.
#[derive(Debug)]
pub(super) struct Block {
    place: BlockPlace,
    pub(super) columns: [Column; NUM_COLUMNS],
    buffer: Vec<u8>,
}

impl Block {
    pub(super) fn new() -> Self {
        Self {
            place: BlockPlace { offset: 0, len: 0, head_len: 0, rows: 0 },
            columns: [Column::default(); NUM_COLUMNS],
            buffer: Vec::new(),
        }
    }

    pub(super) fn rows(&self) -> usize {
        usize::from(self.place.rows)
    }

    /// Reads the head only, for one or a few columns.
    pub(super) fn open(&mut self, source: &Source, place: BlockPlace) -> io::Result<()> {
        source.read(place.offset, usize::from(place.head_len), &mut self.buffer)?;
        self.parse(place)
    }

    /// Reads all of it.
    pub(super) fn load(&mut self, source: &Source, place: BlockPlace) -> io::Result<()> {
        let len = usize::try_from(place.len).unwrap_or(usize::MAX);
        source.read(place.offset, len, &mut self.buffer)?;
        self.parse(place)?;
        for column in &self.columns {
            check(&self.buffer[column.start..column.start + column.len], column.crc)?;
        }
        Ok(())
    }

    /// One row; only after [`Self::load`].
    pub(super) fn row(&self, at: usize, row: &mut Row) {
        for (value, column) in row.iter_mut().zip(&self.columns) {
            let packed = &self.buffer[column.start..column.start + column.len];
            *value = bits::get(packed, at, column.base, column.width);
        }
    }

    /// All columns; only after [`Self::load`].
    pub(super) fn decode(&self, columns: &mut [Vec<i64>]) {
        for (values, column) in columns.iter_mut().zip(&self.columns) {
            values.clear();
            let packed = &self.buffer[column.start..column.start + column.len];
            bits::unpack(packed, self.rows(), column.base, column.width, values);
        }
    }

    fn parse(&mut self, place: BlockPlace) -> io::Result<()> {
        self.place = place;
        let head_len = usize::from(place.head_len);
        let mut cursor = Cursor::new(self.buffer.get(..head_len).unwrap_or_default());
        let crc = cursor.fixed_u32()?;
        check(cursor.rest(), crc)?;
        let mut start = head_len;
        for column in &mut self.columns {
            let width = cursor.byte()?;
            let base = cursor.signed()?;
            let crc = if width > 0 { cursor.fixed_u32()? } else { 0 };
            *column = Column::new(base, width, crc, start, place)?;
            start += column.len;
        }
        if start as u64 != u64::from(place.len) || !cursor.rest().is_empty() {
            return Err(malformed("a block has another length"));
        }
        Ok(())
    }
}

fn check(bytes: &[u8], crc: u32) -> io::Result<()> {
    if crc32fast::hash(bytes) == crc { Ok(()) } else { Err(malformed("a checksum differs")) }
}
