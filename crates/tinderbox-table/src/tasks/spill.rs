use super::batch;
use super::writer::order_of;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fs::File;
use std::io;
use std::path::Path;
use tinderbox_model::Task;

/// Sorted runs of tasks on disk, in files without a name: they are gone when the process is.
#[derive(Debug, Default)]
pub(super) struct Spills {
    files: Vec<File>,
}

impl Spills {
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// A new file to which a sorted run is written.
    pub(super) fn add(&mut self, folder: &Path) -> io::Result<File> {
        let file = tempfile::tempfile_in(folder)?;
        self.files.push(file.try_clone()?);
        Ok(file)
    }

    /// Hands all tasks to `write` in order, holding one batch of every run.
    pub(super) fn merge(
        self,
        mut write: impl FnMut(Task) -> Result<(), ParquetError>,
    ) -> Result<(), ParquetError> {
        let mut runs = Vec::with_capacity(self.files.len());
        let mut heads = BinaryHeap::with_capacity(self.files.len());
        for file in self.files {
            let mut run = Run::open(file)?;
            heads.extend(run.next()?.map(|task| Reverse(Head { task, run: runs.len() })));
            runs.push(run);
        }
        while let Some(Reverse(Head { task, run })) = heads.pop() {
            write(task)?;
            heads.extend(runs[run].next()?.map(|task| Reverse(Head { task, run })));
        }
        Ok(())
    }
}

/// A run that is being read.
struct Run {
    batches: ParquetRecordBatchReader,
    tasks: std::vec::IntoIter<Task>,
}

impl Run {
    fn open(file: File) -> Result<Self, ParquetError> {
        let batches =
            ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(1_024).build()?;
        Ok(Self { batches, tasks: Vec::new().into_iter() })
    }

    fn next(&mut self) -> Result<Option<Task>, ParquetError> {
        loop {
            if let Some(task) = self.tasks.next() {
                return Ok(Some(task));
            }
            let Some(batch) = self.batches.next() else { return Ok(None) };
            self.tasks = batch::decode(&batch?)?.into_iter();
        }
    }
}

/// The next task of a run, ordered as the table is.
struct Head {
    task: Task,
    run: usize,
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        (order_of(&self.task), self.run).cmp(&(order_of(&other.task), other.run))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head {}
