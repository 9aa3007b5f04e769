//! The events of one job, in order.

use super::lines::Lines;
use super::tasks::{Attempt, Event, Outcome, Tasks};
use crate::job::{Job, JobStatus, Stage, StageStatus};
use crate::plan::Plan;
use std::io::{self, Write};

/// Memory that Spark has for blocks: of what is not reserved the default of `spark.memory.fraction`.
const RESERVED_MB: i64 = 300;

/// Writes the event log of a job, not compressed. Answers its bytes.
///
/// # Errors
/// What `output` says.
pub fn write_log(plan: &Plan, job: &Job, output: impl Write) -> io::Result<u64> {
    let mut log = Log::new(plan, job, output);
    log.begin()?;
    log.job_start()?;
    let mut first_task = 0;
    for (index, stage) in job.stages.iter().enumerate() {
        if stage.status.has_run() {
            first_task = log.stage(index, stage, first_task)?;
        }
    }
    if job.status != JobStatus::Running {
        log.end()?;
    }
    log.lines.finish()
}

struct Log<'a, W> {
    plan: &'a Plan,
    job: &'a Job,
    version: &'a str,
    is_four: bool,
    lines: Lines<W>,
}

impl<'a, W: Write> Log<'a, W> {
    fn new(plan: &'a Plan, job: &'a Job, output: W) -> Self {
        let pipeline = &plan.types[job.job_type].pipelines[job.pipeline];
        let place = usize::try_from(pipeline.version).unwrap_or(0);
        let version = plan.words.versions.get(place).map_or("3.5.8", String::as_str);
        let is_four = !version.starts_with('3');
        Self { plan, job, version, is_four, lines: Lines::new(output) }
    }

