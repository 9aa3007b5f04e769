//! The command line of `spark-submit`, read as Spark reads it.
//!
//! [`SubmitArguments::parse`] tells what stands there, [`SubmitArguments::request`] what holds once the files of properties
//! are known: a flag wins over `--conf`, `--conf` over files, a later file over an earlier one. Environment variables that
//! `spark-submit` also looks at (`MASTER`, `SPARK_EXECUTOR_MEMORY`, …) and `spark-defaults.conf` are not read here.
//!
//! Source: `org.apache.spark.launcher.SparkSubmitOptionParser` and `org.apache.spark.deploy.SparkSubmitArguments` of Spark
//! 3.5 and 4.3; a test compares the results with both.

mod properties;
mod request;

pub use properties::parse_properties;
pub use request::{DeployMode, ProgramKind, SubmitRequest};

use std::collections::BTreeMap;

/// Options with a value that set a property, in the order of `spark-submit --help`, and their properties.
const PROPERTIES: &[(&str, &str)] = &[
    ("--master", "spark.master"),
    ("--deploy-mode", "spark.submit.deployMode"),
    ("--name", "spark.app.name"),
    ("--jars", "spark.jars"),
    ("--packages", "spark.jars.packages"),
    ("--exclude-packages", "spark.jars.excludes"),
    ("--repositories", "spark.jars.repositories"),
    ("--py-files", "spark.submit.pyFiles"),
    ("--files", "spark.files"),
    ("--archives", "spark.archives"),
    ("--driver-memory", "spark.driver.memory"),
    ("--driver-java-options", "spark.driver.extraJavaOptions"),
    ("--driver-library-path", "spark.driver.extraLibraryPath"),
    ("--driver-class-path", "spark.driver.extraClassPath"),
    ("--driver-default-class-path", "spark.driver.defaultExtraClassPath"),
    ("--driver-cores", "spark.driver.cores"),
    ("--executor-memory", "spark.executor.memory"),
    ("--executor-cores", "spark.executor.cores"),
    ("--total-executor-cores", "spark.cores.max"),
    ("--num-executors", "spark.executor.instances"),
    ("--queue", "spark.yarn.queue"),
    ("--principal", "spark.kerberos.principal"),
    ("--keytab", "spark.kerberos.keytab"),
];

/// Other options with a value.
const VALUES: &[&str] = &[
    "--remote",
    "--class",
    "--conf",
    "--properties-file",
    "--extra-properties-file",
    "--proxy-user",
    "--kill",
    "--status",
];

const SWITCHES: &[&str] =
    &["--supervise", "--verbose", "--help", "--version", "--load-spark-defaults", "--usage-error"];

/// What `spark-submit` was asked for, as far as the command line tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubmitArguments {
    /// What to do.
    pub action: SubmitAction,
    /// Properties that a flag sets.
    flags: BTreeMap<&'static str, String>,
    /// `--conf`; the last one of a key counts.
    conf: BTreeMap<String, String>,
    /// `--properties-file` (the last one counts), then every `--extra-properties-file`: of one key the last file's value holds.
    pub properties_files: Vec<String>,
    /// Whether `spark-defaults.conf` counts beside `--properties-file` (Spark 4).
    pub load_spark_defaults: bool,
    /// `--class`.
    pub main_class: Option<String>,
    /// `--remote`: a Spark Connect server.
    pub remote: Option<String>,
    /// `--proxy-user`.
    pub proxy_user: Option<String>,
    /// `--supervise`.
    pub supervise: bool,
    /// `--verbose`.
    pub verbose: bool,
    /// The program, as written.
    pub application: Option<String>,
    /// What stands behind the program: its own arguments.
    pub args: Vec<String>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SubmitAction {
    /// Start an application.
    #[default]
    Submit,
    /// End a driver of a cluster (`--kill`).
    Kill(String),
    /// Ask for the state of a driver of a cluster (`--status`).
    Status(String),
    /// Print the options.
    Help,
    /// Print the version.
    Version,
}

/// What is wrong with a command line. Messages are for the user who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// No such option. What stands after the program belongs to the program and is never looked at.
    #[error("`{option}` is no option of spark-submit")]
    UnknownOption {
        /// As written, without a value.
        option: String,
        /// The nearest one that is.
        nearest: Option<&'static str>,
    },
    /// The command line ends after an option that takes a value.
    #[error("`{option}` has no value")]
    MissingValue {
        /// The option.
        option: &'static str,
    },
    /// `--conf` without `KEY=VALUE`.
    #[error("`--conf {text}` has no `=`")]
    Conf {
        /// As written.
        text: String,
    },
    /// `--kill` with `--status`.
    #[error("`--kill` and `--status` cannot stand together")]
    TwoActions,
    /// Nothing to run.
    #[error("there is no program to submit")]
    NoApplication,
    /// The program is neither Python nor a jar.
    #[error("`{file}` is neither a Python program nor a jar")]
    Program {
        /// As written.
        file: String,
    },
    /// A number or size that must be positive.
    #[error("`{property}` takes {wanted}, not `{value}`")]
    Value {
        /// The property that it sets.
        property: &'static str,
        /// As written.
        value: String,
        /// What it takes.
        wanted: &'static str,
    },
    /// Two options that exclude each other.
    #[error("`{first}` and `{second}` cannot stand together")]
    Together {
        /// One.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// The driver cannot run in a cluster that is no other than this machine.
    #[error("a driver cannot run on the cluster when the master is `{master}`")]
    ClusterModeOnLocal {
        /// The master.
        master: String,
    },
}

