use crate::Error;
use crate::error::of_io;
use crate::{Depth, Follower, Listing, Location, LogFile, LogPart, list};
use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read, Write};
use tinderbox_model::{Application, Bytes, Task, TimestampMs};
use tinderbox_spark::Fold;
use tinderbox_spark::log::{Codec, Lines, application_name};

/// An event log: one file, or a directory of parts. Known by its names and sizes; nothing of it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLog {
    /// `<app>[_<attempt>]` of its name. For lists only: the application id is in the log itself.
    pub name: String,
    /// The file or directory.
    pub place: Location,
    /// Changes whenever the log does.
    pub version: LogVersion,
    /// Files in the order of their events.
    pub(crate) files: Vec<LogPart>,
    /// Numbers of parts that are absent.
    pub(crate) missing: Vec<u64>,
}

/// What tells cheaply whether a log changed since it was read: an equal version means the same events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogVersion {
    /// Bytes of all its files.
    pub size: Bytes,
    /// Change of the last one, where Spark writes and what it shows; one that it compacts makes another size.
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

    /// A log of these files, in the order of their events; never without one.
    pub(crate) fn new(
        place: Location,
        mut files: Vec<LogPart>,
        missing: Vec<u64>,
        in_progress: bool,
    ) -> Self {
        let mut version = LogVersion {
            size: Bytes::ZERO,
            modified: files.last().map_or_else(TimestampMs::default, |file| file.modified),
            files: files.len(),
            in_progress,
        };
        for file in &mut files {
            version.size += file.size;
            file.is_growing = in_progress;
        }
        let name = application_name(&place.name()).to_owned();
        Self { name, place, version, files, missing }
    }

    /// Its files in the order of their events, with their sizes.
    pub fn files(&self) -> &[LogPart] {
        &self.files
    }

    /// Its name while it is written and afterwards: the place without `.inprogress`, which Spark takes off when the
    /// application ends.
    pub fn url(&self) -> String {
        let place = self.place.to_string();
        place.strip_suffix(".inprogress").map(str::to_owned).unwrap_or(place)
    }

    /// Finds the files of the log at `location` without reading them.
    pub(crate) fn find(location: &Location) -> Result<Self, Error> {
        let Listing { mut logs, .. } = list(location, Depth::OneLevel)?;
        if logs.len() == 1 && logs[0].place == *location {
            return Ok(logs.remove(0));
        }
        let place = location.to_string();
        Err(match logs.first() {
            Some(newest) => {
                Error::SeveralLogs { place, count: logs.len(), newest: newest.place.to_string() }
            }
            None => Error::NoLogs { place },
        })
    }

    /// Looks at the beginning: whether it is a log, and whose. Id, attempt, name, user and start of the application
    /// are known when its start event is among the first lines, where Spark writes it.
    ///
    /// # Errors
    /// As [`crate::open`].
    pub fn head(&self) -> Result<Application, Error> {
        self.look(Self::HEAD_LINES)
    }

    /// Looks at the first line.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.look(1).map(drop)
    }

    /// Folds lines up to the one that names the application. Only the first can fail.
    fn look(&self, num_lines: usize) -> Result<Application, Error> {
        let part = self.first()?;
        let path = &part.place;
        let OpenedFile { codec, bytes } = open_file(part)?;
        let reader = codec.decode(bytes.reader()).map_err(|source| of_spark(path, source))?;
        let mut lines = Lines::new(reader.take(Self::FIRST_LINE_BYTES));
        let mut fold = Fold::new();
        let mut is_first = true;
        for _ in 0..num_lines {
            let line = loop {
                match lines.read() {
                    Ok(Some(line)) if line.bytes.trim_ascii().is_empty() => {}
                    Ok(Some(line)) => break line,
                    _ if !is_first => return Ok(fold.head().clone()),
                    Ok(None) => return Err(Error::Empty { place: path.to_string() }),
                    // A cut first frame of a log that begins: nothing can be said of it yet.
                    Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                        return Err(Error::Empty { place: path.to_string() });
                    }
                    Err(source) if source.kind() == ErrorKind::InvalidData => {
                        let source = tinderbox_spark::Error::Damaged { codec, source };
                        return Err(of_spark(path, source));
                    }
                    Err(source) => return Err(of_io(path, source)),
                }
            };
            let is_event = tinderbox_spark::event_name(line.bytes).is_some()
                || (!line.ended && line.bytes.starts_with(b"{\"Event\":"));
            if is_first && !is_event {
                return Err(Error::NotALog {
                    place: path.to_string(),
                    found: describe(line.bytes),
                });
            }
            is_first = false;
            if line.ended {
                fold.line(line.bytes, &mut |_| {});
            }
            if fold.head().id.is_some() {
                break;
            }
        }
        Ok(fold.head().clone())
    }

    /// Writes its events as they are in its files, not compressed. What cannot be read ends its file, as [`EventLog::read`]
    /// has it.
    ///
    /// # Errors
    /// What `output` says, or why the first file cannot be read.
    pub fn write_events(&self, output: &mut dyn Write) -> io::Result<()> {
        for (index, part) in self.files.iter().enumerate() {
            match open_file(part) {
                Ok(file) => copy_events(part, file, output)?,
                Err(error) if index == 0 => return Err(io::Error::other(error)),
                Err(_) => break,
            }
        }
        Ok(())
    }

    /// The file with the first events; a log is never without one.
    fn first(&self) -> Result<&LogPart, Error> {
        self.files.first().ok_or_else(|| Error::NoLogs { place: self.place.to_string() })
    }
}

