use std::io;
use std::path::PathBuf;
use tinderbox_model::ErrorClass;

/// Why an event log cannot be had. Each names the path.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing is at the path.
    #[error("{} does not exist", path.display())]
    Missing {
        /// What was asked for.
        path: PathBuf,
    },
    /// Something is there and the operating system does not let us read it.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file has no byte of events.
    #[error("{} is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The first line is no event of Spark.
    #[error("{} is no Spark event log: it begins with {found}", path.display())]
    NotALog {
        /// The file.
        path: PathBuf,
        /// The beginning of its first line, or what kind of data it is.
        found: String,
    },
    /// A directory that holds whole logs instead of the parts of one.
    #[error("{} holds {count} event logs", path.display())]
    SeveralLogs {
        /// The directory.
        path: PathBuf,
        /// How many.
        count: usize,
        /// The newest of them.
        newest: PathBuf,
    },
    /// A directory without any log.
    #[error("{} holds no event log", path.display())]
    NoLogs {
        /// The directory.
        path: PathBuf,
    },
    /// A file whose compressed data cannot be decoded.
    #[error("cannot decode {}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Which codec, and why.
        source: tinderbox_spark::Error,
    },
}

impl Error {
    /// What the user can do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Missing { .. } => String::from(
                "check the path; Spark writes event logs to spark.eventLog.dir when spark.eventLog.enabled=true",
            ),
            Self::Unreadable { .. } => {
                String::from("check the rights of the file and of the folders above it")
            }
            Self::Empty { .. } => String::from(
                "if the application runs, wait for its first events; Spark writes compressed logs in blocks",
            ),
            Self::NotALog { .. } => String::from(
                "give the file that Spark wrote to spark.eventLog.dir; driver logs (log4j) are something else",
            ),
            Self::SeveralLogs { newest, .. } => {
                format!("name one of them, for example {}", newest.display())
            }
            Self::NoLogs { .. } => String::from(
                "give a log file, a folder eventlog_v2_… of a rolling log, or the folder of spark.eventLog.dir",
            ),
            Self::Format { source, .. } => source.hint().to_owned(),
        }
    }

    /// Whose fault it is and whether trying again helps.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Unreadable { source, .. }
                if source.kind() != io::ErrorKind::PermissionDenied
                    && source.kind() != io::ErrorKind::NotADirectory =>
            {
                ErrorClass::EXTERNAL
            }
            _ => ErrorClass::USER,
        }
    }
}
