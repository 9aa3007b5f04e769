//! Distributions are those of the models, within four standard errors at fixed seeds. Expectations are worked out here
//! from the models' own figures.

use crate::data_set::{order, plan};
use tinderbox_generate::{Job, JobStatus, Models, Order, Plan};

fn jobs_of(plan: &Plan) -> Vec<Job> {
    let mut jobs = Vec::new();
    for block in 0..plan.num_blocks() {
        plan.for_each_job(block, |job| jobs.push(job.clone()));
    }
    jobs
}

/// Jobs of models that say so much beside the built-in defaults.
fn jobs_of_models(text: &str, jobs: u64, days: u32) -> Vec<Job> {
    let models = Models::parse("test.yaml", text).unwrap();
    jobs_of(&Plan::new(models, Order { days, ..order(jobs) }).unwrap())
}

/// Models of one type whose jobs take 1,000 seconds and do not vary.
const STEADY: &str = "
version: 1
job_types:
  Steady:
    pipelines: 1
    operators: [ReadCSV, Filter, Join, WriteCSV]
    mean_seconds: 1000
    failure_rate: 0
    skew: 0
    input: {mean_mb: 1000, spread_of_pipelines: 0, spread: 0, growth_per_day: 0}
    duration: {spread: 0, tail_share: 0, by_input: 0, by_cores: 0, by_skew: 0}
";

fn assert_share(found: usize, all: usize, expected: f64, what: &str) {
    let (found, all) = (found as f64 / all as f64, all as f64);
    let error = (expected * (1.0 - expected) / all).sqrt();
    assert!(
        (found - expected).abs() < 4.0 * error,
        "{what}: {found} for {expected}, error {error}"
    );
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (count - 1.0);
    (mean, (variance / count).sqrt())
}

#[test]
fn mix_failures_and_means_are_those_of_the_types() {
    let plan = plan(order(100_000));
    let jobs = jobs_of(&plan);
    assert_eq!(jobs.len(), 100_000);
    let running = jobs.iter().filter(|job| job.status == JobStatus::Running).count();
    assert!((20..2_000).contains(&running), "{running}");
    for (index, job_type) in plan.models().job_types.iter().enumerate() {
        let of_type: Vec<_> = jobs.iter().filter(|job| job.job_type == index).collect();
        assert_share(of_type.len(), jobs.len(), 0.2, &job_type.name);

        let ended: Vec<_> = of_type.iter().filter(|j| j.status != JobStatus::Running).collect();
        let failed = ended.iter().filter(|job| job.status == JobStatus::Failed).count();
        assert_share(failed, ended.len(), job_type.failure_rate, &job_type.name);

        // Those that began long before the end: of the last ones only the short have ended.
        let early = Order::DEFAULT_END.0 - 2 * 86_400_000;
        let seconds: Vec<_> = of_type
            .iter()
            .filter(|job| job.status == JobStatus::Completed && job.start_ms < early)
            .map(|job| job.duration_ms as f64 / 1000.0)
            .collect();
        let (mean, error) = mean_and_error(&seconds);
        let expected = job_type.mean_seconds;
        assert!(
            (mean - expected).abs() < 4.0 * error,
            "{}: {mean} s, error {error}",
            job_type.name
        );
        assert!(error < expected * 0.02, "the test can tell");
    }
}

#[test]
fn failed_jobs_take_a_part_of_the_time() {
    let text = STEADY.replace("failure_rate: 0", "failure_rate: 0.5");
    let jobs = jobs_of_models(&text, 20_000, 70);
    let failed: Vec<_> = jobs
        .iter()
        .filter(|job| job.status == JobStatus::Failed)
        .map(|job| job.duration_ms as f64 / 1_000_000.0)
        .collect();
    let (mean, error) = mean_and_error(&failed);
    assert!((mean - 0.45).abs() < 4.0 * error, "{mean} {error}");
    assert!(failed.iter().all(|share| (0.0999..0.8001).contains(share)));
    // Half of the failures are at the third operator, half at the fourth.
    let third = jobs.iter().filter(|job| job.failed_stage() == Some(2)).count();
    assert_share(third, failed.len(), 0.5, "third operator");
}

#[test]
fn unexplained_spread_is_log_normal() {
    let text = STEADY.replace("duration: {spread: 0,", "duration: {spread: 0.4,");
    let jobs = jobs_of_models(&text, 20_000, 70);
    let ended = jobs.iter().filter(|job| job.status == JobStatus::Completed);
    let mut scores: Vec<_> =
        ended.map(|job| ((job.duration_ms as f64 / 1_000_000.0).ln() + 0.08) / 0.4).collect();
    scores.sort_by(f64::total_cmp);
    let count = scores.len() as f64;
    let distance = scores
        .iter()
        .enumerate()
        .map(|(index, score)| ((index as f64 + 0.5) / count - normal_below(*score)).abs())
        .fold(0.0, f64::max);
    // Kolmogorov and Smirnov: greater in one of a thousand samples.
    assert!(distance * count.sqrt() < 1.95, "{distance}");
}

