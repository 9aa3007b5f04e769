//! Logs from a history server that is slow, wrong, or cut off.

use crate::fake_http::{Answer, FakeHttp, Request};
use crate::local::{END, START, TASK};
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tinderbox_collect::{
    Access, Error, HistoryAttempt, HistoryQuery, HistoryServer, HistoryServerOptions, Location,
    Patience, UnpackLimits, read,
};
use tinderbox_model::{Bytes, TimestampMs};
use zip::write::{SimpleFileOptions, ZipWriter};

/// As Spark 3.5 answers.
const LIST: &str = r#"[ {
  "id" : "app-1", "name" : "n", "attempts" : [ {
    "attemptId" : "2", "startTime" : "2026-11-20T18:58:31.250GMT", "lastUpdatedEpoch" : 200,
    "endTimeEpoch" : 150, "completed" : true
  }, { "attemptId" : "1", "lastUpdatedEpoch" : 100, "endTimeEpoch" : 90, "completed" : true } ]
}, {
  "id" : "app 2/x", "attempts" : [ { "lastUpdatedEpoch" : 300, "endTimeEpoch" : -1, "completed" : false } ]
} ]"#;

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = SimpleFileOptions::default();
        match name.strip_suffix('/') {
            Some(folder) => zip.add_directory(folder, options).unwrap(),
            None => {
                zip.start_file(*name, options).unwrap();
                zip.write_all(bytes).unwrap();
            }
        }
    }
    zip.finish().unwrap().into_inner()
}

fn options() -> HistoryServerOptions {
    HistoryServerOptions {
        patience: Patience { tries: 4, first_wait: Duration::from_millis(5) },
        ..HistoryServerOptions::default()
    }
}

fn connect(server: &FakeHttp) -> HistoryServer {
    HistoryServer::new(&server.url(), &Access::default(), &options()).unwrap()
}

fn attempt(server: &FakeHttp) -> HistoryAttempt {
    HistoryAttempt {
        application: "app-1".to_owned(),
        attempt: None,
        last_updated: TimestampMs(1),
        is_completed: true,
        url: format!("{}/api/v1/applications/app-1", server.url()),
    }
}

fn download(server: &FakeHttp, folder: &TempDir) -> Result<PathBuf, Error> {
    connect(server).download(&attempt(server), folder.path(), &|_| {})
}

fn tasks(path: &Path) -> usize {
    let mut tasks = 0;
    let application = read(&path.into(), &mut |_| tasks += 1).unwrap();
    assert!(application.completeness.ended && !application.completeness.is_partial());
    tasks
}

/// Answers the first requests with `failures`, the others with `answer`.
fn failing(failures: Vec<Answer>, answer: Answer) -> FakeHttp {
    let number = AtomicU32::new(0);
    FakeHttp::start(move |_| {
        let at = number.fetch_add(1, Ordering::Relaxed) as usize;
        failures.get(at).unwrap_or(&answer).clone()
    })
}

fn whole() -> Vec<u8> {
    archive(&[("app-1", format!("{START}{TASK}{END}").as_bytes())])
}

#[test]
fn all_attempts_are_listed_with_what_tells_that_they_changed() {
    let server = FakeHttp::start(|_| Answer::ok(LIST));
    let query = HistoryQuery {
        since: Some("2026-11-01".to_owned()),
        limit: Some(5),
        status: Some("completed".to_owned()),
    };
    let attempts = connect(&server).attempts(&query).unwrap();
    let shown: Vec<_> = attempts
        .iter()
        .map(|a| (a.url.strip_prefix(&server.url()).unwrap(), a.last_updated.0, a.is_completed))
        .collect();
    assert_eq!(
        shown,
        [
            ("/api/v1/applications/app-1/2", 200, true),
            ("/api/v1/applications/app-1/1", 100, true),
            ("/api/v1/applications/app%202%2Fx", 300, false),
        ]
    );
    assert_eq!(
        server.requests()[0].target,
        "/api/v1/applications?minDate=2026-11-01&limit=5&status=completed"
    );
}

#[test]
fn single_files_and_rolling_logs_are_unpacked() {
    for (files, path, num_tasks) in [
        (vec![("app-1", format!("{START}{TASK}{END}"))], "app-1", 1),
        (
            vec![
                ("eventlog_v2_app-1/", String::new()),
                ("eventlog_v2_app-1/appstatus_app-1", String::new()),
                ("eventlog_v2_app-1/events_1_app-1", START.to_owned()),
                ("eventlog_v2_app-1/events_2_app-1", format!("{TASK}{TASK}{END}")),
            ],
            "eventlog_v2_app-1",
            2,
        ),
    ] {
        let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
        let server = failing(Vec::new(), Answer::ok(archive(&files)));
        let folder = tempfile::tempdir().unwrap();
        let unpacked = download(&server, &folder).unwrap();
        assert!(unpacked.ends_with(path), "{unpacked:?}");
        assert_eq!(tasks(&unpacked), num_tasks);
        assert!(!folder.path().join("logs.zip").exists(), "the archive is gone");
    }
}

