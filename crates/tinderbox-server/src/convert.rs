//! From the app's values to the bodies of the contract. Bodies that need only values of the model are converted in
//! `tinderbox-api` itself.

mod data_set;
mod scale;

pub use data_set::{
    brief, imported, imported_detail, imported_error, imported_timeline, listed_job, operators,
    words,
};
pub use scale::{scale_state, submission};

use tinderbox_api as api;
use tinderbox_api::rfc3339;
use tinderbox_app as app;
use tinderbox_app::model::{
    Application, RunId, StageAttemptId, StageStatus, TaskStatus, TimestampMs,
};

/// Stages that a progress message holds at most.
const PROGRESS_STAGES: usize = 200;

/// A cluster profile.
pub fn cluster(stored: app::ClusterView) -> api::Cluster {
    api::Cluster {
        name: stored.name,
        version: stored.version,
        engine: stored.engine,
        environment: stored.environment,
        description: stored.description,
        spark_version: stored.spark_version,
        labels: stored.labels,
        document: stored.text,
        created_time: rfc3339(stored.created),
    }
}

/// A run.
pub fn job(run: &app::RunView) -> api::Job {
    let totals = &run.totals;
    api::Job {
        job_id: run.id.to_string(),
        job_name: run.name.clone(),
        job_type: run.job_type.clone(),
        status: app::status_of(run.state).to_owned(),
        state: run.state.as_str().to_owned(),
        origin: run.origin.as_str().to_owned(),
        engine: run.engine.clone(),
        user: run.user.clone(),
        created_time: rfc3339(run.created),
        start_time: run.started.map(rfc3339),
        end_time: run.ended.map(rfc3339),
        duration_ms: run.duration.map(|duration| duration.0),
        application_id: run.application_id.clone(),
        spark_version: run.spark_version.clone(),
        num_stages: totals.num_stages,
        num_tasks: totals.num_tasks,
        num_failed_tasks: totals.num_failed_tasks,
        num_executors: totals.num_executors,
        task_time_ms: totals.task_time.0,
        gc_time_ms: totals.gc_time.0,
        input_bytes: totals.input.0,
        output_bytes: totals.output.0,
        shuffle_read_bytes: totals.shuffle_read.0,
        shuffle_write_bytes: totals.shuffle_write.0,
        disk_spill_bytes: totals.disk_spill.0,
        memory_spill_bytes: totals.memory_spill.0,
        num_findings: run.num_findings,
        worst_severity: run.worst_severity.clone(),
        exit_code: run.exit_code,
        error: run.error.clone(),
        partial: run.partial,
        advice_from: run.advice_run.as_ref().map(ToString::to_string),
        duration_seconds: run.duration.map(|duration| duration.0 / 1_000),
        duration_formatted: run
            .duration
            .map(|duration| words(i64::try_from(duration.0 / 1_000).unwrap_or(i64::MAX))),
        input_size_mb: mb(totals.input.0),
        output_size_mb: mb(totals.output.0),
        shuffle_read_mb: mb(totals.shuffle_read.0),
        shuffle_write_mb: mb(totals.shuffle_write.0),
        memory_per_executor_mb: None,
        total_memory_mb: None,
        cpu_cores_per_executor: None,
        attempt: None,
        retry_of: None,
        scenario: None,
    }
}

/// Units of 1,048,576 bytes, with two decimals.
#[allow(clippy::cast_precision_loss)]
fn mb(bytes: u64) -> f64 {
    (bytes as f64 / 1_048_576.0 * 100.0).round() / 100.0
}

/// A run in full.
pub fn job_detail(detail: &app::RunDetail) -> api::JobDetail {
    api::JobDetail {
        job: job(&detail.run),
        attempts: detail.attempts.iter().map(attempt).collect(),
        spec_name: detail.spec_name.clone(),
        parameters: detail.parameters.clone(),
        environment: detail.environment.clone(),
        applied_advice: detail.applied.iter().map(applied).collect(),
        notes: detail.notes.clone(),
        nothing_inside: detail.nothing_inside.clone(),
        partial_reasons: detail.partial_reasons.clone(),
        spark_properties: detail.spark_properties.clone(),
        timeout_ms: detail.timeout.map(|timeout| timeout.0),
    }
}

fn attempt(attempt: &app::AttemptView) -> api::Attempt {
    api::Attempt {
        attempt: attempt.attempt.0,
        state: attempt.state.as_str().to_owned(),
        created_time: rfc3339(attempt.created),
        end_time: attempt.ended.map(rfc3339),
        exit_code: attempt.exit_code,
        event_log: attempt.event_log.clone(),
    }
}