impl SubmitError {
    /// What the user can do next.
    pub fn hint(&self) -> String {
        match self {
            Self::UnknownOption { nearest: Some(nearest), .. } => {
                format!("did you mean `{nearest}`?")
            }
            Self::UnknownOption { nearest: None, .. } => {
                "the options are those of `spark-submit --help`; what belongs to the program stands after it".to_owned()
            }
            Self::MissingValue { option } => format!("write `{option} VALUE`"),
            Self::Conf { text } => format!("write `--conf {text}=VALUE`"),
            Self::TwoActions => "ask for one of the two".to_owned(),
            Self::NoApplication => {
                "end the options with a .py file or a .jar, then its own arguments".to_owned()
            }
            Self::Program { .. } => {
                "a path or an address that ends in .py or .jar; programs in R are not run".to_owned()
            }
            Self::Value { property: "spark.submit.deployMode", .. } => {
                "`client`: the driver runs here; `cluster`: it runs there".to_owned()
            }
            Self::Value { wanted, .. } => format!("give {wanted}"),
            Self::Together { first, .. } => format!("remove `{first}` or the other"),
            Self::ClusterModeOnLocal { .. } => "leave `--deploy-mode cluster` out".to_owned(),
        }
    }
}

impl SubmitArguments {
    /// Reads the arguments of `spark-submit`, without its own name.
    ///
    /// # Errors
    /// What Spark refuses too: the first option that is unknown, has no value or contradicts another.
    pub fn parse(arguments: &[String]) -> Result<Self, SubmitError> {
        let mut read = Self::default();
        let mut files = (None, Vec::new());
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let (word, value) = split_at_equals(argument);
            if let Some(option) = option_of(word) {
                let value = match value {
                    Some(value) => value,
                    None => rest.next().ok_or(SubmitError::MissingValue { option })?,
                };
                match option {
                    "--properties-file" => files.0 = Some(value.to_owned()),
                    "--extra-properties-file" => files.1.push(value.to_owned()),
                    option => read.set(option, value)?,
                }
            } else if let Some(switch) = switch_of(word) {
                read.switch(switch);
                if matches!(read.action, SubmitAction::Help | SubmitAction::Version) {
                    break;
                }
            } else if word.starts_with('-') {
                return Err(SubmitError::UnknownOption {
                    option: word.to_owned(),
                    nearest: nearest_option(word),
                });
            } else {
                read.application = Some(argument.clone());
                break;
            }
        }
        read.args = rest.cloned().collect();
        read.properties_files = files.0.into_iter().chain(files.1).collect();
        Ok(read)
    }

    fn set(&mut self, option: &'static str, value: &str) -> Result<(), SubmitError> {
        let given = || Some(value.to_owned());
        match option {
            "--class" => self.main_class = given(),
            "--remote" => self.remote = given(),
            "--proxy-user" => self.proxy_user = given(),
            "--conf" => {
                let (key, value) = value
                    .split_once('=')
                    .ok_or_else(|| SubmitError::Conf { text: value.to_owned() })?;
                self.conf.insert(key.to_owned(), value.to_owned());
            }
            "--kill" | "--status" => {
                let kill = option == "--kill";
                match self.action {
                    SubmitAction::Kill(_) if !kill => return Err(SubmitError::TwoActions),
                    SubmitAction::Status(_) if kill => return Err(SubmitError::TwoActions),
                    _ => {}
                }
                let id = value.to_owned();
                self.action = if kill { SubmitAction::Kill(id) } else { SubmitAction::Status(id) };
            }
            option => {
                if let Some((_, property)) = PROPERTIES.iter().find(|(known, _)| *known == option) {
                    self.flags.insert(property, value.to_owned());
                }
            }
        }
        Ok(())
    }

    fn switch(&mut self, switch: &str) {
        match switch {
            "--supervise" => self.supervise = true,
            "--verbose" => self.verbose = true,
            "--load-spark-defaults" => self.load_spark_defaults = true,
            "--version" => self.action = SubmitAction::Version,
            _ => self.action = SubmitAction::Help,
        }
    }
}

/// `--option=value`, as Spark's pattern `(--[^=]+)=(.+)` splits it: an empty value or one with a line break is none.
fn split_at_equals(argument: &str) -> (&str, Option<&str>) {
    match argument.split_once('=') {
        Some((word, value))
            if word.len() > 2
                && word.starts_with("--")
                && !value.is_empty()
                && !value.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) =>
        {
            (word, Some(value))
        }
        _ => (argument, None),
    }
}

fn option_of(word: &str) -> Option<&'static str> {
    let word = if word == "-c" { "--conf" } else { word };
    options_with_value().find(|option| *option == word)
}

fn switch_of(word: &str) -> Option<&'static str> {
    let word = match word {
        "-h" => "--help",
        "-v" => "--verbose",
        word => word,
    };
    SWITCHES.iter().copied().find(|switch| *switch == word)
}

fn options_with_value() -> impl Iterator<Item = &'static str> {
    PROPERTIES.iter().map(|(option, _)| *option).chain(VALUES.iter().copied())
}

/// The option that is meant, at most a third of the letters off.
fn nearest_option(word: &str) -> Option<&'static str> {
    let known = options_with_value().chain(SWITCHES.iter().copied());
    let allowed = (word.chars().count() / 3).max(2);
    known
        .filter(|option| *option != "--usage-error" && word.len() <= 100)
        .map(|option| (strsim::damerau_levenshtein(&word.to_lowercase(), option), option))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, option)| option)
}
