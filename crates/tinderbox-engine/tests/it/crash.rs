//! Who dies at which instruction, and what is known afterwards.

use crate::attempt::end;
use crate::bench::{Bench, launch_of, processes_of, wait_for_end, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;
use tinderbox_engine::{AttemptLog, Error, LocalProcesses, LocalSpark, Status, Trace};

const SECONDS_10: Duration = Duration::from_secs(10);
/// Runs until the file `go` appears in its working directory, then ends with 7.
const UNTIL_GO: &str = "#!/bin/sh\necho started\nwhile [ ! -e go ]; do sleep 0.05; done\nexit 7\n";

fn killed(pid: i32) {
    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("killed");
}

fn found(trace: Trace<LocalProcesses>) -> LocalProcesses {
    match trace {
        Trace::Started(identity) => identity,
        other => panic!("not started: {other:?}"),
    }
}

/// Plays both parts: the launcher in a process of its own, which is killed, and the one that comes after it.
#[test]
fn run_survives_the_kill_of_its_launcher_and_is_adopted_with_its_exit_code() {
    const ROOT: &str = "TINDERBOX_TEST_FIRST_PROCESS";
    if let Ok(root) = std::env::var(ROOT) {
        let bench = Bench::at(root.into());
        bench.launch(&bench.intent("adopted"), "pass\n");
        fs::write(bench.root.join("launched"), "").expect("a file");
        std::thread::sleep(Duration::from_secs(60));
        panic!("nobody killed the first process");
    }
    let bench = Bench::with_submit(UNTIL_GO);
    let own_name = "crash::run_survives_the_kill_of_its_launcher_and_is_adopted_with_its_exit_code";
    let mut first = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", own_name])
        .env(ROOT, &bench.root)
        .stdout(Stdio::null())
        .spawn()
        .expect("the first process");
    wait_until("the first process has launched", SECONDS_10, || {
        bench.root.join("launched").exists()
    });
    first.kill().expect("killed");
    first.wait().expect("gone");

    let identity = found(bench.intent("adopted").find().expect("a trace"));
    assert_eq!(identity.status().expect("a status"), Status::Running);
    let stored = serde_json::to_string(&identity).expect("JSON");
    let identity: LocalProcesses = serde_json::from_str(&stored).expect("the same");
    fs::write(bench.root.join("go"), "").expect("a file");
    assert_eq!(wait_for_end(&identity, SECONDS_10), Status::Exited { code: 7 });
    assert_eq!(identity.intent.driver_log().page(0, 100).expect("a log").text, "started\n");
}

#[tokio::test]
async fn killed_supervisor_leaves_a_run_that_still_runs_and_can_be_cancelled() {
    let bench = Bench::with_submit(UNTIL_GO);
    let identity = bench.launch(&bench.intent("orphan"), "pass\n").identity;
    wait_until("it runs", SECONDS_10, || processes_of(&identity.intent).len() >= 2);
    killed(identity.pid);
    wait_until("the supervisor is gone", SECONDS_10, || {
        !processes_of(&identity.intent).contains(&identity.pid)
    });
    assert_eq!(identity.status().expect("a status"), Status::Running);
    let status = identity.cancel(SECONDS_10).await.expect("cancelled");
    assert_eq!(status, Status::Exited { code: 143 }, "recorded although no supervisor could");
    assert_eq!(processes_of(&identity.intent), Vec::<i32>::new());
    assert_eq!(identity.status().expect("a status"), status);
}

/// As a service manager does when the machine goes down.
#[test]
fn signal_to_the_whole_group_keeps_the_code_and_clean_up_ends_what_is_left() {
    // The child is in a group of its own and does not get the signal.
    let bench = Bench::with_submit("#!/bin/bash\nset -m\nsleep 600 &\necho started\nwait\n");
    let identity = bench.launch(&bench.intent("group"), "pass\n").identity;
    wait_until("it runs", SECONDS_10, || {
        identity.intent.driver_log().tail(100).expect("a log").text.contains("started")
    });
    kill(Pid::from_raw(-identity.pid), Signal::SIGTERM).expect("signaled");
    assert_eq!(wait_for_end(&identity, SECONDS_10), Status::Exited { code: 143 });
    assert!(!identity.intent.was_cancelled());
    wait_until("only the child is left", SECONDS_10, || processes_of(&identity.intent).len() == 1);
    identity.clean_up().expect("cleaned");
    wait_until("the child is gone", SECONDS_10, || processes_of(&identity.intent).is_empty());
}

#[test]
fn run_without_supervisor_vanishes_at_its_end() {
    let bench = Bench::with_submit(UNTIL_GO);
    let identity = bench.launch(&bench.intent("vanishes"), "pass\n").identity;
    wait_until("it runs", SECONDS_10, || processes_of(&identity.intent).len() >= 2);
    killed(identity.pid);
    fs::write(bench.root.join("go"), "").expect("a file");
    assert_eq!(wait_for_end(&identity, SECONDS_10), Status::Vanished);
}

#[test]
fn other_process_with_the_same_id_is_not_taken_for_ours() {
    let bench = Bench::with_submit("#!/bin/sh\nexit 0\n");
    let mut identity = bench.launch(&bench.intent("reused"), "pass\n").identity;
    wait_for_end(&identity, SECONDS_10);
    // The supervisor records the code shortly before it ends.
    wait_until("nobody is left", SECONDS_10, || processes_of(&identity.intent).is_empty());
    fs::remove_file(identity.intent.directory.join("exit_code")).expect("removed");
    // As if the id had been given to this process meanwhile.
    identity.pid = i32::try_from(std::process::id()).expect("fits");
    assert_eq!(identity.status().expect("a status"), Status::Vanished);
    end(&identity);
}

#[test]
fn launch_cut_short_before_the_start_never_starts() {
    let bench = Bench::with_submit("#!/bin/sh\n");
    let intent = bench.intent("cut");
    fs::create_dir_all(&intent.directory).expect("a folder");
    fs::write(intent.directory.join("launched"), "").expect("a file");
    assert_eq!(intent.find().expect("a trace"), Trace::NeverStarted);
    assert_eq!(intent.find().expect("the same again"), Trace::NeverStarted);
    let spark = LocalSpark::find(&bench.host(), None).expect("the fake Spark");
    let again = spark.launch(&intent, &launch_of("pass\n", &bench.root, &BTreeMap::new()));
    assert!(matches!(again, Err(Error::AlreadyLaunched { .. })));
}

#[test]
fn supervisor_that_comes_too_late_does_not_start_spark() {
    let bench = Bench::with_submit("#!/bin/sh\necho started\n");
    let intent = bench.intent("late");
    fs::create_dir_all(&intent.directory).expect("a folder");
    // What `find` writes when it comes first.
    fs::write(intent.directory.join("pid"), "void\n").expect("a file");
    let spark = LocalSpark::find(&bench.host(), None).expect("the fake Spark");
    let launched = spark.launch(&intent, &launch_of("pass\n", &bench.root, &BTreeMap::new()));
    assert!(matches!(launched, Err(Error::NotStarted { .. })), "{launched:?}");
    let log = AttemptLog::of_driver(&intent.directory);
    wait_until("the supervisor has found its place taken", SECONDS_10, || {
        log.page(0, 1000).expect("a log").text.contains("/pid")
    });
    wait_until("the supervisor is gone", SECONDS_10, || processes_of(&intent).is_empty());
    assert!(!log.page(0, 1000).expect("a log").text.contains("started"));
    assert_eq!(intent.find().expect("a trace"), Trace::NeverStarted);
    assert!(!intent.directory.join("exit_code").exists());
}

#[test]
fn supervisor_killed_while_it_wrote_its_id_never_started_spark() {
    let bench = Bench::with_submit("#!/bin/sh\n");
    let intent = bench.intent("half");
    fs::create_dir_all(&intent.directory).expect("a folder");
    for name in ["launched", "pid"] {
        fs::write(intent.directory.join(name), "").expect("a file");
    }
    assert_eq!(intent.find().expect("a trace"), Trace::NeverStarted);
}
