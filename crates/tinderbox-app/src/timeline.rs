//! When stages and tasks ran, as bars. Pure.

use std::collections::BTreeMap;
use tinderbox_model::{
    Application, ExecutorId, Millis, StageAttemptId, StageStatus, Task, TaskStatus, TimestampMs,
};

/// Bars of a run; times count from [`Timeline::origin`].
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// Start of the application.
    pub origin: TimestampMs,
    /// Its length so far.
    pub length: Millis,
    /// One bar a stage attempt that was submitted.
    pub stages: Vec<StageBar>,
    /// Lane names: executor and slot.
    pub lanes: Vec<String>,
    /// One bar a task.
    pub tasks: Vec<TaskBar>,
    /// Tasks left out because there are more than [`Timeline::TASK_LIMIT`]; the longest are kept.
    pub omitted: u64,
}

/// A stage's bar.
#[derive(Debug, Clone, PartialEq)]
pub struct StageBar {
    /// The stage attempt.
    pub stage: StageAttemptId,
    /// Its call site.
    pub name: String,
    /// Its status.
    pub status: StageStatus,
    /// Begin.
    pub start: Millis,
    /// End; `None` while it runs.
    pub end: Option<Millis>,
}

/// A task's bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskBar {
    /// Index into the lanes.
    pub lane: u32,
    /// Spark's id.
    pub task: i64,
    /// Its stage.
    pub stage: i64,
    /// Begin.
    pub start: Millis,
    /// End.
    pub end: Millis,
    /// Whether it failed or was killed.
    pub failed: bool,
}

impl Timeline {
    /// More bars than this are not sent; the answer stays below 1 MB.
    pub const TASK_LIMIT: usize = 20_000;

    /// Lays out the bars of `tasks`, the longest of `total`. Tasks of one executor that overlap get different lanes: the
    /// lowest free slot at launch, which is how the executor's cores filled up. An executor has no more lanes than cores:
    /// the driver notes the end of a task some milliseconds after its core has taken the next one.
    pub fn build(application: &Application, mut tasks: Vec<Task>, total: u64) -> Self {
        let origin = application.start_time.unwrap_or_else(|| {
            let stages = application.stages.iter().filter_map(|stage| stage.submission_time);
            stages.min().unwrap_or_default()
        });
        let omitted = total.saturating_sub(tasks.len() as u64);
        tasks.sort_by_key(|task| (task.launch_time, task.id));
        let (lanes, bars) = lay_out(application, origin, &tasks);
        let stages = application
            .stages
            .iter()
            .filter_map(|stage| {
                Some(StageBar {
                    stage: stage.id,
                    name: stage.name.clone(),
                    status: stage.status,
                    start: stage.submission_time?.since(origin),
                    end: stage.completion_time.map(|end| end.since(origin)),
                })
            })
            .collect();
        let length = application.duration().unwrap_or_default();
        Self { origin, length, stages, lanes, tasks: bars, omitted }
    }
}

fn lay_out(
    application: &Application,
    origin: TimestampMs,
    tasks: &[Task],
) -> (Vec<String>, Vec<TaskBar>) {
    // Per executor, when each slot becomes free.
    let mut slots: BTreeMap<&str, Vec<TimestampMs>> = BTreeMap::new();
    let mut placed = Vec::with_capacity(tasks.len());
    for task in tasks {
        let finish = task.finish_time.unwrap_or(task.launch_time);
        let free = slots.entry(task.executor.as_str()).or_default();
        let slot = slot_of(free, task.launch_time, cores_of(application, &task.executor));
        if slot == free.len() {
            free.push(finish);
        } else {
            free[slot] = finish;
        }
        placed.push((task, slot, finish));
    }
    let mut first_lane = BTreeMap::new();
    let mut lanes = Vec::new();
    for (executor, free) in &slots {
        first_lane.insert(*executor, lanes.len());
        lanes.extend((0..free.len()).map(|slot| format!("{executor}/{slot}")));
    }
    let bars = placed.into_iter().map(|(task, slot, finish)| TaskBar {
        lane: u32::try_from(first_lane[task.executor.as_str()] + slot).unwrap_or(u32::MAX),
        task: task.id.0,
        stage: task.stage.stage.0,
        start: task.launch_time.since(origin),
        end: finish.since(origin),
        failed: matches!(task.status, TaskStatus::Failed | TaskStatus::Killed),
    });
    (lanes, bars.collect())
}

/// The lowest slot that is free at `launch`, else a new one, else the one that becomes free first.
fn slot_of(free: &[TimestampMs], launch: TimestampMs, cores: usize) -> usize {
    let lowest = free.iter().position(|time| *time <= launch);
    let first_free = || (0..free.len()).min_by_key(|slot| free[*slot]);
    lowest.or_else(|| first_free().filter(|_| free.len() >= cores)).unwrap_or(free.len())
}

/// Cores of an executor; as many as needed when they are not known.
fn cores_of(application: &Application, executor: &ExecutorId) -> usize {
    let known = application.executors.iter().find(|known| &known.id == executor);
    match known.map(|known| known.total_cores) {
        None | Some(0) => usize::MAX,
        Some(cores) => cores as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinderbox_model::{SharedText, TaskId};

    fn task(id: i64, executor: &str, launch: i64, finish: i64) -> Task {
        Task {
            id: TaskId(id),
            stage: StageAttemptId::default(),
            index: id,
            attempt: 0,
            partition: id,
            launch_time: TimestampMs(launch),
            finish_time: Some(TimestampMs(finish)),
            getting_result_time: None,
            executor: ExecutorId::from(executor),
            host: SharedText::default(),
            locality: SharedText::default(),
            speculative: false,
            status: TaskStatus::Success,
            error_message: None,
            metrics: None,
            accumulables: Vec::new(),
        }
    }

    #[test]
    fn overlapping_tasks_never_share_a_lane() {
        let application =
            Application { start_time: Some(TimestampMs(100)), ..Application::default() };
        let tasks = vec![
            task(0, "1", 100, 200),
            task(1, "1", 110, 150),
            task(2, "1", 150, 180),
            task(3, "2", 120, 130),
        ];
        let timeline = Timeline::build(&application, tasks, 9);
        assert_eq!(timeline.omitted, 5);
        assert_eq!(timeline.lanes, ["1/0", "1/1", "2/0"]);
        let lanes: Vec<_> = timeline.tasks.iter().map(|bar| (bar.task, bar.lane)).collect();
        assert_eq!(lanes, [(0, 0), (1, 1), (3, 2), (2, 1)]);
        assert_eq!(timeline.tasks[0].end, Millis(100), "times count from the origin");
    }

    #[test]
    fn an_executor_has_no_more_lanes_than_cores() {
        let free = [TimestampMs(10), TimestampMs(20)];
        assert_eq!(slot_of(&free, TimestampMs(15), 2), 0, "free");
        assert_eq!(slot_of(&free, TimestampMs(5), 3), 2, "a core is left");
        assert_eq!(slot_of(&free, TimestampMs(5), 2), 0, "becomes free first");
        assert_eq!(slot_of(&[], TimestampMs(5), 1), 0);
    }
}
