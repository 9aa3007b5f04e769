//! Generated event logs before Spark's own History Server and before ours: both tell what the Parquet tables tell.

use crate::history_server::HistoryServer;
use crate::place::{Place, Server, Spark, free_address, get_json, get_text, wait_for};
use serde_json::Value;
use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

const JOBS: usize = 40;

/// Nearly all jobs are struck by one of them.
const SCENARIOS: &str = "skew=0.09,spill=0.09,oom=0.09,executor-loss=0.09,stragglers=0.09,small-files=0.04,\
    slow-driver=0.09,streaming-lag=0.13,speculation=0.09,dynamic-allocation=0.13,regression=0.06";

#[test]
fn real_spark_generated_logs_are_served_by_spark_3_5() {
    if let Some(spark) = Spark::three() {
        served(&spark, "3.5");
    }
}

#[test]
fn real_spark_generated_logs_are_served_by_spark_4() {
    if let Some(spark) = Spark::four() {
        served(&spark, "4.x");
    }
}

fn served(spark: &Spark, line: &str) {
    let place = Place::new();
    let set = place.path("set");
    generate(&place, line);
    let tables = Tables::read(spark, std::slice::from_ref(&set));
    for name in SCENARIOS.split(',').map(|text| text.split_once('=').unwrap().0) {
        assert!(tables.jobs.iter().any(|job| job["scenario"] == name), "no job with {name}");
    }
    for status in ["COMPLETED", "FAILED", "RUNNING"] {
        assert!(tables.jobs.iter().any(|job| job["status"] == status), "no job that is {status}");
    }
    let logs = set.join("event-logs");
    let log = place.path("history.log");
    let history = HistoryServer::start(spark, &logs, &log);
    compare("Spark's", &history.url("/api/v1"), &tables);
    streaming(&history, &tables);
    drop(history);
    let said = std::fs::read_to_string(&log).unwrap();
    for bad in ["Malformed", "Exception", "ERROR"] {
        assert!(!said.contains(bad), "{said}");
    }

    let collected = place.ask_json(&["collect", "--event-log-dir", logs.to_str().unwrap()]);
    assert_eq!(collected["collected"].as_u64(), Some(JOBS as u64), "{collected}");
    let server = Server::start(&place, free_address());
    compare("our", &format!("{}/api/v1", server.url), &tables);
    pages(&server, &tables);
}

/// Our own pages: operators by their figures, and streaming queries.
fn pages(server: &Server, tables: &Tables) {
    let runs = server.get("/api/jobs?limit=100");
    for job in &tables.jobs {
        let id = application_id(job);
        let run = runs["jobs"].as_array().unwrap().iter().find(|run| run["application_id"] == id);
        let run = run.unwrap()["job_id"].as_str().unwrap();
        let page = server.get(&format!("/api/jobs/{run}/operators"));
        let nodes = page["executions"][0]["operators"].as_array().unwrap();
        let operators = &tables.operators[job["job_id"].as_str().unwrap()];
        assert_eq!(nodes.len(), operators.len(), "{id}");
        for operator in operators.iter().filter(|operator| operator["status"] == "COMPLETED") {
            let of_stage = |node: &&Value| node["stage_ids"][0] == operator["stage_id"];
            let node = nodes.iter().find(of_stage).unwrap_or_else(|| panic!("{id}: {operator}"));
            let figures = &node["figures"];
            assert_eq!(node["name"], operator["operator_name"], "{id}");
            assert_eq!(figures["time_ms"], operator["task_time_ms"], "{id}");
            assert_eq!(figures["spill_bytes"], operator["memory_spill_bytes"], "{id}");
            assert_eq!(figures["output_bytes"], operator["shuffle_write_bytes"], "{id}");
        }
        let page = server.get(&format!("/api/jobs/{run}/streaming-queries"));
        let queries = page["queries"].as_array().unwrap_or_else(|| panic!("{page}"));
        let is_streaming = job["scenario"] == "streaming-lag";
        assert_eq!(queries.len(), usize::from(is_streaming), "{id}");
    }
}

