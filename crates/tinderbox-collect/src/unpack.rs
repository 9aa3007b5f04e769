use crate::Error;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use tinderbox_model::Bytes;
use zip::ZipArchive;

/// What an archive may become at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnpackLimits {
    /// Bytes of all files together, and of the archive itself.
    pub unpacked: Bytes,
    /// Number of files.
    pub files: usize,
}

/// 64 GiB, ten times the plain log of a million tasks, in 10,000 files: parts of a rolling log have at least 10 MiB.
impl Default for UnpackLimits {
    fn default() -> Self {
        Self { unpacked: Bytes(64 << 30), files: 10_000 }
    }
}

/// Unpacks the answer of a history server's `logs`: one file, or one folder `eventlog_v2_…` with parts. Gives the path
/// of that file or folder. Sizes are counted while unpacking, whatever the archive says of itself.
pub(crate) fn unpack(
    packed: &Path,
    folder: &Path,
    limits: UnpackLimits,
    url: &str,
) -> Result<PathBuf, Error> {
    let broken = |reason: String, again| Error::Archive { url: url.to_owned(), reason, again };
    let of_file =
        |path: &Path, source| Error::Unreadable { place: path.display().to_string(), source };
    let file = File::open(packed).map_err(|source| of_file(packed, source))?;
    // Without its end it is an archive that was cut, or none at all; both may be better next time.
    let mut archive = ZipArchive::new(BufReader::new(file))
        .map_err(|error| broken(format!("it is no whole zip file: {error}"), true))?;
    if archive.len() > limits.files {
        return Err(broken(format!("it has more than {} files", limits.files), false));
    }
    fs::create_dir_all(folder).map_err(|source| of_file(folder, source))?;
    let mut left = limits.unpacked.0;
    let mut root = None;
    for index in 0..archive.len() {
        let mut entry = archive
            .by_index(index)
            .map_err(|error| broken(format!("an entry cannot be read: {error}"), true))?;
        let name = match entry.name() {
            Ok(name) => name.into_owned(),
            Err(error) => return Err(broken(format!("an entry has no name: {error}"), false)),
        };
        let Some(relative) = safe_path(&name) else {
            return Err(broken(format!("it has an entry with the path `{name}`"), false));
        };
        let path = folder.join(&relative);
        let first = relative.components().next().map(|part| folder.join(part));
        if root.is_some() && root != first {
            return Err(broken("it holds several event logs".to_owned(), false));
        }
        root = first;
        if name.ends_with('/') {
            fs::create_dir_all(&path).map_err(|source| of_file(&path, source))?;
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|source| of_file(parent, source))?;
        }
        let mut to = File::create_new(&path).map_err(|source| of_file(&path, source))?;
        let copied = copy(&mut entry, &mut to, left).map_err(|error| match error {
            CopyError::Read(error) => broken(format!("`{name}` is damaged: {error}"), true),
            CopyError::Write(source) => of_file(&path, source),
            CopyError::TooLarge => broken(
                format!(
                    "unpacked it is larger than {}, which may be raised with --max-log-size",
                    limits.unpacked
                ),
                false,
            ),
        })?;
        left -= copied;
    }
    root.ok_or_else(|| broken("it is empty".to_owned(), false))
}

enum CopyError {
    Read(io::Error),
    Write(io::Error),
    TooLarge,
}

fn copy(from: &mut dyn Read, to: &mut dyn io::Write, limit: u64) -> Result<u64, CopyError> {
    let mut buffer = vec![0; 1 << 18];
    let mut copied = 0;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(copied),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(CopyError::Read(error)),
        };
        copied += u64::try_from(read).unwrap_or(u64::MAX);
        if copied > limit {
            return Err(CopyError::TooLarge);
        }
        to.write_all(&buffer[..read]).map_err(CopyError::Write)?;
    }
}

/// A file, or a file in one folder. `None` for paths that lead elsewhere.
fn safe_path(name: &str) -> Option<PathBuf> {
    let parts: Vec<&str> = name.trim_end_matches('/').split('/').collect();
    let is_plain = |part: &&str| {
        !part.is_empty() && **part != *"." && **part != *".." && !part.contains(['\\', '\0'])
    };
    (parts.len() <= 2 && parts.iter().all(is_plain)).then(|| parts.iter().collect())
}
