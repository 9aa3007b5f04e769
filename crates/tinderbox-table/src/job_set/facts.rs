//! What is known of a data set beside its jobs.

use serde::{Deserialize, Serialize};

/// What was found while a data set was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSetFacts {
    /// Rows of the table of operators.
    pub num_operators: u64,
    /// Rows of the table of errors that are no warnings.
    pub num_errors: u64,
    /// Rows of the table of errors that are warnings.
    pub num_warnings: u64,
    /// What is wrong with it.
    pub warnings: Vec<JobSetWarning>,
}

/// Something that is wrong with a data set, which is readable nevertheless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobSetWarning {
    /// Jobs whose id another job before them has. They are left out.
    DuplicateJobs {
        /// How many.
        count: u64,
        /// Some of their ids.
        ids: Vec<String>,
    },
    /// Rows of operators or errors of jobs that are not there. They are left out.
    StrayRows {
        /// `operators` or `errors`.
        table: String,
        /// How many.
        count: u64,
    },
}

impl std::fmt::Display for JobSetWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::DuplicateJobs { count, ids } => write!(
                f,
                "{count} jobs have the id of a job before them and are left out, for example {}",
                ids.join(", ")
            ),
            Self::StrayRows { table, count } => {
                write!(f, "{count} rows of the table of {table} belong to no job and are left out")
            }
        }
    }
}