#[test]
fn real_spark_generated_logs_of_every_form_are_served_by_spark_3_5() {
    if let Some(spark) = Spark::three() {
        forms(&spark, "3.5");
    }
}

#[test]
fn real_spark_generated_logs_of_every_form_are_served_by_spark_4() {
    if let Some(spark) = Spark::four() {
        forms(&spark, "4.x");
    }
}

/// Every codec, as one file and rolling, in one log directory: ids differ, because seeds do.
fn forms(spark: &Spark, line: &str) {
    let place = Place::new();
    let logs = place.path("logs");
    std::fs::create_dir(&logs).unwrap();
    let mut sets = Vec::new();
    let codecs = ["none", "zstd", "lz4", "snappy", "lzf"];
    for (number, codec) in codecs.iter().enumerate() {
        for rolling in [&[][..], &["--rolling", "1"]] {
            let set = format!("{codec}-{}", rolling.len());
            let seed = (10 * number + rolling.len()).to_string();
            let all = ["generate", "--jobs", "2", "--seed", &seed, "--out", &set];
            let form = ["--event-logs", "--codec", codec, "--spark", line];
            let tasks = ["--tasks-per-job", "800-1600"];
            run(&place, &[&all[..], &form, &tasks, rolling].concat());
            let set = place.path(&set);
            for entry in std::fs::read_dir(set.join("event-logs")).unwrap() {
                let entry = entry.unwrap();
                if !rolling.is_empty() {
                    let parts = std::fs::read_dir(entry.path()).unwrap().count();
                    assert!(parts >= 3, "the marker and more than one part");
                }
                std::fs::rename(entry.path(), logs.join(entry.file_name())).unwrap();
            }
            sets.push(set);
        }
    }
    let tables = Tables::read(spark, &sets);
    assert!(tables.jobs.iter().all(|job| (800..=1600).contains(&int(job, "num_tasks"))));
    let history = HistoryServer::start(spark, &logs, &place.path("history.log"));
    compare("Spark's", &history.url("/api/v1"), &tables);
}

/// Spark's page of streaming queries has the queries of those that are streaming jobs.
fn streaming(history: &HistoryServer, tables: &Tables) {
    for job in tables.jobs.iter().filter(|job| job["scenario"] == "streaming-lag") {
        let id = application_id(job);
        let page = get_text(&history.url(&format!("/history/{id}/StreamingQuery/"))).unwrap();
        let query = format!("{}_query", job["job_name"].as_str().unwrap());
        assert!(page.contains(&query), "{id}: {page}");
    }
}

fn application_id(job: &Value) -> String {
    let id = job["job_id"].as_str().unwrap();
    format!("app-{}", id.trim_start_matches("job_").replace('_', "-"))
}

fn generate(place: &Place, line: &str) {
    let jobs = JOBS.to_string();
    let arguments = ["generate", "--jobs", &jobs, "--days", "1", "--seed", "2", "--out", "set"];
    let logs = ["--event-logs", "--spark", line, "--scenario", SCENARIOS];
    run(place, &[&arguments[..], &logs].concat());
}

