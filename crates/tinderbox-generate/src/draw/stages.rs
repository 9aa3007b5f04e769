//! A job's stages: time by weight, data from stage to stage, memory, spill and garbage collection from both.

use super::effect::Effect;
use crate::job::{Job, Stage, StageStatus, float, scaled, whole};
use crate::model::{JobType, MOST_OPERATORS, Operator, OperatorKind};
use crate::plan::{Pipeline, Plan};
use crate::random::Random;
use crate::scenario::Scenario;

const MB: f64 = 1_048_576.0;

/// Spark's default of `spark.sql.files.maxPartitionBytes`.
const READ_PARTITION: f64 = 128.0 * MB;
/// Spark's default of `spark.sql.adaptive.advisoryPartitionSizeInBytes`.
const SHUFFLE_PARTITION: f64 = 64.0 * MB;
/// The most tasks of a stage.
const MOST_TASKS: f64 = 20_000.0;
/// What Spark keeps of an executor's memory for itself, and the default of `spark.memory.fraction`.
const RESERVED_MB: f64 = 300.0;
const MEMORY_FRACTION: f64 = 0.6;
/// Spilled bytes in memory for one on disk: they are compressed.
const SPILL_COMPRESSION: f64 = 3.5;

/// A job whose stages are to be drawn.
pub(super) struct Draft<'a> {
    pub(super) plan: &'a Plan,
    pub(super) job_type: &'a JobType,
    pub(super) pipeline: &'a Pipeline,
    pub(super) effect: &'a Effect,
    pub(super) input_bytes: f64,
    pub(super) skew: f64,
    pub(super) fails_at: Option<usize>,
    /// Tasks of the job, where they are given.
    pub(super) num_tasks: Option<i64>,
}

