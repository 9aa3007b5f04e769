//! The process ends at some instruction; the next one finds every run again.

use crate::bench::{Bench, SPEC, launches, submit, wait_for, wait_for_start, wait_until};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tinderbox_app::DataDir;
use tinderbox_app::model::{AttemptNumber, Bytes, RunId, RunState, TimestampMs};
use tinderbox_engine::{Host, Intent, Launch, LocalSpark, Program, Status};
use tinderbox_store::{Attempt, Run, Store};

#[tokio::test]
async fn a_run_that_goes_on_without_us_is_followed_again() {
    let bench = Bench::new();
    let folder = bench.folder("slow", &["slow"]);
    let app = bench.open().await;
    let run = submit(&app, &folder).await;
    wait_for_start(&app, &run).await;
    app.close().await;
    drop(app);

    let app = bench.open().await;
    assert!(!app.run(&run).await.unwrap().state.is_final());
    fs::write(folder.join("go"), "").unwrap();
    wait_for(&app, &run, RunState::Succeeded).await;
    assert_eq!(launches(&folder), 1);
    assert_eq!(app.run_detail(&run).await.unwrap().attempts.len(), 1);
    app.close().await;
}

#[tokio::test]
async fn a_run_that_was_cancelled_just_before_the_end_of_the_process_is_cancelled_after_it() {
    let bench = Bench::new();
    let folder = bench.folder("slow", &["slow"]);
    let app = bench.open().await;
    let run = submit(&app, &folder).await;
    wait_for_start(&app, &run).await;
    app.cancel(&run).await.unwrap();
    app.close().await;
    drop(app);
    let app = bench.open().await;
    wait_for(&app, &run, RunState::Cancelled).await;
    app.close().await;
}

/// The state of a process that died right after it had recorded its intent.
async fn leave_intent(bench: &Bench, folder: &Path) -> (Store, RunId, Intent) {
    fs::create_dir_all(bench.data_dir()).unwrap();
    let root = bench.data_dir().canonicalize().unwrap();
    let store = Store::open(&root.join("tinderbox.sqlite")).await.unwrap();
    let at = TimestampMs(1_700_000_000_000);
    let hash = store.spec_put("orders", SPEC, at).await.unwrap();
    // The marker of an attempt is looked for on the whole machine, so no two tests may share an id.
    let id = RunId::new(bench.path("").file_name().unwrap().to_string_lossy().into_owned());
    let plan = serde_json::json!({
        "parameters": {}, "base_directory": folder, "spec_name": "orders.yaml",
    });
    let run =
        Run { spec_hash: Some(hash), parameters: plan.to_string(), ..Run::new(id, "orders", at) };
    let run = store.run_create(&run).await.unwrap().run;
    let directory = DataDir::attempt(&run.id, AttemptNumber(1));
    let intent = Intent::new(root.join(&directory), &run.id, AttemptNumber(1));
    let attempt = Attempt {
        run: run.id.clone(),
        number: AttemptNumber(1),
        state: RunState::Submitting,
        identity: serde_json::json!({ "intent": intent }).to_string(),
        directory: directory.display().to_string(),
        event_log: None,
        created: at,
        ended: None,
        exit_code: None,
    };
    assert!(store.run_intent(&attempt).await.unwrap());
    (store, run.id, intent)
}

#[tokio::test]
async fn an_intent_without_a_launch_is_launched_once() {
    let bench = Bench::new();
    let folder = bench.folder("well", &[]);
    let (store, run, _) = leave_intent(&bench, &folder).await;
    store.close().await;
    let app = bench.open().await;
    wait_for(&app, run.as_str(), RunState::Succeeded).await;
    assert_eq!(launches(&folder), 1);
    app.close().await;
}

#[tokio::test]
async fn an_intent_that_was_cancelled_is_not_launched_any_more() {
    let bench = Bench::new();
    let folder = bench.folder("well", &[]);
    let (store, run, _) = leave_intent(&bench, &folder).await;
    store.run_request_cancel(&run, TimestampMs(1_700_000_000_001)).await.unwrap();
    store.close().await;
    let app = bench.open().await;
    wait_for(&app, run.as_str(), RunState::Cancelled).await;
    assert_eq!(launches(&folder), 0);
    app.close().await;
}

/// Spark started and ended well while nobody knew of it.
#[tokio::test]
async fn a_run_that_ended_before_its_launch_was_recorded_gets_its_end() {
    let bench = Bench::new();
    let folder = bench.folder("well", &[]);
    let (store, run, intent) = leave_intent(&bench, &folder).await;
    store.close().await;
    let variables: BTreeMap<_, _> = bench.variables().into_iter().collect();
    let host = Host { variables, cores: 2, memory: Bytes(8 << 30) };
    let conf = BTreeMap::new();
    let launch = Launch {
        program: Program::PySpark("pass\n"),
        working_directory: &folder,
        conf: &conf,
        master: None,
        cores: None,
        listener: None,
        secrets: BTreeMap::new(),
        environment: BTreeMap::new(),
    };
    let launched = LocalSpark::find(&host, None).unwrap().launch(&intent, &launch).unwrap();
    while launched.identity.status().unwrap() == Status::Running {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let app = bench.open().await;
    let view = wait_until(&app, run.as_str(), |view| view.state.is_final()).await;
    assert_eq!((view.state, view.exit_code), (RunState::Succeeded, Some(0)));
    assert_eq!(launches(&folder), 1, "nothing was submitted twice");
    app.close().await;
}
