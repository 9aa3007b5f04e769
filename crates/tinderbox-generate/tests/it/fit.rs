//! What is learned from generated jobs is what they were generated from, and what is generated from that is like them.

use crate::data_set::order;
use tinderbox_generate::{
    Fit, Job, JobStatus, JobType, Models, OperatorKind, Order, PastRun, PastStage, Plan, fit,
};
use tinderbox_model::{Bytes, Millis, TimestampMs};

/// Jobs as they would be collected: by name, without their type, and only those that have ended.
fn runs_of(plan: &Plan) -> Vec<PastRun> {
    let mut runs = Vec::new();
    for block in 0..plan.num_blocks() {
        plan.for_each_job(block, |job| {
            if job.status != JobStatus::Running {
                runs.push(run(plan, job));
            }
        });
    }
    runs
}

fn run(plan: &Plan, job: &Job) -> PastRun {
    let job_type = &plan.models().job_types[job.job_type];
    let number = |value: i64| u32::try_from(value).unwrap();
    let bytes = |value: i64| Bytes(value.unsigned_abs());
    let begun =
        job.stages.iter().zip(&job_type.operators).filter(|(stage, _)| stage.status.has_run());
    let stages = begun.enumerate().map(|(place, (stage, operator))| PastStage {
        name: operator.name.clone(),
        has_failed: job.failed_stage() == Some(place),
        time: Millis(stage.duration_ms.unsigned_abs()),
        input: bytes(stage.input_bytes),
        input_records: if stage.input_bytes > 0 { stage.records.unsigned_abs() } else { 0 },
        output: bytes(stage.output_bytes),
        shuffle_read: bytes(stage.shuffle_read_bytes),
        shuffle_read_records: stage.shuffle_read_records.unsigned_abs(),
        shuffle_write: bytes(stage.shuffle_write_bytes),
        shuffle_write_records: stage.shuffle_write_records.unsigned_abs(),
        skew: Some(stage.skew),
        num_failed_tasks: number(stage.num_failed_tasks),
    });
    let message = job.failure.map(|cause| plan.models().failures[cause].message.clone());
    PastRun {
        name: format!("{}_{:03}", job_type.name, job.pipeline + 1),
        user: "somebody".to_owned(),
        spark_version: Some("3.5.8".to_owned()),
        start: TimestampMs(job.start_ms),
        duration: Millis(job.duration_ms.unsigned_abs()),
        failure: message,
        executors: Some(number(job.num_executors)),
        cores: Some(number(job.cores)),
        memory_mb: Some(number(job.memory_mb)),
        stages: stages.collect(),
    }
}

/// Twelve weeks, so that recurring jobs do not run at every moment.
fn plan(models: Models) -> Plan {
    Plan::new(models, Order { days: 84, ..order(40_000) }).unwrap()
}

fn learned(runs: &[PastRun]) -> Fit {
    let fit = fit(runs).unwrap();
    let read = Models::parse("fit.yaml", &fit.to_yaml()).unwrap_or_else(|error| {
        panic!("{error}\n{}", fit.to_yaml());
    });
    assert_eq!(read, fit.models, "the file says what was learned");
    fit
}

fn of<'m>(models: &'m Models, name: &str) -> &'m JobType {
    models.job_types.iter().find(|job_type| job_type.name == name).unwrap()
}

#[track_caller]
fn assert_near(found: f64, expected: f64, within: f64, what: &str) {
    assert!((found - expected).abs() <= within, "{what}: {found} for {expected} within {within}");
}

/// Pearson's.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let product = |x: &[f64], mx: f64, y: &[f64], my: f64| {
        x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>()
    };
    let both = product(a, mean_a, b, mean_b);
    both / (product(a, mean_a, a, mean_a) * product(b, mean_b, b, mean_b)).sqrt()
}

