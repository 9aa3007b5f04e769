//! Numbers in words as Spark prints them (`Utils.bytesToString`, `Utils.msDurationToString`, `UIUtils.formatDuration`,
//! `NumberFormat` in American English).

/// `%.{places}f` of Java: the shortest digits of the number, rounded half up. Rust rounds the exact value half to even.
pub(super) fn fixed(value: f64, places: usize) -> String {
    let text = value.abs().to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut digits: Vec<u8> = whole.bytes().collect();
    digits.extend(fraction.bytes().chain(std::iter::repeat(b'0')).take(places));
    if fraction.as_bytes().get(places).is_some_and(|next| *next >= b'5') {
        let carried = digits.iter_mut().rev().find_map(|digit| {
            let is_nine = *digit == b'9';
            *digit = if is_nine { b'0' } else { *digit + 1 };
            (!is_nine).then_some(())
        });
        if carried.is_none() {
            digits.insert(0, b'1');
        }
    }
    let mut text = String::from_utf8(digits).unwrap_or_default();
    if places > 0 {
        text.insert(text.len() - places, '.');
    }
    if value < 0.0 && text.bytes().any(|c| c.is_ascii_digit() && c != b'0') {
        text.insert(0, '-');
    }
    text
}

/// `4,000`.
pub(super) fn grouped(value: i64) -> String {
    let mut text = value.unsigned_abs().to_string();
    let mut at = text.len();
    while at > 3 {
        at -= 3;
        text.insert(at, ',');
    }
    if value < 0 { format!("-{text}") } else { text }
}

/// Tenths as a number with grouping: `1,234.5`, `12`.
pub(super) fn tenths(value: i64) -> String {
    let (whole, rest) = (value / 10, value % 10);
    let sign = if value < 0 && whole == 0 { "-" } else { "" };
    match rest.unsigned_abs() {
        0 => grouped(whole),
        rest => format!("{sign}{}.{rest}", grouped(whole)),
    }
}

/// `24.0 MiB`: a unit is used from two of it on.
#[allow(clippy::cast_precision_loss)]
pub(super) fn bytes(size: i64) -> String {
    let units = [(60, "EiB"), (50, "PiB"), (40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = units.into_iter().find(|(bits, _)| i128::from(size) >= 2_i128 << bits);
    let (bits, name) = unit.unwrap_or((0, "B"));
    format!("{} {name}", fixed(size as f64 / (1_u64 << bits) as f64, 1))
}

/// `35 ms`, `1.2 s`, `3.4 m`, `5.67 h`. Computed in single precision, as there.
#[allow(clippy::cast_precision_loss)]
pub(super) fn duration(ms: i64) -> String {
    let in_unit = |unit: f32, places| fixed(f64::from(ms as f32 / unit), places);
    match ms {
        ..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{} s", in_unit(1_000.0, 1)),
        60_000..3_600_000 => format!("{} m", in_unit(60_000.0, 1)),
        _ => format!("{} h", in_unit(3_600_000.0, 2)),
    }
}

/// `57 ms`, `0.3 s`, `12 s`, `1.5 min`, `2.0 h`: as the pages of Spark's UI show durations.
#[allow(clippy::cast_precision_loss)]
pub(super) fn page_duration(ms: i64) -> String {
    let seconds = ms as f64 / 1_000.0;
    let minutes = seconds / 60.0;
    match ms {
        ..100 => format!("{ms} ms"),
        100..1_000 => format!("{} s", fixed(seconds, 1)),
        1_000..60_000 => format!("{} s", fixed(seconds, 0)),
        60_000..600_000 => format!("{} min", fixed(minutes, 1)),
        600_000..3_600_000 => format!("{} min", fixed(minutes, 0)),
        _ => format!("{} h", fixed(minutes / 60.0, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_in_spark() {
        for (size, text) in [
            (0, "0.0 B"),
            (1_156, "1156.0 B"),
            (2_048, "2.0 KiB"),
            (2_047, "2047.0 B"),
            (33_554_432, "32.0 MiB"),
            (1_048_576, "1024.0 KiB"),
            (-1, "-1.0 B"),
            (i64::MAX, "8.0 EiB"),
        ] {
            assert_eq!(bytes(size), text);
        }
    }

    #[test]
    fn durations_read_as_in_spark() {
        for (ms, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1.0 s"),
            (1_250, "1.3 s"),
            (1_150, "1.1 s"),
            (59_999, "60.0 s"),
            (90_000, "1.5 m"),
            (3_600_000, "1.00 h"),
        ] {
            assert_eq!(duration(ms), text, "{ms}");
        }
        for (ms, text) in [(57, "57 ms"), (250, "0.3 s"), (12_500, "13 s"), (90_000, "1.5 min")] {
            assert_eq!(page_duration(ms), text, "{ms}");
        }
    }

    #[test]
    fn numbers_have_groups() {
        assert_eq!(grouped(4_000), "4,000");
        assert_eq!(grouped(-1_234_567), "-1,234,567");
        assert_eq!(grouped(999), "999");
        assert_eq!(tenths(12_345), "1,234.5");
        assert_eq!(tenths(120), "12");
        assert_eq!(fixed(0.25, 1), "0.3");
        assert_eq!(fixed(9.96, 1), "10.0");
        assert_eq!(fixed(-0.04, 1), "0.0");
    }
}
