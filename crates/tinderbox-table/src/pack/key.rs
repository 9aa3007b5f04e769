//! Figures of a task as Spark's store has them: what it sorts by and what its quantiles see.
//!
//! Source: `LiveTask.doUpdate` and `TaskDataWrapper` of `org.apache.spark.status`. Metrics of a task that did not succeed
//! are stored as -1 less the value, all figures of a task without metrics as -1, but a task that ended without any counts
//! as one whose metrics are all zero; the duration is stored as it is, scheduler delay and getting-result time of any
//! task with metrics too. A quantile sees what is not negative.

use super::columns::{
    DURATION, FLAG_FINISHED, FLAG_GETTING_RESULT, FLAG_METRICS, FLAGS, GETTING_RESULT, PackMetric,
    is_measured_success,
};

/// How a figure is made of columns. The first column is always the flags.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    kind: Kind,
    columns: [usize; 6],
    num_columns: usize,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Metric,
    SumOfTwo,
    Duration,
    SchedulerDelay,
    GettingResultTime,
}

impl Key {
    pub(super) fn of(metric: PackMetric) -> Self {
        let column = |metric: PackMetric| metric.column().unwrap_or(FLAGS);
        let (kind, columns): (_, &[usize]) = match metric {
            PackMetric::Duration => (Kind::Duration, &[FLAGS, DURATION]),
            PackMetric::SchedulerDelay => (
                Kind::SchedulerDelay,
                &[
                    FLAGS,
                    DURATION,
                    GETTING_RESULT,
                    column(PackMetric::ExecutorRunTime),
                    column(PackMetric::ExecutorDeserializeTime),
                    column(PackMetric::ResultSerializationTime),
                ],
            ),
            PackMetric::GettingResultTime => {
                (Kind::GettingResultTime, &[FLAGS, DURATION, GETTING_RESULT])
            }
            PackMetric::ShuffleReadBytes => (
                Kind::SumOfTwo,
                &[
                    FLAGS,
                    column(PackMetric::ShuffleRemoteBytesRead),
                    column(PackMetric::ShuffleLocalBytesRead),
                ],
            ),
            PackMetric::ShuffleTotalBlocksFetched => (
                Kind::SumOfTwo,
                &[
                    FLAGS,
                    column(PackMetric::ShuffleRemoteBlocksFetched),
                    column(PackMetric::ShuffleLocalBlocksFetched),
                ],
            ),
            plain => (Kind::Metric, &[FLAGS, column(plain)]),
        };
        let mut all = [0; 6];
        all[..columns.len()].copy_from_slice(columns);
        Self { kind, columns: all, num_columns: columns.len() }
    }

    pub(super) fn columns(&self) -> &[usize] {
        &self.columns[..self.num_columns]
    }

    /// The figure of row `at` of a block whose columns are `values`.
    pub(super) fn at(&self, values: &[Vec<i64>], at: usize) -> i64 {
        self.figure(|column| values[column][at])
    }

    /// The figure of row `at` of a block of which all columns are there.
    pub(super) fn of_columns(&self, all: &[Vec<i64>], at: usize) -> i64 {
        self.figure(|column| all[self.columns[column]][at])
    }

    fn figure(&self, value: impl Fn(usize) -> i64) -> i64 {
        let flags = value(0);
        match self.kind {
            Kind::Duration if flags & FLAG_FINISHED == 0 => -1,
            Kind::Duration => value(1),
            _ if flags & (FLAG_METRICS | FLAG_FINISHED) == 0 => -1,
            Kind::Metric => stored(flags, metric(value(1))),
            Kind::SumOfTwo => {
                stored(flags, metric(value(1))).saturating_add(stored(flags, metric(value(2))))
            }
            Kind::GettingResultTime => getting_result_time(flags, value(1), value(2)),
            Kind::SchedulerDelay if flags & FLAG_FINISHED == 0 => 0,
            Kind::SchedulerDelay => {
                let work = [value(3), value(4), value(5)].map(metric);
                let work = work.into_iter().fold(0, i64::saturating_add);
                let waited = value(1).saturating_sub(work);
                waited.saturating_sub(getting_result_time(flags, value(1), value(2))).max(0)
            }
        }
    }
}

/// What does not fit Spark's signed numbers is as large as they get.
fn metric(value: i64) -> i64 {
    if value < 0 { i64::MAX } else { value }
}

fn stored(flags: i64, value: i64) -> i64 {
    if is_measured_success(flags) { value } else { -1 - value }
}

/// `duration` and `start` count from the launch.
fn getting_result_time(flags: i64, duration: i64, start: i64) -> i64 {
    let both = FLAG_FINISHED | FLAG_GETTING_RESULT;
    if flags & both == both { duration.saturating_sub(start) } else { 0 }
}
