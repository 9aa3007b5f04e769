use crate::{Error, EventLog};
use std::cmp::Reverse;
use std::fs;
use std::path::Path;
use tinderbox_spark::log::classify;

/// The event logs of a log directory (`spark.eventLog.dir`), the latest changed first. Nothing is read but
/// names and sizes, so files that are no logs may be among them; reading those says so.
///
/// Logs that vanish while the list is made, and rolling logs without a part yet, are left out.
///
/// # Errors
/// When the directory is missing or cannot be read.
pub fn list(directory: &Path) -> Result<Vec<EventLog>, Error> {
    let mut logs = Vec::new();
    for entry in entries(directory)?.flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        if classify(&name.to_string_lossy(), path.is_dir()).is_some()
            && let Ok(Some(log)) = EventLog::at(&path)
        {
            logs.push(log);
        }
    }
    logs.sort_by(|a, b| {
        (Reverse(a.version.modified), &a.path).cmp(&(Reverse(b.version.modified), &b.path))
    });
    Ok(logs)
}

/// Names of the files in a directory, those that are no text left out.
pub(crate) fn file_names(directory: &Path) -> Result<Vec<String>, Error> {
    let files = entries(directory)?.flatten().filter(|entry| !entry.path().is_dir());
    Ok(files.filter_map(|entry| entry.file_name().into_string().ok()).collect())
}

fn entries(directory: &Path) -> Result<fs::ReadDir, Error> {
    fs::read_dir(directory).map_err(|source| {
        let path = directory.to_owned();
        match source.kind() {
            std::io::ErrorKind::NotFound => Error::Missing { path },
            _ => Error::Unreadable { path, source },
        }
    })
}
