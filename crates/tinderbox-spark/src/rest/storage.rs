//! `…/storage/rdd`.

use super::View;
use serde::Serialize;
use tinderbox_model::{Bytes, ExecutorId, RddDistribution, RddPartition, RddStorage};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RddInfo<'a> {
    id: i64,
    name: &'a str,
    num_partitions: i64,
    num_cached_partitions: usize,
    storage_level: &'a str,
    memory_used: Bytes,
    disk_used: Bytes,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_distribution: Option<Vec<Distribution<'a>>>,
    partitions: Vec<Partition<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Distribution<'a> {
    address: &'a str,
    memory_used: Bytes,
    memory_remaining: i64,
    disk_used: Bytes,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_heap_memory_used: Option<Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    off_heap_memory_used: Option<Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_heap_memory_remaining: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    off_heap_memory_remaining: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Partition<'a> {
    block_name: &'a str,
    storage_level: &'a str,
    memory_used: Bytes,
    disk_used: Bytes,
    executors: &'a [ExecutorId],
}

impl<'a> From<&'a RddStorage> for RddInfo<'a> {
    fn from(rdd: &'a RddStorage) -> Self {
        Self {
            id: rdd.id,
            name: &rdd.name,
            num_partitions: rdd.num_partitions,
            num_cached_partitions: rdd.partitions.len(),
            storage_level: &rdd.storage_level,
            memory_used: rdd.memory_used,
            disk_used: rdd.disk_used,
            data_distribution: (!rdd.distributions.is_empty())
                .then(|| rdd.distributions.iter().map(Distribution::from).collect()),
            partitions: rdd.partitions.iter().map(Partition::from).collect(),
        }
    }
}

impl<'a> From<&'a RddDistribution> for Distribution<'a> {
    fn from(of: &'a RddDistribution) -> Self {
        Self {
            address: &of.address,
            memory_used: of.memory_used,
            memory_remaining: of.memory_remaining,
            disk_used: of.disk_used,
            on_heap_memory_used: of.heaps.map(|heaps| heaps.on_heap_used),
            off_heap_memory_used: of.heaps.map(|heaps| heaps.off_heap_used),
            on_heap_memory_remaining: of.heaps.map(|heaps| heaps.on_heap_remaining),
            off_heap_memory_remaining: of.heaps.map(|heaps| heaps.off_heap_remaining),
        }
    }
}

impl<'a> From<&'a RddPartition> for Partition<'a> {
    fn from(partition: &'a RddPartition) -> Self {
        Self {
            block_name: &partition.block_name,
            storage_level: &partition.storage_level,
            memory_used: partition.memory_used,
            disk_used: partition.disk_used,
            executors: &partition.executors,
        }
    }
}

/// RDDs of which a partition is stored, by id.
pub fn rdds(view: View<'_>) -> impl Serialize + '_ {
    let mut rdds: Vec<_> =
        view.application.rdds.iter().filter(|rdd| !rdd.partitions.is_empty()).collect();
    rdds.sort_by_key(|rdd| rdd.id);
    rdds.into_iter().map(RddInfo::from).collect::<Vec<_>>()
}

/// One RDD that was ever marked for storage and not unpersisted.
pub fn rdd(view: View<'_>, id: i64) -> Option<impl Serialize + '_> {
    view.application.rdds.iter().find(|rdd| rdd.id == id).map(RddInfo::from)
}
