//! What Livy's clients ask for, in terms of runs and of sessions on Spark Connect: numbers in place of our ids.
//!
//! A batch is a run under the idempotency key `livy-batch-N`, so that the store decides which number is taken. Numbers count up
//! and are not given twice in a data directory, also after a crash.

mod python;
mod session;

pub use session::{
    LivyKind, LivySession, LivyState, LivyStatement, NewLivySession, StatementOutput,
    StatementRows, StatementState,
};

use crate::{App, ApplicationSubmission, Error, LogOf, RunView, Submitted, blocking};
use serde::{Deserialize, Serialize};
use session::Sessions;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::PathBuf;
use tinderbox_model::WorkspaceId;

/// What is known of numbers, in the data directory.
const FILE: &str = "livy.json";
/// Of a log so much is looked at, in bytes from its end.
const LOG_BYTES: i64 = 16 << 20;
/// So much at a time.
const PAGE_BYTES: u64 = 1 << 20;

/// Batches and sessions of Livy's clients.
#[derive(Debug, Default)]
pub(crate) struct Livy {
    numbers: tokio::sync::Mutex<Option<Numbers>>,
    sessions: Sessions,
}

/// Numbers that were given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Numbers {
    next_batch: u32,
    next_session: u32,
    /// Batches that a client has deleted: their runs stay in our own lists.
    #[serde(default)]
    deleted_batches: BTreeSet<u32>,
}

/// A batch: a run under a number.
#[derive(Debug, Clone)]
pub struct LivyBatch {
    /// Livy's id.
    pub number: u32,
    /// The run.
    pub run: RunView,
    /// Our page of it.
    pub page: String,
}

/// Lines of a batch's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LivyLog {
    /// Number of the first of `lines`.
    pub from: usize,
    /// How many there are.
    pub total: usize,
    /// Those that were asked for.
    pub lines: Vec<String>,
}

impl App {
    /// Asks for a run of a program under the next number.
    ///
    /// # Errors
    /// Those of [`App::submit_application`].
    pub async fn livy_submit(&self, submission: ApplicationSubmission) -> Result<LivyBatch, Error> {
        // One at a time: the number is taken when its run is recorded.
        let mut numbers = self.inner.livy.numbers.lock().await;
        let known = self.numbers(&mut numbers).await?;
        loop {
            let number = known.next_batch;
            let idempotency_key = Some(key(number));
            let submission = ApplicationSubmission { idempotency_key, ..submission.clone() };
            let Submitted { run, existed, .. } = self.submit_application(submission).await?;
            known.next_batch += 1;
            // A number that was given before a crash kept the file from saying so is passed over.
            if !existed {
                self.keep_numbers(known).await?;
                return Ok(self.livy_view(number, run));
            }
        }
    }

    /// The batch of a number; `None` when it was never given, was deleted, or its run is pruned.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::File`].
    pub async fn livy_batch(&self, number: u32) -> Result<Option<LivyBatch>, Error> {
        {
            let mut numbers = self.inner.livy.numbers.lock().await;
            if self.numbers(&mut numbers).await?.deleted_batches.contains(&number) {
                return Ok(None);
            }
        }
        let run = self.inner.store.run_by_key(&WorkspaceId::default(), &key(number)).await?;
        Ok(run.map(|run| self.livy_view(number, self.view(&run))))
    }

    /// Batches in the order of their numbers, `size` from the place `from` on, and how many there are.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::File`].
    pub async fn livy_batches(
        &self,
        from: usize,
        size: usize,
    ) -> Result<(usize, Vec<LivyBatch>), Error> {
        let known = {
            let mut numbers = self.inner.livy.numbers.lock().await;
            self.numbers(&mut numbers).await?.clone()
        };
        let given = (0..known.next_batch).filter(|number| !known.deleted_batches.contains(number));
        let given: Vec<u32> = given.collect();
        let mut batches = Vec::new();
        for number in given.iter().skip(from).take(size) {
            batches.extend(self.livy_batch(*number).await?);
        }
        Ok((given.len(), batches))
    }

    /// Asks for the end of a batch, if it runs, and forgets its number; its run stays. False when there is none.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::File`].
    pub async fn livy_delete(&self, number: u32) -> Result<bool, Error> {
        let Some(batch) = self.livy_batch(number).await? else { return Ok(false) };
        match self.cancel(batch.run.id.as_str()).await {
            Ok(_) | Err(Error::AlreadyEnded { .. }) => {}
            Err(error) => return Err(error),
        }
        let mut numbers = self.inner.livy.numbers.lock().await;
        let known = self.numbers(&mut numbers).await?;
        known.deleted_batches.insert(number);
        self.keep_numbers(known).await?;
        Ok(true)
    }

