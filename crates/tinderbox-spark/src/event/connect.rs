use serde::{Deserialize, Serialize};

/// Events of sessions: their start and their end have the same fields.
#[derive(Deserialize, Serialize)]
pub(crate) struct ConnectSessionEvent {
    #[serde(rename = "sessionId")]
    pub(crate) id: String,
    #[serde(rename = "userId", default)]
    pub(crate) user: String,
    #[serde(rename = "eventTime", default)]
    pub(crate) time: i64,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct ConnectOperationStarted {
    #[serde(rename = "jobTag")]
    pub(crate) job_tag: String,
    #[serde(rename = "operationId", default)]
    pub(crate) id: String,
    #[serde(rename = "eventTime", default)]
    pub(crate) time: i64,
    #[serde(rename = "sessionId", default)]
    pub(crate) session: String,
    #[serde(rename = "userId", default)]
    pub(crate) user: String,
    #[serde(rename = "statementText", default)]
    pub(crate) statement: String,
    #[serde(rename = "sparkSessionTags", default)]
    pub(crate) tags: Vec<String>,
}

/// All later events of an operation.
#[derive(Deserialize, Serialize)]
pub(crate) struct ConnectOperationEvent {
    #[serde(rename = "jobTag")]
    pub(crate) job_tag: String,
    #[serde(rename = "eventTime", default)]
    pub(crate) time: i64,
    /// Of a failure.
    #[serde(rename = "errorMessage", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}
