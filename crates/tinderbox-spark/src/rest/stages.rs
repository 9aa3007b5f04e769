//! `…/stages`.

use super::date::Date;
use super::executors::{Peaks, executor_metrics};
use super::java_double::Double;
use super::json::Pairs;
use super::summary::{TaskQuantiles, quantiles_of};
use super::tasks::{AccumulableInfo, TaskAnswer, TaskState};
use super::{Filter, Shape, View};
use serde::Serialize;
use serde::ser::{Error as _, SerializeMap, Serializer};
use std::ops::ControlFlow;
use tinderbox_model::{
    Bytes, ExecutorStage, Millis, Nanos, Stage, StageAttemptId, StageId, StageStatus, Task,
    TaskCounts,
};

/// Calls back with every task of a stage, in the order of their ids, until it is told to stop. Fails with a text.
pub type EachTask<'a> =
    Box<dyn Fn(&mut dyn FnMut(&Task) -> ControlFlow<()>) -> Result<(), String> + 'a>;

/// What a stage's answer has beside its own figures.
#[derive(Default)]
pub struct StageParts<'a> {
    /// Its tasks and what each executor did for it.
    pub tasks: Option<EachTask<'a>>,
    /// Only tasks with one of these statuses; all when there is none.
    pub task_statuses: Filter<TaskState>,
    /// Distributions over its tasks; `None` also when no task reported metrics.
    pub task_quantiles: Option<TaskQuantiles>,
    /// Quantiles, sorted, of the distributions over its executors.
    pub executor_quantiles: Option<Vec<f64>>,
}

/// A stage attempt. Serializes as Spark's `StageData`; its tasks are read while it does.
pub struct StageAnswer<'a> {
    stage: &'a Stage,
    parts: StageParts<'a>,
    answer: &'a TaskAnswer<'a>,
    shape: Shape,
}

impl<'a> StageAnswer<'a> {
    /// Puts the answer together.
    pub fn new(
        view: View<'a>,
        stage: &'a Stage,
        answer: &'a TaskAnswer<'a>,
        parts: StageParts<'a>,
    ) -> Self {
        Self { stage, parts, answer, shape: view.shape }
    }
}

/// Stage attempts with one of these states (all states when there is none), the newest first.
pub fn stages<'a>(view: View<'a>, statuses: &Filter<StageStatus>) -> Vec<&'a Stage> {
    let mut stages: Vec<&Stage> = view.application.stages.iter().collect();
    stages.retain(|stage| statuses.holds(|status| *status == stage.status));
    stages.sort_by_key(|stage| std::cmp::Reverse(stage.id));
    stages
}

/// All attempts of a stage, the first one first.
pub fn stage_attempts(view: View<'_>, id: StageId) -> Vec<&Stage> {
    let mut stages: Vec<&Stage> =
        view.application.stages.iter().filter(|stage| stage.id.stage == id).collect();
    stages.sort_by_key(|stage| stage.id);
    stages
}

/// One attempt.
pub fn stage_attempt(view: View<'_>, id: StageAttemptId) -> Option<&Stage> {
    view.application.stages.iter().find(|stage| stage.id == id)
}