fn applied(advice: &app::AppliedAdvice) -> api::AppliedPatch {
    api::AppliedPatch {
        patch: advice.patch.to_string(),
        findings: advice.findings.iter().map(ToString::to_string).collect(),
    }
}

/// The answer to a submission.
pub fn submitted(submitted: &app::Submitted) -> api::SubmittedJob {
    api::SubmittedJob {
        job: job(&submitted.run),
        existed: submitted.existed,
        applied_advice: submitted.applied.iter().map(applied).collect(),
        warnings: submitted.warnings.clone(),
    }
}

/// What a run has executed.
pub fn executed(id: &str, job: app::ExecutedJob) -> api::ExecutedJob {
    let commands = (1..).zip(job.commands).map(|(number, command)| api::ExecutedCommand {
        node: command.node,
        text: command.text,
        plan_url: format!("/api/jobs/{id}/executed/{number}"),
        plan_bytes: command.plan_bytes,
    });
    api::ExecutedJob { engine: job.engine, commands: commands.collect() }
}

/// An error of a run.
pub fn job_error(error: &app::RunError) -> api::JobError {
    api::JobError {
        scope: error.scope.to_owned(),
        class: error.class.clone(),
        message: error.message.clone(),
        text: error.text.clone(),
        count: error.count,
        stage_id: error.stage.map(|stage| stage.stage.0),
        first_time: error.first.map(rfc3339),
        causes: error.causes.iter().map(cause).collect(),
        error_type: if error.scope == "run" { "JOB_FAILURE" } else { "OPERATOR_FAILURE" }
            .to_owned(),
        error_message: error.message.clone(),
        error_timestamp: error.first.map(rfc3339),
        operator_id: None,
        stack_trace: error.text.contains('\n').then(|| error.text.clone()),
        retry_count: None,
        is_recoverable: None,
    }
}

fn cause(cause: &app::Cause) -> api::ErrorCause {
    let relation = match cause.relation {
        app::Relation::Top => "top",
        app::Relation::CausedBy => "caused_by",
        app::Relation::Suppressed => "suppressed",
        app::Relation::Inside => "inside",
        app::Relation::While => "while",
    };
    api::ErrorCause {
        relation: relation.to_owned(),
        class: cause.class.clone(),
        message: cause.message.clone(),
        at: cause.at.clone(),
    }
}

/// Figures over many runs.
pub fn stats(
    query: &app::StatsQuery,
    (rows, num_groups): (&[app::Stats], usize),
    all: app::JobOverview,
    now: TimestampMs,
) -> api::Stats {
    let brief = brief(&all);
    let hour = |up: i64| {
        const HOUR_MS: i64 = 3_600_000;
        move |time: TimestampMs| {
            let hours = time.0.saturating_add(up).div_euclid(HOUR_MS);
            rfc3339(TimestampMs(hours.saturating_mul(HOUR_MS)))
        }
    };
    api::Stats {
        group_by: match query.group {
            app::StatsGroup::Nothing => None,
            app::StatsGroup::Hour => Some("hour".to_owned()),
            app::StatsGroup::Day => Some("day".to_owned()),
            app::StatsGroup::Workspace => Some("workspace".to_owned()),
            app::StatsGroup::Dimension(dimension) => Some(dimension.as_str().to_owned()),
        },
        from: query.from.map(hour(0)),
        to: query.to.map(hour(3_599_999)),
        relative_error: app::DurationHistogram::RELATIVE_ERROR,
        rows: rows.iter().map(stats_row).collect(),
        num_groups: num_groups as u64,
        overview: brief.overview,
        performance: brief.performance,
        job_types: all.types,
        recent_activity: brief.recent_activity,
        errors: brief.errors,
        last_updated: rfc3339(now),
    }
}

