use super::columns::{
    FINISH_TIME, LAUNCH_TIME, RUN_ATTEMPT, RUN_ID, STAGE_ATTEMPT, STAGE_ID, STATUS,
};
use super::reader::TaskFilter;
use super::{TASK_TABLE_VERSION, VERSION_KEY, WHAT, batch, columns};
use crate::error::Error;
use arrow_array::{Array, Int64Array, RecordBatch};
use arrow_schema::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use std::fs::File;
use std::ops::{ControlFlow, Range, RangeInclusive};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use tinderbox_model::{StageAttemptId, Task};

/// An open task table. Rows are numbered from 0 through the whole file.
pub(super) struct Table<'a> {
    path: &'a Path,
    file: File,
    metadata: ArrowReaderMetadata,
}

/// What a scan answers for every row.
#[derive(Clone, Copy)]
pub(super) enum Key {
    /// The row's number.
    Row,
    /// The sum of columns.
    Sum(&'static [&'static str]),
    /// Launch to finish, zero without a finish.
    Duration,
}

/// Rows that are decoded together.
const BATCH_ROWS: usize = 4_096;

impl<'a> Table<'a> {
    /// Reads the footer.
    pub(super) fn open(path: &'a Path) -> Result<Self, Error> {
        let file =
            File::open(path).map_err(|source| Error::Open { path: path.to_owned(), source })?;
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let metadata =
            ArrowReaderMetadata::load(&file, options).map_err(|e| Error::damaged(path, WHAT, e))?;
        let table = Self { path, file, metadata };
        match table.version() {
            Some(found) if found > TASK_TABLE_VERSION => Err(Error::NewerVersion {
                path: path.to_owned(),
                found,
                supported: TASK_TABLE_VERSION,
            }),
            Some(_) => Ok(table),
            None => Err(Error::damaged(path, WHAT, format!("no {VERSION_KEY} in its metadata"))),
        }
    }

    /// Calls `see` with the number and key of every fitting row, in order, until it breaks.
    pub(super) fn scan(
        &self,
        filter: &TaskFilter,
        key: Key,
        see: impl FnMut(u64, i64) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        guarded(self.path, || self.try_scan(filter, key, see))
    }

    /// The tasks of these rows, in the order of `rows`.
    pub(super) fn read(&self, rows: &[u64]) -> Result<Vec<Task>, Error> {
        guarded(self.path, || self.try_read(rows))
    }

    fn version(&self) -> Option<u64> {
        let pairs = self.metadata.metadata().file_metadata().key_value_metadata()?;
        pairs.iter().find(|pair| pair.key == VERSION_KEY)?.value.as_ref()?.parse().ok()
    }

