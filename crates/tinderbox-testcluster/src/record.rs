//! What clients asked for, and answers that a test wants to be other than they would be.

use crate::shared::lock;
use bytes::Bytes;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

/// Requests that are kept; older ones are forgotten.
const KEPT: usize = 20_000;

/// One request as it came in.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// `POST`
    pub method: String,
    /// `/api/v1/namespaces/default/pods`
    pub path: String,
    /// Without the question mark.
    pub query: String,
    /// Empty when there was none.
    pub content_type: String,
    /// The client's name for itself.
    pub user_agent: String,
    /// The body.
    pub body: Bytes,
}

impl Recorded {
    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// What goes wrong with a request.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// It is not carried out. The answer has this code and this text.
    Refused(u16, String),
    /// It is carried out, and the connection is cut in the middle of the answer.
    AnswerLost,
    /// It is not carried out, and the connection is cut.
    Cut,
    /// It is carried out after this time.
    Late(Duration),
}

#[derive(Debug)]
struct Planned {
    method: String,
    path_part: String,
    times: usize,
    trouble: Trouble,
}

#[derive(Debug, Default)]
pub(crate) struct Requests {
    recorded: Mutex<VecDeque<Recorded>>,
    planned: Mutex<Vec<Planned>>,
}

impl Requests {
    pub(crate) fn record(&self, request: Recorded) {
        let mut recorded = lock(&self.recorded);
        recorded.push_back(request);
        if recorded.len() > KEPT {
            recorded.pop_front();
        }
    }

    pub(crate) fn all(&self) -> Vec<Recorded> {
        lock(&self.recorded).iter().cloned().collect()
    }

    pub(crate) fn plan(&self, method: &str, path_part: &str, times: usize, trouble: Trouble) {
        let (method, path_part) = (method.to_owned(), path_part.to_owned());
        lock(&self.planned).push(Planned { method, path_part, times, trouble });
    }

    /// The trouble of this request, which is then used up.
    pub(crate) fn trouble(&self, method: &str, path: &str) -> Option<Trouble> {
        let mut planned = lock(&self.planned);
        let fits = |one: &Planned| one.method == method && path.contains(&one.path_part);
        let place = planned.iter().position(fits)?;
        let found = &mut planned[place];
        found.times = found.times.saturating_sub(1);
        let trouble = found.trouble.clone();
        if found.times == 0 {
            planned.remove(place);
        }
        Some(trouble)
    }
}