fn run(place: &Place, arguments: &[&str]) {
    let mut command = place.tinderbox();
    command.current_dir(place.dir.path()).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Rows of the Parquet files as pyarrow reads them.
struct Tables {
    jobs: Vec<Value>,
    operators: HashMap<String, Vec<Value>>,
}

impl Tables {
    fn read(spark: &Spark, sets: &[PathBuf]) -> Self {
        let script = "
import json, sys
import pyarrow.parquet as parquet
for name in ('jobs', 'operators'):
    rows = []
    for folder in sys.argv[1:]:
        rows += parquet.read_table(f'{folder}/{name}/spark_{name}.parquet').to_pylist()
    print(json.dumps(rows, default=lambda time: time.isoformat(timespec='milliseconds')))
";
        let mut command = Command::new(spark.python());
        let output = command.args(["-c", script]).args(sets).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let mut tables = text.lines().map(|line| serde_json::from_str::<Vec<Value>>(line).unwrap());
        let jobs = tables.next().unwrap();
        let mut operators: HashMap<String, Vec<Value>> = HashMap::new();
        for row in tables.next().unwrap() {
            operators.entry(row["job_id"].as_str().unwrap().to_owned()).or_default().push(row);
        }
        Self { jobs, operators }
    }
}

fn int(row: &Value, field: &str) -> i64 {
    row[field].as_i64().unwrap_or_else(|| panic!("{field} of {row}"))
}

fn sum(rows: &[Value], field: &str) -> i64 {
    rows.iter().map(|row| int(row, field)).sum()
}

fn list(url: &str) -> Vec<Value> {
    let answer = get_json(url).unwrap_or_else(|| panic!("an answer for {url}"));
    answer.as_array().unwrap_or_else(|| panic!("a list for {url}: {answer}")).clone()
}

/// `2026-01-01T00:00:00.000GMT`, as the table has it.
fn time(value: &Value) -> String {
    value.as_str().unwrap().trim_end_matches("GMT").to_owned()
}

fn compare(whose: &str, url: &str, tables: &Tables) {
    let all = format!("{url}/applications?limit=1000");
    let applications = wait_for("the list of all applications", Duration::from_secs(90), || {
        let list = get_json(&all)?.as_array()?.clone();
        (list.len() == tables.jobs.len()).then_some(list)
    });
    for job in &tables.jobs {
        let job_id = job["job_id"].as_str().unwrap();
        let id = application_id(job);
        let application = applications.iter().find(|application| application["id"] == *id);
        let application = application.unwrap_or_else(|| panic!("{whose} server lists {id}"));
        let seen = format!("{whose} server, {id}, {}", job["scenario"]);
        let one = One { seen, url: format!("{url}/applications/{id}"), job };
        one.application(application);
        let operators = &tables.operators[job_id];
        one.spark_jobs(operators);
        one.stages(operators);
        one.executors();
        one.sql(operators);
    }
}

/// An application and its row.
struct One<'a> {
    seen: String,
    url: String,
    job: &'a Value,
}

/// Theirs, and the table's.
const FIGURES: [(&str, &str); 14] = [
    ("numTasks", "num_tasks"),
    ("numFailedTasks", "num_failed_tasks"),
    ("numKilledTasks", "num_killed_tasks"),
    ("executorRunTime", "task_time_ms"),
    ("jvmGcTime", "gc_time_ms"),
    ("inputBytes", "input_bytes"),
    ("outputBytes", "output_bytes"),
    ("shuffleReadBytes", "shuffle_read_bytes"),
    ("shuffleReadRecords", "shuffle_read_records"),
    ("shuffleWriteBytes", "shuffle_write_bytes"),
    ("shuffleWriteRecords", "shuffle_write_records"),
    ("memoryBytesSpilled", "memory_spill_bytes"),
    ("diskBytesSpilled", "disk_spill_bytes"),
    ("executorCpuTime", "cpu_time_ms"),
];

