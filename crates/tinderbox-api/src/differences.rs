//! What differs between two runs in detail.

use serde::{Deserialize, Serialize};
use tinderbox_advise as advise;
use utoipa::ToSchema;

/// What differs between two runs, and how much of the difference of wall time each part explains.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct Differences {
    /// The difference of wall time in parts that add up to it; `null` when a start or an end is not known.
    pub time: Option<TimeDifference>,
    /// Stages that differ, those that explain the most first; at most 200.
    pub stages: Vec<StageDifference>,
    /// Stages that differ and are not listed.
    pub omitted_stages: u64,
    /// Operators of SQL plans that differ, those whose time differs the most first; at most 200.
    pub operators: Vec<OperatorDifference>,
    /// Operators that differ and are not listed.
    pub omitted_operators: u64,
    /// Spark properties and versions that differ. What they do to the time shows in the stages; nothing is ascribed to
    /// a single one.
    pub configuration: Vec<ConfigurationDifference>,
}

/// The difference of wall time. An instant belongs to the stages that ran in it, in equal parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TimeDifference {
    /// Wall time of the earlier run.
    pub before_ms: u64,
    /// Of the later one.
    pub after_ms: u64,
    /// Later less earlier.
    pub difference_ms: f64,
    /// Parts that add up to it.
    pub parts: Vec<TimePart>,
}

/// A part of the difference of wall time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TimePart {
    /// `start_up`, `data`, `work`, `concurrency`, `stages_only_before`, `stages_only_after`, `between_stages` or
    /// `shut_down`.
    pub cause: String,
    /// The same for people.
    pub title: String,
    /// How much, with its sign.
    pub explained_ms: f64,
    /// Of the whole difference; `null` without one.
    pub explained_share: Option<f64>,
}

/// A stage of both runs, or of one of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StageDifference {
    /// Its name.
    pub name: String,
    /// In the earlier run.
    pub before: Option<StageSide>,
    /// In the later run.
    pub after: Option<StageSide>,
    /// Its part of the difference of wall time.
    pub explained: Option<TimeFactors>,
    /// Of the whole difference.
    pub explained_share: Option<f64>,
}

/// A part of the difference of wall time by cause: `data_ms + work_ms + concurrency_ms` is `total_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TimeFactors {
    /// Later less earlier.
    pub total_ms: f64,
    /// Because more or fewer bytes were read.
    pub data_ms: f64,
    /// Because a byte took more or less task time.
    pub work_ms: f64,
    /// Because the same task time took more or less wall time: cores, skew, waiting, stages at the same time.
    pub concurrency_ms: f64,
}

/// A stage in one of the runs, its attempts together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StageSide {
    /// Spark's id.
    pub stage_id: i64,
    /// Attempts of it.
    pub num_attempts: u32,
    /// Tasks that ended.
    pub num_tasks: u64,
    /// Wall time of the run that is its own.
    pub wall_ms: Option<u64>,
    /// Sum of executor run time.
    pub task_time_ms: u64,
    /// Part of it in garbage collection.
    pub gc_time_ms: u64,
    /// Read from storage.
    pub input_bytes: u64,
    /// Written to storage.
    pub output_bytes: u64,
    /// Shuffle data read.
    pub shuffle_read_bytes: u64,
    /// Shuffle data written.
    pub shuffle_write_bytes: u64,
    /// Spilled to disk.
    pub disk_spill_bytes: u64,
}

/// An operator of both runs, or of one of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OperatorDifference {
    /// For example `SortMergeJoin`.
    pub name: String,
    /// In the earlier run.
    pub before: Option<OperatorSide>,
    /// In the later run.
    pub after: Option<OperatorSide>,
    /// Time in it over all tasks, later less earlier.
    pub time_ms: Option<f64>,
    /// Of the difference of the runs' task time.
    pub task_time_share: Option<f64>,
}

