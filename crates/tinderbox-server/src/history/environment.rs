//! `…/environment`.

use super::Scope;
use super::answer::{Answer, Refusal};
use tinderbox_app::rest;

pub fn environment(scope: &Scope) -> Result<Answer, Refusal> {
    Answer::json(scope.shape, &rest::environment(scope.view()))
}
