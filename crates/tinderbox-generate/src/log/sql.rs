//! The job as a SQL execution: a plan with one node for each operator, whose figures are the operator's.

use super::application::{Log, number};
use crate::job::{JobStatus, Stage};
use std::io::{self, Write};

/// Names and types of a node's figures, as Spark's own nodes call them.
const FIGURES: [(&str, &str); 5] = [
    ("number of output rows", "sum"),
    ("shuffle bytes written", "size"),
    ("spill size", "size"),
    ("peak memory", "size"),
    ("duration", "timing"),
];

/// The place of the one that tasks tell; the driver tells the others.
const DURATION: usize = 4;

const EVENT: &str = "{\"Event\":\"org.apache.spark.sql.execution.ui.SparkListener";

impl<W: Write> Log<'_, W> {
    pub(super) fn sql_start(&mut self) -> io::Result<()> {
        let (name, start) = (self.name(), self.job.start_ms);
        let text = self.plan_text();
        self.lines
            .push(EVENT)
            .push("SQLExecutionStart\",\"executionId\":0,\"rootExecutionId\":0,\"description\":")
            .quoted(name)
            .push(",\"details\":\"\",\"physicalPlanDescription\":")
            .quoted(&text)
            .push(",\"sparkPlanInfo\":");
        self.nodes();
        self.lines
            .push(",\"time\":")
            .int(start)
            .push(",\"modifiedConfigs\":{},\"jobTags\":[]}")
            .end()
    }

    /// The plan as Spark prints it: the last operator first.
    fn plan_text(&self) -> String {
        let mut text = String::from("== Physical Plan ==\n");
        for (depth, index) in (0..self.job.stages.len()).rev().enumerate() {
            if let Some(indent) = depth.checked_sub(1) {
                text.push_str(&"   ".repeat(indent));
                text.push_str("+- ");
            }
            text.push_str(self.operator(index));
            text.push_str(&format!(" ({})\n", index + 1));
        }
        text
    }

    /// The tree: the last operator reads from the one before it.
    fn nodes(&mut self) {
        let count = self.job.stages.len();
        for index in (0..count).rev() {
            let name = self.operator(index);
            self.lines.push("{\"nodeName\":").quoted(name).push(",\"simpleString\":").quoted(name);
            self.lines.push(",\"children\":[");
        }
        for index in 0..count {
            self.lines.push("],\"metadata\":{},\"metrics\":[");
            for (place, (name, kind)) in FIGURES.into_iter().enumerate() {
                self.lines
                    .push(if place > 0 { ",{\"name\":\"" } else { "{\"name\":\"" })
                    .push(name)
                    .push("\",\"accumulatorId\":")
                    .int(accumulator(index, place))
                    .push(",\"metricType\":\"")
                    .push(kind)
                    .push("\"}");
            }
            self.lines.push("]}");
        }
    }

    /// What an operator's node shows when it has ended.
    pub(super) fn sql_figures(&mut self, index: usize, stage: &Stage) -> io::Result<()> {
        let is_last = index + 1 == self.job.stages.len();
        let rows = if is_last { stage.records } else { stage.shuffle_write_records };
        let figures =
            [rows, stage.shuffle_write_bytes, stage.memory_spill_bytes, stage.peak_memory_bytes];
        self.lines.push(EVENT).push("DriverAccumUpdates\",\"executionId\":0,\"accumUpdates\":[");
        for (place, figure) in figures.into_iter().enumerate() {
            self.lines
                .push(if place > 0 { ",[" } else { "[" })
                .int(accumulator(index, place))
                .push(",")
                .int(figure)
                .push("]");
        }
        self.lines.push("]}").end()
    }

    /// A task's time as an accumulator of the operator, by which Spark knows in which stage the operator ran.
    pub(super) fn sql_time(&mut self, index: usize, run_ms: i64) {
        self.task_ms += run_ms;
        let all = self.task_ms;
        self.lines
            .push("{\"ID\":")
            .int(accumulator(index, DURATION))
            .push(",\"Name\":\"duration\",\"Update\":\"")
            .int(run_ms)
            .push("\",\"Value\":\"")
            .int(all)
            .push("\",\"Internal\":true,\"Count Failed Values\":true,\"Metadata\":\"sql\"}");
    }

    pub(super) fn sql_end(&mut self, end: i64) -> io::Result<()> {
        let failed = self.job.failed_stage().filter(|_| self.job.status == JobStatus::Failed);
        let message = failed.map(|index| self.failure_reason(index, &self.job.stages[index]));
        self.lines
            .push(EVENT)
            .push("SQLExecutionEnd\",\"executionId\":0,\"time\":")
            .int(end)
            .push(",\"errorMessage\":")
            .quoted(message.as_deref().unwrap_or(""))
            .push("}")
            .end()
    }
}

fn accumulator(index: usize, place: usize) -> i64 {
    number(index * FIGURES.len() + place)
}
