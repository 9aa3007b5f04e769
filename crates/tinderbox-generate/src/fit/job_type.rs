//! One job type from its runs.

use super::elasticity::{Elasticity, Row, elasticity};
use super::robust::{count_of, deviation, mean, median, quantile, rounded, spread};
use super::{FittedType, PastRun, Recurring, operators, retries};
use crate::model::{Cluster, Duration, Input, JobType, Models, Schedule};
use std::collections::BTreeMap;

const MB: f64 = 1_048_576.0;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Longer runs than so many times the median count as so long in the mean.
const MOST_OF_MEDIAN: f64 = 50.0;
/// Hours and weekdays are learned from so many starts.
const LEAST_STARTS: usize = 48;
/// A start within this time after a quarter of an hour counts as planned then.
const QUARTER_MS: i64 = 30_000;
/// The tail is learned from so many runs that lie beyond.
const LEAST_IN_TAIL: usize = 10;
/// Most entries of a list of resources: it has quantiles of those of the recurring jobs.
const MOST_RESOURCES: usize = 20;

/// Learns a type. Its share stays that of `defaults`.
pub(super) fn learn(
    name: &str,
    jobs: &Recurring<'_>,
    defaults: &JobType,
    built_in: &Models,
) -> (JobType, FittedType) {
    let runs: Vec<&PastRun> = jobs.values().flatten().copied().collect();
    let completed: Vec<&PastRun> =
        runs.iter().filter(|run| run.failure.is_none()).copied().collect();
    let mut learner = Learner { jobs, runs: &runs, completed: &completed, kept: Vec::new() };
    let (operators, note) = operators::learn(&completed, built_in);
    let (schedule, retries) = learner.schedule_and_retries(defaults);
    let (duration, input, skew) = learner.duration_and_input(defaults);
    let failures = runs.len() - completed.len();
    let job_type = JobType {
        name: name.to_owned(),
        share: defaults.share,
        pipelines: jobs.len().min(10_000),
        operators,
        mean_seconds: learner.mean_seconds(),
        failure_rate: rounded(count_of(failures) / count_of(runs.len())),
        users: shares(runs.iter().map(|run| match run.user.as_str() {
            "" => "unknown",
            user => user,
        })),
        spark_versions: learner.spark_versions(defaults),
        schedule,
        cluster: learner.cluster(defaults),
        input,
        output_ratio: learner.output_ratio(defaults),
        duration,
        skew,
        retries,
    };
    learner.kept.sort_unstable();
    let fitted = FittedType {
        name: name.to_owned(),
        runs: runs.len(),
        failures,
        recurring_jobs: jobs.len(),
        mean_seconds: job_type.mean_seconds,
        kept: learner.kept,
        notes: vec![note, operators::failing(&runs)].into_iter().flatten().collect(),
    };
    (job_type, fitted)
}

struct Learner<'l, 'r> {
    jobs: &'l Recurring<'r>,
    runs: &'l [&'r PastRun],
    completed: &'l [&'r PastRun],
    kept: Vec<&'static str>,
}

impl Learner<'_, '_> {
    fn keep<T>(&mut self, field: &'static str, built_in: T) -> T {
        self.kept.push(field);
        built_in
    }

    fn mean_seconds(&self) -> f64 {
        let seconds: Vec<_> = self.completed.iter().map(|run| seconds(run)).collect();
        let most = median(&seconds) * MOST_OF_MEDIAN;
        let limited: Vec<_> = seconds.iter().map(|value| value.min(most)).collect();
        rounded(mean(&limited).clamp(1.0, 31_536_000.0))
    }

    fn spark_versions(&mut self, defaults: &JobType) -> Vec<(String, f64)> {
        let found = shares(self.runs.iter().filter_map(|run| run.spark_version.as_deref()));
        if found.is_empty() {
            return self.keep("spark_versions", defaults.spark_versions.clone());
        }
        found
    }

    fn cluster(&mut self, defaults: &JobType) -> Cluster {
        let of = |get: fn(&PastRun) -> Option<u32>, low: u32, high: u32| {
            let of_job = |runs: &Vec<&PastRun>| {
                let mut values: Vec<u32> = runs.iter().filter_map(|run| get(run)).collect();
                values.sort_unstable();
                values.get(values.len() / 2).map(|value| (*value).clamp(low, high))
            };
            quantiles(self.jobs.values().filter_map(of_job).collect())
        };
        let executors = of(|run| run.executors, 1, 10_000);
        let cores = of(|run| run.cores, 1, 256);
        let memory = of(|run| run.memory_mb, 512, 4_194_304);
        let built_in = &defaults.cluster;
        let mut known = |found: Vec<u32>, field, built_in: &Vec<u32>| {
            if found.is_empty() { self.keep(field, built_in.clone()) } else { found }
        };
        Cluster {
            executors: known(executors, "cluster.executors", &built_in.executors),
            cores: known(cores, "cluster.cores", &built_in.cores),
            memory_mb: known(memory, "cluster.memory_mb", &built_in.memory_mb),
        }
    }

