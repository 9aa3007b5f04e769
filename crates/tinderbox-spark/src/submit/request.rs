//! What holds of a command line once the files of properties are known.

use super::{SubmitArguments, SubmitError, parse_properties};
use std::collections::BTreeMap;
use tinderbox_model::{Bytes, parse_bytes};

/// An application to submit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitRequest {
    /// The program: a path as written, or an address.
    pub application: String,
    /// By the ending of the program.
    pub kind: ProgramKind,
    /// Of a jar; without it Spark takes `Main-Class` of the manifest. Spark does not look at it for Python.
    pub main_class: Option<String>,
    /// What the program is called with.
    pub args: Vec<String>,
    /// `--name`, else `spark.app.name`, else the main class, else the file's name.
    pub name: String,
    /// Where it runs, if the user said so. Spark itself would take `local[*]`.
    pub master: Option<String>,
    /// Where the driver runs.
    pub deploy_mode: DeployMode,
    /// A Spark Connect server instead of a master.
    pub remote: Option<String>,
    /// Whether the cluster starts the driver again when it fails (`--supervise`, or `spark.driver.supervise`).
    pub supervise: bool,
    /// Whom the application impersonates.
    pub proxy_user: Option<String>,
    /// All other properties in force; flags are among them by the properties that they set.
    pub conf: BTreeMap<String, String>,
    /// Properties that do not begin with `spark.`: Spark leaves them out, with a warning.
    pub ignored: Vec<String>,
}

/// What a program is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProgramKind {
    /// Ends in `.py`.
    Python,
    /// Ends in `.jar`.
    Jar,
}

/// Where the driver runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DeployMode {
    /// On the machine that submits.
    #[default]
    Client,
    /// On a machine of the cluster.
    Cluster,
}

impl SubmitArguments {
    /// What holds, with the texts of the files of properties in the order of [`SubmitArguments::properties_files`]; that of
    /// `spark-defaults.conf` comes first, where it counts.
    ///
    /// # Errors
    /// Everything that is wrong at once: no program, numbers and sizes that are none, options that exclude each other.
    pub fn request(&self, files: &[&str]) -> Result<SubmitRequest, Vec<SubmitError>> {
        let mut ignored = Vec::new();
        let mut conf = self.properties(files, &mut ignored);
        let mut errors = Vec::new();
        let program = match &self.application {
            None => {
                errors.push(SubmitError::NoApplication);
                None
            }
            Some(file) => kind(file).map(|kind| (file, kind)).or_else(|| {
                errors.push(SubmitError::Program { file: file.clone() });
                None
            }),
        };
        check_values(&conf, &mut errors);
        if self.proxy_user.is_some() && conf.contains_key("spark.kerberos.principal") {
            errors.push(SubmitError::Together { first: "--proxy-user", second: "--principal" });
        }
        let master = conf.remove("spark.master");
        if master.is_some() && self.remote.is_some() {
            errors.push(SubmitError::Together { first: "--master", second: "--remote" });
        }
        let deploy_mode = match conf.remove("spark.submit.deployMode").as_deref() {
            None | Some("client") => DeployMode::Client,
            Some("cluster") => DeployMode::Cluster,
            Some(other) => {
                errors.push(SubmitError::Value {
                    property: "spark.submit.deployMode",
                    value: other.to_owned(),
                    wanted: "`client` or `cluster`",
                });
                DeployMode::Client
            }
        };
        if let (DeployMode::Cluster, Some(master)) =
            (deploy_mode, master.as_deref().filter(|master| master.starts_with("local")))
        {
            errors.push(SubmitError::ClusterModeOnLocal { master: master.to_owned() });
        }
        let supervise = self.supervise
            || conf.remove("spark.driver.supervise").is_some_and(|value| value.trim() == "true");
        let (Some((file, kind)), true) = (program, errors.is_empty()) else { return Err(errors) };
        let of_file = || file.rsplit('/').next().unwrap_or(file).to_owned();
        let name = conf.remove("spark.app.name");
        Ok(SubmitRequest {
            application: file.clone(),
            kind,
            main_class: self.main_class.clone(),
            args: self.args.clone(),
            name: name.or_else(|| self.main_class.clone()).unwrap_or_else(of_file),
            master,
            deploy_mode,
            remote: self.remote.clone(),
            supervise,
            proxy_user: self.proxy_user.clone(),
            conf,
            ignored,
        })
    }

    /// Flags over `--conf` over files, and of files the last.
    fn properties(&self, files: &[&str], ignored: &mut Vec<String>) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for file in files {
            all.extend(parse_properties(file));
        }
        all.extend(self.conf.clone());
        all.retain(|key, _| {
            let is_spark = key.starts_with("spark.");
            if !is_spark {
                ignored.push(key.clone());
            }
            is_spark
        });
        let flags = self.flags.iter();
        all.extend(flags.map(|(property, value)| ((*property).to_owned(), value.clone())));
        all
    }
}

fn kind(file: &str) -> Option<ProgramKind> {
    let is = |ending: &str| file.ends_with(ending) && file.len() > ending.len();
    if is(".py") { Some(ProgramKind::Python) } else { is(".jar").then_some(ProgramKind::Jar) }
}

/// What `SparkSubmitArguments.validateSubmitArguments` checks.
fn check_values(conf: &BTreeMap<String, String>, errors: &mut Vec<SubmitError>) {
    let is_dynamic =
        conf.get("spark.dynamicAllocation.enabled").is_some_and(|value| value.trim() == "true");
    let mut check = |property: &'static str, is_sound: fn(&str) -> bool, wanted: &'static str| {
        if let Some(value) = conf.get(property).filter(|value| !is_sound(value)) {
            errors.push(SubmitError::Value { property, value: value.clone(), wanted });
        }
    };
    let is_memory = |text: &str| parse_bytes(text, Bytes(1)).is_some_and(|bytes| bytes > Bytes(0));
    let is_count = |text: &str| text.parse::<i32>().is_ok_and(|number| number > 0);
    const MEMORY: &str = "a size such as `512m` or `2g`";
    const COUNT: &str = "a whole number from 1";
    check("spark.driver.memory", is_memory, MEMORY);
    check("spark.executor.memory", is_memory, MEMORY);
    check("spark.executor.cores", is_count, COUNT);
    check("spark.cores.max", is_count, COUNT);
    if !is_dynamic {
        check("spark.executor.instances", is_count, COUNT);
    }
}
