//! `collect` and `collect-from-history-server`, the latter from Spark's own server.

use crate::history_server::HistoryServer;
use crate::place::{Place, Server, Spark, free_address};
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tinderbox-spark/tests/fixtures")
}

fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        std::fs::copy(from, to).unwrap();
        return;
    }
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

/// A log directory with the logs of these fixtures.
fn logs(place: &Place, names: &[&str]) -> PathBuf {
    let folder = place.path("logs");
    std::fs::create_dir_all(&folder).unwrap();
    for name in names {
        let (_, log) = name.split_once('/').unwrap();
        copy(&fixtures().join(name), &folder.join(log));
    }
    folder
}

#[test]
fn collecting_twice_changes_nothing_and_failures_come_with_hints() {
    let place = Place::new();
    let logs = logs(&place, &["spark-3.5-small/local-1795203071921"]);
    copy(
        &fixtures().join("spark-4.3-sql/eventlog_v2_local-1795203102538"),
        &logs.join("2026/11/eventlog_v2_local-1795203102538"),
    );
    std::fs::write(logs.join("notes"), "no log\n").unwrap();
    std::os::unix::fs::symlink("nowhere", logs.join("dangling")).unwrap();
    let url = format!("file://{}", logs.display());
    let arguments = ["collect", "--event-log-dir", &url];
    let done = place.ask_json(&arguments);
    assert_eq!(
        (done["collected"].as_u64(), done["unchanged"].as_u64()),
        (Some(1), Some(0)),
        "{done}"
    );
    let failed = done["failed"].as_array().unwrap();
    assert_eq!(failed.len(), 2, "{done}");
    assert!(failed.iter().all(|failure| failure["hint"].is_string()), "{done}");
    let recursive = [&arguments[..], &["--recursive"]].concat();
    let done = place.ask_json(&recursive);
    assert_eq!(
        (done["collected"].as_u64(), done["unchanged"].as_u64()),
        (Some(1), Some(1)),
        "{done}"
    );
    let output = place.ask(&recursive);
    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("dangling") && said.contains("hint: "), "{said}");
    // The same when a server owns the data directory.
    let _server = Server::start(&place, free_address());
    let done = place.ask_json(&recursive);
    assert_eq!(
        (done["collected"].as_u64(), done["unchanged"].as_u64()),
        (Some(0), Some(2)),
        "{done}"
    );
}

#[test]
fn nothing_to_read_is_an_error_only_when_there_was_something() {
    let place = Place::new();
    let folder = place.path("logs");
    std::fs::create_dir(&folder).unwrap();
    let arguments = ["collect", "--event-log-dir", folder.to_str().unwrap()];
    assert_eq!(place.ask(&arguments).status.code(), Some(0), "an empty directory");
    std::fs::write(folder.join("notes"), "no log\n").unwrap();
    assert_eq!(place.ask(&arguments).status.code(), Some(2));
    let gone = place.path("gone");
    let output = place.ask(&["collect", "--event-log-dir", gone.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("does not exist") && said.contains("hint: "), "{said}");
    let output = place.ask(&["collect", "--event-log-dir", "hdfs://name/logs"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("s3://"));
}

#[test]
fn credentials_of_a_history_server_come_from_variables_only() {
    let place = Place::new();
    let arguments = [
        "collect-from-history-server",
        "--history-server-url",
        "http://127.0.0.1:1",
        "--bearer-token-variable",
        "NO_SUCH_VARIABLE",
    ];
    let output = place.ask(&arguments);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("NO_SUCH_VARIABLE is not set"), "{said}");
}

#[test]
fn real_spark_logs_come_from_the_history_server_of_spark_3_5() {
    if let Some(spark) = Spark::three() {
        from_history_server(
            &spark,
            &[
                "spark-3.5-small/local-1795203071921",
                "spark-3.5-sql/local-1795203063428.zstd",
                "spark-3.5-cluster/eventlog_v2_app-20261120193117-0000",
            ],
        );
    }
}

#[test]
fn real_spark_logs_come_from_the_history_server_of_spark_4() {
    if let Some(spark) = Spark::four() {
        from_history_server(
            &spark,
            &[
                "spark-4.3-cluster/eventlog_v2_app-20261120193157-0000",
                "spark-4.3-sql/eventlog_v2_local-1795203102538",
            ],
        );
    }
}

fn from_history_server(spark: &Spark, names: &[&str]) {
    let place = Place::new();
    let folder = logs(&place, names);
    let history = HistoryServer::start(spark, &folder, &place.path("history.log"));
    let count = names.len() as u64;
    crate::place::wait_for("all applications", std::time::Duration::from_secs(60), || {
        let list = history.get("/api/v1/applications");
        (list.as_array()?.len() == names.len()).then_some(())
    });
    let url = history.url("");
    let arguments = ["collect-from-history-server", "--history-server-url", &url];
    let done = place.ask_json(&arguments);
    assert_eq!(done["collected"].as_u64(), Some(count), "{done}");
    let done = place.ask_json(&arguments);
    assert_eq!((done["collected"].as_u64(), done["unchanged"].as_u64()), (Some(0), Some(count)));
    let mut theirs: Vec<String> = history
        .get("/api/v1/applications")
        .as_array()
        .unwrap()
        .iter()
        .map(|application| application["id"].as_str().unwrap().to_owned())
        .collect();
    let jobs = place.ask_json(&["jobs"]);
    let mut ours: Vec<String> = jobs["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["application_id"].as_str().unwrap().to_owned())
        .collect();
    theirs.sort();
    ours.sort();
    assert_eq!(ours, theirs);
    assert!(!place.home().join("downloads").exists(), "nothing is left of the downloads");
    let limited = place.ask_json(&[&arguments[..], &["--limit", "1"]].concat());
    assert_eq!(limited["unchanged"].as_u64(), Some(1), "{limited}");
}
