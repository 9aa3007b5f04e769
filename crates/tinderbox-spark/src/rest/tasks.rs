//! `…/taskList`, `…/taskTable`, and the tasks of a stage's details.

use super::View;
use super::date::Date;
use super::json::Pairs;
use super::stages::EachTask;
use serde::ser::{Error as _, SerializeSeq as _};
use serde::{Serialize, Serializer};
use std::collections::HashMap;
use std::ops::ControlFlow;
use tinderbox_model::{
    Accumulable, AccumulatorId, Bytes, Millis, Nanos, Task, TaskMetrics, TaskStatus, TimestampMs,
};

/// Spark's words for the parameters `status` and `taskStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskState {
    /// Launched and not ended.
    Running,
    /// Killed.
    Killed,
    /// Failed.
    Failed,
    /// Ended with success.
    Success,
    /// Never the status of a task.
    Unknown,
}

impl TaskState {
    /// Whether a task has this status.
    pub fn holds(self, status: TaskStatus) -> bool {
        matches!(
            (self, status),
            (Self::Running, TaskStatus::Running)
                | (Self::Killed, TaskStatus::Killed)
                | (Self::Failed, TaskStatus::Failed)
                | (Self::Success, TaskStatus::Success)
        )
    }
}

/// Makes tasks into answers; knows the logs of executors.
#[derive(Debug)]
pub struct TaskAnswer<'a> {
    view: View<'a>,
    logs: HashMap<&'a str, &'a [(String, String)]>,
}

impl<'a> TaskAnswer<'a> {
    /// For the tasks of an application.
    pub fn new(view: View<'a>) -> Self {
        let executors = view.application.executors.iter();
        Self { view, logs: executors.map(|one| (one.id.as_str(), one.logs.as_slice())).collect() }
    }

    /// One task as Spark's `TaskData`.
    pub fn of<'t>(&'t self, task: &'t Task) -> impl Serialize + use<'a, 't> {
        self.data(task)
    }

    /// A list of tasks, as `taskList` answers it.
    pub fn list<'t>(&'t self, tasks: &'t [Task]) -> impl Serialize + use<'a, 't> {
        tasks.iter().map(|task| self.data(task)).collect::<Vec<_>>()
    }

    /// As [`Self::list`], of tasks that are read while it is written.
    pub fn list_each<'t>(&'t self, each: &'t EachTask<'t>) -> impl Serialize + use<'a, 't> {
        Rows { answer: self, each }
    }

    fn data<'t>(&'t self, task: &'t Task) -> TaskData<'t> {
        let now = self.view.now;
        let duration = task.finish_time.unwrap_or(now).since(task.launch_time);
        TaskData {
            task_id: task.id.0,
            index: task.index,
            attempt: task.attempt,
            partition_id: task.partition,
            launch_time: Date(task.launch_time),
            result_fetch_start: task.getting_result_time.map(Date),
            duration: (!duration.is_zero()).then_some(duration),
            executor_id: task.executor.as_str(),
            host: task.host.as_str(),
            status: status_text(task.status),
            task_locality: task.locality.as_str(),
            speculative: task.speculative,
            accumulator_updates: task.accumulables.iter().map(AccumulableInfo::from).collect(),
            error_message: task.error_message.as_deref(),
            task_metrics: measured(task).as_ref().map(Metrics::from),
            executor_logs: Pairs(self.logs.get(task.executor.as_str()).copied().unwrap_or(&[])),
            scheduler_delay: scheduler_delay(task),
            getting_result_time: getting_result_ms(task, now),
        }
    }
}

pub(super) fn status_text(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Running => "RUNNING",
        TaskStatus::Success => "SUCCESS",
        TaskStatus::GettingResult => "GET RESULT",
        TaskStatus::Failed => "FAILED",
        TaskStatus::Killed => "KILLED",
    }
}

