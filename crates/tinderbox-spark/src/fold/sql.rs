mod aggregate;
mod stage;
mod values;

pub(super) use stage::Report;

use crate::event::{
    Accumulable, AdaptiveExecutionUpdate, AdaptiveMetricUpdates, DriverAccumUpdates, PlanInfo,
    SqlExecutionEnd, SqlExecutionStart,
};
use crate::plan_graph::{metric_kind, plan_graph};
use crate::scala_order::{Scala, long_hash};
use aggregate::{Aggregate, aggregate};
use stage::{Room, StageMetrics};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tinderbox_model::{
    AccumulatorId, JobId, JobStatus, PlanGraph, SqlExecution, SqlExecutionId, SqlMetricKind,
    SqlStatus, StageAttemptId, StageId, TimestampMs,
};

/// SQL executions by id, and what the tasks of their stages reported (`SQLAppStatusListener`).
///
/// An execution is live until its end and the ends of all its jobs were seen. Its metrics are computed when its end
/// comes, and then stay; the reports of its stages are dropped unless another live execution has them too.
#[derive(Debug, Default)]
pub(super) struct Sql {
    executions: BTreeMap<SqlExecutionId, State>,
    live: BTreeSet<SqlExecutionId>,
    /// How many live executions have a stage.
    users: HashMap<StageId, usize>,
    stages: HashMap<StageId, StageMetrics>,
    room: Room,
    scala: Option<Scala>,
}

#[derive(Debug)]
struct State {
    execution: SqlExecution,
    /// The metrics that are followed: kind, and how many there were before it.
    metrics: HashMap<AccumulatorId, (SqlMetricKind, u32)>,
    /// Jobs and stages in the order of their appearance.
    jobs: Vec<JobId>,
    stages: Vec<StageId>,
    driver: Vec<(AccumulatorId, i64)>,
    has_metrics: bool,
    ends: usize,
    /// Whether updates came since the plan's metrics were filled in.
    stale: bool,
}

impl Sql {
    pub(super) fn iter(&self) -> impl Iterator<Item = &SqlExecution> {
        self.executions.values().map(|state| &state.execution)
    }

    pub(super) fn into_executions(self) -> Vec<SqlExecution> {
        self.executions.into_values().map(|state| state.execution).collect()
    }

    /// Sets how many bytes the values of metrics may take.
    pub(super) fn limit_values(&mut self, bytes: usize) {
        self.room.limit = bytes;
    }

    /// Whether values had to be dropped, so that medians are not exact.
    pub(super) fn has_dropped_values(&self) -> bool {
        self.room.is_exceeded
    }

    /// Fills the values of metrics into the plans that have new ones.
    pub(super) fn refresh(&mut self) {
        let stale: Vec<_> = self.live.iter().copied().collect();
        for id in stale {
            if self.executions.get(&id).is_some_and(|state| state.stale && !state.has_metrics) {
                self.fill_metrics(id);
            }
        }
    }

    pub(super) fn start(
        &mut self,
        event: SqlExecutionStart<'_>,
        scala: Scala,
    ) -> serde_json::Result<()> {
        let plan = plan_graph(&PlanInfo::parse(event.plan)?);
        self.scala = Some(scala);
        let state = self.live_or_new(SqlExecutionId(event.id));
        if scala == Scala::V2_12 {
            state.metrics.clear();
        }
        state.follow_plan(&plan);
        let execution = &mut state.execution;
        execution.root = SqlExecutionId(event.root.unwrap_or(event.id));
        execution.description = event.description.into_string();
        execution.details = event.details.into_string();
        execution.physical_plan = event.physical_plan.into_string();
        execution.plan = plan;
        execution.submission_time = TimestampMs(event.time);
        execution.modified_configs = event.modified_configs.0.into_iter().collect();
        execution.query_id = event.query_id;
        execution.job_group = event.job_group;
        execution.job_tags = event.job_tags.unwrap_or_default();
        Ok(())
    }

