//! The parts of an index, written one after the other.

use super::bitmap::Postings;
use super::cell::MISSING;
use super::column::{COLUMNS, JobColumn};
use super::directory::{
    BLOCK_ROWS, Block, Directory, ERRORS_CELL, MAGIC, OPERATORS_CELL, OrderPart, Part,
    PostingsPart, RECORD_LEN, RankPart, bit_of, u64_at,
};
use super::order::order_of;
use super::ranks::{packed, ranks_of};
use super::spool::{Spool, cells_of};
use super::tally::Tallies;
use super::words::{Words, WordsComing};
use super::writer::{ClosedJobs, DetailRanges};
use crate::atomic_file::AtomicFile;
use foldhash::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use tinderbox_model::Bytes;

/// Ends an id; no UTF-8 has it.
pub(super) const ID_END: u8 = 0xff;

/// Bits of the number of ranges in a record's cell; above it is the number of the first.
pub(super) const RANGE_COUNT_BITS: u32 = 20;
pub(super) const RANGE_LEN: usize = 12;

/// Bits of the length of an id in its cell; above it is where it begins.
pub(super) const ID_LEN_BITS: u32 = 16;

pub(super) fn write_index(
    path: &Path,
    jobs: ClosedJobs,
    operators: DetailRanges,
    errors: DetailRanges,
    facts: &[u8],
) -> io::Result<Bytes> {
    let file = AtomicFile::create(path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut sink = Sink { file: file.as_file().try_clone()?, len: 0 };
    sink.put(MAGIC)?;
    let ClosedJobs { known, cells, words } = jobs;
    let rows = Rows::of(&known.by_id, &cells[JobColumn::Start.at()].read_all()?);
    let mut directory = Directory {
        num_jobs: u32::try_from(rows.arrivals.len()).unwrap_or(u32::MAX),
        columns: JobColumn::ALL.map(|column| column.as_str().to_owned()).to_vec(),
        orders: vec![None; COLUMNS],
        ranks: vec![None; COLUMNS],
        words: vec![None; COLUMNS],
        ..Directory::default()
    };
    let columns = Columns {
        rows: &rows,
        folder: folder.unwrap_or(Path::new(".")),
        sink: Mutex::new(sink),
        orders: Mutex::default(),
    };
    let done = columns.write_all(cells, words)?;
    let mut sink = columns.sink.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (at, column) in done.columns.iter().enumerate() {
        directory.orders[at] = column.order;
        directory.ranks[at] = column.ranks;
        if let Some(words) = &column.words {
            directory.words[at] = Some(put_words(&mut sink, words)?);
        }
    }
    directory.name_places = put_name_places(&mut sink, &done.columns[JobColumn::Name.at()])?;
    directory.statuses = put_postings(&mut sink, &done, JobColumn::Status, rows.arrivals.len())?;
    directory.types = put_postings(&mut sink, &done, JobColumn::JobType, rows.arrivals.len())?;

    // Ids, in the jobs' order.
    directory.ids_begin_with = known.shared_start();
    let mut places = Vec::with_capacity(rows.arrivals.len());
    let start = sink.len;
    let (mut buffer, mut blocks) = (Vec::new(), Vec::new());
    for (row, arrival) in rows.arrivals.iter().enumerate() {
        let id = known.ids.get(*arrival);
        let offset = sink.len - start + buffer.len() as u64;
        if row % BLOCK_ROWS == 0 {
            blocks.extend_from_slice(&offset.to_le_bytes());
        }
        directory.ids_have_upper_case |= id.iter().any(u8::is_ascii_uppercase);
        places.push(offset << ID_LEN_BITS | id.len() as u64);
        buffer.extend_from_slice(id);
        buffer.push(ID_END);
        if buffer.len() >= 1 << 20 {
            sink.put(&buffer)?;
            buffer.clear();
        }
    }
    sink.put(&buffer)?;
    directory.ids = Part { offset: start, len: sink.len - start };
    directory.id_blocks = sink.part(&blocks)?;
    let mut by_id: Vec<u32> = vec![0; rows.num_arrived];
    for (row, arrival) in (0..).zip(&rows.arrivals) {
        by_id[*arrival as usize] = row;
    }
    let order: Vec<u32> = known.by_id.iter().map(|arrival| by_id[*arrival as usize]).collect();
    if !order.is_sorted() {
        directory.orders[JobColumn::Id.at()] = Some(put_order(&mut sink, &order, &done.codes)?);
    }
    directory.ranks[JobColumn::Id.at()] = put_ranks_of_ids(&mut sink, &order)?;
    drop(known);

    let (mut ranges, mut num_ranges) = (Vec::new(), 0);
    let details = [operators, errors].map(|detail| {
        cells_of_ranges(detail, &by_id, directory.num_jobs, &mut ranges, &mut num_ranges)
    });
    drop(by_id);
    directory.ranges = sink.part(&ranges)?;
    let mut tallies = Tallies::default();
    directory.records = put_records(&mut sink, &done, &places, &details, &mut tallies)?;
    let none = Words::default();
    let words = |column: JobColumn| done.columns[column.at()].words.as_ref().unwrap_or(&none);
    let tallies = tallies.finish(words(JobColumn::JobType), words(JobColumn::Status));
    let tallies = serde_json::to_vec(&tallies).map_err(io::Error::other)?;
    directory.tallies = sink.part(&zstd::stream::encode_all(tallies.as_slice(), 3)?)?;
    directory.facts = sink.part(facts)?;
    let end = directory.encode(sink.len)?;
    sink.put(&end)?;
    Ok(Bytes(file.finish()?))
}

/// Which arrival each job is.
struct Rows {
    arrivals: Vec<u32>,
    num_arrived: usize,
}

impl Rows {
    fn of(by_id: &[u32], starts: &[u64]) -> Self {
        let keys: Vec<u64> = by_id.iter().map(|arrival| starts[*arrival as usize]).collect();
        let arrivals = match order_of(&keys) {
            None => by_id.to_vec(),
            Some(order) => order.into_iter().map(|at| by_id[at as usize]).collect(),
        };
        Self { arrivals, num_arrived: starts.len() }
    }
}

/// The file as it grows.
struct Sink {
    file: File,
    len: u64,
}

impl Sink {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    fn part(&mut self, bytes: &[u8]) -> io::Result<Part> {
        let offset = self.len;
        self.put(bytes)?;
        Ok(Part { offset, len: bytes.len() as u64 })
    }
}

/// Statuses and types of the jobs, as bits of [`Block`]s.
#[derive(Default)]
struct Codes {
    /// Numbers of the bits.
    statuses: Vec<u8>,
    types: Vec<u8>,
}

/// A column that is done.
struct Done {
    /// In the jobs' order.
    cells: Option<Spool>,
    order: Option<OrderPart>,
    ranks: Option<RankPart>,
    words: Option<Words>,
}

struct AllDone {
    columns: Vec<Done>,
    codes: Codes,
}

struct Columns<'a> {
    rows: &'a Rows,
    folder: &'a Path,
    sink: Mutex<Sink>,
    /// Orders that are written, by two sums of theirs: columns that say the same in other units share one.
    orders: Mutex<HashMap<(u32, u64), OrderPart>>,
}

