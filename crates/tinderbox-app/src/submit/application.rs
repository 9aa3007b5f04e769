//! Programs that people have, submitted without a document: one is made of what they say.

use super::LOCAL;
use crate::{App, Error, Submission, Submitted};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tinderbox_model::Millis;
use tinderbox_spec::{DeployMode, ProfileEngine};

/// A program to run.
#[derive(Debug, Clone, Default)]
pub struct ApplicationSubmission {
    /// A path or an address, ending in `.py` or `.jar`.
    pub file: String,
    /// Of a jar.
    pub main_class: Option<String>,
    /// What it is called with.
    pub arguments: Vec<String>,
    /// What the run is called; the file's name when `None`.
    pub name: Option<String>,
    /// Spark's properties.
    pub conf: BTreeMap<String, String>,
    /// Where relative paths start.
    pub base_directory: PathBuf,
    /// Engine or profile. `None`: the one that `master` names, else local Spark.
    pub engine: Option<String>,
    /// A master as Spark writes it: `local[4]`, or that of a profile.
    pub master: Option<String>,
    /// Whether the driver is wanted on the cluster; of two profiles with one master it tells which.
    pub on_cluster: bool,
    /// See [`Submission`].
    pub timeout: Option<Millis>,
    /// See [`Submission`].
    pub retries: u32,
    /// See [`Submission`].
    pub idempotency_key: Option<String>,
}

impl App {
    /// Records a run of a program. What becomes of it is as for [`App::submit`], and so are errors, besides
    /// [`Error::NoSuchMaster`].
    ///
    /// # Errors
    /// See [`App::submit`].
    pub async fn submit_application(
        &self,
        submission: ApplicationSubmission,
    ) -> Result<Submitted, Error> {
        let engine = match (&submission.engine, &submission.master) {
            (Some(engine), _) => Some(engine.clone()),
            (None, Some(master)) if !master.starts_with("local") => {
                Some(self.profile_with(master, &submission).await?)
            }
            // Local Spark with its cores.
            (None, _) => Some(LOCAL.to_owned()),
        };
        let spec = document(&submission);
        self.submit(Submission {
            spec,
            spec_name: submission.file,
            base_directory: submission.base_directory,
            engine,
            timeout: submission.timeout,
            retries: submission.retries,
            idempotency_key: submission.idempotency_key,
            ..Submission::default()
        })
        .await
    }

    /// The profile of a master whose drivers run where they are wanted; when there is only one of that master, it. On
    /// Kubernetes it is one of the namespace, where one is named.
    async fn profile_with(
        &self,
        master: &str,
        submission: &ApplicationSubmission,
    ) -> Result<String, Error> {
        let namespace = submission.conf.get("spark.kubernetes.namespace");
        let mut found = Vec::new();
        for stored in self.clusters().await? {
            let Ok((profile, _)) = crate::clusters::read(&stored.name, &stored.text) else {
                continue;
            };
            let deploy_mode = match &profile.engine {
                ProfileEngine::Standalone(standalone) if standalone.master == master => {
                    standalone.deploy_mode
                }
                ProfileEngine::Yarn(yarn) if master == "yarn" => yarn.deploy_mode,
                ProfileEngine::Kubernetes(place)
                    if namespace.is_none_or(|namespace| *namespace == place.namespace)
                        && self.is_kubernetes_at(master, &stored.name, place).await =>
                {
                    DeployMode::Cluster
                }
                _ => continue,
            };
            let is_wanted = (deploy_mode == DeployMode::Cluster) == submission.on_cluster;
            found.push((!is_wanted, stored.name));
        }
        found.sort();
        match found.into_iter().next() {
            Some((_, name)) => Ok(name),
            None => {
                Err(Error::NoSuchMaster { master: master.to_owned(), known: self.names().await? })
            }
        }
    }
}

/// The document that says the same. JSON is YAML.
fn document(submission: &ApplicationSubmission) -> String {
    let file = &submission.file;
    let of_file = || file.rsplit('/').next().unwrap_or(file).to_owned();
    let mut application = Map::new();
    application.insert("file".to_owned(), json!(file));
    if let Some(class) = &submission.main_class {
        application.insert("main_class".to_owned(), json!(class));
    }
    if !submission.arguments.is_empty() {
        application.insert("args".to_owned(), json!(submission.arguments));
    }
    let mut conf: Map<String, Value> =
        submission.conf.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    if let Some(master) = submission.master.as_ref().filter(|master| master.starts_with("local")) {
        conf.insert("spark.master".to_owned(), json!(master));
    }
    let document = json!({
        "name": submission.name.clone().unwrap_or_else(of_file),
        "application": application,
        "configuration": { "sparkConf": conf },
    });
    // Maps with text keys always serialize.
    serde_json::to_string_pretty(&document).unwrap_or_default()
}
