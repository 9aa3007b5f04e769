//! `kill -9` between acknowledged writes.

use crate::{attempt, run};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tinderbox_model::{RunId, RunState};
use tinderbox_store::Store;

/// In the environment of the process that is to be killed: the database it writes.
const VICTIM: &str = "TINDERBOX_STORE_CRASH_TEST";

/// Starts itself a second time as the victim, which acknowledges every write on its standard output.
#[test]
fn a_killed_process_loses_no_acknowledged_write() {
    if let Some(path) = std::env::var_os(VICTIM) {
        return write_until_killed(&PathBuf::from(path));
    }
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("t.db");
    let mut acknowledged = Vec::new();
    for writes in [40, 1, 150] {
        acknowledged.extend(kill_after(&path, writes));
    }
    assert!(acknowledged.len() >= 191);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(&path).await.expect("opens after the kills");
        for id in &acknowledged {
            let run = store.run_get(&RunId::new(id)).await.expect("reads").expect(id);
            assert_eq!(run.state, RunState::Submitting, "{id}");
            let attempt = store.attempt_latest(&run.id).await.expect("reads").expect(id);
            assert_eq!(attempt.identity, format!("{{\"token\":\"{id}-1\"}}"));
        }
        assert_eq!(store.counts_check().await.expect("checks"), []);
        // What was not acknowledged may be there or not, but never by half.
        for run in store.run_unfinished().await.expect("lists") {
            let attempts = store.attempt_list(&run.id).await.expect("lists").len();
            assert_eq!(attempts, usize::from(run.state == RunState::Submitting), "{}", run.id);
        }
    });
}

/// Answers the ids that the victim acknowledged, at least `writes` of them.
fn kill_after(path: &Path, writes: usize) -> Vec<String> {
    let mut victim = Command::new(std::env::current_exe().expect("has a path"))
        .args(["--exact", "crash::a_killed_process_loses_no_acknowledged_write", "--nocapture"])
        .env(VICTIM, path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let output = victim.stdout.take().expect("is piped");
    let mut ids = Vec::new();
    let mut killed = false;
    for line in BufReader::new(output).lines() {
        let line = line.expect("is text");
        // The test harness writes lines of its own; one that the kill cut off has no full stop.
        let id = line.strip_prefix("stored ").and_then(|rest| rest.strip_suffix('.'));
        ids.extend(id.map(String::from));
        if ids.len() >= writes && !killed {
            victim.kill().expect("kills");
            killed = true;
        }
    }
    let status = victim.wait().expect("waits");
    assert!(killed && !status.success(), "the victim ended by itself: {status}");
    ids
}

fn write_until_killed(path: &Path) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(path).await.expect("opens");
        let process = std::process::id();
        let writers = (0..4).map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                // Ends by itself some time after a parent that forgot to kill it.
                for n in 0..100_000 {
                    let id = format!("{process}-{writer}-{n}");
                    store.run_create(&run(&id)).await.expect("creates");
                    assert!(store.run_intent(&attempt(&id, 1)).await.expect("records"));
                    let mut output = std::io::stdout().lock();
                    writeln!(output, "stored {id}.").expect("writes");
                    output.flush().expect("flushes");
                }
            })
        });
        futures::future::join_all(writers).await;
    });
}
