//! The list of applications, kept in memory from the first question on.

use super::HistoryList;
use crate::lock;
use std::sync::{Arc, Mutex};
use tinderbox_store::HistoryAttempt;

/// The list once it was asked for.
#[derive(Debug, Default)]
pub(crate) struct KeptList(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    list: Option<Arc<HistoryList>>,
    /// How often the list was forgotten: what was read from the store before may have runs that are gone.
    forgotten: u64,
    /// Questions to the store that are not answered yet.
    num_loads: usize,
    /// Attempts that came while there were such questions: what the store answers may lack them.
    meanwhile: Vec<HistoryAttempt>,
}

/// A question to the store for the whole list.
#[derive(Debug)]
pub(super) struct Load<'a> {
    kept: &'a KeptList,
    /// What [`State::forgotten`] was when it was asked.
    forgotten: u64,
    /// Of [`State::meanwhile`], what came after it was asked.
    from: usize,
}

impl KeptList {
    /// The list; without one, what is to be answered by [`Load::keep`].
    pub(super) fn get(&self) -> Result<Arc<HistoryList>, Load<'_>> {
        let mut state = lock(&self.0);
        if let Some(list) = &mut state.list {
            return Ok(sorted(list));
        }
        state.num_loads += 1;
        Err(Load { kept: self, forgotten: state.forgotten, from: state.meanwhile.len() })
    }

    /// Lists an attempt that the store has.
    pub(super) fn put(&self, attempt: HistoryAttempt) {
        let mut state = lock(&self.0);
        if state.num_loads > 0 {
            state.meanwhile.push(attempt.clone());
        }
        if let Some(list) = &mut state.list {
            Arc::make_mut(list).put(attempt);
        }
    }

    /// Reads the list again when it is asked for.
    pub(crate) fn forget(&self) {
        let mut state = lock(&self.0);
        state.forgotten += 1;
        state.list = None;
    }
}

impl Load<'_> {
    /// Completes what was read from the store by what came meanwhile, and keeps it, unless the list was forgotten in
    /// between.
    pub(super) fn keep(self, mut list: HistoryList) -> Arc<HistoryList> {
        let mut state = lock(&self.kept.0);
        for attempt in &state.meanwhile[self.from..] {
            list.put(attempt.clone());
        }
        let mut list = Arc::new(list);
        let sorted = sorted(&mut list);
        if state.forgotten == self.forgotten {
            state.list = Some(list);
        }
        sorted
    }
}

impl Drop for Load<'_> {
    /// Also when whoever asked has gone away.
    fn drop(&mut self) {
        let mut state = lock(&self.kept.0);
        state.num_loads -= 1;
        if state.num_loads == 0 {
            state.meanwhile = Vec::new();
        }
    }
}

fn sorted(list: &mut Arc<HistoryList>) -> Arc<HistoryList> {
    if list.is_unsorted() {
        Arc::make_mut(list).sort();
    }
    list.clone()
}

#[cfg(test)]
mod tests {
    use super::super::list::tests::row;
    use super::*;

    fn read() -> HistoryList {
        HistoryList::new(vec![row("a", "app-1", None, 1, None)], vec![])
    }

    #[test]
    fn a_list_is_kept_with_what_was_recorded_while_it_was_read() {
        let kept = KeptList::default();
        let first = kept.get().unwrap_err();
        kept.put(row("b", "app-2", None, 2, None));
        let second = kept.get().unwrap_err();
        kept.put(row("c", "app-3", None, 3, None));
        let ids = |list: &HistoryList| {
            list.entries().iter().map(|entry| entry.id().to_owned()).collect::<Vec<_>>()
        };
        // It asked when app-2 was in the store already.
        assert_eq!(ids(&second.keep(read())), ["app-3", "app-1"]);
        assert_eq!(ids(&first.keep(read())), ["app-3", "app-2", "app-1"]);
        kept.put(row("d", "app-4", None, 4, None));
        assert_eq!(ids(&kept.get().unwrap()), ["app-4", "app-3", "app-2", "app-1"]);
        assert!(lock(&kept.0).meanwhile.is_empty(), "nobody asks");
    }

    #[test]
    fn a_list_that_was_forgotten_while_it_was_read_is_not_kept() {
        let kept = KeptList::default();
        let load = kept.get().unwrap_err();
        kept.put(row("b", "app-2", None, 2, None));
        kept.forget();
        assert_eq!(load.keep(read()).entries().len(), 2);
        // This one is never answered.
        drop(kept.get().unwrap_err());
        kept.put(row("c", "app-3", None, 3, None));
        assert!(lock(&kept.0).meanwhile.is_empty());
        kept.get().unwrap_err().keep(read());
        kept.forget();
        assert!(kept.get().is_err());
    }
}
