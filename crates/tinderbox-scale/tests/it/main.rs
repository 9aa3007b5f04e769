//! Requests, figures and the program, through the public surface.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that panics has said what it wanted to say, and one that is not run says why"
)]

mod object_store;
mod program;
mod requests;
mod scaling;
