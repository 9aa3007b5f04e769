//! The fold's numbers against the answers of Spark's own history server for the same logs.

use crate::fixtures::{FIXTURES, expected_answers, fold_files, log_files};
use serde_json::{Map, Value, json};
use std::fmt::Write;
use tinderbox_model::{
    Accumulable, Application, Distribution, Executor, ExecutorMetric, ExecutorStage,
    ExecutorStatus, Job, JobStatus, PeakMemory, PlanNode, RddDistribution, RddPartition,
    RddStorage, SqlExecution, SqlMetric, SqlMetricKind, Stage, StageStatus, Task, TaskCounts,
    TaskStatus, TimestampMs,
};

#[test]
fn every_number_equals_sparks_history_server() {
    let mut differences = String::new();
    for fixture in FIXTURES {
        let (application, tasks) = fold_files(&log_files(fixture));
        let ours = answers(&application, &tasks);
        compare(fixture, &expected_answers(fixture), &ours, &mut differences);
    }
    assert!(differences.is_empty(), "Spark's answer, then ours:\n{differences}");
}

#[test]
fn complete_logs_are_not_partial() {
    for fixture in FIXTURES {
        let (application, _) = fold_files(&log_files(fixture));
        assert!(
            !application.completeness.is_partial(),
            "{fixture}: {:?}",
            application.completeness
        );
        assert!(application.completeness.unknown_events.is_empty(), "{fixture}");
    }
}

#[test]
fn tasks_add_up_to_their_stages() {
    for fixture in FIXTURES {
        let (application, tasks) = fold_files(&log_files(fixture));
        for stage in &application.stages {
            let of_stage =
                || tasks.iter().filter(|t| t.stage == stage.id && t.status != TaskStatus::Running);
            assert_eq!(of_stage().count(), stage.tasks.ended() as usize, "{fixture} {}", stage.id);
            let mut sum = tinderbox_model::TaskMetrics::default();
            of_stage().filter_map(|task| task.metrics.as_ref()).for_each(|metrics| sum += metrics);
            assert_eq!(sum, stage.metrics, "{fixture} {}", stage.id);
        }
    }
}

/// What is in Spark's answer must be in ours, with the same value.
fn compare(path: &str, spark: &Value, ours: &Value, differences: &mut String) {
    match (spark, ours) {
        (Value::Object(spark), Value::Object(ours)) => {
            for key in spark.keys().chain(ours.keys().filter(|key| !spark.contains_key(*key))) {
                let side = |side: &Map<String, Value>| side.get(key).cloned().unwrap_or_default();
                compare(&format!("{path}.{key}"), &side(spark), &side(ours), differences);
            }
        }
        (Value::Array(spark), Value::Array(ours)) if spark.len() == ours.len() => {
            for (at, (spark, ours)) in spark.iter().zip(ours).enumerate() {
                compare(&format!("{path}[{at}]"), spark, ours, differences);
            }
        }
        // Quantiles are floats there.
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
        _ if spark == ours => {}
        _ => writeln!(differences, "{path}: {spark} {ours}").unwrap(),
    }
}

fn answers(application: &Application, tasks: &[Task]) -> Value {
    let mut executors: Vec<&Executor> = application.executors.iter().collect();
    executors.sort_by(|a, b| a.id.cmp(&b.id));
    let is_new = application.spark_version.as_ref().is_some_and(|v| v.at_least(4, 0));
    json!({
        "application": {
            "id": application.id,
            "name": application.name,
            "sparkUser": application.user,
            "appSparkVersion": application.spark_version.as_ref().map(|v| &v.text),
            "completed": application.end_time.is_some(),
            "startTimeEpoch": application.start_time,
            "endTimeEpoch": application.end_time.unwrap_or(TimestampMs(-1)),
        },
        "jobs": application.jobs.iter().map(job).collect::<Vec<_>>(),
        "stages": application.stages.iter().map(|s| stage(s, tasks, is_new)).collect::<Vec<_>>(),
        "executors": executors.into_iter().map(|e| executor(e, is_new)).collect::<Vec<_>>(),
        "sql": application.sql.iter().map(|e| sql(e, application)).collect::<Vec<_>>(),
        "storage": application.rdds.iter().filter_map(storage).collect::<Vec<_>>(),
    })
}

