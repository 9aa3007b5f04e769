//! `generate fit`: from models to event logs, collected, and back to models.

use crate::place::{Place, Server, free_address};
use std::process::Output;
use tinderbox_generate::{JobType, Models};

/// Two types, small and far apart.
const MODELS: &str = "version: 1
defaults:
  pipelines: 8
  input: {mean_mb: 800, spread_of_pipelines: 0.8, spread: 0.3}
  cluster: {executors: [2, 4, 8], cores: [2, 4]}
  duration: {least_seconds: 5}
job_types:
  Hourly_Load:
    share: 3
    operators: [ReadCSV, Join, WriteParquet]
    mean_seconds: 120
    failure_rate: 0.2
    schedule: {hours: [0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0]}
    duration: {by_input: 0.9, spread: 0.1}
  Training:
    operators: [ReadParquet, ModelTrain, ModelSave]
    mean_seconds: 900
    failure_rate: 0.05
    duration: {by_input: 0.2, spread: 0.1}
";

fn run(place: &Place, arguments: &[&str]) -> Output {
    place.tinderbox().current_dir(place.dir.path()).args(arguments).output().unwrap()
}

fn done(place: &Place, arguments: &[&str]) -> (String, String) {
    let output = run(place, arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    (text(&output.stdout), text(&output.stderr))
}

fn refused(place: &Place, arguments: &[&str]) -> String {
    let output = run(place, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn of<'m>(models: &'m Models, name: &str) -> &'m JobType {
    models.job_types.iter().find(|job_type| job_type.name == name).unwrap()
}

fn correlation(a: &[f64; 24], b: &[f64; 24]) -> f64 {
    let mean = |values: &[f64; 24]| values.iter().sum::<f64>() / 24.0;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let sum = |f: &dyn Fn(usize) -> f64| (0..24).map(f).sum::<f64>();
    let both = sum(&|i| (a[i] - mean_a) * (b[i] - mean_b));
    let alone = sum(&|i| (a[i] - mean_a).powi(2)) * sum(&|i| (b[i] - mean_b).powi(2));
    both / alone.sqrt()
}

#[test]
fn models_are_found_again_in_collected_event_logs() {
    let place = Place::new();
    place.write("models.yaml", MODELS);
    let jobs = ["generate", "--jobs", "500", "--days", "28", "--models", "models.yaml"];
    let logs = ["--event-logs", "--tasks-per-job", "60-120", "--out", "set"];
    done(&place, &[&jobs[..], &logs].concat());
    done(&place, &["collect", "--event-log-dir", "set/event-logs"]);

    let (text, table) = done(&place, &["generate", "fit", "--from", "home"]);
    for word in ["JOB TYPE", "Hourly_Load", "Training"] {
        assert!(table.contains(word), "{word}: {table}");
    }
    let known = Models::parse("models.yaml", MODELS).unwrap();
    let found = Models::parse("fit.yaml", &text).unwrap();
    for (name, share, runs) in [("Hourly_Load", 0.75, 375.0_f64), ("Training", 0.25, 125.0)] {
        let (known, found) = (of(&known, name), of(&found, name));
        let error = (share * (1.0 - share) / 500.0_f64).sqrt();
        assert!((found.share - share).abs() < 4.0 * error, "{name}: {}", found.share);
        let rate = known.failure_rate;
        let error = (rate * (1.0 - rate) / runs).sqrt();
        assert!((found.failure_rate - rate).abs() < 4.0 * error, "{name}: {}", found.failure_rate);
        assert_eq!(found.pipelines, 8, "{name}");
        let ratio = found.mean_seconds / known.mean_seconds;
        assert!((0.75..1.33).contains(&ratio), "{name}: {ratio}");
        let difference = found.duration.by_input - known.duration.by_input;
        assert!(difference.abs() < 0.15, "{name}: {difference}");
        let names = |job_type: &JobType| -> Vec<String> {
            job_type.operators.iter().map(|operator| operator.name.clone()).collect()
        };
        assert_eq!(names(found), names(known));
    }
    let (known, found) = (of(&known, "Hourly_Load"), of(&found, "Hourly_Load"));
    assert!(correlation(&known.schedule.hours, &found.schedule.hours) > 0.9, "{found:?}");

    // Given back, and from a server, and into a file that is not replaced.
    let server = Server::start(&place, free_address());
    let fit = ["generate", "fit", "--from", &server.url, "--out", "fit.yaml"];
    done(&place, &fit);
    assert_eq!(std::fs::read_to_string(place.path("fit.yaml")).unwrap(), text);
    assert!(refused(&place, &fit).contains("the file fit.yaml is there"));
    done(&place, &[&fit[..], &["--force"]].concat());
    done(&place, &["generate", "--jobs", "100", "--models", "fit.yaml", "--out", "again"]);
}

#[test]
fn places_without_runs_are_named() {
    let place = Place::new();
    let said = refused(&place, &["generate", "fit", "--from", "nowhere"]);
    assert!(said.contains("there is no folder nowhere") && said.contains("hint: "), "{said}");
    assert!(!place.path("nowhere").exists(), "nothing is made");
    std::fs::create_dir(place.path("empty")).unwrap();
    let said = refused(&place, &["generate", "fit", "--from", "empty"]);
    assert!(said.contains("the folder empty is no data directory"), "{said}");
    assert!(said.contains("hint: collect event logs into one: tinderbox collect"), "{said}");

    // A data directory with nothing, and one with too little.
    done(&place, &["jobs"]);
    let said = refused(&place, &["generate", "fit", "--from", "home"]);
    assert!(said.contains("there are no runs that have ended"), "{said}");
    let few =
        ["generate", "--jobs", "5", "--days", "1", "--seed", "3", "--event-logs", "--out", "set"];
    done(&place, &[&few[..], &["--tasks-per-job", "20"]].concat());
    done(&place, &["collect", "--event-log-dir", "set/event-logs"]);
    let said = refused(&place, &["generate", "fit", "--from", "home"]);
    assert!(said.contains("are too few to learn from"), "{said}");
    assert!(said.contains("hint: collect at least 20"), "{said}");
}
