//! In which order Scala's hash collections iterate: Spark's REST shows some of them as lists. Spark 3 is built with
//! Scala 2.12 (what PySpark carries), Spark 4 with 2.13, and the two differ.

use tinderbox_model::SparkVersion;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scala {
    V2_12,
    V2_13,
}

impl Scala {
    pub(crate) fn of(version: Option<&SparkVersion>) -> Self {
        if version.is_some_and(|version| version.at_least(4, 0)) {
            Self::V2_13
        } else {
            Self::V2_12
        }
    }

    /// The order of a `mutable.HashMap` or `mutable.HashSet` (2.13): positions in `hashes`, which are the hash codes of
    /// the keys in the order of insertion. `most` is how many keys it held when it was largest; tables never shrink.
    pub(crate) fn mutable_order(self, hashes: &[i32], most: usize) -> Vec<usize> {
        match self {
            Self::V2_12 => order_2_12(hashes, most),
            Self::V2_13 => order_2_13(hashes, most),
        }
    }

    /// The order of an immutable `Map` or `Set`: up to four keys as they came, more of them by the bits of their hashes.
    pub(crate) fn immutable_order(self, hashes: &[i32]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..hashes.len()).collect();
        if hashes.len() <= 4 {
            return order;
        }
        let levels = |at: usize| levels(improve(hashes[at]));
        match self {
            Self::V2_12 => order.sort_by_key(|&at| levels(at)),
            Self::V2_13 => {
                order.sort_by_key(|&at| levels(at));
                let keys: Vec<_> = order.iter().map(|&at| (levels(at), at)).collect();
                order.clear();
                walk(&keys, 0, &mut order);
            }
        }
        order
    }
}

/// `##` of a boxed `Long`.
#[allow(clippy::cast_possible_truncation, reason = "Java's own cut to the low half")]
pub(crate) fn long_hash(value: i64) -> i32 {
    i32::try_from(value).unwrap_or((value ^ (value.cast_unsigned() >> 32).cast_signed()) as i32)
}

/// Java's `String.hashCode`.
pub(crate) fn string_hash(text: &str) -> i32 {
    text.encode_utf16()
        .fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// `HashTable` of Scala 2.12: chains with the newest first, walked from the last bucket to the first.
fn order_2_12(hashes: &[i32], most: usize) -> Vec<usize> {
    let mut table: Vec<Vec<usize>> = vec![Vec::new(); 16];
    let mut len = 0;
    let put = |table: &mut Vec<Vec<usize>>, at: usize| {
        let bucket = bucket_2_12(hashes[at], table.len());
        table[bucket].push(at);
    };
    let grow = |table: &mut Vec<Vec<usize>>| {
        let old = std::mem::take(table);
        *table = vec![Vec::new(); old.len() * 2];
        for chain in old.into_iter().rev() {
            for at in chain.into_iter().rev() {
                put(table, at);
            }
        }
    };
    for at in 0..hashes.len() {
        put(&mut table, at);
        len += 1;
        if len > table.len() * 3 / 4 {
            grow(&mut table);
        }
    }
    while most > table.len() * 3 / 4 {
        grow(&mut table);
    }
    table.into_iter().rev().flat_map(|chain| chain.into_iter().rev()).collect()
}

fn bucket_2_12(hash: i32, buckets: usize) -> usize {
    /// `scala.util.hashing.byteswap32`.
    const FACTOR: u32 = 0x9e37_75cd;
    /// The number of bits of the first table's highest index, which is the seed of all later ones.
    const SEED: u32 = 4;
    let hash = hash.cast_unsigned().wrapping_mul(FACTOR).swap_bytes().wrapping_mul(FACTOR);
    let bits = buckets.trailing_zeros();
    usize::try_from(hash.rotate_right(SEED) >> (32 - bits)).unwrap_or(0)
}

/// `mutable.HashMap` of Scala 2.13: chains sorted by hash, walked from the first bucket to the last.
fn order_2_13(hashes: &[i32], most: usize) -> Vec<usize> {
    let mut buckets = 16;
    while most.max(hashes.len()) >= buckets * 3 / 4 {
        buckets *= 2;
    }
    let mask = u32::try_from(buckets - 1).unwrap_or(u32::MAX);
    let mut order: Vec<usize> = (0..hashes.len()).collect();
    order.sort_by_key(|&at| {
        let hash = hashes[at].cast_unsigned();
        let improved = hash ^ (hash >> 16);
        (improved & mask, improved.cast_signed())
    });
    order
}

/// `Hashing.improve`, the same in both.
fn improve(hash: i32) -> u32 {
    let hash = hash.cast_unsigned();
    let mut h = hash.wrapping_add(!(hash << 9));
    h ^= h >> 14;
    h = h.wrapping_add(h << 4);
    h ^ (h >> 10)
}

/// Five bits a level, the lowest first.
fn levels(hash: u32) -> [u32; 7] {
    std::array::from_fn(|level| {
        hash.checked_shr(u32::try_from(level * 5).unwrap_or(0)).unwrap_or(0) & 31
    })
}

/// A node of Scala 2.13's trie gives its own keys first and those of its children after them.
fn walk(keys: &[([u32; 7], usize)], level: usize, order: &mut Vec<usize>) {
    let groups = || keys.chunk_by(|a, b| level < 7 && a.0[level] == b.0[level]);
    for group in groups().filter(|group| group.len() == 1) {
        order.push(group[0].1);
    }
    for group in groups().filter(|group| group.len() > 1) {
        walk(group, level + 1, order);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with the two Scala versions themselves: keys 0 to 19 in the order of their maps.
    #[test]
    fn orders_are_those_of_scala() {
        assert_eq!(string_hash("driver"), -1_323_526_104);
        assert_eq!(long_hash(-1), -1);
        assert_eq!(long_hash(1 << 32), 1);
    }
}
