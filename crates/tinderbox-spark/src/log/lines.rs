use super::Codec;
use crate::{Error, Fold};
use std::io::{self, BufRead, ErrorKind, Read};
use tinderbox_model::Task;

/// Folds all lines of one file or one part of a rolling log.
///
/// What ends the stream early (a cut frame, a cut last line, a failing disk) is noted by
/// [`Fold::truncated`] and is no error: everything before it counts.
///
/// # Errors
/// Only when the decoder cannot be set up.
pub fn fold_lines(
    input: impl Read + Send,
    codec: Codec,
    fold: &mut Fold,
    on_task: &mut dyn FnMut(Task),
) -> Result<(), Error> {
    let mut lines = Lines::new(codec.decode(input)?);
    loop {
        match lines.read() {
            Ok(Some(line))
                if line.ended
                    || serde_json::from_slice::<serde::de::IgnoredAny>(line.bytes).is_ok() =>
            {
                fold.line(line.bytes, on_task);
            }
            Ok(Some(_)) => {
                fold.truncated("the last line is cut off");
                return Ok(());
            }
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                fold.truncated("the last compressed frame is cut off");
                return Ok(());
            }
            Err(error) => {
                fold.truncated(&format!("reading stopped: {error}"));
                return Ok(());
            }
        }
    }
}

/// One line without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'b> {
    /// The bytes, without `\n` and `\r\n`.
    pub bytes: &'b [u8],
    /// Whether the line had its end. The last one of a log that is being written may have none and be cut.
    pub ended: bool,
}

/// Lines of any reader, in one buffer that grows to the longest of them. Lines have no length limit: plans
/// make lines of more than 20 MB (SPARK-49872).
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    failed: bool,
}

impl<R: BufRead> Lines<R> {
    /// Lines of `reader`.
    pub fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), failed: false }
    }

    /// The next line; `None` at the end and after an error.
    ///
    /// # Errors
    /// What the reader says. A partial line before the error is dropped.
    pub fn read(&mut self) -> io::Result<Option<Line<'_>>> {
        if self.failed {
            return Ok(None);
        }
        self.buffer.clear();
        if let Err(error) = self.reader.read_until(b'\n', &mut self.buffer) {
            self.failed = true;
            return Err(error);
        }
        let bytes = self.buffer.as_slice();
        if bytes.is_empty() {
            return Ok(None);
        }
        let (bytes, ended) = bytes.strip_suffix(b"\n").map_or((bytes, false), |line| (line, true));
        Ok(Some(Line { bytes: bytes.strip_suffix(b"\r").unwrap_or(bytes), ended }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(codec: Codec, input: &[u8]) -> (Vec<(String, bool)>, Option<ErrorKind>) {
        let mut lines = Lines::new(codec.decode(input).unwrap());
        let mut seen = Vec::new();
        loop {
            match lines.read() {
                Ok(Some(line)) => {
                    seen.push((String::from_utf8_lossy(line.bytes).into_owned(), line.ended));
                }
                Ok(None) => return (seen, None),
                Err(error) => {
                    assert_eq!(lines.read().unwrap(), None, "an error ends the lines");
                    return (seen, Some(error.kind()));
                }
            }
        }
    }

    #[test]
    fn last_line_without_end_is_marked() {
        let (lines, error) = all(Codec::Plain, b"one\r\n\nthree");
        assert_eq!(
            lines,
            [("one", true), ("", true), ("three", false)].map(|(l, e)| (l.into(), e))
        );
        assert_eq!(error, None);
    }

    #[test]
    fn zstd_frames_follow_each_other() {
        let mut frames = zstd::encode_all(&b"one\ntwo\n"[..], 1).unwrap();
        frames.extend(zstd::encode_all(&b"three\n"[..], 1).unwrap());
        let (lines, error) = all(Codec::Zstd, &frames);
        assert_eq!(lines.len(), 3);
        assert_eq!(error, None);
    }

    #[test]
    fn cut_last_frame_ends_the_stream_after_the_frames_before_it() {
        let mut frames = zstd::encode_all(&b"one\ntwo\n"[..], 1).unwrap();
        let whole = frames.len();
        frames.extend(zstd::encode_all(&b"three\n"[..], 1).unwrap());
        for cut in whole + 1..frames.len() {
            let (lines, error) = all(Codec::Zstd, &frames[..cut]);
            assert_eq!(lines.len(), 2, "cut at {cut}");
            assert_eq!(error, Some(ErrorKind::UnexpectedEof), "cut at {cut}");
        }
    }

    #[test]
    fn a_line_may_be_longer_than_any_buffer() {
        let long = vec![b'x'; 3 * 1024 * 1024];
        let mut lines = Lines::new(Codec::Plain.decode(&long[..]).unwrap());
        assert_eq!(lines.read().unwrap().unwrap().bytes.len(), long.len());
    }
}
