//! A log directory in which a good part is broken: what is wrong is told with file and byte, the rest is served as if
//! nothing were wrong.

use crate::place::{Place, Server, free_address, get_json};
use serde_json::Value;
use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Healthy applications with their logs among the fixtures.
const HEALTHY: [(&str, &str); 3] = [
    ("local-1795203071921", "spark-3.5-small/local-1795203071921"),
    ("local-1795203063428", "spark-3.5-sql/local-1795203063428.zstd"),
    ("local-1795203159654", "spark-4.3-failures/eventlog_v2_local-1795203159654"),
];

const HOUR_MS: i64 = 3_600_000;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tinderbox-spark/tests/fixtures").join(name)
}

/// The events of a small application (two stages of two tasks) under another id.
fn small(id: &str) -> Vec<Value> {
    let text = fs::read_to_string(fixture(HEALTHY[0].1)).unwrap();
    let mut events: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let start = events.iter_mut().find(|event| is(event, "ApplicationStart")).unwrap();
    start["App ID"] = id.into();
    events
}

fn is(event: &Value, name: &str) -> bool {
    event["Event"].as_str() == Some(&format!("SparkListener{name}"))
}

fn position(events: &[Value], name: &str) -> usize {
    events.iter().position(|event| is(event, name)).unwrap()
}

fn text(events: &[Value]) -> Vec<u8> {
    events.iter().flat_map(|event| format!("{event}\n").into_bytes()).collect()
}

/// Bytes before the event at `at`.
fn offset(events: &[Value], at: usize) -> usize {
    text(&events[..at]).len()
}

/// A broken log that is read, and what is said of it.
struct Broken {
    /// Of its file and its application.
    id: &'static str,
    says: String,
}

/// Moves every time of an event.
fn shift(value: &mut Value, by: i64) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let is_time = name.ends_with("Time") || name == "Timestamp";
                match value.as_i64().filter(|time| is_time && *time > HOUR_MS) {
                    Some(time) => *value = (time + by).into(),
                    None => shift(value, by),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| shift(item, by)),
        _ => {}
    }
}

