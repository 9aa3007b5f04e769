//! `…/jobs`.

use super::Scope;
use super::answer::{Answer, Refusal};
use tinderbox_app::model::{JobId, JobStatus};
use tinderbox_app::rest;

const STATUSES: [(&str, JobStatus); 4] = [
    ("running", JobStatus::Running),
    ("succeeded", JobStatus::Succeeded),
    ("failed", JobStatus::Failed),
    ("unknown", JobStatus::Unknown),
];

pub fn list(scope: &Scope) -> Result<Answer, Refusal> {
    let statuses = scope.parameters.words("status", &STATUSES)?;
    Answer::json(&rest::jobs(scope.view(), &statuses))
}

pub fn one(scope: &Scope, id: i64) -> Result<Answer, Refusal> {
    match rest::job(scope.view(), JobId(id)) {
        Some(job) => Answer::json(&job),
        None => Err(Refusal::not_found(&format!("unknown job: {id}"))),
    }
}