#[test]
fn what_is_learned_is_what_jobs_were_made_of() {
    let built_in = Models::built_in().unwrap();
    let runs = runs_of(&plan(built_in.clone()));
    let fit = learned(&runs);
    assert_eq!(fit.models.job_types.len(), built_in.job_types.len());
    for expected in &built_in.job_types {
        let found = of(&fit.models, &expected.name);
        let near = |found, expected, within, what: &str| {
            assert_near(found, expected, within, what);
        };
        let name = &expected.name;
        let runs = 8_000.0_f64;
        // Four standard errors.
        near(found.share, 0.2, 4.0 * (0.2 * 0.8 / 40_000.0_f64).sqrt(), name);
        let rate = expected.failure_rate;
        near(found.failure_rate, rate, 4.0 * (rate * (1.0 - rate) / runs).sqrt(), name);
        near(found.mean_seconds, expected.mean_seconds, 0.08 * expected.mean_seconds, name);
        assert_eq!(found.pipelines, 40);
        near(found.duration.by_input, expected.duration.by_input, 0.05, name);
        near(found.duration.by_cores, expected.duration.by_cores, 0.05, name);
        near(found.duration.spread, expected.duration.spread, 0.03, name);
        near(found.input.mean_mb, 5_000.0, 300.0, name);
        near(found.input.spread, 0.2, 0.02, name);
        // Forty recurring jobs: a standard error of a ninth.
        near(found.input.spread_of_pipelines, 0.9, 0.4, name);
        near(found.input.growth_per_day, 0.002, 0.001, name);
        near(found.input.record_bytes, 1_000.0, 5.0, name);
        near(found.output_ratio.0, 0.3, 0.03, name);
        near(found.output_ratio.1, 1.2, 0.03, name);
        // Only a shuffle shows the skew of the job as it is.
        if expected.operators.iter().any(|operator| operator.kind == OperatorKind::Shuffle) {
            near(found.skew, 0.3, 0.03, name);
            near(found.duration.by_skew, expected.duration.by_skew, 0.1, name);
        }
        near(found.retries.share, expected.retries.share, 0.12, name);
        near(found.retries.delay_seconds, 300.0, 20.0, name);
        assert!(correlation(&found.schedule.hours, &expected.schedule.hours) > 0.9, "{name}");
        let all: f64 = expected.schedule.weekdays.iter().sum();
        for (found, expected) in found.schedule.weekdays.iter().zip(expected.schedule.weekdays) {
            near(*found, 7.0 * expected / all, 0.15, name);
        }
        near(found.schedule.on_quarter, expected.schedule.on_quarter, 0.03, name);
        let weight: f64 = expected.operators.iter().map(|operator| operator.weight).sum();
        assert_eq!(found.operators.len(), expected.operators.len());
        for (found, expected) in found.operators.iter().zip(&expected.operators) {
            assert_eq!((&found.name, found.kind), (&expected.name, expected.kind));
            near(found.weight, expected.weight / weight, 0.02, &found.name);
        }
        // The last one writes nothing to the shuffle, whatever its model says.
        let count = expected.operators.len() - 1;
        for (found, expected) in found.operators.iter().zip(&expected.operators).take(count) {
            near(found.shuffle, expected.shuffle, 0.02, &found.name);
        }
    }
    // Messages come as often as they came.
    let share = |models: &Models, message: &str| {
        let failed: Vec<_> = runs_of(&plan(models.clone()));
        let failed: Vec<_> = failed.iter().filter_map(|run| run.failure.as_deref()).collect();
        failed.iter().filter(|said| **said == message).count() as f64 / failed.len() as f64
    };
    let message = "java.lang.OutOfMemoryError: Java heap space";
    assert_near(share(&fit.models, message), share(&built_in, message), 0.05, message);
}

#[test]
fn what_is_generated_from_learned_models_takes_as_long() {
    let runs = runs_of(&plan(Models::built_in().unwrap()));
    let again = runs_of(&plan(learned(&runs).models));
    for name in
        ["ETL_Pipeline", "ML_Training", "Analytics_Query", "Data_Migration", "Report_Generation"]
    {
        let sorted = |runs: &[PastRun]| {
            let of_type =
                runs.iter().filter(|run| run.name.starts_with(name) && run.failure.is_none());
            let mut times: Vec<_> = of_type.map(|run| run.duration.0 as f64).collect();
            times.sort_by(f64::total_cmp);
            times
        };
        let (before, after) = (sorted(&runs), sorted(&again));
        for percent in [10, 25, 50, 75, 90] {
            let at = |times: &[f64]| times[times.len() * percent / 100];
            let ratio = at(&after) / at(&before);
            assert!((ratio - 1.0).abs() < 0.2, "{name}, percentile {percent}: {ratio}");
        }
    }
}

