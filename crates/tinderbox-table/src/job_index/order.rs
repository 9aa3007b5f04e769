//! The order of very many cells.

const DIGIT_BITS: u32 = 11;
const DIGITS: usize = 1 << DIGIT_BITS;
/// A position takes the lower half of a packed number, a part of its key the upper one.
const HALF: u32 = 32;

/// Positions in ascending order of their keys; equal keys keep their order. `None` when that is the order in which they
/// lie already.
pub(super) fn order_of(keys: &[u64]) -> Option<Vec<u32>> {
    if keys.is_sorted() {
        return None;
    }
    let low = keys.iter().copied().min().unwrap_or(0);
    let high = keys.iter().copied().max().unwrap_or(0);
    let bits = u64::BITS - (high - low).leading_zeros();
    // An index has less than 2^32 jobs.
    let mut packed: Vec<u64> = (0..).zip(keys).map(|(at, key)| pack(key - low, at)).collect();
    let mut other = vec![0; packed.len()];
    sort(&mut packed, &mut other, bits.min(HALF));
    if bits > HALF {
        for item in &mut packed {
            let at = lower(*item);
            *item = pack((keys[at as usize] - low) >> HALF, u64::from(at));
        }
        sort(&mut packed, &mut other, bits - HALF);
    }
    Some(packed.into_iter().map(lower).collect())
}

/// The upper half of the key is cut off.
fn pack(key: u64, at: u64) -> u64 {
    key << HALF | at
}

fn lower(packed: u64) -> u32 {
    let [a, b, c, d, ..] = packed.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// Sorts by `bits` bits of the upper half, from the lowest digit to the highest, each stable.
fn sort(items: &mut Vec<u64>, other: &mut Vec<u64>, bits: u32) {
    for digit in 0..bits.div_ceil(DIGIT_BITS) {
        let shift = HALF + digit * DIGIT_BITS;
        let digit_of = |item: u64| {
            let bytes = (item >> shift).to_le_bytes();
            usize::from(u16::from_le_bytes([bytes[0], bytes[1]])) & (DIGITS - 1)
        };
        let mut starts = [0_usize; DIGITS];
        for item in items.iter() {
            starts[digit_of(*item)] += 1;
        }
        if starts.contains(&items.len()) {
            continue;
        }
        let mut start = 0;
        for count in &mut starts {
            start += std::mem::replace(count, start);
        }
        for item in items.iter() {
            let at = &mut starts[digit_of(*item)];
            other[*at] = *item;
            *at += 1;
        }
        std::mem::swap(items, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn positions_come_in_the_order_of_a_stable_sort(
            keys in prop::collection::vec(prop_oneof![any::<u64>(), 0..4_u64, any::<u32>().prop_map(u64::from)], 0..400),
        ) {
            let mut expected: Vec<u32> = (0..u32::try_from(keys.len()).expect("few")).collect();
            expected.sort_by_key(|at| keys[*at as usize]);
            let found = order_of(&keys).unwrap_or_else(|| (0..u32::try_from(keys.len()).expect("few")).collect());
            prop_assert_eq!(found, expected);
        }
    }
}
