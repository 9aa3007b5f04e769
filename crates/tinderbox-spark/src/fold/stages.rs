use super::Fold;
use super::executors::Slot;
use super::indices::Indices;
use super::internal_metrics::raise_metric;
use super::jobs::Jobs;
use super::tasks::{End, Ending};
use crate::event::{Accumulable, StageCompleted, StageInfo, StageSubmitted};
use crate::scala_order::{Scala, long_hash};
use std::collections::{BTreeMap, BTreeSet};
use tinderbox_model::{
    AccumulatorId, ExecutorId, ExecutorStage, JobId, Millis, PeakMemory, SqlExecutionId, Stage,
    StageAttemptId, StageId, StageStatus, Task, TaskCounts, TaskMetrics, TimestampMs,
};

/// Stage attempts by id.
///
/// As in `AppStatusListener`, events count only for attempts that are live: from the start of a job that needs them, or
/// their submission, until they are complete and their last task has ended. A job that needs an attempt that is over
/// makes it anew, with nothing counted.
#[derive(Debug, Default)]
pub(super) struct Stages {
    all: BTreeMap<StageAttemptId, StageState>,
    live: BTreeSet<StageAttemptId>,
}

#[derive(Debug)]
pub(super) struct StageState {
    pub(super) stage: Stage,
    live: Option<Box<Live>>,
}

/// What is needed of a live attempt only.
#[derive(Debug, Default)]
struct Live {
    /// The jobs in whose counts its tasks show: those that ran when it was submitted, and later ones.
    counted_for: Vec<JobId>,
    succeeded: Indices,
    /// Tasks that run. Below zero when starts are missing.
    active: i64,
    /// Where an executor stands in [`Stage::executors`].
    places: Vec<Option<usize>>,
    /// The executors on which nothing more of the stage is scheduled.
    excluded: Vec<Slot>,
}

/// An executor's part in an attempt.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) stage: StageAttemptId,
    pub(super) slot: Slot,
    pub(super) executor: &'a ExecutorId,
}

/// An attempt that ended with its last task.
#[derive(Debug)]
pub(super) struct Over {
    pub(super) stage: StageAttemptId,
    /// Its jobs are written once more, with what came after their own ends.
    pub(super) jobs: Vec<JobId>,
}

impl Stages {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Stage> {
        self.all.values().map(|state| &state.stage)
    }

    pub(super) fn into_stages(self) -> Vec<Stage> {
        self.all.into_values().map(|state| state.stage).collect()
    }

    /// The attempt when it is live.
    fn live(&mut self, id: StageAttemptId) -> Option<(&mut Stage, &mut Live)> {
        let state = self.all.get_mut(&id)?;
        Some((&mut state.stage, state.live.as_deref_mut()?))
    }

    /// The attempt, made live if it is not.
    pub(super) fn get_or_add(&mut self, id: StageAttemptId) -> &mut StageState {
        let state =
            self.all.entry(id).or_insert_with(|| StageState { stage: Stage::new(id), live: None });
        if state.live.is_none() {
            self.live.insert(id);
            state.live = Some(Box::default());
            let old = std::mem::replace(&mut state.stage, Stage::new(id));
            // Spark keeps these apart from the stage, so they stay until something replaces them.
            state.stage.executors = old.executors;
            state.stage.speculation = old.speculation;
            state.stage.jobs = old.jobs;
            state.stage.sql_execution = old.sql_execution;
        }
        state
    }

    pub(super) fn end(&mut self, id: StageAttemptId) {
        self.live.remove(&id);
        if let Some(state) = self.all.get_mut(&id) {
            state.live = None;
        }
    }

    /// Ends the attempts of a stage that wait for their submission, as skipped, and says how many tasks they had.
    pub(super) fn skip_pending(&mut self, stage: StageId) -> Vec<u32> {
        let first = StageAttemptId { stage, attempt: 0 };
        let last = StageAttemptId { stage, attempt: u32::MAX };
        let mut skipped = Vec::new();
        let pending: Vec<_> = self.live.range(first..=last).copied().collect();
        for id in pending {
            if let Some(state) = self.all.get_mut(&id)
                && state.stage.status == StageStatus::Pending
            {
                state.stage.status = StageStatus::Skipped;
                skipped.push(state.stage.num_tasks);
                self.end(id);
            }
        }
        skipped
    }

