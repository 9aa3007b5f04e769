//! Real Sparks, one of 3.5 and one of 4.x, found through `TINDERBOX_SPARK_HOMES` (or the two variables of the scripts).
//! With `TINDERBOX_REQUIRE_ALL=1` a missing one is a failure.

use crate::bench::{Bench, launch_of, processes_of, wait_for_end, wait_until};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tinderbox_engine::{ExitCategory, ExitReason, Host, LocalProcesses, LocalSpark, Status};
use tinderbox_model::SparkVersion;
use tokio::sync::{Semaphore, SemaphorePermit};

const STARTS: Duration = Duration::from_secs(120);
const ENDS: Duration = Duration::from_secs(180);

/// Counts with two tasks and a shuffle, and prints its environment's names.
const COUNTS: &str = r#"import os
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("größe").getOrCreate()
rows = spark.range(0, 1000, 1, 2).groupBy("id").count().count()
print(f"counted {rows} rows with {spark.sparkContext.master}")
print("variables:", " ".join(sorted(os.environ)))
"#;

/// Two tasks in Python workers that sleep longer than any test waits.
const SLEEPS: &str = r#"import time
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("sleeps").getOrCreate()
spark.sparkContext.parallelize(range(2), 2).foreach(lambda _: time.sleep(900))
"#;

/// A Spark that starts waits as much as it works; more than two would take each other's cores and time.
static TURNS: Semaphore = Semaphore::const_new(2);

pub(crate) fn host() -> Host {
    let mut host = Host::measure(std::env::vars());
    if host.variables.get("TINDERBOX_SPARK_HOMES").is_none_or(String::is_empty) {
        let named = ["TINDERBOX_SPARK_3_5", "TINDERBOX_SPARK_4"];
        let homes: Vec<String> = named.iter().filter_map(|name| std::env::var(name).ok()).collect();
        host.variables.insert("TINDERBOX_SPARK_HOMES".to_owned(), homes.join(":"));
    }
    host
}

pub(crate) fn spark(version: &str) -> Option<(LocalSpark, SemaphorePermit<'static>)> {
    let wanted = SparkVersion::parse(version);
    match LocalSpark::find(&host(), wanted.as_ref()) {
        Ok(spark) => loop {
            if let Ok(turn) = TURNS.try_acquire() {
                return Some((spark, turn));
            }
            std::thread::sleep(Duration::from_millis(50));
        },
        Err(error) if std::env::var("TINDERBOX_REQUIRE_ALL").is_ok_and(|value| value == "1") => {
            panic!("Spark {version} is required: {error}")
        }
        Err(error) => {
            println!("not run: {error}");
            None
        }
    }
}

fn launch(spark: &LocalSpark, bench: &Bench, run: &str, program: &str) -> LocalProcesses {
    let conf = [("spark.executor.memory", "600m"), ("spark.ui.enabled", "true")];
    let conf = conf.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let launch = launch_of(program, &bench.root, &conf);
    spark.launch(&bench.intent(run), &launch).expect("launched").identity
}

