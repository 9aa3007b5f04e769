//! Runs on Sail: a process of our own for each, detached as Spark is, which speaks Spark Connect to a Sail that lives as long as
//! it does, or to a server. It leaves in the attempt's folder what it executed.

mod driver;
mod failure;

pub use driver::drive_on_sail;

use crate::clusters::Place;
use crate::plan::LaunchPlan;
use crate::{App, Error, blocking};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use tinderbox_connect::{SAIL_VERSION, SailEnvironment, lenient_on_sail, not_on_sail};
use tinderbox_engine::{Identity, Intent, Launched, OwnProcess};
use tinderbox_spec::{
    ClusterProfile, Limits, NodeKind, ProfileEngine, START_TIMEOUT, SailProfile, Spec,
    secret_variable,
};
use tinderbox_store::Run;

/// The engine's name, which no profile may have.
pub(crate) const SAIL: &str = "sail";
/// What the driver is told, in the attempt's folder. It holds no secret.
const ORDER: &str = "job.json";
/// What it has executed: [`ExecutedJob`].
const EXECUTED: &str = "executed.json";
/// Why there is nothing to be seen of the inside of a run on Sail.
const WHY_NOTHING: &str = "Sail has no stages and tasks as Spark has, and no listener or event log that would tell of them; so there \
                           are no findings either";

/// What a driver is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Order {
    /// The document; without one the driver only looks whether the engine works.
    spec: Option<String>,
    spec_name: String,
    parameters: BTreeMap<String, String>,
    environment: Option<String>,
    files: BTreeMap<String, String>,
    base_directory: PathBuf,
    /// Names the hidden folders that sinks are written to.
    tag: String,
    server: Server,
}

/// Who computes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Server {
    /// A Sail of the run's own.
    Own {
        /// Its Python environment.
        folder: PathBuf,
        /// Memory of its queries, in bytes.
        memory_bytes: u64,
    },
    /// A server that runs already.
    At {
        /// `sc://HOST:PORT`.
        address: String,
        is_tls: bool,
        /// The variable that has the token.
        token_variable: Option<String>,
    },
}

/// What was executed on a Connect server, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutedJob {
    /// Who computed it, with its version.
    pub engine: String,
    /// The commands.
    pub commands: Vec<ExecutedCommand>,
}

/// A command of Spark Connect. Its message is `executed-N.pb` in the attempt's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutedCommand {
    /// The node of the document.
    pub node: String,
    /// For people.
    pub text: String,
    /// Size of its message.
    pub plan_bytes: u64,
}

/// The profile that `--engine sail` stands for.
pub(crate) fn built_in() -> ClusterProfile {
    ClusterProfile {
        name: SAIL.to_owned(),
        description: None,
        environment: None,
        engine: ProfileEngine::Sail(SailProfile::default()),
        sizes: tinderbox_spec::Cluster::default(),
        gpu: None,
        properties: BTreeMap::new(),
        limits: Limits::default(),
        start_timeout: START_TIMEOUT,
        labels: BTreeMap::new(),
    }
}

impl Place {
    /// Sail or a Connect server, where it is one.
    pub(crate) fn sail(&self) -> Option<&SailProfile> {
        match &self.profile.as_ref()?.0.engine {
            ProfileEngine::Sail(sail) => Some(sail),
            _ => None,
        }
    }
}

/// Why a run on this plan has no stages, tasks and findings; `None` of runs on Spark.
pub(crate) fn why_nothing_inside(plan: &LaunchPlan) -> Option<String> {
    plan.on_sail.then(|| WHY_NOTHING.to_owned())
}

/// What a driver has left of a run that has begun to execute.
pub(crate) fn has_begun(directory: &Path) -> bool {
    directory.join(EXECUTED).exists()
}

impl App {
    /// Finds out before anything is recorded what would fail anyway, and answers what the user should know.
    pub(crate) fn check_for_sail(
        &self,
        sail: &SailProfile,
        spec: &Spec,
        folder: &Path,
    ) -> Result<Vec<String>, Error> {
        self.server_of(sail)?;
        if let Some(name) = &sail.token_secret {
            self.secrets([name.as_str()])?;
        }
        if sail.address.is_some() {
            // Who answers there is known when it is asked; the driver refuses what a Sail cannot do.
            return Ok(Vec::new());
        }
        let problems = not_on_sail(spec, folder);
        if !problems.is_empty() {
            return Err(tinderbox_connect::Error::NotInRun { problems }.into());
        }
        Ok(warnings(spec))
    }

    pub(crate) async fn launch_on_sail(
        &self,
        run: &Run,
        intent: &Intent,
        plan: LaunchPlan,
        sail: &SailProfile,
    ) -> Result<Launched, Error> {
        let spec = match &plan.program {
            Some(_) => None,
            None => Some(self.spec_text_of(run).await?),
        };
        let mut environment = BTreeMap::new();
        if let Some(name) = &sail.token_secret {
            environment.extend(self.secrets([name.as_str()])?);
        }
        let order = Order {
            spec,
            spec_name: plan.spec_name,
            parameters: plan.parameters,
            environment: plan.environment,
            files: plan.files,
            base_directory: plan.base_directory.clone(),
            tag: intent.marker.replace('/', "-"),
            server: self.server_of(sail)?,
        };
        // Maps with text keys always serialize.
        let order = serde_json::to_string_pretty(&order).unwrap_or_default();
        let driver = self.inner.places.sail_driver().ok_or_else(no_driver)?;
        let (intent, host) = (intent.clone(), self.inner.host.clone());
        let working_directory = plan.base_directory;
        // The launch goes on when this step is aborted, and owns the data directory until it is done.
        let owner = self.clone();
        let launching = tokio::spawn(async move {
            let _turn = owner.heavy_turn(SAIL).await;
            blocking(move || {
                let command = [driver.into_os_string(), OsString::from("sail-driver")];
                let process = OwnProcess {
                    host: &host,
                    command: &command,
                    working_directory: &working_directory,
                    files: &[(ORDER, &order)],
                    environment: &environment,
                };
                let processes = process.launch(&intent).map_err(Error::Engine)?;
                Ok(Launched { identity: Identity::Local(processes), notes: Vec::new() })
            })
            .await
        });
        launching.await.unwrap_or_else(|error| Err(Error::Background(error.to_string())))
    }

