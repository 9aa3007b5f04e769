//! What differs between two applications, and how much of the difference of their times each part explains.

use super::factors::{Factors, Measured};
use super::operators::{OperatorDifference, operators};
use super::pairs::{pairs, without_numbers};
use super::wall::Wall;
use crate::conf_text::as_f64;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tinderbox_model::{Application, Bytes, Millis, Stage, StageId, StageStatus};

/// What differs between two applications.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Differences {
    /// The difference of wall time in parts that add up to it; `None` when a start or an end is not known.
    pub time: Option<TimeDifference>,
    /// Stages, those that explain the most first.
    pub stages: Vec<StageDifference>,
    /// Stages that differ and are not listed.
    pub omitted_stages: u64,
    /// Operators of SQL plans, those whose time differs the most first.
    pub operators: Vec<OperatorDifference>,
    /// Operators that differ and are not listed.
    pub omitted_operators: u64,
    /// Spark properties and versions, by key. What one of them does to the time shows in the stages only; nothing is
    /// ascribed to a single one.
    pub configuration: Vec<ConfigurationDifference>,
}

/// The difference of wall time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimeDifference {
    /// Wall time of the earlier application.
    pub before: Millis,
    /// Of the later one.
    pub after: Millis,
    /// Later less earlier.
    pub difference_ms: f64,
    /// Its parts, in the order of [`TimeCause::ALL`]; they add up to it.
    pub parts: Vec<TimePart>,
}

/// A part of the difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimePart {
    /// Why.
    pub cause: TimeCause,
    /// How much, with its sign.
    pub explained_ms: f64,
    /// Of the whole difference; beyond 1 or below 0 where parts work against each other. `None` without a difference.
    pub explained_share: Option<f64>,
}

/// Why wall times differ. An instant belongs to the stages that ran in it, in equal parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeCause {
    /// Before the first stage.
    StartUp,
    /// [`Factors::data_ms`] of the stages that both have.
    Data,
    /// [`Factors::work_ms`] of them.
    Work,
    /// [`Factors::concurrency_ms`] of them.
    Concurrency,
    /// Stages that only the earlier one has.
    StagesOnlyBefore,
    /// Stages that only the later one has.
    StagesOnlyAfter,
    /// Between stages, while none ran: the driver's work.
    BetweenStages,
    /// After the last stage.
    ShutDown,
}

impl TimeCause {
    /// All, in the order of the answer.
    pub const ALL: [Self; 8] = [
        Self::StartUp,
        Self::Data,
        Self::Work,
        Self::Concurrency,
        Self::StagesOnlyBefore,
        Self::StagesOnlyAfter,
        Self::BetweenStages,
        Self::ShutDown,
    ];

    /// The words for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::StartUp => "before the first stage",
            Self::Data => "more or less data",
            Self::Work => "task time per byte",
            Self::Concurrency => "wall time per task time (cores, skew, waiting)",
            Self::StagesOnlyBefore => "stages that only the earlier run has",
            Self::StagesOnlyAfter => "stages that only the later run has",
            Self::BetweenStages => "between stages",
            Self::ShutDown => "after the last stage",
        }
    }
}

/// A stage of both, or of one of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageDifference {
    /// Its name, of the later side where there is one.
    pub name: String,
    /// In the earlier application.
    pub before: Option<StageSide>,
    /// In the later one.
    pub after: Option<StageSide>,
    /// Its part of the difference of wall time; `None` where that of the applications is not known.
    pub explained: Option<Factors>,
    /// Of the difference of the applications.
    pub explained_share: Option<f64>,
}

/// A stage, its attempts together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageSide {
    /// Spark's id.
    pub stage: StageId,
    /// Attempts of it.
    pub num_attempts: u32,
    /// Tasks that ended, failed and killed ones too.
    pub num_tasks: u64,
    /// Wall time of the application that is its own.
    pub wall: Option<Millis>,
    /// Sum of executor run time.
    pub task_time: Millis,
    /// Read from storage.
    pub input: Bytes,
    /// Written to storage.
    pub output: Bytes,
    /// Shuffle data read.
    pub shuffle_read: Bytes,
    /// Shuffle data written.
    pub shuffle_write: Bytes,
    /// Spilled to disk.
    pub disk_spill: Bytes,
    /// Part of the task time in garbage collection.
    pub gc_time: Millis,
}

/// A Spark property, or a version, that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigurationDifference {
    /// The property; `spark.version` and `java.version` for versions.
    pub key: String,
    /// The earlier value; `None` when it was not set.
    pub before: Option<String>,
    /// The later value.
    pub after: Option<String>,
}

