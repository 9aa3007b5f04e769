//! A type's operators from the stages of its runs.

use super::robust::{count_of, mean, median, rounded};
use super::{PastRun, PastStage, names};
use crate::model::{MOST_OPERATORS, Models, Operator, OperatorKind};
use std::collections::{BTreeMap, BTreeSet};

/// The operators of the most frequent order of stages, and a sentence on how frequent it is.
pub(super) fn learn(completed: &[&PastRun], built_in: &Models) -> (Vec<Operator>, Option<String>) {
    let mut orders: BTreeMap<Vec<String>, Vec<Vec<Part>>> = BTreeMap::new();
    for run in completed.iter().filter(|run| !run.stages.is_empty()) {
        let parts = parts(run);
        let order = parts.iter().map(|part| part.name.clone()).collect();
        orders.entry(order).or_default().push(parts);
    }
    let all: usize = orders.values().map(Vec::len).sum();
    // Of those that are equally frequent the one that comes first in the alphabet.
    let Some((order, runs)) = orders.iter().rev().max_by_key(|(_, runs)| runs.len()) else {
        return (Vec::new(), None);
    };
    let operators = order.iter().enumerate().map(|(place, name)| {
        let of_stage: Vec<&Part> = runs.iter().filter_map(|parts| parts.get(place)).collect();
        operator(name, &of_stage, place + 1 == order.len(), built_in)
    });
    let note = format!("Operators are the stages of {} of {all} runs that went well.", runs.len());
    (operators.collect(), Some(note))
}

/// Where runs failed, as a sentence.
pub(super) fn failing(runs: &[&PastRun]) -> Option<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.failure.is_some()) {
        if let Some(part) = parts(run).into_iter().find(|part| part.has_failed) {
            *counts.entry(part.name).or_default() += 1;
        }
    }
    let all = count_of(counts.values().sum());
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let shown = counts
        .iter()
        .take(5)
        .map(|(name, count)| format!("{name} ({:.0} %)", 100.0 * count_of(*count) / all));
    let shown = shown.collect::<Vec<_>>().join(", ");
    (!shown.is_empty()).then(|| format!("Failed at: {shown}."))
}

/// The name of the operator at which a run failed.
pub(super) fn failed_at(run: &PastRun) -> Option<String> {
    parts(run).into_iter().find(|part| part.has_failed).map(|part| part.name)
}

/// Stages of a run that became one operator.
struct Part {
    name: String,
    /// Of the time of all stages.
    share: f64,
    input: f64,
    of_input: f64,
    output: f64,
    shuffle_read: f64,
    rows: Option<f64>,
    has_failed: bool,
}

/// Stages with the same name one after another are one; a name that comes again later gets a number.
fn parts(run: &PastRun) -> Vec<Part> {
    let input = run.input_bytes();
    let time: f64 = run.stages.iter().map(|stage| stage.time.as_f64()).sum();
    let mut groups: Vec<(String, Vec<&PastStage>)> = Vec::new();
    for stage in &run.stages {
        let name = names::plain(&stage.name);
        let is_full = groups.len() == MOST_OPERATORS;
        match groups.last_mut() {
            Some((last, stages)) if *last == name || is_full => stages.push(stage),
            _ => groups.push((name, vec![stage])),
        }
    }
    let mut used: BTreeSet<String> = BTreeSet::new();
    let parts = groups.into_iter().map(|(name, stages)| {
        let others = (2..).map(|number: usize| format!("{name}_{number}"));
        let free = std::iter::once(name.clone()).chain(others).find(|name| !used.contains(name));
        let name = free.unwrap_or(name);
        used.insert(name.clone());
        let sum = |get: fn(&PastStage) -> f64| stages.iter().map(|stage| get(stage)).sum::<f64>();
        let of_time = sum(|stage| stage.time.as_f64());
        let into = sum(|stage| real(stage.input_records) + real(stage.shuffle_read_records));
        let out = sum(|stage| real(stage.shuffle_write_records));
        Part {
            name,
            share: if time > 0.0 { of_time / time } else { 0.0 },
            input: sum(|stage| stage.input.as_f64()),
            of_input: if input > 0.0 {
                sum(|stage| stage.shuffle_write.as_f64()) / input
            } else {
                0.0
            },
            output: sum(|stage| stage.output.as_f64()),
            shuffle_read: sum(|stage| stage.shuffle_read.as_f64()),
            rows: (into > 0.0 && out > 0.0).then(|| out / into),
            has_failed: stages.iter().any(|stage| stage.has_failed),
        }
    });
    parts.collect()
}

#[allow(clippy::cast_precision_loss)]
fn real(count: u64) -> f64 {
    count as f64
}

/// Memory cannot be seen: it is that of the built-in operator of this name, or of those of its kind.
fn operator(name: &str, parts: &[&Part], is_last: bool, built_in: &Models) -> Operator {
    let all = || built_in.job_types.iter().flat_map(|job_type| &job_type.operators);
    let known = all().find(|operator| operator.name == name);
    let middle = |get: fn(&Part) -> f64| median(&parts.iter().map(|p| get(p)).collect::<Vec<_>>());
    let kind = known.map_or_else(
        || {
            let (input, output) = (middle(|part| part.input), middle(|part| part.output));
            if middle(|part| part.shuffle_read) > 0.0 {
                if is_last && output > 0.0 { OperatorKind::Write } else { OperatorKind::Shuffle }
            } else if input > 0.0 {
                OperatorKind::Read
            } else if output > 0.0 {
                OperatorKind::Write
            } else {
                OperatorKind::Compute
            }
        },
        |operator| operator.kind,
    );
    let of_kind = known.or_else(|| all().find(|operator| operator.kind == kind));
    let rows: Vec<_> = parts.iter().filter_map(|part| part.rows).collect();
    Operator {
        name: name.to_owned(),
        kind,
        weight: rounded(mean(&parts.iter().map(|part| part.share).collect::<Vec<_>>()).max(1e-4)),
        rows: if rows.is_empty() { 1.0 } else { rounded(median(&rows).clamp(0.0, 1e3)) },
        shuffle: rounded(middle(|part| part.of_input).clamp(0.0, 1e3)),
        memory: of_kind.map_or(1.0, |operator| operator.memory),
    }
}
