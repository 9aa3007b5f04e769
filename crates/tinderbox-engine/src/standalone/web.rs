//! What the master's page tells as JSON (`JsonProtocol.writeMasterState`).

use serde::Deserialize;
use tinderbox_model::Bytes;

/// A standalone cluster at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StandaloneCluster {
    /// `ALIVE`, `STANDBY`, `RECOVERING` or `COMPLETING_RECOVERY`.
    pub status: String,
    /// All that ever registered and were not forgotten, dead ones too.
    #[serde(default)]
    pub workers: Vec<ClusterWorker>,
    /// Applications that have not ended.
    #[serde(default, rename = "activeapps")]
    pub active: Vec<ClusterApplication>,
    /// The last ones that have (`spark.deploy.retainedApplications`).
    #[serde(default, rename = "completedapps")]
    pub completed: Vec<ClusterApplication>,
}

/// A worker.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ClusterWorker {
    /// Its id.
    pub id: String,
    /// Where it is reached by Spark.
    pub host: String,
    /// And at which port.
    pub port: u16,
    /// Address of its page, which has the logs.
    #[serde(rename = "webuiaddress")]
    pub web: String,
    /// Its cores.
    pub cores: u32,
    /// Those in use.
    #[serde(rename = "coresused")]
    pub cores_used: u32,
    /// Its memory for executors and drivers, in MiB.
    memory: u64,
    /// `ALIVE`, `DEAD`, `DECOMMISSIONED` or `UNKNOWN`.
    pub state: String,
}

impl ClusterWorker {
    /// Its memory for executors and drivers.
    pub fn memory(&self) -> Bytes {
        Bytes(self.memory << 20)
    }
}

/// An application that has registered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ClusterApplication {
    /// Its id, for example `app-20261126184501-0000`.
    pub id: String,
    /// `spark.app.name`.
    pub name: String,
    /// `WAITING`, `RUNNING`, `FINISHED`, `FAILED`, `KILLED` or `UNKNOWN`.
    pub state: String,
}
