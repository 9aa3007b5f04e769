use crate::Error;
use crate::Follower;
use crate::log_directory::{file_names, list};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use tinderbox_model::{Application, Bytes, Task, TimestampMs};
use tinderbox_spark::Fold;
use tinderbox_spark::log::{Codec, Lines as FirstLines, Parts, application_name};

/// An event log: one file, or a directory of parts. Known by its names and sizes; nothing of it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLog {
    /// `<app>[_<attempt>]` of its name. For lists only: the application id is in the log itself.
    pub name: String,
    /// The file or directory.
    pub path: PathBuf,
    /// Changes whenever the log does.
    pub version: LogVersion,
    /// Files in the order of their events.
    pub(crate) files: Vec<PathBuf>,
    /// Numbers of parts that are absent.
    pub(crate) missing: Vec<u64>,
}

/// What tells cheaply whether a log changed since it was read: an equal version means the same events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogVersion {
    /// Bytes of all its files.
    pub size: Bytes,
    /// The latest change of one of them.
    pub modified: TimestampMs,
    /// How many files.
    pub files: usize,
    /// Whether Spark has not closed it: the application runs, or its driver died.
    pub in_progress: bool,
}

/// In one word, for the store.
impl fmt::Display for LogVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.in_progress { "open" } else { "closed" };
        write!(f, "{}-{}-{}-{state}", self.size.0, self.modified.0, self.files)
    }
}

impl EventLog {
    /// Bytes that the check of the first line reads at most; a binary file may have no line end.
    const FIRST_LINE_BYTES: u64 = 4 * 1024 * 1024;

    /// Spark writes the start of an application behind its environment, block managers and resource profiles.
    const HEAD_LINES: usize = 50;

    /// Reads the whole log with as many threads. Ended tasks are handed to `on_task` as they come,
    /// those that had not ended when the log did after them.
    ///
    /// # Errors
    /// When its first file cannot be read or decoded. Later ones only mark the application as cut short.
    pub fn read(
        &self,
        threads: usize,
        on_task: &mut (dyn FnMut(Task) + Send),
    ) -> Result<Application, Error> {
        let mut follower = Follower::default();
        follower.advance(self, threads, on_task)?;
        Ok(follower.finish(on_task))
    }

    /// Finds the files of the log at `path` without reading them.
    pub(crate) fn find(path: &Path) -> Result<Self, Error> {
        if let Some(log) = Self::at(path)? {
            return Ok(log);
        }
        let logs = list(path)?;
        Err(match logs.first() {
            Some(newest) => Error::SeveralLogs {
                path: path.to_owned(),
                count: logs.len(),
                newest: newest.path.clone(),
            },
            None => Error::NoLogs { path: path.to_owned() },
        })
    }

    /// The log that a file is, or that the parts in a directory are; `None` for a directory without parts.
    pub(crate) fn at(path: &Path) -> Result<Option<Self>, Error> {
        let metadata = fs::metadata(path).map_err(|source| of_io(path, source))?;
        if !metadata.is_dir() {
            let in_progress = name_of(path).ends_with(".inprogress");
            let files = vec![path.to_owned()];
            return Self::of_files(path, files, Vec::new(), in_progress).map(Some);
        }
        let names = file_names(path)?;
        let Some(parts) = Parts::of(names.iter().map(String::as_str)) else {
            return Ok(None);
        };
        let files = parts.parts.iter().map(|part| path.join(&part.name)).collect();
        Self::of_files(path, files, parts.missing, parts.in_progress).map(Some)
    }

    /// Looks at the beginning: whether it is a log, and whose. Id, attempt, name, user and start of the application
    /// are known when its start event is among the first lines, where Spark writes it.
    ///
    /// # Errors
    /// As [`crate::open`].
    pub fn head(&self) -> Result<Application, Error> {
        self.check()?;
        let path = self.files.first().unwrap_or(&self.path);
        let (file, codec) = open_file(path)?;
        let reader = codec.decode(BufReader::new(file)).map_err(|source| of_spark(path, source))?;
        let mut lines = FirstLines::new(reader.take(Self::FIRST_LINE_BYTES));
        let mut fold = Fold::new();
        for _ in 0..Self::HEAD_LINES {
            match lines.read() {
                Ok(Some(line)) if line.ended => fold.line(line.bytes, &mut |_| {}),
                _ => break,
            }
            if fold.head().id.is_some() {
                break;
            }
        }
        Ok(fold.head().clone())
    }

