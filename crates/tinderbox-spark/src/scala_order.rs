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

    fn check_longs(scala: Scala, keys: i64, expected: &str) {
        let keys: Vec<i64> = (0..keys).map(|n| n * 37 + 100).collect();
        let hashes: Vec<_> = keys.iter().map(|&key| long_hash(key)).collect();
        let order = scala.mutable_order(&hashes, hashes.len());
        let shown: Vec<_> = order.into_iter().map(|at| keys[at].to_string()).collect();
        assert_eq!(shown.join(" "), expected);
    }

    fn check_ints(scala: Scala, keys: i32, expected: &str) {
        let keys: Vec<i32> = (0..keys).map(|n| n * 37 + 3).collect();
        let order = scala.immutable_order(&keys);
        let shown: Vec<_> = order.into_iter().map(|at| keys[at].to_string()).collect();
        assert_eq!(shown.join(" "), expected);
    }

    fn check_texts(scala: Scala, expected: &str) {
        let keys = ["driver", "0", "1", "2", "3", "10", "11"];
        let order = scala.mutable_order(&keys.map(string_hash), keys.len());
        let shown: Vec<_> = order.into_iter().map(|at| keys[at]).collect();
        assert_eq!(shown.join(" "), expected);
    }

    // The expected orders were printed by the libraries of Scala 2.12.18 and 2.13.18 themselves.

    #[test]
    fn mutable_maps_iterate_as_in_scala() {
        check_longs(Scala::V2_12, 5, "137 211 100 174 248");
        check_longs(Scala::V2_12, 12, "433 137 322 507 211 396 100 285 470 174 359 248");
        check_longs(Scala::V2_12, 13, "137 433 322 211 507 100 396 285 174 470 359 248 544");
        check_longs(
            Scala::V2_12,
            30,
            "433 137 729 1136 322 618 1025 803 507 211 914 100 396 692 1099 285 581 877 988 470 174 766 \
             1173 359 655 1062 544 248 840 951",
        );
        check_longs(Scala::V2_13, 5, "211 100 248 137 174");
        check_longs(Scala::V2_13, 12, "322 100 359 137 396 174 433 211 470 248 507 285");
        check_longs(
            Scala::V2_13,
            30,
            "1025 322 581 840 137 1099 396 655 914 211 1173 470 729 988 285 544 803 100 1062 359 618 877 \
             174 1136 433 692 951 248 507 766",
        );
        check_texts(Scala::V2_12, "2 driver 1 11 0 10 3");
        check_texts(Scala::V2_13, "0 11 1 2 3 driver 10");
    }

    #[test]
    fn immutable_maps_iterate_as_in_scala() {
        for scala in [Scala::V2_12, Scala::V2_13] {
            check_ints(scala, 4, "3 40 77 114");
        }
        check_ints(Scala::V2_12, 5, "77 3 40 114 151");
        check_ints(Scala::V2_12, 12, "188 225 77 299 3 336 40 114 151 410 262 373");
        check_ints(
            Scala::V2_12,
            40,
            "1409 1298 817 484 188 225 77 669 1446 1039 706 1150 1002 558 1187 965 743 1224 521 780 1113 \
             299 3 1076 336 1372 595 891 40 114 632 151 447 410 262 854 373 1335 928 1261",
        );
        check_ints(Scala::V2_13, 5, "77 3 151 40 114");
        check_ints(Scala::V2_13, 12, "188 336 225 77 299 3 40 114 151 410 262 373");
        check_ints(
            Scala::V2_13,
            40,
            "817 484 188 965 743 1224 1076 891 1261 1409 1298 225 77 669 1446 1039 706 1150 1002 558 1187 \
             521 780 1113 299 3 336 1372 595 40 114 632 151 447 410 262 854 373 1335 928",
        );
    }
}
