/// A set of task indices, one bit each.
#[derive(Debug, Default)]
pub(super) struct Indices {
    bits: Vec<u64>,
    count: u32,
}

impl Indices {
    /// Beyond this an index is taken for new each time: no stage has that many tasks, a wild number in a
    /// log must not take that much memory.
    const LIMIT: usize = 1 << 26;

    pub(super) fn len(&self) -> u32 {
        self.count
    }

    pub(super) fn contains(&self, index: i64) -> bool {
        let Ok(index) = usize::try_from(index) else {
            return false;
        };
        self.bits.get(index / 64).is_some_and(|bits| bits & (1 << (index % 64)) != 0)
    }

    /// Whether the index is new.
    pub(super) fn insert(&mut self, index: i64) -> bool {
        let Some(index) = usize::try_from(index).ok().filter(|&index| index < Self::LIMIT) else {
            return true;
        };
        let (word, bit) = (index / 64, 1 << (index % 64));
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        let is_new = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        self.count += u32::from(is_new);
        is_new
    }
}
