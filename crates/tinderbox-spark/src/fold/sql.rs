use crate::event::{
    Accumulable, AdaptiveExecutionUpdate, DriverAccumUpdates, PlanInfo, SqlExecutionEnd,
    SqlExecutionStart,
};
use crate::plan_graph::plan_graph;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tinderbox_model::{
    AccumulatorId, JobId, JobStatus, SqlExecution, SqlExecutionId, SqlMetricKind, SqlStatus,
    StageAttemptId, StageId, TimestampMs,
};

/// SQL executions by id, and the accumulators behind their metrics.
///
/// A metric's value is the sum of the updates of successful tasks, each index of a stage once, plus the
/// driver's updates, as in `SQLAppStatusListener`. The totals of `StageCompleted` are not used for it: they
/// run on over all stages of the application that share an accumulator and count recomputed partitions
/// again. Only for a stage whose task ends are missing do they raise the value.
#[derive(Debug, Default)]
pub(super) struct Sql {
    executions: BTreeMap<SqlExecutionId, State>,
    accumulators: HashMap<AccumulatorId, Vec<StageSum>>,
}

#[derive(Debug)]
struct State {
    execution: SqlExecution,
    driver: HashMap<AccumulatorId, Sum>,
    has_failed_job: bool,
    /// Whether updates came since the plan's metrics were filled in.
    stale: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    total: u64,
    /// Updates above zero, for averages.
    positive: u64,
}

#[derive(Debug)]
struct StageSum {
    stage: StageId,
    attempt: u32,
    sum: Sum,
}

impl Sql {
    pub(super) fn iter(&self) -> impl Iterator<Item = &SqlExecution> {
        self.executions.values().map(|state| &state.execution)
    }

    pub(super) fn into_executions(self) -> Vec<SqlExecution> {
        self.executions.into_values().map(|state| state.execution).collect()
    }

    /// Fills the values of metrics into the plans that have new ones.
    pub(super) fn refresh(&mut self) {
        for state in self.executions.values_mut().filter(|state| state.stale) {
            fill_metrics(&mut state.execution, &state.driver, &self.accumulators);
            state.stale = false;
        }
    }

    pub(super) fn start(&mut self, event: SqlExecutionStart<'_>) -> serde_json::Result<()> {
        let plan = plan_graph(&PlanInfo::parse(event.plan)?);
        let state = self.get_or_add(SqlExecutionId(event.id));
        state.stale = true;
        let execution = &mut state.execution;
        execution.root = SqlExecutionId(event.root.unwrap_or(event.id));
        execution.description = event.description.into_string();
        execution.details = event.details.into_string();
        execution.physical_plan = event.physical_plan.into_string();
        execution.plan = plan;
        execution.submission_time = TimestampMs(event.time);
        Ok(())
    }

    pub(super) fn replace_plan(
        &mut self,
        event: AdaptiveExecutionUpdate<'_>,
    ) -> serde_json::Result<()> {
        let plan = plan_graph(&PlanInfo::parse(event.plan)?);
        let state = self.get_or_add(SqlExecutionId(event.id));
        state.stale = true;
        state.execution.physical_plan = event.physical_plan.into_string();
        state.execution.plan = plan;
        Ok(())
    }

    pub(super) fn end(&mut self, event: SqlExecutionEnd<'_>) {
        let state = self.get_or_add(SqlExecutionId(event.id));
        state.execution.completion_time = Some(TimestampMs(event.time));
        state.execution.error_message = event.error_message.map(|text| text.into_string());
        state.set_status();
    }

    pub(super) fn driver_updates(&mut self, event: &DriverAccumUpdates) {
        let state = self.get_or_add(SqlExecutionId(event.id));
        state.stale = true;
        for &(accumulator, value) in &event.updates {
            state.driver.entry(AccumulatorId(accumulator)).or_default().add(value);
        }
    }

    pub(super) fn job_start(
        &mut self,
        execution: SqlExecutionId,
        job: JobId,
        stages: &[StageId],
        time: i64,
    ) {
        let state = self.get_or_add(execution);
        if state.execution.submission_time == TimestampMs::default() {
            state.execution.submission_time = TimestampMs(time);
        }
        state.execution.jobs.push(job);
        for &stage in stages {
            if let Err(at) = state.execution.stages.binary_search(&stage) {
                state.execution.stages.insert(at, stage);
            }
        }
    }

    pub(super) fn job_end(&mut self, execution: SqlExecutionId, status: JobStatus) {
        let state = self.get_or_add(execution);
        state.has_failed_job |= status != JobStatus::Succeeded;
        state.set_status();
    }

