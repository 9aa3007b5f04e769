//! Sums over the jobs of data sets.

use super::list::state_of;
use crate::{App, Error, blocking};
use std::collections::BTreeMap;
use tinderbox_model::{RunState, TimestampMs, WorkspaceId};
use tinderbox_store::{Dimension, StatsGroup, StatsKey, StatsQuery};
use tinderbox_table::JobTally;

/// Figures over all jobs: runs and those of data sets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobOverview {
    /// Jobs.
    pub num_jobs: u64,
    /// Ended well.
    pub num_completed: u64,
    /// Failed.
    pub num_failed: u64,
    /// Not ended.
    pub num_running: u64,
    /// Mean duration of those that have one, in seconds.
    pub mean_duration_seconds: Option<f64>,
    /// Read from storage, in units of 1,048,576 bytes.
    pub input_mb: f64,
    /// Jobs by type.
    pub types: BTreeMap<String, u64>,
    /// Jobs that started in the 24 hours before the latest start, by whole hours.
    pub num_recent: u64,
    /// Of these, failed.
    pub num_recent_failed: u64,
    /// Errors of data sets.
    pub num_errors: u64,
    /// Warnings of data sets.
    pub num_warnings: u64,
}

const HOUR_MS: i64 = 3_600_000;
/// Types that are told of; others are not counted by type.
const TYPES: usize = 1_000;

impl App {
    /// Figures over all jobs, from counters alone.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn overview(&self) -> Result<JobOverview, Error> {
        let workspace = Some(WorkspaceId::default());
        let all = StatsQuery { workspace: workspace.clone(), limit: 1, ..StatsQuery::default() };
        let by_type = StatsQuery {
            workspace: workspace.clone(),
            group: StatsGroup::Dimension(Dimension::JobType),
            limit: TYPES,
            ..StatsQuery::default()
        };
        let by_hour = StatsQuery { workspace, group: StatsGroup::Hour, limit: 24, ..all.clone() };
        let (all, _) = self.inner.store.stats(&all).await?;
        let (types, _) = self.inner.store.stats(&by_type).await?;
        let (hours, _) = self.inner.store.stats(&by_hour).await?;
        let app = self.clone();
        blocking(move || {
            let mut sums = Sums::default();
            let mut by_hour = Vec::new();
            if let Some(all) = all.first() {
                let figures = &all.figures;
                sums.overview.num_jobs = figures.num_runs;
                sums.overview.num_completed = figures.num_succeeded;
                sums.overview.num_failed = figures.num_failed + figures.num_timed_out;
                sums.overview.num_running = figures.num_unfinished();
                sums.num_durations = all.durations.count();
                sums.duration_ms = i128::from(figures.duration.0);
                sums.overview.input_mb = mb(figures.input.0);
            }
            for row in types {
                if let StatsKey::Value(word) = row.key {
                    *sums.overview.types.entry(word).or_default() += row.figures.num_runs;
                }
            }
            for row in hours {
                if let StatsKey::Time(hour) = row.key {
                    let failed = row.figures.num_failed + row.figures.num_timed_out;
                    by_hour.push((hour, row.figures.num_runs, failed));
                }
            }
            for set in app.inner.job_sets.all().iter() {
                sums.overview.num_errors += set.facts.num_errors;
                sums.overview.num_warnings += set.facts.num_warnings;
                for tally in set.index.tallies() {
                    sums.add(tally);
                    if let Some(hour) = tally.hour_us {
                        let hour = TimestampMs(hour.div_euclid(1_000));
                        by_hour.push((hour, tally.num_jobs, failed_of(tally)));
                    }
                }
            }
            Ok(sums.finish(&by_hour))
        })
        .await
    }
}

#[derive(Default)]
struct Sums {
    overview: JobOverview,
    num_durations: u64,
    duration_ms: i128,
}

impl Sums {
    fn add(&mut self, tally: &JobTally) {
        let overview = &mut self.overview;
        overview.num_jobs += tally.num_jobs;
        match state_of(tally.status.as_deref().unwrap_or_default()) {
            RunState::Succeeded => overview.num_completed += tally.num_jobs,
            RunState::Failed | RunState::TimedOut => overview.num_failed += tally.num_jobs,
            RunState::Queued | RunState::Submitting | RunState::Starting | RunState::Running => {
                overview.num_running += tally.num_jobs;
            }
            RunState::Cancelled | RunState::Lost => {}
        }
        if let Some(word) = &tally.job_type
            && (overview.types.len() < TYPES || overview.types.contains_key(word))
        {
            *overview.types.entry(word.clone()).or_default() += tally.num_jobs;
        }
        overview.input_mb += tally.input_mb;
        self.num_durations += tally.num_durations;
        self.duration_ms += i128::from(tally.duration_ms);
    }

    #[allow(clippy::cast_precision_loss)]
    fn finish(mut self, by_hour: &[(TimestampMs, u64, u64)]) -> JobOverview {
        if self.num_durations > 0 {
            let mean = self.duration_ms as f64 / self.num_durations as f64;
            self.overview.mean_duration_seconds = Some(mean / 1_000.0);
        }
        let latest = by_hour.iter().map(|(hour, ..)| hour.0).max().unwrap_or(0);
        for (hour, jobs, failed) in by_hour {
            if hour.0 > latest - 24 * HOUR_MS {
                self.overview.num_recent += jobs;
                self.overview.num_recent_failed += failed;
            }
        }
        self.overview
    }
}

fn failed_of(tally: &JobTally) -> u64 {
    match state_of(tally.status.as_deref().unwrap_or_default()) {
        RunState::Failed | RunState::TimedOut => tally.num_jobs,
        _ => 0,
    }
}

#[allow(clippy::cast_precision_loss)]
fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}
