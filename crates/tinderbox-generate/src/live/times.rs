//! The times in the lines of an event log, found by their keys without taking the line apart.

use jiff::{SignedDuration, Timestamp};
use memchr::memchr_iter;
use std::ops::Range;

/// Keys whose values are milliseconds since 1970 (`JsonProtocol`, and the events of SQL, streaming and Connect).
const KEYS: [&[u8]; 13] = [
    b"Timestamp",
    b"Submission Time",
    b"Completion Time",
    b"Launch Time",
    b"Getting Result Time",
    b"Finish Time",
    b"Removal Time",
    b"time",
    b"startTime",
    b"finishTime",
    b"closeTime",
    b"eventTime",
    b"timestamp",
];

/// How a text in the place of a number ends the name of a time: streaming queries write theirs so.
const TEXT_KEY: &[u8] = b"timestamp";

/// Milliseconds from 1973 to 5138 have so many digits; shorter numbers are 0, for a time that has not come, or no times.
const DIGITS: Range<usize> = 12..15;

/// When the event was: its latest time, in milliseconds since 1970.
pub(super) fn of(line: &[u8]) -> Option<i64> {
    found(line).filter_map(|time| time.at_ms).max()
}

/// Copies a line with all its times moved.
pub(super) fn shift(line: &[u8], by_ms: i64, output: &mut Vec<u8>) {
    let mut copied = 0;
    for Time { place, at_ms, is_text } in found(line) {
        let Some(at) = at_ms.and_then(|at| at.checked_add(by_ms)) else { continue };
        let text = if is_text { text_of(at) } else { Some(at.to_string()) };
        let Some(text) = text else { continue };
        output.extend_from_slice(&line[copied..place.start]);
        output.extend_from_slice(text.as_bytes());
        copied = place.end;
    }
    output.extend_from_slice(&line[copied..]);
}

struct Time {
    place: Range<usize>,
    at_ms: Option<i64>,
    is_text: bool,
}

fn found(line: &[u8]) -> impl Iterator<Item = Time> {
    memchr_iter(b':', line).filter_map(|colon| {
        let key = key_before(&line[..colon])?;
        let value = colon + 1;
        if line.get(value) == Some(&b'"') && key == TEXT_KEY {
            let rest = &line[value + 1..];
            let place = value + 1..value + 1 + memchr::memchr(b'"', rest)?;
            let text = std::str::from_utf8(&line[place.clone()]).ok()?;
            let at = text.parse::<Timestamp>().ok()?;
            return Some(Time { place, at_ms: Some(at.as_millisecond()), is_text: true });
        }
        let length = line[value..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !DIGITS.contains(&length) || !KEYS.contains(&key) {
            return None;
        }
        let place = value..value + length;
        let digits = std::str::from_utf8(&line[place.clone()]).ok()?;
        Some(Time { place, at_ms: digits.parse().ok(), is_text: false })
    })
}

/// The key that ends here. One inside of a text has its quotes escaped, and is none.
fn key_before(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\"")?;
    let quote = memchr::memrchr(b'"', line)?;
    let key = &line[quote + 1..];
    (!key.ends_with(b"\\")).then_some(key)
}

/// With milliseconds, as Spark writes it.
fn text_of(at_ms: i64) -> Option<String> {
    let time = Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_millis(at_ms)).ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(line: &str) -> String {
        let mut output = Vec::new();
        shift(line.as_bytes(), 1_000, &mut output);
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn all_times_of_an_event_move_and_nothing_else_does() {
        let line = r#"{"Event":"SparkListenerTaskEnd","Task Info":{"Launch Time":1700000000000,"Getting Result Time":0,"Finish Time":1700000000999},"Task Metrics":{"Executor CPU Time":1700000000000,"Shuffle Write Time":1700000000000}}"#;
        assert_eq!(of(line.as_bytes()), Some(1_700_000_000_999));
        assert_eq!(
            moved(line),
            r#"{"Event":"SparkListenerTaskEnd","Task Info":{"Launch Time":1700000001000,"Getting Result Time":0,"Finish Time":1700000001999},"Task Metrics":{"Executor CPU Time":1700000000000,"Shuffle Write Time":1700000000000}}"#
        );
    }

    #[test]
    fn times_of_streaming_queries_are_texts() {
        let line = r#"{"Event":"org.apache.spark.sql.streaming.StreamingQueryListener$QueryProgressEvent","progress":{"timestamp":"2023-11-14T22:13:20.000Z","batchId":3}}"#;
        assert_eq!(of(line.as_bytes()), Some(1_700_000_000_000));
        assert!(
            moved(line).contains(r#""timestamp":"2023-11-14T22:13:21.000Z""#),
            "{}",
            moved(line)
        );
        let odd = r#"{"timestamp":"soon"}"#;
        assert_eq!((of(odd.as_bytes()), moved(odd)), (None, odd.to_owned()));
    }

    #[test]
    fn what_stands_in_a_text_is_left_alone() {
        for line in [
            r#"{"description":"{\"Timestamp\":1700000000000}"}"#,
            r#"{"Properties":{"spark.app.startTime":"1700000000000"}}"#,
            r#"{"Timestamp":"#,
            r#"{"Timestamp":170000000000000000}"#,
            ":1700000000000",
            "",
        ] {
            assert_eq!((of(line.as_bytes()), moved(line)), (None, line.to_owned()));
        }
    }
}
