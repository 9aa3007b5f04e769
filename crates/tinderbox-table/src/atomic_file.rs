use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

/// A file that is at its place when it is complete, and nowhere when it is dropped before.
#[derive(Debug)]
pub(crate) struct AtomicFile {
    temporary: NamedTempFile,
    path: PathBuf,
    /// Folders whose entries must be synced, the deepest last.
    folders: Vec<PathBuf>,
}

impl AtomicFile {
    /// Makes the folders of `path` where they are missing, and a hidden file beside it.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let folder = folder_of(path);
        let mut folders = Vec::new();
        for missing in folder.ancestors().take_while(|f| !f.as_os_str().is_empty() && !f.exists()) {
            folders.insert(0, folder_of(missing));
        }
        fs::create_dir_all(&folder)?;
        let mut builder = Builder::new();
        builder.prefix(".").suffix(".tmp");
        // As any new file; `tempfile` alone would keep other users' tools from reading it.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let temporary = builder.tempfile_in(&folder)?;
        folders.push(folder);
        Ok(Self { temporary, path: path.to_owned(), folders })
    }

    pub(crate) fn as_file(&self) -> &File {
        self.temporary.as_file()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Syncs the content, renames the file to its place and syncs the folders. Answers its size in bytes.
    pub(crate) fn finish(self) -> io::Result<u64> {
        self.temporary.as_file().sync_all()?;
        let size = self.temporary.as_file().metadata()?.len();
        self.temporary.persist(&self.path).map_err(|e| e.error)?;
        for folder in self.folders.iter().rev() {
            File::open(folder)?.sync_all()?;
        }
        Ok(size)
    }
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