impl Draft<'_> {
    /// Adds one stage for each operator.
    pub(super) fn fill(&self, job: &mut Job, random: &mut Random) {
        let operators = &self.job_type.operators;
        let last_run = self.fails_at.unwrap_or(operators.len() - 1);
        self.times(job, last_run, random);
        let mut records = self.input_bytes / self.job_type.input.record_bytes;
        let mut shuffle_bytes = 0;
        for (index, operator) in operators.iter().enumerate().take(last_run + 1) {
            let is_last = index + 1 == operators.len();
            let mut stage = job.stages[index].clone();
            stage.skew = self.stage_skew(index, operator);
            stage.records = whole(records).max(0);
            if index == 0 {
                stage.input_bytes = whole(self.input_bytes).max(1);
            } else {
                stage.shuffle_read_bytes = shuffle_bytes;
                stage.shuffle_read_records = stage.records;
            }
            records *= operator.rows * random.spread(0.1);
            if !is_last {
                let bytes = self.input_bytes * operator.shuffle * self.effect.shuffle;
                shuffle_bytes = whole(bytes * random.spread(0.3)).max(0);
                stage.shuffle_write_bytes = shuffle_bytes;
                stage.shuffle_write_records = whole(records).max(0);
            } else if self.fails_at.is_none() {
                let (low, high) = self.job_type.output_ratio;
                stage.output_bytes = whole(self.input_bytes * random.between(low, high)).max(0);
            }
            stage.num_tasks = match self.num_tasks {
                Some(all) => given_tasks(all, last_run, job.duration_ms, &stage),
                None => self.tasks(&stage, index, operator),
            };
            self.executors(&mut stage);
            let pressure = self.memory(&mut stage, operator, random);
            self.work(&mut stage, index, pressure, random);
            if self.fails_at == Some(index) {
                self.fail(&mut stage, job.failure, random);
            }
            job.stages[index] = stage;
        }
    }

    /// Divides the job's time among the operators that run; the others are skipped.
    fn times(&self, job: &mut Job, last_run: usize, random: &mut Random) {
        let operators = &self.job_type.operators;
        let mut weights = [0.0; MOST_OPERATORS];
        for (index, operator) in operators.iter().enumerate().take(last_run + 1) {
            let factor = if index == self.effect.at { self.effect.weight } else { 1.0 };
            weights[index] = operator.weight * factor * random.spread(0.2);
        }
        let all: f64 = weights.iter().sum();
        let (mut sum, mut begin) = (0.0, 0);
        for (index, weight) in weights.iter().enumerate().take(operators.len()) {
            let mut stage = Stage::waiting(StageStatus::Skipped, job.duration_ms);
            if index <= last_run {
                sum += weight;
                let is_last = index == last_run;
                let end =
                    if is_last { job.duration_ms } else { scaled(job.duration_ms, sum / all) };
                stage.status = StageStatus::Completed;
                stage.start_ms = begin;
                stage.duration_ms = end - begin;
                begin = end;
            }
            job.stages.push(stage);
        }
    }

    fn stage_skew(&self, index: usize, operator: &Operator) -> f64 {
        let skew = match operator.kind {
            OperatorKind::Shuffle => self.skew,
            _ => 1.0 + (self.skew - 1.0) * 0.2,
        };
        if index == self.effect.at { skew.max(self.effect.skew) } else { skew }
    }

    /// How many tasks follow from the data.
    fn tasks(&self, stage: &Stage, index: usize, operator: &Operator) -> i64 {
        let slots = float(self.pipeline.executors * self.pipeline.cores);
        let tasks = if index == 0 {
            let bytes = float(stage.input_bytes);
            let files = if operator.kind == OperatorKind::Read { self.effect.files } else { 1.0 };
            // Spark makes partitions smaller so that all cores have one, down to 4 MB.
            (bytes / READ_PARTITION).max((bytes / (4.0 * MB)).min(slots)) * files
        } else {
            let bytes = float(stage.shuffle_read_bytes);
            // Adaptive execution puts partitions together, but not those of 1 MB where a core would be idle.
            (bytes / SHUFFLE_PARTITION).max((bytes / MB).min(slots))
        };
        // Each task takes a millisecond at least, so a short stage has no more than its time allows.
        let most = (slots * float(stage.duration_ms) / 2.0).min(MOST_TASKS);
        whole(tasks.ceil().clamp(1.0, most.max(1.0)))
    }

    fn executors(&self, stage: &mut Stage) {
        stage.num_completed_tasks = stage.num_tasks;
        stage.num_executors = if self.effect.scenario == Some(Scenario::DynamicAllocation) {
            let wanted = (stage.num_tasks + self.pipeline.cores - 1) / self.pipeline.cores;
            wanted.clamp(1, self.pipeline.executors)
        } else {
            self.pipeline.executors
        };
        // One without a task counts for nothing.
        stage.num_executors = stage.num_executors.min(stage.num_tasks);
    }

    /// Memory and spill. Answers what a task needs of what it can have, at most 2.
    fn memory(&self, stage: &mut Stage, operator: &Operator, random: &mut Random) -> f64 {
        let executor = float(self.pipeline.memory_mb) * MB;
        let cores = float(self.pipeline.cores);
        let available = (executor - RESERVED_MB * MB).max(MB) * MEMORY_FRACTION / cores;
        let bytes = float(stage.input_bytes + stage.shuffle_read_bytes);
        let working = bytes * operator.memory * self.effect.memory;
        let of_mean = working / float(stage.num_tasks);
        let of_largest = of_mean * stage.skew;
        let over = |need: f64| (1.0 - available / need.max(1.0)).max(0.0);
        // What does not fit is spilled: of all tasks, and of the few that are larger than the mean.
        let spilled = working * (0.9 * over(of_mean) + 0.1 * over(of_largest));
        stage.memory_spill_bytes = whole(spilled);
        stage.disk_spill_bytes = whole(spilled / SPILL_COMPRESSION);
        let busy = cores.min((float(stage.num_tasks) / float(stage.num_executors)).ceil());
        let base = executor * random.between(0.08, 0.2);
        let used = base + available.min(of_mean) * (busy - 1.0) + available.min(of_largest);
        stage.peak_memory_bytes = whole(used.min(executor * 0.98));
        (of_mean / available).min(2.0)
    }

    /// Time of tasks: at least one core is busy while the stage runs, at most all.
    fn work(&self, stage: &mut Stage, index: usize, pressure: f64, random: &mut Random) {
        let usual = if index == 0 { 1_500.0 } else { 40.0 } * random.between(0.7, 1.5);
        let waits = usual.min(float(stage.duration_ms) * 0.1);
        stage.driver_ms = whole(waits.max(float(stage.duration_ms) * self.effect.driver));
        let busy = (stage.duration_ms - stage.driver_ms).max(1);
        let slots = (stage.num_executors * self.pipeline.cores).min(stage.num_tasks);
        let straggling = if index == self.effect.at { self.effect.straggling } else { 1.0 };
        let uneven = 1.0 + 0.4 * (stage.skew * straggling - 1.0);
        let used = random.between(0.85, 0.98) / uneven;
        stage.run_ms = scaled(busy * slots, used).max(busy).max(stage.num_tasks);
        if index == self.effect.at {
            self.strike(stage, random);
        }
        let gc = (0.01 + 0.04 * pressure * pressure) * random.between(0.6, 1.4);
        stage.gc_ms = scaled(stage.run_ms, gc);
        stage.cpu_ms = scaled(stage.run_ms - stage.gc_ms, random.between(0.5, 0.95));
    }

    /// Attempts of tasks that are lost.
    fn strike(&self, stage: &mut Stage, random: &mut Random) {
        match self.effect.scenario {
            Some(Scenario::ExecutorLoss) => {
                let executors = stage.num_executors;
                let slots = (executors * self.pipeline.cores).min(stage.num_tasks);
                let first = executors - stage.lost_executors(self.effect.lost_executors) + 1;
                // Cores are given to executors in turn.
                stage.num_failed_tasks = (first..=executors)
                    .map(|number| (slots + executors - number) / executors)
                    .sum();
            }
            Some(Scenario::Speculation) => {
                let killed = scaled(stage.num_tasks, random.between(0.01, 0.06));
                stage.num_killed_tasks = killed.clamp(1, stage.num_tasks);
            }
            Some(Scenario::Oom) if self.fails_at.is_none() => {
                // It was tried again, and went well.
                stage.num_failed_tasks = 1 + whole(random.between(0.0, 2.0));
            }
            _ => {}
        }
    }

    /// The stage that makes the job fail. What tasks have done is that of those that completed.
    fn fail(&self, stage: &mut Stage, failure: Option<usize>, random: &mut Random) {
        let attempts =
            failure.map_or(0, |cause| i64::from(self.plan.models.failures[cause].task_attempts));
        let share = random.between(0.2, 0.9);
        stage.status = StageStatus::Failed;
        stage.num_completed_tasks = scaled(stage.num_tasks - 1, share);
        stage.stop_at(share, 0.8);
        // Attempts of one task make Spark give up; the tasks that run then are killed.
        stage.num_failed_tasks = attempts;
        let fails = i64::from(attempts > 0);
        let left = stage.num_tasks - stage.num_completed_tasks - fails;
        let slots = (stage.num_executors * self.pipeline.cores).min(stage.num_tasks);
        stage.num_killed_tasks = left.min(slots - fails).max(0);
    }
}

/// A stage's tasks of those that its job is to have: one, and of the others as many as its time is long.
fn given_tasks(all: i64, last_run: usize, duration_ms: i64, stage: &Stage) -> i64 {
    let stages = i64::try_from(last_run).unwrap_or(0) + 1;
    let others = (all - stages).max(0);
    let up_to = |ms: i64| scaled(others, float(ms) / float(duration_ms));
    1 + up_to(stage.start_ms + stage.duration_ms) - up_to(stage.start_ms)
}