    fn name(&self) -> &'a str {
        let place = self.plan.types[self.job.job_type].first_pipeline + self.job.pipeline;
        &self.plan.words.pipelines[place]
    }

    fn user(&self) -> &'a str {
        let pipeline = &self.plan.types[self.job.job_type].pipelines[self.job.pipeline];
        let place = usize::try_from(pipeline.user).unwrap_or(0);
        self.plan.words.users.get(place).map_or("spark", String::as_str)
    }

    fn operator(&self, stage: usize) -> &'a str {
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
        for number in 1..=job.num_executors {
            let at = start + waits / 2;
            self.lines
                .push("{\"Event\":\"SparkListenerExecutorAdded\",\"Timestamp\":")
                .int(at)
                .push(",\"Executor ID\":\"")
                .int(number)
                .push("\",\"Executor Info\":{\"Host\":\"worker-")
                .int(number)
                .push("\",\"Total Cores\":")
                .int(job.cores)
                .push(",\"Log Urls\":{},\"Attributes\":{},\"Resources\":{},\"Resource Profile Id\":0,\"Registration Time\":")
                .int(at)
                .push("}}")
                .end()?;
            self.block_manager(&number.to_string(), &format!("worker-{number}"), at)?;
        }
        Ok(())
    }

    fn block_manager(&mut self, executor: &str, host: &str, at: i64) -> io::Result<()> {
        let memory = (self.job.memory_mb - RESERVED_MB).max(1) * 1_048_576 * 6 / 10;
        self.lines
            .push("{\"Event\":\"SparkListenerBlockManagerAdded\",\"Block Manager ID\":{\"Executor ID\":")
            .quoted(executor)
            .push(",\"Host\":")
            .quoted(host)
            .push(",\"Port\":7079},\"Maximum Memory\":")
            .int(memory)
            .push(",\"Timestamp\":")
            .int(at)
            .push(",\"Maximum Onheap Memory\":")
            .int(memory)
            .push(",\"Maximum Offheap Memory\":0}")
            .end()
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
        self.lines.push("}}").end()
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
        self.lines.push("{\"Event\":\"SparkListenerStageSubmitted\",\"Stage Info\":");
        self.stage_info(index, stage, true);
        self.lines.push(INFO_END).push(",\"Properties\":{}}").end()?;
        let is_last = index + 1 == job.stages.len();
        let kind = if is_last { "ResultTask" } else { "ShuffleMapTask" };
        let head = format!("\"Stage ID\":{index},\"Stage Attempt ID\":0,");
        let next = Tasks::new(job, stage, first_task).for_each(|tasks, event| match event {
            Event::Start(attempt) => self.task_start(&head, &attempt),
            Event::End(attempt) => self.task_end((&head, kind), stage, tasks, &attempt),
        })?;
        if stage.status == StageStatus::Running {
            return Ok(next);
        }
        let end = job.start_ms + stage.start_ms + stage.duration_ms;
        self.lines.push("{\"Event\":\"SparkListenerStageCompleted\",\"Stage Info\":");
        self.stage_info(index, stage, true);
        self.lines.push(",\"Completion Time\":").int(end);
        if stage.status == StageStatus::Failed {
            let reason = self.failure_reason(index, stage);
            self.lines.push(",\"Failure Reason\":").quoted(&reason);
        }
        self.lines.push(INFO_END).push("}").end()?;
        Ok(next)
    }

    fn cause(&self) -> Option<&'a crate::model::Failure> {
        self.job.failure.map(|cause| &self.plan.models.failures[cause])
    }

    fn failure_reason(&self, index: usize, stage: &Stage) -> String {
        let message = self.cause().map_or("", |cause| cause.message.as_str());
        if stage.num_failed_tasks == 0 {
            return format!("Job 0 cancelled: {message}");
        }
        let (task, times) = (stage.num_completed_tasks, stage.num_failed_tasks);
        format!(
            "Job aborted due to stage failure: Task {task} in stage {index}.0 failed {times} times, most recent failure: {message}"
        )
    }

    fn task_start(&mut self, head: &str, attempt: &Attempt) -> io::Result<()> {
        self.lines.push("{\"Event\":\"SparkListenerTaskStart\",").push(head);
        self.task_info(attempt, false);
        self.lines.push("}").end()
    }

    fn task_info(&mut self, attempt: &Attempt, has_ended: bool) {
        let index = number(attempt.index);
        let is = |outcome| if has_ended && attempt.outcome == outcome { "true" } else { "false" };
        self.lines
            .push("\"Task Info\":{\"Task ID\":")
            .int(attempt.id)
            .push(",\"Index\":")
            .int(index)
            .push(",\"Attempt\":")
            .int(attempt.number)
            .push(",\"Partition ID\":")
            .int(index)
            .push(",\"Launch Time\":")
            .int(attempt.launch_ms)
            .push(",\"Executor ID\":\"")
            .int(attempt.executor)
            .push("\",\"Host\":\"worker-")
            .int(attempt.executor)
            .push("\",\"Locality\":\"PROCESS_LOCAL\",\"Speculative\":false,\"Getting Result Time\":0,\"Finish Time\":")
            .int(if has_ended { attempt.finish_ms } else { 0 })
            .push(",\"Failed\":")
            .push(is(Outcome::Failed))
            .push(",\"Killed\":")
            .push(is(Outcome::Killed))
            .push(",\"Accumulables\":[]}");
    }

    fn task_end(
        &mut self,
        (head, kind): (&str, &str),
        stage: &Stage,
        tasks: &Tasks<'_>,
        attempt: &Attempt,
    ) -> io::Result<()> {
        self.lines.push("{\"Event\":\"SparkListenerTaskEnd\",").push(head).push("\"Task Type\":\"");
        self.lines.push(kind).push("\",\"Task End Reason\":");
        self.reason(stage, attempt);
        self.lines.push(",");
        self.task_info(attempt, true);
        self.lines.push(",\"Task Executor Metrics\":{").push(EXECUTOR_METRICS);
        if self.is_four {
            self.lines.push(",\"ConcurrentGCCount\":0,\"ConcurrentGCTime\":0");
        }
        self.lines.push("},\"Task Metrics\":{");
        let is_complete = attempt.outcome == Outcome::Completed;
        let share = |figure| if is_complete { tasks.share(figure, attempt.index) } else { 0 };
        let run = if is_complete { attempt.finish_ms - attempt.launch_ms } else { 0 };
        let read = share(stage.shuffle_read_bytes);
        let local = read / stage.num_executors.max(1);
        let peak = if is_complete { stage.peak_memory_bytes / self.job.cores.max(1) } else { 0 };
        let output_records = if stage.output_bytes > 0 { share(stage.records) } else { 0 };
        let input_records = if stage.input_bytes > 0 { share(stage.records) } else { 0 };
        let lines = &mut self.lines;
        lines
            .push("\"Executor Deserialize Time\":0,\"Executor Deserialize CPU Time\":0,\"Executor Run Time\":")
            .int(run)
            .push(",\"Executor CPU Time\":")
            .int(share(stage.cpu_ms) * 1_000_000)
            .push(",\"Peak Execution Memory\":")
            .int(peak);
        if self.is_four {
            lines.push(",\"Peak On Heap Execution Memory\":").int(peak);
            lines.push(",\"Peak Off Heap Execution Memory\":0");
        }
        lines
            .push(",\"Result Size\":2000,\"JVM GC Time\":")
            .int(share(stage.gc_ms))
            .push(",\"Result Serialization Time\":0,\"Memory Bytes Spilled\":")
            .int(share(stage.memory_spill_bytes))
            .push(",\"Disk Bytes Spilled\":")
            .int(share(stage.disk_spill_bytes))
            .push(",\"Shuffle Read Metrics\":{\"Remote Blocks Fetched\":0,\"Local Blocks Fetched\":0,\"Fetch Wait Time\":0,\"Remote Bytes Read\":")
            .int(read - local)
            .push(",\"Remote Bytes Read To Disk\":0,\"Local Bytes Read\":")
            .int(local)
            .push(",\"Total Records Read\":")
            .int(share(stage.shuffle_read_records))
            .push(",\"Remote Requests Duration\":0,")
            .push(PUSH_BASED)
            .push("},\"Shuffle Write Metrics\":{\"Shuffle Bytes Written\":")
            .int(share(stage.shuffle_write_bytes))
            .push(",\"Shuffle Write Time\":0,\"Shuffle Records Written\":")
            .int(share(stage.shuffle_write_records))
            .push("},\"Input Metrics\":{\"Bytes Read\":")
            .int(share(stage.input_bytes))
            .push(",\"Records Read\":")
            .int(input_records)
            .push("},\"Output Metrics\":{\"Bytes Written\":")
            .int(share(stage.output_bytes))
            .push(",\"Records Written\":")
            .int(output_records)
            .push("},\"Updated Blocks\":[]}}")
            .end()
    }

    fn reason(&mut self, stage: &Stage, attempt: &Attempt) {
        match attempt.outcome {
            Outcome::Completed | Outcome::Running => self.lines.push("{\"Reason\":\"Success\"}"),
            Outcome::Killed => {
                let why = if stage.status == StageStatus::Failed {
                    "Stage cancelled"
                } else {
                    "another attempt succeeded"
                };
                self.lines
                    .push("{\"Reason\":\"TaskKilled\",\"Kill Reason\":\"")
                    .push(why)
                    .push("\",\"Accumulator Updates\":[]}")
            }
            Outcome::Failed if self.job.num_lost_executors > 0 && self.job.failure.is_none() => {
                self.lines
                    .push("{\"Reason\":\"ExecutorLostFailure\",\"Executor ID\":\"")
                    .int(attempt.executor)
                    .push("\",\"Exit Caused By App\":false,\"Loss Reason\":\"worker lost\"}")
            }
            Outcome::Failed => {
                let cause = self.cause();
                let message = cause
                    .map_or("java.lang.OutOfMemoryError: Java heap space", |cause| {
                        cause.message.as_str()
                    });
                let (class, description) = message.split_once(": ").unwrap_or((message, ""));
                let trace = cause.and_then(|cause| cause.stack_trace.as_deref()).unwrap_or(message);
                self.lines
                    .push("{\"Reason\":\"ExceptionFailure\",\"Class Name\":")
                    .quoted(class)
                    .push(",\"Description\":")
                    .quoted(description)
                    .push(",\"Stack Trace\":[],\"Full Stack Trace\":")
                    .quoted(trace)
                    .push(",\"Accumulator Updates\":[]}")
            }
        };
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
        self.lines.push("{\"Event\":\"SparkListenerApplicationEnd\",\"Timestamp\":").int(end);
        if self.is_four {
            self.lines.push(",\"ExitCode\":").int(i64::from(self.job.failure.is_some()));
        }
        self.lines.push("}").end()
    }
}

