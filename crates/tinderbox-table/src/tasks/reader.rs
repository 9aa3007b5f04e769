use super::scan::{Key, Table};
use crate::error::Error;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;
use std::path::Path;
use tinderbox_model::{StageAttemptId, Task, TaskStatus};

/// Which tasks. Every field that is set must fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaskFilter {
    /// Of this stage attempt.
    pub stage: Option<StageAttemptId>,
    /// With this status.
    pub status: Option<TaskStatus>,
}

/// A page of tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskQuery {
    /// Which tasks.
    pub filter: TaskFilter,
    /// By what they are sorted. Equal ones come in the order of the table.
    pub sort: TaskSort,
    /// Which way.
    pub direction: Direction,
    /// Tasks to skip.
    pub offset: u64,
    /// Most tasks to answer.
    pub limit: u64,
}

/// What tasks can be sorted by. A task that lacks the value counts as zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TaskSort {
    /// Stage, stage attempt, index in the stage, attempt: the order of the table.
    #[default]
    Position,
    /// When the driver launched it.
    LaunchTime,
    /// From launch to finish; zero for one that had not finished.
    Duration,
    /// Time that its code ran.
    ExecutorRunTime,
    /// CPU time of the same.
    ExecutorCpuTime,
    /// Garbage collection.
    JvmGcTime,
    /// Bytes read from storage.
    InputBytes,
    /// Bytes written to storage.
    OutputBytes,
    /// Shuffle bytes read, remote and local.
    ShuffleReadBytes,
    /// Shuffle records read.
    ShuffleReadRecords,
    /// Time blocked on shuffle data.
    ShuffleFetchWaitTime,
    /// Shuffle bytes written.
    ShuffleWriteBytes,
    /// Bytes spilled to disk.
    DiskBytesSpilled,
    /// In-memory size of what was spilled.
    MemoryBytesSpilled,
    /// Peak of execution memory.
    PeakExecutionMemory,
}

/// Which way to sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// The smallest first.
    #[default]
    Ascending,
    /// The largest first.
    Descending,
}

/// Reads a page of a task table.
///
/// Row groups of other stages are skipped by their statistics. A sort reads the sorted column of the fitting row
/// groups, then the pages of the answered rows; it holds `offset + limit` numbers.
///
/// # Errors
/// [`Error::Open`]; [`Error::NewerVersion`]; [`Error::Damaged`].
pub fn read_tasks(path: &Path, query: &TaskQuery) -> Result<Vec<Task>, Error> {
    let table = Table::open(path)?;
    let rows = match (query.sort, query.direction) {
        (TaskSort::Position, Direction::Ascending) => first_rows(&table, query)?,
        _ => ranked_rows(&table, query)?,
    };
    table.read(&rows)
}

/// How many tasks fit. Reads nothing but statistics where a row group holds one stage only, and only the stage's and
/// status' columns elsewhere.
///
/// # Errors
/// As [`read_tasks`].
pub fn count_tasks(path: &Path, filter: &TaskFilter) -> Result<u64, Error> {
    let mut count = 0;
    Table::open(path)?.scan(filter, Key::Row, |_, _| {
        count += 1;
        ControlFlow::Continue(())
    })?;
    Ok(count)
}

fn first_rows(table: &Table<'_>, query: &TaskQuery) -> Result<Vec<u64>, Error> {
    let (mut skip, limit) = (query.offset, as_len(query.limit));
    let mut rows = Vec::new();
    table.scan(&query.filter, Key::Row, |row, _| {
        if skip > 0 {
            skip -= 1;
        } else if rows.len() < limit {
            rows.push(row);
        } else {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    Ok(rows)
}

fn ranked_rows(table: &Table<'_>, query: &TaskQuery) -> Result<Vec<u64>, Error> {
    let keep = as_len(query.offset.saturating_add(query.limit));
    // The largest of those kept is on top.
    let mut kept = BinaryHeap::new();
    table.scan(&query.filter, key_of(query.sort), |row, key| {
        // Complement turns the order around without overflow.
        let rank = if query.direction == Direction::Descending { !key } else { key };
        if kept.len() < keep {
            kept.push((rank, row));
        } else if let Some(mut largest) = kept.peek_mut()
            && (rank, row) < *largest
        {
            *largest = (rank, row);
        }
        ControlFlow::Continue(())
    })?;
    let ranked = kept.into_sorted_vec();
    Ok(ranked.into_iter().skip(as_len(query.offset)).map(|(_, row)| row).collect())
}

fn key_of(sort: TaskSort) -> Key {
    match sort {
        TaskSort::Position => Key::Row,
        TaskSort::LaunchTime => Key::Sum(&["launch_time_ms"]),
        TaskSort::Duration => Key::Duration,
        TaskSort::ExecutorRunTime => Key::Sum(&["executor_run_time_ms"]),
        TaskSort::ExecutorCpuTime => Key::Sum(&["executor_cpu_time_ns"]),
        TaskSort::JvmGcTime => Key::Sum(&["jvm_gc_time_ms"]),
        TaskSort::InputBytes => Key::Sum(&["input_bytes"]),
        TaskSort::OutputBytes => Key::Sum(&["output_bytes"]),
        TaskSort::ShuffleReadBytes => {
            Key::Sum(&["shuffle_remote_bytes_read", "shuffle_local_bytes_read"])
        }
        TaskSort::ShuffleReadRecords => Key::Sum(&["shuffle_read_records"]),
        TaskSort::ShuffleFetchWaitTime => Key::Sum(&["shuffle_fetch_wait_time_ms"]),
        TaskSort::ShuffleWriteBytes => Key::Sum(&["shuffle_write_bytes"]),
        TaskSort::DiskBytesSpilled => Key::Sum(&["disk_bytes_spilled"]),
        TaskSort::MemoryBytesSpilled => Key::Sum(&["memory_bytes_spilled"]),
        TaskSort::PeakExecutionMemory => Key::Sum(&["peak_execution_memory_bytes"]),
    }
}

fn as_len(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
