//! Free SQL over task tables of several applications, on real Sail and on a real Spark Connect server. Without them
//! the tests say that they did not run, and fail when `TINDERBOX_REQUIRE_ALL` is set, as `make test` does.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tinderbox_app::model::{
    AttemptNumber, ExecutorId, Millis, RunId, StageAttemptId, StageId, Task, TaskId, TaskMetrics,
    TaskStatus, TimestampMs, WorkspaceId,
};
use tinderbox_app::{DataDir, Error, HistoryAnswer, HistoryQuery, SparkPlaces, history_sql};
use tinderbox_store::{NewTableFile, Store, TableFileKind};
use tinderbox_table::{PackOptions, PackWriter, Place, RowOwner, Table, write_tasks};

const GROUPS: &str = "SELECT stage_id % 3 AS third, count(*) AS n, sum(executor_run_time_ms) AS ms, \
     count(DISTINCT run_id) AS runs FROM tasks WHERE status = 'SUCCESS' GROUP BY 1 ORDER BY third";

#[tokio::test]
async fn group_by_over_several_applications_is_that_of_their_tasks() {
    let Some(places) = sail() else { return };
    let history = History::with_runs(&["a", "b/c %", "d"]).await;
    // The directory belongs to another process; the question is answered all the same.
    let _owner = DataDir::own(history.root()).unwrap();
    let answer = history.ask(&places, GROUPS, None).await.unwrap();
    assert_eq!(names(&answer), ["third", "n", "ms", "runs"]);
    assert_eq!(answer.rows, history.expected());
    assert!(!answer.has_more && answer.engine.starts_with("Sail "));
}

#[tokio::test]
async fn real_spark_answers_the_same_text_with_the_same_rows() {
    let Some(server) = ConnectServer::start() else { return };
    let history = History::with_runs(&["a", "b/c %", "d"]).await;
    let answer = history.ask(&SparkPlaces::default(), GROUPS, Some(server.url())).await.unwrap();
    assert_eq!(answer.rows, history.expected());
    let empty = "SELECT host, stage_id FROM tasks WHERE host = 'none'";
    let empty = history.ask(&SparkPlaces::default(), empty, Some(server.url())).await.unwrap();
    assert_eq!((names(&empty), empty.rows.len()), (vec!["host", "stage_id"], 0));

    // One that is stopped leaves the server's only core to the next.
    let long = "SELECT sum(id % 7) AS n FROM range(100000000000000)";
    let stop = tokio::time::sleep(Duration::from_secs(6));
    let long = question(long, Some(server.url()));
    let stopped = history_sql(history.root(), &SparkPlaces::default(), &long, stop).await;
    assert!(stopped.unwrap().is_none());
    let nowhere = SparkPlaces::default();
    let next = history.ask(&nowhere, GROUPS, Some(server.url()));
    let next = tokio::time::timeout(Duration::from_secs(60), next).await;
    assert_eq!(next.unwrap().unwrap().rows, history.expected());
}

#[tokio::test]
async fn answers_have_types_limits_and_the_servers_words() {
    let Some(places) = sail() else { return };
    let history = History::with_runs(&["a"]).await;
    let query = "SELECT 1 AS i, CAST(2.5 AS DOUBLE) AS d, true AS b, CAST(NULL AS STRING) AS n, 'x' AS s, \
                 CAST(1.50 AS DECIMAL(5,2)) AS m, array(1, NULL) AS a, map('k', 2) AS o, \
                 named_struct('f', 'g') AS r, DATE '2026-01-02' AS day";
    let answer = history.ask(&places, query, None).await.unwrap();
    let row =
        json!([1, 2.5, true, null, "x", "1.50", [1, null], {"k": 2}, {"f": "g"}, "2026-01-02"]);
    assert_eq!(Value::from(answer.rows[0].clone()), row);
    let kinds: Vec<_> = answer.columns.iter().map(|column| column.kind.as_str()).collect();
    assert_eq!(kinds[..6], ["int", "double", "boolean", "string", "string", "decimal(5,2)"]);
    assert_eq!(kinds[6..9], ["array<int>", "map<string,int>", "struct<f:string>"]);

    let empty =
        history.ask(&places, "SELECT host FROM tasks WHERE host = 'none'", None).await.unwrap();
    assert_eq!((names(&empty), empty.rows.len()), (vec!["host"], 0));

    let few = HistoryQuery { sql: "SELECT task_id FROM tasks".to_owned(), server: None, limit: 7 };
    let few = ask(history.root(), &places, &few).await.unwrap();
    assert_eq!((few.rows.len(), few.has_more), (7, true));

    let error = history.ask(&places, "SELECT nonsense FROM tasks", None).await.unwrap_err();
    assert!(tinderbox_app::chain(&error).contains("nonsense"), "{error}");
}

