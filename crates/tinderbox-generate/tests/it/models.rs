//! Models that users write: errors name file, line and field, and say what to do.

use crate::data_set::order;
use tinderbox_generate::{DEFAULT_MODELS, Models, Order, Plan};

const MODELS: &str = "version: 1
defaults:
  pipelines: 3
job_types:
  Nightly:
    operators: [ReadCSV, Clean, WriteCSV]
    mean_seconds: 60
    failure_rate: 0.1
operators:
  Clean: {weight: 1, kind: compute, rows: 0.9, shuffle: 0.1, memory: 1}
";

fn refused(from: &str, to: &str) -> String {
    assert!(MODELS.contains(from), "{from}");
    let error = Models::parse("mine.yaml", &MODELS.replacen(from, to, 1)).unwrap_err();
    format!("{error} | {}", error.hint())
}

#[test]
fn models_of_ones_own_need_only_say_what_differs() {
    let models = Models::parse("mine.yaml", MODELS).unwrap();
    let [nightly] = models.job_types.as_slice() else { panic!("{models:?}") };
    let built_in = Models::built_in().unwrap();
    assert_eq!((nightly.pipelines, nightly.failure_rate), (3, 0.1));
    assert_eq!(nightly.cluster, built_in.job_types[0].cluster);
    assert_eq!(models.failures, built_in.failures);
    assert_eq!(nightly.operators[0], built_in.job_types[0].operators[0]);
}

#[test]
fn the_printed_models_are_the_built_in_ones() {
    assert_eq!(Models::parse("printed.yaml", DEFAULT_MODELS).unwrap(), Models::built_in().unwrap());
    let models = Models::built_in().unwrap();
    let table: Vec<_> = models
        .job_types
        .iter()
        .map(|t| (t.name.as_str(), t.mean_seconds, t.failure_rate, t.share))
        .collect();
    let expected = [
        ("ETL_Pipeline", 300.0, 0.05, 1.0),
        ("ML_Training", 1800.0, 0.10, 1.0),
        ("Analytics_Query", 120.0, 0.02, 1.0),
        ("Data_Migration", 900.0, 0.08, 1.0),
        ("Report_Generation", 180.0, 0.03, 1.0),
    ];
    assert_eq!(table, expected);
}

#[test]
fn errors_name_file_line_and_field() {
    for (from, to, says) in [
        (
            "failure_rate: 0.1",
            "failure_rate: 1.5",
            "mine.yaml:8: job_types.Nightly.failure_rate: 1.5 is out of range | give a number from 0 to 1",
        ),
        (
            "failure_rate: 0.1",
            "failure_rate: -0.1",
            "mine.yaml:8: job_types.Nightly.failure_rate: -0.1 is out of range | give a number from 0 to 1",
        ),
        (
            "failure_rate: 0.1",
            "failure_rate: often",
            "mine.yaml:8: job_types.Nightly.failure_rate: this must be a number | give a number from 0 to 1",
        ),
        (
            "failure_rate: 0.1",
            "failure_rate: .nan",
            "mine.yaml:8: job_types.Nightly.failure_rate: this must be a number | give a number from 0 to 1",
        ),
        (
            "pipelines: 3",
            "pipelines: 0",
            "mine.yaml:3: defaults.pipelines: 0 is out of range | give a whole number from 1 to 10000",
        ),
        (
            "mean_seconds: 60",
            "mean_second: 60",
            "mine.yaml:7: job_types.Nightly.mean_second: there is no such field | did you mean `mean_seconds`?",
        ),
        (
            "    mean_seconds: 60\n",
            "",
            "mine.yaml:6: job_types.Nightly: `mean_seconds` is missing | add `mean_seconds:` to it",
        ),
        (
            "ReadCSV, Clean",
            "ReedCSV, Clean",
            "mine.yaml:6: job_types.Nightly.operators[0]: there is no operator `ReedCSV` | did you mean `ReadCSV`? Or describe it under `operators`",
        ),
        (
            "kind: compute",
            "kind: wide",
            "mine.yaml:10: operators.Clean.kind: there is no kind of operator `wide` | did you mean `write`?",
        ),
        (
            "version: 1",
            "version: 2",
            "mine.yaml:1: version: 2 is out of range | give a whole number from 1 to 1",
        ),
        (
            "  pipelines: 3",
            "  schedule: {hours: [1, 2]}",
            "mine.yaml:3: defaults.schedule.hours: there are 2 numbers | give 24 numbers",
        ),
        (
            "  pipelines: 3",
            "  users: {}",
            "mine.yaml:3: defaults.users: no share is above 0 | give at least one above 0",
        ),
        (
            "  Nightly:",
            "  \"Night ly\":",
            "mine.yaml:6: job_types.Night ly: this cannot be the name of a job type | use letters, digits, `_`, `-` and `.`",
        ),
        (
            "  pipelines: 3",
            "  pipelines: 3\n  pipelines: 4",
            "mine.yaml:4: the key `pipelines` stands here twice | print models to begin with: tinderbox generate models > models.yaml",
        ),
    ] {
        assert_eq!(refused(from, to), says, "{to}");
    }
}

#[test]
fn unknown_job_types_and_numbers_out_of_range_are_refused() {
    let error = Models::built_in().unwrap().only(&["ETL_Pipelin".to_owned()]).unwrap_err();
    assert_eq!(error.to_string(), "there is no job type `ETL_Pipelin`");
    assert_eq!(error.hint(), "did you mean `ETL_Pipeline`?");
    let models = || Models::built_in().unwrap();
    assert_eq!(models().only(&["ML_Training".to_owned()]).unwrap().job_types.len(), 1);
    for order in [order(0), Order { days: 0, ..order(1) }, order(Order::MOST_JOBS + 1)] {
        assert!(Plan::new(models(), order).is_err());
    }
}