    fn server_of(&self, sail: &SailProfile) -> Result<Server, Error> {
        if self.inner.places.sail_driver().is_none() {
            return Err(no_driver());
        }
        if let Some(address) = &sail.address {
            return Ok(Server::At {
                address: address.clone(),
                is_tls: sail.is_tls,
                token_variable: sail.token_secret.as_deref().map(secret_variable),
            });
        }
        let folder = crate::history_sql::sail_folder(&self.inner.places)?;
        if !SailEnvironment::at(&folder).is_ready() {
            return Err(tinderbox_connect::Error::NoSail { folder }.into());
        }
        let half = (self.inner.host.memory.0 / 2).max(1 << 30);
        let memory_bytes = sail.memory.map_or(half, |memory| memory.0);
        Ok(Server::Own { folder, memory_bytes })
    }

    /// The Spark Connect server of an engine or profile; `None` of one that starts a Sail of its own.
    ///
    /// # Errors
    /// [`Error::NoSuchEngine`], [`Error::NoConnectServer`], [`Error::BadSpec`], [`Error::MissingSecrets`], [`Error::Store`].
    pub async fn connect_address(&self, name: &str) -> Result<Option<String>, Error> {
        if name == SAIL {
            return Ok(None);
        }
        let stored = self.cluster(name).await?;
        let (profile, _) = crate::clusters::read(name, &stored.text)?;
        let ProfileEngine::Sail(sail) = profile.engine else {
            return Err(Error::NoConnectServer { name: name.to_owned() });
        };
        let Some(address) = sail.address else { return Ok(None) };
        let mut parameters = String::new();
        if sail.is_tls {
            parameters.push_str(";use_ssl=true");
        }
        if let Some(secret) = &sail.token_secret {
            let token = self.secrets([secret.as_str()])?.into_values().next().unwrap_or_default();
            parameters.push_str(&format!(";token={token}"));
        }
        let mark = if parameters.is_empty() { "" } else { "/" };
        Ok(Some(format!("{address}{mark}{parameters}")))
    }

    /// What a run has executed on a Connect server; nothing before it has begun to.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], [`Error::AmbiguousRun`], [`Error::NotOnSail`], [`Error::Store`], [`Error::File`].
    pub async fn executed(&self, id: &str) -> Result<ExecutedJob, Error> {
        let nothing = ExecutedJob { engine: format!("Sail {SAIL_VERSION}"), commands: Vec::new() };
        let Some(directory) = self.sail_directory(id).await? else { return Ok(nothing) };
        let path = directory.join(EXECUTED);
        blocking(move || match std::fs::read(&path) {
            Ok(text) => Ok(serde_json::from_slice(&text).unwrap_or(nothing)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(nothing),
            Err(source) => Err(Error::File { path, source }),
        })
        .await
    }

    /// The message of one of these commands, counted from 1: a `spark.connect.Plan`, as it was sent.
    ///
    /// # Errors
    /// Those of [`App::executed`]; [`Error::NoSuchCommand`].
    pub async fn executed_plan(&self, id: &str, number: u32) -> Result<Vec<u8>, Error> {
        let missing = || Error::NoSuchCommand { id: id.to_owned(), number };
        let directory = self.sail_directory(id).await?.ok_or_else(missing)?;
        let path = directory.join(plan_file(number));
        let read = blocking(move || Ok(std::fs::read(path).ok())).await?;
        read.ok_or_else(missing)
    }

    async fn sail_directory(&self, id: &str) -> Result<Option<PathBuf>, Error> {
        let run = self.find(id).await?;
        if !LaunchPlan::of(&run).on_sail {
            return Err(Error::NotOnSail { id: run.id.to_string() });
        }
        self.attempt_directory(&run).await
    }
}

/// What a job asks for that Sail does otherwise, or not at all, without another result.
fn warnings(spec: &Spec) -> Vec<String> {
    let mut warnings = Vec::new();
    let sinks = spec.nodes().iter().filter(|node| node.kind() == NodeKind::Sink);
    let lenient: BTreeSet<String> =
        sinks.flat_map(|node| lenient_on_sail(spec, &node.id)).collect();
    if !lenient.is_empty() {
        let names = Vec::from_iter(lenient).join(", ");
        warnings.push(format!(
            "Sail has no ANSI mode: where Spark would fail at a value, it goes on with NULL or a number that wrapped around, in {names}"
        ));
    }
    let applied = ["spark.sql.ansi.enabled", "spark.sql.session.timeZone"];
    let ignored: Vec<&str> =
        spec.conf().keys().map(String::as_str).filter(|key| !applied.contains(key)).collect();
    if !ignored.is_empty() {
        warnings
            .push(format!("Sail takes no Spark properties: {} are left out", ignored.join(", ")));
    }
    warnings
}

fn plan_file(number: u32) -> String {
    format!("executed-{number}.pb")
}

/// Only programs that were built without the command line have none.
fn no_driver() -> Error {
    Error::EngineNotHere { name: SAIL.to_owned() }
}
