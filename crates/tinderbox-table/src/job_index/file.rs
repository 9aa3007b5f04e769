//! An index that is read.

use super::bitmap::{Bitmap, Postings};
use super::cell::{JobValue, MISSING};
use super::column::{COLUMNS, JobColumn, JobColumnKind};
use super::directory::{
    Block, Directory, ERRORS_CELL, JOB_INDEX_VERSION, OPERATORS_CELL, Part, PostingsPart,
    RECORD_LEN, malformed, u32_at, u64_at,
};
use super::query::JobRow;
use super::sections::{ID_LEN_BITS, RANGE_COUNT_BITS, RANGE_LEN};
use super::spool::cells_of;
use super::tally::JobTally;
use super::words::Words;
use super::writer::RowRange;
use crate::error::Error;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// An index of jobs. Reading it at many places at once is fine.
#[derive(Debug)]
pub struct JobIndex {
    path: PathBuf,
    file: File,
    pub(super) directory: Directory,
    /// By column: what is in each block of its order.
    pub(super) blocks: Vec<Vec<Block>>,
    pub(super) words: Vec<Words>,
    pub(super) statuses: Vec<Postings>,
    pub(super) types: Vec<Postings>,
    pub(super) id_blocks: Vec<u64>,
    /// By key of a name: the first place of the order that has it.
    pub(super) name_places: Vec<u32>,
    tallies: Vec<JobTally>,
    facts: Vec<u8>,
    /// Texts that were searched for, in lower case, the latest last.
    pub(super) searches: Mutex<Vec<(String, Arc<Bitmap>)>>,
}

const WHAT: &str = "index of jobs";

