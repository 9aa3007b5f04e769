//! Jobs as rows of the three tables.

mod errors;
mod ids;
mod jobs;
mod operators;

use crate::job::{Job, JobStatus};
use crate::plan::Plan;
use errors::Errors;
use ids::Ids;
use jobs::Jobs;
use operators::Operators;
use tinderbox_table::DataSetRows;

/// Rows of a block, and what they add up to.
pub(crate) struct Rows<'p> {
    plan: &'p Plan,
    ids: Ids,
    jobs: Jobs,
    operators: Operators,
    errors: Errors,
    totals: Totals,
}

/// Sums over rows, all of them whole numbers, so that the order of adding does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Totals {
    pub(crate) jobs: i64,
    pub(crate) completed: i64,
    pub(crate) failed: i64,
    pub(crate) operators: i64,
    pub(crate) errors: i64,
    pub(crate) seconds: i64,
    /// Hundredths of a MB, as the table has them.
    pub(crate) input_hundredths: i64,
    pub(crate) by_type: Vec<i64>,
}

impl Totals {
    pub(crate) fn add(&mut self, other: &Self) {
        self.jobs += other.jobs;
        self.completed += other.completed;
        self.failed += other.failed;
        self.operators += other.operators;
        self.errors += other.errors;
        self.seconds += other.seconds;
        self.input_hundredths += other.input_hundredths;
        if self.by_type.len() < other.by_type.len() {
            self.by_type.resize(other.by_type.len(), 0);
        }
        for (sum, count) in self.by_type.iter_mut().zip(&other.by_type) {
            *sum += count;
        }
    }
}

impl<'p> Rows<'p> {
    pub(crate) fn new(plan: &'p Plan, capacity: usize) -> Self {
        let by_type = vec![0; plan.types.len()];
        Self {
            plan,
            ids: Ids::new(plan),
            jobs: Jobs::with_capacity(capacity),
            operators: Operators::with_capacity(plan, capacity),
            errors: Errors::default(),
            totals: Totals { by_type, ..Totals::default() },
        }
    }

    pub(crate) fn add(&mut self, job: &Job) {
        self.ids.of(job);
        let hundredths = self.jobs.add(self.plan, &self.ids, job);
        self.operators.add(self.plan, &mut self.ids, job);
        let num_errors = self.errors.add(self.plan, &mut self.ids, job);
        let totals = &mut self.totals;
        totals.jobs += 1;
        totals.completed += i64::from(job.status == JobStatus::Completed);
        totals.failed += i64::from(job.status == JobStatus::Failed);
        totals.operators += i64::try_from(job.stages.len()).unwrap_or(0);
        totals.errors += num_errors;
        totals.seconds += job.duration_ms / 1000;
        totals.input_hundredths += hundredths;
        totals.by_type[job.job_type] += 1;
    }

    /// The rows of jobs, operators and errors.
    pub(crate) fn finish(self) -> ([DataSetRows; 3], Totals) {
        let Self { plan, jobs, operators, errors, totals, .. } = self;
        ([jobs.finish(plan), operators.finish(plan), errors.finish(plan)], totals)
    }
}

/// Hundredths of a MB.
fn hundredths_of_mb(bytes: i64) -> i64 {
    let (wide, mb) = (i128::from(bytes) * 100, 1_048_576);
    i64::try_from((wide + mb / 2) / mb).unwrap_or(i64::MAX)
}

/// MB with two decimals.
fn mb(bytes: i64) -> f64 {
    crate::job::float(hundredths_of_mb(bytes)) / 100.0
}

/// Place of a word in its list. Lists are short.
fn code(place: usize) -> i32 {
    i32::try_from(place).unwrap_or(0)
}
