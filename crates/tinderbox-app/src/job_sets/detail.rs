//! One job of a data set.

use super::{JobSets, OpenSet};
use crate::{App, Error, RunError, blocking, lock};
use std::sync::{Arc, Mutex};
use tinderbox_model::TimestampMs;
use tinderbox_spark::causes;
use tinderbox_table::{DetailFile, ErrorRow, JobRow};

pub use tinderbox_table::OperatorRow as ImportedOperator;

/// An error of a job of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedError {
    /// As errors of runs are told.
    pub error: RunError,
    /// As the data set tells it.
    pub row: ErrorRow,
}

/// A job of a data set.
#[derive(Debug, Clone)]
pub struct ImportedJob {
    pub(crate) set: Arc<OpenSet>,
    /// What is known of it.
    pub row: JobRow,
}

impl JobSets {
    /// The job with this id, in the set that was read first.
    fn find(&self, id: &str) -> Result<Option<ImportedJob>, Error> {
        for set in self.all().iter() {
            if let Some(row) = set.index.find(id)? {
                return Ok(Some(ImportedJob { set: Arc::clone(set), row }));
            }
        }
        Ok(None)
    }
}

impl App {
    pub(crate) async fn is_imported(&self, id: &str) -> Result<bool, Error> {
        if self.inner.job_sets.all().is_empty() {
            return Ok(false);
        }
        let (app, id) = (self.clone(), id.to_owned());
        blocking(move || Ok(app.inner.job_sets.find(&id)?.is_some())).await
    }

    /// A job of a data set by its id. The id may be shortened to a unique beginning where no run is called so.
    ///
    /// # Errors
    /// [`Error::AmbiguousRun`], [`Error::Table`], [`Error::Store`].
    pub async fn imported_job(&self, id: &str) -> Result<Option<ImportedJob>, Error> {
        if self.inner.job_sets.all().is_empty() {
            return Ok(None);
        }
        let (app, text) = (self.clone(), id.to_owned());
        let found = blocking(move || app.inner.job_sets.find(&text)).await?;
        if found.is_some() || id.is_empty() || id == "latest" {
            return Ok(found);
        }
        match self.find(id).await {
            Err(Error::NoSuchRun { .. }) => {}
            // A run is meant, or several.
            _ => return Ok(None),
        }
        let (app, text) = (self.clone(), id.to_owned());
        blocking(move || {
            let mut ids = Vec::new();
            for set in app.inner.job_sets.all().iter() {
                ids.extend(set.index.ids_beginning(&text, 5)?);
            }
            ids.dedup();
            match ids.as_slice() {
                [] => Ok(None),
                [id] => app.inner.job_sets.find(id),
                _ => Err(Error::AmbiguousRun {
                    id: text,
                    matches: ids.into_iter().take(5).collect(),
                }),
            }
        })
        .await
    }

    /// The operators of a job of a data set, by their place in it.
    ///
    /// # Errors
    /// [`Error::Table`].
    pub async fn imported_operators(
        &self,
        job: &ImportedJob,
    ) -> Result<Vec<ImportedOperator>, Error> {
        let job = job.clone();
        blocking(move || {
            let set = &job.set;
            let ranges = set.index.operators(job.row.number)?;
            let Some(path) = set.files.operators.as_ref().filter(|_| !ranges.is_empty()) else {
                return Ok(Vec::new());
            };
            let file = opened(&set.operators, || DetailFile::operators(path))?;
            let mut operators = file.read_operators(&ranges)?;
            operators.sort_by_key(|operator| operator.stage_id);
            Ok(operators)
        })
        .await
    }

    /// The errors of a job of a data set: those of the job first, warnings last.
    ///
    /// # Errors
    /// [`Error::Table`].
    pub async fn imported_errors(&self, job: &ImportedJob) -> Result<Vec<ImportedError>, Error> {
        let job = job.clone();
        blocking(move || {
            let set = &job.set;
            let ranges = set.index.errors(job.row.number)?;
            let Some(path) = set.files.errors.as_ref().filter(|_| !ranges.is_empty()) else {
                return Ok(Vec::new());
            };
            let file = opened(&set.errors, || DetailFile::errors(path))?;
            let mut errors = file.read_errors(&ranges)?;
            let rank = |kind: &str| match kind {
                "JOB_FAILURE" => 0,
                "WARNING" => 2,
                _ => 1,
            };
            errors.sort_by_key(|error| rank(&error.error_type));
            let of = |row: ErrorRow| ImportedError { error: run_error(&row), row };
            Ok(errors.into_iter().map(of).collect())
        })
        .await
    }
}

fn opened(
    kept: &Mutex<Option<Arc<DetailFile>>>,
    open: impl FnOnce() -> Result<DetailFile, tinderbox_table::Error>,
) -> Result<Arc<DetailFile>, Error> {
    let mut kept = lock(kept);
    match kept.as_ref() {
        Some(file) => Ok(Arc::clone(file)),
        None => Ok(Arc::clone(kept.insert(Arc::new(open()?)))),
    }
}

fn run_error(error: &ErrorRow) -> RunError {
    let text = match &error.stack_trace {
        Some(trace) if trace.starts_with(&error.error_message) => trace.clone(),
        Some(trace) => format!("{}\n{trace}", error.error_message),
        None => error.error_message.clone(),
    };
    RunError {
        scope: if error.operator_id.is_some() { "operator" } else { "run" },
        class: error.error_type.clone(),
        message: error.error_message.lines().next().unwrap_or_default().to_owned(),
        causes: causes(&text),
        text,
        count: 1,
        stage: None,
        first: error.time_us.map(|us| TimestampMs(us.div_euclid(1_000))),
    }
}