impl Differences {
    /// Stages and operators that are listed of each.
    pub const LISTED: usize = 200;
    /// A stage or operator whose time differs by less than this share of the whole, and nothing else, is not listed.
    /// Own figure.
    pub const NOTICED_SHARE: f64 = 0.01;

    pub(super) fn of(before: &Application, after: &Application) -> Self {
        let walls = Wall::of(before).zip(Wall::of(after));
        let (wall_before, wall_after) =
            (walls.as_ref().map(|w| &w.0), walls.as_ref().map(|w| &w.1));
        let first = stages_of(before, wall_before);
        let second = stages_of(after, wall_after);
        let whole = walls.as_ref().map(|(a, b)| b.total_ms - a.total_ms);
        let by_name = |s: &NamedStage| format!("{} {}", s.name, s.operators);
        let by_operators = |s: &NamedStage| without_numbers(&s.name) + " " + &s.operators;
        let by_site = |s: &NamedStage| without_numbers(&s.name);
        let paired = pairs(&first, &second, &[&by_name, &by_operators, &by_site]);
        let mut stages: Vec<StageDifference> = paired
            .into_iter()
            .map(|(a, b)| StageDifference::between(a, b, walls.is_some(), whole))
            .collect();
        let time = walls.as_ref().map(|(a, b)| TimeDifference::of(a, b, &stages));
        let longest = walls.as_ref().map_or(0.0, |(a, b)| a.total_ms.max(b.total_ms));
        stages.retain(|stage| stage.is_noticed(longest));
        stages.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
        let omitted_stages = stages.len().saturating_sub(Self::LISTED) as u64;
        stages.truncate(Self::LISTED);
        let mut operators = operators(before, after);
        let omitted_operators = operators.len().saturating_sub(Self::LISTED) as u64;
        operators.truncate(Self::LISTED);
        let configuration = configuration(before, after);
        Self { time, stages, omitted_stages, operators, omitted_operators, configuration }
    }
}

struct NamedStage {
    name: String,
    /// The operators of its SQL plan that ran in it.
    operators: String,
    side: StageSide,
    wall_ms: f64,
}

/// Stages that ran, by id.
fn stages_of(app: &Application, wall: Option<&Wall>) -> Vec<NamedStage> {
    let mut operators: BTreeMap<StageId, Vec<&str>> = BTreeMap::new();
    for node in app.sql.iter().flat_map(|sql| &sql.plan.nodes) {
        for stage in &node.stages {
            operators.entry(*stage).or_default().push(&node.name);
        }
    }
    let mut stages: BTreeMap<StageId, NamedStage> = BTreeMap::new();
    for stage in app.stages.iter().filter(|stage| stage.status != StageStatus::Skipped) {
        let id = stage.id.stage;
        stages
            .entry(id)
            .or_insert_with(|| NamedStage {
                name: stage.name.clone(),
                operators: operators.get(&id).map(|names| names.join(" ")).unwrap_or_default(),
                side: StageSide::empty(id, wall),
                wall_ms: wall.map_or(0.0, |wall| wall.of_stage(id)),
            })
            .side
            .add(stage);
    }
    stages.into_values().collect()
}

impl StageSide {
    fn empty(stage: StageId, wall: Option<&Wall>) -> Self {
        let zero = Bytes::ZERO;
        Self {
            stage,
            num_attempts: 0,
            num_tasks: 0,
            wall: wall.map(|wall| Millis(crate::conf_text::round_up(wall.of_stage(stage).round()))),
            task_time: Millis::ZERO,
            input: zero,
            output: zero,
            shuffle_read: zero,
            shuffle_write: zero,
            disk_spill: zero,
            gc_time: Millis::ZERO,
        }
    }

    fn add(&mut self, stage: &Stage) {
        let metrics = &stage.metrics;
        self.num_attempts += 1;
        self.num_tasks += u64::from(stage.tasks.ended());
        self.task_time += metrics.executor_run_time;
        self.input += metrics.input_bytes;
        self.output += metrics.output_bytes;
        self.shuffle_read += metrics.shuffle_read_bytes();
        self.shuffle_write += metrics.shuffle_write_bytes;
        self.disk_spill += metrics.disk_bytes_spilled;
        self.gc_time += metrics.jvm_gc_time;
    }

    fn figures(&self) -> [u64; 7] {
        [
            self.num_attempts.into(),
            self.num_tasks,
            self.input.0,
            self.output.0,
            self.shuffle_read.0,
            self.shuffle_write.0,
            self.disk_spill.0,
        ]
    }
}

impl NamedStage {
    fn measured(&self) -> Measured {
        Measured {
            wall_ms: self.wall_ms,
            task_ms: as_f64(self.side.task_time.0),
            bytes: (self.side.input + self.side.shuffle_read).as_f64(),
        }
    }
}

