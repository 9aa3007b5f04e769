//! Launch, status, log, cancel, clean-up; the fake `spark-submit` plays Spark.

use crate::bench::{Bench, launch_of, processes_of, wait_for_end, wait_until};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;
use tinderbox_engine::{
    Error, ExitCategory, ExitReason, Listener, LocalProcesses, LocalSpark, Status, Trace,
};

const SECONDS_10: Duration = Duration::from_secs(10);

/// Starts a child in a process group of its own, as PySpark's workers are, and waits for it.
const LONG: &str = "#!/bin/bash\nset -m\nsleep 600 &\necho started\nwait\n";
/// Neither the script nor its child reacts to SIGTERM.
const STUBBORN: &str = "#!/bin/bash\ntrap '' TERM\necho started\nwhile true; do sleep 0.2; done\n";

fn started(bench: &Bench, run: &str) -> LocalProcesses {
    let identity = bench.launch(&bench.intent(run), "pass\n").identity;
    wait_until("the fake Spark has started", SECONDS_10, || {
        identity.intent.driver_log().tail(100).expect("a log").text.contains("started")
    });
    identity
}

#[test]
fn exit_code_output_and_reason_are_kept() {
    let bench = Bench::with_submit(
        "#!/bin/sh\necho to stdout\necho \"ValueError: no customers\" >&2\nexit 3\n",
    );
    let intent = bench.intent("fails");
    assert_eq!(intent.find().expect("a trace"), Trace::NotLaunched);
    let identity = bench.launch(&intent, "pass\n").identity;
    assert_eq!(wait_for_end(&identity, SECONDS_10), Status::Exited { code: 3 });
    let log = identity.intent.driver_log();
    assert_eq!(log.page(0, 1000).expect("a log").text, "to stdout\nValueError: no customers\n");
    let reason = ExitReason::read(&log, 3, identity.intent.was_cancelled()).expect("a reason");
    assert_eq!(reason.category, ExitCategory::Submission);
    assert_eq!(intent.find().expect("a trace"), Trace::Started(identity));
}

