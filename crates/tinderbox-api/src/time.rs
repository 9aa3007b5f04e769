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

/// A time of a question: RFC 3339, the same without a zone (UTC), a date (its beginning in UTC), or milliseconds since
/// 1970.
pub fn parse_time(text: &str) -> Option<TimestampMs> {
    if let Ok(ms) = text.parse::<i64>() {
        return Some(TimestampMs(ms));
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(TimestampMs(time.as_millisecond()));
    }
    let time: jiff::civil::DateTime = text.parse().ok()?;
    let time = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(TimestampMs(time.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_questions_have_four_forms() {
        let time = Some(TimestampMs(1_795_201_111_250));
        assert_eq!(parse_time("2026-11-20T18:58:31.250Z"), time);
        assert_eq!(parse_time("2026-11-20T18:58:31.25"), time);
        assert_eq!(parse_time("1795201111250"), time);
        assert_eq!(parse_time("1970-01-02"), Some(TimestampMs(86_400_000)));
        assert_eq!(parse_time("yesterday"), None);
    }

    #[test]
    fn times_carry_milliseconds_and_zone() {
        assert_eq!(rfc3339(TimestampMs(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(TimestampMs(1_795_201_111_250)), "2026-11-20T18:58:31.250Z");
    }
}
