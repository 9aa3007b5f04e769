//! From the files of a data set to an index of its jobs.

use super::columns::{Found, Kind, needed, of_jobs};
use super::detail::{ERRORS, OPERATORS};
use super::facts::{JobSetFacts, JobSetWarning};
use crate::error::Error;
use crate::job_index::{DetailRanges, JobColumn, JobIndexWriter};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::UNIX_EPOCH;

/// Rows that are converted together.
const BATCH_ROWS: usize = 16_384;
/// Longest id.
const ID_LIMIT: usize = u16::MAX as usize;

/// The files of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSet {
    /// The table of jobs.
    pub jobs: PathBuf,
    /// The table of operators.
    pub operators: Option<PathBuf>,
    /// The table of errors.
    pub errors: Option<PathBuf>,
}

impl JobSet {
    /// Looks for the files: `jobs/spark_jobs.parquet` and its siblings, or all of them in the folder itself.
    ///
    /// # Errors
    /// [`Error::NoJobSet`] where there is no table of jobs.
    pub fn find(folder: &Path) -> Result<Self, Error> {
        let file = |table: &str| {
            let name = format!("spark_{table}.parquet");
            [folder.join(table).join(&name), folder.join(name)].into_iter().find(|f| f.is_file())
        };
        let no_set = || Error::NoJobSet { folder: folder.to_owned() };
        let jobs = file("jobs").ok_or_else(no_set)?;
        Ok(Self { jobs, operators: file("operators"), errors: file("errors") })
    }

    /// Its files.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let others = [&self.operators, &self.errors];
        std::iter::once(self.jobs.as_path())
            .chain(others.into_iter().flatten().map(PathBuf::as_path))
    }

    /// Differs when a file was written anew: names, sizes and times of writing.
    ///
    /// # Errors
    /// [`Error::Open`] when a file is gone.
    pub fn stamp(&self) -> Result<String, Error> {
        let mut stamp = String::new();
        for path in self.files() {
            let opened = |source| Error::Open { path: path.to_owned(), source };
            let metadata = std::fs::metadata(path).map_err(opened)?;
            let modified = metadata.modified().map_err(opened)?.duration_since(UNIX_EPOCH);
            let modified = modified.map_or(0, |time| time.as_nanos());
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            stamp.push_str(&format!("{name} {} {modified}\n", metadata.len()));
        }
        Ok(stamp)
    }

    /// Reads all tables and writes the index of the jobs, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Open`], [`Error::JobSetFile`], [`Error::JobSetForm`], [`Error::Write`].
    pub fn write_index(&self, path: &Path) -> Result<JobSetFacts, Error> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(|e| Error::write(folder, e))?;
        let mut writer = JobIndexWriter::new(folder).map_err(|e| Error::write(path, e))?;
        let (reader, found) = open(&self.jobs, "jobs", &of_jobs())?;
        std::thread::scope(|scope| {
            let (sender, batches) = mpsc::sync_channel(2);
            scope.spawn(|| {
                let sender = sender;
                for batch in reader {
                    let arrays =
                        jobs_of(&self.jobs, &found, batch.map_err(|e| unreadable(&self.jobs, e)));
                    let is_last = arrays.is_err();
                    // Nobody listens any more after an error on the other side.
                    if sender.send(arrays).is_err() || is_last {
                        break;
                    }
                }
            });
            for arrays in batches {
                writer.push(&arrays?).map_err(|e| Error::write(path, e))?;
            }
            Ok::<_, Error>(())
        })?;
        let closed = writer.close().map_err(|e| Error::write(path, e))?;
        let mut facts = JobSetFacts::default();
        if closed.known.num_duplicates() > 0 {
            let (count, ids) = (closed.known.num_duplicates(), closed.known.duplicates(3));
            facts.warnings.push(JobSetWarning::DuplicateJobs { count, ids });
        }
        let mut operators = DetailRanges::default();
        if let Some(file) = &self.operators {
            Found::new(file, "operators", OPERATORS, schema(file)?.as_ref())?;
            let (reader, found) = open(file, "operators", &[needed("job_id", Kind::Text)])?;
            for batch in reader {
                let arrays = found.arrays(&batch.map_err(|e| unreadable(file, e))?)?;
                operators.push(&closed.known, texts(&arrays, 0).iter().flat_map(|ids| ids.iter()));
            }
            facts.num_operators = operators.num_rows();
            note_stray(&mut facts, "operators", &operators);
        }
        let mut errors = DetailRanges::default();
        if let Some(file) = &self.errors {
            Found::new(file, "errors", ERRORS, schema(file)?.as_ref())?;
            let columns = [needed("job_id", Kind::Text), needed("error_type", Kind::Text)];
            let (reader, found) = open(file, "errors", &columns)?;
            for batch in reader {
                let arrays = found.arrays(&batch.map_err(|e| unreadable(file, e))?)?;
                errors.push(&closed.known, texts(&arrays, 0).iter().flat_map(|ids| ids.iter()));
                let types = texts(&arrays, 1);
                let types = types.iter().flat_map(|types| types.iter());
                facts.num_warnings += types.filter(|kind| *kind == Some("WARNING")).count() as u64;
            }
            facts.num_errors = errors.num_rows() - facts.num_warnings;
            note_stray(&mut facts, "errors", &errors);
        }
        let told = serde_json::to_vec(&facts).map_err(|e| Error::write(path, e))?;
        closed.write(path, operators, errors, &told)?;
        Ok(facts)
    }
}

