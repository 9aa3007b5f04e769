//! Whole columns of a stage, block by block.

use super::block::{Block, BlockPlace, Column};
use super::columns::FLAGS;
use super::directory::StageEntry;
use super::heads::ColumnHeads;
use super::source::Source;
use std::io;

/// Where a column comes from.
enum From {
    Blocks(usize),
    Heads(ColumnHeads),
    Flags(Vec<u8>),
}

/// Columns that lie together in so many bytes are read at once: a call costs as much as a copy of some kilobytes.
const READ_TOGETHER: usize = 8 << 10;

/// Buffers that are used again for every block.
pub(super) struct Scan<'a> {
    source: &'a Source,
    block: Block,
    part: Vec<u8>,
    columns: Vec<Column>,
    values: Vec<Vec<i64>>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        let (part, columns, values) = (Vec::new(), Vec::new(), Vec::new());
        Self { source, block: Block::new(), part, columns, values }
    }

    /// Hands the values of `columns` to `each`, one block after the other.
    pub(super) fn columns(
        &mut self,
        stage: &StageEntry,
        columns: &[usize],
        mut each: impl FnMut(&[Vec<i64>]),
    ) -> io::Result<()> {
        self.values.resize_with(columns.len(), Vec::new);
        let blocks = stage.blocks.len();
        let sources = columns.iter().map(|column| match &stage.index {
            None => Ok(From::Blocks(*column)),
            Some(_) if *column == FLAGS => Ok(From::Flags(self.flags(stage)?)),
            Some(index) => {
                let heads = ColumnHeads::read(self.source, index.heads, blocks, *column)?;
                Ok(From::Heads(heads))
            }
        });
        let sources: Vec<From> = sources.collect::<io::Result<_>>()?;
        let mut row = 0;
        for (number, place) in stage.blocks.iter().enumerate() {
            if stage.index.is_none() {
                self.block.open(self.source, *place)?;
            }
            self.columns.clear();
            for from in &sources {
                self.columns.push(match from {
                    From::Blocks(column) => self.block.columns[*column],
                    From::Heads(heads) => heads.column(number, *place)?,
                    From::Flags(_) => Column::default(),
                });
            }
            let rows = usize::from(place.rows);
            self.decode(*place, rows)?;
            for (from, values) in sources.iter().zip(&mut self.values) {
                if let From::Flags(flags) = from {
                    values.clear();
                    let flags = flags.get(row..row + rows).unwrap_or_default();
                    values.extend(flags.iter().map(|flags| i64::from(*flags)));
                }
            }
            row += rows;
            each(&self.values);
        }
        Ok(())
    }

    /// All values of one column.
    pub(super) fn column(&mut self, stage: &StageEntry, column: usize) -> io::Result<Vec<i64>> {
        let mut all = Vec::with_capacity(usize::try_from(stage.rows).unwrap_or(0));
        self.columns(stage, &[column], |values| all.extend_from_slice(&values[0]))?;
        Ok(all)
    }

    /// The flags of all rows.
    pub(super) fn flags(&self, stage: &StageEntry) -> io::Result<Vec<u8>> {
        // What does not fit is no status either.
        let byte = |flags: &i64| u8::try_from(*flags).unwrap_or(u8::MAX);
        let mut all = Vec::with_capacity(usize::try_from(stage.rows).unwrap_or(0));
        match &stage.index {
            Some(index) => index.flags.each(self.source, |flags| {
                all.extend(flags.iter().map(byte));
                Ok(())
            })?,
            None => Scan::new(self.source).columns(stage, &[FLAGS], |values| {
                all.extend(values[0].iter().map(byte));
            })?,
        }
        Ok(all)
    }

    /// Decodes `self.columns` of a block into `self.values`.
    fn decode(&mut self, place: BlockPlace, rows: usize) -> io::Result<()> {
        let ranges = || self.columns.iter().filter_map(Column::range);
        let first = ranges().map(|range| range.start).min().unwrap_or(0);
        let end = ranges().map(|range| range.end).max().unwrap_or(0);
        let together = end - first <= READ_TOGETHER;
        if together && end > first {
            let offset = place.offset.saturating_add(first as u64);
            self.source.read(offset, end - first, &mut self.part)?;
        }
        for (column, values) in self.columns.iter().zip(&mut self.values) {
            let mut part_start = first;
            if let (false, Some(range)) = (together, column.range()) {
                part_start = range.start;
                let offset = place.offset.saturating_add(range.start as u64);
                self.source.read(offset, range.end - range.start, &mut self.part)?;
            }
            values.clear();
            column.decode(rows, &self.part, part_start, values)?;
        }
        Ok(())
    }
}