fn number(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(0)
}

/// What ends a stage's description.
const INFO_END: &str = ",\"Accumulables\":[],\"Resource Profile Id\":0,\"Shuffle Push Enabled\":false,\"Shuffle Push Mergers Count\":0}";

const EXECUTOR_METRICS: &str = "\"JVMHeapMemory\":0,\"JVMOffHeapMemory\":0,\"OnHeapExecutionMemory\":0,\"OffHeapExecutionMemory\":0,\"OnHeapStorageMemory\":0,\"OffHeapStorageMemory\":0,\"OnHeapUnifiedMemory\":0,\"OffHeapUnifiedMemory\":0,\"DirectPoolMemory\":0,\"MappedPoolMemory\":0,\"ProcessTreeJVMVMemory\":0,\"ProcessTreeJVMRSSMemory\":0,\"ProcessTreePythonVMemory\":0,\"ProcessTreePythonRSSMemory\":0,\"ProcessTreeOtherVMemory\":0,\"ProcessTreeOtherRSSMemory\":0,\"MinorGCCount\":0,\"MinorGCTime\":0,\"MajorGCCount\":0,\"MajorGCTime\":0,\"TotalGCTime\":0";

const PUSH_BASED: &str = "\"Push Based Shuffle\":{\"Corrupt Merged Block Chunks\":0,\"Merged Fetch Fallback Count\":0,\"Merged Remote Blocks Fetched\":0,\"Merged Local Blocks Fetched\":0,\"Merged Remote Chunks Fetched\":0,\"Merged Local Chunks Fetched\":0,\"Merged Remote Bytes Read\":0,\"Merged Local Bytes Read\":0,\"Merged Remote Requests Duration\":0}";
