//! Units. Bytes, times and durations never travel as bare numbers between crates.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(0);

            /// From Spark's signed numbers; what is negative there means "not known" and becomes zero.
            pub fn from_signed(value: i64) -> Self {
                Self(u64::try_from(value).unwrap_or(0))
            }

            /// As a float, for ratios.
            #[allow(clippy::cast_precision_loss)]
            pub fn as_f64(self) -> f64 {
                self.0 as f64
            }

            /// Whether this is zero.
            pub fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// `self / whole`, or `None` when `whole` is zero.
            pub fn share_of(self, whole: Self) -> Option<f64> {
                (whole.0 != 0).then(|| self.as_f64() / whole.as_f64())
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(add(self.0, other.0))
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        impl Sub for $name {
            type Output = Self;
            /// Saturates at zero.
            fn sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
                values.fold(Self::ZERO, Add::add)
            }
        }
    };
}

quantity! {
    /// A number of bytes. Shown in binary units (1 KiB = 1024 B), as Spark does.
    Bytes
}
quantity! {
    /// A duration in milliseconds.
    Millis
}
quantity! {
    /// A duration in nanoseconds (Spark: CPU times and shuffle write time).
    Nanos
}

/// The sum, or the largest number of Spark's own `long`, which its clients can still read.
pub(crate) fn add(a: u64, b: u64) -> u64 {
    a.saturating_add(b).min(i64::MAX.unsigned_abs())
}

impl Nanos {
    /// In whole milliseconds, rounded down as Spark's own UI does.
    pub fn to_millis(self) -> Millis {
        Millis(self.0 / 1_000_000)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        let mut value = self.as_f64();
        let mut unit = 0;
        while value >= 1024.0 && unit + 1 < UNITS.len() {
            value /= 1024.0;
            unit += 1;
        }
        if unit == 0 { write!(f, "{} B", self.0) } else { write!(f, "{value:.1} {}", UNITS[unit]) }
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0;
        if ms < 1_000 {
            write!(f, "{ms} ms")
        } else if ms < 60_000 {
            write!(f, "{:.1} s", self.as_f64() / 1_000.0)
        } else if ms < 3_600_000 {
            write!(f, "{}m {:02}s", ms / 60_000, ms % 60_000 / 1_000)
        } else {
            write!(f, "{}h {:02}m", ms / 3_600_000, ms % 3_600_000 / 60_000)
        }
    }
}

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_millis().fmt(f)
    }
}

/// A point in time, in milliseconds since 1970-01-01 UTC: Spark's own resolution.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct TimestampMs(pub i64);

impl TimestampMs {
    /// The time from `earlier` to `self`; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Millis {
        Millis::from_signed(self.0.saturating_sub(earlier.0))
    }

    /// In microseconds, the resolution of the store.
    pub fn as_micros(self) -> i64 {
        self.0.saturating_mul(1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_well() {
        assert_eq!(Bytes(0).to_string(), "0 B");
        assert_eq!(Bytes(1536).to_string(), "1.5 KiB");
        assert_eq!(Bytes(20 << 30).to_string(), "20.0 GiB");
        assert_eq!(Millis(999).to_string(), "999 ms");
        assert_eq!(Millis(59_940).to_string(), "59.9 s");
        assert_eq!(Millis(61_000).to_string(), "1m 01s");
        assert_eq!(Millis(3_720_000).to_string(), "1h 02m");
    }

    #[test]
    fn negative_spark_numbers_become_zero() {
        assert_eq!(Bytes::from_signed(-1), Bytes::ZERO);
        assert_eq!(Bytes(u64::MAX) + Bytes(1), Bytes::from_signed(i64::MAX));
        assert_eq!(TimestampMs(5).since(TimestampMs(9)), Millis::ZERO);
    }
}
