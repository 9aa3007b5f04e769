use crate::Location;
use std::io;
use std::time::Duration;
use tinderbox_model::ErrorClass;

/// Why an event log cannot be had. Each names the place: a path or a URL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL cannot be used.
    #[error("cannot use the URL {url}: {reason}")]
    Url {
        /// The URL without credentials.
        url: String,
        /// Why.
        reason: String,
    },
    /// A setting of a source does not fit.
    #[error("cannot use {name}: {reason}")]
    Setting {
        /// Which.
        name: String,
        /// Why, without secrets.
        reason: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// A server refused, or answered with something else.
    #[error("{url} answered {status}: {reason}")]
    Answer {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The beginning of the answer, or what is wrong with it.
        reason: String,
        /// How long the server asks to wait.
        wait: Option<Duration>,
    },
    /// A downloaded archive is not what it should be.
    #[error("cannot use the archive from {url}: {reason}")]
    Archive {
        /// Where it came from.
        url: String,
        /// Why.
        reason: String,
        /// Whether another download may be better.
        again: bool,
    },
    /// An object has a key that is no path. It is left out of its list.
    #[error("cannot use the key {place}: {reason}")]
    Key {
        /// The key up to the part that is no part of a path; of a list that fails as a whole, its prefix.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A prefix of an object store below which there are folders, and nothing else.
    #[error("{place} holds folders only")]
    OnlyFolders {
        /// The prefix.
        place: String,
    },
    /// Nothing is at the path.
    #[error("{place} does not exist")]
    Missing {
        /// What was asked for.
        place: String,
    },
    /// Something is there and the operating system does not let us read it.
    #[error("cannot read {place}")]
    Unreadable {
        /// The file or directory.
        place: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// Something else is there already, and stays.
    #[error("{place} is there already, with another content")]
    Exists {
        /// The object.
        place: String,
    },
    /// The object cannot be written.
    #[error("cannot write {place}")]
    Unwritable {
        /// The object.
        place: String,
        /// What the store said.
        source: io::Error,
    },
    /// The file has no byte of events.
    #[error("{place} is empty")]
    Empty {
        /// The file.
        place: String,
    },
    /// The first line is no event of Spark.
    #[error("{place} is no Spark event log: it begins with {found}")]
    NotALog {
        /// The file.
        place: String,
        /// The beginning of its first line, or what kind of data it is.
        found: String,
    },
    /// A directory that holds whole logs instead of the parts of one.
    #[error("{place} holds {count} event logs")]
    SeveralLogs {
        /// The directory.
        place: String,
        /// How many.
        count: usize,
        /// The newest of them.
        newest: String,
    },
    /// A directory without any log.
    #[error("{place} holds no event log")]
    NoLogs {
        /// The directory.
        place: String,
    },
    /// A file whose compressed data cannot be decoded.
    #[error("cannot decode {place}")]
    Format {
        /// The file.
        place: String,
        /// Which codec, and why.
        source: tinderbox_spark::Error,
    },
}

impl Error {
    /// What the user can do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Url { .. } => String::from(
                "give a path, or a URL s3://, gs://, az:// or abfss:// with credentials in the environment; for other \
                 stores that speak S3 set AWS_ENDPOINT_URL",
            ),
            Self::Setting { hint, .. } => String::from(*hint),
            Self::Answer { status: 401 | 403, .. } => String::from(
                "give credentials: a file with the header for --header-file, or the name of a variable for \
                 --bearer-token-variable",
            ),
            Self::Answer { status: 404, .. } => String::from(
                "check that the URL is the one of Spark's History Server and that it still has the application",
            ),
            Self::Answer { .. } => String::from("try again later, or look into the server's log"),
            Self::Archive { .. } => String::from(
                "collect again; if it stays so, read the server's log directory with `tinderbox collect`",
            ),
            Self::Key { .. } => String::from(
                "copy the object to a key without empty parts (`//`), `.`, `..` and control characters, or remove it",
            ),
            Self::OnlyFolders { .. } => String::from(
                "add --recursive to read the logs of all folders below, or name the folder with the logs",
            ),
            Self::Missing { place } if place.contains("://") => String::from(
                "check bucket and prefix; an empty prefix does not exist in an object store",
            ),
            Self::Missing { .. } => String::from(
                "check the path; Spark writes event logs to spark.eventLog.dir when spark.eventLog.enabled=true",
            ),
            Self::Unreadable { place, .. } if place.starts_with("http") => {
                String::from("check the URL, the network and, where one is needed, --proxy")
            }
            Self::Unreadable { place, .. } if place.contains("://") => String::from(
                "check credentials, region and endpoint in the environment (AWS_…, GOOGLE_… or AZURE_…); credentials \
                 of the machine itself need --allow-instance-metadata",
            ),
            Self::Unreadable { .. } => {
                String::from("check the rights of the file and of the folders above it")
            }
            Self::Exists { .. } => String::from(
                "nothing is overwritten: choose another name, or remove the object first",
            ),
            Self::Unwritable { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                String::from(
                    "check the credentials in the environment (AWS_…), and that they may write to the bucket",
                )
            }
            Self::Unwritable { .. } => String::from(
                "check endpoint, region and network (AWS_ENDPOINT_URL, AWS_REGION), then try again",
            ),
            Self::Empty { .. } => String::from(
                "if the application runs, wait for its first events; Spark writes compressed logs in blocks",
            ),
            Self::NotALog { .. } => String::from(
                "give the file that Spark wrote to spark.eventLog.dir; driver logs (log4j) are something else",
            ),
            Self::SeveralLogs { newest, .. } => {
                format!("name one of them, for example {newest}")
            }
            Self::NoLogs { .. } => String::from(
                "give a log file, a folder eventlog_v2_… of a rolling log, or the folder of spark.eventLog.dir",
            ),
            Self::Format { source, .. } => source.hint().to_owned(),
        }
    }

    /// Whether a request may succeed when it is sent again.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Answer { status, .. } => matches!(status, 408 | 425 | 429 | 500..),
            Self::Archive { again, .. } => *again,
            Self::Unreadable { place, source } => {
                place.starts_with("http") && source.kind() != io::ErrorKind::PermissionDenied
            }
            _ => false,
        }
    }

    /// How long the server asks to wait.
    pub(crate) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Answer { wait, .. } => *wait,
            _ => None,
        }
    }

    /// Whose fault it is and whether trying again helps.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Answer { status, .. } if *status >= 500 || *status == 429 => ErrorClass::EXTERNAL,
            Self::Archive { .. } => ErrorClass::EXTERNAL,
            Self::Unwritable { source, .. }
                if !matches!(
                    source.kind(),
                    io::ErrorKind::PermissionDenied | io::ErrorKind::FileTooLarge
                ) =>
            {
                ErrorClass::EXTERNAL
            }
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

/// An error at a place as ours.
pub(crate) fn of_io(place: &Location, source: io::Error) -> Error {
    let place = place.to_string();
    match source.kind() {
        io::ErrorKind::NotFound => Error::Missing { place },
        io::ErrorKind::InvalidFilename if place.contains("://") => {
            Error::Key { place, reason: source.to_string() }
        }
        _ => Error::Unreadable { place, source },
    }
}
