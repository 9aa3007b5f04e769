//! The real router on a temporary data directory, without Spark.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has said what it wanted to say"
)]

mod api;
mod data_sets;
mod fleet;
mod guard;
mod history;
mod inside;
mod site;
