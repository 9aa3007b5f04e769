//! Whole jobs: what is written, what is refused, and what fails at a value.

use crate::equivalence::load;
use crate::spark::Spark;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tinderbox_connect::{
    ConnectProfile, Error, InteractiveSession, Job, Progress, SessionId, not_on_sail,
};

const CUSTOMERS: &str = "{\"id\": 1, \"name\": \"Ann\"}\n{\"id\": 2, \"name\": \"\"}\n{\"id\": 3}\n{\"id\": 4, \"name\": \"Dan\"}\n";

fn document(transformation: &str, sinks: &str) -> String {
    format!(
        "name: job\nquarantine: {{format: json, path: out/wrong}}\npipeline:\n  sources:\n    - {{id: customers, type: json, path: customers.json, schema: 'id BIGINT, name STRING'}}\n  transformations:\n    - {transformation}\n  sinks:\n{sinks}"
    )
}

/// The texts of all files below a folder, by the names of their folders.
fn texts(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            for (inner, text) in texts(&path) {
                found.insert(format!("{name}/{inner}"), text);
            }
        } else if !name.starts_with('_') && !name.ends_with(".crc") {
            let text = fs::read(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            *found.entry(String::new()).or_default() += &text.unwrap();
        }
    }
    found
}

async fn run(
    session: &InteractiveSession,
    folder: &Path,
    text: &str,
) -> (Result<(), Error>, Vec<String>) {
    let spec = load(text);
    let mut said = Vec::new();
    let job = Job { spec: &spec, folder, tag: "test-1" };
    let ended = session.run_job(job, |progress| match progress {
        Progress::Planned(commands) => said.push(format!("{} planned", commands.len())),
        Progress::Checked(node, results) => {
            let results = results.iter().map(|one| format!("{}={}", one.name, one.failed));
            said.push(format!("{node}: {}", results.collect::<Vec<_>>().join(" ")));
        }
        Progress::Writing(_) => {}
        Progress::Written { node, rows, .. } => said.push(format!("{node}: {rows:?}")),
        Progress::LeftAlone(node) => said.push(format!("{node}: left alone")),
    });
    (ended.await, said)
}

