//! Event logs on local paths: what is found, what is read, and what is said when it cannot be.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tinderbox_collect::{Depth, Error, EventLog, Follower, Location, list, write_archive};
use tinderbox_model::{Application, ErrorClass, Task};

pub const START: &str = concat!(
    r#"{"Event":"SparkListenerLogStart","Spark Version":"3.5.8"}"#,
    "\n",
    r#"{"Event":"SparkListenerApplicationStart","App Name":"n","App ID":"app-1","Timestamp":5,"User":"u"}"#,
    "\n"
);
pub const TASK: &str = concat!(
    r#"{"Event":"SparkListenerTaskStart","Stage ID":0,"Stage Attempt ID":0,"#,
    r#""Task Info":{"Task ID":1,"Index":0,"Launch Time":6,"Executor ID":"1","Host":"h"}}"#,
    "\n",
    r#"{"Event":"SparkListenerTaskEnd","Stage ID":0,"Stage Attempt ID":0,"Task End Reason":{"Reason":"Success"},"#,
    r#""Task Info":{"Task ID":1,"Index":0,"Launch Time":6,"Finish Time":7,"Executor ID":"1","Host":"h"}}"#,
    "\n"
);
pub const END: &str = "{\"Event\":\"SparkListenerApplicationEnd\",\"Timestamp\":9}\n";

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn zstd(text: &str) -> Vec<u8> {
    zstd::encode_all(text.as_bytes(), 1).unwrap()
}

fn read(path: &Path, on_task: &mut (dyn FnMut(Task) + Send)) -> Result<Application, Error> {
    tinderbox_collect::read(&path.into(), on_task)
}

fn open(path: &Path) -> Result<EventLog, Error> {
    tinderbox_collect::open(&path.into())
}

/// The application and the number of its ended tasks.
fn read_all(path: &Path) -> (Application, usize) {
    let mut tasks = 0;
    let application = read(path, &mut |_| tasks += 1).unwrap();
    (application, tasks)
}

fn check_error(path: &Path, expected: &str, hint: &str) {
    let error = read(path, &mut |_| {}).unwrap_err();
    assert_eq!(error.to_string(), expected.replace("PATH", &path.display().to_string()));
    assert!(error.hint().contains(hint), "{}", error.hint());
    assert_eq!(error.class(), ErrorClass::USER);
}

#[test]
fn a_single_file_is_read_whatever_its_name_says() {
    let whole = format!("{START}{TASK}{END}");
    let compressed = zstd(&whole);
    let logs = folder(&[
        ("app-1", whole.as_bytes()),
        ("app-1.zstd", &compressed),
        ("renamed", &compressed),
        ("unpacked.zstd", whole.as_bytes()),
    ]);
    for name in ["app-1", "app-1.zstd", "renamed", "unpacked.zstd"] {
        let (application, tasks) = read_all(&logs.path().join(name));
        assert_eq!(application.id.as_ref().map(|id| id.as_str()), Some("app-1"), "{name}");
        assert_eq!((tasks, application.completeness.is_partial()), (1, false), "{name}");
    }
}

#[test]
fn a_rolling_log_is_read_in_the_order_of_its_numbers() {
    let end = zstd(END);
    let mut files = vec![
        ("eventlog_v2_app-1/appstatus_app-1".to_owned(), Vec::new()),
        ("eventlog_v2_app-1/events_1_app-1.zstd".to_owned(), zstd(START)),
    ];
    files
        .extend((2..=10).map(|n| (format!("eventlog_v2_app-1/events_{n}_app-1.zstd"), zstd(TASK))));
    files.push(("eventlog_v2_app-1/events_11_app-1.zstd".to_owned(), end));
    let files: Vec<_> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let logs = folder(&files);
    let (application, tasks) = read_all(&logs.path().join("eventlog_v2_app-1"));
    assert_eq!((tasks, application.completeness.is_partial()), (9, false));
    assert_eq!(open(&logs.path().join("eventlog_v2_app-1")).unwrap().version.files, 11);
}

