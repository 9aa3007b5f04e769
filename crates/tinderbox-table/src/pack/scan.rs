//! Whole columns of a stage, block by block.

use super::block::{Block, BlockPlace};
use super::source::Source;
use std::io;
use std::ops::ControlFlow;

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

    /// Hands the values of `columns` to `each`, one block after the other, until it breaks.
    pub(super) fn columns(
        &mut self,
        blocks: &[BlockPlace],
        columns: &[usize],
        mut each: impl FnMut(&[Vec<i64>]) -> ControlFlow<()>,
    ) -> io::Result<()> {
        self.values.resize_with(columns.len(), Vec::new);
        for place in blocks {
            self.block.open(self.source, *place)?;
            for (values, column) in self.values.iter_mut().zip(columns) {
                values.clear();
                self.block.column(self.source, *column, &mut self.bits, values)?;
            }
            if each(&self.values).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// All values of one column.
    pub(super) fn column(&mut self, blocks: &[BlockPlace], column: usize) -> io::Result<Vec<i64>> {
        let rows: usize = blocks.iter().map(|block| usize::from(block.rows)).sum();
        let mut all = Vec::with_capacity(rows);
        self.columns(blocks, &[column], |values| {
            all.extend_from_slice(&values[0]);
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }
}
