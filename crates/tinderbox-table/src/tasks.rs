//! The task table: one row per task, clustered by stage attempt, then by task index and attempt.

mod batch;
mod columns;
mod reader;
mod scan;
mod spill;
mod writer;

pub use reader::{Direction, TaskFilter, TaskQuery, TaskSort, count_tasks, read_tasks};
pub use writer::{TaskWriter, TaskWriterOptions, Written};

/// The version of the format that is written, and the newest that is read. It lies in the Parquet file's key-value
/// metadata under `tinderbox.task_table`. A version only adds columns; what a column means never changes.
pub const TASK_TABLE_VERSION: u64 = 1;

const VERSION_KEY: &str = "tinderbox.task_table";
const WHAT: &str = "task table of Tinderbox";
