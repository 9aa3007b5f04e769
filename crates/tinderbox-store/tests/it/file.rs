//! What can be wrong with a file on disk.

use crate::run;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use tinderbox_model::{RunId, WorkspaceId};
use tinderbox_store::{CountDifference, Error, RunFilter, Store};

/// Another program's way to the same file.
async fn stranger(path: &Path) -> DatabaseConnection {
    Database::connect(format!("sqlite://{}", path.display())).await.expect("connects")
}

/// A closed database with one run.
async fn with_one_run(path: &Path) {
    let store = Store::open(path).await.expect("opens");
    store.run_create(&run("a")).await.expect("creates");
    store.close().await;
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let dir = tempfile::tempdir().expect("a folder");
    // Characters that mean something in an address.
    let path = dir.path().join("a%20b?c#d.db");
    with_one_run(&path).await;
    assert!(path.is_file());
    let store = Store::open(&path).await.expect("opens again");
    assert_eq!(store.run_get(&RunId::new("a")).await.expect("reads"), Some(run("a")));
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(&dir.path().join("t.db")).await.expect("opens");
    store.close().await;
    assert!(matches!(store.run_create(&run("a")).await, Err(Error::Closed { .. })));
    assert!(matches!(store.run_unfinished().await, Err(Error::Closed { .. })));
    store.close().await;
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("t.db");
    with_one_run(&path).await;
    let other = stranger(&path).await;
    other
        .execute_unprepared("INSERT INTO schema_steps VALUES (999, 'later', '9.0.0')")
        .await
        .expect("inserts");
    other.close().await.expect("closes");
    let before = std::fs::read(&path).expect("reads");
    let Err(error) = Store::open(&path).await else { panic!("opened a newer schema") };
    assert!(error.to_string().contains("was made by a newer Tinderbox: its schema is number 999"));
    assert!(error.hint().is_some_and(|hint| hint.contains("newer program")));
    assert_eq!(std::fs::read(&path).expect("reads"), before);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("t.db");
    let text = "jobs:\n".repeat(1_000);
    std::fs::write(&path, &text).expect("writes");
    let Err(error) = Store::open(&path).await else { panic!("opened a text file") };
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    assert_eq!(std::fs::read_to_string(&path).expect("reads"), text);
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("none").join("t.db");
    let Err(error) = Store::open(&path).await else { panic!("opened nothing") };
    assert!(matches!(error, Error::Open { .. }), "{error:?}");
    assert!(error.to_string().contains(&path.display().to_string()));
    assert!(error.hint().is_some());
}

#[tokio::test]
async fn damage_is_reported_as_such() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("t.db");
    with_one_run(&path).await;
    let size = std::fs::metadata(&path).expect("exists").len();
    let mut file = std::fs::File::options().write(true).open(&path).expect("opens");
    // Everything but the first page, which holds the schema's beginning.
    file.seek(SeekFrom::Start(4_096)).expect("seeks");
    let rest = usize::try_from(size).expect("small") - 4_096;
    file.write_all(&vec![0xa5; rest]).expect("writes");
    drop(file);
    let error = match Store::open(&path).await {
        Err(error) => error,
        Ok(store) => store.run_get(&RunId::new("a")).await.expect_err("is damaged"),
    };
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains("backup")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_of_another_program_is_reported_and_waited_out() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("t.db");
    let store = Store::open(&path).await.expect("opens");
    let other = stranger(&path).await;
    other.execute_unprepared("BEGIN IMMEDIATE").await.expect("locks");
    let error = store.run_create(&run("a")).await.expect_err("is locked");
    assert!(matches!(error, Error::Locked { .. }), "{error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains("other program")));
    assert_eq!(store.run_unfinished().await.expect("readers do not wait"), []);
    other.execute_unprepared("ROLLBACK").await.expect("unlocks");
    store.run_create(&run("a")).await.expect("creates");
}

#[tokio::test]
async fn a_word_of_a_later_version_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("t.db");
    with_one_run(&path).await;
    let other = stranger(&path).await;
    other.execute_unprepared("UPDATE runs SET state = 'dancing'").await.expect("updates");
    other.close().await.expect("closes");
    let store = Store::open(&path).await.expect("opens");
    let error = store.run_get(&RunId::new("a")).await.expect_err("cannot be read");
    assert_eq!(error.to_string(), "row a of table runs has \"dancing\" in column state");
}

#[tokio::test]
async fn wrong_counters_are_shown_and_repaired() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("t.db");
    with_one_run(&path).await;
    let other = stranger(&path).await;
    other.execute_unprepared("UPDATE run_counts SET num_runs = 7").await.expect("updates");
    let insert = "INSERT INTO run_counts VALUES ('w', 'lost', 'batch', '', 'launched', 2)";
    other.execute_unprepared(insert).await.expect("inserts");
    other.close().await.expect("closes");
    let store = Store::open(&path).await.expect("opens");
    let difference = |counter: [&str; 5], stored, counted| CountDifference {
        counter: counter.map(String::from),
        stored,
        counted,
    };
    let expected = [
        difference(["default", "queued", "batch", "", "launched"], 7, 1),
        difference(["w", "lost", "batch", "", "launched"], 2, 0),
    ];
    assert_eq!(store.counts_check().await.expect("checks"), expected);
    assert_eq!(store.counts_repair().await.expect("repairs"), expected);
    assert_eq!(store.counts_check().await.expect("checks"), []);
    assert_eq!(store.run_count(&RunFilter::default()).await.expect("counts"), 1);
}

#[tokio::test]
async fn an_upgrade_that_is_interrupted_begins_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("t.db");
    with_one_run(&path).await;
    // As it was before there were rollups, with a run on which the upgrade stops.
    let older = [
        "DELETE FROM schema_steps WHERE number > 2",
        "DELETE FROM run_rollups",
        "DELETE FROM rollups",
        "DELETE FROM run_tokens",
        "UPDATE runs SET state = 'dancing'",
    ];
    let other = stranger(&path).await;
    for statement in older {
        other.execute_unprepared(statement).await.expect("changes");
    }
    other.close().await.expect("closes");
    let Err(error) = Store::open(&path).await else { panic!("counted a state that is none") };
    assert!(matches!(error, Error::Row { .. }), "{error:?}");
    let other = stranger(&path).await;
    other.execute_unprepared("UPDATE runs SET state = 'queued'").await.expect("updates");
    other.close().await.expect("closes");
    let store = Store::open(&path).await.expect("opens");
    assert_eq!(store.rollups_check().await.expect("checks"), []);
    let found = store.run_search(&WorkspaceId::default(), "run", 10).await.expect("searches");
    assert_eq!(found.len(), 1);
}
