//! The arguments of `tinderbox session`.

use super::{Chosen, Format, duration};
use clap::{Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;
use tinderbox_app::connect;

/// What can be done with sessions. SESSION is an id, a beginning of one, the name that was given, or `latest`.
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// Open a session on a Spark Connect server; it stays there when this command ends.
    Open {
        /// The server, as sc://HOST:PORT.
        server: String,
        /// What to call the session here.
        #[arg(long)]
        name: Option<String>,
        /// Speak TLS; the certificate must be one that this system trusts.
        #[arg(long)]
        tls: bool,
        /// Environment variable that holds the bearer token. Only its name is kept.
        #[arg(long, value_name = "NAME")]
        token_variable: Option<String>,
        /// Whose session it is.
        #[arg(long)]
        user: Option<String>,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// List the sessions that were opened from here, and ask their servers whether they are still there.
    List {
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Run a SQL statement in a session and print its first rows. The id of the operation is printed first, to stderr.
    Sql {
        /// The session.
        session: String,
        /// The statement.
        statement: String,
        #[command(flatten)]
        bounds: Bounds,
        /// Start it, print the id of the operation, and leave it; `tinderbox session fetch` gets its rows.
        #[arg(long)]
        detach: bool,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Wait for an operation that was started with --detach, or by another process, and print its rows.
    Fetch {
        /// The session.
        session: String,
        /// The id of the operation.
        operation: String,
        #[command(flatten)]
        bounds: Bounds,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Print the plan of a query, or of a node of a spec.
    Explain {
        /// The session.
        session: String,
        /// The query.
        #[arg(required_unless_present = "spec", conflicts_with = "spec")]
        query: Option<String>,
        /// A spec instead of a query.
        #[arg(long, requires = "node", value_name = "FILE")]
        spec: Option<PathBuf>,
        /// Its node.
        #[arg(long, requires = "spec", value_name = "ID")]
        node: Option<String>,
        #[command(flatten)]
        chosen: Chosen,
        /// Which plan.
        #[arg(long, value_enum, default_value = "physical")]
        mode: Mode,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Run a spec up to a node and print its first rows, its columns, its number of rows and the time.
    Run {
        /// The session.
        session: String,
        /// The spec: YAML or JSON.
        spec: PathBuf,
        /// The node.
        #[arg(long, value_name = "ID")]
        node: String,
        #[command(flatten)]
        chosen: Chosen,
        /// Read at most so many rows of each source.
        #[arg(long, value_name = "N")]
        sample: Option<u32>,
        #[command(flatten)]
        bounds: Bounds,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Go through a spec node by node. Commands are read from stdin, one a line; `help` lists them.
    ///
    /// Nothing is written: of a sink the rows are shown that it would write. Read from a file or a pipe, the exit code is 1
    /// when a node or a command failed, or when rows are not those that a test expects.
    Debug {
        /// The spec: YAML or JSON.
        spec: PathBuf,
        #[command(flatten)]
        chosen: Chosen,
        /// In this session; in one of its own when left out.
        #[arg(long, conflicts_with = "engine")]
        session: Option<String>,
        /// Where to open one: `sail`, or the address of a Spark Connect server, sc://HOST:PORT.
        #[arg(long, default_value = "sail", value_name = "ENGINE")]
        engine: String,
        /// Read at most so many rows of each source.
        #[arg(long, value_name = "N", conflicts_with = "test")]
        sample: Option<u32>,
        /// With the rows of this test of the spec, compared with what it expects.
        #[arg(long, value_name = "NAME")]
        test: Option<String>,
        #[command(flatten)]
        bounds: Bounds,
        /// How to print: for people, or a JSON object a line.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Interrupt an operation of a session, whoever has started it; everything that runs in it when none is named.
    Interrupt {
        /// The session.
        session: String,
        /// The id of the operation.
        operation: Option<String>,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// End a session with all that runs and is kept in it.
    Close {
        /// The session.
        session: String,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
}

/// How much is shown, and how long it may take.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Bounds {
    /// How many rows.
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rows: u32,
    /// How long an operation may take before it is interrupted, for example 30s, 10m.
    #[arg(long, default_value = "10m", value_name = "TIME", value_parser = duration)]
    pub timeout: Duration,
}

impl Bounds {
    /// With the largest answer that is taken.
    pub fn limits(self) -> connect::Limits {
        let bytes = tinderbox_model::Bytes(64 << 20);
        connect::Limits { rows: self.rows, bytes, time: self.timeout }
    }
}

/// Which plan. On Sail they are those of its own engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// The logical plan as it was written.
    Parsed,
    /// The logical plan with columns, types and tables.
    Analyzed,
    /// The logical plan after optimization.
    Optimized,
    /// What runs.
    Physical,
    /// All four.
    Extended,
    /// What runs, as an outline with details.
    Formatted,
    /// The optimized plan with sizes and, where there are statistics, rows.
    Cost,
}

impl From<Mode> for connect::ExplainMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Parsed => Self::Parsed,
            Mode::Analyzed => Self::Analyzed,
            Mode::Optimized => Self::Optimized,
            Mode::Physical => Self::Physical,
            Mode::Extended => Self::Extended,
            Mode::Formatted => Self::Formatted,
            Mode::Cost => Self::Cost,
        }
    }
}
