//! Cluster profiles as people keep them, and the engines that they stand for.

use crate::plan::{LaunchPlan, ProfileVersion};
use crate::sail_run::SAIL;
use crate::{App, Error, chain, lock, now};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tinderbox_engine::{
    Cluster, Host, KubernetesAccess, KubernetesRuns, KubernetesTarget, Placement, SparkImage,
    StandaloneAddress, StandaloneMaster, StandaloneTarget, Target, YarnAddress, YarnCluster,
    YarnTarget,
};
use tinderbox_model::{SparkVersion, TimestampMs, WorkspaceId};
use tinderbox_spec::{
    ClusterProfile, DeployMode, KubernetesProfile, PodPlacement, ProfileEngine, StandaloneProfile,
    YarnProfile, load_profile,
};
use tinderbox_store::StoredProfile;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Launches and readings of whole event logs at a time, for each engine: more at once than cores only slows all of them down.
const HEAVY_AT_ONCE: usize = 4;

/// A cluster profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterView {
    /// Its name.
    pub name: String,
    /// Counts from 1; runs say on which one they were.
    pub version: u32,
    /// `local`, `standalone`, `yarn`, `kubernetes` or `sail`.
    pub engine: String,
    /// The environment whose jobs it takes; all when `None`.
    pub environment: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// The version of its Spark.
    pub spark_version: Option<String>,
    /// For bills and lists.
    pub labels: BTreeMap<String, String>,
    /// The document.
    pub text: String,
    /// When this version was stored.
    pub created: TimestampMs,
}

/// Where the runs of one launch plan go.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// `None` is local Spark without a profile.
    pub profile: Option<(ClusterProfile, u32)>,
}

/// Clients of clusters, kept as long as the program runs: each has its pool of connections.
#[derive(Debug, Default)]
pub(crate) struct Clusters {
    masters: Mutex<HashMap<StandaloneAddress, StandaloneMaster>>,
    yarns: Mutex<HashMap<YarnAddress, YarnCluster>>,
    kubernetes: Mutex<Vec<(KubernetesAccess, KubernetesRuns)>>,
    /// Whoever counts the runs of a profile and adds one does it alone.
    pub turns: tokio::sync::Mutex<()>,
    heavy: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl App {
    /// Makes a document the current version of the profile that it names.
    ///
    /// # Errors
    /// [`Error::BadSpec`], [`Error::Store`].
    pub async fn cluster_apply(&self, file: &str, text: &str) -> Result<ClusterView, Error> {
        let (profile, _) = read(file, text)?;
        let stored = self
            .inner
            .store
            .profile_put(
                &WorkspaceId::default(),
                (&profile.name, profile.engine_name()),
                text,
                now(),
            )
            .await?;
        Ok(view(stored))
    }

    /// All profiles by name.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn clusters(&self) -> Result<Vec<ClusterView>, Error> {
        let stored = self.inner.store.profile_list(&WorkspaceId::default()).await?;
        Ok(stored.into_iter().map(view).collect())
    }

    /// One profile.
    ///
    /// # Errors
    /// [`Error::NoSuchCluster`], [`Error::Store`].
    pub async fn cluster(&self, name: &str) -> Result<ClusterView, Error> {
        match self.inner.store.profile_get(&WorkspaceId::default(), name).await? {
            Some(stored) => Ok(view(stored)),
            None => Err(Error::NoSuchCluster { name: name.to_owned(), known: self.names().await? }),
        }
    }

    /// Takes a name away. Runs that are on it go on.
    ///
    /// # Errors
    /// [`Error::NoSuchCluster`], [`Error::Store`].
    pub async fn cluster_remove(&self, name: &str) -> Result<(), Error> {
        if self.inner.store.profile_remove(&WorkspaceId::default(), name).await? {
            return Ok(());
        }
        Err(Error::NoSuchCluster { name: name.to_owned(), known: self.names().await? })
    }

    /// Names of profiles.
    pub(crate) async fn names(&self) -> Result<Vec<String>, Error> {
        Ok(self.clusters().await?.into_iter().map(|profile| profile.name).collect())
    }

