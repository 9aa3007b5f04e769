//! The files of a log: one, or the folder of a rolling log.

use super::{Codec, LogForm, write_log};
use crate::error::Error;
use crate::job::{Job, JobStatus};
use crate::plan::Plan;
use std::io::{self, Write};
use tinderbox_spark::log::Encoder;
use tinderbox_table::{NewFile, NewFolder};

/// Writes the log of a job below `folder` by Spark's names. Answers its bytes before compression.
pub(super) fn write(
    plan: &Plan,
    job: &Job,
    folder: &dyn NewFolder,
    form: LogForm,
) -> Result<u64, Error> {
    let id = plan.application_id(job.index);
    let state = if job.status == JobStatus::Running { ".inprogress" } else { "" };
    let suffix = suffix(form.codec);
    let Some(most) = form.rolling else {
        let name = format!("{id}{suffix}{state}");
        let failed = |source| Error::Log { path: name.clone().into(), source };
        let file = folder.create(&name).map_err(failed)?;
        let mut encoder = form.codec.encode(file).map_err(failed)?;
        let num_bytes = write_log(plan, job, &mut encoder).map_err(failed)?;
        encoder.finish().and_then(<dyn NewFile>::keep).map_err(failed)?;
        return Ok(num_bytes);
    };
    let name = format!("eventlog_v2_{id}");
    let failed = |source| Error::Log { path: name.clone().into(), source };
    let marker = folder.create(&format!("{name}/appstatus_{id}{state}")).map_err(failed)?;
    marker.keep().map_err(failed)?;
    let mut parts = Parts {
        folder,
        head: format!("{name}/events_"),
        tail: format!("_{id}{suffix}"),
        codec: form.codec,
        most: most.0,
        index: 0,
        size: 0,
        part: None,
    };
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
struct Parts<'a> {
    folder: &'a dyn NewFolder,
    /// What stands before the number.
    head: String,
    /// What stands behind it.
    tail: String,
    codec: Codec,
    /// Size before compression from which on the next part begins.
    most: u64,
    index: u64,
    size: u64,
    part: Option<Encoder<Box<dyn NewFile>>>,
}

impl Parts<'_> {
    fn close(&mut self) -> io::Result<()> {
        match self.part.take() {
            Some(part) => part.finish().and_then(<dyn NewFile>::keep).map(drop),
            None => Ok(()),
        }
    }
}

impl Write for Parts<'_> {
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
                let name = format!("{}{}{}", self.head, self.index, self.tail);
                self.part.insert(self.codec.encode(self.folder.create(&name)?)?)
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