    /// Ratios are taken as uniformly distributed: the ends lie 1/18 of the way from the 5th to the 95th percentile beyond
    /// them.
    fn output_ratio(&mut self, defaults: &JobType) -> (f64, f64) {
        let ratios: Vec<_> = self
            .completed
            .iter()
            .filter(|run| run.input_bytes() > 0.0)
            .map(|run| {
                run.stages.iter().map(|stage| stage.output.as_f64()).sum::<f64>()
                    / run.input_bytes()
            })
            .collect();
        if ratios.len() < super::LEAST_COMPLETED {
            return self.keep("output_ratio", defaults.output_ratio);
        }
        let (low, high) = (quantile(&ratios, 50), quantile(&ratios, 950));
        let beyond = (high - low) / 18.0;
        let low = rounded((low - beyond).clamp(0.0, 1e3));
        (low, rounded((high + beyond).clamp(low, 1e3)))
    }

    fn schedule_and_retries(&mut self, defaults: &JobType) -> (Schedule, crate::model::Retries) {
        let found = retries::find(self.jobs);
        let retries = retries::learn(&found, &defaults.retries, &mut self.kept);
        let starts: Vec<i64> = self
            .jobs
            .values()
            .flatten()
            .zip(&found.attempts)
            .filter(|(_, attempt)| **attempt == 1)
            .map(|(run, _)| run.start.0)
            .collect();
        (self.schedule(&starts, &defaults.schedule), retries)
    }

    fn schedule(&mut self, starts: &[i64], built_in: &Schedule) -> Schedule {
        let first = starts.iter().min().copied().unwrap_or(0).div_euclid(HOUR_MS);
        let last = starts.iter().max().copied().unwrap_or(0).div_euclid(HOUR_MS);
        let days = (last - first + 1) / 24;
        let is_enough = starts.len() >= LEAST_STARTS;
        let mut hours = [0.0; 24];
        let mut weekdays = [0.0; 7];
        // Ten years at most, as the most that is generated.
        let mut seen_hours = [0.0; 24];
        let mut seen_weekdays = [0.0; 7];
        for hour in first..=last.min(first + 24 * 3_650) {
            let (hour, weekday) = places(hour * HOUR_MS);
            seen_hours[hour] += 1.0;
            seen_weekdays[weekday] += 1.0;
        }
        let mut on_quarter = 0;
        for start in starts {
            let (hour, weekday) = places(*start);
            hours[hour] += 1.0;
            weekdays[weekday] += 1.0;
            on_quarter += usize::from(start.rem_euclid(900_000) < QUARTER_MS);
        }
        let share = count_of(on_quarter) / count_of(starts.len().max(1));
        // Of those that start at any time, a thirtieth seems to wait for the quarter.
        let share = ((share - 1.0 / 30.0) / (1.0 - 1.0 / 30.0)).clamp(0.0, 1.0);
        Schedule {
            hours: if is_enough && days >= 2 {
                rates(hours, seen_hours)
            } else {
                self.keep("schedule.hours", built_in.hours)
            },
            weekdays: if is_enough && days >= 7 {
                rates(weekdays, seen_weekdays)
            } else {
                self.keep("schedule.weekdays", built_in.weekdays)
            },
            on_quarter: if is_enough {
                rounded(share)
            } else {
                self.keep("schedule.on_quarter", built_in.on_quarter)
            },
        }
    }