fn job(job: &Job) -> Value {
    json!({
        "jobId": job.id,
        "name": job.name,
        "description": job.description,
        "submissionTime": job.submission_time,
        "completionTime": job.completion_time,
        "stageIds": job.stages,
        "jobGroup": job.group,
        "status": job.status,
        "numTasks": job.num_tasks,
        "numActiveTasks": job.tasks.active,
        "numCompletedTasks": job.tasks.complete,
        "numSkippedTasks": job.num_skipped_tasks,
        "numFailedTasks": job.tasks.failed,
        "numKilledTasks": job.tasks.killed,
        "jobTags": job.tags,
        "numCompletedIndices": job.num_completed_indices,
        "numActiveStages": job.stage_counts.active,
        "numCompletedStages": job.stage_counts.complete,
        "numSkippedStages": job.stage_counts.skipped,
        "numFailedStages": job.stage_counts.failed,
        "killedTasksSummary": object(&job.killed_tasks),
    })
}

fn object<V: serde::Serialize>(pairs: &[(String, V)]) -> Value {
    pairs.iter().map(|(key, value)| (key.clone(), json!(value))).collect::<Map<_, _>>().into()
}

/// By Spark's names; those that only Spark 4 has for its own applications.
fn peaks(peaks: &PeakMemory, is_new: bool) -> Option<Value> {
    let names = ExecutorMetric::ALL.into_iter().filter(|metric| {
        is_new
            || !matches!(
                metric,
                ExecutorMetric::ConcurrentGcCount | ExecutorMetric::ConcurrentGcTime
            )
    });
    let pairs = names.map(|metric| Some((metric.name().to_owned(), json!(peaks.get(metric)?))));
    Some(pairs.collect::<Option<Map<_, _>>>()?.into())
}

fn speculation(tasks: &TaskCounts) -> Value {
    json!({
        "numTasks": tasks.active + tasks.ended(),
        "numActiveTasks": tasks.active,
        "numCompletedTasks": tasks.complete,
        "numFailedTasks": tasks.failed,
        "numKilledTasks": tasks.killed,
    })
}

fn accumulable(accumulable: &Accumulable) -> Value {
    let mut shown = json!({ "id": accumulable.id });
    for (name, text) in [
        ("name", &accumulable.name),
        ("update", &accumulable.update),
        ("value", &accumulable.value),
    ] {
        if let Some(text) = text {
            shown[name] = json!(text);
        }
    }
    shown
}

fn executor_stage(executor: &ExecutorStage, is_new: bool) -> (String, Value) {
    let m = &executor.metrics;
    let shown = json!({
        "taskTime": executor.task_time,
        "failedTasks": executor.tasks.failed,
        "succeededTasks": executor.tasks.complete,
        "killedTasks": executor.tasks.killed,
        "inputBytes": m.input_bytes,
        "inputRecords": m.input_records,
        "outputBytes": m.output_bytes,
        "outputRecords": m.output_records,
        "shuffleRead": m.shuffle_read_bytes(),
        "shuffleReadRecords": m.shuffle_read_records,
        "shuffleWrite": m.shuffle_write_bytes,
        "shuffleWriteRecords": m.shuffle_write_records,
        "memoryBytesSpilled": m.memory_bytes_spilled,
        "diskBytesSpilled": m.disk_bytes_spilled,
        "isBlacklistedForStage": executor.is_excluded,
        "isExcludedForStage": executor.is_excluded,
        "peakMemoryMetrics": peaks(&executor.peak_memory, is_new),
    });
    (executor.executor.to_string(), shown)
}

