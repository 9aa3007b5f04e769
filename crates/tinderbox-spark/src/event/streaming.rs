use super::Pairs;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
pub(crate) struct StreamingStarted {
    pub(crate) id: String,
    #[serde(rename = "runId", default)]
    pub(crate) run: String,
    #[serde(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) timestamp: String,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct StreamingIdle {
    #[serde(rename = "runId", default)]
    pub(crate) run: String,
    #[serde(default)]
    pub(crate) timestamp: String,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct StreamingTerminated {
    pub(crate) id: String,
    #[serde(rename = "runId", default)]
    pub(crate) run: String,
    #[serde(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exception: Option<String>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct StreamingProgressEvent {
    pub(crate) progress: StreamingProgress,
}

/// `StreamingQueryProgress` as Jackson writes it.
#[derive(Deserialize, Serialize)]
pub(crate) struct StreamingProgress {
    pub(crate) id: String,
    #[serde(rename = "runId", default)]
    pub(crate) run: String,
    #[serde(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) timestamp: String,
    #[serde(rename = "batchId", default)]
    pub(crate) batch: i64,
    #[serde(rename = "batchDuration", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration: Option<i64>,
    #[serde(rename = "durationMs", default)]
    pub(crate) phases: Pairs<i64>,
    #[serde(rename = "eventTime", default)]
    pub(crate) event_time: Pairs,
    #[serde(rename = "stateOperators", default)]
    pub(crate) state: Vec<StateOperator>,
    #[serde(default)]
    pub(crate) sources: Vec<SourceProgress>,
    #[serde(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sink: Option<SinkProgress>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct StateOperator {
    #[serde(rename = "numRowsTotal", default)]
    pub(crate) rows: i64,
    #[serde(rename = "memoryUsedBytes", default)]
    pub(crate) memory: i64,
    #[serde(rename = "numRowsDroppedByWatermark", default)]
    pub(crate) late_rows: i64,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct SourceProgress {
    #[serde(default)]
    pub(crate) description: String,
    #[serde(rename = "endOffset", default)]
    pub(crate) end_offset: serde_json::Value,
    #[serde(rename = "latestOffset", default)]
    pub(crate) latest_offset: serde_json::Value,
    #[serde(rename = "numInputRows", default)]
    pub(crate) rows: i64,
    /// A number, or `"NaN"` or `"Infinity"` as text.
    #[serde(rename = "inputRowsPerSecond", default)]
    pub(crate) input_rate: serde_json::Value,
    #[serde(rename = "processedRowsPerSecond", default)]
    pub(crate) processed_rate: serde_json::Value,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct SinkProgress {
    #[serde(default)]
    pub(crate) description: String,
    #[serde(rename = "numOutputRows", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rows: Option<i64>,
}
