use std::collections::HashSet;
use tinderbox_model::SharedText;

/// Texts that very many tasks share (executors, hosts, localities), each kept once.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashSet<SharedText, foldhash::fast::RandomState>,
}

impl Names {
    /// Beyond this many, further ones are not kept: a damaged log may name anything.
    const LIMIT: usize = 100_000;

    pub(super) fn get(&mut self, text: &str) -> SharedText {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let new = SharedText::from(text);
        if self.known.len() < Self::LIMIT {
            self.known.insert(new.clone());
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_one() {
        let mut names = Names::default();
        let (one, two) = (names.get("worker-1"), names.get("worker-1"));
        assert!(std::ptr::eq(one.as_str(), two.as_str()));
        assert_eq!(names.get("worker-2").as_str(), "worker-2");
    }
}
