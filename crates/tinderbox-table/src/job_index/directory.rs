//! What is where in an index.
//!
//! The file ends with a trailer of 32 bytes: offset and length of the directory (8 each), CRC-32 of the directory and of
//! these (4), version (4), [`MAGIC`] again.

use super::column::COLUMNS;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

pub(super) const MAGIC: &[u8; 8] = b"TBOXJOBS";
const TRAILER_LEN: usize = 32;

/// The version of the format that is written, and the newest that is read.
pub const JOB_INDEX_VERSION: u64 = 1;

/// Jobs of a block of an order, and of a block of ids.
pub(super) const BLOCK_ROWS: usize = 4_096;

/// Cells of a record: the columns (that of the id holds its place), and where the job's operators and errors are.
pub(super) const RECORD_CELLS: usize = COLUMNS + 2;
pub(super) const RECORD_LEN: usize = RECORD_CELLS * 8;
pub(super) const OPERATORS_CELL: usize = COLUMNS;
pub(super) const ERRORS_CELL: usize = COLUMNS + 1;

/// Most bytes of a directory.
const LIMIT: u64 = 64 << 20;

/// A part of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) offset: u64,
    pub(super) len: u64,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Directory {
    pub(super) num_jobs: u32,
    /// Names of the columns of records: one that a later version adds is at another place.
    pub(super) columns: Vec<String>,
    /// By column: its order; `None` where it is that of the jobs themselves.
    pub(super) orders: Vec<Option<OrderPart>>,
    /// By column: the rank of each job in its order; `None` where all are equal.
    pub(super) ranks: Vec<Option<RankPart>>,
    pub(super) records: Part,
    /// Ids in the jobs' order, each ended by a byte that no text has.
    pub(super) ids: Part,
    /// Where each block of ids begins, within `ids`.
    pub(super) id_blocks: Part,
    /// Whether ids have upper-case letters.
    pub(super) ids_have_upper_case: bool,
    /// What all ids begin with, in lower case.
    pub(super) ids_begin_with: String,
    pub(super) ranges: Part,
    /// By column: its words.
    pub(super) words: Vec<Option<Part>>,
    /// By rank of a name in the order of jobs: how many jobs come before it.
    pub(super) name_places: Part,
    /// By status and by type, in the order of words: the jobs that have it.
    pub(super) statuses: Vec<PostingsPart>,
    pub(super) types: Vec<PostingsPart>,
    /// Sums over jobs: JSON, compressed.
    pub(super) tallies: Part,
    /// What else is told of the data set: JSON of who wrote the index.
    pub(super) facts: Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OrderPart {
    pub(super) rows: Part,
    pub(super) blocks: Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RankPart {
    /// Bytes of a rank.
    pub(super) width: u8,
    pub(super) part: Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PostingsPart {
    pub(super) is_bits: bool,
    pub(super) part: Part,
}

impl Directory {
    /// Directory and trailer; `offset` is where they will lie.
    pub(super) fn encode(&self, offset: u64) -> io::Result<Vec<u8>> {
        let raw = serde_json::to_vec(self).map_err(io::Error::other)?;
        let mut out = zstd::stream::encode_all(raw.as_slice(), 3)?;
        let mut trailer = [0; TRAILER_LEN];
        trailer[..8].copy_from_slice(&offset.to_le_bytes());
        trailer[8..16].copy_from_slice(&(out.len() as u64).to_le_bytes());
        let version = u32::try_from(JOB_INDEX_VERSION).unwrap_or(u32::MAX);
        trailer[20..24].copy_from_slice(&version.to_le_bytes());
        trailer[24..].copy_from_slice(MAGIC);
        let crc = checksum(&out, &trailer);
        trailer[16..20].copy_from_slice(&crc.to_le_bytes());
        out.extend_from_slice(&trailer);
        Ok(out)
    }

    /// The version, where the trailer is one of ours.
    pub(super) fn version(file: &File, file_len: u64) -> io::Result<u64> {
        let trailer = trailer_of(file, file_len)?;
        if &trailer[24..] != MAGIC {
            return Err(malformed("it does not end as an index of jobs does"));
        }
        Ok(u64::from(u32_at(&trailer, 20)))
    }

    pub(super) fn read(file: &File, file_len: u64) -> io::Result<Self> {
        let trailer = trailer_of(file, file_len)?;
        let (offset, len) = (u64_at(&trailer, 0), u64_at(&trailer, 8));
        if len > LIMIT || offset.checked_add(len) != file_len.checked_sub(TRAILER_LEN as u64) {
            return Err(malformed("its directory has another length"));
        }
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut bytes, offset)?;
        if checksum(&bytes, &trailer) != u32_at(&trailer, 16) {
            return Err(malformed("the directory's checksum differs"));
        }
        let mut raw = Vec::new();
        zstd::Decoder::with_buffer(bytes.as_slice())?.take(LIMIT).read_to_end(&mut raw)?;
        serde_json::from_slice(&raw).map_err(|_| malformed("its directory cannot be read"))
    }
}

fn trailer_of(file: &File, file_len: u64) -> io::Result<[u8; TRAILER_LEN]> {
    let mut trailer = [0; TRAILER_LEN];
    let start = file_len
        .checked_sub(TRAILER_LEN as u64)
        .ok_or_else(|| malformed("it is shorter than its trailer"))?;
    file.read_exact_at(&mut trailer, start)?;
    Ok(trailer)
}

fn checksum(directory: &[u8], trailer: &[u8; TRAILER_LEN]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(directory);
    crc.update(&trailer[..16]);
    crc.update(&trailer[20..]);
    crc.finalize()
}

pub(super) fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let word = bytes.get(at..).and_then(<[u8]>::first_chunk);
    u64::from_le_bytes(word.copied().unwrap_or_default())
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..).and_then(<[u8]>::first_chunk);
    u32::from_le_bytes(word.copied().unwrap_or_default())
}

/// What is in a block of an order: bits of the statuses and types (their number modulo 64), the smallest and the
/// largest job number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) statuses: u64,
    pub(super) types: u64,
    pub(super) low: u32,
    pub(super) high: u32,
}

impl Block {
    pub(super) const LEN: usize = 24;

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.statuses.to_le_bytes());
        out.extend_from_slice(&self.types.to_le_bytes());
        out.extend_from_slice(&self.low.to_le_bytes());
        out.extend_from_slice(&self.high.to_le_bytes());
    }

    pub(super) fn all(bytes: &[u8]) -> Vec<Self> {
        let blocks = bytes.chunks_exact(Self::LEN).map(|block| Self {
            statuses: u64_at(block, 0),
            types: u64_at(block, 8),
            low: u32_at(block, 16),
            high: u32_at(block, 20),
        });
        blocks.collect()
    }
}

/// The bit of a word's cell in [`Block`]; jobs without the word share the bit of the last.
pub(super) fn bit_of(cell: u64) -> u64 {
    1 << (cell.wrapping_sub(1) % 64)
}
