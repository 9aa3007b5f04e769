//! `tinderbox generate` as its users run it: what it writes, and what it says about bad input.

use crate::place::{Place, bare};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn generate(place: &Place, arguments: &[&str]) -> Output {
    let mut command = bare();
    command.current_dir(place.dir.path()).arg("generate").args(arguments);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(self::names(&path));
        } else {
            names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    names.sort();
    names
}

#[test]
fn a_data_set_is_written_and_not_over_another() {
    let place = Place::new();
    let output =
        generate(&place, &["--jobs", "500", "--out", "set", "--scenario", "skew", "oom=0.2"]);
    assert!(output.status.success(), "{}", said(&output));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.starts_with("500 jobs ("), "{printed}");
    let four = [
        "spark_errors.parquet",
        "spark_jobs.parquet",
        "spark_operators.parquet",
        "summary_stats.parquet",
    ];
    assert_eq!(names(&place.path("set")), four);
    assert!(!place.home().exists(), "generating needs no data directory");

    let again = generate(&place, &["--jobs", "500", "--out", "set"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(said(&again).contains("the folder set is not empty"), "{}", said(&again));
    assert!(said(&again).contains("hint: ") && said(&again).contains("--force"));
    assert!(generate(&place, &["--jobs", "500", "--out", "set", "--force"]).status.success());
}

#[test]
fn printed_models_can_be_given_back() {
    let place = Place::new();
    let models = generate(&place, &["models"]);
    assert!(models.status.success(), "{}", said(&models));
    let text = String::from_utf8(models.stdout).unwrap();
    place.write("models.yaml", &text);
    let arguments = ["--jobs", "100", "--models", "models.yaml", "--format", "jsonl", "--out"];
    assert!(generate(&place, &[&arguments[..], &["theirs"]].concat()).status.success());
    let arguments = ["--jobs", "100", "--format", "jsonl", "--out", "ours"];
    assert!(generate(&place, &arguments).status.success());
    let read = |name: &str| fs::read(place.path(name).join("jobs/spark_jobs.jsonl")).unwrap();
    assert_eq!(read("theirs"), read("ours"));

    place.write("models.yaml", &text.replacen("failure_rate: 0.05", "failure_rate: 5", 1));
    let output = generate(&place, &["--models", "models.yaml", "--out", "wrong"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("job_types.ETL_Pipeline.failure_rate: 5 is out of range"));
    assert!(!place.path("wrong").exists());
}

#[test]
fn bad_arguments_are_refused_with_what_to_give() {
    let place = Place::new();
    for (arguments, says) in [
        (&["--jobs", "0"][..], "give a whole number from 1 to 1000000000"),
        (&["--jobs", "-5"], "give a whole number from 1 to 1000000000"),
        (&["--jobs", "many"], "give a whole number from 1 to 1000000000"),
        (&["--days", "0"], "give a whole number from 1 to 3650"),
        (&["--days", "-1"], "give a whole number from 1 to 3650"),
        (&["--threads", "0"], "--threads"),
        (&["--end", "yesterday"], "write it as 2026-01-01T00:00:00Z"),
        (&["--scenario", "skw"], "did you mean `skew`?"),
        (&["--scenario", "skew=1.5"], "give a number above 0 and at most 1"),
        (&["--job-type", "ETL"], "there is no job type `ETL`"),
        (&["--models", "nowhere.yaml"], "cannot read the models in nowhere.yaml"),
        (&["--format", "avro"], "parquet"),
        (&["--codec", "zstd"], "--event-logs"),
        (&["--rolling"], "--event-logs"),
        (&["--event-logs", "--rolling", "0"], "give a whole number of MB from 1 to 100000"),
        (&["--event-logs", "--codec", "brotli"], "snappy"),
        (&["--tasks-per-job", "0"], "give a number from 1 to 10000000, or two as 100-5000"),
        (&["--tasks-per-job", "-3"], "give a number from 1 to 10000000, or two as 100-5000"),
        (&["--tasks-per-job", "9-3"], "give a number from 1 to 10000000, or two as 100-5000"),
    ] {
        let output = generate(&place, &[arguments, &["--out", "set"]].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said(&output).contains(says), "{arguments:?}: {}", said(&output));
        assert!(!place.path("set").exists(), "{arguments:?}");
    }
    let output = generate(&place, &["--jobs", "10"]);
    assert!(said(&output).contains("--out"), "{}", said(&output));
    place.write("file", "");
    let output = generate(&place, &["--out", "file"]);
    assert!(said(&output).contains("cannot use the folder file"), "{}", said(&output));
}

/// A limit on the size of files stands for a full disk: writing fails in the middle.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_nothing() {
    let place = Place::new();
    for format in ["parquet", "csv", "jsonl"] {
        let script = "trap '' XFSZ; ulimit -f 400; exec \"$0\" \"$@\"";
        let mut command = Command::new("sh");
        command.current_dir(place.dir.path()).args(["-c", script, env!("CARGO_BIN_EXE_tinderbox")]);
        command.args(["generate", "--jobs", "60000", "--format", format, "--out", "new/set"]);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{format}: {}", said(&output));
        assert!(said(&output).contains("cannot write new/set/"), "{}", said(&output));
        assert!(said(&output).contains("hint: nothing was left of the data set"));
        assert_eq!(fs::read_dir(place.dir.path()).unwrap().count(), 0, "{format}");
    }
}

/// The same while event logs are written: neither they nor the tables before them stay.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_no_event_logs() {
    let place = Place::new();
    for form in [&["--codec", "none"][..], &["--codec", "none", "--rolling"]] {
        let script = "trap '' XFSZ; ulimit -f 400; exec \"$0\" \"$@\"";
        let mut command = Command::new("sh");
        command.current_dir(place.dir.path()).args(["-c", script, env!("CARGO_BIN_EXE_tinderbox")]);
        command.args(["generate", "--jobs", "20", "--event-logs", "--tasks-per-job", "2000"]);
        let output = command.args(form).args(["--out", "new/set"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{form:?}: {}", said(&output));
        assert!(said(&output).contains("cannot write the event log"), "{}", said(&output));
        assert_eq!(fs::read_dir(place.dir.path()).unwrap().count(), 0, "{form:?}");
    }
}

#[test]
fn a_store_that_cannot_be_called_is_named() {
    let place = Place::new();
    for (out, expected) in [
        ("ftp://host/set", "ftp://host/set"),
        ("s3://user:secret@bucket/set", "credentials"),
        // Nothing listens there; what cannot be reached is no empty folder.
        ("s3://bucket/set", "s3://bucket/set"),
    ] {
        let mut command = bare();
        command.current_dir(place.dir.path()).args(["generate", "--jobs", "5", "--out", out]).envs(
            [
                ("AWS_ENDPOINT", "http://127.0.0.1:1"),
                ("AWS_ALLOW_HTTP", "true"),
                ("AWS_ACCESS_KEY_ID", "test-key"),
                ("AWS_SECRET_ACCESS_KEY", "test-secret-value"),
            ],
        );
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{out}: {}", said(&output));
        assert!(said(&output).contains(expected), "{out}: {}", said(&output));
        assert!(said(&output).contains("hint: "), "{out}: {}", said(&output));
        assert!(!said(&output).contains("secret-value"), "{}", said(&output));
    }
}
