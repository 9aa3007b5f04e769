use crate::atomic_file::AtomicFile;
use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;
use tinderbox_model::{Application, Bytes};

/// The version of the format that is written, and the newest that is read.
pub const DETAIL_VERSION: u64 = 1;

/// Writes an application to a new detail file: one zstd frame with a checksum, in it a line of JSON with the
/// format's version and then the application as JSON. Answers the file's size.
///
/// # Errors
/// [`Error::Write`]; nothing is left of the file then.
pub fn write_detail(path: &Path, application: &Application) -> Result<Bytes, Error> {
    let write = || -> io::Result<u64> {
        let file = AtomicFile::create(path)?;
        let mut frame = zstd::Encoder::new(BufWriter::new(file.as_file()), LEVEL)?;
        frame.include_checksum(true)?;
        // Serializing comes in many small pieces.
        let mut json = BufWriter::new(frame);
        serde_json::to_writer(&mut json, &Header { tinderbox_detail: DETAIL_VERSION })?;
        json.write_all(b"\n")?;
        serde_json::to_writer(&mut json, application)?;
        let frame = json.into_inner().map_err(io::IntoInnerError::into_error)?;
        frame.finish()?.flush()?;
        file.finish()
    };
    write().map(Bytes).map_err(|e| Error::write(path, e))
}

/// Reads a detail file.
///
/// # Errors
/// [`Error::Open`]; [`Error::NewerVersion`]; [`Error::Damaged`] when the file is cut short, does not match its
/// checksum, or is something else.
pub fn read_detail(path: &Path) -> Result<Application, Error> {
    let file = File::open(path).map_err(|source| Error::Open { path: path.to_owned(), source })?;
    let damaged = |e: io::Error| Error::damaged(path, WHAT, e);
    let mut json = BufReader::new(zstd::Decoder::new(file).map_err(damaged)?);
    let mut line = Vec::new();
    json.by_ref().take(HEADER_LIMIT).read_until(b'\n', &mut line).map_err(damaged)?;
    let header: Header =
        serde_json::from_slice(&line).map_err(|e| Error::damaged(path, WHAT, e))?;
    if header.tinderbox_detail > DETAIL_VERSION {
        let (found, supported) = (header.tinderbox_detail, DETAIL_VERSION);
        return Err(Error::NewerVersion { path: path.to_owned(), found, supported });
    }
    // To the end of the frame, where the checksum is.
    let mut body = Vec::new();
    json.read_to_end(&mut body).map_err(damaged)?;
    serde_json::from_slice(&body).map_err(|e| Error::damaged(path, WHAT, e))
}

const WHAT: &str = "detail file of Tinderbox";

/// zstd's own default.
const LEVEL: i32 = 3;

/// Longest first line, so that a foreign file is not read whole in search of its end.
const HEADER_LIMIT: u64 = 1_024;

/// The first line. Later versions may add fields.
#[derive(Serialize, Deserialize)]
struct Header {
    tinderbox_detail: u64,
}