impl JobIndex {
    /// Opens an index.
    ///
    /// # Errors
    /// [`Error::Open`], [`Error::Damaged`], [`Error::NewerVersion`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let opened = |source| Error::Open { path: path.to_owned(), source };
        let file = File::open(path).map_err(opened)?;
        let len = file.metadata().map_err(opened)?.len();
        let damaged = |e: io::Error| Error::damaged(path, WHAT, e);
        let found = Directory::version(&file, len).map_err(damaged)?;
        if found > JOB_INDEX_VERSION {
            let (path, supported) = (path.to_owned(), JOB_INDEX_VERSION);
            return Err(Error::NewerVersion { path, found, supported });
        }
        Self::read(path, file, len).map_err(damaged)
    }

    fn read(path: &Path, file: File, len: u64) -> io::Result<Self> {
        let directory = Directory::read(&file, len)?;
        let known = JobColumn::ALL.map(JobColumn::as_str);
        if !directory.columns.iter().map(String::as_str).eq(known)
            || directory.orders.len() != COLUMNS
            || directory.words.len() != COLUMNS
            || directory.ranks.len() != COLUMNS
            || !directory.ranks.iter().flatten().all(|ranks| ranks.is_whole(directory.num_jobs))
            || directory.records.len != u64::from(directory.num_jobs) * RECORD_LEN as u64
        {
            return Err(malformed("its columns are not those of this version"));
        }
        let part = |part: &Part| {
            if part.offset.checked_add(part.len).is_none_or(|end| end > len) {
                return Err(malformed("a part of it lies beyond its end"));
            }
            let mut bytes = vec![0; usize::try_from(part.len).unwrap_or(usize::MAX)];
            file.read_exact_at(&mut bytes, part.offset)?;
            Ok(bytes)
        };
        let num_jobs = directory.num_jobs as usize;
        let postings = |parts: &[PostingsPart]| {
            parts
                .iter()
                .map(|of| postings(of, &part(&of.part)?, num_jobs))
                .collect::<io::Result<Vec<_>>>()
        };
        let (statuses, types) = (postings(&directory.statuses)?, postings(&directory.types)?);
        let mut blocks = Vec::with_capacity(COLUMNS);
        let mut words = Vec::with_capacity(COLUMNS);
        for (at, column) in JobColumn::ALL.into_iter().enumerate() {
            blocks.push(match &directory.orders[at] {
                Some(order) => {
                    if order.rows.len != u64::from(directory.num_jobs) * 4 {
                        return Err(malformed("an order of it has another length"));
                    }
                    Block::all(&part(&order.blocks)?)
                }
                None => Vec::new(),
            });
            words.push(match &directory.words[at] {
                Some(of) => Words::of(words_of(&part(of)?)?, column.is_folded()),
                None => Words::default(),
            });
        }
        let id_blocks = cells_of(&part(&directory.id_blocks)?).collect();
        let name_places =
            part(&directory.name_places)?.chunks_exact(4).map(|place| u32_at(place, 0)).collect();
        let tallies = zstd::stream::decode_all(part(&directory.tallies)?.as_slice())?;
        let tallies =
            serde_json::from_slice(&tallies).map_err(|_| malformed("its sums cannot be read"))?;
        let facts = part(&directory.facts)?;
        let path = path.to_owned();
        Ok(Self {
            path,
            file,
            directory,
            blocks,
            words,
            statuses,
            types,
            id_blocks,
            name_places,
            tallies,
            facts,
            searches: Mutex::default(),
        })
    }

    /// Jobs in it.
    pub fn num_jobs(&self) -> u64 {
        self.directory.num_jobs.into()
    }

    /// What its writer wanted to have kept with it.
    pub fn facts(&self) -> &[u8] {
        &self.facts
    }

    /// Sums over all jobs, by hour, type and status.
    pub fn tallies(&self) -> &[JobTally] {
        &self.tallies
    }

    /// The statuses or types that there are, each with the number of its jobs.
    ///
    /// Of another column than these two the answer is empty.
    pub fn counts(&self, column: JobColumn) -> Vec<(&str, u64)> {
        let postings = match column {
            JobColumn::Status => &self.statuses,
            JobColumn::JobType => &self.types,
            _ => return Vec::new(),
        };
        let all = 0..self.directory.num_jobs;
        let counts = postings.iter().map(|postings| match postings {
            Postings::Bits(bits) => bits.count(&all),
            Postings::Rows(rows) => rows.len() as u64,
        });
        self.words[column.at()].iter().zip(counts).collect()
    }

    /// The job with this id.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn find(&self, id: &str) -> Result<Option<JobRow>, Error> {
        self.find_row(id).map_err(|e| self.damaged(e))
    }

    /// Ids that begin with `start`, at most `limit` of them.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn ids_beginning(&self, start: &str, limit: usize) -> Result<Vec<String>, Error> {
        let found = || {
            let first = self.place_of_id(start)?;
            let mut ids = Vec::new();
            for place in first..self.directory.num_jobs {
                let id = self.id(self.row_at(JobColumn::Id, place)?)?;
                if ids.len() >= limit || !id.starts_with(start) {
                    break;
                }
                ids.push(id);
            }
            Ok(ids)
        };
        found().map_err(|e| self.damaged(e))
    }

    /// Where the job's rows are in the table of operators, ascending.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn operators(&self, job: u32) -> Result<Vec<RowRange>, Error> {
        self.ranges(job, OPERATORS_CELL).map_err(|e| self.damaged(e))
    }

    /// Where the job's rows are in the table of errors, ascending.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn errors(&self, job: u32) -> Result<Vec<RowRange>, Error> {
        self.ranges(job, ERRORS_CELL).map_err(|e| self.damaged(e))
    }

    pub(super) fn damaged(&self, source: io::Error) -> Error {
        Error::damaged(&self.path, WHAT, source)
    }

    fn ranges(&self, job: u32, cell: usize) -> io::Result<Vec<RowRange>> {
        let cell = self.cell(job, cell)?;
        let count = cell & ((1 << RANGE_COUNT_BITS) - 1);
        let first = (cell >> RANGE_COUNT_BITS) * RANGE_LEN as u64;
        let len = count * RANGE_LEN as u64;
        if first + len > self.directory.ranges.len {
            return Err(malformed("rows of a job lie beyond the end of the list of rows"));
        }
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        self.read_at(&mut bytes, self.directory.ranges.offset + first)?;
        let ranges = bytes.chunks_exact(RANGE_LEN);
        Ok(ranges
            .map(|range| RowRange { first: u64_at(range, 0), len: u32_at(range, 8) })
            .collect())
    }

    pub(super) fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(bytes, offset)
    }

    /// A cell of a record.
    pub(super) fn cell(&self, row: u32, at: usize) -> io::Result<u64> {
        let mut bytes = [0; 8];
        let offset = u64::from(row) * RECORD_LEN as u64 + at as u64 * 8;
        if row >= self.directory.num_jobs {
            return Err(malformed("a job's number is too large"));
        }
        self.read_at(&mut bytes, self.directory.records.offset + offset)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// What the job is sorted by. Not of ids.
    pub(super) fn key(&self, row: u32, column: JobColumn) -> io::Result<u64> {
        let cell = self.cell(row, column.at())?;
        Ok(if column.has_words() { self.words[column.at()].key(cell) } else { cell })
    }

    pub(super) fn id(&self, row: u32) -> io::Result<String> {
        self.text_of_id(self.cell(row, JobColumn::Id.at())?)
    }

    fn text_of_id(&self, cell: u64) -> io::Result<String> {
        let len = cell & ((1 << ID_LEN_BITS) - 1);
        let offset = cell >> ID_LEN_BITS;
        if offset + len > self.directory.ids.len {
            return Err(malformed("an id lies beyond the end of the ids"));
        }
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        self.read_at(&mut bytes, self.directory.ids.offset + offset)?;
        String::from_utf8(bytes).map_err(|_| malformed("an id is no text"))
    }

    pub(super) fn row(&self, number: u32) -> io::Result<JobRow> {
        let mut bytes = [0; RECORD_LEN];
        let offset = u64::from(number) * RECORD_LEN as u64;
        if number >= self.directory.num_jobs {
            return Err(malformed("a job's number is too large"));
        }
        self.read_at(&mut bytes, self.directory.records.offset + offset)?;
        let mut values = Vec::with_capacity(COLUMNS);
        for (column, cell) in JobColumn::ALL.into_iter().zip(cells_of(&bytes)) {
            values.push(match column.kind() {
                JobColumnKind::Text if column == JobColumn::Id => {
                    JobValue::Text(self.text_of_id(cell)?)
                }
                JobColumnKind::Text if cell != MISSING => {
                    let word = self.words[column.at()].get(cell);
                    let word =
                        word.ok_or_else(|| malformed("a job has a word that is not there"))?;
                    JobValue::Text(word.to_owned())
                }
                kind => JobValue::of_cell(kind, cell),
            });
        }
        Ok(JobRow { number, values })
    }

    fn find_row(&self, id: &str) -> io::Result<Option<JobRow>> {
        let place = self.place_of_id(id)?;
        if place >= self.directory.num_jobs {
            return Ok(None);
        }
        let row = self.row_at(JobColumn::Id, place)?;
        if self.id(row)? == id { self.row(row).map(Some) } else { Ok(None) }
    }

    /// The first place in the order of ids that is not before `id`.
    pub(super) fn place_of_id(&self, id: &str) -> io::Result<u32> {
        self.partition(|place| Ok(self.id(self.row_at(JobColumn::Id, place)?)?.as_str() < id))
    }

    /// The job at a place of a column's order.
    pub(super) fn row_at(&self, column: JobColumn, place: u32) -> io::Result<u32> {
        let Some(order) = &self.directory.orders[column.at()] else { return Ok(place) };
        let mut bytes = [0; 4];
        self.read_at(&mut bytes, order.rows.offset + u64::from(place) * 4)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// The first place of all jobs for which `is_before` does not hold; it holds for those before that, and no other.
    pub(super) fn partition(
        &self,
        is_before: impl FnMut(u32) -> io::Result<bool>,
    ) -> io::Result<u32> {
        partition(0..self.directory.num_jobs, is_before)
    }
}

pub(super) fn partition(
    range: std::ops::Range<u32>,
    mut is_before: impl FnMut(u32) -> io::Result<bool>,
) -> io::Result<u32> {
    let (mut low, mut high) = (range.start, range.end.max(range.start));
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(middle)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

fn postings(of: &PostingsPart, bytes: &[u8], num_jobs: usize) -> io::Result<Postings> {
    if of.is_bits {
        if bytes.len() != num_jobs.div_ceil(64) * 8 {
            return Err(malformed("a set of jobs has another length"));
        }
        return Ok(Postings::Bits(Bitmap::from_bytes(bytes)));
    }
    let rows: Vec<u32> = bytes.chunks_exact(4).map(|row| u32_at(row, 0)).collect();
    if rows.iter().any(|row| *row as usize >= num_jobs) {
        return Err(malformed("a set has a job that is not there"));
    }
    Ok(Postings::Rows(rows))
}

fn words_of(mut bytes: &[u8]) -> io::Result<Vec<Box<str>>> {
    let mut words = Vec::new();
    while let Some((len, rest)) = bytes.split_first_chunk::<4>() {
        let len = u32::from_le_bytes(*len) as usize;
        let word = rest.get(..len).and_then(|word| std::str::from_utf8(word).ok());
        words.push(word.ok_or_else(|| malformed("a word of it is no text"))?.into());
        bytes = &rest[len..];
    }
    Ok(words)
}
