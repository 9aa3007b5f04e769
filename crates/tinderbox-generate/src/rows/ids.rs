//! Ids as text, made without an allocation for each.

use crate::job::Job;
use crate::plan::Plan;
use std::fmt::Write;

/// The ids of one job and of its operators.
pub(super) struct Ids {
    tag: String,
    job: String,
    operator: String,
    /// `["first", "second"]`.
    list: String,
}

impl Ids {
    pub(super) fn new(plan: &Plan) -> Self {
        let (job, operator, list) = (String::new(), String::new(), String::new());
        Self { tag: format!("job_{}_", plan.tag), job, operator, list }
    }

    /// Goes to this job.
    pub(super) fn of(&mut self, job: &Job) {
        self.job.clear();
        self.job.push_str(&self.tag);
        number(&mut self.job, job.index, 7);
    }

    pub(super) fn job(&self) -> &str {
        &self.job
    }

    /// The id of another job, in `text`.
    pub(super) fn other<'t>(&self, index: u64, text: &'t mut String) -> &'t str {
        text.clear();
        text.push_str(&self.tag);
        number(text, index, 7);
        text
    }

    pub(super) fn operator(&mut self, stage: usize) -> &str {
        self.operator.clear();
        push_operator(&mut self.operator, &self.job, stage);
        &self.operator
    }

    /// The at most two operators before this one, as a JSON list.
    pub(super) fn dependencies(&mut self, stage: usize) -> &str {
        self.list.clear();
        self.list.push('[');
        for before in stage.saturating_sub(2)..stage {
            self.list.push_str(if self.list.len() > 1 { ", \"" } else { "\"" });
            push_operator(&mut self.list, &self.job, before);
            self.list.push('"');
        }
        self.list.push(']');
        &self.list
    }
}

fn push_operator(text: &mut String, job: &str, stage: usize) {
    text.push_str(job);
    text.push_str("_op_");
    number(text, stage as u64, 2);
}

/// With zeros before it up to so many digits. Writing to a string does not fail.
fn number(text: &mut String, value: u64, digits: usize) {
    let _ = write!(text, "{value:0digits$}");
}
