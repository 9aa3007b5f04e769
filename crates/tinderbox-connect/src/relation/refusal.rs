use std::fmt;
use tinderbox_model::NodeId;

/// A node that cannot be had as a relation, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The node.
    pub node: NodeId,
    /// Why.
    pub reason: Reason,
}

/// Why a node cannot be had as a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It runs a Python function of the user.
    Python,
    /// It learns, predicts or measures.
    MachineLearning,
    /// It asks over HTTP, in Python.
    Http,
    /// It needs a connector of Spark, for this format.
    Connector(String),
    /// Its path is on a storage that Sail is given no access to.
    Storage(String),
    /// It has no schema, and Sail guesses the types of this format otherwise than Spark.
    GuessedTypes(String),
    /// Sail reads this option of the format differently, or not at all.
    ReadOption {
        /// The format.
        format: String,
        /// The option.
        option: String,
    },
    /// It refers to a secret.
    Secret,
    /// It uses a table of a catalog, and Sail's own ends with it.
    Catalog,
    /// It writes this, which Sail does not do as Spark does.
    Sink(String),
    /// Its SQL is no single query.
    NoQuery(String),
    /// It has no input, which no sound document has.
    NoInput,
    /// It has columns of one name after its structs were opened.
    NamesTwice(Vec<String>),
    /// Sail computes something of it differently, or not at all.
    NotEqual {
        /// The function or construct.
        name: String,
        /// Whether Sail does not have it.
        is_missing: bool,
    },
}

impl Refusal {
    /// The same of a run.
    pub fn in_run(&self) -> String {
        let node = &self.node;
        match &self.reason {
            Reason::Python => {
                format!("`{node}` calls a Python function, which Sail does not run here")
            }
            Reason::MachineLearning => {
                format!("`{node}` is a step of machine learning, which Sail has not")
            }
            Reason::Http => format!("`{node}` asks over HTTP, which takes Python"),
            Reason::Secret => format!("`{node}` needs a secret, and no statement may hold one"),
            Reason::NoQuery(problem) => format!("`{node}` is no single query: {problem}"),
            _ => self.to_string(),
        }
    }

    /// What the user can do instead; `None` where nothing helps but a run.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self.reason {
            Reason::Connector(_)
            | Reason::Storage(_)
            | Reason::ReadOption { .. }
            | Reason::Catalog
            | Reason::Sink(_)
            | Reason::NotEqual { .. } => "preview on Spark: --engine sc://HOST:PORT",
            Reason::GuessedTypes(_) => "say `schema`, or preview on Spark: --engine sc://HOST:PORT",
            Reason::NoQuery(_) => "write it as one SELECT",
            Reason::NamesTwice(_) => "rename columns before, or choose another `separator`",
            Reason::Python | Reason::MachineLearning | Reason::Http | Reason::Secret => {
                "preview a node before it, or run the job"
            }
            Reason::NoInput => return None,
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = &self.node;
        match &self.reason {
            Reason::Python => write!(f, "`{node}` calls a Python function, which is not previewed"),
            Reason::MachineLearning => {
                write!(f, "`{node}` is a step of machine learning, which is not previewed")
            }
            Reason::Http => write!(f, "`{node}` asks over HTTP, which is not previewed"),
            Reason::Connector(format) => {
                write!(f, "`{node}` needs Spark's connector for {format}, which Sail has not")
            }
            Reason::Storage(path) => {
                write!(f, "`{node}` reads {path}, and Sail is given access to local files only")
            }
            Reason::ReadOption { format, option } => write!(
                f,
                "`{node}` sets the option `{option}` of {format}, which Sail does not read as Spark does"
            ),
            Reason::GuessedTypes(format) => write!(
                f,
                "`{node}` has no schema, and Sail guesses the types of {format} otherwise than Spark"
            ),
            Reason::Secret => write!(f, "`{node}` needs a secret, and previews are given none"),
            Reason::NoQuery(problem) => write!(f, "`{node}` is not previewed: {problem}"),
            Reason::Catalog => write!(
                f,
                "`{node}` uses a table of a catalog, and Sail has one only as long as it runs"
            ),
            Reason::Sink(what) => {
                write!(f, "`{node}` writes {what}, which Sail does not do as Spark does")
            }
            Reason::NoInput => write!(f, "`{node}` reads no other node"),
            Reason::NamesTwice(names) => {
                write!(f, "`{node}` gives several columns these names: {}", names.join(", "))
            }
            Reason::NotEqual { name, is_missing: true } => {
                write!(f, "`{node}` uses `{name}`, which is missing on Sail")
            }
            Reason::NotEqual { name, is_missing: false } => {
                write!(f, "`{node}` uses `{name}`, which differs on Sail")
            }
        }
    }
}
