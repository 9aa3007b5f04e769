//! `…/logs`.

use super::answer::{Answer, Refusal};
use tinderbox_app::App;
use tinderbox_app::sources::write_archive;

/// The logs of an attempt, or of all attempts, as a zip archive.
pub async fn archive(app: &App, id: &str, attempt: Option<&str>) -> Result<Answer, Refusal> {
    let list = app.history_list().await?;
    // Without an attempt, attempt 1 may stand for the application.
    let is_known = list.find(id).is_some_and(|entry| {
        entry.attempt(attempt).or_else(|| entry.attempt(attempt.or(Some("1")))).is_some()
    });
    if !is_known {
        let attempt = attempt.unwrap_or("1");
        return Err(Refusal::not_found(&format!("no such app: {id}/{attempt}")));
    }
    // Those of another history server are there, not here.
    let unavailable = |error| {
        tracing::warn!(
            "the event logs of {id} are not to be had: {}",
            tinderbox_app::chain(&error)
        );
        Refusal::unavailable(&format!("Event logs are not available for app: {id}."))
    };
    let logs = app.history_logs(id, attempt).await.map_err(unavailable)?;
    let suffix = attempt.map_or_else(String::new, |attempt| format!("-{attempt}"));
    Ok(Answer::Stream {
        media_type: "application/octet-stream",
        disposition: Some(format!("attachment; filename=eventLogs-{id}{suffix}.zip")),
        write: Box::new(move |output| write_archive(&logs, output)),
    })
}