    pub(super) fn replace_plan(
        &mut self,
        event: AdaptiveExecutionUpdate<'_>,
    ) -> serde_json::Result<()> {
        let plan = plan_graph(&PlanInfo::parse(event.plan)?);
        let state = self.known_or_new(SqlExecutionId(event.id));
        state.follow_plan(&plan);
        state.execution.physical_plan = event.physical_plan.into_string();
        let old = std::mem::replace(&mut state.execution.plan, plan);
        if state.has_metrics {
            keep_values(&mut state.execution.plan, old);
        }
        Ok(())
    }

    pub(super) fn follow(&mut self, event: &AdaptiveMetricUpdates<'_>) {
        let state = self.known_or_new(SqlExecutionId(event.id));
        for metric in &event.metrics {
            state.follow(AccumulatorId(metric.accumulator), metric_kind(&metric.kind));
        }
    }

    pub(super) fn end(&mut self, event: SqlExecutionEnd<'_>) {
        let id = SqlExecutionId(event.id);
        if !self.live.contains(&id) {
            return;
        }
        let Some(state) = self.executions.get_mut(&id) else {
            return;
        };
        state.execution.completion_time = Some(TimestampMs(event.time));
        state.execution.error_message = event.error_message.map(|text| text.into_string());
        state.set_status();
        if !state.has_metrics {
            self.fill_metrics(id);
        }
        if let Some(state) = self.executions.get_mut(&id) {
            state.has_metrics = true;
            state.ends += 1;
            let stages = state.stages.clone();
            self.drop_values(&stages, 1);
        }
        self.drop_ended(id);
    }

    pub(super) fn driver_updates(&mut self, event: &DriverAccumUpdates) {
        if let Some(state) = self.live_state(SqlExecutionId(event.id)) {
            state.stale = true;
            let updates = event.updates.iter();
            state.driver.extend(updates.map(|&(id, value)| (AccumulatorId(id), value)));
        }
    }

    /// `stages` with their numbers of tasks.
    pub(super) fn job_start(
        &mut self,
        id: SqlExecutionId,
        job: JobId,
        stages: impl Iterator<Item = (StageId, i64)>,
        time: i64,
    ) {
        self.revive(id);
        let scala = self.scala.unwrap_or(Scala::V2_12);
        let state = self.live_or_new(id);
        if state.execution.submission_time == TimestampMs::default() {
            state.execution.submission_time = TimestampMs(time);
        }
        if !state.jobs.contains(&job) {
            state.jobs.push(job);
        }
        state.execution.job_states.insert(job, JobStatus::Running);
        let order = scala.immutable_order(&hashes(state.jobs.iter().map(|job| job.0)));
        state.execution.jobs = order.into_iter().map(|at| state.jobs[at]).collect();
        let metrics = u32::try_from(state.metrics.len()).unwrap_or(u32::MAX);
        let known = if scala == Scala::V2_12 { metrics } else { u32::MAX };
        let mut followed = Vec::new();
        let mut new = Vec::new();
        for (stage, tasks) in stages {
            if let Err(at) = state.execution.stages.binary_search(&stage) {
                state.execution.stages.insert(at, stage);
                state.stages.push(stage);
                new.push(stage);
            }
            if metrics > 0 {
                let tasks = u32::try_from(tasks).unwrap_or(0);
                followed.push((stage, StageMetrics::new(0, tasks, id, known)));
            }
        }
        for (stage, metrics) in followed {
            let old = self.stages.insert(stage, metrics).map_or(0, |old| old.bytes());
            self.room.used = self.room.used.saturating_sub(old);
        }
        for stage in new {
            *self.users.entry(stage).or_default() += 1;
        }
    }

    pub(super) fn job_end(&mut self, job: JobId, status: JobStatus) {
        let live: Vec<_> = self.live.iter().copied().collect();
        for id in live {
            let Some(state) = self.executions.get_mut(&id) else {
                continue;
            };
            if let Some(known) = state.execution.job_states.get_mut(&job) {
                *known = match status {
                    JobStatus::Succeeded => JobStatus::Succeeded,
                    _ => JobStatus::Failed,
                };
                state.ends += 1;
                state.set_status();
                self.drop_ended(id);
            }
        }
    }

