//! Quantiles of the metrics of a stage.
//!
//! A stage with an index has the sorted values of every metric, and those at the usual quantiles once more together:
//! a summary of all stages asks for them, and every value on its own takes two reads. The table has for each metric
//! whose values differ the one at each of [`USUAL`], as a difference to the one before; behind them their CRC-32.

use super::array::Array;
use super::bytes::{Cursor, malformed, put, put_signed};
use super::columns::PackMetric;
use super::directory::{StageEntry, StageIndex};
use super::index;
use super::key::Key;
use super::radix;
use super::reader::Pack;
use super::rows::RowReader;
use super::source::Source;
use crate::error::Error;
use std::io;
use tinderbox_model::StageAttemptId;

/// What Spark's REST answers when nobody says which: for `taskSummary` and for `stages?withSummaries`.
pub(super) const USUAL: [f64; 7] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];

/// Where the values at the usual quantiles lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UsualPlace {
    pub(super) offset: u64,
    pub(super) len: u32,
}

impl Pack {
    /// Quantiles of one metric of a stage; see [`Self::quantiles_of`].
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn quantiles(
        &self,
        stage: StageAttemptId,
        metric: PackMetric,
        quantiles: &[f64],
    ) -> Result<Option<Vec<i64>>, Error> {
        let all = self.quantiles_of(stage, &[metric], quantiles)?;
        Ok(all.and_then(|mut all| all.pop()))
    }

    /// Quantiles of metrics of a stage, as Spark's `AppStatusStore.taskSummary` computes them: in ascending order of the
    /// quantiles, each the value at `min(floor(quantile * n), n - 1)` of the sorted values, where n counts the successes
    /// with metrics. `None` when there are none.
    ///
    /// As in Spark, values are those of the successes with metrics, except that the duration is of all ended tasks,
    /// and scheduler delay and getting-result time of all tasks with metrics, with the same n. (Spark also counts the
    /// duration so far of tasks that have not ended; a pack does not know until when.)
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn quantiles_of(
        &self,
        stage: StageAttemptId,
        metrics: &[PackMetric],
        quantiles: &[f64],
    ) -> Result<Option<Vec<Vec<i64>>>, Error> {
        let Some(entry) = self.entry(stage).filter(|entry| entry.measured > 0) else {
            return Ok(None);
        };
        let at = positions(quantiles, entry.measured);
        let values = match &entry.index {
            Some(index) => of_index(&self.source, entry, index, metrics, &at),
            None if entry.rows < index::MIN_INDEXED_ROWS => {
                of_rows(&self.source, entry, metrics, &at)
            }
            None => metrics.iter().map(|m| of_column(&self.source, entry, *m, &at)).collect(),
        };
        values.map(Some).map_err(|e| self.damaged(e))
    }
}

fn of_index(
    source: &Source,
    entry: &StageEntry,
    index: &StageIndex,
    metrics: &[PackMetric],
    at: &[u64],
) -> io::Result<Vec<Vec<i64>>> {
    let usual_at = positions(&USUAL, entry.measured);
    let place = index.usual.filter(|_| at.iter().any(|at| usual_at.contains(at)));
    let usual = match place {
        Some(place) => usual_values(source, index, place)?,
        None => Vec::new(),
    };
    let of_metric = |metric: &PackMetric| {
        let array = index.sorted[metric.index()];
        let (mut reader, count) = (array.reader(), array.len());
        let kept = usual.get(metric.index()).and_then(Option::as_ref);
        let value = |at: &u64| match usual_at.iter().position(|usual| usual == at).zip(kept) {
            _ if count == 0 => Ok(0),
            Some((at, kept)) => Ok(kept[at]),
            None => reader.get(source, (*at).min(count - 1)),
        };
        at.iter().map(value).collect()
    };
    metrics.iter().map(of_metric).collect()
}

/// Of a stage with many tasks that still grows: holds one metric at a time.
fn of_column(
    source: &Source,
    entry: &StageEntry,
    metric: PackMetric,
    at: &[u64],
) -> io::Result<Vec<i64>> {
    let mut figures = index::figures(source, entry, metric, None)?;
    radix::sort_values(&mut figures);
    Ok(values_of(&figures, at))
}