impl StageDifference {
    fn between(
        before: Option<&NamedStage>,
        after: Option<&NamedStage>,
        has_walls: bool,
        whole_ms: Option<f64>,
    ) -> Self {
        let nothing = Measured { wall_ms: 0.0, task_ms: 0.0, bytes: 0.0 };
        let measured = |side: Option<&NamedStage>| side.map_or(nothing, NamedStage::measured);
        let explained = has_walls.then(|| Factors::between(measured(before), measured(after)));
        let share = |factors: Factors| share_of(factors.total_ms, whole_ms?);
        Self {
            name: after.or(before).map(|stage| stage.name.clone()).unwrap_or_default(),
            before: before.map(|stage| stage.side.clone()),
            after: after.map(|stage| stage.side.clone()),
            explained,
            explained_share: explained.and_then(share),
        }
    }

    fn weight(&self) -> f64 {
        self.explained.map_or(0.0, |factors| factors.total_ms.abs())
    }

    fn is_noticed(&self, longest_ms: f64) -> bool {
        let (Some(before), Some(after)) = (&self.before, &self.after) else { return true };
        before.figures() != after.figures()
            || self.weight() > longest_ms * Differences::NOTICED_SHARE
    }
}

impl TimeDifference {
    fn of(before: &Wall, after: &Wall, stages: &[StageDifference]) -> Self {
        let difference_ms = after.total_ms - before.total_ms;
        let sum = |get: fn(&StageDifference) -> f64| stages.iter().map(get).sum::<f64>();
        let both = |stage: &StageDifference| {
            let is_in_both = stage.before.is_some() && stage.after.is_some();
            stage.explained.filter(|_| is_in_both).unwrap_or_default()
        };
        let parts = TimeCause::ALL.into_iter().map(|cause| {
            let explained_ms = match cause {
                TimeCause::StartUp => after.start_up_ms - before.start_up_ms,
                TimeCause::Data => stages.iter().map(|stage| both(stage).data_ms).sum(),
                TimeCause::Work => stages.iter().map(|stage| both(stage).work_ms).sum(),
                TimeCause::Concurrency => {
                    stages.iter().map(|stage| both(stage).concurrency_ms).sum()
                }
                TimeCause::StagesOnlyBefore => sum(|stage| stage.only(stage.after.is_none())),
                TimeCause::StagesOnlyAfter => sum(|stage| stage.only(stage.before.is_none())),
                TimeCause::BetweenStages => after.between_ms - before.between_ms,
                TimeCause::ShutDown => after.shut_down_ms - before.shut_down_ms,
            };
            TimePart { cause, explained_ms, explained_share: share_of(explained_ms, difference_ms) }
        });
        let millis = |ms: f64| Millis(crate::conf_text::round_up(ms));
        Self {
            before: millis(before.total_ms),
            after: millis(after.total_ms),
            difference_ms,
            parts: parts.collect(),
        }
    }
}

impl StageDifference {
    fn only(&self, is_alone: bool) -> f64 {
        self.explained.filter(|_| is_alone).map_or(0.0, |factors| factors.total_ms)
    }
}

pub(super) fn share_of(part: f64, whole: f64) -> Option<f64> {
    (whole != 0.0).then(|| part / whole)
}

/// Properties that are different in every run and say nothing about it.
const PER_RUN: [&str; 9] = [
    "spark.app.id",
    "spark.app.name",
    "spark.app.startTime",
    "spark.app.submitTime",
    "spark.driver.host",
    "spark.driver.port",
    "spark.repl.class.outputDir",
    "spark.repl.class.uri",
    "spark.yarn.app.id",
];
const PER_RUN_BEGIN: [&str; 2] = ["spark.tinderbox.", "spark.org.apache.hadoop.yarn."];

fn configuration(before: &Application, after: &Application) -> Vec<ConfigurationDifference> {
    let of = |app: &Application| {
        let mut values = app.environment.spark_properties.clone();
        values.retain(|key, _| {
            !PER_RUN.contains(&key.as_str()) && !PER_RUN_BEGIN.iter().any(|b| key.starts_with(b))
        });
        if let Some(version) = &app.spark_version {
            values.insert("spark.version".to_owned(), version.text.clone());
        }
        if let Some(version) = app.environment.runtime.get("Java Version") {
            values.insert("java.version".to_owned(), version.clone());
        }
        values
    };
    let (first, second) = (of(before), of(after));
    let mut keys: Vec<&String> = first.keys().chain(second.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter()
        .filter(|key| first.get(*key) != second.get(*key))
        .map(|key| ConfigurationDifference {
            key: key.clone(),
            before: first.get(key).cloned(),
            after: second.get(key).cloned(),
        })
        .collect()
}

#[cfg(test)]
mod tests;
