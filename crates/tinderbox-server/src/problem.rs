use axum::Json;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tinderbox_api::Problem;
use tinderbox_app as app;
use tinderbox_app::model::Fault;

/// An error on its way to the caller as a problem body. The text of internal errors stays in the log.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    title: &'static str,
    code: &'static str,
    detail: String,
    hint: Option<String>,
    chain: Option<String>,
}

impl ApiError {
    /// A query parameter that cannot be used.
    pub fn bad_parameter(name: &str, value: &str, hint: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            title: "a parameter cannot be used",
            code: "bad-parameter",
            detail: format!("{name}={value} is not a value of this parameter"),
            hint: Some(hint.to_owned()),
            chain: None,
        }
    }
}

impl ApiError {
    /// A path, query or body that cannot be read; `detail` is what axum says of it.
    pub fn unreadable(status: StatusCode, detail: String) -> Self {
        Self {
            status,
            title: "the request cannot be read",
            code: "bad-request",
            detail,
            hint: Some(CONTRACT.to_owned()),
            chain: None,
        }
    }

    /// A request that the guard does not let through.
    pub fn forbidden(detail: &str, hint: &str) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            title: "the request is refused",
            code: "forbidden",
            detail: detail.to_owned(),
            hint: Some(hint.to_owned()),
            chain: None,
        }
    }
}

impl ApiError {
    /// A job over several numbers of executors that has no answer.
    pub fn job_failed(failure: &app::ScaleFailure) -> Self {
        let of_run = match (failure.nodes, &failure.run_id) {
            (Some(nodes), Some(run)) => format!(" (the run {run} on {nodes} executors)"),
            _ => String::new(),
        };
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            title: "the job failed",
            code: FAILURES
                .iter()
                .find(|code| code.replace('-', "_") == failure.code)
                .copied()
                .unwrap_or("job-failed"),
            detail: format!("{}{of_run}", failure.message),
            hint: failure.hint.clone(),
            chain: None,
        }
    }

    /// A job that somebody has ended.
    pub fn job_cancelled(job_id: &str) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            title: "the job was cancelled",
            code: "job-cancelled",
            detail: format!("the job {job_id} was cancelled before it had ended"),
            hint: Some("use another `job_id` to run it again".to_owned()),
            chain: None,
        }
    }
}

/// Why jobs fail, as far as there are words for it; all else is `job-failed`.
const FAILURES: [&str; 13] = [
    "empty-dataset",
    "missing-dataset",
    "unreadable-dataset",
    "refused-dataset",
    "no-file-system",
    "parameter",
    "executors",
    "models",
    "unsupported",
    "unreadable-result",
    "object-store",
    "results-exist",
    "timed-out",
];

const CONTRACT: &str = "GET /api/openapi.json describes every path";

impl From<app::Error> for ApiError {
    fn from(error: app::Error) -> Self {
        let (status, title) = match (error.code(), error.class().fault) {
            ("job-not-found", _) => (StatusCode::NOT_FOUND, "there is no such run"),
            ("no-record" | "no-spec" | "no-log" | "no-such-query" | "not-on-sail", _) => {
                (StatusCode::NOT_FOUND, "not there")
            }
            ("no-such-job", _) => (StatusCode::NOT_FOUND, "there is no such job"),
            ("job-exists" | "results-exist" | "job-ended", _) => {
                (StatusCode::CONFLICT, "the job is there already")
            }
            ("already-ended", _) => (StatusCode::CONFLICT, "the run has ended"),
            ("not-launched-here", _) => (StatusCode::CONFLICT, "the run is not ours"),
            ("bad-spec", _) => (StatusCode::UNPROCESSABLE_ENTITY, "the spec has errors"),
            (_, Fault::User) => (StatusCode::UNPROCESSABLE_ENTITY, "the request cannot be done"),
            (_, Fault::External) => (StatusCode::SERVICE_UNAVAILABLE, "something outside failed"),
            (_, Fault::Internal) => (StatusCode::INTERNAL_SERVER_ERROR, "an error of ours"),
        };
        let internal = error.class().fault == Fault::Internal;
        let detail = if internal {
            "the server's log has the cause under this request id".to_owned()
        } else {
            app::chain(&error)
        };
        Self {
            status,
            title,
            code: error.code(),
            detail,
            hint: error.hint(),
            chain: internal.then(|| app::chain(&error)),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let request_id = uuid::Uuid::new_v4().simple().to_string();
        if let Some(chain) = &self.chain {
            tracing::error!(request_id, code = self.code, "request failed: {chain}");
        }
        let problem = Problem {
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            detail: self.detail,
            hint: self.hint,
            request_id,
        };
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (self.status, kind, Json(problem)).into_response()
    }
}

/// The answer to a path below `/api` that does not exist.
pub fn no_such_path(path: &str) -> Response {
    ApiError {
        status: StatusCode::NOT_FOUND,
        title: "there is no such path",
        code: "path-not-found",
        detail: format!("{path} is not part of this API"),
        hint: Some(CONTRACT.to_owned()),
        chain: None,
    }
    .into_response()
}

/// The answer to a method that a path does not have.
pub fn no_such_method(method: &Method, path: &str) -> Response {
    ApiError {
        status: StatusCode::METHOD_NOT_ALLOWED,
        title: "the path has no such method",
        code: "method-not-allowed",
        detail: format!("{path} does not answer {method}"),
        hint: Some(CONTRACT.to_owned()),
        chain: None,
    }
    .into_response()
}
