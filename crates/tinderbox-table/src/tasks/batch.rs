//! Tasks as Arrow batches and back.

use super::columns::{
    ERROR_MESSAGE, EXECUTOR_ID, FINISH_TIME, GETTING_RESULT_TIME, HOST, LAUNCH_TIME, LOCALITY,
    METRICS, Metric, PARTITION, SPECULATIVE, STAGE_ATTEMPT, STAGE_ID, STATUS, TASK_ATTEMPT,
    TASK_ID, TASK_INDEX,
};
use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow_schema::{ArrowError, SchemaRef};
use std::iter::repeat_n;
use std::sync::Arc;
use tinderbox_model::{
    AttemptNumber, ExecutorId, RunId, StageAttemptId, StageId, Task, TaskId, TaskMetrics,
    TaskStatus, TimestampMs,
};

/// Tasks of one attempt as a batch of the whole schema.
pub(super) fn encode(
    schema: &SchemaRef,
    run: &RunId,
    attempt: AttemptNumber,
    tasks: &[Task],
) -> Result<RecordBatch, ArrowError> {
    let number = |get: &dyn Fn(&Task) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(tasks.iter().map(get)))
    };
    let maybe = |get: &dyn Fn(&Task) -> Option<i64>| -> ArrayRef {
        Arc::new(tasks.iter().map(get).collect::<Int64Array>())
    };
    let text = |get: &dyn Fn(&Task) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(tasks.iter().map(get)))
    };
    let speculative: BooleanArray = tasks.iter().map(|t| Some(t.speculative)).collect();
    let errors: StringArray = tasks.iter().map(|t| t.error_message.as_deref()).collect();
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(repeat_n(run.as_str(), tasks.len()))),
        number(&|_| i64::from(attempt.0)),
        number(&|t| t.stage.stage.0),
        number(&|t| i64::from(t.stage.attempt)),
        number(&|t| t.id.0),
        number(&|t| t.index),
        number(&|t| t.attempt),
        number(&|t| t.partition),
        number(&|t| t.launch_time.0),
        maybe(&|t| t.finish_time.map(|time| time.0)),
        maybe(&|t| t.getting_result_time.map(|time| time.0)),
        text(&|t| t.executor.as_str()),
        text(&|t| &t.host),
        text(&|t| &t.locality),
        Arc::new(speculative),
        text(&|t| status_name(t.status)),
        Arc::new(errors),
    ];
    for metric in &METRICS {
        columns.push(maybe(&|t| t.metrics.as_ref().map(|m| signed((metric.get)(m)))));
    }
    RecordBatch::try_new(Arc::clone(schema), columns)
}

/// The tasks of a batch that has all columns of a task.
pub(super) fn decode(batch: &RecordBatch) -> Result<Vec<Task>, ArrowError> {
    let columns = Columns::of(batch)?;
    (0..batch.num_rows()).map(|row| columns.task(row)).collect()
}

/// The name of a status in the file: Spark's.
pub(super) fn status_name(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Running => "RUNNING",
        TaskStatus::GettingResult => "GET RESULT",
        TaskStatus::Success => "SUCCESS",
        TaskStatus::Failed => "FAILED",
        TaskStatus::Killed => "KILLED",
    }
}

/// A column of numbers by name.
pub(super) fn numbers<'a>(
    batch: &'a RecordBatch,
    name: &str,
) -> Result<&'a Int64Array, ArrowError> {
    column(batch, name)
}

/// A column of texts by name.
pub(super) fn texts<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a StringArray, ArrowError> {
    column(batch, name)
}

struct Columns<'a> {
    stage: &'a Int64Array,
    stage_attempt: &'a Int64Array,
    id: &'a Int64Array,
    index: &'a Int64Array,
    attempt: &'a Int64Array,
    partition: &'a Int64Array,
    launch: &'a Int64Array,
    finish: &'a Int64Array,
    getting_result: &'a Int64Array,
    executor: &'a StringArray,
    host: &'a StringArray,
    locality: &'a StringArray,
    speculative: &'a BooleanArray,
    status: &'a StringArray,
    error: &'a StringArray,
    metrics: Vec<(&'static Metric, &'a Int64Array)>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, ArrowError> {
        Ok(Self {
            stage: column(batch, STAGE_ID)?,
            stage_attempt: column(batch, STAGE_ATTEMPT)?,
            id: column(batch, TASK_ID)?,
            index: column(batch, TASK_INDEX)?,
            attempt: column(batch, TASK_ATTEMPT)?,
            partition: column(batch, PARTITION)?,
            launch: column(batch, LAUNCH_TIME)?,
            finish: column(batch, FINISH_TIME)?,
            getting_result: column(batch, GETTING_RESULT_TIME)?,
            executor: column(batch, EXECUTOR_ID)?,
            host: column(batch, HOST)?,
            locality: column(batch, LOCALITY)?,
            speculative: column(batch, SPECULATIVE)?,
            status: column(batch, STATUS)?,
            error: column(batch, ERROR_MESSAGE)?,
            metrics: METRICS
                .iter()
                .map(|metric| Ok((metric, column(batch, metric.name)?)))
                .collect::<Result<_, ArrowError>>()?,
        })
    }

    fn task(&self, row: usize) -> Result<Task, ArrowError> {
        let maybe = |column: &Int64Array| column.is_valid(row).then(|| column.value(row));
        let mut metrics = None;
        for (metric, column) in &self.metrics {
            if let Some(value) = maybe(column) {
                let metrics = metrics.get_or_insert_with(TaskMetrics::default);
                (metric.set)(metrics, u64::try_from(value).unwrap_or(0));
            }
        }
        Ok(Task {
            id: TaskId(self.id.value(row)),
            stage: StageAttemptId {
                stage: StageId(self.stage.value(row)),
                attempt: u32::try_from(self.stage_attempt.value(row)).unwrap_or(0),
            },
            index: self.index.value(row),
            attempt: self.attempt.value(row),
            partition: self.partition.value(row),
            launch_time: TimestampMs(self.launch.value(row)),
            finish_time: maybe(self.finish).map(TimestampMs),
            getting_result_time: maybe(self.getting_result).map(TimestampMs),
            executor: ExecutorId::new(self.executor.value(row)),
            host: self.host.value(row).into(),
            locality: self.locality.value(row).into(),
            speculative: self.speculative.value(row),
            status: parse_status(self.status.value(row))?,
            error_message: self.error.is_valid(row).then(|| self.error.value(row).to_owned()),
            metrics,
            accumulables: Vec::new(),
        })
    }
}

fn parse_status(name: &str) -> Result<TaskStatus, ArrowError> {
    const ALL: [TaskStatus; 5] = [
        TaskStatus::Running,
        TaskStatus::GettingResult,
        TaskStatus::Success,
        TaskStatus::Failed,
        TaskStatus::Killed,
    ];
    ALL.into_iter()
        .find(|status| status_name(*status) == name)
        .ok_or_else(|| ArrowError::ParseError(format!("unknown status {name:?}")))
}

fn column<'a, A: 'static>(batch: &'a RecordBatch, name: &str) -> Result<&'a A, ArrowError> {
    batch
        .column_by_name(name)
        .ok_or_else(|| ArrowError::SchemaError(format!("no column {name}")))?
        .as_any()
        .downcast_ref()
        .ok_or_else(|| ArrowError::SchemaError(format!("column {name} has another type")))
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
