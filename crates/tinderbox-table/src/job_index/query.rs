//! What can be asked of an index.

use super::cell::JobValue;
use super::column::JobColumn;
use crate::pack::Direction;

/// Which jobs, in which order, from where on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobQuery {
    /// With one of these statuses; all when `None`.
    pub statuses: Option<Vec<String>>,
    /// Of one of these types; all when `None`.
    pub types: Option<Vec<String>>,
    /// Started at this time or later, in microseconds since 1970.
    pub since_us: Option<i64>,
    /// Started before this time.
    pub until_us: Option<i64>,
    /// With this in the name or the id, upper and lower case alike (of ids only the letters of ASCII). In lower case or
    /// not.
    pub search: Option<String>,
    /// The order, the most important first; by start when empty. Jobs that are equal in all of it come by start and id,
    /// in the direction of the last.
    pub sort: Vec<JobSort>,
    /// Only jobs behind this place.
    pub after: Option<JobCursor>,
    /// Jobs to pass over then.
    pub offset: u64,
    /// Most jobs that are answered.
    pub limit: usize,
}

/// A column of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobSort {
    /// Which.
    pub column: JobColumn,
    /// Which way. What is not known is smallest.
    pub direction: Direction,
}

/// A place in a list: where a job stands, or stood, or would. It means the same in every index.
#[derive(Debug, Clone, PartialEq)]
pub struct JobCursor {
    /// What the job says in the columns of the order.
    pub values: Vec<JobValue>,
    /// Where `values` tell only the first columns, because a list has others that no job of an index knows: whether jobs
    /// that are equal in them are behind the place. `start_us` and `id` decide nothing then.
    pub equal_are_behind: Option<bool>,
    /// When it started, in microseconds since 1970.
    pub start_us: Option<i64>,
    /// Its id.
    pub id: String,
}

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRow {
    /// Its number in the index.
    pub number: u32,
    pub(super) values: Vec<JobValue>,
}

impl JobRow {
    /// What it says in a column.
    pub fn value(&self, column: JobColumn) -> &JobValue {
        self.values.get(column.at()).unwrap_or(&JobValue::Missing)
    }

    /// A text; empty when it is missing.
    pub fn text(&self, column: JobColumn) -> &str {
        self.value(column).as_text().unwrap_or_default()
    }

    /// A number or time.
    pub fn int(&self, column: JobColumn) -> Option<i64> {
        self.value(column).as_int()
    }

    /// A double.
    pub fn float(&self, column: JobColumn) -> Option<f64> {
        self.value(column).as_float()
    }

    /// The place of this job in a list of this order.
    pub fn cursor(&self, sort: &[JobSort]) -> JobCursor {
        JobCursor {
            values: sort.iter().map(|key| self.value(key.column).clone()).collect(),
            equal_are_behind: None,
            start_us: self.int(JobColumn::Start),
            id: self.text(JobColumn::Id).to_owned(),
        }
    }
}

/// A page of a list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobPage {
    /// The jobs.
    pub jobs: Vec<JobRow>,
    /// Jobs that match, wherever the page begins.
    pub total: u64,
}
