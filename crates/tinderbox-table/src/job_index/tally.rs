//! Sums over the jobs of an hour, a type and a status.

use super::cell::{MISSING, to_float, to_int};
use super::column::JobColumn;
use super::words::Words;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tinderbox_model::Distribution;

const HOUR_US: i64 = 3_600_000_000;

/// Sums over the jobs of one hour (UTC, by their start), type and status. Figures that jobs do not tell count as 0.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct JobTally {
    /// When the hour begins, in microseconds since 1970; `None` for jobs without a start.
    pub hour_us: Option<i64>,
    /// Their type.
    pub job_type: Option<String>,
    /// Their status.
    pub status: Option<String>,
    /// Jobs.
    pub num_jobs: u64,
    /// Of these, with a duration.
    pub num_durations: u64,
    /// Sum of durations.
    pub duration_ms: i64,
    /// Sum of the durations in whole seconds, as the jobs tell them.
    pub duration_seconds: i64,
    /// Jobs by bucket of their duration (`Distribution::bucket_of` of milliseconds).
    pub durations: BTreeMap<u16, u64>,
    /// Tasks.
    pub num_tasks: i64,
    /// Tasks that failed.
    pub num_failed_tasks: i64,
    /// Executor run time of tasks.
    pub task_time_ms: i64,
    /// Time in garbage collection.
    pub gc_time_ms: i64,
    /// Read from storage, in units of 1,048,576 bytes.
    pub input_mb: f64,
    /// Read from storage.
    pub input_bytes: i64,
    /// Written to storage.
    pub output_bytes: i64,
    /// Shuffle data read.
    pub shuffle_read_bytes: i64,
    /// Shuffle data written.
    pub shuffle_write_bytes: i64,
    /// In-memory size of spilled data.
    pub memory_spill_bytes: i64,
    /// Spilled to disk.
    pub disk_spill_bytes: i64,
}

/// Tallies that grow.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    /// By cells of hour (or of nothing), type and status.
    by_key: BTreeMap<(Option<i64>, u64, u64), JobTally>,
}

impl Tallies {
    /// Counts a job, of which `cell` tells the cells.
    pub(super) fn add(&mut self, cell: impl Fn(JobColumn) -> u64) {
        let known = |column| Some(cell(column)).filter(|cell| *cell != MISSING);
        let int = |column| known(column).map_or(0, to_int);
        let start = known(JobColumn::Start).map(to_int);
        let hour = start.map(|start| start.div_euclid(HOUR_US) * HOUR_US);
        let key = (hour, cell(JobColumn::JobType), cell(JobColumn::Status));
        let tally = self.by_key.entry(key).or_default();
        tally.num_jobs += 1;
        if let Some(duration) = known(JobColumn::DurationMs).map(to_int) {
            tally.num_durations += 1;
            add(&mut tally.duration_ms, duration);
            let bucket = Distribution::bucket_of(u64::try_from(duration).unwrap_or(0));
            *tally.durations.entry(bucket).or_default() += 1;
        }
        tally.input_mb += known(JobColumn::InputMb).map_or(0.0, to_float);
        for (sum, column) in [
            (&mut tally.duration_seconds, JobColumn::DurationSeconds),
            (&mut tally.num_tasks, JobColumn::NumTasks),
            (&mut tally.num_failed_tasks, JobColumn::NumFailedTasks),
            (&mut tally.task_time_ms, JobColumn::TaskTimeMs),
            (&mut tally.gc_time_ms, JobColumn::GcTimeMs),
            (&mut tally.input_bytes, JobColumn::InputBytes),
            (&mut tally.output_bytes, JobColumn::OutputBytes),
            (&mut tally.shuffle_read_bytes, JobColumn::ShuffleReadBytes),
            (&mut tally.shuffle_write_bytes, JobColumn::ShuffleWriteBytes),
            (&mut tally.memory_spill_bytes, JobColumn::MemorySpillBytes),
            (&mut tally.disk_spill_bytes, JobColumn::DiskSpillBytes),
        ] {
            add(sum, int(column));
        }
    }

    pub(super) fn finish(self, types: &Words, statuses: &Words) -> Vec<JobTally> {
        let named = self.by_key.into_iter().map(|((hour_us, job_type, status), tally)| JobTally {
            hour_us,
            job_type: types.get(job_type).map(str::to_owned),
            status: statuses.get(status).map(str::to_owned),
            ..tally
        });
        named.collect()
    }
}

fn add(sum: &mut i64, value: i64) {
    *sum = sum.saturating_add(value);
}