/// The normal distribution function by Simpson's rule.
fn normal_below(score: f64) -> f64 {
    let density = |x: f64| (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let steps = 200;
    let width = score / f64::from(steps);
    let inner: f64 = (1..steps)
        .map(|i| density(width * f64::from(i)) * if i % 2 == 1 { 4.0 } else { 2.0 })
        .sum();
    0.5 + width / 3.0 * (density(0.0) + inner + density(score))
}

#[test]
fn the_tail_is_as_heavy_as_it_says() {
    let text =
        STEADY.replace("tail_share: 0,", "tail_share: 0.2, tail_exponent: 1.5, tail_most: 100,");
    let jobs = jobs_of_models(&text, 50_000, 700);
    // Jobs outside the tail take all the same; those are the least.
    let least = jobs.iter().map(|job| job.duration_ms).min().unwrap() as f64;
    for factor in [2.0_f64, 5.0, 20.0] {
        let longer = jobs.iter().filter(|job| job.duration_ms as f64 > least * factor).count();
        assert_share(longer, jobs.len(), 0.2 * factor.powf(-1.5), &format!("{factor} times"));
    }
    let (mean, error) =
        mean_and_error(&jobs.iter().map(|job| job.duration_ms as f64).collect::<Vec<_>>());
    assert!((mean - 1_000_000.0).abs() < 4.0 * error, "{mean} {error}");
}

#[test]
fn duration_follows_input_and_input_grows() {
    let text = STEADY
        .replace("spread: 0, growth_per_day: 0}", "spread: 0.5, growth_per_day: 0.01}")
        .replace("by_input: 0,", "by_input: 0.5,");
    let jobs = jobs_of_models(&text, 20_000, 100);
    let input = |job: &Job| job.stages[0].input_bytes as f64;
    let ended: Vec<_> = jobs.iter().filter(|job| job.status == JobStatus::Completed).collect();
    let base = (ended[0].duration_ms as f64).ln() - 0.5 * input(ended[0]).ln();
    for job in &ended {
        let rest = (job.duration_ms as f64).ln() - 0.5 * input(job).ln() - base;
        assert!(rest.abs() < 1e-3, "{rest}");
    }
    let day = |job: &Job| (Order::DEFAULT_END.0 - job.start_ms) as f64 / -86_400_000.0;
    let (days, _) = mean_and_error(&ended.iter().map(|job| day(job)).collect::<Vec<_>>());
    let (mean, _) = mean_and_error(&ended.iter().map(|job| input(job).ln()).collect::<Vec<_>>());
    let (mut across, mut along) = (0.0, 0.0);
    for job in &ended {
        across += (day(job) - days) * (input(job).ln() - mean);
        along += (day(job) - days) * (day(job) - days);
    }
    let slope = across / along;
    let error = 0.5 / along.sqrt();
    assert!((slope - 1.01_f64.ln()).abs() < 4.0 * error, "{slope} {error}");
}

#[test]
fn more_cores_and_less_skew_are_faster() {
    let text = STEADY
        .replace("pipelines: 1\n", "pipelines: 200\n")
        .replace("by_cores: 0,", "by_cores: -0.5,");
    let jobs = jobs_of_models(&text, 5_000, 70);
    let cores = |job: &Job| (job.num_executors * job.cores) as f64;
    let ended = || jobs.iter().filter(|job| job.status == JobStatus::Completed);
    let first = ended().next().unwrap();
    for job in ended() {
        let expected = (cores(job) / cores(first)).powf(-0.5);
        let found = job.duration_ms as f64 / first.duration_ms as f64;
        assert!((found / expected - 1.0).abs() < 1e-4, "{found} {expected}");
    }
    let text = STEADY.replace("skew: 0\n", "skew: 0.5\n").replace("by_skew: 0}", "by_skew: 0.8}");
    let mut jobs = jobs_of_models(&text, 5_000, 70);
    jobs.retain(|job| job.status == JobStatus::Completed);
    jobs.sort_by(|a, b| a.stages[2].skew.total_cmp(&b.stages[2].skew));
    assert!(jobs.is_sorted_by_key(|job| job.duration_ms), "the join has the job's skew");
    let durations: Vec<_> = jobs.iter().map(|job| job.duration_ms as f64).collect();
    let (mean, error) = mean_and_error(&durations);
    assert!((mean - 1_000_000.0).abs() < 4.0 * error, "{mean} {error}");
}

#[test]
fn jobs_start_when_the_schedule_says() {
    let text = format!(
        "{STEADY}    schedule: {{hours: [{}0, 0, 3, 1], weekdays: [1, 1, 1, 1, 1, 0.5, 0], on_quarter: 0.5}}\n",
        "0, ".repeat(20)
    );
    let jobs = jobs_of_models(&text, 20_000, 70);
    let hour = |job: &Job| job.start_ms.rem_euclid(86_400_000) / 3_600_000;
    let day = |job: &Job| (job.start_ms.div_euclid(86_400_000) + 3).rem_euclid(7);
    let of = |wanted: fn(i64, i64) -> bool| {
        jobs.iter().filter(|job| wanted(day(job), hour(job))).count()
    };
    assert_eq!(of(|day, hour| day == 6 || hour < 22), 0);
    assert_share(of(|_, hour| hour == 22), jobs.len(), 0.75, "hour 22");
    assert_share(of(|day, _| day == 5), jobs.len(), 0.5 / 5.5, "Saturdays");
    let on_quarter = jobs.iter().filter(|job| job.start_ms.rem_euclid(900_000) < 8_000).count();
    assert_share(on_quarter, jobs.len(), 0.5 + 0.5 * 8.0 / 900.0, "on the quarter");
}

#[test]
fn retries_are_as_frequent_as_they_are_said_to_be() {
    let text = STEADY.replace("failure_rate: 0", "failure_rate: 0.4").replace(
        "    skew: 0\n",
        "    skew: 0\n    retries: {share: 0.5, most: 2, delay_seconds: 60}\n",
    );
    let jobs = jobs_of_models(&text, 30_000, 70);
    let failed_at = |attempt: u32| {
        jobs.iter().filter(|j| j.status == JobStatus::Failed && j.attempt == attempt).count()
    };
    let attempts = |attempt: u32| jobs.iter().filter(|job| job.attempt == attempt).count();
    assert_share(attempts(2), failed_at(1), 0.5, "second attempts");
    assert_share(attempts(3), failed_at(2), 0.5, "third attempts");
    assert_eq!(attempts(4), 0);
}
