use crate::Owner;
use std::path::PathBuf;
use tinderbox_model::ErrorClass;

/// Why a use case failed. `Display` says what happened; [`Error::hint`] what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data directory cannot be used.
    #[error("cannot use the data directory {}", path.display())]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Another process owns the data directory.
    #[error("the data directory {} belongs to a running Tinderbox{}", path.display(), owned_by(owner.as_ref()))]
    Owned {
        /// The directory.
        path: PathBuf,
        /// Its owner.
        owner: Option<Owner>,
    },
    /// No run has this id.
    #[error("no run is called {id}")]
    NoSuchRun {
        /// What was asked for.
        id: String,
    },
    /// Several runs could be meant.
    #[error("{id} could be any of {}", matches.join(", "))]
    AmbiguousRun {
        /// What was asked for.
        id: String,
        /// Some of the runs.
        matches: Vec<String>,
    },
    /// The run has ended, so it cannot be cancelled.
    #[error("the run {id} has ended already: it is {state}")]
    AlreadyEnded {
        /// The run.
        id: String,
        /// Its state.
        state: &'static str,
    },
    /// The run was only observed, so there is nothing here that could end it.
    #[error("the run {id} was observed, not launched here: it cannot be cancelled from here")]
    NotLaunchedHere {
        /// The run.
        id: String,
    },
    /// Pods wrote their event log to where it is not found.
    #[error("there is no event log {id} in {directory}")]
    NoPodsLog {
        /// `spark.eventLog.dir` of the job.
        directory: String,
        /// Spark's application id.
        id: String,
    },
    /// The folder that relative paths start from cannot be used.
    #[error("the base directory `{}` is not an absolute path of a folder", path.display())]
    BaseDirectory {
        /// What was given.
        path: PathBuf,
    },
    /// Nothing was recorded of what happened inside the run.
    #[error("nothing is known yet of what happens inside the run {id}")]
    NoRecord {
        /// The run.
        id: String,
    },
    /// The run has no such streaming query.
    #[error("the run {id} has no streaming query {query}")]
    NoSuchQuery {
        /// The run.
        id: String,
        /// What was asked for.
        query: String,
    },
    /// The run was on Sail, and what is asked for is of Spark.
    #[error("the run {id} was not on Spark: {why}")]
    NothingInside {
        /// The run.
        id: String,
        /// Why there is nothing.
        why: String,
    },
    /// The profile is of a cluster, which has no sessions.
    #[error("the profile {name} is no Spark Connect server")]
    NoConnectServer {
        /// The profile.
        name: String,
    },
    /// The run was on Spark, whose commands are not kept.
    #[error("the run {id} was not on Sail or a Connect server")]
    NotOnSail {
        /// The run.
        id: String,
    },
    /// The run has executed no such command.
    #[error("the run {id} has executed no command {number}")]
    NoSuchCommand {
        /// The run.
        id: String,
        /// What was asked for, from 1.
        number: u32,
    },
    /// No Spark, or no Java for it, where none was asked for by name.
    #[error("no Spark can be started here")]
    NoSparkHere(#[source] tinderbox_engine::Error),
    /// The run was not made from a spec.
    #[error("the run {id} was observed, not launched here: it has no spec")]
    NoSpec {
        /// The run.
        id: String,
    },
    /// The run has no driver log.
    #[error("the run {id} has no driver log here")]
    NoLog {
        /// The run.
        id: String,
    },
    /// An executor has no log here.
    #[error("the run {run} has no log of an executor {executor} here")]
    NoExecutorLog {
        /// The run.
        run: String,
        /// What was asked for.
        executor: String,
        /// Executors that have one.
        known: Vec<String>,
    },
    /// The spec has errors.
    #[error("{rendered}")]
    BadSpec {
        /// All of them, rendered for a terminal.
        rendered: String,
    },
    /// A source of the spec is not there.
    #[error("the source {node} reads {}, which does not exist", path.display())]
    MissingInput {
        /// The node.
        node: String,
        /// The file or folder.
        path: PathBuf,
    },
    /// Secrets that the spec names are not in the environment.
    #[error("the spec needs {}, which {} not set", variables.join(" and "), if variables.len() == 1 { "is" } else { "are" })]
    MissingSecrets {
        /// Their variables.
        variables: Vec<String>,
    },
    /// The engine has no such name.
    #[error("there is no engine called {name}")]
    NoSuchEngine {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No cluster profile has this name.
    #[error("there is no cluster profile called {name}")]
    NoSuchCluster {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No profile has this master.
    #[error("no cluster profile has the master {master}")]
    NoSuchMaster {
        /// As it was given.
        master: String,
        /// Names of profiles.
        known: Vec<String>,
    },
    /// The job asks for more than its profile allows.
    #[error("the profile {profile} does not take this job: {}", problems.join("; "))]
    BeyondLimits {
        /// The profile.
        profile: String,
        /// A sentence for each limit.
        problems: Vec<String>,
    },
    /// The job is of another environment than its profile.
    #[error("the profile {profile} takes jobs of the environment {of} only, not of {chosen}")]
    OtherEnvironment {
        /// The profile.
        profile: String,
        /// Its environment.
        of: String,
        /// That of the job.
        chosen: String,
    },
    /// The job was made for another Spark than its profile has.
    #[error("the spec is made for Spark {wanted}, the profile {profile} has Spark {found}")]
    OtherVersion {
        /// The profile.
        profile: String,
        /// The spec's version.
        wanted: String,
        /// That of the cluster.
        found: String,
        /// The profile whose version is next to it.
        nearest: Option<String>,
    },
    /// The engine comes with a later version.
    #[error("the engine {name} is not part of this version")]
    EngineNotHere {
        /// What was asked for.
        name: String,
    },
    /// There is no advice to apply.
    #[error(
        "there is no advice to apply: no run of {name} has been analyzed, or none had findings that a setting can mend"
    )]
    NoAdvice {
        /// The spec's name.
        name: String,
    },
    /// Advice does not fit the spec.
    #[error("the advice cannot be applied to {name}")]
    Advice {
        /// The spec's name.
        name: String,
        /// Why.
        #[source]
        source: tinderbox_spec::Error,
    },
    /// The job cannot be a manifest of the kubeflow operator.
    #[error("{problem}")]
    NotForOperator {
        /// Why.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// The engine failed.
    #[error("the engine refused")]
    Engine(#[source] tinderbox_engine::Error),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] tinderbox_store::Error),
    /// A log could not be collected.
    #[error("cannot collect")]
    Collect(#[source] tinderbox_collect::Error),
    /// A table or detail file failed.
    #[error("cannot use a file")]
    Table(#[from] tinderbox_table::Error),
    /// A file of a run cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The data directory holds no history.
    #[error("there is no history in {}", path.display())]
    NoHistory {
        /// The directory.
        path: PathBuf,
    },
    /// A table of the history has no rows yet.
    #[error("the table {table} has no rows yet")]
    EmptyTable {
        /// Its name.
        table: String,
    },
    /// The data set was imported before, and its files have changed since.
    #[error("the data set {} was imported before and has changed since", source_folder.display())]
    ImportChanged {
        /// Where it lies.
        source_folder: PathBuf,
    },
    /// The files of a data set changed while they were read.
    #[error("the files of the data set {} changed while they were read", source_folder.display())]
    ImportMoved {
        /// Where it lies.
        source_folder: PathBuf,
    },
    /// The place of a page is none, or one of another order.
    #[error("the cursor is not one of a list in this order")]
    BadCursor,
    /// The job came with a data set, which tells nothing of what is asked.
    #[error("the job {id} came with a data set, which does not tell this of its jobs")]
    Imported {
        /// The job.
        id: String,
    },
    /// No session that was opened here has this name or id.
    #[error("there is no session `{text}`")]
    NoSession {
        /// What was asked for.
        text: String,
        /// Names or ids of those there are.
        known: Vec<String>,
    },
    /// The token of a session is not there.
    #[error("the environment variable {variable}, which has the token of the session, is not set")]
    NoToken {
        /// Its name.
        variable: String,
    },
    /// A request over several numbers of executors has faults.
    #[error("{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    BadJob {
        /// All of them.
        faults: Vec<tinderbox_scale::FieldError>,
    },
    /// The id names another job.
    #[error("there is another job {job_id} of this user, with another request")]
    JobExists {
        /// The id.
        job_id: String,
    },
    /// Somebody has written there before, and nothing is overwritten.
    #[error("there are results at {place} already")]
    ResultsExist {
        /// Where.
        place: String,
    },
    /// The data set is not there.
    #[error("there is no data set at {place}")]
    MissingDataset {
        /// Where.
        place: String,
    },
    /// The data set holds nothing.
    #[error("the data set at {place} is empty")]
    EmptyDataset {
        /// Where.
        place: String,
    },
    /// The object store failed.
    #[error("the object store cannot be used")]
    ObjectStore(#[source] tinderbox_collect::Error),
    /// There is no such job over several numbers of executors.
    #[error("there is no job {name}")]
    NoSuchScaleJob {
        /// What was asked for.
        name: String,
    },
    /// It has ended, so it cannot be cancelled.
    #[error("the job {job_id} has ended already")]
    ScaleJobEnded {
        /// The job.
        job_id: String,
    },
    /// There is no PySpark with its Connect client.
    #[error(
        "no PySpark with its Spark Connect client was found, through which jobs are measured on Sail"
    )]
    NoConnectClient,
    /// The driver would not find the files of this machine.
    #[error("drivers of {cluster} are on the cluster, and the job measures files of this machine")]
    DriverElsewhere {
        /// The profile.
        cluster: String,
    },
    /// A batch job cannot be measured there.
    #[error("a batch job cannot be measured on {cluster}")]
    NotMeasured {
        /// The profile.
        cluster: String,
    },
    /// Containers on this machine have their executors in the driver.
    #[error(
        "{cluster} has no executors to count: its driver is in a container and does all by itself"
    )]
    NoExecutors {
        /// The profile.
        cluster: String,
    },
    /// This process ends.
    #[error("the server ends before the job {job_id} does, which goes on when it starts again")]
    Closing {
        /// The job.
        job_id: String,
    },
    /// Sail or a Spark Connect server failed, or the SQL is not taken.
    #[error(transparent)]
    Connect(#[from] tinderbox_connect::Error),
    /// Work in the background ended early.
    #[error("background work ended early: {0}")]
    Background(String),
}

impl Error {
    /// Whose fault, and whether to try again.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Store(error) => error.class(),
            Self::Engine(error) | Self::NoSparkHere(error) => error.class(),
            Self::Collect(error) | Self::ObjectStore(error) => error.class(),
            Self::Table(error) => error.class(),
            Self::Connect(error) => error.class(),
            Self::Background(_) => ErrorClass::INTERNAL,
            Self::File { .. } | Self::Closing { .. } => ErrorClass::EXTERNAL,
            _ => ErrorClass::USER,
        }
    }

    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::DataDir { .. } => "data-directory",
            Self::Owned { .. } => "data-directory-owned",
            Self::NoSuchRun { .. } | Self::AmbiguousRun { .. } => "job-not-found",
            Self::AlreadyEnded { .. } => "already-ended",
            Self::NotLaunchedHere { .. } => "not-launched-here",
            Self::BaseDirectory { .. } => "base-directory",
            Self::NoRecord { .. } | Self::NothingInside { .. } => "no-record",
            Self::NotOnSail { .. } | Self::NoSuchCommand { .. } => "not-on-sail",
            Self::NoConnectServer { .. } => "no-connect-server",
            Self::NoSuchQuery { .. } => "no-such-query",
            Self::NoSpec { .. } => "no-spec",
            Self::NoLog { .. } | Self::NoExecutorLog { .. } | Self::NoPodsLog { .. } => "no-log",
            Self::BadSpec { .. } => "bad-spec",
            Self::MissingInput { .. } => "missing-input",
            Self::MissingSecrets { .. } => "missing-secrets",
            Self::NoSuchEngine { .. } | Self::EngineNotHere { .. } => "no-such-engine",
            Self::NoSuchCluster { .. } => "no-such-cluster",
            Self::NoSuchMaster { .. } => "no-such-master",
            Self::BeyondLimits { .. } => "beyond-limits",
            Self::OtherEnvironment { .. } => "other-environment",
            Self::OtherVersion { .. } => "other-version",
            Self::NoAdvice { .. } => "no-advice",
            Self::Advice { .. } => "advice-does-not-fit",
            Self::NotForOperator { .. } => "not-for-operator",
            Self::Engine(_) | Self::NoSparkHere(_) => "engine",
            Self::Store(_) => "store",
            Self::Collect(_) => "collect",
            Self::Table(_) => "table",
            Self::NoHistory { .. } | Self::EmptyTable { .. } => "no-history",
            Self::Connect(_) => "connect",
            Self::NoSession { .. } => "no-session",
            Self::NoToken { .. } => "no-token",
            Self::ImportChanged { .. } => "import-changed",
            Self::ImportMoved { .. } => "import-moved",
            Self::BadCursor => "bad-cursor",
            Self::Imported { .. } => "no-record",
            Self::File { .. } => "file",
            Self::BadJob { .. } => "bad-job",
            Self::JobExists { .. } => "job-exists",
            Self::ResultsExist { .. } => "results-exist",
            Self::MissingDataset { .. } => "missing-dataset",
            Self::EmptyDataset { .. } => "empty-dataset",
            Self::ObjectStore(_) => "object-store",
            Self::NoSuchScaleJob { .. } => "no-such-job",
            Self::ScaleJobEnded { .. } => "job-ended",
            Self::NoConnectClient => "no-connect-client",
            Self::NotMeasured { .. } | Self::DriverElsewhere { .. } | Self::NoExecutors { .. } => {
                "not-measured"
            }
            Self::Closing { .. } => "closing",
            Self::Background(_) => "background",
        }
    }

    /// What the user can do next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::DataDir { .. } => "choose another directory with --data-dir or TINDERBOX_DATA_DIR".to_owned(),
            Self::Owned { .. } => "commands find the running server by themselves; to start a second server give it another --data-dir".to_owned(),
            Self::NoSuchRun { .. } => "`tinderbox jobs` lists the runs; `latest` names the newest".to_owned(),
            Self::AmbiguousRun { .. } => "give more of the id".to_owned(),
            Self::AlreadyEnded { .. } => return None,
            Self::NotLaunchedHere { .. } => "end it where it was started".to_owned(),
            Self::BaseDirectory { .. } => "give the folder of the spec, on the server's machine".to_owned(),
            Self::NoRecord { .. } => "it is there when Spark has started, or when the event log was collected".to_owned(),
            Self::NoPodsLog { .. } => "set spark.eventLog.dir to an address that pods and the server can reach".to_owned(),
            Self::NoSuchQuery { .. } => "give the query's id, the id of one start of it, or its name".to_owned(),
            Self::NothingInside { .. } => "`tinderbox logs` has what its driver said, and the run's page what was executed".to_owned(),
            Self::NoConnectServer { .. } => "name one of `engine: sail`, or leave it out for a Sail of its own".to_owned(),
            Self::NotOnSail { .. } => "what was submitted to Spark is on the run's page".to_owned(),
            Self::NoSuchCommand { .. } => "they count from 1".to_owned(),
            Self::NoSparkHere(error) => {
                let other = "or run it without Java on Sail: --engine sail";
                error.hint().map_or_else(|| other.to_owned(), |hint| format!("{hint}; {other}"))
            }
            Self::NoSpec { .. } => return None,
            Self::NoExecutorLog { known, .. } if known.is_empty() => {
                "executors of local Spark print into the driver's log; those of clusters have logs here once they have \
                 printed something that could be copied"
                    .to_owned()
            }
            Self::NoExecutorLog { known, .. } => format!("there are those of {}", known.join(", ")),
            Self::NoLog { .. } => "driver logs are kept for runs that were launched here".to_owned(),
            Self::BadSpec { .. } => "`tinderbox check SPEC` shows the errors without running anything".to_owned(),
            Self::MissingInput { .. } => "relative paths start at the folder of the spec; correct the path or make the data first".to_owned(),
            Self::MissingSecrets { .. } => "export it before the command; where a server runs (`tinderbox serve`), before that is started: it launches the job".to_owned(),
            Self::NoSuchEngine { known, .. } => format!("engines here: {}", known.join(", ")),
            Self::NoSuchCluster { known, .. } if known.is_empty() => {
                "store one with `tinderbox cluster apply PROFILE.yaml`".to_owned()
            }
            Self::NoSuchCluster { known, .. } => format!("profiles here: {}", known.join(", ")),
            Self::NoSuchMaster { known, .. } => {
                let known = if known.is_empty() { "there are none yet".to_owned() } else { known.join(", ") };
                format!("store a profile of it with `tinderbox cluster apply`, or choose one with --engine: {known}")
            }
            Self::BeyondLimits { .. } => {
                "ask for less in the spec's `cluster:`, or raise `limits:` in the profile".to_owned()
            }
            Self::OtherEnvironment { .. } => {
                "choose a profile of that environment with --engine".to_owned()
            }
            Self::OtherVersion { nearest: Some(nearest), .. } => {
                format!("run it with --engine {nearest}, or change `cluster.version` in the spec")
            }
            Self::OtherVersion { nearest: None, .. } => {
                "change `cluster.version` in the spec".to_owned()
            }
            Self::EngineNotHere { .. } => "leave --engine out, or use --engine local".to_owned(),
            Self::NoAdvice { .. } => "run the spec once without --apply-advice, then `tinderbox analyze latest`".to_owned(),
            Self::Advice { .. } => return None,
            Self::NotForOperator { hint, .. } => hint.clone(),
            Self::Engine(error) => return error.hint(),
            Self::Store(error) => return error.hint().map(str::to_owned),
            Self::Collect(error) => error.hint(),
            Self::Table(error) => error.hint().to_owned(),
            Self::NoHistory { .. } | Self::EmptyTable { .. } => {
                "fill it with `tinderbox collect --event-log-dir DIR`, or name another --data-dir".to_owned()
            }
            Self::ImportChanged { .. } => "give --replace to take its files as they are now".to_owned(),
            Self::ImportMoved { .. } => "try again when whoever writes them has finished".to_owned(),
            Self::BadCursor => "take next_cursor of the page before, with the same sort_by".to_owned(),
            Self::Imported { .. } => "its operators, errors and timeline are there".to_owned(),
            Self::Connect(error) => return error.hint(),
            Self::NoSession { known, .. } if known.is_empty() => {
                "open one: tinderbox session open sc://HOST:PORT".to_owned()
            }
            Self::NoSession { known, .. } => format!("sessions: {}", known.join(", ")),
            Self::NoToken { variable } => format!("export {variable}"),
            Self::BadJob { faults } => {
                let hint = |fault: &tinderbox_scale::FieldError| {
                    Some(format!("{}: {}", fault.field, fault.hint.as_deref()?))
                };
                let hints: Vec<_> = faults.iter().filter_map(hint).collect();
                if hints.is_empty() { "docs/submit-job.md has the fields of requests".to_owned() } else { hints.join("; ") }
            }
            Self::JobExists { .. } | Self::ResultsExist { .. } => {
                "nothing is overwritten: use another `job_id`".to_owned()
            }
            Self::MissingDataset { .. } => "check the path, and the bucket of the server (`serve --s3-bucket`); case counts".to_owned(),
            Self::EmptyDataset { .. } => "write rows to it first, or name another one".to_owned(),
            Self::ObjectStore(error) => error.hint(),
            Self::NoSuchScaleJob { .. } => "the path is /submit-job/USER/JOB_ID, with the first part of its `s3_path`".to_owned(),
            Self::ScaleJobEnded { .. } => return None,
            Self::NoConnectClient => "install it into an environment of its own (pip install 'pyspark[connect]') and name that in TINDERBOX_SPARK_HOMES".to_owned(),
            Self::DriverElsewhere { .. } => "take a profile with `deployMode: client`, or a data set of the bucket (`s3_path`)".to_owned(),
            Self::NoExecutors { .. } => "leave the cluster out, which starts executors from a Spark on this machine, or name another profile".to_owned(),
            Self::NotMeasured { .. } => "measure it on Spark: leave --engine out, or name a profile of Spark".to_owned(),
            Self::Closing { .. } => "ask for it again when the server is back: the same request answers with the same job".to_owned(),
            Self::File { .. } | Self::Background(_) => return None,
        })
    }
}

/// The error and all its causes in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

fn owned_by(owner: Option<&Owner>) -> String {
    match owner {
        Some(Owner { pid, url: Some(url) }) => format!(" at {url} (process {pid})"),
        Some(Owner { pid, .. }) => format!(" (process {pid})"),
        None => String::new(),
    }
}