fn note_stray(facts: &mut JobSetFacts, table: &str, ranges: &DetailRanges) {
    if ranges.num_stray > 0 {
        let (table, count) = (table.to_owned(), ranges.num_stray);
        facts.warnings.push(JobSetWarning::StrayRows { table, count });
    }
}

fn texts(arrays: &[Option<ArrayRef>], at: usize) -> Option<&StringArray> {
    arrays.get(at)?.as_ref()?.as_any().downcast_ref()
}

pub(super) fn unreadable(
    path: &Path,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::JobSetFile { path: path.to_owned(), source: source.into() }
}

fn builder(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, Error> {
    let file = File::open(path).map_err(|source| Error::Open { path: path.to_owned(), source })?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| unreadable(path, e))
}

fn schema(path: &Path) -> Result<Arc<arrow_schema::Schema>, Error> {
    Ok(Arc::clone(builder(path)?.schema()))
}

fn open(
    path: &Path,
    table: &'static str,
    columns: &[super::columns::Column],
) -> Result<(ParquetRecordBatchReader, Found), Error> {
    let builder = builder(path)?;
    let found = Found::new(path, table, columns, builder.schema())?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), found.places());
    let reader = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build();
    Ok((reader.map_err(|e| unreadable(path, e))?, found))
}

/// The columns of some jobs. What another column tells in another unit is worked out.
fn jobs_of(
    path: &Path,
    found: &Found,
    batch: Result<RecordBatch, Error>,
) -> Result<Vec<Option<ArrayRef>>, Error> {
    let mut arrays = found.arrays(&batch?)?;
    let ids = texts(&arrays, 0).ok_or_else(|| unreadable(path, "there are no ids in it"))?;
    if ids.null_count() > 0 {
        return Err(found.form("column job_id has rows without a value".to_owned()));
    }
    if let Some(long) = ids.iter().flatten().find(|id| id.len() > ID_LIMIT) {
        let start: String = long.chars().take(40).collect();
        return Err(
            found.form(format!("column job_id has an id of {} bytes, {start}…", long.len()))
        );
    }
    if arrays[JobColumn::DurationMs.at()].is_none() {
        let seconds = arrays[JobColumn::DurationSeconds.at()].as_ref();
        arrays[JobColumn::DurationMs.at()] = seconds.and_then(|seconds| {
            let seconds = seconds.as_any().downcast_ref::<Int64Array>()?;
            let ms = seconds.iter().map(|seconds| seconds.map(|s| s.saturating_mul(1_000)));
            Some(Arc::new(ms.collect::<Int64Array>()) as ArrayRef)
        });
    }
    for (bytes, mb) in [
        (JobColumn::InputBytes, JobColumn::InputMb),
        (JobColumn::OutputBytes, JobColumn::OutputMb),
        (JobColumn::ShuffleReadBytes, JobColumn::ShuffleReadMb),
        (JobColumn::ShuffleWriteBytes, JobColumn::ShuffleWriteMb),
    ] {
        if arrays[bytes.at()].is_none() {
            let mb = arrays[mb.at()].as_ref();
            arrays[bytes.at()] = mb.and_then(|mb| {
                let mb = mb.as_any().downcast_ref::<Float64Array>()?;
                Some(Arc::new(mb.iter().map(|mb| mb.map(bytes_of)).collect::<Int64Array>())
                    as ArrayRef)
            });
        }
    }
    Ok(arrays)
}

#[allow(clippy::cast_possible_truncation, reason = "such casts end at the ends of the type")]
fn bytes_of(mb: f64) -> i64 {
    (mb * 1_048_576.0).round() as i64
}
