//! `tinderbox serve`.

use crate::args::{Outgoing, Place};
use crate::bundle;
use crate::failure::Failure;
use crate::output;
use crate::session::{data_dir, open_app};
use crate::signals::stopped;
use crate::sources;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tinderbox_app::{App, Retention, ScaleSettings};
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
    /// Folders of data sets of jobs that are shown where they lie.
    pub data_sets: Vec<PathBuf>,
    /// When runs go again.
    pub retention: Retention,
    /// Where jobs of `POST /submit-job` find their data and run.
    pub jobs: ScaleSettings,
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
    app.set_scale_settings(record.jobs).await?;
    for folder in &record.data_sets {
        let set = app.serve_data_set(folder).await?;
        set.warnings.iter().for_each(|warning| output::note(warning));
        output::note(&format!("{} jobs of {}", set.num_jobs, set.source.display()));
    }
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
