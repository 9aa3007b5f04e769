//! `…/connect` (4.x).

use super::answer::{Answer, Refusal};
use super::{Resource, Scope};
use tinderbox_app::rest;

pub fn find(path: &[&str]) -> Result<Resource, Refusal> {
    match path {
        ["sessions"] => Ok(Resource::Of(Box::new(sessions))),
        ["operations"] => Ok(Resource::Of(Box::new(operations))),
        ["operations", "detail"] => Ok(Resource::Of(Box::new(operation))),
        ["sessions", id] => {
            let id = (*id).to_owned();
            Ok(Resource::Of(Box::new(move |scope| session(&scope, &id))))
        }
        _ => Err(Refusal::Unknown),
    }
}

fn sessions(scope: Scope) -> Result<Answer, Refusal> {
    let (offset, length) =
        (scope.parameters.int("offset", 0)?, scope.parameters.int("length", -1)?);
    Answer::json(&rest::sessions(scope.view(), offset, length))
}

fn operations(scope: Scope) -> Result<Answer, Refusal> {
    let (offset, length) =
        (scope.parameters.int("offset", 0)?, scope.parameters.int("length", -1)?);
    Answer::json(&rest::operations(scope.view(), offset, length))
}

fn session(scope: &Scope, id: &str) -> Result<Answer, Refusal> {
    let user = scope.parameters.first("userId");
    match rest::session(scope.view(), id, user) {
        Some(session) => Answer::json(&session),
        None => Err(Refusal::not_found(&format!("unknown session: {id}"))),
    }
}

fn operation(scope: Scope) -> Result<Answer, Refusal> {
    let tag = scope.parameters.first("jobTag").unwrap_or_default();
    match rest::operation(scope.view(), tag) {
        Some(operation) => Answer::json(&operation),
        None => Err(Refusal::not_found(&format!("unknown operation: {tag}"))),
    }
}
