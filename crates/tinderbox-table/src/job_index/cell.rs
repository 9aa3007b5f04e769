//! Values as numbers whose order is the values' order.

use super::column::JobColumnKind;

/// What a job says in a column.
#[derive(Debug, Clone, PartialEq)]
pub enum JobValue {
    /// Nothing. Comes before everything else.
    Missing,
    /// A number.
    Int(i64),
    /// A double.
    Float(f64),
    /// Microseconds since 1970, UTC.
    Time(i64),
    /// A text.
    Text(String),
}

/// The cell of nothing.
pub(super) const MISSING: u64 = 0;

/// The sign bit.
const SIGN: u64 = 1 << 63;

/// The smallest number there is counts as the one above it: its cell is that of nothing.
pub(super) fn of_int(value: i64) -> u64 {
    (value.cast_unsigned() ^ SIGN).max(MISSING + 1)
}

pub(super) fn to_int(cell: u64) -> i64 {
    (cell ^ SIGN).cast_signed()
}

/// Both zeros are the same; what is not a number is nothing.
pub(super) fn of_float(value: f64) -> u64 {
    if value.is_nan() {
        return MISSING;
    }
    // Minus zero becomes zero.
    let bits = (value + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

pub(super) fn to_float(cell: u64) -> f64 {
    f64::from_bits(if cell & SIGN == 0 { !cell } else { cell & !SIGN })
}

impl JobValue {
    /// Of a cell that is no text.
    pub(super) fn of_cell(kind: JobColumnKind, cell: u64) -> Self {
        match kind {
            _ if cell == MISSING => Self::Missing,
            JobColumnKind::Float => Self::Float(to_float(cell)),
            JobColumnKind::Time => Self::Time(to_int(cell)),
            JobColumnKind::Int | JobColumnKind::Text => Self::Int(to_int(cell)),
        }
    }

    /// The cell of a value that is no text; of a text that of nothing.
    pub(super) fn to_cell(&self) -> u64 {
        match self {
            Self::Missing | Self::Text(_) => MISSING,
            Self::Int(value) | Self::Time(value) => of_int(*value),
            Self::Float(value) => of_float(*value),
        }
    }

    /// The number, also of a time.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) | Self::Time(value) => Some(*value),
            _ => None,
        }
    }

    /// The number as a double.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cells_are_ordered_as_their_values(a in any::<f64>(), b in any::<f64>(), c in any::<i64>(), d in any::<i64>()) {
            if let Some(order) = a.partial_cmp(&b) {
                prop_assert_eq!(of_float(a).cmp(&of_float(b)), order);
            }
            if !a.is_nan() {
                prop_assert_eq!(to_float(of_float(a)), a);
                prop_assert!(of_float(a) > MISSING);
            }
            let (c, d) = (c.max(i64::MIN + 1), d.max(i64::MIN + 1));
            prop_assert_eq!(of_int(c).cmp(&of_int(d)), c.cmp(&d));
            prop_assert_eq!(to_int(of_int(c)), c);
        }
    }

    #[test]
    fn both_zeros_are_one_and_the_ends_have_cells() {
        assert_eq!(of_float(-0.0), of_float(0.0));
        assert!(of_float(f64::NEG_INFINITY) > MISSING);
        assert_eq!(of_float(f64::NAN), MISSING);
        assert_eq!(of_int(i64::MIN), of_int(i64::MIN + 1));
    }
}