#[tokio::test]
async fn bad_questions_are_refused_before_anything_is_started() {
    let history = History::with_runs(&["a"]).await;
    let nowhere = SparkPlaces::from_variables([("HOME".to_owned(), "/nonexistent".to_owned())]);
    let error = history.ask(&nowhere, "DROP VIEW tasks", None).await.unwrap_err();
    assert_eq!(error.to_string(), "DROP is no query, and only queries are taken");
    let error = history.ask(&nowhere, "SELECT * FROM text.`/etc/passwd`", None).await.unwrap_err();
    assert_eq!(
        error.hint().as_deref(),
        Some("tables here: tasks, applications, stages, executors, operators")
    );
    let error = history.ask(&nowhere, GROUPS, None).await.unwrap_err();
    assert_eq!(error.hint().as_deref(), Some("tinderbox engine install sail"));
    let error = history.ask(&nowhere, GROUPS, Some("sc://127.0.0.1:1")).await.unwrap_err();
    assert!(error.to_string().contains("does not answer"), "{error}");
    let empty = History::with_runs(&[]).await;
    let error = empty.ask(&nowhere, GROUPS, None).await.unwrap_err();
    assert!(matches!(error, Error::EmptyTable { .. }), "{error}");
    let error = ask(Path::new("/nonexistent"), &nowhere, &question(GROUPS, None)).await;
    assert!(matches!(error, Err(Error::NoHistory { .. })));
}

async fn ask(
    root: &Path,
    places: &SparkPlaces,
    question: &HistoryQuery,
) -> Result<HistoryAnswer, Error> {
    let answered = history_sql(root, places, question, std::future::pending()).await;
    answered?.ok_or_else(|| unreachable!("nobody stops it"))
}

fn question(sql: &str, server: Option<&str>) -> HistoryQuery {
    HistoryQuery { sql: sql.to_owned(), server: server.map(str::to_owned), limit: 1_000 }
}

fn names(answer: &HistoryAnswer) -> Vec<&str> {
    answer.columns.iter().map(|column| column.name.as_str()).collect()
}

/// A data directory with a task table for every run, and one that a newer one has replaced.
struct History {
    folder: TempDir,
    tasks: Vec<(String, Vec<Task>)>,
}

