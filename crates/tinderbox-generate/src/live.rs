//! Event logs as their listener would have sent them: batches with envelopes, each with the moment when it is due.

mod times;

use crate::job::Job;
use std::io::{self, Write};
use std::time::Duration;

/// A batch closes when its first event is this old, as the listener's.
const BATCH_PERIOD: Duration = Duration::from_millis(250);
/// And when it has so many bytes.
const BATCH_BYTES: usize = 256 * 1024;

/// The time of an application: from the first event that has one to the last, milliseconds since 1970.
///
/// That of a recorded one is found by writing its events here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveSpan {
    seen: Option<(i64, i64)>,
    lines: WholeLines,
}

impl LiveSpan {
    /// The span of a job.
    pub fn of(job: &Job) -> Self {
        let seen = Some((job.start_ms, job.start_ms + job.duration_ms));
        Self { seen, lines: WholeLines::default() }
    }

    /// When it began; `None` when no event has a time.
    pub fn begin(&self) -> Option<i64> {
        self.seen.map(|(first, _)| first)
    }

    fn length(&self) -> i64 {
        self.seen.map_or(0, |(first, last)| last - first)
    }
}

impl Write for LiveSpan {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Self { seen, lines } = self;
        lines.split(bytes, |line| {
            if let Some(at) = times::of(line) {
                let (first, last) = seen.unwrap_or((at, at));
                *seen = Some((first.min(at), last.max(at)));
            }
            Ok(())
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lines of bytes that come in any pieces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct WholeLines {
    /// A line that has not ended.
    rest: Vec<u8>,
}

impl WholeLines {
    fn split(
        &mut self,
        bytes: &[u8],
        mut on_line: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut begin = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            if self.rest.is_empty() {
                on_line(&bytes[begin..end])?;
            } else {
                self.rest.extend_from_slice(&bytes[begin..end]);
                on_line(&self.rest)?;
                self.rest.clear();
            }
            begin = end + 1;
        }
        self.rest.extend_from_slice(&bytes[begin..]);
        Ok(())
    }
}

/// At what pace an application is played, and which times its events then have.
///
/// Times are moved as a whole, so that durations stay what they are, and none is in the future when it is sent: played in real
/// time an application begins now; played faster it is one that began a while ago and ends when it has been played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LivePace {
    begin: i64,
    shift: i64,
    speed: f64,
}

impl LivePace {
    /// The pace of an application of this span that begins to be played at `now`, milliseconds since 1970. `speed` is
    /// how many times faster than it was; above 0.
    pub fn new(span: &LiveSpan, now: i64, speed: f64) -> Self {
        let begin = span.begin().unwrap_or(now);
        let ahead = (crate::job::float(span.length()) * (1.0 - 1.0 / speed)).max(0.0);
        Self { begin, shift: now - crate::job::whole(ahead) - begin, speed }
    }

    /// How long after the beginning an event of this time is due.
    fn due(&self, at: i64) -> Duration {
        let ms = crate::job::float(at - self.begin).max(0.0) / self.speed;
        // An event that is never due is one of a damaged log; a year is as good.
        Duration::from_secs_f64((ms / 1000.0).min(31_536_000.0))
    }
}

/// Some events with their envelope: the body of one request to `/ingest/live`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveBatch {
    /// How long after the beginning it is to be sent.
    pub due: Duration,
    /// Events in it.
    pub num_events: u64,
    /// What is sent.
    pub body: Vec<u8>,
}

/// Makes batches of the lines of one event log. Bytes may come in any pieces; batches are handed to `send`, whose error
/// ends it.
pub struct LiveBatches<F> {
    pace: LivePace,
    session: String,
    send: F,
    lines: WholeLines,
    seq: u64,
    first_event: u64,
    num_events: u64,
    events: Vec<u8>,
    /// When the first and the last event of the batch are due.
    due: (Duration, Duration),
    has_ended: bool,
}

impl<F: FnMut(LiveBatch) -> io::Result<()>> LiveBatches<F> {
    /// Batches of the session, a UUID.
    pub fn new(session: String, pace: LivePace, send: F) -> Self {
        Self {
            pace,
            session,
            send,
            lines: WholeLines::default(),
            seq: 0,
            first_event: 0,
            num_events: 0,
            events: Vec::new(),
            due: (Duration::ZERO, Duration::ZERO),
            has_ended: false,
        }
    }

    /// Sends what is left. A session whose application has ended says so in its last batch; that of one that runs, or was
    /// cut, stays open, as when a driver dies.
    ///
    /// # Errors
    /// What `send` says.
    pub fn finish(mut self) -> io::Result<()> {
        let rest = std::mem::take(&mut self.lines.rest);
        if rest.ends_with(b"}") {
            self.line(&rest)?;
        }
        if self.has_ended || self.num_events > 0 { self.close() } else { Ok(()) }
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        if line.is_empty() {
            return Ok(());
        }
        // One without a time is due when the one before it is.
        let due = times::of(line).map_or(self.due.1, |at| self.pace.due(at)).max(self.due.1);
        let is_full = self.events.len() + line.len() > BATCH_BYTES;
        if self.num_events > 0 && (is_full || due > self.due.0 + BATCH_PERIOD) {
            self.close()?;
        }
        if self.num_events == 0 {
            self.due.0 = due;
        }
        self.due.1 = due;
        self.num_events += 1;
        times::shift(line, self.pace.shift, &mut self.events);
        self.events.push(b'\n');
        self.has_ended = line.starts_with(b"{\"Event\":\"SparkListenerApplicationEnd\"");
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        let (session, seq, first) = (&self.session, self.seq, self.first_event);
        let num_events = std::mem::take(&mut self.num_events);
        let end = if self.has_ended { ",\"final\":true" } else { "" };
        let mut body = format!(
            "{{\"tinderbox\":1,\"session\":\"{session}\",\"seq\":{seq},\"first_event\":{first},\"events\":{num_events},\"dropped\":{{}}{end}}}\n"
        )
        .into_bytes();
        body.append(&mut self.events);
        self.seq += 1;
        self.first_event += num_events;
        (self.send)(LiveBatch { due: self.due.1, num_events, body })
    }
}

