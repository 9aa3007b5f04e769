//! The formats and the fold, on hand-written lines and on logs of real applications.
#![allow(clippy::unwrap_used, reason = "a test that panics has said what it wanted to say")]
// The answers of the history server are wide JSON objects.
#![recursion_limit = "256"]

mod causes;
mod check_log;
mod codecs;
mod contradictions;
mod cut;
mod fixtures;
mod fuzz;
mod history_server;
mod submit_arguments;
mod write;
