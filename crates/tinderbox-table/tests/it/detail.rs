//! Detail files.

use crate::{folder, names_in};
use tinderbox_model::{
    Application, ApplicationId, ExecutorId, SparkVersion, Stage, StageAttemptId, StageId,
    TaskBrief, TaskId, TaskMetrics, TimestampMs,
};
use tinderbox_table::{Error, read_detail, write_detail};

pub fn application() -> Application {
    let mut stage = Stage::new(StageAttemptId { stage: StageId(3), attempt: 1 });
    stage.name = String::from("collect at job.py:12 – ünïcode\n");
    for value in 0..5_000 {
        stage.distributions.duration.add(value * value);
    }
    stage.slowest_tasks.push(TaskBrief {
        id: TaskId(7),
        index: 2,
        executor: ExecutorId::new("1"),
        duration: tinderbox_model::Millis(9),
        metrics: TaskMetrics::default(),
    });
    let mut application = Application {
        id: Some(ApplicationId::new("app-1")),
        name: String::from("daily"),
        spark_version: SparkVersion::parse("3.5.8"),
        start_time: Some(TimestampMs(1)),
        stages: vec![stage],
        ..Application::default()
    };
    let property = (String::from("spark.app.name"), String::from("daily"));
    application.environment.spark_properties.extend([property]);
    application.completeness.bad_line_samples.push((3, String::from("no JSON")));
    application
}

#[test]
fn an_application_reads_back_as_it_was() {
    let folder = folder();
    let path = folder.path().join("a").join("b").join("run.json.zst");
    let size = write_detail(&path, &application()).expect("writes");
    assert_eq!(size.0, std::fs::metadata(&path).expect("exists").len());
    assert_eq!(read_detail(&path).expect("reads"), application());
    assert_eq!(names_in(path.parent().expect("has one")), ["run.json.zst"]);
}

#[test]
fn the_first_line_says_the_version() {
    let folder = folder();
    let path = folder.path().join("run.json.zst");
    write_detail(&path, &Application::default()).expect("writes");
    let bytes = std::fs::read(&path).expect("reads");
    let text =
        String::from_utf8(zstd::decode_all(bytes.as_slice()).expect("is zstd")).expect("is text");
    assert_eq!(text.lines().next(), Some(r#"{"tinderbox_detail":1}"#));
    assert_eq!(text.lines().count(), 2);
}

#[test]
fn a_newer_version_is_refused() {
    let folder = folder();
    let path = folder.path().join("run.json.zst");
    let text = "{\"tinderbox_detail\":2,\"more\":true}\n[1,2,3]";
    std::fs::write(&path, zstd::encode_all(text.as_bytes(), 3).expect("encodes")).expect("writes");
    let error = read_detail(&path).expect_err("is newer");
    assert!(matches!(error, Error::NewerVersion { found: 2, supported: 1, .. }), "{error:?}");
    assert!(error.hint().contains("newer program"));
}
