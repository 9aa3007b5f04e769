//! Streaming jobs on real Spark: the rows that come out, and what is left after a program was killed.

use crate::place::{Place, Spark, wait_for};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const LIMIT: Duration = Duration::from_secs(150);

const JOB: &str = r#"
name: streams
type: streaming
cluster: {version: "VERSION"}
configuration: {checkpointLocation: progress, sparkConf: {spark.sql.shuffle.partitions: 2, spark.ui.enabled: false, spark.sql.session.timeZone: UTC}}
pipeline:
  sources:
    - {id: readings, type: json, path: readings, schema: "id BIGINT, sensor STRING, value DOUBLE, at TIMESTAMP", options: {maxFilesPerTrigger: 1}}
    - {id: alarms, type: json, path: alarms, schema: "alarm BIGINT, sensor STRING, raised TIMESTAMP"}
    - {id: places, type: csv, path: places.csv, schema: "sensor STRING, place STRING", options: {header: true}, stream: false}
  transformations:
    - {id: timely, type: watermark, input: readings, column: at, delay: 10 minutes}
    - {id: once_each, type: deduplicate, columns: id, within_watermark: true}
    - {id: ids, type: select, columns: [id]}
    - {id: by_time, type: time_window, input: timely, column: at, size: 10 minutes}
    - {id: sums, type: aggregate, group_by: [window, sensor], aggregations: {value: sum, n: count(*)}}
    - {id: sums_flat, type: select, columns: [window.start, sensor, sum_value, n]}
    - {id: visits, type: time_window, input: timely, column: at, gap: 5 minutes}
    - {id: visit_sizes, type: aggregate, group_by: [sensor, window], aggregations: {n: count(*)}}
    - {id: visits_flat, type: select, columns: [sensor, window.end, n]}
    - {id: timely_alarms, type: watermark, input: alarms, column: raised, delay: 5 minutes}
    - {id: around, type: join, input: [timely_alarms, timely], how: left, on: [timely_alarms.sensor = timely.sensor, timely.at BETWEEN timely_alarms.raised AND timely_alarms.raised + INTERVAL 1 MINUTE]}
    - {id: alarm_rows, type: select, columns: [alarm, id]}
    - {id: placed, type: join, input: [readings, places], on: sensor, how: left}
    - {id: loud, type: sql, query: "SELECT id, place FROM {input} WHERE value > 4"}
  sinks:
    - {id: unique_out, type: json, input: ids, path: out/unique, trigger: {available_now: true}}
    - {id: sums_out, type: json, input: sums_flat, path: out/sums, trigger: {available_now: true}}
    - {id: visits_out, type: json, input: visits_flat, path: out/visits, trigger: {available_now: true}}
    - {id: alarms_out, type: json, input: alarm_rows, path: out/alarms, trigger: {available_now: true}}
    - {id: loud_out, type: json, input: loud, path: out/loud, trigger: {available_now: true}}
"#;

/// The files of the stream in their order: the last reading of the third file is later than the watermark allows.
const READINGS: [&str; 3] = [
    r#"{"id":1,"sensor":"a","value":1.0,"at":"2026-01-01T00:00:10Z"}
{"id":2,"sensor":"a","value":3.0,"at":"2026-01-01T00:05:00Z"}
{"id":2,"sensor":"a","value":3.0,"at":"2026-01-01T00:05:00Z"}
{"id":3,"sensor":"b","value":5.0,"at":"2026-01-01T00:06:00Z"}
{"id":4,"sensor":"a","value":7.0,"at":"2026-01-01T02:00:00Z"}
"#,
    r#"{"id":5,"sensor":"b","value":9.0,"at":"2026-01-01T04:00:00Z"}
"#,
    r#"{"id":6,"sensor":"b","value":2.0,"at":"2026-01-01T08:00:00Z"}
{"id":7,"sensor":"a","value":100.0,"at":"2026-01-01T00:00:20Z"}
"#,
];

