use super::Fold;
use crate::event::{BlockManagerAdded, ExecutorAdded, ExecutorRemoved};
use std::collections::HashMap;
use tinderbox_model::{Bytes, Executor, ExecutorId, ExecutorStatus, PeakMemory, TimestampMs};

/// Executors in order of appearance, found by id.
#[derive(Debug, Default)]
pub(super) struct Executors {
    list: Vec<Executor>,
    index: HashMap<String, usize>,
}

impl Executors {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Executor> {
        self.list.iter()
    }

    pub(super) fn into_executors(self) -> Vec<Executor> {
        self.list
    }

    /// The executor unless it was removed: `AppStatusListener` counts nothing for removed ones.
    pub(super) fn active(&mut self, id: &str, host: &str) -> Option<&mut Executor> {
        let executor = self.get_or_add(id);
        if executor.host_port.is_empty() {
            host.clone_into(&mut executor.host_port);
        }
        (executor.status == ExecutorStatus::Active).then_some(executor)
    }

    pub(super) fn raise_peaks(&mut self, id: &str, peaks: PeakMemory) {
        self.get_or_add(id).peak_memory.raise_to(&peaks);
    }

    fn get_or_add(&mut self, id: &str) -> &mut Executor {
        let at = if let Some(&at) = self.index.get(id) {
            at
        } else {
            self.index.insert(id.to_owned(), self.list.len());
            self.list.push(Executor::new(ExecutorId::from(id)));
            self.list.len() - 1
        };
        &mut self.list[at]
    }
}

impl Fold {
    pub(super) fn executor_added(&mut self, event: ExecutorAdded<'_>) {
        self.see(event.time);
        let executor = self.executors.get_or_add(&event.id);
        executor.status = ExecutorStatus::Active;
        executor.remove_time = None;
        executor.remove_reason = None;
        executor.add_time.get_or_insert(TimestampMs(event.time));
        executor.total_cores = u32::try_from(event.info.total_cores).unwrap_or(0);
        // The block manager's address, which has a port, may have come first.
        if !executor.host_port.contains(':') {
            executor.host_port = event.info.host.into_string();
        }
    }

    /// The driver has a block manager and, except in local mode, no `ExecutorAdded`.
    pub(super) fn block_manager_added(&mut self, event: &BlockManagerAdded<'_>) {
        self.see(event.time);
        let executor = self.executors.get_or_add(&event.id.executor);
        executor.status = ExecutorStatus::Active;
        executor.add_time.get_or_insert(TimestampMs(event.time));
        executor.host_port = format!("{}:{}", &*event.id.host, event.id.port);
        executor.max_memory = Bytes::from_signed(event.max_memory);
    }

    /// Executors that never came up are removed without having been added; they are no executors.
    pub(super) fn executor_removed(&mut self, event: ExecutorRemoved<'_>) {
        self.see(event.time);
        if let Some(&at) = self.executors.index.get(&*event.id) {
            let executor = &mut self.executors.list[at];
            executor.status = ExecutorStatus::Removed;
            executor.remove_time = Some(TimestampMs(event.time));
            executor.remove_reason = Some(event.reason.into_string());
            executor.tasks.active = 0;
        }
    }
}
