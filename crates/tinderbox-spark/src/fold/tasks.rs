use super::Fold;
use super::executors::Slot;
use super::failures::{add_failure, error_text};
use super::internal_metrics::so_far;
use super::sql::Report;
use super::stages::{Part, add_difference};
use crate::event::{
    EndReason, ExecutorMetricsUpdate, ExecutorPeaks, NO_ATTEMPT, StageExecutorMetrics, TaskEnd,
    TaskStart,
};
use tinderbox_model::{
    Accumulable, AccumulatorId, ExecutorId, Millis, PeakMemory, Stage, StageAttemptId,
    StageDistributions, StageId, StageStatus, Task, TaskBrief, TaskCounts, TaskId, TaskMetrics,
    TaskStatus, TimestampMs,
};

impl Fold {
    pub(super) fn task_start(&mut self, event: TaskStart<'_>) {
        let info = event.info;
        self.see(info.launch_time);
        if self.running.len() >= Self::RUNNING_LIMIT {
            // From here on an end counts as a whole, with or without its start.
            if !self.is_incomplete() {
                let limit = Self::RUNNING_LIMIT;
                self.truncated(&format!("more than {limit} tasks run at a time: ends are missing"));
            }
            return;
        }
        let task = Task {
            id: TaskId(info.id),
            stage: StageAttemptId { stage: StageId(event.stage), attempt: event.stage_attempt },
            index: info.index,
            attempt: info.attempt,
            partition: info.partition,
            launch_time: TimestampMs(info.launch_time),
            finish_time: None,
            getting_result_time: None,
            executor: self.names.get(&info.executor).into(),
            host: self.names.get(&info.host),
            locality: self.names.get(&info.locality),
            speculative: info.speculative,
            status: TaskStatus::Running,
            error_message: None,
            metrics: None,
            accumulables: Vec::new(),
        };
        if self.is_incomplete() {
            self.appeared(&task);
        }
        self.started(&task);
        self.running.insert(task.id, task);
    }

    /// Counts a task that started.
    fn started(&mut self, task: &Task) {
        let slot = self.executors.slot(task.executor.as_str());
        self.stages.task_started(task, &mut self.jobs);
        self.executors.task_started(slot);
    }

    /// A task of a stage or executor whose own events are missing (the listener came late, or shed them) shows that they
    /// are there.
    fn appeared(&mut self, task: &Task) {
        self.executors.appeared(task);
        if task.stage.attempt == NO_ATTEMPT {
            return;
        }
        let stage = &mut self.stages.get_or_add(task.stage).stage;
        if stage.status == StageStatus::Pending {
            stage.status = StageStatus::Active;
        }
        let first = stage.first_task_launched_time.get_or_insert(task.launch_time);
        *first = (*first).min(task.launch_time);
    }

    pub(super) fn task_end(&mut self, event: TaskEnd<'_>, on_task: &mut dyn FnMut(Task)) {
        let TaskEnd { reason, info, metrics, .. } = event;
        self.see(info.finish_time);
        let started = self.running.remove(&TaskId(info.id));
        let end = End::of(reason.as_deref());
        if started.is_none() && end != End::Resubmitted && !self.is_incomplete() {
            self.contradiction(&format!("task {} ends without having begun", info.id));
        }
        self.check_order(format_args!("task {}", info.id), info.launch_time, info.finish_time);
        // What the start said nearly always holds at the end.
        let executor = match &started {
            Some(task) if task.executor.as_str() == &*info.executor => task.executor.clone(),
            _ => self.names.get(&info.executor).into(),
        };
        let host = match &started {
            Some(task) if task.host.as_str() == &*info.host => task.host.clone(),
            _ => self.names.get(&info.host),
        };
        let locality = match &started {
            Some(task) if task.locality.as_str() == &*info.locality => task.locality.clone(),
            _ => self.names.get(&info.locality),
        };
        let task = Task {
            id: TaskId(info.id),
            stage: StageAttemptId { stage: StageId(event.stage), attempt: event.stage_attempt },
            index: info.index,
            attempt: info.attempt,
            partition: info.partition,
            launch_time: TimestampMs(info.launch_time),
            finish_time: (info.finish_time > 0).then_some(TimestampMs(info.finish_time)),
            getting_result_time: (info.getting_result_time > 0)
                .then_some(TimestampMs(info.getting_result_time)),
            executor,
            host,
            locality,
            speculative: info.speculative,
            status: end.status(info.failed, info.killed),
            error_message: reason.as_deref().and_then(error_text),
            metrics,
            accumulables: info.sql_updates.users.into_iter().map(Accumulable::from).collect(),
        };
        self.ended(&task, end, started.as_ref(), &event.executor_metrics);
        self.report(&task, end == End::Success, &info.sql_updates.sql);
        // Spark has no row for an end without a start: the same task ends a second time, as failed, when its executor
        // goes with its shuffle output.
        if started.is_some() || (self.is_incomplete() && end != End::Resubmitted) {
            if let Some(stage) = self.stages.shown(task.stage) {
                describe(stage, &task, end, reason.as_deref());
            }
            on_task(task);
        }
        self.written();
    }

