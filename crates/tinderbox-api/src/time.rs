use tinderbox_model::TimestampMs;

/// RFC 3339 in UTC with milliseconds, for example `2026-11-20T18:58:31.250Z`.
/// Times outside years -9999 to 9999 are clamped to the nearest that can be written.
pub fn rfc3339(time: TimestampMs) -> String {
    let timestamp = jiff::Timestamp::from_millisecond(time.0).unwrap_or(if time.0 < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    });
    format!("{timestamp:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_carry_milliseconds_and_zone() {
        assert_eq!(rfc3339(TimestampMs(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(TimestampMs(1_795_201_111_250)), "2026-11-20T18:58:31.250Z");
    }
}
