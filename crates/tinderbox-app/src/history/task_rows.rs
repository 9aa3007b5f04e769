//! The tasks of an attempt, whatever they are stored in.

use crate::Error;
use std::ops::ControlFlow;
use std::path::PathBuf;
use tinderbox_model::{StageAttemptId, Task, TaskStatus, TimestampMs};
use tinderbox_spark::rest::{TaskMetric, TaskOrder, TaskQuantiles, TaskState, ranks};
use tinderbox_table::{Direction, TaskFilter, TaskQuery, TaskSort, read_tasks};

/// The tasks of an attempt. All functions block.
#[derive(Debug, Clone)]
pub struct TaskRows {
    path: PathBuf,
}

/// A page of a stage's tasks.
#[derive(Debug, Clone)]
pub struct TaskPageQuery {
    /// The stage attempt.
    pub stage: StageAttemptId,
    /// Only these; all when there is none.
    pub statuses: Vec<TaskState>,
    /// By what.
    pub order: TaskOrder,
    /// The largest first; equal ones by their ids the same way.
    pub descending: bool,
    /// Tasks to skip.
    pub offset: usize,
    /// Most tasks to answer.
    pub limit: usize,
    /// Spark's limit of tasks a stage, when older ones are to be left out as there.
    pub retained: Option<u64>,
}

impl TaskRows {
    pub(super) fn of_table(path: PathBuf) -> Self {
        Self { path }
    }

    /// A page.
    ///
    /// # Errors
    /// [`Error::Table`].
    pub fn page(&self, query: &TaskPageQuery, now: TimestampMs) -> Result<Vec<Task>, Error> {
        let mut tasks = self.of_stage(query.stage, query.retained)?;
        if query.order != TaskOrder::Id {
            tasks.sort_by_cached_key(|task| (query.order.key(task, now), task.id));
        }
        if query.descending {
            tasks.reverse();
        }
        let fits = |task: &Task| {
            query.statuses.is_empty() || query.statuses.iter().any(|s| s.holds(task.status))
        };
        Ok(tasks.into_iter().filter(fits).skip(query.offset).take(query.limit).collect())
    }

    /// Calls back with every task of a stage in the order of their ids.
    ///
    /// # Errors
    /// [`Error::Table`].
    pub fn each(
        &self,
        stage: StageAttemptId,
        retained: Option<u64>,
        see: &mut dyn FnMut(&Task) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        for task in self.of_stage(stage, retained)? {
            if see(&task).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Distributions over the tasks of a stage at sorted quantiles; `None` when no task has succeeded with metrics.
    ///
    /// # Errors
    /// [`Error::Table`].
    pub fn quantiles(
        &self,
        stage: StageAttemptId,
        quantiles: &[f64],
        retained: Option<u64>,
        now: TimestampMs,
    ) -> Result<Option<TaskQuantiles>, Error> {
        let tasks = self.of_stage(stage, retained)?;
        let succeeded =
            tasks.iter().filter(|t| t.status == TaskStatus::Success && t.metrics.is_some());
        let count = succeeded.count() as u64;
        if count == 0 {
            return Ok(None);
        }
        let values = |metric: TaskMetric| {
            let mut sorted: Vec<u64> =
                tasks.iter().filter_map(|task| metric.value(task, now)).collect();
            sorted.sort_unstable();
            let ranks = ranks(quantiles, count, sorted.len() as u64);
            let value = |rank: Option<u64>| {
                let value = rank.and_then(|rank| sorted.get(usize::try_from(rank).ok()?));
                value.map_or(f64::NAN, |value| as_double(*value))
            };
            Ok(ranks.into_iter().map(value).collect())
        };
        TaskQuantiles::new(quantiles, values).map(Some)
    }

    /// By id.
    fn of_stage(&self, stage: StageAttemptId, retained: Option<u64>) -> Result<Vec<Task>, Error> {
        let query = TaskQuery {
            filter: TaskFilter { stage: Some(stage), status: None },
            sort: TaskSort::Position,
            direction: Direction::Ascending,
            offset: 0,
            limit: u64::MAX,
        };
        let mut tasks = read_tasks(&self.path, &query)?;
        let dropped = retained.map_or(0, |limit| dropped(tasks.len() as u64, limit));
        if dropped > 0 {
            tasks.sort_by_key(|task| (task.finish_time.unwrap_or(TimestampMs(i64::MAX)), task.id));
            tasks.drain(..usize::try_from(dropped).unwrap_or(usize::MAX).min(tasks.len()));
        }
        tasks.sort_by_key(|task| task.id);
        Ok(tasks)
    }
}

#[allow(clippy::cast_precision_loss)]
fn as_double(value: u64) -> f64 {
    value as f64
}

/// How many tasks of a stage Spark has dropped after `total` with a limit of `retained`
/// (`AppStatusListener.cleanupTasksInStage`): each time the limit is passed a tenth of it goes, at least what is too
/// much.
fn dropped(total: u64, retained: u64) -> u64 {
    if total <= retained {
        return 0;
    }
    let step = (retained / 10).max(1);
    (total - retained).div_ceil(step) * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_dropped_as_in_spark() {
        assert_eq!(dropped(100_000, 100_000), 0);
        assert_eq!(dropped(100_001, 100_000), 10_000);
        // Seen on a real server.
        assert_eq!(dropped(206_000, 100_000), 110_000);
        assert_eq!(dropped(12, 5), 7);
    }
}
