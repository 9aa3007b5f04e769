use super::{ALL, Dimension, Figures, GRAINS_S, HOUR_S, OTHER, floor};
use crate::row::big;
use crate::run::Run;
use serde::{Deserialize, Serialize};
use tinderbox_model::{Distribution, RunState};

/// What one run puts into the rollups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contribution {
    pub(super) workspace: String,
    /// The hour in which it began.
    pub(super) hour_us: i64,
    /// By [`Dimension::ALL`].
    pub(super) values: [String; 4],
    /// A bit for every grain and dimension: set when the run is counted under [`OTHER`] there.
    pub(super) others: u16,
    pub(super) figures: Figures,
    /// Bucket of its duration.
    pub(super) bucket: Option<u16>,
}

/// A row of the rollups. In order, so that writers lock rows in one order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) workspace: String,
    pub(super) dimension: &'static str,
    pub(super) grain_s: i64,
    pub(super) start_us: i64,
    pub(super) value: String,
}

/// One run counts with at most so much of anything.
const FIGURE_LIMIT: u64 = 1 << 52;

impl Contribution {
    /// Of a run as it stands, counted under its own values everywhere.
    pub(super) fn of(run: &Run) -> Self {
        let begun = run.started.unwrap_or(run.created);
        let counts = run.state.is_final() || run.collected;
        let duration = run.duration.filter(|_| run.state.is_final());
        let version = run.spark_version.as_ref().map_or("", |version| version.text.as_str());
        Self {
            workspace: run.workspace.as_str().to_owned(),
            hour_us: floor(begun.as_micros(), HOUR_S),
            values: [run.user.as_str(), &run.name, &run.job_type, version].map(short),
            others: 0,
            figures: if counts { figures(run) } else { Figures { num_runs: 1, ..states(run) } },
            bucket: duration.map(|duration| Distribution::bucket_of(duration.0)),
        }
    }

    /// Whether both say the same of a run, wherever they are counted.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        Self { others: 0, ..self.clone() } == Self { others: 0, ..other.clone() }
    }

    /// Whether both are in the same hour under the same values.
    pub(super) fn has_keys_of(&self, other: &Self) -> bool {
        (&self.workspace, self.hour_us, &self.values)
            == (&other.workspace, other.hour_us, &other.values)
    }

    /// The rows that it is counted in.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        GRAINS_S.into_iter().enumerate().flat_map(move |(grain, grain_s)| {
            let key = move |dimension, value: &str| Key {
                workspace: self.workspace.clone(),
                dimension,
                grain_s,
                start_us: floor(self.hour_us, grain_s),
                value: value.to_owned(),
            };
            let dimensions = Dimension::ALL.into_iter().enumerate().map(move |(at, dimension)| {
                let is_other = self.others & bit(grain, at) != 0;
                key(dimension.as_str(), if is_other { OTHER } else { &self.values[at] })
            });
            std::iter::once(key(ALL, "")).chain(dimensions)
        })
    }

    pub(super) fn to_body(&self) -> String {
        let stored = Stored {
            w: self.workspace.clone(),
            h: self.hour_us,
            v: self.values.clone(),
            o: self.others,
            f: self.figures.values().to_vec(),
            b: self.bucket,
        };
        // Texts and whole numbers always serialize.
        serde_json::to_string(&stored).unwrap_or_default()
    }

    pub(super) fn from_body(body: &str) -> Option<Self> {
        let stored: Stored = serde_json::from_str(body).ok()?;
        Some(Self {
            workspace: stored.w,
            hour_us: stored.h,
            values: stored.v,
            others: stored.o,
            figures: Figures::from_values(stored.f),
            bucket: stored.b,
        })
    }
}

/// The bit of [`Contribution::others`].
pub(super) fn bit(grain: usize, dimension: usize) -> u16 {
    1 << (grain * Dimension::ALL.len() + dimension)
}

/// The row's JSON. Short names: there is one for every run.
#[derive(Serialize, Deserialize)]
struct Stored {
    w: String,
    h: i64,
    v: [String; 4],
    o: u16,
    f: Vec<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    b: Option<u16>,
}

fn short(text: &str) -> String {
    text.chars().take(190).collect()
}

fn states(run: &Run) -> Figures {
    let is = |state| i64::from(run.state == state);
    Figures {
        num_succeeded: is(RunState::Succeeded),
        num_failed: is(RunState::Failed),
        num_cancelled: is(RunState::Cancelled),
        num_timed_out: is(RunState::TimedOut),
        num_lost: is(RunState::Lost),
        ..Figures::default()
    }
}

fn figures(run: &Run) -> Figures {
    let totals = &run.totals;
    let of = |value: u64| big(value.min(FIGURE_LIMIT));
    let task_time = of(totals.task_time.0);
    let core_time = totals.core_time.map(|time| of(time.0));
    let is_without_result =
        matches!(run.state, RunState::Failed | RunState::Cancelled | RunState::TimedOut);
    let duration = run.duration.filter(|_| run.state.is_final());
    Figures {
        num_runs: 1,
        num_partial: i64::from(run.partial),
        num_durations: i64::from(duration.is_some()),
        duration_ms: duration.map_or(0, |duration| of(duration.0)),
        num_tasks: of(totals.num_tasks),
        num_failed_tasks: of(totals.num_failed_tasks),
        task_time_ms: task_time,
        gc_time_ms: of(totals.gc_time.0),
        lost_task_time_ms: if is_without_result { task_time } else { 0 },
        num_core_times: i64::from(core_time.is_some()),
        core_time_ms: core_time.unwrap_or(0),
        idle_ms: core_time.map_or(0, |time| (time - task_time).max(0)),
        input_bytes: of(totals.input.0),
        output_bytes: of(totals.output.0),
        shuffle_read_bytes: of(totals.shuffle_read.0),
        shuffle_write_bytes: of(totals.shuffle_write.0),
        disk_spill_bytes: of(totals.disk_spill.0),
        memory_spill_bytes: of(totals.memory_spill.0),
        num_findings: i64::from(run.num_findings),
        ..states(run)
    }
}
