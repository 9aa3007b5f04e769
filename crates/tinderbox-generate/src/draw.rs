//! Draws one job: first what it is, then how long it takes and whether it fails, then its stages.

mod effect;
mod stages;

use crate::job::{Job, JobStatus, Stage, StageStatus, float, scaled, whole};
use crate::model::JobType;
use crate::plan::{Pipeline, Plan, TypePlan};
use crate::random::{Random, Stream};
use crate::scenario::Scenario;
use effect::Effect;
use stages::Draft;

/// Time of a core for each task, at least, where the number of tasks is given.
const TASK_MS: f64 = 10.0;

/// What a retry takes over from the job that failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retry {
    job_type: usize,
    pipeline: usize,
    attempt: u32,
    of: u64,
    start_ms: i64,
    scenario: Option<Scenario>,
    input_bytes: f64,
}

/// What is known before figures are drawn.
struct Head {
    job_type: usize,
    pipeline: usize,
    attempt: u32,
    retry_of: Option<u64>,
    start_ms: i64,
    scenario: Option<Scenario>,
    input_bytes: f64,
}

/// Draws the job with this number into `job`, and the retry that follows it, if one does.
pub(crate) fn draw(plan: &Plan, index: u64, retry: Option<Retry>, job: &mut Job) -> Option<Retry> {
    let mut random = Random::new(plan.order.seed, Stream::Job, index);
    let head = match retry {
        Some(retry) => Head {
            job_type: retry.job_type,
            pipeline: retry.pipeline,
            attempt: retry.attempt,
            retry_of: Some(retry.of),
            start_ms: retry.start_ms,
            scenario: retry.scenario,
            input_bytes: retry.input_bytes,
        },
        None => first(plan, index, &mut random),
    };
    let job_type = &plan.models.job_types[head.job_type];
    let type_plan = &plan.types[head.job_type];
    let pipeline = &type_plan.pipelines[head.pipeline];
    let effect = Effect::draw(head.scenario, job_type, pipeline, &mut random);

    let input_bytes = head.input_bytes;
    let skew = libm::exp(job_type.skew * random.normal().abs());
    let factor = run_factor(job_type, type_plan, pipeline, (input_bytes, skew), &mut random);
    let mut milliseconds = pipeline.duration_ms * factor * effect.duration;
    let rate = effect.failure_rate.unwrap_or(job_type.failure_rate);
    let fails_at = random.happens(rate).then(|| {
        milliseconds *= random.between(0.1, 0.8);
        let count = job_type.operators.len();
        let earliest = count / 2;
        effect.fails_at(count).unwrap_or_else(|| earliest + random.below(count - earliest))
    });
    let num_tasks = plan.order.tasks_per_job.map(|(low, high)| {
        let choices = usize::try_from(high - low + 1).unwrap_or(usize::MAX);
        i64::try_from(low).unwrap_or(0) + i64::try_from(random.below(choices)).unwrap_or(0)
    });
    let mut least = job_type.duration.least_seconds * 1000.0;
    if let Some(tasks) = num_tasks {
        // So that a core has time for all of its tasks, also when the driver takes most of the time.
        least = least.max(TASK_MS * float(tasks) / float(pipeline.executors * pipeline.cores));
    }
    // A year is the longest, so that no model makes times that no calendar has.
    let duration_ms = whole(milliseconds.clamp(least, 31_536_000_000.0));

    job.index = index;
    job.job_type = head.job_type;
    job.pipeline = head.pipeline;
    job.retry_of = head.retry_of;
    job.attempt = head.attempt;
    job.status = if fails_at.is_some() { JobStatus::Failed } else { JobStatus::Completed };
    job.scenario = head.scenario;
    job.start_ms = head.start_ms;
    job.duration_ms = duration_ms;
    job.cores = pipeline.cores;
    job.memory_mb = pipeline.memory_mb;
    job.num_lost_executors = effect.lost_executors;
    job.struck_stage = effect.at;
    job.failure = fails_at.map(|at| cause(plan, job_type, at, &effect, &mut random));
    job.stages.clear();
    let effect = &effect;
    let draft = Draft { plan, job_type, pipeline, effect, input_bytes, skew, fails_at, num_tasks };
    draft.fill(job, &mut random);
    job.num_executors = job.stages.iter().map(|stage| stage.num_executors).max().unwrap_or(1);
    (job.num_batches, job.lag_ms) = effect.batches(duration_ms, &mut random);

    let again = next_attempt(plan, job_type, job, input_bytes, &mut random);
    if job.start_ms + job.duration_ms > plan.end_ms {
        cut(job, plan.end_ms);
    }
    again
}

