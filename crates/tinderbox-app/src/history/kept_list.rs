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
    /// Changes so far: what was read from the store before one of them may lack it.
    changes: u64,
}

/// How far the list had changed when the store was asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct AsOf(u64);

impl KeptList {
    /// The list; without one, what [`Self::keep`] wants to know.
    pub(super) fn get(&self) -> Result<Arc<HistoryList>, AsOf> {
        let mut state = lock(&self.0);
        let as_of = AsOf(state.changes);
        let list = state.list.as_mut().ok_or(as_of)?;
        if list.is_unsorted() {
            Arc::make_mut(list).sort();
        }
        Ok(list.clone())
    }

    /// Keeps what was read from the store, unless there was a change in between.
    pub(super) fn keep(&self, list: &Arc<HistoryList>, as_of: AsOf) {
        let mut state = lock(&self.0);
        if state.changes == as_of.0 {
            state.list = Some(list.clone());
        }
    }

    /// Lists an attempt that the store has.
    pub(super) fn put(&self, attempt: HistoryAttempt) {
        let mut state = lock(&self.0);
        state.changes += 1;
        if let Some(list) = &mut state.list {
            Arc::make_mut(list).put(attempt);
        }
    }

    /// Reads the list again when it is asked for.
    pub(crate) fn forget(&self) {
        let mut state = lock(&self.0);
        state.changes += 1;
        state.list = None;
    }
}

#[cfg(test)]
mod tests {
    use super::super::list::tests::row;
    use super::*;

    #[test]
    fn a_list_without_what_was_recorded_meanwhile_is_not_kept() {
        let kept = KeptList::default();
        let read = || Arc::new(HistoryList::new(vec![row("a", "app-1", None, 1, None)], vec![]));
        let before = kept.get().unwrap_err();
        kept.put(row("b", "app-2", None, 2, None));
        kept.keep(&read(), before);
        let after = kept.get().expect_err("the first one lacked app-2");
        kept.keep(&read(), after);
        kept.put(row("c", "app-3", None, 3, None));
        assert!(kept.get().unwrap().find("app-3").is_some());
        kept.forget();
        assert!(kept.get().is_err());
    }
}