#[test]
fn a_compacted_part_may_be_compressed_though_its_name_says_nothing() {
    // As the History Server of Spark 4 leaves a plain rolling log behind.
    let logs = folder(&[
        ("eventlog_v2_app-1/appstatus_app-1", b""),
        ("eventlog_v2_app-1/events_2_app-1.compact", &zstd(START)),
        ("eventlog_v2_app-1/events_3_app-1", format!("{TASK}{END}").as_bytes()),
    ]);
    let (application, tasks) = read_all(&logs.path().join("eventlog_v2_app-1"));
    assert!(application.completeness.ended && application.completeness.truncated.is_none());
    assert_eq!((application.name.as_str(), tasks), ("n", 1));
    // It is younger than the part behind it, but the log is as old as its end.
    let log = logs.path().join("eventlog_v2_app-1");
    touch(&log.join("events_3_app-1"), 100);
    touch(&log.join("events_2_app-1.compact"), 900);
    assert_eq!(open(&log).unwrap().version.modified.0, 100_000);
}

#[test]
fn what_is_missing_or_broken_in_the_middle_marks_the_application() {
    let logs = folder(&[
        ("gap/events_1_a", START.as_bytes()),
        ("gap/events_3_a", END.as_bytes()),
        ("codec/events_1_a", START.as_bytes()),
        ("codec/events_2_a.lz4", b"LZ4Block, and no header of a block"),
        ("codec/events_3_a", END.as_bytes()),
        ("line/events_1_a", &START.as_bytes()[..START.len() - 9]),
        ("line/events_2_a", END.as_bytes()),
    ]);
    for (name, reason) in [
        ("gap", "part 2 of the rolling log is missing"),
        ("codec", "events_2_a.lz4: reading stopped: lz4 data is damaged at byte 0 of the file"),
        ("line", "events_1_a: the last line is cut off"),
    ] {
        let (application, _) = read_all(&logs.path().join(name));
        let truncated = application.completeness.truncated.unwrap();
        assert!(truncated.starts_with(reason), "{truncated}");
        assert!(application.completeness.ended, "{name}: the end is read all the same");
    }
}

#[test]
fn databricks_folders_are_one_log() {
    let logs = folder(&[
        ("db/eventlog", END.as_bytes()),
        ("db/eventlog-2021-06-15--15-00", START.as_bytes()),
    ]);
    let (application, _) = read_all(&logs.path().join("db"));
    assert!(application.id.is_some() && application.completeness.ended);
}

#[test]
fn a_running_application_is_read_as_far_as_it_is_written() {
    let mut frames = zstd(START);
    let next = zstd(TASK);
    frames.extend(&next[..next.len() / 2]);
    let logs = folder(&[("app-1.zstd.inprogress", &frames)]);
    let path = logs.path().join("app-1.zstd.inprogress");
    assert!(open(&path).unwrap().version.in_progress);
    let (application, tasks) = read_all(&path);
    assert_eq!((application.name.as_str(), tasks), ("n", 0));
    let truncated = application.completeness.truncated.unwrap();
    assert!(truncated.contains("zstd data is cut: the file ends at byte"), "{truncated}");
}

#[test]
fn a_log_that_ends_between_opening_and_reading_is_read() {
    let logs = folder(&[("app-1.inprogress", format!("{START}{END}").as_bytes())]);
    let log = open(&logs.path().join("app-1.inprogress")).unwrap();
    fs::rename(logs.path().join("app-1.inprogress"), logs.path().join("app-1")).unwrap();
    assert!(log.read(2, &mut |_| {}).unwrap().completeness.ended);
}

