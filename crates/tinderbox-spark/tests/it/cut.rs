//! Logs that are cut or damaged anywhere.

use crate::fixtures::{FIXTURES, log_files, log_text};
use crate::fuzz::{Random, seed};
use proptest::prelude::*;
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::sync::LazyLock;
use tinderbox_model::{Application, Task};
use tinderbox_spark::Fold;
use tinderbox_spark::log::{Codec, fold_lines};

static TEXT: LazyLock<Vec<u8>> = LazyLock::new(|| log_text("spark-4.3-failures"));
static COMPRESSED: LazyLock<Vec<u8>> =
    LazyLock::new(|| fs::read(&log_files("spark-4.3-failures")[0]).unwrap());

fn fold(bytes: &[u8], codec: Codec) -> (Application, usize) {
    let mut fold = Fold::new();
    let mut tasks = 0;
    fold_lines(bytes, codec, &mut fold, &mut |_| tasks += 1).unwrap();
    (fold.finish(), tasks)
}

fn check_cut(whole: &[u8], codec: Codec, at: usize) {
    let (application, tasks) = fold(&whole[..at], codec);
    let (all, all_tasks) = fold(whole, codec);
    assert!(!all.completeness.is_partial(), "the whole log is whole");
    if application != all {
        assert!(application.completeness.is_partial(), "cut at {at}");
    }
    assert!(tasks <= all_tasks);
    assert_eq!(application.completeness.bad_lines, 0, "a cut line is no bad line");
    assert_eq!(application.task_counts().ended() as usize, tasks);
}

#[test]
fn a_log_cut_in_its_last_lines_says_so() {
    let whole = &TEXT[..];
    // The end of a line is no cut: only the missing end event tells then.
    let last_line = whole[..whole.len() - 1].iter().rposition(|&b| b == b'\n').unwrap() + 1;
    for at in last_line..whole.len() - 1 {
        check_cut(whole, Codec::Plain, at);
        let (application, _) = fold(&whole[..at], Codec::Plain);
        assert!(!application.completeness.ended, "cut at {at}");
        let is_cut = application.completeness.truncated.is_some();
        assert_eq!(is_cut, at > last_line, "cut at {at}");
    }
    check_cut(whole, Codec::Plain, whole.len() - 1);
    let (application, _) = fold(&whole[..whole.len() - 1], Codec::Plain);
    assert!(!application.completeness.is_partial(), "only the last line's end is missing");
}

/// Ends of tasks and sums over them.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Totals {
    ends: u64,
    run_time: u64,
    shuffle_written: u64,
    spilled: u64,
}

impl Totals {
    /// Counted from the events without any of our code. A task whose executor goes may end a second time, as
    /// resubmitted, which is no end of its own.
    fn add_event(&mut self, event: &Value) {
        let is_end = event["Event"] == "SparkListenerTaskEnd";
        if is_end && event["Task End Reason"]["Reason"] != "Resubmitted" {
            let metrics = &event["Task Metrics"];
            self.ends += 1;
            self.run_time += metrics["Executor Run Time"].as_u64().unwrap_or(0);
            let written = &metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"];
            self.shuffle_written += written.as_u64().unwrap_or(0);
            self.spilled += metrics["Disk Bytes Spilled"].as_u64().unwrap_or(0);
        }
    }

    fn add_task(&mut self, task: &Task) {
        self.ends += 1;
        if let Some(metrics) = &task.metrics {
            self.run_time += metrics.executor_run_time.0;
            self.shuffle_written += metrics.shuffle_write_bytes.0;
            self.spilled += metrics.disk_bytes_spilled.0;
        }
    }
}

/// A log with the totals behind each of its lines.
struct Counted {
    text: Vec<u8>,
    /// Where each line ends, its line end left out, and the totals up to there.
    lines: Vec<(usize, Totals)>,
    /// Whether even the whole log has no end.
    is_partial: bool,
}