    /// Where a stored run goes.
    pub(crate) async fn place_of(&self, plan: &LaunchPlan) -> Result<Place, Error> {
        let Some(ProfileVersion { name, version }) = &plan.profile else {
            return Ok(Place { profile: None });
        };
        if name == SAIL {
            return Ok(Place { profile: Some((crate::sail_run::built_in(), *version)) });
        }
        let workspace = WorkspaceId::default();
        let stored = self.inner.store.profile_version(&workspace, name, *version).await?;
        let Some(stored) = stored else {
            return Err(Error::NoSuchCluster { name: name.clone(), known: self.names().await? });
        };
        let (profile, version) = (read(name, &stored.text)?.0, stored.version);
        Ok(Place { profile: Some((profile, version)) })
    }

    /// What an attempt with this target is asked about.
    pub(crate) fn cluster_of(&self, target: &Target) -> Result<Cluster, Error> {
        match target {
            Target::Local => Ok(Cluster::Local),
            Target::Standalone(target) => self.master(target).map(Cluster::Standalone),
            Target::Yarn(target) => self.yarn(&target.address).map(Cluster::Yarn),
            Target::Kubernetes(target) => Ok(Cluster::Kubernetes(self.kubernetes(&target.access))),
        }
    }

    /// Whether a master as Spark writes it is the cluster of a profile. One whose credentials cannot be read is none.
    pub(crate) async fn is_kubernetes_at(
        &self,
        master: &str,
        profile: &str,
        place: &KubernetesProfile,
    ) -> bool {
        let found = self.kubernetes(&kubernetes_access(place)).is_at(master).await;
        found.unwrap_or_else(|error| {
            let what = chain(&Error::Engine(error));
            tracing::warn!(profile, "not looked at for {master}: {what}");
            false
        })
    }

    /// A turn for something heavy that is done for a run of this engine. A cluster that keeps its own runs waiting does not
    /// keep those of another one.
    pub(crate) async fn heavy_turn(&self, engine: &str) -> Option<OwnedSemaphorePermit> {
        let turns = lock(&self.inner.clusters.heavy)
            .entry(engine.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(HEAVY_AT_ONCE)))
            .clone();
        // Never closed.
        turns.acquire_owned().await.ok()
    }

    fn yarn(&self, address: &YarnAddress) -> Result<YarnCluster, Error> {
        let mut yarns = lock(&self.inner.clusters.yarns);
        if let Some(yarn) = yarns.get(address) {
            return Ok(yarn.clone());
        }
        let yarn = YarnCluster::new(address.clone()).map_err(Error::Engine)?;
        yarns.insert(address.clone(), yarn.clone());
        Ok(yarn)
    }

    fn kubernetes(&self, access: &KubernetesAccess) -> KubernetesRuns {
        let mut known = lock(&self.inner.clusters.kubernetes);
        if let Some((_, runs)) = known.iter().find(|(of, _)| of == access) {
            return runs.clone();
        }
        let runs = KubernetesRuns::new(access.clone());
        known.push((access.clone(), runs.clone()));
        runs
    }

    fn master(&self, target: &StandaloneTarget) -> Result<StandaloneMaster, Error> {
        let mut masters = lock(&self.inner.clusters.masters);
        if let Some(master) = masters.get(&target.address) {
            return Ok(master.clone());
        }
        let token = match &target.token_secret {
            Some(name) => self.secrets([name.as_str()])?.into_values().next(),
            None => None,
        };
        let master = StandaloneMaster::new(target.address.clone(), token).map_err(Error::Engine)?;
        masters.insert(target.address.clone(), master.clone());
        Ok(master)
    }
}

impl Place {
    /// What lists call the engine of a run: the profile's name.
    pub(crate) fn name(&self) -> &str {
        self.profile.as_ref().map_or(crate::submit::LOCAL, |(profile, _)| &profile.name)
    }

    /// As a plan stores it.
    pub(crate) fn version(&self) -> Option<ProfileVersion> {
        let (profile, version) = self.profile.as_ref()?;
        Some(ProfileVersion { name: profile.name.clone(), version: *version })
    }

    /// A job's configuration on it.
    pub(crate) fn launch_conf(&self, job: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        match &self.profile {
            Some((profile, _)) => profile.launch_conf(job),
            None => job.clone(),
        }
    }

    /// The standalone cluster whose workers run the driver.
    pub(crate) fn standalone(&self) -> Option<(&ClusterProfile, &StandaloneProfile)> {
        match self.profile.as_ref().map(|(profile, _)| (profile, &profile.engine)) {
            Some((profile, ProfileEngine::Standalone(standalone)))
                if standalone.deploy_mode == DeployMode::Cluster =>
            {
                Some((profile, standalone))
            }
            _ => None,
        }
    }