const ALARMS: &str = r#"{"alarm":1,"sensor":"a","raised":"2026-01-01T00:04:30Z"}
{"alarm":2,"sensor":"b","raised":"2026-01-01T00:00:00Z"}
{"alarm":3,"sensor":"b","raised":"2026-01-01T09:00:00Z"}
"#;

fn rows_of_a_streaming_job(version: &str) {
    let place = Place::new();
    let file = place.write("job.yaml", &JOB.replace("VERSION", version));
    for folder in ["readings", "alarms"] {
        std::fs::create_dir(place.path(folder)).unwrap();
    }
    for (at, text) in READINGS.iter().enumerate() {
        // Spark takes files by their time of change.
        let path = place.write(&format!("readings/{at}.json"), text);
        let time = UNIX_EPOCH + Duration::from_secs(1_700_000_000 + 10 * at as u64);
        std::fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }
    place.write("alarms/0.json", ALARMS);
    place.write("places.csv", "sensor,place\na,attic\n");
    let output = place.ask(&["run", file.to_str().unwrap()]);
    let log = || String::from_utf8_lossy(&place.ask(&["logs", "latest"]).stdout).into_owned();
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stderr), log());
    for (sink, expected) in [
        (
            "unique",
            vec![
                json!({"id": 1}),
                json!({"id": 2}),
                json!({"id": 3}),
                json!({"id": 4}),
                json!({"id": 5}),
                json!({"id": 6}),
            ],
        ),
        (
            "sums",
            vec![
                json!({"start": "2026-01-01T00:00:00.000Z", "sensor": "a", "sum_value": 7.0, "n": 3}),
                json!({"start": "2026-01-01T00:00:00.000Z", "sensor": "b", "sum_value": 5.0, "n": 1}),
                json!({"start": "2026-01-01T02:00:00.000Z", "sensor": "a", "sum_value": 7.0, "n": 1}),
                json!({"start": "2026-01-01T04:00:00.000Z", "sensor": "b", "sum_value": 9.0, "n": 1}),
            ],
        ),
        (
            "visits",
            vec![
                json!({"sensor": "a", "end": "2026-01-01T00:10:00.000Z", "n": 3}),
                json!({"sensor": "a", "end": "2026-01-01T02:05:00.000Z", "n": 1}),
                json!({"sensor": "b", "end": "2026-01-01T00:11:00.000Z", "n": 1}),
                json!({"sensor": "b", "end": "2026-01-01T04:05:00.000Z", "n": 1}),
            ],
        ),
        (
            "alarms",
            vec![json!({"alarm": 1, "id": 2}), json!({"alarm": 1, "id": 2}), json!({"alarm": 2})],
        ),
        (
            "loud",
            vec![
                json!({"id": 3}),
                json!({"id": 4, "place": "attic"}),
                json!({"id": 5}),
                json!({"id": 7, "place": "attic"}),
            ],
        ),
    ] {
        let mut expected: Vec<String> = expected.iter().map(Value::to_string).collect();
        expected.sort();
        let mut found: Vec<String> =
            rows(&place.path(&format!("out/{sink}"))).iter().map(Value::to_string).collect();
        found.sort();
        assert_eq!(found, expected, "{sink}");
    }
}

/// The rows as a reader sees them that goes by the log of the file sink, as Spark does.
fn rows(folder: &Path) -> Vec<Value> {
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(folder.join("_spark_metadata")).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with(|c: char| c.is_ascii_digit()) {
            continue; // Not yet in place.
        }
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        for line in text.lines().skip(1) {
            let added: Value = serde_json::from_str(line).unwrap();
            let file = added["path"].as_str().unwrap().trim_start_matches("file://").to_owned();
            files.insert(PathBuf::from(file));
        }
    }
    let texts = files.iter().map(|file| std::fs::read_to_string(file).unwrap());
    texts
        .flat_map(|text| {
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
        })
        .collect()
}

