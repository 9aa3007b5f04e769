use super::stage::{Reported, StageMetrics};
use std::collections::HashMap;
use tinderbox_model::{
    AccumulatorId, MetricSpread, SqlMetricKind, StageAttemptId, StageId, TaskId,
};

/// A metric over all stages of an execution and the driver (`SQLAppStatusListener.aggregateMetrics`).
#[derive(Debug, Clone, Default)]
pub(super) struct Aggregate {
    pub(super) value: Option<u64>,
    pub(super) spread: Option<MetricSpread>,
    /// The stages that reported it, ascending.
    pub(super) stages: Vec<StageId>,
}

/// The parts of one metric.
#[derive(Default)]
struct Parts<'s> {
    stages: Vec<(StageId, &'s StageMetrics, &'s Reported)>,
    driver: Vec<i64>,
}

/// Aggregates the metrics that `is_wanted` names. `stages` come in the order of Spark's set of them, which decides
/// between equal largest values.
pub(super) fn aggregate(
    stages: &[(StageId, &StageMetrics)],
    driver: &[(AccumulatorId, i64)],
    kind: impl Fn(AccumulatorId) -> Option<SqlMetricKind>,
) -> HashMap<AccumulatorId, Aggregate> {
    let mut parts: HashMap<AccumulatorId, Parts<'_>> = HashMap::new();
    for &(id, stage) in stages {
        for (accumulator, reported) in stage.reported() {
            parts.entry(accumulator).or_default().stages.push((id, stage, reported));
        }
    }
    for &(accumulator, value) in driver {
        parts.entry(accumulator).or_default().driver.push(value);
    }
    let mut values = Vec::new();
    let of_kind = |(accumulator, parts): (AccumulatorId, Parts<'_>)| {
        Some((accumulator, parts.aggregate(accumulator, kind(accumulator)?, &mut values)))
    };
    parts.into_iter().filter_map(of_kind).collect()
}

impl Parts<'_> {
    fn aggregate(
        &self,
        accumulator: AccumulatorId,
        kind: SqlMetricKind,
        values: &mut Vec<u64>,
    ) -> Aggregate {
        let mut stages: Vec<_> = self.stages.iter().map(|&(id, ..)| id).collect();
        stages.sort_unstable();
        stages.dedup();
        let (value, spread) = if kind == SqlMetricKind::Sum {
            (self.sum(accumulator), None)
        } else {
            self.spread(accumulator, kind, values)
        };
        Aggregate { value: Some(u64::try_from(value).unwrap_or(0)), spread, stages }
    }

    fn sum(&self, accumulator: AccumulatorId) -> i64 {
        let of_stage = |(_, stage, reported): &(StageId, &StageMetrics, &Reported)| {
            let waiting = stage.waiting(accumulator).fold(0, i64::saturating_add);
            reported.sum.saturating_add(waiting).max(reported.told)
        };
        let driver = self.driver.iter().copied().fold(0, i64::saturating_add);
        self.stages.iter().map(of_stage).fold(driver, i64::saturating_add)
    }

    /// As `SQLMetrics.stringValue`: the value where there is at most one, else the spread of all of them.
    fn spread(
        &self,
        accumulator: AccumulatorId,
        kind: SqlMetricKind,
        values: &mut Vec<u64>,
    ) -> (i64, Option<MetricSpread>) {
        values.clear();
        let mut negatives = 0;
        let mut kept = 0;
        let mut tasks = 0;
        let mut sum = 0_i64;
        for (_, stage, reported) in &self.stages {
            reported.values.append_to(values);
            let measured = reported.sum.saturating_sub(reported.negative_sum);
            sum = sum.saturating_add(measured.max(reported.told));
            kept += reported.positives;
            negatives += u64::from(reported.negatives);
            tasks += u64::from(stage.num_tasks);
        }
        let of_stages = self.stages.iter().map(|(_, stage, _)| stage);
        let waiting = of_stages.flat_map(|stage| stage.waiting(accumulator));
        let mut apart = Vec::new();
        for value in waiting.chain(self.driver.iter().copied()) {
            match u64::try_from(value) {
                Ok(positive) if value > 0 => {
                    apart.push(positive);
                    sum = sum.saturating_add(value);
                }
                Ok(_) => {}
                Err(_) => negatives += 1,
            }
        }
        tasks += u64::try_from(self.driver.len()).unwrap_or(0);
        kept += u64::try_from(apart.len()).unwrap_or(0);
        values.append(&mut apart);

        // Tasks that reported nothing count as zero; averages leave zeros out.
        let count =
            if kind == SqlMetricKind::Average { kept } else { tasks.saturating_sub(negatives) };
        if count <= 1 {
            return (sum, None);
        }
        let zeros = count.saturating_sub(kept);
        let mut at = |rank: u64| match rank.checked_sub(zeros) {
            Some(rank) => signed(ranked(values, rank, kept)),
            None => 0,
        };
        let (min, median, max) = (at(0), at(count / 2), at(count - 1));
        let max_task = self.max_task();
        let spread = MetricSpread { sum, min, median, max, max_task };
        let value = match kind {
            SqlMetricKind::Average => sum / signed(count).max(1),
            _ => sum,
        };
        (value, Some(spread))
    }

    /// The task with the largest value, unless the driver has a larger one.
    fn max_task(&self) -> Option<(StageAttemptId, TaskId)> {
        let mut max: Option<(i64, StageAttemptId, TaskId)> = None;
        for &(id, stage, reported) in &self.stages {
            if let Some((value, task)) = reported.max
                && max.is_none_or(|(max, ..)| value > max)
            {
                max = Some((value, StageAttemptId { stage: id, attempt: stage.attempt }, task));
            }
        }
        let (max, stage, task) = max?;
        self.driver.iter().all(|&value| value <= max).then_some((stage, task))
    }
}

/// The value at `rank` of `count` sorted ones. Where only a part of them was kept, the one that stands at the same share.
fn ranked(values: &mut [u64], rank: u64, count: u64) -> u64 {
    let Some(last) = values.len().checked_sub(1) else {
        return 0;
    };
    let kept = u128::try_from(values.len()).unwrap_or(0);
    let place = u128::from(rank) * kept / u128::from(count.max(1));
    let place = usize::try_from(place).unwrap_or(last).min(last);
    *values.select_nth_unstable(place).1
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