    /// The YARN cluster, whoever runs the driver.
    pub(crate) fn yarn(&self) -> Option<&YarnProfile> {
        match &self.profile.as_ref()?.0.engine {
            ProfileEngine::Yarn(yarn) => Some(yarn),
            _ => None,
        }
    }

    /// The Kubernetes cluster whose pods run driver and executors.
    pub(crate) fn kubernetes(&self) -> Option<(&ClusterProfile, &KubernetesProfile)> {
        let (profile, _) = self.profile.as_ref()?;
        match &profile.engine {
            ProfileEngine::Kubernetes(kubernetes) => Some((profile, kubernetes)),
            _ => None,
        }
    }

    /// The master that a driver on this machine has its executors from; `None` is local Spark.
    pub(crate) fn client_master(&self) -> Option<String> {
        let is_client = |yarn: &&YarnProfile| yarn.deploy_mode == DeployMode::Client;
        match self.yarn().filter(is_client) {
            Some(_) => Some("yarn".to_owned()),
            None => self.client_of().map(|standalone| standalone.master.clone()),
        }
    }

    /// Whether the driver runs on the cluster, with the Spark that its profile says.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.standalone().is_some() || self.kubernetes().is_some()
    }

    /// The standalone master of drivers on this machine.
    pub(crate) fn client_of(&self) -> Option<&StandaloneProfile> {
        match &self.profile.as_ref()?.0.engine {
            ProfileEngine::Standalone(standalone)
                if standalone.deploy_mode == DeployMode::Client =>
            {
                Some(standalone)
            }
            _ => None,
        }
    }

    /// Where attempts go, as it is stored with their intent.
    pub(crate) fn target(&self, host: &Host) -> Target {
        match self.client_master() {
            Some(_) => Target::Local,
            None => self.executors_target(host),
        }
    }

    /// Where executors are, whoever runs the driver.
    pub(crate) fn executors_target(&self, host: &Host) -> Target {
        let Some((profile, _)) = &self.profile else { return Target::Local };
        match &profile.engine {
            ProfileEngine::Local(_) | ProfileEngine::Sail(_) => Target::Local,
            ProfileEngine::Standalone(standalone) => {
                Target::Standalone(Box::new(standalone_target(profile, standalone)))
            }
            ProfileEngine::Yarn(yarn) => Target::Yarn(Box::new(yarn_target(yarn, host))),
            ProfileEngine::Kubernetes(kubernetes) => {
                Target::Kubernetes(Box::new(kubernetes_target(profile, kubernetes)))
            }
        }
    }

    /// The image that drivers here have their Spark from.
    pub(crate) fn image(&self) -> Option<SparkImage> {
        let (profile, _) = self.profile.as_ref()?;
        let ProfileEngine::Local(local) = &profile.engine else { return None };
        let container = local.container.as_ref()?;
        Some(SparkImage {
            image: container.image.clone(),
            runtime: container.runtime.clone(),
            home: local.home.clone().unwrap_or_else(|| "/opt/spark".to_owned()),
            version: profile.spark_version()?.clone(),
            mounts: container.mounts.iter().map(PathBuf::from).collect(),
        })
    }

    /// The machine as a driver here sees it: with the profile's Spark only, when it names one.
    pub(crate) fn host(&self, host: &Host) -> Host {
        let home = match self.profile.as_ref().map(|(profile, _)| &profile.engine) {
            Some(ProfileEngine::Local(local)) => local.home.as_deref(),
            Some(ProfileEngine::Standalone(standalone)) => standalone.home.as_deref(),
            Some(ProfileEngine::Yarn(yarn)) => yarn.home.as_deref(),
            Some(ProfileEngine::Sail(_) | ProfileEngine::Kubernetes(_)) | None => None,
        };
        home.map_or_else(|| host.clone(), |home| host.with_only_spark(Path::new(home)))
    }

    /// The Spark version that a job must be compiled for, before any Spark is looked for.
    pub(crate) fn spark_version(&self) -> Option<&SparkVersion> {
        self.profile.as_ref()?.0.spark_version()
    }
}

