//! What the fold makes of hand-written lines.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use tinderbox_model::{
    AccumulatorId, Application, Bytes, Executor, ExecutorMetric, ExecutorStatus, Job, JobStatus,
    Millis, SqlStatus, Stage, StageStatus, Task, TaskStatus, TimestampMs,
};
use tinderbox_spark::Fold;
use tinderbox_spark::rest::{Shape, View, all_executors};

/// A fold with the lines that tests share.
#[derive(Default)]
struct Log {
    fold: Fold,
    tasks: Vec<Task>,
}

#[allow(clippy::needless_pass_by_value, reason = "`json!` reads better without `&`")]
impl Log {
    fn line(&mut self, line: &str) -> &mut Self {
        let tasks = &mut self.tasks;
        self.fold.line(line.as_bytes(), &mut |task| tasks.push(task));
        self
    }

    fn event(&mut self, event: Value) -> &mut Self {
        self.line(&event.to_string())
    }

    fn job_start(&mut self, id: i64, stages: &[(i64, i64)], properties: Value) -> &mut Self {
        let infos: Vec<_> = stages.iter().map(|&(id, tasks)| stage_info(id, 0, tasks)).collect();
        let ids: Vec<_> = stages.iter().map(|(id, _)| id).collect();
        self.event(json!({"Event": "SparkListenerJobStart", "Job ID": id, "Submission Time": 1000,
            "Stage Infos": infos, "Stage IDs": ids, "Properties": properties}))
    }

    fn job_end(&mut self, id: i64, result: &str) -> &mut Self {
        self.event(json!({"Event": "SparkListenerJobEnd", "Job ID": id, "Completion Time": 2000,
            "Job Result": {"Result": result}}))
    }

    fn stage_submitted(&mut self, id: i64, attempt: i64, tasks: i64) -> &mut Self {
        let info = submitted(id, attempt, tasks);
        self.event(json!({"Event": "SparkListenerStageSubmitted", "Stage Info": info}))
    }

    fn stage_completed(&mut self, id: i64, attempt: i64, tasks: i64) -> &mut Self {
        let info = submitted(id, attempt, tasks);
        self.event(json!({"Event": "SparkListenerStageCompleted", "Stage Info": info}))
    }

    fn task_start(&mut self, stage: i64, task: i64) -> &mut Self {
        self.event(json!({"Event": "SparkListenerTaskStart", "Stage ID": stage,
            "Task Info": task_info(task, task)}))
    }

    fn task_end(&mut self, stage: i64, task: i64, reason: &str) -> &mut Self {
        self.event(task_end(stage, task, reason))
    }

    fn executor_added(&mut self, id: &str) -> &mut Self {
        self.event(json!({"Event": "SparkListenerExecutorAdded", "Timestamp": 950,
            "Executor ID": id, "Executor Info": {"Host": "h", "Total Cores": 4}}))
    }

    /// From here on the listener has shed events of a kind.
    fn shed(&mut self, kind: &str) -> &mut Self {
        self.fold.shed(&BTreeMap::from([(kind.to_owned(), 2)]));
        self
    }

    fn finish(&mut self) -> Application {
        std::mem::take(&mut self.fold).finish()
    }
}

fn stage_info(id: i64, attempt: i64, tasks: i64) -> Value {
    json!({"Stage ID": id, "Stage Attempt ID": attempt, "Stage Name": format!("stage {id}"),
        "Number of Tasks": tasks})
}

fn submitted(id: i64, attempt: i64, tasks: i64) -> Value {
    let mut info = stage_info(id, attempt, tasks);
    info["Submission Time"] = json!(1100);
    info
}

fn task_info(task: i64, index: i64) -> Value {
    json!({"Task ID": task, "Index": index, "Attempt": 0, "Launch Time": 1200, "Executor ID": "1",
        "Host": "h", "Locality": "ANY", "Speculative": false})
}

/// Ran 40 ms of 50.
fn task_end(stage: i64, task: i64, reason: &str) -> Value {
    let mut info = task_info(task, task);
    info["Finish Time"] = json!(1250);
    json!({"Event": "SparkListenerTaskEnd", "Stage ID": stage, "Stage Attempt ID": 0,
        "Task End Reason": {"Reason": reason}, "Task Info": info,
        "Task Metrics": {"Executor Run Time": 40, "Disk Bytes Spilled": 7}})
}

