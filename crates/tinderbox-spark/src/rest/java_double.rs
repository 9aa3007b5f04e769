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
/// shortest that read back as the same number.
pub(super) fn java_double(value: f64) -> String {
    if value == 0.0 {
        return String::from(if value.is_sign_negative() { "-0.0" } else { "0.0" });
    }
    let size = value.abs();
    if (1e-3..1e7).contains(&size) {
        let text = value.to_string();
        return if text.contains('.') { text } else { text + ".0" };
    }
    let text = format!("{value:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
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
