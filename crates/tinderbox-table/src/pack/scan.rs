//! Whole columns of a stage, block by block.

use super::block::Block;
use super::columns::FLAGS;
use super::directory::StageEntry;
use super::heads::ColumnHeads;
use super::source::Source;
use std::io;

/// Where a column comes from.
enum From {
    Blocks,
    Heads(ColumnHeads),
    Flags(Vec<i64>),
}

/// Buffers that are used again for every block.
pub(super) struct Scan<'a> {
    source: &'a Source,
    block: Block,
    bits: Vec<u8>,
    values: Vec<Vec<i64>>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Self { source, block: Block::new(), bits: Vec::new(), values: Vec::new() }
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
            None => Ok(From::Blocks),
            Some(index) if *column == FLAGS => Ok(From::Flags(index.flags.all(self.source)?)),
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
            let end = row + usize::from(place.rows);
            for ((from, column), values) in sources.iter().zip(columns).zip(&mut self.values) {
                values.clear();
                let column = match from {
                    From::Blocks => self.block.columns[*column],
                    From::Heads(heads) => heads.column(number, *place)?,
                    From::Flags(flags) => {
                        values.extend_from_slice(flags.get(row..end).unwrap_or_default());
                        continue;
                    }
                };
                column.read(self.source, *place, &mut self.bits, values)?;
            }
            row = end;
            each(&self.values);
        }
        Ok(())
    }

    /// All values of one column.
    pub(super) fn column(&mut self, stage: &StageEntry, column: usize) -> io::Result<Vec<i64>> {
        if let (FLAGS, Some(index)) = (column, &stage.index) {
            return index.flags.all(self.source);
        }
        let mut all = Vec::with_capacity(usize::try_from(stage.rows).unwrap_or(0));
        self.columns(stage, &[column], |values| all.extend_from_slice(&values[0]))?;
        Ok(all)
    }
}