fn stage(application: &Application, id: i64, attempt: u32) -> &Stage {
    let mut stages = application.stages.iter();
    stages.find(|s| s.id.stage.0 == id && s.id.attempt == attempt).unwrap()
}

fn job(application: &Application, id: i64) -> &Job {
    application.jobs.iter().find(|job| job.id.0 == id).unwrap()
}

fn counts(tasks: tinderbox_model::TaskCounts) -> [u32; 4] {
    [tasks.active, tasks.complete, tasks.failed, tasks.killed]
}

#[test]
fn end_state_in_a_task_start_is_ignored() {
    let mut log = Log::default();
    let mut info = task_info(0, 0);
    info["Finish Time"] = json!(1300);
    info["Failed"] = json!(true);
    info["Accumulables"] = json!([{"ID": 1, "Update": 5}]);
    log.stage_submitted(0, 0, 1).event(
        json!({"Event": "SparkListenerTaskStart", "Stage ID": 0, "Stage Attempt ID": 0, "Task Info": info}),
    );
    let running: Vec<_> = log.fold.running_tasks().collect();
    assert_eq!((running[0].status, running[0].finish_time), (TaskStatus::Running, None));
    assert_eq!(counts(log.finish().stages[0].tasks), [1, 0, 0, 0]);
}

#[test]
fn sums_hold_failed_and_killed_tasks_and_distributions_do_not() {
    let mut log = Log::default();
    log.stage_submitted(0, 0, 2);
    for (task, reason) in
        [(0, "Success"), (1, "ExceptionFailure"), (2, "TaskKilled"), (3, "TaskCommitDenied")]
    {
        log.task_start(0, task).task_end(0, task, reason);
    }
    let application = log.finish();
    let stage = stage(&application, 0, 0);
    assert_eq!(counts(stage.tasks), [0, 1, 1, 2]);
    assert_eq!(stage.metrics.executor_run_time, Millis(160));
    assert_eq!(stage.distributions.duration.count(), 1);
    assert_eq!(stage.slowest_tasks.len(), 1);
    let statuses: Vec<_> = log.tasks.iter().map(|task| task.status).collect();
    assert_eq!(
        statuses,
        [TaskStatus::Success, TaskStatus::Failed, TaskStatus::Killed, TaskStatus::Killed]
    );
}

#[test]
fn slowest_tasks_are_the_longest_ten_longest_first() {
    let mut log = Log::default();
    log.stage_submitted(0, 0, 31);
    for task in 0..31 {
        log.task_start(0, task);
        let mut event = task_end(0, task, "Success");
        event["Task Info"]["Finish Time"] = json!(1200 + task * 7 % 31);
        log.event(event);
    }
    let application = log.finish();
    let durations: Vec<_> =
        application.stages[0].slowest_tasks.iter().map(|brief| brief.duration.0).collect();
    assert_eq!(durations, [30, 29, 28, 27, 26, 25, 24, 23, 22, 21]);
}

#[test]
fn an_end_without_its_start_counts_as_in_spark_and_has_no_figures() {
    let mut log = Log::default();
    log.executor_added("1").job_start(0, &[(0, 2)], json!({})).stage_submitted(0, 0, 2);
    log.task_start(0, 0).task_end(0, 1, "Success").task_end(3, 2, "Success");
    assert!(log.tasks.is_empty(), "Spark has no rows for them");
    let application = log.finish();
    assert_eq!(application.stages.len(), 1, "no stage that nobody submitted");
    let stage = stage(&application, 0, 0);
    assert_eq!(counts(stage.tasks), [0, 1, 0, 0], "one running less");
    assert_eq!(stage.metrics.executor_run_time, Millis(0));
    assert_eq!(counts(job(&application, 0).tasks), [0, 1, 0, 0]);
    let executor = &application.executors[0];
    assert_eq!(counts(executor.tasks), [0, 2, 0, 0]);
    assert_eq!((executor.num_started_tasks, executor.metrics.executor_run_time), (1, Millis(80)));
}

#[test]
fn where_starts_were_shed_an_end_counts_whole_and_nothing_goes_below_zero() {
    let mut log = Log::default();
    log.shed("SparkListenerTaskStart");
    log.job_start(0, &[(0, 2)], json!({})).stage_submitted(0, 0, 2);
    log.task_start(0, 0).task_end(0, 1, "Success");
    assert_eq!(log.tasks.len(), 1);
    let application = log.finish();
    assert_eq!(counts(stage(&application, 0, 0).tasks), [1, 1, 0, 0]);
    assert_eq!(stage(&application, 0, 0).metrics.executor_run_time, Millis(40));
    assert_eq!(counts(job(&application, 0).tasks), [1, 1, 0, 0]);
    assert_eq!(counts(application.executors[0].tasks), [1, 1, 0, 0]);
}