    /// A new attempt of a stage starts its metrics anew.
    pub(super) fn stage_submitted(&mut self, stage: StageAttemptId) {
        if !self.users.contains_key(&stage.stage) {
            return;
        }
        if let Some(metrics) = self.stages.get_mut(&stage.stage)
            && metrics.attempt != stage.attempt
        {
            self.room.used = self.room.used.saturating_sub(metrics.bytes());
            let StageMetrics { num_tasks, owner, known, .. } = *metrics;
            *metrics = StageMetrics::new(stage.attempt, num_tasks, owner, known);
        }
    }

    /// Takes in what a task reported, at its end or before.
    pub(super) fn report(&mut self, stage: StageAttemptId, report: Report<'_>) {
        if report.updates.is_empty() && !report.is_success {
            return;
        }
        let Some(metrics) = self.stages.get_mut(&stage.stage) else {
            return;
        };
        if metrics.attempt != stage.attempt || !self.users.contains_key(&stage.stage) {
            return;
        }
        let Some(owner) = self.executions.get_mut(&metrics.owner) else {
            return;
        };
        owner.stale = true;
        let known = metrics.known;
        let kind = |id| owner.kind(id, known);
        metrics.report(report, owner.num_metrics(), kind, &mut self.room);
    }

    /// Raises the sum of a stage to what its end says, for stages whose task ends are missing. What it says runs on over
    /// all stages of the application that share an accumulator.
    pub(super) fn stage_total(&mut self, stage: StageAttemptId, accumulable: &Accumulable<'_>) {
        let (Some("sql"), Some(value)) = (accumulable.metadata.as_deref(), accumulable.value())
        else {
            return;
        };
        let id = AccumulatorId(accumulable.id);
        let others = self.stages.iter().filter(|(other, _)| **other != stage.stage);
        let of_others = others.flat_map(|(_, metrics)| metrics.reported());
        let others = of_others.filter(|&(other, _)| other == id).map(|(_, reported)| reported.sum);
        let own = value.saturating_sub(others.fold(0, i64::saturating_add));
        let Some(metrics) = self.stages.get_mut(&stage.stage) else {
            return;
        };
        if let Some(owner) = self.executions.get_mut(&metrics.owner)
            && metrics.attempt == stage.attempt
        {
            owner.stale = true;
            let known = metrics.known;
            metrics.tell(id, own, owner.num_metrics(), |id| owner.kind(id, known));
        }
    }

    fn fill_metrics(&mut self, id: SqlExecutionId) {
        let scala = self.scala.unwrap_or(Scala::V2_12);
        let Some(state) = self.executions.get_mut(&id) else {
            return;
        };
        let order = scala.immutable_order(&hashes(state.stages.iter().map(|stage| stage.0)));
        let in_order = order.into_iter().map(|at| state.stages[at]);
        let stages: Vec<_> = in_order.filter_map(|id| Some((id, self.stages.get(&id)?))).collect();
        let metrics = aggregate(&stages, &state.driver, |id| state.kind(id, u32::MAX));
        fill(&mut state.execution.plan, &metrics);
        state.stale = false;
    }

    /// Drops what was reported for stages that at most `own` live executions have.
    fn drop_values(&mut self, stages: &[StageId], own: usize) {
        for stage in stages {
            if self.users.get(stage).copied().unwrap_or(0) <= own
                && let Some(metrics) = self.stages.remove(stage)
            {
                self.room.used = self.room.used.saturating_sub(metrics.bytes());
            }
        }
    }

    /// Ends an execution whose end and whose jobs' ends were all seen.
    fn drop_ended(&mut self, id: SqlExecutionId) {
        let Some(state) = self.executions.get_mut(&id) else {
            return;
        };
        if state.ends <= state.jobs.len() || !self.live.remove(&id) {
            return;
        }
        state.metrics = HashMap::new();
        state.driver = Vec::new();
        let stages = state.stages.clone();
        for stage in &stages {
            if let Some(users) = self.users.get_mut(stage) {
                *users -= 1;
                if *users == 0 {
                    self.users.remove(stage);
                }
            }
        }
        self.drop_values(&stages, 0);
    }

    fn live_state(&mut self, id: SqlExecutionId) -> Option<&mut State> {
        if self.live.contains(&id) { self.executions.get_mut(&id) } else { None }
    }

