//! Names of job types and of recurring jobs in names of applications.

/// Longer names are cut.
const MOST_LETTERS: usize = 60;

/// Without dates, numbers and ids.
pub(super) fn type_of(name: &str) -> String {
    joined(name, |word| !is_id(word) && !is_number(word))
}

/// Without dates and ids; short numbers tell recurring jobs apart.
pub(super) fn recurring_job_of(name: &str) -> String {
    joined(name, |word| !is_id(word))
}

/// Letters, digits, `_`, `-` and `.`: what a name in a file of models may have.
pub(super) fn plain(name: &str) -> String {
    joined(name, |_| true)
}

fn joined(name: &str, keeps: impl Fn(&str) -> bool) -> String {
    let mut joined = String::new();
    let mut separator = '_';
    let dated = without_dates(name);
    for part in dated.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let word = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let kept = undated(word);
        if !word.is_empty() && !kept.is_empty() && keeps(kept) {
            if !joined.is_empty() {
                joined.push(separator);
            }
            joined.push_str(kept);
            separator = '_';
        }
        if let Some(end @ ('-' | '.')) = part.chars().next_back() {
            separator = end;
        }
    }
    joined.truncate(MOST_LETTERS);
    if joined.is_empty() { "Unnamed".to_owned() } else { joined }
}

/// A word without a long number at its end, as in `run20260105`.
fn undated(word: &str) -> &str {
    let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
    if word.len() - stem.len() >= 6 { stem } else { word }
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Long numbers, and hexadecimal ones with digits and letters.
fn is_id(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let is_hexadecimal = word.bytes().all(|byte| byte.is_ascii_hexdigit());
    (digits == word.len() && digits >= 5) || (is_hexadecimal && digits > 0 && word.len() >= 8)
}

/// Dates as 2026-01-05, 2026_01_05 or 2026/01/05, with a time behind them, and UUIDs become blanks.
fn without_dates(name: &str) -> String {
    let bytes = name.as_bytes();
    let mut out = String::new();
    let mut at = 0;
    while at < bytes.len() {
        let begins = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
        let length = if begins { date(&bytes[at..]).max(uuid(&bytes[at..])) } else { 0 };
        if length > 0 {
            out.push(' ');
            at += length;
        } else {
            // What is not ASCII ends words.
            out.push(if bytes[at].is_ascii() { char::from(bytes[at]) } else { ' ' });
            at += 1;
        }
    }
    out
}

/// How many bytes a UUID takes here; 0 when there is none.
fn uuid(bytes: &[u8]) -> usize {
    let fits = bytes.len() >= 36
        && bytes[..36].iter().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if fits { 36 } else { 0 }
}

/// How many bytes a date and the time behind it take here; 0 when there is none.
fn date(bytes: &[u8]) -> usize {
    let shape = |at: usize, shape: &[u8]| {
        let found = bytes.get(at..at + shape.len());
        found.is_some_and(|found| {
            found.iter().zip(shape).all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                b'-' => matches!(byte, b'-' | b'_' | b'/' | b'.'),
                b':' => matches!(byte, b':' | b'-' | b'_' | b'.'),
                b'T' => matches!(byte, b'T' | b't' | b' ' | b'_' | b'-'),
                _ => byte == wanted,
            })
        })
    };
    let is_century = bytes.starts_with(b"19") || bytes.starts_with(b"20");
    if !is_century || !shape(0, b"0000-00-00") {
        return 0;
    }
    let mut length = 10;
    if shape(length, b"T00:00") {
        length += 6;
        if shape(length, b":00") {
            length += 3;
        }
        if bytes.get(length) == Some(&b'Z') {
            length += 1;
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_numbers_and_ids_are_no_part_of_a_type() {
        for (name, job_type, recurring) in [
            ("ETL_Pipeline_007", "ETL_Pipeline", "ETL_Pipeline_007"),
            ("daily-load-2026-01-05", "daily-load", "daily-load"),
            ("daily load 2026-01-05T04:15:00Z", "daily_load", "daily_load"),
            ("report20260105", "report", "report"),
            ("ingest_1767225600000_eu", "ingest_eu", "ingest_eu"),
            ("q 550e8400-e29b-41d4-a716-446655440000", "q", "q"),
            ("sync.s3.v2", "sync.s3.v2", "sync.s3.v2"),
            ("export 3 – Köln", "export_K_ln", "export_3_K_ln"),
            ("17", "Unnamed", "17"),
            ("", "Unnamed", "Unnamed"),
        ] {
            assert_eq!(type_of(name), job_type, "{name}");
            assert_eq!(recurring_job_of(name), recurring, "{name}");
        }
    }
}
