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
    #[serde(default, rename = "activedrivers")]
    active_drivers: Vec<ClusterDriver>,
    #[serde(default, rename = "completeddrivers")]
    completed_drivers: Vec<ClusterDriver>,
}

impl StandaloneCluster {
    /// Drivers in cluster mode that wait or run, then the last ones that have ended (`spark.deploy.retainedDrivers`).
    pub fn drivers(&self) -> impl Iterator<Item = &ClusterDriver> {
        self.active_drivers.iter().chain(&self.completed_drivers)
    }

    /// Drivers in cluster mode that wait or run.
    pub(super) fn into_active_drivers(self) -> impl Iterator<Item = ClusterDriver> {
        self.active_drivers.into_iter()
    }
}

/// A driver in cluster mode.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ClusterDriver {
    /// Its id, for example `driver-20261126184501-0000`.
    pub id: String,
    /// `SUBMITTED`, `RUNNING`, `FINISHED`, …
    pub state: String,
    /// The id of its worker; `None`, in this word, as long as it has none.
    pub worker: String,
    /// Milliseconds since the epoch of the master's clock, as a text.
    starttime: String,
}

impl ClusterDriver {
    /// When the master was asked for it; the end of time where it does not say so in the known form, because then it may
    /// be new.
    pub(super) fn started_ms(&self) -> u128 {
        self.starttime.parse().unwrap_or(u128::MAX)
    }
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
