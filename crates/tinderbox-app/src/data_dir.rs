//! The data directory and its one owner.
//!
//! A file lock (`tinderbox.lock`) makes one process the owner; the lock ends with the process however it dies.
//! The file holds the owner's address, so that commands which find the directory owned talk to the owner.

use crate::Error;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tinderbox_model::{AttemptNumber, RunId};

/// A data directory that this process owns.
#[derive(Debug)]
pub struct DataDir {
    root: PathBuf,
    lock: File,
}

/// Who owns a data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Process id.
    pub pid: u32,
    /// Where it listens, `http://127.0.0.1:PORT`; `None` while it starts.
    pub url: Option<String>,
}

impl DataDir {
    /// Makes this process the owner, creating the directory when it is missing. Blocks for a tenth of a second when it
    /// has an owner.
    ///
    /// # Errors
    /// [`Error::Owned`] when another process is the owner; [`Error::DataDir`] when the directory cannot be used.
    pub fn own(root: &Path) -> Result<Self, Error> {
        let failed = |source| Error::DataDir { path: root.to_owned(), source };
        std::fs::create_dir_all(root).map_err(failed)?;
        // Relative paths would change their meaning for Spark's driver, which has another working directory.
        let root = root.canonicalize().map_err(failed)?;
        let mut lock = open_lock(&root).map_err(failed)?;
        let mut tries = 0;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                // Whoever asks for the owner holds the lock for a moment too.
                Err(TryLockError::WouldBlock) if tries < LOCK_TRIES => {
                    tries += 1;
                    std::thread::sleep(LOCK_PAUSE);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::Owned { path: root, owner: read_owner(&mut lock) });
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
        let mut owned = Self { root, lock };
        owned.write_owner(&Owner { pid: std::process::id(), url: None })?;
        Ok(owned)
    }

    /// Tells other processes where the owner listens.
    ///
    /// # Errors
    /// [`Error::DataDir`] when the lock file cannot be written.
    pub fn publish(&mut self, url: &str) -> Result<(), Error> {
        self.write_owner(&Owner { pid: std::process::id(), url: Some(url.to_owned()) })
    }

    /// The owner of `root`, when a living process owns it.
    ///
    /// # Errors
    /// [`Error::DataDir`] when the lock file exists and cannot be opened.
    pub fn owner(root: &Path) -> Result<Option<Owner>, Error> {
        if !root.join(LOCK_FILE).exists() {
            return Ok(None);
        }
        let failed = |source| Error::DataDir { path: root.to_owned(), source };
        let mut lock = open_lock(root).map_err(failed)?;
        match lock.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => {
                Ok(Some(read_owner(&mut lock).unwrap_or(Owner { pid: 0, url: None })))
            }
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// When this process became the owner, by the clock of the file system.
    pub(crate) fn owned_since(&self) -> std::io::Result<SystemTime> {
        self.lock.metadata()?.modified()
    }

    /// The directory, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The SQLite file.
    pub fn database(&self) -> PathBuf {
        self.root.join("tinderbox.sqlite")
    }

    /// The folder of one attempt: program, properties, driver log, event log. Relative to the directory.
    pub fn attempt(run: &RunId, attempt: AttemptNumber) -> PathBuf {
        Path::new("runs").join(run.as_str()).join(format!("attempt-{attempt}"))
    }

    fn write_owner(&mut self, owner: &Owner) -> Result<(), Error> {
        let text = serde_json::to_vec(owner).unwrap_or_default();
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(&text)?;
            file.sync_all()
        };
        write(&mut self.lock).map_err(|source| Error::DataDir { path: self.root.clone(), source })
    }
}

const LOCK_FILE: &str = "tinderbox.lock";
const LOCK_TRIES: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

fn open_lock(root: &Path) -> std::io::Result<File> {
    let path = root.join(LOCK_FILE);
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

fn read_owner(lock: &mut File) -> Option<Owner> {
    let mut text = String::new();
    lock.rewind().ok()?;
    lock.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_owner_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(DataDir::owner(dir.path()).unwrap(), None);
        let mut first = DataDir::own(dir.path()).unwrap();
        first.publish("http://127.0.0.1:7878").unwrap();
        let refused = DataDir::own(dir.path()).unwrap_err();
        assert!(
            matches!(refused, Error::Owned { owner: Some(owner), .. } if owner.pid == std::process::id())
        );
        let owner = DataDir::owner(dir.path()).unwrap().unwrap();
        assert_eq!(owner.url.as_deref(), Some("http://127.0.0.1:7878"));
        drop(first);
        assert_eq!(DataDir::owner(dir.path()).unwrap(), None);
        DataDir::own(dir.path()).unwrap();
    }
}
