//! What a scenario does to a job.

use crate::job::{float, whole};
use crate::model::{JobType, OperatorKind};
use crate::plan::Pipeline;
use crate::random::Random;
use crate::scenario::Scenario;

/// Interval of a streaming job's batches.
const BATCH_MS: f64 = 10_000.0;

/// Factors and figures that a scenario changes; without one they change nothing.
#[derive(Debug)]
pub(super) struct Effect {
    pub(super) scenario: Option<Scenario>,
    /// The operator that is struck.
    pub(super) at: usize,
    /// Factor of the job's duration.
    pub(super) duration: f64,
    /// Factor of the struck operator's share of the time.
    pub(super) weight: f64,
    /// Least skew of the struck operator.
    pub(super) skew: f64,
    /// By how much the slowest task of the struck operator is slower than the mean, without more data.
    pub(super) straggling: f64,
    /// Factor of the memory that tasks need.
    pub(super) memory: f64,
    /// Factor of the number of tasks that read.
    pub(super) files: f64,
    /// Factor of bytes in the shuffle.
    pub(super) shuffle: f64,
    /// Share of each stage before its first task.
    pub(super) driver: f64,
    pub(super) failure_rate: Option<f64>,
    pub(super) is_out_of_memory: bool,
    pub(super) lost_executors: i64,
}

impl Effect {
    pub(super) fn draw(
        scenario: Option<Scenario>,
        job_type: &JobType,
        pipeline: &Pipeline,
        random: &mut Random,
    ) -> Self {
        let mut effect = Self {
            scenario,
            at: heaviest(job_type),
            duration: 1.0,
            weight: 1.0,
            skew: 1.0,
            straggling: 1.0,
            memory: 1.0,
            files: 1.0,
            shuffle: 1.0,
            driver: 0.0,
            failure_rate: None,
            is_out_of_memory: false,
            lost_executors: 0,
        };
        match scenario {
            None => {}
            Some(Scenario::Skew) => {
                effect.skew = random.between(6.0, 20.0);
                effect.weight = 3.0;
                effect.duration = random.between(1.5, 3.0);
            }
            Some(Scenario::Spill) => {
                effect.memory = random.between(6.0, 12.0);
                effect.duration = random.between(1.3, 2.0);
            }
            Some(Scenario::Oom) => {
                effect.memory = random.between(10.0, 20.0);
                effect.failure_rate = Some(0.9);
                effect.is_out_of_memory = true;
            }
            Some(Scenario::ExecutorLoss) => {
                effect.lost_executors =
                    if pipeline.executors > 2 && random.happens(0.4) { 2 } else { 1 };
                effect.weight = 1.5;
                effect.duration = random.between(1.2, 1.6);
            }
            Some(Scenario::Stragglers) => {
                effect.straggling = random.between(4.0, 12.0);
                effect.weight = 2.0;
                effect.duration = random.between(1.3, 2.5);
            }
            Some(Scenario::SmallFiles) => {
                effect.files = random.between(30.0, 100.0);
                effect.at = first_read(job_type);
                effect.weight = 3.0;
                effect.duration = random.between(1.3, 2.0);
            }
            Some(Scenario::SlowDriver) => {
                effect.driver = random.between(0.4, 0.7);
                effect.duration = random.between(1.6, 3.0);
            }
            Some(Scenario::StreamingLag) => effect.duration = random.between(4.0, 10.0),
            Some(Scenario::Speculation) => {
                effect.straggling = random.between(1.5, 2.5);
                effect.duration = random.between(1.0, 1.2);
            }
            Some(Scenario::DynamicAllocation) => {}
            Some(Scenario::Regression) => {
                effect.duration = random.between(1.6, 2.2);
                effect.shuffle = 3.0;
                effect.weight = 2.5;
            }
        }
        effect
    }

    /// The operator that fails, where the scenario says which; never one of the first half.
    pub(super) fn fails_at(&self, count: usize) -> Option<usize> {
        self.is_out_of_memory.then(|| self.at.max(count / 2))
    }

    /// Batches of a streaming job and by how much it is behind at the end.
    pub(super) fn batches(&self, duration_ms: i64, random: &mut Random) -> (i64, i64) {
        if self.scenario != Some(Scenario::StreamingLag) {
            return (0, 0);
        }
        let batch = BATCH_MS * random.between(1.1, 2.0);
        let batches = whole(float(duration_ms) / batch).max(1);
        (batches, (duration_ms - whole(float(batches) * BATCH_MS)).max(0))
    }
}

/// The operator of a shuffle that takes most of the time; where there is none, of any kind.
fn heaviest(job_type: &JobType) -> usize {
    let weight = |index: &usize| {
        let operator = &job_type.operators[*index];
        let first = if operator.kind == OperatorKind::Shuffle { 1e9 } else { 0.0 };
        first + operator.weight
    };
    let places = 0..job_type.operators.len();
    places.max_by(|a, b| weight(a).total_cmp(&weight(b))).unwrap_or(0)
}

fn first_read(job_type: &JobType) -> usize {
    job_type.operators.iter().position(|o| o.kind == OperatorKind::Read).unwrap_or(0)
}
