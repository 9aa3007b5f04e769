use std::collections::BTreeMap;
use tinderbox_model::{Distribution, Millis};

/// Durations in log-spaced buckets: quantiles are within [`DurationHistogram::RELATIVE_ERROR`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DurationHistogram {
    counts: BTreeMap<u16, u64>,
}

impl DurationHistogram {
    /// As of [`Distribution`], whose buckets these are.
    pub const RELATIVE_ERROR: f64 = Distribution::RELATIVE_ERROR;

    /// Adds so many durations of a bucket (`Distribution::bucket_of` of milliseconds).
    pub fn add(&mut self, bucket: u16, count: u64) {
        *self.counts.entry(bucket).or_default() += count;
    }

    /// How many durations.
    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The duration at `q` (0 to 1): the element at `min(floor(q * n), n - 1)` of the sorted ones, no interpolation.
    /// `None` when there is none.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn quantile(&self, q: f64) -> Option<Millis> {
        let count = self.count();
        let index = ((q.clamp(0.0, 1.0) * count as f64) as u64).min(count.checked_sub(1)?);
        let mut seen = 0;
        for (bucket, count) in &self.counts {
            seen += count;
            if seen > index {
                return Some(Millis(Distribution::middle_of(*bucket)));
            }
        }
        None
    }
}