#[test]
fn spark_gets_the_program_and_the_properties_and_nothing_secret_in_its_arguments() {
    let bench = Bench::with_submit(
        "#!/bin/sh\nenv | sort\necho ---\nfor argument in \"$0\" \"$@\"; do echo \"$argument\"; done\n\
         echo ---\npwd\ncat /proc/$PPID/cmdline | tr '\\0' '\\n'\n",
    );
    let intent = bench.intent("shows");
    let spark = LocalSpark::find(&bench.host(), None).expect("the fake Spark");
    let program = "# Käufe\nprint('ü')\r\n\tpass";
    let conf = BTreeMap::from([("spark.executor.memory".to_owned(), "1g".to_owned())]);
    let mut launch = launch_of(program, &bench.root, &conf);
    launch.environment.insert("S3_SECRET".to_owned(), "hush-hush".to_owned());
    launch.environment.insert("SPARK_LOCAL_IP".to_owned(), "0.0.0.0".to_owned());
    launch.listener = Some(Listener {
        jar: PathBuf::from("/data/listener.jar"),
        url: "http://127.0.0.1:7878/ingest/live".to_owned(),
        token: "ingest-only".to_owned(),
    });
    let identity = spark.launch(&intent, &launch).expect("launched").identity;
    assert_eq!(wait_for_end(&identity, SECONDS_10), Status::Exited { code: 0 });

    let shown = identity.intent.driver_log().page(0, 100_000).expect("a log").text;
    let parts: Vec<&str> = shown.split("---\n").collect();
    let folder = intent.directory.display().to_string();
    let own = |text: &str| {
        text.replace(&folder, "ATTEMPT").replace(&bench.root.display().to_string(), "ROOT")
    };
    let environment = own(parts[0]).replace(&intent.marker, "RUN/1");
    insta::assert_snapshot!(environment, @r#"
    HOME=ROOT
    JAVA_HOME=ROOT/java
    PATH=ROOT/bin:/usr/bin:/bin
    PWD=ROOT
    PYSPARK_DRIVER_PYTHON=ROOT/bin/python3
    PYSPARK_PYTHON=ROOT/bin/python3
    S3_SECRET=hush-hush
    SPARK_HOME=ROOT/spark
    SPARK_LOCAL_IP=127.0.0.1
    SPARK_SUBMIT_OPTS="-Djava.io.tmpdir=ATTEMPT/tmp"
    TINDERBOX_ATTEMPT=RUN/1
    TINDERBOX_EXPECTATIONS=ATTEMPT/expectations.jsonl
    TINDERBOX_INGEST_TOKEN=ingest-only
    TMPDIR=ATTEMPT/tmp
    "#);
    insta::assert_snapshot!(own(parts[1]), @"
    ROOT/spark/bin/spark-submit
    --properties-file
    ATTEMPT/spark.properties
    ATTEMPT/job.py
    ");
    assert!(parts[2].starts_with(&format!("{}\n", bench.root.display())), "{}", parts[2]);
    assert!(!parts[1].contains("hush") && !parts[2].contains("hush"), "a secret in the arguments");
    assert!(!parts[1].contains("ingest-only") && !parts[2].contains("ingest-only"));

    assert_eq!(fs::read(intent.directory.join("job.py")).expect("the program"), program.as_bytes());
    let properties = intent.directory.join("spark.properties");
    let mode = fs::metadata(&properties).expect("properties").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = fs::read_to_string(&properties).expect("properties");
    assert!(text.contains("spark.driver.memory=1024m\n"), "{text}");
    assert!(!text.contains("ingest-only") && !text.contains("hush-hush"), "{text}");
}

#[test]
fn attempt_runs_in_a_session_of_its_own() {
    let bench = Bench::with_submit(LONG);
    let identity = started(&bench, "session");
    let stat = fs::read_to_string(format!("/proc/{}/stat", identity.pid)).expect("a process");
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let pid = identity.pid.to_string();
    assert_eq!((fields[2], fields[3]), (pid.as_str(), pid.as_str()), "group and session");
    let parent: i32 = fields[1].parse().expect("a number");
    assert_ne!(parent, i32::try_from(std::process::id()).expect("fits"), "no child of ours");
    end(&identity);
}

#[tokio::test]
async fn cancel_ends_every_process_and_keeps_the_code() {
    let bench = Bench::with_submit(LONG);
    let identity = started(&bench, "cancelled");
    assert!(processes_of(&identity.intent).len() >= 3, "supervisor, script, sleep");
    let status = identity.cancel(SECONDS_10).await.expect("cancelled");
    assert_eq!(status, Status::Exited { code: 143 });
    assert_eq!(processes_of(&identity.intent), Vec::<i32>::new());
    assert!(identity.intent.was_cancelled());
    let reason =
        ExitReason::read(&identity.intent.driver_log(), 143, identity.intent.was_cancelled());
    assert_eq!(reason.map(|reason| reason.category), Some(ExitCategory::Cancelled));
    assert_eq!(identity.cancel(SECONDS_10).await.expect("harmless"), status);
}

#[tokio::test]
async fn what_ignores_sigterm_is_killed_after_the_grace() {
    let bench = Bench::with_submit(STUBBORN);
    let identity = started(&bench, "stubborn");
    let begin = std::time::Instant::now();
    let grace = Duration::from_millis(500);
    let status = identity.cancel(grace).await.expect("cancelled");
    assert_eq!(status, Status::Exited { code: 137 });
    assert!(begin.elapsed() >= grace, "killed before its time");
    assert_eq!(processes_of(&identity.intent), Vec::<i32>::new());
}

#[tokio::test]
async fn cancel_after_the_end_changes_nothing() {
    let bench = Bench::with_submit("#!/bin/sh\nexit 0\n");
    let identity = bench.launch(&bench.intent("done"), "pass\n").identity;
    assert_eq!(wait_for_end(&identity, SECONDS_10), Status::Exited { code: 0 });
    assert_eq!(identity.cancel(SECONDS_10).await.expect("harmless"), Status::Exited { code: 0 });
    assert!(!identity.intent.was_cancelled());
}

#[test]
fn second_launch_is_refused_and_leaves_the_first_alone() {
    let bench = Bench::with_submit("#!/bin/sh\necho once\n");
    let intent = bench.intent("twice");
    let first = bench.launch(&intent, "first\n").identity;
    let spark = LocalSpark::find(&bench.host(), None).expect("the fake Spark");
    let conf = BTreeMap::new();
    let second = spark.launch(&intent, &launch_of("second\n", &bench.root, &conf));
    let error = second.expect_err("refused");
    assert!(matches!(error, Error::AlreadyLaunched { .. }), "{error:?}");
    assert!(error.hint().is_some());
    wait_for_end(&first, SECONDS_10);
    assert_eq!(first.intent.driver_log().page(0, 100).expect("a log").text, "once\n");
    assert_eq!(fs::read_to_string(intent.directory.join("job.py")).expect("a file"), "first\n");
}

#[test]
fn bad_input_is_refused_before_anything_is_written() {
    let bench = Bench::with_submit("#!/bin/sh\n");
    let spark = LocalSpark::find(&bench.host(), None).expect("the fake Spark");
    let intent = bench.intent("bad");
    let conf = BTreeMap::from([("spark.driver.memory".to_owned(), "much".to_owned())]);
    let error = spark.launch(&intent, &launch_of("pass\n", &bench.root, &conf)).expect_err("bad");
    assert!(matches!(error, Error::Conf { .. }), "{error:?}");
    let gone = bench.root.join("gone");
    let error = spark
        .launch(&intent, &launch_of("pass\n", &gone, &BTreeMap::new()))
        .expect_err("no folder");
    assert!(matches!(error, Error::Folder { .. }), "{error:?}");
    assert!(!intent.directory.exists());

    let mut elsewhere = intent;
    elsewhere.directory = PathBuf::from("relative/run");
    let error = spark
        .launch(&elsewhere, &launch_of("pass\n", &bench.root, &BTreeMap::new()))
        .expect_err("relative");
    insta::assert_snapshot!(error, @"the folder relative/run cannot be used for a run: it is not an absolute path");
}

#[test]
fn clean_up_waits_for_the_end_and_keeps_what_people_want() {
    let bench = Bench::with_submit("#!/bin/sh\necho shuffle >\"$TMPDIR/file\"\nsleep 0.3\n");
    let identity = bench.launch(&bench.intent("clean"), "pass\n").identity;
    assert!(matches!(identity.clean_up(), Err(Error::StillRunning { .. })));
    wait_for_end(&identity, SECONDS_10);
    assert!(identity.intent.directory.join("tmp/file").exists());
    identity.clean_up().expect("cleaned");
    identity.clean_up().expect("cleaned twice");
    let left = fs::read_dir(&identity.intent.directory).expect("a folder").flatten();
    let mut left: Vec<_> =
        left.map(|entry| entry.file_name().into_string().expect("UTF-8")).collect();
    left.sort();
    let kept =
        ["driver.log", "eventlog", "exit_code", "job.py", "launched", "pid", "spark.properties"];
    assert_eq!(left, kept);
}

/// For tests that start what does not end by itself.
pub(crate) fn end(identity: &LocalProcesses) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let cancel = identity.cancel(Duration::from_secs(5));
    runtime.expect("a runtime").block_on(cancel).expect("ended");
}
