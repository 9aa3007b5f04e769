//! Arguments about the history of runs.

use super::{Format, RowsFormat, duration, size};
use clap::{Subcommand, ValueEnum};
use std::time::Duration;
use tinderbox_app::rest::Shape;
use tinderbox_model::Bytes;

/// Whose shape the History Server API has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HistoryApi {
    /// Spark 3.5.
    #[value(name = "3.5")]
    V35,
    /// Spark 4.x.
    #[value(name = "4.x")]
    V4,
    /// By each application's own version.
    Auto,
}

impl HistoryApi {
    /// `None` for each application's own.
    pub fn shape(self) -> Option<Shape> {
        match self {
            Self::V35 => Some(Shape::V35),
            Self::V4 => Some(Shape::V4),
            Self::Auto => None,
        }
    }
}

/// States of applications as Spark's REST names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HistoryStatus {
    /// Ended.
    Completed,
    /// Not ended.
    Running,
}

/// What can be done with the history.
#[derive(Debug, Subcommand)]
pub enum HistoryCommand {
    /// Ask the history in Spark SQL: one query over the tables of all runs.
    ///
    /// Tables: `tasks`, `applications`, `stages`, `executors` and `operators`, with rows of every collected run. The
    /// query runs on Sail, which needs no JVM (tinderbox engine install sail), or on a Spark Connect server that sees the same files.
    /// Files, schemas and statements that are no query are refused.
    Sql {
        /// One SELECT.
        query: String,
        /// Run it there: `sail`, or a Spark Connect server as sc://HOST:PORT.
        #[arg(long, value_name = "ENGINE", default_value = "sail")]
        on: String,
        /// Rows to print.
        #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        limit: u32,
        /// How to print.
        #[arg(long, value_enum, default_value = "text")]
        format: RowsFormat,
    },
    /// Remove runs by age and size, those that ended first before others, with all that belongs to them.
    ///
    /// Runs that have not ended stay. Statistics go on counting what is removed, and its event logs are not collected
    /// again. Files go within about sixteen minutes, or when Tinderbox next runs so long: a reader may still hold them.
    Prune {
        /// Runs that ended longer ago, for example 90d.
        #[arg(long, value_name = "TIME", value_parser = duration, required_unless_present = "max_size")]
        older_than: Option<Duration>,
        /// While the files of all runs are larger, for example 500g.
        #[arg(long, value_name = "SIZE", value_parser = size)]
        max_size: Option<Bytes>,
        /// Only say which.
        #[arg(long)]
        dry_run: bool,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
}
