//! What is to be run on Kubernetes.

use super::driver_pod::{DriverObjects, PROGRAM_URL, Submission};
use super::names::Names;
use super::{KubernetesError, KubernetesIntent};
use crate::Error;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use tinderbox_model::SparkVersion;

/// The annotation that tells to which attempt a pod belongs.
pub(super) const MARKER: &str = "tinderbox/marker";

/// An application for a driver pod. Nothing in it is read from this machine: files are addresses that the pods can read
/// (`local://` for what is in the image), templates and configuration files are given as text.
#[derive(Debug, Clone)]
pub struct KubernetesRequest {
    /// The namespace of all objects; that of the intent goes before.
    pub namespace: String,
    /// The image of driver and executors. `spark.kubernetes.{driver,executor}.container.image` in `conf` go before.
    pub image: String,
    /// The Spark in the image: what is sent differs between 3.5 and the 4 versions.
    pub spark_version: SparkVersion,
    /// The program.
    pub application: KubernetesApplication,
    /// The program's arguments.
    pub arguments: Vec<String>,
    /// Spark's properties, `spark.kubernetes.*` too. `spark.kubernetes.driver.pod.name` has no effect: the name
    /// is the attempt's identity.
    pub conf: BTreeMap<String, String>,
    /// Labels of driver and executors.
    pub labels: BTreeMap<String, String>,
    /// Annotations of driver and executors.
    pub annotations: BTreeMap<String, String>,
    /// Environment of driver and executors, legible for everybody who may read pods. What is secret goes to `secrets`.
    pub environment: BTreeMap<String, String>,
    /// Environment of driver and executors from Kubernetes secrets.
    pub secrets: BTreeMap<String, SecretValue>,
    /// `SPARK_USER`: who runs it, as Hadoop file systems see it.
    pub user: String,
    /// `--proxy-user`.
    pub proxy_user: Option<String>,
    /// A pod in YAML from which the driver pod is made (`spark.kubernetes.driver.podTemplateFile`).
    pub driver_template: Option<String>,
    /// A pod in YAML from which the driver makes executors (`spark.kubernetes.executor.podTemplateFile`).
    pub executor_template: Option<String>,
    /// Where the driver may run.
    pub driver_placement: Placement,
    /// Where executors may run: on spot nodes while the driver is on a node that stays.
    pub executor_placement: Placement,
    /// Files that the driver finds in `/opt/tinderbox`, by name; at most 1 MiB together.
    pub program: BTreeMap<String, Vec<u8>>,
    /// Files of `SPARK_CONF_DIR` by name, such as `log4j2.properties`.
    pub spark_files: BTreeMap<String, String>,
    /// Files of `HADOOP_CONF_DIR` by name, such as `core-site.xml`.
    pub hadoop_files: BTreeMap<String, String>,
}

/// The program of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KubernetesApplication {
    /// A Python program.
    Python {
        /// Its address.
        file: String,
    },
    /// A class with `main`.
    Jar {
        /// The jar's address.
        file: String,
        /// The class.
        main_class: String,
    },
}

/// Where the value of a secret environment variable is.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretValue {
    /// In a secret that is there already.
    Reference {
        /// The secret.
        secret: String,
        /// Its key.
        key: String,
    },
    /// Here: it goes into a secret that belongs to the driver pod and goes with it, and nowhere else.
    Value(String),
}

/// Which nodes pods may be put on, and with which priority. The fields go into the pods besides what templates say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Placement {
    /// Labels that a node must have.
    pub node_selector: BTreeMap<String, String>,
    /// Kubernetes' `Toleration` objects.
    pub tolerations: Vec<Value>,
    /// `priorityClassName`.
    pub priority_class: Option<String>,
}

impl fmt::Debug for SecretValue {
    /// Without the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reference { secret, key } => write!(f, "Reference({secret}:{key})"),
            Self::Value(_) => f.write_str("Value(…)"),
        }
    }
}

