//! Models and arguments worked out, so that a job can be drawn without looking at another one.

use crate::error::Error;
use crate::job::whole;
use crate::model::{JobType, Models};
use crate::random::{Random, Stream, hash, mix};
use crate::scenario::Scenario;
use crate::words::Words;
use tinderbox_model::TimestampMs;

/// What is to be generated. The same order with the same models gives the same jobs, on every machine and every day.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// How many jobs.
    pub jobs: u64,
    /// The seed.
    pub seed: u64,
    /// The end of the time in which jobs start; those that have not ended then are running.
    pub end: TimestampMs,
    /// How many days before the end the first jobs start.
    pub days: u32,
    /// What is made to happen, and to what share of the jobs.
    pub scenarios: Vec<(Scenario, f64)>,
    /// From how many to how many tasks each job has, instead of what follows from its data. Jobs that are too short for
    /// them take longer.
    pub tasks_per_job: Option<(u64, u64)>,
}

impl Order {
    /// Jobs when their number is not given.
    pub const DEFAULT_JOBS: u64 = 100_000;
    /// The seed when none is given.
    pub const DEFAULT_SEED: u64 = 42;
    /// Days when their number is not given.
    pub const DEFAULT_DAYS: u32 = 7;
    /// The end when none is given: 2026-01-01T00:00:00Z.
    pub const DEFAULT_END: TimestampMs = TimestampMs(1_767_225_600_000);
    /// The most jobs of one data set.
    pub const MOST_JOBS: u64 = 1_000_000_000;
    /// The most days.
    pub const MOST_DAYS: u32 = 3_650;
    /// The most tasks of a job that are asked for.
    pub const MOST_TASKS: u64 = 10_000_000;
}

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Jobs that can be drawn.
#[derive(Debug)]
pub struct Plan {
    pub(crate) models: Models,
    pub(crate) order: Order,
    pub(crate) types: Vec<TypePlan>,
    pub(crate) words: Words,
    /// Six hexadecimal digits for all arguments: the first part of every id.
    pub(crate) tag: String,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    /// For each hour the sum of the weights up to its end.
    hours: Vec<f64>,
    /// For each hour and type the sum of the weights of the types up to this one.
    types_by_hour: Vec<f64>,
}

/// What is worked out for a type.
#[derive(Debug)]
pub(crate) struct TypePlan {
    /// The place of its first recurring job among those of all types.
    pub(crate) first_pipeline: usize,
    pub(crate) pipelines: Vec<Pipeline>,
    /// What the factors of a single run are in the mean.
    pub(crate) run_mean: f64,
    /// For each operator the place of its name in the list of words.
    pub(crate) operators: Vec<i32>,
    pub(crate) growth: f64,
}

/// A recurring job.
#[derive(Debug)]
pub(crate) struct Pipeline {
    /// In the middle of the time.
    pub(crate) input_bytes: f64,
    pub(crate) duration_ms: f64,
    pub(crate) executors: i64,
    pub(crate) cores: i64,
    pub(crate) memory_mb: i64,
    /// Places in the lists of words.
    pub(crate) user: i32,
    pub(crate) version: i32,
    /// From 0 to 1: whether scenarios of recurring jobs strike it.
    pub(crate) fate: f64,
}

impl Plan {
    /// Works models and arguments out.
    ///
    /// # Errors
    /// [`Error::Argument`] for numbers out of range.
    pub fn new(models: Models, order: Order) -> Result<Self, Error> {
        check(&order)?;
        let end_ms = order.end.0;
        let start_ms = end_ms - i64::from(order.days) * DAY_MS;
        let words = Words::new(&models);
        let mut types = Vec::new();
        let mut first_pipeline = 0;
        for job_type in &models.job_types {
            let plan = TypePlan::new(job_type, order.seed, &words, first_pipeline);
            first_pipeline += plan.pipelines.len();
            types.push(plan);
        }
        let (hours, types_by_hour) = arrivals(&models, start_ms, order.days);
        let text = format!("{order:?}{models:?}");
        let tag = format!("{:06x}", hash(text.as_bytes()) >> 40);
        Ok(Self { models, order, types, words, tag, start_ms, end_ms, hours, types_by_hour })
    }

    /// The id of a job.
    pub fn job_id(&self, index: u64) -> String {
        format!("job_{}_{index:07}", self.tag)
    }

