//! What one session has sent, as an event log on disk.

use crate::Error;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use tinderbox_spark::log::Codec;
use uuid::Uuid;

/// The event log of a session: one zstd frame for each batch. What was acknowledged stays, whenever the process dies; what
/// was not is cut off when the session is opened again, because the listener sends it again.
#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
    mark: PathBuf,
    taken: Taken,
}

/// What was acknowledged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Taken {
    next_seq: u64,
    bytes: u64,
}

/// The folder of all of them, in the data directory.
const FOLDER: &str = "live";
/// Before the id, so that the file has a name as event logs have.
const PREFIX: &str = "live-";

impl Spool {
    /// Opens what is there of a session, or begins it.
    pub fn open(root: &Path, session: Uuid) -> Result<Self, Error> {
        let folder = root.join(FOLDER);
        std::fs::create_dir_all(&folder).map_err(|source| file_error(&folder, source))?;
        let path = folder.join(format!("{PREFIX}{session}.zstd"));
        let mark = folder.join(format!(".{PREFIX}{session}.json"));
        let taken = match std::fs::read(&mark) {
            // A mark that cannot be read was never written whole: nothing was acknowledged.
            Ok(text) => serde_json::from_slice(&text).unwrap_or_default(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Taken::default(),
            Err(source) => return Err(file_error(&mark, source)),
        };
        let cut = || {
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
            file.set_len(taken.bytes)
        };
        cut().map_err(|source| file_error(&path, source))?;
        Ok(Self { path, mark, taken })
    }

    /// Sessions that are on disk and were last written more than `quiet` ago.
    pub fn left_over(root: &Path, quiet: std::time::Duration) -> Vec<Uuid> {
        let entries = std::fs::read_dir(root.join(FOLDER)).into_iter().flatten().flatten();
        let quiet_ones = entries.filter(|entry| {
            let modified = entry.metadata().and_then(|data| data.modified());
            modified.is_ok_and(|at| at.elapsed().is_ok_and(|passed| passed > quiet))
        });
        quiet_ones.filter_map(|entry| session_of(&entry.file_name().to_string_lossy())).collect()
    }

    /// The log.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of the batch that comes next.
    pub fn next_seq(&self) -> u64 {
        self.taken.next_seq
    }

    /// Adds a batch; `false` when it was added before.
    pub fn append(&mut self, seq: u64, lines: &[u8]) -> Result<bool, Error> {
        if seq < self.taken.next_seq {
            return Ok(false);
        }
        let bytes = self.write(lines).map_err(|source| file_error(&self.path, source))?;
        let taken = Taken { next_seq: seq + 1, bytes: self.taken.bytes + bytes };
        let fresh = self.mark.with_extension("tmp");
        let text = serde_json::to_vec(&taken).unwrap_or_default();
        std::fs::write(&fresh, text)
            .and_then(|()| std::fs::rename(&fresh, &self.mark))
            .map_err(|source| file_error(&self.mark, source))?;
        self.taken = taken;
        Ok(true)
    }

    fn write(&self, lines: &[u8]) -> std::io::Result<u64> {
        let mut encoder = Codec::Zstd.encode(Vec::new()).map_err(std::io::Error::other)?;
        encoder.write_all(lines)?;
        if !lines.ends_with(b"\n") {
            encoder.write_all(b"\n")?;
        }
        let frame = encoder.finish()?;
        let mut file = OpenOptions::new().write(true).open(&self.path)?;
        // A batch before this one that could not be written whole is written over.
        file.seek(SeekFrom::Start(self.taken.bytes))?;
        file.write_all(&frame)?;
        u64::try_from(frame.len()).map_err(std::io::Error::other)
    }

    /// Hands out the lines of all batches, in their order.
    pub fn replay(&self, mut on_line: impl FnMut(&[u8])) -> Result<(), Error> {
        let failed = |source| file_error(&self.path, source);
        let file = File::open(&self.path).map_err(failed)?;
        let mut reader =
            Codec::Zstd.decode(file).map_err(|error| failed(std::io::Error::other(error)))?;
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).map_err(failed)? > 0 {
            on_line(line.strip_suffix(b"\n").unwrap_or(&line));
            line.clear();
        }
        Ok(())
    }

    /// Deletes it, when its record is stored.
    pub fn remove(self) -> Result<(), Error> {
        for path in [&self.path, &self.mark] {
            match std::fs::remove_file(path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(file_error(path, source));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn session_of(name: &str) -> Option<Uuid> {
    Uuid::parse_str(name.strip_prefix(PREFIX)?.strip_suffix(".zstd")?).ok()
}

fn file_error(path: &Path, source: std::io::Error) -> Error {
    Error::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn lines(spool: &Spool) -> Vec<String> {
        let mut lines = Vec::new();
        spool.replay(|line| lines.push(String::from_utf8_lossy(line).into_owned())).unwrap();
        lines
    }

    #[test]
    fn what_was_acknowledged_stays_and_what_was_not_is_cut_off() {
        let root = tempfile::tempdir().unwrap();
        let session = Uuid::new_v4();
        let mut spool = Spool::open(root.path(), session).unwrap();
        assert!(spool.append(0, b"a\nb").unwrap());
        assert!(spool.append(1, b"c\n").unwrap());
        assert!(!spool.append(1, b"c\n").unwrap(), "sent twice");
        assert_eq!(lines(&spool), ["a", "b", "c"]);

        // Half a batch that nobody acknowledged, then the process died.
        let mut file = OpenOptions::new().append(true).open(spool.path()).unwrap();
        file.write_all(b"half a frame").unwrap();
        drop((file, spool));
        let mut spool = Spool::open(root.path(), session).unwrap();
        assert_eq!((lines(&spool).len(), spool.next_seq()), (3, 2));
        assert!(spool.append(2, b"d").unwrap());
        assert_eq!(lines(&spool), ["a", "b", "c", "d"]);

        assert_eq!(Spool::left_over(root.path(), Duration::ZERO), [session]);
        assert!(Spool::left_over(root.path(), Duration::from_secs(3600)).is_empty());
        spool.remove().unwrap();
        assert!(Spool::left_over(root.path(), Duration::ZERO).is_empty());
    }
}
