//! Spark Connect: Sail as a child process, sessions on any Spark Connect server, and free SQL over Parquet files.
//!
//! Invariants: every place and every limit is an argument. (The client crate reads `SPARK_CONNECT_AUTHENTICATE_TOKEN` and
//! `SPARK_CONNECT_USER_AGENT`; nothing here reads the environment.) No type of the
//! client crate is in a public signature. SQL of users reaches a server only as a [`Query`], which is a single query
//! over named tables and nothing else, except in an [`InteractiveSession`], whose statements are its owner's. Answers are bounded in rows, in bytes and in time;
//! the time of everything else is the caller's to bound.

mod analysis;
mod answer;
mod debugger;
mod error;
mod failure;
mod interactive;
mod job;
mod operation;
mod preview;
mod problem;
mod profile;
mod query;
mod relation;
mod sail;
mod schema;
mod session;
mod trial;

pub use analysis::{Analyzer, NodeColumns};
pub use answer::{Answer, Column};
pub use debugger::{
    Breakpoint, DebugData, Debugger, Edited, NodeState, Origin, Step, Stop, StopReason,
};
pub use error::Error;
pub use failure::{Position, ServerFailure};
pub use interactive::{
    Closed, ConnectProfile, ExplainMode, InteractiveSession, NodeRows, NodeRun, SessionId,
};
pub use job::{Executed, Job, Progress, not_on_sail};
pub use operation::OperationId;
pub use preview::Preview;
pub use problem::{Problem, ProblemKind};
pub use profile::{CheckedExpectation, ColumnProfile, Profile, Range};
pub use query::Query;
pub use relation::{Engine, Reason, Refusal, lenient_on_sail};
pub use sail::{SAIL_VERSION, Sail, SailEnvironment, SailLimits};
pub use schema::Schema;
pub use session::{Limits, Session};
pub use trial::{Comparison, Trial};
