use super::columns::PackMetric;
use tinderbox_model::{StageAttemptId, Task, TaskStatus};

/// A page of tasks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PackQuery {
    /// Of this stage attempt only.
    pub stage: Option<StageAttemptId>,
    /// With one of these; empty for any.
    pub statuses: Vec<TaskStatus>,
    /// Only so many of each stage attempt, those that ended last (see [`retained_tasks`]).
    pub newest: Option<u64>,
    /// By what they are sorted.
    pub sort: PackSort,
    /// Which way. Descending is exactly the other way around, equal ones too.
    pub direction: Direction,
    /// Tasks to skip.
    pub offset: u64,
    /// Most tasks to answer.
    pub limit: u64,
}

/// What tasks can be sorted by: the indexes of Spark's `TaskDataWrapper`. Equal ones come by stage attempt, then by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PackSort {
    /// Stage attempt, then id.
    #[default]
    Id,
    /// Stage attempt, then index in the stage.
    Position,
    /// Index in the stage.
    Index,
    /// Attempt of that position.
    Attempt,
    /// The partition.
    Partition,
    /// The name of the status as Spark writes it.
    Status,
    /// The name of the locality.
    Locality,
    /// The executor's id, as text.
    Executor,
    /// The host.
    Host,
    /// When the driver launched it.
    LaunchTime,
    /// When it ended; one that has not comes with a millisecond before its launch, as in Spark's store.
    CompletionTime,
    /// The error message; first those without. Compared up to the first 256 bytes.
    Error,
    /// Name and value of the first accumulator; first tasks without. Compared up to the first 256 bytes.
    Accumulables,
    /// A figure, as Spark's store has it: those of tasks that did not succeed are negative, the larger the further,
    /// and those of tasks without metrics are -1.
    Metric(PackMetric),
}

/// Which way to sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// The smallest first.
    #[default]
    Ascending,
    /// The largest first.
    Descending,
}

/// Tasks of a page, and how many there are over all pages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PackPage {
    /// In order.
    pub tasks: Vec<Task>,
    /// All that fit.
    pub total: u64,
}

/// How many of `num_tasks` tasks of a stage Spark keeps with `spark.ui.retainedTasks` set to `retained`: whenever a task
/// starts beyond that number, it drops a tenth of the number, the oldest by completion. (Source: `cleanupTasks` and
/// `calculateNumberToRemove` of `AppStatusListener`. Spark drops in the background; this is what remains when it keeps
/// up.)
pub fn retained_tasks(num_tasks: u64, retained: u64) -> u64 {
    if num_tasks <= retained {
        return num_tasks;
    }
    let step = (retained / 10).max(1);
    // The first drop leaves `retained + 1 - step`; then every `step` starts there is another.
    retained + 1 - step + (num_tasks - retained - 1) % step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_drops_a_tenth_when_the_limit_is_passed() {
        for retained in [1, 5, 10, 100, 1_000] {
            let mut kept = 0;
            for started in 1..5_000 {
                kept += 1;
                if kept > retained {
                    kept -= (retained / 10).max(kept - retained);
                }
                assert_eq!(retained_tasks(started, retained), kept, "{started} of {retained}");
            }
        }
    }
}
