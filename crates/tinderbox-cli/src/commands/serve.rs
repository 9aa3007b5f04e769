//! `tinderbox serve`.

use crate::args::{Outgoing, Place};
use crate::bundle;
use crate::failure::Failure;
use crate::output;
use crate::session::{data_dir, open_app};
use crate::signals::stopped;
use crate::sources;
use std::net::SocketAddr;
use std::process::ExitCode;
use tinderbox_app::{App, Retention};
use tinderbox_server::HistoryOptions;

/// Where event logs are watched.
pub struct Logs {
    /// Paths and URLs.
    pub urls: Vec<String>,
    /// Whether directories below are looked at, too.
    pub recursive: bool,
}

/// What is recorded beside our own runs, and for how long.
pub struct Record {
    /// Logs that are read.
    pub logs: Logs,
    /// When runs go again.
    pub retention: Retention,
}

/// Serves until SIGINT or SIGTERM. Runs that are not finished go on; the next start finds them.
pub async fn serve(
    place: &Place,
    listen: SocketAddr,
    record: Record,
    history: HistoryOptions,
    outgoing: &Outgoing,
) -> Result<ExitCode, Failure> {
    let root = data_dir(place)?;
    let access = sources::access(outgoing);
    // Before the data directory is taken: a URL that cannot be used is an error of the command.
    let logs = sources::log_sources(&record.logs.urls, record.logs.recursive, &access)?;
    let (app, listener, url) = open_app(&root, listen, access).await?;
    for source in logs {
        app.watch_logs(source);
    }
    app.keep_retention(record.retention);
    output::note(&format!("Tinderbox is at {url} (data in {}); Ctrl-C stops it", root.display()));
    let stop = stop_signal(app.clone());
    tinderbox_server::serve(listener, app, bundle::assets(), history, stop).await?;
    Ok(ExitCode::SUCCESS)
}

async fn stop_signal(app: App) {
    stopped().await;
    // Ends the event streams, which would hold the server open.
    app.close().await;
}