fn write_broken(folder: &Path) -> Vec<Broken> {
    let write = |id: &str, bytes: &[u8]| fs::write(folder.join(id), bytes).unwrap();
    let mut broken = Vec::new();
    let mut say = |id, says: String| broken.push(Broken { id, says });

    let mut events = small("cut-in-a-character");
    let end = events.len() - 1;
    events[end]["~"] = "ä".into();
    let mut bytes = text(&events);
    // Behind the character are a quote, a brace and the line's end.
    bytes.truncate(bytes.len() - 4);
    assert!(std::str::from_utf8(&bytes).is_err());
    write("cut-in-a-character", &bytes);
    let at = offset(&events, end);
    say("cut-in-a-character", format!("cut-in-a-character: the last line is cut off at byte {at}"));

    let mut events = small("bad-character");
    let at = position(&events, "JobStart");
    events[at]["Properties"]["spark.job.description"] = "@@@@".into();
    let mut bytes = text(&events);
    let start = offset(&events, at);
    let found = bytes[start..].windows(4).position(|four| four == b"@@@@").unwrap();
    bytes[start + found] = 0xc3;
    write("bad-character", &bytes);
    say("bad-character", format!("(at byte {start} of bad-character)"));

    let events = small("long-line");
    let at = position(&events, "JobStart");
    let mut file = File::create(folder.join("long-line")).unwrap();
    file.write_all(&text(&events[..at])).unwrap();
    // A hole: it takes no place on the disk and reads as zeros.
    let before = offset(&events, at);
    file.set_len(u64::try_from(before).unwrap() + 300_000_000).unwrap();
    drop(file);
    let mut file = File::options().append(true).open(folder.join("long-line")).unwrap();
    file.write_all(b"\n").unwrap();
    file.write_all(&text(&events[at..])).unwrap();
    say(
        "long-line",
        format!(
            "a line of 300000001 bytes is longer than the limit of 268435456 (at byte {before} of long-line)"
        ),
    );

    let mut events = small("out-of-order");
    let (start, end) = (position(&events, "TaskStart"), position(&events, "TaskEnd"));
    let task = events[end]["Task Info"]["Task ID"].clone();
    assert_eq!(events[start]["Task Info"]["Task ID"], task);
    let moved = events.remove(end);
    events.insert(start, moved);
    write("out-of-order", &text(&events));
    let at = offset(&events, start);
    say(
        "out-of-order",
        format!("task {task} ends without having begun (at byte {at} of out-of-order)"),
    );

    let mut events = small("lost-events");
    events.retain(|event| !is(event, "JobEnd"));
    let end = position(&events, "TaskEnd");
    events.remove(end);
    write("lost-events", &text(&events));
    say("lost-events", String::from("the ends of 1 tasks were never seen"));
    say("lost-events", String::from("the ends of 1 jobs were never seen"));

    let mut events = small("clock-back");
    let at = position(&events, "TaskEnd");
    events[at..].iter_mut().for_each(|event| shift(event, -HOUR_MS));
    // A task's launch is told again with its end, by the clock of that time.
    events[at]["Task Info"]["Launch Time"] = small("x")[at]["Task Info"]["Launch Time"].clone();
    write("clock-back", &text(&events));
    let at = offset(&events, at);
    say("clock-back", format!("(at byte {at} of clock-back)"));
    say("clock-back", String::from("the clock goes back: "));

    let mut events = small("large-numbers");
    let ends: Vec<usize> = (0..events.len()).filter(|&at| is(&events[at], "TaskEnd")).collect();
    for &at in &ends[1..] {
        let metrics = &mut events[at]["Task Metrics"];
        metrics["Executor Run Time"] = i64::MAX.into();
        metrics["Input Metrics"]["Bytes Read"] = i64::MAX.into();
        metrics["Shuffle Write Metrics"]["Shuffle Records Written"] = i64::MAX.into();
    }
    events[ends[0]]["Task Metrics"]["Executor Run Time"] = "@".into();
    let beyond = String::from_utf8(text(&events)).unwrap().replace("\"@\"", "18446744073709551616");
    write("large-numbers", beyond.as_bytes());
    let at = offset(&events, ends[0]);
    say("large-numbers", format!("(at byte {at} of large-numbers)"));

    let mut frames = fs::read(fixture("spark-3.5-failures/local-1795203146638.zstd")).unwrap();
    let middle = frames.len() / 2;
    // Enough that it is not only the text that changes: Spark writes no checksums.
    let end = middle + frames.len() / 8;
    frames[middle..end].fill(0xff);
    write("local-1795203146638.zstd", &frames);
    say("local-1795203146638", String::from("zstd data is damaged at byte "));
    broken
}

/// What cannot be read at all: names and what is said of them.
fn write_unreadable(folder: &Path) -> Vec<(&'static str, &'static str)> {
    fs::write(folder.join("empty"), "").unwrap();
    let garbage: Vec<u8> = (0..100_000_u32).map(|n| n.wrapping_mul(n).to_le_bytes()[1]).collect();
    fs::write(folder.join("garbage"), &garbage).unwrap();
    fs::write(folder.join("magic.zstd"), [b"\x28\xb5\x2f\xfe", &garbage[..]].concat()).unwrap();
    fs::write(folder.join("magic.lz4"), [b"LZ4Blick", &garbage[..]].concat()).unwrap();
    fs::create_dir(folder.join("eventlog_v2_locked")).unwrap();
    fs::set_permissions(folder.join("eventlog_v2_locked"), Permissions::from_mode(0o000)).unwrap();
    vec![
        ("empty", "is empty"),
        ("garbage", "begins with binary data"),
        ("magic.zstd", "damaged at byte 0 of the file"),
        ("magic.lz4", "damaged at byte 0 of the file"),
        ("eventlog_v2_locked", "ermission denied"),
    ]
}

/// Two logs of the same attempt, and two attempts of another application.
fn write_several(folder: &Path) {
    for (name, attempt) in
        [("twin-a", None), ("twin-b", None), ("two_1", Some(1)), ("two_2", Some(2))]
    {
        let mut events = small(name.get(..3).unwrap());
        if let Some(attempt) = attempt {
            let at = position(&events, "ApplicationStart");
            events[at]["App Attempt ID"] = attempt.to_string().into();
            events.iter_mut().for_each(|event| shift(event, attempt * HOUR_MS));
        }
        fs::write(folder.join(name), text(&events)).unwrap();
    }
}

