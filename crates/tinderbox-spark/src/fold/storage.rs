use super::Fold;
use super::executors::{ExecutorState, Executors};
use crate::event::{BlockInfo, RddInfo, StorageLevel};
use crate::scala_order::{Scala, string_hash};
use std::collections::{BTreeMap, HashMap};
use tinderbox_model::{
    Bytes, Executor, ExecutorId, RddDistribution, RddHeaps, RddPartition, RddStorage,
};

/// RDDs that are kept, by id (`LiveRDD` of Spark's `AppStatusListener`).
#[derive(Debug, Default)]
pub(super) struct Rdds(BTreeMap<i64, Rdd>);

#[derive(Debug)]
struct Rdd {
    name: String,
    num_partitions: i64,
    /// The level that the RDD had when it was first seen; a later one does not replace it.
    level: StorageLevel,
    used: Used,
    /// By block name, in order of appearance.
    partitions: Vec<Option<Partition>>,
    places: HashMap<String, usize>,
    /// By executor, in order of appearance.
    distributions: Vec<(String, Share)>,
    most_distributions: usize,
}

#[derive(Debug)]
struct Partition {
    name: String,
    used: Used,
    executors: Vec<String>,
}

/// What an executor holds of the RDD.
#[derive(Debug, Default)]
struct Share {
    used: Used,
    on_heap: u64,
    off_heap: u64,
    /// The share as it was when a block of an RDD on the executor changed last. Spark shows that one, though broadcast
    /// blocks may have taken memory since.
    shown: Option<RddDistribution>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Used {
    memory: u64,
    disk: u64,
}

/// By how much an event changes memory and disk.
#[derive(Debug, Clone, Copy)]
struct Change {
    memory: i64,
    disk: i64,
}

impl Used {
    fn change(&mut self, by: Change) {
        change(&mut self.memory, by.memory);
        change(&mut self.disk, by.disk);
    }

    /// What is left when one of `parts` equal parts is gone.
    fn lose_one_of(&mut self, parts: usize) -> Used {
        let parts = u64::try_from(parts).unwrap_or(1).max(1);
        let lost = Used { memory: self.memory / parts, disk: self.disk / parts };
        self.lose(lost);
        lost
    }