#[test]
fn a_resubmitted_task_counts_as_failed_but_its_figures_stay() {
    let mut log = Log::default();
    log.stage_submitted(0, 0, 1).task_start(0, 0).task_end(0, 0, "Success");
    log.task_end(0, 0, "Resubmitted");
    let application = log.finish();
    assert_eq!(counts(application.stages[0].tasks), [0, 1, 1, 0]);
    assert_eq!(application.stages[0].metrics.executor_run_time, Millis(40));
    assert_eq!(log.tasks.len(), 1, "it is one row of the task table");
}

#[test]
fn shed_ends_are_filled_in_from_the_end_of_their_stage() {
    let mut log = Log::default();
    log.executor_added("1").job_start(0, &[(0, 3)], json!({})).stage_submitted(0, 0, 3);
    log.task_start(0, 0).task_start(0, 1).task_end(0, 0, "Success");
    log.shed("SparkListenerTaskEnd");
    let mut info = submitted(0, 0, 3);
    info["Accumulables"] = json!([
        {"ID": 1, "Name": "internal.metrics.executorRunTime", "Value": 130},
        {"ID": 2, "Name": "internal.metrics.diskBytesSpilled", "Value": 3},
    ]);
    log.event(json!({"Event": "SparkListenerStageCompleted", "Stage Info": info}));
    assert_eq!(log.fold.running_tasks().count(), 0);
    let application = log.finish();
    let stage = stage(&application, 0, 0);
    assert_eq!(stage.metrics.executor_run_time, Millis(130));
    assert_eq!(stage.metrics.disk_bytes_spilled, Bytes(7), "never less than what was seen");
    assert_eq!(counts(stage.tasks), [0, 1, 0, 0]);
    assert_eq!(counts(job(&application, 0).tasks), [0, 1, 0, 0]);
    assert_eq!(counts(application.executors[0].tasks), [0, 1, 0, 0]);
    assert_eq!(application.completeness.lost_task_ends, 2);
    assert!(application.completeness.is_partial());
}

#[test]
fn retried_stages_lose_no_task_ends() {
    let mut log = Log::default();
    // The first attempt fails half done; the second leaves one task to what the first still finishes.
    log.stage_submitted(0, 0, 2).task_start(0, 0).task_end(0, 0, "FetchFailed");
    let mut failed = submitted(0, 0, 2);
    failed["Failure Reason"] = json!("fetch failed");
    log.event(json!({"Event": "SparkListenerStageCompleted", "Stage Info": failed}));
    log.stage_submitted(0, 1, 2).stage_completed(0, 1, 2);
    let application = log.finish();
    assert_eq!(stage(&application, 0, 0).status, StageStatus::Failed);
    assert_eq!(stage(&application, 0, 1).status, StageStatus::Complete);
    assert_eq!(application.completeness.lost_task_ends, 0);
}

