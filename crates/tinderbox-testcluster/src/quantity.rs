//! Amounts of resources: `500m`, `1408Mi`, `1e3` (apimachinery's `resource.Quantity`).

/// In thousandths, so that `100m` of a core is a whole number; none for text that is no quantity.
pub(crate) fn milli(text: &str) -> Option<i128> {
    const SUFFIXES: &[(&str, f64)] = &[
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("Pi", 1_125_899_906_842_624.0),
        ("m", 0.001),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
    ];
    let (number, factor) = SUFFIXES
        .iter()
        .find_map(|(suffix, factor)| text.strip_suffix(suffix).map(|number| (number, *factor)))
        .unwrap_or((text, 1.0));
    let number: f64 = number.parse().ok().filter(|number: &f64| number.is_finite())?;
    #[expect(clippy::cast_possible_truncation, reason = "amounts of a test, far below 2^100")]
    let milli = (number * factor * 1000.0).ceil() as i128;
    Some(milli)
}

/// The other way round, in the form that Kubernetes would choose for cores and bytes.
pub(crate) fn text(milli: i128) -> String {
    if milli % 1000 != 0 {
        return format!("{milli}m");
    }
    let whole = milli / 1000;
    for (suffix, factor) in [("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)] {
        if whole != 0 && whole % factor == 0 {
            return format!("{}{suffix}", whole / factor);
        }
    }
    whole.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_and_written() {
        for (written, thousandths, again) in [
            ("500m", 500, "500m"),
            ("2", 2000, "2"),
            ("1.5", 1500, "1500m"),
            ("1Gi", 1_073_741_824_000, "1Gi"),
            ("1408Mi", 1_476_395_008_000, "1408Mi"),
            ("1e3", 1_000_000, "1000"),
            ("0", 0, "0"),
        ] {
            assert_eq!(milli(written), Some(thousandths), "{written}");
            assert_eq!(text(thousandths), again);
        }
        assert_eq!(milli("many"), None);
        assert_eq!(milli(""), None);
    }
}
