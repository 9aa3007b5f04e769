//! What Spark's own History Server answers from: applications with their attempts, newest first, and one attempt
//! opened.

mod kept_list;
mod list;
mod task_rows;

pub(crate) use kept_list::KeptList;
pub use list::{HistoryEntry, HistoryList};
pub use task_rows::{TaskPageQuery, TaskRows};

use crate::{App, Error, LogSource, lock, now};
use std::path::Path;
use std::sync::Arc;
use tinderbox_collect::Location;
use tinderbox_model::{Application, ApplicationId, TimestampMs};
use tinderbox_spark::rest::Attempt;
use tinderbox_store::{HistoryAttempt, Run};

/// An attempt of an application with all that is known of it.
#[derive(Debug, Clone)]
pub struct HistoryApplication {
    /// As it is listed.
    pub attempt: Attempt,
    /// Everything but its tasks.
    pub application: Arc<Application>,
    /// Its tasks.
    pub tasks: TaskRows,
}

/// What is known of a log beside its events.
pub(crate) struct LogFacts {
    /// Path or address, without `.inprogress`.
    pub url: String,
    /// Time of change.
    pub modified: TimestampMs,
}

impl App {
    /// All applications that Spark's History Server would list. Answered from memory after the first time.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn history_list(&self) -> Result<Arc<HistoryList>, Error> {
        let load = match self.inner.history.get() {
            Ok(list) => return Ok(list),
            Err(load) => load,
        };
        let rows = self.inner.store.history_list().await?;
        let directories = lock(&self.inner.log_directories).clone();
        Ok(load.keep(HistoryList::new(rows, directories)))
    }

    /// Opens an attempt; without an id the one that has none. Waits for a log of the application that is being read for
    /// the first time. `None` when there is no such attempt.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::NoRecord`], [`Error::Table`].
    pub async fn history_open(
        &self,
        application: &str,
        attempt: Option<&str>,
    ) -> Result<Option<HistoryApplication>, Error> {
        let id = ApplicationId::new(application);
        if let Some(opened) = self.history_stored(application, attempt).await? {
            return Ok(Some(opened));
        }
        let Some(log) = self.inner.opening.ask(&id, attempt) else {
            // It may have been recorded between the two looks.
            return self.history_stored(application, attempt).await;
        };
        if let Some(application) = log.folded().await
            // Of a log that was renamed the name says nothing.
            && application.id.as_ref() == Some(&id)
            && application.attempt_id.as_deref() == attempt
        {
            let attempt = attempt_of(&application);
            let tasks = TaskRows::new(self.clone(), log.run.clone(), Some(log));
            return Ok(Some(HistoryApplication { attempt, application, tasks }));
        }
        self.history_stored(application, attempt).await
    }

    async fn history_stored(
        &self,
        application: &str,
        attempt: Option<&str>,
    ) -> Result<Option<HistoryApplication>, Error> {
        let list = self.history_list().await?;
        let Some(entry) = list.find(application) else { return Ok(None) };
        let Some((attempt, run)) = entry.attempt(attempt) else { return Ok(None) };
        let application = match self.application_of(run).await {
            Ok(application) => application,
            // Its log was followed by a process that was killed, and is about to be read again.
            Err(Error::NoRecord { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let tasks = TaskRows::new(self.clone(), run.clone(), None);
        Ok(Some(HistoryApplication { attempt: attempt.clone(), application, tasks }))
    }

    /// Where the logs of an attempt lie, or of all attempts of an application.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::Collect`] when one is not where event logs are read from: it was downloaded from a
    /// history server.
    pub async fn history_logs(
        &self,
        application: &str,
        attempt: Option<&str>,
    ) -> Result<Vec<Location>, Error> {
        let list = self.history_list().await?;
        let entry = list.find(application);
        entry.iter().flat_map(|entry| entry.logs(attempt)).map(|log| self.location(log)).collect()
    }

    /// Lists an attempt that was recorded.
    pub(crate) fn history_add(&self, attempt: Option<HistoryAttempt>) {
        if let Some(attempt) = attempt {
            self.inner.history.put(attempt);
        }
    }

    /// Takes the runs that were removed off the list; it is read again when it is asked for.
    pub(crate) fn history_forget(&self) {
        self.inner.history.forget();
    }
}

/// The row of the list for an application that was read from a log. One without a start event is not listed, as in
/// Spark.
pub(crate) fn row_of(
    run: &Run,
    application: &Application,
    log: LogFacts,
) -> Option<HistoryAttempt> {
    Some(HistoryAttempt {
        run: run.id.clone(),
        application: application.id.clone()?,
        attempt: application.attempt_id.clone(),
        name: application.name.clone(),
        user: application.user.clone(),
        spark_version: version_of(application),
        started: application.start_time.unwrap_or(TimestampMs(-1)),
        ended: application.end_time,
        updated: if application.end_time.is_some() { log.modified } else { now() },
        exit_code: application.exit_code,
        event_log: log.url,
    })
}

/// What is listed of an application whose log is being read.
fn attempt_of(application: &Application) -> Attempt {
    Attempt {
        id: application.attempt_id.clone(),
        name: application.name.clone(),
        start: application.start_time.unwrap_or(TimestampMs(-1)),
        end: application.end_time,
        last_updated: now(),
        user: application.user.clone(),
        spark_version: version_of(application),
        exit_code: application.exit_code,
        log_directory: String::new(),
    }
}

fn version_of(application: &Application) -> String {
    application.spark_version.as_ref().map_or_else(String::new, |version| version.text.clone())
}

/// A directory that is watched.
#[derive(Debug, Clone)]
pub(crate) struct LogDirectory {
    /// As whoever started the server wrote it.
    name: String,
    /// As the addresses of logs in it begin.
    address: String,
}

impl LogDirectory {
    pub(crate) fn new(source: &LogSource) -> Self {
        let address = source.location.clone().canonical().to_string();
        Self { name: source.name.clone(), address: address.trim_end_matches('/').to_owned() }
    }

    fn has(&self, log: &str) -> bool {
        log.strip_prefix(&self.address).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// The directory of a log as Spark shows it: as it was named, else as a URL, `file:///var/log/spark`.
fn directory_of(log: &str, watched: &[LogDirectory]) -> String {
    let known = watched.iter().find(|directory| directory.has(log));
    known.map_or_else(|| directory_url(log), |directory| directory.name.clone())
}

fn directory_url(log: &str) -> String {
    let directory = Path::new(log).parent().unwrap_or(Path::new(""));
    match directory.to_str() {
        Some(text) if log.contains("://") => text.to_owned(),
        _ => format!("file://{}", directory.display()),
    }
}
