//! Quantiles of the metrics of a stage.
//!
//! A stage with many tasks has the sorted values of every metric in its index. Every stage but the smallest has those at
//! the usual quantiles once more in a table of its own: a summary of all stages asks for nothing else, and would read
//! thousands of blocks otherwise.
//!
//! The table begins with the metrics whose values differ, as bits of a number. Then follow, by metric, the values at
//! [`USUAL`]: the first, and of a metric whose values differ each other as the difference to the one before. Their CRC-32
//! is at the end.

use super::block::Block;
use super::bytes::{Cursor, malformed, put, put_signed};
use super::columns::{NUM_COLUMNS, PackMetric};
use super::directory::{StageEntry, StageIndex};
use super::index;
use super::key::Key;
use super::radix;
use super::reader::Pack;
use super::source::Source;
use crate::error::Error;
use std::io;
use tinderbox_model::StageAttemptId;

/// What Spark's REST answers when nobody says which: for `taskSummary` and for `stages?withSummaries`.
pub(super) const USUAL: [f64; 7] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];

/// Stages with fewer tasks have no table: it would be as large as they are.
pub(super) const MIN_ROWS: u64 = 32;

/// A bit for each metric.
const _: () = assert!(PackMetric::ALL.len() <= 64);

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
        let values = match (&entry.usual, &entry.index) {
            (Some(place), _) if is_usual(entry, &at) => {
                of_table(&self.source, entry, *place, metrics, &at)
            }
            (_, Some(index)) => {
                metrics.iter().map(|m| of_array(&self.source, index, *m, &at)).collect()
            }
            _ if entry.rows < index::MIN_INDEXED_ROWS => of_rows(&self.source, entry, metrics, &at),
            _ => metrics.iter().map(|m| of_column(&self.source, entry, *m, &at)).collect(),
        };
        values.map(Some).map_err(|e| self.damaged(e))
    }
}

fn usual_positions(entry: &StageEntry) -> Vec<u64> {
    positions(&USUAL, entry.measured)
}

fn is_usual(entry: &StageEntry, at: &[u64]) -> bool {
    let usual = usual_positions(entry);
    at.iter().all(|at| usual.contains(at))
}

fn of_table(
    source: &Source,
    entry: &StageEntry,
    place: UsualPlace,
    metrics: &[PackMetric],
    at: &[u64],
) -> io::Result<Vec<Vec<i64>>> {
    let table = read_table(source, place)?;
    let usual = usual_positions(entry);
    let columns: Vec<usize> =
        at.iter().filter_map(|at| usual.iter().position(|usual| usual == at)).collect();
    let of_metric = |metric: &PackMetric| {
        let values = &table[metric.index()];
        columns.iter().map(|column| values[*column]).collect()
    };
    Ok(metrics.iter().map(of_metric).collect())
}

fn of_array(
    source: &Source,
    index: &StageIndex,
    metric: PackMetric,
    at: &[u64],
) -> io::Result<Vec<i64>> {
    let array = index.sorted[metric.index()];
    let (mut reader, count) = (array.reader(), array.len());
    let value = |at: &u64| match count {
        0 => Ok(0),
        _ => reader.get(source, (*at).min(count - 1)),
    };
    at.iter().map(value).collect()
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
    let mut all = vec![Vec::new(); keys.len()];
    let mut block = Block::new();
    let mut columns = vec![Vec::new(); NUM_COLUMNS];
    for place in &entry.blocks {
        block.load(source, *place)?;
        block.decode(&mut columns);
        for (key, figures) in keys.iter().zip(&mut all) {
            let figure = (0..block.rows()).map(|row| key.of_columns(&columns, row));
            figures.extend(figure.filter(|figure| *figure >= 0));
        }
    }
    let sorted = |mut figures: Vec<i64>| {
        radix::sort_values(&mut figures);
        values_of(&figures, at)
    };
    Ok(all.into_iter().map(sorted).collect())
}

/// The table of a stage without an index.
pub(super) fn table_of_rows(source: &Source, entry: &StageEntry) -> io::Result<Vec<u8>> {
    Ok(encode(&of_rows(source, entry, &PackMetric::ALL, &usual_positions(entry))?))
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

/// The table of values at the usual quantiles by metric.
pub(super) fn encode(values: &[Vec<i64>]) -> Vec<u8> {
    let differs = |values: &Vec<i64>| values.first() != values.last();
    let bits = values.iter().rev().fold(0, |bits, values| bits << 1 | u64::from(differs(values)));
    let mut out = Vec::new();
    put(&mut out, bits);
    for values in values {
        let mut last = 0_i64;
        for value in values.iter().take(if differs(values) { USUAL.len() } else { 1 }) {
            put_signed(&mut out, value.wrapping_sub(last));
            last = *value;
        }
    }
    let crc = crc32fast::hash(&out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

/// The values at the usual quantiles by metric.
fn read_table(
    source: &Source,
    place: UsualPlace,
) -> io::Result<[[i64; USUAL.len()]; PackMetric::ALL.len()]> {
    let mut table = Vec::new();
    source.read(place.offset, usize::try_from(place.len).unwrap_or(usize::MAX), &mut table)?;
    let (values, crc) = table
        .split_last_chunk::<4>()
        .ok_or_else(|| malformed("the usual quantiles of a stage end early"))?;
    if crc32fast::hash(values) != u32::from_le_bytes(*crc) {
        return Err(malformed("a checksum differs"));
    }
    let mut cursor = Cursor::new(values);
    let mut bits = cursor.number()?;
    let mut all = [[0; USUAL.len()]; PackMetric::ALL.len()];
    for values in &mut all {
        values.fill(cursor.signed()?);
        if bits & 1 == 1 {
            for at in 1..USUAL.len() {
                values[at] = values[at - 1].wrapping_add(cursor.signed()?);
            }
        }
        bits >>= 1;
    }
    Ok(all)
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
