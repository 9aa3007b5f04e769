//! Files that are large and final: the task pack and the detail file of an attempt, and Parquet tables.
//!
//! A file is written under a new name beside its final place, synced, and renamed when it is complete: a reader
//! never sees half a file, and one that was dropped or failed leaves nothing. (A process that is killed leaves a
//! name that begins with a dot; the manifest in `tinderbox-store` does not know it, and Spark does not read it.)
//!
//! Invariants: no SQL and no clock. Bounded memory: no writer holds all tasks, a reader holds the rows that it answers
//! and at most a few numbers a task of a stage. All functions block; call them where blocking is allowed.

mod atomic_file;
mod columns;
mod dataset;
mod detail;
mod error;
mod file_store;
mod job_index;
mod job_set;
mod layout;
mod pack;
mod tables;

pub use columns::parquet_columns;
pub use dataset::{
    ColumnKind, ColumnSpec, DataSetFile, DataSetFormat, DataSetPart, DataSetRows, DataSetSummary,
    DataSetTable, Encoder, PartEncoder, TextColumn, WrittenFile, write_summary,
};
pub use detail::{DETAIL_VERSION, read_detail, write_detail};
pub use error::Error;
pub use file_store::{FileStore, LocalFiles, NewFile, NewFolder, conformance};
pub use job_index::{
    JOB_INDEX_VERSION, JobColumn, JobColumnKind, JobCursor, JobIndex, JobPage, JobQuery, JobRow,
    JobSort, JobTally, JobValue, RowRange,
};
pub use job_set::{DetailFile, ErrorRow, JobSet, JobSetFacts, JobSetWarning, OperatorRow};
pub use layout::Place;
pub use pack::{
    Direction, PACK_VERSION, Pack, PackMetric, PackOptions, PackPage, PackQuery, PackSort,
    PackStage, PackWriter, Timeline, TimelineExtent, retained_tasks,
};
pub use tables::{RowOwner, TABLE_VERSION, Table, Written, compact, write_table, write_tasks};
