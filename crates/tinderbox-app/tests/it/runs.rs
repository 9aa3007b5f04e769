//! One process, from submission to every end.

use crate::bench::{Bench, launches, submission, submit, wait_for, wait_for_start, wait_until};
use std::fs;
use std::time::Duration;
use tinderbox_app::model::{Millis, RunState};
use tinderbox_app::{Error, IngestRefusal, Submission};

#[tokio::test]
async fn a_run_that_ends_well_keeps_its_program_and_log_and_frees_the_rest() {
    let bench = Bench::new();
    let folder = bench.folder("well", &[]);
    let app = bench.open().await;
    let run = submit(&app, &folder).await;
    let view = wait_for(&app, &run, RunState::Succeeded).await;
    assert_eq!((view.exit_code, view.error), (Some(0), None));
    assert!(app.spec_source(&run).await.unwrap().pyspark.contains("orders.csv"));
    assert!(app.log(&run, &tinderbox_app::LogOf::Driver, 0, 100).await.unwrap().complete);
    let attempt = bench.data_dir().join("runs").join(&run).join("attempt-1");
    assert!(attempt.join("driver.log").exists());
    assert!(!attempt.join("tmp").exists() && !attempt.join("local").exists());
    assert!(matches!(app.application(&run).await, Err(Error::NoRecord { .. })));
    app.close().await;
}

#[tokio::test]
async fn a_program_that_fails_says_why() {
    let bench = Bench::new();
    let folder = bench.folder("bad", &["bad"]);
    let app = bench.open().await;
    let run = submit(&app, &folder).await;
    let view = wait_for(&app, &run, RunState::Failed).await;
    assert_eq!(view.exit_code, Some(3));
    assert!(view.error.is_some_and(|error| error.contains("no customers")));
    let (_, errors) = app.errors(&run).await.unwrap();
    assert_eq!((errors.len(), errors[0].scope), (1, "run"));
    let again = app.cancel(&run).await;
    assert!(matches!(again, Err(Error::AlreadyEnded { .. })), "{again:?}");
    app.close().await;
}

#[tokio::test]
async fn a_launch_that_fails_ends_the_run_with_the_reason() {
    let bench = Bench::new();
    let folder = bench.folder("launch", &[]);
    let app = bench.open().await;
    // Java is well when the request is checked, and broken when Spark is to be started.
    let java = format!(
        "#!/bin/sh\nif [ -e '{0}' ]; then echo broken; exit 1; fi\ntouch '{0}'\n\
         echo 'openjdk version \"17.0.15\" 2025-04-15' >&2\n",
        bench.path("asked").display()
    );
    bench.executable("java/bin/java", &java);
    let run = submit(&app, &folder).await;
    let view = wait_for(&app, &run, RunState::Failed).await;
    assert!(view.error.as_ref().is_some_and(|error| error.contains("java")), "{view:?}");
    assert_eq!((view.exit_code, launches(&folder)), (None, 0));
    app.close().await;
}

#[tokio::test]
async fn a_run_is_cancelled_while_spark_works() {
    let bench = Bench::new();
    let folder = bench.folder("slow", &["slow"]);
    let app = bench.open().await;
    let run = submit(&app, &folder).await;
    wait_for_start(&app, &run).await;
    app.cancel(&run).await.unwrap();
    let view = wait_for(&app, &run, RunState::Cancelled).await;
    assert_eq!(view.error.as_deref(), Some("the run was cancelled"));
    assert!(view.exit_code.is_some_and(|code| code != 0));
    app.close().await;
}

#[tokio::test]
async fn a_run_that_lasts_too_long_times_out() {
    let bench = Bench::new();
    let folder = bench.folder("slow", &["slow"]);
    let app = bench.open().await;
    let limited = Submission { timeout: Some(Millis(800)), ..submission(&folder) };
    let run = app.submit(limited).await.unwrap().run.id.to_string();
    let view = wait_for(&app, &run, RunState::TimedOut).await;
    assert!(view.error.is_some_and(|error| error.contains("time-out")));
    app.close().await;
}

#[tokio::test]
async fn a_run_that_does_not_want_to_stop_holds_up_no_other() {
    let bench = Bench::new();
    let (stubborn, well) = (bench.folder("stubborn", &["stubborn"]), bench.folder("well", &[]));
    let app = bench.open().await;
    let first = submit(&app, &stubborn).await;
    wait_for_start(&app, &first).await;
    app.cancel(&first).await.unwrap();
    // Its step is in flight now, and lasts for Spark's ten seconds of grace.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let second = submit(&app, &well).await;
    wait_for(&app, &second, RunState::Succeeded).await;
    assert!(!app.run(&first).await.unwrap().state.is_final(), "it was still being stopped");
    let view = wait_for(&app, &first, RunState::Cancelled).await;
    assert_eq!(view.exit_code, Some(137));
    app.close().await;
}