    fn try_scan(
        &self,
        filter: &TaskFilter,
        key: Key,
        mut see: impl FnMut(u64, i64) -> ControlFlow<()>,
    ) -> Result<(), ParquetError> {
        for group in self.groups() {
            let fit = filter.stage.map_or(Fit::All, |stage| group.fit(stage));
            let all_fit = fit == Fit::All && filter.status.is_none();
            match (fit, key) {
                (Fit::None, _) => {}
                (_, Key::Row) if all_fit => {
                    for row in group.rows.clone() {
                        if see(row, as_i64(row)).is_break() {
                            return Ok(());
                        }
                    }
                }
                _ => {
                    if self.scan_group(&group, filter, key, &mut see)?.is_break() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    fn scan_group(
        &self,
        group: &Group<'_>,
        filter: &TaskFilter,
        key: Key,
        see: &mut impl FnMut(u64, i64) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, ParquetError> {
        let mut row = group.rows.start;
        let needed = columns_of(filter, key);
        for batch in self.batches(vec![group.index], &needed, None)? {
            let batch = batch?;
            let fits = Fits::of(&batch, filter)?;
            let keys = Keys::of(&batch, key)?;
            for at in 0..batch.num_rows() {
                if fits.row(at) && see(row, keys.row(at, row)).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                row += 1;
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn try_read(&self, rows: &[u64]) -> Result<Vec<Task>, ParquetError> {
        let mut sorted: Vec<(u64, usize)> = rows.iter().copied().zip(0..).collect();
        sorted.sort_unstable();
        let mut groups = Vec::new();
        let mut selected = Vec::new();
        let mut group_rows = 0;
        let mut rest = sorted.as_slice();
        for group in self.groups() {
            let (here, after) =
                rest.split_at(rest.partition_point(|(row, _)| *row < group.rows.end));
            rest = after;
            if here.is_empty() {
                continue;
            }
            groups.push(group.index);
            // Selections count rows through the chosen groups only.
            let at = |row: u64| group_rows + as_usize(row - group.rows.start);
            selected.extend(here.iter().map(|(row, _)| at(*row)..at(*row) + 1));
            group_rows += as_usize(group.rows.end - group.rows.start);
        }
        let selection =
            RowSelection::from_consecutive_ranges(joined(selected).into_iter(), group_rows);
        let schema = columns::schema();
        let names = schema.fields().iter().map(|field| field.name().as_str());
        // Every row of a file belongs to one attempt, which a task does not repeat.
        let needed: Vec<_> = names.filter(|name| ![RUN_ID, RUN_ATTEMPT].contains(name)).collect();
        let mut tasks: Vec<Option<Task>> = rows.iter().map(|_| None).collect();
        let mut places = sorted.iter().map(|(_, place)| *place);
        for batch in self.batches(groups, &needed, Some(selection))? {
            for task in batch::decode(&batch?)? {
                if let Some(place) = places.next() {
                    tasks[place] = Some(task);
                }
            }
        }
        tasks
            .into_iter()
            .collect::<Option<_>>()
            .ok_or_else(|| ParquetError::EOF(String::from("fewer rows than its footer says")))
    }

    fn batches(
        &self,
        groups: Vec<usize>,
        needed: &[&str],
        selection: Option<RowSelection>,
    ) -> Result<ParquetRecordBatchReader, ParquetError> {
        let file = self.file.try_clone()?;
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let mask = ProjectionMask::columns(builder.parquet_schema(), needed.iter().copied());
        let builder =
            builder.with_projection(mask).with_row_groups(groups).with_batch_size(BATCH_ROWS);
        match selection {
            Some(selection) => builder.with_row_selection(selection).build(),
            None => builder.build(),
        }
    }

    fn groups(&self) -> impl Iterator<Item = Group<'_>> {
        let mut start = 0;
        self.metadata.metadata().row_groups().iter().enumerate().map(move |(index, metadata)| {
            let rows = start..start + u64::try_from(metadata.num_rows()).unwrap_or(0);
            start = rows.end;
            Group { index, rows, metadata }
        })
    }
}

/// A row group.
struct Group<'a> {
    index: usize,
    rows: Range<u64>,
    metadata: &'a RowGroupMetaData,
}

/// How many rows of a row group are of a stage attempt.
#[derive(Clone, Copy, PartialEq)]
enum Fit {
    None,
    Some,
    All,
}

impl Group<'_> {
    fn fit(&self, stage: StageAttemptId) -> Fit {
        let (Some(stages), Some(attempts)) = (self.range(STAGE_ID), self.range(STAGE_ATTEMPT))
        else {
            return Fit::Some;
        };
        let attempt = i64::from(stage.attempt);
        if !stages.contains(&stage.stage.0) || !attempts.contains(&attempt) {
            Fit::None
        } else if stages.start() == stages.end() && attempts.start() == attempts.end() {
            Fit::All
        } else {
            Fit::Some
        }
    }

    /// Smallest to largest value of a column of numbers, when the file says so.
    fn range(&self, name: &str) -> Option<RangeInclusive<i64>> {
        let column = self.metadata.columns().iter().find(|c| c.column_path().string() == name)?;
        match column.statistics()? {
            Statistics::Int64(values) => Some(*values.min_opt()?..=*values.max_opt()?),
            _ => None,
        }
    }
}

/// Makes an error of everything that reading a damaged file can do: the library that decodes pages checks lengths in
/// some places by panicking. What was half-read is dropped with the closure.
fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, Error> {
    match std::panic::catch_unwind(AssertUnwindSafe(read)) {
        Ok(result) => result.map_err(|e| Error::damaged(path, WHAT, e)),
        Err(_) => Err(Error::damaged(path, WHAT, "a page that cannot be decoded")),
    }
}

fn columns_of(filter: &TaskFilter, key: Key) -> Vec<&'static str> {
    let mut needed = Vec::new();
    if filter.stage.is_some() {
        needed.extend([STAGE_ID, STAGE_ATTEMPT]);
    }
    if filter.status.is_some() {
        needed.push(STATUS);
    }
    match key {
        Key::Row => {}
        Key::Sum(columns) => needed.extend(columns),
        Key::Duration => needed.extend([LAUNCH_TIME, FINISH_TIME]),
    }
    needed
}

/// Which rows of a batch fit a filter.
struct Fits<'a> {
    stage: Option<(&'a Int64Array, &'a Int64Array, StageAttemptId)>,
    status: Option<(&'a arrow_array::StringArray, &'static str)>,
}

impl<'a> Fits<'a> {
    fn of(batch: &'a RecordBatch, filter: &TaskFilter) -> Result<Self, ArrowError> {
        let mut fits = Self { stage: None, status: None };
        if let Some(stage) = filter.stage {
            let stages = batch::numbers(batch, STAGE_ID)?;
            fits.stage = Some((stages, batch::numbers(batch, STAGE_ATTEMPT)?, stage));
        }
        if let Some(status) = filter.status {
            fits.status = Some((batch::texts(batch, STATUS)?, batch::status_name(status)));
        }
        Ok(fits)
    }

    fn row(&self, at: usize) -> bool {
        self.stage.is_none_or(|(stages, attempts, stage)| {
            stages.value(at) == stage.stage.0 && attempts.value(at) == i64::from(stage.attempt)
        }) && self.status.is_none_or(|(statuses, status)| statuses.value(at) == status)
    }
}

/// The keys of a batch's rows.
enum Keys<'a> {
    Row,
    Sum(Vec<&'a Int64Array>),
    Duration { launch: &'a Int64Array, finish: &'a Int64Array },
}

impl<'a> Keys<'a> {
    fn of(batch: &'a RecordBatch, key: Key) -> Result<Self, ArrowError> {
        Ok(match key {
            Key::Row => Self::Row,
            Key::Sum(columns) => Self::Sum(
                columns.iter().map(|name| batch::numbers(batch, name)).collect::<Result<_, _>>()?,
            ),
            Key::Duration => Self::Duration {
                launch: batch::numbers(batch, LAUNCH_TIME)?,
                finish: batch::numbers(batch, FINISH_TIME)?,
            },
        })
    }

    fn row(&self, at: usize, row: u64) -> i64 {
        let value = |column: &Int64Array| if column.is_valid(at) { column.value(at) } else { 0 };
        match self {
            Self::Row => as_i64(row),
            Self::Sum(columns) => columns.iter().fold(0, |sum, c| sum.saturating_add(value(c))),
            Self::Duration { launch, finish } if finish.is_valid(at) => {
                finish.value(at).saturating_sub(launch.value(at)).max(0)
            }
            Self::Duration { .. } => 0,
        }
    }
}

/// Sorted ranges, neighbors made one.
fn joined(ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => joined.push(range),
        }
    }
    joined
}

fn as_i64(row: u64) -> i64 {
    i64::try_from(row).unwrap_or(i64::MAX)
}

fn as_usize(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}
