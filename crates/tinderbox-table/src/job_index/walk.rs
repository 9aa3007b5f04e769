//! Pages of lists.

use super::bitmap::{Bitmap, Postings};
use super::column::JobColumn;
use super::directory::BLOCK_ROWS;
use super::file::{JobIndex, partition};
use super::matching::Matching;
use super::query::{JobPage, JobQuery, JobSort};
use super::seek::Behind;
use crate::error::Error;
use crate::pack::Direction;
use std::io;
use std::ops::Range;

/// What is done, in nanoseconds on a machine of 2025: the ratios count. Meeting a job of an order; taking one of a set and
/// its rank; reading a rank that lies alone; reading a byte of many; sorting a job that is taken.
const MEET_NS: u64 = 2;
const TAKE_NS: u64 = 8;
const READ_NS: u64 = 400;
const BYTES_NS: u64 = 8;
const SORT_NS: u64 = 60;

/// Most jobs that are selected from: 24 MB while that is done.
const SELECT: u64 = if cfg!(test) { 3_000 } else { 2_000_000 };
/// Groups of up to so many jobs are sorted together.
const GROUPS: usize = if cfg!(test) { 100 } else { 32_768 };

const BLOCK: u32 = 4_096;
const _: () = assert!(BLOCK as usize == BLOCK_ROWS);

