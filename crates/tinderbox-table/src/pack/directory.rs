//! The footer of a pack: what is where.
//!
//! A pack begins with [`MAGIC`] and ends with a trailer of 32 bytes: offset and length of the footer (8 each), CRC-32
//! of the footer and of the trailer's other fields (4), version (4), [`MAGIC`] again. The footer is a zstd frame.

use super::array::Array;
use super::block::{BLOCK_ROWS, BlockPlace};
use super::bytes::{Cursor, malformed, put, put_signed, put_text};
use super::columns::PackMetric;
use super::heap::ChunkPlace;
use super::quantiles::UsualPlace;
use super::source::Source;
use super::timeline::TimelineEntry;
use std::io::{self, Read};
use std::sync::Arc;
use tinderbox_model::{StageAttemptId, StageId};

pub(super) const MAGIC: &[u8; 8] = b"TBOXPACK";
pub(super) const TRAILER_LEN: usize = 32;

/// The version of the format that is written, and the newest that is read.
pub const PACK_VERSION: u64 = 2;

/// Most bytes of a footer: several times what an application with a hundred million tasks needs.
const FOOTER_LIMIT: u64 = 1 << 30;

#[derive(Debug, Clone, Default)]
pub(super) struct Directory {
    pub(super) symbols: Vec<Arc<str>>,
    pub(super) chunks: Vec<ChunkPlace>,
    /// By id.
    pub(super) stages: Vec<StageEntry>,
    /// Only of packs that are finished and have tasks.
    pub(super) timeline: Option<TimelineEntry>,
}

#[derive(Debug, Clone)]
pub(super) struct StageEntry {
    pub(super) id: StageAttemptId,
    pub(super) rows: u64,
    /// By code of the status.
    pub(super) counts: [u64; 5],
    /// Successes with metrics: what Spark's quantiles count.
    pub(super) measured: u64,
    pub(super) blocks: Vec<BlockPlace>,
    /// Only of stages with many tasks, in packs that are finished.
    pub(super) index: Option<StageIndex>,
    /// Values of every metric at the usual quantiles. Not of the smallest stages, nor in packs that still grow.
    pub(super) usual: Option<UsualPlace>,
}

#[derive(Debug, Clone)]
pub(super) struct StageIndex {
    /// Where the heads by column lie.
    pub(super) heads: u64,
    /// Status and flags by row: what most questions begin with.
    pub(super) flags: Array,
    /// Row less rank, by rank of the task's id; `None` when rows lie in that order.
    pub(super) by_id: Option<Array>,
    /// Rank by id, in order of run time as Spark sorts it.
    pub(super) by_run_time: Array,
    /// Sorted values of every metric, those that Spark's quantiles see.
    pub(super) sorted: Vec<Array>,
}

/// Bits of the byte behind a stage's blocks: an index follows, the place of its usual quantiles follows (since version 2).
const HAS_INDEX: u8 = 1;
const HAS_USUAL: u8 = 2;

impl Directory {
    /// Appends footer and trailer; `offset` is where the footer will lie.
    pub(super) fn encode(&self, offset: u64, out: &mut Vec<u8>) -> io::Result<()> {
        let mut raw = Vec::new();
        self.put(&mut raw);
        let start = out.len();
        zstd::stream::copy_encode(raw.as_slice(), &mut *out, 3)?;
        let mut trailer = [0; TRAILER_LEN];
        let len = (out.len() - start) as u64;
        trailer[..8].copy_from_slice(&offset.to_le_bytes());
        trailer[8..16].copy_from_slice(&len.to_le_bytes());
        let version = u32::try_from(PACK_VERSION).unwrap_or(u32::MAX);
        trailer[20..24].copy_from_slice(&version.to_le_bytes());
        trailer[24..].copy_from_slice(MAGIC);
        let crc = checksum(&out[start..], &trailer);
        trailer[16..20].copy_from_slice(&crc.to_le_bytes());
        out.extend_from_slice(&trailer);
        Ok(())
    }

    fn put(&self, out: &mut Vec<u8>) {
        put(out, self.symbols.len() as u64);
        for symbol in &self.symbols {
            put_text(out, symbol);
        }
        put(out, self.chunks.len() as u64);
        for chunk in &self.chunks {
            put(out, chunk.offset);
            put(out, chunk.len);
            put(out, chunk.raw_len);
        }
        put(out, self.stages.len() as u64);
        for stage in &self.stages {
            stage.put(out);
        }
        out.push(u8::from(self.timeline.is_some()));
        if let Some(timeline) = &self.timeline {
            timeline.put(out);
        }
    }