#[tokio::test(flavor = "multi_thread")]
async fn sinks_on_sail_are_whole_or_not_there_and_wrong_rows_are_kept() {
    let Some((sail, _folder)) = crate::start().await else { return };
    let session = InteractiveSession::open(&ConnectProfile::at(sail.url()), SessionId::random())
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("customers.json"), CUSTOMERS).unwrap();
    let kept = "{id: kept, type: filter, condition: id > 0, expectations: [{range: {column: id, max: 3}, on_fail: quarantine}, {not_null: name}]}";
    let sinks = "    - {id: a, type: parquet, path: out/a}\n    - {id: b, type: json, path: out/b, mode: ignore}\n";
    let (ended, said) = run(&session, folder.path(), &document(kept, sinks)).await;
    ended.unwrap();
    assert_eq!(said, ["2 planned", "kept: range_id=1 not_null_name=1", "a: Some(3)", "b: None"]);
    let found = texts(&folder.path().join("out"));
    assert_eq!(
        found["wrong/kept/"], "{\"id\":4,\"name\":\"Dan\",\"failed_expectations\":\"range_id\"}\n",
        "{found:?}"
    );
    assert_eq!(found["b/"], "{\"id\":1,\"name\":\"Ann\"}\n{\"id\":2,\"name\":\"\"}\n{\"id\":3}\n");

    let (ended, said) = run(
        &session,
        folder.path(),
        &document(kept, &sinks[..0]).replace(
            "  sinks:\n",
            "  sinks:\n    - {id: b, type: json, path: out/b, mode: ignore}\n",
        ),
    )
    .await;
    ended.unwrap();
    assert_eq!(said.last().unwrap(), "b: left alone");
    assert_eq!(texts(&folder.path().join("out"))["b/"], found["b/"]);

    // No rows: the folder is there, with the mark alone.
    let none = "{id: none, type: filter, condition: id > 9}";
    let (ended, said) = run(
        &session,
        folder.path(),
        &document(none, "    - {id: c, type: parquet, path: out/c}\n"),
    )
    .await;
    ended.unwrap();
    assert_eq!(said, ["1 planned", "c: Some(0)"]);
    assert!(folder.path().join("out/c/_SUCCESS").exists());

    // What Sail would write otherwise than Spark fails, and nothing of it is left.
    for (transformation, sink, words) in [
        ("{id: all, type: filter, condition: id > 0}", "csv", "a text that is empty"),
        (
            "{id: nan, type: map, columns: {v: \"CAST('NaN' AS DOUBLE)\"}}",
            "json",
            "NaN or Infinity",
        ),
    ] {
        let sink = format!("    - {{id: d, type: {sink}, path: out/d}}\n");
        let (ended, _) = run(&session, folder.path(), &document(transformation, &sink)).await;
        let error = ended.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        let left: Vec<_> = fs::read_dir(folder.path().join("out"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert!(
            left.iter().all(|name| ["a", "b", "c", "wrong"].iter().any(|known| name == known)),
            "{left:?}"
        );
    }
    session.close().await.unwrap();
}

#[test]
fn what_sail_cannot_do_is_named_without_asking_it() {
    let refused = |text: &str| not_on_sail(&load(text), Path::new("/")).join("; ");
    let plain = "{id: all, type: filter, condition: id > 0}";
    for (sink, words) in [
        ("type: file, format: orc, path: o", "the format orc"),
        ("type: csv, path: o, options: {quote: \"'\"}", "csv with the option `quote`"),
        ("type: parquet, path: 's3://b/o'", "local files only"),
        ("type: table, table: t", "table of a catalog"),
        ("type: parquet, path: 'o*'", "signs of a pattern"),
    ] {
        let said = refused(&document(plain, &format!("    - {{id: d, {sink}}}\n")));
        assert!(said.contains("`d`") && said.contains(words), "{sink}: {said}");
    }
    let sink = "    - {id: d, type: parquet, path: o}\n";
    let cased = document(plain, sink).replace("name: job\n", "name: job\nconfiguration: {sparkConf: {spark.sql.caseSensitive: 'true', spark.sql.shuffle.partitions: '8'}}\n");
    assert_eq!(refused(&cased), "it sets spark.sql.caseSensitive=true, which Sail does not follow");
    assert_eq!(refused(&document(plain, sink)), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn real_spark_a_connect_server_runs_the_same_job_and_writes_itself() {
    let Some(spark) = Spark::start("TINDERBOX_SPARK_4") else { return };
    let Some(url) = spark.url.clone() else { panic!("Spark 4 serves Spark Connect") };
    let session =
        InteractiveSession::open(&ConnectProfile::at(url), SessionId::random()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("customers.json"), CUSTOMERS).unwrap();
    let kept = "{id: kept, type: filter, condition: id > 0, expectations: [{range: {column: id, max: 3}, on_fail: drop}]}";
    let sinks = "    - {id: a, type: json, path: out/a, mode: overwrite}\n    - {id: t, type: csv, path: out/t, options: {header: 'true', quote: \"'\"}}\n";
    let (ended, said) = run(&session, folder.path(), &document(kept, sinks)).await;
    ended.unwrap();
    assert_eq!(said, ["2 planned", "kept: range_id=1", "a: None", "t: None"]);
    let found = texts(&folder.path().join("out"));
    assert_eq!(found["a/"], "{\"id\":1,\"name\":\"Ann\"}\n{\"id\":2,\"name\":\"\"}\n{\"id\":3}\n");
    assert_eq!(found["t/"], "id,name\n1,Ann\n2,\"\"\n3,\n");
    let (ended, _) = run(&session, folder.path(), &document(kept, sinks)).await;
    let error = ended.unwrap_err().to_string();
    assert!(error.contains("PATH_ALREADY_EXISTS"), "{error}");
    session.close().await.unwrap();
}
