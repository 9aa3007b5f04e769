//! Jobs of data sets.

use tinderbox_api as api;
use tinderbox_api::rfc3339;
use tinderbox_app as app;
use tinderbox_app::JobColumn as Column;
use tinderbox_app::model::TimestampMs;

/// A job of a list.
pub fn listed_job(job: &app::ListedJob) -> api::Job {
    match job {
        app::ListedJob::Run(run) => super::job(run),
        app::ListedJob::Imported(row) => imported_job(row),
    }
}

/// A job of a data set.
pub fn imported_job(row: &app::JobRow) -> api::Job {
    let state = app::state_of_row(row);
    let text = |column| Some(row.text(column).to_owned()).filter(|text| !text.is_empty());
    let count = |column| row.int(column).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    let float = |column| row.float(column).unwrap_or(0.0);
    let start_time = row.int(Column::Start).map(time);
    let seconds = row.int(Column::DurationSeconds);
    api::Job {
        job_id: row.text(Column::Id).to_owned(),
        job_name: row.text(Column::Name).to_owned(),
        job_type: row.text(Column::JobType).to_owned(),
        status: text(Column::Status).unwrap_or_else(|| app::status_of(state).to_owned()),
        state: state.as_str().to_owned(),
        origin: "imported".to_owned(),
        engine: String::new(),
        user: row.text(Column::User).to_owned(),
        created_time: start_time.clone().unwrap_or_else(|| rfc3339(TimestampMs(0))),
        start_time,
        end_time: row.int(Column::End).map(time),
        duration_ms: row.int(Column::DurationMs).and_then(|ms| u64::try_from(ms).ok()),
        application_id: None,
        spark_version: text(Column::SparkVersion),
        num_stages: count(Column::NumStages),
        num_tasks: count(Column::NumTasks),
        num_failed_tasks: count(Column::NumFailedTasks),
        num_executors: count(Column::NumExecutors),
        task_time_ms: count(Column::TaskTimeMs),
        gc_time_ms: count(Column::GcTimeMs),
        input_bytes: count(Column::InputBytes),
        output_bytes: count(Column::OutputBytes),
        shuffle_read_bytes: count(Column::ShuffleReadBytes),
        shuffle_write_bytes: count(Column::ShuffleWriteBytes),
        disk_spill_bytes: count(Column::DiskSpillBytes),
        memory_spill_bytes: count(Column::MemorySpillBytes),
        num_findings: None,
        worst_severity: None,
        exit_code: None,
        error: text(Column::ErrorMessage),
        partial: false,
        advice_from: None,
        duration_seconds: seconds.and_then(|seconds| u64::try_from(seconds).ok()),
        duration_formatted: seconds.map(words),
        input_size_mb: float(Column::InputMb),
        output_size_mb: float(Column::OutputMb),
        shuffle_read_mb: float(Column::ShuffleReadMb),
        shuffle_write_mb: float(Column::ShuffleWriteMb),
        memory_per_executor_mb: row.int(Column::ExecutorMemoryMb),
        total_memory_mb: row.int(Column::TotalMemoryMb),
        cpu_cores_per_executor: row.int(Column::ExecutorCores),
        attempt: row.int(Column::Attempt),
        retry_of: text(Column::RetryOf),
        scenario: text(Column::Scenario),
    }
}

/// A job of a data set in full.
pub fn imported_detail(job: &app::ImportedJob) -> api::JobDetail {
    api::JobDetail {
        job: imported_job(&job.row),
        attempts: Vec::new(),
        spec_name: None,
        parameters: std::collections::BTreeMap::new(),
        environment: None,
        applied_advice: Vec::new(),
        notes: Vec::new(),
        nothing_inside: None,
        partial_reasons: Vec::new(),
        spark_properties: std::collections::BTreeMap::new(),
        timeout_ms: None,
    }
}

