use super::columns::Columns;
use super::file::Of;
use tinderbox_model::{Executor, ExecutorMetric, ExecutorStatus};

/// Peaks that have columns: memory in bytes.
const PEAKS: [(&str, ExecutorMetric); 10] = [
    ("peak_jvm_heap_bytes", ExecutorMetric::JvmHeap),
    ("peak_jvm_off_heap_bytes", ExecutorMetric::JvmOffHeap),
    ("peak_on_heap_execution_bytes", ExecutorMetric::OnHeapExecution),
    ("peak_off_heap_execution_bytes", ExecutorMetric::OffHeapExecution),
    ("peak_on_heap_storage_bytes", ExecutorMetric::OnHeapStorage),
    ("peak_off_heap_storage_bytes", ExecutorMetric::OffHeapStorage),
    ("peak_on_heap_unified_bytes", ExecutorMetric::OnHeapUnified),
    ("peak_off_heap_unified_bytes", ExecutorMetric::OffHeapUnified),
    ("peak_direct_pool_bytes", ExecutorMetric::DirectPool),
    ("peak_mapped_pool_bytes", ExecutorMetric::MappedPool),
];

pub(super) fn columns<'a>(rows: &'a [Of<'a, &'a Executor>]) -> Columns<'a, &'a Executor> {
    let mut columns = Columns::new(rows)
        .application_id()
        .text("executor_id", |e| e.id.as_str())
        .text("host", |e| e.host.as_str())
        .text("host_port", |e| e.host_port.as_str())
        .text("status", |e| status_name(e.status))
        .count("num_cores", |e| e.total_cores.into())
        .count("max_tasks", |e| e.max_tasks.into())
        .count("max_memory_bytes", |e| e.max_memory.0)
        .number("resource_profile_id", |e| e.resource_profile)
        .maybe_time("add_time_ms", |e| e.add_time)
        .maybe_time("remove_time_ms", |e| e.remove_time)
        .maybe_text("remove_reason", |e| e.remove_reason.as_deref())
        .flag("excluded", |e| e.is_excluded)
        .count("num_active_tasks", |e| e.tasks.active.into())
        .count("num_complete_tasks", |e| e.tasks.complete.into())
        .count("num_failed_tasks", |e| e.tasks.failed.into())
        .count("num_killed_tasks", |e| e.tasks.killed.into())
        .count("task_time_ms", |e| e.total_duration.0)
        .metrics(|e| Some(&e.metrics));
    for (name, metric) in PEAKS {
        columns = columns.maybe_number(name, |e| e.peak_memory.get(metric));
    }
    columns
}

fn status_name(status: ExecutorStatus) -> &'static str {
    match status {
        ExecutorStatus::Active => "ACTIVE",
        ExecutorStatus::Removed => "REMOVED",
    }
}
