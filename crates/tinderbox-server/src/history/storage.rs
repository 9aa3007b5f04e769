//! `…/storage/rdd`.

use super::Scope;
use super::answer::{Answer, Refusal};
use tinderbox_app::rest;

pub fn list(scope: &Scope) -> Result<Answer, Refusal> {
    Answer::json(&rest::rdds(scope.view()))
}

pub fn one(scope: &Scope, id: i64) -> Result<Answer, Refusal> {
    match rest::rdd(scope.view(), id) {
        Some(rdd) => Answer::json(&rdd),
        None => Err(Refusal::not_found(&format!("no rdd found w/ id {id}"))),
    }
}
