use crate::conf_text::{MIB, as_f64};
use crate::facts::is_whole;
use tinderbox_model::{Bytes, Distribution, Millis, Stage};

/// Unequal work among the tasks of one whole stage attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Skew {
    /// Which test it failed; when several, the first in the order of [`SkewTest`].
    pub(crate) test: SkewTest,
    /// The largest task's value in the unit of the test.
    pub(crate) largest: u64,
    /// What the test holds it against: the mean for bytes, the median for times.
    pub(crate) typical: u64,
    /// Whether the data of the slowest task explains it.
    pub(crate) cause: Cause,
}

impl Skew {
    /// `largest / typical`; a typical value of zero counts as one.
    pub(crate) fn ratio(&self) -> f64 {
        as_f64(self.largest) / as_f64(self.typical.max(1))
    }
}

/// The tests of the rule, in the order in which they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SkewTest {
    /// Shuffle bytes read, against the mean.
    ShuffleRead,
    /// Input bytes, against the mean.
    Input,
    /// Executor run time: the slowest task against the median.
    SlowestTask,
    /// Executor run time: the 99th percentile against the median.
    SlowestPercent,
}

/// Whether the slowest task had more to do than the median one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// More bytes.
    Bytes,
    /// As many bytes, more records.
    Records,
    /// Neither: a slow machine, a slow disk, or work that grows faster than the data.
    NotData,
}

/// Bytes test: a task with more than this multiple of the stage's mean (RT).
pub(crate) const BYTES_OVER_MEAN: f64 = 3.0;
/// Bytes test: and more than 100 MiB (RT).
pub(crate) const BYTES_FLOOR: Bytes = Bytes(100 * MIB);
/// Time test: a task longer than this multiple of the median (DF).
pub(crate) const TIME_OVER_MEDIAN: f64 = 10.0;
/// Time tests: and longer than 5 s (DF).
pub(crate) const TIME_FLOOR: Millis = Millis(5_000);
/// Percentile test: one task in a hundred takes more than this multiple of the median. Own figure (o), half of DF's
/// because a whole percent of the tasks is slow and not one alone; not calibrated on a fleet.
pub(crate) const P99_OVER_MEDIAN: f64 = 5.0;
/// The percentile test needs this many tasks, else the 99th percentile is the slowest task.
pub(crate) const P99_TASKS: u64 = 100;
/// Data explains a slow task from this multiple of the median on. Own figure (o), row 3 of the tuning table.
const EXPLAINED_FROM: f64 = 1.5;

/// The skew of a stage; `None` when its tasks are alike or not all of them were seen.
pub(crate) fn skew_of(stage: &Stage) -> Option<Skew> {
    if !is_whole(stage) {
        return None;
    }
    let spread = &stage.distributions;
    let run = &spread.executor_run_time;
    let (test, largest, typical) = if is_uneven(&spread.shuffle_read_bytes) {
        let bytes = &spread.shuffle_read_bytes;
        (SkewTest::ShuffleRead, bytes.max(), mean(bytes))
    } else if is_uneven(&spread.input_bytes) {
        (SkewTest::Input, spread.input_bytes.max(), mean(&spread.input_bytes))
    } else if exceeds(run.max(), TIME_OVER_MEDIAN, run.median()) && run.max() > TIME_FLOOR.0 {
        (SkewTest::SlowestTask, run.max(), run.median())
    } else {
        let p99 = run.quantile(0.99);
        let is_slow = exceeds(p99, P99_OVER_MEDIAN, run.median()) && p99 > TIME_FLOOR.0;
        if run.count() < P99_TASKS || !is_slow {
            return None;
        }
        (SkewTest::SlowestPercent, p99, run.median())
    };
    Some(Skew { test, largest, typical, cause: cause_of(stage, test) })
}

fn is_uneven(bytes: &Distribution) -> bool {
    as_f64(bytes.max()) > BYTES_OVER_MEAN * bytes.mean() && bytes.max() > BYTES_FLOOR.0
}

fn cause_of(stage: &Stage, test: SkewTest) -> Cause {
    if matches!(test, SkewTest::ShuffleRead | SkewTest::Input) {
        return Cause::Bytes;
    }
    let Some(slowest) = stage.slowest_tasks.first() else { return Cause::NotData };
    let spread = &stage.distributions;
    let metrics = &slowest.metrics;
    let has_more = |value: u64, all: &Distribution| {
        value > 0 && as_f64(value) >= EXPLAINED_FROM * as_f64(all.median())
    };
    if has_more(metrics.shuffle_read_bytes().0, &spread.shuffle_read_bytes)
        || has_more(metrics.input_bytes.0, &spread.input_bytes)
    {
        Cause::Bytes
    } else if has_more(metrics.shuffle_read_records, &spread.shuffle_read_records)
        || has_more(metrics.input_records, &spread.input_records)
    {
        Cause::Records
    } else {
        Cause::NotData
    }
}

fn exceeds(value: u64, multiple: f64, base: u64) -> bool {
    as_f64(value) > multiple * as_f64(base)
}

fn mean(bytes: &Distribution) -> u64 {
    bytes.sum().checked_div(bytes.count()).unwrap_or(0)
}
