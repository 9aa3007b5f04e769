use crate::Error;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// What the driver or an executor printed, on both of its streams, in the order in which it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptLog {
    path: PathBuf,
}

/// A piece of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// Where the piece begins, in bytes from the start of the log.
    pub offset: u64,
    /// The piece. Bytes that are no UTF-8 are shown as U+FFFD.
    pub text: String,
    /// Where the next piece begins, in bytes; equals `size` at the end of what is there.
    pub next: u64,
    /// Bytes in the log at the time of reading. It grows while the run does.
    pub size: u64,
}

/// Lines that were looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogMatches {
    /// In the order of the log.
    pub lines: Vec<LogLine>,
    /// Where the next search goes on, in bytes; equals `size` when all was searched.
    pub next: u64,
    /// Bytes in the log at the time of reading.
    pub size: u64,
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Where it begins, in bytes from the start of the log.
    pub offset: u64,
    /// Without its end. Bytes that are no UTF-8 are shown as U+FFFD.
    pub text: String,
}

/// The folder of executors' logs.
const EXECUTORS: &str = "executors";

/// About half a second's work.
const SEARCHED: u64 = 256 << 20;
const LONGEST_LINE: u64 = 64 << 10;

impl AttemptLog {
    /// The driver's log in an attempt's folder.
    pub fn of_driver(directory: &Path) -> Self {
        Self { path: Self::driver_path(directory) }
    }

    /// The log of an executor; `None` for an id that no file is named by.
    pub fn of_executor(directory: &Path, executor: &str) -> Option<Self> {
        let path = Self::executor_path(directory, executor)?;
        Some(Self { path })
    }

    /// The executors whose logs were brought into an attempt's folder, with the sizes of those in bytes; by number where the
    /// ids are numbers.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn executors(directory: &Path) -> Result<Vec<(String, u64)>, Error> {
        let folder = directory.join(EXECUTORS);
        let failed = |source| Error::Read { path: folder.clone(), source };
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut executors = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            if let Some(id) = name.to_str().and_then(|name| name.strip_suffix(".log")) {
                executors.push((id.to_owned(), entry.metadata().map_err(failed)?.len()));
            }
        }
        executors.sort_by_cached_key(|(id, _)| (id.parse::<u64>().unwrap_or(u64::MAX), id.clone()));
        Ok(executors)
    }

    pub(crate) fn driver_path(directory: &Path) -> PathBuf {
        directory.join("driver.log")
    }

    /// Ids are numbers but for those of foreign schedulers; none may lead out of the folder.
    pub(crate) fn executor_path(directory: &Path, executor: &str) -> Option<PathBuf> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let is_name =
            !executor.is_empty() && executor.len() <= 100 && executor.bytes().all(is_plain);
        is_name.then(|| directory.join(EXECUTORS).join(format!("{executor}.log")))
    }

    /// A log of its own name.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The folder that it is in.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// At most `limit` bytes from `offset` on, in whole lines where a line ends within the limit. A log that was
    /// not begun yet is empty; an offset beyond the end gives an empty page.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn page(&self, offset: u64, limit: usize) -> Result<LogPage, Error> {
        self.read(|size| offset.min(size), limit, false)
    }

    /// The last `limit` bytes at most, from the beginning of a line where one begins in them.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn tail(&self, limit: usize) -> Result<LogPage, Error> {
        let length = u64::try_from(limit).unwrap_or(u64::MAX);
        self.read(|size| size.saturating_sub(length), limit, true)
    }

    /// Lines with `wanted` in them, upper and lower case alike, in the bytes from `offset` on; at most `most` of them, and
    /// not beyond the first [`SEARCHED`] bytes, so that a call has an end. A longer line counts with its first
    /// [`LONGEST_LINE`] bytes.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn search(&self, wanted: &str, offset: u64, most: usize) -> Result<LogMatches, Error> {
        let failed = |source| Error::Read { path: self.path.clone(), source };
        let mut found = LogMatches { lines: Vec::new(), next: 0, size: 0 };
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
            Err(error) => return Err(failed(error)),
        };
        found.size = file.metadata().map_err(failed)?.len();
        found.next = offset.min(found.size);
        file.seek(SeekFrom::Start(found.next)).map_err(failed)?;
        let end = found.next.saturating_add(SEARCHED).min(found.size);
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let wanted = wanted.to_lowercase();
        let mut line = Vec::new();
        while found.next < end && found.lines.len() < most {
            line.clear();
            let read = (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut line);
            let mut length = read.map_err(failed)? as u64;
            if length == 0 {
                break;
            }
            if !line.ends_with(b"\n") {
                length += reader.skip_until(b'\n').map_err(failed)? as u64;
            }
            let text = String::from_utf8_lossy(&line);
            if text.to_lowercase().contains(&wanted) {
                let text = text.trim_end_matches(['\n', '\r']).to_owned();
                found.lines.push(LogLine { offset: found.next, text });
            }
            found.next += length;
        }
        Ok(found)
    }

    fn read(
        &self,
        start: impl FnOnce(u64) -> u64,
        limit: usize,
        is_tail: bool,
    ) -> Result<LogPage, Error> {
        let failed = |source| Error::Read { path: self.path.clone(), source };
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(LogPage { offset: 0, text: String::new(), next: 0, size: 0 });
            }
            Err(error) => return Err(failed(error)),
        };
        let size = file.metadata().map_err(failed)?.len();
        let mut offset = start(size);
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let mut bytes = Vec::new();
        let length = u64::try_from(limit).unwrap_or(u64::MAX).min(size - offset);
        file.take(length).read_to_end(&mut bytes).map_err(failed)?;

        if is_tail {
            let cut = if offset == 0 { 0 } else { line_start(&bytes) };
            bytes.drain(..cut);
            offset += cut as u64;
        } else if offset + (bytes.len() as u64) < size {
            let cut = line_end(&bytes);
            bytes.truncate(cut);
        }
        let next = offset + bytes.len() as u64;
        Ok(LogPage { offset, text: String::from_utf8_lossy(&bytes).into_owned(), next, size })
    }
}

