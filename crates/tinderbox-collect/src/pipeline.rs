//! Folding a file with several threads.
//!
//! Each thread takes the next chunk of whole lines, parses it, waits for its turn and folds it: parsing, which is most
//! of the work, runs side by side, folding follows the order of the lines. Memory is a few chunks per thread, however
//! long the file is; only a line that is longer than a chunk makes its thread's buffer grow, up to [`LINE_LIMIT`].

use memchr::{memchr, memrchr};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::FileExt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use tinderbox_model::Task;
use tinderbox_spark::{Fold, ParsedLine};

/// Bytes that a thread reads at a time.
pub(crate) const CHUNK_BYTES: usize = 4 << 20;

/// Longer lines are skipped and reported. Spark 4.3 sets the same limit for itself (`spark.history.fs.maxLineLength`).
pub(crate) const LINE_LIMIT: usize = 256 << 20;

/// Where the bytes of the lines come from.
pub(crate) enum Lines<'r> {
    /// A file that is not compressed: every thread reads for itself.
    File(&'r File),
    /// A decoder or a remote file: threads take turns at it.
    Stream(Box<dyn Read + Send + 'r>),
}

/// How far a file was folded.
#[derive(Debug)]
pub(crate) struct Folded {
    /// Decoded bytes up to the end of the last line that counts; reading may go on here when the file has grown.
    pub(crate) bytes: u64,
    /// What ended the lines early, in words. Only of a log that does not grow any more it means that events are missing.
    pub(crate) cut: Option<String>,
    /// What the source said when it failed: that tells nothing of the log, and trying again may help.
    pub(crate) failed: Option<io::Error>,
}

/// Folds the lines from byte `from` on (of the decoded bytes; a stream begins there).
pub(crate) fn fold_lines(
    lines: Lines<'_>,
    from: u64,
    threads: usize,
    fold: &mut Fold,
    on_task: &mut (dyn FnMut(Task) + Send),
) -> Folded {
    let source = Source::new(lines, from);
    let state = State {
        next: 0,
        stopped: false,
        panicked: false,
        bytes: from,
        cut: None,
        failed: None,
        fold,
        on_task,
    };
    let turns = Turns { state: Mutex::new(state), changed: Condvar::new() };
    if threads <= 1 {
        work(&source, &turns);
    } else {
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| work(&source, &turns));
            }
        });
    }
    let state = turns.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    Folded { bytes: state.bytes, cut: state.cut, failed: state.failed }
}

/// Takes chunks until there is none.
fn work(source: &Source<'_>, turns: &Turns<'_>) {
    let _release = Release(turns);
    let mut buffer = Buffer::default();
    while let Some(mut chunk) = source.next(&mut buffer) {
        let bytes = &buffer.bytes[chunk.from..chunk.to];
        let lines = parse(bytes);
        let mut state = turns.wait_for(chunk.number);
        if !state.stopped {
            state.fold_chunk(&mut chunk, bytes, lines);
        }
        state.next += 1;
        let stopped = state.stopped;
        drop(state);
        turns.changed.notify_all();
        if stopped {
            source.stop();
        }
    }
}

/// Whole lines of a chunk with their places in it.
fn parse(bytes: &[u8]) -> Vec<(usize, ParsedLine<'_>)> {
    // Lines of a large log have between 0.3 and 5 KB.
    let mut lines = Vec::with_capacity(bytes.len() / 1_024 + 1);
    let mut at = 0;
    while let Some(length) = memchr(b'\n', &bytes[at..]) {
        lines.push((at, ParsedLine::new(&bytes[at..at + length])));
        at += length + 1;
    }
    lines
}

/// Lets the other threads go when this one panics: its turn would never end.
struct Release<'t, 'f>(&'t Turns<'f>);

impl Drop for Release<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut state = lock(&self.0.state);
            (state.stopped, state.panicked) = (true, true);
            drop(state);
            self.0.changed.notify_all();
        }
    }
}

struct Turns<'f> {
    state: Mutex<State<'f>>,
    changed: Condvar,
}

struct State<'f> {
    /// The chunk whose turn it is.
    next: u64,
    /// Whether what comes later does not count any more.
    stopped: bool,
    /// Whether a thread panicked: nobody's turn comes any more.
    panicked: bool,
    bytes: u64,
    cut: Option<String>,
    failed: Option<io::Error>,
    fold: &'f mut Fold,
    on_task: &'f mut (dyn FnMut(Task) + Send),
}

