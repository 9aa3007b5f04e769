//! Applications that send their events without having been launched here.

use crate::bench::{Bench, wait_for};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tinderbox_app::model::{Origin, RunId, RunState};
use tinderbox_app::{App, IngestRefusal, RunPage, RunQuery, TaskQuery};

const SESSION: &str = "5f0f6f35-4b0c-4e4d-9a35-0c0b2f3f6a01";
const BATCHES: usize = 10;

/// The fixture's events as batches of one session.
fn batches() -> Vec<Vec<u8>> {
    let log = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tinderbox-spark/tests/fixtures/spark-3.5-small/local-1795203071921");
    let log = fs::read_to_string(log).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    let size = lines.len().div_ceil(BATCHES);
    let parts: Vec<&[&str]> = lines.chunks(size).collect();
    let last = parts.len() - 1;
    let batch = |(seq, lines): (usize, &&[&str])| {
        let end = if seq == last { r#","final":true"# } else { "" };
        let head = format!(
            r#"{{"tinderbox":1,"session":"{SESSION}","seq":{seq},"first_event":{},"events":{},"dropped":{{}}{end}}}"#,
            seq * size,
            lines.len(),
        );
        format!("{head}\n{}\n", lines.join("\n")).into_bytes()
    };
    parts.iter().enumerate().map(batch).collect()
}

async fn runs(app: &App) -> RunPage {
    app.runs(&RunQuery { limit: 10, ..RunQuery::default() }).await.unwrap()
}

async fn only_run(app: &App) -> RunId {
    let page = runs(app).await;
    assert_eq!(page.total, 1);
    page.runs[0].id.clone()
}

async fn num_tasks(app: &App, run: &RunId) -> u64 {
    app.tasks(run.as_str(), &TaskQuery { limit: 1, ..TaskQuery::default() }).await.unwrap().total
}

#[tokio::test]
async fn an_application_that_was_not_launched_here_is_watched_and_stored() {
    let bench = Bench::new();
    let app = bench.open().await;
    let batches = batches();
    let half = batches.len() * 3 / 4;
    for batch in &batches[..half] {
        app.ingest(None, batch.clone()).await.unwrap();
    }
    // The answer was lost, and the listener sends it again.
    app.ingest(None, batches[half - 1].clone()).await.unwrap();
    let run = only_run(&app).await;
    let view = app.run(run.as_str()).await.unwrap();
    assert_eq!((view.state, view.origin), (RunState::Running, Origin::Observed));
    assert!(!view.partial);
    let watched = view.totals.num_tasks;
    assert!(watched > 0);

    // Another process goes on where this one was: with what was acknowledged, and nothing twice.
    app.close().await;
    drop(app);
    let app = bench.open().await;
    app.ingest(None, batches[half - 1].clone()).await.unwrap();
    let view = app.run(run.as_str()).await.unwrap();
    assert_eq!((view.totals.num_tasks, view.partial), (watched, false));
    for batch in &batches[half..] {
        app.ingest(None, batch.clone()).await.unwrap();
    }
    wait_for(&app, run.as_str(), RunState::Succeeded).await;
    let view = app.run(run.as_str()).await.unwrap();
    assert!(!view.partial);

    // The same as the event log itself.
    let log = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tinderbox-spark/tests/fixtures/spark-3.5-small/local-1795203071921");
    app.collect(&log.as_path().into()).await.unwrap();
    let page = runs(&app).await;
    assert_eq!(page.total, 2);
    assert_eq!(page.runs[0].totals, page.runs[1].totals);
    assert_eq!(page.runs[0].name, page.runs[1].name);
    let [first, second] =
        [num_tasks(&app, &page.runs[0].id).await, num_tasks(&app, &page.runs[1].id).await];
    assert_eq!(first, second);

    // It takes no more, and nothing is left of what was sent.
    assert_eq!(app.ingest(None, batches[0].clone()).await, Err(IngestRefusal::NotWanted));
    // The run has its state before the file is deleted.
    let folder = bench.data_dir().join("live");
    let begin = Instant::now();
    while fs::read_dir(&folder).unwrap().count() > 0 {
        assert!(begin.elapsed() < Duration::from_secs(20), "the file of the session stays");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.close().await;
}

#[tokio::test]
async fn a_session_needs_an_id_that_is_a_file_name_everywhere() {
    let bench = Bench::new();
    let app = bench.open().await;
    let head = |session: &str| {
        format!(
            r#"{{"tinderbox":1,"session":"{session}","seq":0,"first_event":0,"events":0,"dropped":{{}}}}"#
        )
    };
    for session in ["", "s", "../../../x", "5f0f6f35/4b0c"] {
        let answer = app.ingest(None, head(session).into_bytes()).await;
        assert_eq!(answer, Err(IngestRefusal::Malformed), "{session}");
    }
    assert_eq!(runs(&app).await.total, 0);
    app.close().await;
}
