use super::Fold;
use super::stages::Stages;
use super::tasks::{End, Ending};
use crate::event::{BlockManagerAdded, ExecutorAdded, ExecutorRemoved, Pairs};
use std::collections::HashMap;
use tinderbox_model::{
    Bytes, Executor, ExecutorId, ExecutorResource, ExecutorStatus, PeakMemory, StageId,
    StorageMemory, Task, TimestampMs,
};

/// Executors in order of appearance, found by id.
///
/// As in `AppStatusListener`, events count only for executors that are there: added and not removed. One that comes
/// again under an old id begins anew.
#[derive(Debug, Default)]
pub(super) struct Executors {
    list: Vec<ExecutorState>,
    slots: HashMap<String, Slot>,
}

/// Where an executor is in the list. Ids that never became an executor have one too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(pub(super) usize);

#[derive(Debug)]
pub(super) struct ExecutorState {
    pub(super) executor: Executor,
    life: Life,
    /// Tasks that run. Below zero when starts are missing.
    active: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    /// Only its id is known, and nothing is shown.
    Unborn,
    /// Added and not removed.
    Live,
    /// Removed while a stage ran that it may have worked for, so peaks still count.
    Dead,
    /// Removed.
    Gone,
}

impl Executors {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Executor> {
        self.list.iter().filter(|state| state.life != Life::Unborn).map(|state| &state.executor)
    }

    pub(super) fn into_executors(self) -> Vec<Executor> {
        let born = self.list.into_iter().filter(|state| state.life != Life::Unborn);
        born.map(|state| state.executor).collect()
    }

    pub(super) fn slot(&mut self, id: &str) -> Slot {
        if let Some(&slot) = self.slots.get(id) {
            return slot;
        }
        let slot = Slot(self.list.len());
        self.slots.insert(id.to_owned(), slot);
        self.list.push(ExecutorState {
            executor: Executor::new(ExecutorId::from(id)),
            life: Life::Unborn,
            active: 0,
        });
        slot
    }

    /// The executor when it is there.
    pub(super) fn live(&mut self, slot: Slot) -> Option<&mut ExecutorState> {
        self.list.get_mut(slot.0).filter(|state| state.life == Life::Live)
    }

    /// The same by id.
    pub(super) fn live_by_id(&mut self, id: &str) -> Option<&mut ExecutorState> {
        let &slot = self.slots.get(id)?;
        self.live(slot)
    }

    /// The executor, made live if it is not.
    fn get_or_create(&mut self, id: &str, time: i64) -> &mut ExecutorState {
        let slot = self.slot(id);
        let state = &mut self.list[slot.0];
        if state.life != Life::Live {
            let mut executor = Executor::new(state.executor.id.clone());
            executor.add_time = Some(TimestampMs(time));
            *state = ExecutorState { executor, life: Life::Live, active: 0 };
        }
        state
    }

    /// A task shows that its executor is there, where the events that added it may be missing.
    pub(super) fn appeared(&mut self, task: &Task) {
        let slot = self.slot(task.executor.as_str());
        if self.list[slot.0].life == Life::Unborn {
            let state = &mut self.list[slot.0];
            state.life = Life::Live;
            state.executor.host_port = task.host.to_string();
            state.executor.host = task.host.to_string();
        }
    }

    pub(super) fn task_started(&mut self, slot: Slot) {
        if let Some(state) = self.live(slot) {
            state.add_active(1);
            let started = &mut state.executor.num_started_tasks;
            *started = started.saturating_add(1);
        }
    }

    pub(super) fn task_ended(&mut self, task: &Task, end: &Ending<'_>) {
        let Some(state) = self.live(end.slot) else {
            return;
        };
        state.add_active(-i64::from(end.was_active));
        let executor = &mut state.executor;
        end.count(&mut executor.tasks);
        *end.time(&mut executor.total_duration, &mut executor.resubmitted_time) += task.duration();
        end.peaks.raise(&mut executor.peak_memory);
        if end.end != End::Resubmitted
            && let Some(metrics) = &task.metrics
        {
            executor.metrics += metrics;
        }
    }

    /// Takes a task out whose end was shed.
    pub(super) fn forget_active(&mut self, id: &str) {
        if let Some(state) = self.live_by_id(id) {
            state.add_active(-1);
        }
    }

    /// Peaks at the end of a stage: they count for removed executors that may have worked for it too.
    pub(super) fn raise_peaks_at_stage_end(&mut self, slot: Slot, peaks: &PeakMemory) {
        let state = &mut self.list[slot.0];
        if matches!(state.life, Life::Live | Life::Dead) {
            state.executor.peak_memory.raise_to(peaks);
        }
    }

    pub(super) fn raise_peaks(&mut self, slot: Slot, peaks: &PeakMemory) {
        if let Some(state) = self.live(slot) {
            state.executor.peak_memory.raise_to(peaks);
        }
    }

    /// Forgets removed executors that no stage needs any more.
    pub(super) fn forget_dead(&mut self, stages: &Stages) {
        for state in self.list.iter_mut().filter(|state| state.life == Life::Dead) {
            if !stages.any_live_before(state.executor.remove_time.unwrap_or_default()) {
                state.life = Life::Gone;
            }
        }
    }