impl KubernetesRequest {
    /// A request with nothing in it but what must be.
    pub fn new(
        namespace: impl Into<String>,
        image: impl Into<String>,
        spark_version: SparkVersion,
        application: KubernetesApplication,
    ) -> Self {
        Self {
            namespace: namespace.into(),
            image: image.into(),
            spark_version,
            application,
            arguments: Vec::new(),
            conf: BTreeMap::new(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            environment: BTreeMap::new(),
            secrets: BTreeMap::new(),
            user: "spark".to_owned(),
            proxy_user: None,
            driver_template: None,
            executor_template: None,
            driver_placement: Placement::default(),
            executor_placement: Placement::default(),
            program: BTreeMap::new(),
            spark_files: BTreeMap::new(),
            hadoop_files: BTreeMap::new(),
        }
    }

    /// Takes the templates that `conf` names as files of this machine, as `spark-submit` does. Those that were given as text
    /// stay.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn read_templates(&mut self) -> Result<(), Error> {
        let read = |key: &str| {
            let Some(path) = self.conf.get(key) else { return Ok(None) };
            let path = path.strip_prefix("file://").unwrap_or(path);
            std::fs::read_to_string(path)
                .map(Some)
                .map_err(|source| Error::Read { path: path.into(), source })
        };
        if self.driver_template.is_none() {
            self.driver_template = read("spark.kubernetes.driver.podTemplateFile")?;
        }
        if self.executor_template.is_none() {
            self.executor_template = read("spark.kubernetes.executor.podTemplateFile")?;
        }
        Ok(())
    }

    /// The objects that a submission to `server` sends, the driver pod first, without the owner references that need its
    /// uid. Values of secrets are in them: not for logs.
    ///
    /// # Errors
    /// [`Error::Conf`] and [`Error::Kubernetes`] for what cannot be sent.
    pub fn manifests(&self, intent: &KubernetesIntent, server: &str) -> Result<Vec<Value>, Error> {
        let objects = self.objects(intent, server)?;
        Ok(std::iter::once(objects.pod).chain(objects.owned).collect())
    }

    pub(super) fn objects(
        &self,
        intent: &KubernetesIntent,
        server: &str,
    ) -> Result<DriverObjects, Error> {
        let mut marked = self.clone();
        marked.namespace.clone_from(&intent.namespace);
        marked.labels.extend(intent.labels());
        marked.annotations.insert(MARKER.to_owned(), intent.marker.clone());
        let submission = Submission { server, submitted_ms: intent.submitted_ms };
        DriverObjects::of(&marked, &Names::of(intent), &submission)
    }

    pub(super) fn conf(&self, key: &str) -> Option<&str> {
        self.conf.get(key).map(String::as_str)
    }

    /// The properties that begin with this, by the rest of their key.
    pub(super) fn with_prefix<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let from = self.conf.range(prefix.to_owned()..);
        from.map_while(move |(key, value)| Some((key.strip_prefix(prefix)?, value.as_str())))
    }

    /// The name as `spark-submit` finds it: `spark.app.name`, else the class, else the program's file.
    pub(super) fn app_name(&self) -> &str {
        let given = self.conf("spark.app.name");
        given.unwrap_or_else(|| match &self.application {
            KubernetesApplication::Python { file } => file.rsplit('/').next().unwrap_or(file),
            KubernetesApplication::Jar { main_class, .. } => main_class,
        })
    }

    pub(super) fn is_python(&self) -> bool {
        matches!(self.application, KubernetesApplication::Python { .. })
    }

    /// Whether a file is one of the driver's that [`KubernetesRequest::program`] brings there.
    fn is_sent(&self, file: &str) -> bool {
        let name = file.strip_prefix(PROGRAM_URL);
        name.is_some_and(|name| self.program.contains_key(name))
    }

    /// Refuses what would be lost or would be a secret in the open.
    pub(super) fn check(&self) -> Result<(), KubernetesError> {
        let mut files = vec![match &self.application {
            KubernetesApplication::Python { file } | KubernetesApplication::Jar { file, .. } => {
                ("the application's file", file.as_str())
            }
        }];
        for key in ["spark.jars", "spark.files", "spark.archives", "spark.submit.pyFiles"] {
            let listed =
                self.conf(key).unwrap_or_default().split(',').filter(|one| !one.is_empty());
            files.extend(listed.map(|one| (key, one.trim())));
        }
        for (what, file) in files {
            let scheme = file.split_once(':').map(|(scheme, _)| scheme);
            if matches!(scheme, None | Some("file")) && !self.is_sent(file) {
                return Err(KubernetesError::LocalFile {
                    what: what.to_owned(),
                    file: file.to_owned(),
                });
            }
        }
        let unsupported = |key: &&String| {
            let credentials = key.strip_prefix("spark.kubernetes.authenticate.driver.");
            credentials.is_some_and(|rest| {
                !matches!(rest, "serviceAccountName" | "mounted.oauthTokenFile")
            }) || key.starts_with("spark.kubernetes.kerberos.")
                || key.starts_with("spark.kerberos.")
        };
        match self.conf.keys().find(unsupported) {
            Some(key) => Err(KubernetesError::Unsupported { key: key.clone() }),
            None => Ok(()),
        }
    }
}