/// The server lists only what has a stored partition.
fn storage(rdd: &RddStorage) -> Option<Value> {
    let partition = |partition: &RddPartition| {
        json!({
            "blockName": partition.block_name,
            "storageLevel": partition.storage_level,
            "memoryUsed": partition.memory_used,
            "diskUsed": partition.disk_used,
            "executors": partition.executors,
        })
    };
    (!rdd.partitions.is_empty()).then(|| {
        json!({
            "id": rdd.id,
            "name": rdd.name,
            "numPartitions": rdd.num_partitions,
            "numCachedPartitions": rdd.partitions.len(),
            "storageLevel": rdd.storage_level,
            "memoryUsed": rdd.memory_used,
            "diskUsed": rdd.disk_used,
            "dataDistribution": rdd.distributions.iter().map(distribution).collect::<Vec<_>>(),
            "partitions": rdd.partitions.iter().map(partition).collect::<Vec<_>>(),
        })
    })
}

fn distribution(of: &RddDistribution) -> Value {
    json!({
        "address": of.address,
        "memoryUsed": of.memory_used,
        "memoryRemaining": of.memory_remaining,
        "diskUsed": of.disk_used,
        "onHeapMemoryUsed": of.heaps.map(|heaps| heaps.on_heap_used),
        "offHeapMemoryUsed": of.heaps.map(|heaps| heaps.off_heap_used),
        "onHeapMemoryRemaining": of.heaps.map(|heaps| heaps.on_heap_remaining),
        "offHeapMemoryRemaining": of.heaps.map(|heaps| heaps.off_heap_remaining),
    })
}

fn stage(stage: &Stage, tasks: &[Task], is_new: bool) -> Value {
    let m = &stage.metrics;
    let mut tasks: Vec<&Task> = tasks.iter().filter(|task| task.stage == stage.id).collect();
    tasks.sort_by_key(|task| task.id);
    let quantiles = |of: &Distribution| json!([0.0, 0.5, 0.95, 1.0].map(|q| of.quantile(q)));
    let d = &stage.distributions;
    let all_succeeded = stage.tasks.failed + stage.tasks.killed == 0;
    json!({
        "stageId": stage.id.stage,
        "attemptId": stage.id.attempt,
        "status": match stage.status {
            StageStatus::Pending => "PENDING",
            StageStatus::Active => "ACTIVE",
            StageStatus::Complete => "COMPLETE",
            StageStatus::Failed => "FAILED",
            StageStatus::Skipped => "SKIPPED",
        },
        "numTasks": stage.num_tasks,
        "numActiveTasks": stage.tasks.active,
        "numCompleteTasks": stage.tasks.complete,
        "numFailedTasks": stage.tasks.failed,
        "numKilledTasks": stage.tasks.killed,
        "submissionTime": stage.submission_time,
        "firstTaskLaunchedTime": stage.first_task_launched_time,
        "completionTime": stage.completion_time,
        "failureReason": stage.failure_reason,
        "executorDeserializeTime": m.executor_deserialize_time,
        "executorDeserializeCpuTime": m.executor_deserialize_cpu_time,
        "executorRunTime": m.executor_run_time,
        "executorCpuTime": m.executor_cpu_time,
        "resultSize": m.result_size,
        "jvmGcTime": m.jvm_gc_time,
        "resultSerializationTime": m.result_serialization_time,
        "memoryBytesSpilled": m.memory_bytes_spilled,
        "diskBytesSpilled": m.disk_bytes_spilled,
        "peakExecutionMemory": m.peak_execution_memory,
        "inputBytes": m.input_bytes,
        "inputRecords": m.input_records,
        "outputBytes": m.output_bytes,
        "outputRecords": m.output_records,
        "shuffleRemoteBlocksFetched": m.shuffle_remote_blocks_fetched,
        "shuffleLocalBlocksFetched": m.shuffle_local_blocks_fetched,
        "shuffleFetchWaitTime": m.shuffle_fetch_wait_time,
        "shuffleRemoteBytesRead": m.shuffle_remote_bytes_read,
        "shuffleRemoteBytesReadToDisk": m.shuffle_remote_bytes_read_to_disk,
        "shuffleLocalBytesRead": m.shuffle_local_bytes_read,
        "shuffleReadBytes": m.shuffle_read_bytes(),
        "shuffleReadRecords": m.shuffle_read_records,
        "shuffleRemoteReqsDuration": m.shuffle_remote_requests_duration,
        "shuffleWriteBytes": m.shuffle_write_bytes,
        "shuffleWriteTime": m.shuffle_write_time,
        "shuffleWriteRecords": m.shuffle_write_records,
        "name": stage.name,
        "schedulingPool": stage.scheduling_pool,
        "resourceProfileId": stage.resource_profile,
        "numCompletedIndices": stage.num_completed_indices,
        "description": stage.description,
        "rddIds": stage.rdds,
        "accumulatorUpdates": stage.accumulables.iter().map(accumulable).collect::<Vec<_>>(),
        "killedTasksSummary": object(&stage.killed_tasks),
        "isShufflePushEnabled": stage.is_shuffle_push_enabled,
        "shuffleMergersCount": stage.shuffle_mergers,
        "peakExecutorMetrics": peaks(&stage.peak_memory, is_new),
        "speculationSummary": stage.speculation.as_ref().map(speculation),
        "executorSummary": stage.executors.iter().map(|e| executor_stage(e, is_new)).collect::<Map<_, _>>(),
        "tasks": tasks.into_iter().map(task).collect::<Vec<_>>(),
        "quantiles": (d.duration.count() > 0).then(|| json!({
            "duration": all_succeeded.then(|| quantiles(&d.duration)),
            "executorRunTime": quantiles(&d.executor_run_time),
            "jvmGcTime": quantiles(&d.jvm_gc_time),
            "schedulerDelay": all_succeeded.then(|| quantiles(&d.scheduler_delay)),
            "diskBytesSpilled": quantiles(&d.disk_bytes_spilled),
            "memoryBytesSpilled": quantiles(&d.memory_bytes_spilled),
            "peakExecutionMemory": quantiles(&d.peak_execution_memory),
            "inputBytes": quantiles(&d.input_bytes),
            "outputBytes": quantiles(&d.output_bytes),
            "shuffleReadBytes": quantiles(&d.shuffle_read_bytes),
            "shuffleReadRecords": quantiles(&d.shuffle_read_records),
            "shuffleWriteBytes": quantiles(&d.shuffle_write_bytes),
        })),
    })
}

