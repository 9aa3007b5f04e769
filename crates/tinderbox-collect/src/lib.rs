//! Sources of history: where the records of applications that ran come from.
//!
//! Event logs in local directories and in object stores: one file, or a directory with the parts of one log; and
//! Spark's History Servers, whose event logs are downloaded.
//!
//! Everything here blocks its caller. What waits for the network runs on one thread of its own ([`Access`]), so that
//! the functions may be called on any thread that may block, whether a runtime owns it or not.
//!
//! Invariants: nothing is written but what is downloaded, and nothing is sent but what [`Access::post`],
//! [`Remote::create`] and [`Remote::upload`] are given. Nothing is called that was not named. Errors hold no credentials. A log is read as a stream; what is cut off or unreadable in its middle marks the application as
//! partial and never fails it, and a log that cannot be read never fails the list.

mod access;
mod archive;
mod create;
mod error;
mod event_log;
mod follower;
mod history_server;
mod list_answer;
mod listing;
mod location;
mod log_file;
mod object_source;
mod pipeline;
mod post;
mod unpack;
mod upload;

pub use access::{Access, AccessOptions};
pub use archive::write_archive;
pub use create::Created;
pub use error::Error;
pub use event_log::{EventLog, LogVersion};
pub use follower::Follower;
pub use history_server::{
    HistoryAttempt, HistoryQuery, HistoryServer, HistoryServerOptions, Patience,
};
pub use listing::{Depth, Listing, list};
pub use location::{Location, Remote};
pub use log_file::{LogFile, LogPart, RemoteFile};
pub use post::Post;
pub use unpack::UnpackLimits;
pub use upload::Upload;

use tinderbox_model::{Application, Task};

/// Finds the log at `location` and looks at its first line.
///
/// # Errors
/// Any [`Error`]; it names the place and has a hint. A directory of whole logs is [`Error::SeveralLogs`].
pub fn open(location: &Location) -> Result<EventLog, Error> {
    let log = EventLog::find(location)?;
    log.check()?;
    Ok(log)
}

/// Reads the log at `location` into an application, with as many threads as the machine has cores. Ended tasks are handed
/// to `on_task` as they come.
///
/// # Errors
/// As [`open`].
pub fn read(
    location: &Location,
    on_task: &mut (dyn FnMut(Task) + Send),
) -> Result<Application, Error> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    open(location)?.read(threads, on_task)
}