impl JobIndex {
    /// A page, and the number of all jobs that match.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn page(&self, query: &JobQuery) -> Result<JobPage, Error> {
        self.page_of(query).map_err(|e| self.damaged(e))
    }

    fn page_of(&self, query: &JobQuery) -> io::Result<JobPage> {
        let matching = self.matching(query)?;
        let mut sort = query.sort.clone();
        // Ids are unique: what comes behind them decides nothing.
        if let Some(at) = sort.iter().position(|sort| sort.column == JobColumn::Id) {
            sort.truncate(at + 1);
        }
        if sort.is_empty() {
            sort.push(JobSort { column: JobColumn::Start, direction: Direction::Ascending });
        }
        let behind = match &query.after {
            Some(cursor) => Some(self.behind(cursor, &sort)?),
            None => None,
        };
        let (skip, limit) = (query.offset, query.limit);
        let mut page = Taking { skip, limit, rows: Vec::new(), left: Left(None) };
        if query.limit > 0 {
            self.take(&matching, &sort, behind.as_ref(), &mut page)?;
        }
        let jobs = page.rows.into_iter().map(|row| self.row(row)).collect::<io::Result<_>>()?;
        Ok(JobPage { jobs, total: matching.total })
    }

    /// Takes from an order as it lies, for as long as selecting would take; then selects.
    fn take(
        &self,
        matching: &Matching,
        sort: &[JobSort],
        behind: Option<&Behind>,
        page: &mut Taking,
    ) -> io::Result<()> {
        let behind = match behind.and_then(Behind::all_or_none) {
            Some(false) => return Ok(()),
            Some(true) => None,
            None => behind,
        };
        let Some(first) = sort.first() else {
            // Equal in the whole order.
            let rows = matching.iter(0..self.directory.num_jobs).collect();
            return self.select_page(rows, sort, behind, page);
        };
        let limit = self.meetings(matching, *first, page);
        if limit.is_some_and(|limit| limit < self.expected_meetings(matching, page)) {
            let rows = matching.iter(0..self.directory.num_jobs).collect();
            return self.select_page(rows, sort, behind, page);
        }
        let before = page.clone();
        page.left = Left(limit);
        match sort {
            [only] => {
                let places = self.places_behind(*only, behind)?;
                self.walk(Along { matching, sort: *only, places }, page)?;
            }
            _ => self.groups(matching, sort, behind, page)?,
        }
        let is_over = std::mem::replace(&mut page.left, before.left).is_over();
        if is_over && !page.is_full() {
            *page = before;
            let rows = matching.iter(0..self.directory.num_jobs).collect();
            return self.select_page(rows, sort, behind, page);
        }
        Ok(())
    }

    /// Jobs of an order that can be met while the page is selected from all that match. `None` where they are too many for
    /// that, or the order is that of the jobs themselves, in which none is met that does not match.
    fn meetings(&self, matching: &Matching, first: JobSort, page: &Taking) -> Option<u64> {
        let total = matching.total;
        if total > SELECT
            || (self.directory.orders[first.column.at()].is_none() && total > page.wanted())
        {
            return None;
        }
        let span = u64::from(matching.rows.end.saturating_sub(matching.rows.start));
        let bytes = span * self.rank_width(first.column) as u64;
        let read = (total * READ_NS).min(bytes / BYTES_NS);
        let sort = page.wanted().min(total) * SORT_NS;
        Some((total * TAKE_NS + read + sort) / MEET_NS)
    }

    /// Jobs of an order that are met until the page is full, where those that match lie anywhere in it.
    fn expected_meetings(&self, matching: &Matching, page: &Taking) -> u64 {
        let all = u64::from(self.directory.num_jobs);
        page.wanted().saturating_mul(all) / matching.total.max(1)
    }

    /// Takes the first of these jobs, which are ascending.
    fn select_page(
        &self,
        rows: Vec<u32>,
        sort: &[JobSort],
        behind: Option<&Behind>,
        page: &mut Taking,
    ) -> io::Result<()> {
        let wanted = usize::try_from(page.wanted()).unwrap_or(usize::MAX);
        self.select(rows, sort, behind, wanted)?.into_iter().for_each(|row| page.push(row));
        Ok(())
    }

    /// Takes from an order as it lies, block by block.
    fn walk(&self, along: Along<'_>, page: &mut Taking) -> io::Result<()> {
        let mut left = page.left;
        self.visit(along, &mut left, |found| match found {
            Found::Jobs(count) => page.pass_over(count),
            Found::Job(_, row) => {
                page.push(row);
                !page.is_full()
            }
        })?;
        page.left = left;
        Ok(())
    }

    /// Tells `visit` of the jobs that match, until it answers false or nothing is left. First whole blocks are offered by
    /// their number, where that is known without a look; when it answers false to that, they come one by one.
    fn visit(
        &self,
        along: Along<'_>,
        left: &mut Left,
        mut visit: impl FnMut(Found) -> bool,
    ) -> io::Result<()> {
        let Along { matching, sort, places } = along;
        let is_own_order = self.directory.orders[sort.column.at()].is_none();
        let is_all = matching.total == u64::from(self.directory.num_jobs);
        let blocks = &self.blocks[sort.column.at()];
        let mut rows = Vec::new();
        for at in block_numbers(&places, sort.direction) {
            let within = (at * BLOCK).max(places.start)..((at + 1) * BLOCK).min(places.end);
            let may_have = is_own_order
                || blocks.get(at as usize).is_none_or(|block| matching.may_be_in(block));
            if !may_have {
                continue;
            }
            let known = match (is_own_order, is_all) {
                (true, _) => Some(matching.count(within.clone())),
                (false, true) => Some(u64::from(within.end - within.start)),
                (false, false) => None,
            };
            if known == Some(0) || known.is_some_and(|count| visit(Found::Jobs(count))) {
                continue;
            }
            left.take(within.end - within.start);
            if left.is_over() {
                break;
            }
            self.rows_at(sort.column, within.clone(), &mut rows)?;
            let mut tell = |(place, row): (u32, &u32)| {
                !matching.contains(*row) || visit(Found::Job(place, *row))
            };
            let goes_on = match sort.direction {
                Direction::Ascending => within.clone().zip(&rows).all(&mut tell),
                Direction::Descending => within.clone().zip(&rows).rev().all(&mut tell),
            };
            if !goes_on {
                break;
            }
        }
        Ok(())
    }

    /// Takes from an order of several columns: jobs that are equal in the first form groups, each of which is sorted by
    /// the rest. Small groups are sorted together, as many as the page wants.
    fn groups(
        &self,
        matching: &Matching,
        sort: &[JobSort],
        behind: Option<&Behind>,
        page: &mut Taking,
    ) -> io::Result<()> {
        let [first, rest @ ..] = sort else { return Ok(()) };
        let first = *first;
        let group = |places| Group { column: first.column, places, sort: rest };
        let mut places = 0..self.directory.num_jobs;
        let pass = |places: &mut Range<u32>, done: &Range<u32>| match first.direction {
            Direction::Ascending => places.start = done.end,
            Direction::Descending => places.end = done.start,
        };
        if let Some(behind) = behind {
            let equal = self.places_equal(first.column, behind)?;
            self.group(matching, group(equal.clone()), Some(&behind.rest()), page)?;
            pass(&mut places, &equal);
        }
        while !page.is_full() && !page.left.is_over() {
            let wanted = usize::try_from(page.wanted()).unwrap_or(usize::MAX).min(GROUPS);
            let mut rows: Vec<(u32, u32)> = Vec::new();
            let along = Along { matching, sort: first, places: places.clone() };
            self.visit(along, &mut page.left, |found| match found {
                Found::Jobs(_) => false,
                Found::Job(place, row) => {
                    rows.push((place, row));
                    rows.len() < wanted
                }
            })?;
            let Some((_, row)) = rows.last().copied() else { break };
            // Whole groups come first; of the last one there may be more.
            let rank = self.rank(row, first.column)?;
            let num_before = partition(0..u32::try_from(rows.len()).unwrap_or(u32::MAX), |at| {
                Ok(self.rank(rows[at as usize].1, first.column)? != rank)
            })? as usize;
            let equal = self.places_like(first.column, rows[num_before].0, first.direction)?;
            rows.truncate(num_before);
            let mut before: Vec<u32> = rows.into_iter().map(|(_, row)| row).collect();
            before.sort_unstable();
            if !page.pass_over(before.len() as u64) {
                self.select_page(before, sort, None, page)?;
            }
            pass(&mut places, &equal);
            self.group(matching, group(equal), None, page)?;
        }
        Ok(())
    }

    /// Takes from the jobs of one group.
    fn group(
        &self,
        matching: &Matching,
        group: Group<'_>,
        behind: Option<&Behind>,
        page: &mut Taking,
    ) -> io::Result<()> {
        let Group { column, places, sort: rest } = group;
        if places.end.saturating_sub(places.start) as usize <= GROUPS {
            let mut rows = Vec::new();
            self.rows_at(column, places, &mut rows)?;
            rows.retain(|row| matching.contains(*row));
            if behind.is_none() && page.pass_over(rows.len() as u64) {
                return Ok(());
            }
            // Equal jobs of an order lie in their own.
            return self.select_page(rows, rest, behind, page);
        }
        let bits = match self.set_of(column, &places)? {
            Some(bits) => bits,
            None => self.set_at(column, places)?,
        };
        let matching = matching.within(bits);
        if behind.is_none() && page.pass_over(matching.total) {
            return Ok(());
        }
        self.take(&matching, rest, behind, page)
    }

    /// The jobs that say the same in a column as the one at a place of its order, where their set is kept. It may have jobs
    /// before that place that do not match.
    fn set_of(&self, column: JobColumn, places: &Range<u32>) -> io::Result<Option<Bitmap>> {
        let postings = match column {
            JobColumn::Status => &self.statuses,
            JobColumn::JobType => &self.types,
            _ => return Ok(None),
        };
        let cell = self.cell(self.row_at(column, places.start)?, column.at())?;
        let word = cell.checked_sub(1).and_then(|word| usize::try_from(word).ok());
        Ok(match word.and_then(|word| postings.get(word)) {
            Some(Postings::Bits(bits)) => Some(bits.clone()),
            _ => None,
        })
    }

    fn set_at(&self, column: JobColumn, places: Range<u32>) -> io::Result<Bitmap> {
        let mut rows = Vec::new();
        let mut bits = Bitmap::empty(self.directory.num_jobs as usize);
        let mut at = places.start;
        while at < places.end {
            let end = at.saturating_add(BLOCK).min(places.end);
            self.rows_at(column, at..end, &mut rows)?;
            rows.iter().for_each(|row| bits.insert(*row));
            at = end;
        }
        Ok(bits)
    }
}