fn task(task: &Task) -> Value {
    json!({
        "taskId": task.id,
        "index": task.index,
        "attempt": task.attempt,
        "partitionId": task.partition,
        "launchTime": task.launch_time,
        "executorId": task.executor,
        "host": task.host,
        "status": task.status,
        "taskLocality": task.locality,
        "speculative": task.speculative,
        "errorMessage": task.error_message,
        "schedulerDelay": (task.status == TaskStatus::Success).then(|| task.scheduler_delay()),
    })
}

fn executor(executor: &Executor, is_new: bool) -> Value {
    // For the driver the history server shows other things under these two names.
    let of_executors =
        |value: Value| if executor.id.as_str() == "driver" { Value::Null } else { value };
    json!({
        "id": executor.id,
        "hostPort": executor.host_port,
        "isActive": executor.status == ExecutorStatus::Active,
        "totalCores": executor.total_cores,
        "activeTasks": executor.tasks.active,
        "failedTasks": executor.tasks.failed,
        "completedTasks": executor.tasks.complete,
        "totalDuration": of_executors(json!(executor.total_duration)),
        "totalGCTime": of_executors(json!(executor.metrics.jvm_gc_time)),
        "totalInputBytes": executor.metrics.input_bytes,
        "totalShuffleRead": executor.metrics.shuffle_read_bytes(),
        "totalShuffleWrite": executor.metrics.shuffle_write_bytes,
        "maxMemory": executor.max_memory,
        "addTime": executor.add_time,
        "removeTime": executor.remove_time,
        "removeReason": executor.remove_reason,
        "maxTasks": executor.max_tasks,
        "totalTasks": executor.num_started_tasks,
        "rddBlocks": executor.rdd_blocks,
        "memoryUsed": executor.memory_used,
        "diskUsed": executor.disk_used,
        "memoryMetrics": executor.storage_memory.map(|memory| json!({
            "usedOnHeapStorageMemory": memory.used_on_heap,
            "usedOffHeapStorageMemory": memory.used_off_heap,
            "totalOnHeapStorageMemory": memory.total_on_heap,
            "totalOffHeapStorageMemory": memory.total_off_heap,
        })),
        "isExcluded": executor.is_excluded,
        "excludedInStages": executor.excluded_in_stages,
        "peakMemoryMetrics": peaks(&executor.peak_memory, is_new),
        "resourceProfileId": executor.resource_profile,
        "executorLogs": object(&executor.logs),
        "attributes": object(&executor.attributes),
    })
}