fn copy_events(part: &LogPart, file: OpenedFile, output: &mut dyn Write) -> io::Result<()> {
    let OpenedFile { codec, bytes } = file;
    let reader = codec.decode(bytes.reader());
    let mut reader = reader.map_err(|source| io::Error::other(of_spark(&part.place, source)))?;
    let mut ends = true;
    loop {
        let bytes = match reader.fill_buf() {
            Ok([]) | Err(_) => break,
            Ok(bytes) => bytes,
        };
        output.write_all(bytes)?;
        ends = bytes.ends_with(b"\n");
        let length = bytes.len();
        reader.consume(length);
    }
    // The next file begins with a line of its own.
    if ends { Ok(()) } else { output.write_all(b"\n") }
}

/// A file with its codec.
pub(crate) struct OpenedFile {
    pub(crate) codec: Codec,
    pub(crate) bytes: FileBytes,
}

/// Its bytes: the first ones, which were read to find the codec, and the file behind them.
pub(crate) struct FileBytes {
    head: Vec<u8>,
    pub(crate) file: LogFile,
}

impl FileBytes {
    /// All of it from the beginning on.
    pub(crate) fn reader(self) -> impl BufRead + Send + use<> {
        Cursor::new(self.head).chain(BufReader::new(self.file))
    }
}

/// Opens a file and finds its codec: by its first bytes, because copies lose their suffix, else by its name.
pub(crate) fn open_file(part: &LogPart) -> Result<OpenedFile, Error> {
    const HEAD: u64 = 8;
    let mut file: LogFile = part.open_at(0)?;
    let mut head = Vec::new();
    (&mut file).take(HEAD).read_to_end(&mut head).map_err(|source| of_io(&part.place, source))?;
    let codec = match Codec::of_bytes(&head) {
        Codec::Plain if head.trim_ascii_start().starts_with(b"{") => Codec::Plain,
        Codec::Plain => Codec::of_name(&part.place.name()),
        codec => codec,
    };
    Ok(OpenedFile { codec, bytes: FileBytes { head, file } })
}

pub(crate) fn of_spark(place: &Location, source: tinderbox_spark::Error) -> Error {
    Error::Format { place: place.to_string(), source }
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