impl<'f> Turns<'f> {
    fn wait_for(&self, number: u64) -> MutexGuard<'_, State<'f>> {
        let mut state = lock(&self.state);
        while state.next != number && !state.panicked {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }
}

impl State<'_> {
    fn fold_chunk(&mut self, chunk: &mut Chunk, bytes: &[u8], lines: Vec<(usize, ParsedLine<'_>)>) {
        for (at, line) in lines {
            self.fold.at_byte(chunk.offset + as_u64(at));
            self.fold.parsed(line, self.on_task);
        }
        let whole = memrchr(b'\n', bytes).map_or(0, |at| at + 1);
        if whole > 0 {
            self.bytes = self.bytes.max(chunk.offset + as_u64(whole));
        }
        for &(offset, length) in &chunk.too_long {
            self.fold.at_byte(offset);
            self.fold.skipped_line(&format!(
                "a line of {length} bytes is longer than the limit of {LINE_LIMIT}"
            ));
            self.bytes = self.bytes.max(offset + length);
        }
        let rest = &bytes[whole..];
        if !rest.is_empty() {
            let offset = chunk.offset + as_u64(whole);
            self.fold.at_byte(offset);
            if serde_json::from_slice::<serde::de::IgnoredAny>(rest).is_ok() {
                self.fold.line(rest, self.on_task);
                self.bytes = offset + as_u64(rest.len());
            } else {
                self.cut = Some(format!("the last line is cut off at byte {offset}"));
            }
        }
        if let Some(error) = chunk.failed.take() {
            self.stopped = true;
            match error.kind() {
                ErrorKind::UnexpectedEof => self.cut = Some(format!("the log is cut off: {error}")),
                ErrorKind::InvalidData => self.cut = Some(format!("reading stopped: {error}")),
                _ => self.failed = Some(error),
            }
        }
    }
}

/// A thread's bytes, kept from chunk to chunk.
#[derive(Default)]
struct Buffer {
    bytes: Vec<u8>,
}

/// What [`Source::next`] left in a buffer: lines with their ends. Only the last chunk may end without one.
struct Chunk {
    number: u64,
    from: usize,
    to: usize,
    /// Of the first byte, in the decoded file.
    offset: u64,
    /// Lines beyond the limit that begin in this chunk: offset and length.
    too_long: Vec<(u64, u64)>,
    /// Why reading ended early: with [`ErrorKind::UnexpectedEof`] and [`ErrorKind::InvalidData`] the bytes are to blame.
    failed: Option<io::Error>,
}

struct Source<'r> {
    kind: Kind<'r>,
    position: Mutex<Position>,
}

enum Kind<'r> {
    File(&'r File, u64),
    Stream(Mutex<Stream<'r>>),
}

/// The chunk that is next to be taken.
struct Position {
    number: u64,
    done: bool,
}

struct Stream<'r> {
    reader: Box<dyn Read + Send + 'r>,
    /// The beginning of the line that the chunk before cut.
    carry: Vec<u8>,
    offset: u64,
}

impl<'r> Source<'r> {
    fn new(lines: Lines<'r>, from: u64) -> Self {
        let kind = match lines {
            Lines::File(file) => Kind::File(file, from),
            Lines::Stream(reader) => {
                Kind::Stream(Mutex::new(Stream { reader, carry: Vec::new(), offset: from }))
            }
        };
        Self { kind, position: Mutex::new(Position { number: 0, done: false }) }
    }

    fn stop(&self) {
        lock(&self.position).done = true;
    }

    fn next(&self, buffer: &mut Buffer) -> Option<Chunk> {
        match &self.kind {
            Kind::File(file, from) => {
                let number = self.take()?;
                let (chunk, ended) = read_at(file, *from, number, buffer);
                if ended {
                    self.stop();
                }
                Some(chunk)
            }
            Kind::Stream(stream) => {
                // The lock is held while reading, so that numbers follow the order of the bytes.
                let mut stream = lock(stream);
                let number = self.take()?;
                let (chunk, ended) = stream.read(number, buffer);
                if ended {
                    self.stop();
                }
                Some(chunk)
            }
        }
    }

    fn take(&self) -> Option<u64> {
        let mut position = lock(&self.position);
        if position.done {
            return None;
        }
        position.number += 1;
        Some(position.number - 1)
    }
}