fn stats_row(stats: &app::Stats) -> api::StatsRow {
    let f = &stats.figures;
    let at = |q| stats.durations.quantile(q).map(|duration| duration.0);
    api::StatsRow {
        key: match &stats.key {
            app::StatsKey::All | app::StatsKey::Other => None,
            app::StatsKey::Time(time) => Some(rfc3339(*time)),
            app::StatsKey::Value(value) => Some(value.clone()),
        },
        is_other: stats.key == app::StatsKey::Other,
        num_runs: f.num_runs,
        num_succeeded: f.num_succeeded,
        num_failed: f.num_failed,
        num_cancelled: f.num_cancelled,
        num_timed_out: f.num_timed_out,
        num_lost: f.num_lost,
        num_unfinished: f.num_unfinished(),
        num_partial: f.num_partial,
        success_rate: f.success_rate(),
        duration_ms: api::DurationStats {
            count: stats.durations.count(),
            sum: f.duration.0,
            p50: at(0.5),
            p75: at(0.75),
            p95: at(0.95),
            p99: at(0.99),
        },
        num_tasks: f.num_tasks,
        num_failed_tasks: f.num_failed_tasks,
        task_time_ms: f.task_time.0,
        gc_time_ms: f.gc_time.0,
        input_bytes: f.input.0,
        output_bytes: f.output.0,
        shuffle_read_bytes: f.shuffle_read.0,
        shuffle_write_bytes: f.shuffle_write.0,
        disk_spill_bytes: f.disk_spill.0,
        memory_spill_bytes: f.memory_spill.0,
        num_findings: f.num_findings,
        waste: api::Waste {
            lost_task_time_ms: f.lost_task_time.0,
            idle_core_time_ms: f.idle_time.0,
            core_time_ms: f.core_time.0,
            num_runs_with_core_time: f.num_core_times,
        },
    }
}

/// A run that was searched for.
pub fn found_job(found: &app::FoundRun) -> api::FoundJob {
    let matched = found.matched.iter().cloned();
    api::FoundJob {
        job: job(&found.run),
        matched: matched.map(|(field, word)| api::SearchMatch { field, word }).collect(),
    }
}

/// What retention did.
pub fn pruned(pruned: &app::Pruned, dry_run: bool) -> api::PruneResult {
    let run = |run: &app::PrunedRun| api::PrunedJob {
        job_id: run.id.to_string(),
        end_time: rfc3339(run.ended),
        size_bytes: run.size.0,
    };
    api::PruneResult {
        num_runs: pruned.num_runs,
        size_bytes: pruned.size.0,
        dry_run,
        runs: pruned.runs.iter().map(run).collect(),
    }
}

/// Bars as columns.
pub fn timeline(run: &RunId, timeline: app::Timeline) -> api::Timeline {
    let stages = timeline.stages.into_iter().map(|bar| api::TimelineStage {
        stage_id: bar.stage.stage.0,
        attempt: bar.stage.attempt,
        name: bar.name,
        status: stage_status(bar.status).to_owned(),
        start_ms: bar.start.0,
        end_ms: bar.end.map(|end| end.0),
    });
    let mut tasks = api::TimelineTasks {
        lanes: timeline.lanes,
        omitted: timeline.omitted,
        ..api::TimelineTasks::default()
    };
    for bar in timeline.tasks {
        tasks.lane.push(bar.lane);
        tasks.task_id.push(bar.task);
        tasks.stage_id.push(bar.stage);
        tasks.start_ms.push(bar.start.0);
        tasks.end_ms.push(bar.end.0);
        tasks.failed.push(bar.failed);
    }
    let end = timeline.origin.0.saturating_add_unsigned(timeline.length.0);
    let end = Some(rfc3339(TimestampMs(end)));
    api::Timeline {
        job_id: run.to_string(),
        origin_ms: timeline.origin.0,
        length_ms: timeline.length.0,
        stages: stages.collect(),
        tasks,
        job_start: Some(rfc3339(timeline.origin)),
        job_end: end,
        total_duration: timeline.length.0 / 1_000,
        operators: Vec::new(),
    }
}