    /// Lines of a batch's log, of the last 16 MiB: `size` of them (100; all when negative) from `from` on, from so many
    /// before the end when it is left out or negative, as Livy does (`SessionServlet.serializeLogs`).
    ///
    /// # Errors
    /// Those of [`App::log`].
    pub async fn livy_log(
        &self,
        batch: &LivyBatch,
        from: Option<i64>,
        size: Option<i64>,
    ) -> Result<LivyLog, Error> {
        let id = batch.run.id.as_str();
        let size_bytes = self.log(id, &LogOf::Driver, 0, 1).await?.size;
        let skipped = size_bytes.saturating_sub(LOG_BYTES.unsigned_abs());
        let mut offset = i64::try_from(skipped).unwrap_or(i64::MAX);
        let mut text = String::new();
        loop {
            let part = self.log(id, &LogOf::Driver, offset, PAGE_BYTES).await?;
            let next = i64::try_from(part.next_offset).unwrap_or(i64::MAX);
            text.push_str(&part.text);
            if next <= offset || part.next_offset >= part.size {
                break;
            }
            offset = next;
        }
        Ok(cut(&text, from, size))
    }

    fn livy_view(&self, number: u32, run: RunView) -> LivyBatch {
        let page = format!("{}/jobs/{}", self.inner.url, run.id);
        LivyBatch { number, run, page }
    }

    /// The next number of a session.
    async fn next_session(&self) -> Result<u32, Error> {
        let mut numbers = self.inner.livy.numbers.lock().await;
        let known = self.numbers(&mut numbers).await?;
        let number = known.next_session;
        known.next_session += 1;
        self.keep_numbers(known).await?;
        Ok(number)
    }

    async fn numbers<'n>(
        &self,
        numbers: &'n mut Option<Numbers>,
    ) -> Result<&'n mut Numbers, Error> {
        if numbers.is_none() {
            let path = self.numbers_file();
            let read = blocking(move || match std::fs::read(&path) {
                // What is unreadable counts from the beginning: the store knows which numbers are taken.
                Ok(text) => Ok(serde_json::from_slice(&text).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(Numbers::default()),
                Err(source) => Err(Error::File { path, source }),
            });
            *numbers = Some(read.await?);
        }
        Ok(numbers.get_or_insert_default())
    }

    async fn keep_numbers(&self, numbers: &Numbers) -> Result<(), Error> {
        let (path, numbers) = (self.numbers_file(), numbers.clone());
        let folder = self.inner.data_dir.root().to_owned();
        blocking(move || {
            let write = || -> std::io::Result<()> {
                let mut file = tempfile::NamedTempFile::new_in(folder)?;
                serde_json::to_writer(&mut file, &numbers)?;
                file.persist(&path)?;
                Ok(())
            };
            write().map_err(|source| Error::File { path: path.clone(), source })
        })
        .await
    }

    fn numbers_file(&self) -> PathBuf {
        self.inner.data_dir.root().join(FILE)
    }
}

fn key(number: u32) -> String {
    format!("livy-batch-{number}")
}

fn cut(text: &str, from: Option<i64>, size: Option<i64>) -> LivyLog {
    let lines: Vec<&str> = text.lines().collect();
    let total = lines.len();
    let size = size.unwrap_or(100);
    let size = usize::try_from(size).unwrap_or(total);
    let from = from.and_then(|from| usize::try_from(from).ok());
    let from = from.unwrap_or_else(|| total.saturating_sub(size));
    let lines = lines.into_iter().skip(from).take(size).map(str::to_owned).collect();
    LivyLog { from, total, lines }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_as_livy_counts_them() {
        let text = "a\nb\nc\nd\n";
        let of = |from, size| {
            let log = cut(text, from, size);
            (log.from, log.total, log.lines.concat())
        };
        assert_eq!(of(None, None), (0, 4, "abcd".to_owned()));
        assert_eq!(of(None, Some(2)), (2, 4, "cd".to_owned()));
        assert_eq!(of(Some(1), Some(2)), (1, 4, "bc".to_owned()));
        assert_eq!(of(Some(-1), Some(3)), (1, 4, "bcd".to_owned()));
        assert_eq!(of(Some(0), Some(-1)), (0, 4, "abcd".to_owned()));
        assert_eq!(of(Some(9), None), (9, 4, String::new()));
    }
}