    /// A new attempt of a stage starts its metrics anew.
    pub(super) fn new_stage_attempt(&mut self, stage: StageId, attempt: u32) {
        for sums in self.accumulators.values_mut() {
            sums.retain(|sum| sum.stage != stage || sum.attempt >= attempt);
        }
    }

    /// Adds the updates of a task that succeeded, the first of its index.
    pub(super) fn task_updates(
        &mut self,
        stage: StageAttemptId,
        execution: Option<SqlExecutionId>,
        updates: &[(AccumulatorId, i64)],
    ) {
        if updates.is_empty() {
            return;
        }
        if let Some(state) = execution.and_then(|id| self.executions.get_mut(&id)) {
            state.stale = true;
        }
        for &(accumulator, value) in updates {
            if let Some(sum) = self.sum_of(accumulator, stage) {
                sum.add(value);
            }
        }
    }

    /// Raises the sum of a stage to what its end says, for stages whose task ends are missing.
    pub(super) fn stage_total(&mut self, stage: StageAttemptId, accumulable: &Accumulable<'_>) {
        let (Some("sql"), Some(value)) = (accumulable.metadata.as_deref(), accumulable.value.0)
        else {
            return;
        };
        let accumulator = AccumulatorId(accumulable.id);
        let others: u64 = self
            .accumulators
            .get(&accumulator)
            .into_iter()
            .flatten()
            .filter(|sum| sum.stage != stage.stage)
            .map(|sum| sum.sum.total)
            .sum();
        let own = u64::try_from(value).unwrap_or(0).saturating_sub(others);
        if let Some(sum) = self.sum_of(accumulator, stage) {
            sum.total = sum.total.max(own);
        }
        // Rare, so all plans are filled again instead of finding those that have this accumulator.
        self.executions.values_mut().for_each(|state| state.stale = true);
    }

    /// `None` when a newer attempt of the stage has begun.
    fn sum_of(&mut self, accumulator: AccumulatorId, stage: StageAttemptId) -> Option<&mut Sum> {
        let sums = self.accumulators.entry(accumulator).or_default();
        let at = match sums.iter().position(|sum| sum.stage == stage.stage) {
            Some(at) => at,
            None => {
                sums.push(StageSum {
                    stage: stage.stage,
                    attempt: stage.attempt,
                    sum: Sum::default(),
                });
                sums.len() - 1
            }
        };
        (sums[at].attempt == stage.attempt).then(|| &mut sums[at].sum)
    }

    fn get_or_add(&mut self, id: SqlExecutionId) -> &mut State {
        self.executions.entry(id).or_insert_with(|| State {
            execution: SqlExecution::new(id),
            driver: HashMap::new(),
            has_failed_job: false,
            stale: false,
        })
    }
}

impl State {
    /// As Spark's `SQLExecutionUIData.executionStatus`.
    fn set_status(&mut self) {
        let execution = &mut self.execution;
        execution.status = match execution.error_message.as_deref() {
            Some("") => SqlStatus::Completed,
            Some(_) => SqlStatus::Failed,
            None if execution.completion_time.is_none() => SqlStatus::Running,
            None if self.has_failed_job => SqlStatus::Failed,
            None => SqlStatus::Completed,
        };
    }
}

impl Sum {
    /// Metrics of size and time begin at -1, which means "not measured".
    fn add(&mut self, value: i64) {
        if let Ok(value) = u64::try_from(value) {
            self.total = self.total.saturating_add(value);
            self.positive += u64::from(value > 0);
        }
    }
}

fn fill_metrics(
    execution: &mut SqlExecution,
    driver: &HashMap<AccumulatorId, Sum>,
    accumulators: &HashMap<AccumulatorId, Vec<StageSum>>,
) {
    for node in &mut execution.plan.nodes {
        let mut node_stages = BTreeSet::new();
        for metric in &mut node.metrics {
            let of_tasks = accumulators
                .get(&metric.accumulator)
                .into_iter()
                .flatten()
                // A cached plan is part of several executions; each counts its own stages.
                .filter(|sum| execution.stages.binary_search(&sum.stage).is_ok());
            let mut value = driver.get(&metric.accumulator).copied();
            for StageSum { stage, sum, .. } in of_tasks {
                node_stages.insert(*stage);
                let value = value.get_or_insert_default();
                value.total = value.total.saturating_add(sum.total);
                value.positive += sum.positive;
            }
            metric.value = value.map(|sum| match metric.kind {
                SqlMetricKind::Average => sum.total / sum.positive.max(1),
                _ => sum.total,
            });
        }
        node.stages = node_stages.into_iter().collect();
    }
}