    /// The id of the application that a job was.
    pub fn application_id(&self, index: u64) -> String {
        format!("app-{}-{index:07}", self.tag)
    }

    /// The models of the jobs.
    pub fn models(&self) -> &Models {
        &self.models
    }

    /// What was ordered.
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// When a job starts that is at this place of all, from 0 to 1, and of which type it is.
    pub(crate) fn arrival(&self, place: f64, type_draw: f64) -> (i64, usize) {
        let all = self.hours.last().copied().unwrap_or(0.0);
        let wanted = place * all;
        let hour = self.hours.partition_point(|sum| *sum <= wanted).min(self.hours.len() - 1);
        let before = if hour == 0 { 0.0 } else { self.hours[hour - 1] };
        let within = (wanted - before) / (self.hours[hour] - before);
        let begin = self.start_ms + i64::try_from(hour).unwrap_or(0) * HOUR_MS;
        #[allow(clippy::cast_precision_loss)]
        let offset = whole(within * HOUR_MS as f64).clamp(0, HOUR_MS - 1);

        let count = self.types.len();
        let sums = &self.types_by_hour[hour * count..(hour + 1) * count];
        let wanted = type_draw * sums[count - 1];
        let job_type = sums.partition_point(|sum| *sum <= wanted).min(count - 1);
        (begin + offset, job_type)
    }

    /// Days from the middle of the time.
    pub(crate) fn days_from_middle(&self, at_ms: i64) -> f64 {
        let middle = self.start_ms + (self.end_ms - self.start_ms) / 2;
        crate::job::float(at_ms - middle) / crate::job::float(DAY_MS)
    }
}

impl TypePlan {
    fn new(job_type: &JobType, seed: u64, words: &Words, first_pipeline: usize) -> Self {
        let mut pipelines: Vec<_> = (0..job_type.pipelines)
            .map(|number| Pipeline::new(job_type, seed, words, number))
            .collect();
        // The means over recurring jobs are exactly those of the model.
        let mean = mean_of(&pipelines, |pipeline| pipeline.input_bytes);
        let wanted = job_type.input.mean_mb * 1_048_576.0;
        for pipeline in &mut pipelines {
            let relative = pipeline.input_bytes / mean;
            pipeline.input_bytes = relative * wanted;
            let cores = crate::job::float(pipeline.executors * pipeline.cores);
            pipeline.duration_ms = libm::pow(relative, job_type.duration.by_input)
                * libm::pow(cores, job_type.duration.by_cores);
        }
        let mean = mean_of(&pipelines, |pipeline| pipeline.duration_ms);
        for pipeline in &mut pipelines {
            pipeline.duration_ms *= job_type.mean_seconds * 1000.0 / mean;
        }
        Self {
            first_pipeline,
            pipelines,
            run_mean: run_mean(job_type),
            operators: job_type.operators.iter().map(|o| words.operator(&o.name)).collect(),
            growth: libm::log(1.0 + job_type.input.growth_per_day),
        }
    }
}

impl Pipeline {
    fn new(job_type: &JobType, seed: u64, words: &Words, number: usize) -> Self {
        let index = mix(hash(job_type.name.as_bytes()) ^ number as u64);
        let mut random = Random::new(seed, Stream::Pipeline, index);
        let mut one_of = |numbers: &[u32]| {
            i64::from(numbers.get(random.below(numbers.len())).copied().unwrap_or(1))
        };
        let executors = one_of(&job_type.cluster.executors);
        let cores = one_of(&job_type.cluster.cores);
        let memory_mb = one_of(&job_type.cluster.memory_mb);
        let input_bytes = random.spread(job_type.input.spread_of_pipelines);
        let user = random.choose(job_type.users.iter().map(|(_, share)| *share));
        let version = random.choose(job_type.spark_versions.iter().map(|(_, share)| *share));
        Self {
            input_bytes,
            duration_ms: 0.0,
            executors,
            cores,
            memory_mb,
            user: words.user(&job_type.users[user].0),
            version: words.version(&job_type.spark_versions[version].0),
            fate: random.unit(),
        }
    }
}

fn mean_of(pipelines: &[Pipeline], get: impl Fn(&Pipeline) -> f64) -> f64 {
    #[allow(clippy::cast_precision_loss)]
    let count = pipelines.len() as f64;
    pipelines.iter().map(get).sum::<f64>() / count
}