/// The lines that begin in the `number`th stretch of a file, read to their ends. True when the file ends there.
fn read_at(file: &File, from: u64, number: u64, buffer: &mut Buffer) -> (Chunk, bool) {
    let start = from + number * as_u64(CHUNK_BYTES);
    // A line belongs to the stretch in which it begins: one byte earlier tells whether one begins at `start`.
    let lead = u64::from(number > 0);
    let mut chunk =
        Chunk { number, from: 0, to: 0, offset: start, too_long: Vec::new(), failed: None };
    let wanted = CHUNK_BYTES + usize::from(lead == 1);
    if buffer.bytes.len() < wanted {
        buffer.bytes.resize(wanted, 0);
    }
    let read = match fill_at(file, &mut buffer.bytes[..wanted], start - lead) {
        Ok(read) => read,
        Err(error) => return (failed(chunk, error), true),
    };
    let mut ended = read < wanted;
    if lead == 1 {
        match memchr(b'\n', &buffer.bytes[..read]) {
            Some(at) => chunk.from = at + 1,
            // A line that began earlier goes on through the whole stretch.
            None => chunk.from = read,
        }
    }
    chunk.offset = start - lead + as_u64(chunk.from);
    chunk.to = read;
    if ended || chunk.from >= wanted {
        return (chunk, ended);
    }
    // The last line that begins here may go on behind it. One that begins with the next stretch does not.
    let mut scanned = chunk.to;
    if buffer.bytes[read - 1] == b'\n' {
        return (chunk, ended);
    }
    let line = memrchr(b'\n', &buffer.bytes[chunk.from..read])
        .map_or(chunk.from, |at| chunk.from + at + 1);
    loop {
        let target = scanned + PIECE_BYTES;
        if buffer.bytes.len() < target {
            buffer.bytes.resize(target, 0);
        }
        let at = start - lead + as_u64(scanned);
        let read = match fill_at(file, &mut buffer.bytes[scanned..target], at) {
            Ok(read) => read,
            Err(error) => return (failed(chunk, error), true),
        };
        if let Some(end) = memchr(b'\n', &buffer.bytes[scanned..scanned + read]) {
            chunk.to = scanned + end + 1;
            return (chunk, ended);
        }
        scanned += read;
        if read < PIECE_BYTES {
            ended = true;
            chunk.to = scanned;
            return (chunk, ended);
        }
        if scanned - line > LINE_LIMIT {
            chunk.to = line;
            let offset = start - lead + as_u64(line);
            // Only what stands before the line is needed any more.
            buffer.bytes.truncate(wanted);
            buffer.bytes.shrink_to_fit();
            let (length, end) = match skip_line(file, start - lead + as_u64(scanned)) {
                Ok((end, at_end)) => (end - offset, at_end),
                Err(error) => return (failed(chunk, error), true),
            };
            chunk.too_long.push((offset, length));
            return (chunk, end);
        }
    }
}

const PIECE_BYTES: usize = 256 << 10;

/// Finds where a line ends: the offset behind it, and whether the file ends there.
fn skip_line(file: &File, mut at: u64) -> io::Result<(u64, bool)> {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = fill_at(file, &mut piece, at)?;
        if let Some(end) = memchr(b'\n', &piece[..read]) {
            return Ok((at + as_u64(end) + 1, false));
        }
        at += as_u64(read);
        if read < PIECE_BYTES {
            return Ok((at, true));
        }
    }
}

impl Stream<'_> {
    fn read(&mut self, number: u64, buffer: &mut Buffer) -> (Chunk, bool) {
        let bytes = &mut buffer.bytes;
        bytes.clear();
        bytes.append(&mut self.carry);
        let offset = self.offset;
        let mut chunk =
            Chunk { number, from: 0, to: 0, offset, too_long: Vec::new(), failed: None };
        loop {
            let before = bytes.len();
            let read = (&mut self.reader).take(as_u64(CHUNK_BYTES)).read_to_end(bytes);
            let read = match read {
                Ok(read) => read,
                Err(error) => {
                    // What came before the error counts; a half line before it does not.
                    chunk.to = memrchr(b'\n', bytes).map_or(0, |at| at + 1);
                    self.offset += as_u64(chunk.to);
                    return (failed(chunk, error), true);
                }
            };
            if read < CHUNK_BYTES {
                chunk.to = bytes.len();
                return (chunk, true);
            }
            if let Some(end) = memrchr(b'\n', &bytes[before..]).map(|at| before + at + 1) {
                self.carry.extend_from_slice(&bytes[end..]);
                chunk.to = end;
                self.offset += as_u64(end);
                return (chunk, false);
            }
            if bytes.len() > LINE_LIMIT {
                let (length, end) = self.skip_line(as_u64(bytes.len()), bytes);
                chunk.too_long.push((offset, length));
                self.offset += length;
                return match end {
                    Ok(ended) => (chunk, ended),
                    Err(error) => (failed(chunk, error), true),
                };
            }
        }
    }

    /// Reads to the end of a line of which `length` bytes were read, and keeps what follows it: the line's length, and
    /// whether nothing follows.
    fn skip_line(&mut self, mut length: u64, bytes: &mut Vec<u8>) -> (u64, io::Result<bool>) {
        loop {
            bytes.clear();
            bytes.shrink_to(CHUNK_BYTES);
            let read = (&mut self.reader).take(as_u64(CHUNK_BYTES)).read_to_end(bytes);
            let read = match read {
                Ok(read) => read,
                Err(error) => {
                    bytes.clear();
                    return (length, Err(error));
                }
            };
            if let Some(end) = memchr(b'\n', bytes) {
                self.carry.extend_from_slice(&bytes[end + 1..]);
                bytes.clear();
                let ended = read < CHUNK_BYTES && self.carry.is_empty();
                return (length + as_u64(end) + 1, Ok(ended));
            }
            length += as_u64(read);
            if read < CHUNK_BYTES {
                bytes.clear();
                return (length, Ok(true));
            }
        }
    }
}

fn failed(mut chunk: Chunk, error: io::Error) -> Chunk {
    chunk.failed = Some(error);
    chunk.to = chunk.to.max(chunk.from);
    chunk
}

/// Reads until the buffer is full or the file ends.
fn fill_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + as_u64(filled)) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

pub(crate) fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