    fn lose(&mut self, lost: Used) {
        self.memory = self.memory.saturating_sub(lost.memory);
        self.disk = self.disk.saturating_sub(lost.disk);
    }
}

/// Never below zero, as Spark.
fn change(value: &mut u64, by: i64) {
    *value = value.saturating_add_signed(by);
}

fn change_bytes(value: &mut Bytes, by: i64) {
    change(&mut value.0, by);
}

impl Rdds {
    pub(super) fn submitted(&mut self, infos: &[RddInfo<'_>]) {
        for info in infos.iter().filter(|info| info.level.is_valid()) {
            self.0.entry(info.id).or_insert_with(|| Rdd {
                name: info.name.to_string(),
                num_partitions: info.num_partitions,
                level: info.level,
                used: Used::default(),
                partitions: Vec::new(),
                places: HashMap::new(),
                distributions: Vec::new(),
                most_distributions: 0,
            });
        }
    }

    /// Blocks go with their executor.
    pub(super) fn executor_removed(&mut self, executor: &str) {
        for rdd in self.0.values_mut() {
            rdd.distributions.retain(|(id, _)| id != executor);
            for slot in &mut rdd.partitions {
                let Some(partition) =
                    slot.as_mut().filter(|p| p.executors.iter().any(|id| id == executor))
                else {
                    continue;
                };
                if partition.executors.len() == 1 {
                    rdd.used.lose(partition.used);
                    rdd.places.remove(&partition.name);
                    *slot = None;
                } else {
                    let lost = partition.used.lose_one_of(partition.executors.len());
                    rdd.used.lose(lost);
                    partition.executors.retain(|id| id != executor);
                }
            }
        }
    }

    pub(super) fn unpersist(&mut self, id: i64, executors: &mut Executors) {
        let Some(rdd) = self.0.remove(&id) else {
            return;
        };
        for id in rdd.partitions.iter().flatten().flat_map(|partition| &partition.executors) {
            if let Some(state) = executors.live_by_id(id) {
                state.executor.rdd_blocks -= 1;
            }
        }
        for (id, share) in &rdd.distributions {
            if let Some(ExecutorState { executor, .. }) = executors.live_by_id(id) {
                if let Some(memory) = &mut executor.storage_memory {
                    if rdd.level.off_heap {
                        memory.used_off_heap = memory.used_off_heap - Bytes(share.off_heap);
                    } else {
                        memory.used_on_heap = memory.used_on_heap - Bytes(share.on_heap);
                    }
                }
                executor.memory_used = executor.memory_used - Bytes(share.used.memory);
                executor.disk_used = executor.disk_used - Bytes(share.used.disk);
            }
        }
    }

    fn block_updated(
        &mut self,
        rdd: i64,
        info: &BlockInfo<'_>,
        by: Change,
        executors: &mut Executors,
    ) {
        let id = &*info.manager.executor;
        let mut executor = executors.live_by_id(id).map(|state| &mut state.executor);
        if let Some(executor) = &mut executor {
            use_memory(executor, info.level, by);
        }
        let Some(rdd) = self.0.get_mut(&rdd) else {
            return;
        };
        let blocks = rdd.block_updated(info, by);
        if let Some(executor) = executor {
            if executor.rdd_blocks + blocks > 0 {
                rdd.share(id).use_memory(executor, info.level, by);
            } else {
                rdd.distributions.retain(|(known, _)| known != id);
            }
            executor.rdd_blocks += blocks;
            rdd.used.change(by);
            for (_, share) in self.0.values_mut().filter_map(|rdd| rdd.known_share(id)) {
                share.shown = Some(share.distribution(executor));
            }
        } else {
            rdd.used.change(by);
        }
    }

    /// The RDDs as Spark shows them.
    pub(super) fn storage(&self, scala: Scala) -> Vec<RddStorage> {
        self.0.iter().map(|(&id, rdd)| rdd.storage(id, scala)).collect()
    }
}

impl Rdd {
    /// Notes where a block is now; by how many the blocks of the executor change.
    fn block_updated(&mut self, info: &BlockInfo<'_>, by: Change) -> i64 {
        let id = &*info.manager.executor;
        let place = *self.places.entry(info.block.to_string()).or_insert_with(|| {
            self.partitions.push(Some(Partition {
                name: info.block.to_string(),
                used: Used::default(),
                executors: Vec::new(),
            }));
            self.partitions.len() - 1
        });
        let Some(partition) = &mut self.partitions[place] else {
            return 0;
        };
        let blocks = if !info.level.is_valid() {
            partition.executors.retain(|known| known != id);
            -1
        } else if partition.executors.iter().any(|known| known == id) {
            0
        } else {
            partition.executors.push(id.to_owned());
            1
        };
        if partition.executors.is_empty() {
            self.partitions[place] = None;
            self.places.remove(&*info.block);
            self.close_gaps();
        } else {
            partition.used.change(by);
        }
        blocks
    }

    /// Blocks that come and go must not make the list grow.
    fn close_gaps(&mut self) {
        if self.partitions.len() > 2 * self.places.len() + 64 {
            self.partitions.retain(Option::is_some);
            let names = self.partitions.iter().flatten().map(|partition| partition.name.clone());
            self.places = names.enumerate().map(|(at, name)| (name, at)).collect();
        }
    }

    fn share(&mut self, executor: &str) -> &mut Share {
        let at = match self.distributions.iter().position(|(id, _)| id == executor) {
            Some(at) => at,
            None => {
                self.distributions.push((executor.to_owned(), Share::default()));
                self.distributions.len() - 1
            }
        };
        self.most_distributions = self.most_distributions.max(self.distributions.len());
        &mut self.distributions[at].1
    }

    fn known_share(&mut self, executor: &str) -> Option<&mut (String, Share)> {
        self.distributions.iter_mut().find(|(id, _)| id == executor)
    }