/// Operators of a job of a data set.
pub fn operators(
    job: &app::ImportedJob,
    operators: Vec<app::ImportedOperator>,
) -> Vec<api::DataSetOperator> {
    let of = |operator: app::ImportedOperator| api::DataSetOperator {
        job_id: job.row.text(Column::Id).to_owned(),
        operator_id: operator.operator_id,
        operator_name: operator.operator_name,
        operator_type: operator.operator_type,
        stage_id: operator.stage_id,
        status: operator.status,
        start_time: operator.start_us.map(time),
        end_time: operator.end_us.map(time),
        duration_seconds: operator.duration_seconds,
        duration_formatted: operator.duration_seconds.map(words),
        duration_ms: operator.duration_ms,
        records_processed: operator.records_processed,
        memory_usage_mb: operator.memory_usage_mb,
        cpu_time_ms: operator.cpu_time_ms,
        spill_memory_mb: operator.spill_memory_mb,
        shuffle_read_records: operator.shuffle_read_records,
        shuffle_write_records: operator.shuffle_write_records,
        dependencies: operator.dependencies,
        num_tasks: operator.num_tasks,
        num_failed_tasks: operator.num_failed_tasks,
    };
    operators.into_iter().map(of).collect()
}

/// An error of a job of a data set.
pub fn imported_error(error: &app::ImportedError) -> api::JobError {
    let row = &error.row;
    api::JobError {
        error_type: row.error_type.clone(),
        error_message: row.error_message.clone(),
        operator_id: row.operator_id.clone(),
        stack_trace: row.stack_trace.clone(),
        retry_count: row.retry_count,
        is_recoverable: row.is_recoverable,
        ..super::job_error(&error.error)
    }
}

/// When the operators of a job of a data set ran.
pub fn imported_timeline(
    job: &app::ImportedJob,
    mut found: Vec<app::ImportedOperator>,
) -> api::Timeline {
    let row = &job.row;
    found.sort_by_key(|operator| {
        (operator.start_us.is_none(), operator.start_us, operator.stage_id)
    });
    let count = |column| row.int(column).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    api::Timeline {
        job_id: row.text(Column::Id).to_owned(),
        origin_ms: row.int(Column::Start).unwrap_or(0).div_euclid(1_000),
        length_ms: count(Column::DurationMs),
        stages: Vec::new(),
        tasks: api::TimelineTasks::default(),
        job_start: row.int(Column::Start).map(time),
        job_end: row.int(Column::End).map(time),
        total_duration: count(Column::DurationSeconds),
        operators: operators(job, found),
    }
}

/// All jobs in brief.
pub struct Brief {
    /// Counts.
    pub overview: api::Overview,
    /// Means and sums.
    pub performance: api::Performance,
    /// The latest.
    pub recent_activity: api::RecentActivity,
    /// Errors.
    pub errors: api::ErrorCounts,
}

/// All jobs in brief.
#[allow(clippy::cast_precision_loss)]
pub fn brief(all: &app::JobOverview) -> Brief {
    let share = 100.0 * all.num_completed as f64 / all.num_jobs.max(1) as f64;
    let mean = all.mean_duration_seconds.unwrap_or(0.0);
    #[allow(clippy::cast_possible_truncation, reason = "such casts end at the ends of the type")]
    let seconds = mean as i64;
    Brief {
        overview: api::Overview {
            total_jobs: all.num_jobs,
            completed_jobs: all.num_completed,
            failed_jobs: all.num_failed,
            running_jobs: all.num_running,
            success_rate: (share * 10.0).round() / 10.0,
        },
        performance: api::Performance {
            avg_duration_seconds: (mean * 100.0).round() / 100.0,
            avg_duration_formatted: words(seconds),
            total_data_processed_mb: (all.input_mb * 100.0).round() / 100.0,
            total_data_processed_gb: (all.input_mb / 1_024.0 * 100.0).round() / 100.0,
        },
        recent_activity: api::RecentActivity {
            jobs_last_24h: all.num_recent,
            failures_last_24h: all.num_recent_failed,
        },
        errors: api::ErrorCounts { total_errors: all.num_errors, total_warnings: all.num_warnings },
    }
}

/// What an import did.
pub fn imported(set: &app::ImportedSet) -> api::ImportResult {
    api::ImportResult {
        num_jobs: set.num_jobs,
        num_operators: set.num_operators,
        num_errors: set.num_errors,
        unchanged: set.unchanged,
        warnings: set.warnings.clone(),
    }
}

fn time(us: i64) -> String {
    rfc3339(TimestampMs(us.div_euclid(1_000)))
}

/// `1h 2m 3s`, `2m 3s`, `3s`.
pub fn words(seconds: i64) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}h {minutes}m {seconds}s")
    } else if minutes > 0 {
        format!("{minutes}m {seconds}s")
    } else {
        format!("{seconds}s")
    }
}