/// Of a stage with few tasks: reads its blocks once for all metrics.
fn of_rows(
    source: &Source,
    entry: &StageEntry,
    metrics: &[PackMetric],
    at: &[u64],
) -> io::Result<Vec<Vec<i64>>> {
    let keys: Vec<Key> = metrics.iter().copied().map(Key::of).collect();
    let rows = usize::try_from(entry.rows).unwrap_or(usize::MAX);
    let mut all = vec![Vec::new(); keys.len()];
    let mut reader = RowReader::new(source, entry);
    for row in 0..rows {
        let row = reader.row(row)?;
        for (key, figures) in keys.iter().zip(&mut all) {
            let figure = key.of_row(row);
            if figure >= 0 {
                figures.push(figure);
            }
        }
    }
    let sorted = |mut figures: Vec<i64>| {
        radix::sort_values(&mut figures);
        values_of(&figures, at)
    };
    Ok(all.into_iter().map(sorted).collect())
}

/// Spark's rule: where the quantiles are, in ascending order.
pub(super) fn positions(quantiles: &[f64], count: u64) -> Vec<u64> {
    let mut sorted = quantiles.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    // Float to integer saturates: negative ones and NaN become zero.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "counts are far below 2^53, and the result is limited to them"
    )]
    let position = |quantile: f64| ((quantile * count as f64) as u64).min(count.saturating_sub(1));
    sorted.into_iter().map(position).collect()
}

/// The values at places; the last one where there are fewer.
pub(super) fn values_of(sorted: &[i64], at: &[u64]) -> Vec<i64> {
    let value = |at: &u64| {
        let at = usize::try_from(*at).unwrap_or(usize::MAX);
        sorted.get(at).or(sorted.last()).copied().unwrap_or(0)
    };
    at.iter().map(value).collect()
}

/// The table of a stage: `values` has those at the usual quantiles by metric, `arrays` says which metrics are constant.
pub(super) fn encode(values: &[Vec<i64>], arrays: &[Array]) -> Vec<u8> {
    let mut out = Vec::new();
    for (values, _) in values.iter().zip(arrays).filter(|(_, array)| !array.is_constant()) {
        let mut last = 0_i64;
        for value in values {
            put_signed(&mut out, value.wrapping_sub(last));
            last = *value;
        }
    }
    let crc = crc32fast::hash(&out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

/// By metric; `None` for those that are constant.
fn usual_values(
    source: &Source,
    index: &StageIndex,
    place: UsualPlace,
) -> io::Result<Vec<Option<[i64; USUAL.len()]>>> {
    let mut table = Vec::new();
    source.read(place.offset, usize::try_from(place.len).unwrap_or(usize::MAX), &mut table)?;
    let (values, crc) = table
        .split_last_chunk::<4>()
        .ok_or_else(|| malformed("the usual quantiles of a stage end early"))?;
    if crc32fast::hash(values) != u32::from_le_bytes(*crc) {
        return Err(malformed("a checksum differs"));
    }
    let mut cursor = Cursor::new(values);
    let mut of_metric = |array: &Array| {
        if array.is_constant() {
            return Ok(None);
        }
        let (mut all, mut last) = ([0; USUAL.len()], 0_i64);
        for value in &mut all {
            last = last.wrapping_add(cursor.signed()?);
            *value = last;
        }
        Ok(Some(all))
    };
    index.sorted.iter().map(&mut of_metric).collect()
}

impl UsualPlace {
    pub(super) fn put(self, out: &mut Vec<u8>) {
        put(out, self.offset);
        put(out, u64::from(self.len));
    }

    pub(super) fn parse(cursor: &mut Cursor<'_>) -> io::Result<Self> {
        let offset = cursor.number()?;
        let len = u32::try_from(cursor.number()?).map_err(|_| malformed("a table is too large"))?;
        Ok(Self { offset, len })
    }
}
