use crate::conf_text::as_f64;
use crate::facts::Facts;
use crate::report::{Effect, Evidence, Finding, Quantity, Severity, ThresholdSource};
use crate::rules::{Gate, Rule};
use tinderbox_model::{FailureGroup, Millis, Patch, Stage, StageStatus};

/// Tasks of a stage failed.
pub(crate) const RULE: Rule = Rule {
    id: "failed-tasks",
    title: "Failed tasks",
    page: "failed-tasks",
    gate: Gate::EachStage,
    check,
};

/// Failed / ended tasks from which it is reported (DE, "low").
const INFO: f64 = 0.1;
/// From which it is a warning (DE, "moderate").
const WARNING: f64 = 0.3;
/// From which it is critical (DE, "severe" and "critical").
const CRITICAL: f64 = 0.5;
/// A message in the evidence is cut here, in characters; the finding's stage holds the whole sample.
const MESSAGE_LIMIT: usize = 300;

/// What a failure means for those who must act. The text decides, because Spark's reason is `ExceptionFailure` for most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FailureClass {
    /// `OutOfMemoryError` in the JVM.
    HeapFull,
    /// The container was killed for its memory (exit code 137, or the message of YARN and Kubernetes).
    ContainerKilled,
    /// Shuffle data could not be fetched.
    FetchFailed,
    /// An executor went away: its running tasks fail, and ended map tasks are resubmitted.
    ExecutorLost,
    /// Python raised.
    Python,
    /// Anything else: the program, its libraries, its data.
    Program,
}

impl FailureClass {
    fn of(group: &FailureGroup) -> Self {
        let has = |needle: &str| group.message.contains(needle) || group.sample.contains(needle);
        // The container's end is what happened last, and its text may quote anything else.
        if has("exceeding memory limits")
            || has("exit code 137")
            || has("exit status: 137")
            || has("OOMKilled")
        {
            Self::ContainerKilled
        } else if has("OutOfMemoryError") {
            Self::HeapFull
        } else if group.reason == "FetchFailed" || has("FetchFailedException") {
            Self::FetchFailed
        } else if matches!(group.reason.as_str(), "ExecutorLostFailure" | "Resubmitted") {
            Self::ExecutorLost
        } else if has("PythonException") || has("Traceback (most recent call last)") {
            Self::Python
        } else {
            Self::Program
        }
    }

    /// Classes that cost whole executors or stages are reported at any rate (rows 34 and 35 of the tuning table: "any").
    fn is_always_reported(self) -> bool {
        !matches!(self, Self::Python | Self::Program)
    }

    fn name(self) -> &'static str {
        match self {
            Self::HeapFull => "out of heap memory",
            Self::ContainerKilled => "container killed for its memory",
            Self::FetchFailed => "shuffle data not fetched",
            Self::ExecutorLost => "executor lost",
            Self::Python => "Python exception",
            Self::Program => "exception in the program",
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::HeapFull => {
                "Give tasks more heap or smaller partitions; look for collect, large broadcasts and wide rows."
            }
            Self::ContainerKilled => {
                "Give the container more memory beside the heap: Python workers and off-heap buffers live there."
            }
            Self::FetchFailed => {
                "Look at the executor that served the shuffle: it was lost or overloaded. A shuffle service or decommissioning keeps its data."
            }
            Self::ExecutorLost => {
                "Look at the reason of the executor's removal: preemption, a lost node, or memory."
            }
            Self::Python => {
                "Read the Python traceback in the sample; the last line names the error."
            }
            Self::Program => {
                "Read the stack trace in the sample; the first line of your own code is the place to look."
            }
        }
    }
}

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    facts.application.stages.iter().filter_map(|stage| finding(facts, stage)).collect()
}

