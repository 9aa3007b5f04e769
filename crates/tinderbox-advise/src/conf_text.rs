//! Values as Spark's settings write them, rounded to what a person would type.

use tinderbox_model::Bytes;

/// One mebibyte; Spark's `1m` and `1MB`.
pub(crate) const MIB: u64 = 1 << 20;
/// One gibibyte; Spark's `1g`.
pub(crate) const GIB: u64 = 1 << 30;

/// A size setting: `96MB` for whole mebibytes, else a bare number of bytes.
pub(crate) fn size_text(size: Bytes) -> String {
    if size.0 != 0 && size.0.is_multiple_of(MIB) {
        format!("{}MB", size.0 / MIB)
    } else {
        size.0.to_string()
    }
}

/// A JVM memory setting: `2g` for whole gibibytes, else `1536m`, rounded up to a mebibyte.
pub(crate) fn memory_text(size: Bytes) -> String {
    if size.0 != 0 && size.0.is_multiple_of(GIB) {
        format!("{}g", size.0 / GIB)
    } else {
        format!("{}m", size.0.div_ceil(MIB))
    }
}

/// The largest power of two in mebibytes that is not above `size`, at least 1 MiB.
pub(crate) fn power_of_two_below(size: Bytes) -> Bytes {
    Bytes(MIB << (size.0 / MIB).max(1).ilog2())
}

/// A float as a whole number: rounded up, negative and undefined values become 0, too large ones the maximum.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(crate) fn round_up(value: f64) -> u64 {
    value.ceil() as u64
}

/// A whole number as a float, for ratios.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn as_f64(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinderbox_model::parse_bytes;

    #[test]
    fn texts_are_read_back_as_the_same_size() {
        for size in [Bytes(96 * MIB), Bytes(GIB), Bytes(123)] {
            assert_eq!(parse_bytes(&size_text(size), Bytes(1)), Some(size));
        }
        assert_eq!(parse_bytes(&memory_text(Bytes(GIB + 1)), Bytes(MIB)), Some(Bytes(GIB + MIB)));
        assert_eq!(memory_text(Bytes(2 * GIB)), "2g");
    }

    #[test]
    fn powers_of_two_do_not_exceed_the_size() {
        assert_eq!(power_of_two_below(Bytes(63 * MIB)), Bytes(32 * MIB));
        assert_eq!(power_of_two_below(Bytes(64 * MIB)), Bytes(64 * MIB));
        assert_eq!(power_of_two_below(Bytes(3)), Bytes(MIB));
        assert_eq!(power_of_two_below(Bytes(u64::MAX)), Bytes(1 << 63));
    }
}