impl One<'_> {
    fn is(&self, status: &str) -> bool {
        self.job["status"] == status
    }

    fn application(&self, application: &Value) {
        let seen = &self.seen;
        assert_eq!(application["name"], self.job["job_name"], "{seen}");
        let attempt = &application["attempts"][0];
        assert_eq!(attempt["completed"], !self.is("RUNNING"), "{seen}");
        assert_eq!(attempt["sparkUser"], self.job["user"], "{seen}");
        assert_eq!(attempt["appSparkVersion"], self.job["spark_version"], "{seen}");
        assert_eq!(time(&attempt["startTime"]), self.job["start_time"], "{seen}");
        if !self.is("RUNNING") {
            assert_eq!(time(&attempt["endTime"]), self.job["end_time"], "{seen}");
            assert_eq!(attempt["duration"], self.job["duration_ms"], "{seen}");
        }
    }

    fn spark_jobs(&self, operators: &[Value]) {
        let seen = &self.seen;
        let jobs = list(&format!("{}/jobs", self.url));
        assert_eq!(jobs.len(), 1, "{seen}");
        let status = match self.job["status"].as_str().unwrap() {
            "COMPLETED" => "SUCCEEDED",
            other => other,
        };
        let job = &jobs[0];
        assert_eq!(job["status"], status, "{seen}");
        assert_eq!(int(job, "numFailedTasks"), int(self.job, "num_failed_tasks"), "{seen}");
        assert_eq!(time(&job["submissionTime"]), self.job["start_time"], "{seen}");
        if self.is("RUNNING") {
            return;
        }
        let planned = int(job, "numTasks") - int(job, "numSkippedTasks");
        assert_eq!(planned, int(self.job, "num_tasks"), "{seen}");
        let of = |status| operators.iter().filter(|o| o["status"] == status).count();
        assert_eq!(int(job, "numCompletedStages"), i64::try_from(of("COMPLETED")).unwrap());
        assert_eq!(int(job, "numFailedStages"), i64::try_from(of("FAILED")).unwrap());
        assert_eq!(int(job, "numSkippedStages"), i64::try_from(of("SKIPPED")).unwrap());
    }

    fn stages(&self, operators: &[Value]) {
        let stages = list(&format!("{}/stages", self.url));
        assert_eq!(stages.len(), operators.len(), "{}", self.seen);
        for operator in operators {
            let id = int(operator, "stage_id");
            let seen = format!("{}, stage {id}", self.seen);
            let stage = stages.iter().find(|stage| int(stage, "stageId") == id).unwrap();
            let status = match operator["status"].as_str().unwrap() {
                "COMPLETED" => "COMPLETE",
                "RUNNING" => "ACTIVE",
                other => other,
            };
            assert_eq!(stage["status"], status, "{seen}");
            assert_eq!(stage["name"], operator["operator_name"], "{seen}");
            if matches!(status, "SKIPPED" | "PENDING") {
                continue;
            }
            for (theirs, ours) in FIGURES {
                #[allow(clippy::cast_possible_truncation)]
                let expected = match ours {
                    "cpu_time_ms" => operator[ours].as_f64().unwrap() as i64 * 1_000_000,
                    _ => int(operator, ours),
                };
                assert_eq!(int(stage, theirs), expected, "{seen}: {theirs}");
            }
            assert_eq!(time(&stage["submissionTime"]), operator["start_time"], "{seen}");
            if status != "ACTIVE" {
                assert_eq!(time(&stage["completionTime"]), operator["end_time"], "{seen}");
            }
            if status == "FAILED" {
                let reason = stage["failureReason"].as_str().unwrap();
                let message = self.job["error_message"].as_str().unwrap();
                assert!(reason.contains(message), "{seen}: {reason}");
            }
            if status == "COMPLETE" {
                // In bytes there, in MB with two decimals here.
                let theirs = stage["peakExecutorMetrics"]["JVMHeapMemory"].as_f64().unwrap();
                let ours = operator["memory_usage_mb"].as_f64().unwrap();
                assert!((theirs / 1_048_576.0 - ours).abs() < 0.006, "{seen}: {theirs} {ours}");
            }
            self.tasks(&seen, id, operator);
        }
    }

    fn tasks(&self, seen: &str, stage: i64, operator: &Value) {
        let tasks = list(&format!("{}/stages/{stage}/0/taskList?length=100000", self.url));
        let of = |status: &str| {
            let found = tasks.iter().filter(|task| task["status"] == status).count();
            i64::try_from(found).unwrap()
        };
        assert_eq!(of("FAILED"), int(operator, "num_failed_tasks"), "{seen}");
        assert_eq!(of("KILLED"), int(operator, "num_killed_tasks"), "{seen}");
        if operator["status"] == "COMPLETED" {
            assert_eq!(of("SUCCESS"), int(operator, "num_tasks"), "{seen}");
        }
        let metrics: Vec<Value> = tasks.iter().map(|task| task["taskMetrics"].clone()).collect();
        let metrics: Vec<Value> = metrics.into_iter().filter(Value::is_object).collect();
        for (theirs, ours) in
            FIGURES[3..].iter().filter(|(theirs, _)| metrics[0].get(theirs).is_some())
        {
            if *ours != "cpu_time_ms" {
                assert_eq!(sum(&metrics, theirs), int(operator, ours), "{seen}: {theirs} of tasks");
            }
        }
        let inner = |group: &str, field: &str| -> i64 {
            metrics.iter().map(|of_task| int(&of_task[group], field)).sum()
        };
        assert_eq!(inner("inputMetrics", "bytesRead"), int(operator, "input_bytes"), "{seen}");
        let written = inner("shuffleWriteMetrics", "bytesWritten");
        assert_eq!(written, int(operator, "shuffle_write_bytes"), "{seen}");
    }

    /// Those that were there at a time, from what came and went.
    fn executors(&self) {
        let seen = &self.seen;
        let executors = list(&format!("{}/allexecutors", self.url));
        let workers: Vec<Value> = executors.into_iter().filter(|e| e["id"] != "driver").collect();
        let mut changes: Vec<(String, i64)> = Vec::new();
        let mut num_lost = 0;
        for executor in &workers {
            changes.push((time(&executor["addTime"]), 1));
            if executor.get("removeTime").is_some_and(Value::is_string) {
                changes.push((time(&executor["removeTime"]), -1));
                let reason = executor["removeReason"].as_str().unwrap();
                num_lost += i64::from(reason.contains("exited with code 137"));
            }
            assert_eq!(executor["totalCores"], self.job["cpu_cores_per_executor"], "{seen}");
            assert!(int(executor, "maxMemory") > 0, "{seen}");
        }
        changes.sort();
        let (mut active, mut most) = (0, 0);
        for (_, change) in changes {
            active += change;
            most = most.max(active);
        }
        if !self.is("RUNNING") {
            let all = int(self.job, "num_executors");
            let failed_early = self.job["scenario"] == "dynamic-allocation" && self.is("FAILED");
            assert!(most == all || failed_early && most < all, "{seen}: {most} of {all}");
        }
        if num_lost > 0 {
            assert_eq!(self.job["scenario"], "executor-loss", "{seen}");
        }
        let is_lost = self.job["scenario"] == "executor-loss" && self.is("COMPLETED");
        assert!(num_lost > 0 || !is_lost, "{seen}");
        // The time of attempts that were lost is in an executor's, not in the executor run time.
        let (time, of_job) = (sum(&workers, "totalDuration"), int(self.job, "task_time_ms"));
        let lost = int(self.job, "num_failed_tasks") + int(self.job, "num_killed_tasks");
        assert!(if lost == 0 { time == of_job } else { time >= of_job }, "{seen}: {time} {of_job}");
        assert_eq!(sum(&workers, "failedTasks"), int(self.job, "num_failed_tasks"), "{seen}");
    }

    /// One SQL execution whose nodes are the operators.
    fn sql(&self, operators: &[Value]) {
        let seen = &self.seen;
        let executions = list(&format!("{}/sql?details=true&planDescription=true", self.url));
        let [execution] = executions.as_slice() else { panic!("{seen}: {executions:?}") };
        assert_eq!(execution["description"], self.job["job_name"], "{seen}");
        assert_eq!(execution["status"], self.job["status"], "{seen}");
        assert_eq!(time(&execution["submissionTime"]), self.job["start_time"], "{seen}");
        if !self.is("RUNNING") {
            assert_eq!(execution["duration"], self.job["duration_ms"], "{seen}");
        }
        let nodes = execution["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), operators.len(), "{seen}");
        let metric = |node: &Value, name: &str| {
            let metrics = node["metrics"].as_array().unwrap();
            let found = metrics.iter().find(|metric| metric["name"] == name);
            found.and_then(|metric| metric["value"].as_str().map(|text| text.replace(',', "")))
        };
        // The leaf of the plan is answered first.
        for (node, operator) in nodes.iter().zip(operators) {
            assert_eq!(node["nodeName"], operator["operator_name"], "{seen}");
            let rows = if operator["stage_id"].as_u64() == Some(operators.len() as u64 - 1) {
                int(operator, "records_processed")
            } else {
                int(operator, "shuffle_write_records")
            };
            let found = metric(node, "number of output rows");
            if operator["status"] == "COMPLETED" {
                assert_eq!(found, Some(rows.to_string()), "{seen}: {node}");
            } else {
                assert!(found.is_none_or(|text| text == "0"), "{seen}: {node}");
            }
        }
    }
}