impl Columns<'_> {
    fn write_all(&self, cells: Vec<Spool>, words: Vec<WordsComing>) -> io::Result<AllDone> {
        let work: Vec<_> = JobColumn::ALL
            .into_iter()
            .zip(cells.into_iter().zip(words))
            .map(|(column, waiting)| (column, Mutex::new(Some(waiting))))
            .collect();
        let mut codes = Codes::default();
        let done: Vec<Mutex<Option<io::Result<Done>>>> =
            (0..COLUMNS).map(|_| Mutex::new(None)).collect();
        let run = |at: usize, codes: Option<&mut Codes>, known: &Codes| {
            let (column, waiting) = &work[at];
            let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
            let Some((cells, words)) = waiting else { return };
            let result = self.write(*column, (&cells, words), codes, known);
            *done[at].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        };
        // What blocks of all other orders tell comes first.
        let none = Codes::default();
        for column in [JobColumn::Status, JobColumn::JobType] {
            run(column.at(), Some(&mut codes), &none);
        }
        let next = AtomicUsize::new(0);
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get()).min(4);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        if at >= COLUMNS {
                            break;
                        }
                        run(at, None, &codes);
                    }
                });
            }
        });
        let mut columns = Vec::with_capacity(COLUMNS);
        for (at, done) in done.into_iter().enumerate() {
            let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
            let mut done =
                done.unwrap_or_else(|| Err(io::Error::other("a column was not written")))?;
            // Their orders were put off until both were known.
            let is_put_off = at == JobColumn::Status.at() || at == JobColumn::JobType.at();
            if is_put_off && let (Some(cells), Some(words)) = (&done.cells, &done.words) {
                let keys: Vec<u64> =
                    cells.read_all()?.into_iter().map(|cell| words.key(cell)).collect();
                (done.order, done.ranks) = self.write_order(&keys, &codes)?;
            }
            columns.push(done);
        }
        Ok(AllDone { columns, codes })
    }

    fn write(
        &self,
        column: JobColumn,
        (waiting, words): (&Spool, WordsComing),
        new_codes: Option<&mut Codes>,
        codes: &Codes,
    ) -> io::Result<Done> {
        if column == JobColumn::Id {
            return Ok(Done { cells: None, order: None, ranks: None, words: None });
        }
        let arrived = waiting.read_all()?;
        let mut cells: Vec<u64> =
            self.rows.arrivals.iter().map(|arrival| arrived[*arrival as usize]).collect();
        drop(arrived);
        let mut known = None;
        if column.has_words() {
            let (words, places) = words.finish(column.is_folded());
            for cell in &mut cells {
                if let Some(code) = cell.checked_sub(1).and_then(|code| usize::try_from(code).ok())
                {
                    *cell = u64::from(places[code]) + 1;
                }
            }
            known = Some(words);
        }
        let mut spool = Spool::new(self.folder)?;
        spool.push(cells.iter().copied())?;
        spool.flush()?;
        let is_put_off = if let Some(new) = new_codes {
            let bits =
                cells.iter().map(|cell| u8::try_from(bit_of(*cell).trailing_zeros()).unwrap_or(63));
            let target =
                if column == JobColumn::Status { &mut new.statuses } else { &mut new.types };
            *target = bits.collect();
            true
        } else {
            false
        };
        let (order, ranks) = if is_put_off {
            (None, None)
        } else {
            if let Some(words) = &known {
                cells.iter_mut().for_each(|cell| *cell = words.key(*cell));
            }
            self.write_order(&cells, codes)?
        };
        Ok(Done { cells: Some(spool), order, ranks, words: known })
    }

    fn write_order(
        &self,
        keys: &[u64],
        codes: &Codes,
    ) -> io::Result<(Option<OrderPart>, Option<RankPart>)> {
        let order = order_of(keys);
        let ranks = self.write_ranks(keys, order.as_deref())?;
        let Some(order) = order else { return Ok((None, ranks)) };
        let mut sum = crc32fast::Hasher::new();
        let mut other_sum = 0_u64;
        for row in &order {
            sum.update(&row.to_le_bytes());
            other_sum =
                (other_sum ^ u64::from(*row)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        }
        let sums = (sum.finalize(), other_sum);
        let known = self.orders.lock().unwrap_or_else(PoisonError::into_inner).get(&sums).copied();
        if known.is_some() {
            return Ok((known, ranks));
        }
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        let part = put_order(&mut sink, &order, codes)?;
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).insert(sums, part);
        Ok((Some(part), ranks))
    }

    fn write_ranks(&self, keys: &[u64], order: Option<&[u32]>) -> io::Result<Option<RankPart>> {
        let (width, bytes) = ranks_of(keys, order);
        if width == 0 {
            return Ok(None);
        }
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Some(RankPart { width, part: sink.part(&bytes)? }))
    }
}