    /// The version, when the trailer is one of ours.
    pub(super) fn version(source: &Source) -> io::Result<u64> {
        let trailer = trailer_of(source)?;
        if &trailer[24..] != MAGIC {
            return Err(malformed("it does not end as a pack does"));
        }
        Cursor::new(&trailer[20..24]).fixed_u32().map(u64::from)
    }

    pub(super) fn read(source: &Source) -> io::Result<Self> {
        let mut buffer = Vec::new();
        source.read(0, MAGIC.len(), &mut buffer)?;
        if buffer != MAGIC {
            return Err(malformed("it does not begin as a pack does"));
        }
        let trailer = trailer_of(source)?;
        let mut cursor = Cursor::new(&trailer);
        let offset = u64::from_le_bytes(*cursor.take(8)?.first_chunk().unwrap_or(&[0; 8]));
        let len = u64::from_le_bytes(*cursor.take(8)?.first_chunk().unwrap_or(&[0; 8]));
        let crc = cursor.fixed_u32()?;
        if offset.checked_add(len) != source.len().checked_sub(TRAILER_LEN as u64) {
            return Err(malformed("its footer has another length"));
        }
        source.read(offset, usize::try_from(len).unwrap_or(usize::MAX), &mut buffer)?;
        if checksum(&buffer, &trailer) != crc {
            return Err(malformed("the footer's checksum differs"));
        }
        let mut raw = Vec::new();
        let decoder = zstd::Decoder::with_buffer(buffer.as_slice())?;
        decoder.take(FOOTER_LIMIT).read_to_end(&mut raw)?;
        Self::parse(&mut Cursor::new(&raw))
    }

    fn parse(cursor: &mut Cursor<'_>) -> io::Result<Self> {
        let mut directory = Self::default();
        for _ in 0..cursor.count()? {
            directory.symbols.push(cursor.text()?.into());
        }
        for _ in 0..cursor.count()? {
            let offset = cursor.number()?;
            let len = cursor.number()?;
            directory.chunks.push(ChunkPlace { offset, len, raw_len: cursor.number()? });
        }
        for _ in 0..cursor.count()? {
            directory.stages.push(StageEntry::parse(cursor)?);
        }
        if cursor.flag()? {
            directory.timeline = Some(TimelineEntry::parse(cursor)?);
        }
        Ok(directory)
    }
}

impl StageEntry {
    fn put(&self, out: &mut Vec<u8>) {
        put_signed(out, self.id.stage.0);
        put(out, u64::from(self.id.attempt));
        for count in self.counts {
            put(out, count);
        }
        put(out, self.measured);
        put(out, self.blocks.len() as u64);
        let mut end = 0_u64;
        for block in &self.blocks {
            // Blocks of stages that ran together lie between each other.
            put_signed(out, block.offset.wrapping_sub(end).cast_signed());
            put(out, u64::from(block.len));
            put(out, u64::from(block.head_len));
            put(out, u64::from(block.rows));
            end = block.offset + u64::from(block.len);
        }
        let has_index = if self.index.is_some() { HAS_INDEX } else { 0 };
        out.push(has_index | if self.usual.is_some() { HAS_USUAL } else { 0 });
        if let Some(index) = &self.index {
            index.put(out);
        }
        if let Some(usual) = self.usual {
            usual.put(out);
        }
    }