fn standalone_target(profile: &ClusterProfile, standalone: &StandaloneProfile) -> StandaloneTarget {
    StandaloneTarget {
        address: StandaloneAddress {
            master: standalone.master.clone(),
            rest: standalone.rest.clone(),
            web: standalone.web.clone(),
        },
        token_secret: standalone.token_secret.clone(),
        spark_version: profile
            .spark_version()
            .map(|version| version.text.clone())
            .unwrap_or_default(),
        python: standalone.python.clone(),
        staging: standalone.staging.as_ref().map(PathBuf::from),
    }
}

fn yarn_target(yarn: &YarnProfile, host: &Host) -> YarnTarget {
    let kerberos = yarn.kerberos.as_ref();
    // Without Kerberos YARN takes the name that is given; Hadoop's clients give that of the process.
    let of_process = ["HADOOP_USER_NAME", "USER", "LOGNAME"];
    let of_process = of_process.iter().find_map(|name| host.variables.get(*name)).cloned();
    let user = match kerberos {
        Some(kerberos) => kerberos.principal.split(['/', '@']).next().map(str::to_owned),
        None => yarn.user.clone().or(of_process),
    };
    YarnTarget {
        address: YarnAddress {
            resource_managers: yarn.resource_managers.clone(),
            user: user.filter(|user| !user.is_empty()),
            logs: yarn.logs.clone(),
        },
        conf_dir: PathBuf::from(&yarn.conf_dir),
        python: yarn.python.clone(),
        event_logs: yarn.event_logs.clone(),
        principal: kerberos.map(|kerberos| kerberos.principal.clone()),
        keytab: kerberos.map(|kerberos| PathBuf::from(&kerberos.keytab)),
    }
}

fn kubernetes_access(place: &KubernetesProfile) -> KubernetesAccess {
    match &place.kubeconfig {
        Some(path) => KubernetesAccess::Kubeconfig {
            path: PathBuf::from(path),
            context: place.context.clone(),
        },
        None => KubernetesAccess::InCluster,
    }
}

fn kubernetes_target(profile: &ClusterProfile, place: &KubernetesProfile) -> KubernetesTarget {
    KubernetesTarget {
        access: kubernetes_access(place),
        namespace: place.namespace.clone(),
        image: place.image.clone(),
        spark_version: profile
            .spark_version()
            .map(|version| version.text.clone())
            .unwrap_or_default(),
        service_account: place.service_account.clone(),
        image_pull_secrets: place.image_pull_secrets.clone(),
        driver_template: place.driver_template.clone(),
        executor_template: place.executor_template.clone(),
        driver_placement: placement(&place.driver),
        executor_placement: placement(&place.executors),
    }
}

fn placement(place: &PodPlacement) -> Placement {
    let tolerations = place.tolerations.iter().map(|one| {
        let fields = [
            ("key", &one.key),
            ("operator", &one.operator),
            ("value", &one.value),
            ("effect", &one.effect),
        ];
        let given = fields.into_iter().filter_map(|(key, value)| Some((key, value.as_deref()?)));
        given.map(|(key, value)| (key.to_owned(), value.into())).collect()
    });
    Placement {
        node_selector: place.node_selector.clone(),
        tolerations: tolerations.map(serde_json::Value::Object).collect(),
        priority_class: place.priority_class.clone(),
    }
}

/// Reads a profile as it was given or stored.
pub(crate) fn read(file: &str, text: &str) -> Result<(ClusterProfile, Vec<String>), Error> {
    match load_profile(file, text) {
        Ok((profile, warnings)) => {
            Ok((profile, warnings.iter().map(|warning| warning.render(text)).collect()))
        }
        Err(found) => {
            let rendered: Vec<_> = found.iter().map(|one| one.render(text)).collect();
            Err(Error::BadSpec { rendered: rendered.join("\n") })
        }
    }
}

/// A profile that a later version cannot read any more is still listed.
fn view(stored: StoredProfile) -> ClusterView {
    let profile = load_profile(&stored.name, &stored.text).ok().map(|(profile, _)| profile);
    let version = profile.as_ref().and_then(ClusterProfile::spark_version);
    ClusterView {
        spark_version: version.map(|version| version.text.clone()),
        name: stored.name,
        version: stored.version,
        engine: stored.engine,
        environment: profile.as_ref().and_then(|profile| profile.environment.clone()),
        description: profile.as_ref().and_then(|profile| profile.description.clone()),
        labels: profile.map(|profile| profile.labels).unwrap_or_default(),
        text: stored.text,
        created: stored.created,
    }
}