/// The mean of what multiplies the duration of a single run: powers of log-normal input and of skew, and the tail.
fn run_mean(job_type: &JobType) -> f64 {
    let duration = &job_type.duration;
    let (sigma, by_input) = (job_type.input.spread, duration.by_input);
    let input = libm::exp(sigma * sigma * by_input * (by_input - 1.0) / 2.0);
    let skew = job_type.skew * duration.by_skew;
    let skew = libm::exp(skew * skew / 2.0) * libm::erfc(-skew / std::f64::consts::SQRT_2);
    let exponent = duration.tail_exponent;
    let tail = (exponent - libm::pow(duration.tail_most, 1.0 - exponent)) / (exponent - 1.0);
    input * skew * (1.0 + duration.tail_share * (tail - 1.0))
}

fn arrivals(models: &Models, start_ms: i64, days: u32) -> (Vec<f64>, Vec<f64>) {
    let num_hours = usize::try_from(days).unwrap_or(0) * 24;
    let weights: Vec<Vec<f64>> = models
        .job_types
        .iter()
        .map(|job_type| {
            let weights = (0..num_hours).map(|hour| {
                let at = start_ms + i64::try_from(hour).unwrap_or(0) * HOUR_MS;
                let place = |number: i64| usize::try_from(number).unwrap_or(0);
                let of_day = place(at.rem_euclid(DAY_MS) / HOUR_MS);
                // 1970 began on a Thursday.
                let of_week = place((at.div_euclid(DAY_MS) + 3).rem_euclid(7));
                job_type.schedule.hours[of_day] * job_type.schedule.weekdays[of_week]
            });
            let weights: Vec<_> = weights.collect();
            let sum = weights.iter().sum::<f64>();
            // No hour of these days: then any.
            #[allow(clippy::cast_precision_loss)]
            let even = |weight: &f64| if sum > 0.0 { weight / sum } else { 1.0 / num_hours as f64 };
            let share = job_type.share / rows_of_a_job(job_type);
            weights.iter().map(|weight| share * even(weight)).collect()
        })
        .collect();
    let mut hours = Vec::with_capacity(num_hours);
    let mut types_by_hour = Vec::with_capacity(num_hours * weights.len());
    let mut sum = 0.0;
    for hour in 0..num_hours {
        let mut of_types = 0.0;
        for weights in &weights {
            of_types += weights[hour];
            types_by_hour.push(of_types);
        }
        sum += of_types;
        hours.push(sum);
    }
    (hours, types_by_hour)
}

/// A job and its retries in the mean: types that fail often start fewer jobs, so that shares are those of all jobs.
fn rows_of_a_job(job_type: &JobType) -> f64 {
    let again = job_type.failure_rate * job_type.retries.share;
    (0..job_type.retries.most)
        .fold((1.0, 1.0), |(sum, power), _| (sum + power * again, power * again))
        .0
}

fn check(order: &Order) -> Result<(), Error> {
    if order.jobs == 0 || order.jobs > Order::MOST_JOBS {
        return Err(Error::argument(
            format!("{} jobs cannot be generated", order.jobs),
            format!("give a number from 1 to {}", Order::MOST_JOBS),
        ));
    }
    if order.days == 0 || order.days > Order::MOST_DAYS {
        return Err(Error::argument(
            format!("jobs cannot start over {} days", order.days),
            format!("give a number from 1 to {}", Order::MOST_DAYS),
        ));
    }
    if let Some((low, high)) = order.tasks_per_job
        && (low == 0 || low > high || high > Order::MOST_TASKS)
    {
        return Err(Error::argument(
            format!("a job cannot have from {low} to {high} tasks"),
            format!("give a number from 1 to {}, or two as 100-5000", Order::MOST_TASKS),
        ));
    }
    let mut seen = Vec::new();
    for (scenario, _) in &order.scenarios {
        if seen.contains(scenario) {
            let problem = format!("the scenario {} is given twice", scenario.name());
            return Err(Error::argument(problem, "give each scenario once"));
        }
        seen.push(*scenario);
    }
    let share: f64 = order.scenarios.iter().map(|(_, share)| share).sum();
    if share > 1.0 + 1e-9 {
        return Err(Error::argument(
            format!("the scenarios take {share} of the jobs"),
            "give shares that add up to at most 1, as skew=0.2",
        ));
    }
    Ok(())
}