    fn storage(&self, id: i64, scala: Scala) -> RddStorage {
        let ids = self.distributions.iter().map(|(id, _)| id);
        let hashes: Vec<_> = ids.map(|id| string_hash(id)).collect();
        let order = scala.mutable_order(&hashes, self.most_distributions);
        let distribution = |at: usize| self.distributions[at].1.shown.clone();
        RddStorage {
            id,
            name: self.name.clone(),
            num_partitions: self.num_partitions,
            storage_level: self.level.description(),
            memory_used: Bytes(self.used.memory),
            disk_used: Bytes(self.used.disk),
            distributions: order.into_iter().filter_map(distribution).collect(),
            partitions: self.partitions.iter().flatten().map(|p| p.shown(self.level)).collect(),
        }
    }
}

impl Share {
    fn use_memory(&mut self, executor: &Executor, level: StorageLevel, by: Change) {
        self.used.change(by);
        if executor.storage_memory.is_some() {
            let heap = if level.off_heap { &mut self.off_heap } else { &mut self.on_heap };
            change(heap, by.memory);
        }
    }

    fn distribution(&self, executor: &Executor) -> RddDistribution {
        let left = |total: Bytes, used: Bytes| {
            let signed = |bytes: Bytes| i64::try_from(bytes.0).unwrap_or(i64::MAX);
            signed(total).saturating_sub(signed(used))
        };
        RddDistribution {
            address: executor.host_port.clone(),
            memory_used: Bytes(self.used.memory),
            memory_remaining: left(executor.max_memory, executor.memory_used),
            disk_used: Bytes(self.used.disk),
            heaps: executor.storage_memory.map(|memory| RddHeaps {
                on_heap_used: Bytes(self.on_heap),
                off_heap_used: Bytes(self.off_heap),
                on_heap_remaining: left(memory.total_on_heap, memory.used_on_heap),
                off_heap_remaining: left(memory.total_off_heap, memory.used_off_heap),
            }),
        }
    }
}

impl Partition {
    /// With the level in force, which may be less than what was asked for.
    fn shown(&self, asked: StorageLevel) -> RddPartition {
        let level = StorageLevel {
            disk: self.used.disk > 0,
            memory: self.used.memory > 0,
            off_heap: asked.off_heap,
            deserialized: self.used.memory > 0 && asked.deserialized,
            replication: i64::try_from(self.executors.len()).unwrap_or(i64::MAX),
        };
        RddPartition {
            block_name: self.name.clone(),
            storage_level: level.description(),
            memory_used: Bytes(self.used.memory),
            disk_used: Bytes(self.used.disk),
            executors: self.executors.iter().map(|id| ExecutorId::from(&**id)).collect(),
        }
    }
}

fn use_memory(executor: &mut Executor, level: StorageLevel, by: Change) {
    if let Some(memory) = &mut executor.storage_memory {
        let heap =
            if level.off_heap { &mut memory.used_off_heap } else { &mut memory.used_on_heap };
        change_bytes(heap, by.memory);
    }
    change_bytes(&mut executor.memory_used, by.memory);
    change_bytes(&mut executor.disk_used, by.disk);
}

impl Fold {
    pub(super) fn block_updated(&mut self, info: &BlockInfo<'_>) {
        // A level without memory (or disk) says that what the block had of it is gone.
        let by = Change {
            memory: if info.level.memory { info.memory } else { info.memory.saturating_neg() },
            disk: if info.level.disk { info.disk } else { info.disk.saturating_neg() },
        };
        if let Some(rdd) = rdd_of_block(&info.block) {
            self.rdds.block_updated(rdd, info, by, &mut self.executors);
        } else if is_broadcast(&info.block)
            && let Some(state) = self.executors.live_by_id(&info.manager.executor)
        {
            use_memory(&mut state.executor, info.level, by);
        }
    }
}

/// The RDD of `rdd_<rdd>_<partition>`.
fn rdd_of_block(block: &str) -> Option<i64> {
    let (rdd, partition) = block.strip_prefix("rdd_")?.split_once('_')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(rdd) && is_number(partition)).then(|| rdd.parse().ok())?
}

/// `broadcast_<id>` and its pieces.
fn is_broadcast(block: &str) -> bool {
    block
        .strip_prefix("broadcast_")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}
