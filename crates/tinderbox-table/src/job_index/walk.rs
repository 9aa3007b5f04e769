//! Pages of lists.

use super::bitmap::{Bitmap, Postings};
use super::column::JobColumn;
use super::directory::BLOCK_ROWS;
use super::file::JobIndex;
use super::matching::Matching;
use super::query::{JobPage, JobQuery, JobSort};
use super::seek::{Behind, Key, last_direction};
use crate::error::Error;
use crate::pack::Direction;
use std::cmp::Ordering;
use std::io;
use std::ops::Range;

/// Up to so many jobs are gathered and sorted. That takes a few reads for each; walking until so few are met would take
/// longer.
const GATHER: u64 = 2_048;

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
        let mut page = Taking { skip: query.offset, limit: query.limit, rows: Vec::new() };
        if query.limit > 0 {
            self.take(&matching, &sort, behind.as_ref(), &mut page)?;
        }
        let jobs = page.rows.into_iter().map(|row| self.row(row)).collect::<io::Result<_>>()?;
        Ok(JobPage { jobs, total: matching.total })
    }

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
        if matching.total <= GATHER {
            let rows = matching.iter(0..self.directory.num_jobs).collect();
            return self.gather(rows, sort, behind, page);
        }
        match sort {
            [] => Ok(()),
            [only] => {
                let places = self.places_behind(*only, behind)?;
                self.walk(matching, *only, places, page)
            }
            _ => self.groups(matching, sort, behind, page),
        }
    }

    /// Sorts jobs and takes from them.
    fn gather(
        &self,
        rows: Vec<u32>,
        sort: &[JobSort],
        behind: Option<&Behind>,
        page: &mut Taking,
    ) -> io::Result<()> {
        let mut keyed: Vec<(Vec<Key>, u32)> = Vec::with_capacity(rows.len());
        for row in rows {
            let keys = sort.iter().map(|sort| self.key_of(row, sort.column));
            let keys = keys.collect::<io::Result<Vec<_>>>()?;
            if behind.is_none_or(|behind| behind.is_behind(sort, &keys, row)) {
                keyed.push((keys, row));
            }
        }
        let directed = |order: Ordering, direction| match direction {
            Direction::Ascending => order,
            Direction::Descending => order.reverse(),
        };
        keyed.sort_unstable_by(|(a_keys, a), (b_keys, b)| {
            let columns = sort.iter().zip(a_keys.iter().zip(b_keys));
            columns
                .map(|(sort, (a, b))| directed(a.cmp(b), sort.direction))
                .find(|order| order.is_ne())
                .unwrap_or_else(|| directed(a.cmp(b), last_direction(sort)))
        });
        for (_, row) in keyed {
            if page.is_full() {
                break;
            }
            page.push(row);
        }
        Ok(())
    }

    /// Takes from an order as it lies, block by block.
    fn walk(
        &self,
        matching: &Matching,
        sort: JobSort,
        places: Range<u32>,
        page: &mut Taking,
    ) -> io::Result<()> {
        self.visit(matching, sort, places, |found| match found {
            Found::Jobs(count) => page.pass_over(count),
            Found::Job(_, row) => {
                page.push(row);
                !page.is_full()
            }
        })
    }

    /// Tells `visit` of the jobs that match, until it answers false. First whole blocks are offered by their number,
    /// where that is known without a look; when it answers false to that, they come one by one.
    fn visit(
        &self,
        matching: &Matching,
        sort: JobSort,
        places: Range<u32>,
        mut visit: impl FnMut(Found) -> bool,
    ) -> io::Result<()> {
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
    /// the rest.
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
        if let Some(behind) = behind {
            let equal = self.places_equal(first.column, behind)?;
            self.group(matching, group(equal.clone()), Some(&behind.rest()), page)?;
            match first.direction {
                Direction::Ascending => places.start = equal.end,
                Direction::Descending => places.end = equal.start,
            }
        }
        while !page.is_full() {
            let mut next = None;
            self.visit(matching, first, places.clone(), |found| match found {
                Found::Jobs(_) => false,
                Found::Job(place, _) => {
                    next = Some(place);
                    false
                }
            })?;
            let Some(place) = next else { break };
            let equal = self.places_like(first.column, place, first.direction)?;
            match first.direction {
                Direction::Ascending => places.start = equal.end,
                Direction::Descending => places.end = equal.start,
            }
            self.group(matching, group(equal), None, page)?;
        }
        Ok(())
    }

    fn group(
        &self,
        matching: &Matching,
        group: Group<'_>,
        behind: Option<&Behind>,
        page: &mut Taking,
    ) -> io::Result<()> {
        let Group { column, places, sort: rest } = group;
        let mut rows = Vec::new();
        if u64::from(places.end.saturating_sub(places.start)) <= GATHER {
            self.rows_at(column, places, &mut rows)?;
            rows.retain(|row| matching.contains(*row));
            return self.gather(rows, rest, behind, page);
        }
        let bits = match self.set_of(column, places.start)? {
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
    fn set_of(&self, column: JobColumn, place: u32) -> io::Result<Option<Bitmap>> {
        let postings = match column {
            JobColumn::Status => &self.statuses,
            JobColumn::JobType => &self.types,
            _ => return Ok(None),
        };
        let cell = self.cell(self.row_at(column, place)?, column.at())?;
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

/// A page that is being filled.
struct Taking {
    skip: u64,
    limit: usize,
    rows: Vec<u32>,
}

impl Taking {
    fn is_full(&self) -> bool {
        self.rows.len() >= self.limit
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
