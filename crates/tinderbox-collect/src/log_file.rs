use crate::Error;
use crate::access::Begun;
use crate::error::of_io;
use crate::location::{Location, Remote};
use crate::object_source::ObjectState;
use std::fs::File;
use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom};
use tinderbox_model::{Bytes, TimestampMs};

/// One file of an event log: the whole log or a part of a rolling one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPart {
    /// Where it is.
    pub place: Location,
    /// Its size when it was listed.
    pub size: Bytes,
    /// Its time of change when it was listed.
    pub modified: TimestampMs,
    /// The version that the object store gave it.
    pub(crate) e_tag: Option<String>,
    /// Whether its application runs, so that it may become longer while it is read.
    pub(crate) is_growing: bool,
}

impl LogPart {
    /// Opens the file at an offset in bytes of what is stored, compressed or not. Reading blocks the thread.
    ///
    /// A file that is no longer there is looked for without `.inprogress`: Spark renames it when the application ends.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Unreadable`].
    pub fn open_at(&self, offset: u64) -> Result<LogFile, Error> {
        let opened = match open(&self.place, Some(self), offset) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                match self.place.name().strip_suffix(".inprogress") {
                    Some(closed) => open(&self.place.with_name(closed), None, offset),
                    None => Err(error),
                }
            }
            other => other,
        };
        opened.map_err(|source| of_io(&self.place, source))
    }
}

fn open(place: &Location, listed: Option<&LogPart>, offset: u64) -> io::Result<LogFile> {
    match place {
        Location::Local(path) => {
            let mut file = File::open(path)?;
            if offset > 0 {
                file.seek(SeekFrom::Start(offset))?;
            }
            Ok(LogFile::Local(file))
        }
        Location::Remote(remote) => RemoteFile::open(remote, listed, offset).map(LogFile::Remote),
    }
}

/// An open file of an event log. Read from the offset it was opened at; a local one can also be read at any place by
/// several threads at a time, which a remote one cannot.
#[derive(Debug)]
pub enum LogFile {
    /// On this machine.
    Local(File),
    /// In an object store: read from the front to the back.
    Remote(RemoteFile),
}

impl LogFile {
    /// Its size in bytes now; of an object, when it was opened.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn size(&self) -> io::Result<Bytes> {
        match self {
            Self::Local(file) => Ok(Bytes(file.metadata()?.len())),
            Self::Remote(file) => Ok(Bytes(file.state.size)),
        }
    }
}

impl Read for LogFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Local(file) => file.read(buffer),
            Self::Remote(file) => file.read(buffer),
        }
    }
}

/// An object that is read in ranges: a small one for whoever looks at the first lines only, then larger ones up to
/// 8 MiB, the next one already asked for while one is consumed. All of them are of one version of the object; broken
/// connections are taken up where they broke. What is still coming in when it is dropped is given up.
#[derive(Debug)]
pub struct RemoteFile {
    remote: Remote,
    state: ObjectState,
    /// Where the next range begins that is asked for.
    next: u64,
    /// Where the range begins that was asked for last.
    asked: u64,
    current: Cursor<Vec<u8>>,
    ahead: Option<Begun<io::Result<Vec<u8>>>>,
    /// Bytes of the range that is asked for next.
    range: u64,
    is_growing: bool,
}

impl RemoteFile {
    /// Holds the first lines of nearly every log.
    const FIRST_RANGE: u64 = 256 << 10;
    const RANGE: u64 = 8 << 20;
    /// How much larger than the one before a range is, up to the limit.
    const GROWTH: u64 = 8;
    /// Versions of a growing object that one range is tried with.
    const VERSIONS: usize = 5;

    fn open(remote: &Remote, listed: Option<&LogPart>, offset: u64) -> io::Result<Self> {
        let state = match listed {
            Some(part) if !part.is_growing => {
                ObjectState { size: part.size.0, e_tag: part.e_tag.clone() }
            }
            // It may have grown since it was listed; what is there now is read.
            _ => {
                let meta = remote.bucket.head(&remote.key)?;
                ObjectState { size: meta.size, e_tag: meta.e_tag }
            }
        };
        let mut file = Self {
            remote: remote.clone(),
            state,
            next: offset,
            asked: offset,
            current: Cursor::default(),
            ahead: None,
            range: Self::FIRST_RANGE,
            is_growing: listed.is_some_and(|part| part.is_growing),
        };
        // The first range tells whether it is there at all. Whether more is wanted shows when it has been read.
        file.ask();
        file.receive()?;
        Ok(file)
    }

    /// Asks for the next range, if there is one.
    fn ask(&mut self) {
        let end = self.state.size.min(self.next.saturating_add(self.range));
        if self.next >= end {
            return;
        }
        let bucket = &self.remote.bucket;
        let work = bucket.read(&self.remote.key, &self.state, self.next..end);
        self.ahead = Some(bucket.worker().begin(work));
        (self.asked, self.next) = (self.next, end);
        self.range = (self.range * Self::GROWTH).min(Self::RANGE);
    }

    /// Takes the next range and asks for the one behind it. False at the end.
    fn advance(&mut self) -> io::Result<bool> {
        if self.ahead.is_none() {
            self.ask();
        }
        let is_more = self.receive()?;
        self.ask();
        Ok(is_more)
    }

    /// Waits for the range that was asked for. False when there is none.
    fn receive(&mut self) -> io::Result<bool> {
        let Some(ahead) = self.ahead.take() else { return Ok(false) };
        let range = match ahead.received() {
            Err(error) if error.kind() == ErrorKind::StaleNetworkFileHandle && self.is_growing => {
                self.take_again()
            }
            other => other,
        };
        match range {
            Ok(range) => {
                self.current = Cursor::new(range);
                Ok(true)
            }
            Err(error) => {
                // Who reads on after an error must not miss it.
                self.next = self.asked;
                Err(error)
            }
        }
    }

    /// The range that was asked for last, of the newer version of a log that only grows: what was read of the older
    /// one is its beginning.
    fn take_again(&mut self) -> io::Result<Vec<u8>> {
        let (bucket, key) = (&self.remote.bucket, &self.remote.key);
        for _ in 0..Self::VERSIONS {
            let meta = bucket.head(key)?;
            if meta.size < self.state.size {
                break;
            }
            self.state.e_tag = meta.e_tag;
            let asked = self.asked..self.next;
            match bucket.worker().wait(bucket.read(key, &self.state, asked)) {
                Err(error) if error.kind() == ErrorKind::StaleNetworkFileHandle => {}
                other => return other,
            }
        }
        Err(io::Error::new(ErrorKind::StaleNetworkFileHandle, "it changed while it was read"))
    }
}

impl Read for RemoteFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.current.read(buffer)?;
            if read > 0 || buffer.is_empty() || !self.advance()? {
                return Ok(read);
            }
        }
    }
}
