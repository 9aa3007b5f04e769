//! What stands behind a sink of a stream.

use super::OutputMode;
use crate::operation::{Data, Write};
use crate::spec::{Node, Spec};

/// How a sink takes a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// Files, with the log of batches in `_spark_metadata` (`org.apache.spark.sql.execution.streaming.FileStreamSink`).
    Files,
    /// A Delta table.
    Delta,
    /// An Iceberg table.
    Iceberg,
    /// A table of the catalog in a format that the catalog knows.
    Table,
    /// Topics of Kafka.
    Kafka,
    /// The driver's log.
    Console,
    /// The driver's memory.
    Memory,
    /// A batch writer, called for each micro-batch.
    EachBatch,
}

pub(crate) fn target(write: &Write) -> Target {
    let format = match &write.data {
        Data::Files { format, .. } | Data::Connector { format } => Some(*format),
        Data::Table(_) => write.table_format,
    };
    match (format, &write.data) {
        (Some("delta"), _) => Target::Delta,
        (Some("iceberg"), _) => Target::Iceberg,
        (_, Data::Files { .. }) | (Some("parquet" | "csv" | "json" | "orc" | "text"), _) => {
            Target::Files
        }
        (_, Data::Table(_)) => Target::Table,
        (Some("kafka"), _) => Target::Kafka,
        (Some("console"), _) => Target::Console,
        (Some("memory"), _) => Target::Memory,
        _ => Target::EachBatch,
    }
}

impl Target {
    /// Source: Spark's Structured Streaming guide, table of output sinks; Delta's and Iceberg's guides to streaming.
    pub(super) fn takes(self, mode: OutputMode) -> bool {
        match self {
            Self::Files => mode == OutputMode::Append,
            Self::Delta | Self::Iceberg => mode != OutputMode::Update,
            // What the catalog's table takes is known when the job runs.
            Self::Table | Self::Kafka | Self::Console | Self::Memory | Self::EachBatch => true,
        }
    }

    /// Whether a query is made to be started again: the others keep nothing themselves.
    pub(super) fn keeps(self) -> bool {
        !matches!(self, Self::Console | Self::Memory)
    }
}

/// The folder of the progress of a sink's query. Console and memory only have one where the document names it: they
/// cannot go on where they stopped.
pub(crate) fn checkpoint_of(spec: &Spec, node: &Node) -> Option<String> {
    let written = node.stream.checkpoint.clone();
    written.or_else(|| {
        let crate::Operation::Write(write) = &node.operation else { return None };
        let location = spec.checkpoint_location().filter(|_| target(write).keeps())?;
        Some(format!("{}/{}", location.trim_end_matches('/'), node.id))
    })
}
