//! The heads of a stage's blocks by column: to read one column of many blocks, one reads its part of this table and
//! then the column's bits, not the head of every block.
//!
//! Per column an entry for each block (where the bits begin in the block, minimum, width, CRC-32 of the bits), then the
//! CRC-32 of the entries.

use super::block::{BlockPlace, Column};
use super::bytes::{Cursor, malformed};
use super::columns::NUM_COLUMNS;
use super::source::Source;
use std::io;

const ENTRY_LEN: usize = 17;

fn part_len(blocks: usize) -> usize {
    blocks * ENTRY_LEN + 4
}

/// The table of blocks with these columns, block after block.
pub(super) fn encode(blocks: &[[Column; NUM_COLUMNS]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(NUM_COLUMNS * part_len(blocks.len()));
    for column in 0..NUM_COLUMNS {
        let start = out.len();
        for block in blocks {
            let Column { base, width, crc, start, .. } = block[column];
            // A block is far smaller than 4 GiB.
            out.extend_from_slice(&u32::try_from(start).unwrap_or(u32::MAX).to_le_bytes());
            out.extend_from_slice(&base.to_le_bytes());
            out.push(width);
            out.extend_from_slice(&crc.to_le_bytes());
        }
        let crc = crc32fast::hash(&out[start..]);
        out.extend_from_slice(&crc.to_le_bytes());
    }
    out
}

/// One column of all blocks.
pub(super) struct ColumnHeads {
    entries: Vec<u8>,
}

impl ColumnHeads {
    pub(super) fn read(
        source: &Source,
        table: u64,
        blocks: usize,
        column: usize,
    ) -> io::Result<Self> {
        let mut entries = Vec::new();
        let len = part_len(blocks);
        source.read(table.saturating_add((column * len) as u64), len, &mut entries)?;
        let crc = Cursor::new(&entries[len - 4..]).fixed_u32()?;
        if crc32fast::hash(&entries[..len - 4]) != crc {
            return Err(malformed("a checksum differs"));
        }
        Ok(Self { entries })
    }

    /// The column in a block, of which the number and place are given.
    pub(super) fn column(&self, number: usize, place: BlockPlace) -> io::Result<Column> {
        let mut cursor = Cursor::new(self.entries.get(number * ENTRY_LEN..).unwrap_or_default());
        let start = usize::try_from(cursor.fixed_u32()?).unwrap_or(usize::MAX);
        let base = i64::from_le_bytes(*cursor.take(8)?.first_chunk().unwrap_or(&[0; 8]));
        let width = cursor.byte()?;
        Column::new(base, width, cursor.fixed_u32()?, start, place)
    }
}