impl Serialize for StageAnswer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (stage, m, parts) = (self.stage, &self.stage.metrics, &self.parts);
        let has_details = parts.tasks.is_some();
        let mut executors: Vec<&ExecutorStage> = stage.executors.iter().collect();
        executors.sort_by(|a, b| a.executor.cmp(&b.executor));
        let executor_quantiles = parts
            .executor_quantiles
            .as_deref()
            .filter(|_| !executors.is_empty())
            .map(|quantiles| ExecutorQuantiles::new(&executors, quantiles, self.shape));
        StageData {
            status: stage.status,
            stage_id: stage.id.stage,
            attempt_id: stage.id.attempt,
            num_tasks: stage.num_tasks,
            num_active_tasks: stage.tasks.active,
            num_complete_tasks: stage.tasks.complete,
            num_failed_tasks: stage.tasks.failed,
            num_killed_tasks: stage.tasks.killed,
            num_completed_indices: stage.num_completed_indices,
            submission_time: stage.submission_time.map(Date),
            first_task_launched_time: stage.first_task_launched_time.map(Date),
            completion_time: stage.completion_time.map(Date),
            failure_reason: stage.failure_reason.as_deref(),
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
            input_bytes: m.input_bytes,
            input_records: m.input_records,
            output_bytes: m.output_bytes,
            output_records: m.output_records,
            shuffle_remote_blocks_fetched: m.shuffle_remote_blocks_fetched,
            shuffle_local_blocks_fetched: m.shuffle_local_blocks_fetched,
            shuffle_fetch_wait_time: m.shuffle_fetch_wait_time,
            shuffle_remote_bytes_read: m.shuffle_remote_bytes_read,
            shuffle_remote_bytes_read_to_disk: m.shuffle_remote_bytes_read_to_disk,
            shuffle_local_bytes_read: m.shuffle_local_bytes_read,
            shuffle_read_bytes: m.shuffle_read_bytes(),
            shuffle_read_records: m.shuffle_read_records,
            shuffle_corrupt_merged_block_chunks: m.shuffle_corrupt_merged_block_chunks,
            shuffle_merged_fetch_fallback_count: m.shuffle_merged_fetch_fallback_count,
            shuffle_merged_remote_blocks_fetched: m.shuffle_merged_remote_blocks_fetched,
            shuffle_merged_local_blocks_fetched: m.shuffle_merged_local_blocks_fetched,
            shuffle_merged_remote_chunks_fetched: m.shuffle_merged_remote_chunks_fetched,
            shuffle_merged_local_chunks_fetched: m.shuffle_merged_local_chunks_fetched,
            shuffle_merged_remote_bytes_read: m.shuffle_merged_remote_bytes_read,
            shuffle_merged_local_bytes_read: m.shuffle_merged_local_bytes_read,
            shuffle_remote_reqs_duration: m.shuffle_remote_requests_duration,
            shuffle_merged_remote_reqs_duration: m.shuffle_merged_remote_requests_duration,
            shuffle_write_bytes: m.shuffle_write_bytes,
            shuffle_write_time: m.shuffle_write_time,
            shuffle_write_records: m.shuffle_write_records,
            name: &stage.name,
            description: stage.description.as_deref(),
            details: &stage.details,
            scheduling_pool: &stage.scheduling_pool,
            rdd_ids: &stage.rdds,
            accumulator_updates: stage.accumulables.iter().map(AccumulableInfo::from).collect(),
            tasks: parts.tasks.as_ref().map(|each| Tasks {
                each,
                statuses: &parts.task_statuses,
                answer: self.answer,
            }),
            executor_summary: has_details
                .then(|| Executors { executors: &executors, shape: self.shape }),
            speculation_summary: stage.speculation.filter(|_| has_details).map(Speculation::from),
            killed_tasks_summary: Pairs(&stage.killed_tasks),
            resource_profile_id: stage.resource_profile,
            peak_executor_metrics: Peaks::of(&stage.peak_memory, self.shape),
            task_metrics_distributions: parts.task_quantiles.as_ref(),
            executor_metrics_distributions: executor_quantiles,
            is_shuffle_push_enabled: stage.is_shuffle_push_enabled,
            shuffle_mergers_count: stage.shuffle_mergers,
        }
        .serialize(serializer)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StageData<'a> {
    status: StageStatus,
    stage_id: StageId,
    attempt_id: u32,
    num_tasks: u32,
    num_active_tasks: u32,
    num_complete_tasks: u32,
    num_failed_tasks: u32,
    num_killed_tasks: u32,
    num_completed_indices: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    submission_time: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_task_launched_time: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_time: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<&'a str>,
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
    input_bytes: Bytes,
    input_records: u64,
    output_bytes: Bytes,
    output_records: u64,
    shuffle_remote_blocks_fetched: u64,
    shuffle_local_blocks_fetched: u64,
    shuffle_fetch_wait_time: Millis,
    shuffle_remote_bytes_read: Bytes,
    shuffle_remote_bytes_read_to_disk: Bytes,
    shuffle_local_bytes_read: Bytes,
    shuffle_read_bytes: Bytes,
    shuffle_read_records: u64,
    shuffle_corrupt_merged_block_chunks: u64,
    shuffle_merged_fetch_fallback_count: u64,
    shuffle_merged_remote_blocks_fetched: u64,
    shuffle_merged_local_blocks_fetched: u64,
    shuffle_merged_remote_chunks_fetched: u64,
    shuffle_merged_local_chunks_fetched: u64,
    shuffle_merged_remote_bytes_read: Bytes,
    shuffle_merged_local_bytes_read: Bytes,
    shuffle_remote_reqs_duration: Millis,
    shuffle_merged_remote_reqs_duration: Millis,
    shuffle_write_bytes: Bytes,
    shuffle_write_time: Nanos,
    shuffle_write_records: u64,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    details: &'a str,
    scheduling_pool: &'a str,
    rdd_ids: &'a [i64],
    accumulator_updates: Vec<AccumulableInfo<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tasks: Option<Tasks<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    executor_summary: Option<Executors<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    speculation_summary: Option<Speculation>,
    killed_tasks_summary: Pairs<'a, u32>,
    resource_profile_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_executor_metrics: Option<Peaks<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_metrics_distributions: Option<&'a TaskQuantiles>,
    #[serde(skip_serializing_if = "Option::is_none")]
    executor_metrics_distributions: Option<ExecutorQuantiles>,
    is_shuffle_push_enabled: bool,
    shuffle_mergers_count: u32,
}

