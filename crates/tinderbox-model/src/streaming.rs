use crate::{Millis, TimestampMs};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A query of Structured Streaming.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamingQuery {
    /// Its id, kept over restarts from a checkpoint.
    pub id: String,
    /// The id of this start.
    pub run_id: String,
    /// Its name; many have none.
    pub name: Option<String>,
    /// When it started; `None` when its start event is missing.
    pub start_time: Option<TimestampMs>,
    /// Time of the last event before its end; Spark writes no time of the end itself.
    pub last_progress_time: Option<TimestampMs>,
    /// Whether its end was seen.
    pub terminated: bool,
    /// Spark's text when it ended with an error.
    pub exception: Option<String>,
    /// Batches that reported, those that are not in `batches` included.
    pub num_batches: u64,
    /// The newest batches, oldest first, at most [`StreamingQuery::BATCH_LIMIT`].
    pub batches: Vec<StreamingBatch>,
}

impl StreamingQuery {
    /// How many batches of a query are kept.
    pub const BATCH_LIMIT: usize = 10_000;
}

/// One batch as its progress event tells it (Spark: `StreamingQueryProgress`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamingBatch {
    /// Batch id.
    pub id: i64,
    /// When the trigger fired.
    pub time: Option<TimestampMs>,
    /// Time of the whole batch (`triggerExecution` where `batchDuration` is missing).
    pub duration: Millis,
    /// Phases by Spark's name (`addBatch`, `getBatch`, `queryPlanning`, `walCommit` …).
    pub phases: BTreeMap<String, Millis>,
    /// Rows read.
    pub input_rows: u64,
    /// Rows per second that arrived; `None` where Spark wrote none.
    pub input_rows_per_second: Option<f64>,
    /// Rows per second that were processed.
    pub processed_rows_per_second: Option<f64>,
    /// Watermark after the batch.
    pub watermark: Option<TimestampMs>,
    /// Rows in state, over all stateful operators.
    pub state_rows: u64,
    /// Memory of that state in bytes.
    pub state_bytes: u64,
    /// Rows dropped because they came after the watermark.
    pub late_rows_dropped: u64,
    /// One line per source: description and rows.
    pub sources: Vec<StreamingSource>,
    /// The sink's description.
    pub sink: String,
    /// Rows written; `None` where the sink does not tell.
    pub output_rows: Option<u64>,
}

/// A source of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamingSource {
    /// Spark's description.
    pub description: String,
    /// Rows read from it.
    pub input_rows: u64,
    /// Where it stands after the batch, as Spark wrote it (JSON).
    pub end_offset: Option<String>,
    /// The newest offset that the source has (JSON): its lag, for Kafka.
    pub latest_offset: Option<String>,
}
