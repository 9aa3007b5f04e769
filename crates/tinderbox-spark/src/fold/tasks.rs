use super::Fold;
use super::failures::{add_failure, error_text};
use crate::event::{EndReason, TaskEnd, TaskStart};
use tinderbox_model::{
    ExecutorId, SharedText, Stage, StageAttemptId, StageDistributions, StageId, StageStatus, Task,
    TaskBrief, TaskCounts, TaskId, TaskMetrics, TaskStatus, TimestampMs,
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
            executor: ExecutorId::from(&*info.executor),
            host: SharedText::from(&*info.host),
            locality: SharedText::from(&*info.locality),
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
        let TaskEnd { reason, info, .. } = event;
        self.see(info.finish_time);
        let was_running = self.running.remove(&TaskId(info.id)).is_some();
        let status = status(&reason);
        let mut metrics = event.metrics.map(TaskMetrics::from);
        // The same task ends a second time, as failed, when its executor goes with its shuffle output. Spark
        // counts that end, and keeps the figures of the first one.
        let is_second_end = &*reason.reason == "Resubmitted" && !was_running;
        if is_second_end {
            metrics = None;
        }

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
            executor: ExecutorId::from(&*info.executor),
            host: SharedText::from(&*info.host),
            locality: SharedText::from(&*info.locality),
            speculative: info.speculative,
            status,
            error_message: error_text(&reason),
            metrics,
            accumulables: Vec::new(),
        };

        launched(stage, task.launch_time);
        let count = |tasks: &mut TaskCounts| {
            if was_running {
                tasks.active = tasks.active.saturating_sub(1);
            }
            match status {
                TaskStatus::Success => tasks.complete += 1,
                TaskStatus::Killed => tasks.killed += 1,
                TaskStatus::Failed | TaskStatus::Running | TaskStatus::GettingResult => {
                    tasks.failed += 1
                }
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
            if let Some(peaks) = event.executor_metrics {
                executor.peak_memory.raise_to(&peaks.into());
            }
        }

        if let Some(metrics) = &task.metrics {
            stage.metrics += metrics;
        }
        match status {
            TaskStatus::Success => {
                if state.succeeded.insert(task.index) {
                    self.sql.task_updates(stage.id, stage.sql_execution, &info.sql_updates.0);
                }
                if let Some(metrics) = &task.metrics {
                    add_to_distributions(&mut stage.distributions, &task, metrics);
                    keep_if_slow(&mut stage.slowest_tasks, &task, *metrics);
                }
            }
            TaskStatus::Failed => {
                if let Some(text) = &task.error_message {
                    let time = task.finish_time.unwrap_or(task.launch_time);
                    add_failure(&mut stage.failures, &reason.reason, text, time, task.id);
                }
            }
            TaskStatus::Killed | TaskStatus::Running | TaskStatus::GettingResult => {}
        }
        if !is_second_end {
            on_task(task);
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

/// As `AppStatusListener.onTaskEnd` counts; end reasons of later versions are failures.
fn status(reason: &EndReason<'_>) -> TaskStatus {
    match &*reason.reason {
        "Success" => TaskStatus::Success,
        "TaskKilled" | "TaskCommitDenied" => TaskStatus::Killed,
        _ => TaskStatus::Failed,
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