/// Jobs that are equal in a column: those at these places of its order.
struct Group<'a> {
    column: JobColumn,
    places: Range<u32>,
    /// The order within it.
    sort: &'a [JobSort],
}

/// Jobs that match, as they come in a part of an order.
struct Along<'a> {
    matching: &'a Matching,
    sort: JobSort,
    places: Range<u32>,
}

/// What [`JobIndex::visit`] tells.
enum Found {
    /// So many jobs in one block.
    Jobs(u64),
    /// One, with its place.
    Job(u32, u32),
}

fn block_numbers(places: &Range<u32>, direction: Direction) -> Box<dyn Iterator<Item = u32>> {
    let numbers = places.start / BLOCK..places.end.div_ceil(BLOCK);
    match direction {
        _ if places.is_empty() => Box::new(std::iter::empty()),
        Direction::Ascending => Box::new(numbers),
        Direction::Descending => Box::new(numbers.rev()),
    }
}

/// How many more jobs of an order may be met; `None` for any number.
#[derive(Clone, Copy)]
struct Left(Option<u64>);

impl Left {
    fn take(&mut self, count: u32) {
        self.0 = self.0.map(|left| left.saturating_sub(count.into()));
    }

    fn is_over(&self) -> bool {
        self.0 == Some(0)
    }
}

/// A page that is being filled.
#[derive(Clone)]
struct Taking {
    skip: u64,
    limit: usize,
    rows: Vec<u32>,
    left: Left,
}

impl Taking {
    fn is_full(&self) -> bool {
        self.rows.len() >= self.limit
    }

    /// How many more jobs are to come.
    fn wanted(&self) -> u64 {
        self.skip.saturating_add(self.limit.saturating_sub(self.rows.len()) as u64)
    }

    fn push(&mut self, row: u32) {
        if self.skip > 0 {
            self.skip -= 1;
        } else {
            self.rows.push(row);
        }
    }

    /// Passes over so many jobs if all of them are to be skipped.
    fn pass_over(&mut self, count: u64) -> bool {
        let passes = self.skip >= count;
        if passes {
            self.skip -= count;
        }
        passes
    }
}
