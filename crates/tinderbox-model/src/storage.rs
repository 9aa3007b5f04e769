use crate::{Bytes, ExecutorId};
use serde::{Deserialize, Serialize};

/// A cached RDD as it stands at the end of the events (Spark: `RDDStorageInfo`). Sizes are 0 unless
/// `spark.eventLog.logBlockUpdates.enabled` was on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RddStorage {
    /// Spark's RDD id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Partitions of the RDD.
    pub num_partitions: i64,
    /// Spark's description of the level, for example `Disk Memory Deserialized 1x Replicated`.
    pub storage_level: String,
    /// Memory over all executors.
    pub memory_used: Bytes,
    /// Disk over all executors.
    pub disk_used: Bytes,
    /// Its share on each executor, in Spark's order.
    pub distributions: Vec<RddDistribution>,
    /// Partitions that are stored somewhere, in Spark's order.
    pub partitions: Vec<RddPartition>,
}

/// What an executor holds of a cached RDD (Spark: `RDDDataDistribution`). What remains can be negative where logs lost
/// events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RddDistribution {
    /// Host and port of the block manager.
    pub address: String,
    /// Memory that the RDD takes there.
    pub memory_used: Bytes,
    /// Storage memory that is left there.
    pub memory_remaining: i64,
    /// Disk that the RDD takes there.
    pub disk_used: Bytes,
    /// On and off the heap; `None` where the executor did not report its memory.
    pub heaps: Option<RddHeaps>,
}

/// Heap shares of an [`RddDistribution`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RddHeaps {
    /// Used on the heap.
    pub on_heap_used: Bytes,
    /// Used off the heap.
    pub off_heap_used: Bytes,
    /// Left on the heap.
    pub on_heap_remaining: i64,
    /// Left off the heap.
    pub off_heap_remaining: i64,
}

/// A stored partition of an RDD (Spark: `RDDPartitionInfo`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RddPartition {
    /// `rdd_<rdd>_<partition>`.
    pub block_name: String,
    /// Description of the level in force for it.
    pub storage_level: String,
    /// Memory over all replicas.
    pub memory_used: Bytes,
    /// Disk over all replicas.
    pub disk_used: Bytes,
    /// Where it is.
    pub executors: Vec<ExecutorId>,
}
