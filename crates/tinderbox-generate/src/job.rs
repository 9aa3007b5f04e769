//! A job with all its totals, as tables and event logs tell it.

use crate::scenario::Scenario;

/// How a job stands at the end of the time that is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobStatus {
    /// Ended well.
    Completed,
    /// One of its operators failed.
    Failed,
    /// It goes on beyond the end.
    Running,
}

impl JobStatus {
    /// In the order of their codes.
    pub(crate) const WORDS: [&'static str; 3] = ["COMPLETED", "FAILED", "RUNNING"];
}

/// How an operator stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageStatus {
    /// Ended well.
    Completed,
    /// Made the job fail.
    Failed,
    /// Did not begin, because one before it failed.
    Skipped,
    /// Goes on.
    Running,
    /// Begins when one before it has ended.
    Pending,
}

impl StageStatus {
    pub(crate) const WORDS: [&'static str; 5] =
        ["COMPLETED", "FAILED", "SKIPPED", "RUNNING", "PENDING"];

    /// Whether it has begun.
    pub fn has_run(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Running)
    }
}

/// One job. Sums over `stages` are the job's figures; tasks, where they are wanted, divide what a stage has.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its number in the data set, from 0.
    pub index: u64,
    /// Which type, as a place in [`crate::Models::job_types`].
    pub job_type: usize,
    /// Which recurring job of the type, from 0.
    pub pipeline: usize,
    /// The number of the job that failed and that this one tries again.
    pub retry_of: Option<u64>,
    /// 1, or more for a retry.
    pub attempt: u32,
    /// How it stands.
    pub status: JobStatus,
    /// What was made to happen to it.
    pub scenario: Option<Scenario>,
    /// Milliseconds since 1970.
    pub start_ms: i64,
    /// Until its end, or until the end of the time that is generated.
    pub duration_ms: i64,
    /// The most that it had at a time.
    pub num_executors: i64,
    /// Cores of an executor.
    pub cores: i64,
    /// Memory of an executor in MB.
    pub memory_mb: i64,
    /// Executors that were lost.
    pub num_lost_executors: i64,
    /// Batches, of a streaming job.
    pub num_batches: i64,
    /// By how much a streaming job is behind at its end.
    pub lag_ms: i64,
    /// The stage at which the scenario strikes.
    pub struck_stage: usize,
    /// Why it failed, as a place in [`crate::Models::failures`].
    pub failure: Option<usize>,
    /// One for each operator, in order.
    pub stages: Vec<Stage>,
}

/// One operator, which is one stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// How it stands.
    pub status: StageStatus,
    /// When it begins after the job's start: when the one before it ends.
    pub start_ms: i64,
    /// How long it took; 0 when it has not begun.
    pub duration_ms: i64,
    /// Of these, before the first task began.
    pub driver_ms: i64,
    /// Executors that it had.
    pub num_executors: i64,
    /// Tasks that it has; those that are tried again counted once.
    pub num_tasks: i64,
    /// Tasks of these that ended well.
    pub num_completed_tasks: i64,
    /// Attempts of tasks that failed.
    pub num_failed_tasks: i64,
    /// Attempts of tasks that were killed.
    pub num_killed_tasks: i64,
    /// Records that it worked on.
    pub records: i64,
    /// Records read from the shuffle.
    pub shuffle_read_records: i64,
    /// Records written to the shuffle.
    pub shuffle_write_records: i64,
    /// Bytes read from storage.
    pub input_bytes: i64,
    /// Bytes written to storage.
    pub output_bytes: i64,
    /// Bytes read from the shuffle: all that the stage before wrote.
    pub shuffle_read_bytes: i64,
    /// Bytes written to the shuffle.
    pub shuffle_write_bytes: i64,
    /// Bytes that were spilled, in memory.
    pub memory_spill_bytes: i64,
    /// The same on disk.
    pub disk_spill_bytes: i64,
    /// Executor run time of all tasks.
    pub run_ms: i64,
    /// Executor CPU time of all tasks.
    pub cpu_ms: i64,
    /// Time of all tasks in garbage collection.
    pub gc_ms: i64,
    /// The most memory that an executor used for it.
    pub peak_memory_bytes: i64,
    /// How much larger the largest partition is than the mean.
    pub skew: f64,
}

