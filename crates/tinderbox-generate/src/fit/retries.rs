//! Which runs were second tries of one that had failed.

use super::robust::{count_of, median, rounded};
use super::{PastRun, Recurring};
use crate::model::Retries;

/// A retry begins within this time after the failure.
const LONGEST_PAUSE_MS: i64 = 2 * 3_600_000;
/// What a retry reads is the same, up to this.
const SAME_INPUT: f64 = 0.01;
/// The share is learned from so many failures, the pause from so many retries.
const LEAST_FAILURES: usize = 10;
const LEAST_RETRIES: usize = 3;

pub(super) struct Found {
    /// Which attempt each run is, recurring job by recurring job and by start.
    pub(super) attempts: Vec<u32>,
    /// Attempts that failed.
    failed: Vec<u32>,
    /// Seconds from a first failure to its retry.
    pauses: Vec<f64>,
}

pub(super) fn find(jobs: &Recurring<'_>) -> Found {
    let mut found = Found { attempts: Vec::new(), failed: Vec::new(), pauses: Vec::new() };
    for runs in jobs.values() {
        let usual = usual_interval(runs);
        let mut attempts = vec![1_u32; runs.len()];
        for (place, run) in runs.iter().enumerate() {
            if run.failure.is_none() {
                continue;
            }
            found.failed.push(attempts[place]);
            let again = (place + 1..runs.len())
                .take_while(|next| runs[*next].start.0 - run.end_ms() <= LONGEST_PAUSE_MS)
                .find(|next| attempts[*next] == 1 && tries_again(run, runs[*next], usual));
            if let Some(next) = again {
                attempts[next] = attempts[place] + 1;
                if attempts[place] == 1 {
                    found
                        .pauses
                        .push(crate::job::float(runs[next].start.0 - run.end_ms()) / 1000.0);
                }
            }
        }
        found.attempts.extend(attempts);
    }
    found
}

/// It reads the same; where that is not known it comes much sooner than the next one would.
fn tries_again(run: &PastRun, next: &PastRun, usual_ms: f64) -> bool {
    let pause = next.start.0 - run.end_ms();
    let (before, after) = (run.input_bytes(), next.input_bytes());
    let is_same = if before > 0.0 && after > 0.0 {
        (before / after - 1.0).abs() <= SAME_INPUT
    } else {
        crate::job::float(pause) < usual_ms / 4.0
    };
    pause >= 0 && is_same
}

/// The median time between starts.
fn usual_interval(runs: &[&PastRun]) -> f64 {
    let intervals =
        runs.windows(2).map(|pair| crate::job::float(pair[1].start.0 - pair[0].start.0));
    median(&intervals.collect::<Vec<_>>())
}

pub(super) fn learn(found: &Found, built_in: &Retries, kept: &mut Vec<&'static str>) -> Retries {
    let most = found.attempts.iter().max().copied().unwrap_or(1) - 1;
    if found.failed.len() < LEAST_FAILURES {
        kept.extend(["retries.share", "retries.most", "retries.delay_seconds"]);
        return *built_in;
    }
    // The last attempt that there may be is not tried again.
    let could = found.failed.iter().filter(|attempt| most == 0 || **attempt <= most).count();
    let again = found.attempts.iter().filter(|attempt| **attempt > 1).count();
    let mut known = |is_known: bool, field: &'static str| {
        if !is_known {
            kept.push(field);
        }
        is_known
    };
    Retries {
        share: rounded((count_of(again) / count_of(could.max(1))).min(1.0)),
        most: if known(most > 0, "retries.most") { most.min(10) } else { built_in.most },
        delay_seconds: if known(found.pauses.len() >= LEAST_RETRIES, "retries.delay_seconds") {
            rounded(median(&found.pauses).clamp(0.0, 86_400.0))
        } else {
            built_in.delay_seconds
        },
    }
}
