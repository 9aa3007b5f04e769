//! Every number on the job page equals what Spark's own History Server answers for the same event log.

use crate::place::{Place, Server, Spark, free_address, get_json, wait_for};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

#[test]
fn real_spark_the_job_page_agrees_with_the_history_server_of_spark_3_5() {
    if let Some(spark) = Spark::three() {
        compare(&spark, "3.5");
    }
}

#[test]
fn real_spark_the_job_page_agrees_with_the_history_server_of_spark_4() {
    if let Some(spark) = Spark::four() {
        compare(&spark, "4");
    }
}

fn compare(spark: &Spark, version: &str) {
    let place = Place::new();
    place.make_data(spark, 300_000, 30_000);
    let spec = spilling(&place, version);
    let server = Server::start(&place, free_address());
    let result = place.ask_json(&["run", spec.to_str().unwrap()]);
    place.has_succeeded(&result["job"]);
    assert!(result["job"]["disk_spill_bytes"].as_u64().unwrap() > 0, "it spilled");
    let run = result["job"]["job_id"].as_str().unwrap();
    let application = result["job"]["application_id"].as_str().unwrap();

    let history = HistoryServer::start(
        spark,
        &place.attempt(run).join("eventlog"),
        &place.path("history.log"),
    );
    let theirs = |path: &str| history.get(&format!("/api/v1/applications/{application}/{path}"));
    let stages = compare_stages(&server.get(&format!("/api/jobs/{run}/stages")), &theirs("stages"));
    compare_header(&result["job"], &theirs("stages"));
    compare_spark_jobs(&server.get(&format!("/api/jobs/{run}/spark-jobs")), &theirs("jobs"));
    compare_executors(&server.get(&format!("/api/jobs/{run}/executors")), &theirs("allexecutors"));
    for (stage, attempt) in stages {
        let summary = theirs(&format!(
            "stages/{stage}/{attempt}/taskSummary?quantiles=0.0,0.25,0.5,0.75,0.95,1.0"
        ));
        compare_quantiles(&server, run, stage, &summary);
    }
}

/// The example with both sides sorted and spilled early, so that spill is compared too.
fn spilling(place: &Place, version: &str) -> PathBuf {
    let spec = place.example(version);
    let text = std::fs::read_to_string(&spec).unwrap();
    let configuration = "
configuration:
  sparkConf:
    spark.sql.autoBroadcastJoinThreshold: \"-1\"
    spark.shuffle.spill.numElementsForceSpillThreshold: \"20000\"
";
    place.write("spilling.yaml", &format!("{text}{configuration}"))
}

/// Ours, theirs.
const STAGE_FIELDS: [(&str, &str); 25] = [
    ("status", "status"),
    ("name", "name"),
    ("attempt", "attemptId"),
    ("num_tasks", "numTasks"),
    ("num_active_tasks", "numActiveTasks"),
    ("num_complete_tasks", "numCompleteTasks"),
    ("num_failed_tasks", "numFailedTasks"),
    ("num_killed_tasks", "numKilledTasks"),
    ("executor_run_time_ms", "executorRunTime"),
    ("executor_cpu_time_ns", "executorCpuTime"),
    ("gc_time_ms", "jvmGcTime"),
    ("input_bytes", "inputBytes"),
    ("input_records", "inputRecords"),
    ("output_bytes", "outputBytes"),
    ("output_records", "outputRecords"),
    ("shuffle_read_bytes", "shuffleReadBytes"),
    ("shuffle_read_records", "shuffleReadRecords"),
    ("shuffle_write_bytes", "shuffleWriteBytes"),
    ("shuffle_write_records", "shuffleWriteRecords"),
    ("shuffle_fetch_wait_ms", "shuffleFetchWaitTime"),
    ("memory_spill_bytes", "memoryBytesSpilled"),
    ("disk_spill_bytes", "diskBytesSpilled"),
    ("peak_execution_memory_bytes", "peakExecutionMemory"),
    ("submission_time", "submissionTime"),
    ("completion_time", "completionTime"),
];

/// Compares all stages; gives those that ran.
fn compare_stages(ours: &Value, theirs: &Value) -> Vec<(i64, i64)> {
    let ours = ours["stages"].as_array().unwrap();
    let theirs = theirs.as_array().unwrap();
    assert_eq!(ours.len(), theirs.len(), "as many stages");
    let mut ran = Vec::new();
    for stage in ours {
        let id = (&stage["stage_id"], &stage["attempt"]);
        let other = theirs
            .iter()
            .find(|other| (&other["stageId"], &other["attemptId"]) == id)
            .unwrap_or_else(|| panic!("they know stage {id:?}"));
        for (our, their) in STAGE_FIELDS {
            assert_eq!(normal(&stage[our]), normal(&other[their]), "stage {id:?}: {our}");
        }
        if stage["status"] == "COMPLETE" {
            ran.push((stage["stage_id"].as_i64().unwrap(), stage["attempt"].as_i64().unwrap()));
        }
    }
    assert!(!ran.is_empty());
    ran
}

/// Spark writes times as `2026-11-20T18:58:31.250GMT`.
fn normal(value: &Value) -> Value {
    match value.as_str().and_then(|text| text.strip_suffix("GMT")) {
        Some(time) => Value::from(format!("{time}Z")),
        None => value.clone(),
    }
}

