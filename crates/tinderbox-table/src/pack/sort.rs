//! Any order of tasks, from the columns that decide it.

use super::bytes::malformed;
use super::columns::{
    ACCUMULABLES, ATTEMPT, DURATION, ERROR, EXECUTOR, FLAG_FINISHED, FLAGS, HOST, ID,
    ID_LESS_INDEX, INDEX_LESS_PARTITION, LAUNCH, LOCALITY, STATUS_MASK,
};
use super::directory::StageEntry;
use super::heap::HeapReader;
use super::key::Key;
use super::query::PackSort;
use super::reader::Pack;
use super::scan::Scan;
use std::collections::HashMap;
use std::io;
use tinderbox_model::Accumulable;

/// How the key of a row is made of its columns, of which the first are the flags.
pub(super) enum Sorter {
    /// All keys are equal.
    None,
    Figure(Key),
    /// The value itself.
    Plain([usize; 2]),
    /// The first less the second column.
    Difference([usize; 3]),
    /// The first less the second less the third column.
    Partition([usize; 4]),
    Completion([usize; 3]),
    Status([usize; 1]),
    /// By the rank of a symbol.
    Symbol([usize; 2], Vec<i64>),
    /// By the rank of a text.
    Text([usize; 2], HashMap<i64, i64>),
}

impl Sorter {
    pub(super) fn new(pack: &Pack, stages: &[&StageEntry], sort: PackSort) -> io::Result<Self> {
        Ok(match sort {
            PackSort::Id => Self::None,
            PackSort::Index | PackSort::Position => Self::Difference([FLAGS, ID, ID_LESS_INDEX]),
            PackSort::Attempt => Self::Plain([FLAGS, ATTEMPT]),
            PackSort::Partition => {
                Self::Partition([FLAGS, ID, ID_LESS_INDEX, INDEX_LESS_PARTITION])
            }
            PackSort::Status => Self::Status([FLAGS]),
            PackSort::Locality => Self::Symbol([FLAGS, LOCALITY], symbol_ranks(pack)),
            PackSort::Executor => Self::Symbol([FLAGS, EXECUTOR], symbol_ranks(pack)),
            PackSort::Host => Self::Symbol([FLAGS, HOST], symbol_ranks(pack)),
            PackSort::LaunchTime => Self::Plain([FLAGS, LAUNCH]),
            PackSort::CompletionTime => Self::Completion([FLAGS, LAUNCH, DURATION]),
            PackSort::Error => Self::Text([FLAGS, ERROR], text_ranks(pack, stages, ERROR)?),
            PackSort::Accumulables => {
                Self::Text([FLAGS, ACCUMULABLES], text_ranks(pack, stages, ACCUMULABLES)?)
            }
            PackSort::Metric(metric) => Self::Figure(Key::of(metric)),
        })
    }

    pub(super) fn columns(&self) -> &[usize] {
        match self {
            Self::None => &[FLAGS],
            Self::Figure(key) => key.columns(),
            Self::Plain(columns) | Self::Symbol(columns, _) | Self::Text(columns, _) => columns,
            Self::Difference(columns) | Self::Completion(columns) => columns,
            Self::Partition(columns) => columns,
            Self::Status(columns) => columns,
        }
    }

    pub(super) fn key(&self, values: &[Vec<i64>], at: usize) -> i64 {
        let value = |column: usize| values[column][at];
        match self {
            Self::None => 0,
            Self::Figure(key) => key.at(values, at),
            Self::Plain(_) => value(1),
            Self::Difference(_) => value(1).wrapping_sub(value(2)),
            Self::Partition(_) => value(1).wrapping_sub(value(2)).wrapping_sub(value(3)),
            Self::Completion(_) if value(0) & FLAG_FINISHED == 0 => value(1).saturating_sub(1),
            Self::Completion(_) => value(1).wrapping_add(value(2)),
            // `RUNNING`, `GET RESULT`, `SUCCESS`, `FAILED`, `KILLED` by name.
            Self::Status(_) => match value(0) & STATUS_MASK {
                0 => 3,
                1 => 1,
                2 => 4,
                3 => 0,
                _ => 2,
            },
            Self::Symbol(_, ranks) => {
                usize::try_from(value(1)).ok().and_then(|at| ranks.get(at)).copied().unwrap_or(0)
            }
            Self::Text(_, ranks) => ranks.get(&value(1)).copied().unwrap_or(0),
        }
    }
}