fn counts_on(version: &str) {
    let Some((spark, _guard)) = spark(version) else { return };
    let bench = Bench::empty();
    let identity = launch(&spark, &bench, "counts", COUNTS);
    let status = wait_for_end(&identity, ENDS);
    let log = identity.intent.driver_log().page(0, 1 << 20).expect("a log").text;
    assert_eq!(status, Status::Exited { code: 0 }, "{log}");
    assert!(log.contains("counted 1000 rows with local["), "{log}");
    let variables = log.lines().find_map(|line| line.strip_prefix("variables: ")).expect("printed");
    let leaked: Vec<&str> = variables.split(' ').filter(|name| name.starts_with("CARGO")).collect();
    assert_eq!(leaked, Vec::<&str>::new(), "the test's own environment reached Spark");

    let folder = &identity.intent.directory;
    assert_eq!(fs::read_to_string(folder.join("job.py")).expect("the program"), COUNTS);
    let events = event_log(&folder.join("eventlog"));
    assert!(events.contains(r#"{"Event":"SparkListenerApplicationStart""#), "no start");
    assert!(events.contains(r#"{"Event":"SparkListenerApplicationEnd""#), "no end");
    assert!(events.contains("größe"), "names keep their characters");
    assert!(log.contains(&format!("{}/local/blockmgr", folder.display())), "{log}");

    identity.clean_up().expect("cleaned");
    assert!(!folder.join("local").exists() && !folder.join("tmp").exists());
    assert!(folder.join("eventlog").exists());
    assert_eq!(processes_of(&identity.intent), Vec::<i32>::new());
}

fn cancels_on(version: &str) {
    let Some((spark, _guard)) = spark(version) else { return };
    let bench = Bench::empty();
    let identity = launch(&spark, &bench, "sleeps", SLEEPS);
    // The driver, and both Python workers with the daemon that made them.
    wait_until("both tasks run in Python workers", STARTS, || {
        assert_eq!(identity.status().expect("a status"), Status::Running, "{}", tail(&identity));
        let processes = processes_of(&identity.intent);
        processes.iter().filter(|pid| command_of(**pid).contains("pyspark.daemon")).count() >= 3
    });
    let open = listening(&processes_of(&identity.intent));
    assert!(open.len() >= 2, "the driver and its UI listen: {open:?}");
    let open_to_all: Vec<&String> = open.iter().filter(|address| !is_loopback(address)).collect();
    assert_eq!(open_to_all, Vec::<&String>::new(), "reachable from other machines");

    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let grace = Duration::from_secs(30);
    let begin = std::time::Instant::now();
    let status = runtime.expect("a runtime").block_on(identity.cancel(grace)).expect("cancelled");
    assert!(begin.elapsed() < grace, "SIGTERM alone was to end it: {}", tail(&identity));
    assert_eq!(processes_of(&identity.intent), Vec::<i32>::new());
    let Status::Exited { code } = status else { panic!("no code: {status:?}") };
    let reason =
        ExitReason::read(&identity.intent.driver_log(), code, identity.intent.was_cancelled());
    assert_eq!(reason.map(|reason| reason.category), Some(ExitCategory::Cancelled));
    let events = event_log(&identity.intent.directory.join("eventlog"));
    assert!(events.contains(r#"{"Event":"SparkListenerApplicationEnd""#), "{}", tail(&identity));
}

#[test]
fn spark_3_5_runs_a_program_to_its_end() {
    counts_on("3.5");
}

#[test]
fn spark_4_runs_a_program_to_its_end() {
    counts_on("4");
}

#[test]
fn spark_3_5_is_cancelled_within_the_grace_and_listens_only_on_loopback() {
    cancels_on("3.5");
}

#[test]
fn spark_4_is_cancelled_within_the_grace_and_listens_only_on_loopback() {
    cancels_on("4");
}

fn tail(identity: &LocalProcesses) -> String {
    identity.intent.driver_log().tail(4096).expect("a log").text
}

fn command_of(pid: i32) -> String {
    fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

/// All files of the log, those of a rolling one too; Spark 4 compresses with Zstandard, in several frames.
fn event_log(folder: &Path) -> String {
    let mut text = String::new();
    for path in files_below(folder) {
        let bytes = fs::read(&path).expect("readable");
        if path.extension().is_some_and(|extension| extension == "zstd") {
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let mut frame = ruzstd::decoding::StreamingDecoder::new(&mut rest).expect("zstd");
                frame.read_to_string(&mut text).expect("complete");
            }
        } else {
            text.push_str(&String::from_utf8(bytes).expect("UTF-8"));
        }
    }
    text
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.extension().is_none_or(|extension| extension != "crc") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Local addresses, as in `/proc/net/tcp` (hexadecimal, in the byte order of the machine), on which one of the
/// processes listens.
fn listening(pids: &[i32]) -> Vec<String> {
    let mut sockets = Vec::new();
    for pid in pids {
        let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        sockets.extend(files.filter_map(|file| {
            let target = fs::read_link(file.path()).ok()?;
            target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']').map(str::to_owned)
        }));
    }
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"]
        .map(|file| fs::read_to_string(file).unwrap_or_default());
    let rows = tables.iter().flat_map(|table| table.lines().skip(1));
    let rows = rows.map(|row| row.split_whitespace().collect::<Vec<_>>());
    let ours = rows.filter(|row| row[3] == "0A" && sockets.iter().any(|socket| socket == row[9]));
    ours.map(|row| row[1].to_owned()).collect()
}

/// 127.0.0.1 and its form within IPv6, and ::1.
fn is_loopback(address: &str) -> bool {
    let address = address.split(':').next().unwrap_or_default();
    address == "0100007F"
        || address == "0000000000000000FFFF00000100007F"
        || address == "00000000000000000000000001000000"
}