    /// Looks at the first line.
    pub(crate) fn check(&self) -> Result<(), Error> {
        // `files` is never empty: `Parts::of` gives none without a part.
        let path = self.files.first().unwrap_or(&self.path);
        let (file, codec) = open_file(path)?;
        let reader = codec.decode(BufReader::new(file)).map_err(|source| of_spark(path, source))?;
        let mut lines = FirstLines::new(reader.take(Self::FIRST_LINE_BYTES));
        loop {
            let line = match lines.read() {
                Ok(Some(line)) if line.bytes.trim_ascii().is_empty() => continue,
                Ok(Some(line)) => line,
                Ok(None) => return Err(Error::Empty { path: path.clone() }),
                // A cut first frame of a log that begins: nothing can be said of it yet.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Err(Error::Empty { path: path.clone() });
                }
                Err(source) if source.kind() == ErrorKind::InvalidData => {
                    return Err(of_spark(path, tinderbox_spark::Error::Damaged { codec, source }));
                }
                Err(source) => return Err(of_io(path, source)),
            };
            let is_event = tinderbox_spark::event_name(line.bytes).is_some()
                || (!line.ended && line.bytes.starts_with(b"{\"Event\":"));
            return if is_event {
                Ok(())
            } else {
                Err(Error::NotALog { path: path.clone(), found: describe(line.bytes) })
            };
        }
    }

    fn of_files(
        path: &Path,
        files: Vec<PathBuf>,
        missing: Vec<u64>,
        in_progress: bool,
    ) -> Result<Self, Error> {
        let mut version = LogVersion {
            size: Bytes::ZERO,
            modified: TimestampMs::default(),
            files: files.len(),
            in_progress,
        };
        for file in &files {
            let metadata = fs::metadata(file).map_err(|source| of_io(file, source))?;
            version.size += Bytes(metadata.len());
            version.modified = version.modified.max(modified(&metadata));
        }
        let name = application_name(&name_of(path)).to_owned();
        Ok(Self { name, path: path.to_owned(), version, files, missing })
    }
}

/// Opens a file and finds its codec: by its first bytes, because copies lose their suffix, else by its name.
pub(crate) fn open_file(path: &Path) -> Result<(File, Codec), Error> {
    let file = match File::open(path) {
        // Spark renames the file when the application ends, maybe between listing and reading.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let closed =
                name_of(path).strip_suffix(".inprogress").map(|name| path.with_file_name(name));
            closed.map_or(Err(error), File::open)
        }
        other => other,
    };
    let mut file = file.map_err(|source| of_io(path, source))?;
    let mut head = Vec::new();
    let codec = (&mut file)
        .take(8)
        .read_to_end(&mut head)
        .and_then(|_| file.rewind())
        .map(|()| match Codec::of_bytes(&head) {
            Codec::Plain if head.trim_ascii_start().starts_with(b"{") => Codec::Plain,
            Codec::Plain => Codec::of_name(&name_of(path)),
            codec => codec,
        })
        .map_err(|source| of_io(path, source))?;
    Ok((file, codec))
}

pub(crate) fn of_io(path: &Path, source: io::Error) -> Error {
    let path = path.to_owned();
    match source.kind() {
        ErrorKind::NotFound => Error::Missing { path },
        _ => Error::Unreadable { path, source },
    }
}

pub(crate) fn of_spark(path: &Path, source: tinderbox_spark::Error) -> Error {
    Error::Format { path: path.to_owned(), source }
}

pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn modified(metadata: &fs::Metadata) -> TimestampMs {
    let since_epoch =
        metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    TimestampMs(since_epoch.map_or(0, |time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
}

/// The beginning of a line, for people.
fn describe(line: &[u8]) -> String {
    const SHOWN: usize = 60;
    let head = &line[..line.len().min(SHOWN * 4)];
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The cut may go through a character.
        Err(error) if error.valid_up_to() > SHOWN => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or("")
        }
        Err(_) => return String::from("binary data"),
    };
    if text.contains('\0') {
        return String::from("binary data");
    }
    let shown: String = text.chars().take(SHOWN).collect();
    let dots = if shown.len() < line.len() { "…" } else { "" };
    format!("`{shown}{dots}`")
}
