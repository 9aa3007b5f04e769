//! The component registry: every node type that a job can have. It drives validation, suggestions and the reference.

mod cleansing;
mod database;
pub(crate) mod files;
mod messages;
mod ml;
mod page;
mod parameter;
mod stream;
mod transformations;

pub use page::components_page;

use crate::diagnostic::Report;
use crate::operation::Operation;
use crate::operation::build::Parameters;

/// Every component, sources first, in the order of the reference.
pub fn components() -> impl Iterator<Item = &'static Component> {
    files::SOURCES
        .iter()
        .chain(database::SOURCES)
        .chain(messages::SOURCES)
        .chain(stream::SOURCES)
        .chain(transformations::TRANSFORMATIONS)
        .chain(cleansing::CLEANSING)
        .chain(ml::ML)
        .chain(stream::TRANSFORMATIONS)
        .chain(files::SINKS)
        .chain(database::SINKS)
        .chain(messages::SINKS)
        .chain(stream::SINKS)
}

/// A node type.
#[derive(Debug)]
pub struct Component {
    /// The word in `type`.
    pub name: &'static str,
    /// Where it stands in the pipeline.
    pub kind: NodeKind,
    /// What it does, one sentence.
    pub purpose: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// How many nodes it reads.
    pub inputs: Inputs,
    /// A node of this type in YAML.
    pub example: &'static str,
    /// Makes the typed operation from checked parameters.
    pub(crate) build: Build,
}

pub(crate) type Build = fn(&Parameters<'_>, &mut Report<'_>) -> Option<Operation>;

/// The three lists of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeKind {
    /// Reads data in.
    Source,
    /// Makes data from data.
    Transformation,
    /// Writes data out.
    Sink,
}

/// How many nodes a component reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inputs {
    /// At least.
    pub min: usize,
    /// At most.
    pub max: usize,
}

/// A parameter of a component.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its key.
    pub name: &'static str,
    /// What it holds.
    pub kind: ParameterType,
    /// Whether a node must have it.
    pub required: bool,
    /// What holds when it is left out, in words or as the value.
    pub default: Option<&'static str>,
    /// What it is for, one sentence.
    pub purpose: &'static str,
}

/// What a parameter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterType {
    /// A text.
    Text,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A text or a list of texts.
    Texts,
    /// Names with a text each.
    TextByName,
    /// Names with a text or a list of texts each.
    TextsByName,
    /// A text, a list of texts, or names with a text each.
    TextsOrTextByName,
    /// A whole number from this one on.
    Count(u32),
    /// A number above 0 and at most 1.
    Share,
    /// Any whole number of 64 bits.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// Names with a value each: a number or `true` or `false` where it is written so, else a text.
    LiteralByName,
    /// A value or a list of values, typed in the same way.
    Literals,
    /// A list of steps of machine learning, each a name with its parameters.
    Steps,
}

impl NodeKind {
    /// The word for one of them, as in messages and generated ids.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Transformation => "transformation",
            Self::Sink => "sink",
        }
    }

    /// The key of their list under `pipeline`.
    pub fn list_key(self) -> &'static str {
        match self {
            Self::Source => "sources",
            Self::Transformation => "transformations",
            Self::Sink => "sinks",
        }
    }
}

impl Component {
    /// Its parameters and those of every component of its kind.
    pub fn all_parameters(&self) -> impl Iterator<Item = &'static Parameter> + Clone {
        self.parameters.iter().chain(stream::common_parameters(self.kind))
    }

    pub(crate) fn find(kind: NodeKind, name: &str) -> Option<&'static Self> {
        components().find(|component| component.kind == kind && component.name == name)
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.all_parameters().find(|parameter| parameter.name == name)
    }

    pub(crate) fn names(kind: NodeKind) -> impl Iterator<Item = &'static str> {
        components().filter(move |c| c.kind == kind).map(|c| c.name)
    }
}