fn compare_header(job: &Value, stages: &Value) {
    let sum = |field: &str| -> u64 {
        stages.as_array().unwrap().iter().map(|stage| stage[field].as_u64().unwrap()).sum()
    };
    for (ours, theirs) in [
        ("task_time_ms", "executorRunTime"),
        ("gc_time_ms", "jvmGcTime"),
        ("input_bytes", "inputBytes"),
        ("output_bytes", "outputBytes"),
        ("shuffle_read_bytes", "shuffleReadBytes"),
        ("shuffle_write_bytes", "shuffleWriteBytes"),
        ("disk_spill_bytes", "diskBytesSpilled"),
        ("memory_spill_bytes", "memoryBytesSpilled"),
        ("num_failed_tasks", "numFailedTasks"),
    ] {
        assert_eq!(job[ours].as_u64().unwrap(), sum(theirs), "{ours}");
    }
    let ended = sum("numCompleteTasks") + sum("numFailedTasks") + sum("numKilledTasks");
    assert_eq!(job["num_tasks"].as_u64().unwrap(), ended, "num_tasks");
}

fn compare_spark_jobs(ours: &Value, theirs: &Value) {
    let ours = ours["spark_jobs"].as_array().unwrap();
    let theirs = theirs.as_array().unwrap();
    assert_eq!(ours.len(), theirs.len(), "as many jobs");
    for job in ours {
        let id = &job["spark_job_id"];
        let other = theirs.iter().find(|other| &other["jobId"] == id).expect("they know the job");
        for (our, their) in [
            ("name", "name"),
            ("status", "status"),
            ("num_tasks", "numTasks"),
            ("num_complete_tasks", "numCompletedTasks"),
            ("num_failed_tasks", "numFailedTasks"),
            ("num_skipped_tasks", "numSkippedTasks"),
            ("submission_time", "submissionTime"),
            ("completion_time", "completionTime"),
        ] {
            assert_eq!(normal(&job[our]), normal(&other[their]), "job {id}: {our}");
        }
        let sorted = |value: &Value| {
            let mut ids: Vec<_> =
                value.as_array().unwrap().iter().map(|v| v.as_i64().unwrap()).collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(sorted(&job["stage_ids"]), sorted(&other["stageIds"]), "job {id}: stages");
    }
}

fn compare_executors(ours: &Value, theirs: &Value) {
    let ours = ours["executors"].as_array().unwrap();
    let theirs = theirs.as_array().unwrap();
    assert_eq!(ours.len(), theirs.len(), "as many executors");
    for executor in ours {
        let id = &executor["executor_id"];
        let other = theirs.iter().find(|other| &other["id"] == id).expect("they know the executor");
        // Of a driver Spark answers the age of its JVM and all of its collections here, ours are those of its tasks.
        let times = [("task_time_ms", "totalDuration"), ("gc_time_ms", "totalGCTime")];
        let times = if id == "driver" { &[][..] } else { &times[..] };
        for (our, their) in [
            ("total_cores", "totalCores"),
            ("num_complete_tasks", "completedTasks"),
            ("num_failed_tasks", "failedTasks"),
            ("input_bytes", "totalInputBytes"),
            ("shuffle_read_bytes", "totalShuffleRead"),
            ("shuffle_write_bytes", "totalShuffleWrite"),
            ("max_memory_bytes", "maxMemory"),
        ]
        .iter()
        .chain(times)
        {
            assert_eq!(executor[*our], other[*their], "executor {id}: {our}");
        }
    }
}

fn compare_quantiles(server: &Server, run: &str, stage: i64, summary: &Value) {
    let stages = server.get(&format!("/api/jobs/{run}/stages"));
    let ours =
        stages["stages"].as_array().unwrap().iter().find(|s| s["stage_id"] == stage).unwrap();
    for (our, their) in [
        (&ours["task_duration_ms"], &summary["duration"]),
        (&ours["task_shuffle_read_bytes"], &summary["shuffleReadMetrics"]["readBytes"]),
        (&ours["task_input_bytes"], &summary["inputMetrics"]["bytesRead"]),
    ] {
        for (position, name) in ["min", "p25", "median", "p75", "p95", "max"].iter().enumerate() {
            #[allow(clippy::cast_precision_loss)]
            let ours = our[*name].as_u64().unwrap() as f64;
            assert_eq!(ours, their[position].as_f64().unwrap(), "stage {stage}: {name}");
        }
    }
}

/// Spark's own History Server over a log directory; ends when dropped.
pub struct HistoryServer {
    child: Child,
    address: SocketAddr,
}

impl HistoryServer {
    pub fn start(spark: &Spark, logs: &Path, log: &Path) -> Self {
        let address = free_address();
        let home = spark.home();
        let out = std::fs::File::create(log).unwrap();
        let child = Command::new(home.join("bin/spark-class"))
            .arg("org.apache.spark.deploy.history.HistoryServer")
            .env("SPARK_HOME", &home)
            .env("SPARK_LOCAL_IP", "127.0.0.1")
            .env("SPARK_DAEMON_MEMORY", "512m")
            .env(
                "SPARK_HISTORY_OPTS",
                format!(
                    "-Dspark.history.fs.logDirectory=file:{} -Dspark.history.ui.port={}",
                    logs.display(),
                    address.port()
                ),
            )
            .stdout(Stdio::null())
            .stderr(out)
            .spawn()
            .unwrap();
        let server = Self { child, address };
        wait_for("the History Server with the application", Duration::from_secs(90), || {
            let list = get_json(&server.url("/api/v1/applications"))?;
            (!list.as_array()?.is_empty()).then_some(())
        });
        server
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn get(&self, path: &str) -> Value {
        get_json(&self.url(path)).unwrap_or_else(|| panic!("the History Server answers {path}"))
    }
}

impl Drop for HistoryServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
