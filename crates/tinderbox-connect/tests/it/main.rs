//! Sail as a child process and sessions on it. Without Sail the tests say that they did not run, and fail when
//! `TINDERBOX_REQUIRE_ALL` is set, as `make test` does.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that panics has said what it wanted to say"
)]

mod agreement;
mod analysis;
mod debugger;
mod equivalence;
#[path = "../../../tinderbox-cli/tests/it/free_port.rs"]
mod free_port;
mod graphs;
mod interactive;
mod job;
mod profile;
mod spark;
mod statement;
mod table;
mod three_ways;
#[path = "../../../tinderbox-cli/tests/it/transformation_cases.rs"]
mod transformation_cases;
mod verified;

use std::time::{Duration, Instant};
use tempfile::TempDir;
use tinderbox_connect::{Error, Limits, Query, Sail, SailEnvironment, SailLimits, Session};
use tinderbox_model::Bytes;

const LIMITS: Limits = Limits { rows: 100, bytes: Bytes(1 << 20), time: Duration::from_secs(60) };
/// Takes hours, in small steps: Sail cannot interrupt a join that keeps all its threads.
const ENDLESS: &str = "SELECT id FROM range(1000000000000000) WHERE id % 7 = 8";

#[tokio::test(flavor = "multi_thread")]
async fn sail_and_its_folder_are_gone_when_it_is_dropped() {
    let Some((sail, folder)) = start().await else { return };
    assert!(sail.is_alive());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let url = sail.url().to_owned();
    drop(sail);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let error = Session::connect(&url).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn query_that_takes_too_long_is_interrupted_and_the_session_goes_on() {
    let Some((sail, _folder)) = start().await else { return };
    let session = Session::connect(sail.url()).await.unwrap();
    let limits = Limits { time: Duration::from_millis(500), ..LIMITS };
    let error = session.run(&query(ENDLESS), limits).await.unwrap_err();
    assert!(matches!(error, Error::TooSlow { .. }), "{error}");
    // On a machine whose cores were still busy with it this would take long.
    let start = Instant::now();
    let sum = query("SELECT sum(id) FROM range(1000)");
    let answer = session.run(&sum, LIMITS).await.unwrap();
    assert_eq!(answer.rows().unwrap()[0][0], 499_500);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    session.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_beyond_its_bytes_is_an_error_and_beyond_its_rows_is_cut() {
    let Some((sail, _folder)) = start().await else { return };
    let session = Session::connect(sail.url()).await.unwrap();
    let large = query("SELECT repeat('x', 100000) FROM range(100)");
    let error = session.run(&large, LIMITS).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: Bytes(1_048_576) }), "{error}");
    let many = session.run(&query("SELECT id FROM range(100000)"), LIMITS).await.unwrap();
    assert_eq!((many.rows().unwrap().len(), many.has_more()), (100, true));
    let exact = session.run(&query("SELECT id FROM range(100)"), LIMITS).await.unwrap();
    assert_eq!((exact.rows().unwrap().len(), exact.has_more()), (100, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn address_that_is_none_is_refused() {
    for url in ["localhost:15002", "sc://host:port", "sc://"] {
        let error = Session::connect(url).await.unwrap_err();
        assert!(matches!(error, Error::BadAddress { .. }), "{url}: {error}");
    }
}

fn query(text: &str) -> Query {
    Query::parse(text, &[]).unwrap()
}

/// Sail, and the folder it is in; `None` where it is not installed.
pub async fn start() -> Option<(Sail, TempDir)> {
    let environment = std::env::var_os("TINDERBOX_SAIL").map(SailEnvironment::at);
    let Some(environment) = environment.filter(SailEnvironment::is_ready) else {
        let required = std::env::var_os("TINDERBOX_REQUIRE_ALL").is_some();
        assert!(!required, "Sail is required, and TINDERBOX_SAIL names no environment with it");
        println!("not run: TINDERBOX_SAIL names no environment with Sail");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let limits = SailLimits { memory: Bytes(1 << 30), temporary: Bytes(1 << 30) };
    Some((Sail::start(&environment, folder.path(), limits).await.unwrap(), folder))
}
