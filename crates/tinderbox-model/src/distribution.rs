use serde::{Deserialize, Serialize};

/// How one metric spreads over the tasks of a stage, in bounded memory.
///
/// Exact up to [`Distribution::EXACT_LIMIT`] values; beyond that a histogram with log-spaced buckets whose
/// quantiles are within [`Distribution::RELATIVE_ERROR`]. Count, sum, minimum and maximum are always exact.
/// The unit is that of the metric: bytes, milliseconds or records.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Distribution {
    count: u64,
    sum: u64,
    min: u64,
    max: u64,
    values: Values,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Values {
    Exact(Vec<u64>),
    /// Sparse pairs (bucket, count), sorted by bucket.
    Buckets(Vec<(u16, u64)>),
}

impl Default for Values {
    fn default() -> Self {
        Self::Exact(Vec::new())
    }
}

impl Distribution {
    /// Up to here every value is kept: 2,048 values are 16 KiB a metric.
    pub const EXACT_LIMIT: usize = 2_048;
    /// Half the width of a bucket: each is 4 % wider than the one before.
    pub const RELATIVE_ERROR: f64 = 0.02;

    /// The bucket of `value` in histograms with log-spaced buckets: 0 for zero, below 1,200 for every other value.
    pub fn bucket_of(value: u64) -> u16 {
        bucket_of(value)
    }

    /// What stands for every value of a bucket: within [`Distribution::RELATIVE_ERROR`] of each.
    pub fn middle_of(bucket: u16) -> u64 {
        middle_of(bucket)
    }

    /// Adds one value.
    pub fn add(&mut self, value: u64) {
        if self.count == 0 {
            self.min = value;
            self.max = value;
        }
        self.count += 1;
        self.sum = self.sum.saturating_add(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        match &mut self.values {
            Values::Exact(values) if values.len() < Self::EXACT_LIMIT => values.push(value),
            Values::Exact(values) => {
                let mut buckets = Vec::new();
                for &kept in values.iter().chain([&value]) {
                    count_in(&mut buckets, bucket_of(kept));
                }
                self.values = Values::Buckets(buckets);
            }
            Values::Buckets(buckets) => count_in(buckets, bucket_of(value)),
        }
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Sum of the values.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// Smallest value; 0 when there is none.
    pub fn min(&self) -> u64 {
        self.min
    }

    /// Largest value; 0 when there is none.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// Arithmetic mean; 0 when there is no value.
    #[allow(clippy::cast_precision_loss)]
    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum as f64 / self.count as f64 }
    }

    /// Whether quantiles are exact.
    pub fn is_exact(&self) -> bool {
        matches!(self.values, Values::Exact(_))
    }

    /// The median, by the rule of [`Distribution::quantile`].
    pub fn median(&self) -> u64 {
        self.quantile(0.5)
    }

    /// The value at `q` (0 to 1): the element at index `min(floor(q * n), n - 1)` of the sorted values, no
    /// interpolation, as Spark's `AppStatusStore.taskSummary` does. 0 when there is no value.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn quantile(&self, q: f64) -> u64 {
        if self.count == 0 {
            return 0;
        }
        let index = ((q.clamp(0.0, 1.0) * self.count as f64) as u64).min(self.count - 1);
        match &self.values {
            Values::Exact(values) => {
                let mut sorted = values.clone();
                sorted.sort_unstable();
                sorted[index as usize]
            }
            Values::Buckets(buckets) => {
                let mut seen = 0;
                for &(bucket, count) in buckets {
                    seen += count;
                    if seen > index {
                        return middle_of(bucket).clamp(self.min, self.max);
                    }
                }
                self.max
            }
        }
    }
}

fn count_in(buckets: &mut Vec<(u16, u64)>, bucket: u16) {
    match buckets.binary_search_by_key(&bucket, |&(b, _)| b) {
        Ok(at) => buckets[at].1 += 1,
        Err(at) => buckets.insert(at, (bucket, 1)),
    }
}

const GROWTH: f64 = 1.04;

/// Bucket 0 holds zero; bucket k holds values in [1.04^(k-1), 1.04^k). u64::MAX lies below bucket 1,200.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn bucket_of(value: u64) -> u16 {
    if value == 0 { 0 } else { ((value as f64).ln() / GROWTH.ln()) as u16 + 1 }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn middle_of(bucket: u16) -> u64 {
    if bucket == 0 { 0 } else { GROWTH.powf(f64::from(bucket) - 0.5).round() as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = u64>) -> Distribution {
        let mut distribution = Distribution::default();
        values.into_iter().for_each(|v| distribution.add(v));
        distribution
    }

    #[test]
    fn quantiles_follow_sparks_rule() {
        let four = of([40, 10, 30, 20]);
        assert_eq!(four.quantile(0.5), 30, "index floor(0.5 * 4) = 2");
        assert_eq!((four.quantile(0.0), four.quantile(1.0)), (10, 40));
        assert_eq!(of([]).median(), 0);
    }

    #[test]
    fn large_distributions_stay_small_and_close() {
        let many = of((1..=1_000_000).map(|n| n * 7));
        assert!(!many.is_exact());
        assert_eq!((many.count(), many.min(), many.max()), (1_000_000, 7, 7_000_000));
        for q in [0.05, 0.25, 0.5, 0.75, 0.95, 0.99] {
            let exact = q * 7_000_000.0;
            #[allow(clippy::cast_precision_loss)]
            let error = (many.quantile(q) as f64 - exact).abs() / exact;
            assert!(error <= Distribution::RELATIVE_ERROR + 0.001, "q {q}: {error}");
        }
    }
}