impl Counted {
    fn of(fixture: &str) -> Self {
        let text = log_text(fixture);
        let mut lines = Vec::new();
        let mut sum = Totals::default();
        let mut at = 0;
        for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            sum.add_event(&serde_json::from_slice(line).unwrap());
            at += line.len() + 1;
            lines.push((at - 1, sum));
        }
        let (application, _) = fold(&text, Codec::Plain);
        let is_partial = application.completeness.is_partial();
        Self { text, lines, is_partial }
    }

    /// Checks what is read of `bytes`, of which the first `decoded` bytes of the text can be decoded.
    fn check(&self, bytes: &[u8], codec: Codec, decoded: usize, what: &str) {
        let mut fold = Fold::new();
        let mut totals = Totals::default();
        fold_lines(bytes, codec, &mut fold, &mut |task| totals.add_task(&task)).unwrap();
        let application = fold.finish();
        let whole = self.lines.partition_point(|(end, _)| *end <= decoded);
        let expected = whole.checked_sub(1).map_or(Totals::default(), |at| self.lines[at].1);
        assert_eq!(totals, expected, "{what}");
        let completeness = &application.completeness;
        assert_eq!(completeness.bad_lines, 0, "{what}: a cut line is no bad line");
        assert_eq!(completeness.contradictions, 0, "{what}: a cut contradicts nothing");
        let is_whole = whole == self.lines.len();
        assert_eq!(
            completeness.is_partial(),
            !is_whole || self.is_partial,
            "{what}: {completeness:?}"
        );
        let after = whole.checked_sub(1).map_or(0, |at| self.lines[at].0 + 1);
        if decoded > after && !is_whole {
            assert!(completeness.truncated.is_some(), "{what}: the line at {after} is cut");
        }
    }
}

/// What a decoder makes of a part of a file.
fn decoded_bytes(bytes: &[u8], codec: Codec) -> Vec<u8> {
    let mut decoded = Vec::new();
    // An error ends what can be decoded.
    let _ = codec.decode(bytes).unwrap().read_to_end(&mut decoded);
    decoded
}

#[test]
fn a_small_log_cut_at_any_byte_has_the_totals_of_its_whole_lines() {
    // Every byte in turn: each day another of sixteen slices, and always the bytes around the ends of lines.
    const SLICES: usize = 16;
    let log = Counted::of("spark-3.5-small");
    let seed = seed();
    let slice = Random(seed).below(SLICES);
    let near_end = |at: usize| log.lines.iter().any(|(end, _)| end.abs_diff(at) <= 2);
    for at in (0..=log.text.len()).filter(|at| at % SLICES == slice || near_end(*at)) {
        let what = format!("cut at {at} (TINDERBOX_FUZZ_SEED={seed})");
        log.check(&log.text[..at], Codec::Plain, at, &what);
    }
}

#[test]
fn every_log_cut_anywhere_has_the_totals_of_its_whole_lines_in_every_codec() {
    const CUTS: usize = 8;
    let seed = seed();
    let mut random = Random(seed);
    for fixture in FIXTURES {
        let log = Counted::of(fixture);
        log.check(&log.text, Codec::Plain, log.text.len(), fixture);
        for codec in Codec::ALL {
            let mut encoder = codec.encode(Vec::new()).unwrap();
            for piece in log.text.chunks(log.text.len() / 7 + 1) {
                encoder.write_all(piece).unwrap();
                encoder.flush().unwrap();
            }
            let bytes = encoder.finish().unwrap();
            for _ in 0..CUTS {
                let at = random.below(bytes.len());
                let decoded = decoded_bytes(&bytes[..at], codec);
                assert!(log.text.starts_with(&decoded), "{fixture}, {codec}: a prefix");
                let what = format!("{fixture}, {codec}, cut at {at} (TINDERBOX_FUZZ_SEED={seed})");
                log.check(&bytes[..at], codec, decoded.len(), &what);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_plain_log_may_be_cut_anywhere(at in 0..TEXT.len()) {
        check_cut(&TEXT, Codec::Plain, at);
    }

    #[test]
    fn a_compressed_log_may_be_cut_anywhere(at in 0..COMPRESSED.len()) {
        check_cut(&COMPRESSED, Codec::Zstd, at);
    }

    #[test]
    fn damaged_bytes_never_panic(at in 0..TEXT.len(), byte: u8) {
        let mut text = TEXT.clone();
        text[at] = byte;
        let (application, _) = fold(&text, Codec::Plain);
        prop_assert!(application.completeness.bad_lines <= 2, "one byte, two lines at most");
    }

    #[test]
    fn a_damaged_compressed_log_keeps_what_came_before(at in 0..COMPRESSED.len(), byte: u8) {
        let mut bytes = COMPRESSED.clone();
        bytes[at] = byte;
        let (_, tasks) = fold(&bytes, Codec::Zstd);
        let (_, before) = fold(&COMPRESSED[..at], Codec::Zstd);
        prop_assert!(tasks >= before || at < 16);
    }
}
