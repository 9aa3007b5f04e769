//! Doubles as Java 17 prints and reads them (`Double.toString`, `Double.parseDouble`).

use serde::{Serialize, Serializer};

/// A double in an answer. Jackson writes what is not finite as a string.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Double(pub f64);

impl Serialize for Double {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            serializer.serialize_f64(self.0)
        } else if self.0.is_nan() {
            serializer.serialize_str("NaN")
        } else {
            serializer.serialize_str(if self.0 > 0.0 { "Infinity" } else { "-Infinity" })
        }
    }
}

/// Plain notation from 0.001 to below 10,000,000, scientific outside; always a digit after the point. Digits are the
/// shortest that read back as the same number, but for whole numbers beyond 2^53 as Java has them before 19.
pub(super) fn java_double(value: f64) -> String {
    if value == 0.0 {
        return String::from(if value.is_sign_negative() { "-0.0" } else { "0.0" });
    }
    let size = value.abs();
    if (1e-3..1e7).contains(&size) {
        let text = value.to_string();
        return if text.contains('.') { text } else { text + ".0" };
    }
    let text = match whole_digits(size) {
        Some(digits) => {
            let sign = if value < 0.0 { "-" } else { "" };
            let (first, rest) = digits.split_at(1);
            let rest = rest.trim_end_matches('0');
            let point = if rest.is_empty() { "" } else { "." };
            format!("{sign}{first}{point}{rest}E{}", digits.len() - 1)
        }
        None => format!("{value:E}"),
    };
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
}

/// The digits of a whole number from 2^53 to below 2^62: Java takes as many off as lie below half a unit of the last
/// binary place, rounding half up, and keeps the rest. Zeros stand for those taken off.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole_digits(size: f64) -> Option<String> {
    if !(9_007_199_254_740_992.0..4_611_686_018_427_387_904.0).contains(&size) {
        return None;
    }
    let whole = size as u64;
    // Decimal digits in 2^n, for the bits beyond the 54th.
    let unit: u64 = match whole.ilog2().saturating_sub(54) {
        0..=3 => 1,
        4..=6 => 10,
        _ => 100,
    };
    Some(((whole / unit + u64::from(whole % unit * 2 >= unit && unit > 1)) * unit).to_string())
}

/// What Java's `Double.parseDouble` reads: blanks around, an `f` or `d` behind, `NaN`, `Infinity`. Hexadecimal
/// floats are not read.
pub fn parse_java_double(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c| c <= ' ');
    let (negative, size) = match text.split_at_checked(1) {
        Some(("-", rest)) => (true, rest),
        Some(("+", rest)) => (false, rest),
        _ => (false, text),
    };
    let value = match size {
        "NaN" => f64::NAN,
        "Infinity" => f64::INFINITY,
        _ => {
            let digits = size.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(size);
            // Rust reads `inf` and `nan` in any case, and a sign.
            if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
                return None;
            }
            digits.parse().ok()?
        }
    };
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed by OpenJDK 17.
    #[test]
    fn doubles_print_as_java_17_prints_them() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (0.25, "0.25"),
            (100.0, "100.0"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (12_345_678.0, "1.2345678E7"),
            (306_596_310.0, "3.0659631E8"),
            (1e-3, "0.001"),
            (9.999e-4, "9.999E-4"),
            (1e-4, "1.0E-4"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e22, "1.0E22"),
            (f64::MAX, "1.7976931348623157E308"),
            (9_007_199_254_740_992.0, "9.007199254740992E15"),
            (3.602_879_701_896_397e16, "3.6028797018963968E16"),
            (1.441_151_880_758_558_7e17, "1.44115188075855872E17"),
            (1.714_597_108_819_935_7e17, "1.71459710881993568E17"),
            (9.223_372_036_854_776e18, "9.223372036854776E18"),
        ] {
            assert_eq!(java_double(value), text);
        }
    }

    #[test]
    fn what_is_not_finite_is_a_text() {
        let text = |value| serde_json::to_string(&Double(value)).unwrap();
        assert_eq!(text(f64::NAN), "\"NaN\"");
        assert_eq!(text(f64::NEG_INFINITY), "\"-Infinity\"");
    }

    #[test]
    fn texts_are_read_as_java_reads_them() {
        for text in ["0.5", " 0.5 ", "0.5d", "+.5F", "5e-1"] {
            assert_eq!(parse_java_double(text), Some(0.5), "{text}");
        }
        assert_eq!(parse_java_double("-Infinity"), Some(f64::NEG_INFINITY));
        assert!(parse_java_double("NaN").is_some_and(f64::is_nan));
        for text in ["", "zz", "inf", "nan", "--1", "0.5x", "1_000", "e5"] {
            assert_eq!(parse_java_double(text), None, "{text}");
        }
    }
}