/// Copies of the healthy logs with their times of change, which answers show.
fn copy_healthy(folder: &Path) {
    fs::create_dir(folder).unwrap();
    for (_, name) in HEALTHY {
        let (_, log) = name.split_once('/').unwrap();
        copy(&fixture(name), &folder.join(log));
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
        let modified = fs::metadata(from).unwrap().modified().unwrap();
        File::options().append(true).open(to).unwrap().set_modified(modified).unwrap();
    }
}

/// Collects as somebody who may not read everything: the superuser may, so that he becomes nobody.
fn collect(place: &Place, logs: &Path) -> Output {
    let mut command = place.tinderbox();
    if fs::metadata(place.dir.path()).unwrap().uid() == 0 {
        const NOBODY: u32 = 65_534;
        // Nobody may enter neither the build directory nor those of a test.
        let binary = place.path("tinderbox");
        fs::copy(env!("CARGO_BIN_EXE_tinderbox"), &binary).unwrap();
        let copied = Command::new(&binary);
        command = copied;
        command.uid(NOBODY).gid(NOBODY).current_dir("/").env("TINDERBOX_DATA_DIR", place.home());
        for name in ["TINDERBOX_URL", "TINDERBOX_TOKEN"] {
            command.env_remove(name);
        }
        fs::set_permissions(place.dir.path(), Permissions::from_mode(0o777)).unwrap();
    }
    command.args(["collect", "--format", "json", "--event-log-dir"]).arg(logs).output().unwrap()
}

/// Checks that no number is below Spark's -1 for what is not known or wrapped around.
fn check_numbers(path: &str, value: &Value) {
    match value {
        Value::Number(number) => {
            let fits = number.as_i64().is_some_and(|number| number >= -1)
                || (number.is_f64() && number.as_f64().is_some_and(|number| number >= -1.0));
            assert!(fits, "{path}: {number}");
        }
        Value::Array(items) => items.iter().for_each(|item| check_numbers(path, item)),
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| check_numbers(&format!("{path} {name}"), value));
        }
        _ => {}
    }
}

/// All answers about an application, by path.
fn answers(server: &Server, id: &str) -> Vec<(String, Value)> {
    let of = |path: &str| {
        let path = format!("/api/v1/applications/{id}{path}");
        let answer = get_json(&format!("{}{path}", server.url));
        (path.clone(), answer.unwrap_or_else(|| panic!("GET {path}")))
    };
    let mut all: Vec<_> =
        ["", "/jobs", "/stages", "/allexecutors", "/environment", "/sql", "/storage/rdd"]
            .into_iter()
            .map(of)
            .collect();
    let stages: Vec<Value> = all[2].1.as_array().unwrap().clone();
    for stage in stages.iter().filter(|stage| stage["status"] != "SKIPPED") {
        let path = format!("/stages/{}/{}", stage["stageId"], stage["attemptId"]);
        all.push(of(&format!("{path}?details=true&withSummaries=true")));
        all.push(of(&format!("{path}/taskList?length=1000")));
    }
    all
}

#[test]
fn broken_logs_are_told_with_file_and_byte_and_the_others_are_served_as_ever() {
    let healthy = Place::new();
    copy_healthy(&healthy.path("logs"));
    let done =
        healthy.ask_json(&["collect", "--event-log-dir", healthy.path("logs").to_str().unwrap()]);
    assert_eq!(done["warnings"].as_array().map(Vec::len), Some(0), "{done}");

    let place = Place::new();
    let logs = place.path("logs");
    copy_healthy(&logs);
    write_several(&logs);
    let unreadable = write_unreadable(&logs);
    let broken = write_broken(&logs);
    let output = collect(&place, &logs);
    fs::set_permissions(logs.join("eventlog_v2_locked"), Permissions::from_mode(0o755)).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "something could be read: {said}");
    let done: Value = serde_json::from_slice(&output.stdout).unwrap();
    check_reports(&done, &unreadable, &broken);

    let server = Server::start(&place, free_address());
    let reference = Server::start(&healthy, free_address());
    for (id, _) in HEALTHY {
        let of = |place: &Place, server| {
            let text = serde_json::to_string(&answers(server, id)).unwrap();
            text.replace(place.path("logs").to_str().unwrap(), "LOGS")
        };
        assert_eq!(of(&place, &server), of(&healthy, &reference), "{id}");
    }
    check_broken_runs(&server, &broken);
    check_twins(&server);
    let again = place.ask_json(&["collect", "--event-log-dir", logs.to_str().unwrap()]);
    assert_eq!(again["collected"], 0, "{again}");
    assert_eq!(again["warnings"].as_array().map(Vec::len), Some(0), "told once: {again}");
}

