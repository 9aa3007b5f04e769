//! When executors were busy, from the buckets that the task pack holds since its run was read.

use crate::{App, Error, blocking};
use sha2::{Digest, Sha256};
use tinderbox_model::{Millis, RunId, TimestampMs};
use tinderbox_store::TableFileKind;
use tinderbox_table::{Timeline, TimelineExtent};

/// Which buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CellQuery {
    /// From the bucket of this time on; from the first one when left out.
    pub from: Option<TimestampMs>,
    /// Up to this time, not with it; to the last bucket when left out.
    pub to: Option<TimestampMs>,
    /// Width of the buckets, rounded up to a power of two that there is. When left out, the narrowest that shows the
    /// range in at most [`CellQuery::BUCKETS`].
    pub bucket: Option<Millis>,
}

/// Buckets of a run.
#[derive(Debug, Clone)]
pub struct RunCells {
    /// The run.
    pub run: RunId,
    /// Names the file that they were read from, for ever.
    pub revision: String,
    /// What there is; `None` when no task ran.
    pub extent: Option<TimelineExtent>,
    /// The cells.
    pub cells: Timeline,
}

impl CellQuery {
    /// Buckets of an answer that asks for no width.
    pub const BUCKETS: u64 = 2_048;

    fn level(&self, from: TimestampMs, to: TimestampMs) -> u8 {
        let least = match self.bucket {
            Some(bucket) => bucket.0,
            None => to.since(from).0.div_ceil(Self::BUCKETS),
        };
        let power = least.max(1).checked_next_power_of_two().map_or(63, u64::trailing_zeros);
        u8::try_from(power).unwrap_or(63)
    }
}

impl App {
    /// When executors were busy, in buckets of time. Of a run that is over: while it lasts, [`App::timeline`] has its
    /// newest tasks.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], [`Error::AmbiguousRun`], [`Error::NoRecord`], [`Error::Store`], [`Error::Table`].
    pub async fn timeline_cells(&self, id: &str, query: CellQuery) -> Result<RunCells, Error> {
        let run = self.find(id).await?.id;
        let file = self.current_file(&run, TableFileKind::Pack).await?;
        let path = self.inner.data_dir.root().join(&file);
        let app = self.clone();
        blocking(move || {
            let pack = app.inner.packs.open(&file, &path)?;
            let revision = Sha256::digest(file.as_bytes());
            let revision = revision[..8].iter().map(|byte| format!("{byte:02x}")).collect();
            let extent = pack.timeline_extent();
            let cells = match extent {
                None => Timeline::default(),
                Some(extent) => {
                    let from = query.from.unwrap_or(extent.start);
                    let to = query.to.unwrap_or(TimestampMs(extent.end.0.saturating_add(1)));
                    pack.timeline(from, to, query.level(from, to))?
                }
            };
            Ok(RunCells { run, revision, extent, cells })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_rounded_up_to_powers_of_two() {
        let level = |bucket, length| {
            let query = CellQuery { bucket, ..CellQuery::default() };
            query.level(TimestampMs(0), TimestampMs(length))
        };
        assert_eq!(level(Some(Millis(1)), 9), 0);
        assert_eq!(level(Some(Millis(5)), 9), 3);
        assert_eq!(level(Some(Millis(0)), 9), 0);
        assert_eq!(level(Some(Millis(u64::MAX)), 9), 63);
        assert_eq!(level(None, 2_048), 0);
        assert_eq!(level(None, 2_049), 1);
    }
}