impl History {
    async fn with_runs(runs: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("history 1% ").tempdir().unwrap();
        let store = Store::open(&folder.path().join("tinderbox.sqlite")).await.unwrap();
        let mut tasks = Vec::new();
        for (salt, run) in (1..).zip(runs) {
            for rows in [tasks_of(salt, 10), tasks_of(salt, 500)] {
                publish(&store, folder.path(), run, &rows).await;
                if rows.len() == 500 {
                    tasks.push(((*run).to_owned(), rows));
                }
            }
        }
        store.close().await;
        Self { folder, tasks }
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    async fn ask(
        &self,
        places: &SparkPlaces,
        sql: &str,
        on: Option<&str>,
    ) -> Result<HistoryAnswer, Error> {
        ask(self.root(), places, &question(sql, on)).await
    }

    /// What `GROUPS` must answer.
    fn expected(&self) -> Vec<Vec<Value>> {
        let mut groups: BTreeMap<i64, (u64, u64, Vec<&str>)> = BTreeMap::new();
        for (run, tasks) in &self.tasks {
            for task in tasks.iter().filter(|task| task.status == TaskStatus::Success) {
                let group = groups.entry(task.stage.stage.0 % 3).or_default();
                group.0 += 1;
                group.1 += task.metrics.as_ref().unwrap().executor_run_time.0;
                if !group.2.contains(&run.as_str()) {
                    group.2.push(run);
                }
            }
        }
        let rows = groups.into_iter();
        rows.map(|(third, (n, ms, runs))| {
            vec![json!(third), json!(n), json!(ms), json!(runs.len())]
        })
        .collect()
    }
}

async fn publish(store: &Store, root: &Path, run: &str, tasks: &[Task]) {
    let (run, attempt) = (RunId::new(run), AttemptNumber(1));
    let created = TimestampMs(1_760_000_000_000);
    let place =
        Place { workspace: WorkspaceId::new("default"), created, run: run.clone(), attempt };
    let path = place.new_table(Table::Tasks);
    let pack = root.join(place.new_pack());
    let mut writer = PackWriter::create(&pack, PackOptions::default()).unwrap();
    tasks.iter().for_each(|task| writer.push(task).unwrap());
    let pack = writer.finish().unwrap();
    let owner = RowOwner { run: run.clone(), attempt, application: None };
    let written = write_tasks(&root.join(&path), &[(owner, &pack)]).unwrap();
    let file = NewTableFile {
        kind: TableFileKind::Tasks,
        path: path.to_str().unwrap().to_owned(),
        run,
        attempt,
        num_rows: written.num_rows,
        num_bytes: written.num_bytes,
    };
    store.file_publish(&file, created).await.unwrap();
}

fn tasks_of(salt: u32, count: u32) -> Vec<Task> {
    let task = |n: u32| {
        let failed = n % 11 == 3;
        let run_time = u64::from(n * 31 % 997 * salt);
        Task {
            id: TaskId(i64::from(n)),
            stage: StageAttemptId { stage: StageId(i64::from(n % 7)), attempt: 0 },
            index: i64::from(n),
            attempt: 0,
            partition: i64::from(n),
            launch_time: TimestampMs(1_000),
            finish_time: Some(TimestampMs(2_000)),
            getting_result_time: None,
            executor: ExecutorId::new("1"),
            host: format!("host-{}", n % 3).as_str().into(),
            locality: "ANY".into(),
            speculative: false,
            status: if failed { TaskStatus::Failed } else { TaskStatus::Success },
            error_message: failed.then(|| "lost".to_owned()),
            metrics: (!failed).then(|| TaskMetrics {
                executor_run_time: Millis(run_time),
                ..TaskMetrics::default()
            }),
            accumulables: Vec::new(),
        }
    };
    (0..count).map(task).collect()
}

/// Where Sail is; `None` without it.
fn sail() -> Option<SparkPlaces> {
    let places = SparkPlaces::from_environment();
    let folder = places.sail().unwrap();
    if folder.join("bin/python").exists() {
        return Some(places);
    }
    not_run("Sail", &folder);
    None
}

fn not_run(what: &str, folder: &Path) {
    let required = std::env::var("TINDERBOX_REQUIRE_ALL").is_ok_and(|value| value == "1");
    assert!(!required, "{what} is required, and is not in {}", folder.display());
    println!("not run: {what} is not in {}", folder.display());
}

/// Spark's own Connect server, from the PySpark 4 environment.
struct ConnectServer {
    process: Child,
    url: String,
    _log: TempDir,
}

impl ConnectServer {
    fn start() -> Option<Self> {
        let environment = PathBuf::from(std::env::var_os("TINDERBOX_SPARK_4").unwrap_or_default());
        let libraries = std::fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
        let mut homes = libraries.map(|library| library.path().join("site-packages/pyspark"));
        let Some(home) = homes.find(|home| home.join("jars").exists()) else {
            not_run("Spark 4", &environment);
            return None;
        };
        let port = crate::free_port::free_address().port();
        let folder = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(home.join("bin/spark-submit"));
        command.args(["--master", "local[1]", "--driver-memory", "700m"]);
        command.args(["--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]);
        for setting in [
            "spark.connect.grpc.binding.address=127.0.0.1".to_owned(),
            format!("spark.connect.grpc.binding.port={port}"),
            "spark.ui.enabled=false".to_owned(),
            "spark.driver.bindAddress=127.0.0.1".to_owned(),
            "spark.driver.host=127.0.0.1".to_owned(),
        ] {
            command.args(["--conf", &setting]);
        }
        command.arg("spark-internal").current_dir(folder.path()).env("SPARK_HOME", &home);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        // spark-submit is a script that becomes the JVM: one process.
        let process = command.process_group(0).spawn().unwrap();
        let mut server = Self { process, url: format!("sc://127.0.0.1:{port}"), _log: folder };
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert_eq!(server.process.try_wait().unwrap(), None, "the server ended");
            assert!(start.elapsed() < Duration::from_secs(180), "the server does not listen");
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(server)
    }

    fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for ConnectServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
