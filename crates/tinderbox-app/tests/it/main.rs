//! The use cases against a fake `spark-submit`: every end a run can have, restarts, and collected logs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that panics has said what it wanted to say"
)]

mod bench;
mod collect;
#[path = "../../../tinderbox-cli/tests/it/free_port.rs"]
mod free_port;
mod history_sql;
mod object_files;
mod restart;
mod runs;
mod sessions;
