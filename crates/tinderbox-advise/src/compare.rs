mod differences;
mod factors;
mod operators;
mod pairs;
mod wall;

use crate::analyze::reasons;
use crate::conf_text::as_f64;
use crate::report::Quantity;
use serde::{Deserialize, Serialize};
use std::fmt;
use tinderbox_model::{Application, ApplicationId, Bytes, Millis, TaskMetrics};

pub use differences::{
    ConfigurationDifference, Differences, StageDifference, StageSide, TimeCause, TimeDifference,
    TimePart,
};
pub use factors::Factors;
pub use operators::{OperatorDifference, OperatorSide};

/// The version of [`Comparison`]'s JSON.
pub const COMPARISON_VERSION: u32 = 2;

/// Two applications side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// [`COMPARISON_VERSION`] of the writer.
    pub version: u32,
    /// The application before the change.
    pub before: Option<ApplicationId>,
    /// The application after it.
    pub after: Option<ApplicationId>,
    /// Why sums may be too low, one sentence each, with the side they concern; empty when both are whole.
    pub partial: Vec<String>,
    /// Every [`ComparedMetric`], in its order.
    pub metrics: Vec<Compared>,
    /// What differs in detail, and what that explains of the time.
    pub differences: Differences,
}

impl Comparison {
    /// One metric of both.
    pub fn metric(&self, metric: ComparedMetric) -> Option<&Compared> {
        self.metrics.iter().find(|compared| compared.metric == metric)
    }
}

/// One metric of two applications.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// Which one.
    pub metric: ComparedMetric,
    /// Its name for people.
    pub title: String,
    /// The value before; `None` when it is not known.
    pub before: Option<Quantity>,
    /// The value after; `None` when it is not known.
    pub after: Option<Quantity>,
    /// `(after - before) / before`: -0.25 is a quarter less. `None` when a value is not known or `before` is zero.
    pub change_ratio: Option<f64>,
}

/// What is compared. Sums are over all stage attempts, failed and killed tasks included, as Spark's REST counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComparedMetric {
    /// From the application's start to its end.
    WallTime,
    /// From the first submission of a job to the last end of one: without start-up and shut-down.
    JobTime,
    /// Sum of executor run time.
    TaskTime,
    /// Sum of executor CPU time.
    CpuTime,
    /// Bytes read from storage.
    Input,
    /// Bytes written to storage.
    Output,
    /// Shuffle bytes read, remote and local.
    ShuffleRead,
    /// Shuffle bytes written.
    ShuffleWrite,
    /// Bytes spilled to disk.
    DiskSpill,
    /// In-memory size of the same.
    MemorySpill,
    /// Sum of JVM GC time.
    GcTime,
    /// Tasks that ended well.
    Tasks,
    /// Tasks that failed.
    FailedTasks,
    /// The largest max / median of task durations over the stage attempts that have at least two good tasks and
    /// [`ComparedMetric::SKEW_STAGE_SHARE`] of the application's task time. The median is Spark's: of an even number of tasks the
    /// upper of the middle two. `None` when there is no such stage.
    SkewRatio,
}

impl ComparedMetric {
    /// All, in the order of a table.
    pub const ALL: [Self; 14] = [
        Self::WallTime,
        Self::JobTime,
        Self::TaskTime,
        Self::CpuTime,
        Self::Input,
        Self::Output,
        Self::ShuffleRead,
        Self::ShuffleWrite,
        Self::DiskSpill,
        Self::MemorySpill,
        Self::GcTime,
        Self::Tasks,
        Self::FailedTasks,
        Self::SkewRatio,
    ];

    /// Stages with a smaller share of the task time do not count for the skew ratio: their skew costs nothing. Own figure.
    pub const SKEW_STAGE_SHARE: f64 = 0.05;