fn put_order(sink: &mut Sink, order: &[u32], codes: &Codes) -> io::Result<OrderPart> {
    let mut blocks = Vec::new();
    for rows in order.chunks(BLOCK_ROWS) {
        let mut block = Block { statuses: 0, types: 0, low: u32::MAX, high: 0 };
        for row in rows {
            block.statuses |= 1 << codes.statuses[*row as usize];
            block.types |= 1 << codes.types[*row as usize];
            block.low = block.low.min(*row);
            block.high = block.high.max(*row);
        }
        block.put(&mut blocks);
    }
    let offset = sink.len;
    let mut bytes = Vec::with_capacity(1 << 20);
    for rows in order.chunks(1 << 18) {
        bytes.clear();
        bytes.extend(rows.iter().flat_map(|row| row.to_le_bytes()));
        sink.put(&bytes)?;
    }
    let rows = Part { offset, len: sink.len - offset };
    Ok(OrderPart { rows, blocks: sink.part(&blocks)? })
}

/// Ids are unique: the rank of a job is its place.
fn put_ranks_of_ids(sink: &mut Sink, order: &[u32]) -> io::Result<Option<RankPart>> {
    let mut ranks = vec![0; order.len()];
    for (place, row) in (0..).zip(order) {
        ranks[*row as usize] = place;
    }
    let largest = u32::try_from(order.len().saturating_sub(1)).unwrap_or(u32::MAX);
    let (width, bytes) = packed(&ranks, largest);
    if width == 0 {
        return Ok(None);
    }
    Ok(Some(RankPart { width, part: sink.part(&bytes)? }))
}

fn put_words(sink: &mut Sink, words: &Words) -> io::Result<Part> {
    let mut bytes = Vec::new();
    for word in words.iter() {
        let len = u32::try_from(word.len()).map_err(io::Error::other)?;
        bytes.extend_from_slice(&len.to_le_bytes());
        bytes.extend_from_slice(word.as_bytes());
    }
    sink.part(&bytes)
}

