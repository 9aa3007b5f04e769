//! The files of a log: one, or the folder of a rolling log.

use super::{Codec, LogForm, write_log};
use crate::error::Error;
use crate::job::{Job, JobStatus};
use crate::plan::Plan;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tinderbox_spark::log::Encoder;

/// Writes the log of a job below `folder` by Spark's names. Answers its bytes before compression.
pub(super) fn write(plan: &Plan, job: &Job, folder: &Path, form: LogForm) -> Result<u64, Error> {
    let id = plan.application_id(job.index);
    let state = if job.status == JobStatus::Running { ".inprogress" } else { "" };
    let suffix = suffix(form.codec);
    let Some(most) = form.rolling else {
        let path = folder.join(format!("{id}{suffix}{state}"));
        let failed = |source| Error::Log { path: path.clone(), source };
        let mut encoder = File::create(&path).and_then(|f| form.codec.encode(f)).map_err(failed)?;
        let num_bytes = write_log(plan, job, &mut encoder).map_err(failed)?;
        encoder.finish().map_err(failed)?;
        return Ok(num_bytes);
    };
    let folder = folder.join(format!("eventlog_v2_{id}"));
    let failed = |source| Error::Log { path: folder.clone(), source };
    fs::create_dir(&folder).map_err(failed)?;
    File::create(folder.join(format!("appstatus_{id}{state}"))).map_err(failed)?;
    let name = format!("_{id}{suffix}");
    let codec = form.codec;
    let mut parts =
        Parts { folder: folder.clone(), name, codec, most: most.0, index: 0, size: 0, part: None };
    let num_bytes = write_log(plan, job, &mut parts).map_err(failed)?;
    parts.close().map_err(failed)?;
    Ok(num_bytes)
}

/// What Spark puts behind the name of a log.
fn suffix(codec: Codec) -> &'static str {
    match codec {
        Codec::Plain => "",
        Codec::Zstd => ".zstd",
        Codec::Lz4 => ".lz4",
        Codec::Snappy => ".snappy",
        Codec::Lzf => ".lzf",
        Codec::Gzip => ".gz",
    }
}

/// The parts of a rolling log. Each write is of whole lines, so that a part ends with one.
struct Parts {
    folder: PathBuf,
    /// What stands behind the number.
    name: String,
    codec: Codec,
    /// Size before compression from which on the next part begins.
    most: u64,
    index: u64,
    size: u64,
    part: Option<Encoder<File>>,
}

impl Parts {
    fn close(&mut self) -> io::Result<()> {
        match self.part.take() {
            Some(part) => part.finish().map(drop),
            None => Ok(()),
        }
    }
}

impl Write for Parts {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let size = lines.len() as u64;
        if self.size + size > self.most {
            self.close()?;
        }
        let part = match &mut self.part {
            Some(part) => part,
            None => {
                self.index += 1;
                self.size = 0;
                let path = self.folder.join(format!("events_{}{}", self.index, self.name));
                self.part.insert(self.codec.encode(File::create(path)?)?)
            }
        };
        part.write_all(lines)?;
        self.size += size;
        Ok(lines.len())
    }

    /// What is held back is written when the part ends.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