#[tokio::test]
async fn a_repeated_key_starts_nothing_new() {
    let bench = Bench::new();
    let folder = bench.folder("well", &[]);
    let app = bench.open().await;
    let keyed = Submission { idempotency_key: Some("once".to_owned()), ..submission(&folder) };
    let first = app.submit(keyed.clone()).await.unwrap();
    let second = app.submit(keyed).await.unwrap();
    assert_eq!((first.existed, second.existed), (false, true));
    assert_eq!(first.run.id, second.run.id);
    wait_for(&app, first.run.id.as_str(), RunState::Succeeded).await;
    assert_eq!(launches(&folder), 1);
    app.close().await;
}

#[tokio::test]
async fn what_cannot_run_is_refused_before_it_is_recorded() {
    let bench = Bench::new();
    let folder = bench.folder("well", &[]);
    let app = bench.open().await;
    let refused = |change: fn(&mut Submission)| {
        let mut changed = submission(&folder);
        change(&mut changed);
        let app = app.clone();
        async move { app.submit(changed).await.unwrap_err() }
    };
    let relative = refused(|s| s.base_directory = "here".into()).await;
    assert!(matches!(relative, Error::BaseDirectory { .. }), "{relative:?}");
    let missing = refused(|s| s.spec = s.spec.replace("orders.csv", "gone.csv")).await;
    assert!(matches!(missing, Error::MissingInput { .. }), "{missing:?}");
    let engine = refused(|s| s.engine = Some("sail".to_owned())).await;
    assert!(matches!(engine, Error::EngineNotHere { .. }), "{engine:?}");
    let advice = refused(|s| s.apply_advice = true).await;
    assert!(matches!(advice, Error::NoAdvice { .. }), "{advice:?}");
    assert!(app.count_by_state().await.unwrap().values().all(|count| *count == 0));
    app.close().await;
}

const START: &str = r#"{"Event":"SparkListenerApplicationStart","App Name":"orders","App ID":"local-7","Timestamp":1700000000000,"User":"ada"}"#;

fn batch(run: &str, seq: u64) -> Vec<u8> {
    let head = format!(
        r#"{{"tinderbox":1,"session":"s","run":"{run}","attempt":1,"seq":{seq},"events":1}}"#
    );
    format!("{head}\n{START}\n").into_bytes()
}

#[tokio::test]
async fn events_are_taken_with_the_token_of_the_attempt_until_the_run_ends() {
    let bench = Bench::new();
    let folder = bench.folder("slow", &["slow"]);
    let app = bench.open().await;
    let run = submit(&app, &folder).await;
    wait_for_start(&app, &run).await;
    let token = fs::read_to_string(folder.join("token")).unwrap();
    let token = token.trim();
    assert_eq!(app.ingest(Some("guess"), batch(&run, 0)).await, Err(IngestRefusal::Unauthorized));
    assert_eq!(app.ingest(None, batch(&run, 0)).await, Err(IngestRefusal::Unauthorized));
    assert_eq!(app.ingest(Some(token), b"{}".to_vec()).await, Err(IngestRefusal::Malformed));
    assert_eq!(app.ingest(Some(token), batch("none", 0)).await, Err(IngestRefusal::NotWanted));
    app.ingest(Some(token), batch(&run, 0)).await.unwrap();
    let view = wait_for(&app, &run, RunState::Running).await;
    assert_eq!((view.user.as_str(), view.application_id.as_deref()), ("ada", Some("local-7")));
    assert_eq!(app.application(&run).await.unwrap().1.name, "orders");

    fs::write(folder.join("go"), "").unwrap();
    wait_until(&app, &run, |view| view.state.is_final()).await;
    assert_eq!(app.ingest(Some(token), batch(&run, 1)).await, Err(IngestRefusal::NotWanted));
    let inside = app.application(&run).await;
    assert!(matches!(inside, Err(Error::NoRecord { .. })), "the live view ends with the run");
    let stored = fs::read(bench.data_dir().join("tinderbox.sqlite")).unwrap();
    let log = fs::read(bench.data_dir().join("tinderbox.sqlite-wal")).unwrap_or_default();
    for bytes in [stored, log] {
        let holds = bytes.windows(token.len()).any(|window| window == token.as_bytes());
        assert!(!holds, "the token itself is never stored");
    }
    app.close().await;
}