fn symbol_ranks(pack: &Pack) -> Vec<i64> {
    let symbols = &pack.directory.symbols;
    let mut order: Vec<usize> = (0..symbols.len()).collect();
    order.sort_unstable_by(|a, b| symbols[*a].cmp(&symbols[*b]));
    let mut ranks = vec![0; symbols.len()];
    for (symbol, rank) in order.into_iter().zip(0..) {
        ranks[symbol] = rank;
    }
    ranks
}

/// Bytes of a text that count.
const COMPARED_BYTES: usize = 256;

/// Ranks of texts by reference, from 1; nothing has rank 0. Holds each different text once.
fn text_ranks(pack: &Pack, stages: &[&StageEntry], column: usize) -> io::Result<HashMap<i64, i64>> {
    let mut references = Vec::new();
    let mut scan = Scan::new(&pack.source);
    for stage in stages {
        scan.columns(stage, &[column], |values| {
            references.extend(values[0].iter().copied().filter(|reference| *reference != 0));
        })?;
    }
    // In the order of the chunks, so that each is read once.
    references.sort_unstable();
    let mut heap = HeapReader::default();
    let mut numbers: HashMap<Box<[u8]>, usize> = HashMap::new();
    let mut number_of = Vec::with_capacity(references.len());
    for reference in &references {
        let bytes = heap.bytes(&pack.source, &pack.directory.chunks, *reference)?;
        let shown = if column == ACCUMULABLES { Some(first_accumulable(bytes)?) } else { None };
        let compared = shown.as_deref().map_or(bytes, str::as_bytes);
        let compared = &compared[..compared.len().min(COMPARED_BYTES)];
        let next = numbers.len();
        let number = match numbers.get(compared) {
            Some(number) => *number,
            None => *numbers.entry(compared.into()).or_insert(next),
        };
        number_of.push(number);
    }
    let mut texts: Vec<(Box<[u8]>, usize)> = numbers.into_iter().collect();
    texts.sort_unstable();
    let mut ranks = vec![0; texts.len()];
    // An empty text is as good as none.
    let first = i64::from(texts.first().is_none_or(|(text, _)| !text.is_empty()));
    for ((_, number), rank) in texts.into_iter().zip(first..) {
        ranks[number] = rank;
    }
    Ok(references.into_iter().zip(number_of).map(|(r, number)| (r, ranks[number])).collect())
}

/// As Spark shows it to its sort.
fn first_accumulable(json: &[u8]) -> io::Result<String> {
    let all: Vec<Accumulable> = serde_json::from_slice(json)?;
    let first = all.first().ok_or_else(|| malformed("accumulables are missing"))?;
    let or_null = |text: &Option<String>| text.clone().unwrap_or_else(|| "null".to_owned());
    Ok(format!("{}:{}", or_null(&first.name), or_null(&first.value)))
}

#[cfg(test)]
mod tests {
    use super::super::columns::STATUSES;
    use super::*;

    #[test]
    fn statuses_sort_by_the_names_that_spark_writes() {
        let sorter = Sorter::Status([FLAGS]);
        let key = |code: i64| sorter.key(&[vec![code]], 0);
        let names = ["RUNNING", "GET RESULT", "SUCCESS", "FAILED", "KILLED"];
        assert_eq!(names.len(), STATUSES.len());
        for (a, a_name) in names.iter().enumerate() {
            for (b, b_name) in names.iter().enumerate() {
                let (a, b) = (a as i64, b as i64);
                assert_eq!(key(a).cmp(&key(b)), a_name.cmp(b_name), "{a_name} {b_name}");
            }
        }
    }
}
