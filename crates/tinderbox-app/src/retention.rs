//! Old runs go when they are too old or their files too many.

use crate::fleet::PrunedRun;
use crate::{App, Error, blocking, chain, now};
use std::time::Duration;
use tinderbox_model::{Bytes, RunId, TimestampMs};

/// How long runs are kept. Nothing set keeps everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Runs that ended longer ago go.
    pub age: Option<Duration>,
    /// While the files of all runs are larger, the runs that ended first go.
    pub size: Option<Bytes>,
}

impl Retention {
    /// Whether everything is kept.
    pub fn keeps_all(&self) -> bool {
        self.age.is_none() && self.size.is_none()
    }
}

/// What retention did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pruned {
    /// The first of the runs, the oldest first; at most [`Pruned::LISTED`].
    pub runs: Vec<PrunedRun>,
    /// How many runs.
    pub num_runs: u64,
    /// Size of their files.
    pub size: Bytes,
}

impl Pruned {
    /// Runs that are named one by one.
    pub const LISTED: usize = 100;

    fn add(&mut self, run: PrunedRun) {
        self.num_runs += 1;
        self.size += run.size;
        if self.runs.len() < Self::LISTED {
            self.runs.push(run);
        }
    }
}

/// How often retention looks.
const PERIOD: Duration = Duration::from_secs(600);
/// Runs that are removed by one transaction.
const BATCH: usize = 200;
/// Most runs of one look; the next one goes on.
const MOST: u64 = 1_000_000;

impl App {
    /// Removes runs by age and size, the oldest first, with all that belongs to them; with `dry_run` only says which.
    /// Their files are deleted after the grace period for readers. Runs that have not ended stay, and the rollups go on
    /// counting what is removed. One call looks at no more than the million runs that ended first.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::File`].
    pub async fn prune(&self, retention: Retention, dry_run: bool) -> Result<Pruned, Error> {
        let mut pruned = Pruned::default();
        if retention.keeps_all() {
            return Ok(pruned);
        }
        let store = &self.inner.store;
        let candidates = store.run_prunable(TimestampMs(i64::MAX / 1_000), MOST).await?;
        let chosen = choose(retention, candidates, store.files_size().await?, now());
        for batch in chosen.chunks(BATCH) {
            let ids: Vec<RunId> = batch.iter().map(|run| run.id.clone()).collect();
            let removed = if dry_run { ids } else { self.remove_runs(ids).await? };
            batch
                .iter()
                .filter(|run| removed.contains(&run.id))
                .cloned()
                .for_each(|r| pruned.add(r));
        }
        Ok(pruned)
    }

    /// Applies retention now and every ten minutes, until [`App::close`].
    pub fn keep_retention(&self, retention: Retention) {
        if retention.keeps_all() {
            return;
        }
        let app = self.clone();
        self.spawn(async move {
            loop {
                match app.prune(retention, false).await {
                    Ok(Pruned { num_runs: 0, .. }) => {}
                    Ok(pruned) => {
                        tracing::info!(runs = pruned.num_runs, size = %pruned.size, "removed old runs");
                    }
                    Err(error) => tracing::warn!("old runs are left: {}", chain(&error)),
                }
                tokio::time::sleep(PERIOD).await;
            }
        });
    }

    /// The folder of attempts goes first: when this is cut short, the run is still there and goes the next time.
    async fn remove_runs(&self, ids: Vec<RunId>) -> Result<Vec<RunId>, Error> {
        // Not while logs are read: one of a run that is removed would bring it back, counted twice.
        let _alone = self.inner.collecting.lock().await;
        let root = self.inner.data_dir.root().join("runs");
        let folders: Vec<_> = ids.iter().map(|id| root.join(id.as_str())).collect();
        blocking(move || {
            for path in folders {
                match std::fs::remove_dir_all(&path) {
                    Ok(()) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(source) => return Err(Error::File { path, source }),
                }
            }
            Ok(())
        })
        .await?;
        let removed = self.inner.store.run_prune(&ids, now()).await?;
        self.history_forget();
        Ok(removed)
    }
}

/// The candidates that go, in their order: the oldest first.
fn choose(
    retention: Retention,
    candidates: Vec<tinderbox_store::Prunable>,
    mut size: Bytes,
    now: TimestampMs,
) -> Vec<PrunedRun> {
    let oldest = retention.age.map(|age| {
        TimestampMs(now.0.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX)))
    });
    let mut chosen = Vec::new();
    for run in candidates {
        let is_old = oldest.is_some_and(|oldest| run.ended < oldest);
        let is_too_much = retention.size.is_some_and(|limit| size > limit);
        if !is_old && !is_too_much {
            break;
        }
        size = size - run.size;
        chosen.push(PrunedRun { id: run.id, ended: run.ended, size: run.size });
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(retention: Retention) -> Vec<String> {
        let candidates =
            [(10, 5), (20, 0), (30, 5)].map(|(ended, size)| tinderbox_store::Prunable {
                id: RunId::new(format!("ended-{ended}")),
                ended: TimestampMs(ended),
                size: Bytes(size),
            });
        let chosen = choose(retention, candidates.to_vec(), Bytes(20), TimestampMs(100));
        chosen.into_iter().map(|run| run.id.to_string()).collect()
    }

    #[test]
    fn runs_go_by_age_or_size_the_oldest_first() {
        let age = |ms| Retention { age: Some(Duration::from_millis(ms)), size: None };
        assert_eq!(chosen(age(90)), [""; 0]);
        assert_eq!(chosen(age(75)), ["ended-10", "ended-20"]);
        let size = |bytes| Retention { age: None, size: Some(Bytes(bytes)) };
        assert_eq!(chosen(size(20)), [""; 0]);
        assert_eq!(chosen(size(15)), ["ended-10"]);
        assert_eq!(chosen(size(12)), ["ended-10", "ended-20", "ended-30"]);
        let both = Retention { age: Some(Duration::from_millis(85)), size: Some(Bytes(12)) };
        assert_eq!(chosen(both).len(), 3);
        assert_eq!(chosen(Retention::default()), [""; 0]);
    }
}
