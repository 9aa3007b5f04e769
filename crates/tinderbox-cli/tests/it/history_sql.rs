//! `tinderbox history sql` as it is typed.

use crate::place::{Place, Server, free_address};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Takes hours.
const ENDLESS: &str = "SELECT sum(a.id * b.id) FROM range(10000000) a CROSS JOIN range(10000000) b";

#[test]
fn sql_is_answered_in_three_forms_also_beside_a_server() {
    if !has_sail() {
        return;
    }
    let place = Place::new();
    let _server = Server::start(&place, free_address());
    let query = "SELECT id, CAST(NULL AS STRING) AS n, 'a,b' AS t FROM range(3) ORDER BY id";
    let text = sql(&place, &[query, "--limit", "2"]);
    assert_eq!(out(&text), "id  n     t\n 0  NULL  a,b\n 1  NULL  a,b\n");
    assert!(err(&text).contains("only the first 2 rows"), "{}", err(&text));
    let csv = sql(&place, &[query, "--format", "csv"]);
    assert_eq!(out(&csv), "id,n,t\n0,,\"a,b\"\n1,,\"a,b\"\n2,,\"a,b\"\n");
    assert_eq!(err(&csv), "");
    let answer: serde_json::Value =
        serde_json::from_slice(&sql(&place, &[query, "--format", "json"]).stdout).unwrap();
    assert_eq!(answer["columns"][0], serde_json::json!({"name": "id", "type": "bigint"}));
    assert_eq!(answer["rows"][2], serde_json::json!([2, null, "a,b"]));
}

#[test]
fn bad_questions_end_with_exit_code_2_and_what_to_do() {
    let place = Place::new();
    for (arguments, says) in [
        (
            &["SELECT * FROM parquet.`/etc`"][..],
            "hint: tables here: tasks, applications, stages, executors, operators",
        ),
        (&["SET a = 1"], "hint: give one SELECT"),
        (&["SELECT 1", "--on", "yarn"], "hint: leave --on out for Sail"),
        (&["SELECT 1", "--server", "http://127.0.0.1:1"], "hint: type it on the server's machine"),
        (&["SELECT 1", "--limit", "0"], "0 is not in 1..=1000000"),
        (&["SELECT * FROM tasks"], "hint: fill it with `tinderbox collect"),
    ] {
        let output = sql(&place, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(says), "{arguments:?}: {}", err(&output));
        assert_eq!(out(&output), "");
    }
    assert!(!place.home().exists(), "a question makes no data directory");
}

#[test]
fn missing_sail_is_named_with_the_command_that_installs_it() {
    let place = Place::new();
    drop(Server::start(&place, free_address()));
    let mut command = place.tinderbox();
    command.args(["history", "sql", "SELECT 1"]).env("TINDERBOX_SAIL", place.path("none"));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("hint: tinderbox engine install sail"), "{}", err(&output));
}

#[test]
fn help_says_how_to_replace_a_history_server() {
    let help = Place::new().ask(&["history", "--help"]);
    let help = out(&help);
    for word in ["three steps", "serve", "--event-log-dir", "/api/v1", "sql"] {
        assert!(help.contains(word), "{word}: {help}");
    }
}

#[test]
fn sail_ends_with_the_command_that_is_killed() {
    if !has_sail() {
        return;
    }
    let place = Place::new();
    drop(Server::start(&place, free_address()));
    let mut command = place.tinderbox();
    command.args(["history", "sql", ENDLESS]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut command = command.spawn().unwrap();
    let sail = wait_for(|| child_of(command.id()));
    command.kill().unwrap();
    command.wait().unwrap();
    wait_for(|| (!PathBuf::from(format!("/proc/{sail}/exe")).exists()).then_some(()));
}

fn sql(place: &Place, arguments: &[&str]) -> Output {
    place.ask(&[&["history", "sql"], arguments].concat())
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The process of Sail once it listens, started by `parent`: `setpriv` and `prlimit` have become it by then.
pub fn child_of(parent: u32) -> Option<u32> {
    let mut ps = Command::new("ps");
    let output = ps.args(["-o", "pid=,args=", "--ppid", &parent.to_string()]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| line.contains("pysail") && !line.contains("setpriv"))?;
    line.split_whitespace().next()?.parse().ok()
}

pub fn wait_for<T>(mut holds: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = holds() {
            return value;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "waited in vain");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn has_sail() -> bool {
    let folder = std::env::var_os("TINDERBOX_SAIL").map(PathBuf::from);
    let found = folder.is_some_and(|folder| folder.join("bin/python").exists());
    let required = std::env::var_os("TINDERBOX_REQUIRE_ALL").is_some();
    assert!(found || !required, "TINDERBOX_SAIL names no environment; run scripts/setup.sh test");
    if !found {
        println!("not run: TINDERBOX_SAIL names no environment");
    }
    found
}