#[test]
fn a_server_that_is_busy_is_asked_again() {
    let failures = vec![
        Answer::status(503, "starting"),
        Answer {
            headers: vec![("Retry-After".to_owned(), "0".to_owned())],
            ..Answer::status(429, "")
        },
    ];
    let server = failing(failures, Answer::ok(whole()));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(tasks(&download(&server, &folder).unwrap()), 1);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_download_that_was_cut_is_started_again() {
    let bytes = whole();
    let length = ("Content-Length".to_owned(), (bytes.len() / 2).to_string());
    let failures = vec![
        Answer { cut_at: Some(bytes.len() / 2), ..Answer::ok(bytes.clone()) },
        // Cut in front of the server, which then looks complete.
        Answer { headers: vec![length], ..Answer::ok(&bytes[..bytes.len() / 2]) },
    ];
    let server = failing(failures, Answer::ok(bytes));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(tasks(&download(&server, &folder).unwrap()), 1);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn what_is_no_archive_is_given_up_with_the_reason() {
    let server = failing(Vec::new(), Answer::ok("<html>please log in</html>"));
    let folder = tempfile::tempdir().unwrap();
    let error = download(&server, &folder).unwrap_err();
    assert!(error.to_string().contains("no whole zip file"), "{error}");
    assert_eq!(server.requests().len(), 4, "as often as patience says");
    let error = connect(&server).attempts(&HistoryQuery::default()).unwrap_err();
    assert!(error.to_string().contains("no list of applications"), "{error}");
}

#[test]
fn a_refusal_is_not_repeated() {
    for (status, hint) in [(401, "--header-file"), (403, "--bearer-token-variable"), (404, "URL")] {
        let server = failing(Vec::new(), Answer::status(status, "unknown app: app-1"));
        let folder = tempfile::tempdir().unwrap();
        let error = download(&server, &folder).unwrap_err();
        assert!(
            error.to_string().contains(&format!("answered {status}: unknown app: app-1")),
            "{error}"
        );
        assert!(error.hint().contains(hint), "{}", error.hint());
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_server_that_stays_away_is_an_error_after_some_tries() {
    let server = failing(Vec::new(), Answer::status(500, ""));
    let error = connect(&server).attempts(&HistoryQuery::default()).unwrap_err();
    assert!(matches!(error, Error::Answer { status: 500, .. }), "{error}");
    assert_eq!(server.requests().len(), 4);
    let url = server.url();
    drop(server);
    let gone = HistoryServer::new(&url, &Access::default(), &options()).unwrap();
    let error = gone.attempts(&HistoryQuery::default()).unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
}

#[test]
fn archives_do_not_grow_without_limit_nor_leave_their_folder() {
    let zeros = vec![0; 5_000_000];
    let limits = UnpackLimits { unpacked: Bytes(1_000_000), files: 3 };
    for (files, reason) in [
        (vec![("bomb", zeros.as_slice())], "--max-log-size"),
        (vec![("../outside", b"x".as_slice())], "the path `../outside`"),
        (vec![("/etc/passwd", b"x".as_slice())], "the path `/etc/passwd`"),
        (vec![("a/b/c", b"x".as_slice())], "the path `a/b/c`"),
        (vec![("a", b"x".as_slice()), ("b", b"x")], "several event logs"),
        (
            vec![("f/1", b"".as_slice()), ("f/2", b""), ("f/3", b""), ("f/4", b"")],
            "more than 3 files",
        ),
        (vec![], "it is empty"),
    ] {
        let server = failing(Vec::new(), Answer::ok(archive(&files)));
        let folder = tempfile::tempdir().unwrap();
        let source = HistoryServer::new(
            &server.url(),
            &Access::default(),
            &HistoryServerOptions { limits, ..options() },
        );
        let error =
            source.unwrap().download(&attempt(&server), folder.path(), &|_| {}).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert_eq!(server.requests().len(), 1, "{reason}: another download would be the same");
    }
}

#[test]
fn redirects_are_followed_on_the_same_host_only() {
    let other = FakeHttp::start(|_| Answer::ok(LIST));
    let target = other.url();
    let moved = move |request: &Request| {
        let location = match request.target.as_str() {
            "/old/api/v1/applications" => "/api/v1/applications".to_owned(),
            "/elsewhere/api/v1/applications" => target.replace("127.0.0.1", "localhost"),
            _ => return Answer::ok(LIST),
        };
        Answer { headers: vec![("Location".to_owned(), location)], ..Answer::status(302, "") }
    };
    let server = FakeHttp::start(moved);
    let at = |path: &str| {
        let url = format!("{}{path}", server.url());
        HistoryServer::new(&url, &Access::default(), &options()).unwrap()
    };
    assert_eq!(at("/old/").attempts(&HistoryQuery::default()).unwrap().len(), 3);
    let error = at("/elsewhere").attempts(&HistoryQuery::default()).unwrap_err();
    assert!(error.to_string().contains("another host"), "{error}");
    assert!(other.requests().is_empty());
}

#[test]
fn credentials_are_sent_and_not_shown() {
    let server = FakeHttp::start(|request| match request.header("authorization") {
        Some("Basic dXNlcjpodW50ZXIy") => Answer::ok("[]"),
        _ => Answer::status(401, "who are you"),
    });
    let basic = Some(("user".to_owned(), "hunter2".to_owned()));
    let options = HistoryServerOptions { basic, ..options() };
    let source = HistoryServer::new(&server.url(), &Access::default(), &options).unwrap();
    assert!(source.attempts(&HistoryQuery::default()).unwrap().is_empty());
    assert!(!format!("{source:?} {options:?}").contains("hunter2"));
    let error =
        HistoryServer::new("http://history.example", &Access::default(), &options).unwrap_err();
    assert!(error.to_string().contains("use https"), "{error}");
    let error =
        HistoryServer::new("https://u:hunter2@history.example", &Access::default(), &options);
    assert!(!error.unwrap_err().to_string().contains("hunter2"));
}

#[test]
fn no_header_is_sent_without_encryption_but_to_this_machine() {
    let server = FakeHttp::start(|request| match request.header("cookie") {
        Some("session=hunter2") => Answer::ok("[]"),
        _ => Answer::status(401, "who are you"),
    });
    let headers = vec![("Cookie".to_owned(), "session=hunter2".to_owned())];
    let with_cookie = HistoryServerOptions { headers, ..options() };
    let open = |url: &str| HistoryServer::new(url, &Access::default(), &with_cookie);
    let source = open(&server.url()).unwrap();
    assert!(source.attempts(&HistoryQuery::default()).unwrap().is_empty());
    let error = open("http://history.example").unwrap_err();
    assert!(error.to_string().contains("use https"), "{error}");
    open("https://history.example").unwrap();
    HistoryServer::new("http://history.example", &Access::default(), &options()).unwrap();
    let headers = vec![("no name".to_owned(), String::new())];
    let wrong = HistoryServerOptions { headers, ..options() };
    let error = HistoryServer::new("https://history.example", &Access::default(), &wrong);
    let hint = error.unwrap_err().hint();
    assert!(hint.contains("--header-file") && !hint.contains("AWS_"), "{hint}");
}

#[test]
fn lists_are_read_up_to_a_limit() {
    let server = FakeHttp::start(|_| Answer::ok(LIST));
    let length = u64::try_from(LIST.len()).unwrap();
    let at_most = |bytes| {
        let options = HistoryServerOptions { max_list: Bytes(bytes), ..options() };
        let source = HistoryServer::new(&server.url(), &Access::default(), &options).unwrap();
        source.attempts(&HistoryQuery::default())
    };
    assert_eq!(at_most(length).unwrap().len(), 3);
    let error = at_most(length - 1).unwrap_err();
    assert!(error.to_string().contains("larger than") && error.to_string().contains("--limit"));
    assert_eq!(server.requests().len(), 2, "another try would be the same");
}

#[test]
fn bytes_are_counted_as_they_come() {
    let bytes = archive(&[("app-1", START.repeat(1_000).as_bytes())]);
    let size = bytes.len() as u64;
    let server = failing(Vec::new(), Answer::ok(bytes));
    let folder = tempfile::tempdir().unwrap();
    let counted = Arc::new(AtomicU64::new(0));
    let path = connect(&server)
        .download(&attempt(&server), folder.path(), &|bytes| {
            counted.fetch_add(bytes.0, Ordering::Relaxed);
        })
        .unwrap();
    assert_eq!(counted.load(Ordering::Relaxed), size);
    assert!(matches!(Location::Local(path).name().as_str(), "app-1"));
}
