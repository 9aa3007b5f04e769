//! Jobs by a part of their name or id.

use super::bitmap::Bitmap;
use super::column::JobColumn;
use super::directory::{BLOCK_ROWS, malformed};
use super::file::JobIndex;
use super::sections::ID_END;
use std::io;
use std::ops::Range;
use std::sync::{Arc, PoisonError};

/// Blocks that are read together.
const BLOCKS: usize = 16;
/// Answers that are kept, an eighth of a byte a job each.
const KEPT: usize = 4;

impl JobIndex {
    /// Jobs that have `text` in their name or id. The latest answers are kept: a list is read page by page.
    pub(super) fn search(&self, text: &str) -> io::Result<Arc<Bitmap>> {
        let folded = text.to_lowercase();
        {
            let mut kept = self.searches.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(at) = kept.iter().position(|(known, _)| *known == folded) {
                let known = kept.remove(at);
                let found = Arc::clone(&known.1);
                kept.push(known);
                return Ok(found);
            }
        }
        let mut found = Bitmap::empty(self.directory.num_jobs as usize);
        if self.directory.ids_begin_with.contains(&folded) {
            found.insert_all(self.directory.num_jobs);
        } else {
            self.search_names(&folded, &mut found)?;
            self.search_ids(&folded, 0..self.directory.num_jobs, &mut found)?;
        }
        let found = Arc::new(found);
        let mut kept = self.searches.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((folded, Arc::clone(&found)));
        Ok(found)
    }

    /// Names that fit are ranges of words, and the jobs that have them are ranges of the order of names.
    fn search_names(&self, folded: &str, found: &mut Bitmap) -> io::Result<()> {
        let name = JobColumn::Name;
        let words = &self.words[name.at()];
        let mut rows = Vec::new();
        for cells in words.containing(folded) {
            let place = |key| self.name_places.get(usize::try_from(key).ok()?).copied();
            let places = place(words.key(cells.start)).zip(place(words.key(cells.end - 1) + 1));
            let (start, end) = places.ok_or_else(|| malformed("a name of it has no place"))?;
            self.rows_at(name, start..end.max(start), &mut rows)?;
            rows.iter().for_each(|row| found.insert(*row));
        }
        Ok(())
    }

    fn search_ids(&self, folded: &str, rows: Range<u32>, found: &mut Bitmap) -> io::Result<()> {
        if rows.is_empty() || folded.as_bytes().contains(&ID_END) {
            return Ok(());
        }
        let finder = memchr::memmem::Finder::new(folded);
        let blocks = rows.start as usize / BLOCK_ROWS..(rows.end as usize).div_ceil(BLOCK_ROWS);
        let mut bytes = Vec::new();
        for first in blocks.clone().step_by(BLOCKS) {
            let last = (first + BLOCKS).min(blocks.end);
            let start = self.id_blocks.get(first).copied().unwrap_or(0);
            let end = self.id_blocks.get(last).copied().unwrap_or(self.directory.ids.len);
            bytes.resize(usize::try_from(end.saturating_sub(start)).unwrap_or(0), 0);
            self.read_at(&mut bytes, self.directory.ids.offset + start)?;
            if self.directory.ids_have_upper_case {
                bytes.make_ascii_lowercase();
            }
            // How many ids end before `counted` is the job's place within these blocks.
            let (mut row, mut counted, mut from) = (first * BLOCK_ROWS, 0, 0);
            while let Some(at) = finder.find(&bytes[from..]).map(|at| from + at) {
                row += memchr::memchr_iter(ID_END, &bytes[counted..at]).count();
                found.insert(
                    u32::try_from(row).unwrap_or(u32::MAX).min(self.directory.num_jobs - 1),
                );
                // The rest of this id adds nothing.
                let end = memchr::memchr(ID_END, &bytes[at..]).map_or(bytes.len(), |end| at + end);
                (counted, from) = (end, end);
            }
        }
        Ok(())
    }
}
