//! Bad input: a sentence that says what to do, the right exit code, nothing half-written. No Spark needed.

use crate::place::{Place, bare, free_address};
use std::net::TcpListener;
use std::process::Output;

const SPEC: &str = "name: bad
pipeline:
  sources:
    - {id: orders, type: file, format: csv, path: orders.csv}
  transformations:
    - {id: big, type: filter, input: orders, condition: amount > 10}
  sinks:
    - {type: file, format: parquet, path: out}
";

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Checks a changed spec and gives what is said.
fn check(from: &str, to: &str) -> String {
    let place = Place::new();
    assert!(SPEC.contains(from), "{from}");
    place.write("bad.yaml", &SPEC.replace(from, to));
    let output = place
        .tinderbox()
        .current_dir(place.dir.path())
        .args(["check", "bad.yaml"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(!place.home().exists(), "a check needs no data directory");
    stderr(&output)
}

#[test]
fn spec_errors_name_file_line_column_and_the_nearest_word() {
    for (from, to, place, says) in [
        ("type: filter", "type: fliter", "bad.yaml:6:", "filter"),
        ("input: orders", "input: order", "bad.yaml:6:", "orders"),
        ("condition: amount > 10", "condition: [1]", "bad.yaml:6:", "condition"),
        (
            "type: filter, input: orders, condition: amount > 10",
            "type: join, input: [orders, orders], how: inner",
            "bad.yaml:6:",
            "on",
        ),
        ("input: orders, condition", "input: big, condition", "bad.yaml:6:", "big"),
    ] {
        let said = check(from, to);
        assert!(said.contains(place) && said.contains(says), "{to}: {said}");
        assert_eq!(said.matches(": error[").count(), 1, "one clear error: {said}");
    }
}

#[test]
fn a_missing_spec_is_named() {
    let place = Place::new();
    let output = place.ask(&["run", "nowhere.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("nowhere.yaml") && stderr(&output).contains("hint:"));
    assert!(!place.home().exists(), "nothing was written");
}

#[test]
fn specs_that_are_no_text_of_a_fitting_size_cannot_be_read() {
    let place = Place::new();
    let mut utf_16 = vec![0xff, 0xfe];
    utf_16.extend("name: job\n".encode_utf16().flat_map(u16::to_le_bytes));
    for (bytes, says) in [
        (vec![b'['; 10_000_000], "more than 1.0 MiB"),
        (utf_16, "line 1 is no UTF-8"),
        (b"name: job\ndescription: gr\xf6\xdfer\n".to_vec(), "line 2 is no UTF-8"),
        (vec![0x89, b'P', b'N', b'G', 0xff], "line 1 is no UTF-8"),
    ] {
        let path = place.path("job.yaml");
        std::fs::write(&path, bytes).unwrap();
        let path = path.to_str().unwrap();
        for command in ["check", "compile", "run"] {
            let start = std::time::Instant::now();
            let output = place.ask(&[command, path]);
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(2), "{command}: {said}");
            assert!(said.contains(says) && said.contains("hint: "), "{command}: {said}");
            assert!(start.elapsed() < std::time::Duration::from_secs(20), "{:?}", start.elapsed());
        }
    }
    let endless = place.ask(&["check", "/dev/zero"]);
    assert_eq!(endless.status.code(), Some(2), "{}", stderr(&endless));
    let folder = place.ask(&["check", place.dir.path().to_str().unwrap()]);
    assert_eq!(folder.status.code(), Some(2), "{}", stderr(&folder));
    assert!(!place.home().exists(), "nothing was begun");
}

#[test]
fn a_missing_source_file_is_named_before_anything_starts() {
    let place = Place::new();
    let spec = place.write("bad.yaml", SPEC);
    let output = place.ask(&["run", spec.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("orders.csv") && stderr(&output).contains("hint:"),
        "{}",
        stderr(&output)
    );
    assert_eq!(place.ask_json(&["jobs"])["pagination"]["total"], 0, "no run was recorded");
}

/// A place whose source exists, so that only the environment is missing.
fn ready() -> (Place, String) {
    let place = Place::new();
    let spec = place.write("bad.yaml", SPEC);
    place.write("orders.csv", "amount\n1\n");
    (place, spec.display().to_string())
}

#[test]
fn no_spark_is_said_with_what_to_install() {
    let (place, spec) = ready();
    let empty = place.path("empty");
    std::fs::create_dir(&empty).unwrap();
    let output = place
        .tinderbox()
        .args(["run", &spec])
        .env("TINDERBOX_SPARK_HOMES", "")
        .env("TINDERBOX_CACHE", &empty)
        .env_remove("SPARK_HOME")
        .env("PATH", "/usr/bin:/bin")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("pip install pyspark"), "{}", stderr(&output));
}

#[test]
fn no_java_is_said_with_what_to_install() {
    let (place, spec) = ready();
    let spark = place.path("spark");
    std::fs::create_dir_all(spark.join("jars")).unwrap();
    std::fs::create_dir_all(spark.join("bin")).unwrap();
    std::fs::write(spark.join("jars/spark-core_2.12-3.5.8.jar"), "").unwrap();
    std::fs::write(spark.join("bin/spark-submit"), "#!/bin/sh\nexit 1\n").unwrap();
    let empty = place.path("empty");
    std::fs::create_dir(&empty).unwrap();
    let output = place
        .tinderbox()
        .args(["run", &spec])
        .env("TINDERBOX_SPARK_HOMES", &spark)
        .env("TINDERBOX_CACHE", &empty)
        .env_remove("JAVA_HOME")
        .env("PATH", &empty)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).to_lowercase().contains("java"), "{}", stderr(&output));
    assert!(stderr(&output).contains("hint:"), "{}", stderr(&output));
}

#[test]
fn a_taken_port_is_said_with_what_to_do() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = place.ask(&["serve", "--listen", &address]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains(&address) && stderr(&output).contains("--listen"),
        "{}",
        stderr(&output)
    );
    assert!(!place.home().join("tinderbox.sqlite").exists(), "nothing was written");
}