    /// A job that begins after the end of its execution makes it live once more. Spark forgets the error then.
    fn revive(&mut self, id: SqlExecutionId) {
        if self.live.contains(&id) {
            return;
        }
        let Some(state) = self.executions.get_mut(&id) else {
            return;
        };
        state.ends = state.jobs.len() + 1;
        state.execution.error_message = None;
        state.set_status();
        let plan = &state.execution.plan;
        let metrics = plan.nodes.iter().flat_map(|node| &node.metrics);
        for (at, metric) in metrics.enumerate() {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            state.metrics.insert(metric.accumulator, (metric.kind, at));
        }
        for stage in &state.stages {
            *self.users.entry(*stage).or_default() += 1;
        }
        self.live.insert(id);
    }

    /// The execution; a new one under an id that is over begins anew.
    fn live_or_new(&mut self, id: SqlExecutionId) -> &mut State {
        if self.live.insert(id) {
            self.executions.insert(id, State::new(id));
        }
        self.known_or_new(id)
    }

    fn known_or_new(&mut self, id: SqlExecutionId) -> &mut State {
        let live = &mut self.live;
        self.executions.entry(id).or_insert_with(|| {
            live.insert(id);
            State::new(id)
        })
    }
}

impl State {
    fn new(id: SqlExecutionId) -> Self {
        Self {
            execution: SqlExecution::new(id),
            metrics: HashMap::new(),
            jobs: Vec::new(),
            stages: Vec::new(),
            driver: Vec::new(),
            has_metrics: false,
            ends: 0,
            stale: true,
        }
    }

    fn follow_plan(&mut self, plan: &PlanGraph) {
        self.stale = true;
        let metrics = plan.nodes.iter().flat_map(|node| &node.metrics);
        metrics.for_each(|metric| self.follow(metric.accumulator, metric.kind));
    }

    fn follow(&mut self, metric: AccumulatorId, kind: SqlMetricKind) {
        let before = self.num_metrics();
        self.metrics.entry(metric).or_insert((kind, before)).0 = kind;
    }

    fn num_metrics(&self) -> u32 {
        u32::try_from(self.metrics.len()).unwrap_or(u32::MAX)
    }

    /// The kind of a metric when it is among the first `known` ones.
    fn kind(&self, id: AccumulatorId, known: u32) -> Option<SqlMetricKind> {
        let &(kind, before) = self.metrics.get(&id)?;
        (before < known).then_some(kind)
    }

    /// As Spark's `SQLExecutionUIData.executionStatus`.
    fn set_status(&mut self) {
        let execution = &mut self.execution;
        let has_failed = || execution.job_states.values().any(|&s| s == JobStatus::Failed);
        execution.status = match execution.error_message.as_deref() {
            Some("") => SqlStatus::Completed,
            Some(_) => SqlStatus::Failed,
            None if execution.completion_time.is_none() => SqlStatus::Running,
            None if has_failed() => SqlStatus::Failed,
            None => SqlStatus::Completed,
        };
    }
}

fn hashes(ids: impl Iterator<Item = i64>) -> Vec<i32> {
    ids.map(long_hash).collect()
}

fn fill(plan: &mut PlanGraph, metrics: &HashMap<AccumulatorId, Aggregate>) {
    for node in &mut plan.nodes {
        let mut stages = BTreeSet::new();
        for metric in &mut node.metrics {
            let Some(aggregate) = metrics.get(&metric.accumulator) else {
                continue;
            };
            metric.value = aggregate.value;
            metric.spread = aggregate.spread;
            stages.extend(&aggregate.stages);
        }
        node.stages = stages.into_iter().collect();
    }
}

/// A plan that comes after the metrics were computed shows what they were.
fn keep_values(plan: &mut PlanGraph, old: PlanGraph) {
    let mut known = HashMap::new();
    for node in old.nodes {
        for metric in node.metrics {
            let (value, spread) = (metric.value, metric.spread);
            let stages = node.stages.clone();
            known.insert(metric.accumulator, Aggregate { value, spread, stages });
        }
    }
    fill(plan, &known);
}