#[test]
fn stages_that_nobody_submitted_are_skipped_at_the_end_of_their_job() {
    let mut log = Log::default();
    log.job_start(0, &[(0, 4)], json!({})).stage_submitted(0, 0, 4).stage_completed(0, 0, 4);
    log.job_end(0, "JobSucceeded");
    log.job_start(1, &[(0, 4), (1, 3), (2, 2)], json!({"spark.job.description": "d"}));
    log.stage_submitted(2, 0, 2).stage_completed(2, 0, 2).job_end(1, "JobSucceeded");
    let application = log.finish();
    let job = job(&application, 1);
    assert_eq!((job.num_tasks, job.num_skipped_tasks), (9, 7));
    assert_eq!((job.name.as_str(), job.description.as_deref()), ("stage 2", Some("d")));
    assert_eq!(stage(&application, 1, 0).status, StageStatus::Skipped);
    assert_eq!(job.stage_counts.skipped, 2);
    // Spark makes a stage anew for each job that names it, so what it was before is lost.
    let reused = stage(&application, 0, 0);
    assert_eq!(reused.status, StageStatus::Skipped);
    assert_eq!(reused.jobs.iter().map(|job| job.0).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn tasks_count_for_every_running_job_of_their_stage() {
    let mut log = Log::default();
    log.job_start(0, &[(0, 1)], json!({})).stage_submitted(0, 0, 1);
    log.job_start(1, &[(0, 1)], json!({})).task_start(0, 0).task_end(0, 0, "Success");
    log.job_end(0, "JobSucceeded").job_end(1, "JobFailed");
    let application = log.finish();
    for (id, status) in [(0, JobStatus::Succeeded), (1, JobStatus::Failed)] {
        let job = job(&application, id);
        assert_eq!((counts(job.tasks), job.status), ([0, 1, 0, 0], status));
        assert_eq!(job.num_skipped_tasks, 0);
    }
}

#[test]
fn removed_executors_count_no_more_and_unborn_ones_are_none() {
    let mut log = Log::default();
    log.event(
        json!({"Event": "SparkListenerBlockManagerAdded", "Timestamp": 900, "Maximum Memory": 64,
        "Block Manager ID": {"Executor ID": "1", "Host": "h", "Port": 7}}),
    );
    log.event(json!({"Event": "SparkListenerExecutorAdded", "Timestamp": 950, "Executor ID": "1",
        "Executor Info": {"Host": "h", "Total Cores": 4}}));
    log.event(
        json!({"Event": "SparkListenerStageExecutorMetrics", "Executor ID": "1", "Stage ID": 0,
        "Stage Attempt ID": 0, "Executor Metrics": {"JVMHeapMemory": 11}}),
    );
    log.stage_submitted(0, 0, 2);
    log.task_start(0, 0).task_start(0, 1).task_end(0, 0, "Success");
    for id in ["1", "2"] {
        log.event(
            json!({"Event": "SparkListenerExecutorRemoved", "Timestamp": 1260, "Executor ID": id,
            "Removed Reason": "killed"}),
        );
    }
    log.task_end(0, 1, "ExecutorLostFailure");
    let application = log.finish();
    let [executor]: &[Executor; 1] = application.executors.as_slice().try_into().unwrap();
    assert_eq!(counts(executor.tasks), [1, 1, 0, 0], "it stays as it was when it went");
    assert_eq!((executor.host_port.as_str(), executor.total_cores), ("h:7", 4));
    assert_eq!((executor.status, executor.max_memory), (ExecutorStatus::Removed, Bytes(64)));
    assert_eq!(executor.remove_reason.as_deref(), Some("killed"));
    assert_eq!(
        (executor.total_duration, executor.peak_memory.bytes(ExecutorMetric::JvmHeap)),
        (Millis(50), Bytes(11))
    );
    assert_eq!(counts(application.stages[0].tasks), [0, 1, 1, 0], "the stage counts it");
}

#[test]
fn the_time_of_a_resubmitted_task_counts_once_from_4_3_on() {
    let mut log = Log::default();
    log.executor_added("1").stage_submitted(0, 0, 1).task_start(0, 0);
    log.task_end(0, 0, "Success").task_end(0, 0, "Resubmitted");
    let application = log.finish();
    let (executor, of_stage) = (&application.executors[0], &application.stages[0].executors[0]);
    let (once, again) = (Millis(50), Millis(50));
    assert_eq!((executor.total_duration, executor.resubmitted_time), (once, again));
    assert_eq!((of_stage.task_time, of_stage.resubmitted_time), (once, again));
    for (shape, shown) in [(Shape::V35, 100), (Shape::V4, 50)] {
        let view = View { application: &application, shape, now: TimestampMs(3000) };
        let executors = serde_json::to_value(all_executors(view)).unwrap();
        assert_eq!(executors[0]["totalDuration"], shown, "{shape:?}");
    }
}

const SQL: &str = "org.apache.spark.sql.execution.ui.SparkListener";

/// `HashAggregate` with a sum (accumulator 1) and an average (2) over `Scan` with a size (3).
fn plan(root: &str) -> Value {
    json!({"nodeName": root, "simpleString": "s", "metrics": [
            {"name": "rows", "accumulatorId": 1, "metricType": "sum"},
            {"name": "avg probes", "accumulatorId": 2, "metricType": "average"}],
        "children": [{"nodeName": "Scan", "simpleString": "s", "children": [],
            "metrics": [{"name": "size", "accumulatorId": 3, "metricType": "size"}]}]})
}

fn sql_log() -> Log {
    let mut log = Log::default();
    log.event(json!({"Event": format!("{SQL}SQLExecutionStart"), "executionId": 7, "time": 990,
        "description": "count", "sparkPlanInfo": plan("HashAggregate")}));
    log.job_start(0, &[(0, 2)], json!({"spark.sql.execution.id": "7"})).stage_submitted(0, 0, 2);
    log
}

fn sql_task_end(task: i64, index: i64, rows: i64) -> Value {
    let mut event = task_end(0, task, "Success");
    event["Task Info"]["Index"] = json!(index);
    event["Task Info"]["Accumulables"] = json!([
        {"ID": 1, "Name": "rows", "Update": rows.to_string(), "Value": "999", "Metadata": "sql"},
        {"ID": 2, "Name": "avg probes", "Update": (rows * 3).to_string(), "Metadata": "sql"},
        {"ID": 3, "Name": "size", "Update": "-1", "Metadata": "sql"},
        {"ID": 50, "Name": "internal.metrics.executorRunTime", "Update": 40, "Internal": true},
        {"ID": 51, "Name": "internal.metrics.updatedBlockStatuses", "Update": [], "Internal": true},
    ]);
    event
}

fn metrics(application: &Application) -> Vec<(&str, Option<u64>)> {
    let nodes = application.sql[0].plan.nodes.iter();
    nodes.flat_map(|node| &node.metrics).map(|m| (m.name.as_str(), m.value)).collect()
}

#[test]
fn sql_metrics_are_sums_over_indices_and_the_driver() {
    let mut log = sql_log();
    log.event(sql_task_end(0, 0, 10)).event(sql_task_end(1, 1, 20));
    // The twin of a speculative task changes nothing.
    log.event(sql_task_end(2, 1, 20));
    for _ in 0..2 {
        log.event(json!({"Event": format!("{SQL}DriverAccumUpdates"), "executionId": 7,
            "accumUpdates": [[3, 100]]}));
    }
    let seen = log.fold.sql().next().unwrap().plan.nodes[0].metric("rows");
    assert_eq!(seen, Some(30), "live values are up to date");
    let application = log.finish();
    assert_eq!(
        metrics(&application),
        [("rows", Some(30)), ("avg probes", Some(45)), ("size", Some(200))]
    );
    let execution = &application.sql[0];
    assert_eq!(execution.plan.nodes[0].stages, execution.stages);
    assert_eq!(execution.jobs, [application.jobs[0].id]);
    assert_eq!(application.stages[0].sql_execution, Some(execution.id));
}

#[test]
fn values_beyond_the_limit_leave_sums_exact_and_say_so() {
    let mut log = sql_log();
    log.fold.limit_sql_values(8);
    for (task, rows) in [(0, 10), (1, 20)] {
        log.event(sql_task_end(task, task, rows));
    }
    let application = log.finish();
    let spread = application.sql[0].plan.nodes[0].metrics[1].spread.unwrap();
    assert_eq!((spread.sum, spread.max_task.map(|(_, task)| task.0)), (90, Some(1)));
    assert_eq!(metrics(&application)[0], ("rows", Some(30)));
    assert!(application.completeness.approximate.is_some());
}

#[test]
fn a_metric_that_nobody_reported_has_no_value() {
    let application = sql_log().finish();
    assert_eq!(metrics(&application), [("rows", None), ("avg probes", None), ("size", None)]);
}

#[test]
fn the_last_adaptive_plan_stays_with_the_values_of_its_metrics() {
    let mut log = sql_log();
    log.event(sql_task_end(0, 0, 10));
    log.event(json!({"Event": format!("{SQL}SQLAdaptiveExecutionUpdate"), "executionId": 7,
        "physicalPlanDescription": "final", "sparkPlanInfo": plan("SortAggregate")}));
    log.event(json!({"Event": format!("{SQL}SQLAdaptiveSQLMetricUpdates"), "executionId": 7,
        "sqlPlanMetrics": []}));
    let application = log.finish();
    assert_eq!(application.sql[0].plan.nodes[0].name, "SortAggregate");
    assert_eq!(application.sql[0].physical_plan, "final");
    assert_eq!(metrics(&application)[0], ("rows", Some(10)));
    assert!(application.completeness.unknown_events.is_empty());
}

#[test]
fn a_new_stage_attempt_begins_its_sql_metrics_anew() {
    let mut log = sql_log();
    log.event(sql_task_end(0, 0, 10)).stage_submitted(0, 1, 2);
    let mut second = sql_task_end(1, 1, 4);
    second["Stage Attempt ID"] = json!(1);
    log.event(second).event(sql_task_end(2, 1, 100));
    assert_eq!(
        metrics(&log.finish())[0],
        ("rows", Some(4)),
        "late ends of the old one do not count"
    );
}

#[test]
fn shed_sql_updates_are_filled_in_from_the_end_of_their_stage() {
    let mut log = sql_log();
    log.event(sql_task_end(0, 0, 10)).shed("SparkListenerTaskEnd");
    let mut info = submitted(0, 0, 2);
    info["Accumulables"] = json!([{"ID": 1, "Name": "rows", "Value": "31", "Metadata": "sql"}]);
    log.event(json!({"Event": "SparkListenerStageCompleted", "Stage Info": info}));
    let application = log.finish();
    assert_eq!(application.sql[0].plan.nodes[0].metrics[0].accumulator, AccumulatorId(1));
    assert_eq!(metrics(&application)[0], ("rows", Some(31)));
}

#[test]
fn sql_status_follows_the_error_message_else_the_jobs() {
    for (result, message, expected) in [
        ("JobSucceeded", Some(""), SqlStatus::Completed),
        ("JobFailed", Some("boom"), SqlStatus::Failed),
        ("JobFailed", None, SqlStatus::Failed),
        ("JobSucceeded", None, SqlStatus::Completed),
    ] {
        let mut log = sql_log();
        log.job_end(0, result);
        assert_eq!(log.fold.sql().next().unwrap().status, SqlStatus::Running);
        let mut end =
            json!({"Event": format!("{SQL}SQLExecutionEnd"), "executionId": 7, "time": 2100});
        if let Some(message) = message {
            end["errorMessage"] = json!(message);
        }
        let execution = log.event(end).finish().sql.remove(0);
        assert_eq!((execution.status, execution.duration()), (expected, Some(Millis(1110))));
    }
}

#[test]
fn foreign_lines_are_counted_and_skipped() {
    let mut log = Log::default();
    log.line(r#"{"Event":"SparkListenerLogStart","Spark Version":"3.5.0-amzn-1"}"#)
        .line("")
        .line("not json")
        .line(r#"{"Event":"com.vendor.Thing","x":1}"#)
        .line(r#"{"Event":"com.vendor.Thing"}"#)
        .line(r#"{"Event":"SparkListenerTaskEnd","Stage ID":0}"#)
        .line(r#"{"Event":"org.apache.spark.scheduler.SparkListenerSpeculativeTaskSubmitted"}"#)
        .line(r#"{"Event":"org.apache.spark.sql.streaming.StreamingQueryListener$QueryIdleEvent"}"#)
        .line(r#"{ "Timestamp": 5, "New Field": [1], "Event": "SparkListenerApplicationEnd", "ExitCode": 3 }"#);
    let application = log.finish();
    let completeness = &application.completeness;
    assert_eq!(completeness.unknown_events, BTreeMap::from([("com.vendor.Thing".to_owned(), 2)]));
    assert_eq!(completeness.bad_lines, 2);
    let lines: Vec<_> = completeness.bad_line_samples.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [3, 6], "numbered from 1, empty lines too");
    assert!(completeness.ended);
    assert_eq!(application.exit_code, Some(3));
    assert_eq!(application.spark_version.unwrap().text, "3.5.0-amzn-1");
}

#[test]
fn the_environment_is_redacted_again() {
    let mut log = Log::default();
    log.event(json!({"Event": "SparkListenerEnvironmentUpdate",
        "JVM Information": {"Java Version": "17"},
        "Spark Properties": {"spark.my.password": "hunter2", "spark.executor.memory": "4g"},
        "System Properties": {"user": "x"}}));
    let environment = log.finish().environment;
    assert_eq!(environment.spark_properties["spark.my.password"], "*********(redacted)");
    assert_eq!(environment.spark_properties["spark.executor.memory"], "4g");
    assert_eq!(environment.runtime["Java Version"], "17");
}

#[test]
fn a_snapshot_equals_the_final_application() {
    let mut log = sql_log();
    log.event(sql_task_end(0, 0, 10)).job_end(0, "JobSucceeded");
    let snapshot = log.fold.application();
    assert_eq!(snapshot, log.finish());
    assert_eq!(snapshot.sql[0].plan.nodes[0].metric("rows"), Some(10));
}

#[test]
fn the_first_reason_of_a_cut_stays() {
    let mut log = Log::default();
    log.fold.truncated("one");
    log.fold.truncated("two");
    assert_eq!(log.finish().completeness.truncated.as_deref(), Some("one"));
}
