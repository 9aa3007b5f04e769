//! Requests, figures and the program, through the public surface.
#![allow(clippy::unwrap_used, reason = "a test that panics has said what it wanted to say")]

mod requests;
mod scaling;
