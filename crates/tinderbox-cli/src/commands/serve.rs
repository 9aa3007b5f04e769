//! `tinderbox serve`.

use crate::args::Place;
use crate::bundle;
use crate::failure::Failure;
use crate::output;
use crate::session::{data_dir, open_app};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tinderbox_app::App;
use tinderbox_server::HistoryOptions;
use tokio::signal::unix::{SignalKind, signal};

/// Serves until SIGINT or SIGTERM. Runs that are not finished go on; the next start finds them.
pub async fn serve(
    place: &Place,
    listen: SocketAddr,
    event_log_dirs: Vec<PathBuf>,
    history: HistoryOptions,
) -> Result<ExitCode, Failure> {
    let root = data_dir(place)?;
    let (app, listener, url) = open_app(&root, listen).await?;
    for dir in event_log_dirs {
        app.watch_logs(dir);
    }
    output::note(&format!("Tinderbox is at {url} (data in {}); Ctrl-C stops it", root.display()));
    let stop = stop_signal(app.clone());
    tinderbox_server::serve(listener, app, bundle::assets(), history, stop).await?;
    Ok(ExitCode::SUCCESS)
}

async fn stop_signal(app: App) {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => _ = signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
    // Ends the event streams, which would hold the server open.
    app.close().await;
}