/// The tasks as an object keyed by their ids, one after the other.
struct Tasks<'a> {
    each: &'a EachTask<'a>,
    statuses: &'a Filter<TaskState>,
    answer: &'a TaskAnswer<'a>,
}

impl Serialize for Tasks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut written = Ok(());
        let read = (self.each)(&mut |task| {
            let fits = self.statuses.holds(|status| status.holds(task.status));
            if fits {
                written = map.serialize_entry(&task.id.0, &self.answer.of(task));
            }
            if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        written?;
        read.map_err(S::Error::custom)?;
        map.end()
    }
}

struct Executors<'a> {
    executors: &'a [&'a ExecutorStage],
    shape: Shape,
}

impl Serialize for Executors<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let summaries = self.executors.iter().map(|of| {
            let summary = ExecutorSummary {
                task_time: self.shape.task_time(of.task_time, of.resubmitted_time),
                failed_tasks: of.tasks.failed,
                succeeded_tasks: of.tasks.complete,
                killed_tasks: of.tasks.killed,
                input_bytes: of.metrics.input_bytes,
                input_records: of.metrics.input_records,
                output_bytes: of.metrics.output_bytes,
                output_records: of.metrics.output_records,
                shuffle_read: of.metrics.shuffle_read_bytes(),
                shuffle_read_records: of.metrics.shuffle_read_records,
                shuffle_write: of.metrics.shuffle_write_bytes,
                shuffle_write_records: of.metrics.shuffle_write_records,
                memory_bytes_spilled: of.metrics.memory_bytes_spilled,
                disk_bytes_spilled: of.metrics.disk_bytes_spilled,
                is_blacklisted_for_stage: of.is_excluded,
                peak_memory_metrics: Peaks::of(&of.peak_memory, self.shape),
                is_excluded_for_stage: of.is_excluded,
            };
            (of.executor.as_str(), summary)
        });
        serializer.collect_map(summaries)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExecutorSummary<'a> {
    task_time: Millis,
    failed_tasks: u32,
    succeeded_tasks: u32,
    killed_tasks: u32,
    input_bytes: Bytes,
    input_records: u64,
    output_bytes: Bytes,
    output_records: u64,
    shuffle_read: Bytes,
    shuffle_read_records: u64,
    shuffle_write: Bytes,
    shuffle_write_records: u64,
    memory_bytes_spilled: Bytes,
    disk_bytes_spilled: Bytes,
    is_blacklisted_for_stage: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_memory_metrics: Option<Peaks<'a>>,
    is_excluded_for_stage: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Speculation {
    num_tasks: u32,
    num_active_tasks: u32,
    num_completed_tasks: u32,
    num_failed_tasks: u32,
    num_killed_tasks: u32,
}