/// What a task measured. Spark takes zeros for an ended task whose event has no metrics.
pub(super) fn measured(task: &Task) -> Option<TaskMetrics> {
    task.metrics.or_else(|| task.finish_time.map(|_| TaskMetrics::default()))
}

/// Milliseconds around the work (`AppStatusUtils.schedulerDelay`).
pub(super) fn scheduler_delay(task: &Task) -> Millis {
    let (Some(finish), Some(metrics)) = (task.finish_time, measured(task)) else {
        return Millis::ZERO;
    };
    finish.since(task.launch_time)
        - metrics.executor_run_time
        - metrics.executor_deserialize_time
        - metrics.result_serialization_time
        - Millis(getting_result_ms(task, finish))
}

/// Milliseconds from the start of fetching the result to the end (`AppStatusUtils.gettingResultTime`).
pub(super) fn getting_result_ms(task: &Task, now: TimestampMs) -> u64 {
    let end = task.finish_time.unwrap_or(now);
    task.getting_result_time.map_or(0, |start| end.since(start).0)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TaskData<'a> {
    task_id: i64,
    index: i64,
    attempt: i64,
    partition_id: i64,
    launch_time: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    result_fetch_start: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<Millis>,
    executor_id: &'a str,
    host: &'a str,
    status: &'static str,
    task_locality: &'a str,
    speculative: bool,
    accumulator_updates: Vec<AccumulableInfo<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_metrics: Option<Metrics>,
    executor_logs: Pairs<'a, String>,
    scheduler_delay: Millis,
    getting_result_time: u64,
}

/// An accumulator's state; Spark leaves nulls out.
#[derive(Serialize)]
pub(super) struct AccumulableInfo<'a> {
    id: AccumulatorId,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

