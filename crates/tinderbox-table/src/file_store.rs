//! Where files of a data set are made: a folder of this machine, or a place that somebody else implements.

use crate::atomic_file::AtomicFile;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;
use tinderbox_model::Bytes;

/// Where files are made, by names with `/` between folder and file. [`conformance`] says what holds for every one.
pub trait FileStore: Sync {
    /// What it is called, for messages.
    fn place(&self) -> String;

    /// Whether nothing is there.
    ///
    /// # Errors
    /// When it cannot be looked at.
    fn is_empty(&self) -> io::Result<bool>;

    /// Begins a file.
    ///
    /// # Errors
    /// When it cannot be made.
    fn create(&self, name: &str) -> io::Result<Box<dyn NewFile>>;

    /// Removes a file that was kept; one that is not there is no error.
    ///
    /// # Errors
    /// When it is still there.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Begins a folder of many files, which takes the place of one of this name.
    ///
    /// # Errors
    /// When it cannot be made.
    fn folder(&self, name: &str) -> io::Result<Box<dyn NewFolder + '_>>;
}

/// A file that nobody sees before it is kept. When it is dropped before, nothing is left of it.
pub trait NewFile: Write + Send {
    /// Brings everything that was written to where it stays, so that keeping it is little work.
    ///
    /// # Errors
    /// What writing says.
    fn close(&mut self) -> io::Result<()>;

    /// Puts it at its place. Answers its size.
    ///
    /// # Errors
    /// When it is not there; nothing is left of it then.
    fn keep(self: Box<Self>) -> io::Result<Bytes>;
}

/// A folder that is being filled. When it is dropped before it is kept, nothing is left of it.
pub trait NewFolder: Sync {
    /// Begins a file in it.
    ///
    /// # Errors
    /// When it cannot be made.
    fn create(&self, name: &str) -> io::Result<Box<dyn NewFile>>;

    /// Puts it at its place, with the files that were kept, and without those that were there.
    ///
    /// # Errors
    /// When it is not there.
    fn keep(self: Box<Self>) -> io::Result<()>;
}

/// Files in a folder of this machine. Folders that were made for it and have nothing in them go when it is dropped.
#[derive(Debug)]
pub struct LocalFiles {
    root: PathBuf,
    /// The deepest last.
    made: Mutex<Vec<PathBuf>>,
}

impl LocalFiles {
    /// Files below `root`, which is made when the first of them is.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), made: Mutex::default() }
    }

    /// Makes a folder, and remembers what of it was not there.
    fn make(&self, folder: &Path) -> io::Result<()> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        let missing: Vec<_> = folder.ancestors().take_while(is_missing).collect();
        made.extend(missing.into_iter().rev().map(Path::to_owned));
        fs::create_dir_all(folder)
    }
}

impl FileStore for LocalFiles {
    fn place(&self) -> String {
        self.root.display().to_string()
    }

