//! The table of jobs.

use super::ids::Ids;
use super::{code, hundredths_of_mb, mb};
use crate::job::{Job, JobStatus, float};
use crate::plan::Plan;
use crate::scenario::Scenario;
use tinderbox_table::{DataSetRows, DataSetTable, TextColumn};

pub(super) struct Jobs {
    id: TextColumn,
    retry_of: TextColumn,
    scratch: String,
    pipeline: Vec<i32>,
    job_type: Vec<i32>,
    status: Vec<i32>,
    start: Vec<i64>,
    end: Vec<Option<i64>>,
    floats: [Vec<f64>; 4],
    ints: [Vec<i64>; NUM_INTS],
    user: Vec<i32>,
    version: Vec<i32>,
    scenario: Vec<Option<i32>>,
    failure: Vec<Option<i32>>,
}

/// Columns of whole numbers, in the order in which they are added.
const NUM_INTS: usize = 19;

impl Jobs {
    pub(super) fn with_capacity(jobs: usize) -> Self {
        Self {
            id: TextColumn::with_capacity(jobs, jobs * 18),
            retry_of: TextColumn::default(),
            scratch: String::new(),
            pipeline: Vec::with_capacity(jobs),
            job_type: Vec::with_capacity(jobs),
            status: Vec::with_capacity(jobs),
            start: Vec::with_capacity(jobs),
            end: Vec::with_capacity(jobs),
            floats: std::array::from_fn(|_| Vec::with_capacity(jobs)),
            ints: std::array::from_fn(|_| Vec::with_capacity(jobs)),
            user: Vec::with_capacity(jobs),
            version: Vec::with_capacity(jobs),
            scenario: Vec::with_capacity(jobs),
            failure: Vec::with_capacity(jobs),
        }
    }

    /// Answers the hundredths of a MB that the job has read.
    pub(super) fn add(&mut self, plan: &Plan, ids: &Ids, job: &Job) -> i64 {
        let of_type = &plan.types[job.job_type];
        let pipeline = &of_type.pipelines[job.pipeline];
        self.id.push(ids.job());
        match job.retry_of {
            Some(index) => self.retry_of.push(ids.other(index, &mut self.scratch)),
            None => self.retry_of.push_missing(),
        }
        self.pipeline.push(code(of_type.first_pipeline + job.pipeline));
        self.job_type.push(code(job.job_type));
        self.status.push(job.status as i32);
        self.start.push(job.start_ms * 1000);
        self.end.push(job.end_ms().map(|end| end * 1000));

        let sum = |get: fn(&crate::job::Stage) -> i64| job.stages.iter().map(get).sum::<i64>();
        let input = sum(|stage| stage.input_bytes);
        let output = sum(|stage| stage.output_bytes);
        let shuffle_read = sum(|stage| stage.shuffle_read_bytes);
        let shuffle_write = sum(|stage| stage.shuffle_write_bytes);
        let hundredths = hundredths_of_mb(input);
        let floats = [float(hundredths) / 100.0, mb(output), mb(shuffle_read), mb(shuffle_write)];
        for (column, value) in self.floats.iter_mut().zip(floats) {
            column.push(value);
        }
        let ints: [i64; NUM_INTS] = [
            job.duration_ms / 1000,
            i64::try_from(job.stages.len()).unwrap_or(0),
            sum(|stage| stage.num_tasks),
            job.num_executors,
            job.memory_mb,
            job.num_executors * job.memory_mb,
            job.cores,
            sum(|stage| stage.gc_ms),
            job.duration_ms,
            input,
            output,
            shuffle_read,
            shuffle_write,
            sum(|stage| stage.memory_spill_bytes),
            sum(|stage| stage.disk_spill_bytes),
            sum(|stage| stage.run_ms),
            sum(|stage| stage.num_failed_tasks),
            sum(|stage| stage.num_killed_tasks),
            i64::from(job.attempt),
        ];
        for (column, value) in self.ints.iter_mut().zip(ints) {
            column.push(value);
        }
        self.user.push(pipeline.user);
        self.version.push(pipeline.version);
        self.scenario.push(job.scenario.map(|scenario| scenario as i32));
        self.failure.push(job.failure.map(code));
        hundredths
    }

    pub(super) fn finish(self, plan: &Plan) -> DataSetRows {
        let models = &plan.models;
        let [input, output, shuffle_read, shuffle_write] = self.floats;
        let mut ints = self.ints.into_iter();
        let mut next = || ints.next().unwrap_or_default();
        let words = &plan.words;
        let types = models.job_types.iter().map(|job_type| job_type.name.as_str());
        let mut rows = DataSetRows::new(DataSetTable::Jobs);
        rows.text(self.id)
            .words(self.pipeline, words.pipelines.iter().map(String::as_str))
            .words(self.job_type, types)
            .words(self.status, JobStatus::WORDS)
            .times(self.start)
            .maybe_times(self.end)
            .ints(next())
            .ints(next())
            .ints(next())
            .ints(next())
            .floats(input)
            .floats(output)
            .ints(next())
            .ints(next())
            .ints(next())
            .floats(shuffle_read)
            .floats(shuffle_write)
            .ints(next());
        for _ in 0..10 {
            rows.ints(next());
        }
        rows.words(self.user, words.users.iter().map(String::as_str))
            .ints(next())
            .text(self.retry_of)
            .words(self.version, words.versions.iter().map(String::as_str))
            .maybe_words(self.scenario, Scenario::ALL.map(Scenario::name))
            .maybe_words(self.failure, models.failures.iter().map(|f| f.message.as_str()));
        rows
    }
}
