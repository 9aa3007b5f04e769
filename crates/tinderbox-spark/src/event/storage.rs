use super::Text;
use super::executor::BlockManagerId;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
pub(crate) struct UnpersistRdd {
    #[serde(rename = "RDD ID")]
    pub(crate) id: i64,
}

/// Written only with `spark.eventLog.logBlockUpdates.enabled`.
#[derive(Deserialize, Serialize)]
pub(crate) struct BlockUpdated<'a> {
    #[serde(rename = "Block Updated Info", borrow)]
    pub(crate) info: BlockInfo<'a>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct BlockInfo<'a> {
    #[serde(rename = "Block Manager ID", borrow)]
    pub(crate) manager: BlockManagerId<'a>,
    #[serde(rename = "Block ID", borrow)]
    pub(crate) block: Text<'a>,
    #[serde(rename = "Storage Level", default)]
    pub(crate) level: StorageLevel,
    #[serde(rename = "Memory Size", default)]
    pub(crate) memory: i64,
    #[serde(rename = "Disk Size", default)]
    pub(crate) disk: i64,
}

/// Where blocks are kept.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct StorageLevel {
    #[serde(rename = "Use Disk")]
    pub(crate) disk: bool,
    #[serde(rename = "Use Memory")]
    pub(crate) memory: bool,
    /// From Spark 3.4 on.
    #[serde(rename = "Use Off Heap")]
    pub(crate) off_heap: bool,
    #[serde(rename = "Deserialized")]
    pub(crate) deserialized: bool,
    #[serde(rename = "Replication")]
    pub(crate) replication: i64,
}

impl StorageLevel {
    /// Whether anything is stored at all.
    pub(crate) fn is_valid(self) -> bool {
        (self.memory || self.disk) && self.replication > 0
    }

    /// Spark's words for it (`StorageLevel.description`).
    pub(crate) fn description(self) -> String {
        let disk = if self.disk { "Disk " } else { "" };
        let memory = match (self.memory, self.off_heap) {
            (false, _) => "",
            (true, true) => "Memory (off heap) ",
            (true, false) => "Memory ",
        };
        let form = if self.deserialized { "Deserialized" } else { "Serialized" };
        format!("{disk}{memory}{form} {}x Replicated", self.replication)
    }
}
