//! The events of one job, in order.

use super::executors::Executors;
use super::lines::Lines;
use super::task_events::OfStage;
use super::tasks::{Event, Tasks};
use crate::job::{Job, JobStatus, Stage, StageStatus};
use crate::plan::Plan;
use std::io::{self, Write};

/// Writes the event log of a job, not compressed. Answers its bytes.
///
/// # Errors
/// What `output` says.
pub fn write_log(plan: &Plan, job: &Job, output: impl Write) -> io::Result<u64> {
    let mut log = Log::new(plan, job, output);
    log.begin()?;
    log.sql_start()?;
    log.streaming_start()?;
    log.job_start()?;
    let mut first_task = 0;
    for (index, stage) in job.stages.iter().enumerate() {
        if stage.status.has_run() {
            first_task = log.stage(index, stage, first_task)?;
            log.batches(stage)?;
        }
    }
    if job.status != JobStatus::Running {
        log.end()?;
    }
    log.lines.finish()
}

/// A log on its way.
pub(super) struct Log<'a, W> {
    pub(super) plan: &'a Plan,
    pub(super) job: &'a Job,
    version: &'a str,
    pub(super) is_four: bool,
    pub(super) executors: Executors,
    /// Time of the tasks of the stage so far.
    pub(super) task_ms: i64,
    /// Batches of a streaming job that have been told.
    pub(super) num_batches: i64,
    pub(super) lines: Lines<W>,
}

impl<'a, W: Write> Log<'a, W> {
    fn new(plan: &'a Plan, job: &'a Job, output: W) -> Self {
        let pipeline = &plan.types[job.job_type].pipelines[job.pipeline];
        let place = usize::try_from(pipeline.version).unwrap_or(0);
        let version = plan.words.versions.get(place).map_or("3.5.8", String::as_str);
        let is_four = !version.starts_with('3');
        let (executors, lines) = (Executors::default(), Lines::new(output));
        Self { plan, job, version, is_four, executors, task_ms: 0, num_batches: 0, lines }
    }

