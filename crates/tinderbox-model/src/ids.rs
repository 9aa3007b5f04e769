//! Ids. A bare integer or string never names a thing across a crate border.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text of the id.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

macro_rules! shared_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new("")
            }
        }

        impl std::ops::Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

text_id! {
    /// One execution of anything on Spark, unique in a data directory and time-ordered (UUID version 7)
    /// for runs that were launched here. Observed applications use the same form.
    RunId
}
text_id! {
    /// Spark's application id, from `SparkListenerApplicationStart` (never from a file name).
    ApplicationId
}
shared_text! {
    /// Spark's executor id: `driver` or a number as text. Cloning is cheap: a million tasks share it.
    ExecutorId
}
shared_text! {
    /// A text that very many values share, such as a host or a locality level. Cloning is cheap.
    SharedText
}
text_id! {
    /// The id of a node in a spec's graph, unique in that spec.
    NodeId
}
text_id! {
    /// Names one finding of one report, for example `data-skew/stage-4`: stable when the report is computed again.
    FindingId
}
text_id! {
    /// The unit of tenancy: owns specs, runs and secrets. Also a folder name under `tables/`.
    WorkspaceId
}

impl From<SharedText> for ExecutorId {
    fn from(text: SharedText) -> Self {
        Self(text.0)
    }
}

number_id! {
    /// Which try of a run this is, from 1.
    AttemptNumber(u32)
}
number_id! {
    /// Spark's job id.
    JobId(i64)
}
number_id! {
    /// Spark's stage id; together with the attempt it is a [`StageAttemptId`].
    StageId(i64)
}
number_id! {
    /// Spark's task id, unique in an application.
    TaskId(i64)
}
number_id! {
    /// Spark's SQL execution id.
    SqlExecutionId(i64)
}
number_id! {
    /// The id of an accumulator; SQL metrics refer to it.
    AccumulatorId(i64)
}
number_id! {
    /// A node of a SQL plan, numbered as Spark's `SparkPlanGraph` numbers it.
    PlanNodeId(i64)
}

impl Default for WorkspaceId {
    /// The workspace `default`, the only one until others are made.
    fn default() -> Self {
        Self::new("default")
    }
}

/// One attempt of a stage: Spark runs a stage again after a fetch failure.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
pub struct StageAttemptId {
    /// The stage.
    pub stage: StageId,
    /// Attempt number from 0.
    pub attempt: u32,
}

impl fmt::Display for StageAttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.attempt == 0 {
            write!(f, "{}", self.stage)
        } else {
            write!(f, "{}.{}", self.stage, self.attempt)
        }
    }
}
