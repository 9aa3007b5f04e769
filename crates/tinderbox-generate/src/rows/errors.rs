//! The table of errors: failures and warnings.

use super::code;
use super::ids::Ids;
use crate::job::Job;
use crate::plan::Plan;
use crate::warning::Warning;
use tinderbox_table::{DataSetRows, DataSetTable, TextColumn};

/// In the order of their codes.
const TYPES: [&str; 3] = ["JOB_FAILURE", "OPERATOR_FAILURE", "WARNING"];

#[derive(Default)]
pub(super) struct Errors {
    job: TextColumn,
    operator: TextColumn,
    error_type: Vec<i32>,
    message: Vec<i32>,
    time: Vec<i64>,
    stack_trace: Vec<Option<i32>>,
    retries: Vec<i64>,
    is_recoverable: Vec<bool>,
}

/// One row, but for its ids.
struct Row {
    error_type: i32,
    stage: Option<usize>,
    message: i32,
    time_ms: i64,
    stack_trace: Option<i32>,
    retries: i64,
    is_recoverable: bool,
}

impl Errors {
    /// Answers how many rows there were to say about the job.
    pub(super) fn add(&mut self, plan: &Plan, ids: &mut Ids, job: &Job) -> i64 {
        let mut count = 0;
        if let (Some(cause), Some(stage)) = (job.failure, job.failed_stage()) {
            let failure = &plan.models.failures[cause];
            let row = |error_type, stage, retries| Row {
                error_type,
                stage,
                message: code(cause),
                time_ms: job.start_ms + job.duration_ms,
                stack_trace: plan.words.stack_trace_of[cause],
                retries,
                is_recoverable: failure.is_recoverable,
            };
            self.push(ids, &row(0, None, i64::from(job.attempt) - 1));
            let tried = i64::from(failure.task_attempts.saturating_sub(1));
            self.push(ids, &row(1, Some(stage), tried));
            count += 2;
        }
        for (index, warning) in Warning::ALL.into_iter().enumerate() {
            let Some(place) = warning.stage_of(job) else { continue };
            let stage = &job.stages[place];
            self.push(
                ids,
                &Row {
                    error_type: 2,
                    stage: Some(place),
                    message: code(plan.models.failures.len() + index),
                    time_ms: job.start_ms + stage.start_ms + stage.duration_ms,
                    stack_trace: None,
                    retries: 0,
                    is_recoverable: true,
                },
            );
            count += 1;
        }
        count
    }

    fn push(&mut self, ids: &mut Ids, row: &Row) {
        self.job.push(ids.job());
        match row.stage {
            Some(stage) => self.operator.push(ids.operator(stage)),
            None => self.operator.push_missing(),
        }
        self.error_type.push(row.error_type);
        self.message.push(row.message);
        self.time.push(row.time_ms * 1000);
        self.stack_trace.push(row.stack_trace);
        self.retries.push(row.retries);
        self.is_recoverable.push(row.is_recoverable);
    }

    pub(super) fn finish(self, plan: &Plan) -> DataSetRows {
        let words = &plan.words;
        let mut rows = DataSetRows::new(DataSetTable::Errors);
        rows.text(self.job)
            .text(self.operator)
            .words(self.error_type, TYPES)
            .words(self.message, words.messages.iter().map(String::as_str))
            .times(self.time)
            .maybe_words(self.stack_trace, words.stack_traces.iter().map(String::as_str))
            .ints(self.retries)
            .flags(self.is_recoverable);
        rows
    }
}
