//! Requests, figures and the program, through the public surface.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that panics has said what it wanted to say, and one that is not run says why"
)]

#[path = "../../../tinderbox-cli/tests/it/free_port.rs"]
mod free_port;
mod object_store;
mod program;
mod requests;
mod scaling;
