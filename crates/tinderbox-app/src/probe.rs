//! A small job that tells whether a cluster profile works: submitted like any other.

use crate::plan::LaunchPlan;
use crate::sail_run::SAIL;
use crate::{App, Error, RunView, now};
use std::path::PathBuf;
use tinderbox_model::{Millis, RunId};
use tinderbox_store::Run;

/// Begins the line of the driver's log that says what the probe has found, as JSON.
pub const PROBE_MARK: &str = "TINDERBOX_PROBE ";

/// How long the probe may take: a cluster that is full answers later.
const LIMIT: Millis = Millis(15 * 60 * 1_000);

const PROGRAM: &str = include_str!("probe.py");

impl App {
    /// Submits the probe to a profile, to local Spark under the name `local`, or to Sail under `sail`. Its run says what came of it; the line
    /// with [`PROBE_MARK`] in its log, what driver and executors have.
    ///
    /// # Errors
    /// [`Error::NoSuchCluster`], [`Error::BadSpec`] of a profile that cannot be read any more, [`Error::Store`].
    pub async fn cluster_probe(&self, name: &str) -> Result<RunView, Error> {
        let built_in = || crate::plan::ProfileVersion { name: SAIL.to_owned(), version: 0 };
        let profile = match name {
            crate::submit::LOCAL => None,
            SAIL => Some(built_in()),
            name => {
                let stored = self.cluster(name).await?;
                crate::clusters::read(name, &stored.text)?;
                Some(crate::plan::ProfileVersion { name: stored.name, version: stored.version })
            }
        };
        let mut plan = LaunchPlan {
            base_directory: PathBuf::from("/"),
            profile,
            program: Some(PROGRAM.to_owned()),
            ..LaunchPlan::default()
        };
        plan.on_sail = self.place_of(&plan).await?.sail().is_some();
        let id = RunId::new(uuid::Uuid::now_v7().to_string());
        let run = Run {
            job_type: "batch".to_owned(),
            engine: name.to_owned(),
            parameters: plan.to_json(),
            timeout: Some(LIMIT),
            ..Run::new(id, format!("probe of {name}"), now())
        };
        let created = self.inner.store.run_create(&run).await?;
        self.announce(&created.run.id);
        self.inner.work.notify_one();
        Ok(self.view(&created.run))
    }
}