    /// Counts a task that ended.
    fn ended(&mut self, task: &Task, end: End, started: Option<&Task>, peaks: &ExecutorPeaks) {
        let is_incomplete = self.is_incomplete();
        if is_incomplete {
            self.appeared(task);
        }
        let is_row = started.is_some() || (is_incomplete && end != End::Resubmitted);
        let ending = Ending {
            end,
            // Spark counts every end but a second one against the tasks that run, started or not.
            was_active: end != End::Resubmitted && (started.is_some() || !is_incomplete),
            slot: self.executors.slot(task.executor.as_str()),
            kill_reason: task.error_message.as_deref().filter(|_| end == End::Killed),
            metrics: task.metrics.as_ref().filter(|_| is_row),
            before: started.and_then(|task| task.metrics.as_ref()),
            peaks,
        };
        self.over = self.stages.task_ended(task, &ending, &mut self.jobs);
        self.executors.task_ended(task, &ending);
    }

    /// Closes the stage attempt that ended with a task.
    fn written(&mut self) {
        if let Some(over) = self.over.take() {
            self.stages.end(over.stage);
            self.jobs.write(&over.jobs);
        }
    }

    fn report(&mut self, task: &Task, is_success: bool, updates: &[(AccumulatorId, i64)]) {
        let report = Report { task: task.id, index: task.index, is_success, updates };
        self.sql.report(task.stage, report);
    }

    /// In local mode the driver tells how far its tasks are.
    pub(super) fn executor_metrics_update(&mut self, event: &ExecutorMetricsUpdate<'_>) {
        let slot = self.executors.slot(&event.executor);
        let executor = ExecutorId::from(&*event.executor);
        for update in &event.tasks {
            let Some(task) = self.running.get_mut(&TaskId(update.task)) else {
                continue;
            };
            let stage = stage_attempt(update.stage, update.attempt);
            let now = so_far(&update.updates);
            let before = task.metrics.replace(now);
            let part = Part { stage, slot, executor: &executor };
            self.stages.add_progress(part, &now, before.as_ref());
            let updates = update.updates.iter();
            let updates: Vec<_> =
                updates.filter_map(|u| Some((AccumulatorId(u.id), u.update()?))).collect();
            let (task, index) = (task.id, task.index);
            let report = Report { task, index, is_success: false, updates: &updates };
            self.sql.report(stage, report);
        }
        for update in &event.updates {
            let peaks = PeakMemory::from(update.metrics);
            self.executors.raise_peaks(slot, &peaks);
            let stage = stage_attempt(update.stage, update.attempt);
            self.stages.raise_peaks(Part { stage, slot, executor: &executor }, &peaks);
        }
    }

    pub(super) fn stage_executor_metrics(&mut self, event: &StageExecutorMetrics<'_>) {
        let slot = self.executors.slot(&event.executor);
        let peaks = PeakMemory::from(event.metrics);
        self.executors.raise_peaks_at_stage_end(slot, &peaks);
        let stage = stage_attempt(event.stage, event.attempt);
        let executor = &ExecutorId::from(&*event.executor);
        self.stages.raise_peaks(Part { stage, slot, executor }, &peaks);
    }
}

fn stage_attempt(stage: i64, attempt: i64) -> StageAttemptId {
    // The driver reports under -1 what belongs to no stage.
    StageAttemptId { stage: StageId(stage), attempt: u32::try_from(attempt).unwrap_or(NO_ATTEMPT) }
}