    fn parse(cursor: &mut Cursor<'_>) -> io::Result<Self> {
        let stage = StageId(cursor.signed()?);
        let attempt = u32::try_from(cursor.number()?)
            .map_err(|_| malformed("a stage attempt is too large"))?;
        let mut counts = [0; 5];
        for count in &mut counts {
            *count = cursor.number()?;
        }
        let measured = cursor.number()?;
        let num_blocks = cursor.count()?;
        let mut blocks = Vec::with_capacity(num_blocks);
        let (mut end, mut rows) = (0_u64, 0_u64);
        for _ in 0..num_blocks {
            let offset = end.wrapping_add(cursor.signed()?.cast_unsigned());
            let narrow = |_| malformed("a block is too large");
            let len = u32::try_from(cursor.number()?).map_err(narrow)?;
            let head_len = u16::try_from(cursor.number()?).map_err(narrow)?;
            let block_rows = u16::try_from(cursor.number()?).map_err(narrow)?;
            if block_rows == 0 || usize::from(block_rows) > BLOCK_ROWS {
                return Err(malformed("a block has too many rows"));
            }
            rows += u64::from(block_rows);
            blocks.push(BlockPlace { offset, len, head_len, rows: block_rows });
            end = offset.wrapping_add(u64::from(len));
        }
        let counted = counts.iter().try_fold(0_u64, |sum, count| sum.checked_add(*count));
        if counted != Some(rows) || measured > rows {
            return Err(malformed("a stage has another number of tasks"));
        }
        let has = cursor.byte()?;
        if has & !(HAS_INDEX | HAS_USUAL) != 0 {
            return Err(malformed("an index of an unknown kind"));
        }
        let index = match has & HAS_INDEX {
            0 => None,
            _ => Some(StageIndex::parse(cursor, rows)?),
        };
        let usual = match has & HAS_USUAL {
            0 => None,
            _ => Some(UsualPlace::parse(cursor)?),
        };
        let id = StageAttemptId { stage, attempt };
        Ok(Self { id, rows, counts, measured, blocks, index, usual })
    }
}

impl StageIndex {
    fn put(&self, out: &mut Vec<u8>) {
        put(out, self.heads);
        self.flags.put(out);
        match self.by_id {
            None => out.push(0),
            Some(array) => {
                out.push(1);
                array.put(out);
            }
        }
        self.by_run_time.put(out);
        for array in &self.sorted {
            array.put(out);
        }
    }

    fn parse(cursor: &mut Cursor<'_>, rows: u64) -> io::Result<Self> {
        let heads = cursor.number()?;
        let flags = Array::parse(cursor)?;
        let by_id = if cursor.flag()? { Some(Array::parse(cursor)?) } else { None };
        let by_run_time = Array::parse(cursor)?;
        let mut sorted = Vec::with_capacity(PackMetric::ALL.len());
        for _ in PackMetric::ALL {
            sorted.push(Array::parse(cursor)?);
        }
        let fits = by_id.is_none_or(|array| array.len() == rows)
            && by_run_time.len() == rows
            && flags.len() == rows
            && sorted.iter().all(|array| array.len() <= rows);
        if !fits {
            return Err(malformed("an index has another length"));
        }
        Ok(Self { heads, flags, by_id, by_run_time, sorted })
    }
}

fn trailer_of(source: &Source) -> io::Result<[u8; TRAILER_LEN]> {
    let at =
        source.len().checked_sub(TRAILER_LEN as u64).ok_or_else(|| malformed("it is too short"))?;
    let mut buffer = Vec::new();
    source.read(at, TRAILER_LEN, &mut buffer)?;
    let mut trailer = [0; TRAILER_LEN];
    trailer.copy_from_slice(&buffer);
    Ok(trailer)
}

fn checksum(footer: &[u8], trailer: &[u8; TRAILER_LEN]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(footer);
    hasher.update(&trailer[..16]);
    hasher.update(&trailer[20..24]);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_with_and_without_an_index_and_usual_quantiles_come_back() {
        let array = Array::Packed { offset: 77, count: 5 };
        let index = || StageIndex {
            heads: 12,
            flags: Array::Constant { value: 3, count: 5 },
            by_id: None,
            by_run_time: array,
            sorted: vec![array; PackMetric::ALL.len()],
        };
        let usual = UsualPlace { offset: 1 << 40, len: 9 };
        for (has_index, usual) in
            [(false, None), (true, None), (false, Some(usual)), (true, Some(usual))]
        {
            let stage = StageEntry {
                id: StageAttemptId { stage: StageId(4), attempt: 1 },
                rows: 5,
                counts: [0, 5, 0, 0, 0],
                measured: 4,
                blocks: vec![BlockPlace { offset: 8, len: 40, head_len: 30, rows: 5 }],
                index: has_index.then(index),
                usual,
            };
            let mut out = Vec::new();
            stage.put(&mut out);
            let found = StageEntry::parse(&mut Cursor::new(&out)).expect("reads");
            assert_eq!(found.usual, usual);
            assert_eq!(
                found.index.map(|index| index.sorted.len()),
                has_index.then_some(PackMetric::ALL.len())
            );
        }
    }
}