/// Behind the first line break; where there is none, behind the rest of a character that was cut.
fn line_start(bytes: &[u8]) -> usize {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(at) if at + 1 < bytes.len() => at + 1,
        _ => bytes.iter().take(3).take_while(|byte| is_continuation(**byte)).count(),
    }
}

/// Behind the last line break; where there is none, before a character that was cut. Never 0 for a
/// piece that is not empty, so that a reader gets on.
fn line_end(bytes: &[u8]) -> usize {
    if let Some(at) = bytes.iter().rposition(|byte| *byte == b'\n') {
        return at + 1;
    }
    let trailing = bytes.iter().rev().take(3).take_while(|byte| is_continuation(**byte)).count();
    let lead = bytes.len().saturating_sub(trailing + 1);
    let is_cut = std::str::from_utf8(&bytes[lead..]).is_err();
    if is_cut && lead > 0 { lead } else { bytes.len() }
}

fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of(text: &[u8]) -> (tempfile::TempDir, AttemptLog) {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("driver.log"), text).expect("a log");
        let log = AttemptLog::of_driver(folder.path());
        (folder, log)
    }

    #[test]
    fn pages_follow_each_other_in_whole_lines_and_lose_nothing() {
        let text = "first line\nsecond line\nthird line, not ended";
        let (_folder, log) = log_of(text.as_bytes());
        let mut read = String::new();
        let mut pages = Vec::new();
        loop {
            let page = log.page(read.len() as u64, 25).expect("readable");
            if page.text.is_empty() {
                break;
            }
            read.push_str(&page.text);
            pages.push(page.text);
        }
        assert_eq!(pages, ["first line\nsecond line\n", "third line, not ended"]);
        assert_eq!(read, text);
    }

    #[test]
    fn tail_begins_at_a_line() {
        let (_folder, log) = log_of(b"first line\nsecond line\nthird line\n");
        let page = log.tail(15).expect("readable");
        assert_eq!((page.text.as_str(), page.offset, page.next), ("third line\n", 23, 34));
        assert_eq!(log.tail(1000).expect("readable").offset, 0);
    }

    #[test]
    fn characters_are_not_cut_and_broken_ones_are_shown() {
        let (_folder, log) = log_of("größer".as_bytes());
        let page = log.page(0, 3).expect("readable");
        assert_eq!((page.text.as_str(), page.next), ("gr", 2));
        assert_eq!(log.tail(3).expect("readable").text, "er");
        let (_folder, log) = log_of(b"a\xff\xfeb");
        assert_eq!(log.page(0, 100).expect("readable").text, "a\u{fffd}\u{fffd}b");
        let mut offset = 0;
        while offset < 4 {
            let page = log.page(offset, 1).expect("readable");
            assert!(page.next > offset, "stuck at {offset}");
            offset = page.next;
        }
    }

    #[test]
    fn row_6_9_lines_are_found_whatever_their_case_and_searches_go_on() {
        let text = b"INFO start\nWARN Task 3 lost\r\nINFO end of task\ntask";
        let (_folder, log) = log_of(text);
        let first = log.search("TASK", 0, 2).expect("readable");
        let line = |offset, text: &str| LogLine { offset, text: text.to_owned() };
        assert_eq!(first.lines, [line(11, "WARN Task 3 lost"), line(29, "INFO end of task")]);
        assert_eq!((first.next, first.size), (46, 50));
        let rest = log.search("task", first.next, 2).expect("readable");
        assert_eq!((rest.lines, rest.next), (vec![line(46, "task")], 50));
        assert_eq!(log.search("nowhere", 0, 2).expect("readable").lines, []);
        assert_eq!(log.search("task", 1_000, 2).expect("readable").next, 50);

        let mut long = vec![b'x'; 100_000];
        long.extend_from_slice(b"late\nnext late\n");
        let (_folder, log) = log_of(&long);
        assert_eq!(log.search("late", 0, 9).expect("readable").lines, [line(100_005, "next late")]);
    }

    #[test]
    fn row_6_9_executors_have_logs_of_their_own_in_the_order_of_their_numbers() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(AttemptLog::executors(folder.path()).expect("no error"), []);
        std::fs::create_dir(folder.path().join("executors")).expect("a folder");
        for id in ["10", "2"] {
            let path = AttemptLog::executor_path(folder.path(), id).expect("a name");
            std::fs::write(path, format!("this is {id}\n")).expect("a log");
        }
        let executors = AttemptLog::executors(folder.path()).expect("readable");
        assert_eq!(executors, [("2".to_owned(), 10), ("10".to_owned(), 11)]);
        let log = AttemptLog::of_executor(folder.path(), "10").expect("a name");
        assert_eq!(log.tail(100).expect("readable").text, "this is 10\n");
        for id in ["../driver", "", "1/2", "a.b"] {
            assert_eq!(AttemptLog::of_executor(folder.path(), id), None, "{id}");
        }
    }

    #[test]
    fn log_that_is_not_there_yet_is_empty() {
        let folder = tempfile::tempdir().expect("a folder");
        let page = AttemptLog::of_driver(folder.path()).page(10, 10).expect("no error");
        assert_eq!((page.text.as_str(), page.size), ("", 0));
    }
}
