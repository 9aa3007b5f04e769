//! Cluster profiles: documents of their own that say where jobs run and what they get there.

mod kubernetes;
mod limits;
mod read;
mod yarn;

pub use kubernetes::{KubernetesProfile, PodPlacement, Queue, Toleration};
pub use limits::Limits;
pub use read::load_profile;
pub use yarn::{Kerberos, YarnProfile};

use crate::cluster::Cluster;
use std::collections::BTreeMap;
use tinderbox_model::{Bytes, Millis, SparkVersion};

/// How long drivers may wait where a profile says nothing: for what an autoscaler takes to bring machines, and no night.
pub const START_TIMEOUT: Millis = Millis(30 * 60 * 1000);

/// A place to run jobs, by a name.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterProfile {
    /// What specs and commands call it: small letters, digits and `-`, at most 63 characters (RFC 1123).
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// `prod`, `test`, …: only jobs of this environment run here.
    pub environment: Option<String>,
    /// What executes jobs.
    pub engine: ProfileEngine,
    /// Sizes for jobs that name none; its version is that of the cluster.
    pub sizes: Cluster,
    /// GPUs.
    pub gpu: Option<Gpu>,
    /// Spark properties for jobs that do not set them.
    pub properties: BTreeMap<String, String>,
    /// What no job may go beyond.
    pub limits: Limits,
    /// How long the cluster may have accepted a driver without starting it.
    pub start_timeout: Millis,
    /// For bills and lists: team, cost centre.
    pub labels: BTreeMap<String, String>,
}

/// What executes the jobs of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileEngine {
    /// Spark on the machine of the server.
    Local(LocalProfile),
    /// A standalone cluster.
    Standalone(StandaloneProfile),
    /// A YARN cluster.
    Yarn(Box<YarnProfile>),
    /// Sail, or a Spark Connect server.
    Sail(SailProfile),
    /// A namespace of a Kubernetes cluster.
    Kubernetes(Box<KubernetesProfile>),
}

/// Sail, started for each run by itself, or a server that runs already.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SailProfile {
    /// `sc://HOST:PORT` of a server that sees files at the same paths; `None` starts a Sail for each run.
    pub address: Option<String>,
    /// Name of the secret with the server's token.
    pub token_secret: Option<String>,
    /// Whether TLS is spoken.
    pub is_tls: bool,
    /// Memory for the queries of a Sail that is started; `None` takes half of the machine's.
    pub memory: Option<Bytes>,
}

/// Spark on the machine of the server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LocalProfile {
    /// A Spark folder or a Python environment with PySpark; `None` takes what is found for the version. Of an image the
    /// folder in it.
    pub home: Option<String>,
    /// Spark out of an image, in a container.
    pub container: Option<ContainerProfile>,
}

/// Containers on the machine of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerProfile {
    /// The image, as the container engine knows it.
    pub image: String,
    /// The client of the container engine: a name on the `PATH`, or a path.
    pub runtime: String,
    /// Folders of the machine that are seen in it under the same paths, besides the job's own.
    pub mounts: Vec<String>,
}

/// A standalone cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandaloneProfile {
    /// `spark://HOST:PORT`, several with commas between.
    pub master: String,
    /// The master's REST server.
    pub rest: String,
    /// The master's page.
    pub web: String,
    /// Where drivers run.
    pub deploy_mode: DeployMode,
    /// Name of the secret with the token that the REST server asks for.
    pub token_secret: Option<String>,
    /// Name of the secret that Spark's own connections are authenticated with (`spark.authenticate.secret`).
    pub authentication_secret: Option<String>,
    /// A folder that the server and all workers see under the same path.
    pub staging: Option<String>,
    /// The workers' Python.
    pub python: Option<String>,
    /// Of drivers in client mode: a Spark folder or a Python environment with PySpark.
    pub home: Option<String>,
}

/// `spark.submit.deployMode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeployMode {
    /// The driver runs on the cluster.
    #[default]
    Cluster,
    /// The driver runs on the machine of the server.
    Client,
}

/// GPUs of the driver's tasks and executors.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gpu {
    /// GPUs of an executor (`spark.executor.resource.gpu.amount`).
    pub executor: u32,
    /// GPUs of a task; below 1 several share one (`spark.task.resource.gpu.amount`).
    pub task: f64,
    /// Script on the workers that names an executor's GPUs (`spark.executor.resource.gpu.discoveryScript`).
    pub discovery_script: Option<String>,
    /// Whether SQL runs on them (RAPIDS Accelerator; its jar is among the properties' `spark.jars` or on the cluster).
    pub rapids: bool,
}

impl ClusterProfile {
    /// What executes its jobs, in the word of the document.
    pub fn engine_name(&self) -> &'static str {
        match self.engine {
            ProfileEngine::Local(_) => "local",
            ProfileEngine::Standalone(_) => "standalone",
            ProfileEngine::Sail(_) => "sail",
            ProfileEngine::Yarn(_) => "yarn",
            ProfileEngine::Kubernetes(_) => "kubernetes",
        }
    }

    /// The version of the cluster's Spark.
    pub fn spark_version(&self) -> Option<&SparkVersion> {
        self.sizes.version.as_ref()
    }

    /// A job's configuration at launch: its own over what the profile gives.
    pub fn launch_conf(&self, job: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut conf: BTreeMap<String, String> = BTreeMap::new();
        conf.extend(
            self.sizes.properties().into_iter().map(|(key, value)| (key.to_owned(), value)),
        );
        if let Some(gpu) = &self.gpu {
            conf.extend(gpu.properties());
        }
        if let ProfileEngine::Yarn(yarn) = &self.engine {
            conf.extend(yarn.launch_properties());
        }
        if let ProfileEngine::Kubernetes(kubernetes) = &self.engine {
            conf.extend(kubernetes.properties());
        }
        conf.extend(self.properties.clone());
        conf.extend(job.clone());
        if matches!(self.engine, ProfileEngine::Standalone(_)) {
            bound_cores(&mut conf);
        }
        conf
    }
}

impl Gpu {
    fn properties(&self) -> impl Iterator<Item = (String, String)> {
        let mut properties = vec![
            ("spark.executor.resource.gpu.amount", self.executor.to_string()),
            ("spark.task.resource.gpu.amount", self.task.to_string()),
        ];
        if let Some(script) = &self.discovery_script {
            properties.push(("spark.executor.resource.gpu.discoveryScript", script.clone()));
        }
        if self.rapids {
            // Source: the accelerator's own guide, "Getting started on a standalone cluster".
            properties.push(("spark.plugins", "com.nvidia.spark.SQLPlugin".to_owned()));
            properties.push(("spark.rapids.sql.enabled", "true".to_owned()));
        }
        properties.into_iter().map(|(key, value)| (key.to_owned(), value))
    }
}

/// A standalone cluster knows no number of executors: an application takes cores until it has `spark.cores.max`, by
/// default all there are (`StandaloneSchedulerBackend`).
fn bound_cores(conf: &mut BTreeMap<String, String>) {
    let number = |key: &str| conf.get(key).and_then(|value| value.trim().parse::<u32>().ok());
    let is_dynamic =
        conf.get("spark.dynamicAllocation.enabled").is_some_and(|value| value == "true");
    if let (Some(instances), Some(cores), false) =
        (number("spark.executor.instances"), number("spark.executor.cores"), is_dynamic)
    {
        let most = instances.saturating_mul(cores).to_string();
        conf.entry("spark.cores.max".to_owned()).or_insert(most);
    }
}