#[test]
fn real_spark_rows_3_3_and_4_6_to_4_10_and_14_7_streams_give_their_rows_on_3_5() {
    if let Some(_spark) = Spark::three() {
        rows_of_a_streaming_job("3.5");
    }
}

#[test]
fn real_spark_rows_3_3_and_4_6_to_4_10_and_14_7_streams_give_their_rows_on_4() {
    if let Some(_spark) = Spark::four() {
        rows_of_a_streaming_job("4");
    }
}

const FILES: usize = 250;
const ROWS_PER_FILE: usize = 4;

const ENDLESS: &str = r#"
name: endless
type: streaming
configuration: {checkpointLocation: progress, sparkConf: {spark.ui.enabled: false}}
pipeline:
  sources:
    - {id: events, type: json, path: in, schema: "id BIGINT", options: {maxFilesPerTrigger: 5}}
  sinks:
    - {id: kept, type: json, path: out, trigger: {processing_time: 100 milliseconds}}
"#;

#[test]
fn real_spark_row_4_11_a_stream_that_is_killed_twice_has_each_row_exactly_once() {
    let Some(spark) = Spark::three() else { return };
    let place = Place::new();
    let file = place.write("job.yaml", ENDLESS);
    let compiled = place.ask(&["compile", file.to_str().unwrap()]);
    assert!(compiled.status.success());
    std::fs::write(place.path("job.py"), compiled.stdout).unwrap();
    std::fs::create_dir(place.path("in")).unwrap();
    let folder = place.dir.path().to_owned();
    let feeder = std::thread::spawn(move || feed(&folder));
    let out = place.path("out");
    for attempt in 0..2 {
        let mut program = submit(&spark, &place);
        let before = rows(&out).len();
        wait_for("rows of this attempt", LIMIT, || {
            assert!(program.try_wait().unwrap().is_none(), "{}", log(&place));
            (rows(&out).len() > before).then_some(())
        });
        let moment = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos() % 1_500;
        println!("attempt {attempt} is killed after {moment} ms");
        std::thread::sleep(Duration::from_millis(u64::from(moment)));
        kill(&mut program);
        assert!(rows(&out).len() < FILES * ROWS_PER_FILE, "it was killed under way");
    }
    let mut program = submit(&spark, &place);
    feeder.join().unwrap();
    wait_for("all rows", LIMIT, || {
        assert!(program.try_wait().unwrap().is_none(), "{}", log(&place));
        (rows(&out).len() >= FILES * ROWS_PER_FILE).then_some(())
    });
    kill(&mut program);
    let mut ids: Vec<u64> = rows(&out).iter().map(|row| row["id"].as_u64().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..(FILES * ROWS_PER_FILE) as u64).collect::<Vec<_>>());
}

/// A file every tenth of a second, each there as a whole at once.
fn feed(folder: &Path) {
    for at in 0..FILES {
        let lines: String = (0..ROWS_PER_FILE)
            .map(|row| format!("{{\"id\":{}}}\n", at * ROWS_PER_FILE + row))
            .collect();
        let written = folder.join("next.json");
        std::fs::write(&written, lines).unwrap();
        std::fs::rename(written, folder.join(format!("in/{at}.json"))).unwrap();
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The compiled program, in a process group of its own.
fn submit(spark: &Spark, place: &Place) -> Child {
    let log = std::fs::File::options().create(true).append(true).open(place.path("log")).unwrap();
    Command::new(spark.home().join("bin/spark-submit"))
        .args(["--master", "local[2]", "job.py"])
        .env("SPARK_HOME", spark.home())
        .env("PYSPARK_PYTHON", spark.python())
        .current_dir(place.dir.path())
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

fn log(place: &Place) -> String {
    std::fs::read_to_string(place.path("log")).unwrap_or_default()
}

/// SIGKILL for the JVM and its Python at once.
fn kill(program: &mut Child) {
    let group = format!("-{}", program.id());
    assert!(Command::new("kill").args(["-KILL", "--", &group]).status().unwrap().success());
    program.wait().unwrap();
}