#[test]
fn bad_paths_are_told_apart_and_say_what_to_do() {
    let logs = folder(&[
        ("empty", b""),
        ("empty.zstd", b""),
        ("begun.zstd.inprogress", &zstd(START)[..9]),
        (
            "driver.log",
            b"26/11/20 19:27:31 WARN TaskSetManager: Lost task 1.0 in stage 10.0 (TID 14)\n",
        ),
        ("numbers.json", b"{\"a\":1}\n"),
        ("part.parquet", b"PAR1\x15\x04\x00\xff\xfe\n"),
        ("app-2.lz4", b"LZ4Block, and no header of a block"),
        ("begun.lz4.inprogress", b"LZ4Block\x25"),
        ("none/readme/text", b""),
        ("two/app-1", START.as_bytes()),
        ("two/app-2", START.as_bytes()),
    ]);
    let at = |name: &str| logs.path().join(name);
    check_error(&at("gone"), "PATH does not exist", "spark.eventLog.dir");
    check_error(&at("empty"), "PATH is empty", "wait for its first events");
    check_error(&at("empty.zstd"), "PATH is empty", "wait for its first events");
    check_error(&at("begun.zstd.inprogress"), "PATH is empty", "wait for its first events");
    check_error(
        &at("driver.log"),
        "PATH is no Spark event log: it begins with \
         `26/11/20 19:27:31 WARN TaskSetManager: Lost task 1.0 in stag…`",
        "driver logs",
    );
    check_error(
        &at("numbers.json"),
        "PATH is no Spark event log: it begins with `{\"a\":1}`",
        "spark.eventLog.dir",
    );
    check_error(
        &at("part.parquet"),
        "PATH is no Spark event log: it begins with binary data",
        "spark.eventLog.dir",
    );
    check_error(&at("app-2.lz4"), "cannot decode PATH", "copy the file again");
    check_error(&at("begun.lz4.inprogress"), "PATH is empty", "wait for its first events");
    check_error(&at("none"), "PATH holds no event log", "eventlog_v2_");
    check_error(&at("two"), "PATH holds 2 event logs", "name one of them");
    // The way leads through a file.
    let error = read(&at("empty/app-1"), &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
}

#[test]
fn a_log_directory_lists_its_logs_the_latest_first() {
    let logs = folder(&[
        ("app-1_2.zstd", b"x"),
        ("app-2.inprogress", b"xy"),
        ("eventlog_v2_app-3/events_1_app-3", b"xyz"),
        ("eventlog_v2_app-3/events_2_app-3", b"xyz"),
        ("eventlog_v2_app-3/appstatus_app-3.inprogress", b""),
        ("eventlog_v2_new/appstatus_new.inprogress", b""),
        (".app-4.crc", b"x"),
        ("archive/app-5", b"x"),
    ]);
    for (seconds, name) in [(30, "app-1_2.zstd"), (20, "app-2.inprogress")] {
        touch(&logs.path().join(name), seconds);
    }
    for name in ["eventlog_v2_app-3/events_1_app-3", "eventlog_v2_app-3/events_2_app-3"] {
        touch(&logs.path().join(name), 10);
    }
    let location = Location::Local(logs.path().to_owned());
    let listed = list(&location, Depth::OneLevel).unwrap().logs;
    let shown: Vec<_> =
        listed.iter().map(|log| (log.name.as_str(), log.version.to_string())).collect();
    assert_eq!(
        shown,
        [
            ("app-1_2", "1-30000-1-closed".to_owned()),
            ("app-2", "2-20000-1-open".to_owned()),
            ("app-3", "6-10000-2-open".to_owned()),
        ]
    );
}

#[test]
fn the_version_changes_when_the_log_grows() {
    let logs = folder(&[("app-1.inprogress", START.as_bytes())]);
    let path = logs.path().join("app-1.inprogress");
    let before = open(&path).unwrap();
    assert_eq!(open(&path).unwrap(), before);
    fs::write(&path, format!("{START}{TASK}")).unwrap();
    assert_ne!(open(&path).unwrap().version, before.version);
}

fn touch(path: &PathBuf, seconds: u64) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn a_log_that_grows_is_read_on_from_where_reading_stopped() {
    let whole = format!("{START}{TASK}{END}").into_bytes();
    let frames = [zstd(START), zstd(TASK), zstd(END)].concat();
    for (name, bytes) in [("app-1.inprogress", &whole), ("app-1.zstd.inprogress", &frames)] {
        let logs = folder(&[(name, b"")]);
        let path = logs.path().join(name);
        let mut follower = Follower::default();
        let mut tasks = 0;
        for cut in (1..bytes.len()).step_by(7).chain([bytes.len()]) {
            fs::write(&path, &bytes[..cut]).unwrap();
            // Nothing of it may be whole yet.
            let Ok(log) = open(&path) else { continue };
            assert!(follower.can_follow(&log));
            follower.advance(&log, 2, &mut |_| tasks += 1).unwrap();
            assert_eq!(follower.application().completeness.truncated, None, "{name} at {cut}");
        }
        assert_eq!(tasks, 1, "{name}");
        let closed = logs.path().join(name.strip_suffix(".inprogress").unwrap());
        fs::rename(&path, &closed).unwrap();
        follower.advance(&open(&closed).unwrap(), 2, &mut |_| tasks += 1).unwrap();
        let application = follower.finish(&mut |_| tasks += 1);
        assert_eq!((tasks, application.completeness.is_partial()), (1, false), "{name}");
    }
}

#[test]
fn a_log_whose_parts_were_put_together_or_exchanged_is_not_followed() {
    let part = |n: u32, text: &str| (format!("eventlog_v2_app/events_{n}_app"), text.to_owned());
    let parts = [part(1, START), part(2, TASK), part(3, TASK)];
    let marker = (String::from("eventlog_v2_app/appstatus_app.inprogress"), String::new());
    let entries = parts.iter().chain([&marker]);
    let entries: Vec<_> = entries.map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let logs = folder(&entries);
    let log = logs.path().join("eventlog_v2_app");
    let mut follower = Follower::default();
    follower.advance(&open(&log).unwrap(), 1, &mut |_| {}).unwrap();
    fs::write(log.join("events_4_app"), TASK).unwrap();
    assert!(follower.can_follow(&open(&log).unwrap()));
    fs::write(log.join("events_3_app"), "").unwrap();
    assert!(!follower.can_follow(&open(&log).unwrap()), "a part became shorter");
    fs::write(log.join("events_3_app"), TASK).unwrap();
    // As many parts as before, and none is missing.
    fs::rename(log.join("events_2_app"), log.join("events_2_app.compact")).unwrap();
    fs::remove_file(log.join("events_1_app")).unwrap();
    let compacted = open(&log).unwrap();
    assert_eq!(compacted.files().len(), 3);
    assert!(!follower.can_follow(&compacted));
}

#[test]
fn logs_are_archived_as_spark_does_a_file_by_its_name_a_rolling_log_as_a_folder() {
    let logs = folder(&[
        ("app-1.inprogress", START.as_bytes()),
        ("eventlog_v2_app-2/appstatus_app-2", b""),
        ("eventlog_v2_app-2/events_1_app-2.zstd", &zstd(START)),
        ("eventlog_v2_app-2/.events_1_app-2.zstd.crc", b"x"),
    ]);
    let places = ["app-1", "eventlog_v2_app-2"].map(|name| logs.path().join(name).as_path().into());
    let mut bytes = Vec::new();
    write_archive(&places, &mut bytes).unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut found = Vec::new();
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).unwrap();
        let mut data = Vec::new();
        entry.read_to_end(&mut data).unwrap();
        found.push((entry.name().unwrap().into_owned(), data));
    }
    let expected = [
        ("app-1.inprogress", START.as_bytes().to_vec()),
        ("eventlog_v2_app-2/", Vec::new()),
        ("eventlog_v2_app-2/appstatus_app-2", Vec::new()),
        ("eventlog_v2_app-2/events_1_app-2.zstd", zstd(START)),
    ];
    assert_eq!(found, expected.map(|(name, data)| (name.to_owned(), data)));
    let gone = write_archive(&[logs.path().join("app-3").as_path().into()], &mut Vec::new());
    assert!(gone.unwrap_err().to_string().contains("app-3 does not exist"));
}
