//! The ids of the jobs that have come.

/// Ids in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct IdsComing {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<u64>,
}

impl IdsComing {
    pub(super) fn push(&mut self, id: &str) {
        self.bytes.extend_from_slice(id.as_bytes());
        self.ends.push(self.bytes.len() as u64);
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, arrival: u32) -> &[u8] {
        let at = arrival as usize;
        let place = |end: u64| usize::try_from(end).unwrap_or(usize::MAX);
        let start = if at == 0 { 0 } else { place(self.ends[at - 1]) };
        &self.bytes[start..place(self.ends[at])]
    }

    /// Puts the ids in order, and finds those that came before.
    pub(super) fn finish(self) -> KnownJobs {
        let num_arrived = u32::try_from(self.len()).unwrap_or(u32::MAX);
        let is_ascending = (1..num_arrived).all(|at| self.get(at - 1) < self.get(at));
        let by_id = if is_ascending {
            (0..num_arrived).collect()
        } else {
            let shared = self.shared_prefix();
            let mut keyed: Vec<(u64, u32)> =
                (0..num_arrived).map(|at| (prefix(&self.get(at)[shared..]), at)).collect();
            keyed.sort_unstable_by(|(a_key, a), (b_key, b)| {
                a_key.cmp(b_key).then_with(|| self.get(*a).cmp(self.get(*b))).then(a.cmp(b))
            });
            let mut by_id: Vec<u32> = keyed.into_iter().map(|(_, at)| at).collect();
            // The first to come stays: the sort has it first.
            by_id.dedup_by(|later, earlier| self.get(*later) == self.get(*earlier));
            by_id
        };
        KnownJobs { ids: self, by_id }
    }

    /// How many bytes all ids have in common at their beginning.
    fn shared_prefix(&self) -> usize {
        let Some(last) = self.len().checked_sub(1) else { return 0 };
        let first = self.get(0);
        let last = u32::try_from(last).unwrap_or(u32::MAX);
        (0..=last).fold(first.len(), |shared, at| {
            let same = first.iter().zip(self.get(at)).take(shared);
            same.take_while(|(a, b)| a == b).count()
        })
    }
}

/// The first eight bytes as a number of the same order.
fn prefix(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    let len = bytes.len().min(8);
    word[..len].copy_from_slice(&bytes[..len]);
    u64::from_be_bytes(word)
}

/// Ids that can be looked up.
#[derive(Debug)]
pub(crate) struct KnownJobs {
    pub(super) ids: IdsComing,
    /// Arrivals in the order of their ids, without those whose id came before.
    pub(super) by_id: Vec<u32>,
}

impl KnownJobs {
    /// Jobs that came again: all but the first of each id.
    pub(crate) fn num_duplicates(&self) -> u64 {
        (self.ids.len() - self.by_id.len()) as u64
    }

    /// What all ids begin with, in lower case.
    pub(super) fn shared_start(&self) -> String {
        if self.ids.len() == 0 {
            return String::new();
        }
        let bytes = &self.ids.get(0)[..self.ids.shared_prefix()];
        // A letter that is cut in two is left out.
        let text = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        text.to_ascii_lowercase()
    }

    /// Some ids that came again.
    pub(crate) fn duplicates(&self, limit: usize) -> Vec<String> {
        if self.num_duplicates() == 0 {
            return Vec::new();
        }
        let mut kept = vec![false; self.ids.len()];
        self.by_id.iter().for_each(|arrival| kept[*arrival as usize] = true);
        let again = (0_u32..).zip(kept).filter(|(_, kept)| !kept).take(limit);
        again
            .map(|(arrival, _)| String::from_utf8_lossy(self.ids.get(arrival)).into_owned())
            .collect()
    }

    /// The arrival that stands for `id`. Fast where ids are asked for in the order in which jobs came: `hint` is the
    /// arrival after the one that was found before.
    pub(super) fn find(&self, id: &[u8], hint: &mut u32) -> Option<u32> {
        let is_next = (*hint as usize) < self.ids.len()
            && self.num_duplicates() == 0
            && self.ids.get(*hint) == id;
        let found = if is_next {
            *hint
        } else {
            let at = self.by_id.binary_search_by(|arrival| self.ids.get(*arrival).cmp(id)).ok()?;
            self.by_id[at]
        };
        *hint = found + 1;
        Some(found)
    }
}
