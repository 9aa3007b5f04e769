//! `…/executors`, `…/allexecutors`, `…/allmiscellaneousprocess`.

use super::date::Date;
use super::json::Pairs;
use super::{Shape, View};
use serde::{Serialize, Serializer};
use tinderbox_model::{
    Bytes, Executor, ExecutorMetric, ExecutorResource, ExecutorStatus, Millis, PeakMemory, Process,
    StageId, TimestampMs,
};

/// Spark's id of the block manager that stands for fallback storage; it is no executor.
const FALLBACK: &str = "fallback";
const DRIVER: &str = "driver";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExecutorSummary<'a> {
    id: &'a str,
    host_port: &'a str,
    is_active: bool,
    rdd_blocks: i64,
    memory_used: Bytes,
    disk_used: Bytes,
    total_cores: u32,
    max_tasks: u32,
    active_tasks: u32,
    failed_tasks: u32,
    completed_tasks: u32,
    total_tasks: u32,
    total_duration: Millis,
    #[serde(rename = "totalGCTime")]
    total_gc_time: i64,
    total_input_bytes: Bytes,
    total_shuffle_read: Bytes,
    total_shuffle_write: Bytes,
    is_blacklisted: bool,
    max_memory: Bytes,
    add_time: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    remove_time: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remove_reason: Option<&'a str>,
    executor_logs: Pairs<'a, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_metrics: Option<MemoryMetrics>,
    blacklisted_in_stages: &'a [StageId],
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_memory_metrics: Option<Peaks<'a>>,
    attributes: Pairs<'a, String>,
    resources: Resources<'a>,
    resource_profile_id: i64,
    is_excluded: bool,
    excluded_in_stages: &'a [StageId],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemoryMetrics {
    used_on_heap_storage_memory: Bytes,
    used_off_heap_storage_memory: Bytes,
    total_on_heap_storage_memory: Bytes,
    total_off_heap_storage_memory: Bytes,
}

/// Peaks as an object keyed by the metrics' names; 4.x knows two more.
pub(super) struct Peaks<'a> {
    peaks: &'a PeakMemory,
    shape: Shape,
}

impl<'a> Peaks<'a> {
    /// `None` when nothing was reported.
    pub(super) fn of(peaks: &'a PeakMemory, shape: Shape) -> Option<Self> {
        peaks.is_set().then_some(Self { peaks, shape })
    }
}

/// The metrics that a shape has, in its order.
pub(super) fn executor_metrics(shape: Shape) -> impl Iterator<Item = ExecutorMetric> {
    let is_new =
        |m: &_| matches!(m, ExecutorMetric::ConcurrentGcCount | ExecutorMetric::ConcurrentGcTime);
    ExecutorMetric::ALL.into_iter().filter(move |metric| shape == Shape::V4 || !is_new(metric))
}

impl Serialize for Peaks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            executor_metrics(self.shape)
                .map(|metric| (metric.name(), self.peaks.get(metric).unwrap_or(0))),
        )
    }
}

struct Resources<'a>(&'a [ExecutorResource]);

impl Serialize for Resources<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|resource| (&resource.name, resource)))
    }
}

impl<'a> ExecutorSummary<'a> {
    fn new(view: View<'a>, executor: &'a Executor) -> Self {
        let mut total_duration =
            view.shape.task_time(executor.total_duration, executor.resubmitted_time);
        let mut total_gc_time = i64::try_from(executor.metrics.jvm_gc_time.0).unwrap_or(i64::MAX);
        if executor.id.as_str() == DRIVER {
            // The driver's own time is the application's, its collections are those of its process.
            let application = view.application;
            if let Some(start) = application.start_time {
                total_duration = application.end_time.unwrap_or(view.now).since(start);
            }
            if let Some(time) = executor.peak_memory.get(ExecutorMetric::TotalGcTime) {
                total_gc_time = time;
            }
        }
        Self {
            id: executor.id.as_str(),
            host_port: &executor.host_port,
            is_active: executor.status == ExecutorStatus::Active,
            rdd_blocks: executor.rdd_blocks,
            memory_used: executor.memory_used,
            disk_used: executor.disk_used,
            total_cores: executor.total_cores,
            max_tasks: executor.max_tasks,
            active_tasks: executor.tasks.active,
            failed_tasks: executor.tasks.failed,
            completed_tasks: executor.tasks.complete,
            total_tasks: executor.num_started_tasks,
            total_duration,
            total_gc_time,
            total_input_bytes: executor.metrics.input_bytes,
            total_shuffle_read: executor.metrics.shuffle_read_bytes(),
            total_shuffle_write: executor.metrics.shuffle_write_bytes,
            is_blacklisted: executor.is_excluded,
            max_memory: executor.max_memory,
            add_time: Date(executor.add_time.unwrap_or(TimestampMs(-1))),
            remove_time: executor.remove_time.map(Date),
            remove_reason: executor.remove_reason.as_deref(),
            executor_logs: Pairs(&executor.logs),
            memory_metrics: executor.storage_memory.map(|memory| MemoryMetrics {
                used_on_heap_storage_memory: memory.used_on_heap,
                used_off_heap_storage_memory: memory.used_off_heap,
                total_on_heap_storage_memory: memory.total_on_heap,
                total_off_heap_storage_memory: memory.total_off_heap,
            }),
            blacklisted_in_stages: &executor.excluded_in_stages,
            peak_memory_metrics: Peaks::of(&executor.peak_memory, view.shape),
            attributes: Pairs(&executor.attributes),
            resources: Resources(&executor.resources),
            resource_profile_id: executor.resource_profile,
            is_excluded: executor.is_excluded,
            excluded_in_stages: &executor.excluded_in_stages,
        }
    }
}

/// All executors, ids in ascending order of their text.
pub fn all_executors(view: View<'_>) -> impl Serialize + '_ {
    summaries(view).collect::<Vec<_>>()
}

/// Those that are not removed, ids in descending order of their text.
pub fn active_executors(view: View<'_>) -> impl Serialize + '_ {
    let mut active: Vec<_> = summaries(view).filter(|executor| executor.is_active).collect();
    active.reverse();
    active
}

fn summaries(view: View<'_>) -> impl Iterator<Item = ExecutorSummary<'_>> {
    let mut executors: Vec<_> =
        view.application.executors.iter().filter(|one| one.id.as_str() != FALLBACK).collect();
    executors.sort_by(|a, b| a.id.cmp(&b.id));
    executors.into_iter().map(move |executor| ExecutorSummary::new(view, executor))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProcessSummary<'a> {
    id: &'a str,
    host_port: &'a str,
    is_active: bool,
    total_cores: i64,
    add_time: Date,
    process_logs: Pairs<'a, String>,
}

/// Processes beside executors by id. Spark never learns of their end.
pub fn processes(view: View<'_>) -> impl Serialize + '_ {
    let mut processes: Vec<&Process> = view.application.processes.iter().collect();
    processes.sort_by(|a, b| a.id.cmp(&b.id));
    processes.into_iter().map(ProcessSummary::from).collect::<Vec<_>>()
}

impl<'a> From<&'a Process> for ProcessSummary<'a> {
    fn from(process: &'a Process) -> Self {
        Self {
            id: &process.id,
            host_port: &process.host_port,
            is_active: true,
            total_cores: process.total_cores,
            add_time: Date(process.add_time),
            process_logs: Pairs(&process.logs),
        }
    }
}
