//! Sources of history: where the records of applications that ran come from.
//!
//! This version knows event logs on local paths: one file, or a directory with the parts of one log.
//!
//! Invariants: nothing is written. A log is read as a stream; what is cut off or unreadable in its middle marks
//! the application as partial and never fails it.

mod error;
mod event_log;
mod follower;
mod log_directory;
mod pipeline;

pub use error::Error;
pub use event_log::{EventLog, LogVersion};
pub use follower::Follower;
pub use log_directory::list;

use std::path::Path;
use tinderbox_model::{Application, Task};

/// Finds the log at `path` and looks at its first line.
///
/// # Errors
/// Any [`Error`]; it names the path and has a hint. A directory of whole logs is [`Error::SeveralLogs`].
pub fn open(path: &Path) -> Result<EventLog, Error> {
    let log = EventLog::find(path)?;
    log.check()?;
    Ok(log)
}

/// Reads the log at `path` into an application, with as many threads as the machine has cores. Ended tasks are handed
/// to `on_task` as they come.
///
/// # Errors
/// As [`open`].
pub fn read(path: &Path, on_task: &mut (dyn FnMut(Task) + Send)) -> Result<Application, Error> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    open(path)?.read(threads, on_task)
}
