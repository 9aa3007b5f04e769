//! What the rows of a node are like, column by column, and whether they are as expected.

mod checks;
mod statistics;

pub use checks::CheckedExpectation;
pub(crate) use checks::of as checked;
pub use statistics::{ColumnProfile, Range};

use crate::relation::Emitter;
use crate::{Error, Limits, Preview, Session};
use std::time::Instant;

/// The rows of a node, described.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Rows that the node gives.
    pub rows: u64,
    /// Its columns, in order.
    pub columns: Vec<ColumnProfile>,
    /// Its expectations, of all its rows: those that they leave out count too.
    pub expectations: Vec<CheckedExpectation>,
}

impl Session {
    /// Describes the rows of a node, all of them as far as sources are read. Views of the session that begin with `tinderbox_`
    /// are replaced.
    ///
    /// # Errors
    /// Those of [`Session::preview`].
    pub async fn profile(&self, preview: Preview<'_>, limits: Limits) -> Result<Profile, Error> {
        let described = self.describe(preview, limits);
        let too_slow = |_| Error::TooSlow { limit: limits.time };
        tokio::time::timeout(limits.time, described).await.map_err(too_slow)?
    }

    async fn describe(&self, preview: Preview<'_>, limits: Limits) -> Result<Profile, Error> {
        let Preview { spec, folder, node: wanted, engine, source_rows } = preview;
        let node = self.node_of(spec, wanted)?;
        let mut emitter = Emitter::new(spec, folder, engine);
        emitter.source_rows = source_rows;
        let needed = checks::needed(spec, node);
        let started = Instant::now();
        let built = self.build(&emitter, &needed, std::collections::BTreeMap::new()).await?;
        let all = self.relation(&emitter, node, &built, false).await?;
        let kept = self.relation(&emitter, node, &built, true).await?;
        let left = Limits { time: limits.time.saturating_sub(started.elapsed()), ..limits };
        let (rows, columns) = statistics::of(self, kept, left).await?;
        let expectations = checks::of(self, node, all, &built, left).await?;
        Ok(Profile { rows, columns, expectations })
    }
}
