//! `…/streaming`: DStreams. Their listener lives in the driver only, so a history server has nothing to say.

use super::answer::Refusal;
use super::{Resource, is_number};

pub fn find(path: &[&str]) -> Result<Resource, Refusal> {
    let is_known = match path {
        ["statistics" | "receivers" | "batches"] => true,
        ["receivers" | "batches", id] | ["batches", id, "operations"] => is_number(id),
        ["batches", batch, "operations", id] => is_number(batch) && is_number(id),
        _ => false,
    };
    if !is_known {
        return Err(Refusal::Unknown);
    }
    Ok(Resource::Of(Box::new(|scope| {
        let name = &scope.opened.application.name;
        Err(Refusal::not_found(&format!("no streaming listener attached to {name}")))
    })))
}