    fn duration_and_input(&mut self, defaults: &JobType) -> (Duration, Input, f64) {
        let skews: Vec<_> = self.completed.iter().filter_map(|run| skew(run)).collect();
        // Logarithms of skew are the positive half of a normal distribution: their median is 0.6745 deviations.
        let skew_spread = if skews.len() >= super::LEAST_RUNS {
            rounded((median(&skews) / 0.6745).clamp(0.0, 3.0))
        } else {
            self.keep("skew", defaults.skew)
        };
        let built_in = &defaults.duration;
        let whole: Vec<_> = self.completed.iter().filter(|run| !run.stages.is_empty()).collect();
        let has_input =
            whole.iter().filter(|run| run.input_bytes() > 0.0).count() * 2 > whole.len();
        let cores = |run: &PastRun| Some(f64::from(run.executors?) * f64::from(run.cores?));
        let usual_cores = median(&whole.iter().filter_map(|run| cores(run)).collect::<Vec<_>>());
        let usual_skew = median(&skews);
        let mut rows: Vec<Row> = Vec::new();
        let mut times = Vec::new();
        for run in whole.iter().filter(|run| !has_input || run.input_bytes() > 0.0) {
            let input = if has_input { libm::log(run.input_bytes()) } else { 0.0 };
            let cores = libm::log(cores(run).unwrap_or(usual_cores).max(1.0));
            rows.push([input, cores, skew(run).unwrap_or(usual_skew)]);
            times.push(libm::log(seconds(run).max(0.001)));
        }
        let prior = [built_in.by_input, built_in.by_cores, built_in.by_skew];
        let found = elasticity(&rows, &times, prior, built_in.spread);
        let duration = self.duration(&found, built_in);
        let input = self.input(has_input, &defaults.input);
        (duration, input, skew_spread)
    }

    fn duration(&mut self, found: &Elasticity, built_in: &Duration) -> Duration {
        let mut exponent = |place: usize, field: &'static str, built_in: f64| {
            if found.is_learned[place] {
                rounded(found.by[place].clamp(-3.0, 3.0))
            } else {
                self.keep(field, built_in)
            }
        };
        let by_input = exponent(0, "duration.by_input", built_in.by_input);
        let by_cores = exponent(1, "duration.by_cores", built_in.by_cores);
        let by_skew = exponent(2, "duration.by_skew", built_in.by_skew);
        let (tail_share, tail_exponent, tail_most) = self.tail(found, built_in);
        let least = self.runs.iter().map(|run| seconds(run)).fold(f64::INFINITY, f64::min);
        Duration {
            spread: if found.residuals.len() >= super::LEAST_RUNS {
                rounded(found.spread.clamp(0.0, 3.0))
            } else {
                self.keep("duration.spread", built_in.spread)
            },
            tail_share,
            tail_exponent,
            tail_most,
            by_input,
            by_cores,
            by_skew,
            least_seconds: rounded(least.clamp(1.0, 86_400.0)),
        }
    }

    /// Of runs beyond three deviations, where a normal distribution has 0.135 %: a Pareto factor's logarithm is
    /// exponential, so its mean beyond any place is one through the exponent (Hill's estimate).
    fn tail(&mut self, found: &Elasticity, built_in: &Duration) -> (f64, f64, f64) {
        let begin = (3.0 * found.spread).max(0.4);
        let beyond: Vec<_> =
            found.residuals.iter().filter(|left| **left > begin).map(|left| left - begin).collect();
        let all = count_of(found.residuals.len());
        let by_chance = 0.001_35 * all;
        if beyond.len() < LEAST_IN_TAIL || count_of(beyond.len()) < 2.0 * by_chance {
            self.kept.extend([
                "duration.tail_share",
                "duration.tail_exponent",
                "duration.tail_most",
            ]);
            return (built_in.tail_share, built_in.tail_exponent, built_in.tail_most);
        }
        let exponent = (1.0 / mean(&beyond).max(0.01)).clamp(1.05, 100.0);
        let share = (count_of(beyond.len()) - by_chance) / all * libm::exp(exponent * begin);
        let most = libm::exp(begin + beyond.iter().copied().fold(0.0, f64::max));
        (rounded(share.clamp(0.0, 0.5)), rounded(exponent), rounded(most.clamp(1.0, 1e4)))
    }

    fn input(&mut self, has_input: bool, built_in: &Input) -> Input {
        if !has_input {
            self.kept.extend([
                "input.mean_mb",
                "input.spread_of_pipelines",
                "input.spread",
                "input.growth_per_day",
                "input.record_bytes",
            ]);
            return *built_in;
        }
        // For each run that read something: days since the first, and the logarithm of its input, around its recurring job.
        let mut centers = Vec::new();
        let (mut days, mut sizes, mut means) = (Vec::new(), Vec::new(), Vec::new());
        let first = self.runs.iter().map(|run| run.start.0).min().unwrap_or(0);
        for runs in self.jobs.values() {
            let read: Vec<_> = runs
                .iter()
                .filter(|run| run.failure.is_none() && run.input_bytes() > 0.0)
                .map(|run| (day(run.start.0 - first), run.input_bytes()))
                .collect();
            if read.is_empty() {
                continue;
            }
            let logarithms: Vec<_> = read.iter().map(|(_, bytes)| libm::log(*bytes)).collect();
            let center = median(&logarithms);
            let middle = mean(&read.iter().map(|(day, _)| *day).collect::<Vec<_>>());
            centers.push(center);
            means.push(mean(&read.iter().map(|(_, bytes)| *bytes).collect::<Vec<_>>()));
            if read.len() > 1 {
                days.extend(read.iter().map(|(day, _)| day - middle));
                sizes.extend(logarithms.iter().map(|size| size - center));
            }
        }
        let growth = self.growth(&days, &sizes, built_in);
        let along = libm::log(1.0 + growth);
        let left: Vec<_> = days.iter().zip(&sizes).map(|(day, size)| size - along * day).collect();
        let of_one = if left.len() >= super::LEAST_RUNS {
            let lost =
                count_of(left.len()) / count_of(left.len() - centers.len().min(left.len() / 2));
            rounded((spread(&left) * lost.sqrt()).clamp(0.0, 3.0))
        } else {
            self.keep("input.spread", built_in.spread)
        };
        let records: u64 =
            self.completed.iter().flat_map(|r| &r.stages).map(|s| s.input_records).sum();
        let bytes: f64 = self.completed.iter().map(|run| run.input_bytes()).sum();
        Input {
            mean_mb: rounded((mean(&means) / MB).clamp(0.001, 1e9)),
            spread_of_pipelines: if centers.len() >= super::LEAST_COMPLETED {
                rounded(deviation(&centers).clamp(0.0, 3.0))
            } else {
                self.keep("input.spread_of_pipelines", built_in.spread_of_pipelines)
            },
            spread: of_one,
            growth_per_day: growth,
            record_bytes: if records > 0 {
                #[allow(clippy::cast_precision_loss)]
                let each = bytes / records as f64;
                rounded(each.clamp(1.0, 1e9))
            } else {
                self.keep("input.record_bytes", built_in.record_bytes)
            },
        }
    }

    /// A straight line through logarithms, sizes beyond three deviations drawn in; learned when it is known to a percent.
    fn growth(&mut self, days: &[f64], sizes: &[f64], built_in: &Input) -> f64 {
        let within = spread(sizes);
        let limit = (3.0 * within).max(1e-9);
        let along: f64 = days.iter().map(|day| day * day).sum();
        let across: f64 =
            days.iter().zip(sizes).map(|(day, size)| day * size.clamp(-limit, limit)).sum();
        if days.len() < super::LEAST_RUNS || along <= 0.0 || within / along.sqrt() > 0.01 {
            return self.keep("input.growth_per_day", built_in.growth_per_day);
        }
        rounded((libm::exp(across / along) - 1.0).clamp(-0.5, 1.0))
    }
}