    /// Whether a live attempt was submitted before `time` (`AppStatusListener.isExecutorActiveForLiveStages`).
    pub(super) fn any_live_before(&self, time: TimestampMs) -> bool {
        let submission = |id| self.all.get(id).and_then(|state| state.stage.submission_time);
        self.live.iter().any(|id| submission(id).unwrap_or_default() < time)
    }

    pub(super) fn task_started(&mut self, task: &Task, jobs: &mut Jobs) {
        let Some((stage, live)) = self.live(task.stage) else {
            return;
        };
        let first = stage.first_task_launched_time.get_or_insert(task.launch_time);
        *first = (*first).min(task.launch_time);
        live.add_active(stage, 1);
        if task.speculative {
            stage.speculation.get_or_insert_default().active += 1;
        }
        jobs.task_started(&live.counted_for);
    }

    /// Counts the end of a task. Says whether the attempt is over with it; it stays live until [`Stages::end`].
    pub(super) fn task_ended(
        &mut self,
        task: &Task,
        end: &Ending<'_>,
        jobs: &mut Jobs,
    ) -> Option<Over> {
        let (stage, live) = self.live(task.stage)?;
        live.add_active(stage, -i64::from(end.was_active));
        end.count(&mut stage.tasks);
        if end.end == End::Success && live.succeeded.insert(task.index) {
            stage.num_completed_indices = live.succeeded.len();
        }
        if let Some(reason) = end.kill_reason {
            count_kill(&mut stage.killed_tasks, reason);
        }
        end.add_metrics(&mut stage.metrics);
        end.peaks.raise(&mut stage.peak_memory);
        let summary = live.summary(stage, end.slot, &task.executor);
        end.peaks.raise(&mut summary.peak_memory);
        *end.time(&mut summary.task_time, &mut summary.resubmitted_time) += task.duration();
        end.count(&mut summary.tasks);
        end.add_metrics(&mut summary.metrics);
        if task.speculative {
            let tasks = stage.speculation.get_or_insert_default();
            tasks.active = tasks.active.saturating_sub(1);
            end.count(tasks);
        }
        jobs.task_ended(&live.counted_for, task.stage.stage, task.index, end);
        let is_over = matches!(stage.status, StageStatus::Complete | StageStatus::Failed);
        if !is_over || live.active != 0 {
            return None;
        }
        Some(Over { stage: task.stage, jobs: std::mem::take(&mut live.counted_for) })
    }

    /// What a running task has measured since it last told.
    pub(super) fn add_progress(
        &mut self,
        part: Part<'_>,
        now: &TaskMetrics,
        before: Option<&TaskMetrics>,
    ) {
        let Some((stage, live)) = self.live(part.stage) else {
            return;
        };
        add_difference(&mut stage.metrics, now, before);
        let summary = live.summary(stage, part.slot, part.executor);
        add_difference(&mut summary.metrics, now, before);
    }

    pub(super) fn raise_peaks(&mut self, part: Part<'_>, peaks: &PeakMemory) {
        if let Some((stage, live)) = self.live(part.stage) {
            stage.peak_memory.raise_to(peaks);
            live.summary(stage, part.slot, part.executor).peak_memory.raise_to(peaks);
        }
    }

    /// Notes that nothing more of the stage is scheduled on an executor.
    pub(super) fn exclude(&mut self, part: Part<'_>) {
        if let Some((stage, live)) = self.live(part.stage) {
            live.summary(stage, part.slot, part.executor).is_excluded = true;
            if !live.excluded.contains(&part.slot) {
                live.excluded.push(part.slot);
            }
        }
    }

    /// The state of an attempt as far as figures go that Spark does not have.
    pub(super) fn shown(&mut self, id: StageAttemptId) -> Option<&mut Stage> {
        self.live(id).map(|(stage, _)| stage)
    }

    /// Tasks whose end was never seen though their stage is complete. Only first attempts tell: a later one
    /// may leave tasks to what an earlier one still finishes.
    pub(super) fn lost_task_ends(&self) -> u64 {
        self.all.values().map(|state| lost_task_ends(&state.stage)).sum()
    }
}

