//! What driver and executors have printed, as far as it is here.

use crate::{App, Error, LogPart, blocking};
use std::path::PathBuf;
use tinderbox_engine::{AttemptLog, LogMatches};
use tinderbox_model::Origin;
use tinderbox_store::Run;

/// Whose log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LogOf {
    /// The driver's; with local Spark that is the executors' too.
    Driver,
    /// That of the executor with this id.
    Executor(String),
}

impl From<Option<String>> for LogOf {
    fn from(executor: Option<String>) -> Self {
        executor.map_or(Self::Driver, Self::Executor)
    }
}

impl App {
    /// A part of a log of the latest attempt; a negative offset counts from the end.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], [`Error::AmbiguousRun`], [`Error::NoLog`], [`Error::NoExecutorLog`], [`Error::Engine`].
    pub async fn log(
        &self,
        id: &str,
        of: &LogOf,
        offset: i64,
        limit: u64,
    ) -> Result<LogPart, Error> {
        let run = self.find(id).await?;
        let Some(log) = self.log_of(&run, of).await? else {
            return Ok(LogPart { complete: run.state.is_final(), ..LogPart::default() });
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let page = blocking(move || {
            let page = match u64::try_from(offset) {
                Ok(offset) => log.page(offset, limit),
                Err(_) => {
                    log.tail(usize::try_from(offset.unsigned_abs()).unwrap_or(limit).min(limit))
                }
            };
            page.map_err(Error::Engine)
        })
        .await?;
        Ok(LogPart {
            text: page.text,
            offset: page.offset,
            next_offset: page.next,
            size: page.size,
            complete: run.state.is_final(),
        })
    }

    /// Lines of a log with a text in them, from a byte on, and whether the log is complete.
    ///
    /// # Errors
    /// As [`App::log`].
    pub async fn search_log(
        &self,
        id: &str,
        of: &LogOf,
        wanted: &str,
        (offset, limit): (u64, usize),
    ) -> Result<(LogMatches, bool), Error> {
        let run = self.find(id).await?;
        let is_complete = run.state.is_final();
        let Some(log) = self.log_of(&run, of).await? else {
            return Ok((LogMatches { lines: Vec::new(), next: 0, size: 0 }, is_complete));
        };
        let wanted = wanted.to_owned();
        let found =
            blocking(move || log.search(&wanted, offset, limit).map_err(Error::Engine)).await?;
        Ok((found, is_complete))
    }

    /// The executors of the latest attempt that have a log of their own here, with its size in bytes.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], [`Error::AmbiguousRun`], [`Error::Engine`].
    pub async fn executor_logs(&self, id: &str) -> Result<Vec<(String, u64)>, Error> {
        let run = self.find(id).await?;
        let Some(directory) = self.attempt_directory(&run).await? else { return Ok(Vec::new()) };
        self.copy_executor_logs_for_reader(&run).await?;
        executors_in(directory).await
    }

    /// Where a log is, with what was printed up to now; `None` before the launch, and when the run ended before it.
    async fn log_of(&self, run: &Run, of: &LogOf) -> Result<Option<AttemptLog>, Error> {
        let Some(directory) = self.attempt_directory(run).await? else {
            if run.origin == Origin::Observed {
                return Err(Error::NoLog { id: run.id.to_string() });
            }
            return Ok(None);
        };
        self.copy_log_for_reader(run, of).await?;
        let LogOf::Executor(executor) = of else {
            return Ok(Some(AttemptLog::of_driver(&directory)));
        };
        let known = executors_in(directory.clone()).await?;
        let known: Vec<_> = known.into_iter().map(|(id, _)| id).collect();
        if known.contains(executor)
            && let Some(log) = AttemptLog::of_executor(&directory, executor)
        {
            return Ok(Some(log));
        }
        let (run, executor) = (run.id.to_string(), executor.clone());
        Err(Error::NoExecutorLog { run, executor, known })
    }
}

async fn executors_in(directory: PathBuf) -> Result<Vec<(String, u64)>, Error> {
    blocking(move || AttemptLog::executors(&directory).map_err(Error::Engine)).await
}
