//! Places in lists: what a cursor stands for.

use super::list::{JobListKey, JobListQuery, is_descending, needs_start};
use serde::{Deserialize, Serialize};
use tinderbox_store::{RunKey, RunPlace, RunSortBy};
use tinderbox_table::{JobColumn, JobCursor, JobValue};

/// A place in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The order that it is a place of.
    pub(super) order: String,
    pub(super) values: Vec<Value>,
    /// When the job started (a run: was recorded), in microseconds.
    pub(super) time_us: Option<i64>,
    pub(super) id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Value {
    Unknown(()),
    Number(i64),
    Text(String),
}

/// The place among runs. Names are kept in lower case.
pub(super) fn run_place(place: &Place, query: &JobListQuery) -> RunPlace {
    let (known, equal_are_behind) = known_part(place, query, |key| key.run().is_some());
    let key = |(key, value): (JobListKey, &Value)| match value {
        Value::Unknown(()) => RunKey::Unknown,
        Value::Number(number) => RunKey::Number(*number),
        Value::Text(text) if key.run() == Some(RunSortBy::Name) => {
            RunKey::Text(text.to_lowercase())
        }
        Value::Text(text) => RunKey::Text(text.clone()),
    };
    let created_us = match equal_are_behind {
        None => place.time_us.unwrap_or(i64::MIN),
        // Before all times in the direction of the list, or after them.
        Some(are_behind) if are_behind == is_descending(&query.sort) => i64::MAX,
        Some(_) => i64::MIN,
    };
    RunPlace { keys: known.into_iter().map(key).collect(), created_us, id: place.id.clone() }
}

/// The place among jobs of a data set.
pub(super) fn job_cursor(place: &Place, query: &JobListQuery) -> JobCursor {
    let (known, equal_are_behind) = known_part(place, query, |key| key.column().is_some());
    let value = |(key, value): (JobListKey, &Value)| {
        let is_time = matches!(key.column(), Some(JobColumn::Start | JobColumn::End));
        match value {
            Value::Unknown(()) => JobValue::Missing,
            Value::Number(number) if is_time => JobValue::Time(*number),
            Value::Number(number) => JobValue::Int(*number),
            Value::Text(text) => JobValue::Text(text.clone()),
        }
    };
    let start = place.time_us.map_or(JobValue::Missing, JobValue::Time);
    let needs_start = equal_are_behind.is_none() && needs_start(&query.sort);
    let values = known.into_iter().map(value).chain(needs_start.then_some(start)).collect();
    JobCursor { values, equal_are_behind, start_us: place.time_us, id: place.id.clone() }
}

/// Of a place what `is_known` to a source. To the source all of its jobs are equal in the other columns, and smallest:
/// where the place is larger in one of them, nothing behind that column counts, and jobs that are equal in those before it
/// are all behind the place, or all before it.
fn known_part<'a>(
    place: &'a Place,
    query: &JobListQuery,
    is_known: impl Fn(JobListKey) -> bool,
) -> (Vec<(JobListKey, &'a Value)>, Option<bool>) {
    let mut known = Vec::with_capacity(place.values.len());
    for ((key, descending), value) in query.sort.iter().zip(&place.values) {
        if is_known(*key) {
            known.push((*key, value));
        } else if *value != Value::Unknown(()) {
            return (known, Some(*descending));
        }
    }
    (known, None)
}

pub(super) fn order_text(sort: &[(JobListKey, bool)]) -> String {
    let key = |(key, descending): &(JobListKey, bool)| {
        format!("{}{}", if *descending { "-" } else { "" }, key.as_str())
    };
    sort.iter().map(key).collect::<Vec<_>>().join(",")
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64 of RFC 4648 for URLs, without padding.
pub(super) fn encode(place: &Place) -> String {
    // Texts and numbers always serialize.
    let bytes = serde_json::to_vec(place).unwrap_or_default();
    let mut text = String::with_capacity(bytes.len() * 4 / 3 + 3);
    for part in bytes.chunks(3) {
        let mut word = [0; 4];
        word[1..=part.len()].copy_from_slice(part);
        let word = u32::from_be_bytes(word);
        for digit in 0..=part.len() {
            let six = word >> (18 - 6 * digit) & 63;
            text.push(char::from(DIGITS[six as usize]));
        }
    }
    text
}

pub(super) fn decode(text: &str) -> Option<Place> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for part in text.as_bytes().chunks(4) {
        let mut word = 0;
        for (at, digit) in part.iter().enumerate() {
            let six = u32::try_from(DIGITS.iter().position(|known| known == digit)?).ok()?;
            word |= six << (18 - 6 * at);
        }
        bytes.extend_from_slice(&word.to_be_bytes()[1..part.len()]);
    }
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_their_text() {
        for id in ["", "a", "ab", "job_ü_\"1"] {
            let values =
                vec![Value::Unknown(()), Value::Number(-5), Value::Text("x\u{1}".to_owned())];
            let place =
                Place { order: "-a,b".to_owned(), values, time_us: None, id: id.to_owned() };
            let text = encode(&place);
            assert!(text.bytes().all(|byte| DIGITS.contains(&byte)), "{text}");
            assert_eq!(decode(&text), Some(place));
        }
        assert_eq!(decode("no cursor"), None);
        assert_eq!(decode("AAAA"), None);
    }
}
