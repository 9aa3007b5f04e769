//! Queries of Structured Streaming.

use crate::{Pagination, rfc3339};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tinderbox_model as model;
use utoipa::ToSchema;

/// The streaming queries of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StreamingQueryList {
    /// The run.
    pub job_id: String,
    /// Queries in order of their start.
    pub queries: Vec<StreamingQuery>,
}

/// One start of a query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StreamingQuery {
    /// Kept over restarts from a checkpoint.
    pub query_id: String,
    /// Of this start.
    pub run_id: String,
    /// Its name; many have none.
    pub name: Option<String>,
    /// `RUNNING`, `TERMINATED` or `FAILED`.
    pub status: String,
    /// When it started.
    pub start_time: Option<String>,
    /// When it last reported.
    pub last_progress_time: Option<String>,
    /// Why it ended, when with an error.
    pub exception: Option<String>,
    /// Batches that reported.
    pub num_batches: u64,
    /// Batches that are kept: the newest.
    pub num_kept_batches: u64,
    /// Rows read, over the kept batches.
    pub input_rows: u64,
    /// The newest batch.
    pub last_batch: Option<StreamingBatch>,
}

/// A page of batches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StreamingBatchList {
    /// The run.
    pub job_id: String,
    /// The query.
    pub query_id: String,
    /// The start of it.
    pub run_id: String,
    /// Batches, the newest first.
    pub batches: Vec<StreamingBatch>,
    /// Where this page lies among the kept ones.
    pub pagination: Pagination,
}

/// One batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StreamingBatch {
    /// Batch id.
    pub batch_id: i64,
    /// When the trigger fired.
    pub time: Option<String>,
    /// Time of the whole batch.
    pub duration_ms: u64,
    /// Phases by Spark's name, such as `addBatch` or `walCommit`.
    pub phases_ms: BTreeMap<String, u64>,
    /// Rows read.
    pub input_rows: u64,
    /// Rows that arrived, per second.
    pub input_rows_per_second: Option<f64>,
    /// Rows that were processed, per second.
    pub processed_rows_per_second: Option<f64>,
    /// Watermark after the batch.
    pub watermark: Option<String>,
    /// Rows in state.
    pub state_rows: u64,
    /// Memory of the state.
    pub state_bytes: u64,
    /// Rows dropped because they came after the watermark.
    pub late_rows_dropped: u64,
    /// Where the rows came from.
    pub sources: Vec<StreamingSource>,
    /// Where they went.
    pub sink: String,
    /// Rows written; `null` where the sink does not tell.
    pub output_rows: Option<u64>,
}

/// A source of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamingSource {
    /// Spark's description.
    pub description: String,
    /// Rows read from it.
    pub input_rows: u64,
    /// Where it stands after the batch, as Spark wrote it.
    pub end_offset: Option<String>,
    /// The newest offset that the source has: its lag, for Kafka.
    pub latest_offset: Option<String>,
}

impl StreamingBatchList {
    /// A page of the kept batches, the newest first.
    pub fn page(job_id: &str, query: &model::StreamingQuery, limit: u64, offset: u64) -> Self {
        let index = |rows| usize::try_from(rows).unwrap_or(usize::MAX);
        let batches: Vec<StreamingBatch> = query
            .batches
            .iter()
            .rev()
            .skip(index(offset))
            .take(index(limit))
            .map(StreamingBatch::from)
            .collect();
        let total = query.batches.len() as u64;
        let has_more = offset.saturating_add(batches.len() as u64) < total;
        Self {
            job_id: job_id.to_owned(),
            query_id: query.id.clone(),
            run_id: query.run_id.clone(),
            batches,
            pagination: Pagination { total, limit, offset, has_more },
        }
    }
}

impl From<&model::StreamingQuery> for StreamingQuery {
    fn from(query: &model::StreamingQuery) -> Self {
        let status = match (&query.exception, query.terminated) {
            (Some(_), _) => "FAILED",
            (None, true) => "TERMINATED",
            (None, false) => "RUNNING",
        };
        Self {
            query_id: query.id.clone(),
            run_id: query.run_id.clone(),
            name: query.name.clone(),
            status: status.to_owned(),
            start_time: query.start_time.map(rfc3339),
            last_progress_time: query.last_progress_time.map(rfc3339),
            exception: query.exception.clone(),
            num_batches: query.num_batches,
            num_kept_batches: query.batches.len() as u64,
            input_rows: query
                .batches
                .iter()
                .fold(0, |sum: u64, batch| sum.saturating_add(batch.input_rows)),
            last_batch: query.batches.last().map(StreamingBatch::from),
        }
    }
}

impl From<&model::StreamingBatch> for StreamingBatch {
    fn from(batch: &model::StreamingBatch) -> Self {
        let source = |source: &model::StreamingSource| StreamingSource {
            description: source.description.clone(),
            input_rows: source.input_rows,
            end_offset: source.end_offset.clone(),
            latest_offset: source.latest_offset.clone(),
        };
        Self {
            batch_id: batch.id,
            time: batch.time.map(rfc3339),
            duration_ms: batch.duration.0,
            phases_ms: batch.phases.iter().map(|(name, time)| (name.clone(), time.0)).collect(),
            input_rows: batch.input_rows,
            input_rows_per_second: batch.input_rows_per_second,
            processed_rows_per_second: batch.processed_rows_per_second,
            watermark: batch.watermark.map(rfc3339),
            state_rows: batch.state_rows,
            state_bytes: batch.state_bytes,
            late_rows_dropped: batch.late_rows_dropped,
            sources: batch.sources.iter().map(source).collect(),
            sink: batch.sink.clone(),
            output_rows: batch.output_rows,
        }
    }
}
