use std::io;
use std::path::PathBuf;
use tinderbox_model::ErrorClass;

/// What can go wrong. [`Error::hint`] says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of models says something that cannot be.
    #[error("{file}:{line}: {field}{}{problem}", if field.is_empty() { "" } else { ": " })]
    Model {
        /// The file.
        file: String,
        /// Which line.
        line: usize,
        /// Which field, as `job_types.ETL_Pipeline.failure_rate`; empty where it is the whole file.
        field: String,
        /// What is wrong with it.
        problem: String,
        /// What to write.
        hint: String,
    },
    /// A file of models could not be read.
    #[error("cannot read the models in {path}")]
    ReadModels {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An argument is out of range, or names what is not there.
    #[error("{problem}")]
    Argument {
        /// What is wrong.
        problem: String,
        /// What to give.
        hint: String,
    },
    /// The folder has something in it.
    #[error("the folder {path} is not empty")]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The folder could not be made or looked at.
    #[error("cannot use the folder {path}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An event log could not be written.
    #[error("cannot write the event log {path}")]
    Log {
        /// The log.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be written.
    #[error(transparent)]
    Table(#[from] tinderbox_table::Error),
    /// A thread that made jobs came to an end by itself; a defect of ours.
    #[error("a thread that made jobs has died")]
    ThreadDied,
    /// It was asked to stop.
    #[error("stopped before all jobs were made")]
    Stopped,
}

impl Error {
    /// Whose fault it is and whether trying again can help.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Table(error) => error.class(),
            Self::ReadModels { .. } | Self::Folder { .. } | Self::Log { .. } => {
                ErrorClass::EXTERNAL
            }
            Self::ThreadDied => ErrorClass::INTERNAL,
            _ => ErrorClass::USER,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Model { hint, .. } | Self::Argument { hint, .. } => hint.clone(),
            Self::ReadModels { .. } => {
                "print the models to begin with: tinderbox generate models > models.yaml".to_owned()
            }
            Self::NotEmpty { .. } => {
                "give a folder that is new or empty, or --force to replace the data set in it".to_owned()
            }
            Self::Folder { .. } => {
                "give a folder that this user may make and write to, or a bucket that is there with its credentials in the environment".to_owned()
            }
            Self::Table(_) | Self::Log { .. } => {
                "nothing was left of the data set: check that the disk has space and that this user may write there"
                    .to_owned()
            }
            Self::ThreadDied => "report it with the arguments that were given".to_owned(),
            Self::Stopped => "nothing was left of the data set; start again".to_owned(),
        }
    }

    pub(crate) fn argument(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Argument { problem: problem.into(), hint: hint.into() }
    }
}

/// A hint for a word that is not among `valid`: the nearest one, else all of them.
pub(crate) fn suggestion(word: &str, valid: &[&str]) -> String {
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    let allowed = (word.chars().count() / 3).max(2);
    let near = valid
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(&plain(word), &plain(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance);
    match near {
        Some((_, candidate)) => format!("did you mean `{candidate}`?"),
        None => format!("one of: {}", valid.join(", ")),
    }
}
