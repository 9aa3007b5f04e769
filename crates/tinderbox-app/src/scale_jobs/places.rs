//! Where jobs over several numbers of executors run.

use super::is_local;
use super::plan::{JobPlan, Subject};
use crate::clusters::Place;
use crate::{App, Error, Submission};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tinderbox_engine::{LocalSpark, Target};
use tinderbox_model::{Bytes, parse_bytes};
use tinderbox_spec::{ProfileEngine, s3_package};

const MIB: Bytes = Bytes(1 << 20);
/// Memory of an executor that is a process of ours: Spark's default, and the least that Spark starts with.
const EXECUTOR: Bytes = Bytes(1 << 30);
const LEAST_EXECUTOR: Bytes = Bytes(512 << 20);

/// A spec that is ready to be measured.
pub(super) struct PreparedSpec {
    name: String,
    source: String,
    secrets: Vec<String>,
    place: Place,
    conf: BTreeMap<String, String>,
    base_directory: PathBuf,
}

impl App {
    /// Where jobs of a name run.
    pub(super) async fn scale_place(&self, name: Option<&str>) -> Result<Place, Error> {
        match name {
            name if is_local(name) => Ok(Place { profile: None }),
            Some(crate::sail_run::SAIL) => {
                Ok(Place { profile: Some((crate::sail_run::built_in(), 0)) })
            }
            Some(name) => {
                let place = self.place_of_name(name).await?;
                match place.image() {
                    Some(_) => Err(Error::NoExecutors { cluster: name.to_owned() }),
                    None => Ok(place),
                }
            }
            None => Ok(Place { profile: None }),
        }
    }

    /// Properties of every run of a job there.
    pub(super) async fn scale_conf(
        &self,
        place: &Place,
        uses_storage: bool,
    ) -> Result<BTreeMap<String, String>, Error> {
        let mut conf = BTreeMap::new();
        if place.sail().is_some() {
            return Ok(conf);
        }
        let given = place.launch_conf(&BTreeMap::new());
        if !given.contains_key("spark.executor.cores") || is_own(place) {
            conf.insert("spark.executor.cores".to_owned(), "1".to_owned());
        }
        let is_here = place.target(&self.inner.host) == Target::Local;
        let spark = if is_here {
            Some(self.find_spark(place, place.spark_version().cloned()).await?)
        } else {
            None
        };
        if !uses_storage {
            return Ok(conf);
        }
        // What the profile says of the store is right where it runs.
        conf.extend(self.storage_conf().into_iter().filter(|(key, _)| !given.contains_key(key)));
        let has_jar = spark
            .as_ref()
            .and_then(LocalSpark::installed)
            .is_some_and(|(spark, _)| has_s3_jar(&spark.home));
        let version = spark.as_ref().map(|spark| spark.version()).or(place.spark_version());
        let package = version.filter(|_| !has_jar).and_then(|version| s3_package(version, &given));
        if let Some(package) = package {
            let before = given.get("spark.jars.packages").filter(|list| !list.trim().is_empty());
            let list = before.map_or(package.to_owned(), |list| format!("{list},{package}"));
            conf.insert("spark.jars.packages".to_owned(), list);
        }
        Ok(conf)
    }

    /// Refuses what goes beyond the limits of a profile with the most executors.
    pub(super) fn check_scale_limits(
        &self,
        place: &Place,
        conf: &BTreeMap<String, String>,
        nodes: &[u32],
    ) -> Result<(), Error> {
        let Some((profile, _)) = place.profile.as_ref().filter(|_| place.sail().is_none()) else {
            return Ok(());
        };
        let mut conf = conf.clone();
        let most = nodes.iter().copied().max().unwrap_or(1);
        conf.insert("spark.executor.instances".to_owned(), most.to_string());
        conf.insert("spark.dynamicAllocation.enabled".to_owned(), "false".to_owned());
        if let Some(mib) = self.own_executor_mib(place, nodes) {
            conf.insert("spark.executor.memory".to_owned(), format!("{mib}m"));
        }
        let problems = profile.limits.broken_by(&place.launch_conf(&conf));
        if problems.is_empty() {
            return Ok(());
        }
        Err(Error::BeyondLimits { profile: profile.name.clone(), problems })
    }

    /// Memory of an executor in MiB, where executors are processes of ours. All numbers of them get the same, so that half of
    /// this machine's memory suffices for the largest.
    pub(super) fn own_executor_mib(&self, place: &Place, nodes: &[u32]) -> Option<u64> {
        if !is_own(place) {
            return None;
        }
        let given = place.launch_conf(&BTreeMap::new());
        let asked = given.get("spark.executor.memory").and_then(|text| parse_bytes(text, MIB));
        let most = nodes.iter().copied().max().unwrap_or(1).max(1);
        let memory = match self.inner.host.memory {
            memory if memory.is_zero() => EXECUTOR,
            memory => Bytes(memory.0 / 2 / u64::from(most)).min(EXECUTOR),
        };
        Some(asked.unwrap_or(memory).max(LEAST_EXECUTOR).0 / MIB.0)
    }

    /// Checks and compiles a spec for where it is to be measured.
    pub(super) async fn prepare_spec(
        &self,
        mut submission: Submission,
        cluster: Option<String>,
        nodes: &[u32],
    ) -> Result<PreparedSpec, Error> {
        submission.engine = submission.engine.or(cluster);
        let base_directory = submission.base_directory.clone();
        let (spec, compiled, place) = self.compiled_for(&submission).await?;
        let mut conf = self.scale_conf(&place, false).await?;
        let mut own = compiled.launch_conf.clone();
        // How many there are is what is measured.
        own.retain(|key, _| {
            !key.starts_with("spark.dynamicAllocation.")
                && !["spark.master", "spark.executor.instances", "spark.cores.max"]
                    .contains(&key.as_str())
        });
        if is_own(&place) {
            own.remove("spark.executor.cores");
            own.remove("spark.executor.memory");
        }
        conf.extend(own);
        self.check_scale_limits(&place, &conf, nodes)?;
        Ok(PreparedSpec {
            name: spec.name().to_owned(),
            source: compiled.source,
            secrets: compiled.secrets.iter().cloned().collect(),
            place,
            conf,
            base_directory,
        })
    }
}

impl PreparedSpec {
    /// Where it is to be measured.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn plan(
        self,
        app: &App,
        nodes: Vec<u32>,
        (repeats, warm_up): (u32, u32),
    ) -> JobPlan {
        JobPlan {
            job_id: self.name,
            own_executor_mib: app.own_executor_mib(&self.place, &nodes),
            on_sail: false,
            nodes,
            subject: Subject::Program {
                source: self.source,
                secrets: self.secrets,
                repeats,
                warm_up,
            },
            profile: self.place.version(),
            cluster: self.place.name().to_owned(),
            conf: self.conf,
            uses_storage: false,
            base_directory: self.base_directory,
        }
    }
}

/// Whether executors are processes that a driver on this machine starts itself.
fn is_own(place: &Place) -> bool {
    place
        .profile
        .as_ref()
        .is_none_or(|(profile, _)| matches!(profile.engine, ProfileEngine::Local(_)))
}

/// Whether an installation of Spark brings its file system for S3.
fn has_s3_jar(home: &std::path::Path) -> bool {
    let Ok(entries) = std::fs::read_dir(home.join("jars")) else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("hadoop-aws"))
}
