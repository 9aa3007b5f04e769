//! Data sets in the rows of statistics.

use super::list::state_of;
use crate::{App, Error, blocking};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use tinderbox_model::{Bytes, Millis, RunState, TimestampMs, WorkspaceId};
use tinderbox_store::{
    Dimension, DurationHistogram, RunFigures, Stats, StatsGroup, StatsKey, StatsQuery,
};
use tinderbox_table::JobTally;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

impl App {
    /// Sums and durations over many jobs, from rollups alone. Also answers how many rows there would be without the
    /// limit. Jobs of data sets are among them, in the default workspace; they are summed by hour, type and status, so
    /// rows by another dimension have runs only.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn stats(&self, query: &StatsQuery) -> Result<(Vec<Stats>, usize), Error> {
        let sets = self.inner.job_sets.all();
        if sets.is_empty() || !takes_part(query) {
            return Ok(self.inner.store.stats(query).await?);
        }
        let all = StatsQuery { limit: usize::MAX, ..query.clone() };
        let (runs, _) = self.inner.store.stats(&all).await?;
        let query = query.clone();
        blocking(move || {
            let mut rows: BTreeMap<StatsKey, Stats> =
                runs.into_iter().map(|row| (row.key.clone(), row)).collect();
            for tally in sets.iter().flat_map(|set| set.index.tallies()) {
                let Some(key) = key_of(&query, tally) else { continue };
                let row = rows.entry(key.clone()).or_insert_with(|| Stats {
                    key,
                    figures: RunFigures::default(),
                    durations: DurationHistogram::default(),
                });
                add(row, tally);
            }
            Ok(cut(rows, &query))
        })
        .await
    }
}

/// Whether jobs of data sets can be counted for this question.
fn takes_part(query: &StatsQuery) -> bool {
    let is_known = |dimension: &Dimension| *dimension == Dimension::JobType;
    let is_grouped = match &query.group {
        StatsGroup::Dimension(dimension) => is_known(dimension),
        _ => true,
    };
    is_grouped
        && query.only.as_ref().is_none_or(|(dimension, _)| is_known(dimension))
        && query.workspace.as_ref().is_none_or(|workspace| *workspace == WorkspaceId::default())
}

/// The row that these jobs belong to, if to any.
fn key_of(query: &StatsQuery, tally: &JobTally) -> Option<StatsKey> {
    let hour = tally.hour_us.map(|us| us.div_euclid(1_000));
    let is_before = |hour: i64| query.from.is_some_and(|from| hour + HOUR_MS <= from.0);
    let is_behind = |hour: i64| query.to.is_some_and(|to| hour >= to.0);
    let is_within = match hour {
        Some(hour) => !is_before(hour) && !is_behind(hour),
        None => query.from.is_none() && query.to.is_none(),
    };
    let word = tally.job_type.as_deref().unwrap_or_default();
    if !is_within || query.only.as_ref().is_some_and(|(_, only)| only != word) {
        return None;
    }
    Some(match query.group {
        StatsGroup::Nothing => StatsKey::All,
        StatsGroup::Hour => StatsKey::Time(TimestampMs(hour?)),
        StatsGroup::Day => StatsKey::Time(TimestampMs(hour?.div_euclid(DAY_MS) * DAY_MS)),
        StatsGroup::Workspace => StatsKey::Value(WorkspaceId::default().to_string()),
        StatsGroup::Dimension(_) => StatsKey::Value(word.to_owned()),
    })
}

fn add(row: &mut Stats, tally: &JobTally) {
    let RunFigures {
        num_runs,
        num_succeeded,
        num_failed,
        num_cancelled,
        num_timed_out,
        num_lost,
        ..
    } = &mut row.figures;
    *num_runs += tally.num_jobs;
    let state = state_of(tally.status.as_deref().unwrap_or_default());
    match state {
        RunState::Succeeded => *num_succeeded += tally.num_jobs,
        RunState::Failed => *num_failed += tally.num_jobs,
        RunState::Cancelled => *num_cancelled += tally.num_jobs,
        RunState::TimedOut => *num_timed_out += tally.num_jobs,
        RunState::Lost => *num_lost += tally.num_jobs,
        RunState::Queued | RunState::Submitting | RunState::Starting | RunState::Running => {
            // As of runs, nothing but their number counts before they have ended.
            return;
        }
    }
    let of = |value: i64| u64::try_from(value).unwrap_or(0);
    let figures = &mut row.figures;
    let ms = |sum: &mut Millis, value: i64| sum.0 = sum.0.saturating_add(of(value));
    let bytes = |sum: &mut Bytes, value: i64| sum.0 = sum.0.saturating_add(of(value));
    ms(&mut figures.duration, tally.duration_ms);
    ms(&mut figures.task_time, tally.task_time_ms);
    ms(&mut figures.gc_time, tally.gc_time_ms);
    if matches!(state, RunState::Failed | RunState::Cancelled | RunState::TimedOut) {
        ms(&mut figures.lost_task_time, tally.task_time_ms);
    }
    figures.num_tasks = figures.num_tasks.saturating_add(of(tally.num_tasks));
    figures.num_failed_tasks = figures.num_failed_tasks.saturating_add(of(tally.num_failed_tasks));
    bytes(&mut figures.input, tally.input_bytes);
    bytes(&mut figures.output, tally.output_bytes);
    bytes(&mut figures.shuffle_read, tally.shuffle_read_bytes);
    bytes(&mut figures.shuffle_write, tally.shuffle_write_bytes);
    bytes(&mut figures.disk_spill, tally.disk_spill_bytes);
    bytes(&mut figures.memory_spill, tally.memory_spill_bytes);
    for (bucket, count) in &tally.durations {
        row.durations.add(*bucket, *count);
    }
}

/// The rows in the order, and within the limit, that the store answers with.
fn cut(rows: BTreeMap<StatsKey, Stats>, query: &StatsQuery) -> (Vec<Stats>, usize) {
    let mut rows: Vec<Stats> = rows.into_values().collect();
    let num_groups = rows.len();
    if matches!(query.group, StatsGroup::Hour | StatsGroup::Day) {
        rows.drain(..num_groups.saturating_sub(query.limit));
    } else {
        rows.sort_by_key(|row| Reverse(row.figures.num_runs));
        rows.truncate(query.limit);
    }
    (rows, num_groups)
}
