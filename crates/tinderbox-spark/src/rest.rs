//! The answers of Spark's History Server (`/api/v1`), as values that serialize with Spark's fields, order, absences,
//! numbers and dates. Pure: an application, its tasks and the parameters come in, a value for [`to_vec`] or [`write`]
//! comes out.
//!
//! Sources: `org.apache.spark.status.api.v1` (shapes and parameters), `AppStatusStore` (orders and filters),
//! `JacksonMessageWriter` (print). One file per resource.

mod applications;
mod connect;
mod date;
mod environment;
mod executors;
mod java_double;
mod java_text;
mod jobs;
mod json;
mod sql;
mod sql_metric;
mod sql_table;
mod stages;
mod storage;
mod summary;
mod task_order;
mod task_search;
mod tasks;

pub use applications::{ApplicationInfo, Attempt, DateRange, Version};
pub use connect::{operation, operations, session, sessions};
pub use date::{Date, parse_date};
pub use environment::environment;
pub use executors::{active_executors, all_executors, processes};
pub use java_double::{Double, parse_java_double};
pub use jobs::{job, jobs};
pub use json::{to_vec, write};
pub use sql::{SqlDetails, execution, executions};
pub use sql_table::{SqlTableQuery, sql_table};
pub use stages::{EachTask, StageAnswer, StageParts, stage_attempt, stage_attempts, stages};
pub use storage::{rdd, rdds};
pub use summary::{TaskMetric, TaskQuantiles, ranks};
pub use task_order::TaskOrder;
pub use task_search::matches as task_matches;
pub use tasks::{TaskAnswer, TaskState, TaskTable, task_table, task_table_each};

use tinderbox_model::{Application, Millis, SparkVersion, TimestampMs};

/// Which Spark's shape an answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Spark 3.5's, also given for older applications.
    V35,
    /// Spark 4.x's, of the newest release that was compared.
    V4,
}

impl Shape {
    /// The shape of an application's own version: 3.5's up to Spark 3.x, 4.x's above. Without a version 3.5's.
    pub fn of(application: &Application) -> Self {
        Self::of_version(application.spark_version.as_ref().map_or("", |version| &version.text))
    }

    /// The shape of a version such as `3.5.8`.
    pub fn of_version(version: &str) -> Self {
        match SparkVersion::parse(version) {
            Some(version) if version.at_least(4, 0) => Self::V4,
            _ => Self::V35,
        }
    }

    /// What `/version` answers: the release whose answers this shape was compared with.
    pub fn version(self) -> &'static str {
        match self {
            Self::V35 => "3.5.8",
            Self::V4 => "4.3.0",
        }
    }

    /// The time of an executor's tasks. Releases before 4.3 add the duration of a task again when it ends a second time,
    /// as resubmitted.
    fn task_time(self, once: Millis, again: Millis) -> Millis {
        match self {
            Self::V35 => once + again,
            Self::V4 => once,
        }
    }

    /// Whether this is the 4.x shape, for fields that came with it.
    fn v4<T>(self, value: impl FnOnce() -> T) -> Option<T> {
        match self {
            Self::V35 => None,
            Self::V4 => Some(value()),
        }
    }
}

/// A repeatable parameter: what is not given lets everything through. A blank value fits nothing, as in Spark.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Filter<T> {
    /// Not given.
    #[default]
    All,
    /// Any of these.
    Of(Vec<T>),
}

impl<T> Filter<T> {
    /// Whether something passes; `fits` compares it with one value.
    pub fn holds(&self, fits: impl FnMut(&T) -> bool) -> bool {
        match self {
            Self::All => true,
            Self::Of(values) => values.iter().any(fits),
        }
    }
}

/// What every answer about an application needs.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The application.
    pub application: &'a Application,
    /// In which shape.
    pub shape: Shape,
    /// The time: durations of what has not ended run up to it.
    pub now: TimestampMs,
}