fn finding(facts: &Facts<'_>, stage: &Stage) -> Option<Finding> {
    let failed = u64::from(stage.tasks.failed);
    if failed == 0 {
        return None;
    }
    let ended = failed + u64::from(stage.tasks.complete) + u64::from(stage.tasks.killed);
    let rate = as_f64(failed) / as_f64(ended);
    let main = stage.failures.first();
    let class = main.map(FailureClass::of);
    let broke_the_stage = stage.status == StageStatus::Failed;
    // Lost ends of tasks are mostly those of good ones, which would raise the rate.
    let is_rate_true = broke_the_stage || ended >= u64::from(stage.num_tasks);
    let by_rate = match rate {
        rate if !is_rate_true || rate < INFO => None,
        rate if rate >= CRITICAL => Some((Severity::Critical, CRITICAL)),
        rate if rate >= WARNING => Some((Severity::Warning, WARNING)),
        _ => Some((Severity::Info, INFO)),
    };
    let severity = if broke_the_stage {
        Severity::Critical
    } else if let Some((severity, _)) = by_rate {
        severity
    } else if class.is_some_and(FailureClass::is_always_reported) {
        Severity::Info
    } else {
        return None;
    };
    let mut evidence = vec![Evidence::new("tasks failed", Quantity::Count(failed))];
    if is_rate_true {
        let share = Evidence::new("tasks failed / ended", Quantity::Ratio(rate));
        let bound = by_rate.map_or(INFO, |(_, bound)| bound);
        evidence.push(share.against(Quantity::Ratio(bound), ThresholdSource::DrElephant));
    }
    for group in stage.failures.iter().take(3) {
        let name = format!("failures: {} ({})", FailureClass::of(group).name(), group.reason);
        evidence.push(Evidence::new(name, Quantity::Count(u64::from(group.count))));
        let message = group.message.chars().take(MESSAGE_LIMIT).collect();
        evidence.push(Evidence::new("error", Quantity::Text(message)));
    }
    let end = if broke_the_stage { "and the stage with them" } else { "and were tried again" };
    let cause = class.map_or("no reason was recorded", FailureClass::name);
    Some(Finding {
        severity,
        title: format!("{failed} of {ended} tasks of stage {} failed: {cause}", stage.id),
        evidence,
        explanation: format!(
            "{failed} tasks failed {end}. Spark gives up when one task fails {} times (spark.task.maxFailures).",
            facts.integer("spark.task.maxFailures").unwrap_or(4)
        ),
        remedies: class.map(|class| class.remedy().to_owned()).into_iter().collect(),
        effect: Some(effect(facts, stage, failed)),
        patches: class.and_then(|class| patch(facts, class)).into_iter().collect(),
        ..RULE.stage_finding(stage.id)
    })
}

/// Task time: what failed tasks would have taken at the mean of the good ones; all of the stage when none was good or it failed.
fn effect(facts: &Facts<'_>, stage: &Stage, failed: u64) -> Effect {
    let good = &stage.distributions.executor_run_time;
    let whole = stage.metrics.executor_run_time;
    let high = if stage.status == StageStatus::Failed {
        whole
    } else {
        good.sum()
            .checked_div(good.count())
            .map_or(whole, |mean| Millis(mean.saturating_mul(failed)).min(whole))
    };
    Effect {
        formula: String::from(
            "high: failed tasks x mean run time of the good ones, or the whole stage when it failed; \
             low: run time of all tasks - run time of the good ones",
        ),
        task_time: facts.task_stake(whole - Millis(good.sum()), high),
        wall_time: None,
        core_time: None,
    }
}

fn patch(facts: &Facts<'_>, class: FailureClass) -> Option<Patch> {
    match class {
        FailureClass::HeapFull => facts.more_heap(),
        FailureClass::ContainerKilled if !facts.is_local => {
            let heap = facts.memory("spark.executor.memory")?;
            Some(more_overhead(facts.memory("spark.executor.memoryOverhead"), heap))
        }
        _ => None,
    }
}

