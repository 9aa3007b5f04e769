//! Event logs as a zip archive.

use crate::listing::{LogFiles, files_at};
use crate::{Error, Location, LogPart};
use std::io::{self, Read, Write};
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};
use zip::{CompressionMethod, result::ZipError};

/// Writes event logs as one archive (`EventLogFileReader.zipEventLogFiles`): a single file under its name, a rolling log
/// as a folder with all its files. Written forward only; entries are deflated, because Java's `ZipInputStream` reads no
/// others whose sizes follow the data. Blocks its caller.
///
/// # Errors
/// What reading a log or `output` says, the place of the log in the text.
pub fn write_archive(logs: &[Location], output: &mut dyn Write) -> io::Result<()> {
    let mut archive = ZipWriter::new_stream(output);
    for log in logs {
        let (log, files) = files_of(log).map_err(of_log)?;
        match files {
            LogFiles::One(part) => add(&mut archive, log.name(), &part)?,
            LogFiles::Folder(parts) => {
                let name = log.name();
                archive.add_directory(format!("{name}/"), options()).map_err(of_zip)?;
                for part in parts {
                    let name = format!("{name}/{}", part.place.name());
                    add(&mut archive, name, &part)?;
                }
            }
        }
    }
    archive.finish().map_err(of_zip)?;
    Ok(())
}

type Archive<'o> = ZipWriter<StreamWriter<&'o mut dyn Write>>;

fn add(archive: &mut Archive<'_>, name: String, part: &LogPart) -> io::Result<()> {
    archive.start_file(name, options()).map_err(of_zip)?;
    // A log that grows meanwhile is cut where it ended.
    let mut file = part.open_at(0).map_err(of_log)?.take(part.size.0);
    io::copy(&mut file, archive)?;
    Ok(())
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(1))
        .large_file(true)
}

/// The files of a log: Spark writes `.inprogress` behind the name until the application ends.
fn files_of(log: &Location) -> Result<(Location, LogFiles), Error> {
    match files_at(log) {
        Err(Error::Missing { place }) => {
            let open = log.with_name(&format!("{}.inprogress", log.name()));
            let files = files_at(&open).map_err(|_| Error::Missing { place })?;
            Ok((open, files))
        }
        found => Ok((log.clone(), found?)),
    }
}

fn of_log(error: Error) -> io::Error {
    io::Error::other(error)
}

fn of_zip(error: ZipError) -> io::Error {
    match error {
        ZipError::Io(error) => error,
        other => io::Error::other(other),
    }
}