    fn is_empty(&self) -> io::Result<bool> {
        match fs::read_dir(&self.root) {
            Ok(mut entries) => Ok(entries.next().is_none()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn NewFile>> {
        let path = self.root.join(name);
        self.make(path.parent().unwrap_or(&self.root))?;
        Ok(Box::new(AtomicFile::create(&path)?))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.root.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn folder(&self, name: &str) -> io::Result<Box<dyn NewFolder + '_>> {
        self.make(&self.root)?;
        let hidden = tempfile::Builder::new().prefix(".").suffix(".tmp").tempdir_in(&self.root)?;
        Ok(Box::new(HiddenFolder { hidden, place: self.root.join(name) }))
    }
}

impl Drop for LocalFiles {
    fn drop(&mut self) {
        let made = self.made.get_mut().unwrap_or_else(PoisonError::into_inner);
        for folder in made.iter().rev() {
            // One with something in it stays.
            let _ = fs::remove_dir(folder);
        }
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.as_file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl NewFile for AtomicFile {
    fn close(&mut self) -> io::Result<()> {
        self.as_file().sync_all()
    }

    fn keep(self: Box<Self>) -> io::Result<Bytes> {
        self.finish().map(Bytes)
    }
}

struct HiddenFolder {
    hidden: TempDir,
    place: PathBuf,
}

impl NewFolder for HiddenFolder {
    fn create(&self, name: &str) -> io::Result<Box<dyn NewFile>> {
        let path = self.hidden.path().join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(Box::new(PlainFile(File::create(path)?)))
    }

    fn keep(self: Box<Self>) -> io::Result<()> {
        match fs::remove_dir_all(&self.place) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::rename(self.hidden.keep(), &self.place)
    }
}

/// A file of a folder that is not seen itself.
struct PlainFile(File);

impl Write for PlainFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl NewFile for PlainFile {
    fn close(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn keep(self: Box<Self>) -> io::Result<Bytes> {
        Ok(Bytes(self.0.metadata()?.len()))
    }
}

/// What holds for every [`FileStore`]; `read` answers what stands under a name. For tests.
///
/// # Panics
/// When something of it does not hold.
#[allow(clippy::unwrap_used, clippy::missing_panics_doc)]
pub fn conformance(store: &dyn FileStore, read: impl Fn(&str) -> Option<Vec<u8>>) {
    assert!(store.is_empty().unwrap(), "nothing is there in the beginning");
    // Larger than what is sent to a store at a time.
    let large = b"0123456789abcdef".repeat(3 << 20);
    let write = |mut file: Box<dyn NewFile>, bytes: &[u8]| {
        bytes.chunks(1_000_003).for_each(|piece| file.write_all(piece).unwrap());
        file.close().unwrap();
        file
    };
    for (name, bytes) in [("a/small", &b"x"[..]), ("none", b""), ("a/large", &large)] {
        let file = write(store.create(name).unwrap(), bytes);
        assert!(read(name).is_none(), "{name} is seen before it is kept");
        assert_eq!(file.keep().unwrap().0, bytes.len() as u64);
        assert!(read(name).is_some_and(|found| found == bytes), "{name}");
    }
    assert!(!store.is_empty().unwrap());
    let again = write(store.create("a/small").unwrap(), b"y");
    assert_eq!(again.keep().unwrap(), Bytes(1));
    assert_eq!(
        read("a/small").as_deref(),
        Some(&b"y"[..]),
        "a file takes the place of one of its name"
    );
    for bytes in [&b"z"[..], &large] {
        drop(write(store.create("dropped").unwrap(), bytes));
        assert!(read("dropped").is_none(), "nothing is left of a file that was dropped");
    }
    store.remove("a/small").unwrap();
    store.remove("a/small").unwrap();
    assert!(read("a/small").is_none());

    for round in [&b"first"[..], b"second"] {
        let folder = store.folder("many").unwrap();
        write(folder.create(&format!("of {}", round.len())).unwrap(), round).keep().unwrap();
        write(folder.create("deep/in it").unwrap(), round).keep().unwrap();
        folder.keep().unwrap();
        assert_eq!(read("many/deep/in it").as_deref(), Some(round));
    }
    assert!(
        read("many/of 5").is_none() && read("many/of 6").is_some(),
        "one folder takes the place of another"
    );
    let folder = store.folder("left").unwrap();
    write(folder.create("one").unwrap(), b"1").keep().unwrap();
    drop(folder);
    assert!(read("left/one").is_none(), "nothing is left of a folder that was dropped");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_this_machine_is_a_store() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("not/yet there");
        let store = LocalFiles::new(&root);
        conformance(&store, |name| fs::read(root.join(name)).ok());
    }

    #[test]
    fn folders_that_were_made_for_nothing_go() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalFiles::new(&folder.path().join("a/b"));
        drop(store.create("c/d").unwrap());
        assert!(folder.path().join("a/b/c").is_dir());
        drop(store);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
