//! Dates as Spark writes and reads them (`JacksonMessageWriter`, `SimpleDateParam`).

use serde::{Serialize, Serializer};
use tinderbox_model::TimestampMs;

/// A date in an answer: `2015-02-03T16:42:40.000GMT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date(pub TimestampMs);

const DAY_MS: i64 = 86_400_000;

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (days, time) = (self.0.0.div_euclid(DAY_MS), self.0.0.rem_euclid(DAY_MS));
        let (year, month, day) = civil(days);
        let (hour, minute) = (time / 3_600_000, time / 60_000 % 60);
        let (second, milli) = (time / 1_000 % 60, time % 1_000);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}GMT")
    }
}

/// A date of a parameter: `yyyy-MM-dd'T'HH:mm:ss.SSSz` or `yyyy-MM-dd`, by the rules of Java's lenient
/// `SimpleDateFormat`: numbers of any length, 13th months roll over, what follows is ignored. Zones are `GMT`, `UTC`,
/// `Z`-less offsets (`+0100`, `GMT+01:00`) and the American names. `None` when it is neither.
pub fn parse_date(text: &str) -> Option<TimestampMs> {
    let mut rest = text;
    let year = number(&mut rest)?;
    let month = after(&mut rest, '-').then(|| number(&mut rest))??;
    let day = after(&mut rest, '-').then(|| number(&mut rest))??;
    let midnight = days(year, month, day).checked_mul(DAY_MS)?;
    Some(TimestampMs(time_of_day(rest).map_or(midnight, |time| midnight.saturating_add(time))))
}

/// Milliseconds from midnight UTC for `'T'HH:mm:ss.SSSz`.
fn time_of_day(mut rest: &str) -> Option<i64> {
    let mut sum = 0_i64;
    for (before, unit) in [('T', 3_600_000), (':', 60_000), (':', 1_000), ('.', 1)] {
        let part = after(&mut rest, before).then(|| number(&mut rest))??;
        sum = sum.checked_add(part.checked_mul(unit)?)?;
    }
    sum.checked_sub(zone(rest)?)
}

/// The offset of a zone from UTC in milliseconds.
fn zone(text: &str) -> Option<i64> {
    let hours = |hours: i64| Some(hours * 3_600_000);
    let upper: String = text.chars().take(3).collect::<String>().to_ascii_uppercase();
    if let Some(rest) = text.get(3..).filter(|_| upper == "GMT") {
        return if rest.starts_with(['+', '-']) { offset(rest).or(Some(0)) } else { Some(0) };
    }
    match upper.as_str() {
        "UTC" => hours(0),
        "EST" | "CDT" => hours(-5),
        "EDT" => hours(-4),
        "CST" | "MDT" => hours(-6),
        "MST" | "PDT" => hours(-7),
        "PST" => hours(-8),
        _ => offset(text),
    }
}

/// `+01:00`, `-0800`, `+1:00`.
fn offset(text: &str) -> Option<i64> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).count();
    let (hours, minutes) = match rest.split_once(':') {
        Some((hours, minutes)) => (hours, minutes.get(..2)?),
        None if digits(rest) >= 4 => (rest.get(..2)?, rest.get(2..4)?),
        None => return None,
    };
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then(|| sign * (hours * 60 + minutes) * 60_000)
}

fn number(rest: &mut &str) -> Option<i64> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    *rest = after;
    digits.parse().ok().filter(|value| *value < 1_000_000_000)
}

fn after(rest: &mut &str, expected: char) -> bool {
    rest.strip_prefix(expected).map(|after| *rest = after).is_some()
}

/// Days since 1970-01-01; months beyond 12 and days beyond the month's end go on counting. Source of the formula:
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year + (month - 1).div_euclid(12);
    let month = (month - 1).rem_euclid(12) + 1;
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year + day
        - 719_469
}

/// The inverse of [`days`]: year, month, day.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day = shifted.rem_euclid(146_097);
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let year = year_of_era + era * 400 + i64::from(month >= 10);
    (year, (month + 2) % 12 + 1, day_of_year - (153 * month + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(ms: i64) -> String {
        Date(TimestampMs(ms)).to_string()
    }

    #[test]
    fn dates_print_as_spark_prints_them() {
        assert_eq!(text(-1), "1969-12-31T23:59:59.999GMT");
        assert_eq!(text(0), "1970-01-01T00:00:00.000GMT");
        assert_eq!(text(1_795_203_158_710), "2026-11-20T19:32:38.710GMT");
        assert_eq!(text(951_782_400_000), "2000-02-29T00:00:00.000GMT");
    }

    #[test]
    fn parameters_are_read_as_java_reads_them() {
        let ms = |text| parse_date(text).map(|time| time.0);
        for day in ["2015-02-03", "2015-2-3", "2015-02-03T", "2015-02-03 and more", "2014-14-03"] {
            assert_eq!(ms(day), Some(1_422_921_600_000), "{day}");
        }
        for time in [
            "2015-02-03T16:42:40.000GMT",
            "2015-02-03T16:42:40.0UTC",
            "2015-02-03T17:42:40.000GMT+01:00",
            "2015-02-03T11:42:40.000EST",
            "2015-02-03T15:42:40.000-0100",
        ] {
            assert_eq!(ms(time), Some(1_422_981_760_000), "{time}");
        }
        for none in ["zzz", "", "2015", "2015-02", "2015-02-", "-2015-02-03"] {
            assert_eq!(ms(none), None, "{none}");
        }
    }

    #[test]
    fn every_day_round_trips() {
        for day in (-200_000..200_000).step_by(37) {
            let (year, month, of_month) = civil(day);
            assert_eq!(days(year, month, of_month), day);
        }
    }
}