impl Live {
    fn add_active(&mut self, stage: &mut Stage, change: i64) {
        self.active = self.active.saturating_add(change);
        stage.tasks.active = u32::try_from(self.active.max(0)).unwrap_or(u32::MAX);
    }

    fn summary<'s>(
        &mut self,
        stage: &'s mut Stage,
        slot: Slot,
        executor: &ExecutorId,
    ) -> &'s mut ExecutorStage {
        if self.places.len() <= slot.0 {
            self.places.resize(slot.0 + 1, None);
        }
        let at = *self.places[slot.0].get_or_insert_with(|| {
            let new = ExecutorStage {
                executor: executor.clone(),
                task_time: Millis::ZERO,
                resubmitted_time: Millis::ZERO,
                tasks: TaskCounts::default(),
                metrics: TaskMetrics::default(),
                peak_memory: PeakMemory::default(),
                is_excluded: false,
            };
            // That of an earlier life of the attempt is replaced.
            match stage.executors.iter().position(|summary| &summary.executor == executor) {
                Some(at) => {
                    stage.executors[at] = new;
                    at
                }
                None => {
                    stage.executors.push(new);
                    stage.executors.len() - 1
                }
            }
        });
        &mut stage.executors[at]
    }
}

impl StageState {
    /// Takes over what Spark says of the attempt.
    pub(super) fn fill(&mut self, info: StageInfo<'_>, scala: Scala) {
        let stage = &mut self.stage;
        stage.name = info.name.into_string();
        stage.details = info.details.into_string();
        stage.parents = info.parents.into_iter().map(StageId).collect();
        stage.num_tasks = u32::try_from(info.num_tasks).unwrap_or(0);
        stage.submission_time = info.submission_time.map(TimestampMs);
        stage.completion_time = info.completion_time.map(TimestampMs);
        stage.failure_reason = info.failure_reason.map(|reason| reason.into_string());
        stage.resource_profile = info.resource_profile;
        stage.rdds = info.rdds.iter().map(|rdd| rdd.id).collect();
        stage.accumulables = users_accumulables(&info.accumulables, scala);
        stage.is_shuffle_push_enabled = info.is_shuffle_push_enabled;
        stage.shuffle_mergers = u32::try_from(info.shuffle_mergers).unwrap_or(0);
    }

    pub(super) fn join(&mut self, job: JobId, sql_execution: Option<SqlExecutionId>) {
        if !self.stage.jobs.contains(&job) {
            self.stage.jobs.push(job);
        }
        self.stage.sql_execution = self.stage.sql_execution.or(sql_execution);
    }

    /// From now on its tasks count for the job too.
    pub(super) fn count_for(&mut self, job: JobId) {
        if let Some(live) = &mut self.live {
            live.counted_for.push(job);
        }
    }
}

fn lost_task_ends(stage: &Stage) -> u64 {
    if stage.status == StageStatus::Complete && stage.id.attempt == 0 {
        u64::from(stage.num_tasks.saturating_sub(stage.num_completed_indices))
    } else {
        0
    }
}

