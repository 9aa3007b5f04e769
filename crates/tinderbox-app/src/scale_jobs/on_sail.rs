//! Measuring on Sail: the same program through PySpark's Connect client, with a Sail for each run that may use so many processors.

use crate::clusters::Place;
use crate::plan::LaunchPlan;
use crate::sail_run::SAIL;
use crate::{App, Error, blocking};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use tinderbox_connect::SailEnvironment;
use tinderbox_engine::{Identity, Intent, Launched, OwnProcess, SparkInstalls};
use tinderbox_scale::{FieldError, JobRequest};

const DRIVER: &str = include_str!("on_sail.py");
const DRIVER_FILE: &str = "on_sail.py";

/// What a run on Sail is started with.
struct Client {
    /// A Python with PySpark and its Connect client.
    python: PathBuf,
    /// The program of Sail.
    sail: PathBuf,
}

impl App {
    /// Finds out what is missing before anything is recorded.
    pub(super) async fn check_scale_on_sail(
        &self,
        place: &Place,
        request: &JobRequest,
    ) -> Result<(), Error> {
        let Some(sail) = place.sail() else { return Ok(()) };
        let fault = |message: String, hint: &str| Error::BadJob {
            faults: vec![FieldError {
                field: "job_config.cluster".to_owned(),
                message,
                hint: Some(hint.to_owned()),
            }],
        };
        if sail.address.is_some() {
            let message =
                format!("`{}` is a server that runs already, whose size is not ours", place.name());
            return Err(fault(message, "use `sail`, which starts one for each run"));
        }
        let models = request.tasks.iter().filter(|task| task.has_model());
        let models: Vec<&str> = models.map(|task| task.name()).collect();
        if !models.is_empty() {
            let message = format!("`{}` cannot train models: {}", place.name(), models.join(", "));
            return Err(fault(message, "run these tasks on Spark"));
        }
        self.sail_client().await.map(drop)
    }

    /// Starts the program of a plan on a Sail of its own.
    pub(crate) async fn launch_scale_on_sail(
        &self,
        intent: &Intent,
        plan: LaunchPlan,
        nodes: u32,
    ) -> Result<Launched, Error> {
        let client = self.sail_client().await?;
        let mut environment = BTreeMap::new();
        if plan.uses_storage {
            environment.extend(self.storage_settings());
            environment.extend(self.storage_environment());
        }
        let program = plan.program.unwrap_or_default();
        let (intent, host) = (intent.clone(), self.inner.host.clone());
        let working_directory = plan.base_directory;
        // The launch goes on when this step is aborted, and owns the data directory until it is done.
        let owner = self.clone();
        let launching = tokio::spawn(async move {
            let _turn = owner.heavy_turn(SAIL).await;
            blocking(move || {
                let command = [
                    client.python.into_os_string(),
                    intent.directory.join(DRIVER_FILE).into_os_string(),
                    client.sail.into_os_string(),
                    OsString::from(nodes.to_string()),
                ];
                let process = OwnProcess {
                    host: &host,
                    command: &command,
                    working_directory: &working_directory,
                    files: &[(DRIVER_FILE, DRIVER), ("job.py", &program)],
                    environment: &environment,
                };
                let processes = process.launch(&intent).map_err(Error::Engine)?;
                Ok(Launched { identity: Identity::Local(processes), notes: Vec::new() })
            })
            .await
        });
        launching.await.unwrap_or_else(|error| Err(Error::Background(error.to_string())))
    }

    async fn sail_client(&self) -> Result<Client, Error> {
        let folder = crate::history_sql::sail_folder(&self.inner.places)?;
        let host = self.inner.host.clone();
        blocking(move || {
            if !SailEnvironment::at(&folder).is_ready() {
                return Err(tinderbox_connect::Error::NoSail { folder }.into());
            }
            let mut installs = SparkInstalls::discover(&host).found;
            installs
                .retain(|spark| spark.home.parent().is_some_and(|site| site.join("grpc").exists()));
            installs.sort_by_key(|spark| (spark.version.major, spark.version.minor));
            let python = installs.pop().and_then(|spark| spark.python);
            let python = python.ok_or(Error::NoConnectClient)?;
            Ok(Client { python, sail: folder.join("bin/sail") })
        })
        .await
    }
}
