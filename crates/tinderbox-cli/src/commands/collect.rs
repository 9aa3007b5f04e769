//! `tinderbox collect`.

use crate::args::{Format, Outgoing, Place};
use crate::collect_progress::CollectProgress;
use crate::failure::Failure;
use crate::output;
use crate::session::Session;
use crate::signals::stopped;
use crate::sources;
use std::process::ExitCode;
use std::time::Duration;
use tinderbox_api::{CollectFailure, CollectRequest, CollectResult, CollectWarning};
use tinderbox_app::{Collected, LogSource};
use tinderbox_collect::Depth;

/// As often as Spark's own History Server looks.
const WATCH_PERIOD: Duration = Duration::from_secs(10);

/// What is collected.
pub struct Order {
    /// Paths and URLs.
    pub urls: Vec<String>,
    /// Whether directories below are looked at, too.
    pub recursive: bool,
    /// Whether to look again and again.
    pub watch: bool,
}

/// Reads event logs into the history. Exit code 2 only when nothing could be read.
pub async fn collect(
    place: &Place,
    order: Order,
    outgoing: &Outgoing,
    format: Format,
) -> Result<ExitCode, Failure> {
    let access = sources::access(outgoing);
    let logs = sources::log_sources(&order.urls, order.recursive, &access)?;
    let session = Session::open(place).await?;
    let done = if order.watch {
        tokio::select! {
            done = watch(&session, &logs, format) => done,
            () = stopped() => Ok(ExitCode::SUCCESS),
        }
    } else {
        once(&session, &logs).await.map(|done| {
            print(&done, format);
            exit_code(&done)
        })
    };
    session.close().await;
    done
}

/// Collects every ten seconds and prints when something is new. Only the first time a failure of a source ends it:
/// later ones may pass.
async fn watch(session: &Session, logs: &[LogSource], format: Format) -> Result<ExitCode, Failure> {
    let mut failed_before: Option<Vec<CollectFailure>> = None;
    loop {
        let mut done = match (once(session, logs).await, &failed_before) {
            (Ok(done), _) => done,
            (Err(failure), None) => return Err(failure),
            (Err(failure), Some(_)) => {
                CollectResult { failed: vec![as_failed(failure)], ..CollectResult::default() }
            }
        };
        let failed = done.failed.clone();
        // A failure is told once, not every ten seconds.
        done.failed.retain(|failure| !failed_before.iter().flatten().any(|old| old == failure));
        if done.collected > 0 || !done.failed.is_empty() || failed_before.is_none() {
            print(&done, format);
        }
        failed_before = Some(failed);
        tokio::time::sleep(WATCH_PERIOD).await;
    }
}

fn as_failed(failure: Failure) -> CollectFailure {
    let (reason, hint) = failure.into_parts();
    CollectFailure { reason, hint }
}

/// Collects all sources. One that fails as a whole fails the command only when it is the only one.
async fn once(session: &Session, logs: &[LogSource]) -> Result<CollectResult, Failure> {
    let progress = CollectProgress::new();
    let mut all = CollectResult::default();
    for source in logs {
        match collect_one(session, source, &progress).await {
            Ok(done) => {
                all.collected += done.collected;
                all.unchanged += done.unchanged;
                all.failed.extend(done.failed);
                all.warnings.extend(done.warnings);
            }
            Err(failure) if logs.len() == 1 => {
                progress.finish();
                return Err(failure);
            }
            Err(failure) => all.failed.push(as_failed(failure)),
        }
    }
    progress.finish();
    Ok(all)
}

async fn collect_one(
    session: &Session,
    source: &LogSource,
    progress: &CollectProgress,
) -> Result<CollectResult, Failure> {
    match session.own_app() {
        Some(app) => {
            let done = app.collect_showing(source, &|step| progress.show(step)).await?;
            Ok(result_of(done))
        }
        None => {
            let request = CollectRequest {
                path: source.location.to_string(),
                recursive: source.depth == Depth::Recursive,
            };
            Ok(session.client.collect(&request).await?)
        }
    }
}

/// The same as the API answers.
pub fn result_of(done: Collected) -> CollectResult {
    let failed = done.failed.into_iter();
    let warnings = done.warnings.into_iter();
    CollectResult {
        collected: done.collected,
        unchanged: done.unchanged,
        failed: failed
            .map(|failure| CollectFailure { reason: failure.reason, hint: failure.hint })
            .collect(),
        warnings: warnings
            .map(|warning| CollectWarning { log: warning.log, reasons: warning.reasons })
            .collect(),
    }
}

/// Prints failures, warnings and counts.
pub fn print(done: &CollectResult, format: Format) {
    match format {
        Format::Json => output::json(&done),
        Format::Table => {
            for failure in &done.failed {
                output::note(&format!("not read: {}", failure.reason));
                if let Some(hint) = &failure.hint {
                    output::note(&format!("  hint: {hint}"));
                }
            }
            for warning in &done.warnings {
                output::note(&format!("not whole: {}", warning.log));
                for reason in &warning.reasons {
                    output::note(&format!("  {reason}"));
                }
            }
            output::data(&format!(
                "{} collected, {} unchanged, {} failed\n",
                done.collected,
                done.unchanged,
                done.failed.len()
            ));
        }
    }
}

/// 2 only when there was something to read and nothing could be read.
pub fn exit_code(done: &CollectResult) -> ExitCode {
    let nothing_read = done.collected + done.unchanged == 0 && !done.failed.is_empty();
    if nothing_read { ExitCode::from(2) } else { ExitCode::SUCCESS }
}
