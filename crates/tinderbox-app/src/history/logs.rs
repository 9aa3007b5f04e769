//! The event logs as a zip archive. Entries are stored as they are: logs are compressed already, mostly.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

mod zip;

use zip::Zip;

/// Writes the logs of attempts as one archive (`EventLogFileReader.zipEventLogFiles`): a single file under its name, a
/// rolling log as a folder with its parts.
///
/// # Errors
/// What reading a log or `output` says.
pub fn write_logs(logs: &[PathBuf], output: &mut dyn Write) -> io::Result<()> {
    let mut zip = Zip::new(output);
    for log in logs {
        let path = existing(log);
        let name = file_name(&path);
        if path.is_dir() {
            zip.folder(&format!("{name}/"))?;
            let mut parts: Vec<PathBuf> =
                path.read_dir()?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
            parts.retain(|part| part.is_file() && !file_name(part).starts_with('.'));
            parts.sort();
            for part in parts {
                add(&mut zip, &format!("{name}/{}", file_name(&part)), &part)?;
            }
        } else {
            add(&mut zip, &name, &path)?;
        }
    }
    zip.finish()
}

fn add(zip: &mut Zip<'_>, name: &str, path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    // A log that grows meanwhile is cut where it ended.
    let length = file.metadata()?.len();
    zip.file(name, &mut file.take(length))
}

/// Spark writes `.inprogress` behind the name until the application ends.
fn existing(log: &Path) -> PathBuf {
    if log.exists() {
        return log.to_owned();
    }
    let mut open = log.as_os_str().to_owned();
    open.push(".inprogress");
    PathBuf::from(open)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
