use super::values::Values;
use crate::fold::indices::Indices;
use std::collections::HashMap;
use tinderbox_model::{AccumulatorId, SqlExecutionId, SqlMetricKind, TaskId};

/// What the tasks of a stage reported for the metrics of SQL executions (`LiveStageMetrics`).
///
/// Spark keeps one number for each metric and task index, zero where a task has not reported. An index that is complete
/// changes no more, so its values go to a heap without order; those of indices that are not wait apart.
#[derive(Debug)]
pub(super) struct StageMetrics {
    pub(super) attempt: u32,
    pub(super) num_tasks: u32,
    /// The execution whose job began last; its metrics are followed.
    pub(super) owner: SqlExecutionId,
    /// How many of the execution's metrics are followed; Spark 3 takes no new ones in once a job runs.
    pub(super) known: u32,
    /// By accumulator, ascending.
    slots: Vec<Slot>,
    complete: Indices,
    waiting: HashMap<i64, Vec<(AccumulatorId, i64)>>,
}

#[derive(Debug)]
struct Slot {
    accumulator: AccumulatorId,
    state: Followed,
}

#[derive(Debug)]
enum Followed {
    /// Not among the execution's metrics when it had as many as this.
    No(u32),
    Yes(Box<Reported>),
}

/// All reports for one metric.
#[derive(Debug)]
pub(super) struct Reported {
    pub(super) kind: SqlMetricKind,
    /// Sum of all values.
    pub(super) sum: i64,
    /// Sum of those below zero, which mean "not measured".
    pub(super) negative_sum: i64,
    pub(super) negatives: u32,
    /// The largest value and the first task that reported it.
    pub(super) max: Option<(i64, TaskId)>,
    /// Values above zero; not kept for plain sums.
    pub(super) values: Values,
    /// How many were above zero, kept or not.
    pub(super) positives: u64,
    /// The sum that the end of a stage told, where task ends are missing.
    pub(super) told: i64,
}

/// One task's report.
#[derive(Clone, Copy)]
pub(in crate::fold) struct Report<'u> {
    pub(in crate::fold) task: TaskId,
    pub(in crate::fold) index: i64,
    pub(in crate::fold) is_success: bool,
    pub(in crate::fold) updates: &'u [(AccumulatorId, i64)],
}

/// Room for values, over all stages.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) used: usize,
    pub(super) limit: usize,
    pub(super) is_exceeded: bool,
}

impl Default for Room {
    fn default() -> Self {
        Self { used: 0, limit: crate::Fold::SQL_VALUES_LIMIT, is_exceeded: false }
    }
}

impl StageMetrics {
    pub(super) fn new(attempt: u32, num_tasks: u32, owner: SqlExecutionId, known: u32) -> Self {
        Self {
            attempt,
            num_tasks,
            owner,
            known,
            slots: Vec::new(),
            complete: Indices::default(),
            waiting: HashMap::new(),
        }
    }

    /// Takes a report in. `kind` names the kind of a metric that is to be followed; `metrics` is how many there are.
    pub(super) fn report(
        &mut self,
        report: Report<'_>,
        metrics: u32,
        kind: impl Fn(AccumulatorId) -> Option<SqlMetricKind>,
        room: &mut Room,
    ) {
        let is_index = u32::try_from(report.index).is_ok_and(|index| index < self.num_tasks);
        if !is_index || self.complete.contains(report.index) {
            return;
        }
        let mut waiting = self.waiting.remove(&report.index).unwrap_or_default();
        let mut at = 0;
        for &(accumulator, value) in report.updates {
            at = self.slot(accumulator, at);
            let Some(reported) = self.slots[at].followed(metrics, &kind) else {
                continue;
            };
            reported.raise(value, report.task);
            waiting.retain(|(known, _)| *known != accumulator);
            if report.is_success {
                reported.add(value, room);
            } else {
                waiting.push((accumulator, value));
            }
        }
        if report.is_success {
            self.complete.insert(report.index);
            for (accumulator, value) in waiting {
                let at = self.slot(accumulator, 0);
                if let Followed::Yes(reported) = &mut self.slots[at].state {
                    reported.add(value, room);
                }
            }
        } else if !waiting.is_empty() {
            self.waiting.insert(report.index, waiting);
        }
    }

    /// The place of an accumulator. Reports are sorted by accumulator, so it mostly is at `hint` or just behind.
    fn slot(&mut self, accumulator: AccumulatorId, hint: usize) -> usize {
        for at in hint..self.slots.len().min(hint + 8) {
            if self.slots[at].accumulator == accumulator {
                return at;
            }
        }
        match self.slots.binary_search_by_key(&accumulator, |slot| slot.accumulator) {
            Ok(at) => at,
            Err(at) => {
                self.slots.insert(at, Slot { accumulator, state: Followed::No(0) });
                at
            }
        }
    }

    /// What was reported for each metric, with values of indices that are not complete.
    pub(super) fn reported(&self) -> impl Iterator<Item = (AccumulatorId, &Reported)> {
        self.slots.iter().filter_map(|slot| match &slot.state {
            Followed::Yes(reported) => Some((slot.accumulator, &**reported)),
            Followed::No(_) => None,
        })
    }

    /// Values of indices that are not complete.
    pub(super) fn waiting(&self, accumulator: AccumulatorId) -> impl Iterator<Item = i64> {
        let all = self.waiting.values().flatten();
        all.filter(move |(known, _)| *known == accumulator).map(|&(_, value)| value)
    }

    /// Raises a sum to what the end of the stage told.
    pub(super) fn tell(
        &mut self,
        accumulator: AccumulatorId,
        sum: i64,
        metrics: u32,
        kind: impl Fn(AccumulatorId) -> Option<SqlMetricKind>,
    ) {
        let at = self.slot(accumulator, 0);
        if let Some(reported) = self.slots[at].followed(metrics, &kind) {
            reported.told = reported.told.max(sum);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.reported().map(|(_, reported)| reported.values.bytes()).sum()
    }
}

impl Slot {
    fn followed(
        &mut self,
        metrics: u32,
        kind: &impl Fn(AccumulatorId) -> Option<SqlMetricKind>,
    ) -> Option<&mut Reported> {
        if let Followed::No(asked) = self.state
            && asked != metrics
        {
            self.state = match kind(self.accumulator) {
                Some(kind) => Followed::Yes(Box::new(Reported::new(kind))),
                None => Followed::No(metrics),
            };
        }
        match &mut self.state {
            Followed::Yes(reported) => Some(reported),
            Followed::No(_) => None,
        }
    }
}

impl Reported {
    fn new(kind: SqlMetricKind) -> Self {
        Self {
            kind,
            sum: 0,
            negative_sum: 0,
            negatives: 0,
            max: None,
            values: Values::default(),
            positives: 0,
            told: 0,
        }
    }

    fn raise(&mut self, value: i64, task: TaskId) {
        if self.kind != SqlMetricKind::Sum && self.max.is_none_or(|(max, _)| value > max) {
            self.max = Some((value, task));
        }
    }

    fn add(&mut self, value: i64, room: &mut Room) {
        // Java's numbers would wrap.
        self.sum = self.sum.saturating_add(value);
        if value < 0 {
            self.negatives += 1;
            self.negative_sum = self.negative_sum.saturating_add(value);
        }
        let Some(positive) = u64::try_from(value).ok().filter(|&value| value > 0) else {
            return;
        };
        self.positives += 1;
        if self.kind == SqlMetricKind::Sum {
            return;
        }
        if room.used >= room.limit {
            room.is_exceeded = true;
            return;
        }
        room.used = room.used.saturating_add_signed(self.values.push(positive));
    }
}
