use std::io;
use std::path::{Path, PathBuf};
use tinderbox_model::ErrorClass;

/// What can go wrong with a file. [`Error::hint`] says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file or its folder could not be written; nothing is left of it.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file could not be opened.
    #[error("cannot open {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is cut short, damaged, or was never one of ours.
    #[error("{path} is damaged, cut short, or no {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
        /// What gave it away.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A folder without the file that makes it a data set of jobs.
    #[error(
        "{folder} is no data set of jobs: there is neither jobs/spark_jobs.parquet nor spark_jobs.parquet in it"
    )]
    NoJobSet {
        /// The folder.
        folder: PathBuf,
    },
    /// A file of a data set cannot be read as Parquet.
    #[error("cannot read the Parquet file {path}")]
    JobSetFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A table of a data set is not of the form that it should have.
    #[error("{path} is not a table of {table}: {}", problems.join("; "))]
    JobSetForm {
        /// The file.
        path: PathBuf,
        /// `jobs`, `operators` or `errors`.
        table: &'static str,
        /// What is wrong, by column.
        problems: Vec<String>,
    },
    /// A newer program wrote the file.
    #[error(
        "{path} was written by a newer Tinderbox: its format is version {found}, this program reads up to {supported}"
    )]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The newest version that this program reads.
        supported: u64,
    },
}

impl Error {
    /// Whose fault it is and whether trying again can help.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Write { .. } | Self::Open { .. } | Self::Damaged { .. } => ErrorClass::EXTERNAL,
            Self::NewerVersion { .. }
            | Self::NoJobSet { .. }
            | Self::JobSetFile { .. }
            | Self::JobSetForm { .. } => ErrorClass::USER,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Write { .. } => {
                "check that the disk has space and that this user may write the data directory"
            }
            Self::Open { .. } => "check that the file is there and that this user may read it",
            Self::Damaged { .. } => {
                "collect the run's event log again, or restore the file from a backup"
            }
            Self::NoJobSet { .. } => {
                "name the folder that `tinderbox generate --out` has written, or one that holds jobs/spark_jobs.parquet"
            }
            Self::JobSetFile { .. } => {
                "check that it is a whole Parquet file; write the data set again"
            }
            Self::JobSetForm { .. } => "docs/import.md lists the columns and their types",
            Self::NewerVersion { .. } => "use the newer program, or another --data-dir",
        }
    }

    pub(crate) fn write(
        path: &Path,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Write { path: path.to_owned(), source: source.into() }
    }

    pub(crate) fn damaged(
        path: &Path,
        what: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Damaged { path: path.to_owned(), what, source: source.into() }
    }
}
