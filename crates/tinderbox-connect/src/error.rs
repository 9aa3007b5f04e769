use std::io;
use std::path::PathBuf;
use std::time::Duration;
use tinderbox_model::{Bytes, ErrorClass};

/// The first step of an installation, which needs more than Python itself.
pub(crate) const MAKE_ENVIRONMENT: &str = "making the Python environment";

/// Why a server, a session or a query cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Sail is not installed.
    #[error("Sail {} is not installed in {}", crate::SAIL_VERSION, folder.display())]
    NoSail {
        /// The Python environment that should hold it.
        folder: PathBuf,
    },
    /// No Python that could hold Sail.
    #[error("cannot start {program}")]
    NoProgram {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// An installation step failed.
    #[error("{step} failed: {tail}")]
    Install {
        /// What was done.
        step: &'static str,
        /// The end of its output.
        tail: String,
    },
    /// The folder for an environment holds something else.
    #[error("{} exists and is no Python environment", folder.display())]
    NotAnEnvironment {
        /// The folder.
        folder: PathBuf,
    },
    /// A folder for temporary files cannot be made.
    #[error("cannot make a temporary folder in {}", folder.display())]
    Temporary {
        /// Where.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Sail ended, or did not say where it listens in time.
    #[error("Sail did not start: {tail}")]
    NotStarted {
        /// The end of its log.
        tail: String,
    },
    /// Rows of a test do not fit.
    #[error("the rows of `{name}` do not fit: {problem}")]
    Given {
        /// The node.
        name: String,
        /// What does not fit.
        problem: String,
    },
    /// The address of a server cannot be read.
    #[error("`{url}` is not the address of a Spark Connect server: {problem}")]
    BadAddress {
        /// What was given.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The server does not answer.
    #[error("the Spark Connect server at {url} does not answer: {problem}")]
    Unreachable {
        /// Where it should be.
        url: String,
        /// What the connection said.
        problem: String,
    },
    /// The server does not let us in.
    #[error("the Spark Connect server at {url} refuses: {problem}")]
    Forbidden {
        /// Where it is, without parameters.
        url: String,
        /// What it said.
        problem: String,
    },
    /// The server refused a query or failed at it.
    #[error("{message}")]
    Server {
        /// The server's own words.
        message: String,
    },
    /// An operation was ended before its end: by an interrupt, or by a server that has dropped it.
    #[error("the operation {operation} was interrupted")]
    Interrupted {
        /// Its id.
        operation: String,
    },
    /// Sail does not have something, or not so that it can be relied on.
    #[error("Sail does not offer {what}")]
    NotOnSail {
        /// What.
        what: &'static str,
    },
    /// An operation goes on after the time that was given for its answers.
    #[error("the operation {operation} has not ended within {} s", limit.as_secs())]
    NotYet {
        /// Its id.
        operation: String,
        /// How long its answers were waited for.
        limit: Duration,
    },
    /// The server no longer has a session, or has begun a new one of the same id.
    #[error("the session {id} is gone: {problem}")]
    SessionLost {
        /// Its id.
        id: String,
        /// How that was seen.
        problem: String,
    },
    /// The server has no answers of an operation.
    #[error("the server has no answers of the operation {operation}: {problem}")]
    NoOperation {
        /// Its id.
        operation: String,
        /// What the server said.
        problem: String,
    },
    /// The condition of a breakpoint cannot be computed.
    #[error("the condition `{condition}` at `{node}` cannot be computed: {problem}")]
    Condition {
        /// Where the breakpoint is.
        node: String,
        /// The condition.
        condition: String,
        /// What is wrong with it.
        problem: String,
    },
    /// There is no test of this name.
    #[error("there is no test `{name}`")]
    NoTest {
        /// What was asked for.
        name: String,
        /// The tests there are.
        known: String,
    },
    /// A text that should be the id of a session or an operation.
    #[error("`{text}` is no id")]
    BadId {
        /// What was given.
        text: String,
    },
    /// A path holds signs that servers take for a pattern, or is no UTF-8.
    #[error("servers take {} for a pattern", path.display())]
    PatternPath {
        /// The file.
        path: PathBuf,
    },
    /// The answer cannot be decoded.
    #[error("cannot read the server's answer: {problem}")]
    Answer {
        /// What is wrong with it.
        problem: String,
    },
    /// The answer is larger than allowed.
    #[error("the answer is larger than {} MiB", limit.0 >> 20)]
    TooLarge {
        /// The limit.
        limit: Bytes,
    },
    /// The query took longer than allowed and was interrupted.
    #[error("the query did not end within {} s and was interrupted", limit.as_secs())]
    TooSlow {
        /// The limit.
        limit: Duration,
    },
    /// A node cannot be had from a server.
    #[error("{0}")]
    Node(crate::Refusal),
    /// A job has parts that Sail cannot do.
    #[error("Sail cannot run this job: {}", problems.join("; "))]
    NotInRun {
        /// A sentence for each.
        problems: Vec<String>,
    },
    /// Rows are not as expected, and the job must not write them.
    #[error("{node}: {problems}")]
    NotExpected {
        /// The node.
        node: String,
        /// What is not met, with figures.
        problems: String,
    },
    /// A sink must not replace what is there.
    #[error("{} exists already", path.display())]
    Exists {
        /// The target.
        path: PathBuf,
    },
    /// Files of a sink cannot be put in place.
    #[error("cannot put files in place at {}", path.display())]
    Output {
        /// The target.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no node of this name.
    #[error("there is no node `{node}`")]
    NoNode {
        /// What was asked for.
        node: String,
        /// The nodes there are.
        known: String,
    },
    /// The text is not a single query over the named tables.
    #[error("{problem}")]
    Refused {
        /// What is wrong with it.
        problem: String,
        /// What to write instead.
        hint: String,
    },
}

impl Error {
    /// Whose fault, and whether trying again can help.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Temporary { .. }
            | Self::NotStarted { .. }
            | Self::Unreachable { .. }
            | Self::Output { .. }
            | Self::Install { .. } => ErrorClass::EXTERNAL,
            Self::Answer { .. } => ErrorClass::INTERNAL,
            Self::NoSail { .. }
            | Self::NoProgram { .. }
            | Self::NotAnEnvironment { .. }
            | Self::BadAddress { .. }
            | Self::Forbidden { .. }
            | Self::PatternPath { .. }
            | Self::Server { .. }
            | Self::TooLarge { .. }
            | Self::TooSlow { .. }
            | Self::Node(_)
            | Self::NotInRun { .. }
            | Self::NotExpected { .. }
            | Self::Exists { .. }
            | Self::NoNode { .. }
            | Self::Given { .. }
            | Self::Refused { .. }
            | Self::Interrupted { .. }
            | Self::NotOnSail { .. }
            | Self::NotYet { .. }
            | Self::SessionLost { .. }
            | Self::NoOperation { .. }
            | Self::Condition { .. }
            | Self::NoTest { .. }
            | Self::BadId { .. } => ErrorClass::USER,
        }
    }

    /// What the user can do next; `None` where the message says it all.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoSail { .. } => "tinderbox engine install sail".to_owned(),
            Self::NoProgram { program, .. } => match program.as_str() {
                "setpriv" => "install `setpriv` and `prlimit` (Debian: `apt install util-linux`)".to_owned(),
                _ => "install Python 3.10 or newer with venv (Debian: `apt install python3 python3-venv`), or set \
                      TINDERBOX_PYTHON to one"
                    .to_owned(),
            },
            Self::Install { step: MAKE_ENVIRONMENT, .. } => {
                "install venv for this Python (Debian: `apt install python3-venv`), or set TINDERBOX_PYTHON to another"
                    .to_owned()
            }
            Self::Install { .. } => {
                "check the network or the package index of pip, then type the command again".to_owned()
            }
            Self::NotAnEnvironment { .. } => "move it away, then type the command again".to_owned(),
            Self::BadAddress { .. } => "write it as sc://HOST:PORT, for example sc://127.0.0.1:15002".to_owned(),
            Self::Forbidden { .. } => {
                "write a token that the server knows behind its address: 'sc://HOST:PORT/;use_ssl=true;token=…'".to_owned()
            }
            Self::Temporary { folder, .. } => {
                format!("make {} writable, or set TINDERBOX_SAIL to another place", folder.display())
            }
            Self::NotStarted { .. } => {
                "where memory is limited it needs 3 GiB more than its queries; where `prlimit` is missing, install \
                 util-linux"
                    .to_owned()
            }
            Self::Answer { .. } => {
                "compare the server's version: Spark 3.5 and 4.x, and Sail as `tinderbox engine install sail` \
                 installs it, are known to work"
                    .to_owned()
            }
            Self::Unreachable { .. } => "check that the server is running and reachable from here".to_owned(),
            Self::PatternPath { .. } => {
                "move the data directory to a path without *, ?, brackets, braces and backslashes, and name it with \
                 --data-dir"
                    .to_owned()
            }
            Self::Interrupted { .. } => "start it again under another id".to_owned(),
            Self::NotOnSail { .. } => "ask a Spark Connect server: sc://HOST:PORT".to_owned(),
            Self::NotYet { .. } => "fetch it later, or interrupt it".to_owned(),
            Self::SessionLost { .. } => {
                "open another one; what was set and made in this one has to be made again".to_owned()
            }
            Self::NoOperation { .. } => {
                "servers keep answers for some minutes: start it again".to_owned()
            }
            Self::Condition { .. } => "write a condition over the columns of the node, as in `amount > 10`".to_owned(),
            Self::NoTest { known, .. } if known.is_empty() => {
                "the document has no tests: add `tests: [{name: …, given: …, expect: …}]`".to_owned()
            }
            Self::NoTest { known, .. } => format!("tests: {known}"),
            Self::BadId { .. } => {
                "ids are UUIDs, such as 6f1c1a9e-0d0b-4f55-8d6c-2f3b7d5a9c10".to_owned()
            }
            Self::TooLarge { .. } => "ask for fewer columns or rows, or aggregate".to_owned(),
            Self::TooSlow { .. } => "narrow it, or ask a cluster: sc://HOST:PORT in place of Sail".to_owned(),
            Self::Refused { hint, .. } => hint.clone(),
            Self::Node(refusal) => return refusal.hint().map(str::to_owned),
            Self::Given { .. } => {
                "write values that fit the columns, or say others: `NODE: {schema: 'id INT, …', rows: […]}`"
                    .to_owned()
            }
            Self::NoNode { known, .. } => format!("nodes: {known}"),
            Self::NotInRun { .. } => "run it on Spark: leave `--engine sail` out".to_owned(),
            Self::Exists { .. } => "write `mode: overwrite` or `mode: append`, or move it away".to_owned(),
            Self::Output { .. } => "make its folder writable, with room for it".to_owned(),
            Self::Server { .. } | Self::NotExpected { .. } => return None,
        })
    }
}