#[test]
fn a_foreign_address_is_refused() {
    let place = Place::new();
    let output = place.ask(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("login") && stderr(&output).contains("hint:"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn event_logs_that_cannot_be_read_are_named() {
    let place = Place::new();
    let missing = place.path("no-log");
    let garbage = place.write("garbage.log", "this is no event log\n");
    for path in [missing, garbage] {
        let output = bare().arg("analyze").arg(&path).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(path.to_str().unwrap()), "{}", stderr(&output));
        assert!(stderr(&output).contains("hint:"), "{}", stderr(&output));
    }
}

#[test]
fn a_truncated_event_log_is_analyzed_and_marked_partial() {
    let place = Place::new();
    let start = r#"{"Event":"SparkListenerLogStart","Spark Version":"3.5.8"}
{"Event":"SparkListenerApplicationStart","App Name":"cut","App ID":"local-1","Timestamp":1,"User":"u"}
{"Event":"SparkListenerJobSt"#;
    let log = place.write("cut.log", start);
    let output = bare().args(["analyze", "--format", "json"]).arg(log).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["partial"].is_string(), "{report}");
}

#[test]
fn engines_that_are_not_here_say_so() {
    let (place, spec) = ready();
    for engine in ["sail", "my-cluster"] {
        let mut command = place.tinderbox();
        command.env("TINDERBOX_SAIL", place.path("not-installed"));
        let output = command.args(["run", &spec, "--engine", engine]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(
            stderr(&output).to_lowercase().contains(engine) && stderr(&output).contains("hint:"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn unknown_runs_are_named() {
    let place = Place::new();
    for command in ["logs", "cancel", "analyze"] {
        let output = place.ask(&[command, "nobody"]);
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert!(stderr(&output).contains("nobody") && stderr(&output).contains("tinderbox jobs"));
    }
}

#[test]
fn a_data_directory_that_was_typed_wins_over_a_server_in_the_environment() {
    let place = Place::new();
    let url = format!("http://{}", free_address());
    let typed = bare()
        .env("TINDERBOX_URL", &url)
        .env("TINDERBOX_TOKEN", "t")
        .args(["jobs", "--data-dir"])
        .arg(place.home())
        .output()
        .unwrap();
    assert_eq!(typed.status.code(), Some(0), "{}", stderr(&typed));
    let named = place.tinderbox().env("TINDERBOX_URL", &url).arg("jobs").output().unwrap();
    assert_eq!(named.status.code(), Some(2), "two variables: the server wins");
}

#[test]
fn a_server_that_does_not_answer_is_named() {
    let url = format!("http://{}", free_address());
    let output = bare().args(["jobs", "--server", &url]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains(&url) && stderr(&output).contains("hint:"),
        "{}",
        stderr(&output)
    );
}
