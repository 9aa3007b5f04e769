use crate::{JobId, Millis, SqlExecutionId, TimestampMs};
use serde::{Deserialize, Serialize};

/// A session of Spark Connect (Spark 4: `SessionInfo`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectSession {
    /// Session id.
    pub id: String,
    /// The user.
    pub user: String,
    /// Its start.
    pub start_time: TimestampMs,
    /// Its end.
    pub finish_time: Option<TimestampMs>,
    /// Operations of the session.
    pub num_operations: u64,
}

/// An operation of Spark Connect (Spark 4: `ExecutionInfo`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectOperation {
    /// The tag that its Spark jobs carry.
    pub job_tag: String,
    /// Operation id.
    pub id: String,
    /// Its session.
    pub session: String,
    /// The user.
    pub user: String,
    /// Text of the statement.
    pub statement: String,
    /// Spark's state in capitals: `STARTED`, `FINISHED`, `FAILED`, …
    pub state: String,
    /// Its start.
    pub start_time: TimestampMs,
    /// End of its execution.
    pub finish_time: Option<TimestampMs>,
    /// When the client closed it.
    pub close_time: Option<TimestampMs>,
    /// Tags that the client gave.
    pub tags: Vec<String>,
    /// Its Spark jobs.
    pub jobs: Vec<JobId>,
    /// Its SQL executions.
    pub sql_executions: Vec<SqlExecutionId>,
    /// Error text.
    pub detail: String,
}

impl ConnectOperation {
    /// From start to end of its execution; `None` while it runs.
    pub fn execution_time(&self) -> Option<Millis> {
        Some(self.finish_time?.since(self.start_time))
    }
}
