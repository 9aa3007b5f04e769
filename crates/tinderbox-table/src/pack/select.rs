//! The few of very many keys that are on a page.

use std::ops::Range;

const BUCKET_BITS: u32 = 16;

/// The positions of the keys at `window` in ascending order, equal ones by position.
///
/// Counts the keys in 65,536 buckets of equal width, and sorts those only whose buckets the window touches.
pub(super) fn select(keys: &[i64], window: Range<usize>) -> Vec<usize> {
    let (Some(&low), Some(&high)) = (keys.iter().min(), keys.iter().max()) else {
        return Vec::new();
    };
    let bits = u64::BITS - high.wrapping_sub(low).cast_unsigned().leading_zeros();
    let shift = bits.saturating_sub(BUCKET_BITS);
    let bucket_of = |key: i64| {
        let bytes = (key.wrapping_sub(low).cast_unsigned() >> shift).to_le_bytes();
        usize::from(u16::from_le_bytes([bytes[0], bytes[1]]))
    };
    let mut counts = vec![0_usize; 1 << bits.min(BUCKET_BITS)];
    for key in keys {
        counts[bucket_of(*key)] += 1;
    }
    // The buckets of the window, and how many keys lie before the first of them.
    let (mut first, mut before) = (0, 0);
    while first < counts.len() && before + counts[first] <= window.start {
        before += counts[first];
        first += 1;
    }
    let (mut last, mut end) = (first, before);
    while last < counts.len() && end < window.end {
        end += counts[last];
        last += 1;
    }
    let touched = first..last;
    let within = window.start.saturating_sub(before)..window.end.saturating_sub(before);
    if shift == 0 && last - first == 1 {
        // All of them are equal.
        let equal = keys.iter().enumerate().filter(|(_, key)| bucket_of(**key) == first);
        let equal = equal.map(|(at, _)| at).skip(within.start);
        return equal.take(within.end - within.start).collect();
    }
    let mut found: Vec<(i64, usize)> = Vec::with_capacity(end - before);
    for (at, key) in keys.iter().enumerate() {
        if touched.contains(&bucket_of(*key)) {
            found.push((*key, at));
        }
    }
    let end = within.end.min(found.len());
    if end < found.len() {
        found.select_nth_unstable(end);
    }
    let found = &mut found[..end];
    if within.start > 0 && within.start < found.len() {
        found.select_nth_unstable(within.start);
    }
    let found = found.get_mut(within.start..).unwrap_or_default();
    found.sort_unstable();
    found.iter().map(|(_, at)| *at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_window_is_that_of_the_sorted_keys(
            keys in prop_oneof![
                prop::collection::vec(any::<i64>(), 0..300),
                prop::collection::vec(0..5_i64, 0..300),
                prop::collection::vec(-9..1_i64 << 20, 0..300),
                prop::collection::vec(prop_oneof![0..4_i64, Just(i64::MAX)], 0..300),
            ],
            start in 0..310_usize,
            len in 0..310_usize,
        ) {
            let mut sorted: Vec<usize> = (0..keys.len()).collect();
            sorted.sort_by_key(|at| keys[*at]);
            let window = start.min(keys.len())..(start + len).min(keys.len());
            prop_assert_eq!(select(&keys, window.clone()), &sorted[window]);
        }
    }
}