fn seconds(run: &PastRun) -> f64 {
    run.duration.as_f64() / 1000.0
}

fn day(ms: i64) -> f64 {
    crate::job::float(ms) / crate::job::float(DAY_MS)
}

/// The logarithm of the largest skew of a run's stages.
fn skew(run: &PastRun) -> Option<f64> {
    let skews = run.stages.iter().filter_map(|stage| stage.skew);
    skews.reduce(f64::max).map(|skew| libm::log(skew.max(1.0)))
}

/// Hour of the day and day of the week from Monday.
fn places(at_ms: i64) -> (usize, usize) {
    let place = |number: i64| usize::try_from(number).unwrap_or(0);
    // 1970 began on a Thursday.
    (place(at_ms.rem_euclid(DAY_MS) / HOUR_MS), place((at_ms.div_euclid(DAY_MS) + 3).rem_euclid(7)))
}

/// Starts for each time that there was.
fn rates<const N: usize>(starts: [f64; N], seen: [f64; N]) -> [f64; N] {
    let rates: [f64; N] = std::array::from_fn(|place| starts[place] / seen[place].max(1.0));
    let all: f64 = rates.iter().sum();
    rates.map(|rate| rounded(rate / all * count_of(N)))
}

/// Words with their shares, the most frequent first.
fn shares<'w>(words: impl Iterator<Item = &'w str>) -> Vec<(String, f64)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    let all = count_of(counts.values().sum());
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    counts
        .into_iter()
        .map(|(word, count)| (word.to_owned(), rounded(count_of(count) / all)))
        .collect()
}

/// Values of which each is as likely as the others: all of them, quantiles where they are many, one where all are the same.
fn quantiles(mut values: Vec<u32>) -> Vec<u32> {
    values.sort_unstable();
    let count = values.len();
    if count > MOST_RESOURCES {
        values = (0..MOST_RESOURCES)
            .map(|place| values[(2 * place + 1) * count / (2 * MOST_RESOURCES)])
            .collect();
    }
    if values.first() == values.last() {
        values.truncate(1);
    }
    values
}
