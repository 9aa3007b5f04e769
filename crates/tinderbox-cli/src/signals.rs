use tokio::signal::unix::{SignalKind, signal};

/// Exit code of a command that was stopped before it was done, as shells give it for SIGINT.
pub const STOPPED: u8 = 130;

/// Waits for SIGINT, what Ctrl-C sends, or SIGTERM, what supervisors send.
pub async fn stopped() {
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
}
