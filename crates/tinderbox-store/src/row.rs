//! Values as rows hold them: BIGINT for numbers, -1 where a sorted column is not known.

use crate::error::Error;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use tinderbox_model::TimestampMs;

/// What a sorted column has for "not known".
pub(crate) const UNKNOWN: i64 = -1;

/// What BIGINT cannot hold becomes its largest value: no byte count or duration of Spark comes near.
pub(crate) fn big(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The inverse of [`big`]; negative numbers become 0.
pub(crate) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

pub(crate) fn time(micros: i64) -> TimestampMs {
    TimestampMs(micros.div_euclid(1_000))
}

pub(crate) fn known(value: i64) -> Option<i64> {
    (value != UNKNOWN).then_some(value)
}

/// SHA-256 in lower-case hex.
pub(crate) fn sha256(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// An error for a word that this version does not know.
pub(crate) fn unreadable(
    table: &'static str,
    row: impl Into<String>,
    column: &'static str,
    value: impl Into<String>,
) -> Error {
    Error::Row { table, row: row.into(), column, value: value.into() }
}