    /// The name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::WallTime => "wall time",
            Self::JobTime => "wall time of the jobs",
            Self::TaskTime => "task time",
            Self::CpuTime => "CPU time",
            Self::Input => "data read",
            Self::Output => "data written",
            Self::ShuffleRead => "shuffle read",
            Self::ShuffleWrite => "shuffle write",
            Self::DiskSpill => "spill to disk",
            Self::MemorySpill => "spill in memory",
            Self::GcTime => "GC time",
            Self::Tasks => "tasks",
            Self::FailedTasks => "failed tasks",
            Self::SkewRatio => "skew ratio",
        }
    }

    fn of(self, app: &Application, totals: &TaskMetrics) -> Option<Quantity> {
        let count = |tasks: fn(&tinderbox_model::Stage) -> u32| {
            app.stages.iter().fold(0, |sum: u64, stage| sum.saturating_add(tasks(stage).into()))
        };
        Some(match self {
            Self::WallTime => Quantity::Millis(app.duration()?),
            Self::JobTime => Quantity::Millis(job_time(app)?),
            Self::TaskTime => Quantity::Millis(totals.executor_run_time),
            Self::CpuTime => Quantity::Millis(totals.executor_cpu_time.to_millis()),
            Self::Input => Quantity::Bytes(totals.input_bytes),
            Self::Output => Quantity::Bytes(totals.output_bytes),
            Self::ShuffleRead => Quantity::Bytes(totals.shuffle_read_bytes()),
            Self::ShuffleWrite => Quantity::Bytes(totals.shuffle_write_bytes),
            Self::DiskSpill => Quantity::Bytes(totals.disk_bytes_spilled),
            Self::MemorySpill => Quantity::Bytes(totals.memory_bytes_spilled),
            Self::GcTime => Quantity::Millis(totals.jvm_gc_time),
            Self::Tasks => Quantity::Count(count(|stage| stage.tasks.complete)),
            Self::FailedTasks => Quantity::Count(count(|stage| stage.tasks.failed)),
            Self::SkewRatio => Quantity::Ratio(skew_ratio(app, totals)?),
        })
    }
}

impl fmt::Display for ComparedMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

/// Puts two applications side by side. They are comparable when they ran the same job on the same data; nothing here checks that.
pub fn compare(before: &Application, after: &Application) -> Comparison {
    let (old, new) = (before.totals(), after.totals());
    let metrics = ComparedMetric::ALL.into_iter().map(|metric| {
        let (before, after) = (metric.of(before, &old), metric.of(after, &new));
        Compared {
            metric,
            title: metric.title().to_owned(),
            change_ratio: change(before.as_ref(), after.as_ref()),
            before,
            after,
        }
    });
    let partial = [("Before", before), ("After", after)].into_iter().flat_map(|(side, app)| {
        reasons(&app.completeness).into_iter().map(move |reason| format!("{side}: {reason}"))
    });
    Comparison {
        version: COMPARISON_VERSION,
        before: before.id.clone(),
        after: after.id.clone(),
        partial: partial.collect(),
        metrics: metrics.collect(),
        differences: Differences::of(before, after),
    }
}

fn change(before: Option<&Quantity>, after: Option<&Quantity>) -> Option<f64> {
    let (before, after) = (number(before?)?, number(after?)?);
    (before != 0.0).then(|| (after - before) / before)
}

fn number(quantity: &Quantity) -> Option<f64> {
    match quantity {
        Quantity::Bytes(Bytes(value))
        | Quantity::Millis(Millis(value))
        | Quantity::Count(value) => Some(as_f64(*value)),
        Quantity::Ratio(ratio) => Some(*ratio),
        Quantity::Text(_) => None,
    }
}

fn job_time(app: &Application) -> Option<Millis> {
    let first = app.jobs.iter().filter_map(|job| job.submission_time).min()?;
    let last = app.jobs.iter().filter_map(|job| job.completion_time).max()?;
    Some(last.since(first))
}

