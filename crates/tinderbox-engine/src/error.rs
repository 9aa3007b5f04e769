use crate::KubernetesError;
use std::io;
use std::path::PathBuf;
use tinderbox_model::{ErrorClass, SparkVersion};

/// What can go wrong when a run is launched, followed or ended. [`Error::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This machine has no Spark at all.
    #[error("no Spark was found on this machine{}", listed(". Looked at and refused: ", rejected))]
    NoSpark {
        /// Configured places that hold no Spark, each with the reason.
        rejected: Vec<String>,
    },
    /// There are Spark installations, but none of the wanted major version.
    #[error("no Spark {wanted} was found on this machine, only {}", found.join(", "))]
    NoSuchSpark {
        /// What the spec asks for.
        wanted: SparkVersion,
        /// Version and folder of each installation.
        found: Vec<String>,
    },
    /// Neither `JAVA_HOME` nor `PATH` leads to a Java.
    #[error("no Java was found{}", at.as_ref().map(|home| format!(": JAVA_HOME={home} has no bin/java")).unwrap_or_default())]
    NoJava {
        /// The value of `JAVA_HOME`, when that is what misleads.
        at: Option<String>,
    },
    /// `java -version` did not answer with a version.
    #[error("{java} -version does not answer as a Java does: {answer}")]
    BadJava {
        /// The program that was started.
        java: String,
        /// The first line of its answer, or why it could not be started.
        answer: String,
    },
    /// The Java is older than the Spark needs.
    #[error("Spark {spark} needs Java {needed} or newer, {java} is Java {found}")]
    OldJava {
        /// The Spark that was selected.
        spark: SparkVersion,
        /// The Java that was found.
        java: String,
        /// Its major version.
        found: u32,
        /// The lowest major version that this Spark runs on.
        needed: u32,
    },
    /// Neither the Spark installation nor `PATH` has a Python.
    #[error("no Python was found for the Spark in {}", home.display())]
    NoPython {
        /// The Spark installation.
        home: PathBuf,
    },
    /// There is no client that starts containers.
    #[error("no `{client}` was found, which is to start the container of the run")]
    NoContainers {
        /// Its name or path.
        client: String,
    },
    /// A cluster does not look into a jar for its main class.
    #[error("the main class of {file} must be named: a cluster does not look into it")]
    NoMainClass {
        /// The jar.
        file: String,
    },
    /// A value of the Spark configuration that must be known at launch cannot be read.
    #[error("{key} = `{value}` is not {expected}")]
    Conf {
        /// Spark's key.
        key: String,
        /// The value as given.
        value: String,
        /// What it should be, with an example.
        expected: &'static str,
    },
    /// A folder cannot be used.
    #[error("the folder {} cannot be used for a run: it {problem}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The attempt was launched before; launching it again could run the job twice.
    #[error("the attempt in {} was launched before", directory.display())]
    AlreadyLaunched {
        /// The attempt's folder.
        directory: PathBuf,
    },
    /// The supervisor of the attempt could not be started.
    #[error("cannot start {program}")]
    Start {
        /// The program that could not be started.
        program: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The supervisor was started and did not report within its time.
    #[error("the supervisor of the attempt in {} did not start: {log_tail}", directory.display())]
    NotStarted {
        /// The attempt's folder.
        directory: PathBuf,
        /// The end of the driver log, where the shell says why.
        log_tail: String,
    },
    /// Processes of an attempt are still there where none may be.
    #[error("{} of the attempt in {} still running: {pids:?}", if pids.len() == 1 { "a process" } else { "processes" }, directory.display())]
    StillRunning {
        /// The attempt's folder.
        directory: PathBuf,
        /// The processes.
        pids: Vec<i32>,
    },
    /// No connection to a cluster can be made from this process.
    #[error("no client for clusters can be made: {problem}")]
    Client {
        /// Why.
        problem: String,
    },
    /// A cluster does not answer; nothing was asked of it, or only what it does not mind.
    #[error("{server} does not answer: {problem}")]
    Unreachable {
        /// The address that was asked.
        server: String,
        /// Why.
        problem: String,
    },
    /// A cluster was asked to start something and its answer did not come: it may have.
    #[error("{server} was asked to start an attempt and its answer did not come: {problem}")]
    Unanswered {
        /// The address that was asked.
        server: String,
        /// Why.
        problem: String,
    },
    /// A cluster answers with a refusal.
    #[error("{server} refuses: {problem}")]
    Refused {
        /// The address that was asked.
        server: String,
        /// What it says.
        problem: String,
    },
    /// Nobody can tell yet whether a cluster has what it was asked for.
    #[error("{why}")]
    Undecided {
        /// Why, a sentence for people.
        why: String,
    },
    /// An attempt is asked about on an engine that does not have it.
    #[error("the attempt in {} is not of this engine", directory.display())]
    WrongCluster {
        /// The attempt's folder.
        directory: PathBuf,
    },
    /// A cluster was asked to end something and has not.
    #[error("{server} was asked to end {what}, and it is still there")]
    StillThere {
        /// The cluster.
        server: String,
        /// The driver.
        what: String,
    },
    /// Of a run on Kubernetes.
    #[error(transparent)]
    Kubernetes(#[from] KubernetesError),
    /// A file of the attempt cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of the attempt cannot be written or removed.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Error {
    /// Whose fault it is and whether trying again can help.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Kubernetes(error) => error.class(),
            Self::NoSpark { .. }
            | Self::NoSuchSpark { .. }
            | Self::NoJava { .. }
            | Self::BadJava { .. }
            | Self::OldJava { .. }
            | Self::NoPython { .. }
            | Self::NoContainers { .. }
            | Self::NoMainClass { .. }
            | Self::Conf { .. }
            | Self::Folder { .. }
            | Self::Refused { .. } => ErrorClass::USER,
            Self::AlreadyLaunched { .. } | Self::WrongCluster { .. } => ErrorClass::INTERNAL,
            Self::Start { .. }
            | Self::NotStarted { .. }
            | Self::StillRunning { .. }
            | Self::StillThere { .. }
            | Self::Client { .. }
            | Self::Unreachable { .. }
            | Self::Unanswered { .. }
            | Self::Undecided { .. }
            | Self::Read { .. }
            | Self::Write { .. } => ErrorClass::EXTERNAL,
        }
    }

    /// Whether an attempt whose launch failed so may run all the same.
    pub fn may_have_started(&self) -> bool {
        // What is started here leaves its traces in the attempt's folder; a cluster was not asked before the last of these.
        matches!(
            self,
            Self::Start { .. }
                | Self::NotStarted { .. }
                | Self::Unanswered { .. }
                | Self::Write { .. }
        )
    }

    /// What the user can do next; `None` where the message or its source says it all.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoSpark { .. } => {
                "install one with `pip install pyspark==3.5.8`, or set SPARK_HOME to a Spark folder, \
                 or TINDERBOX_SPARK_HOMES to a colon-separated list of Spark folders and Python environments"
                    .to_owned()
            }
            Self::NoSuchSpark { wanted, .. } => format!(
                "leave the version out of the spec, or install it with `pip install 'pyspark=={}.*'` in a Python \
                 environment and add that environment to TINDERBOX_SPARK_HOMES",
                wanted.text
            ),
            Self::NoJava { .. } => {
                "install a JDK or JRE 17 (Debian: `apt install openjdk-17-jre-headless`), or set JAVA_HOME to one"
                    .to_owned()
            }
            Self::BadJava { .. } => "set JAVA_HOME to a JDK or JRE 17".to_owned(),
            Self::OldJava { needed, .. } => {
                format!("install Java {needed} or newer and set JAVA_HOME to it")
            }
            Self::NoPython { .. } => "put a `python3` on the PATH".to_owned(),
            Self::NoContainers { .. } => {
                "install Docker or Podman, or name the one that is there with `runtime:` in the profile".to_owned()
            }
            Self::NoMainClass { .. } => "give it as `main_class`, or with --class".to_owned(),
            Self::Conf { key, .. } => format!("correct {key} in the spec's configuration"),
            Self::Folder { .. } => "choose another folder".to_owned(),
            Self::AlreadyLaunched { .. } => "start a new attempt of the run".to_owned(),
            Self::Start { program, .. } => {
                format!("install `{program}` (Debian: `apt install util-linux dash`)")
            }
            Self::StillRunning { pids, .. } => {
                format!("see what holds them with `ps -o pid,stat,wchan,args -p {}`", listed_pids(pids))
            }
            Self::Unreachable { .. } => {
                "check that the cluster runs and is reachable from here; the REST server of a standalone master needs \
                 spark.master.rest.enabled=true"
                    .to_owned()
            }
            Self::Unanswered { .. } | Self::Undecided { .. } => {
                "look at the cluster's page whether the application has started, before it is started again".to_owned()
            }
            Self::StillThere { .. } => {
                "look at the cluster's page; it is asked again as long as the run is not over".to_owned()
            }
            Self::Kubernetes(error) => return error.hint(),
            Self::Client { .. } | Self::Refused { .. } | Self::WrongCluster { .. } => return None,
            Self::NotStarted { .. } | Self::Read { .. } | Self::Write { .. } => return None,
        };
        Some(hint)
    }
}

/// An error with all that it comes from, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

fn listed(intro: &str, items: &[String]) -> String {
    if items.is_empty() { String::new() } else { format!("{intro}{}", items.join("; ")) }
}

fn listed_pids(pids: &[i32]) -> String {
    pids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