/// A job that is no retry: its number is its place in the time that is generated.
fn first(plan: &Plan, index: u64, random: &mut Random) -> Head {
    #[allow(clippy::cast_precision_loss)]
    let place = (index as f64 + random.unit()) / plan.order.jobs as f64;
    let (mut start_ms, number) = plan.arrival(place, random.unit());
    let job_type = &plan.models.job_types[number];
    let type_plan = &plan.types[number];
    if random.happens(job_type.schedule.on_quarter) {
        // What waits for a quarter of an hour is started within seconds after it.
        let quarter =
            start_ms - start_ms.rem_euclid(900_000) + whole(random.between(200.0, 8_000.0));
        start_ms = quarter.max(plan.start_ms);
    }
    let number_of = random.below(type_plan.pipelines.len());
    let pipeline = &type_plan.pipelines[number_of];
    let scenario = scenario(plan, pipeline, start_ms, random);
    let growth = libm::exp(type_plan.growth * plan.days_from_middle(start_ms));
    Head {
        job_type: number,
        pipeline: number_of,
        attempt: 1,
        retry_of: None,
        start_ms,
        scenario,
        input_bytes: pipeline.input_bytes * growth * random.spread(job_type.input.spread),
    }
}

fn scenario(
    plan: &Plan,
    pipeline: &Pipeline,
    start_ms: i64,
    random: &mut Random,
) -> Option<Scenario> {
    let of_run = random.unit();
    let mut sum = 0.0;
    for (scenario, share) in &plan.order.scenarios {
        let draw = if scenario.is_of_pipelines() { pipeline.fate } else { of_run };
        if draw >= sum && draw < sum + share {
            let begins =
                *scenario != Scenario::Regression || plan.days_from_middle(start_ms) >= 0.0;
            return begins.then_some(*scenario);
        }
        sum += share;
    }
    None
}

/// What a single run differs by from the mean of its recurring job; its own mean is 1.
fn run_factor(
    job_type: &JobType,
    type_plan: &TypePlan,
    pipeline: &Pipeline,
    (input_bytes, skew): (f64, f64),
    random: &mut Random,
) -> f64 {
    let duration = &job_type.duration;
    let input = libm::pow(input_bytes / pipeline.input_bytes, duration.by_input);
    let tail = if random.happens(duration.tail_share) {
        let pareto = libm::pow(1.0 - random.unit(), -1.0 / duration.tail_exponent);
        pareto.min(duration.tail_most)
    } else {
        1.0
    };
    let skew = libm::pow(skew, duration.by_skew);
    input * skew * tail * random.spread(duration.spread) / type_plan.run_mean
}

fn cause(
    plan: &Plan,
    job_type: &JobType,
    at: usize,
    effect: &Effect,
    random: &mut Random,
) -> usize {
    let failures = &plan.models.failures;
    if effect.is_out_of_memory
        && let Some(index) = failures.iter().position(|failure| failure.is_out_of_memory)
    {
        return index;
    }
    let kind = job_type.operators[at].kind;
    random.choose(failures.iter().map(|f| if f.happens_to(kind) { f.share } else { 0.0 }))
}

fn next_attempt(
    plan: &Plan,
    job_type: &JobType,
    job: &Job,
    input_bytes: f64,
    random: &mut Random,
) -> Option<Retry> {
    let retries = &job_type.retries;
    if job.status != JobStatus::Failed
        || job.attempt > retries.most
        || !random.happens(retries.share)
    {
        return None;
    }
    let pause = retries.delay_seconds * 1000.0 * libm::exp2(f64::from(job.attempt - 1));
    let start_ms = job.start_ms + job.duration_ms + whole(pause * random.between(0.9, 1.1));
    (start_ms < plan.end_ms).then_some(Retry {
        job_type: job.job_type,
        pipeline: job.pipeline,
        attempt: job.attempt + 1,
        of: job.index,
        start_ms,
        scenario: job.scenario,
        input_bytes,
    })
}

/// A job that goes on at `end_ms`: what comes after has not happened.
fn cut(job: &mut Job, end_ms: i64) {
    job.status = JobStatus::Running;
    job.failure = None;
    let so_far = end_ms - job.start_ms;
    let share = float(so_far) / float(job.duration_ms);
    job.lag_ms = scaled(job.lag_ms, share);
    job.num_batches = whole((float(job.num_batches) * share).floor());
    job.duration_ms = so_far;
    for stage in &mut job.stages {
        if stage.start_ms >= job.duration_ms {
            *stage = Stage::waiting(StageStatus::Pending, job.duration_ms);
        } else if stage.start_ms + stage.duration_ms > job.duration_ms {
            let share = float(job.duration_ms - stage.start_ms) / float(stage.duration_ms);
            stage.status = StageStatus::Running;
            stage.duration_ms = job.duration_ms - stage.start_ms;
            stage.driver_ms = stage.driver_ms.min(stage.duration_ms);
            stage.num_completed_tasks =
                scaled(stage.num_completed_tasks, share).min(stage.num_tasks - 1);
            stage.num_failed_tasks = 0;
            stage.num_killed_tasks = 0;
            stage.stop_at(share, 1.0);
        }
    }
}