/// An operator in one of the runs. `null` where its metrics do not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperatorSide {
    /// The SQL execution.
    pub execution_id: i64,
    /// Number in its plan.
    pub operator_id: i64,
    /// Spark's one-line description.
    pub description: String,
    /// Rows that it gives on, or wrote.
    pub output_rows: Option<u64>,
    /// Rows that it reads.
    pub input_rows: Option<u64>,
    /// Bytes that it gives on, or wrote.
    pub output_bytes: Option<u64>,
    /// Bytes that it reads.
    pub input_bytes: Option<u64>,
    /// Time in it, over all tasks.
    pub time_ms: Option<u64>,
    /// Spilled.
    pub spill_bytes: Option<u64>,
    /// Peaks of its memory, over all tasks.
    pub memory_bytes: Option<u64>,
}

/// A Spark property, or `spark.version` or `java.version`, that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConfigurationDifference {
    /// The property.
    pub key: String,
    /// The earlier value; `null` when it was not set.
    pub before: Option<String>,
    /// The later value.
    pub after: Option<String>,
}

impl From<&advise::Differences> for Differences {
    fn from(all: &advise::Differences) -> Self {
        let configuration = |one: &advise::ConfigurationDifference| ConfigurationDifference {
            key: one.key.clone(),
            before: one.before.clone(),
            after: one.after.clone(),
        };
        Self {
            time: all.time.as_ref().map(TimeDifference::from),
            stages: all.stages.iter().map(StageDifference::from).collect(),
            omitted_stages: all.omitted_stages,
            operators: all.operators.iter().map(OperatorDifference::from).collect(),
            omitted_operators: all.omitted_operators,
            configuration: all.configuration.iter().map(configuration).collect(),
        }
    }
}

impl From<&advise::TimeDifference> for TimeDifference {
    fn from(time: &advise::TimeDifference) -> Self {
        let part = |part: &advise::TimePart| TimePart {
            cause: match serde_json::to_value(part.cause) {
                Ok(serde_json::Value::String(word)) => word,
                _ => String::new(),
            },
            title: part.cause.title().to_owned(),
            explained_ms: part.explained_ms,
            explained_share: part.explained_share,
        };
        Self {
            before_ms: time.before.0,
            after_ms: time.after.0,
            difference_ms: time.difference_ms,
            parts: time.parts.iter().map(part).collect(),
        }
    }
}

impl From<&advise::StageDifference> for StageDifference {
    fn from(stage: &advise::StageDifference) -> Self {
        let factors = |f: advise::Factors| TimeFactors {
            total_ms: f.total_ms,
            data_ms: f.data_ms,
            work_ms: f.work_ms,
            concurrency_ms: f.concurrency_ms,
        };
        Self {
            name: stage.name.clone(),
            before: stage.before.as_ref().map(StageSide::from),
            after: stage.after.as_ref().map(StageSide::from),
            explained: stage.explained.map(factors),
            explained_share: stage.explained_share,
        }
    }
}

impl From<&advise::StageSide> for StageSide {
    fn from(side: &advise::StageSide) -> Self {
        Self {
            stage_id: side.stage.0,
            num_attempts: side.num_attempts,
            num_tasks: side.num_tasks,
            wall_ms: side.wall.map(|wall| wall.0),
            task_time_ms: side.task_time.0,
            gc_time_ms: side.gc_time.0,
            input_bytes: side.input.0,
            output_bytes: side.output.0,
            shuffle_read_bytes: side.shuffle_read.0,
            shuffle_write_bytes: side.shuffle_write.0,
            disk_spill_bytes: side.disk_spill.0,
        }
    }
}

impl From<&advise::OperatorDifference> for OperatorDifference {
    fn from(operator: &advise::OperatorDifference) -> Self {
        Self {
            name: operator.name.clone(),
            before: operator.before.as_ref().map(OperatorSide::from),
            after: operator.after.as_ref().map(OperatorSide::from),
            time_ms: operator.time_ms,
            task_time_share: operator.task_time_share,
        }
    }
}

impl From<&advise::OperatorSide> for OperatorSide {
    fn from(side: &advise::OperatorSide) -> Self {
        Self {
            execution_id: side.execution.0,
            operator_id: side.node.0,
            description: side.description.clone(),
            output_rows: side.output_rows,
            input_rows: side.input_rows,
            output_bytes: side.output_bytes,
            input_bytes: side.input_bytes,
            time_ms: side.time_ms,
            spill_bytes: side.spill_bytes,
            memory_bytes: side.memory_bytes,
        }
    }
}
