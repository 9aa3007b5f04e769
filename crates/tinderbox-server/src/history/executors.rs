//! `…/executors`, `…/allexecutors`, `…/allmiscellaneousprocess`, `…/threads`.

use super::Scope;
use super::answer::{Answer, Refusal};
use tinderbox_app::rest::{self, Shape};

pub fn active(scope: &Scope) -> Result<Answer, Refusal> {
    Answer::json(&rest::active_executors(scope.view()))
}

pub fn all(scope: &Scope) -> Result<Answer, Refusal> {
    Answer::json(&rest::all_executors(scope.view()))
}

pub fn processes(scope: &Scope) -> Result<Answer, Refusal> {
    Answer::json(&rest::processes(scope.view()))
}

/// Nothing runs any more that could be dumped. `…/threads` names the executor in a parameter and fails without it.
pub fn threads(scope: &Scope, executor: Option<&str>) -> Refusal {
    if executor.is_none() && scope.shape == Shape::V4 && scope.parameters.int("taskId", 0).is_err()
    {
        return Refusal::Unknown;
    }
    let Some(executor) = executor.or_else(|| scope.parameters.first("executorId")) else {
        return Refusal::Failed;
    };
    if executor != "driver" && !executor.chars().all(|c| c.is_ascii_digit()) {
        return Refusal::bad_request("Invalid executorId: neither 'driver' nor number.");
    }
    Refusal::unavailable("Thread dumps not available through the history server.")
}
