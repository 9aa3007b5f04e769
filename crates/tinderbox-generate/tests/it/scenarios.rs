//! Each scenario shows in the figures of the jobs that it strikes, and in no others.

use crate::data_set::{order, order_of, plan};
use tinderbox_generate::{Job, JobStatus, Models, Plan, Scenario};

/// Jobs of the scenario and the others.
fn struck(text: &str) -> (Vec<Job>, Vec<Job>) {
    let plan = plan(order_of(16_000, &[text]));
    let (mut hit, mut others) = (Vec::new(), Vec::new());
    for block in 0..plan.num_blocks() {
        plan.for_each_job(block, |job| {
            if job.scenario.is_some() { &mut hit } else { &mut others }.push(job.clone());
        });
    }
    (hit, others)
}

fn share(jobs: &[Job], is: impl Fn(&Job) -> bool) -> f64 {
    jobs.iter().filter(|job| is(job)).count() as f64 / jobs.len() as f64
}

fn mean(jobs: &[Job], get: impl Fn(&Job) -> f64) -> f64 {
    jobs.iter().map(get).sum::<f64>() / jobs.len() as f64
}

fn stages(job: &Job, get: impl Fn(&tinderbox_generate::Stage) -> i64) -> f64 {
    job.stages.iter().map(get).sum::<i64>() as f64
}

#[test]
fn share_is_as_given() {
    let (hit, others) = struck("skew=0.3");
    let found = hit.len() as f64 / (hit.len() + others.len()) as f64;
    assert!((found - 0.3).abs() < 0.015, "{found}");
    assert!(hit.iter().all(|job| job.scenario == Some(Scenario::Skew)));
}

#[test]
fn scenarios_show() {
    let (hit, others) = struck("skew");
    let is_skewed = |job: &Job| job.stages[job.struck_stage].skew >= 6.0;
    let ran = |job: &Job| job.status == JobStatus::Completed;
    assert!(hit.iter().filter(|j| ran(j)).all(is_skewed) && share(&others, is_skewed) < 0.01);

    let (hit, others) = struck("spill");
    let spilled = |job: &Job| stages(job, |stage| stage.disk_spill_bytes);
    assert!(mean(&hit, spilled) > 3.0 * mean(&others, spilled));

    let (hit, others) = struck("oom");
    let failed = |job: &Job| job.status == JobStatus::Failed;
    assert!((0.86..0.94).contains(&share(&hit, failed)) && share(&others, failed) < 0.08);
    let models = Models::built_in().unwrap();
    for job in hit.iter().filter(|job| failed(job)) {
        assert!(models.failures[job.failure.unwrap()].is_out_of_memory);
    }

    let (hit, others) = struck("executor-loss");
    let lost = |job: &Job| stages(job, |stage| stage.num_failed_tasks) > 0.0;
    assert!(share(&hit, |j| j.num_lost_executors > 0) > 0.99);
    assert!(share(&hit, lost) > 0.9 && share(&others, lost) < 0.08);

    let (hit, others) = struck("stragglers");
    let busy = |job: &Job| {
        let stage = &job.stages[job.struck_stage];
        let slots = (stage.num_executors * job.cores).min(stage.num_tasks);
        stage.run_ms as f64 / (slots * stage.duration_ms).max(1) as f64
    };
    let (hit, others): (Vec<_>, Vec<_>) =
        (hit.into_iter().filter(ran).collect(), others.into_iter().filter(ran).collect());
    assert!(mean(&hit, busy) < 0.6 * mean(&others, busy));

    let (hit, others) = struck("small-files");
    let reads = |job: &Job| job.stages[0].num_tasks as f64;
    assert!(mean(&hit, reads) > 20.0 * mean(&others, reads));

    let (hit, others) = struck("slow-driver");
    let waits = |job: &Job| stages(job, |stage| stage.driver_ms) / job.duration_ms as f64;
    assert!(mean(&hit, waits) > 0.4 && mean(&others, waits) < 0.05);

    let (hit, others) = struck("speculation");
    let killed = |job: &Job| stages(job, |s| s.num_killed_tasks) > 0.0 && ran(job);
    assert!(share(&hit, killed) > 0.85 && share(&others, killed) < 0.001);
}

#[test]
fn scenarios_of_recurring_jobs_strike_all_their_runs() {
    let (hit, others) = struck("streaming-lag=0.2");
    let pipelines = |jobs: &[Job]| {
        let mut found: Vec<_> = jobs.iter().map(|job| (job.job_type, job.pipeline)).collect();
        found.sort_unstable();
        found.dedup();
        found
    };
    let of_others = pipelines(&others);
    assert!(pipelines(&hit).iter().all(|pipeline| !of_others.contains(pipeline)));
    assert!(hit.iter().all(|job| job.num_batches > 0));
    assert!(others.iter().all(|job| job.num_batches == 0 && job.lag_ms == 0));
    assert!(share(&hit, |job| job.lag_ms > 0) > 0.9);

    let (hit, others) = struck("dynamic-allocation=0.5");
    // Beyond what any stage with few tasks has.
    let differs = |job: &Job| {
        let mut ran = job.stages.iter().filter(|stage| stage.status.has_run());
        ran.any(|stage| stage.num_executors < job.num_executors.min(stage.num_tasks))
    };
    assert!(share(&hit, differs) > 0.3 && share(&others, differs) == 0.0);
}

#[test]
fn a_regression_begins_in_the_middle() {
    let (hit, others) = struck("regression=0.5");
    let middle = order(1).end.0 - 7 * 43_200_000;
    assert!(hit.iter().all(|job| job.start_ms >= middle - 8_000));
    let regressed: Vec<_> = hit.iter().map(|job| (job.job_type, job.pipeline)).collect();
    let before: Vec<_> = others
        .into_iter()
        .filter(|j| j.start_ms < middle && regressed.contains(&(j.job_type, j.pipeline)))
        .collect();
    let written = |job: &Job| stages(job, |stage| stage.shuffle_write_bytes);
    assert!(mean(&hit, written) > 2.0 * mean(&before, written));
    assert!(mean(&hit, |j| j.duration_ms as f64) > 1.4 * mean(&before, |j| j.duration_ms as f64));
}

#[test]
fn unknown_and_impossible_scenarios_are_refused() {
    let refused = |text: &str| {
        let error = Scenario::parse(text).unwrap_err();
        format!("{error} | {}", error.hint())
    };
    assert_eq!(refused("skw"), "there is no scenario `skw` | did you mean `skew`?");
    assert_eq!(
        refused("skew=2"),
        "the share `2` of the scenario skew is no share | give a number above 0 and at most 1: skew=0.2"
    );
    let models = || Models::built_in().unwrap();
    let error = Plan::new(models(), order_of(1, &["skew=0.6", "spill=0.6"])).unwrap_err();
    assert_eq!(error.to_string(), "the scenarios take 1.2 of the jobs");
    let error = Plan::new(models(), order_of(1, &["skew", "skew"])).unwrap_err();
    assert_eq!(error.to_string(), "the scenario skew is given twice");
    let all = Scenario::ALL.map(Scenario::name);
    assert!(Plan::new(models(), order_of(1, &all)).is_ok(), "all of them fit together");
}
