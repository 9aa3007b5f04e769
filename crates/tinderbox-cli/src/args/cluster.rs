use super::Format;
use clap::Subcommand;
use std::path::PathBuf;

/// What can be done with cluster profiles.
#[derive(Debug, Subcommand)]
pub enum ClusterCommand {
    /// Store a profile, as a new version when there is one of its name.
    Apply {
        /// The profile: YAML or JSON.
        file: PathBuf,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// List the profiles.
    List {
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Print the document of a profile.
    Show {
        /// The profile.
        name: String,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Take a profile's name away. Runs that are on it go on.
    Remove {
        /// The profile.
        name: String,
    },
    /// Submit a small job to a cluster and say what works. Exit code 1 when something does not.
    Test {
        /// The profile, or `local`.
        name: String,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
}