fn check_reports(done: &Value, unreadable: &[(&str, &str)], broken: &[Broken]) {
    let failed = done["failed"].as_array().unwrap();
    assert_eq!(failed.len(), unreadable.len(), "{failed:#?}");
    for (name, says) in unreadable {
        let names = |failure: &&Value| failure["reason"].as_str().unwrap().contains(name);
        let failure = failed.iter().find(names).unwrap_or_else(|| panic!("{name}: {failed:#?}"));
        assert!(failure["reason"].as_str().unwrap().contains(says), "{failure}");
        assert!(failure["hint"].is_string(), "{failure}");
    }
    let warnings = done["warnings"].as_array().unwrap();
    for Broken { id, says } in broken {
        let names = |warning: &&Value| warning["log"].as_str().unwrap().contains(id);
        let warning = warnings.iter().find(names).unwrap_or_else(|| panic!("{id}: {warnings:#?}"));
        let mut reasons = warning["reasons"].as_array().unwrap().iter();
        assert!(reasons.any(|reason| reason.as_str().unwrap().contains(says)), "{says}: {warning}");
    }
    let is_of = |warning: &Value, id: &str| warning["log"].as_str().unwrap().contains(id);
    for warning in warnings {
        let is_expected =
            broken.iter().any(|log| is_of(warning, log.id)) || is_of(warning, "twin-");
        assert!(is_expected, "{warning}");
    }
}

fn check_broken_runs(server: &Server, broken: &[Broken]) {
    let jobs = server.get("/api/jobs?limit=100");
    let jobs = jobs["jobs"].as_array().unwrap();
    for job in jobs {
        let id = job["application_id"].as_str().unwrap();
        let is_broken = broken.iter().any(|log| log.id == id);
        assert_eq!(job["partial"], is_broken, "{job}");
        check_numbers(id, job);
        let detail = server.get(&format!("/api/jobs/{}", job["job_id"].as_str().unwrap()));
        let reasons = detail["partial_reasons"].to_string();
        for Broken { says, .. } in broken.iter().filter(|log| log.id == id) {
            assert!(reasons.contains(says), "{says}: {reasons}");
        }
    }
    for Broken { id, .. } in broken {
        assert!(jobs.iter().any(|job| job["application_id"] == *id), "{id} is listed");
        for (path, answer) in answers(server, id) {
            check_numbers(&path, &answer);
        }
    }
    // Only what the damaged lines said is missing.
    let tasks = |id: &str| {
        let stages = server.get(&format!("/api/v1/applications/{id}/stages"));
        let stages = stages.as_array().unwrap().iter();
        stages.map(|stage| stage["numCompleteTasks"].as_u64().unwrap()).sum::<u64>()
    };
    for (id, complete) in [
        ("cut-in-a-character", 4),
        ("long-line", 4),
        ("out-of-order", 4),
        ("clock-back", 4),
        ("lost-events", 3),
        ("large-numbers", 3),
    ] {
        assert_eq!(tasks(id), complete, "{id}");
    }
}

fn check_twins(server: &Server) {
    let twin = server.get("/api/v1/applications/twi");
    assert_eq!(twin["attempts"].as_array().unwrap().len(), 1, "one attempt, from one of the logs");
    let two = server.get("/api/v1/applications/two");
    let attempts: Vec<_> =
        two["attempts"].as_array().unwrap().iter().map(|attempt| &attempt["attemptId"]).collect();
    assert_eq!(attempts, ["2", "1"]);
    let jobs = server.get("/api/jobs?limit=100");
    let of = |id: &str| {
        let jobs = jobs["jobs"].as_array().unwrap().iter();
        jobs.filter(|job| job["application_id"] == id).count()
    };
    assert_eq!((of("twi"), of("two")), (2, 2), "every log is a run of its own");
}