    /// The live executors of a node, the driver apart.
    pub(super) fn of_node<'e>(
        &'e mut self,
        host: &'e str,
    ) -> impl Iterator<Item = (Slot, &'e mut Executor)> {
        let live = self.list.iter_mut().enumerate().filter(|(_, state)| state.life == Life::Live);
        live.map(|(at, state)| (Slot(at), &mut state.executor)).filter(move |(_, executor)| {
            executor.id.as_str() != "driver" && host_name(executor) == host
        })
    }

    pub(super) fn exclude_for(&mut self, slot: Slot, stage: StageId) {
        if let Some(state) = self.live(slot) {
            let stages = &mut state.executor.excluded_in_stages;
            if let Err(at) = stages.binary_search(&stage) {
                stages.insert(at, stage);
            }
        }
    }

    pub(super) fn include_for(&mut self, slot: Slot, stage: StageId) {
        if let Some(state) = self.live(slot) {
            state.executor.excluded_in_stages.retain(|&excluded| excluded != stage);
        }
    }
}

impl ExecutorState {
    fn add_active(&mut self, change: i64) {
        self.active = self.active.saturating_add(change);
        self.executor.tasks.active = u32::try_from(self.active.max(0)).unwrap_or(u32::MAX);
    }
}

/// The host, from the block manager's address where no event told it (`LiveExecutor.hostname`).
fn host_name(executor: &Executor) -> &str {
    if executor.host.is_empty() {
        executor.host_port.rsplit_once(':').map_or(&*executor.host_port, |(host, _)| host)
    } else {
        &executor.host
    }
}

impl Fold {
    pub(super) fn executor_added(&mut self, event: ExecutorAdded<'_>) {
        self.see(event.time);
        let info = event.info;
        let cores = u32::try_from(info.total_cores).unwrap_or(0);
        let profile = self.head.resource_profiles.iter().find(|p| p.id == info.resource_profile);
        let of_profile = profile.and_then(|p| p.task.iter().find(|(name, _)| name == "cpus"));
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "Spark cuts")]
        let cpus_per_task =
            of_profile.map_or(self.default_cpus_per_task(), |&(_, amount)| amount as u32);
        let executor = &mut self.executors.get_or_create(&event.id, event.time).executor;
        executor.status = ExecutorStatus::Active;
        executor.total_cores = cores;
        executor.max_tasks = cores.checked_div(cpus_per_task).unwrap_or(0);
        executor.host = info.host.into_string();
        // The block manager's address, which has a port, may have come first.
        if !executor.host_port.contains(':') {
            executor.host_port.clone_from(&executor.host);
        }
        executor.logs = info.logs.0;
        executor.attributes = info.attributes.0;
        executor.resources = info
            .resources
            .0
            .into_iter()
            .map(|(_, resource)| ExecutorResource {
                name: resource.name,
                addresses: resource.addresses,
            })
            .collect();
        executor.resource_profile = info.resource_profile;
    }

    fn default_cpus_per_task(&self) -> u32 {
        let set = self.head.environment.spark_properties.get("spark.task.cpus");
        set.and_then(|cpus| cpus.trim().parse().ok()).unwrap_or(1)
    }

    /// The driver has a block manager and, except in local mode, no `ExecutorAdded`.
    pub(super) fn block_manager_added(&mut self, event: &BlockManagerAdded<'_>) {
        self.see(event.time);
        let executor = &mut self.executors.get_or_create(&event.id.executor, event.time).executor;
        executor.status = ExecutorStatus::Active;
        executor.host_port = host_port(&event.id.host, event.id.port);
        executor.max_memory = Bytes::from_signed(event.max_memory);
        if let Some(on_heap) = event.max_on_heap {
            // The manager reports all its blocks once more, so nothing counts as used now.
            executor.storage_memory = Some(StorageMemory {
                total_on_heap: Bytes::from_signed(on_heap),
                total_off_heap: Bytes::from_signed(event.max_off_heap.unwrap_or(0)),
                ..StorageMemory::default()
            });
        }
    }

    /// Executors that never came up are removed without having been added; they are no executors.
    pub(super) fn executor_removed(&mut self, event: ExecutorRemoved<'_>) {
        self.see(event.time);
        let time = TimestampMs(event.time);
        let is_needed = self.stages.any_live_before(time);
        let slot = self.executors.slot(&event.id);
        if let Some(state) = self.executors.live(slot) {
            state.life = if is_needed { Life::Dead } else { Life::Gone };
            state.executor.status = ExecutorStatus::Removed;
            state.executor.remove_time = Some(time);
            state.executor.remove_reason = Some(event.reason.into_string());
            self.rdds.executor_removed(&event.id);
        }
    }

    /// What the start of the application tells of its driver.
    pub(super) fn driver_started(&mut self, logs: Option<Pairs>, attributes: Option<Pairs>) {
        if let Some(logs) = logs
            && let Some(state) = self.executors.live_by_id("driver")
        {
            state.executor.logs = logs.0;
            state.executor.attributes = attributes.unwrap_or_default().0;
        }
    }
}

/// `BlockManagerId.hostPort`.
fn host_port(host: &str, port: i64) -> String {
    format!("{host}:{port}")
}
