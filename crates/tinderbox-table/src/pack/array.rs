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

    /// Hands all numbers to `each`, up to 256 at a time. Reads the table and then 64 blocks at a time.
    pub(super) fn each(
        self,
        source: &Source,
        mut each: impl FnMut(&[i64]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut left = usize::try_from(self.len()).unwrap_or(usize::MAX);
        let (mut table, mut bits, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let offset = match self {
            Self::Packed { offset, .. } => offset,
            Self::Constant { value, .. } => {
                values.resize(left.min(ARRAY_BLOCK), value);
                while left > 0 {
                    each(&values[..left.min(ARRAY_BLOCK)])?;
                    left -= left.min(ARRAY_BLOCK);
                }
                return Ok(());
            }
        };
        let table_len = left.div_ceil(ARRAY_BLOCK).saturating_mul(ENTRY_LEN);
        source.read(offset, table_len, &mut table)?;
        let disordered = || malformed("an array is disordered");
        for group in table.chunks(64 * ENTRY_LEN) {
            let entries = group.chunks_exact(ENTRY_LEN).map(Entry::parse);
            let entries: Vec<Entry> = entries.collect::<io::Result<_>>()?;
            let (Some(first), Some(last)) = (entries.first(), entries.last()) else { continue };
            let before_last = (entries.len() - 1) * ARRAY_BLOCK;
            let last_rows = left.saturating_sub(before_last).min(ARRAY_BLOCK);
            let end = last.start.saturating_add(bits::packed_len(last_rows, last.width));
            let len = end.checked_sub(first.start).ok_or_else(disordered)?;
            source.read(offset.saturating_add(first.start as u64), len, &mut bits)?;
            for entry in &entries {
                let rows = left.min(ARRAY_BLOCK);
                let start = entry.start.checked_sub(first.start).ok_or_else(disordered)?;
                let end = start.saturating_add(bits::packed_len(rows, entry.width));
                let packed = bits.get(start..end).ok_or_else(disordered)?;
                entry.check(packed)?;
                values.clear();
                bits::unpack(packed, rows, entry.base, entry.width, &mut values);
                each(&values)?;
                left -= rows;
            }
        }
        Ok(())
    }

    pub(super) fn reader(self) -> ArrayReader {
        ArrayReader { array: self, block: None, base: 0, width: 0, bits: Vec::new() }
    }
}

fn checksum(entry: &[u8], bits: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&entry[..13]);
    hasher.update(bits);
    hasher.finalize()
}

/// Of the table: where a block lies in the array.
struct Entry {
    start: usize,
    base: i64,
    width: u8,
    crc: u32,
    bytes: [u8; ENTRY_LEN],
}

impl Entry {
    fn parse(table: &[u8]) -> io::Result<Self> {
        let bytes = *table.first_chunk().ok_or_else(|| malformed("an array ends early"))?;
        let mut cursor = Cursor::new(&bytes);
        let start = usize::try_from(cursor.fixed_u32()?).unwrap_or(usize::MAX);
        let base = i64::from_le_bytes(*cursor.take(8)?.first_chunk().unwrap_or(&[0; 8]));
        let (width, crc) = (cursor.byte()?, cursor.fixed_u32()?);
        if width > 64 {
            return Err(malformed("a block of an array is too wide"));
        }
        Ok(Self { start, base, width, crc, bytes })
    }

    fn check(&self, bits: &[u8]) -> io::Result<()> {
        if checksum(&self.bytes, bits) == self.crc {
            Ok(())
        } else {
            Err(malformed("a checksum differs"))
        }
    }
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
    pub(super) fn array(&self) -> Array {
        self.array
    }

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
        let entry = Entry::parse(&self.bits)?;
        (self.base, self.width) = (entry.base, entry.width);
        let rows = (count - block * ARRAY_BLOCK as u64).min(ARRAY_BLOCK as u64);
        let len = bits::packed_len(usize::try_from(rows).unwrap_or(ARRAY_BLOCK), self.width);
        source.read(offset.saturating_add(entry.start as u64), len, &mut self.bits)?;
        entry.check(&self.bits)
    }
}
