//! Executors that come and go.

use super::application::Log;
use super::task_events::{EXECUTOR_METRICS, FOUR_METRICS};
use crate::job::{Stage, StageStatus};
use crate::scenario::Scenario;
use std::io::{self, Write};

/// Memory that Spark has for blocks: of what is not reserved the default of `spark.memory.fraction`.
const RESERVED_MB: i64 = 300;

/// Why an executor is lost: what a worker says of a process that was killed.
pub(super) const LOSS: &str = "Command exited with code 137";

const IDLE: &str = "Executor killed by driver.";

/// Those that are there. Stages number theirs from 1; one that took the place of another has an id of its own.
#[derive(Debug, Default)]
pub(super) struct Executors {
    /// Ids in the order of numbers.
    ids: Vec<i64>,
    /// How many there have been.
    num_ever: i64,
}

impl Executors {
    /// The id of the executor that has this number now.
    pub(super) fn id(&self, number: i64) -> i64 {
        let place = usize::try_from(number - 1).unwrap_or(0);
        self.ids.get(place).copied().unwrap_or(number)
    }

    fn new_id(&mut self) -> i64 {
        self.num_ever += 1;
        self.num_ever
    }
}

impl<W: Write> Log<'_, W> {
    /// How many executors there are while a stage runs.
    pub(super) fn executors_of(&self, index: usize) -> usize {
        let follows = self.job.scenario == Some(Scenario::DynamicAllocation);
        let count = match self.job.stages.get(index) {
            Some(stage) if follows => stage.num_executors,
            _ => self.job.num_executors,
        };
        usize::try_from(count).unwrap_or(1)
    }

    /// Adds executors until there are so many.
    pub(super) fn add_executors(&mut self, count: usize, at: i64) -> io::Result<()> {
        while self.executors.ids.len() < count {
            let id = self.executors.new_id();
            self.executors.ids.push(id);
            self.executor_added(id, at)?;
        }
        Ok(())
    }

    /// Before a stage: as many executors as it has.
    pub(super) fn allocate(&mut self, index: usize, stage: &Stage) -> io::Result<()> {
        let wanted = self.executors_of(index);
        let begin = self.job.start_ms + stage.start_ms;
        while self.executors.ids.len() > wanted {
            if let Some(id) = self.executors.ids.pop() {
                self.executor_removed(id, begin, IDLE)?;
            }
        }
        self.add_executors(wanted, begin + stage.driver_ms / 2)
    }

    /// The last `lost` of a stage's executors end, and others take their places.
    pub(super) fn lose_executors(&mut self, of_stage: i64, lost: i64, at: i64) -> io::Result<()> {
        for number in of_stage - lost + 1..=of_stage {
            let id = self.executors.id(number);
            self.executor_removed(id, at, LOSS)?;
            let new = self.executors.new_id();
            if let Some(place) = self.executors.ids.iter_mut().find(|place| **place == id) {
                *place = new;
            }
            self.executor_added(new, at)?;
        }
        Ok(())
    }

    fn executor_added(&mut self, id: i64, at: i64) -> io::Result<()> {
        let cores = self.job.cores;
        self.lines
            .push("{\"Event\":\"SparkListenerExecutorAdded\",\"Timestamp\":")
            .int(at)
            .push(",\"Executor ID\":\"")
            .int(id)
            .push("\",\"Executor Info\":{\"Host\":\"worker-")
            .int(id)
            .push("\",\"Total Cores\":")
            .int(cores)
            .push(",\"Log Urls\":{},\"Attributes\":{},\"Resources\":{},\"Resource Profile Id\":0,\"Registration Time\":")
            .int(at)
            .push("}}")
            .end()?;
        self.block_manager(&id.to_string(), &format!("worker-{id}"), at)
    }

    fn executor_removed(&mut self, id: i64, at: i64, reason: &str) -> io::Result<()> {
        self.lines
            .push("{\"Event\":\"SparkListenerExecutorRemoved\",\"Timestamp\":")
            .int(at)
            .push(",\"Executor ID\":\"")
            .int(id)
            .push("\",\"Removed Reason\":")
            .quoted(reason)
            .push("}")
            .end()
    }

    /// The most memory of a stage's executors: the first has what the table says.
    pub(super) fn memory_of(&mut self, index: usize, stage: &Stage) -> io::Result<()> {
        if stage.status != StageStatus::Completed {
            return Ok(());
        }
        for number in 1..=stage.num_executors {
            let most = stage.peak_memory_bytes;
            let peak = most - most / 16 * (number - 1) / stage.num_executors;
            let id = self.executors.id(number);
            self.lines
                .push("{\"Event\":\"SparkListenerStageExecutorMetrics\",\"Executor ID\":\"")
                .int(id)
                .push("\",\"Stage ID\":")
                .int(super::application::number(index))
                .push(",\"Stage Attempt ID\":0,\"Executor Metrics\":{\"JVMHeapMemory\":")
                .int(peak)
                .push(EXECUTOR_METRICS);
            if self.is_four {
                self.lines.push(FOUR_METRICS);
            }
            self.lines.push("}}").end()?;
        }
        Ok(())
    }

    pub(super) fn block_manager(&mut self, executor: &str, host: &str, at: i64) -> io::Result<()> {
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
}