impl<F: FnMut(LiveBatch) -> io::Result<()>> Write for LiveBatches<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = std::mem::take(&mut self.lines);
        lines.split(bytes, |line| self.line(line))?;
        self.lines = lines;
        Ok(bytes.len())
    }

    /// A batch is sent when it is full or its time has come.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = concat!(
        "{\"Event\":\"SparkListenerLogStart\",\"Spark Version\":\"4.0.1\"}\n",
        "{\"Event\":\"SparkListenerApplicationStart\",\"App Name\":\"a\",\"Timestamp\":1700000000000}\n",
        "{\"Event\":\"SparkListenerExecutorMetricsUpdate\"}\n",
        "{\"Event\":\"SparkListenerTaskEnd\",\"Task Info\":{\"Launch Time\":1700000000100,\"Finish Time\":1700000010000}}\n",
        "{\"Event\":\"SparkListenerApplicationEnd\",\"Timestamp\":1700000020000}\n",
    );

    fn span(log: &str) -> LiveSpan {
        let mut span = LiveSpan::default();
        span.write_all(log.as_bytes()).unwrap();
        span
    }

    /// Due times in ms, and bodies; written in pieces of so many bytes.
    fn played(log: &str, speed: f64, pieces: usize) -> Vec<(u128, String)> {
        let mut sent = Vec::new();
        let pace = LivePace::new(&span(log), 1_800_000_000_000, speed);
        let mut batches = LiveBatches::new("s".to_owned(), pace, |batch: LiveBatch| {
            sent.push((batch.due.as_millis(), String::from_utf8(batch.body).unwrap()));
            Ok(())
        });
        log.as_bytes().chunks(pieces).for_each(|piece| batches.write_all(piece).unwrap());
        batches.finish().unwrap();
        sent
    }

    #[test]
    fn batches_are_due_at_the_times_of_their_events() {
        let sent = played(LOG, 1.0, 7);
        assert_eq!(sent, played(LOG, 1.0, 100_000));
        let dues: Vec<_> = sent.iter().map(|(due, _)| *due).collect();
        assert_eq!(dues, [0, 10_000, 20_000]);
        assert_eq!(
            sent[0].1.lines().next().unwrap(),
            r#"{"tinderbox":1,"session":"s","seq":0,"first_event":0,"events":3,"dropped":{}}"#
        );
        assert!(sent[1].1.contains("\"Finish Time\":1800000010000"), "{}", sent[1].1);
        assert!(
            sent[2].1.contains(r#""seq":2,"first_event":4,"events":1,"dropped":{},"final":true"#)
        );
    }

    #[test]
    fn at_ten_times_the_speed_it_ends_when_it_has_been_played() {
        let sent = played(LOG, 10.0, 100);
        let dues: Vec<_> = sent.iter().map(|(due, _)| *due).collect();
        assert_eq!(dues, [0, 1_000, 2_000]);
        // 20 s long, played within 2 s from 1800000000000 on.
        assert!(sent[0].1.contains("\"Timestamp\":1799999982000"), "{}", sent[0].1);
        assert!(sent[2].1.contains("\"Timestamp\":1800000002000"), "{}", sent[2].1);
    }

    #[test]
    fn a_log_that_is_cut_stays_open_and_loses_its_last_line() {
        let cut = &LOG[..LOG.len() - 30];
        let sent = played(cut, 1e9, 50);
        assert_eq!(sent.len(), 1);
        assert!(sent[0].1.contains("\"events\":4,\"dropped\":{}}\n"), "{}", sent[0].1);
        assert_eq!(sent[0].1.lines().count(), 5);
    }

    #[test]
    fn a_batch_has_at_most_its_bytes_unless_one_event_has_more() {
        let line = format!("{{\"Event\":\"x\",\"y\":\"{}\"}}\n", "y".repeat(100_000));
        let sent = played(&line.repeat(5), 1.0, 1 << 20);
        let counts: Vec<_> = sent.iter().map(|(_, body)| body.lines().count() - 1).collect();
        assert_eq!(counts, [2, 2, 1]);
    }

    #[test]
    fn who_stops_it_ends_it() {
        let pace = LivePace::new(&span(LOG), 0, 1.0);
        let mut batches =
            LiveBatches::new("s".to_owned(), pace, |_| Err(io::ErrorKind::BrokenPipe.into()));
        assert_eq!(
            batches.write_all(LOG.as_bytes()).unwrap_err().kind(),
            io::ErrorKind::BrokenPipe
        );
    }
}
