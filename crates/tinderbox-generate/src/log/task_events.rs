//! The events of tasks.

use super::application::{Log, number};
use super::executors::LOSS;
use super::tasks::{Attempt, Outcome, Tasks};
use crate::job::{Stage, StageStatus};
use std::io::{self, Write};

/// What the events of a stage's tasks have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct OfStage<'a> {
    pub(super) index: usize,
    pub(super) stage: &'a Stage,
    /// The stage's numbers as an event has them.
    pub(super) head: &'a str,
    /// `ResultTask` or `ShuffleMapTask`.
    pub(super) kind: &'static str,
}

impl<W: Write> Log<'_, W> {
    pub(super) fn task_start(&mut self, of: &OfStage<'_>, attempt: &Attempt) -> io::Result<()> {
        self.lines.push("{\"Event\":\"SparkListenerTaskStart\",").push(of.head);
        self.task_info(attempt, false);
        self.lines.push("]}");
        self.lines.push("}").end()
    }

    fn task_info(&mut self, attempt: &Attempt, has_ended: bool) {
        let index = number(attempt.index);
        let executor = self.executors.id(attempt.executor);
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
            .int(executor)
            .push("\",\"Host\":\"worker-")
            .int(executor)
            .push("\",\"Locality\":\"PROCESS_LOCAL\",\"Speculative\":")
            .push(if attempt.is_speculative { "true" } else { "false" })
            .push(",\"Getting Result Time\":0,\"Finish Time\":")
            .int(if has_ended { attempt.finish_ms } else { 0 })
            .push(",\"Failed\":")
            .push(is(Outcome::Failed))
            .push(",\"Killed\":")
            .push(is(Outcome::Killed))
            .push(",\"Accumulables\":[");
    }

    pub(super) fn task_end(
        &mut self,
        of: &OfStage<'_>,
        tasks: &Tasks<'_>,
        attempt: &Attempt,
    ) -> io::Result<()> {
        let OfStage { stage, head, kind, .. } = *of;
        self.lines.push("{\"Event\":\"SparkListenerTaskEnd\",").push(head).push("\"Task Type\":\"");
        self.lines.push(kind).push("\",\"Task End Reason\":");
        self.reason(stage, attempt);
        self.lines.push(",");
        self.task_info(attempt, true);
        let is_complete = attempt.outcome == Outcome::Completed;
        let run = if is_complete { attempt.finish_ms - attempt.launch_ms } else { 0 };
        if is_complete {
            self.sql_time(of.index, run);
        }
        self.lines.push("]}");
        self.lines.push(",\"Task Executor Metrics\":{\"JVMHeapMemory\":0").push(EXECUTOR_METRICS);
        if self.is_four {
            self.lines.push(FOUR_METRICS);
        }
        self.lines.push("},\"Task Metrics\":{");
        let share = |figure| if is_complete { tasks.share(figure, attempt.index) } else { 0 };
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
                    .int(self.executors.id(attempt.executor))
                    .push("\",\"Exit Caused By App\":false,\"Loss Reason\":\"")
                    .push(LOSS)
                    .push("\"}")
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
}

/// Behind `JVMHeapMemory`.
pub(super) const EXECUTOR_METRICS: &str = ",\"JVMOffHeapMemory\":0,\"OnHeapExecutionMemory\":0,\"OffHeapExecutionMemory\":0,\"OnHeapStorageMemory\":0,\"OffHeapStorageMemory\":0,\"OnHeapUnifiedMemory\":0,\"OffHeapUnifiedMemory\":0,\"DirectPoolMemory\":0,\"MappedPoolMemory\":0,\"ProcessTreeJVMVMemory\":0,\"ProcessTreeJVMRSSMemory\":0,\"ProcessTreePythonVMemory\":0,\"ProcessTreePythonRSSMemory\":0,\"ProcessTreeOtherVMemory\":0,\"ProcessTreeOtherRSSMemory\":0,\"MinorGCCount\":0,\"MinorGCTime\":0,\"MajorGCCount\":0,\"MajorGCTime\":0,\"TotalGCTime\":0";

const PUSH_BASED: &str = "\"Push Based Shuffle\":{\"Corrupt Merged Block Chunks\":0,\"Merged Fetch Fallback Count\":0,\"Merged Remote Blocks Fetched\":0,\"Merged Local Blocks Fetched\":0,\"Merged Remote Chunks Fetched\":0,\"Merged Local Chunks Fetched\":0,\"Merged Remote Bytes Read\":0,\"Merged Local Bytes Read\":0,\"Merged Remote Requests Duration\":0}";

/// What Spark 4 adds.
pub(super) const FOUR_METRICS: &str = ",\"ConcurrentGCCount\":0,\"ConcurrentGCTime\":0";
