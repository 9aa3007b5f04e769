use super::{Chosen, Format};
use clap::Subcommand;
use std::path::PathBuf;

/// What can be done with specs.
#[derive(Debug, Subcommand)]
pub enum SpecCommand {
    /// Write a small spec to begin with.
    New {
        /// The file, which must not be there yet: name.yaml.
        file: PathBuf,
        /// The job's name; that of the file when left out.
        #[arg(long)]
        name: Option<String>,
    },
    /// Say what differs between two specs: what they say, not how they are written. Ends with exit code 1 when something does.
    Diff {
        /// The old spec.
        old: PathBuf,
        /// The new one.
        new: PathBuf,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Write a spec in the usual layout: sections in their order, two spaces a level, quotes where needed. Comments stay.
    Fmt {
        /// The spec, which is written anew.
        file: PathBuf,
        /// Change nothing; end with exit code 1 when something would change.
        #[arg(long)]
        check: bool,
    },
    /// Write a spec of the first version's form in today's: `version: 1`, ids, `type` instead of `operation`. Comments stay.
    Upgrade {
        /// The spec, which is written anew.
        file: PathBuf,
        #[command(flatten)]
        chosen: Chosen,
    },
    /// Show what ran as a graph in the words of specs: the plan of one SQL execution. To look at; it cannot be compiled.
    ///
    /// Of a `SparkApplication` or `ScheduledSparkApplication` of the kubeflow operator: print the spec that runs the same
    /// program, and name what it leaves out.
    Import {
        /// A run (id, part of it, `latest`), the path or address of an event log, or a manifest.
        target: String,
        /// The SQL execution; the one that took longest when left out.
        #[arg(long, value_name = "N")]
        execution: Option<i64>,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Print the JSON Schema of specs, with which editors complete and check them.
    Schema,
    /// List the types of nodes, or show one with its parameters and an example.
    Components {
        /// The type, for example `join`.
        name: Option<String>,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
}
