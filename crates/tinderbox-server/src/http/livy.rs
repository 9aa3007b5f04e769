//! Livy's REST interface, with its field names and states, for clients that exist: `/batches` are our runs, `/sessions` are sessions on
//! Spark Connect. Source of the shapes: Apache Livy 0.8 (`SessionServlet`, `BatchSessionServlet`, `InteractiveSessionServlet`).
//!
//! No part of our own contract, so it is not in `openapi.json`.

mod batches;
mod sessions;

use axum::extract::FromRequest;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tinderbox_app::{App, Error, chain};

/// All paths of Livy.
pub fn routes() -> Router<App> {
    Router::new().merge(batches::routes()).merge(sessions::routes()).route("/version", get(version))
}

/// The version of Livy whose interface this is, in the form that clients read.
async fn version() -> Json<Value> {
    Json(json!({
        "url": "", "branch": "", "revision": "", "date": "", "user": "",
        "version": "0.8.0-incubating",
    }))
}

/// `{"msg": …}`, which is what Livy says of everything that is wrong.
pub(super) struct Refused(StatusCode, String);

impl Refused {
    /// No session or batch of this name.
    fn missing(id: &str) -> Self {
        Self(StatusCode::NOT_FOUND, format!("Session '{id}' not found."))
    }

    /// A request that cannot be done.
    fn rejected(reason: &str) -> Self {
        Self(StatusCode::BAD_REQUEST, format!("Rejected, Reason: {reason}"))
    }
}

impl From<Error> for Refused {
    /// What is the client's fault is 400 as in Livy; the text of the hint is part of the message, as there is no other place.
    fn from(error: Error) -> Self {
        use tinderbox_app::model::Fault;
        let text = match error.hint() {
            Some(hint) => format!("{}; {hint}", chain(&error)),
            None => chain(&error),
        };
        match error.class().fault {
            Fault::User => Self::rejected(&text),
            Fault::External => Self(StatusCode::SERVICE_UNAVAILABLE, text),
            Fault::Internal => {
                tracing::error!("a request of a Livy client failed: {text}");
                Self(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "an error of ours; the server's log has it".to_owned(),
                )
            }
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "msg": self.1 }))).into_response()
    }
}

/// A body of JSON; also without its content type, as Livy takes it.
pub(super) struct Body<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let bytes = axum::body::Bytes::from_request(request, state)
            .await
            .map_err(|refused| Refused(refused.status(), refused.body_text()))?;
        let read = serde_json::from_slice(&bytes);
        read.map(Self).map_err(|error| Refused(StatusCode::BAD_REQUEST, error.to_string()))
    }
}

/// Which part of a list or log.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Part {
    from: Option<i64>,
    size: Option<i64>,
    order: Option<String>,
}

impl Part {
    /// Of a list: from the first one, `otherwise` of them.
    fn of_list(&self, otherwise: usize) -> (usize, usize) {
        let at_least =
            |number: Option<i64>| number.map(|number| usize::try_from(number).unwrap_or(0));
        (at_least(self.from).unwrap_or(0), at_least(self.size).unwrap_or(otherwise))
    }
}

/// A session's or batch's state alone.
#[derive(Debug, Serialize)]
pub(super) struct StateOf {
    id: u32,
    state: &'static str,
}

/// Lines of a log.
#[derive(Debug, Serialize)]
pub(super) struct LogOf {
    id: u32,
    from: usize,
    total: usize,
    log: Vec<String>,
}
