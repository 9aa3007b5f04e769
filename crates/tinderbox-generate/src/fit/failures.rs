//! Why runs failed: messages with their shares and the kinds of operators to which they happen.

use super::robust::{count_of, median, rounded};
use super::{PastRun, Recurring, operators};
use crate::model::{Failure, JobType, Models, OperatorKind};
use std::collections::BTreeMap;

/// The most frequent messages that are told apart.
const MOST_MESSAGES: usize = 20;
/// Longer messages are cut.
const MOST_LETTERS: usize = 200;
/// Rounds in which shares are brought to what was seen.
const ROUNDS: usize = 50;
/// The share of a reason that is there so that every operator can fail, of all.
const ANY_SHARE: f64 = 0.001;

#[derive(Default)]
struct Seen {
    count: usize,
    by_kind: [usize; 4],
    attempts: Vec<f64>,
}

/// Reasons, and of how many failures. Without failures those that are built in.
pub(super) fn learn(
    groups: &BTreeMap<String, Recurring<'_>>,
    job_types: &[JobType],
    built_in: &Models,
) -> (Vec<Failure>, usize) {
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    for (group, job_type) in groups.values().zip(job_types) {
        for run in group.values().flatten() {
            if let Some(message) = &run.failure {
                note(seen.entry(reason(message)).or_default(), run, job_type);
            }
        }
    }
    let all: usize = seen.values().map(|seen| seen.count).sum();
    let mut seen: Vec<_> = seen.into_iter().collect();
    seen.sort_by(|a, b| b.1.count.cmp(&a.1.count).then_with(|| a.0.cmp(&b.0)));
    seen.truncate(MOST_MESSAGES);
    if seen.is_empty() {
        return (built_in.failures.clone(), 0);
    }
    let shares = shares(&seen);
    let mut failures: Vec<_> = seen
        .iter()
        .zip(shares)
        .map(|((message, seen), share)| failure(message, seen, share, built_in))
        .collect();
    let is_covered = |kind| failures.iter().any(|failure| failure.happens_to(kind));
    if !KINDS.into_iter().all(is_covered)
        && let Some(any) = built_in.failures.iter().find(|failure| failure.kinds.is_empty())
    {
        let all: f64 = failures.iter().map(|failure| failure.share).sum();
        failures.push(Failure { share: rounded(all * ANY_SHARE), ..any.clone() });
    }
    (failures, all)
}

const KINDS: [OperatorKind; 4] =
    [OperatorKind::Read, OperatorKind::Shuffle, OperatorKind::Compute, OperatorKind::Write];

fn note(seen: &mut Seen, run: &PastRun, job_type: &JobType) {
    seen.count += 1;
    let failed = run.stages.iter().find(|stage| stage.has_failed);
    seen.attempts.push(f64::from(failed.map_or(0, |stage| stage.num_failed_tasks)));
    let name = operators::failed_at(run);
    let kind = job_type.operators.iter().find(|operator| Some(&operator.name) == name.as_ref());
    if let Some(place) = kind.and_then(|o| KINDS.iter().position(|kind| *kind == o.kind)) {
        seen.by_kind[place] += 1;
    }
}

/// Shares by which messages come as often as they came: each is drawn among those that can happen to an operator, so
/// shares are scaled until the expected numbers are those seen (iterative proportional fitting).
fn shares(seen: &[(String, Seen)]) -> Vec<f64> {
    let mut shares: Vec<f64> = seen.iter().map(|(_, seen)| count_of(seen.count)).collect();
    let at: [f64; 4] =
        std::array::from_fn(|kind| seen.iter().map(|(_, seen)| count_of(seen.by_kind[kind])).sum());
    for _ in 0..ROUNDS {
        let happens = |seen: &Seen, kind: usize| is_anywhere(seen) || seen.by_kind[kind] > 0;
        let sums: [f64; 4] = std::array::from_fn(|kind| {
            let of_kind = seen.iter().zip(&shares).filter(|((_, seen), _)| happens(seen, kind));
            of_kind.map(|(_, share)| share).sum()
        });
        let expected: Vec<f64> = seen
            .iter()
            .zip(&shares)
            .map(|((_, seen), share)| {
                let kinds = (0..4).filter(|kind| happens(seen, *kind) && sums[*kind] > 0.0);
                kinds.map(|kind| at[kind] * share / sums[kind]).sum()
            })
            .collect();
        for ((share, expected), (_, seen)) in shares.iter_mut().zip(expected).zip(seen) {
            if expected > 0.0 {
                *share *= count_of(seen.count) / expected;
            }
        }
    }
    let all: f64 = shares.iter().sum();
    shares.iter().map(|share| rounded((100.0 * share / all).max(1e-3))).collect()
}

/// Seen at operators of all kinds, or of none that is known.
fn is_anywhere(seen: &Seen) -> bool {
    seen.by_kind.iter().all(|count| *count > 0) || seen.by_kind.iter().all(|count| *count == 0)
}

fn failure(message: &str, seen: &Seen, share: f64, built_in: &Models) -> Failure {
    let known = built_in.failures.iter().find(|failure| failure.message == message);
    let kinds = KINDS.into_iter().zip(seen.by_kind).filter(|(_, count)| *count > 0);
    let kinds = if is_anywhere(seen) { Vec::new() } else { kinds.map(|(kind, _)| kind).collect() };
    let attempts = median(&seen.attempts).clamp(0.0, 100.0);
    Failure {
        message: message.to_owned(),
        share,
        kinds,
        task_attempts: u32::try_from(crate::job::whole(attempts)).unwrap_or(0),
        is_recoverable: known.is_none_or(|failure| failure.is_recoverable),
        is_out_of_memory: message.contains("OutOfMemoryError"),
        stack_trace: known.and_then(|failure| failure.stack_trace.clone()),
    }
}

/// Without what Spark says around the reason, which differs from run to run: tasks, hosts, attempts.
fn reason(message: &str) -> String {
    let mut text = message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("");
    if let Some((_, rest)) = text.split_once("most recent failure: ") {
        text = rest;
    }
    if text.starts_with("Lost task ")
        && let Some((_, rest)) = text.split_once("): ")
    {
        text = rest;
    }
    if text.starts_with("Job ")
        && let Some((_, rest)) = text.split_once(" cancelled: ")
    {
        text = rest;
    }
    let text: String = text.chars().filter(|c| !c.is_control()).take(MOST_LETTERS).collect();
    if text.trim().is_empty() {
        "the reason is not known".to_owned()
    } else {
        text.trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_what_spark_says_in_the_end() {
        for (message, expected) in [
            (
                "Job aborted due to stage failure: Task 3 in stage 2.0 failed 4 times, most recent failure: Lost task 3.3 in stage 2.0 (TID 41) (host executor 1): java.io.IOException: no\n\tat x",
                "java.io.IOException: no",
            ),
            (
                "Job 0 cancelled: java.util.concurrent.TimeoutException: late",
                "java.util.concurrent.TimeoutException: late",
            ),
            ("", "the reason is not known"),
        ] {
            assert_eq!(reason(message), expected);
        }
    }

    /// One message at reading only, another everywhere: 10 and 30 failures, of which 10 and 10 at reading.
    #[test]
    fn messages_will_come_as_often_as_they_came() {
        let seen = |count, by_kind| Seen { count, by_kind, attempts: Vec::new() };
        let shares = shares(&[
            ("read".to_owned(), seen(10, [10, 0, 0, 0])),
            ("any".to_owned(), seen(30, [10, 8, 6, 6])),
        ]);
        assert!((shares[0] / shares[1] - 1.0).abs() < 0.01, "{shares:?}");
    }
}
