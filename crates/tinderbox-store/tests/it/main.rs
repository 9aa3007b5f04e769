//! The conformance suite of the store: every behavior is a function that takes a [`tinderbox_store::Store`], so that
//! a further database runs the same ones; plus what only a file on disk can show.
#![allow(clippy::expect_used, reason = "a test that panics has said what it wanted to say")]

mod conformance;
mod counters;
mod crash;
mod file;
mod lists;
mod prune;
mod rollups;
mod scale_jobs;
mod search;
mod sqlite;

use tinderbox_model::{AttemptNumber, RunId, RunState, TimestampMs};
use tinderbox_store::{Attempt, Run};

/// A fixed day, plus `ms`.
fn at(ms: i64) -> TimestampMs {
    TimestampMs(1_760_000_000_000 + ms)
}

fn run(id: &str) -> Run {
    Run::new(RunId::new(id), format!("Run {id}"), at(0))
}

fn attempt(run: &str, number: u32) -> Attempt {
    Attempt {
        run: RunId::new(run),
        number: AttemptNumber(number),
        state: RunState::Queued,
        identity: format!("{{\"token\":\"{run}-{number}\"}}"),
        directory: format!("runs/{run}/{number}"),
        event_log: None,
        created: at(10),
        ended: None,
        exit_code: None,
    }
}
