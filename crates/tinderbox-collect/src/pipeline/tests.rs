use super::*;
use std::io::Write;
use tinderbox_model::Completeness;

/// Starts and ends of tasks of stage 0 as lines, some of them with a text that makes them long.
fn log(tasks: usize, long: impl Fn(usize) -> usize) -> Vec<u8> {
    let mut text = Vec::new();
    for id in 0..tasks {
        let pad = "x".repeat(long(id));
        writeln!(
            text,
            r#"{{"Event":"SparkListenerTaskStart","Stage ID":0,"Stage Attempt ID":0,"Task Info":{{"Task ID":{id},"Index":{id},"Attempt":0,"Launch Time":5,"Executor ID":"1","Host":"h","Locality":"ANY","Speculative":false,"Getting Result Time":0,"Finish Time":0,"Failed":false,"Killed":false,"Accumulables":[]}}}}"#
        )
        .unwrap();
        writeln!(
            text,
            r#"{{"Event":"SparkListenerTaskEnd","Pad":"{pad}","Stage ID":0,"Stage Attempt ID":0,"Task Type":"ResultTask","Task End Reason":{{"Reason":"Success"}},"Task Info":{{"Task ID":{id},"Index":{id},"Attempt":0,"Launch Time":5,"Executor ID":"1","Host":"h","Locality":"ANY","Speculative":false,"Getting Result Time":0,"Finish Time":9,"Failed":false,"Killed":false,"Accumulables":[]}},"Task Metrics":{{"Executor Run Time":4}}}}"#
        )
        .unwrap();
    }
    text
}

struct Seen {
    ids: Vec<i64>,
    bytes: u64,
    cut: Option<String>,
    completeness: Completeness,
}

fn read(text: &[u8], from: u64, threads: usize, stream: bool) -> Seen {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text).unwrap();
    let from_byte = usize::try_from(from).unwrap();
    let lines =
        if stream { Lines::Stream(Box::new(&text[from_byte..])) } else { Lines::File(&file) };
    let mut fold = Fold::new();
    let mut ids = Vec::new();
    let folded = fold_lines(lines, from, threads, &mut fold, &mut |task| ids.push(task.id.0));
    Seen { ids, bytes: folded.bytes, cut: folded.cut, completeness: fold.completeness() }
}

#[test]
fn lines_keep_their_order_however_chunks_cut_them() {
    // About 12 MB, with lines of all lengths up to more than two chunks.
    let text = log(3_000, |id| match id % 500 {
        7 => 300_000,
        499 if id < 600 => 2 * CHUNK_BYTES + 17,
        n => n,
    });
    let expected: Vec<i64> = (0..3_000).collect();
    for threads in [1, 2, 5] {
        for stream in [false, true] {
            let read = read(&text, 0, threads, stream);
            assert_eq!(read.ids, expected, "{threads} threads, stream: {stream}");
            assert_eq!(read.bytes, as_u64(text.len()));
            assert_eq!(read.completeness.bad_lines, 0);
        }
    }
}

#[test]
fn a_line_end_at_the_border_of_a_chunk_is_seen_once() {
    let line = log(1, |_| 0).len();
    for shift in 0..3 {
        // The first line ends one byte before, at, and one byte behind the border.
        let text = log(3, |id| if id == 0 { CHUNK_BYTES - line - 1 + shift } else { 0 });
        for stream in [false, true] {
            assert_eq!(read(&text, 0, 2, stream).ids, [0, 1, 2], "shift {shift}");
        }
    }
}

#[test]
fn a_cut_last_line_is_told_with_its_place_and_read_when_it_is_whole() {
    let text = log(2, |_| 0);
    let line = text.len() / 2;
    for stream in [false, true] {
        let cut = read(&text[..line + 100], 0, 2, stream);
        assert_eq!((cut.ids.as_slice(), cut.bytes), (&[0_i64][..], as_u64(line)));
        let reason = cut.cut.unwrap();
        assert!(reason.ends_with(&format!("at byte {line}")), "{reason}");
        let rest = read(&text, cut.bytes, 2, stream);
        assert_eq!((rest.ids.as_slice(), rest.bytes), (&[1_i64][..], as_u64(text.len())));
        // Whole but for its end: it counts.
        assert_eq!(read(&text[..text.len() - 1], 0, 2, stream).ids, [0, 1]);
    }
}

#[test]
fn lines_beyond_the_limit_are_skipped_with_their_place() {
    let mut text = log(1, |_| 0);
    let at = text.len();
    text.extend(std::iter::repeat_n(b'y', LINE_LIMIT + 3 * CHUNK_BYTES));
    text.push(b'\n');
    text.extend(log(1, |_| 0));
    for stream in [false, true] {
        let read = read(&text, 0, 2, stream);
        assert_eq!(read.ids, [0, 0], "stream: {stream}");
        assert_eq!(read.completeness.bad_lines, 1);
        let (_, what) = &read.completeness.bad_line_samples[0];
        assert!(what.ends_with(&format!("(at byte {at})")), "{what}");
        assert_eq!(read.bytes, as_u64(text.len()));
    }
}

#[test]
fn what_came_before_a_failing_read_counts_and_who_is_to_blame_is_told() {
    struct Failing<'t>(&'t [u8], ErrorKind);
    impl Read for Failing<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::Error::new(self.1, "it is gone")),
                read => Ok(read),
            }
        }
    }
    let text = log(3, |_| 0);
    for (kind, cut, failed) in [
        (ErrorKind::InvalidData, Some("reading stopped: it is gone"), None),
        (ErrorKind::UnexpectedEof, Some("the log is cut off: it is gone"), None),
        (ErrorKind::TimedOut, None, Some(ErrorKind::TimedOut)),
        (ErrorKind::Other, None, Some(ErrorKind::Other)),
    ] {
        let mut fold = Fold::new();
        let mut count = 0;
        let lines = Lines::Stream(Box::new(Failing(&text[..text.len() - 10], kind)));
        let folded = fold_lines(lines, 0, 2, &mut fold, &mut |_| count += 1);
        assert_eq!(count, 2);
        assert_eq!(folded.cut.as_deref(), cut);
        assert_eq!(folded.failed.map(|error| error.kind()), failed);
    }
}

#[test]
fn a_panic_of_one_thread_ends_all() {
    let text = log(30_000, |_| 300);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&text).unwrap();
    let read = || {
        let mut left = 20_000;
        let mut on_task = |_| {
            left -= 1;
            assert!(left > 0, "enough");
        };
        fold_lines(Lines::File(&file), 0, 4, &mut Fold::new(), &mut on_task)
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).is_err());
}
