//! The arguments. Doc comments here are the manual.

mod cluster;
mod generate;
mod history;
mod scale;
mod session;
mod spec;
mod submit;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
pub use cluster::ClusterCommand;
pub use generate::{Fit, Generate, GenerateCommand, Live};
pub use history::{HistoryApi, HistoryCommand, HistoryStatus};
pub use scale::{Scale, SubmittedJobs};
pub use session::{Bounds, SessionCommand};
pub use spec::SpecCommand;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
pub use submit::Submit;
use tinderbox_model::Bytes;

/// The control room for Apache Spark jobs: define, run, watch, understand, tune.
#[derive(Debug, Parser)]
#[command(name = "tinderbox", version, propagate_version = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Where to find Tinderbox's data, or a server.
    #[command(flatten)]
    pub place: Place,
}

impl Arguments {
    /// Reads the command line and the environment, in this order: what was typed wins over a variable, also when
    /// `--data-dir` was typed and `TINDERBOX_URL` is set. Ends the process with the usage when they do not fit.
    pub fn from_command_line() -> Self {
        Self::of(&Self::command().get_matches()).unwrap_or_else(|error| error.exit())
    }

    fn of(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut arguments = Self::from_arg_matches(matches)?;
        let given = matches.subcommand().map_or(matches, |(_, matches)| matches);
        let is_from = |name, source| given.value_source(name) == Some(source);
        if is_from("data_dir", ValueSource::CommandLine)
            && is_from("server", ValueSource::EnvVariable)
        {
            arguments.place.server = None;
        }
        Ok(arguments)
    }
}

/// Where the data is: a server, or a data directory on this machine.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// Data directory; the user's data folder when left out.
    #[arg(long, global = true, env = "TINDERBOX_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Talk to this server instead of a data directory.
    #[arg(long, global = true, env = "TINDERBOX_URL", value_name = "URL")]
    pub server: Option<String>,
    /// Token for --server.
    #[arg(
        long,
        global = true,
        env = "TINDERBOX_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    pub token: Option<String>,
}

