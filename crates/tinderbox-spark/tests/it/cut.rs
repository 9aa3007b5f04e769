//! Logs that are cut or damaged anywhere.

use crate::fixtures::{log_files, log_text};
use proptest::prelude::*;
use std::fs;
use std::sync::LazyLock;
use tinderbox_model::Application;
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
