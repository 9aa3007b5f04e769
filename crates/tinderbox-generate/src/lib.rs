//! Synthetic Spark jobs that are the same for everyone who asks for the same: tables of jobs, operators and errors.
//!
//! A job is drawn from the top down: what it is, how long it takes and whether it fails, then its operators, of which
//! each is one stage. What is known about a job depends on the [`Order`], the [`Models`] and its number in a block, and
//! on nothing else: no clock, no environment, no other block, no number of threads. Figures that belong together agree: operators
//! take the time of their job, a stage reads what the one before wrote, spill and garbage collection follow from data
//! and memory, sums are sums.
//!
//! Invariants: writes only below the folder that it is given, where all files are whole or none is there.

mod block;
mod draw;
mod error;
mod fit;
mod job;
mod live;
mod log;
mod model;
mod plan;
mod random;
mod rows;
mod scenario;
mod warning;
mod words;
mod write;

pub use block::BLOCK_JOBS;
pub use error::Error;
pub use fit::{Fit, FitReport, FittedType, LEAST_RUNS, PastRun, PastStage, fit};
pub use job::{Job, JobStatus, Stage, StageStatus};
pub use live::{LiveBatch, LiveBatches, LivePace, LiveSpan};
pub use log::{Codec, LogForm, write_log};
pub use model::{
    Cluster, DEFAULT_MODELS, Duration, Failure, Input, JobType, Models, Operator, OperatorKind,
    Retries, Schedule,
};
pub use plan::{Order, Plan};
pub use scenario::Scenario;
pub use tinderbox_table::{DataSetFormat, DataSetSummary, DataSetTable, FileStore, LocalFiles};
pub use write::{Output, Written, write};