fn sql(execution: &SqlExecution, application: &Application) -> Value {
    let jobs = |status: JobStatus| -> Vec<_> {
        execution.jobs.iter().filter(|job| execution.job_states[job] == status).collect()
    };
    let mut edges: Vec<_> = execution.plan.edges.iter().map(|e| [e.from, e.to]).collect();
    edges.sort_unstable();
    // The server answers it from 4.3 on.
    let has_root = application.spark_version.as_ref().is_some_and(|v| v.at_least(4, 3));
    json!({
        "id": execution.id,
        "status": execution.status,
        "description": execution.description,
        "planDescription": execution.physical_plan,
        "submissionTime": execution.submission_time,
        "duration": execution.duration(),
        "rootExecutionId": has_root.then_some(execution.root),
        "runningJobIds": jobs(JobStatus::Running),
        "successJobIds": jobs(JobStatus::Succeeded),
        "failedJobIds": jobs(JobStatus::Failed),
        "edges": edges,
        "nodes": execution.plan.nodes.iter().map(node).collect::<Vec<_>>(),
    })
}

fn node(node: &PlanNode) -> Value {
    let mut metrics: Vec<_> =
        node.metrics.iter().filter_map(|m| Some(json!([m.name, as_spark_shows(m)?]))).collect();
    metrics.sort_by_key(ToString::to_string);
    // Spark gives the block of generated code itself no number.
    let codegen = node.codegen_stage.filter(|_| !node.name.starts_with("WholeStageCodegen"));
    json!({ "id": node.id, "name": node.name, "codegen": codegen, "metrics": metrics })
}

/// A metric in the words of Spark's pages (`SQLMetrics.stringValue`).
#[allow(clippy::cast_precision_loss)]
fn as_spark_shows(metric: &SqlMetric) -> Option<String> {
    let value = i64::try_from(metric.value?).unwrap();
    let show = |value: i64| match metric.kind {
        SqlMetricKind::Size => bytes(value as f64),
        SqlMetricKind::Timing => millis(value as f64),
        SqlMetricKind::NsTiming => millis((value as f64 / 1e6).floor()),
        SqlMetricKind::Average => format!("{}", value as f64 / 10.0),
        _ => thousands(u64::try_from(value).unwrap()),
    };
    let Some(spread) = metric.spread else {
        return Some(show(value));
    };
    let task = spread.max_task.map_or(String::from("(driver)"), |(stage, task)| {
        format!("(stage {}.{}: task {task})", stage.stage, stage.attempt)
    });
    let [min, median, max] = [spread.min, spread.median, spread.max].map(show);
    let spread = format!("({min}, {median}, {max} {task})");
    Some(match metric.kind {
        SqlMetricKind::Average => format!("(min, med, max (stageId: taskId)):\n{spread}"),
        _ => format!("total (min, med, max (stageId: taskId))\n{} {spread}", show(value)),
    })
}

/// `Utils.bytesToString`: a unit is used from two of it on.
fn bytes(mut value: f64) -> String {
    let mut units = ["B", "KiB", "MiB", "GiB"].into_iter();
    let mut unit = units.next().unwrap();
    while value >= 2.0 * 1024.0
        && let Some(next) = units.next()
    {
        value /= 1024.0;
        unit = next;
    }
    // Java rounds halves up.
    format!("{:.1} {unit}", (value * 10.0 + 0.5).floor() / 10.0)
}

/// `Utils.msDurationToString`.
fn millis(value: f64) -> String {
    match value {
        v if v < 1e3 => format!("{v} ms"),
        v if v < 6e4 => format!("{:.1} s", v / 1e3),
        v if v < 3.6e6 => format!("{:.1} m", v / 6e4),
        v => format!("{:.2} h", v / 3.6e6),
    }
}

fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
