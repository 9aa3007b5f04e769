use super::Fold;
use super::failures::{add_failure, error_text};
use crate::event::{EndReason, TaskEnd, TaskStart};
use tinderbox_model::{
    Accumulable, Stage, StageAttemptId, StageDistributions, StageId, StageStatus, Task, TaskBrief,
    TaskCounts, TaskId, TaskMetrics, TaskStatus, TimestampMs,
};

impl Fold {
    pub(super) fn task_start(&mut self, event: TaskStart<'_>) {
        let info = event.info;
        self.see(info.launch_time);
        if self.running.len() >= Self::RUNNING_LIMIT {
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
        let state = self.stages.get_or_add(event.stage, event.stage_attempt);
        launched(&mut state.stage, task.launch_time);
        state.stage.tasks.active += 1;
        self.jobs.count(&state.counted_for, |tasks| tasks.active += 1);
        if let Some(executor) = self.executors.active(task.executor.as_str(), &task.host) {
            executor.tasks.active += 1;
        }
        self.running.insert(task.id, task);
    }

    pub(super) fn task_end(&mut self, event: TaskEnd<'_>, on_task: &mut dyn FnMut(Task)) {
        let TaskEnd { reason, info, mut metrics, .. } = event;
        self.see(info.finish_time);
        let was_running = self.running.remove(&TaskId(info.id)).is_some();
        let end = End::of(reason.as_deref());
        // The same task ends a second time, as failed, when its executor goes with its shuffle output. Spark
        // counts that end, and keeps the figures of the first one.
        let is_second_end = end == End::Resubmitted && !was_running;
        if is_second_end {
            metrics = None;
        }

        let executor = self.names.get(&info.executor).into();
        let host = self.names.get(&info.host);
        let locality = self.names.get(&info.locality);
        let state = self.stages.get_or_add(event.stage, event.stage_attempt);
        let stage = &mut state.stage;
        let task = Task {
            id: TaskId(info.id),
            stage: stage.id,
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

        launched(stage, task.launch_time);
        let count = |tasks: &mut TaskCounts| {
            if was_running {
                tasks.active = tasks.active.saturating_sub(1);
            }
            match end {
                End::Success => tasks.complete += 1,
                End::Killed => tasks.killed += 1,
                End::Failed | End::Resubmitted => tasks.failed += 1,
            }
        };
        count(&mut stage.tasks);
        self.jobs.count(&state.counted_for, count);
        if let Some(executor) = self.executors.active(task.executor.as_str(), &task.host) {
            count(&mut executor.tasks);
            executor.total_duration += task.duration();
            if let Some(metrics) = &task.metrics {
                executor.metrics += metrics;
            }
            event.executor_metrics.raise(&mut executor.peak_memory);
        }

        if let Some(metrics) = &task.metrics {
            stage.metrics += metrics;
        }
        match end {
            End::Success => {
                if state.succeeded.insert(task.index) {
                    self.sql.task_updates(stage.id, stage.sql_execution, &info.sql_updates.sql);
                }
                if let Some(metrics) = &task.metrics {
                    add_to_distributions(&mut stage.distributions, &task, metrics);
                    keep_if_slow(&mut stage.slowest_tasks, &task, *metrics);
                }
            }
            End::Failed | End::Resubmitted => {
                if let (Some(text), Some(reason)) = (&task.error_message, &reason) {
                    let time = task.finish_time.unwrap_or(task.launch_time);
                    add_failure(&mut stage.failures, &reason.reason, text, time, task.id);
                }
            }
            End::Killed => {}
        }
        if !is_second_end {
            on_task(task);
        }
    }
}

/// As `AppStatusListener.onTaskEnd` counts ends; reasons of later versions are failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
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

/// A task of a stage whose submission was not seen (the listener came late) shows that the stage runs.
fn launched(stage: &mut Stage, time: TimestampMs) {
    if stage.status == StageStatus::Pending {
        stage.status = StageStatus::Active;
    }
    let first = stage.first_task_launched_time.get_or_insert(time);
    *first = (*first).min(time);
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
