use crate::data_set::{order, order_of, plan, write_to};
use std::fs;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::Path;
use tinderbox_generate::{
    Codec, DataSetFormat, Error, JobStatus, LocalFiles, LogForm, Order, Output, Plan, write,
};
use tinderbox_model::Bytes;

const ALL: [&str; 11] = [
    "skew",
    "spill",
    "oom",
    "executor-loss",
    "stragglers",
    "small-files",
    "slow-driver",
    "streaming-lag",
    "speculation",
    "dynamic-allocation",
    "regression",
];

/// Names and contents of all files below a folder, in order.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                fs::read(&path).unwrap(),
            ));
        }
    }
    found.sort();
    found
}

fn made(order: Order, format: DataSetFormat, threads: usize) -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    write_to(folder.path(), &plan(order), format, threads);
    files(folder.path())
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let order = || order_of(40_000, &ALL);
    for format in [DataSetFormat::Parquet, DataSetFormat::Csv, DataSetFormat::JsonLines] {
        let one = made(order(), format, 1);
        assert_eq!(one.len(), 4);
        for threads in [1, 2, 5] {
            assert!(one == made(order(), format, threads), "{format:?} with {threads} threads");
        }
    }
}

fn logs(threads: usize, codec: Codec, rolling: Option<Bytes>) -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let threads = NonZeroUsize::new(threads).unwrap();
    let (format, event_logs) = (DataSetFormat::Csv, Some(LogForm { codec, rolling }));
    let store = LocalFiles::new(folder.path());
    let output = Output { store: &store, format, threads, event_logs, force: false };
    let mut steps = 0;
    write(&plan_with_running(), &output, |done| {
        steps = done;
        true
    })
    .unwrap();
    assert_eq!(steps, 2 * JOBS, "rows, then logs");
    files(folder.path())
}

/// Of data sets with logs.
const JOBS: u64 = 60;

/// A plan in which a job goes on at the end.
fn plan_with_running() -> Plan {
    let plans = (0..).map(|seed| {
        let order = order_of(JOBS, &ALL);
        plan(Order { seed, days: 1, tasks_per_job: Some((1, 1_500)), ..order })
    });
    let is_running = |plan: &Plan| {
        let mut found = false;
        plan.for_each_job(0, |job| found |= job.status == JobStatus::Running);
        found
    };
    plans.into_iter().find(is_running).unwrap()
}

#[test]
fn logs_are_the_same_with_any_number_of_threads() {
    for (codec, suffix) in [
        (Codec::Plain, ""),
        (Codec::Zstd, ".zstd"),
        (Codec::Lz4, ".lz4"),
        (Codec::Snappy, ".snappy"),
        (Codec::Lzf, ".lzf"),
    ] {
        let one = logs(1, codec, None);
        assert_eq!(one.len(), 4 + 60);
        let running = format!("{suffix}.inprogress");
        assert!(one.iter().any(|(name, _)| name.ends_with(&running)), "jobs that go on");
        let is_log = |name: &str| name.starts_with("app-");
        assert!(one.iter().filter(|(name, _)| is_log(name)).all(|(name, _)| name.contains(suffix)));
        for threads in [1, 2, 3] {
            assert!(one == logs(threads, codec, None), "{codec} with {threads} threads");
        }
    }
}

#[test]
fn parts_of_rolling_logs_are_the_whole_log() {
    let whole = logs(2, Codec::Plain, None);
    let rolling = Some(Bytes(1 << 20));
    for codec in [Codec::Plain, Codec::Zstd, Codec::Snappy] {
        let parts = logs(1, codec, rolling);
        assert!(parts == logs(2, codec, rolling), "{codec}");
        assert!(parts.iter().any(|(name, _)| name.starts_with("events_3_")), "{codec}");
        for (name, bytes) in whole.iter().filter(|(name, _)| name.starts_with("app-")) {
            let id = name.trim_end_matches(".inprogress");
            let mut found = Vec::new();
            for number in 1.. {
                let part = format!("events_{number}_{id}");
                let is_part = |name: &str| name == part || name.starts_with(&format!("{part}."));
                let Some((_, bytes)) = parts.iter().find(|(name, _)| is_part(name)) else { break };
                codec.decode(bytes.as_slice()).unwrap().read_to_end(&mut found).unwrap();
                assert_eq!(found.last(), Some(&b'\n'), "a part ends with a line");
            }
            assert!(found == *bytes, "{codec} {name}");
            let marker = format!("appstatus_{name}");
            assert!(parts.iter().any(|(name, bytes)| *name == marker && bytes.is_empty()));
        }
    }
}

/// Found once and written down: another machine, another day or a change by accident would differ.
#[test]
fn bytes_are_those_of_every_machine() {
    let files = made(order(1_000), DataSetFormat::Csv, 2);
    let hash = |bytes: &[u8]| {
        let fold = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        bytes.iter().fold(0xcbf2_9ce4_8422_2325, fold)
    };
    let found: Vec<_> =
        files.iter().map(|(name, bytes)| format!("{name} {:016x}", hash(bytes))).collect();
    assert_eq!(found, EXPECTED);
}

const EXPECTED: [&str; 4] = [
    "spark_errors.csv 64a4b3063499224c",
    "spark_jobs.csv 71f096fb87e10c6f",
    "spark_operators.csv 6c2f14e8307ec3ec",
    "summary_stats.csv c904285cd93fb9ff",
];

#[test]
fn another_seed_gives_other_jobs() {
    let other = Order { seed: 8, ..order(100) };
    assert_ne!(made(order(100), DataSetFormat::Csv, 1), made(other, DataSetFormat::Csv, 1));
}

#[test]
fn a_folder_with_something_in_it_is_refused_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.txt"), "mine").unwrap();
    let plan = plan(order(10));
    let threads = NonZeroUsize::MIN;
    let format = DataSetFormat::Parquet;
    let store = LocalFiles::new(folder.path());
    let output = Output { store: &store, format, threads, event_logs: None, force: false };
    let error = write(&plan, &output, |_| true).unwrap_err();
    assert!(matches!(error, Error::NotEmpty { .. }), "{error}");
    assert_eq!(files(folder.path()).len(), 1);

    let output = Output { force: true, ..output };
    write(&plan, &output, |_| true).unwrap();
    write(&plan, &output, |_| true).unwrap();
    assert_eq!(files(folder.path()).len(), 5, "its files are replaced, others stay");
}

#[test]
fn who_is_stopped_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("new/set");
    let plan = plan(order(40_000));
    let threads = NonZeroUsize::new(2).unwrap();
    let format = DataSetFormat::Parquet;
    let store = LocalFiles::new(&below);
    let output = Output { store: &store, format, threads, event_logs: None, force: false };
    let mut said = Vec::new();
    let error = write(&plan, &output, |jobs| {
        said.push(jobs);
        jobs < 20_000
    });
    assert!(matches!(error, Err(Error::Stopped)), "{error:?}");
    assert_eq!(said, [16_384, 32_768]);
    drop(store);
    assert!(!folder.path().join("new").exists(), "folders that were made for it are gone, too");
}
