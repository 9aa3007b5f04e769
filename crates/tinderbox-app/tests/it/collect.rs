//! Event logs that Spark wrote elsewhere.

use crate::bench::Bench;
use std::fs;
use std::path::{Path, PathBuf};
use tinderbox_app::model::{Origin, RunState};
use tinderbox_app::{App, Error, RunPage, RunQuery};

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
    assert_eq!((first.total, first.runs[0].state), (1, RunState::Lost));
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
