//! Counters and duration histograms over many runs, kept as runs are written.
//!
//! A row counts the runs of one hour, or of one day, of one workspace, and of one value of one more dimension: all
//! of them, a user, a name, a type, a Spark version. Hours and days are UTC, and a run belongs to those in which it
//! started (was recorded, when it never started). What a run has put in is kept beside it (`run_rollups`); when the
//! run changes, the old is taken out and the new put in by the transaction that writes the run.
//!
//! Bounded: an hour or a day has at most [`VALUE_LIMIT`] values of a dimension; runs with further ones are counted
//! under [`OTHER`]. Runs that are pruned stay counted: what they had put in is added to `pruned_rollups`, so that a
//! recount of what is left still gives the whole.

mod check;
mod contribution;
mod figures;
mod histogram;
mod read;
mod write;

pub use check::RollupDifference;
pub use figures::RunFigures;
pub use histogram::DurationHistogram;
pub use read::{Stats, StatsGroup, StatsKey, StatsQuery};

pub(crate) use check::repair;
pub(crate) use figures::Figures;
pub(crate) use write::{prune, replace};

/// What rollups are kept by, beside time and workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// Who ran it, as Spark says.
    User,
    /// What people call it.
    Name,
    /// `batch`, `streaming` or `application`.
    JobType,
    /// Spark's version with its vendor's suffix.
    SparkVersion,
}

impl Dimension {
    /// Every dimension.
    pub const ALL: [Self; 4] = [Self::User, Self::Name, Self::JobType, Self::SparkVersion];

    /// The name in the tables and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Name => "name",
            Self::JobType => "job_type",
            Self::SparkVersion => "spark_version",
        }
    }
}

/// Most values of a dimension in an hour, and in a day.
pub const VALUE_LIMIT: usize = 250;

/// The value under which runs are counted whose own found no place. No name or user begins with a control character.
pub const OTHER: &str = "\u{7f}other";

/// The dimension of the rows that count every run.
const ALL: &str = "all";

/// Lengths of time that have rows, in seconds.
const GRAINS_S: [i64; 2] = [HOUR_S, DAY_S];
const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 86_400;
const US: i64 = 1_000_000;

/// The beginning of the hour or day in which `us` lies. Times beyond [`LAST_US`] count as that one: a log may name any,
/// and neither it nor what is a grain away from it leaves an i64.
fn floor(us: i64, grain_s: i64) -> i64 {
    us.clamp(-LAST_US, LAST_US).div_euclid(grain_s * US) * (grain_s * US)
}

/// Some 73,000 years from 1970, on either side of it.
const LAST_US: i64 = i64::MAX / 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hour_of_any_time_lies_in_the_day_of_that_time() {
        for us in [i64::MIN, -LAST_US, -1, 0, 1_760_000_000_000_000, LAST_US, i64::MAX] {
            let hour = floor(us, HOUR_S);
            assert_eq!(floor(hour, HOUR_S), hour, "{us}");
            assert_eq!(floor(hour, DAY_S), floor(us, DAY_S), "{us}");
        }
    }
}