impl<'a> From<&'a Accumulable> for AccumulableInfo<'a> {
    fn from(of: &'a Accumulable) -> Self {
        Self {
            id: of.id,
            name: of.name.as_deref(),
            update: of.update.as_deref(),
            value: of.value.as_deref(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    executor_deserialize_time: Millis,
    executor_deserialize_cpu_time: Nanos,
    executor_run_time: Millis,
    executor_cpu_time: Nanos,
    result_size: Bytes,
    jvm_gc_time: Millis,
    result_serialization_time: Millis,
    memory_bytes_spilled: Bytes,
    disk_bytes_spilled: Bytes,
    peak_execution_memory: Bytes,
    input_metrics: Read,
    output_metrics: Written,
    shuffle_read_metrics: ShuffleRead,
    shuffle_write_metrics: ShuffleWrite,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    bytes_read: Bytes,
    records_read: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    bytes_written: Bytes,
    records_written: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShuffleRead {
    remote_blocks_fetched: u64,
    local_blocks_fetched: u64,
    fetch_wait_time: Millis,
    remote_bytes_read: Bytes,
    remote_bytes_read_to_disk: Bytes,
    local_bytes_read: Bytes,
    records_read: u64,
    remote_reqs_duration: Millis,
    shuffle_push_read_metrics: ShufflePushRead,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShufflePushRead {
    corrupt_merged_block_chunks: u64,
    merged_fetch_fallback_count: u64,
    remote_merged_blocks_fetched: u64,
    local_merged_blocks_fetched: u64,
    remote_merged_chunks_fetched: u64,
    local_merged_chunks_fetched: u64,
    remote_merged_bytes_read: Bytes,
    local_merged_bytes_read: Bytes,
    remote_merged_reqs_duration: Millis,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShuffleWrite {
    bytes_written: Bytes,
    write_time: Nanos,
    records_written: u64,
}

impl From<&TaskMetrics> for Metrics {
    fn from(m: &TaskMetrics) -> Self {
        Self {
            executor_deserialize_time: m.executor_deserialize_time,
            executor_deserialize_cpu_time: m.executor_deserialize_cpu_time,
            executor_run_time: m.executor_run_time,
            executor_cpu_time: m.executor_cpu_time,
            result_size: m.result_size,
            jvm_gc_time: m.jvm_gc_time,
            result_serialization_time: m.result_serialization_time,
            memory_bytes_spilled: m.memory_bytes_spilled,
            disk_bytes_spilled: m.disk_bytes_spilled,
            peak_execution_memory: m.peak_execution_memory,
            input_metrics: Read { bytes_read: m.input_bytes, records_read: m.input_records },
            output_metrics: Written {
                bytes_written: m.output_bytes,
                records_written: m.output_records,
            },
            shuffle_read_metrics: ShuffleRead {
                remote_blocks_fetched: m.shuffle_remote_blocks_fetched,
                local_blocks_fetched: m.shuffle_local_blocks_fetched,
                fetch_wait_time: m.shuffle_fetch_wait_time,
                remote_bytes_read: m.shuffle_remote_bytes_read,
                remote_bytes_read_to_disk: m.shuffle_remote_bytes_read_to_disk,
                local_bytes_read: m.shuffle_local_bytes_read,
                records_read: m.shuffle_read_records,
                remote_reqs_duration: m.shuffle_remote_requests_duration,
                shuffle_push_read_metrics: ShufflePushRead {
                    corrupt_merged_block_chunks: m.shuffle_corrupt_merged_block_chunks,
                    merged_fetch_fallback_count: m.shuffle_merged_fetch_fallback_count,
                    remote_merged_blocks_fetched: m.shuffle_merged_remote_blocks_fetched,
                    local_merged_blocks_fetched: m.shuffle_merged_local_blocks_fetched,
                    remote_merged_chunks_fetched: m.shuffle_merged_remote_chunks_fetched,
                    local_merged_chunks_fetched: m.shuffle_merged_local_chunks_fetched,
                    remote_merged_bytes_read: m.shuffle_merged_remote_bytes_read,
                    local_merged_bytes_read: m.shuffle_merged_local_bytes_read,
                    remote_merged_reqs_duration: m.shuffle_merged_remote_requests_duration,
                },
            },
            shuffle_write_metrics: ShuffleWrite {
                bytes_written: m.shuffle_write_bytes,
                write_time: m.shuffle_write_time,
                records_written: m.shuffle_write_records,
            },
        }
    }
}

/// What `taskTable` answers beside the tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskTable<'a> {
    /// The client's own number of tasks, as it sent it.
    pub total: &'a str,
    /// How many fit the search; `None` without one.
    pub filtered: Option<usize>,
}

/// The answer for DataTables.
pub fn task_table<'t>(
    answer: &'t TaskAnswer<'_>,
    tasks: &'t [Task],
    counts: TaskTable<'t>,
) -> impl Serialize + 't {
    Table::new(answer.list(tasks), counts)
}

/// As [`task_table`], of tasks that are read while it is written.
pub fn task_table_each<'t>(
    answer: &'t TaskAnswer<'_>,
    each: &'t EachTask<'t>,
    counts: TaskTable<'t>,
) -> impl Serialize + 't {
    Table::new(answer.list_each(each), counts)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Table<'a, R> {
    records_filtered: String,
    aa_data: R,
    records_total: &'a str,
}

impl<'a, R> Table<'a, R> {
    fn new(aa_data: R, counts: TaskTable<'a>) -> Self {
        let records_filtered = match counts.filtered {
            Some(filtered) => filtered.to_string(),
            None => counts.total.to_owned(),
        };
        Self { records_filtered, aa_data, records_total: counts.total }
    }
}

/// A list of tasks that is not in memory.
struct Rows<'a, 't> {
    answer: &'t TaskAnswer<'a>,
    each: &'t EachTask<'t>,
}

impl Serialize for Rows<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let mut written = Ok(());
        let read = (self.each)(&mut |task| {
            written = list.serialize_element(&self.answer.data(task));
            if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        written?;
        read.map_err(S::Error::custom)?;
        list.end()
    }
}