    pub(super) fn name(&self) -> &'a str {
        let place = self.plan.types[self.job.job_type].first_pipeline + self.job.pipeline;
        &self.plan.words.pipelines[place]
    }

    fn user(&self) -> &'a str {
        let pipeline = &self.plan.types[self.job.job_type].pipelines[self.job.pipeline];
        let place = usize::try_from(pipeline.user).unwrap_or(0);
        self.plan.words.users.get(place).map_or("spark", String::as_str)
    }

    pub(super) fn operator(&self, stage: usize) -> &'a str {
        &self.plan.models.job_types[self.job.job_type].operators[stage].name
    }

    /// All that stands before the first Spark job.
    fn begin(&mut self) -> io::Result<()> {
        let (name, user, version) = (self.name(), self.user(), self.version);
        let id = self.plan.application_id(self.job.index);
        let job = self.job;
        let start = job.start_ms;
        self.lines.push("{\"Event\":\"SparkListenerLogStart\",\"Spark Version\":").quoted(version);
        self.lines.push("}").end()?;
        self.lines
            .push("{\"Event\":\"SparkListenerResourceProfileAdded\",\"Resource Profile Id\":0,\"Executor Resource Requests\":{\"cores\":{\"Resource Name\":\"cores\",\"Amount\":")
            .int(job.cores)
            .push(",\"Discovery Script\":\"\",\"Vendor\":\"\"},\"memory\":{\"Resource Name\":\"memory\",\"Amount\":")
            .int(job.memory_mb)
            .push(",\"Discovery Script\":\"\",\"Vendor\":\"\"}},\"Task Resource Requests\":{\"cpus\":{\"Resource Name\":\"cpus\",\"Amount\":1.0}}}")
            .end()?;
        self.block_manager("driver", "driver", start)?;
        self.environment(&id)?;
        self.lines.push("{\"Event\":\"SparkListenerApplicationStart\",\"App Name\":").quoted(name);
        self.lines.push(",\"App ID\":").quoted(&id).push(",\"Timestamp\":").int(start);
        self.lines.push(",\"User\":").quoted(user).push("}").end()?;
        let waits = job.stages.first().map_or(0, |stage| stage.driver_ms);
        let first = self.executors_of(0);
        self.add_executors(first, start + waits / 2)?;
        Ok(())
    }

    fn environment(&mut self, id: &str) -> io::Result<()> {
        let (name, job) = (self.name(), self.job);
        let scala = if self.is_four { "version 2.13.16" } else { "version 2.12.18" };
        self.lines
            .push("{\"Event\":\"SparkListenerEnvironmentUpdate\",\"JVM Information\":{\"Java Home\":\"/usr/lib/jvm/java-17\",\"Java Version\":\"17\",\"Scala Version\":")
            .quoted(scala)
            .push("},\"Spark Properties\":{\"spark.app.id\":")
            .quoted(id)
            .push(",\"spark.app.name\":")
            .quoted(name)
            .push(",\"spark.master\":\"spark://master:7077\",\"spark.submit.deployMode\":\"client\",\"spark.executor.instances\":\"")
            .int(job.num_executors)
            .push("\",\"spark.executor.cores\":\"")
            .int(job.cores)
            .push("\",\"spark.executor.memory\":\"")
            .int(job.memory_mb)
            .push("m\",\"spark.eventLog.enabled\":\"true\"},\"Hadoop Properties\":{},\"System Properties\":{},\"Metrics Properties\":{},\"Classpath Entries\":{}}")
            .end()
    }

    fn job_start(&mut self) -> io::Result<()> {
        let job = self.job;
        self.lines
            .push("{\"Event\":\"SparkListenerJobStart\",\"Job ID\":0,\"Submission Time\":")
            .int(job.start_ms)
            .push(",\"Stage Infos\":[");
        for (index, stage) in job.stages.iter().enumerate() {
            if index > 0 {
                self.lines.push(",");
            }
            self.stage_info(index, stage, false);
            self.lines.push(INFO_END);
        }
        self.lines.push("],\"Stage IDs\":[");
        for index in 0..job.stages.len() {
            self.lines.push(if index > 0 { "," } else { "" }).int(number(index));
        }
        let name = self.name();
        self.lines.push("],\"Properties\":{\"callSite.short\":").quoted(name);
        self.lines.push(",\"spark.job.description\":").quoted(name);
        self.lines.push(",\"spark.sql.execution.id\":\"0\"}}").end()
    }

    /// With its times where it is known to have begun.
    fn stage_info(&mut self, index: usize, stage: &Stage, has_begun: bool) {
        let (name, at) = (self.operator(index), number(index));
        let tasks = stage.num_tasks.max(1);
        self.lines
            .push("{\"Stage ID\":")
            .int(at)
            .push(",\"Stage Attempt ID\":0,\"Stage Name\":")
            .quoted(name)
            .push(",\"Number of Tasks\":")
            .int(tasks)
            .push(",\"RDD Info\":[{\"RDD ID\":")
            .int(at)
            .push(",\"Name\":\"MapPartitionsRDD\",\"Scope\":\"{\\\"id\\\":\\\"")
            .int(at)
            .push("\\\",\\\"name\\\":\\\"")
            .push(name)
            .push("\\\"}\",\"Callsite\":")
            .quoted(name)
            .push(",\"Parent IDs\":[");
        if index > 0 {
            self.lines.int(at - 1);
        }
        self.lines
            .push("],\"Storage Level\":{\"Use Disk\":false,\"Use Memory\":false,\"Use Off Heap\":false,\"Deserialized\":false,\"Replication\":1},\"Barrier\":false,\"DeterministicLevel\":\"DETERMINATE\",\"Number of Partitions\":")
            .int(tasks)
            .push(",\"Number of Cached Partitions\":0,\"Memory Size\":0,\"Disk Size\":0}],\"Parent IDs\":[");
        if index > 0 {
            self.lines.int(at - 1);
        }
        self.lines.push("],\"Details\":\"\"");
        if has_begun {
            self.lines.push(",\"Submission Time\":").int(self.job.start_ms + stage.start_ms);
        }
    }

    fn stage(&mut self, index: usize, stage: &Stage, first_task: i64) -> io::Result<i64> {
        let job = self.job;
        self.allocate(index, stage)?;
        self.lines.push("{\"Event\":\"SparkListenerStageSubmitted\",\"Stage Info\":");
        self.stage_info(index, stage, true);
        self.lines.push(INFO_END);
        self.lines.push(",\"Properties\":{\"spark.sql.execution.id\":\"0\"}}").end()?;
        let is_last = index + 1 == job.stages.len();
        let kind = if is_last { "ResultTask" } else { "ShuffleMapTask" };
        let head = format!("\"Stage ID\":{index},\"Stage Attempt ID\":0,");
        let of = OfStage { index, stage, head: &head, kind };
        let lost = job.lost_executors(index);
        self.task_ms = 0;
        let next =
            Tasks::new((job, lost), stage, first_task).for_each(|tasks, event| match event {
                Event::Start(attempt) => self.task_start(&of, &attempt),
                Event::End(attempt) => self.task_end(&of, tasks, &attempt),
                Event::Lost(at) => self.lose_executors(stage.num_executors, lost, at),
            })?;
        if stage.status == StageStatus::Running {
            return Ok(next);
        }
        let end = job.start_ms + stage.start_ms + stage.duration_ms;
        self.memory_of(index, stage)?;
        self.lines.push("{\"Event\":\"SparkListenerStageCompleted\",\"Stage Info\":");
        self.stage_info(index, stage, true);
        self.lines.push(",\"Completion Time\":").int(end);
        if stage.status == StageStatus::Failed {
            let reason = self.failure_reason(index, stage);
            self.lines.push(",\"Failure Reason\":").quoted(&reason);
        }
        self.lines.push(INFO_END).push("}").end()?;
        if stage.status == StageStatus::Completed {
            self.sql_figures(index, stage)?;
        }
        Ok(next)
    }

    pub(super) fn cause(&self) -> Option<&'a crate::model::Failure> {
        self.job.failure.map(|cause| &self.plan.models.failures[cause])
    }

    pub(super) fn failure_reason(&self, index: usize, stage: &Stage) -> String {
        let message = self.cause().map_or("", |cause| cause.message.as_str());
        if stage.num_failed_tasks == 0 {
            return format!("Job 0 cancelled: {message}");
        }
        let (task, times) = (stage.num_completed_tasks, stage.num_failed_tasks);
        format!(
            "Job aborted due to stage failure: Task {task} in stage {index}.0 failed {times} times, most recent failure: {message}"
        )
    }

    fn end(&mut self) -> io::Result<()> {
        let end = self.job.start_ms + self.job.duration_ms;
        self.lines
            .push("{\"Event\":\"SparkListenerJobEnd\",\"Job ID\":0,\"Completion Time\":")
            .int(end)
            .push(",\"Job Result\":");
        match self.job.failed_stage() {
            None => {
                self.lines.push("{\"Result\":\"JobSucceeded\"}");
            }
            Some(index) => {
                let reason = self.failure_reason(index, &self.job.stages[index]);
                self.lines
                    .push("{\"Result\":\"JobFailed\",\"Exception\":{\"Message\":")
                    .quoted(&reason)
                    .push(",\"Stack Trace\":[]}}");
            }
        }
        self.lines.push("}").end()?;
        self.sql_end(end)?;
        self.streaming_end()?;
        self.lines.push("{\"Event\":\"SparkListenerApplicationEnd\",\"Timestamp\":").int(end);
        if self.is_four {
            self.lines.push(",\"ExitCode\":").int(i64::from(self.job.failure.is_some()));
        }
        self.lines.push("}").end()
    }
}

/// As Spark's whole number.
pub(super) fn number(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(0)
}

/// What ends a stage's description.
const INFO_END: &str = ",\"Accumulables\":[],\"Resource Profile Id\":0,\"Shuffle Push Enabled\":false,\"Shuffle Push Mergers Count\":0}";
