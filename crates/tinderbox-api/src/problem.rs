use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An error of our API, as RFC 9457 has it (`application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A short sentence that is the same for every problem of this code.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A stable word for programs, for example `job-not-found`.
    pub code: String,
    /// What happened in this case.
    pub detail: String,
    /// What the reader can do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Names this request in the server's log.
    pub request_id: String,
}
