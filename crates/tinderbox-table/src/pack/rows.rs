//! Single rows of a stage.

use super::block::{Block, BlockPlace};
use super::bytes::malformed;
use super::columns::{NUM_COLUMNS, Row};
use super::directory::StageEntry;
use super::source::Source;
use std::io;

/// Blocks that are kept, about 16 KiB each.
const KEPT_BLOCKS: usize = 256;

/// Reads rows in any order; those near the ones before come from memory.
pub(super) struct RowReader<'a> {
    source: &'a Source,
    blocks: &'a [BlockPlace],
    /// The first row of each block.
    starts: Vec<usize>,
    kept: Vec<Option<(usize, Box<Block>)>>,
    row: Row,
}

impl<'a> RowReader<'a> {
    pub(super) fn new(source: &'a Source, stage: &'a StageEntry) -> Self {
        let start = |start: &mut usize, block: &BlockPlace| {
            let first = *start;
            *start += usize::from(block.rows);
            Some(first)
        };
        let starts = stage.blocks.iter().scan(0, start).collect();
        let kept = (0..KEPT_BLOCKS.min(stage.blocks.len())).map(|_| None).collect();
        Self { source, blocks: &stage.blocks, starts, kept, row: [0; NUM_COLUMNS] }
    }

    pub(super) fn row(&mut self, row: usize) -> io::Result<&Row> {
        let beyond = || malformed("a stage ends early");
        let block = self.starts.partition_point(|start| *start <= row).checked_sub(1);
        let number = block.ok_or_else(beyond)?;
        let len = self.kept.len();
        let kept = &mut self.kept[number % len];
        if kept.as_ref().is_none_or(|(kept, _)| *kept != number) {
            let mut block = kept.take().map_or_else(|| Box::new(Block::new()), |(_, block)| block);
            block.load(self.source, self.blocks[number])?;
            *kept = Some((number, block));
        }
        let (_, block) = kept.as_ref().ok_or_else(beyond)?;
        let within = row - self.starts[number];
        if within >= block.rows() {
            return Err(beyond());
        }
        block.row(within, &mut self.row);
        Ok(&self.row)
    }
}
