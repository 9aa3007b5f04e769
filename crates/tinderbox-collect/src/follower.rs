use crate::error::of_io;
use crate::event_log::{OpenedFile, of_spark, open_file};
use crate::pipeline::{CHUNK_BYTES, Lines, as_u64, fold_lines};
use crate::{Error, EventLog, LogFile, LogPart};
use std::io::{self, ErrorKind, Read};
use tinderbox_model::{Application, Bytes, Task};
use tinderbox_spark::Fold;
use tinderbox_spark::log::Codec;

/// Reads a log that may still grow: each time from where reading stopped the time before.
///
/// A plain file is read on from that byte. A compressed one is decoded from its beginning, which costs a small part of
/// folding it; what was folded before is skipped.
#[derive(Debug, Default)]
pub struct Follower {
    fold: Fold,
    files: Vec<FollowedFile>,
    noted_gap: bool,
}

#[derive(Debug, Default)]
struct FollowedFile {
    /// Without the ending that Spark takes off.
    name: String,
    /// Bytes as they are stored, when it was read last.
    size: Bytes,
    /// Decoded bytes that were folded.
    bytes: u64,
    /// What ended it early when it was read last, with its name.
    cut: Option<String>,
}

impl Follower {
    /// Smaller files are read by one thread: starting others would take longer.
    const PARALLEL_BYTES: u64 = 2 << 20;

    /// Whether [`Follower::advance`] can go on with `log` as it is now: compacted or exchanged files cannot be followed.
    pub fn can_follow(&self, log: &EventLog) -> bool {
        let continues = |(known, part): (&FollowedFile, &LogPart)| {
            known.name == final_name(part) && known.size <= part.size
        };
        log.files.len() >= self.files.len()
            && log.missing.is_empty()
            && self.files.iter().zip(&log.files).all(continues)
    }

    /// Folds what is new. Ended tasks are handed to `on_task` as they come.
    ///
    /// # Errors
    /// When the log's first file cannot be read or decoded, or the source fails at a later one. A later one that is damaged, or
    /// that may not be read, only marks the application as cut short.
    pub fn advance(
        &mut self,
        log: &EventLog,
        threads: usize,
        on_task: &mut (dyn FnMut(Task) + Send),
    ) -> Result<(), Error> {
        if let Some(first) = log.missing.first()
            && !self.noted_gap
        {
            self.fold.truncated(&format!("part {first} of the rolling log is missing"));
            self.noted_gap = true;
        }
        // Parts before the last one of the time before do not grow any more.
        for (at, part) in log.files.iter().enumerate().skip(self.files.len().saturating_sub(1)) {
            if at == self.files.len() {
                // What the part before lacks will not come any more.
                self.note_cut();
                let name = final_name(part);
                self.files.push(FollowedFile { name, ..FollowedFile::default() });
            }
            match self.advance_file(at, part, threads, on_task) {
                Ok(()) => {}
                Err(error) if at == 0 || is_of_source(&error) => return Err(error),
                Err(error) => self.files[at].cut = Some(error.to_string()),
            }
        }
        Ok(())
    }

    /// The application as far as it was read.
    pub fn application(&mut self) -> Application {
        self.fold.application()
    }

    /// Tasks that were launched and have not ended, by id.
    pub fn running_tasks(&self) -> Vec<Task> {
        let mut running: Vec<Task> = self.fold.running_tasks().cloned().collect();
        running.sort_unstable_by_key(|task| task.id);
        running
    }

    /// The application when nothing more comes. Tasks that have not ended are handed to `on_task`.
    pub fn finish(mut self, on_task: &mut (dyn FnMut(Task) + Send)) -> Application {
        self.note_cut();
        self.running_tasks().into_iter().for_each(on_task);
        self.fold.finish()
    }

    fn note_cut(&mut self) {
        if let Some(reason) = self.files.last_mut().and_then(|file| file.cut.take()) {
            self.fold.truncated(&reason);
        }
    }

    fn advance_file(
        &mut self,
        at: usize,
        part: &LogPart,
        threads: usize,
        on_task: &mut (dyn FnMut(Task) + Send),
    ) -> Result<(), Error> {
        let OpenedFile { codec, bytes } = open_file(part)?;
        let size = bytes.file.size().map_err(|source| of_io(&part.place, source))?.0;
        let from = self.files[at].bytes;
        let threads =
            if size < Self::PARALLEL_BYTES { 1 } else { threads.min(chunks(codec, size)) };
        self.fold.in_file(&part.place.name());
        let lines = match (codec, &bytes.file) {
            (Codec::Plain, LogFile::Local(file)) => Lines::File(file),
            (Codec::Plain, LogFile::Remote(_)) if from == 0 => {
                Lines::Stream(Box::new(bytes.reader()))
            }
            // Nothing new has no range in an object store.
            (Codec::Plain, LogFile::Remote(_)) if from >= size => return Ok(()),
            (Codec::Plain, LogFile::Remote(_)) => Lines::Stream(Box::new(part.open_at(from)?)),
            (codec, _) => {
                let mut decoder =
                    codec.decode(bytes.reader()).map_err(|source| of_spark(&part.place, source))?;
                // A file that is shorter now has nothing new; what is wrong with it shows when it is closed.
                let _ = io::copy(&mut (&mut decoder).take(from), &mut io::sink());
                Lines::Stream(Box::new(decoder))
            }
        };
        let folded = fold_lines(lines, from, threads, &mut self.fold, on_task);
        if let Some(source) = folded.failed {
            return Err(of_io(&part.place, source));
        }
        let file = &mut self.files[at];
        file.cut = folded.cut.map(|reason| format!("{}: {reason}", part.place.name()));
        (file.bytes, file.size) = (folded.bytes, part.size);
        Ok(())
    }
}

fn final_name(part: &LogPart) -> String {
    let name = part.place.name();
    name.strip_suffix(".inprogress").map(str::to_owned).unwrap_or(name)
}

/// Whether an error tells nothing of the log itself and may pass: the network is gone, or a part was compacted away since it was
/// listed.
fn is_of_source(error: &Error) -> bool {
    match error {
        Error::Unreadable { source, .. } => source.kind() != ErrorKind::PermissionDenied,
        Error::Missing { .. } => true,
        _ => false,
    }
}

/// How many threads can have something to do at once.
fn chunks(codec: Codec, size: u64) -> usize {
    /// About what the best codec makes of an event log.
    const RATIO: u64 = 16;
    let decoded = if codec == Codec::Plain { size } else { size.saturating_mul(RATIO) };
    usize::try_from(decoded / as_u64(CHUNK_BYTES)).unwrap_or(usize::MAX).saturating_add(1)
}
