//! Data sets of jobs that lie in a folder as Parquet: tables of jobs, and of their operators and errors where there are
//! such. `tinderbox generate` writes them, other programs do, too.
//!
//! Columns are found by their names. Types that hold the same are accepted: narrower and unsigned numbers, whole numbers
//! as doubles (which pandas makes of those with gaps), dates and timestamps of any unit and zone, text of any kind.
//! Columns that are not known are ignored.
//!
//! An index of the jobs ([`crate::JobIndex`]) says where in the other two tables the rows of a job are; those are read
//! from the Parquet files when they are asked for, with little else where the files have page indexes.

mod columns;
mod detail;
mod facts;
mod read;

#[cfg(test)]
mod tests;

pub use detail::{DetailFile, ErrorRow, OperatorRow};
pub use facts::{JobSetFacts, JobSetWarning};
pub use read::JobSet;