/// Cells of some lanes in binary form.
pub fn timeline_cells(found: app::RunCells, lanes: &std::ops::Range<usize>) -> Vec<u8> {
    let cells = found.cells;
    let num_lanes = cells.lanes.len();
    let (first, end) = (lanes.start.min(num_lanes), lanes.end.min(num_lanes));
    let part = first * cells.num_buckets..end * cells.num_buckets;
    let of_lanes = |column: &[u64]| column.get(part.clone()).unwrap_or_default().to_vec();
    let stages_of_cells = cells.stages.get(part.clone()).unwrap_or_default();
    let known: std::collections::BTreeSet<_> = stages_of_cells.iter().flatten().copied().collect();
    let known: Vec<_> = known.into_iter().collect();
    let place = |stage: &Option<StageAttemptId>| {
        let place = stage.and_then(|stage| known.binary_search(&stage).ok());
        place.map_or(0, |at| at as u64 + 1)
    };
    let columns = [
        ("busy_ms", of_lanes(&cells.busy_ms)),
        ("launched", of_lanes(&cells.launched)),
        ("ended", of_lanes(&cells.ended)),
        ("failed", of_lanes(&cells.failed)),
        ("stage", stages_of_cells.iter().map(place).collect()),
    ];
    let width = |level: u8| 1_u64.checked_shl(level.into()).unwrap_or(u64::MAX);
    let extent = found.extent.map(|extent| api::TimelineExtent {
        start_ms: extent.start.0,
        end_ms: extent.end.0,
        finest_bucket_ms: width(extent.finest_level),
        coarsest_bucket_ms: width(extent.coarsest_level),
    });
    api::TimelineCells {
        job_id: found.run.to_string(),
        revision: found.revision,
        bucket_ms: width(cells.level),
        start_ms: cells.start.0,
        num_buckets: cells.num_buckets as u64,
        extent,
        first_lane: first as u64,
        num_lanes: num_lanes as u64,
        lanes: cells.lanes.get(first..end).unwrap_or_default().to_vec(),
        stages: known.iter().map(|stage| (stage.stage.0, stage.attempt)).collect(),
        columns: Vec::new(),
    }
    .encode(&columns)
}

fn stage_status(status: StageStatus) -> &'static str {
    match status {
        StageStatus::Pending => "PENDING",
        StageStatus::Active => "ACTIVE",
        StageStatus::Complete => "COMPLETE",
        StageStatus::Failed => "FAILED",
        StageStatus::Skipped => "SKIPPED",
    }
}

/// Reads Spark's word for a task's status.
pub fn task_status(word: &str) -> Option<TaskStatus> {
    match word {
        "RUNNING" => Some(TaskStatus::Running),
        "SUCCESS" => Some(TaskStatus::Success),
        "FAILED" => Some(TaskStatus::Failed),
        "KILLED" => Some(TaskStatus::Killed),
        _ => None,
    }
}

/// Where a run stands, from its live fold or, when it is over, from its record.
pub fn progress(seq: u64, run: &app::RunView, inside: app::Inside<'_>) -> api::JobProgress {
    let mut progress = api::JobProgress {
        seq,
        job: job(run),
        num_planned_tasks: run.totals.num_tasks,
        num_active_tasks: 0,
        stages: Vec::new(),
        shed_events: std::collections::BTreeMap::new(),
    };
    match inside {
        app::Inside::Live(live) => {
            add_stages(&mut progress, live.started_stages());
            // Stages of running jobs that have not begun count as planned too, so that the bar does not jump.
            let pending = live.fold().stages().filter(|stage| stage.status == StageStatus::Pending);
            progress.num_planned_tasks +=
                pending.map(|stage| u64::from(stage.num_tasks)).sum::<u64>();
            progress.shed_events = live.shed_events().clone();
        }
        app::Inside::Record(application) => add_record(&mut progress, application),
        app::Inside::Unknown => {}
    }
    progress
}

fn add_record(progress: &mut api::JobProgress, application: &Application) {
    let started = application
        .stages
        .iter()
        .filter(|stage| !matches!(stage.status, StageStatus::Pending | StageStatus::Skipped));
    add_stages(progress, started);
    progress.shed_events = application.completeness.shed_events.clone();
}

fn add_stages<'a>(
    progress: &mut api::JobProgress,
    stages: impl Iterator<Item = &'a app::model::Stage>,
) {
    progress.num_planned_tasks = 0;
    for stage in stages {
        // A task that failed is run again: what is planned never falls below what has ended.
        let planned = stage.num_tasks.max(stage.tasks.ended());
        progress.num_planned_tasks += u64::from(planned);
        progress.num_active_tasks += u64::from(stage.tasks.active);
        progress.stages.push(api::StageProgress::from(stage));
    }
    let surplus = progress.stages.len().saturating_sub(PROGRESS_STAGES);
    progress.stages.drain(..surplus);
}

pub fn log_matches(found: app::LogMatches, complete: bool) -> api::LogMatches {
    let lines = found.lines.into_iter();
    api::LogMatches {
        lines: lines.map(|line| api::LogLine { offset: line.offset, text: line.text }).collect(),
        next_offset: found.next,
        size: found.size,
        complete,
    }
}

pub fn expectation(result: tinderbox_app::ExpectationResult) -> api::ExpectationResult {
    api::ExpectationResult {
        node: result.node,
        name: result.name,
        kind: result.kind,
        on_fail: result.on_fail,
        rows: result.rows,
        failed: result.failed,
        passed: result.passed,
        status: result.status,
    }
}
