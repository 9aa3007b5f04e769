//! How long a group-by over a million tasks of a hundred applications takes on Sail. Cold is all that
//! `tinderbox history sql` does: manifest, start of Sail, session, view, query, rows, end of Sail. Warm is the query
//! on a session that has the view. The files are in the page cache.
//!
//!     cargo run --release -p tinderbox-app --example history_sql_bench

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and ends when something fails"
)]

use std::time::{Duration, Instant};
use tinderbox_app::model::{
    AttemptNumber, Bytes, ExecutorId, Millis, Nanos, RunId, StageAttemptId, StageId, Task, TaskId,
    TaskMetrics, TaskStatus, TimestampMs, WorkspaceId,
};
use tinderbox_app::{HistoryQuery, SparkPlaces, history_sql, history_tables};
use tinderbox_connect::{Limits, Query, Sail, SailEnvironment, SailLimits, Session};
use tinderbox_store::{NewTableFile, Store, TableFileKind};
use tinderbox_table::{PackOptions, PackWriter, Place, RowOwner, Table, write_tasks};

const APPLICATIONS: u32 = 100;
const TASKS_EACH: u32 = 10_000;
const SQL: &str = "SELECT stage_id % 10 AS tenth, count(*) AS n, sum(executor_run_time_ms) AS ms FROM tasks \
     GROUP BY stage_id % 10 ORDER BY tenth";

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let store = Store::open(&root.join("tinderbox.sqlite")).await.unwrap();
    let mut size = 0;
    for application in 0..APPLICATIONS {
        let run = RunId::new(format!("run-{application:03}"));
        let (attempt, created) = (AttemptNumber(1), TimestampMs(1_760_000_000_000));
        let workspace = WorkspaceId::new("default");
        let place = Place { workspace, created, run: run.clone(), attempt };
        let path = place.new_table(Table::Tasks);
        let pack = root.join(place.new_pack());
        let mut writer = PackWriter::create(&pack, PackOptions::default()).unwrap();
        (0..TASKS_EACH).for_each(|n| writer.push(&task(n, application)).unwrap());
        let pack = writer.finish().unwrap();
        let owner = RowOwner { run: run.clone(), attempt, application: None };
        let written = write_tasks(&root.join(&path), &[(owner, &pack)]).unwrap();
        size += written.num_bytes.0;
        let path = path.to_str().unwrap().to_owned();
        let (num_rows, num_bytes) = (written.num_rows, written.num_bytes);
        let file =
            NewTableFile { kind: TableFileKind::Tasks, path, run, attempt, num_rows, num_bytes };
        store.file_publish(&file, created).await.unwrap();
    }
    store.close().await;
    println!("{APPLICATIONS} files, {} tasks, {size} bytes", APPLICATIONS * TASKS_EACH);
    let places = SparkPlaces::from_environment();
    for sql in ["SELECT 1", SQL, SQL, SQL, SQL, SQL] {
        let question = HistoryQuery { sql: sql.to_owned(), server: None, limit: 1_000 };
        let start = Instant::now();
        let answer = history_sql(root, &places, &question).await.unwrap();
        report("cold", start, sql, &answer.rows);
    }
    let files = history_tables(root).await.unwrap().remove("tasks").unwrap();
    let limits = SailLimits { memory: Bytes(2 << 30), temporary: Bytes(32 << 30) };
    let environment = SailEnvironment::at(places.sail().unwrap());
    let sail = Sail::start(&environment, root, limits).await.unwrap();
    let session = Session::connect(sail.url()).await.unwrap();
    let start = Instant::now();
    session.create_view("tasks", &files).await.unwrap();
    report("warm", start, "the view", &[]);
    let limits = Limits { rows: 1_000, bytes: Bytes(1 << 20), time: Duration::from_secs(60) };
    let query = Query::parse(SQL, &["tasks"]).unwrap();
    for _ in 0..5 {
        let start = Instant::now();
        let answer = session.run(&query, limits).await.unwrap();
        report("warm", start, SQL, &answer.rows().unwrap());
    }
}

fn report(kind: &str, start: Instant, sql: &str, rows: &[Vec<serde_json::Value>]) {
    let seconds = start.elapsed().as_secs_f64();
    if sql == SQL {
        let tasks: i64 = rows.iter().filter_map(|row| row[1].as_i64()).sum();
        assert_eq!(tasks, i64::from(APPLICATIONS * TASKS_EACH));
    }
    println!("{kind} {seconds:.3} s  {}", sql.split("FROM").next().unwrap_or_default());
}

fn task(n: u32, salt: u32) -> Task {
    let noise = u64::from((n ^ salt).wrapping_mul(2_654_435_761) >> 12);
    Task {
        id: TaskId(i64::from(n)),
        stage: StageAttemptId { stage: StageId(i64::from(n / 200)), attempt: 0 },
        index: i64::from(n % 200),
        attempt: 0,
        partition: i64::from(n % 200),
        launch_time: TimestampMs(1_760_000_000_000 + i64::from(n)),
        finish_time: Some(TimestampMs(1_760_000_001_000 + i64::from(n))),
        getting_result_time: None,
        executor: ExecutorId::new((n % 16).to_string()),
        host: format!("host-{}", n % 8).as_str().into(),
        locality: "PROCESS_LOCAL".into(),
        speculative: false,
        status: TaskStatus::Success,
        error_message: None,
        metrics: Some(TaskMetrics {
            executor_run_time: Millis(noise % 5_000),
            executor_cpu_time: Nanos(noise * 1_000),
            result_size: Bytes(noise % 4_000),
            input_bytes: Bytes(noise * 64),
            input_records: noise,
            ..TaskMetrics::default()
        }),
        accumulables: Vec::new(),
    }
}