fn skew_ratio(app: &Application, totals: &TaskMetrics) -> Option<f64> {
    let weighty = app.stages.iter().filter(|stage| {
        let share = stage.metrics.executor_run_time.share_of(totals.executor_run_time);
        stage.distributions.duration.count() >= 2
            && share.is_some_and(|share| share >= ComparedMetric::SKEW_STAGE_SHARE)
    });
    let ratio = |stage: &tinderbox_model::Stage| {
        let duration = &stage.distributions.duration;
        as_f64(duration.max()) / as_f64(duration.median().max(1))
    };
    weighty.map(ratio).reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{application, make_partial, task};
    use tinderbox_model::{Job, JobId, JobStatus, TimestampMs};

    fn job(from: i64, to: i64) -> Job {
        Job {
            name: String::from("save"),
            submission_time: Some(TimestampMs(from)),
            completion_time: Some(TimestampMs(to)),
            status: JobStatus::Succeeded,
            ..Job::new(JobId(0))
        }
    }

    #[test]
    fn change_is_the_share_of_the_value_before() {
        let mut before = application(20_000, vec![(0, vec![task(4_000).shuffle_read(100); 3])]);
        before.jobs = vec![job(3_000, 9_000), job(5_000, 19_000)];
        let mut after = application(15_000, vec![(0, vec![task(3_000); 3])]);
        after.jobs = vec![job(3_000, 15_000)];
        let text: Vec<String> = compare(&before, &after)
            .metrics
            .iter()
            .map(|m| {
                let show = |q: &Option<Quantity>| {
                    q.as_ref().map_or(String::from("-"), Quantity::to_string)
                };
                let change =
                    m.change_ratio.map_or(String::from("-"), |c| format!("{:+.1} %", c * 100.0));
                format!("{} | {} | {} | {change}", m.title, show(&m.before), show(&m.after))
            })
            .collect();
        insta::assert_snapshot!(text.join("\n"), @r"
        wall time | 20.0 s | 15.0 s | -25.0 %
        wall time of the jobs | 16.0 s | 12.0 s | -25.0 %
        task time | 12.0 s | 9.0 s | -25.0 %
        CPU time | 0 ms | 0 ms | -
        data read | 0 B | 0 B | -
        data written | 0 B | 0 B | -
        shuffle read | 300.0 MiB | 0 B | -100.0 %
        shuffle write | 0 B | 0 B | -
        spill to disk | 0 B | 0 B | -
        spill in memory | 0 B | 0 B | -
        GC time | 0 ms | 0 ms | -
        tasks | 3 | 3 | +0.0 %
        failed tasks | 0 | 0 | -
        skew ratio | 1.00 | 1.00 | +0.0 %
        ");
    }

    #[test]
    fn skew_ratio_counts_stages_with_weight_only() {
        let even = || vec![task(10_000); 9];
        let mut light = vec![task(10); 9];
        light.push(task(1_000));
        let of = |stages| {
            let app = application(60_000, stages);
            skew_ratio(&app, &app.totals())
        };
        assert_eq!(of(vec![(0, even()), (1, light)]), Some(1.0), "stage 1 has 1 % of the time");
        let mut heavy = even();
        heavy.push(task(80_000));
        assert_eq!(of(vec![(0, even()), (1, heavy)]), Some(8.0));
        assert_eq!(of(vec![(0, vec![task(5_000)])]), None, "one task has no median beside it");
    }

    #[test]
    fn nothing_before_has_no_ratio() {
        let app = application(20_000, vec![]);
        let comparison = compare(&app, &app);
        let spill = comparison.metric(ComparedMetric::DiskSpill).expect("all are there");
        assert_eq!(spill.change_ratio, None);
        let wall = comparison.metric(ComparedMetric::WallTime).expect("all are there");
        assert_eq!(wall.change_ratio, Some(0.0));
    }

    #[test]
    fn partial_side_is_named() {
        let before = application(20_000, vec![]);
        let mut after = before.clone();
        make_partial(&mut after);
        assert_eq!(compare(&before, &after).partial, ["After: The ends of 3 tasks are missing."]);
    }
}
