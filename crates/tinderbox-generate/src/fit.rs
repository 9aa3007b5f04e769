//! Learns models of job types from runs that happened.
//!
//! Runs are grouped by the name of their application without dates, numbers and ids. What is learned of a group is what
//! [`crate::Plan`] draws from, by estimates that a few extreme runs do not move. What cannot be learned stays as it is
//! built in, and the report says so.

mod elasticity;
mod failures;
mod job_type;
mod names;
mod operators;
mod retries;
mod robust;
mod write_yaml;

use crate::error::Error;
use crate::model::{JobType, Models};
use robust::count_of;
use std::collections::BTreeMap;
use tinderbox_model::{Bytes, Millis, TimestampMs};

/// A group with fewer runs is no job type of its own.
pub const LEAST_RUNS: usize = 20;

/// A job type needs so many runs that went well and have stages.
const LEAST_COMPLETED: usize = 5;

/// The name of the type of all runs whose group is too small.
const OTHER: &str = "Other";

/// A run that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct PastRun {
    /// The name of its application.
    pub name: String,
    /// Who ran it; empty when not known.
    pub user: String,
    /// Spark's version.
    pub spark_version: Option<String>,
    /// When it began.
    pub start: TimestampMs,
    /// How long it took.
    pub duration: Millis,
    /// Why it failed, when it did; empty when nobody knows.
    pub failure: Option<String>,
    /// Executors that it had.
    pub executors: Option<u32>,
    /// Cores of each.
    pub cores: Option<u32>,
    /// Memory of each in MB.
    pub memory_mb: Option<u32>,
    /// The stages that ran, in order.
    pub stages: Vec<PastStage>,
}

/// A stage of such a run.
#[derive(Debug, Clone, PartialEq)]
pub struct PastStage {
    /// What Spark calls it.
    pub name: String,
    /// Whether it failed.
    pub has_failed: bool,
    /// From its submission to its end.
    pub time: Millis,
    /// Read from storage.
    pub input: Bytes,
    /// Records read from storage.
    pub input_records: u64,
    /// Written to storage.
    pub output: Bytes,
    /// Read from the shuffle.
    pub shuffle_read: Bytes,
    /// Records read from the shuffle.
    pub shuffle_read_records: u64,
    /// Written to the shuffle.
    pub shuffle_write: Bytes,
    /// Records written to the shuffle.
    pub shuffle_write_records: u64,
    /// How much larger the largest partition is than the mean, where there are partitions to compare.
    pub skew: Option<f64>,
    /// Attempts of tasks that failed.
    pub num_failed_tasks: u32,
}

impl PastRun {
    fn input_bytes(&self) -> f64 {
        self.stages.iter().map(|stage| stage.input.as_f64()).sum()
    }

    fn end_ms(&self) -> i64 {
        self.start.0.saturating_add(i64::try_from(self.duration.0).unwrap_or(i64::MAX))
    }
}

/// Models that were learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The models.
    pub models: Models,
    /// From what.
    pub report: FitReport,
}

/// What was learned, from how much.
#[derive(Debug, Clone, PartialEq)]
pub struct FitReport {
    /// Runs that were learned from.
    pub runs: usize,
    /// Runs that were not, because they were too few of their kind.
    pub runs_left_out: usize,
    /// The types, in the order of the models.
    pub types: Vec<FittedType>,
    /// Failures that reasons were learned from; where it is 0 the reasons are those that are built in.
    pub failures: usize,
}

/// What was learned of a job type.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedType {
    /// Its name.
    pub name: String,
    /// Runs of the type.
    pub runs: usize,
    /// Runs of these that failed.
    pub failures: usize,
    /// Its recurring jobs.
    pub recurring_jobs: usize,
    /// Mean of runs that went well, in seconds.
    pub mean_seconds: f64,
    /// Fields that could not be learned, as `duration.by_cores`: they are as built in.
    pub kept: Vec<&'static str>,
    /// What else there is to know, in sentences.
    pub notes: Vec<String>,
}

