//! YARN. Attempts are brought there by `spark-submit`, and followed at the ResourceManager's REST interface.
//!
//! | file of the attempt | written by | means |
//! |---|---|---|
//! | `launched`, `pid`, `exit_code` | as on this machine | of the `spark-submit`, not of the driver |
//! | `submission.log` | `spark-submit` | what it printed |
//! | `application` | whoever follows, renamed into place | the id that YARN gave |
//! | `gone` | whoever follows, exclusively | since when the `spark-submit` is gone that nobody saw end |
//!
//! What is known before anything is asked is the attempt's [`tag`]: `spark-submit` hands it over together with the
//! application, so that whoever asks YARN for it knows whether the application is there. As long as a process of the
//! `spark-submit` lives, and as long as a question of a dead one may be on its way, a missing tag says nothing. An attempt is
//! brought there once; see `crate::attempt` for why.

mod attempt;
mod hadoop;
mod log;
mod reason;
mod resource_manager;
mod submission;

pub(crate) use log::Container;
pub(crate) use reason::reason_of;
pub use resource_manager::{YarnAddress, YarnCluster, YarnReport};

use crate::{Intent, LocalProcesses};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

/// A YARN cluster as one attempt sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct YarnTarget {
    /// Where it is.
    pub address: YarnAddress,
    /// The folder with its settings (`HADOOP_CONF_DIR`).
    pub conf_dir: PathBuf,
    /// Python of the driver, as its container sees it; `python3` when `None`.
    #[serde(default)]
    pub python: Option<String>,
    /// Where event logs go: a folder that this machine and all nodes see, or an address of the cluster's file system.
    /// `None` is the attempt's own folder: a cluster on this machine.
    #[serde(default)]
    pub event_logs: Option<String>,
    /// Who asks, where Kerberos proves it.
    #[serde(default)]
    pub principal: Option<String>,
    /// The file with the principal's key.
    #[serde(default)]
    pub keytab: Option<PathBuf>,
}

/// An attempt that was brought to YARN, or is being brought there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct YarnApplication {
    /// What was stored before.
    pub intent: Intent,
    /// What brings it there.
    pub submission: Submission,
}

/// The supervisor of a `spark-submit`; see [`LocalProcesses`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Its process id.
    pub pid: i32,
    /// When it started, in clock ticks since the start of the machine.
    pub started_ticks: u64,
}

/// The longest tag (`YarnConfiguration.APPLICATION_MAX_TAG_LENGTH`).
const LONGEST_TAG: usize = 100;

impl YarnTarget {
    /// Whether the driver writes where this machine reads.
    pub(crate) fn shares_files(&self) -> bool {
        self.event_logs.as_ref().is_none_or(|place| place.starts_with('/'))
    }

    pub(crate) fn shared_folder(&self, intent: &Intent) -> PathBuf {
        match &self.event_logs {
            Some(place) if place.starts_with('/') => Path::new(place).join(name_of(intent)),
            _ => intent.directory.clone(),
        }
    }
}

impl YarnApplication {
    fn processes(&self) -> LocalProcesses {
        let Submission { pid, started_ticks } = self.submission;
        LocalProcesses { intent: self.intent.clone(), pid, started_ticks }
    }
}

/// What an attempt's application is known by.
fn tag(intent: &Intent) -> String {
    format!("tinderbox-{}", name_of(intent))
}

/// The attempt in small letters, digits and `-`, as tags have them; others are hashed.
fn name_of(intent: &Intent) -> String {
    let name = intent.marker.replace('/', "-").to_ascii_lowercase();
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_plain && name.len() + "tinderbox-".len() <= LONGEST_TAG {
        return name;
    }
    Sha256::digest(&intent.marker).iter().map(|byte| format!("{byte:02x}")).collect()
}
