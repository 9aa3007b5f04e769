//! Event logs that Spark wrote elsewhere.

use crate::bench::Bench;
use std::fs;
use std::path::{Path, PathBuf};
use tinderbox_app::model::{Origin, RunState, TaskStatus};
use tinderbox_app::{App, Error, RunPage, RunQuery, TaskQuery};

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tinderbox-spark/tests/fixtures/spark-3.5-small/local-1795203071921")
}

async fn runs(app: &App) -> RunPage {
    app.runs(&RunQuery { limit: 10, ..RunQuery::default() }).await.unwrap()
}

#[tokio::test]
async fn a_log_that_spark_closes_under_its_final_name_stays_one_run() {
    let bench = Bench::new();
    let app = bench.open().await;
    let logs = bench.path("logs");
    fs::create_dir(&logs).unwrap();
    let whole = fs::read(fixture()).unwrap();
    let open = logs.join("local-1795203071921.inprogress");
    fs::write(&open, &whole[..whole.len() / 2]).unwrap();

    assert_eq!(app.collect(&logs.as_path().into()).await.unwrap().collected, 1);
    let first = runs(&app).await;
    assert_eq!((first.total, first.runs[0].state), (1, RunState::Running));
    assert!(first.runs[0].partial);
    let cancelled = app.cancel(first.runs[0].id.as_str()).await;
    assert!(matches!(cancelled, Err(Error::NotLaunchedHere { .. })), "{cancelled:?}");

    fs::remove_file(&open).unwrap();
    fs::write(logs.join("local-1795203071921"), &whole).unwrap();
    // However the directory is spelled.
    let spelled = bench.path("spark").join("../logs");
    assert_eq!(app.collect(&spelled.as_path().into()).await.unwrap().collected, 1);
    let second = runs(&app).await;
    assert_eq!((second.total, second.runs[0].state), (1, RunState::Succeeded));
    assert_eq!(second.runs[0].id, first.runs[0].id);
    assert_eq!(second.runs[0].origin, Origin::Observed);
    assert!(!second.runs[0].partial);
    let done = app.collect(&logs.as_path().into()).await.unwrap();
    assert_eq!((done.collected, done.unchanged), (0, 1));
    app.close().await;
}

/// Ids and states of all tasks of the only run.
async fn tasks(app: &App) -> Vec<(i64, TaskStatus)> {
    let query = TaskQuery { limit: 10_000, ..TaskQuery::default() };
    let page = app.tasks("latest", &query).await.unwrap();
    let mut tasks: Vec<_> = page.tasks.iter().map(|task| (task.id.0, task.status)).collect();
    tasks.sort_unstable_by_key(|(id, _)| *id);
    tasks
}

#[tokio::test]
async fn a_log_that_grows_is_followed_and_ends_as_if_it_had_been_read_at_once() {
    let whole = fs::read(fixture()).unwrap();
    let at_once = Bench::new();
    let expected = at_once.open().await;
    expected.collect(&fixture().as_path().into()).await.unwrap();
    let (_, expected_application) = expected.application("latest").await.unwrap();

    let bench = Bench::new();
    let app = bench.open().await;
    let logs = bench.path("logs");
    fs::create_dir(&logs).unwrap();
    let open = logs.join("local-1795203071921.inprogress");
    let (mut seen, mut some_ran) = (0, false);
    for part in 1..=20 {
        fs::write(&open, &whole[..whole.len() * part / 20]).unwrap();
        let done = app.collect(&logs.as_path().into()).await.unwrap();
        assert_eq!((done.collected, done.failed), (1, Vec::new()), "{part}");
        let again = app.collect(&logs.as_path().into()).await.unwrap();
        assert_eq!((again.collected, again.unchanged), (0, 1), "{part}");
        let tasks = tasks(&app).await;
        assert!(tasks.len() >= seen, "{part}: {} after {seen}", tasks.len());
        seen = tasks.len();
        some_ran |= tasks.iter().any(|(_, status)| *status == TaskStatus::Running);
    }
    assert!(some_ran, "tasks show while they run");
    fs::rename(&open, logs.join("local-1795203071921")).unwrap();
    assert_eq!(app.collect(&logs.as_path().into()).await.unwrap().collected, 1);
    assert_eq!(runs(&app).await.runs[0].state, RunState::Succeeded);
    assert_eq!(tasks(&app).await, tasks(&expected).await);
    let (_, application) = app.application("latest").await.unwrap();
    assert_eq!(application, expected_application);
    app.close().await;
    expected.close().await;
}

#[tokio::test]
async fn what_was_followed_is_there_after_a_restart() {
    let bench = Bench::new();
    let logs = bench.path("logs");
    fs::create_dir(&logs).unwrap();
    let whole = fs::read(fixture()).unwrap();
    fs::write(logs.join("local-1795203071921.inprogress"), &whole[..whole.len() / 2]).unwrap();
    let app = bench.open().await;
    app.collect(&logs.as_path().into()).await.unwrap();
    let before = tasks(&app).await;
    app.close().await;
    drop(app);
    let app = bench.open().await;
    assert_eq!(tasks(&app).await, before);
    let done = app.collect(&logs.as_path().into()).await.unwrap();
    assert_eq!((done.collected, done.unchanged), (0, 1), "it is not read again");
    app.close().await;
}

#[tokio::test]
async fn an_open_log_that_stays_as_it_is_for_long_is_a_lost_run() {
    let bench = Bench::new();
    let logs = bench.path("logs");
    fs::create_dir(&logs).unwrap();
    let whole = fs::read(fixture()).unwrap();
    let open = logs.join("local-1795203071921.inprogress");
    fs::write(&open, &whole[..whole.len() / 2]).unwrap();
    let app = bench.open().await;
    app.collect(&logs.as_path().into()).await.unwrap();
    assert_eq!(runs(&app).await.runs[0].state, RunState::Running);
    let before = tasks(&app).await;
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3_600);
    fs::File::options().write(true).open(&open).unwrap().set_modified(long_ago).unwrap();
    app.collect(&logs.as_path().into()).await.unwrap();
    assert_eq!(runs(&app).await.runs[0].state, RunState::Lost);
    assert_eq!(tasks(&app).await, before);
    // It was not lost after all.
    fs::write(&open, &whole[..whole.len() / 2 + 1_000]).unwrap();
    app.collect(&logs.as_path().into()).await.unwrap();
    assert_eq!(runs(&app).await.runs[0].state, RunState::Running);
    app.close().await;
}

#[tokio::test]
async fn collections_at_the_same_time_make_one_run_of_a_log() {
    let bench = Bench::new();
    let app = bench.open().await;
    let log = fixture();
    let source = log.as_path().into();
    let (a, b) = tokio::join!(app.collect(&source), app.collect(&source));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!((a.collected + b.collected, a.unchanged + b.unchanged), (1, 1));
    assert!(a.failed.is_empty() && b.failed.is_empty(), "{a:?} {b:?}");
    assert_eq!(runs(&app).await.total, 1);
    app.close().await;
}

#[tokio::test]
async fn what_is_no_log_is_named_and_makes_no_run() {
    let bench = Bench::new();
    let app = bench.open().await;
    let logs = bench.path("logs");
    fs::create_dir(&logs).unwrap();
    fs::write(logs.join("notes.txt"), "hello\n").unwrap();
    let done = app.collect(&logs.as_path().into()).await.unwrap();
    assert_eq!((done.collected, done.failed.len()), (0, 1));
    assert!(done.failed[0].reason.contains("notes.txt"), "{:?}", done.failed);
    assert_eq!(runs(&app).await.total, 0);
    app.close().await;
}