/// What sources of history may call.
#[derive(Debug, Clone, Default, Args)]
pub struct Outgoing {
    /// Allow link-local and metadata addresses, where cloud machines get credentials from.
    #[arg(long)]
    pub allow_instance_metadata: bool,
    /// Proxy for object stores and history servers; those of the environment are not used.
    #[arg(long, value_name = "URL")]
    pub proxy: Option<String>,
}

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check a spec without running anything.
    Check {
        /// The spec: YAML or JSON.
        spec: PathBuf,
        #[command(flatten)]
        chosen: Chosen,
        /// Also ask for the columns and types of every node: `sail`, or the address of a Spark Connect server that sees
        /// the files at the same paths, sc://HOST:PORT.
        #[arg(long, value_name = "ENGINE")]
        engine: Option<String>,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Begin a spec, and look up what one can hold.
    Spec {
        #[command(subcommand)]
        command: SpecCommand,
    },
    /// Show the first rows of a node, computed without running the job.
    ///
    /// On Sail, which reads local files; or on a Spark Connect server.
    Preview {
        /// The spec: YAML or JSON.
        spec: PathBuf,
        /// The node.
        #[arg(long, value_name = "ID")]
        node: String,
        /// How many rows.
        #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(..=100_000))]
        rows: u32,
        #[command(flatten)]
        chosen: Chosen,
        /// `sail`, or the address of a Spark Connect server that sees the files at the same paths: sc://HOST:PORT.
        #[arg(long, default_value = "sail", value_name = "ENGINE")]
        engine: String,
        /// Read large sources to the end, where the rows depend on all of them.
        #[arg(long)]
        exact: bool,
        /// Instead of rows: nulls, different values, extremes and distribution of each column, and the node's expectations.
        #[arg(long)]
        profile: bool,
        /// Stay, and show it again whenever the spec, a file that it includes or its data changes; Ctrl-C ends it.
        #[arg(long)]
        watch: bool,
        /// How to print: a table, or JSON with an array of row objects.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Work interactively on a Spark Connect server: SQL, plans, nodes of a spec, a debugger.
    Session {
        /// What to do.
        #[command(subcommand)]
        command: SessionCommand,
    },
    /// Run the tests of a spec: given rows, expected rows.
    ///
    /// On Sail, or on a Spark Connect server. Exit code 1 when a test fails.
    Test {
        /// The spec: YAML or JSON.
        spec: PathBuf,
        #[command(flatten)]
        chosen: Chosen,
        /// Only tests whose names contain this.
        #[arg(long)]
        name: Option<String>,
        /// `sail`, or the address of a Spark Connect server: sc://HOST:PORT.
        #[arg(long, default_value = "sail", value_name = "ENGINE")]
        engine: String,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Print the code that a spec becomes: as PySpark byte for byte what `run` submits.
    Compile {
        /// The spec: YAML or JSON.
        spec: PathBuf,
        /// The language.
        #[arg(long, value_enum, default_value = "pyspark")]
        to: Target,
        /// Write the files of a pipeline into this folder: a new or empty one, or one that has such a pipeline already.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        #[command(flatten)]
        chosen: Chosen,
        /// How to print: the code, or JSON with a map from nodes to lines.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Say which columns the columns of a spec are made from.
    Lineage {
        /// The spec: YAML or JSON.
        spec: PathBuf,
        /// One column only, as NODE.COLUMN.
        #[arg(long)]
        column: Option<String>,
        #[command(flatten)]
        chosen: Chosen,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Run a spec on Spark, show its progress, then what was found.
    Run {
        /// The spec: YAML or JSON.
        spec: PathBuf,
        /// Engine or profile; local Spark when left out.
        #[arg(long, value_name = "ENGINE")]
        engine: Option<String>,
        /// Apply the advice of the newest analyzed run of this spec before running it.
        #[arg(long)]
        apply_advice: bool,
        #[command(flatten)]
        chosen: Chosen,
        /// End the run when it lasts longer, for example 30m, 2h, 90s.
        #[arg(long, value_name = "TIME", value_parser = duration)]
        timeout: Option<Duration>,
        /// Attempts beside the first one, for failures that are the cluster's: preempted, unreachable, lost.
        #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u32).range(..=100))]
        retries: u32,
        /// Repeating a run with the same key starts nothing new.
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
        /// Return as soon as the run is recorded; needs a running server.
        #[arg(long)]
        detach: bool,
        /// How to print the result.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Run a program that you have, with the arguments of `spark-submit`.
    ///
    /// Tinderbox's own options come first.
    Submit(Submit),
    /// Measure a job on several numbers of executors, and draw what they bring.
    Scale(Scale),
    /// List runs, newest first.
    Jobs {
        /// Only these states, commas between.
        #[arg(long, value_name = "STATES")]
        state: Option<String>,
        /// Only names that contain this, case ignored.
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Column to sort by.
        #[arg(long, default_value = "created_time")]
        sort_by: String,
        /// Rows to print.
        #[arg(long, default_value_t = 20)]
        limit: u64,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Print the log of a run's driver, or of one of its executors.
    Logs {
        /// The run: its id, a unique end or beginning of it, or `latest`.
        run: String,
        /// The log of the executor with this id.
        #[arg(long, value_name = "ID")]
        executor: Option<String>,
        /// List the executors that have a log of their own.
        #[arg(long, conflicts_with_all = ["executor", "follow", "search"])]
        executors: bool,
        /// Go on printing until the run ends.
        #[arg(long, short)]
        follow: bool,
        /// Only lines that contain this, case ignored.
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Print what came of the expectations of a run.
    Expectations {
        /// The run: its id, a unique end or beginning of it, or `latest`.
        run: String,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// End a run.
    Cancel {
        /// The run: its id, a unique end or beginning of it, or `latest`.
        run: String,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Say what is wrong or wasteful in a run or an event log, with evidence and advice.
    Analyze {
        /// A run (id, part of it, `latest`), or the path or address of an event log.
        target: String,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Put two runs side by side.
    Compare {
        /// The earlier run.
        before: String,
        /// The later run.
        after: String,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Read event logs into the history. Logs that have not changed are not opened again.
    Collect {
        /// A log directory or a single log: a path, file:///…, s3://…, gs://…, az://… or abfss://…; may be repeated.
        #[arg(long, value_name = "URL", required = true)]
        event_log_dir: Vec<String>,
        /// Look into the directories below, too.
        #[arg(long)]
        recursive: bool,
        /// Look again every ten seconds, until Ctrl-C.
        #[arg(long)]
        watch: bool,
        /// What may be called.
        #[command(flatten)]
        outgoing: Outgoing,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Read the event logs that one of Spark's own History Servers has, over its REST API.
    CollectFromHistoryServer {
        /// The server, for example https://history.example:18080.
        #[arg(long, value_name = "URL")]
        history_server_url: String,
        /// Only applications that started then or later, for example 2026-11-20.
        #[arg(long, value_name = "DATE")]
        since: Option<String>,
        /// At most so many applications, the latest ended first.
        #[arg(long, value_name = "N")]
        limit: Option<u64>,
        /// Only applications in this state.
        #[arg(long, value_enum)]
        status: Option<HistoryStatus>,
        /// File with headers for every request, one a line, as `Name: value`.
        #[arg(long, value_name = "FILE")]
        header_file: Option<PathBuf>,
        /// Environment variable that holds a bearer token.
        #[arg(long, value_name = "NAME", conflicts_with = "basic_auth_variable")]
        bearer_token_variable: Option<String>,
        /// Environment variable that holds user:password.
        #[arg(long, value_name = "NAME")]
        basic_auth_variable: Option<String>,
        /// What the log of one attempt may become when it is unpacked.
        #[arg(long, value_name = "SIZE", default_value = "64g", value_parser = size)]
        max_log_size: Bytes,
        /// What may be called.
        #[command(flatten)]
        outgoing: Outgoing,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Take a data set of jobs into the history: jobs/spark_jobs.parquet and what lies beside it, as `tinderbox generate`
    /// and other programs write it.
    Import {
        /// The folder.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Take the files as they are now when they have changed since an earlier import.
        #[arg(long)]
        replace: bool,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Serve the page and the API.
    Serve {
        /// Address to listen on; port 0 takes a free one.
        #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7878")]
        listen: SocketAddr,
        /// Read event logs from here, now and every ten seconds: a path, file:///…, s3://…, gs://…, az://… or
        /// abfss://…; may be repeated.
        #[arg(long, value_name = "URL")]
        event_log_dir: Vec<String>,
        /// Look into the directories below, too.
        #[arg(long)]
        recursive: bool,
        /// Show the jobs of the data set in this folder, read where it lies; may be repeated. POST /api/refresh reads
        /// again what has changed.
        #[arg(long, value_name = "DIR")]
        parquet: Vec<PathBuf>,
        /// What may be called.
        #[command(flatten)]
        outgoing: Outgoing,
        /// Remove runs that ended longer ago, for example 90d. Looks now and every ten minutes.
        #[arg(long, value_name = "TIME", value_parser = duration)]
        keep_for: Option<Duration>,
        /// Remove the runs that ended first while the files of all are larger, for example 500g.
        #[arg(long, value_name = "SIZE", value_parser = size)]
        keep_size: Option<Bytes>,
        /// In whose shape /api/v1 answers: 3.5 or 4.x always, or auto: by the version of each application.
        #[arg(long, value_enum, value_name = "SPARK", default_value = "auto")]
        history_api: HistoryApi,
        /// Leave older tasks of a stage out of /api/v1, as Spark does beyond spark.ui.retainedTasks (100000 there).
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        retained_tasks: Option<u64>,
        /// Jobs over several numbers of executors.
        #[command(flatten)]
        jobs: SubmittedJobs,
    },
    /// The record of all runs: questions in Spark SQL, and how to replace a Spark History Server.
    ///
    /// Tinderbox replaces a Spark History Server in three steps:
    ///
    ///   1. Start it on the folder that spark.eventLog.dir names:
    ///      tinderbox serve --listen 127.0.0.1:18080 --event-log-dir file:///var/log/spark
    ///   2. Point clients of Spark's REST to it; paths and answers are the same:
    ///      http://127.0.0.1:18080/api/v1/applications
    ///   3. Stop the old server. Logs that are there are read once, new ones as they come.
    #[command(verbatim_doc_comment)]
    History {
        /// What to do.
        #[command(subcommand)]
        command: HistoryCommand,
    },
    /// Make synthetic jobs: tables of jobs, operators and errors that tell one consistent story.
    ///
    /// The same arguments give the same bytes, on every machine, on any day and with any number of threads.
    #[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
    Generate {
        /// What else to do.
        #[command(subcommand)]
        command: Option<GenerateCommand>,
        /// What to generate.
        #[command(flatten)]
        data_set: Box<Generate>,
    },
    /// The database of the data directory.
    Db {
        /// What to do.
        #[command(subcommand)]
        command: DbCommand,
    },
    /// Engines that Tinderbox starts by itself.
    Engine {
        /// What to do.
        #[command(subcommand)]
        command: EngineCommand,
    },
    /// Keep cluster profiles, and find out whether they work.
    Cluster {
        #[command(subcommand)]
        command: ClusterCommand,
    },
    /// Print the API's contract as OpenAPI 3.1.
    Openapi,
    /// The driver of a run on Sail, started by the server.
    #[command(hide = true)]
    SailDriver {
        /// The attempt's folder.
        folder: PathBuf,
    },
}

/// What is chosen of a spec.
#[derive(Debug, Clone, clap::Args)]
pub struct Chosen {
    /// Parameters as key=value.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
    /// The environment of the spec whose values lie over its own.
    #[arg(long = "env", value_name = "NAME")]
    pub environment: Option<String>,
}

/// What can be done with the database.
#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Count everything again that is counted as runs are written, and compare: numbers of runs, statistics.
    ///
    /// Reads every run. Ends with exit code 1 when something differs and is not corrected.
    Check {
        /// Correct what differs.
        #[arg(long)]
        repair: bool,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
}

/// What can be done with engines.
#[derive(Debug, Subcommand)]
pub enum EngineCommand {
    /// Install an engine into Tinderbox's cache folder, with pip from its package index.
    Install {
        /// Which.
        engine: InstallableEngine,
    },
}

/// Engines that can be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InstallableEngine {
    /// Sail: speaks Spark Connect without a JVM.
    Sail,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RowsFormat {
    /// A table for people.
    Text,
    /// Columns and rows in one object.
    Json,
    /// With a head; texts in quotes where needed.
    Csv,
}

/// What a spec can be compiled to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// A PySpark program.
    Pyspark,
    /// A script of Spark SQL, for `spark-sql -f`.
    Sql,
    /// A project of Spark Declarative Pipelines, for `spark-pipelines run` of Spark 4.1 and later.
    Pipelines,
    /// A `SparkApplication` of the kubeflow operator that runs the job's `application`, for `kubectl apply -f`.
    SparkApplication,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as key=value".to_owned()),
    }
}

fn size(text: &str) -> Result<Bytes, String> {
    match tinderbox_model::parse_bytes(text, Bytes(0)) {
        Some(size) if size.0 > 0 => Ok(size),
        _ => Err("write a number with its unit: 500m, 64g".to_owned()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let help = "write a number with its unit: 90s, 30m, 2h or 90d";
    match tinderbox_model::parse_duration(text, tinderbox_model::Millis(0)) {
        Some(time) if !time.is_zero() => Ok(Duration::from_millis(time.0)),
        _ => Err(help.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert!(duration("90").is_err());
    }

    #[test]
    fn sizes_need_a_unit() {
        assert_eq!(size("500m"), Ok(Bytes(500 << 20)));
        assert!(size("500").is_err(), "500 bytes of history would be none");
    }
}
