//! Numbers at a fixed number of bits each, the lowest bit first.

/// How many bits the largest residual of `values` over their minimum needs, and that minimum. Residuals wrap, so that
/// any values have one.
pub(super) fn frame(values: &[i64]) -> (i64, u8) {
    let Some(&first) = values.first() else { return (0, 0) };
    // Most columns are constant, and this takes a fraction of the comparisons.
    if values.iter().fold(0, |differing, value| differing | (value ^ first)) == 0 {
        return (first, 0);
    }
    let (mut low, mut high) = (first, first);
    for &value in values {
        low = low.min(value);
        high = high.max(value);
    }
    (low, width_of(residual(high, low)))
}

/// Bits of the largest residual.
pub(super) fn width_of(largest: u64) -> u8 {
    // At most 64.
    u8::try_from(u64::BITS - largest.leading_zeros()).unwrap_or(64)
}

pub(super) fn residual(value: i64, base: i64) -> u64 {
    value.wrapping_sub(base).cast_unsigned()
}

/// Bytes that `count` numbers take.
pub(super) fn packed_len(count: usize, width: u8) -> usize {
    (count * usize::from(width)).div_ceil(8)
}

/// Appends the residuals of `values` over `base`.
pub(super) fn pack(values: &[i64], base: i64, width: u8, out: &mut Vec<u8>) {
    if width == 0 {
        return;
    }
    let end = out.len() + packed_len(values.len(), width);
    let width = u32::from(width);
    let (mut word, mut filled) = (0_u64, 0_u32);
    for &value in values {
        let value = residual(value, base);
        word |= value << filled;
        filled += width;
        if filled >= 64 {
            out.extend_from_slice(&word.to_le_bytes());
            filled -= 64;
            // Of a number that ends with the word nothing is left.
            word = if filled == 0 { 0 } else { value >> (width - filled) };
        }
    }
    if filled > 0 {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.truncate(end);
}

/// The number at `at`. Bytes beyond the end count as zero.
pub(super) fn get(packed: &[u8], at: usize, base: i64, width: u8) -> i64 {
    if width == 0 {
        return base;
    }
    let bit = at * usize::from(width);
    let (byte, shift) = (bit / 8, (bit % 8) as u64);
    let bytes = packed.get(byte..).unwrap_or_default();
    let mut value = match bytes.first_chunk::<8>() {
        Some(word) => u64::from_le_bytes(*word),
        None => {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            u64::from_le_bytes(word)
        }
    } >> shift;
    if shift + u64::from(width) > 64 {
        value |= u64::from(bytes.get(8).copied().unwrap_or(0)) << (64 - shift);
    }
    if width < 64 {
        value &= (1 << width) - 1;
    }
    base.wrapping_add(value.cast_signed())
}

/// Appends `count` numbers.
pub(super) fn unpack(packed: &[u8], count: usize, base: i64, width: u8, out: &mut Vec<i64>) {
    if width == 0 {
        out.resize(out.len() + count, base);
    } else {
        out.extend((0..count).map(|at| get(packed, at, base, width)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_numbers_come_back(
            base in any::<i64>(),
            width in 0..=64_u32,
            seeds in prop::collection::vec(any::<u64>(), 0..300),
        ) {
            let mask = 1_u64.checked_shl(width).map_or(u64::MAX, |bit| bit - 1);
            let values: Vec<i64> =
                seeds.iter().map(|seed| base.wrapping_add((seed & mask).cast_signed())).collect();
            let (low, width) = frame(&values);
            let mut packed = vec![0xff];
            pack(&values, low, width, &mut packed);
            prop_assert_eq!(packed.len(), 1 + packed_len(values.len(), width));
            let mut back = Vec::new();
            unpack(&packed[1..], values.len(), low, width, &mut back);
            prop_assert_eq!(back, values);
        }
    }
}
