//! `…/environment`.

use super::Scope;
use super::answer::{Answer, Refusal};
use tinderbox_app::rest;

pub fn environment(scope: &Scope) -> Result<Answer, Refusal> {
    Answer::json(&rest::environment(scope.view()))
}
