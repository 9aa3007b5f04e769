/// Values above zero of one metric in one stage, one for each task that has one, in no order.
///
/// Full chunks are packed: each value as its distance from the smallest, in as many bytes as the largest distance needs.
/// Times and sizes of one stage lie close together, so that is two to four bytes for most metrics.
#[derive(Debug, Default)]
pub(super) struct Values {
    packed: Vec<Chunk>,
    open: Vec<u64>,
}

#[derive(Debug)]
struct Chunk {
    base: u64,
    width: usize,
    bytes: Box<[u8]>,
}

impl Values {
    const CHUNK: usize = 1_024;

    /// Adds a value and says by how many bytes of memory that changes things.
    pub(super) fn push(&mut self, value: u64) -> isize {
        self.open.push(value);
        let added = isize::try_from(size_of::<u64>()).unwrap_or(0);
        if self.open.len() < Self::CHUNK {
            return added;
        }
        let chunk = Chunk::pack(&self.open);
        let (packed, open) = (chunk.bytes.len(), self.open.len() * size_of::<u64>());
        self.packed.push(chunk);
        self.open.clear();
        let saved = isize::try_from(open).unwrap_or(0) - isize::try_from(packed).unwrap_or(0);
        added - saved
    }

    pub(super) fn bytes(&self) -> usize {
        let packed: usize = self.packed.iter().map(|chunk| chunk.bytes.len()).sum();
        packed + self.open.len() * size_of::<u64>()
    }

    pub(super) fn append_to(&self, all: &mut Vec<u64>) {
        for chunk in &self.packed {
            chunk.append_to(all);
        }
        all.extend_from_slice(&self.open);
    }
}

impl Chunk {
    fn pack(values: &[u64]) -> Self {
        let base = values.iter().copied().min().unwrap_or(0);
        let range = values.iter().copied().max().unwrap_or(0) - base;
        let bits = usize::try_from(u64::BITS - range.leading_zeros()).unwrap_or(64);
        let width = bits.div_ceil(8).max(1);
        let mut bytes = Vec::with_capacity(values.len() * width);
        for value in values {
            bytes.extend_from_slice(&(value - base).to_le_bytes()[..width]);
        }
        Self { base, width, bytes: bytes.into() }
    }

    fn append_to(&self, all: &mut Vec<u64>) {
        for packed in self.bytes.chunks_exact(self.width) {
            let mut distance = [0; 8];
            distance[..self.width].copy_from_slice(packed);
            all.push(self.base + u64::from_le_bytes(distance));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_were_and_take_little_room() {
        for step in [0, 1, 300, 70_000, 1 << 33, u64::MAX / 5_000] {
            let mut values = Values::default();
            let put: Vec<u64> = (0..5_000).map(|n| 1_000 + n * step).map(|v| v.max(1)).collect();
            let total: isize = put.iter().map(|&value| values.push(value)).sum();
            assert_eq!(usize::try_from(total).unwrap(), values.bytes(), "step {step}");
            let mut back = Vec::new();
            values.append_to(&mut back);
            assert_eq!(back, put, "step {step}");
        }
        let mut small = Values::default();
        (0..1_024_000).for_each(|n| {
            small.push(5_000_000 + n % 60_000);
        });
        assert_eq!(small.bytes(), 2_048_000, "two bytes each");
    }
}