/// Users' accumulators in the order of Spark's map of all accumulators of the stage.
fn users_accumulables(all: &[Accumulable<'_>], scala: Scala) -> Vec<tinderbox_model::Accumulable> {
    if !all.iter().any(Accumulable::is_users) {
        return Vec::new();
    }
    let mut last = BTreeMap::new();
    let mut ids = Vec::new();
    for (at, accumulable) in all.iter().enumerate() {
        if last.insert(accumulable.id, at).is_none() {
            ids.push(accumulable.id);
        }
    }
    let hashes: Vec<_> = ids.iter().map(|&id| long_hash(id)).collect();
    let order = scala.mutable_order(&hashes, hashes.len());
    let ordered = order.into_iter().map(|at| &all[last[&ids[at]]]);
    let users = ordered.filter(|accumulable| accumulable.is_users());
    users
        .map(|accumulable| tinderbox_model::Accumulable {
            id: AccumulatorId(accumulable.id),
            name: accumulable.name.as_ref().map(|name| name.to_string()),
            update: accumulable.update_text(),
            value: accumulable.value_text(),
        })
        .collect()
}

/// Counts a kill by its reason. A reason beyond the limit is not kept: reasons of denied commits are all different.
pub(super) fn count_kill(kills: &mut Vec<(String, u32)>, reason: &str) {
    const REASONS: usize = 1_000;
    if let Some((_, count)) = kills.iter_mut().find(|(known, _)| known == reason) {
        *count = count.saturating_add(1);
    } else if kills.len() < REASONS {
        kills.push((reason.to_owned(), 1));
    }
}

/// Adds what is new since `before`, which had been added already.
pub(super) fn add_difference(
    to: &mut TaskMetrics,
    now: &TaskMetrics,
    before: Option<&TaskMetrics>,
) {
    if let Some(before) = before {
        *to -= before;
    }
    *to += now;
}

impl Fold {
    pub(super) fn stage_submitted(&mut self, event: StageSubmitted<'_>) {
        let StageSubmitted { info, properties } = event;
        self.see(info.submission_time.unwrap_or(0));
        let id = stage_id(&info);
        self.rdds.submitted(&info.rdds);
        self.sql.stage_submitted(id);
        let counted_for = self.jobs.stage_submitted(id.stage);
        let scala = self.scala();
        let state = self.stages.get_or_add(id);
        state.fill(info, scala);
        let sql_execution = properties.as_ref().and_then(|p| p.sql_execution());
        for &job in &counted_for {
            state.join(job, sql_execution);
        }
        let stage = &mut state.stage;
        stage.status = StageStatus::Active;
        stage.sql_execution = stage.sql_execution.or(sql_execution);
        let (pool, description) = properties.map_or((None, None), |p| (p.pool, p.description));
        stage.scheduling_pool = pool.map_or(String::from("default"), |pool| pool.into_string());
        stage.description = description.map(|text| text.into_string());
        if let Some(live) = &mut state.live {
            live.counted_for = counted_for;
        }
    }

    pub(super) fn stage_completed(&mut self, event: StageCompleted<'_>) {
        let info = event.info;
        self.see(info.completion_time.unwrap_or(0));
        let id = stage_id(&info);
        let (begin, end) = (info.submission_time.unwrap_or(0), info.completion_time.unwrap_or(0));
        self.check_order(format_args!("stage {} attempt {}", info.id, info.attempt), begin, end);
        if self.is_incomplete() {
            self.stages.get_or_add(id);
        }
        if self.stages.live(id).is_some() {
            self.live_stage_completed(id, info);
        }
        self.executors.forget_dead(&self.stages);
    }

    fn live_stage_completed(&mut self, id: StageAttemptId, mut info: StageInfo<'_>) {
        let accumulables = std::mem::take(&mut info.accumulables);
        let scala = self.scala();
        let users = users_accumulables(&accumulables, scala);
        let ends_were_shed = self.has_shed_task_ends();
        let state = self.stages.get_or_add(id);
        state.fill(info, scala);
        let stage = &mut state.stage;
        stage.accumulables = users;
        stage.status = if stage.failure_reason.is_some() {
            StageStatus::Failed
        } else if stage.submission_time.is_some() {
            StageStatus::Complete
        } else {
            StageStatus::Skipped
        };
        if ends_were_shed {
            for accumulable in &accumulables {
                raise_metric(&mut stage.metrics, accumulable);
                self.sql.stage_total(id, accumulable);
            }
        }
        let Some(live) = &mut state.live else { return };
        self.jobs.stage_completed(&live.counted_for, stage);
        for &slot in &live.excluded {
            self.executors.include_for(slot, id.stage);
        }
        if ends_were_shed {
            // Ends that were shed never come; what is still going can only be a copy that lost its race.
            self.jobs.forget_active(&live.counted_for, live.active);
            live.add_active(stage, -live.active);
            let executors = &mut self.executors;
            self.running.retain(|_, task| {
                let keep = task.stage != id;
                if !keep {
                    executors.forget_active(task.executor.as_str());
                }
                keep
            });
        }
        if live.active == 0 {
            self.stages.end(id);
        }
    }
}

fn stage_id(info: &StageInfo<'_>) -> StageAttemptId {
    StageAttemptId { stage: StageId(info.id), attempt: info.attempt }
}