/// How a task's end counts.
pub(super) struct Ending<'a> {
    pub(super) end: End,
    /// Whether a running task is gone with it.
    pub(super) was_active: bool,
    pub(super) slot: Slot,
    /// Of a kill.
    pub(super) kill_reason: Option<&'a str>,
    /// What counts for the stage.
    pub(super) metrics: Option<&'a TaskMetrics>,
    /// What of it was counted while the task ran.
    pub(super) before: Option<&'a TaskMetrics>,
    pub(super) peaks: &'a ExecutorPeaks,
}

impl Ending<'_> {
    pub(super) fn count(&self, tasks: &mut TaskCounts) {
        match self.end {
            End::Success => tasks.complete += 1,
            End::Killed => tasks.killed += 1,
            End::Failed | End::Resubmitted => tasks.failed += 1,
        }
    }

    /// The sum that the task's duration belongs to.
    pub(super) fn time<'m>(&self, once: &'m mut Millis, again: &'m mut Millis) -> &'m mut Millis {
        if self.end == End::Resubmitted { again } else { once }
    }

    pub(super) fn add_metrics(&self, sums: &mut TaskMetrics) {
        if let Some(metrics) = self.metrics {
            add_difference(sums, metrics, self.before);
        }
    }
}

/// As `AppStatusListener.onTaskEnd` counts ends; reasons of later versions are failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Success,
    Killed,
    Failed,
    Resubmitted,
}

impl End {
    fn of(reason: Option<&EndReason<'_>>) -> Self {
        match reason.map(|reason| &*reason.reason) {
            None => Self::Success,
            Some("TaskKilled" | "TaskCommitDenied") => Self::Killed,
            Some("Resubmitted") => Self::Resubmitted,
            Some(_) => Self::Failed,
        }
    }

    /// The task's own status, as `TaskInfo.status` tells it from its marks; by the reason where it has none.
    fn status(self, failed: bool, killed: bool) -> TaskStatus {
        match self {
            _ if failed => TaskStatus::Failed,
            _ if killed => TaskStatus::Killed,
            Self::Success => TaskStatus::Success,
            Self::Killed => TaskStatus::Killed,
            Self::Failed | Self::Resubmitted => TaskStatus::Failed,
        }
    }
}

/// Adds to what Spark does not have: distributions, slowest tasks and groups of failures.
fn describe(stage: &mut Stage, task: &Task, end: End, reason: Option<&EndReason<'_>>) {
    match end {
        End::Success => {
            if let Some(metrics) = &task.metrics {
                add_to_distributions(&mut stage.distributions, task, metrics);
                keep_if_slow(&mut stage.slowest_tasks, task, *metrics);
            }
        }
        End::Failed | End::Resubmitted => {
            if let (Some(text), Some(reason)) = (&task.error_message, reason) {
                let time = task.finish_time.unwrap_or(task.launch_time);
                add_failure(&mut stage.failures, &reason.reason, text, time, task.id);
            }
        }
        End::Killed => {}
    }
}

fn add_to_distributions(to: &mut StageDistributions, task: &Task, metrics: &TaskMetrics) {
    to.duration.add(task.duration().0);
    to.executor_run_time.add(metrics.executor_run_time.0);
    to.jvm_gc_time.add(metrics.jvm_gc_time.0);
    to.scheduler_delay.add(task.scheduler_delay().0);
    to.input_bytes.add(metrics.input_bytes.0);
    to.input_records.add(metrics.input_records);
    to.output_bytes.add(metrics.output_bytes.0);
    to.shuffle_read_bytes.add(metrics.shuffle_read_bytes().0);
    to.shuffle_read_records.add(metrics.shuffle_read_records);
    to.shuffle_write_bytes.add(metrics.shuffle_write_bytes.0);
    to.disk_bytes_spilled.add(metrics.disk_bytes_spilled.0);
    to.memory_bytes_spilled.add(metrics.memory_bytes_spilled.0);
    to.peak_execution_memory.add(metrics.peak_execution_memory.0);
}

fn keep_if_slow(slowest: &mut Vec<TaskBrief>, task: &Task, metrics: TaskMetrics) {
    let duration = task.duration();
    let at = slowest.partition_point(|brief| brief.duration >= duration);
    if at >= Stage::SLOWEST_LIMIT {
        return;
    }
    slowest.truncate(Stage::SLOWEST_LIMIT - 1);
    let executor = task.executor.clone();
    slowest.insert(at, TaskBrief { id: task.id, index: task.index, executor, duration, metrics });
}
