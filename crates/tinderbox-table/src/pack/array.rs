//! An array of numbers with random access: sorted values and permutations.
//!
//! Blocks of 256 numbers behind a table with an entry for each: offset, minimum, width, CRC-32 of the entry and the
//! bits. An array of equal numbers takes no space.

use super::bits;
use super::bytes::{Cursor, malformed, put, put_signed};
use super::source::Source;
use std::io;

const ARRAY_BLOCK: usize = 256;
/// Offset of the bits in the array (4 bytes), minimum (8), width (1), checksum (4).
const ENTRY_LEN: usize = 17;

/// Where an array lies and how many numbers it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Array {
    Constant { value: i64, count: u64 },
    Packed { offset: u64, count: u64 },
}

impl Array {
    pub(super) fn len(self) -> u64 {
        match self {
            Self::Constant { count, .. } | Self::Packed { count, .. } => count,
        }
    }

    /// The bytes of an array; `None` when it is constant.
    pub(super) fn encode(values: &[i64]) -> Option<Vec<u8>> {
        let first = values.first()?;
        if values.iter().all(|value| value == first) {
            return None;
        }
        let table_len = values.len().div_ceil(ARRAY_BLOCK) * ENTRY_LEN;
        let mut out = vec![0; table_len];
        for (at, block) in values.chunks(ARRAY_BLOCK).enumerate() {
            let start = out.len();
            let (base, width) = bits::frame(block);
            bits::pack(block, base, width, &mut out);
            let mut entry = [0; ENTRY_LEN];
            // Arrays are far smaller than 4 GiB: a stage has less than 2^29 tasks of at most 8 bytes.
            let offset = u32::try_from(start).unwrap_or(u32::MAX);
            entry[..4].copy_from_slice(&offset.to_le_bytes());
            entry[4..12].copy_from_slice(&base.to_le_bytes());
            entry[12] = width;
            let crc = checksum(&entry, &out[start..]);
            entry[13..].copy_from_slice(&crc.to_le_bytes());
            out[at * ENTRY_LEN..][..ENTRY_LEN].copy_from_slice(&entry);
        }
        Some(out)
    }

    pub(super) fn put(self, out: &mut Vec<u8>) {
        match self {
            Self::Constant { value, count } => {
                out.push(0);
                put_signed(out, value);
                put(out, count);
            }
            Self::Packed { offset, count } => {
                out.push(1);
                put(out, offset);
                put(out, count);
            }
        }
    }

    pub(super) fn parse(cursor: &mut Cursor<'_>) -> io::Result<Self> {
        match cursor.byte()? {
            0 => Ok(Self::Constant { value: cursor.signed()?, count: cursor.number()? }),
            1 => Ok(Self::Packed { offset: cursor.number()?, count: cursor.number()? }),
            _ => Err(malformed("an array of an unknown kind")),
        }
    }

    pub(super) fn reader(self) -> ArrayReader {
        ArrayReader { array: self, block: None, base: 0, width: 0, bits: Vec::new() }
    }
}

fn checksum(entry: &[u8; ENTRY_LEN], bits: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&entry[..13]);
    hasher.update(bits);
    hasher.finalize()
}

/// Reads an array and keeps the block that it read last.
pub(super) struct ArrayReader {
    array: Array,
    block: Option<u64>,
    base: i64,
    width: u8,
    bits: Vec<u8>,
}

impl ArrayReader {
    /// The number at `at`, which is below the length.
    pub(super) fn get(&mut self, source: &Source, at: u64) -> io::Result<i64> {
        let (offset, count) = match self.array {
            Array::Constant { value, .. } => return Ok(value),
            Array::Packed { offset, count } => (offset, count),
        };
        if at >= count {
            return Err(malformed("an array ends early"));
        }
        let size = ARRAY_BLOCK as u64;
        if self.block != Some(at / size) {
            self.block = None;
            self.load(source, offset, count, at / size)?;
            self.block = Some(at / size);
        }
        // Below 256.
        let within = usize::try_from(at % size).unwrap_or(0);
        Ok(bits::get(&self.bits, within, self.base, self.width))
    }

    fn load(&mut self, source: &Source, offset: u64, count: u64, block: u64) -> io::Result<()> {
        let entry_at = offset.saturating_add(block.saturating_mul(ENTRY_LEN as u64));
        source.read(entry_at, ENTRY_LEN, &mut self.bits)?;
        let mut entry = [0; ENTRY_LEN];
        entry.copy_from_slice(&self.bits);
        let mut cursor = Cursor::new(&entry);
        let bits_at = cursor.fixed_u32()?;
        self.base = i64::from_le_bytes(*cursor.take(8)?.first_chunk().unwrap_or(&[0; 8]));
        self.width = cursor.byte()?;
        let crc = cursor.fixed_u32()?;
        if self.width > 64 {
            return Err(malformed("a block of an array is too wide"));
        }
        let rows = (count - block * ARRAY_BLOCK as u64).min(ARRAY_BLOCK as u64);
        let len = bits::packed_len(usize::try_from(rows).unwrap_or(ARRAY_BLOCK), self.width);
        source.read(offset.saturating_add(u64::from(bits_at)), len, &mut self.bits)?;
        if checksum(&entry, &self.bits) != crc {
            return Err(malformed("a checksum differs"));
        }
        Ok(())
    }
}