/// By key of a name the first place of the order that has it, and where the last one ends.
fn put_name_places(sink: &mut Sink, names: &Done) -> io::Result<Part> {
    let (Some(cells), Some(words)) = (&names.cells, &names.words) else { return sink.part(&[]) };
    let mut counts = vec![0_u32; words.len() + 1];
    for cell in cells.read_all()? {
        counts[usize::try_from(words.key(cell)).unwrap_or(0)] += 1;
    }
    let mut place = 0;
    let mut bytes = Vec::with_capacity(counts.len() * 4 + 4);
    for count in counts {
        bytes.extend_from_slice(&u32::to_le_bytes(place));
        place += count;
    }
    bytes.extend_from_slice(&place.to_le_bytes());
    sink.part(&bytes)
}

fn put_postings(
    sink: &mut Sink,
    done: &AllDone,
    column: JobColumn,
    num_jobs: usize,
) -> io::Result<Vec<PostingsPart>> {
    let column = &done.columns[column.at()];
    let (Some(cells), Some(words)) = (&column.cells, &column.words) else { return Ok(Vec::new()) };
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); words.len()];
    for (row, cell) in (0..).zip(cells.read_all()?) {
        if cell != MISSING {
            rows[usize::try_from(cell - 1).unwrap_or(usize::MAX)].push(row);
        }
    }
    let mut parts = Vec::with_capacity(rows.len());
    for rows in rows {
        let (is_bits, bytes) = match Postings::of(rows, num_jobs) {
            Postings::Bits(bits) => (true, bits.to_bytes()),
            Postings::Rows(rows) => {
                (false, rows.iter().flat_map(|row| row.to_le_bytes()).collect())
            }
        };
        parts.push(PostingsPart { is_bits, part: sink.part(&bytes)? });
    }
    Ok(parts)
}

/// By job the cell that says where its rows are. Ranges of all jobs are appended to `bytes`, in the jobs' order.
fn cells_of_ranges(
    detail: DetailRanges,
    row_of: &[u32],
    num_jobs: u32,
    bytes: &mut Vec<u8>,
    num_ranges: &mut u64,
) -> Vec<u64> {
    let mut ranges = detail.ranges;
    for (job, _) in &mut ranges {
        *job = row_of[*job as usize];
    }
    if !ranges.is_sorted_by_key(|(job, range)| (*job, range.first)) {
        ranges.sort_unstable_by_key(|(job, range)| (*job, range.first));
    }
    let mut cells = vec![0; num_jobs as usize];
    for (job, range) in ranges {
        let cell = &mut cells[job as usize];
        if *cell == 0 {
            *cell = *num_ranges << RANGE_COUNT_BITS;
        }
        // A job whose rows lie in a million places loses what is beyond.
        if *cell & ((1 << RANGE_COUNT_BITS) - 1) < (1 << RANGE_COUNT_BITS) - 1 {
            *cell += 1;
        }
        bytes.extend_from_slice(&range.first.to_le_bytes());
        bytes.extend_from_slice(&range.len.to_le_bytes());
        *num_ranges += 1;
    }
    cells
}

fn put_records(
    sink: &mut Sink,
    done: &AllDone,
    ids: &[u64],
    details: &[Vec<u64>; 2],
    tallies: &mut Tallies,
) -> io::Result<Part> {
    let offset = sink.len;
    let mut records = Vec::new();
    let mut cells = Vec::new();
    for first in (0..ids.len()).step_by(BLOCK_ROWS) {
        let count = BLOCK_ROWS.min(ids.len() - first);
        records.clear();
        records.resize(count * RECORD_LEN, 0);
        let mut put = |at: usize, values: &mut dyn Iterator<Item = u64>| {
            for (record, cell) in records.chunks_exact_mut(RECORD_LEN).zip(values) {
                record[at * 8..at * 8 + 8].copy_from_slice(&cell.to_le_bytes());
            }
        };
        for (at, column) in done.columns.iter().enumerate() {
            if let Some(spool) = &column.cells {
                spool.read(first, count, &mut cells)?;
                put(at, &mut cells_of(&cells));
            }
        }
        put(JobColumn::Id.at(), &mut ids[first..first + count].iter().copied());
        for (at, detail) in [OPERATORS_CELL, ERRORS_CELL].into_iter().zip(details) {
            put(at, &mut detail[first..first + count].iter().copied());
        }
        for record in records.chunks_exact(RECORD_LEN) {
            tallies.add(|column| u64_at(record, column.at() * 8));
        }
        sink.put(&records)?;
    }
    Ok(Part { offset, len: sink.len - offset })
}
