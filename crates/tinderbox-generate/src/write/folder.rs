//! The folder of a data set: empty before, or whole after.

use crate::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tinderbox_model::Bytes;
use tinderbox_table::{DataSetTable, WrittenFile};

/// A folder that is being filled. When it is dropped before [`Folder::keep`], the folders that were made for it go.
pub(super) struct Folder {
    path: PathBuf,
    /// Folders that were not there before, the deepest last.
    made: Vec<PathBuf>,
}

impl Folder {
    pub(super) fn prepare(path: &Path, force: bool) -> Result<Self, Error> {
        let failed = |source| Error::Folder { path: path.to_owned(), source };
        let mut made = Vec::new();
        match fs::read_dir(path) {
            Ok(mut entries) => {
                if !force && entries.next().is_some() {
                    return Err(Error::NotEmpty { path: path.to_owned() });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                for missing in path.ancestors().take_while(|f| !f.as_os_str().is_empty()) {
                    if missing.exists() {
                        break;
                    }
                    made.insert(0, missing.to_owned());
                }
            }
            Err(error) => return Err(failed(error)),
        }
        for table in DataSetTable::ALL {
            let below = path.join(table.name());
            if !below.exists() {
                made.push(below);
            }
        }
        let folder = Self { path: path.to_owned(), made };
        fs::create_dir_all(path).map_err(failed)?;
        Ok(folder)
    }

    /// Puts files at their places. When one cannot be, those that already are go again.
    pub(super) fn keep(
        mut self,
        files: Vec<(String, WrittenFile)>,
    ) -> Result<Vec<(String, Bytes)>, Error> {
        let mut kept: Vec<(String, Bytes)> = Vec::new();
        for (name, file) in files {
            match file.keep() {
                Ok(written) => kept.push((name, written.num_bytes)),
                Err(error) => {
                    for (name, _) in kept {
                        // What cannot be removed was there to be replaced.
                        let _ = fs::remove_file(self.path.join(name));
                    }
                    return Err(error.into());
                }
            }
        }
        self.made.clear();
        Ok(kept)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        for folder in self.made.iter().rev() {
            // One with something in it is not ours alone, and stays.
            let _ = fs::remove_dir(folder);
        }
    }
}