#[test]
fn few_runs_keep_what_is_built_in_and_say_so() {
    let models = Models::built_in().unwrap().only(&["ETL_Pipeline".to_owned()]).unwrap();
    let runs = runs_of(&plan(models.clone()));
    let fit = learned(&runs[..25]);
    let kept = &fit.report.types[0].kept;
    for field in ["schedule.hours", "retries.share", "duration.tail_share", "input.growth_per_day"]
    {
        assert!(kept.contains(&field), "{field} {kept:?}");
        assert!(fit.to_yaml().contains(field), "{field}");
    }
    assert_eq!(fit.models.job_types[0].retries, models.job_types[0].retries);
}

/// The same jobs one after another, which all take the same: no exponent can be seen.
#[test]
fn without_variation_exponents_stay() {
    let run = runs_of(&plan(Models::built_in().unwrap())).remove(0);
    let runs: Vec<_> = (0..60)
        .map(|day| PastRun {
            name: format!("nightly-2026-01-{:02}", day % 28 + 1),
            start: TimestampMs(run.start.0 + 86_400_000 * day),
            failure: None,
            ..run.clone()
        })
        .collect();
    let fit = learned(&runs);
    let [nightly] = fit.models.job_types.as_slice() else { panic!("{:?}", fit.report) };
    assert_eq!(
        (nightly.name.as_str(), nightly.pipelines, nightly.failure_rate),
        ("nightly", 1, 0.0)
    );
    assert_eq!((nightly.duration.by_input, nightly.duration.by_cores), (0.5, -0.2));
    let kept = &fit.report.types[0].kept;
    assert!(kept.contains(&"duration.by_input") && kept.contains(&"duration.by_cores"));
    assert_eq!(fit.models.failures, Models::built_in().unwrap().failures);
}

#[test]
fn small_groups_are_one_type() {
    let runs = runs_of(&plan(Models::built_in().unwrap()));
    let letters = ["a", "b", "c", "d", "e"];
    let named: Vec<_> = runs[..60]
        .iter()
        .enumerate()
        .map(|(place, run)| {
            let name = if place < 30 { "large" } else { letters[place % 5] };
            PastRun { name: name.to_owned(), ..run.clone() }
        })
        .collect();
    let fit = learned(&named);
    let names: Vec<_> = fit.report.types.iter().map(|of| (of.name.as_str(), of.runs)).collect();
    assert_eq!(names, [("Other", 30), ("large", 30)]);
}

#[test]
fn what_nothing_can_be_learned_from_is_refused() {
    let runs = runs_of(&plan(Models::built_in().unwrap()));
    let refused = |runs: &[PastRun]| {
        let error = fit(runs).unwrap_err();
        format!("{error} | {}", error.hint())
    };
    assert_eq!(
        refused(&[]),
        "there are no runs that have ended | collect event logs first: tinderbox collect --event-log-dir DIR"
    );
    assert_eq!(
        refused(&runs[..19]),
        "19 runs are too few to learn from | collect at least 20: tinderbox collect --event-log-dir DIR"
    );
    let bare: Vec<_> =
        runs[..50].iter().map(|run| PastRun { stages: Vec::new(), ..run.clone() }).collect();
    assert_eq!(
        refused(&bare),
        "none of the runs has stages | collect the event logs of runs that did something"
    );
    let failed: Vec<_> = runs[..50]
        .iter()
        .map(|run| PastRun { failure: Some("no".to_owned()), ..run.clone() })
        .collect();
    assert!(refused(&failed).starts_with("no kind of run has enough runs that went well"));
}
