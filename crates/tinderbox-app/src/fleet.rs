//! Questions about many runs: search, and the check of what is counted. Neither reads a run's record.

use crate::{App, Error, RunView};
use tinderbox_model::{Bytes, RunId, TimestampMs, WorkspaceId};
use tinderbox_store::RollupDifference;

/// A run that was searched for.
#[derive(Debug, Clone)]
pub struct FoundRun {
    /// The run.
    pub run: RunView,
    /// Field and word by which it was found, one for every word of the question.
    pub matched: Vec<(String, String)>,
}

/// What a check of the database found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseCheck {
    /// Counters and rollups that do not equal what they count, one line each.
    pub differences: Vec<String>,
    /// Whether they were corrected.
    pub repaired: bool,
}

impl App {
    /// Runs that have, for every word of `text`, a word that begins with it.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn search(&self, text: &str, limit: u64) -> Result<Vec<FoundRun>, Error> {
        let found = self.inner.store.run_search(&WorkspaceId::default(), text, limit).await?;
        let view = |one: tinderbox_store::Found| FoundRun {
            run: self.view(&one.run),
            matched: one.matched,
        };
        Ok(found.into_iter().map(view).collect())
    }

    /// Recounts everything that is counted as runs are written, and corrects what differs when asked to.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn check_database(&self, repair: bool) -> Result<DatabaseCheck, Error> {
        let store = &self.inner.store;
        let (counts, rollups) = if repair {
            (store.counts_repair().await?, store.rollups_repair().await?)
        } else {
            (store.counts_check().await?, store.rollups_check().await?)
        };
        let counts = counts.iter().map(|wrong| {
            let counter = wrong.counter.join(" ");
            format!("counter {counter}: {} stored, {} counted", wrong.stored, wrong.counted)
        });
        let rollups = rollups.iter().map(|RollupDifference { row, stored, counted }| {
            format!("{row}: {stored} runs stored, {counted} counted")
        });
        Ok(DatabaseCheck { differences: counts.chain(rollups).collect(), repaired: repair })
    }

    /// The workspace whose runs lists and statistics show.
    pub fn workspace(&self) -> WorkspaceId {
        WorkspaceId::default()
    }
}

/// A run that retention has removed or would remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrunedRun {
    /// The run.
    pub id: RunId,
    /// When it ended.
    pub ended: TimestampMs,
    /// Size of its files.
    pub size: Bytes,
}
