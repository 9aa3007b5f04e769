//! Files that are large and final: the task table (Parquet) and the detail file of an attempt.
//!
//! A file is written under a new name beside its final place, synced, and renamed when it is complete: a reader
//! never sees half a file, and one that was dropped or failed leaves nothing. (A process that is killed leaves a
//! name that begins with a dot; the manifest in `tinderbox-store` does not know it, and Spark does not read it.)
//!
//! Invariants: no SQL and no clock. Bounded memory: a writer holds as many tasks as it is allowed bytes and then
//! spills to anonymous files, a reader holds the rows that it answers. All functions block; call them where blocking
//! is allowed.

mod atomic_file;
mod detail;
mod error;
mod layout;
mod pack;
mod tasks;

pub use detail::{DETAIL_VERSION, read_detail, write_detail};
pub use error::Error;
pub use layout::Place;
pub use pack::{
    PACK_VERSION, Pack, PackDirection, PackMetric, PackOptions, PackPage, PackQuery, PackSort,
    PackStage, PackWriter, retained_tasks,
};
pub use tasks::{
    Direction, TASK_TABLE_VERSION, TaskFilter, TaskQuery, TaskSort, TaskWriter, TaskWriterOptions,
    Written, count_tasks, read_tasks,
};
