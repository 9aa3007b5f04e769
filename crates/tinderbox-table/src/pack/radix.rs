//! Sorting of very many numbers.

/// Below this a comparison sort is as fast.
const SMALL: usize = 2_048;
const DIGIT_BITS: u32 = 11;
const DIGITS: usize = 1 << DIGIT_BITS;

/// Sorts numbers of which none is negative.
pub(super) fn sort_values(values: &mut [i64]) {
    let (Some(&low), Some(&high)) = (values.iter().min(), values.iter().max()) else { return };
    if low == high {
        return;
    }
    if values.len() < SMALL || low < 0 {
        values.sort_unstable();
        return;
    }
    let mut keys: Vec<u64> = values.iter().map(|value| (value - low).cast_unsigned()).collect();
    let bits = u64::BITS - (high - low).cast_unsigned().leading_zeros();
    sort_bits(&mut keys, 0, bits);
    for (value, key) in values.iter_mut().zip(keys) {
        *value = low + key.cast_signed();
    }
}

/// The positions of `keys` in ascending order; equal keys keep their order.
pub(super) fn order(keys: &[i64]) -> Vec<u32> {
    // A stage has less than 2^32 tasks: Spark numbers them with 31 bits.
    let positions = 0..u32::try_from(keys.len()).unwrap_or(u32::MAX);
    let (Some(&low), Some(&high)) = (keys.iter().min(), keys.iter().max()) else {
        return Vec::new();
    };
    let range = high.wrapping_sub(low).cast_unsigned();
    let position_bits = u32::BITS - positions.end.leading_zeros();
    let bits = u64::BITS - range.leading_zeros();
    if bits + position_bits > u64::BITS {
        let mut order: Vec<u32> = positions.collect();
        order.sort_by_key(|position| keys[*position as usize]);
        return order;
    }
    let mut packed: Vec<u64> = keys
        .iter()
        .zip(positions)
        .map(|(key, at)| key.wrapping_sub(low).cast_unsigned() << position_bits | u64::from(at))
        .collect();
    sort_bits(&mut packed, position_bits, bits);
    let mask = (1 << position_bits) - 1;
    packed.into_iter().map(|packed| u32::try_from(packed & mask).unwrap_or(0)).collect()
}

/// Sorts by `bits` bits from bit `low_bit` on, from the lowest digit to the highest, each stable.
fn sort_bits(keys: &mut Vec<u64>, low_bit: u32, bits: u32) {
    if keys.len() < SMALL {
        // The bits below are positions, so that the order is the same.
        keys.sort_unstable();
        return;
    }
    let mut other = vec![0; keys.len()];
    for digit in 0..bits.div_ceil(DIGIT_BITS) {
        let shift = low_bit + digit * DIGIT_BITS;
        let digit_of = |key: u64| {
            let bytes = (key >> shift).to_le_bytes();
            usize::from(u16::from_le_bytes([bytes[0], bytes[1]])) & (DIGITS - 1)
        };
        let mut starts = [0_usize; DIGITS];
        for key in keys.iter() {
            starts[digit_of(*key)] += 1;
        }
        let mut start = 0;
        for count in &mut starts {
            start += std::mem::replace(count, start);
        }
        for key in keys.iter() {
            let at = &mut starts[digit_of(*key)];
            other[*at] = *key;
            *at += 1;
        }
        std::mem::swap(keys, &mut other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(count: u64, range: u64) -> Vec<i64> {
        let value = |n: u64| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) % range;
        (0..count).map(|n| value(n).cast_signed()).collect()
    }

    #[test]
    fn values_are_sorted_as_the_library_sorts_them() {
        for range in [1, 2, 1_000, 1 << 11, 1 << 33, 1 << 52] {
            for count in [0, 1, 100, 5_000] {
                let mut sorted = noise(count, range);
                let mut expected = sorted.clone();
                expected.sort_unstable();
                sort_values(&mut sorted);
                assert_eq!(sorted, expected, "{count} below {range}");
            }
        }
        let mut extreme: Vec<i64> = (0..5_000).map(|n| [0, i64::MAX][n % 2]).collect();
        sort_values(&mut extreme);
        assert!(extreme.is_sorted());
    }

    #[test]
    fn equal_keys_keep_their_order() {
        let mut sets: Vec<Vec<i64>> =
            [10, 1 << 30, 1 << 52].map(|range| noise(5_000, range)).to_vec();
        sets.push(noise(100, 3));
        sets.push((0..5_000).map(|n| [i64::MIN, i64::MAX, -1][n % 3]).collect());
        for keys in sets {
            let mut expected: Vec<u32> = (0..u32::try_from(keys.len()).expect("few")).collect();
            expected.sort_by_key(|at| keys[*at as usize]);
            assert_eq!(order(&keys), expected);
        }
    }
}
