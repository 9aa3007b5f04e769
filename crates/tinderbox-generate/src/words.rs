//! The words that rows are made of, each once; rows have their places.

use crate::model::Models;
use crate::warning::Warning;

/// Lists of words.
#[derive(Debug)]
pub(crate) struct Words {
    /// Names of recurring jobs, type by type.
    pub(crate) pipelines: Vec<String>,
    pub(crate) users: Vec<String>,
    pub(crate) versions: Vec<String>,
    pub(crate) operators: Vec<String>,
    /// What failures say, in their order, and then what warnings do.
    pub(crate) messages: Vec<String>,
    /// Of failures that have one.
    pub(crate) stack_traces: Vec<String>,
    /// For each failure the place of its stack trace.
    pub(crate) stack_trace_of: Vec<Option<i32>>,
}

impl Words {
    pub(crate) fn new(models: &Models) -> Self {
        let types = &models.job_types;
        let pipelines = types.iter().flat_map(|job_type| {
            (1..=job_type.pipelines).map(|number| format!("{}_{number:03}", job_type.name))
        });
        let operators = types.iter().flat_map(|job_type| &job_type.operators);
        let failures = &models.failures;
        let said = failures.iter().map(|failure| failure.message.clone());
        let warned = Warning::ALL.into_iter().map(|warning| warning.message().to_owned());
        let traces = failures.iter().filter_map(|failure| failure.stack_trace.clone());
        let stack_traces = distinct(traces);
        let trace_of = |trace: &Option<String>| trace.as_ref().map(|t| place(&stack_traces, t));
        Self {
            pipelines: pipelines.collect(),
            users: distinct(
                types.iter().flat_map(|t| t.users.iter().map(|(name, _)| name.clone())),
            ),
            versions: distinct(
                types.iter().flat_map(|t| t.spark_versions.iter().map(|(name, _)| name.clone())),
            ),
            operators: distinct(operators.map(|operator| operator.name.clone())),
            messages: said.chain(warned).collect(),
            stack_trace_of: failures.iter().map(|f| trace_of(&f.stack_trace)).collect(),
            stack_traces,
        }
    }

    pub(crate) fn user(&self, name: &str) -> i32 {
        place(&self.users, name)
    }

    pub(crate) fn version(&self, name: &str) -> i32 {
        place(&self.versions, name)
    }

    pub(crate) fn operator(&self, name: &str) -> i32 {
        place(&self.operators, name)
    }
}

fn distinct(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in words {
        if !found.contains(&word) {
            found.push(word);
        }
    }
    found
}

/// Every word that is asked for is in its list.
fn place(words: &[String], wanted: &str) -> i32 {
    let found = words.iter().position(|word| word == wanted);
    i32::try_from(found.unwrap_or(0)).unwrap_or(0)
}
