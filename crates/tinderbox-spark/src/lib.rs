//! Spark's formats. Everything that changes when Spark changes is in this crate and nowhere else.
//!
//! * [`log`] knows names, layouts, codecs and lines of event logs.
//! * [`rest`] knows the answers of Spark's History Server.
//! * [`SubmitArguments`] knows the command line of `spark-submit`.
//! * [`Fold`] turns events into a [`tinderbox_model::Application`]. Event logs and the live stream of the
//!   listener pass through the same fold, so that a number has one meaning.
//!
//! Invariants: no paths are opened here (callers bring a [`std::io::Read`]), no clock, no threads. Foreign
//! data never fails as a whole: what is unknown is counted and skipped, what is cut off ends the stream and
//! is noted in [`tinderbox_model::Completeness`].

mod error;
mod event;
mod fold;
pub mod log;
mod plan_graph;
pub mod rest;
mod scala_order;
mod stack_trace;
mod submit;

pub use error::Error;
pub use event::{event_name, rewrite_line};
pub use fold::{Fold, ParsedLine};
pub use stack_trace::{Cause, Relation, causes};
pub use submit::{
    DeployMode, ProgramKind, SubmitAction, SubmitArguments, SubmitError, SubmitRequest,
    parse_properties,
};
