//! Event logs in local directories and object stores, and those that history servers hand out.
#![allow(clippy::unwrap_used, reason = "a test that panics has said what it wanted to say")]
#![allow(
    clippy::print_stdout,
    reason = "times and what did not run are for the reader of the test's output"
)]

mod create;
mod fake_http;
#[path = "../../../tinderbox-cli/tests/it/free_port.rs"]
mod free_port;
mod history_server;
mod local;
mod object_store;
mod places;
mod sources;
