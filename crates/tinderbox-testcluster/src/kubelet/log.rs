//! What a container has written, by lines with their times.

use crate::shared::lock;
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;
use std::sync::Mutex;
use tokio::sync::watch;

/// Bytes that are kept of one container; older lines are dropped, as when a kubelet rotates.
const LIMIT: usize = 64 << 20;

#[derive(Debug)]
pub(crate) struct ContainerLog {
    lines: Mutex<Lines>,
    grown: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Lines {
    /// Number of the first line that is kept.
    first: usize,
    kept: VecDeque<(Timestamp, Vec<u8>)>,
    bytes: usize,
    begun: Vec<u8>,
    over: bool,
}

/// Options of a request for a log.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogView {
    pub(crate) tail_lines: Option<u64>,
    pub(crate) since_seconds: Option<u64>,
    /// Of RFC 3339, whole seconds.
    pub(crate) since: Option<Timestamp>,
    pub(crate) limit_bytes: Option<u64>,
    pub(crate) timestamps: bool,
}

impl Default for ContainerLog {
    fn default() -> Self {
        Self { lines: Mutex::default(), grown: watch::Sender::new(0) }
    }
}

impl ContainerLog {
    pub(super) fn append(&self, bytes: &[u8]) {
        let mut lines = lock(&self.lines);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            lines.begun.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                lines.end_line();
            }
        }
        drop(lines);
        self.grown.send_modify(|count| *count += 1);
    }

    /// Nothing will come any more.
    pub(super) fn close(&self) {
        let mut lines = lock(&self.lines);
        if !lines.begun.is_empty() {
            lines.end_line();
        }
        lines.over = true;
        drop(lines);
        self.grown.send_modify(|count| *count += 1);
    }

    pub(crate) fn text(&self) -> String {
        let lines = lock(&self.lines);
        let whole: Vec<u8> = lines.kept.iter().flat_map(|(_, line)| line).copied().collect();
        String::from_utf8_lossy(&whole).into_owned()
    }

    /// The text, and the number of the line that comes next.
    pub(crate) fn read(&self, view: &LogView) -> (Vec<u8>, usize) {
        let lines = lock(&self.lines);
        let next = lines.first + lines.kept.len();
        let tail = view.tail_lines.and_then(|tail| usize::try_from(tail).ok());
        let mut skipped = lines.kept.len().saturating_sub(tail.unwrap_or(usize::MAX));
        if let Some(seconds) = view.since_seconds.and_then(|seconds| i64::try_from(seconds).ok()) {
            let since = Timestamp::now().checked_sub(SignedDuration::from_secs(seconds));
            let since = since.unwrap_or(Timestamp::MIN);
            skipped = skipped.max(lines.kept.partition_point(|(time, _)| *time < since));
        }
        if let Some(since) = view.since {
            skipped = skipped.max(lines.kept.partition_point(|(time, _)| *time < since));
        }
        let mut text = lines.written(skipped, view);
        if let Some(limit) = view.limit_bytes.and_then(|limit| usize::try_from(limit).ok()) {
            text.truncate(limit);
        }
        (text, next)
    }

    /// Waits for lines from this number on; none when the container has ended and all was read.
    pub(crate) async fn after(&self, next: usize, view: &LogView) -> Option<(Vec<u8>, usize)> {
        let mut grown = self.grown.subscribe();
        loop {
            grown.borrow_and_update();
            {
                let lines = lock(&self.lines);
                let end = lines.first + lines.kept.len();
                if end > next {
                    return Some((lines.written(next.saturating_sub(lines.first), view), end));
                }
                if lines.over {
                    return None;
                }
            }
            grown.changed().await.ok()?;
        }
    }
}

impl Lines {
    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.begun);
        self.bytes += line.len();
        self.kept.push_back((Timestamp::now(), line));
        while self.bytes > LIMIT
            && let Some((_, dropped)) = self.kept.pop_front()
        {
            self.bytes -= dropped.len();
            self.first += 1;
        }
    }

    fn written(&self, from: usize, view: &LogView) -> Vec<u8> {
        let mut text = Vec::new();
        for (time, line) in self.kept.iter().skip(from) {
            if view.timestamps {
                text.extend_from_slice(format!("{time} ").as_bytes());
            }
            text.extend_from_slice(line);
        }
        text
    }
}