impl From<TaskCounts> for Speculation {
    fn from(tasks: TaskCounts) -> Self {
        Self {
            num_tasks: tasks.active.saturating_add(tasks.ended()),
            num_active_tasks: tasks.active,
            num_completed_tasks: tasks.complete,
            num_failed_tasks: tasks.failed,
            num_killed_tasks: tasks.killed,
        }
    }
}

/// Distributions over executors, by name (`ExecutorMetricsDistributions`).
struct ExecutorQuantiles {
    fields: Vec<(&'static str, Vec<Double>)>,
    peaks: Vec<(&'static str, Vec<Double>)>,
}

impl ExecutorQuantiles {
    fn new(executors: &[&ExecutorStage], quantiles: &[f64], shape: Shape) -> Self {
        type Value = fn(Shape, &ExecutorStage) -> u64;
        let values: [(&'static str, Value); 14] = [
            ("taskTime", |shape, e| shape.task_time(e.task_time, e.resubmitted_time).0),
            ("failedTasks", |_, e| e.tasks.failed.into()),
            ("succeededTasks", |_, e| e.tasks.complete.into()),
            ("killedTasks", |_, e| e.tasks.killed.into()),
            ("inputBytes", |_, e| e.metrics.input_bytes.0),
            ("inputRecords", |_, e| e.metrics.input_records),
            ("outputBytes", |_, e| e.metrics.output_bytes.0),
            ("outputRecords", |_, e| e.metrics.output_records),
            ("shuffleRead", |_, e| e.metrics.shuffle_read_bytes().0),
            ("shuffleReadRecords", |_, e| e.metrics.shuffle_read_records),
            ("shuffleWrite", |_, e| e.metrics.shuffle_write_bytes.0),
            ("shuffleWriteRecords", |_, e| e.metrics.shuffle_write_records),
            ("memoryBytesSpilled", |_, e| e.metrics.memory_bytes_spilled.0),
            ("diskBytesSpilled", |_, e| e.metrics.disk_bytes_spilled.0),
        ];
        let signed = |value| i64::try_from(value).unwrap_or(i64::MAX);
        let mut fields = vec![("quantiles", quantiles.iter().copied().map(Double).collect())];
        fields.extend(values.into_iter().map(|(name, value)| {
            let values = executors.iter().map(|executor| signed(value(shape, executor))).collect();
            (name, quantiles_of(values, quantiles))
        }));
        let peaks = executor_metrics(shape).map(|metric| {
            let values = executors.iter().filter_map(|e| e.peak_memory.get(metric)).collect();
            (metric.name(), quantiles_of(values, quantiles))
        });
        Self { fields, peaks: peaks.collect() }
    }
}

impl Serialize for ExecutorQuantiles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Peaks<'a>(&'a [(&'static str, Vec<Double>)]);
        impl Serialize for Peaks<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.0.iter().map(|(name, values)| (name, values)))
            }
        }
        let mut map = serializer.serialize_map(None)?;
        for (name, values) in &self.fields {
            map.serialize_entry(name, values)?;
        }
        map.serialize_entry("peakMemoryMetrics", &Peaks(&self.peaks))?;
        map.end()
    }
}
