//! Jobs of a data set in a form in which any part of them is found at once: filtered, sorted and counted.
//!
//! An index is one immutable file, written once from rows in any order. In it the jobs lie in order of their start
//! (unknown first), then of their id, each as a record of fixed width; a job's number is its place there. Beside the
//! records there are, for every column that differs at all, the numbers of the jobs in its order, and the rank of each job
//! in it; for each status and type the set of its jobs; and ids, words, and where a job's rows lie in the tables of operators and errors.
//!
//! The total of a list is the number of bits in an intersection of sets. A page is read from the order of its column,
//! beginning at the cursor: where many jobs match, they are met soon; where few do, or where they are met too late, the
//! first of them are selected by their ranks instead. Blocks of an order say which statuses, types and job numbers are in
//! them, so that those without a match are passed over.
//!
//! In memory while it is open: the sets (an eighth of a byte for each job and each frequent status or type, at most eight
//! bytes a job together), the words, and about a hundred bytes for each 4,096 jobs and order. All else is read at its
//! place when it is asked for: about 300 bytes a job for the record, 4 for each column's order, 1 to 4 for the ranks in it, and the id.
//!
//! While it is written: about 40 bytes a job, the ids, and the words. Columns wait in files without a name.
//!
//! ```text
//! magic · orders and ranks · records · ids · ranges · sets · words · directory (zstd) · trailer
//! ```

mod bitmap;
mod cell;
mod column;
mod directory;
mod file;
mod known;
mod matching;
mod order;
mod query;
mod ranks;
mod search;
mod sections;
mod seek;
mod select;
mod spool;
mod tally;
mod walk;
mod words;
mod writer;

#[cfg(test)]
mod tests;

pub use cell::JobValue;
pub use column::{JobColumn, JobColumnKind};
pub use directory::JOB_INDEX_VERSION;
pub use file::JobIndex;
pub use query::{JobCursor, JobPage, JobQuery, JobRow, JobSort};
pub use tally::JobTally;
pub use writer::RowRange;
pub(crate) use writer::{DetailRanges, JobIndexWriter};