/// Twice the memory beside the heap. Spark's default is a tenth of the heap, at least 384 MiB
/// (`spark.executor.memoryOverheadFactor`). The factor two is our own figure (o).
fn more_overhead(now: Option<tinderbox_model::Bytes>, heap: tinderbox_model::Bytes) -> Patch {
    use crate::conf_text::{MIB, memory_text};
    use tinderbox_model::Bytes;
    let now = now.unwrap_or(Bytes((heap.0 / 10).max(384 * MIB)));
    let wanted = Bytes(now.0.saturating_mul(2).div_ceil(128 * MIB).saturating_mul(128 * MIB));
    Patch::Configuration {
        key: String::from("spark.executor.memoryOverhead"),
        value: memory_text(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{application, make_local, set, task};
    use tinderbox_model::{Application, TaskId, TimestampMs};

    fn findings(app: &Application) -> Vec<Finding> {
        check(&Facts::new(app))
    }

    fn app_of(good: usize, failed: u32, reason: &str, message: &str) -> Application {
        let mut app = application(60_000, vec![(5, vec![task(1_000); good])]);
        let stage = &mut app.stages[0];
        stage.tasks.failed = failed;
        stage.metrics.executor_run_time += Millis(u64::from(failed) * 500);
        stage.failures.push(FailureGroup {
            reason: reason.to_owned(),
            message: message.to_owned(),
            sample: message.to_owned(),
            count: failed,
            first_time: TimestampMs(1),
            tasks: vec![TaskId(1)],
        });
        app
    }

    fn program(good: usize, failed: u32) -> Application {
        app_of(good, failed, "ExceptionFailure", "java.lang.NumberFormatException: x")
    }

    #[test]
    fn severity_follows_the_rate() {
        assert!(findings(&program(901, 99)).is_empty());
        let severity = |good, failed| findings(&program(good, failed))[0].severity;
        assert_eq!(severity(90, 10), Severity::Info);
        assert_eq!(severity(70, 30), Severity::Warning);
        assert_eq!(severity(50, 50), Severity::Critical);
    }

    #[test]
    fn failed_stage_is_critical_at_any_rate_and_shows_the_error() {
        let mut app = program(996, 4);
        app.stages[0].status = StageStatus::Failed;
        let found = findings(&app);
        assert_eq!(found[0].severity, Severity::Critical);
        let text = Quantity::Text(String::from("java.lang.NumberFormatException: x"));
        assert!(found[0].evidence.iter().any(|evidence| evidence.value == text));
        assert!(found[0].patches.is_empty(), "no setting mends a program");
    }

    #[test]
    fn lost_executors_are_reported_at_any_rate() {
        let app = app_of(999, 1, "ExecutorLostFailure", "Executor 3 exited, preempted");
        assert_eq!(findings(&app)[0].severity, Severity::Info);
        let app = app_of(999, 1, "Resubmitted", "Resubmitted (resubmitted due to lost executor)");
        assert!(findings(&app)[0].title.ends_with("executor lost"));
    }

    #[test]
    fn out_of_memory_gets_more_memory() {
        let mut app =
            app_of(10, 4, "ExceptionFailure", "java.lang.OutOfMemoryError: Java heap space");
        set(&mut app, "spark.executor.memory", "2g");
        assert_eq!(findings(&app)[0].patches[0].to_string(), "cluster.executor.memory=3g");
        make_local(&mut app);
        assert_eq!(findings(&app)[0].patches[0].to_string(), "cluster.driver.memory=1536m");
    }

    #[test]
    fn killed_container_gets_more_memory_beside_the_heap() {
        let text = "Container killed by YARN for exceeding memory limits. 5.1 GB of 5 GB used";
        let app = app_of(10, 4, "ExecutorLostFailure", text);
        let patch = findings(&app)[0].patches[0].to_string();
        assert_eq!(patch, "spark.executor.memoryOverhead=768m", "twice the least of 384 MiB");
    }

    #[test]
    fn rate_is_not_judged_when_ends_of_tasks_are_missing() {
        let mut app = program(10, 10);
        assert_eq!(findings(&app).len(), 1);
        app.stages[0].num_tasks = 1_000;
        assert!(findings(&app).is_empty(), "980 ends are missing");
    }
}