/// Runs of one type by their recurring job; in each by start.
type Recurring<'r> = BTreeMap<String, Vec<&'r PastRun>>;

/// Learns from runs, in whatever order.
///
/// # Errors
/// [`Error::Argument`] when there are no runs, too few, or none with stages.
pub fn fit(runs: &[PastRun]) -> Result<Fit, Error> {
    check(runs)?;
    let (groups, runs_left_out) = groups(runs);
    if groups.is_empty() {
        return Err(Error::argument(
            "no kind of run has enough runs that went well and have stages",
            format!(
                "collect at least {LEAST_RUNS} runs of a job, and {LEAST_COMPLETED} that went well"
            ),
        ));
    }
    let built_in = Models::built_in()?;
    let defaults = Models::defaults()?;
    let all: usize = groups.values().map(|group| group.values().map(Vec::len).sum::<usize>()).sum();
    let mut job_types: Vec<JobType> = Vec::new();
    let mut types = Vec::new();
    for (name, group) in &groups {
        let (mut job_type, fitted) = job_type::learn(name, group, &defaults, &built_in);
        job_type.share = robust::rounded(count_of(fitted.runs) / count_of(all));
        job_types.push(job_type);
        types.push(fitted);
    }
    let (failures, num_failures) = failures::learn(&groups, &job_types, &built_in);
    let report = FitReport { runs: all, runs_left_out, types, failures: num_failures };
    Ok(Fit { models: Models { job_types, failures }, report })
}

impl Fit {
    /// The models as a file that [`Models::parse`] reads: the same ones. Comments say from what they were learned, and what
    /// was not.
    pub fn to_yaml(&self) -> String {
        write_yaml::text(self)
    }
}

fn check(runs: &[PastRun]) -> Result<(), Error> {
    if runs.is_empty() {
        return Err(Error::argument(
            "there are no runs that have ended",
            "collect event logs first: tinderbox collect --event-log-dir DIR",
        ));
    }
    if runs.len() < LEAST_RUNS {
        return Err(Error::argument(
            format!("{} runs are too few to learn from", runs.len()),
            format!("collect at least {LEAST_RUNS}: tinderbox collect --event-log-dir DIR"),
        ));
    }
    if runs.iter().all(|run| run.stages.is_empty()) {
        return Err(Error::argument(
            "none of the runs has stages",
            "collect the event logs of runs that did something",
        ));
    }
    Ok(())
}

/// Runs by type and recurring job, and how many belong to none.
fn groups(runs: &[PastRun]) -> (BTreeMap<String, Recurring<'_>>, usize) {
    let mut by_type: BTreeMap<String, Vec<&PastRun>> = BTreeMap::new();
    for run in runs {
        by_type.entry(names::type_of(&run.name)).or_default().push(run);
    }
    let is_large =
        |runs: &[&PastRun]| runs.len() >= LEAST_RUNS && num_whole(runs) >= LEAST_COMPLETED;
    let mut other = by_type.remove(OTHER).unwrap_or_default();
    let mut groups = BTreeMap::new();
    for (name, runs) in by_type {
        if is_large(&runs) {
            groups.insert(name, recurring(runs));
        } else {
            other.extend(runs);
        }
    }
    if num_whole(&other) >= LEAST_COMPLETED {
        groups.insert(OTHER.to_owned(), recurring(other));
        (groups, 0)
    } else {
        (groups, other.len())
    }
}

fn num_whole(runs: &[&PastRun]) -> usize {
    runs.iter().filter(|run| run.failure.is_none() && !run.stages.is_empty()).count()
}

/// Numbers in names tell recurring jobs apart, unless nearly every run has its own.
fn recurring(mut runs: Vec<&PastRun>) -> Recurring<'_> {
    runs.sort_by_key(|run| run.start);
    let by = |name: fn(&str) -> String| {
        let mut jobs = Recurring::new();
        for run in &runs {
            jobs.entry(name(&run.name)).or_default().push(*run);
        }
        jobs
    };
    let jobs = by(names::recurring_job_of);
    if runs.len() >= jobs.len() * 2 { jobs } else { by(names::type_of) }
}