impl Stage {
    /// One that has not begun.
    pub(crate) fn waiting(status: StageStatus, start_ms: i64) -> Self {
        Self {
            status,
            start_ms,
            duration_ms: 0,
            driver_ms: 0,
            num_executors: 0,
            num_tasks: 0,
            num_completed_tasks: 0,
            num_failed_tasks: 0,
            num_killed_tasks: 0,
            records: 0,
            shuffle_read_records: 0,
            shuffle_write_records: 0,
            input_bytes: 0,
            output_bytes: 0,
            shuffle_read_bytes: 0,
            shuffle_write_bytes: 0,
            memory_spill_bytes: 0,
            disk_spill_bytes: 0,
            run_ms: 0,
            cpu_ms: 0,
            gc_ms: 0,
            peak_memory_bytes: 0,
            skew: 1.0,
        }
    }

    /// Of the executors that a scenario takes, those that the stage can lose.
    pub(crate) fn lost_executors(&self, wanted: i64) -> i64 {
        wanted.min((self.num_executors - 1).max(1))
    }

    /// Brings the figures down to a share, because the stage has stopped. Only tasks that have completed count, and they
    /// take at most `busy` of the time that it ran; `num_completed_tasks` and times are those at the stop.
    pub(crate) fn stop_at(&mut self, share: f64, busy: f64) {
        let share = if self.num_completed_tasks == 0 { 0.0 } else { share };
        for figure in [
            &mut self.shuffle_write_records,
            &mut self.shuffle_read_records,
            &mut self.input_bytes,
            &mut self.output_bytes,
            &mut self.shuffle_read_bytes,
            &mut self.shuffle_write_bytes,
            &mut self.memory_spill_bytes,
            &mut self.disk_spill_bytes,
            &mut self.run_ms,
        ] {
            *figure = scaled(*figure, share);
        }
        let ran = self.duration_ms - self.driver_ms;
        let most = scaled(ran, busy) * self.num_completed_tasks;
        let run_ms = self.run_ms.min(most);
        let of_run = float(run_ms) / float(self.run_ms.max(1)) * share;
        self.run_ms = run_ms;
        self.gc_ms = scaled(self.gc_ms, of_run);
        self.cpu_ms = scaled(self.cpu_ms, of_run);
        // Only an operator that has completed says how many.
        self.records = 0;
    }
}

impl Job {
    /// When it ended; `None` while it is running.
    pub fn end_ms(&self) -> Option<i64> {
        (self.status != JobStatus::Running).then_some(self.start_ms + self.duration_ms)
    }

    /// The operator that failed.
    pub fn failed_stage(&self) -> Option<usize> {
        self.stages.iter().position(|stage| stage.status == StageStatus::Failed)
    }

    /// Executors that are lost in a stage: the last ones of those that it has, and the first never where there are others.
    pub(crate) fn lost_executors(&self, index: usize) -> i64 {
        let stage = &self.stages[index];
        let is_struck = index == self.struck_stage && stage.status == StageStatus::Completed;
        if self.num_lost_executors == 0 || !is_struck {
            return 0;
        }
        stage.lost_executors(self.num_lost_executors)
    }

    /// Whole seconds of an operator: those of all operators add up to the job's.
    pub fn stage_seconds(&self, stage: &Stage) -> i64 {
        (stage.start_ms + stage.duration_ms) / 1000 - stage.start_ms / 1000
    }
}

/// The nearest whole number; what does not fit becomes the nearest that does.
#[allow(clippy::cast_possible_truncation)]
pub(crate) fn whole(value: f64) -> i64 {
    value.round() as i64
}

/// As a float, for ratios.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn float(value: i64) -> f64 {
    value as f64
}

pub(crate) fn scaled(value: i64, factor: f64) -> i64 {
    whole(float(value) * factor)
}
